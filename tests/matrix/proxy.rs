//! A bad network between somebody and a homeserver: requests come late, are cut, are answered with errors, or vanish.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::tools::LONG;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is passed on after this time.
    Delay(Duration),
    /// Its connection is cut, before the homeserver hears of it.
    Reset,
    /// The homeserver does what is asked, and the connection is cut before it can say so.
    ResetAfter,
    /// It is answered with this status.
    Status(u16),
    /// It is answered with 429: come again after so many milliseconds.
    TooMany(u64),
    /// Nothing is answered until the network is well again; then it is cut.
    BlackHole,
    /// It is answered with success at once, and passed on only when it is released.
    HoldBack,
}

/// A proxy on a port of its own. Ends with its owner.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

/// A request that went through, and what it was answered.
#[derive(Clone, Debug)]
pub struct Passed {
    pub method: String,
    pub path: String,
    pub status: u16,
}

struct Shared {
    upstream: u16,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Requests that fault: a part of the path, and what happens to them.
    faults: Vec<(String, Fault)>,
    /// How often something was at fault.
    hits: usize,
    held: Vec<Vec<u8>>,
    passed: Vec<Passed>,
    /// What is open, to be cut.
    open: Vec<TcpStream>,
    ended: bool,
}

/// A request or an answer: its head and body as they came, but for their transfer.
struct Exchange {
    first: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Proxy {
    /// A good network before the homeserver on this port.
    pub fn before(upstream: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), changed: Condvar::new() });
        let all = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if all.state.lock().expect("nobody panicked").ended {
                    break;
                }
                let one = all.clone();
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let Ok(end) = stream.try_clone() else { return };
                    if let Ok(open) = stream.try_clone() {
                        one.state.lock().expect("nobody panicked").open.push(open);
                    }
                    // Whatever went wrong, the other side hears it as the end.
                    let _ = one.serve(stream);
                    let _ = end.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, shared }
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on, what has this in its path is at fault; what is open is cut, so that nothing slips through.
    pub fn fault(&self, path: &str, fault: Fault) {
        self.change(|state| {
            state.faults.push((path.to_owned(), fault));
            cut(state);
        });
    }

    /// The network is well again; what was held back goes on being so.
    pub fn heal(&self) {
        self.change(|state| state.faults.clear());
    }

    /// Passes on what was held back, in order; from now on nothing is held back. Gives how many they were.
    pub fn release(&self) -> usize {
        let held = self.change(|state| {
            state.faults.retain(|(_, fault)| *fault != Fault::HoldBack);
            std::mem::take(&mut state.held)
        });
        for request in &held {
            let mut upstream = BufReader::new(self.shared.connect().expect("the homeserver runs"));
            upstream.get_mut().write_all(request).expect("it listens");
            Exchange::read(&mut upstream).expect("it answers");
        }
        held.len()
    }

    /// Waits until something was at fault so often.
    pub fn wait_for_hits(&self, hits: usize) {
        let state = self.shared.state.lock().expect("nobody panicked");
        let (state, late) =
            self.shared.changed.wait_timeout_while(state, LONG, |state| state.hits < hits).expect("nobody panicked");
        assert!(!late.timed_out(), "only {} of {hits} requests were at fault", state.hits);
    }

    /// Waits until a request has gone through and succeeded.
    pub fn wait_for_pass(&self, method: &str, path: &str) {
        let waits = |state: &mut State| {
            let mut passed = state.passed.iter();
            !passed.any(|passed| passed.method == method && passed.path.contains(path) && passed.status == 200)
        };
        let state = self.shared.state.lock().expect("nobody panicked");
        let (state, late) = self.shared.changed.wait_timeout_while(state, LONG, waits).expect("nobody panicked");
        drop(state);
        assert!(!late.timed_out(), "no {method} {path} went through");
    }

    /// Forgets what went through so far.
    pub fn forget(&self) {
        self.change(|state| state.passed.clear());
    }

    /// What went through so far.
    pub fn passed(&self) -> Vec<Passed> {
        self.shared.state.lock().expect("nobody panicked").passed.clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.shared.state.lock().expect("nobody panicked"));
        self.shared.changed.notify_all();
        done
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(|state| {
            state.ended = true;
            cut(state);
        });
        // Wakes the one that listens, so that it ends too.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.upstream))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// A connection: requests one after the other, each to its own on the other side.
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut client = BufReader::new(stream);
        let mut upstream: Option<BufReader<TcpStream>> = None;
        while let Ok(request) = Exchange::read(&mut client) {
            let mut words = request.first.split(' ').map(str::to_owned);
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let fault = self.fault_of(&path);
            if let Some(answer) = self.suffer(fault.as_ref(), &request)? {
                client.get_mut().write_all(&answer.written())?;
                continue;
            }
            if upstream.is_none() {
                upstream = Some(BufReader::new(self.connect()?));
            }
            let there = upstream.as_mut().expect("it was just made");
            there.get_mut().write_all(&request.written())?;
            let answer = Exchange::read(there)?;
            if fault == Some(Fault::ResetAfter) {
                return Ok(());
            }
            let status = answer.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            self.state.lock().expect("nobody panicked").passed.push(Passed { method, path, status });
            self.changed.notify_all();
            client.get_mut().write_all(&answer.written())?;
            if answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                upstream = None;
            }
        }
        Ok(())
    }

    fn fault_of(&self, path: &str) -> Option<Fault> {
        let mut state = self.state.lock().expect("nobody panicked");
        let fault = state.faults.iter().find(|(part, _)| path.contains(part.as_str())).map(|(_, fault)| fault.clone());
        if fault.is_some() {
            state.hits += 1;
            self.changed.notify_all();
        }
        fault
    }

    /// Does to a request what its fault says. An answer if there is one, an error if the connection is to be cut, neither if
    /// it goes on its way.
    fn suffer(&self, fault: Option<&Fault>, request: &Exchange) -> std::io::Result<Option<Exchange>> {
        let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        match fault {
            None | Some(Fault::ResetAfter) => Ok(None),
            Some(Fault::Delay(time)) => {
                self.wait_until_well(*time);
                Ok(None)
            }
            Some(Fault::Reset) => {
                self.cut_all();
                Err(gone())
            }
            Some(Fault::Status(status)) => {
                Ok(Some(Exchange::answer(*status, r#"{"errcode":"M_UNKNOWN","error":"so the test wants it"}"#)))
            }
            Some(Fault::TooMany(milliseconds)) => {
                let body = format!(
                    r#"{{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":{milliseconds}}}"#
                );
                Ok(Some(Exchange::answer(429, &body)))
            }
            Some(Fault::BlackHole) => {
                self.wait_until_well(LONG);
                Err(gone())
            }
            Some(Fault::HoldBack) => {
                self.state.lock().expect("nobody panicked").held.push(request.written());
                Ok(Some(Exchange::answer(200, "{}")))
            }
        }
    }

    fn wait_until_well(&self, at_most: Duration) {
        let state = self.state.lock().expect("nobody panicked");
        let waits = |state: &mut State| !state.faults.is_empty() && !state.ended;
        drop(self.changed.wait_timeout_while(state, at_most, waits).expect("nobody panicked"));
    }

    fn cut_all(&self) {
        cut(&mut self.state.lock().expect("nobody panicked"));
    }
}

fn cut(state: &mut State) {
    for stream in state.open.drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Exchange {
    fn answer(status: u16, body: &str) -> Self {
        Self {
            first: format!("HTTP/1.1 {status} So"),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Reads one, with all of its body.
    fn read(stream: &mut impl BufRead) -> std::io::Result<Self> {
        let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Err(cut());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut lines = lines.into_iter();
        let first = lines.next().ok_or_else(cut)?;
        let headers = lines
            .filter_map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
        let mut whole = Self { first, headers: headers.collect(), body: Vec::new() };
        if whole.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            whole.body = chunks(stream)?;
        } else if let Some(length) = whole.header("content-length").and_then(|length| length.parse().ok()) {
            whole.body = vec![0; length];
            stream.read_exact(&mut whole.body)?;
        }
        Ok(whole)
    }

    /// As bytes, with its length said.
    fn written(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first);
        let transfer = ["content-length", "transfer-encoding"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !transfer.contains(&name.to_lowercase().as_str())) {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend(&self.body);
        bytes
    }
}

/// A body that comes in chunks.
fn chunks(stream: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16)
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
        let start = body.len();
        // Each chunk ends with a line break, also the empty one at the end.
        body.resize(start + size + 2, 0);
        stream.read_exact(&mut body[start..])?;
        body.truncate(start + size);
        if size == 0 {
            return Ok(body);
        }
    }
}
