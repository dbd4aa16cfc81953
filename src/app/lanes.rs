//! Lanes: events of one person stay in order, people go side by side. What is done with each, [`work`](super::work) says.
//!
//! What goes beyond a limit waits in a lane of its own, so that it holds up nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{Instrument, Span};

use crate::adapter::Settled;
use crate::app::log::names;
use crate::app::metrics;
use crate::app::outbox::{Handled, Inlet};
use crate::app::work::Shared;
use crate::base::id::stable_hash;
use crate::port::event::Event;

/// How many conversations are worked on side by side.
const LANES: usize = 8;
/// Events that may wait in a lane.
const WAITING: usize = 256;
/// Events beyond a limit that may wait for a look.
const ASIDE: usize = 1024;

/// An event in a lane.
pub(super) struct Job {
    pub event: Event,
    pub handled: Handled,
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
        let waiting = &self.shared.vitals.metrics;
        waiting.in_lanes(1);
        let beyond = match (&job.event, &self.shared.limits) {
            (Event::Person(person), Some(limits)) => limits.count(self.shared.clock.now(), person),
            _ => None,
        };
        let (person, beyond, handled, settled) = match (job, beyond) {
            (Job { event: Event::Person(person), handled, settled }, Some(beyond)) => {
                (person, beyond, handled, settled)
            }
            (job, _) => return self.wait(job).await,
        };
        // What panics there panics again in its lane, where it is one event's misfortune; here it would be everybody's.
        let looked = catch_unwind(AssertUnwindSafe(|| self.shared.bot.is_urgent(&person)));
        let is_urgent = looked.unwrap_or(true);
        let event = Event::Beyond { person, limit: beyond.limit, tell: beyond.tell };
        let job = Job { event, handled, settled };
        if is_urgent {
            // None of it may be lost; yet a flood of emergencies waits where it holds up nobody, as long as there is room.
            let Err(TrySendError::Full(job) | TrySendError::Closed(job)) = self.lane(&job).try_send(job) else {
                return;
            };
            let Err(TrySendError::Full(job) | TrySendError::Closed(job)) = self.aside.try_send(job) else { return };
            return self.wait(job).await;
        }
        // The encoder may still see a sign in it that the rules don't. When so much waits for that, the rules have to do.
        if let Err(TrySendError::Full(job) | TrySendError::Closed(job)) = self.aside.try_send(job) {
            tracing::debug!("too much goes beyond the limits; an event was passed over");
            waiting.in_lanes(-1);
            if let Some(settled) = job.settled {
                // Nothing follows from it; and nobody may be waiting any more.
                let _ = settled.send(Settled::Stored);
            }
        }
    }

    /// Lets an event be handled.
    pub async fn put(&self, job: Job) {
        self.shared.vitals.metrics.in_lanes(1);
        self.wait(job).await;
    }

    /// Waits for room in its lane.
    async fn wait(&self, job: Job) {
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
                let span = span(&job.event);
                shared.handle(job, &inlet).instrument(span).await;
                shared.vitals.metrics.in_lanes(-1);
            }
        });
        sender
    };
    let aside = lane(ASIDE);
    let lanes = (0..LANES).map(|_| lane(WAITING)).collect();
    (Lanes { shared: shared.clone(), lanes, aside }, tasks)
}

/// What the log says around everything that an event leads to: its kind, and names that mean nothing elsewhere.
fn span(event: &Event) -> Span {
    let (kind, who) = (metrics::kind(event), names::of(event.lane()));
    match event {
        Event::Person(person) | Event::Beyond { person, .. } => {
            let (id, place) = (names::of(person.id.as_str()), names::of(person.place.channel.as_str()));
            tracing::info_span!("event", kind, platform = person.place.platform.as_str(), id, who, place)
        }
        _ => tracing::info_span!("event", kind, who),
    }
}
