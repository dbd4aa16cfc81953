//! Whether somebody could be served: the store writes, due work is on time, and every platform was heard from lately. It must
//! never say yes because a process is there.
//!
//! Adapters report here by their [`Pulse`], the store's watch and the timer by their own words; `/readyz` asks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::adapter::{Call, Pulse};
use crate::app::clock::Clock;
use crate::app::metrics::Metrics;
use crate::base::id::Platform;
use crate::base::time::Timestamp;

/// A platform of which nothing was heard for so long can't be counted on.
pub const FRESH: Duration = Duration::from_secs(55);
/// Due work that is later than that is late.
pub const LATE: Duration = Duration::from_secs(30);
/// The watch turns every second; when it has not for so long, the threads that drive everything hang.
pub const TURNS: Duration = Duration::from_secs(15);

/// What is known of how it goes.
pub struct Health {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the watch turned last.
    turned: Option<Timestamp>,
    /// Why the store does not write; `None` when it does.
    store: Option<String>,
    /// Platforms, and when each was heard from last; `None` when it isn't connected.
    platforms: BTreeMap<Platform, Option<Timestamp>>,
}

/// Why somebody could not be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The store does not write, because of this.
    Store(String),
    /// A record that was due is not handled, for so long.
    Late(Duration),
    /// A platform is not connected.
    NotConnected(Platform),
    /// A platform was not heard from for so long.
    Silent(Platform, Duration),
}

impl Health {
    /// Nothing is known yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// A platform that has to be connected for all to be well.
    pub fn expect(&self, platform: &Platform) {
        self.state().platforms.entry(platform.clone()).or_default();
    }

    /// The watch has turned.
    pub fn turned(&self) {
        self.state().turned = Some(self.clock.now());
    }

    /// Whether the watch turns. Before its first turn nobody can tell.
    pub fn turns(&self) -> bool {
        let now = self.clock.now();
        self.state().turned.is_none_or(|at| now.since(at) < TURNS)
    }

    /// Whether the store writes, and if not, why.
    pub fn store(&self, refusal: Option<String>) {
        self.state().store = refusal;
    }

    /// Everything that stands in the way, when the next record is due at this moment. All is well when there is nothing.
    pub fn reasons(&self, next_due: Option<Timestamp>) -> Vec<Reason> {
        let now = self.clock.now();
        let state = self.state();
        let store = state.store.iter().map(|why| Reason::Store(why.clone()));
        let late = next_due.map(|at| now.since(at)).filter(|late| *late > LATE).map(Reason::Late);
        let platforms = state.platforms.iter().filter_map(|(platform, heard)| match heard {
            None => Some(Reason::NotConnected(platform.clone())),
            Some(at) if now.since(*at) > FRESH => Some(Reason::Silent(platform.clone(), now.since(*at))),
            Some(_) => None,
        });
        store.chain(late).chain(platforms).collect()
    }

    /// The platforms that are watched over, each with whether it was heard from lately.
    pub fn platforms(&self) -> Vec<(Platform, bool)> {
        let now = self.clock.now();
        let up = |heard: &Option<Timestamp>| heard.is_some_and(|at| now.since(at) <= FRESH);
        self.state().platforms.iter().map(|(platform, heard)| (platform.clone(), up(heard))).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way, so what a poisoned lock holds is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Store(why) => write!(f, "the store does not write: {why}"),
            Reason::Late(by) => write!(f, "due work is {} s late", by.as_secs()),
            Reason::NotConnected(platform) => write!(f, "{platform} is not connected"),
            Reason::Silent(platform, long) => write!(f, "{platform} was not heard from for {} s", long.as_secs()),
        }
    }
}

/// How it goes, and what is counted: what the parts of the runtime report to.
#[derive(Clone)]
pub struct Vitals {
    /// How it goes.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Vitals {
    /// Nothing known, nothing counted.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { health: Arc::new(Health::new(clock)), metrics: Arc::default() }
    }

    /// Where the adapter of a platform reports.
    pub fn pulse(&self, platform: &Platform) -> Arc<dyn Pulse> {
        Arc::new(Beat { vitals: self.clone(), platform: platform.clone() })
    }
}

/// An adapter's reports.
struct Beat {
    vitals: Vitals,
    platform: Platform,
}

impl Pulse for Beat {
    fn heard(&self) {
        let health = &self.vitals.health;
        health.state().platforms.insert(self.platform.clone(), Some(health.clock.now()));
    }

    fn lost(&self) {
        // One that never reports, as a terminal, is not missed when it ends.
        if let Some(heard) = self.vitals.health.state().platforms.get_mut(&self.platform) {
            *heard = None;
        }
    }

    fn called(&self, call: Call) {
        self.vitals.metrics.called(&self.platform, call);
    }
}

impl fmt::Debug for Beat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Beat({})", self.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::clock::VirtualClock;

    const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    /// Waits in virtual time, which takes none.
    async fn pass(clock: &VirtualClock, seconds: u64) {
        drop(clock.sleep_until(clock.now() + Duration::from_secs(seconds)).await);
    }

    #[tokio::test]
    async fn a_platform_that_falls_silent_is_missed_within_a_minute_and_welcome_again() {
        let clock = Arc::new(VirtualClock::new(START));
        let vitals = Vitals::new(clock.clone());
        let there = Platform::new("there");
        vitals.health.expect(&there);
        assert_eq!(vitals.health.reasons(None), [Reason::NotConnected(there.clone())]);
        let pulse = vitals.pulse(&there);
        pulse.heard();
        pass(&clock, 55).await;
        assert_eq!(vitals.health.reasons(None), []);
        pass(&clock, 1).await;
        assert_eq!(vitals.health.reasons(None), [Reason::Silent(there.clone(), Duration::from_secs(56))]);
        pulse.heard();
        assert_eq!((vitals.health.reasons(None), vitals.health.platforms()), (vec![], vec![(there.clone(), true)]));
        pulse.lost();
        assert_eq!(vitals.health.reasons(None), [Reason::NotConnected(there)]);
    }

    #[tokio::test]
    async fn one_platform_does_not_speak_for_another() {
        let vitals = Vitals::new(Arc::new(VirtualClock::new(START)));
        let (here, there) = (Platform::new("here"), Platform::new("there"));
        [&here, &there].iter().for_each(|platform| vitals.health.expect(platform));
        vitals.pulse(&here).heard();
        assert_eq!(vitals.health.reasons(None), [Reason::NotConnected(there)]);
        // A terminal never reports, and nobody waits for it.
        vitals.pulse(&Platform::new("screen")).lost();
        assert_eq!(vitals.health.platforms().len(), 2);
    }

    #[tokio::test]
    async fn late_work_and_a_store_that_does_not_write_are_said() {
        let clock = Arc::new(VirtualClock::new(START));
        let health = Health::new(clock.clone());
        assert_eq!(health.reasons(Some(START)), []);
        pass(&clock, 31).await;
        assert_eq!(health.reasons(Some(START + Duration::from_secs(60))), [], "due in half a minute");
        health.store(Some("no room".to_owned()));
        let said: Vec<String> = health.reasons(Some(START)).iter().map(Reason::to_string).collect();
        assert_eq!(said, ["the store does not write: no room", "due work is 31 s late"]);
        health.store(None);
        assert_eq!(health.reasons(None), []);
    }

    #[tokio::test]
    async fn a_watch_that_does_not_turn_is_noticed() {
        let clock = Arc::new(VirtualClock::new(START));
        let health = Health::new(clock.clone());
        assert!(health.turns(), "it has not begun");
        health.turned();
        pass(&clock, 14).await;
        assert!(health.turns());
        pass(&clock, 1).await;
        assert!(!health.turns());
    }
}
