//! Puts words into the store that stand nowhere else, and looks for them in every file that the store makes and its name, in the log
//! at its most talkative, in what the program says, and in what a crash of it leaves: they are in none. The same search finds them in
//! an export, which is open.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};

#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "proof.rs"]
mod proof;
#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "sample.rs"]
mod sample;

use nape::adapter::{Failure, Incoming, Link, terminal};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::SystemClock;
use nape::app::runtime::{self, Until};
use nape::app::supervise::Adapter;
use nape::base::id::{EventId, ServerId};
use nape::port::action::{Change, Order};
use nape::port::event::{Event, FromPerson, Input, ReplyToken, Venues};
use nape::port::record::{Key, Person, Record, Server};
use nape::settings::value::{Value, Values};
use nape::store::sled::{SledStore, restore};
use nape::store::{Batch, Options, Store};
use tokio::sync::{oneshot, watch};

/// One for each kind of thing that must not be read.
const CANARIES: &[&str] = &[
    "kanari-person-1",
    "kanari-preference-2",
    "kanari-message-3",
    "kanari-token-4",
    "kanari-server-5",
    "kanari-event-6",
];

fn main() -> ExitCode {
    if proof::asked(1).is_none() {
        return ExitCode::SUCCESS;
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let sink = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Sink(sink.clone()))
        .try_init()
        .expect("no log has been started");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut failures = Vec::new();
    let mut looked = 0_u64;
    let look = |what: &str, failures: &mut Vec<String>| {
        let mut files = BTreeMap::new();
        gather(dir.path(), &mut files);
        for (name, bytes) in &files {
            let found = hits(&[name.as_bytes(), bytes].concat());
            failures.extend(found.into_iter().map(|canary| format!("{canary} lies open in {name}, {what}")));
        }
        files.len() as u64
    };

    let data = dir.path().join("data");
    {
        let store = SledStore::open(&data).expect("a new store");
        for _ in 0..200 {
            commit(&store, batch());
        }
        looked += look("while it is open", &mut failures);
        store.rotate().expect("it rotates");
        store.backup(&dir.path().join("backup"), None, sample::at(1)).expect("there is room");
        commit(&store, Batch { changes: vec![Change { key: person(), record: None }], ..Batch::default() });
        looked += look("after a rotation, a backup and a deletion", &mut failures);
        let open = tempfile::tempdir().expect("a temporary folder");
        let export = open.path().join("export");
        store.export(&export, sample::at(1)).expect("there is room");
        let found = hits(&fs::read(export).expect("it was written"));
        if found.len() < 3 {
            failures.push(format!("the search is blind: in an export it finds only {found:?}"));
        }
    }
    restore(&dir.path().join("backup"), None, &data, &Options::default(), sample::at(2)).expect("it restores");
    let store = SledStore::open(&data).expect("it opens");
    if store.load(&[person()]).expect("it reads").get(&person()).is_some() {
        failures.push("a deleted person came back with a backup".to_owned());
    }
    drop(store);
    looked += look("after a restore", &mut failures);
    in_the_runtime(&dir.path().join("runtime"));
    looked += look("after a talk in this process", &mut failures);
    looked += in_the_program(dir.path(), &mut failures);
    let log = log.lock().expect("nobody panicked").clone();
    failures.extend(hits(&log).into_iter().map(|canary| format!("{canary} stands in the log")));
    let counted = format!("{looked} files and {} bytes of log were searched for {} words", log.len(), CANARIES.len());
    proof::tell(&counted, if failures.is_empty() { looked } else { 0 }, &failures)
}

/// The same words said to the bot in this process, whose log is the talkative one.
fn in_the_runtime(data: &Path) {
    let store = Arc::new(SledStore::open(data).expect("a new store"));
    let bot = Arc::new(assembly::bot(&Knowledge::default()).unwrap_or_else(|exit| panic!("{:?}", exit.lines)));
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(|link| {
            Box::pin(async move { talk(link).await.map_err(|error| Failure::Passing(error.to_string())) })
        }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let (_tell, stop) = watch::channel(false);
    let ended = runtime.expect("threads").block_on(runtime::run(
        bot,
        store,
        Arc::new(SystemClock),
        vec![adapter],
        Until::Stopped,
        stop,
    ));
    ended.expect("the runtime ends well");
}

async fn talk(link: Link) -> Result<(), Box<dyn std::error::Error>> {
    let Link { events, mut deliveries, .. } = link;
    for text in said().lines() {
        let (handled, mut done) = oneshot::channel();
        let event = Event::Person(FromPerson {
            id: EventId::from_stored(format!("{} {text}", CANARIES[5])),
            who: terminal::user(CANARIES[0]),
            place: terminal::place(CANARIES[0]),
            may_configure: false,
            roles: Vec::new(),
            venues: Venues::default(),
            grounds: Vec::new(),
            reply: Some(ReplyToken(CANARIES[3].to_owned())),
            input: Input::Said { text: text.to_owned(), addressed: true },
        });
        events.send(Incoming { event, handled, settled: None }).await?;
        loop {
            tokio::select! {
                biased;
                Some(delivery) = deliveries.recv() => drop(delivery.done.send(Ok(()))),
                _ = &mut done => break,
            }
        }
    }
    Ok(())
}

/// What is said to the bot.
fn said() -> String {
    format!("my settings pressure 2\n{} why does it hurt\nmy data\nnape about\n", CANARIES[2])
}

/// The same words typed into the program, which is asked about its store and then crashes: it leaves no core file.
fn in_the_program(dir: &Path, failures: &mut Vec<String>) -> u64 {
    let (data, crashed) = (dir.join("talk"), dir.join("crashed"));
    fs::create_dir(&crashed).expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_nape"))
        .args(["chat", "--user", CANARIES[0], "--data"])
        .arg(&data)
        .current_dir(&crashed)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("it was given a pipe");
    let mut output = std::io::BufReader::new(child.stdout.take().expect("it was given a pipe"));
    input.write_all(said().as_bytes()).expect("it listens");
    let mut line = String::new();
    while std::io::BufRead::read_line(&mut output, &mut line).unwrap_or(0) > 0 && !line.contains("Apache License") {
        line.clear();
    }
    for ask in ["check", "stats"] {
        let asked = Command::new(env!("CARGO_BIN_EXE_nape")).args(["store", ask, "--data"]).arg(&data).output();
        let asked = asked.expect("the program starts");
        if !asked.status.success() {
            failures.push(format!("nape store {ask}: {}", String::from_utf8_lossy(&asked.stderr)));
        }
        let found = hits(&[asked.stdout, asked.stderr].concat());
        failures.extend(found.into_iter().map(|canary| format!("{canary} stands in the answer to nape store {ask}")));
    }
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("it runs");
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).expect("it runs");
    let ended = child.wait_with_output().expect("it was started");
    let left = fs::read_dir(&crashed).expect("the folder reads").count();
    if ended.status.signal() != Some(6) || ended.status.core_dumped() || left > 0 {
        failures.push(format!("a crash ended with {} and left {left} files", ended.status));
    }
    failures.extend(hits(&ended.stderr).into_iter().map(|canary| format!("{canary} stands on the error output")));
    let mut files = BTreeMap::new();
    gather(&data, &mut files);
    for (name, bytes) in &files {
        let found = hits(&[name.as_bytes(), bytes].concat());
        failures.extend(found.into_iter().map(|canary| format!("{canary} lies open in {name}, after a talk")));
    }
    files.len() as u64
}

fn person() -> Key {
    Key::Person(sample::user(CANARIES[0]))
}

fn batch() -> Batch {
    let mut settings = Values::default();
    settings.set("leave_out", Value::Words(vec![CANARIES[1].to_owned()]));
    let Order::Say(mut post) = sample::say(CANARIES[2]) else { unreachable!("it says something") };
    post.reply = Some(ReplyToken(CANARIES[3].to_owned()));
    post.person = sample::user(CANARIES[0]);
    let server = Key::Server(ServerId::from_stored(CANARIES[4]));
    let change = |key, record| Change { key, record: Some(record) };
    Batch {
        event: Some((EventId::from_stored(CANARIES[5]), sample::at(-100_000_000))),
        changes: vec![
            change(person(), Record::Person(Person { settings: settings.clone(), ..Person::default() })),
            change(Key::Session(sample::user(CANARIES[0])), sample::session(5, false)),
            change(Key::Lock(sample::user(CANARIES[0])), sample::lock(5)),
            change(server, Record::Server(Server { settings, removed: None, greeted: false })),
        ],
        orders: vec![Order::Say(post)],
        ..Batch::default()
    }
}

fn commit(store: &SledStore, batch: Batch) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
    runtime.block_on(store.commit(batch)).expect("there is room");
}

/// Every file below a folder.
fn gather(dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(dir).expect("the folder reads") {
        let path = entry.expect("the folder reads").path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.is_file() && !path.ends_with("ballast") {
            files.insert(path.display().to_string(), fs::read(&path).expect("it is ours"));
        }
    }
}

/// The canaries in these bytes, as text and as hexadecimal digits.
fn hits(bytes: &[u8]) -> Vec<&'static str> {
    let is_in = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let hex = |word: &str| word.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    CANARIES.iter().copied().filter(|word| is_in(word.as_bytes()) || is_in(hex(word).as_bytes())).collect()
}

/// Where the log goes.
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
