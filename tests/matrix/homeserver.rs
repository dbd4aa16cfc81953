//! A Synapse of the test's own, on loopback. It ends with its owner, and with the test program, however that ends.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};

use hmac::{Hmac, Mac};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::tools::{LONG, Program, folder, here, python};

/// What a homeserver holds people back by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// What Synapse has when nobody changes it.
    Stock,
    /// None.
    Lifted,
}

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct Account {
    /// `@name:localhost`.
    pub id: String,
    pub name: String,
    pub password: String,
}

/// A running homeserver, or one that was stopped.
pub struct Homeserver {
    folder: tempfile::TempDir,
    port: u16,
    limits: Limits,
    process: Mutex<Option<Program>>,
}

impl Homeserver {
    /// Starts one, with nobody on it.
    pub fn start(limits: Limits) -> Self {
        let folder = folder();
        let mut said = String::new();
        // Another process may take the port before Synapse does.
        for _ in 0..5 {
            let port = free_port();
            match run(&folder, port, limits) {
                Ok(process) => return Self { folder, port, limits, process: Mutex::new(Some(process)) },
                Err(last) => said = last,
            }
        }
        panic!("Synapse did not start five times; at last it said:\n{said}");
    }

    /// One without limits that all tests share: for those that neither stop it nor count on being alone.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Homeserver> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Limits::Lifted))
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it at once.
    pub fn stop(&self) {
        self.process.lock().expect("nobody panicked").take();
    }

    /// Starts it again, with all that it knew.
    pub fn start_again(&self) {
        let process = run(&self.folder, self.port, self.limits).unwrap_or_else(|said| panic!("Synapse ended:\n{said}"));
        *self.process.lock().expect("nobody panicked") = Some(process);
    }

    /// Holds it still: connections are taken, and nothing is answered.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Somebody new, with a name that nobody else has.
    pub fn register(&self, name: &str) -> Account {
        static NUMBER: Mutex<u32> = Mutex::new(0);
        let number = {
            let mut number = NUMBER.lock().expect("nobody panicked");
            *number += 1;
            *number
        };
        let name = format!("{name}{number}");
        let password = format!("password of {name}");
        let nonce = self.call("GET", "/_synapse/admin/v1/register", &json!(null))["nonce"].clone();
        let nonce = nonce.as_str().expect("a homeserver that lets people register");
        let mut mac = Hmac::<Sha1>::new_from_slice(b"only-on-loopback").expect("keys may be of any length");
        mac.update(format!("{nonce}\0{name}\0{password}\0notadmin").as_bytes());
        let mac = mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let body = json!({ "nonce": nonce, "username": name, "password": password, "admin": false, "mac": mac });
        let made = self.call("POST", "/_synapse/admin/v1/register", &body);
        let id = made["user_id"].as_str().unwrap_or_else(|| panic!("{name} was refused: {made}")).to_owned();
        Account { id, name, password }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it runs");
        stream.set_read_timeout(Some(LONG)).expect("a limit above zero");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
            .expect("it listens");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it answers");
        let said = said.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(said).unwrap_or_else(|_| panic!("{path} answered {said}"))
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.lock().expect("nobody panicked");
        let process = process.as_ref().expect("it runs");
        kill_process(Pid::from_child(&process.0), signal).expect("it is ours");
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

/// Runs Synapse and waits until it listens; what it said if it ended before.
fn run(folder: &tempfile::TempDir, port: u16, limits: Limits) -> Result<Program, String> {
    let mut command = python();
    command.arg(here().join("homeserver.py")).arg(folder.path()).arg(port.to_string());
    if limits == Limits::Stock {
        command.arg("limits");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
    let log = listen(BufReader::new(child.stdout.take().expect("it was given a pipe")));
    let process = Program(child);
    let mut said = Vec::new();
    while let Ok(line) = log.recv_timeout(LONG) {
        if line.contains("now listening") {
            return Ok(process);
        }
        said.push(line);
    }
    Err(said.join("\n"))
}

/// The lines of its log, until nobody wants them; read to their end all the same, since it waits for that.
fn listen(output: impl BufRead + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    told
}
