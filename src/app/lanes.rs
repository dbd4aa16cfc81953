//! Lanes: each loads the records that an event can touch, calls the bot, commits what comes back, and passes the orders on.
//!
//! What goes beyond a limit waits in a lane of its own, so that it holds up nobody else.
//!
//! A conflict means that somebody else was quicker: load again, call again. Events of one person stay in order; people go
//! side by side.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::adapter::Settled;
use crate::app::clock::Clock;
use crate::app::limits::{Beyond, Limits};
use crate::app::memory::Memory;
use crate::app::outbox::{Handled, Inlet, Item};
use crate::base::id::stable_hash;
use crate::bot::Bot;
use crate::message::model::Message;
use crate::port::action::{Change, Order, Outcome, Post};
use crate::port::event::Event;
use crate::port::record::{Key, Person, Record, Records, Revision};
use crate::store::{Batch, CommitError, OutboxId, Store, StoreError};

/// How many conversations are worked on side by side.
const LANES: usize = 8;
/// How often a lost race is run again.
const TRIES: usize = 16;
/// Events that may wait in a lane.
const WAITING: usize = 256;

/// Events beyond a limit that may wait for a look.
const ASIDE: usize = 1024;

/// What the parts of the runtime share.
pub(super) struct Shared {
    pub bot: Arc<Bot>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub memory: Mutex<Memory>,
    /// How much may be asked; without it, everything.
    pub limits: Option<Limits>,
    /// A record's due time may have changed.
    pub changed: Notify,
}

/// An event in a lane.
pub(super) struct Job {
    pub event: Event,
    pub handled: Arc<Handled>,
    /// Answered once nothing of it can be lost any more; dropped if it was not come to.
    pub settled: Option<oneshot::Sender<Settled>>,
}

/// The lanes' ends.
#[derive(Clone)]
pub(super) struct Lanes {
    shared: Arc<Shared>,
    lanes: Vec<mpsc::Sender<Job>>,
    /// For what goes beyond a limit.
    aside: mpsc::Sender<Job>,
}

impl Lanes {
    /// Lets something that an adapter brings be handled, as far as the limits go.
    pub async fn admit(&self, job: Job) {
        let beyond = match (&job.event, &self.shared.limits) {
            (Event::Person(person), Some(limits)) => limits.count(self.shared.clock.now(), person),
            _ => None,
        };
        let (person, beyond, handled, settled) = match (job, beyond) {
            (Job { event: Event::Person(person), handled, settled }, Some(beyond)) => {
                (person, beyond, handled, settled)
            }
            (job, _) => return self.put(job).await,
        };
        let is_urgent = self.shared.bot.is_urgent(&person);
        let event = Event::Beyond { person, limit: beyond.limit, tell: beyond.tell };
        let job = Job { event, handled, settled };
        if is_urgent {
            // None of it may be lost; yet a flood of emergencies waits where it holds up nobody, as long as there is room.
            let Err(TrySendError::Full(job) | TrySendError::Closed(job)) = self.lane(&job).try_send(job) else {
                return;
            };
            let Err(TrySendError::Full(job) | TrySendError::Closed(job)) = self.aside.try_send(job) else { return };
            return self.put(job).await;
        }
        // The encoder may still see a sign in it that the rules don't. When so much waits for that, the rules have to do.
        if let Err(TrySendError::Full(job) | TrySendError::Closed(job)) = self.aside.try_send(job) {
            tracing::debug!("too much goes beyond the limits; an event was passed over");
            if let Some(settled) = job.settled {
                // Nothing follows from it; and nobody may be waiting any more.
                let _ = settled.send(Settled::Stored);
            }
        }
    }

    /// Lets an event be handled.
    pub async fn put(&self, job: Job) {
        // A lane ends only after every sender is gone.
        let _ = self.lane(&job).send(job).await;
    }

    /// The lane of an event's person.
    fn lane(&self, job: &Job) -> &mpsc::Sender<Job> {
        let index = usize::try_from(stable_hash(job.event.lane().as_bytes()) % self.lanes.len() as u64).unwrap_or(0);
        &self.lanes[index]
    }
}

/// Starts the lanes.
pub(super) fn lanes(shared: &Arc<Shared>, inlet: &Inlet) -> (Lanes, JoinSet<()>) {
    let mut tasks = JoinSet::new();
    let mut lane = |waiting: usize| {
        let (sender, mut jobs) = mpsc::channel::<Job>(waiting);
        let (shared, inlet) = (shared.clone(), inlet.clone());
        tasks.spawn(async move {
            while let Some(job) = jobs.recv().await {
                shared.handle(job, &inlet).await;
            }
        });
        sender
    };
    let aside = lane(ASIDE);
    let lanes = (0..LANES).map(|_| lane(WAITING)).collect();
    (Lanes { shared: shared.clone(), lanes, aside }, tasks)
}

impl Shared {
    /// Load, handle, commit, pass on; again when the race was lost.
    async fn handle(&self, job: Job, inlet: &Inlet) {
        let Job { event, handled, settled } = job;
        let became = self.work(event, &handled, inlet).await;
        if let Some(settled) = settled {
            // Nobody may be waiting any more, which is their right.
            let _ = settled.send(became);
        }
    }

    async fn work(&self, mut event: Event, handled: &Arc<Handled>, inlet: &Inlet) -> Settled {
        let mut is_counted = false;
        for _ in 0..TRIES {
            let records = match self.load(&event) {
                Ok(records) => records,
                Err(error) => {
                    // Advice in an emergency needs no records, and has to come all the same.
                    tracing::error!(%error, "records could not be loaded");
                    let none = Records::default();
                    let outcome = self.think(&event, &none).await;
                    self.say_unsaved(&event, &none, outcome, &error, inlet, handled);
                    return Settled::Unsaved;
                }
            };
            if !std::mem::replace(&mut is_counted, true) {
                event = self.counted_here(event, &records);
            }
            let outcome = self.think(&event, &records).await;
            match self.commit(&event, &records, &outcome).await {
                Ok(ids) => {
                    self.remember(&outcome);
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
                    self.say_unsaved(&event, &records, outcome, &error, inlet, handled);
                    return Settled::Unsaved;
                }
                Err(CommitError::Unfit(why)) => {
                    tracing::error!(why, "an event's outcome can't be saved");
                    let error = StoreError::Failed(why);
                    self.say_unsaved(&event, &records, outcome, &error, inlet, handled);
                    return Settled::Unsaved;
                }
            }
        }
        tracing::error!("an event lost every race and was given up");
        Settled::Unsaved
    }

    /// The event, marked when it goes beyond what its server allows.
    fn counted_here(&self, event: Event, records: &Records) -> Event {
        let beyond = match (&event, &self.limits) {
            (Event::Person(person), Some(limits)) => limits.count_here(self.clock.now(), person, records),
            _ => None,
        };
        match (event, beyond) {
            (Event::Person(person), Some(Beyond { limit, tell })) => Event::Beyond { person, limit, tell },
            (event, _) => event,
        }
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

    /// Nothing can be saved, or not even read. What changes nothing is said all the same, above all the advice in an emergency; else that it
    /// can't be saved.
    fn say_unsaved(
        &self,
        event: &Event,
        records: &Records,
        outcome: Outcome,
        error: &StoreError,
        inlet: &Inlet,
        handled: &Arc<Handled>,
    ) {
        let (Event::Person(person) | Event::Beyond { person, .. }) = event else { return };
        let changes_nothing = outcome.changes.iter().all(|change| is_slight(change, records));
        let raises = outcome.changes.iter().any(|change| matches!(change.key, Key::Lock(_)) && change.record.is_some());
        self.remember(&outcome);
        let phrases = self.bot.phrases();
        let sentence = match error {
            StoreError::ReadOnly { .. } | StoreError::Full(_) => phrases.read_only(),
            _ => phrases.cannot_save(),
        };
        let orders = if changes_nothing || raises {
            outcome.orders
        } else {
            vec![Order::Say(Post {
                place: person.place.clone(),
                person: person.who.clone(),
                reply: person.reply.clone(),
                step: None,
                urgent: false,
                message: Message::say(sentence).private(),
            })]
        };
        for order in orders {
            inlet.put(Item { id: None, order, handled: handled.clone() });
        }
    }
}

/// Whether nobody would miss a change: it was to stay in memory, or was only to note the day of use.
fn is_slight(change: &Change, records: &Records) -> bool {
    match (&change.record, records.get(&change.key)) {
        (Some(Record::Person(next)), Some(Record::Person(before))) => {
            *before == Person { last_used: before.last_used, ..next.clone() }
        }
        _ => change.key.is_volatile(),
    }
}
