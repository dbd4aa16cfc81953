//! The gateway: sessions, what they were sent, and what a test makes go wrong on it.

pub mod events;
pub mod socket;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::id::Id;
use super::state::State;

/// How often a client shall send a heartbeat unless a test says otherwise, in milliseconds.
const HEARTBEAT: u64 = 41_250;

/// The gateway's side of the fake.
#[derive(Debug)]
pub struct Gateway {
    /// Where it stands, as `GET /gateway` tells.
    pub url: String,
    /// How many shards are recommended.
    pub recommended: u64,
    /// Milliseconds between heartbeats, told to those who connect from now on.
    pub heartbeat: u64,
    /// Whether heartbeats are acknowledged.
    pub acknowledges: bool,
    /// How the next IDENTIFYs and RESUMEs are answered; as usual when it is empty.
    pub surprises: VecDeque<Surprise>,
    pub sessions: BTreeMap<String, Session>,
    pub identifies: Vec<Identify>,
    /// When each session was resumed, in milliseconds.
    pub resumes: Vec<u64>,
    /// When each heartbeat came, in milliseconds.
    pub heartbeats: Vec<u64>,
    /// How many sockets were opened.
    pub connections: usize,
}

/// A session, which outlives its connection.
#[derive(Debug)]
pub struct Session {
    pub shard: (u64, u64),
    pub intents: u64,
    /// The number of the last event.
    pub sequence: u64,
    /// Events as they were sent, for those who resume.
    pub sent: Vec<Value>,
    /// Where events go while it is connected.
    pub link: Option<UnboundedSender<Out>>,
}

/// An IDENTIFY as it came.
#[derive(Clone, Debug)]
pub struct Identify {
    /// Unix milliseconds.
    pub at: u64,
    pub shard: (u64, u64),
    pub intents: u64,
    /// Whether it asked for compressed payloads. It gets plain ones all the same, which clients accept.
    pub compress: bool,
}

/// What a connection is told to do.
#[derive(Clone, Debug)]
pub enum Out {
    /// Send this.
    Frame(Value),
    /// Close with this code.
    Close(u16),
    /// Vanish without a word.
    Drop,
}

/// An answer to IDENTIFY or RESUME that is not READY or RESUMED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surprise {
    /// Op 9, and whether the session can be resumed.
    Invalid(bool),
    /// A close code.
    Close(u16),
    /// The socket vanishes.
    Drop,
    /// Nothing at all.
    Silence,
    /// Not even a greeting before: the connection stays mute.
    Mute,
}

impl Gateway {
    pub fn new() -> Self {
        Self {
            url: String::new(),
            recommended: 1,
            heartbeat: HEARTBEAT,
            acknowledges: true,
            surprises: VecDeque::new(),
            sessions: BTreeMap::new(),
            identifies: Vec::new(),
            resumes: Vec::new(),
            heartbeats: Vec::new(),
            connections: 0,
        }
    }

    /// Sessions with a connection.
    pub fn connected(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(|session| session.link.is_some())
    }

    /// Tells the connections of a shard something. How many there were.
    pub fn order(&mut self, shard: u64, out: &Out) -> usize {
        let of_shard = self.sessions.values().filter(|session| session.shard.0 == shard);
        of_shard.filter(|session| session.link.as_ref().is_some_and(|link| link.send(out.clone()).is_ok())).count()
    }
}

impl Session {
    /// Numbers an event, keeps it for those who resume, and sends it if somebody listens.
    pub fn dispatch(&mut self, name: &str, data: &Value) {
        self.sequence += 1;
        let frame = json!({ "op": 0, "t": name, "s": self.sequence, "d": data });
        self.sent.push(frame.clone());
        if let Some(link) = &self.link {
            link.send(Out::Frame(frame)).ok();
        }
    }
}

impl State {
    /// Sends an event to the shard that it belongs to, if its intents ask for it. Direct messages belong to shard 0.
    pub fn tell(&mut self, guild: Option<Id>, name: &str, data: Value) {
        let wrong = events::judge(name, &data);
        self.violations.extend(wrong.iter().map(|wrong| format!("the fake's event {name}: {wrong}")));
        if guild.is_some_and(|guild| !self.is_in(guild) && name != "GUILD_DELETE") {
            return;
        }
        let needed = events::intents(name, guild.is_some());
        for session in self.gateway.sessions.values_mut() {
            let here = guild.map_or(session.shard.0 == 0, |guild| guild.shard(session.shard.1) == session.shard.0);
            if here && (needed == 0 || session.intents & needed != 0) {
                session.dispatch(name, &data);
            }
        }
    }
}
