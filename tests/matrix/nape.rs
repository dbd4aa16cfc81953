//! The real program, run against a homeserver of the test's.

use std::borrow::Borrow;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use rustix::process::{Pid, Signal, kill_process};

use crate::homeserver::{Account, Homeserver};
use crate::tools::{LONG, Program, folder, here, python};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nape");
/// How often `nape health` is asked before it is given up: some minutes of it.
const TRIES: usize = 5_000;
/// So much is allowed that no test meets a limit by chance.
const LIMITS: &str = "[limits]\nperson = 600\nchannel = 6000\n";

/// A program that runs until it is killed or dropped; its folder stays for the next start.
pub struct Nape {
    /// The account it speaks by.
    pub id: String,
    folder: tempfile::TempDir,
    tied: bool,
    running: Option<Running>,
}

/// The one that all tests share: for those that neither end it nor look at what it logs. It ends with the test program, however that ends.
pub struct Shared(&'static Nape);

/// What its configuration says beside what is always there.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Those who may verify it.
    pub admins: Vec<String>,
    /// Who may invite it; nobody named is everybody on its homeserver.
    pub invite_from: Vec<String>,
    /// Whether somebody sits at its terminal too.
    pub terminal: bool,
    /// Whether it ends when the test program does. What is not shared is dropped before.
    pub tied: bool,
}

struct Running {
    program: Program,
    input: ChildStdin,
    shown: Arc<Lines>,
    logged: Arc<Lines>,
}

/// What a program writes, line by line.
#[derive(Default)]
struct Lines {
    all: Mutex<Vec<String>>,
    changed: Condvar,
}

impl Nape {
    /// Starts one with an account of its own, on a good network.
    pub fn on(homeserver: &Homeserver) -> Self {
        Self::start(&homeserver.register("nape"), &homeserver.url(), &Setup::default())
    }

    /// The one on the shared homeserver that all share.
    pub fn shared() -> Shared {
        static SHARED: OnceLock<Nape> = OnceLock::new();
        Shared(SHARED.get_or_init(|| {
            let homeserver = Homeserver::shared();
            let setup = Setup { tied: true, ..Setup::default() };
            Self::start(&homeserver.register("nape"), &homeserver.url(), &setup)
        }))
    }

    /// Starts one that reaches its homeserver at this address.
    pub fn start(account: &Account, url: &str, setup: &Setup) -> Self {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("password"), &account.password).expect("a folder of ours");
        fs::set_permissions(path("password"), fs::Permissions::from_mode(0o600)).expect("a file of ours");
        let Setup { admins, invite_from, terminal, tied } = setup;
        let config = format!(
            "[store]\npath = {:?}\nroom = 1\n{LIMITS}[terminal]\nenabled = {terminal}\n[matrix]\nenabled = true\nhomeserver = {url:?}\n\
             user = {:?}\npassword_file = {:?}\nstore = {:?}\nrecovery_key_file = {:?}\nadmins = {admins:?}\n\
             invite_from = {invite_from:?}\n[health]\nlisten = \"{}\"\n",
            path("data"),
            account.id,
            path("password"),
            path("matrix"),
            path("recovery-key"),
            free(),
        );
        fs::write(path("nape.toml"), config).expect("a folder of ours");
        let mut nape = Self { id: account.id.clone(), folder, tied: *tied, running: None };
        nape.again();
        nape
    }

    /// Starts it again on what it left.
    pub fn again(&mut self) {
        let mut program = Command::new(PROGRAM);
        if self.tied {
            program = python();
            program.arg(here().join("tied.py")).arg(PROGRAM);
        }
        let mut child = self
            .given(program, &["run"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is built with the tests");
        let input = child.stdin.take().expect("it was given a pipe");
        let shown = Lines::of(child.stdout.take().expect("it was given a pipe"));
        let logged = Lines::of(child.stderr.take().expect("it was given a pipe"));
        self.running = Some(Running { program: Program(child), input, shown, logged });
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.running.as_ref().expect("it runs").program.0.id()
    }

    /// Tells it to end, as whatever runs it does, and waits until it has.
    pub fn end(&mut self) -> ExitStatus {
        let id = i32::try_from(self.process()).ok().and_then(Pid::from_raw).expect("a process that runs");
        kill_process(id, Signal::TERM).expect("it is ours");
        let Running { mut program, .. } = self.running.take().expect("it runs");
        let (tell, told) = channel();
        std::thread::spawn(move || tell.send(program.0.wait()));
        let Ok(ended) = told.recv_timeout(LONG) else {
            kill_process(id, Signal::KILL).expect("it is ours");
            panic!("it doesn't end when it is told to");
        };
        ended.expect("it was waited for")
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// A path in its folder: `data`, `matrix`, `recovery-key`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Types a line at its terminal.
    pub fn type_in(&mut self, line: &str) {
        writeln!(self.running.as_mut().expect("it runs").input, "{line}").expect("it listens");
    }

    /// Waits until its terminal shows this.
    pub fn shows(&self, words: &str) {
        self.running.as_ref().expect("it runs").shown.wait_for(words);
    }

    /// Waits until it has logged this since it was started.
    pub fn logs(&self, words: &str) {
        self.running.as_ref().expect("it runs").logged.wait_for(words);
    }

    /// What it has logged since it was started.
    pub fn log(&self) -> String {
        self.running.as_ref().map_or(String::new(), |running| running.logged.text())
    }

    /// `nape matrix doctor` with its configuration, to its end.
    pub fn doctor(&self) -> Output {
        let mut command = self.command(&["matrix", "doctor"]);
        command.stdin(Stdio::null()).output().expect("the program is built with the tests")
    }

    /// Waits until `nape health` says this.
    pub fn health_says(&self, words: &str) {
        let mut last = String::new();
        let says = (0..TRIES).any(|_| {
            let said =
                self.command(&["health"]).stdin(Stdio::null()).output().expect("the program is built with the tests");
            last = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
            last.contains(words)
        });
        assert!(says, "nape health doesn't say {words}, but {last}");
    }

    fn command(&self, words: &[&str]) -> Command {
        self.given(Command::new(PROGRAM), words)
    }

    fn given(&self, mut command: Command, words: &[&str]) -> Command {
        command.args(words).arg("--config").arg(self.path("nape.toml")).current_dir(self.folder.path());
        // Meant for these tests; the program would take it for a key.
        command.env_remove("NAPE_MATRIX_WHOLE");
        command
    }
}

/// An address that nobody listens on.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

impl Drop for Nape {
    fn drop(&mut self) {
        explain(self);
    }
}

impl Borrow<Nape> for Shared {
    fn borrow(&self) -> &Nape {
        self.0
    }
}

impl Deref for Shared {
    type Target = Nape;

    fn deref(&self) -> &Nape {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        explain(self.0);
    }
}

/// Who reads that a test failed wants to know what the program thought.
#[expect(clippy::print_stderr, reason = "only a failed test shows it")]
fn explain(nape: &Nape) {
    if std::thread::panicking() {
        eprintln!("{} logged:\n{}", nape.id, nape.log());
    }
}

impl Lines {
    fn of(output: impl std::io::Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let heard = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                heard.all.lock().expect("nobody panicked").push(line);
                heard.changed.notify_all();
            }
        });
        lines
    }

    fn wait_for(&self, words: &str) {
        let lines = self.all.lock().expect("nobody panicked");
        let is_missing = |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(words));
        let (lines, late) = self.changed.wait_timeout_while(lines, LONG, is_missing).expect("nobody panicked");
        if late.timed_out() {
            let all = lines.join("\n");
            drop(lines);
            panic!("`{words}` is not among what it wrote:\n{all}");
        }
    }

    fn text(&self) -> String {
        self.all.lock().expect("nobody panicked").join("\n")
    }
}
