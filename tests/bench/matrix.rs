//! From a message to its answer on a homeserver of its own, beside a bare echo on the same library with a sync loop of its own:
//! the floor under every bot that is built on it. Both take turns, message by message, so that a busy machine is as busy for
//! both. What is asked for: p50 at most 1.10 times that of the echo, p99 at most 1.25 times, and memory at rest at most that of the echo,
//! the model's (`cargo bench --bench encoder` has it) and 30 MiB together.
//! By hand: `cargo bench --bench matrix`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use matrix_sdk::config::SyncSettings;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::ruma::events::room::message::RoomMessageEventContent;
use matrix_sdk::{Client, Error};
use serde_json::Value;

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../matrix/homeserver.rs"]
mod homeserver;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../matrix/nape.rs"]
mod nape;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../matrix/person.rs"]
mod person;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../matrix/tools.rs"]
mod tools;

use homeserver::{Account, Homeserver, Limits};
use nape::Nape;
use person::{Kind, Person};
use tools::{Program, folder};

/// Messages in a plain and in an encrypted room.
const PLAIN: usize = 200;
const ENCRYPTED: usize = 100;
/// What is asked. It is answered from the texts, like most questions.
const QUESTION: &str = "!nape what effleurage";
const MIB: f64 = 1024.0 * 1024.0;
/// With what the unit and the image start Nape; here the echo has it, too.
const ALLOCATOR: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

/// A bot, its process, and its room.
struct Side {
    name: &'static str,
    id: String,
    process: u32,
    room: String,
    took: Vec<Duration>,
    /// Seconds of processor time before the first message.
    spent: f64,
}

#[expect(clippy::print_stdout, reason = "a benchmark run by hand prints its figures")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["echo", url, user, password, folder] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let ended = runtime.expect("threads").block_on(echo(url, user, password, Path::new(folder)));
        panic!("the echo ended: {ended:?}");
    }
    if std::env::var_os(ALLOCATOR.0).is_none() {
        let program = std::env::current_exe().expect("a process knows its own program");
        let ended = Command::new(program).args(arguments).env(ALLOCATOR.0, ALLOCATOR.1).status();
        assert!(ended.expect("it can be started once more").success());
        return;
    }
    let homeserver = Homeserver::start(Limits::Lifted);
    let (nape, store) = (Nape::on(&homeserver), folder());
    let account = homeserver.register("echo");
    let echo = start_echo(&account, &homeserver.url(), store.path());
    let anna = Person::new(&homeserver, "anna");
    nape.logs("the device is signed by its account");
    let (bare, ours) = (resident(echo.0.id()), resident(nape.process()));
    println!("at rest: echo {bare:.1} MiB, nape {ours:.1} MiB, {:.1} MiB more", ours - bare);
    println!("load before: {}", load());
    println!(
        "{:<28} {:>4} {:>8} {:>8} {:>8} {:>14} {:>9}",
        "", "n", "p50 ms", "p90 ms", "p99 ms", "CPU s per 100", "RSS MiB"
    );
    for (kind, count) in [(Kind::Plain, PLAIN), (Kind::Encrypted, ENCRYPTED)] {
        let side = |name, id: &str, process| Side {
            name,
            id: id.to_owned(),
            process,
            room: anna.room(kind, &[id]),
            took: Vec::new(),
            spent: spent(process),
        };
        let mut sides = [side("echo", &account.id, echo.0.id()), side("nape", &nape.id, nape.process())];
        for number in 0..=count {
            for side in &mut sides {
                let took = ask(&anna, side);
                // The first one shares keys and fills caches.
                if number > 0 {
                    side.took.push(took);
                }
            }
        }
        for side in &mut sides {
            side.took.sort();
            let [p50, p90, p99] = [50, 90, 99].map(|share| side.at(share));
            let cpu = (spent(side.process) - side.spent) * 100.0 / count as f64;
            let what = format!("{}, {kind:?}", side.name);
            let memory = resident(side.process);
            println!("{what:<28} {count:>4} {p50:>8.1} {p90:>8.1} {p99:>8.1} {cpu:>14.2} {memory:>9.1}");
        }
        let [p50, p90, p99] = [50, 90, 99].map(|share| sides[1].at(share) / sides[0].at(share));
        println!("{:<28} {:>4} {p50:>8.2} {p90:>8.2} {p99:>8.2}", "ratio", "");
    }
    println!("load after: {}", load());
}

impl Side {
    /// How long so many of a hundred took at most, in ms.
    fn at(&self, share: usize) -> f64 {
        self.took[(self.took.len() * share / 100).min(self.took.len() - 1)].as_secs_f64() * 1e3
    }
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

/// From before a message is sent until its answer is there.
fn ask(anna: &Person, side: &Side) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let start = Instant::now();
    anna.say(&side.room, QUESTION);
    anna.expect(&side.room, "an answer", |event| event.sender == side.id && event.says("ffleurage"));
    start.elapsed()
}

fn start_echo(account: &Account, url: &str, store: &Path) -> Program {
    let program = std::env::current_exe().expect("a process knows its own program");
    let mut command = Command::new(program);
    command.args(["echo", url, &account.name, &account.password]).arg(store).stdin(Stdio::null());
    Program(command.spawn().expect("it can be started once more"))
}

/// Answers every text with itself, for as long as there is a homeserver.
async fn echo(url: &str, user: &str, password: &str, store: &Path) -> Result<(), Error> {
    let client = Client::builder().homeserver_url(url).sqlite_store(store, None);
    let client = client.cross_process_store_config(CrossProcessLockConfig::SingleProcess).build().await;
    let client = client.expect("a homeserver of ours");
    client.matrix_auth().login_username(user, password).await?;
    let mut settings = SyncSettings::new();
    loop {
        let response = client.sync_once(settings.clone()).await?;
        for room in client.invited_rooms() {
            room.join().await?;
        }
        for (id, update) in &response.rooms.joined {
            let Some(room) = client.get_room(id) else { continue };
            for event in &update.timeline.events {
                if let Some(text) = said_by_others(event.raw().json().get(), &client) {
                    room.send(RoomMessageEventContent::notice_plain(text)).await?;
                }
            }
        }
        settings = settings.token(response.next_batch);
    }
}

/// What somebody else has said.
fn said_by_others(json: &str, client: &Client) -> Option<String> {
    let event: Value = serde_json::from_str(json).ok()?;
    let is_text =
        event["content"]["msgtype"] == "m.text" && event["sender"].as_str() != client.user_id().map(|id| id.as_str());
    is_text.then(|| event["content"]["body"].as_str().map(str::to_owned)).flatten()
}

/// Processor time of a process so far, in seconds.
fn spent(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux, and it runs");
    // The name in brackets may hold spaces. Fields 14 and 15 are user and system time, in hundredths.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}

/// Memory that a process holds, in MiB.
fn resident(process: u32) -> f64 {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).expect("Linux, and it runs");
    let pages: f64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096.0 / MIB
}
