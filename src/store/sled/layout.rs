//! How keys and values lie on disk. The table is in the folder's own documentation.
//!
//! Bytes in, bytes out: nothing here reads or writes a store, and no input makes it panic.

use crate::base::id::EventId;
use crate::base::time::Timestamp;
use crate::port::record::{Key, Revision};
use crate::store::{OutboxId, StoreError};

/// The version of the layout.
pub(super) const FORMAT: u32 = 1;
/// The most bytes of a record or order in one value; the rest goes into parts. With its header every value stays below
/// 4 KiB, above which the engine could put it into files of their own, which it does not sync.
pub(super) const PART: usize = 3_900;

/// First bytes of keys: one for each kind, and `m` for the two keys that stand alone.
pub(super) const RECORD: u8 = b'r';
pub(super) const PARTS: u8 = b'p';
pub(super) const DUE: u8 = b'd';
pub(super) const OUTBOX: u8 = b'o';
pub(super) const SEEN: u8 = b's';
pub(super) const SEEN_AT: u8 = b't';

pub(super) const FORMAT_KEY: &[u8] = b"mformat";
pub(super) const COUNTERS_KEY: &[u8] = b"mcounters";

/// What is counted up and never back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// The number of the last commit: the revision of what it wrote.
    pub(super) commits: u64,
    /// The last outbox number given.
    pub(super) ordered: u64,
}

impl Counters {
    pub(super) fn bytes(self) -> Vec<u8> {
        [self.commits.to_be_bytes(), self.ordered.to_be_bytes()].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let both = take(bytes).and_then(|(commits, rest)| Some((commits, whole(rest)?)));
        let (commits, ordered) = both.ok_or_else(|| damaged("the store's counters", "they have another length"))?;
        Ok(Self { commits: u64::from_be_bytes(commits), ordered: u64::from_be_bytes(ordered) })
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
    /// The head, then the first bytes.
    pub(super) fn value(self, first: &[u8]) -> Vec<u8> {
        let mut value = self.revision.0.to_be_bytes().to_vec();
        value.push(u8::from(self.due.is_some()));
        value.extend(self.due.map_or([0; 8], sortable));
        value.push(self.parts);
        value.extend(first);
        value
    }

    /// The head and the first bytes of a stored record; `None` when it has another shape.
    pub(super) fn read(value: &[u8]) -> Option<(Head, &[u8])> {
        let (revision, rest) = take(value)?;
        let (has_due, rest) = rest.split_first()?;
        let (due, rest) = take(rest)?;
        let (parts, first) = rest.split_first()?;
        let due = match has_due {
            0 => None,
            1 => Some(from_sortable(due)),
            _ => return None,
        };
        Some((Head { revision: Revision(u64::from_be_bytes(revision)), due, parts: *parts }, first))
    }
}

/// The start of the keys of a tree's records.
pub(super) fn tree_prefix(tree: &str) -> Vec<u8> {
    let mut bytes = vec![RECORD];
    bytes.extend(tree.as_bytes());
    bytes.push(0);
    bytes
}

pub(super) fn record_key(tree: &str, name: &str) -> Vec<u8> {
    let mut bytes = tree_prefix(tree);
    bytes.extend(name.as_bytes());
    bytes
}

/// Earliest first, also for times before 1970.
pub(super) fn due_key(at: Timestamp, key: &Key) -> Vec<u8> {
    let mut bytes = vec![DUE];
    bytes.extend(sortable(at));
    bytes.extend(key.tree().as_bytes());
    bytes.push(0);
    bytes.extend(key.name().as_bytes());
    bytes
}

/// The time and record of a key of the due index.
pub(super) fn read_due(bytes: &[u8]) -> Result<(Timestamp, Key), StoreError> {
    let read = || {
        let (at, rest) = take(bytes.strip_prefix(&[DUE])?)?;
        let zero = rest.iter().position(|byte| *byte == 0)?;
        let (tree, name) = (rest.get(..zero)?, rest.get(zero + 1..)?);
        let key = Key::from_stored(std::str::from_utf8(tree).ok()?, std::str::from_utf8(name).ok()?)?;
        Some((from_sortable(at), key))
    };
    read().ok_or_else(|| damaged("an entry of the due index", "it does not name a time and a record"))
}

pub(super) fn outbox_key(id: OutboxId) -> Vec<u8> {
    let mut bytes = vec![OUTBOX];
    bytes.extend(id.0.to_be_bytes());
    bytes
}

pub(super) fn read_outbox(bytes: &[u8]) -> Result<OutboxId, StoreError> {
    let id = bytes.strip_prefix(&[OUTBOX]).and_then(whole).map(|id| OutboxId(u64::from_be_bytes(id)));
    id.ok_or_else(|| damaged("an outbox item", "it has no number"))
}

/// The key of a part, from 0, of the value under `head`. The length in front keeps parts of different values apart,
/// whatever their names.
pub(super) fn part_key(head: &[u8], part: u8) -> Vec<u8> {
    let length = u16::try_from(head.len()).expect("keys are a name of at most 1,024 bytes and a few more");
    let mut bytes = vec![PARTS];
    bytes.extend(length.to_be_bytes());
    bytes.extend(head);
    bytes.push(part);
    bytes
}

pub(super) fn seen_key(id: &EventId) -> Vec<u8> {
    let mut bytes = vec![SEEN];
    bytes.extend(id.as_str().as_bytes());
    bytes
}

pub(super) fn seen_at_key(at: Timestamp, id: &[u8]) -> Vec<u8> {
    let mut bytes = vec![SEEN_AT];
    bytes.extend(sortable(at));
    bytes.extend(id);
    bytes
}

/// The time and the event's id of a key of the events by time.
pub(super) fn read_seen_at(bytes: &[u8]) -> Result<(Timestamp, Vec<u8>), StoreError> {
    let read = bytes.strip_prefix(&[SEEN_AT]).and_then(take);
    let (at, id) = read.ok_or_else(|| damaged("an entry of the seen events", "it has no time"))?;
    Ok((from_sortable(at), id.to_vec()))
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
    use crate::base::id::UserId;

    #[test]
    fn earlier_sorts_first_even_before_1970() {
        let times = [i64::MIN, -1_000, -1, 0, 1, 255, 256, 1_795_399_446_123, i64::MAX].map(Timestamp::from_millis);
        assert!(times.map(sortable).is_sorted());
        assert_eq!(times.map(|at| from_sortable(sortable(at))), times);
        let key = Key::Session(UserId::from_stored("matrix:@a\0b:example.org"));
        assert_eq!(read_due(&due_key(times[1], &key)), Ok((times[1], key)));
    }

    #[test]
    fn a_head_comes_back_and_nothing_else_passes_for_one() {
        let head = Head { revision: Revision(7), due: Some(Timestamp::from_millis(-5)), parts: 3 };
        let value = head.value(b"first");
        assert_eq!(Head::read(&value), Some((head, b"first".as_slice())));
        assert!((0..18).all(|length| Head::read(&value[..length]).is_none()));
        assert_eq!(Head::read(&[2; 18]), None);
    }

    #[test]
    fn parts_of_two_values_never_meet() {
        // The second name ends in what would be the number of a part of the first.
        let (short, long) = (record_key("votes", "a"), record_key("votes", "a\0"));
        assert_ne!(part_key(&short, 0)[..], part_key(&long, 0)[..part_key(&long, 0).len() - 1]);
        assert!(!part_key(&long, 0).starts_with(&part_key(&short, 0)));
    }
}
