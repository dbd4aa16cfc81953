//! What a group of batches would write: every batch is checked against the store and the batches before it, and either
//! all of its writes join the group or none.
//!
//! It must never write by itself; the committer hands the whole group to the engine at once.

use std::collections::{BTreeMap, BTreeSet};

use ::sled::Tree;

use super::layout::{self, Counters, Head, PART};
use super::read;
use crate::base::id::EventId;
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Revision};
use crate::store::{
    Batch, CommitError, Committed, FORGOTTEN_AT_ONCE, OutboxId, OutboxItem, SEEN_FOR, StoreError, fitting,
};

/// A batch with its records and orders encoded, which happens where it comes from and not on the committer's thread.
#[derive(Debug)]
pub(super) struct Ready {
    event: Option<(EventId, Timestamp)>,
    expect: Vec<(Key, Revision)>,
    changes: BTreeMap<Key, Option<Encoded>>,
    orders: Vec<Vec<u8>>,
    sent: BTreeSet<OutboxId>,
    now: Timestamp,
}

/// A record as it is written.
#[derive(Debug)]
struct Encoded {
    due: Option<Timestamp>,
    bytes: Vec<u8>,
}

impl Ready {
    pub(super) fn new(batch: Batch) -> Result<Self, CommitError> {
        batch.check()?;
        let Batch { event, mut expect, changes, orders, sent, now } = batch;
        expect.retain(|(key, _)| !key.is_volatile());
        let mut encoded = BTreeMap::new();
        for change in changes.into_iter().filter(|change| !change.key.is_volatile()) {
            let record = change.record.map(|record| Encoded::new(&record));
            encoded.insert(change.key, record.transpose()?);
        }
        let orders = orders.into_iter().map(|order| fitting(OutboxItem { at: now, order }.encode()));
        let orders = orders.collect::<Result<_, _>>()?;
        Ok(Self { event, expect, changes: encoded, orders, sent: sent.into_iter().collect(), now })
    }
}

impl Encoded {
    fn new(record: &Record) -> Result<Self, CommitError> {
        Ok(Self { due: record.due(), bytes: fitting(record.encode())? })
    }
}

/// Keys with their new values; `None` deletes.
type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The writes of the batches that were let in so far.
pub(super) struct Group<'a> {
    tree: &'a Tree,
    writes: Writes,
    counters: Counters,
}

impl<'a> Group<'a> {
    /// An empty group on what the store holds, and the counters as the last group left them.
    pub(super) fn new(tree: &'a Tree, counters: Counters) -> Self {
        Self { tree, writes: Writes::new(), counters }
    }

    /// Lets a batch in, or leaves the group as it was.
    pub(super) fn add(&mut self, batch: Ready) -> Result<Committed, CommitError> {
        let mut draft = Draft { group: self, writes: Writes::new() };
        draft.admit(&batch)?;
        let mut counters = draft.group.counters;
        counters.commits += 1;
        for (key, record) in &batch.changes {
            draft.change(key, record.as_ref(), Revision(counters.commits))?;
        }
        for id in &batch.sent {
            draft.remove_order(*id)?;
        }
        let mut outbox = Vec::with_capacity(batch.orders.len());
        for bytes in &batch.orders {
            counters.ordered += 1;
            let id = OutboxId(counters.ordered);
            let parts = draft.split(&layout::outbox_key(id), bytes);
            let first = bytes.get(..PART).unwrap_or(bytes);
            draft.put(layout::outbox_key(id), [&[parts], first].concat());
            outbox.push(id);
        }
        if let Some((id, at)) = &batch.event {
            draft.forget(batch.now)?;
            draft.remember(id, *at)?;
        }
        let writes = draft.writes;
        self.writes.extend(writes);
        self.counters = counters;
        Ok(Committed { outbox })
    }

    /// Everything to be written, the counters with it, and the counters as they are then.
    pub(super) fn finish(mut self) -> (::sled::Batch, Counters) {
        self.writes.insert(layout::COUNTERS_KEY.to_vec(), Some(self.counters.bytes()));
        let mut batch = ::sled::Batch::default();
        for (key, value) in self.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        (batch, self.counters)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => Ok(read::get(self.tree, key)?.map(|value| value.to_vec())),
        }
    }
}

/// The writes of one batch, on top of those of its group.
struct Draft<'g, 'a> {
    group: &'g Group<'a>,
    writes: Writes,
}

impl Draft<'_, '_> {
    /// Whether the batch may be committed at all.
    fn admit(&self, batch: &Ready) -> Result<(), CommitError> {
        if let Some((id, _)) = &batch.event {
            let seen = self.seen(id)?.is_some_and(|at| batch.now.since(at) < SEEN_FOR);
            if seen {
                return Err(CommitError::Seen(id.clone()));
            }
        }
        for (key, expected) in &batch.expect {
            if self.head(key)?.map_or(Revision(0), |head| head.revision) != *expected {
                return Err(CommitError::Conflict(key.clone()));
            }
        }
        Ok(())
    }

    fn change(&mut self, key: &Key, record: Option<&Encoded>, revision: Revision) -> Result<(), StoreError> {
        let place = layout::record_key(key.tree(), &key.name());
        if let Some(old) = self.head(key)? {
            self.drop_value(&place, old.parts);
            if let Some(at) = old.due {
                self.delete(layout::due_key(at, key));
            }
        }
        if let Some(Encoded { due, bytes }) = record {
            let parts = self.split(&place, bytes);
            let head = Head { revision, due: *due, parts };
            self.put(place, head.value(bytes.get(..PART).unwrap_or(bytes)));
            if let Some(at) = due {
                self.put(layout::due_key(*at, key), Vec::new());
            }
        }
        Ok(())
    }

    fn remove_order(&mut self, id: OutboxId) -> Result<(), StoreError> {
        let place = layout::outbox_key(id);
        if let Some(value) = self.get(&place)? {
            self.drop_value(&place, value.first().copied().unwrap_or(0));
        }
        Ok(())
    }

    fn remember(&mut self, id: &EventId, at: Timestamp) -> Result<(), StoreError> {
        if let Some(before) = self.seen(id)? {
            self.delete(layout::seen_at_key(before, id.as_str().as_bytes()));
        }
        self.put(layout::seen_at_key(at, id.as_str().as_bytes()), Vec::new());
        self.put(layout::seen_key(id), layout::sortable(at).to_vec());
        Ok(())
    }

    /// Forgets some of the events that would be let in again anyway, the oldest first.
    fn forget(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let prefix = [layout::SEEN_AT];
        let written = |key: &[u8]| self.writes.contains_key(key) || self.group.writes.contains_key(key);
        let mut oldest: Vec<Vec<u8>> = Vec::new();
        for entry in self.group.tree.scan_prefix(prefix).keys() {
            let key = entry.map_err(|error| read::failure("reading the seen events", &error))?;
            if !written(&key) {
                oldest.push(key.to_vec());
            }
            if oldest.len() == FORGOTTEN_AT_ONCE {
                break;
            }
        }
        let group = self.group.writes.range(prefix.to_vec()..vec![layout::SEEN_AT + 1]);
        let group = group.filter(|(key, value)| value.is_some() && !self.writes.contains_key(*key));
        oldest.extend(group.take(FORGOTTEN_AT_ONCE).map(|(key, _)| key.clone()));
        oldest.sort();
        for key in oldest.into_iter().take(FORGOTTEN_AT_ONCE) {
            let (at, id) = layout::read_seen_at(&key)?;
            if now.since(at) < SEEN_FOR {
                break;
            }
            self.delete([&[layout::SEEN], id.as_slice()].concat());
            self.delete(key);
        }
        Ok(())
    }

    fn seen(&self, id: &EventId) -> Result<Option<Timestamp>, StoreError> {
        let Some(value) = self.get(&layout::seen_key(id))? else { return Ok(None) };
        let at = layout::whole(&value).map(layout::from_sortable);
        at.map(Some).ok_or_else(|| layout::damaged("an entry of the seen events", "its time has another length"))
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, StoreError> {
        let Some(value) = self.get(&layout::record_key(key.tree(), &key.name()))? else { return Ok(None) };
        let head = Head::read(&value).map(|(head, _)| head);
        head.map(Some).ok_or_else(|| read::headless(key.tree(), &key.name()))
    }

    /// Writes what does not fit into the first value, and says how many parts that took.
    fn split(&mut self, place: &[u8], bytes: &[u8]) -> u8 {
        let rest = bytes.get(PART..).unwrap_or_default();
        let mut parts = 0;
        for part in rest.chunks(PART) {
            self.put(layout::part_key(place, parts), part.to_vec());
            parts = parts.checked_add(1).expect("what fits is at most 900,000 bytes, which is 231 values");
        }
        parts
    }

    fn drop_value(&mut self, place: &[u8], parts: u8) {
        self.delete(place.to_vec());
        for part in 0..parts {
            self.delete(layout::part_key(place, part));
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.group.get(key),
        }
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }
}
