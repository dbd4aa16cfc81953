//! The store and the clock of a transcript: records in memory as bytes with revisions, and time as a number.
//!
//! Every event is held against the laws that the real store relies on: the bot is pure, it changes only what was loaded,
//! and replaying all changes gives what is stored.

use std::collections::{BTreeMap, BTreeSet};

use nape::base::time::Timestamp;
use nape::bot::Bot;
use nape::port::action::{Change, Order};
use nape::port::event::Event;
use nape::port::record::{Key, Record, Records, Revision};

/// What is stored, what is remembered, and what time it is.
pub struct World {
    bot: &'static Bot,
    /// Now.
    pub now: Timestamp,
    stored: BTreeMap<Key, (Vec<u8>, Revision)>,
    memory: BTreeMap<Key, Record>,
    /// Every change since the beginning.
    history: Vec<Change>,
    /// Laws that were broken.
    pub broken: Vec<String>,
}

impl World {
    /// An empty world at this moment.
    pub fn new(bot: &'static Bot, now: Timestamp) -> Self {
        let (stored, memory, history, broken) = Default::default();
        Self { bot, now, stored, memory, history, broken }
    }

    /// Puts a record in before anything happens.
    pub fn put(&mut self, key: Key, record: Record) {
        self.commit(&[Change { key, record: Some(record) }]);
    }

    /// Loads, handles, commits; what is to be said and done comes back.
    pub fn handle(&mut self, event: &Event) -> Vec<Order> {
        let mut records = self.load(&event.keys());
        let further = event.further_keys(&records);
        records.extend(self.load(&further));
        let outcome = self.bot.handle(self.now, event, &records);
        if outcome != self.bot.handle(self.now, event, &records) {
            self.broken.push(format!("the same event gave two outcomes: {event:?}"));
        }
        let keys: BTreeSet<&Key> = outcome.changes.iter().map(|change| &change.key).collect();
        for key in keys.iter().filter(|key| !records.holds(key)) {
            self.broken.push(format!("{key:?} was changed without being loaded"));
        }
        if keys.len() != outcome.changes.len() {
            self.broken.push(format!("a record was changed twice at once: {:?}", outcome.changes));
        }
        self.commit(&outcome.changes);
        if let Event::Due { key, at } = event
            && self.record(key).and_then(|record| record.due()).is_some_and(|due| due <= self.now)
        {
            self.broken.push(format!("{key:?} was due at {at} and still is"));
        }
        self.replay();
        outcome.orders
    }

    /// What is due next.
    pub fn next_due(&self) -> Option<(Timestamp, Key)> {
        let due = |key: &Key| self.record(key).and_then(|record| record.due());
        self.stored.keys().filter_map(|key| Some((due(key)?, key.clone()))).min()
    }

    /// The process dies: what was only remembered is gone.
    pub fn forget(&mut self) {
        self.memory.clear();
    }

    /// A stored record.
    pub fn record(&self, key: &Key) -> Option<Record> {
        let (bytes, _) = self.stored.get(key)?;
        Some(Record::decode(key.tree(), bytes).expect("what was stored reads back"))
    }

    /// All stored records.
    pub fn records(&self) -> impl Iterator<Item = (&Key, Record)> {
        self.stored.keys().filter_map(|key| Some((key, self.record(key)?)))
    }

    fn load(&self, keys: &[Key]) -> Records {
        let mut records = Records::default();
        for key in keys {
            if key.is_volatile() {
                records.insert(key.clone(), self.memory.get(key).cloned(), Revision::default());
            } else {
                let revision = self.stored.get(key).map_or(Revision::default(), |(_, revision)| *revision);
                records.insert(key.clone(), self.record(key), revision);
            }
        }
        records
    }

    fn commit(&mut self, changes: &[Change]) {
        self.history.extend(changes.iter().cloned());
        for Change { key, record } in changes {
            match record {
                Some(record) if key.is_volatile() => {
                    self.memory.insert(key.clone(), record.clone());
                }
                Some(record) => {
                    let revision = self.stored.get(key).map_or(0, |(_, revision)| revision.0);
                    self.stored.insert(key.clone(), (record.encode(), Revision(revision + 1)));
                }
                None => {
                    self.memory.remove(key);
                    self.stored.remove(key);
                }
            }
        }
    }

    /// Replaying the changes gives the state, and every record reads back as it was written.
    fn replay(&mut self) {
        let mut replayed: BTreeMap<&Key, &Record> = BTreeMap::new();
        for Change { key, record } in self.history.iter().filter(|change| !change.key.is_volatile()) {
            match record {
                Some(record) => replayed.insert(key, record),
                None => replayed.remove(key),
            };
        }
        let stored: BTreeMap<&Key, Record> = self.records().collect();
        if stored.len() != replayed.len() || stored.iter().any(|(key, record)| replayed.get(key) != Some(&record)) {
            self.broken.push(format!("replaying the changes gives {replayed:?}, but {stored:?} is stored"));
        }
    }
}
