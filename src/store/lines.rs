//! A whole store as JSON Lines: what exports and backups are made of, and the way to any other engine.
//!
//! ```text
//! {"format":"nape-store-1","store":"…","commits":17,"ordered":4,"at":1795399446123}
//! {"tree":"person","name":"discord:1","revision":12,"version":1,"record":{…}}
//! {"tree":"outbox","name":"4","version":1,"record":{…}}
//! {"tree":"forgotten","name":"…","revision":9,"day":1795305600000}
//! {"lines":3,"sha256":"…"}
//! ```
//!
//! The first line says what it is: the store, how many commits and outbox numbers there were, and when it was begun, in
//! milliseconds since 1970. The last counts the lines between and gives the SHA-256 of all bytes before it; without it the file was cut short.
//! Between them lies a line for each record (`record` is the JSON of that `version`), for each order that waits, and,
//! in backups alone, for each person that was deleted, by name as the store knows them, for which `index` in the first line is the key.
//! When a name comes twice, the later line counts; `"record":null` means that it is gone.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::seal::{Mac, hex, unhex};
use super::{OutboxId, OutboxItem, StoreError};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record};

/// What the first line calls the format.
const FORMAT: &str = "nape-store-1";
/// Begins the format of every version.
const FAMILY: &str = "nape-store-";
const OUTBOX: &str = "outbox";
const FORGOTTEN: &str = "forgotten";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    format: String,
    /// The store's name in hexadecimal digits.
    pub store: String,
    pub commits: u64,
    pub ordered: u64,
    /// When it was begun.
    pub at: Timestamp,
    /// The key by which names are known, in backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
}

/// One line between the first and the last.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    tree: &'a str,
    name: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<Timestamp>,
    #[serde(default, borrow)]
    record: Option<&'a RawValue>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct Trailer {
    lines: u64,
    sha256: String,
}

/// Writes lines.
pub(super) struct Writer<W> {
    to: W,
    lines: u64,
    hash: Sha256,
}

impl Header {
    pub fn new(store: String, commits: u64, ordered: u64, at: Timestamp) -> Self {
        Self { format: FORMAT.to_owned(), store, commits, ordered, at, index: None }
    }
}

impl<W: Write> Writer<W> {
    pub fn start(to: W, header: &Header) -> Result<Self, StoreError> {
        let mut writer = Self { to, lines: 0, hash: Sha256::new() };
        writer.put(header)?;
        writer.lines = 0;
        Ok(writer)
    }

    pub fn record(&mut self, key: &Key, revision: u64, record: Option<&Record>) -> Result<(), StoreError> {
        let bytes = record.map(|record| Zeroizing::new(record.encode()));
        self.value(key.tree(), &key.name(), Some(revision), bytes.as_ref().map(|bytes| bytes.as_slice()))
    }

    pub fn order(&mut self, id: OutboxId, item: Option<&OutboxItem>) -> Result<(), StoreError> {
        let bytes = item.map(|item| Zeroizing::new(item.encode()));
        self.value(OUTBOX, &id.to_string(), None, bytes.as_ref().map(|bytes| bytes.as_slice()))
    }

    pub fn forgotten(&mut self, name: Mac, commit: u64, day: Timestamp) -> Result<(), StoreError> {
        let name = hex(&name);
        let line = Line {
            tree: FORGOTTEN,
            name: name.into(),
            revision: Some(commit),
            version: None,
            day: Some(day),
            record: None,
        };
        self.put(&line)
    }

    /// The last line. Gives back what was written to.
    pub fn finish(mut self) -> Result<W, StoreError> {
        let trailer = Trailer { lines: self.lines, sha256: hex(&self.hash.clone().finalize()) };
        self.put(&trailer)?;
        self.to.flush().map_err(written)?;
        Ok(self.to)
    }

    fn value(&mut self, tree: &str, name: &str, revision: Option<u64>, bytes: Option<&[u8]>) -> Result<(), StoreError> {
        let (version, record) = match bytes.and_then(<[u8]>::split_first) {
            Some((version, json)) => (Some(*version), serde_json::from_slice::<&RawValue>(json).ok()),
            None => (None, None),
        };
        self.put(&Line { tree, name: name.into(), revision, version, day: None, record })
    }

    fn put(&mut self, line: &impl Serialize) -> Result<(), StoreError> {
        let mut bytes = Zeroizing::new(serde_json::to_vec(line).map_err(|error| written(error.into()))?);
        bytes.push(b'\n');
        self.hash.update(&*bytes);
        self.lines += 1;
        self.to.write_all(&bytes).map_err(written)
    }
}

fn written(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        _ => StoreError::Io { doing: "writing the file".to_owned(), why: error.to_string() },
    }
}

/// All that a file of lines says.
#[derive(Debug)]
pub(super) struct Whole {
    pub header: Header,
    /// Each with its revision.
    pub records: BTreeMap<Key, (u64, Record)>,
    pub orders: BTreeMap<OutboxId, OutboxItem>,
    pub forgotten: BTreeMap<Mac, (u64, Timestamp)>,
}

/// Reads lines to the last, which has to fit.
pub(super) fn read(mut from: impl BufRead, called: &str) -> Result<Whole, StoreError> {
    let refused = |number: u64, why: &str| StoreError::Refused {
        what: format!("{called}:{number}"),
        why: why.to_owned(),
        remedy: "nothing was changed; take another copy of the file, or an older one".to_owned(),
    };
    let mut hash = Sha256::new();
    let mut whole: Option<Whole> = None;
    let mut text = Zeroizing::new(Vec::new());
    for number in 1_u64.. {
        text.clear();
        from.read_until(b'\n', &mut text).map_err(|error| refused(number, &format!("can't be read: {error}")))?;
        if !text.ends_with(b"\n") {
            return Err(refused(number, "ends without its last line: it was cut short"));
        }
        let Some(so_far) = &mut whole else {
            let header: Header = serde_json::from_slice(&text)
                .map_err(|_| refused(number, "is no file of nape store export or backup"))?;
            if header.format != FORMAT {
                let version = header.format.strip_prefix(FAMILY).and_then(|version| version.parse().ok());
                let newer = version.map(|version| StoreError::Newer { what: called.to_owned(), version });
                return Err(newer.unwrap_or_else(|| refused(number, "is no file of nape store export or backup")));
            }
            hash.update(&*text);
            whole =
                Some(Whole { header, records: BTreeMap::new(), orders: BTreeMap::new(), forgotten: BTreeMap::new() });
            continue;
        };
        if let Ok(trailer) = serde_json::from_slice::<Trailer>(&text) {
            if trailer.lines != number - 2 || trailer.sha256 != hex(&hash.finalize()) {
                return Err(refused(number, "does not fit the lines before it: the file was changed"));
            }
            text.clear();
            let more = from.read_until(b'\n', &mut text).map_err(|error| refused(number, &error.to_string()))?;
            return match (more, whole) {
                (0, Some(whole)) => Ok(whole),
                _ => Err(refused(number + 1, "stands behind the last line: the file was changed")),
            };
        }
        hash.update(&*text);
        take(so_far, &text).map_err(|error| match error {
            Wrong::Shape(why) => refused(number, &why),
            Wrong::Store(error) => error,
        })?;
    }
    Err(refused(0, "has no end"))
}

enum Wrong {
    Shape(String),
    Store(StoreError),
}

fn take(whole: &mut Whole, text: &[u8]) -> Result<(), Wrong> {
    let shape = |why: &str| Wrong::Shape(why.to_owned());
    let line: Line<'_> =
        serde_json::from_slice(text).map_err(|error| Wrong::Shape(format!("does not read: {error}")))?;
    let bytes = match (line.version, line.record) {
        (Some(version), Some(record)) => Some(Zeroizing::new([&[version], record.get().as_bytes()].concat())),
        (None, None) => None,
        _ => return Err(shape("has a record without a version, or a version without a record")),
    };
    let unread = |error| Wrong::Store(StoreError::unread(format!("a record of tree {}", line.tree), error));
    match (line.tree, &bytes) {
        (OUTBOX, bytes) => {
            let id = OutboxId(line.name.parse().map_err(|_| shape("is an order without a number"))?);
            match bytes {
                Some(bytes) => drop(whole.orders.insert(id, OutboxItem::decode(bytes).map_err(unread)?)),
                None => drop(whole.orders.remove(&id)),
            }
        }
        (FORGOTTEN, _) => {
            let name = unhex(&line.name).and_then(|name| name.as_slice().try_into().ok());
            let tomb = line.revision.zip(line.day);
            let (name, tomb) = name.zip(tomb).ok_or_else(|| shape("is a tombstone without name, commit or day"))?;
            whole.forgotten.insert(name, tomb);
        }
        (tree, bytes) => {
            let tree = Key::TREES
                .iter()
                .find(|known| **known == tree)
                .ok_or_else(|| shape("names a tree that there isn't"))?;
            let key = Key::from_stored(tree, &line.name).ok_or_else(|| shape("names a tree that there isn't"))?;
            match bytes {
                Some(bytes) => {
                    let revision = line.revision.ok_or_else(|| shape("has no revision"))?;
                    drop(whole.records.insert(key, (revision, Record::decode(tree, bytes).map_err(unread)?)));
                }
                None => drop(whole.records.remove(&key)),
            }
        }
    }
    Ok(())
}
