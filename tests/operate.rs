//! What an operator lives by: the program under a service manager, its health and metrics, its log; and that what lies in
//! `deploy/` speaks of metrics and keys that are there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nape::adapter::Call;
use nape::app::metrics::{Commit, Metrics, StoreLook};
use nape::base::id::{Platform, UserId};
use nape::base::time::Timestamp;
use nape::port::action::Mark;
use nape::port::event::Event;
use nape::port::record::Key;

/// How long something may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_service_manager_hears_that_it_is_up_that_it_lives_and_that_it_ends() {
    let folder = folder();
    let told = UnixDatagram::bind(folder.path().join("told")).expect("a socket of ours");
    told.set_read_timeout(Some(PATIENCE)).expect("a socket of ours");
    let mut nape = Nape::start(folder.path(), "", &[("NOTIFY_SOCKET", "told"), ("WATCHDOG_USEC", "60000000")]);
    let hear = |word: &str| {
        let mut bytes = [0; 256];
        loop {
            let length = told.recv(&mut bytes).unwrap_or_else(|error| panic!("{word} was not said: {error}"));
            if String::from_utf8_lossy(&bytes[..length]).lines().any(|line| line == word) {
                return;
            }
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    nape.signal(rustix::process::Signal::TERM);
    hear("STOPPING=1");
    assert!(nape.wait().success(), "{}", nape.log());
}

#[test]
fn it_is_ready_when_it_can_serve_and_counts_what_it_does_without_a_name() {
    let folder = folder();
    let mut nape = Nape::start(folder.path(), "", &[]);
    nape.say("what is effleurage\nmy settings pressure 99\nsudden worst headache of my life, came on in seconds\n");
    let mut line = String::new();
    while !line.contains("emergency number") {
        line.clear();
        assert!(nape.output.read_line(&mut line).expect("it speaks") > 0, "{}", nape.log());
    }
    assert_eq!(nape.get("/livez"), (200, "alive\n".to_owned()));
    assert_eq!(nape.get("/readyz"), (200, "ready\n".to_owned()));
    let (status, text) = nape.get("/metrics");
    assert_eq!(status, 200);
    for counted in [
        "nape_events_total{platform=\"terminal\",kind=\"said\"} 3",
        "nape_answers_total{platform=\"terminal\",kind=\"answer\"} 1",
        "nape_refusals_total{platform=\"terminal\",kind=\"bad-value\"} 1",
        "nape_red_flags_total{platform=\"terminal\"} 1",
        "nape_ready 1",
        "nape_store_writable 1",
        "nape_panics_total 0",
    ] {
        assert!(text.lines().any(|line| line == counted), "{counted} is not in\n{text}");
    }
    assert!(!["effleurage", "headache", ":me"].iter().any(|word| text.contains(word)), "{text}");
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    let asked = program(&["health", "--config"]).arg(folder.path().join("nape.toml")).output().expect("it starts");
    assert_eq!((asked.status.code(), String::from_utf8_lossy(&asked.stdout).as_ref()), (Some(0), "ready\n"));
    nape.signal(rustix::process::Signal::TERM);
    assert!(nape.wait().success());
    let asked = program(&["health", "--config"]).arg(folder.path().join("nape.toml")).output().expect("it starts");
    assert_eq!(asked.status.code(), Some(69), "nobody is there");
}

#[test]
fn a_platform_that_can_not_be_reached_holds_up_nothing_and_is_said() {
    let folder = folder();
    let token = folder.path().join("token");
    fs::write(&token, "no.real.token").expect("a file of ours");
    fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of ours");
    let nobody = free();
    let more = format!("[discord]\nenabled = true\ntoken_file = {token:?}\napi_url = \"http://{nobody}\"\n");
    let mut nape = Nape::start(folder.path(), &more, &[]);
    nape.say("what is effleurage\n");
    let mut line = String::new();
    while !line.contains("Source: ") {
        line.clear();
        assert!(nape.output.read_line(&mut line).expect("it speaks") > 0, "{}", nape.log());
    }
    assert_eq!(nape.get("/readyz"), (503, "discord is not connected\n".to_owned()));
    assert_eq!(nape.get("/livez").0, 200, "a new start would mend nothing");
    assert!(nape.get("/metrics").1.contains("nape_platform_up{platform=\"discord\"} 0"));
    nape.signal(rustix::process::Signal::TERM);
    assert!(nape.wait().success());
}

#[test]
fn commands_that_speak_to_no_platform_need_no_secret_of_theirs() {
    let folder = folder();
    let file = folder.path().join("nape.toml");
    fs::write(&file, config(folder.path(), free(), "[discord]\nenabled = true\n")).expect("a file of ours");
    let code = |arguments: &[&str]| {
        let said = program(arguments).arg("--config").arg(&file).output().expect("it starts");
        (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
    };
    assert_eq!(code(&["check"]).0, Some(78), "the token is missing");
    let (health, store) = (code(&["health"]), code(&["store", "stats"]));
    assert!(health.0 == Some(69) && health.1.contains("does nape run"), "{health:?}");
    assert!(store.0 == Some(66) && store.1.contains("no such folder"), "{store:?}");
}

#[test]
fn what_can_change_is_taken_over_and_what_needs_a_new_start_is_said() {
    let folder = folder();
    let mut nape = Nape::start(folder.path(), "[log]\nlevel = \"info\"\nformat = \"json\"\n", &[]);
    nape.logs("\"message\":\"up; ", 1);
    let file = folder.path().join("nape.toml");
    let text = fs::read_to_string(&file).expect("a file of ours");
    fs::write(&file, text.replace("level = \"info\"", "level = \"debug\"")).expect("a file of ours");
    nape.signal(rustix::process::Signal::HUP);
    nape.logs("the configuration was read again\"", 1);
    fs::write(&file, format!("{text}[limits]\nperson = 6\n")).expect("a file of ours");
    nape.signal(rustix::process::Signal::HUP);
    nape.logs("the configuration was read again\"", 2);
    nape.say(&"nape about\n".repeat(3));
    let mut line = String::new();
    while !line.contains("That is a lot at once") {
        line.clear();
        assert!(nape.output.read_line(&mut line).expect("it speaks") > 0, "{}", nape.log());
    }
    fs::write(&file, text.replace("room = 1", "room = 2")).expect("a file of ours");
    nape.signal(rustix::process::Signal::HUP);
    nape.logs("needs a new start", 1);
    fs::write(&file, "[store]\npth = 1\n").expect("a file of ours");
    nape.signal(rustix::process::Signal::HUP);
    nape.logs("nape.toml:2: ", 1);
    for line in nape.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
}

#[test]
fn an_address_that_is_taken_is_said_with_its_key() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound");
    fs::write(folder.path().join("nape.toml"), config(folder.path(), address, "")).expect("a file of ours");
    let said = program(&["run", "--config"]).arg(folder.path().join("nape.toml")).output().expect("it starts");
    let errors = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.code() == Some(78) && errors.contains("health.listen"), "{errors}");
}

#[test]
fn the_version_says_commit_and_date() {
    let said = program(&["--version"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&said.stdout).trim_end().to_owned();
    let start = format!("nape {} (commit ", env!("CARGO_PKG_VERSION"));
    assert!(said.starts_with(&start) && said.ends_with(')') && said.contains(", "), "{said}");
}

#[test]
fn rules_dashboard_and_list_speak_of_metrics_that_are_there() {
    let there = everything_counted();
    let read = |file: &str| fs::read_to_string(root().join("deploy/monitoring").join(file)).expect("it is there");
    for file in ["nape.rules.yaml", "nape.rules.test.yaml", "dashboard.json"] {
        let named = names(&read(file));
        assert!(!named.is_empty(), "{file} names none");
        let unknown: Vec<&String> = named.difference(&there).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}, which nobody counts");
    }
    let listed: BTreeSet<String> = read("README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `nape_")?.split('`').next())
        .map(|name| format!("nape_{name}"))
        .collect();
    let bases: BTreeSet<String> = there.iter().map(|name| base(name)).collect();
    let listed: BTreeSet<String> = listed.iter().map(|name| base(name)).collect();
    assert_eq!(listed, bases, "deploy/monitoring/README.md lists other metrics than there are");
    serde_json::from_str::<serde_json::Value>(&read("dashboard.json")).expect("it is JSON");
}

#[test]
fn the_configurations_in_deploy_are_read() {
    let yaml = fs::read_to_string(root().join("deploy/kubernetes/nape.yaml")).expect("it is there");
    let inside = yaml.split("nape.toml: |\n").nth(1).and_then(|rest| rest.split("---").next()).expect("a ConfigMap");
    let folder = folder();
    let kubernetes = folder.path().join("kubernetes.toml");
    fs::write(&kubernetes, inside).expect("a file of ours");
    let files = ["systemd/nape.toml", "container/nape.toml"].map(|file| root().join("deploy").join(file));
    for file in files.iter().chain([&kubernetes]) {
        // Without a credential the unit's has no token: everything else in it has to be right.
        match nape::app::config::read(file, &[]) {
            Ok(config) => assert!(config.health.is_some() && !config.terminal, "{}", file.display()),
            Err(problems) => {
                let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
                assert!(said.len() == 1 && said[0].contains("discord.token_file is missing"), "{said:?}");
            }
        }
    }
}

#[test]
fn every_exception_of_the_supply_chain_has_its_reason_and_its_end() {
    let text = fs::read_to_string(root().join("deploy/deny.toml")).expect("it is there");
    let table: toml::Table = text.parse().expect("it is TOML");
    let ignored = table["advisories"]["ignore"].as_array().expect("a list");
    assert!(!ignored.is_empty());
    for exception in ignored {
        let reason = exception["reason"].as_str().unwrap_or_default();
        let (end, why) = reason.strip_prefix("until ").and_then(|rest| rest.split_once(": ")).unwrap_or_default();
        let is_day = end.len() == 10 && end.chars().all(|c| c.is_ascii_digit() || c == '-');
        assert!(is_day && why.len() > 20, "{exception}: write `until YYYY-MM-DD: why it does no harm`");
    }
}

/// Every name that the program gives out, each counted once.
fn everything_counted() -> BTreeSet<String> {
    let metrics = Metrics::default();
    let there = Platform::new("there");
    let key = Key::Session(UserId::new(&there, "1"));
    let event = Event::Due { key: key.clone(), at: Timestamp::from_millis(0) };
    metrics.event(&event);
    metrics.marks(&event, &[Mark::Met("answer"), Mark::Refused("stale"), Mark::Raised]);
    metrics.session_began(&key);
    metrics.late(&key, Duration::from_secs(1));
    [Call::Sent, Call::Edited, Call::Throttled].into_iter().for_each(|call| metrics.called(&there, call));
    metrics.delivered(&there, "done");
    metrics.committed(Commit::Stored);
    metrics.in_outbox(&there, 1);
    metrics.is_up(&there, true);
    metrics.store(StoreLook::default());
    let text = metrics.text();
    text.lines().filter(|line| !line.starts_with('#')).flat_map(names).collect()
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("nape_")).map(str::to_owned).collect()
}

/// A histogram has three names.
fn base(name: &str) -> String {
    let cut = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
    cut.unwrap_or(name).to_owned()
}

/// A running program that talks to a pipe.
struct Nape {
    address: SocketAddr,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    log: Arc<Log>,
}

/// What a program logs, as it comes.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    more: Condvar,
}

impl Log {
    fn of(errors: ChildStderr) -> Arc<Self> {
        let log = Arc::<Self>::default();
        let into = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                into.text.lock().expect("nobody panicked").push_str(&format!("{line}\n"));
                into.more.notify_all();
            }
        });
        log
    }
}

impl Nape {
    /// Starts it. Paths in its environment are seen from the folder.
    fn start(folder: &Path, more: &str, environment: &[(&str, &str)]) -> Self {
        let address = free();
        fs::write(folder.join("nape.toml"), config(folder, address, more)).expect("a file of ours");
        let mut command = program(&["run", "--config", "nape.toml"]);
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(environment.iter().map(|(name, value)| match *name {
            "NOTIFY_SOCKET" => (*name, folder.join(value).into_os_string()),
            _ => (*name, (*value).into()),
        }));
        let mut child = command.spawn().expect("it starts");
        let input = child.stdin.take().expect("it was given a pipe");
        let output = BufReader::new(child.stdout.take().expect("it was given a pipe"));
        let log = Log::of(child.stderr.take().expect("it was given a pipe"));
        Self { address, child, input, output, log }
    }

    fn say(&mut self, lines: &str) {
        self.input.write_all(lines.as_bytes()).expect("it listens");
    }

    /// Status and page.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("it serves health");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket of ours");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: nape\r\nConnection: close\r\n\r\n").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("it speaks HTTP");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it speaks HTTP");
        (status, body.to_owned())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).expect("it runs");
    }

    fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().expect("it ends")
    }

    fn log(&self) -> String {
        self.log.text.lock().expect("nobody panicked").clone()
    }

    /// Waits until it has logged this so many times.
    fn logs(&self, words: &str, times: usize) {
        let text = self.log.text.lock().expect("nobody panicked");
        let is_missing = |text: &mut String| text.matches(words).count() < times;
        let waited = self.log.more.wait_timeout_while(text, PATIENCE, is_missing).expect("nobody panicked");
        assert!(!waited.1.timed_out(), "{words} is not in the log {times} times:\n{}", *waited.0);
    }
}

impl Drop for Nape {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(folder: &Path, address: SocketAddr, more: &str) -> String {
    let data = folder.join("data");
    format!("[store]\npath = {data:?}\nroom = 1\n[health]\nlisten = \"{address}\"\n{more}")
}

/// An address that nobody listens on.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nape"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let mine = fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(mine).tempdir().expect("a folder for the test")
}
