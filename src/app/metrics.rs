//! What is counted, for Prometheus. A label holds a platform or a fixed word, never an id and nothing that anybody wrote.
//!
//! `deploy/monitoring/README.md` lists the metrics, and `tests/operate.rs` holds the list, the rules and the dashboard to what stands here.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::adapter::Call;
use crate::base::id::Platform;
use crate::port::action::Mark;
use crate::port::event::{Event, Input};
use crate::port::record::Key;

/// Bounds of lateness, in seconds. A step that is a second late is noticed; one that is a minute late was lost.
const LATENESS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// On a platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct On {
    platform: String,
}

/// Of a kind, on a platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    platform: String,
    kind: &'static str,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Went {
    outcome: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    events: Family<Of, Counter>,
    answers: Family<Of, Counter>,
    refusals: Family<Of, Counter>,
    red_flags: Family<On, Counter>,
    sessions: Family<On, Gauge>,
    lateness: Family<On, Histogram, fn() -> Histogram>,
    sends: Family<On, Counter>,
    edits: Family<On, Counter>,
    throttled: Family<On, Counter>,
    deliveries: Family<Of, Counter>,
    commits: Family<Went, Counter>,
    panics: Counter,
    lanes_waiting: Gauge,
    outbox_waiting: Family<On, Gauge>,
    platform_up: Family<On, Gauge>,
    ready: Gauge,
    store_writable: Gauge,
    store_bytes: Gauge,
    store_free_bytes: Gauge,
    last_backup: Gauge,
}

/// What the store is like, for the gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreLook {
    /// Bytes that are free on its disk.
    pub free: u64,
    /// Its bytes.
    pub bytes: u64,
    /// When the last backup was finished, in seconds since 1970; 0 when never.
    pub last_backup: i64,
}

/// How an attempt to commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It is durable.
    Stored,
    /// Somebody else was quicker; it is tried again.
    Conflict,
    /// The event had been handled before.
    Seen,
    /// It could not be stored.
    Failed,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new("")
    }
}

impl Metrics {
    /// Everything at nought, for a program of this commit.
    pub fn new(commit: &'static str) -> Self {
        let mut registry = Registry::with_prefix("nape");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION")), ("commit", commit)]);
        registry.register("build", "The version that runs", build);
        let lateness: fn() -> Histogram = || Histogram::new(LATENESS);
        let new = Self {
            registry,
            events: Family::default(),
            answers: Family::default(),
            refusals: Family::default(),
            red_flags: Family::default(),
            sessions: Family::default(),
            lateness: Family::new_with_constructor(lateness),
            sends: Family::default(),
            edits: Family::default(),
            throttled: Family::default(),
            deliveries: Family::default(),
            commits: Family::default(),
            panics: Counter::default(),
            lanes_waiting: Gauge::default(),
            outbox_waiting: Family::default(),
            platform_up: Family::default(),
            ready: Gauge::default(),
            store_writable: Gauge::default(),
            store_bytes: Gauge::default(),
            store_free_bytes: Gauge::default(),
            last_backup: Gauge::default(),
        };
        new.registered()
    }

    fn registered(mut self) -> Self {
        let Self {
            registry: to,
            events,
            answers,
            refusals,
            red_flags,
            sessions,
            lateness,
            sends,
            edits,
            throttled,
            deliveries,
            commits,
            panics,
            lanes_waiting,
            outbox_waiting,
            platform_up,
            ready,
            store_writable,
            store_bytes,
            store_free_bytes,
            last_backup,
        } = &mut self;
        to.register("events", "Events that were handled", events.clone());
        to.register("answers", "Questions, by what they were met with", answers.clone());
        to.register("refusals", "What was declined, by reason", refusals.clone());
        to.register("red_flags", "Red flags that were raised", red_flags.clone());
        to.register("sessions", "Routines that are under way, paused ones too", sessions.clone());
        to.register("step_lateness_seconds", "From the moment a step was due until it was delivered", lateness.clone());
        to.register("sends", "Messages that were sent", sends.clone());
        to.register("edits", "Messages that were changed", edits.clone());
        to.register("throttled", "Requests that a platform refused as too many", throttled.clone());
        to.register("deliveries", "Attempts to carry out an order, by how they ended", deliveries.clone());
        to.register("commits", "Attempts to commit, by how they ended", commits.clone());
        to.register("panics", "Events whose handling panicked", panics.clone());
        to.register("lanes_waiting", "Events that wait to be handled", lanes_waiting.clone());
        to.register("outbox_waiting", "Orders that wait for a platform or are under way", outbox_waiting.clone());
        to.register("platform_up", "1 when a platform was heard from lately", platform_up.clone());
        to.register("ready", "1 when /readyz says so", ready.clone());
        to.register("store_writable", "1 when the store writes", store_writable.clone());
        to.register("store_bytes", "Bytes of the store, without its ballast", store_bytes.clone());
        to.register("store_free_bytes", "Bytes that are free on the store's disk", store_free_bytes.clone());
        to.register(
            "last_backup_timestamp_seconds",
            "When the last backup was finished; 0: never",
            last_backup.clone(),
        );
        self
    }

    /// Everything, in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Only the writer can fail, and a string takes everything.
        encode(&mut text, &self.registry).expect("a string takes everything");
        text
    }

    /// An event is being handled.
    pub fn event(&self, event: &Event) {
        let platform = platform(event);
        self.events.get_or_create(&Of { platform, kind: kind(event) }).inc();
    }

    /// What came of it.
    pub fn marks(&self, event: &Event, marks: &[Mark]) {
        for mark in marks {
            let platform = platform(event);
            match *mark {
                Mark::Met(kind) => self.answers.get_or_create(&Of { platform, kind }).inc(),
                Mark::Refused(kind) => self.refusals.get_or_create(&Of { platform, kind }).inc(),
                Mark::Raised => self.red_flags.get_or_create(&On { platform }).inc(),
            };
        }
    }

    /// A routine has begun, or was found under way at the start.
    pub fn session_began(&self, owner: &Key) {
        self.sessions.get_or_create(&On { platform: platform_of(owner.lane()) }).inc();
    }

    /// A routine has ended.
    pub fn session_ended(&self, owner: &Key) {
        self.sessions.get_or_create(&On { platform: platform_of(owner.lane()) }).dec();
    }

    /// All that follows from a due record was delivered so long after it was due.
    pub fn late(&self, key: &Key, by: Duration) {
        if matches!(key, Key::Session(_)) {
            self.lateness.get_or_create(&On { platform: platform_of(key.lane()) }).observe(by.as_secs_f64());
        }
    }

    /// An adapter made a request.
    pub fn called(&self, platform: &Platform, call: Call) {
        let counts = match call {
            Call::Sent => &self.sends,
            Call::Edited => &self.edits,
            Call::Throttled => &self.throttled,
        };
        counts.get_or_create(&on(platform)).inc();
    }

    /// An attempt to carry out an order has ended: `done`, `later`, `never`, or `lost` with its adapter.
    pub fn delivered(&self, platform: &Platform, kind: &'static str) {
        self.deliveries.get_or_create(&Of { platform: platform.to_string(), kind }).inc();
    }

    /// An attempt to commit has ended.
    pub fn committed(&self, commit: Commit) {
        let outcome = match commit {
            Commit::Stored => "stored",
            Commit::Conflict => "conflict",
            Commit::Seen => "seen",
            Commit::Failed => "failed",
        };
        self.commits.get_or_create(&Went { outcome }).inc();
    }

    /// Handling an event panicked.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// So many more events wait in lanes.
    pub fn in_lanes(&self, more: i64) {
        self.lanes_waiting.inc_by(more);
    }

    /// So many more orders wait for a platform.
    pub fn in_outbox(&self, platform: &Platform, more: i64) {
        self.outbox_waiting.get_or_create(&on(platform)).inc_by(more);
    }

    /// Whether a platform was heard from lately.
    pub fn is_up(&self, platform: &Platform, up: bool) {
        self.platform_up.get_or_create(&on(platform)).set(i64::from(up));
    }

    /// Whether all is well.
    pub fn is_ready(&self, ready: bool) {
        self.ready.set(i64::from(ready));
    }

    /// Whether the store writes.
    pub fn store_writes(&self, writes: bool) {
        self.store_writable.set(i64::from(writes));
    }

    /// The store was looked at.
    pub fn store(&self, look: StoreLook) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.store_free_bytes.set(whole(look.free));
        self.store_bytes.set(whole(look.bytes));
        self.last_backup.set(look.last_backup);
    }
}

fn on(platform: &Platform) -> On {
    On { platform: platform.to_string() }
}

fn platform(event: &Event) -> String {
    match event {
        Event::Person(person) | Event::Beyond { person, .. } => person.place.platform.to_string(),
        other => platform_of(other.lane()),
    }
}

/// The platform that an id starts with. A record that belongs to no platform, as the votes of a text do, has none.
fn platform_of(id: &str) -> String {
    id.split_once(':').map(|(platform, _)| platform.to_owned()).unwrap_or_default()
}

/// What kind of event it is.
pub fn kind(event: &Event) -> &'static str {
    match event {
        Event::Person(person) => match person.input {
            Input::Said { .. } => "said",
            Input::Invoked(_) => "invoked",
            Input::Pressed { .. } => "pressed",
            Input::Completed { .. } => "completed",
            Input::NotTheirs => "not_theirs",
            Input::Unasked { .. } => "unasked",
        },
        Event::Beyond { .. } => "beyond",
        Event::Due { .. } => "due",
        Event::Returned { .. } => "returned",
        Event::Membership { .. } => "membership",
        Event::Opened { .. } => "opened",
        Event::Late { .. } => "late",
        Event::Gone { .. } => "gone",
        Event::Moved { .. } => "moved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::UserId;
    use crate::base::time::Timestamp;

    #[test]
    fn no_label_holds_an_id() {
        let metrics = Metrics::default();
        let key = Key::Session(UserId::from_stored("terminal:4711"));
        let event = Event::Due { key: key.clone(), at: Timestamp::from_millis(0) };
        metrics.event(&event);
        metrics.marks(&event, &[Mark::Met("answer"), Mark::Refused("stale"), Mark::Raised]);
        metrics.session_began(&key);
        metrics.late(&key, Duration::from_millis(300));
        let text = metrics.text();
        assert!(text.contains("nape_events_total{platform=\"terminal\",kind=\"due\"} 1"), "{text}");
        assert!(text.contains("nape_red_flags_total{platform=\"terminal\"} 1"), "{text}");
        assert!(text.contains("nape_step_lateness_seconds_bucket{le=\"0.5\",platform=\"terminal\"} 1"), "{text}");
        assert!(!text.contains("4711"), "{text}");
    }
}
