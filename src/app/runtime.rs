//! The runtime: lanes, due times, the outbox, and adapters that are watched over. Wiring, no decisions.
//!
//! It starts and ends the parts in their order: [`lanes`](super::lanes), outbox, timer, adapters.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::adapter::Incoming;
use crate::app::clock::Clock;
use crate::app::health::Vitals;
use crate::app::lanes::{Job, Lanes, lanes};
use crate::app::limits::Limits;
use crate::app::memory::Memory;
use crate::app::outbox::{Gateway, Handled, Inlet, Item, Outbox};
use crate::app::supervise::{Adapter, End, supervise};
use crate::app::timer;
use crate::app::work::Shared;
use crate::base::time::Timestamp;
use crate::bot::Bot;
use crate::port::action::{Order, Post};
use crate::port::event::Event;
use crate::store::{Batch, OutboxId, OutboxItem, Store, StoreError};

/// Events that may wait in a lane.
const WAITING: usize = 256;
/// Records fetched at a time.
const AT_A_TIME: usize = 64;
/// Volatile records kept.
const REMEMBERED: usize = 20_000;
/// What is due later than that is no part of a conversation.
pub(super) const FAR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it may take until what was begun is said, when it is to stop; then how long adapters may take to end. 5 s together.
const DRAIN: Duration = Duration::from_secs(4);
const END: Duration = Duration::from_secs(1);

/// Why the runtime could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An adapter on whose end the program ends.
    #[error("{0}")]
    Adapter(String),
}

/// When it is time to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When told so, or when an adapter ends that ends all.
    Stopped,
    /// Then, but only after everything that is due has come to pass. For virtual time.
    NothingIsDue,
}

/// What a run is held to, and where it reports.
pub struct Frame {
    /// How much may be asked; without it, as much as anybody likes.
    pub limits: Option<Arc<Limits>>,
    /// How it goes, and what is counted.
    pub vitals: Vitals,
    /// Called once people can be served.
    pub up: fn(),
}

impl Frame {
    /// No limits, and nobody who looks.
    pub fn bare(clock: &Arc<dyn Clock>) -> Self {
        Self { limits: None, vitals: Vitals::new(clock.clone()), up: || {} }
    }
}

/// Runs until `stop` turns true or the adapters are done. Anybody may ask as much as they like.
///
/// # Errors
/// Those of the store, and of the last adapter that was left.
pub async fn run(
    bot: Arc<Bot>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    adapters: Vec<Adapter>,
    until: Until,
    stop: watch::Receiver<bool>,
) -> Result<(), RuntimeError> {
    run_within(Frame::bare(&clock), bot, store, clock, adapters, until, stop).await
}

/// Runs as [`run`] does, within limits and watched.
///
/// # Errors
/// As [`run`].
pub async fn run_within(
    Frame { limits, vitals, up }: Frame,
    bot: Arc<Bot>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    adapters: Vec<Adapter>,
    until: Until,
    stop: watch::Receiver<bool>,
) -> Result<(), RuntimeError> {
    let shared = Arc::new(Shared {
        bot: bot.clone(),
        store: store.clone(),
        clock: clock.clone(),
        memory: Mutex::new(Memory::new(REMEMBERED)),
        limits,
        changed: Notify::new(),
        vitals: vitals.clone(),
    });
    let ends_all = adapters.iter().any(|adapter| adapter.ends_all);
    let (ways, gates): (Vec<_>, Vec<_>) = adapters
        .iter()
        .map(|adapter| {
            let (open, adapter_end) = watch::channel(None);
            (open, Gateway { profile: adapter.profile.clone(), adapter: adapter_end })
        })
        .unzip();
    let (reports, reported) = mpsc::unbounded_channel();
    let outbox = Outbox::start(gates, store.clone(), clock.clone(), bot.withheld(), vitals.metrics.clone(), reports);
    let (lanes, lane_tasks) = lanes(&shared, &outbox.inlet());
    recover(&shared, &lanes, &outbox.inlet()).await?;

    let (closing, closed) = watch::channel(false);
    let (events, incoming) = mpsc::channel(WAITING);
    let mut supervisors = JoinSet::new();
    for (adapter, way) in adapters.into_iter().zip(ways) {
        let pulse = vitals.pulse(&adapter.profile.platform);
        let ends = (pulse, closed.clone());
        supervisors.spawn(supervise(adapter, way, events.clone(), clock.clone(), store.clone(), ends));
    }
    drop(events);
    let mut timer = tokio::spawn(timer::run(shared.clone(), lanes.clone(), until));
    let reporter = tokio::spawn(take_in(reported, lanes.clone()));
    let mut router = tokio::spawn(route(incoming, lanes.clone(), clock.clone(), closed.clone()));
    up();

    let result = wait(&mut supervisors, &mut router, &mut timer, ends_all, stop).await;
    if until == Until::NothingIsDue && result.is_ok() {
        settle(&shared).await;
    }
    // In this order: nothing new comes in, lanes run dry, orders go out, adapters end.
    timer.abort();
    let drained = async {
        if !timer.is_finished() {
            let _ = timer.await;
        }
        drop(lanes);
        router.abort();
        reporter.abort();
        let mut lane_tasks = lane_tasks;
        while lane_tasks.join_next().await.is_some() {}
        outbox.drain().await;
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("not everything could be sent in time; the rest goes out after the next start");
    }
    let _ = closing.send(true);
    let stopped = async { while supervisors.join_next().await.is_some() {} };
    if tokio::time::timeout(END, stopped).await.is_err() {
        tracing::warn!("an adapter did not stop in time");
    }
    result
}

/// Waits for the end: somebody says stop, an adapter ends that ends all, or none is left that could say anything.
///
/// # Errors
/// The last failure, when no adapter is left; or that a part has ended that nothing goes on without.
async fn wait(
    supervisors: &mut JoinSet<Result<End, RuntimeError>>,
    router: &mut JoinHandle<()>,
    timer: &mut JoinHandle<()>,
    ends_all: bool,
    mut stop: watch::Receiver<bool>,
) -> Result<(), RuntimeError> {
    let ends = async {
        let mut last = Ok(());
        while let Some(ended) = supervisors.join_next().await {
            match ended {
                Ok(Ok(End::All)) => return Ok(()),
                Ok(Ok(End::Itself)) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "an adapter has ended for good; the others go on");
                    last = Err(error);
                }
                // A supervisor catches its adapter's panics; one of its own is a fault of the runtime.
                Err(error) => return Err(RuntimeError::Adapter(error.to_string())),
            }
        }
        last
    };
    let routed = async {
        match (&mut *router).await {
            // An adapter that ends all lets go of its way in when it has no more to say, and still shows what follows.
            Ok(()) if ends_all => Ok(()),
            // The others end by themselves.
            Ok(()) => std::future::pending().await,
            Err(_) => Err(RuntimeError::Adapter("the router gave up; the log says where".to_owned())),
        }
    };
    tokio::select! {
        // A stop that nobody can give any more is as good as given.
        _ = stop.wait_for(|stop| *stop) => Ok(()),
        ended = ends => ended,
        // It runs until it is aborted: without it no step would ever come, so that a new start is better.
        _ = &mut *timer => Err(RuntimeError::Adapter("the timer gave up; the log says where".to_owned())),
        ended = routed => ended,
    }
}

/// Waits until nothing is due any more, in virtual time.
async fn settle(shared: &Shared) {
    let is_far = |at: Timestamp| at.since(shared.clock.now()) > FAR;
    loop {
        match shared.store.next_due() {
            // Not due in any conversation: somebody's last use, a year ago by then.
            Ok(next) if next.is_some_and(is_far) => return,
            Ok(Some(at)) => {
                // Behind the timer's own waking at the same moment; then look again.
                drop(shared.clock.sleep_until(at + Duration::from_millis(1)).await);
            }
            Ok(None) => {
                // One more round, for what the last due record has set going.
                drop(shared.clock.sleep_until(shared.clock.now() + Duration::from_millis(1)).await);
                if shared.store.next_due().is_ok_and(|next| next.is_none_or(is_far)) {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the store can't tell what is due");
                return;
            }
        }
    }
}

/// After a start: what was under way is picked up, and running sessions come back paused.
async fn recover(shared: &Arc<Shared>, lanes: &Lanes, inlet: &Inlet) -> Result<(), StoreError> {
    let mut after = OutboxId::default();
    loop {
        let left = shared.store.outbox(after, AT_A_TIME)?;
        let Some((last, _)) = left.last() else { break };
        after = *last;
        let mut stale = Vec::new();
        for (id, OutboxItem { order, .. }) in left {
            // A step's card is worth nothing now: the session comes back with a card of its own. Sent again it would double.
            if matches!(&order, Order::Say(Post { step: Some(_), .. })) {
                stale.push(id);
            } else {
                inlet.put(Item { id: Some(id), order, handled: Handled::new(|| {}, shared.clock.busy()) });
            }
        }
        if !stale.is_empty() {
            let batch = Batch { sent: stale, now: shared.clock.now(), ..Batch::default() };
            if let Err(error) = shared.store.commit(batch).await {
                tracing::warn!(%error, "stale cards could not be cleared");
            }
        }
    }
    let mut after: Option<String> = None;
    loop {
        let page = shared.store.scan("session", after.as_deref(), AT_A_TIME)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.name());
        for (key, _) in page {
            shared.vitals.metrics.session_began(&key);
            let (settled, done) = oneshot::channel();
            lanes
                .put(Job {
                    event: Event::Returned { key },
                    handled: Handled::new(|| {}, shared.clock.busy()),
                    settled: Some(settled),
                })
                .await;
            // A lane that is gone has said why.
            let _ = done.await;
        }
    }
}

/// Takes what the outbox reports to the lanes.
async fn take_in(mut reported: mpsc::UnboundedReceiver<(Event, Handled)>, lanes: Lanes) {
    while let Some((event, handled)) = reported.recv().await {
        lanes.put(Job { event, handled, settled: None }).await;
    }
}

/// Takes events from adapters to their lanes.
async fn route(
    mut incoming: mpsc::Receiver<Incoming>,
    lanes: Lanes,
    clock: Arc<dyn Clock>,
    mut closed: watch::Receiver<bool>,
) {
    loop {
        let next = tokio::select! {
            next = incoming.recv() => next,
            _ = closed.wait_for(|closed| *closed) => None,
        };
        let Some(Incoming { event, handled, settled }) = next else { return };
        let done = move || {
            // Nobody may be waiting any more, which is their right.
            let _ = handled.send(());
        };
        let handled = Handled::new(done, clock.busy());
        lanes.admit(Job { event, handled, settled }).await;
    }
}
