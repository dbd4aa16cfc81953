//! How much may be asked of the bot: by one person, in one channel, by all together. What goes beyond that is not dropped but marked:
//! the bot still looks for signs of an emergency in it, and says once that it is too much.
//!
//! Time comes in with each event, as everywhere: governor's clock is set to it. Memory is bounded whoever writes: of those who
//! are known, whoever has been quiet long enough is forgotten first, and then everybody.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::base::id::{ChannelId, UserId};
use crate::base::time::Timestamp;
use crate::port::event::{FromPerson, Input, Limit};
use crate::port::record::Records;
use crate::settings::resolve::Layers;
use crate::settings::table::{CHANNEL_LIMIT, PERSON_LIMIT, Setting};
use crate::settings::value::Values;

/// The most that the operator allows, in events a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// By one person.
    pub person: u32,
    /// In one channel, its threads included.
    pub channel: u32,
    /// By all together.
    pub total: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { person: 60, channel: 240, total: 3_000 }
    }
}

/// How many people, and how many channels, each limit knows at a time.
const KNOWN: usize = 20_000;
/// So much of a minute's worth may come at once.
const BURST: u32 = 3;
/// A person is told in a place that it is too much, and then not again for so long.
const SILENT: Duration = Duration::from_secs(5 * 60);
/// How many people are told so in a minute: lines of its own must not become a flood.
const TOLD: u32 = 300;
/// A clock that goes back by less than this is passed over; by more, everything begins anew.
const BACK: Duration = Duration::from_secs(60);

/// What goes beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// Which.
    pub limit: Limit,
    /// Whether it is time to say so.
    pub tell: bool,
}

/// Everything that counts.
#[derive(Debug)]
pub struct Limits(Mutex<Counts>);

impl Limits {
    /// Nobody has asked anything yet.
    pub fn new(bounds: Bounds) -> Self {
        Self(Mutex::new(Counts::new(bounds)))
    }

    /// Allows another number from now on. What all together have asked is counted anew.
    pub fn change(&self, bounds: Bounds) {
        let mut counts = self.lock();
        counts.total = Direct::direct_with_clock(quota(bounds.total), counts.now.clone());
        counts.bounds = bounds;
    }

    /// Counts an event against what the operator allows.
    pub fn count(&self, now: Timestamp, person: &FromPerson) -> Option<Beyond> {
        if !counts(person) {
            return None;
        }
        let mut counts = self.at(now);
        let (who, place) = (&person.who, person.place.root());
        let Bounds { person: own, channel, .. } = counts.bounds;
        let limit = if counts.person(own, who) {
            Some(Limit::Person)
        } else if counts.channel(channel, place) {
            Some(Limit::Place)
        } else {
            counts.total.check().is_err().then_some(Limit::Total)
        };
        limit.map(|limit| counts.beyond(limit, who, place))
    }

    /// Counts an event against what its server allows, where that is less.
    pub fn count_here(&self, now: Timestamp, person: &FromPerson, records: &Records) -> Option<Beyond> {
        let server = records.server(Some(person.place.server.as_ref()?));
        let nobody = Values::default();
        let layers = Layers { server: &server.settings, person: &nobody };
        let less = |setting: &Setting, most: u32| layers.number(setting).filter(|number| *number < most);
        if !counts(person) {
            return None;
        }
        let mut counts = self.at(now);
        let Bounds { person: most, channel: most_there, .. } = counts.bounds;
        let (own, channel) = (less(&PERSON_LIMIT, most), less(&CHANNEL_LIMIT, most_there));
        let (who, place) = (&person.who, person.place.root());
        let limit = if own.is_some_and(|most| counts.person(most, who)) {
            Some(Limit::Person)
        } else {
            channel.is_some_and(|most| counts.channel(most, place)).then_some(Limit::Place)
        };
        limit.map(|limit| counts.beyond(limit, who, place))
    }

    /// How many people and channels are known now, in all limits together.
    pub fn known(&self) -> usize {
        let counts = self.lock();
        let people: usize = counts.people.values().map(RateLimiter::len).sum();
        let channels: usize = counts.channels.values().map(RateLimiter::len).sum();
        people + channels + counts.told.len()
    }

    fn at(&self, now: Timestamp) -> std::sync::MutexGuard<'_, Counts> {
        let mut counts = self.lock();
        if !counts.now.set(now) {
            *counts = Counts::new(counts.bounds);
            counts.now.set(now);
        }
        counts
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an event counts: what people say among themselves does not.
fn counts(person: &FromPerson) -> bool {
    !matches!(person.input, Input::Said { addressed: false, .. } | Input::Unasked { addressed: false, .. })
}

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, Now, NoOpMiddleware<Nanos>>;
type Direct = RateLimiter<NotKeyed, InMemoryState, Now, NoOpMiddleware<Nanos>>;

#[derive(Debug)]
struct Counts {
    bounds: Bounds,
    now: Now,
    /// By how much a minute, as servers differ.
    people: BTreeMap<u32, Keyed<UserId>>,
    channels: BTreeMap<u32, Keyed<ChannelId>>,
    total: Direct,
    told: Keyed<(UserId, ChannelId)>,
    lines: Direct,
}

impl Counts {
    fn new(bounds: Bounds) -> Self {
        let now = Now::default();
        let once = Quota::with_period(SILENT).unwrap_or(Quota::per_hour(NonZeroU32::MIN));
        Self {
            bounds,
            people: BTreeMap::new(),
            channels: BTreeMap::new(),
            total: Direct::direct_with_clock(quota(bounds.total), now.clone()),
            told: Keyed::hashmap_with_clock(once, now.clone()),
            lines: Direct::direct_with_clock(quota(TOLD), now.clone()),
            now,
        }
    }

    fn person(&mut self, most: u32, who: &UserId) -> bool {
        is_beyond(&mut self.people, &self.now, most, who)
    }

    fn channel(&mut self, most: u32, place: &ChannelId) -> bool {
        is_beyond(&mut self.channels, &self.now, most, place)
    }

    fn beyond(&mut self, limit: Limit, who: &UserId, place: &ChannelId) -> Beyond {
        make_room(&mut self.told, &self.now, || Quota::with_period(SILENT).unwrap_or(Quota::per_hour(NonZeroU32::MIN)));
        let tell = self.told.check_key(&(who.clone(), place.clone())).is_ok() && self.lines.check().is_ok();
        Beyond { limit, tell }
    }
}

/// Counts one more under this key; whether it is beyond so many a minute.
fn is_beyond<K: Clone + Eq + std::hash::Hash>(
    all: &mut BTreeMap<u32, Keyed<K>>,
    now: &Now,
    most: u32,
    key: &K,
) -> bool {
    // Each server can have a number of its own: all of them together stay bounded, too.
    if all.values().map(RateLimiter::len).sum::<usize>() >= KNOWN {
        all.values().for_each(RateLimiter::retain_recent);
        if all.values().map(RateLimiter::len).sum::<usize>() >= KNOWN {
            all.clear();
        }
        all.retain(|_, counts| !counts.is_empty());
    }
    let counts = all.entry(most).or_insert_with(|| Keyed::hashmap_with_clock(quota(most), now.clone()));
    counts.check_key(key).is_err()
}

/// Forgets who has been quiet; when that is not enough, everybody.
fn make_room<K: Clone + Eq + std::hash::Hash>(counts: &mut Keyed<K>, now: &Now, quota: impl Fn() -> Quota) {
    if counts.len() >= KNOWN {
        counts.retain_recent();
    }
    if counts.len() >= KNOWN {
        *counts = Keyed::hashmap_with_clock(quota(), now.clone());
    }
}

/// So many a minute, a part of them at once.
fn quota(most: u32) -> Quota {
    let most = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(most.get().div_ceil(BURST)).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(most).allow_burst(burst)
}

/// The time of the event that is counted, as governor sees it.
#[derive(Clone, Debug, Default)]
struct Now(Arc<AtomicU64>);

impl Now {
    /// Sets it, never back. `false`: it would have to go back too far, as a clock was set.
    fn set(&self, now: Timestamp) -> bool {
        let nanos = u64::try_from(now.millis()).unwrap_or(0).saturating_mul(1_000_000);
        let before = self.0.fetch_max(nanos, Ordering::Relaxed);
        Duration::from_nanos(before.saturating_sub(nanos)) < BACK
    }
}

impl Clock for Now {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{EventId, Place, PlaceKind, Platform, ServerId};
    use crate::port::event::Venues;
    use crate::port::record::{Key, Record, Revision, Server};
    use crate::settings::value::Value;

    const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn event(who: &str, channel: &str) -> FromPerson {
        let platform = Platform::new("t");
        FromPerson {
            id: EventId::from_stored("t:1"),
            who: UserId::new(&platform, who),
            place: Place {
                server: Some(ServerId::new(&platform, "s")),
                channel: ChannelId::new(&platform, channel),
                parent: None,
                kind: PlaceKind::Shared,
                platform,
            },
            may_configure: false,
            roles: Vec::new(),
            venues: Venues::default(),
            grounds: Vec::new(),
            reply: None,
            input: Input::Said { text: "hello".to_owned(), addressed: true },
        }
    }

    fn limits() -> Limits {
        Limits::new(Bounds { person: 30, channel: 120, total: 600 })
    }

    #[test]
    fn one_person_is_told_once_and_others_go_on() {
        let limits = limits();
        let seen: Vec<_> = (0..1_000).map(|_| limits.count(START, &event("anna", "c"))).collect();
        assert_eq!(seen.iter().filter(|beyond| beyond.is_none()).count(), 10, "a third of a minute's worth at once");
        let told: Vec<_> = seen.iter().flatten().filter(|beyond| beyond.tell).collect();
        assert_eq!(told, [&Beyond { limit: Limit::Person, tell: true }]);
        assert!((0..30).all(|other| limits.count(START, &event(&format!("b{other}"), "c")).is_none()));
        // It comes back with time, and is told again only after a while.
        let later = START + Duration::from_secs(2);
        assert_eq!(limits.count(later, &event("anna", "c")), None);
        assert_eq!(limits.count(later, &event("anna", "c")), Some(Beyond { limit: Limit::Person, tell: false }));
        let much_later = START + Duration::from_secs(600);
        let again: Vec<_> = (0..20).filter_map(|_| limits.count(much_later, &event("anna", "c"))).collect();
        assert_eq!(again.iter().filter(|beyond| beyond.tell).count(), 1);
    }

    #[test]
    fn a_channel_and_all_together_have_limits_of_their_own() {
        let limits = limits();
        let many = |channel: &str, from: u32, to: u32| -> Vec<Option<Limit>> {
            let count = |who: u32| limits.count(START, &event(&who.to_string(), channel)).map(|beyond| beyond.limit);
            (from..to).map(count).collect()
        };
        let one = many("c", 0, 50);
        assert!(one[..40].iter().all(Option::is_none) && one[40..].iter().all(|limit| *limit == Some(Limit::Place)));
        let all: Vec<_> = (0..6).flat_map(|n| many(&format!("c{n}"), 100 * n + 100, 100 * n + 140)).collect();
        assert_eq!(
            all.iter().filter(|limit| limit.is_none()).count(),
            160,
            "200 at once, 40 of them in the first channel"
        );
        assert!(all[160..].iter().all(|limit| *limit == Some(Limit::Total)));
    }

    #[test]
    fn a_server_can_allow_less_and_not_more() {
        let limits = limits();
        let allowed = |settings: &[(&Setting, u32)]| {
            let mut server = Server::default();
            for (setting, number) in settings {
                server.settings.set(setting.key, Value::Number(*number));
            }
            let mut records = Records::default();
            let key = Key::Server(ServerId::from_stored("t:s"));
            records.insert(key, Some(Record::Server(server)), Revision(1));
            let who = format!("{settings:?}");
            (0..100).filter(|_| limits.count_here(START, &event(&who, &who), &records).is_none()).count()
        };
        assert_eq!(allowed(&[(&PERSON_LIMIT, 3)]), 1);
        assert_eq!(allowed(&[(&CHANNEL_LIMIT, 60)]), 20);
        assert_eq!(allowed(&[(&PERSON_LIMIT, 500)]), 100, "what the operator allows was counted before");
        assert_eq!(allowed(&[]), 100);
    }

    #[test]
    fn what_is_allowed_can_be_changed_while_people_ask() {
        let limits = limits();
        let allowed = || (0..100).filter(|_| limits.count(START, &event("anna", "c")).is_none()).count();
        assert_eq!((allowed(), allowed()), (10, 0));
        limits.change(Bounds { person: 60, channel: 240, total: 3_000 });
        assert_eq!(allowed(), 20, "counted anew, as a number of its own");
        limits.change(Bounds { person: 600, channel: 6_000, total: 9 });
        assert_eq!(allowed(), 3, "all together");
    }

    #[test]
    fn talk_among_people_does_not_count() {
        let limits = limits();
        let mut talk = event("anna", "c");
        talk.input = Input::Said { text: "hello".to_owned(), addressed: false };
        assert!((0..100).all(|_| limits.count(START, &talk).is_none()));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let limits = limits();
        assert!((0..50).any(|_| limits.count(START, &event("anna", "c")).is_some()));
        let back = Timestamp::from_millis(START.millis() - 3_600_000);
        assert_eq!(limits.count(back, &event("anna", "c")), None);
    }

    #[test]
    fn a_million_senders_take_no_more_room_than_some_thousands() {
        let limits = limits();
        let mut most = 0;
        let mut somebody = event("anna", "c");
        for number in 0..1_000_000_i64 {
            let now = Timestamp::from_millis(START.millis() + number / 100);
            somebody.who = UserId::from_stored(number.to_string());
            somebody.place.channel = ChannelId::from_stored(number.to_string());
            let _ = limits.count(now, &somebody);
            if number % 5_000 == 0 {
                most = most.max(limits.known());
            }
        }
        assert!((KNOWN..=3 * KNOWN).contains(&most), "{most}");
        assert!(limits.known() <= 3 * KNOWN);
    }
}
