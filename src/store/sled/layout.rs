//! How keys and values lie on disk. The table is in the folder's own documentation.
//!
//! Bytes in, bytes out: nothing here reads or writes a store, and no input makes it panic.

use crate::base::time::Timestamp;
use crate::port::record::{Key, Revision};
use crate::store::seal::{Mac, hex};
use crate::store::{OutboxId, StoreError};

/// The most bytes of a record or order in one value; the rest goes into parts. With its header every value stays below
/// 4 KiB, above which the engine could put it into files of their own, which it does not sync.
pub(super) const PART: usize = 3_900;

/// First bytes of keys: one for each kind, and `m` for the keys that stand alone.
pub(super) const RECORD: u8 = b'r';
pub(super) const META: u8 = b'm';
pub(super) const PARTS: u8 = b'p';
pub(super) const DUE: u8 = b'd';
pub(super) const OUTBOX: u8 = b'o';
pub(super) const SEEN: u8 = b's';
pub(super) const SEEN_AT: u8 = b't';
pub(super) const PERSON: u8 = b'k';
pub(super) const FORGOTTEN: u8 = b'x';

pub(super) const FORMAT_KEY: &[u8] = b"mformat";
pub(super) const CANARY_KEY: &[u8] = b"mcanary";
pub(super) const COUNTERS_KEY: &[u8] = b"mcounters";

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// The number of the last commit: the revision of what it wrote. Never goes back.
    pub(super) commits: u64,
    /// The last outbox number given. Never goes back.
    pub(super) ordered: u64,
    /// Records that are there.
    pub(super) records: u64,
    /// Orders that wait.
    pub(super) waiting: u64,
}

impl Counters {
    pub(super) fn bytes(self) -> Vec<u8> {
        [self.commits, self.ordered, self.records, self.waiting]
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let (commits, rest) = take(bytes)?;
            let (ordered, rest) = take(rest)?;
            let (records, rest) = take(rest)?;
            let [commits, ordered, records, waiting] =
                [commits, ordered, records, whole(rest)?].map(u64::from_be_bytes);
            Some(Self { commits, ordered, records, waiting })
        };
        read().ok_or_else(|| damaged("the store's counters", "they have another length"))
    }
}

/// What stands before a record's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) revision: Revision,
    pub(super) due: Option<Timestamp>,
    /// How many parts follow the first bytes.
    pub(super) parts: u8,
}

impl Head {
    /// How many bytes it has.
    pub(super) const LENGTH: usize = 18;

    /// The head alone.
    pub(super) fn bytes(self) -> [u8; Self::LENGTH] {
        let mut value = [0; Self::LENGTH];
        value[..8].copy_from_slice(&self.revision.0.to_be_bytes());
        value[8] = u8::from(self.due.is_some());
        value[9..17].copy_from_slice(&self.due.map_or([0; 8], sortable));
        value[17] = self.parts;
        value
    }

    /// The head and the first bytes of a stored record; `None` when it has another shape.
    pub(super) fn read(value: &[u8]) -> Option<(Head, &[u8])> {
        let (revision, rest) = take(value)?;
        let (has_due, rest) = rest.split_first()?;
        let (due, rest) = take(rest)?;
        let (parts, first) = rest.split_first()?;
        let due = match has_due {
            0 if due == [0; 8] => None,
            1 => Some(from_sortable(due)),
            _ => return None,
        };
        Some((Head { revision: Revision(u64::from_be_bytes(revision)), due, parts: *parts }, first))
    }
}

/// The start of the keys of a tree's records.
pub(super) fn tree_prefix(tree: &str) -> Vec<u8> {
    [&[RECORD], tree.as_bytes(), &[0]].concat()
}

pub(super) fn record_key(tree: &str, name: Mac) -> Vec<u8> {
    [&[RECORD], tree.as_bytes(), &[0], &name].concat()
}

/// The tree and name of a record's key.
pub(super) fn read_record(bytes: &[u8]) -> Result<(&'static str, Mac), StoreError> {
    let read = bytes.strip_prefix(&[RECORD]).and_then(read_place);
    read.ok_or_else(|| damaged("a record", "its key names no tree"))
}

/// What to call a record whose name can't be read.
pub(super) fn called(tree: &str, name: Mac) -> String {
    format!("the {tree} record {}", hex(&name))
}

/// The key of what is kept by name alone: a person's key, a tombstone, an event.
pub(super) fn named_key(kind: u8, name: Mac) -> Vec<u8> {
    [[kind].as_slice(), &name].concat()
}

fn read_place(bytes: &[u8]) -> Option<(&'static str, Mac)> {
    let zero = bytes.iter().position(|byte| *byte == 0)?;
    let (tree, name) = (bytes.get(..zero)?, bytes.get(zero + 1..)?);
    let tree = Key::TREES.iter().find(|known| known.as_bytes() == tree)?;
    Some((tree, name.try_into().ok()?))
}

/// Earliest first, also for times before 1970.
pub(super) fn due_key(at: Timestamp, tree: &str, name: Mac) -> Vec<u8> {
    [&[DUE], sortable(at).as_slice(), tree.as_bytes(), &[0], &name].concat()
}

/// The time and record of a key of the due index.
pub(super) fn read_due(bytes: &[u8]) -> Result<(Timestamp, &'static str, Mac), StoreError> {
    let read = || {
        let (at, rest) = take(bytes.strip_prefix(&[DUE])?)?;
        let (tree, name) = read_place(rest)?;
        Some((from_sortable(at), tree, name))
    };
    read().ok_or_else(|| damaged("an entry of the due index", "it does not name a time and a record"))
}

pub(super) fn outbox_key(id: OutboxId) -> Vec<u8> {
    [[OUTBOX].as_slice(), &id.0.to_be_bytes()].concat()
}

pub(super) fn read_outbox(bytes: &[u8]) -> Result<OutboxId, StoreError> {
    let id = bytes.strip_prefix(&[OUTBOX]).and_then(whole).map(|id| OutboxId(u64::from_be_bytes(id)));
    id.ok_or_else(|| damaged("an outbox item", "it has no number"))
}

/// The key of a part, from 0, of the value under `head`. The length in front keeps parts of different values apart,
/// whatever their names.
pub(super) fn part_key(head: &[u8], part: u8) -> Vec<u8> {
    let length = u16::try_from(head.len()).expect("keys are a tree's name, 16 bytes and a few more");
    [&[PARTS], length.to_be_bytes().as_slice(), head, &[part]].concat()
}

pub(super) fn seen_at_key(at: Timestamp, name: Mac) -> Vec<u8> {
    [&[SEEN_AT], sortable(at).as_slice(), &name].concat()
}

/// The time and the event's name of a key of the events by time.
pub(super) fn read_seen_at(bytes: &[u8]) -> Result<(Timestamp, Mac), StoreError> {
    let read = || {
        let (at, name) = bytes.strip_prefix(&[SEEN_AT]).and_then(take)?;
        Some((from_sortable(at), name.try_into().ok()?))
    };
    read().ok_or_else(|| damaged("an entry of the seen events", "it has no time and name"))
}

/// A tombstone: the commit that deleted, and the day.
pub(super) fn tombstone(commit: u64, day: Timestamp) -> Vec<u8> {
    [commit.to_be_bytes(), sortable(day)].concat()
}

pub(super) fn read_tombstone(bytes: &[u8]) -> Result<(u64, Timestamp), StoreError> {
    let read = || {
        let (commit, day) = take(bytes)?;
        Some((u64::from_be_bytes(commit), from_sortable(whole(day)?)))
    };
    read().ok_or_else(|| damaged("a tombstone", "it has another length"))
}

/// Big-endian with the sign turned over: sorts as bytes as it does as a number.
pub(super) fn sortable(at: Timestamp) -> [u8; 8] {
    (at.millis() ^ i64::MIN).to_be_bytes()
}

pub(super) fn from_sortable(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_millis(i64::from_be_bytes(bytes) ^ i64::MIN)
}

/// Exactly eight bytes.
pub(super) fn whole(bytes: &[u8]) -> Option<[u8; 8]> {
    bytes.try_into().ok()
}

pub(super) fn damaged(what: &str, why: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), why: why.to_owned() }
}

fn take(bytes: &[u8]) -> Option<([u8; 8], &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    Some((*first, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_sorts_first_even_before_1970() {
        let times = [i64::MIN, -1_000, -1, 0, 1, 255, 256, 1_795_399_446_123, i64::MAX].map(Timestamp::from_millis);
        assert!(times.map(sortable).is_sorted());
        assert_eq!(times.map(|at| from_sortable(sortable(at))), times);
        let name = [0; 16];
        assert_eq!(read_due(&due_key(times[1], "session", name)), Ok((times[1], "session", name)));
        assert_eq!(read_record(&record_key("votes", name)), Ok(("votes", name)));
        assert!(read_due(&due_key(times[1], "other", name)).is_err() && read_record(b"rvotes\0short").is_err());
    }

    #[test]
    fn a_head_comes_back_and_nothing_else_passes_for_one() {
        let head = Head { revision: Revision(7), due: Some(Timestamp::from_millis(-5)), parts: 3 };
        let value = [head.bytes().as_slice(), b"first"].concat();
        assert_eq!(Head::read(&value), Some((head, b"first".as_slice())));
        assert!((0..18).all(|length| Head::read(&value[..length]).is_none()));
        assert_eq!(Head::read(&[2; 18]), None);
    }

    #[test]
    fn parts_of_two_values_never_meet() {
        // The second key ends in what would be the number of a part of the first.
        let (short, long) = (outbox_key(OutboxId(1)), [outbox_key(OutboxId(1)), vec![0]].concat());
        assert_ne!(part_key(&short, 0)[..], part_key(&long, 0)[..part_key(&long, 0).len() - 1]);
        assert!(!part_key(&long, 0).starts_with(&part_key(&short, 0)));
    }
}
