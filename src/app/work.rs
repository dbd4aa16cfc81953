//! What is done with one event: load the records that it can touch, call the bot, commit what comes back, and pass the orders on.
//!
//! A conflict means that somebody else was quicker: load again, call again. What panics on the way is one event's misfortune.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::Notify;

use crate::adapter::Settled;
use crate::app::clock::Clock;
use crate::app::health::Vitals;
use crate::app::lanes::Job;
use crate::app::limits::{Beyond, Limits};
use crate::app::memory::Memory;
use crate::app::metrics::Commit;
use crate::app::outbox::{Handled, Inlet, Item};
use crate::bot::Bot;
use crate::message::model::Message;
use crate::port::action::{Change, Order, Outcome, Post};
use crate::port::event::{Event, FromPerson};
use crate::port::record::{Key, Person, Record, Records, Revision};
use crate::store::{Batch, CommitError, OutboxId, Store, StoreError};

/// How often a lost race is run again.
const TRIES: usize = 16;

/// What the parts of the runtime share.
pub(super) struct Shared {
    pub bot: Arc<Bot>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub memory: Mutex<Memory>,
    /// How much may be asked; without it, everything.
    pub limits: Option<Arc<Limits>>,
    /// A record's due time may have changed.
    pub changed: Notify,
    /// How it goes, and what is counted.
    pub vitals: Vitals,
}

impl Shared {
    /// Handles an event. What panics on the way is this event's misfortune and nobody else's: its person is told, and the lane goes on.
    pub async fn handle(&self, job: Job, inlet: &Inlet) {
        let Job { mut event, handled, settled } = job;
        self.vitals.metrics.event(&event);
        // Nothing is shared that a panic could leave half-way: records are committed whole or not at all.
        let became = match AssertUnwindSafe(self.work(&mut event, &handled, inlet)).catch_unwind().await {
            Ok(became) => became,
            Err(_) => {
                tracing::error!("handling an event panicked; it is given up");
                self.vitals.metrics.panicked();
                self.say_faulty(&event, inlet, &handled);
                // Given again it would panic again.
                Settled::Unsaved
            }
        };
        if let Some(settled) = settled {
            // Nobody may be waiting any more, which is their right.
            let _ = settled.send(became);
        }
    }

    /// Load, think, commit, pass on; again when the race was lost.
    async fn work(&self, event: &mut Event, handled: &Handled, inlet: &Inlet) -> Settled {
        let mut is_counted = false;
        for _ in 0..TRIES {
            let records = match self.load(event) {
                Ok(records) => records,
                Err(error) => {
                    // Advice in an emergency needs no records, and has to come all the same.
                    tracing::error!(%error, "records could not be loaded");
                    let none = Records::default();
                    let outcome = self.think(event, &none).await;
                    self.say_unsaved(event, &none, outcome, &error, inlet, handled);
                    return Settled::Unsaved;
                }
            };
            if !std::mem::replace(&mut is_counted, true) {
                self.count_here(event, &records);
            }
            let outcome = self.think(event, &records).await;
            let committed = self.commit(event, &records, &outcome).await;
            self.count(&committed);
            match committed {
                Ok(ids) => {
                    self.remember(&outcome);
                    self.note(event, &records, &outcome);
                    self.changed.notify_one();
                    for (id, order) in ids.into_iter().zip(outcome.orders) {
                        inlet.put(Item { id, order, handled: handled.clone() });
                    }
                    return Settled::Stored;
                }
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Seen(_)) => return Settled::Stored,
                Err(CommitError::Store(error)) => {
                    tracing::error!(%error, "nothing can be saved");
                    self.say_unsaved(event, &records, outcome, &error, inlet, handled);
                    return Settled::Unsaved;
                }
                Err(CommitError::Unfit(why)) => {
                    tracing::error!(why, "an event's outcome can't be saved");
                    let error = StoreError::Failed(why);
                    self.say_unsaved(event, &records, outcome, &error, inlet, handled);
                    return Settled::Unsaved;
                }
            }
        }
        tracing::error!("an event lost every race and was given up");
        Settled::Unsaved
    }

    /// Marks an event when it goes beyond what its server allows.
    fn count_here(&self, event: &mut Event, records: &Records) {
        let (Event::Person(person), Some(limits)) = (&*event, &self.limits) else { return };
        let Some(Beyond { limit, tell }) = limits.count_here(self.clock.now(), person, records) else { return };
        *event = Event::Beyond { person: person.clone(), limit, tell };
    }

    /// Counts what came of an event that is stored.
    fn note(&self, event: &Event, records: &Records, outcome: &Outcome) {
        let metrics = &self.vitals.metrics;
        metrics.marks(event, &outcome.marks);
        for change in outcome.changes.iter().filter(|change| matches!(change.key, Key::Session(_))) {
            match (records.get(&change.key).is_some(), change.record.is_some()) {
                (false, true) => metrics.session_began(&change.key),
                (true, false) => metrics.session_ended(&change.key),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn count<T>(&self, committed: &Result<T, CommitError>) {
        self.vitals.metrics.committed(match committed {
            Ok(_) => Commit::Stored,
            Err(CommitError::Conflict(_)) => Commit::Conflict,
            Err(CommitError::Seen(_)) => Commit::Seen,
            Err(CommitError::Store(_) | CommitError::Unfit(_)) => Commit::Failed,
        });
    }

    /// Calls the bot. Reading what a person wrote takes some milliseconds of a processor, during which a thread that drives connections
    /// would serve nobody else.
    async fn think(&self, event: &Event, records: &Records) -> Outcome {
        let now = self.clock.now();
        if !event.has_text() {
            return self.bot.handle(now, event, records);
        }
        let (bot, event_there, records_there) = (self.bot.clone(), event.clone(), records.clone());
        let thought = tokio::task::spawn_blocking(move || bot.handle(now, &event_there, &records_there)).await;
        match thought {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The pool is gone only when the program ends, and then nobody waits for this.
                Err(_) => Outcome::default(),
            },
        }
    }

    fn load(&self, event: &Event) -> Result<Records, StoreError> {
        let keys = event.keys();
        let mut records = self.load_keys(&keys)?;
        let further = event.further_keys(&records);
        if !further.is_empty() {
            records.extend(self.load_keys(&further)?);
        }
        Ok(records)
    }

    fn load_keys(&self, keys: &[Key]) -> Result<Records, StoreError> {
        let (volatile, stored): (Vec<Key>, Vec<Key>) = keys.iter().cloned().partition(Key::is_volatile);
        let mut records = self.store.load(&stored)?;
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for key in volatile {
            let record = memory.get(&key);
            records.insert(key, record, Revision::default());
        }
        Ok(records)
    }

    /// Commits what is to be stored. What changes nothing and says nothing needs no commit.
    async fn commit(
        &self,
        event: &Event,
        records: &Records,
        outcome: &Outcome,
    ) -> Result<Vec<Option<OutboxId>>, CommitError> {
        let changes: Vec<_> = outcome.changes.iter().filter(|change| !change.key.is_volatile()).cloned().collect();
        if changes.is_empty() && outcome.orders.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let batch = Batch {
            event: match event {
                Event::Person(person) | Event::Beyond { person, .. } => Some((person.id.clone(), now)),
                Event::Membership { .. }
                | Event::Moved { .. }
                | Event::Due { .. }
                | Event::Returned { .. }
                | Event::Opened { .. }
                | Event::Late { .. }
                | Event::Gone { .. } => None,
            },
            expect: records
                .revisions()
                .filter(|(key, _)| !key.is_volatile())
                .map(|(key, revision)| (key.clone(), revision))
                .collect(),
            changes,
            orders: outcome.orders.clone(),
            now,
            ..Batch::default()
        };
        let ids = self.store.commit(batch).await?.outbox;
        Ok(ids.into_iter().map(Some).collect())
    }

    fn remember(&self, outcome: &Outcome) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for change in outcome.changes.iter().filter(|change| change.key.is_volatile()) {
            memory.set(change.key.clone(), change.record.clone());
        }
    }

    /// A fault of the program's own: its person is told honestly, and where help is, as nobody knows what the text would have raised.
    fn say_faulty(&self, event: &Event, inlet: &Inlet, handled: &Handled) {
        let (Event::Person(person) | Event::Beyond { person, .. }) = event else { return };
        let order = tell(person, self.bot.phrases().fault());
        inlet.put(Item { id: None, order, handled: handled.clone() });
    }

    /// Nothing can be saved, or not even read. What changes nothing is said all the same, above all the advice in an emergency; else that it
    /// can't be saved.
    fn say_unsaved(
        &self,
        event: &Event,
        records: &Records,
        outcome: Outcome,
        error: &StoreError,
        inlet: &Inlet,
        handled: &Handled,
    ) {
        let (Event::Person(person) | Event::Beyond { person, .. }) = event else { return };
        let changes_nothing = outcome.changes.iter().all(|change| is_slight(change, records));
        let raises = outcome.changes.iter().any(|change| matches!(change.key, Key::Lock(_)) && change.record.is_some());
        self.remember(&outcome);
        self.vitals.metrics.marks(event, &outcome.marks);
        let phrases = self.bot.phrases();
        let sentence = match error {
            StoreError::ReadOnly { .. } | StoreError::Full(_) => phrases.read_only(),
            _ => phrases.cannot_save(),
        };
        let orders = if changes_nothing || raises { outcome.orders } else { vec![tell(person, sentence)] };
        for order in orders {
            inlet.put(Item { id: None, order, handled: handled.clone() });
        }
    }
}

/// Tells a person something alone, by the way they came.
fn tell(person: &FromPerson, sentence: String) -> Order {
    Order::Say(Post {
        place: person.place.clone(),
        person: person.who.clone(),
        reply: person.reply.clone(),
        step: None,
        begins: false,
        urgent: false,
        instead: false,
        message: Message::say(sentence).private(),
    })
}

/// Whether nobody would miss a change: it was to stay in memory, or was only to note the day of use.
fn is_slight(change: &Change, records: &Records) -> bool {
    match (&change.record, records.get(&change.key)) {
        (Some(Record::Person(next)), Some(Record::Person(before))) => {
            *before == Person { last_used: before.last_used, keep: before.keep, ..next.clone() }
        }
        _ => change.key.is_volatile(),
    }
}
