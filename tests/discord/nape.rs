//! The real program, run against the loopback.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::fake::{Fake, Inner, TOKEN};

/// So much is allowed that no test meets a limit by chance; and everything is logged that ever is.
const LIMITS: &str = "[limits]\nperson = 600\nchannel = 6000\n[log]\nlevel = \"trace\"\n";

/// A program that runs until it is stopped, killed or dropped; its folder stays for the next start. Dropping it fails the test if its log
/// says who did something, or what anybody typed.
pub struct Nape {
    folder: TempDir,
    /// Where it is, of whose people and secrets it must not speak.
    world: Arc<Inner>,
    child: Option<Child>,
}

/// A place at its terminal.
pub struct Seat {
    input: ChildStdin,
    shown: Option<BufReader<ChildStdout>>,
    logged: Option<BufReader<ChildStderr>>,
}

/// How long a test waits for a line.
const PATIENCE: Duration = Duration::from_secs(60);

impl Nape {
    /// Starts it with Discord alone, which is the fake, and waits until it listens and its commands are there.
    pub async fn start(fake: &Fake) -> Self {
        let nape = Self::begin(fake, "");
        nape.listens(fake).await;
        nape
    }

    /// Starts it without waiting. `more` are further lines for `[discord]`.
    pub fn begin(fake: &Fake, more: &str) -> Self {
        let mut nape = Self::configured(fake, false, more);
        nape.again();
        nape
    }

    /// Starts it with somebody at its terminal, beside Discord.
    pub fn with_a_terminal(fake: &Fake) -> (Self, Seat) {
        let mut nape = Self::configured(fake, true, "");
        let mut command = nape.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program is built with the tests");
        let pipe = "it was given a pipe";
        let (input, shown) = (child.stdin.take().expect(pipe), child.stdout.take().expect(pipe));
        let logged = child.stderr.take().expect(pipe);
        nape.child = Some(child);
        (nape, Seat { input, shown: Some(BufReader::new(shown)), logged: Some(BufReader::new(logged)) })
    }

    fn configured(fake: &Fake, terminal: bool, more: &str) -> Self {
        let api = fake.url();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let token = folder.path().join("token");
        fs::write(&token, TOKEN).expect("a file of ours");
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).expect("a file of ours");
        let data = folder.path().join("data");
        let config = format!(
            "[store]\npath = {data:?}\nroom = 1\n[terminal]\nenabled = {terminal}\n{LIMITS}[discord]\nenabled = true\ntoken_file = {token:?}\n\
             api_url = {api:?}\n{more}\n"
        );
        fs::write(folder.path().join("nape.toml"), config).expect("a file of ours");
        Self { folder, world: Arc::clone(&fake.inner), child: None }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nape"));
        command.args(["run", "--config"]).arg(self.folder.path().join("nape.toml"));
        command
    }

    /// Starts it again on what it left.
    pub fn again(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file()).expect("a file of ours");
        let child = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.child = Some(child.expect("the program is built with the tests"));
    }

    /// Waits until it listens and its commands are there.
    pub async fn listens(&self, fake: &Fake) {
        fake.until(|state| (!state.commands.is_empty()).then_some(())).await;
        fake.until(|state| state.gateway.connected().next().map(|_| ())).await;
        fake.ready().await;
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it runs");
            child.wait().expect("it was killed");
        }
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        let id = rustix::process::Pid::from_raw(self.id().cast_signed()).expect("no process has the number 0");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
        self.ended().await
    }

    /// Waits until it ends by itself. The loopback lives on this thread and goes on meanwhile.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        ended.expect("waiting does not panic").expect("it ends")
    }

    /// What its store holds, as `nape store export` tells.
    pub fn export(&self) -> String {
        let file = self.folder.path().join("export");
        let _ = fs::remove_file(&file);
        let mut command = Command::new(env!("CARGO_BIN_EXE_nape"));
        command.args(["store", "export"]).arg(&file).arg("--config").arg(self.folder.path().join("nape.toml"));
        let done = command.output().expect("the program is built with the tests");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        fs::read_to_string(file).expect("it was written")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Panics if its log says what it must not.
    fn assert_discreet(&self) {
        let log = self.log();
        let said: Vec<String> = self.world.look(|state| {
            let ids = state.users.keys().chain(state.guilds.keys()).chain(state.channels.keys());
            let ids = ids.chain(state.messages.keys()).chain(state.interactions.keys()).map(ToString::to_string);
            let tokens = state.interactions.values().map(|interaction| interaction.token.clone());
            let words = state.typed.iter().cloned().chain([TOKEN.to_owned()]);
            ids.chain(tokens).chain(words).filter(|said| log.contains(said)).collect()
        });
        assert!(said.is_empty(), "the log says {said:?}:\n{log}");
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Seat {
    /// Types a line.
    pub fn types(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("it listens");
    }

    /// Waits until the terminal shows this.
    pub async fn shows(&mut self, words: &'static str) {
        self.shown = Some(until(self.shown.take().expect("nobody else reads"), words).await);
    }

    /// Waits until this is logged.
    pub async fn logs(&mut self, words: &'static str) {
        self.logged = Some(until(self.logged.take().expect("nobody else reads"), words).await);
    }
}

/// Reads up to the line that says this. The loopback lives on this thread and goes on meanwhile.
async fn until<R: BufRead + Send + 'static>(mut from: R, words: &'static str) -> R {
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(from.read_line(&mut line).expect("it writes text"), 0, "it has ended without `{words}`");
        }
        from
    });
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.unwrap_or_else(|_| panic!("it does not say `{words}`")).expect("it says so")
}

impl Drop for Nape {
    fn drop(&mut self) {
        self.kill();
        if !std::thread::panicking() {
            self.assert_discreet();
        }
    }
}
