//! What a group of batches would write: every batch is checked against the store and the batches before it, and either
//! all of its writes join the group or none.
//!
//! It must never write by itself; the committer hands the whole group to the engine at once.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use ::sled::{IVec, Tree};

use super::layout::{self, Counters, Head, PART};
use super::read::{self, View};
use super::ready::{Encoded, PersonKey, Ready};
use super::tombs;
use super::vault::{self, Vault};
use crate::base::time::Timestamp;
use crate::port::record::Revision;
use crate::store::seal::{Mac, Secret};
use crate::store::{CommitError, Committed, FORGOTTEN_AT_ONCE, OutboxId, SEEN_FOR, StoreError};

/// Keys with their new values; `None` deletes.
pub(super) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A person that was deleted: under what name, by which commit, on which day.
pub(super) type Forgotten = (Mac, u64, Timestamp);

/// The writes of the batches that were let in so far.
pub(super) struct Group<'a> {
    tree: &'a Tree,
    vault: &'a Vault,
    writes: Writes,
    counters: Counters,
    forgotten: Vec<Forgotten>,
    expired: Option<Timestamp>,
}

/// All that a group comes to.
pub(super) struct Finished {
    pub(super) writes: Writes,
    pub(super) counters: Counters,
    pub(super) forgotten: Vec<Forgotten>,
    /// The time by which tombstones were over, if those were to go.
    pub(super) expired: Option<Timestamp>,
}

impl<'a> Group<'a> {
    /// An empty group on what the store holds, and the counters as the last group left them.
    pub(super) fn new(view: View<'a>, counters: Counters) -> Self {
        let (writes, forgotten) = (Writes::new(), Vec::new());
        Self { tree: view.tree, vault: view.vault, writes, counters, forgotten, expired: None }
    }

    /// Lets a batch in, or leaves the group as it was.
    pub(super) fn add(&mut self, batch: Ready) -> Result<Committed, CommitError> {
        let counters = Counters { commits: self.counters.commits + 1, ..self.counters };
        let mut draft = Draft { group: self, writes: Writes::new(), counters };
        draft.admit(&batch)?;
        for ((tree, name), record) in &batch.changes {
            draft.change(tree, *name, record.as_ref())?;
        }
        let mut forgotten = Vec::new();
        for ((tree, name), _) in
            batch.changes.iter().filter(|((tree, _), record)| vault::is_personal(tree) && record.is_none())
        {
            draft.shred(*name)?;
            if *tree == "person" {
                let day = batch.now.day();
                draft.put(layout::named_key(layout::FORGOTTEN, *name), layout::tombstone(draft.counters.commits, day));
                forgotten.push((*name, draft.counters.commits, day));
            }
        }
        for id in &batch.sent {
            draft.remove_order(*id)?;
        }
        let mut outbox = Vec::with_capacity(batch.orders.len());
        for plain in &batch.orders {
            outbox.push(draft.add_order(plain));
        }
        if let Some((_, name, at)) = &batch.event {
            draft.forget(batch.now)?;
            draft.remember(*name, *at)?;
        }
        let Draft { writes, counters, .. } = draft;
        self.writes.extend(writes);
        self.counters = counters;
        self.forgotten.extend(forgotten);
        Ok(Committed { outbox })
    }

    /// Seals with the current generation what lies under these keys and was sealed by an older one.
    pub(super) fn reseal(&mut self, keys: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let mut draft = Draft { counters: self.counters, group: self, writes: Writes::new() };
        for key in keys {
            draft.reseal(&key)?;
        }
        let writes = draft.writes;
        self.writes.extend(writes);
        Ok(())
    }

    /// Removes the tombstones that need not be remembered any more.
    pub(super) fn expire(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut over = Vec::new();
        read::each(self.tree, vec![layout::FORGOTTEN], vec![layout::FORGOTTEN + 1], |key, value| {
            let (_, day) = layout::read_tombstone(value)?;
            // One that this group writes is of another day.
            if tombs::is_over(day, now) && !self.writes.contains_key(key) {
                over.push(key.to_vec());
            }
            Ok(true)
        })?;
        self.writes.extend(over.into_iter().map(|key| (key, None)));
        self.expired = Some(now);
        Ok(())
    }

    /// Everything to be written, the counters with it, and the counters as they are then.
    pub(super) fn finish(mut self) -> Finished {
        let counters = self.vault.seal(&[layout::COUNTERS_KEY], &self.counters.bytes());
        self.writes.insert(layout::COUNTERS_KEY.to_vec(), Some(counters));
        let Self { writes, counters, forgotten, expired, .. } = self;
        Finished { writes, counters, forgotten, expired }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.as_deref().map(Value::Written)),
            None => Ok(read::get(self.tree, key)?.map(Value::Stored)),
        }
    }
}

/// A value as it is, or will be once the group is written. Most are only looked at, so neither is copied.
enum Value<'a> {
    Written(&'a [u8]),
    Stored(IVec),
}

impl Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Written(bytes) => bytes,
            Self::Stored(bytes) => bytes,
        }
    }
}

/// The writes of one batch, on top of those of its group, and the counters as they would be.
struct Draft<'g, 'a> {
    group: &'g Group<'a>,
    writes: Writes,
    counters: Counters,
}

impl Draft<'_, '_> {
    /// Whether the batch may be committed at all.
    fn admit(&self, batch: &Ready) -> Result<(), CommitError> {
        if let Some((id, name, _)) = &batch.event {
            let seen = self.seen(*name)?.is_some_and(|at| batch.now.since(at) < SEEN_FOR);
            if seen {
                return Err(CommitError::Seen(id.clone()));
            }
        }
        for (key, name, expected) in &batch.expect {
            if self.head(key.tree(), *name)?.map_or(Revision(0), |head| head.revision) != *expected {
                return Err(CommitError::Conflict(key.clone()));
            }
        }
        Ok(())
    }

    fn change(&mut self, tree: &'static str, name: Mac, record: Option<&Encoded>) -> Result<(), StoreError> {
        let place = layout::record_key(tree, name);
        let old = self.head(tree, name)?;
        if let Some(old) = old {
            self.drop_value(&place, old.parts);
            self.counters.records = self.counters.records.saturating_sub(1);
        }
        // Most are due on the same day as before: nothing is written for that.
        let (due_before, due_now) = (old.and_then(|old| old.due), record.and_then(|record| record.due));
        if due_before != due_now {
            if let Some(at) = due_before {
                self.delete(layout::due_key(at, tree, name));
            }
            if let Some(at) = due_now {
                self.put(layout::due_key(at, tree, name), Vec::new());
            }
        }
        if let Some(Encoded { due, plain, key }) = record {
            let length = vault::sealed_length(vault::is_personal(tree), plain.len());
            let head = Head { revision: Revision(self.counters.commits), due: *due, parts: parts(length) };
            let about: [&[u8]; 2] = [&place, &head.bytes()];
            let sealed = if vault::is_personal(tree) {
                let secret = self.person(name, key.as_ref())?;
                vault::seal_personal(&secret, &about, plain)
            } else {
                self.group.vault.seal(&about, plain)
            };
            self.split(&place, &head.bytes(), &sealed);
            self.counters.records += 1;
        }
        Ok(())
    }

    /// A person's key; a new one when they have none.
    fn person(&mut self, name: Mac, known: Option<&PersonKey>) -> Result<Arc<Secret>, StoreError> {
        let key = layout::named_key(layout::PERSON, name);
        let Some(row) = self.get(&key)? else {
            let (secret, row) = self.group.vault.new_person(name);
            self.put(key, row);
            return Ok(Arc::new(secret));
        };
        match known.filter(|known| *known.row == *row) {
            Some(known) => Ok(known.secret.clone()),
            // It was changed since: by a rotation, or a deletion and a new beginning.
            None => self.group.vault.unwrap(name, &row).map(Arc::new),
        }
    }

    /// Throws a person's key away once nothing is left that it opens.
    fn shred(&mut self, name: Mac) -> Result<(), StoreError> {
        if self.head("person", name)?.is_none() && self.head("session", name)?.is_none() {
            self.delete(layout::named_key(layout::PERSON, name));
        }
        Ok(())
    }

    fn add_order(&mut self, plain: &[u8]) -> OutboxId {
        self.counters.ordered += 1;
        self.counters.waiting += 1;
        let id = OutboxId(self.counters.ordered);
        let place = layout::outbox_key(id);
        let head = [parts(vault::sealed_length(false, plain.len()))];
        let sealed = self.group.vault.seal(&[&place, &head], plain);
        self.split(&place, &head, &sealed);
        id
    }

    fn remove_order(&mut self, id: OutboxId) -> Result<(), StoreError> {
        let place = layout::outbox_key(id);
        if let Some(parts) = self.get(&place)?.map(|value| value.first().copied().unwrap_or(0)) {
            self.drop_value(&place, parts);
            self.counters.waiting = self.counters.waiting.saturating_sub(1);
        }
        Ok(())
    }

    fn remember(&mut self, name: Mac, at: Timestamp) -> Result<(), StoreError> {
        if let Some(before) = self.seen(name)? {
            self.delete(layout::seen_at_key(before, name));
        }
        self.put(layout::seen_at_key(at, name), Vec::new());
        self.put(layout::named_key(layout::SEEN, name), layout::sortable(at).to_vec());
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
            let (at, name) = layout::read_seen_at(&key)?;
            if now.since(at) < SEEN_FOR {
                break;
            }
            self.delete(layout::named_key(layout::SEEN, name));
            self.delete(key);
        }
        Ok(())
    }

    fn seen(&self, name: Mac) -> Result<Option<Timestamp>, StoreError> {
        let Some(value) = self.get(&layout::named_key(layout::SEEN, name))? else { return Ok(None) };
        let at = layout::whole(&value).map(layout::from_sortable);
        at.map(Some).ok_or_else(|| layout::damaged("an entry of the seen events", "its time has another length"))
    }

    fn head(&self, tree: &str, name: Mac) -> Result<Option<Head>, StoreError> {
        let Some(value) = self.get(&layout::record_key(tree, name))? else { return Ok(None) };
        let head = Head::read(&value).map(|(head, _)| head);
        head.map(Some).ok_or_else(|| read::headless(tree, name))
    }

    fn reseal(&mut self, key: &[u8]) -> Result<(), StoreError> {
        // Gone since it was looked for: nothing is left to seal.
        let Some(value) = self.get(key)?.map(|value| value.to_vec()) else { return Ok(()) };
        let vault = self.group.vault;
        match key.first() {
            Some(&layout::PERSON) if !vault.is_current(&value) => {
                let name = key.get(1..).and_then(|name| name.try_into().ok());
                let name = name.ok_or_else(|| layout::damaged("a person's key", "it has no name"))?;
                let row = vault.wrap(name, &vault.unwrap(name, &value)?);
                self.put(key.to_vec(), row);
            }
            Some(&(layout::RECORD | layout::OUTBOX)) => {
                let length = if key.first() == Some(&layout::OUTBOX) { 1 } else { Head::LENGTH };
                let what = if length == 1 { "an outbox item" } else { "a record" };
                let (head, first) =
                    value.split_at_checked(length).ok_or_else(|| layout::damaged(what, "it is too short"))?;
                if vault.is_current(first) {
                    return Ok(());
                }
                let count = head.last().copied().unwrap_or(0);
                let mut sealed = first.to_vec();
                for part in 0..count {
                    let found = self.get(&layout::part_key(key, part))?;
                    sealed.extend_from_slice(&found.ok_or_else(|| layout::damaged(what, "a part of it is missing"))?);
                }
                let again = vault.seal(&[key, head], &vault.open(&[key, head], &sealed, what)?);
                self.split(key, head, &again);
            }
            Some(&layout::META) if !vault.is_current(&value) => {
                let again = vault.seal(&[key], &vault.open(&[key], &value, "the store's canary")?);
                self.put(key.to_vec(), again);
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes a value: its head and first bytes under `place`, the rest as parts.
    fn split(&mut self, place: &[u8], head: &[u8], sealed: &[u8]) {
        let (first, rest) = sealed.split_at_checked(PART).unwrap_or((sealed, &[]));
        for (part, bytes) in (0..).zip(rest.chunks(PART)) {
            self.put(layout::part_key(place, part), bytes.to_vec());
        }
        self.put(place.to_vec(), [head, first].concat());
    }

    fn drop_value(&mut self, place: &[u8], parts: u8) {
        self.delete(place.to_vec());
        for part in 0..parts {
            self.delete(layout::part_key(place, part));
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.as_deref().map(Value::Written)),
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

/// How many parts follow the first bytes of a value of this length.
pub(super) fn parts(length: usize) -> u8 {
    u8::try_from(length.saturating_sub(PART).div_ceil(PART))
        .expect("what fits is at most 900,000 bytes, which is 231 values")
}

/// The writes as the engine takes them.
pub(super) fn engine_batch(writes: &Writes) -> ::sled::Batch {
    let mut batch = ::sled::Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.insert(key.as_slice(), value.as_slice()),
            None => batch.remove(key.as_slice()),
        }
    }
    batch
}
