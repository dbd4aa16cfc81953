//! The store that forgets when the process ends: for simulations, for tests, and as the measure of the other one.
//!
//! It must never be kinder than the real one: what that refuses, this refuses too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{
    Batch, CommitError, Committed, FORGOTTEN_AT_ONCE, OutboxId, OutboxItem, SEEN_FOR, Store, StoreError, fits,
};
use crate::base::id::EventId;
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Records, Revision};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By tree and name, so that pages come in the order that the trait promises.
    records: BTreeMap<(&'static str, String), (Key, Record, Revision)>,
    outbox: BTreeMap<OutboxId, OutboxItem>,
    seen: BTreeMap<EventId, Timestamp>,
    /// The last commit's number: the revision of what it wrote.
    commits: u64,
    /// The last outbox number given.
    ordered: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A batch is checked before anything is changed, so a panic leaves no half of one behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn load(&self, keys: &[Key]) -> Result<Records, StoreError> {
        let state = self.state();
        let mut records = Records::default();
        for key in keys {
            debug_assert!(!key.is_volatile(), "volatile records stay with the runtime");
            if !key.is_volatile() {
                let found = state.records.get(&place(key));
                records.insert(key.clone(), found.map(|(_, record, _)| record.clone()), state.revision(key));
            }
        }
        Ok(records)
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        batch.check()?;
        let items: Vec<OutboxItem> =
            batch.orders.iter().map(|order| OutboxItem { at: batch.now, order: order.clone() }).collect();
        for item in &items {
            fits(item.encode().len())?;
        }
        for record in batch.changes.iter().filter_map(|change| change.record.as_ref()) {
            fits(record.encode().len())?;
        }
        self.state().commit(batch, items)
    }

    fn due(&self, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
        let state = self.state();
        let due = |(key, record, _): &(Key, Record, Revision)| record.due().map(|at| (at, place(key), key.clone()));
        let mut found: Vec<_> = state.records.values().filter_map(due).filter(|(at, ..)| *at <= upto).collect();
        found.sort();
        Ok(found.into_iter().take(limit).map(|(at, _, key)| (at, key)).collect())
    }

    fn scan(&self, tree: &str, after: Option<&str>, limit: usize) -> Result<Vec<(Key, Record)>, StoreError> {
        let Some(tree) = Key::TREES.iter().find(|known| **known == tree) else {
            debug_assert!(false, "there is no tree {tree}");
            return Ok(Vec::new());
        };
        let from = match after {
            Some(name) => Bound::Excluded((*tree, name.to_owned())),
            None => Bound::Included((*tree, String::new())),
        };
        let state = self.state();
        let rest = state.records.range((from, Bound::Unbounded)).take_while(|((own, _), _)| own == tree);
        Ok(rest.take(limit).map(|(_, (key, record, _))| (key.clone(), record.clone())).collect())
    }

    fn outbox(&self, after: OutboxId, limit: usize) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
        let state = self.state();
        let rest = state.outbox.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(rest.take(limit).map(|(id, item)| (*id, item.clone())).collect())
    }
}

impl State {
    fn revision(&self, key: &Key) -> Revision {
        self.records.get(&place(key)).map_or(Revision(0), |(_, _, revision)| *revision)
    }

    fn commit(&mut self, batch: Batch, items: Vec<OutboxItem>) -> Result<Committed, CommitError> {
        let seen = |id: &EventId| self.seen.get(id).is_some_and(|at| batch.now.since(*at) < SEEN_FOR);
        if let Some((id, _)) = batch.event.as_ref().filter(|(id, _)| seen(id)) {
            return Err(CommitError::Seen(id.clone()));
        }
        let stale = |(key, revision): &&(Key, Revision)| !key.is_volatile() && self.revision(key) != *revision;
        if let Some((key, _)) = batch.expect.iter().find(stale) {
            return Err(CommitError::Conflict(key.clone()));
        }

        self.commits += 1;
        for change in batch.changes.into_iter().filter(|change| !change.key.is_volatile()) {
            match change.record {
                Some(record) => {
                    self.records.insert(place(&change.key), (change.key, record, Revision(self.commits)));
                }
                None => {
                    self.records.remove(&place(&change.key));
                }
            }
        }
        for id in &batch.sent {
            self.outbox.remove(id);
        }
        let mut outbox = Vec::with_capacity(items.len());
        for item in items {
            self.ordered += 1;
            self.outbox.insert(OutboxId(self.ordered), item);
            outbox.push(OutboxId(self.ordered));
        }
        if let Some((id, at)) = batch.event {
            self.forget(batch.now);
            self.seen.insert(id, at);
        }
        Ok(Committed { outbox })
    }

    /// Forgets some of the events that would be let in again anyway.
    fn forget(&mut self, now: Timestamp) {
        let by_time: BTreeSet<(Timestamp, &EventId)> = self.seen.iter().map(|(id, at)| (*at, id)).collect();
        let old = by_time.into_iter().take_while(|(at, _)| now.since(*at) >= SEEN_FOR).take(FORGOTTEN_AT_ONCE);
        let old: Vec<EventId> = old.map(|(_, id)| id.clone()).collect();
        for id in old {
            self.seen.remove(&id);
        }
    }
}

fn place(key: &Key) -> (&'static str, String) {
    (key.tree(), key.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::UserId;
    use crate::port::action::Change;
    use crate::port::record::Lock;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn write(now: i64, expect: Option<u64>) -> Batch {
        let key = Key::Lock(UserId::from_stored("terminal:me"));
        let record = Record::Lock(Lock { until: Timestamp::from_millis(now) });
        Batch {
            expect: expect.map(|revision| (key.clone(), Revision(revision))).into_iter().collect(),
            changes: vec![Change { key, record: Some(record) }],
            now: Timestamp::from_millis(now),
            ..Batch::default()
        }
    }

    #[test]
    fn a_record_that_was_deleted_and_came_back_is_not_the_one_that_was_loaded() {
        let store = MemoryStore::new();
        let key = Key::Lock(UserId::from_stored("terminal:me"));
        block_on(store.commit(write(1, Some(0)))).unwrap();
        let loaded = store.load(std::slice::from_ref(&key)).unwrap().revision(&key).unwrap();
        let delete = Batch { changes: vec![Change { key: key.clone(), record: None }], ..Batch::default() };
        block_on(store.commit(delete)).unwrap();
        block_on(store.commit(write(2, Some(0)))).unwrap();
        assert_eq!(block_on(store.commit(write(3, Some(loaded.0)))), Err(CommitError::Conflict(key)));
    }

    #[test]
    fn an_event_is_let_in_again_after_its_time() {
        let store = MemoryStore::new();
        let id = EventId::from_stored("terminal:1");
        let at = |millis| {
            let moment = Timestamp::from_millis(millis);
            Batch { event: Some((id.clone(), moment)), now: moment, ..Batch::default() }
        };
        let span = i64::try_from(SEEN_FOR.as_millis()).unwrap();
        assert!(block_on(store.commit(at(0))).is_ok());
        assert_eq!(block_on(store.commit(at(span - 1))), Err(CommitError::Seen(id.clone())));
        assert!(block_on(store.commit(at(span))).is_ok());
    }
}
