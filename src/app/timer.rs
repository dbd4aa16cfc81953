//! Due records: sleeps until the next one, and feeds it to its lane. One that can't be handled is tried again after a pause of its own,
//! which grows, so that it holds up nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::adapter::Settled;
use crate::app::clock::Busy;
use crate::app::lanes::{Job, Lanes};
use crate::app::outbox::Handled;
use crate::app::runtime::{FAR, Until};
use crate::app::work::Shared;
use crate::base::time::Timestamp;
use crate::port::event::Event;
use crate::port::record::Key;
use crate::store::StoreError;

/// Due records fetched at a time.
const AT_A_TIME: usize = 64;
/// How long the first pause of a record is that could not be handled; it doubles up to [`LONGEST_PAUSE`], which a routine may
/// have to wait once the store writes again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Runs until it is aborted.
pub(super) async fn run(shared: Arc<Shared>, lanes: Lanes, until: Until) {
    let mut held = Held::default();
    // That it goes on, from one waking until it waits again: time must not jump past what it is about to wait for.
    let mut going = Busy::default();
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        // What has changed before now shows by looking; what changes from now on wakes.
        if changed.as_mut().enable() {
            continue;
        }
        let next = match held.next(&shared) {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "the store can't tell what is due; trying again in a minute");
                Some(shared.clock.now() + Duration::from_secs(60))
            }
        };
        // Virtual time would jump there at once.
        let is_far = |at: &Timestamp| until == Until::NothingIsDue && at.since(shared.clock.now()) > FAR;
        match next.filter(|at| !is_far(at)) {
            Some(at) => {
                let before = std::mem::take(&mut going);
                // First in the row of those who wait, then let go.
                let waiting = async { tokio::join!(biased; shared.clock.sleep_until(at), async { drop(before) }).0 };
                tokio::select! {
                    biased;
                    busy = waiting => going = busy,
                    () = changed => continue,
                }
            }
            None => {
                going = Busy::default();
                changed.await;
                continue;
            }
        }
        let now = shared.clock.now();
        let due = shared.store.due(now, AT_A_TIME + held.len()).unwrap_or_default();
        let mut waiting = Vec::new();
        for (at, key) in due {
            if held.holds(&key, now) {
                continue;
            }
            let (settled, done) = oneshot::channel();
            let (answer, delivered) = oneshot::channel();
            let clock = shared.clock.clone();
            let tell = move || {
                // Nobody measures what could not be handled.
                let _ = answer.send(clock.now());
            };
            let handled = Handled::new(tell, going.also());
            lanes.put(Job { event: Event::Due { key: key.clone(), at }, handled, settled: Some(settled) }).await;
            waiting.push((key, at, done, delivered));
        }
        for (key, at, done, delivered) in waiting {
            match done.await {
                Ok(Settled::Stored) => {
                    held.release(&key);
                    tokio::spawn(measure(shared.clone(), key, at, delivered));
                }
                Ok(Settled::Unsaved) | Err(_) => held.hold(key, shared.clock.now()),
            }
        }
    }
}

/// Measures how late all that follows from a due record was delivered.
async fn measure(shared: Arc<Shared>, key: Key, at: Timestamp, delivered: oneshot::Receiver<Timestamp>) {
    if let Ok(then) = delivered.await {
        shared.vitals.metrics.late(&key, then.since(at));
    }
}

/// Records that could not be handled: until when each is let alone, and its next pause. Gone with the process.
#[derive(Debug, Default)]
struct Held(BTreeMap<Key, (Timestamp, Duration)>);

impl Held {
    /// When something is to be done next.
    fn next(&self, shared: &Shared) -> Result<Option<Timestamp>, StoreError> {
        if self.0.is_empty() {
            return shared.store.next_due();
        }
        // One more than are held: if there is any other, the first of them is among these.
        let due = shared.store.due(Timestamp::from_millis(i64::MAX), self.len() + 1)?;
        Ok(due.iter().map(|(at, key)| self.0.get(key).map_or(*at, |(until, _)| (*at).max(*until))).min())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn holds(&self, key: &Key, now: Timestamp) -> bool {
        self.0.get(key).is_some_and(|(until, _)| now < *until)
    }

    fn hold(&mut self, key: Key, now: Timestamp) {
        let pause = self.0.get(&key).map_or(FIRST_PAUSE, |(_, pause)| *pause);
        self.0.insert(key, (now + pause, (pause * 2).min(LONGEST_PAUSE)));
    }

    fn release(&mut self, key: &Key) {
        self.0.remove(key);
    }
}
