//! What is stored, and under which key. Every kind of record has a version byte; older versions are read for ever.
//!
//! No text that a person wrote is in any of them, no symptom, diagnosis, medicine or score.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::id::{ChannelId, Place, ServerId, UserId};
use crate::base::time::Timestamp;
use crate::port::audit::Audit;
pub use crate::port::person::{Felt, Person, UNUSED};
use crate::routine::session::Session;
use crate::safety::model::Urgency;
use crate::settings::value::Values;

/// The name of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// A server's or room's settings.
    Server(ServerId),
    /// A person's preferences.
    Person(UserId),
    /// A person's running routine; there is one at most.
    Session(UserId),
    /// A person's safety lock. Apart from the rest, so that deleting the rest can't lift it.
    Lock(UserId),
    /// The routines that run in a channel.
    Channel(ChannelId),
    /// Thumbs up and down of an entry.
    Votes(String),
    /// What admins have changed in a server's settings.
    Audit(ServerId),
    /// What was said last to a person in a channel; in memory only, gone after an hour.
    Recent(UserId, ChannelId),
}

/// A stored record.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A server's or room's settings.
    Server(Server),
    /// A person's preferences.
    Person(Person),
    /// A running routine.
    Session(Box<Running>),
    /// A safety lock.
    Lock(Lock),
    /// The routines that run in a channel.
    Channel(Channel),
    /// Thumbs up and down.
    Votes(Votes),
    /// What admins have changed in a server's settings.
    Audit(Audit),
    /// What was said last.
    Recent(Recent),
}

/// So long after the bot was removed from a server or room, its settings are deleted.
pub const REMOVED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A server's or room's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// What admins have set.
    pub settings: Values,
    /// When the bot was removed from it; nothing while it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Timestamp>,
    /// Whether whoever let the bot in was greeted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub greeted: bool,
}

/// A running routine and where it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// Its state.
    pub session: Session,
    /// Where its cards go.
    pub place: Place,
    /// The channel in which it was started, and counts.
    pub counted_in: ChannelId,
    /// Whether the place was made for it alone.
    #[serde(default)]
    pub own_place: bool,
    /// Whether it still waits for that place; nothing runs until it is there.
    #[serde(default)]
    pub opening: bool,
}

/// A safety lock: no routines until it has passed and the person has said that it was looked at or was a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The end of the time in which nothing lifts it. Why it stands is not stored.
    pub until: Timestamp,
}

/// The routines that run in a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Whose.
    pub running: Vec<UserId>,
}

/// Thumbs up and down of an entry: numbers, nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// Up.
    pub up: u32,
    /// Down.
    pub down: u32,
}

/// What was said last to a person in a channel. Never stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// When.
    pub at: Timestamp,
    /// The entry that was shown last, for "more" and for follow-ups.
    pub entry: Option<String>,
    /// How many questions in a row found no answer.
    pub misses: u8,
    /// Why the last thing was refused, left out or missing: a code, with the words that belong to it.
    pub reason: Option<(String, BTreeMap<String, String>)>,
    /// A doubtful flag whose one question is open, and its urgency.
    pub asked_about: Option<(String, Urgency)>,
    /// A raised flag whose message is to be repeated once if the person carries on.
    pub alarm: Option<(String, Urgency)>,
    /// The entry that was voted for last: a second thumb is not counted.
    pub voted: Option<String>,
    /// When it was said last that the bot isn't used here.
    pub closed: Option<Timestamp>,
}

/// The records that were loaded for an event, with their revisions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    loaded: BTreeMap<Key, (Option<Record>, Revision)>,
}

/// Which commit wrote a record; 0 for one that isn't there. A record that was deleted and made anew never has an old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Why stored bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing there.
    #[error("the value is empty")]
    Empty,
    /// Written by a newer program.
    #[error("version {0} of a {1} record is newer than this program knows; run the newer program, or restore a backup")]
    Newer(u8, &'static str),
    /// Not what the version byte says.
    #[error("a {0} record does not read: {1}")]
    Unreadable(&'static str, String),
}

impl Key {
    /// The kind of record: the tree it lies in.
    pub fn tree(&self) -> &'static str {
        match self {
            Key::Server(_) => "server",
            Key::Person(_) => "person",
            Key::Session(_) => "session",
            Key::Lock(_) => "lock",
            Key::Channel(_) => "channel",
            Key::Votes(_) => "votes",
            Key::Audit(_) => "audit",
            Key::Recent(..) => "recent",
        }
    }

    /// The name inside its tree.
    pub fn name(&self) -> String {
        match self {
            Key::Server(id) | Key::Audit(id) => id.as_str().to_owned(),
            Key::Person(id) | Key::Session(id) | Key::Lock(id) => id.as_str().to_owned(),
            Key::Channel(id) => id.as_str().to_owned(),
            Key::Votes(entry) => entry.clone(),
            Key::Recent(who, channel) => format!("{who} {channel}"),
        }
    }

    /// The trees that are stored.
    pub const TREES: &[&'static str] = &["server", "person", "session", "lock", "channel", "votes", "audit"];

    /// The key of a stored record, from its tree and name; `None` for a tree that is not stored.
    pub fn from_stored(tree: &str, name: &str) -> Option<Key> {
        match tree {
            "server" => Some(Key::Server(ServerId::from_stored(name))),
            "person" => Some(Key::Person(UserId::from_stored(name))),
            "session" => Some(Key::Session(UserId::from_stored(name))),
            "lock" => Some(Key::Lock(UserId::from_stored(name))),
            "channel" => Some(Key::Channel(ChannelId::from_stored(name))),
            "votes" => Some(Key::Votes(name.to_owned())),
            "audit" => Some(Key::Audit(ServerId::from_stored(name))),
            _ => None,
        }
    }

    /// Whether it lives in memory only.
    pub fn is_volatile(&self) -> bool {
        matches!(self, Key::Recent(..))
    }

    /// Whose lane events about it belong to.
    pub fn lane(&self) -> &str {
        match self {
            Key::Server(id) | Key::Audit(id) => id.as_str(),
            Key::Person(id) | Key::Session(id) | Key::Lock(id) | Key::Recent(id, _) => id.as_str(),
            Key::Channel(id) => id.as_str(),
            Key::Votes(entry) => entry,
        }
    }
}

impl Record {
    /// When it must be looked at; the store keeps an index of these.
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Record::Session(running) if !running.opening => Some(running.session.due()),
            // A day of use that isn't known is written down with the next use.
            Record::Person(person) if person.last_used > Timestamp::default() => {
                Some(person.last_used + person.kept_for())
            }
            Record::Lock(lock) => Some(lock.until + UNUSED),
            Record::Server(server) => server.removed.map(|at| at + REMOVED),
            // A server's log goes with its settings.
            Record::Session(_)
            | Record::Person(_)
            | Record::Channel(_)
            | Record::Votes(_)
            | Record::Audit(_)
            | Record::Recent(_) => None,
        }
    }

    /// The bytes to store: a version byte, then JSON.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(USUAL);
        self.encode_into(&mut bytes);
        bytes
    }

    /// The bytes to store, behind those that are there, so that what is to be sealed isn't copied once more.
    pub fn encode_into(&self, bytes: &mut Vec<u8>) {
        bytes.push(VERSION);
        let written = match self {
            Record::Server(record) => serde_json::to_writer(bytes, record),
            Record::Person(record) => serde_json::to_writer(bytes, record),
            Record::Session(record) => serde_json::to_writer(bytes, record),
            Record::Lock(record) => serde_json::to_writer(bytes, record),
            Record::Channel(record) => serde_json::to_writer(bytes, record),
            Record::Votes(record) => serde_json::to_writer(bytes, record),
            Record::Audit(record) => serde_json::to_writer(bytes, record),
            Record::Recent(_) => Ok(()),
        };
        written.expect("records are maps with text keys, which JSON can always hold");
    }

    /// Reads what [`Record::encode`] wrote, now or in an older program, in the tree that it lay in.
    pub fn decode(tree: &'static str, bytes: &[u8]) -> Result<Record, DecodeError> {
        let (version, json) = bytes.split_first().ok_or(DecodeError::Empty)?;
        match *version {
            VERSION => {}
            0 => return Err(DecodeError::Unreadable(tree, "there is no version 0".to_owned())),
            newer => return Err(DecodeError::Newer(newer, tree)),
        }
        let record = match tree {
            "server" => serde_json::from_slice(json).map(Record::Server),
            "person" => serde_json::from_slice(json).map(Record::Person),
            "session" => serde_json::from_slice(json).map(Record::Session),
            "lock" => serde_json::from_slice(json).map(Record::Lock),
            "channel" => serde_json::from_slice(json).map(Record::Channel),
            "votes" => serde_json::from_slice(json).map(Record::Votes),
            "audit" => serde_json::from_slice(json).map(Record::Audit),
            _ => return Err(DecodeError::Unreadable(tree, "no such kind".to_owned())),
        };
        record.map_err(|error| DecodeError::Unreadable(tree, error.to_string()))
    }
}

/// The version that is written. A change of a record's shape raises it and adds an upgrade to `decode`.
const VERSION: u8 = 1;

/// Room for most records, in bytes. One that outgrows it leaves behind, unwiped, what it held before.
pub const USUAL: usize = 640;

impl Records {
    /// Puts a record in as it was loaded.
    pub fn insert(&mut self, key: Key, record: Option<Record>, revision: Revision) {
        self.loaded.insert(key, (record, revision));
    }

    /// Whether this key was loaded, be there a record or not.
    pub fn holds(&self, key: &Key) -> bool {
        self.loaded.contains_key(key)
    }

    /// The revision that a key was loaded with.
    pub fn revision(&self, key: &Key) -> Option<Revision> {
        self.loaded.get(key).map(|(_, revision)| *revision)
    }

    /// Every key that was loaded, with its revision.
    pub fn revisions(&self) -> impl Iterator<Item = (&Key, Revision)> {
        self.loaded.iter().map(|(key, (_, revision))| (key, *revision))
    }

    /// Adds what else was loaded.
    pub fn extend(&mut self, more: Records) {
        self.loaded.extend(more.loaded);
    }

    /// The record under this key.
    pub fn get(&self, key: &Key) -> Option<&Record> {
        self.loaded.get(key).and_then(|(record, _)| record.as_ref())
    }

    /// A server's settings; none set when there is no record.
    pub fn server(&self, id: Option<&ServerId>) -> Server {
        match id.and_then(|id| self.get(&Key::Server(id.clone()))) {
            Some(Record::Server(server)) => server.clone(),
            _ => Server::default(),
        }
    }

    /// A person; a new one when there is no record.
    pub fn person(&self, id: &UserId) -> Person {
        match self.get(&Key::Person(id.clone())) {
            Some(Record::Person(person)) => person.clone(),
            _ => Person::default(),
        }
    }

    /// A person's running routine.
    pub fn session(&self, owner: &UserId) -> Option<&Running> {
        match self.get(&Key::Session(owner.clone())) {
            Some(Record::Session(running)) => Some(running),
            _ => None,
        }
    }

    /// A person's lock.
    pub fn lock(&self, id: &UserId) -> Option<Lock> {
        match self.get(&Key::Lock(id.clone())) {
            Some(Record::Lock(lock)) => Some(*lock),
            _ => None,
        }
    }

    /// What runs in a channel.
    pub fn channel(&self, id: &ChannelId) -> Channel {
        match self.get(&Key::Channel(id.clone())) {
            Some(Record::Channel(channel)) => channel.clone(),
            _ => Channel::default(),
        }
    }

    /// Votes of an entry.
    pub fn votes(&self, entry: &str) -> Votes {
        match self.get(&Key::Votes(entry.to_owned())) {
            Some(Record::Votes(votes)) => *votes,
            _ => Votes::default(),
        }
    }

    /// What was said last.
    pub fn recent(&self, who: &UserId, channel: &ChannelId) -> Recent {
        match self.get(&Key::Recent(who.clone(), channel.clone())) {
            Some(Record::Recent(recent)) => recent.clone(),
            _ => Recent::default(),
        }
    }
}
