//! Time, and the only place where it is read. [`SystemClock`] waits; [`VirtualClock`] jumps as soon as nothing is going on.
//!
//! "Nothing is going on" is counted: whoever works on something holds a [`Busy`]. While one is held, virtual time stands still.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::base::time::Timestamp;

/// What time it is, and waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits until a moment. What comes back is held for as long as the waker works on what it waited for.
    async fn sleep_until(&self, moment: Timestamp) -> Busy;

    /// Says that something is going on.
    fn busy(&self) -> Busy;
}

/// Something is going on until this is dropped.
#[derive(Debug, Default)]
pub struct Busy(Option<Arc<Held>>);

impl Busy {
    /// The same once more.
    pub fn also(&self) -> Busy {
        Busy(self.0.clone())
    }
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time is read")]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where something waits")]
    async fn sleep_until(&self, moment: Timestamp) -> Busy {
        // In pieces, by the wall clock: a machine that slept, or a clock that was set, is noticed within one piece.
        const PIECE: Duration = Duration::from_secs(20);
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return Busy::default();
            }
            tokio::time::sleep(left.min(PIECE)).await;
        }
    }

    fn busy(&self) -> Busy {
        Busy::default()
    }
}

/// A clock that jumps to the next moment that somebody waits for, as soon as nothing is going on.
#[derive(Debug)]
pub struct VirtualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    waiting: BTreeMap<(Timestamp, u64), oneshot::Sender<Busy>>,
    next: u64,
    held: Weak<Held>,
}

/// What all clones of a [`Busy`] share: when the last is dropped, time may move.
#[derive(Debug)]
struct Held {
    state: Arc<Mutex<State>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        jump(&self.state);
    }
}

impl VirtualClock {
    /// A clock that stands at this moment.
    pub fn new(now: Timestamp) -> Self {
        let state = State { now, waiting: BTreeMap::new(), next: 0, held: Weak::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        lock(&self.state).now
    }

    async fn sleep_until(&self, moment: Timestamp) -> Busy {
        let (wake, woken) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            let key = (moment, state.next);
            state.next += 1;
            state.waiting.insert(key, wake);
        }
        jump(&self.state);
        // The sender is kept in the state for as long as the clock lives; a clock that is gone wakes everybody.
        woken.await.unwrap_or_default()
    }

    fn busy(&self) -> Busy {
        hold(&self.state, &mut lock(&self.state))
    }
}

fn hold(state: &Arc<Mutex<State>>, inside: &mut State) -> Busy {
    let held = inside.held.upgrade().unwrap_or_else(|| Arc::new(Held { state: state.clone() }));
    inside.held = Arc::downgrade(&held);
    Busy(Some(held))
}

/// Moves to the next moment that somebody waits for, when nothing is going on, and wakes them with a [`Busy`] in hand.
fn jump(state: &Arc<Mutex<State>>) {
    let woken = {
        let mut inside = lock(state);
        if inside.held.strong_count() > 0 {
            return;
        }
        // Those who gave up waiting don't move time.
        inside.waiting.retain(|_, wake| !wake.is_closed());
        let Some(((moment, _), wake)) = inside.waiting.pop_first() else { return };
        inside.now = inside.now.max(moment);
        let busy = hold(state, &mut inside);
        (wake, busy)
    };
    let (wake, busy) = woken;
    // Sent outside the lock: a waiter that is gone drops its `Busy` right here, and that jumps again.
    drop(wake.send(busy));
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing in here can panic half-way, so what a poisoned lock holds is whole.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(0);

    #[tokio::test]
    async fn time_jumps_to_the_next_moment_when_nothing_goes_on() {
        let clock = VirtualClock::new(START);
        let later = START + Duration::from_secs(3600);
        drop(clock.sleep_until(later).await);
        assert_eq!(clock.now(), later);
    }

    #[tokio::test]
    async fn time_stands_still_while_something_goes_on() {
        let clock = Arc::new(VirtualClock::new(START));
        let busy = clock.busy();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { drop(clock.sleep_until(START + Duration::from_secs(60)).await) }
        });
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        assert_eq!(clock.now(), START);
        drop(busy);
        sleeper.await.unwrap();
        assert_eq!(clock.now(), START + Duration::from_secs(60));
    }

    #[tokio::test]
    async fn moments_come_in_their_order() {
        let clock = Arc::new(VirtualClock::new(START));
        let busy = clock.busy();
        let wait = |seconds| {
            let clock = clock.clone();
            tokio::spawn(async move {
                let busy = clock.sleep_until(START + Duration::from_secs(seconds)).await;
                let woken = clock.now();
                drop(busy);
                woken
            })
        };
        let (late, early) = (wait(20), wait(10));
        tokio::task::yield_now().await;
        drop(busy);
        assert_eq!(early.await.unwrap(), START + Duration::from_secs(10));
        assert_eq!(late.await.unwrap(), START + Duration::from_secs(20));
    }
}
