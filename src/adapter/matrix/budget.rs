//! How many events may be sent. A homeserver counts all that an account sends in all its rooms, and refuses what is too much.
//!
//! The limit is learnt from refusals, as no homeserver tells it: a bucket that holds `burst` and fills by `rate`. Until one is
//! known, nothing is held back: there may be none. Once it is, some of the bucket is kept for what matters more, so that a
//! step is never late for an answer, and nothing that is urgent ever waits. Pure.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::turns::Turns;
use crate::base::time::Timestamp;
use crate::port::action::Priority;

/// What is sent: a delivery, or what the adapter does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A delivery.
    Ordered(Priority),
    /// What nobody waits for: reactions put up as buttons.
    Extra,
}

/// A limit: so many at once, and so many a second in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    burst: f64,
    rate: f64,
}

/// What a new Synapse allows (`rc_message` in its documentation).
const STOCK: Limit = Limit { burst: 10.0, rate: 0.2 };
/// So many are counted when a new Synapse refuses one: some of them may be on their way still, and will be refused, too.
const ABOUT_STOCK: RangeInclusive<f64> = 8.0..=16.0;
/// Who is told to wait so long has met that limit, or a lower one.
const LONG: Duration = Duration::from_secs(2);
/// Slower than that no limit is taken to be: an event in 100 seconds.
const SLOWEST: f64 = 0.01;
/// By so much of an event two reckonings may differ.
const COUNTS_ALIKE: f64 = 0.01;
/// Sends that are remembered; no burst is taken to be larger.
const REMEMBERED: usize = 100;
/// Urgent events that there is always room for.
const FOR_URGENT: f64 = 2.0;
/// Steps that there is room for beside answers: at least so many, and as many as there were lately, up to so many.
const FOR_STEPS: RangeInclusive<usize> = 2..=4;
/// What is lately: the time between a step and the next is seldom more.
const LATELY: Duration = Duration::from_secs(60);

/// What was sent, and how much may be.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// When, since the server was last seen full, or in the last while.
    sent: VecDeque<Timestamp>,
    /// How full the bucket was before the first of these, and when.
    before: f64,
    since: Timestamp,
    /// When the newest steps were sent.
    steps: VecDeque<Timestamp>,
    /// What refusals have told.
    learnt: Option<Limit>,
    /// Until then the server takes nothing.
    refused_until: Timestamp,
    /// Who waits.
    turns: Turns,
}

impl Budget {
    /// Takes the event of this name out when it is its turn; or tells how long to wait before asking again.
    pub fn take(&mut self, now: Timestamp, class: Class, name: &str) -> Result<(), Duration> {
        let ahead = self.turns.ahead(now, class, name);
        let taken = self.take_behind(now, class, ahead);
        match taken {
            Ok(()) => self.turns.goes(name),
            Err(wait) => self.turns.waits(name, now + wait),
        }
        taken
    }

    /// The server has taken the event of this name, or it is given up; one that it refused comes again after a while.
    pub fn ended(&mut self, now: Timestamp, name: &str, again: Option<Duration>) {
        match again {
            Some(wait) => self.turns.waits(name, now + wait),
            None => self.turns.ended(name),
        }
    }

    /// Takes one event out that so many others come before.
    fn take_behind(&mut self, now: Timestamp, class: Class, ahead: usize) -> Result<(), Duration> {
        let Some(limit) = self.learnt else {
            self.taken(now, class);
            return Ok(());
        };
        let is_urgent = class == Class::Ordered(Priority::Urgent);
        let free = limit.burst - self.level(limit, now);
        let missing = self.keeps_back(now, class, limit) + ahead as f64 + 1.0 - free;
        // What is urgent is tried at once: the server may allow it, and says so if not.
        if is_urgent || missing <= 0.0 && now >= self.refused_until {
            self.taken(now, class);
            return Ok(());
        }
        let wait = Duration::from_secs_f64((missing / limit.rate).clamp(0.05, 60.0));
        Err(wait.max(self.refused_until.since(now)))
    }

    /// The server refused an event that was taken out, and takes the next one after `wait`.
    pub fn refused(&mut self, now: Timestamp, wait: Duration) {
        // It was not counted there, either.
        self.sent.pop_back();
        self.refused_until = self.refused_until.max(now + wait);
        // At a full bucket the wait is at most the time in which one event runs out; some of it may have passed.
        let rate = (1.0 / wait.as_secs_f64().max(0.5)).max(SLOWEST);
        // A short wait says nothing: most of it may have passed. Where about as many were taken as a new Synapse takes, it is one.
        let taken = self.level(Limit { burst: REMEMBERED as f64, rate: STOCK.rate }, now);
        let is_stock = self.learnt.is_none() && ABOUT_STOCK.contains(&taken);
        let rate = if wait >= LONG || is_stock { rate.min(STOCK.rate) } else { rate };
        let rate = self.learnt.map_or(rate, |limit| limit.rate.min(rate));
        let level = self.level(Limit { burst: REMEMBERED as f64, rate }, now);
        let burst = match self.learnt {
            // A little less than it may be: two clocks never count quite alike. What was reckoned by another rate was wrong.
            Some(limit) if rate >= limit.rate => {
                // What is urgent is tried at a full bucket as well: that it was refused then is no news.
                let is_news = level + 1.0 <= limit.burst + COUNTS_ALIKE;
                // Perhaps it is smaller; perhaps something else was sent by this account.
                if is_news { level.clamp((limit.burst - 1.0).max(1.0), limit.burst) } else { limit.burst }
            }
            None if is_stock => STOCK.burst - 0.5,
            Some(_) | None => level.max(STOCK.burst - 0.5),
        };
        // So full it is now, whatever was counted before: in the wait there comes to be room for one.
        self.before = (burst - 1.0 + wait.as_secs_f64() * rate).min(burst);
        self.since = now;
        self.sent.clear();
        self.learnt = Some(Limit { burst, rate });
    }

    /// What is known of the limit: how many at once, and how many a second.
    pub fn learnt(&self) -> Option<(f64, f64)> {
        self.learnt.map(|limit| (limit.burst, limit.rate))
    }

    fn taken(&mut self, now: Timestamp, class: Class) {
        self.counted(now);
        if class == Class::Ordered(Priority::Step) {
            self.steps.truncate(FOR_STEPS.end() - 1);
            self.steps.push_front(now);
        }
    }

    /// How much of the bucket is left for what matters more: two urgent events, and beside answers the steps that may be due at
    /// once. Routines that run are known by their steps.
    fn keeps_back(&self, now: Timestamp, class: Class, limit: Limit) -> f64 {
        let lately = self.steps.iter().filter(|step| now.since(**step) < LATELY).count();
        let steps = lately.clamp(*FOR_STEPS.start(), *FOR_STEPS.end()) as f64;
        let wanted = match class {
            Class::Ordered(Priority::Urgent) => 0.0,
            Class::Ordered(Priority::Step) => FOR_URGENT,
            Class::Ordered(Priority::Answer) => FOR_URGENT + steps,
            Class::Extra => FOR_URGENT + steps + 2.0,
        };
        wanted.min((limit.burst - 1.0).max(0.0))
    }

    /// The server counts something that this account does: an event, going into a room, out of one, making one.
    pub fn counted(&mut self, now: Timestamp) {
        if self.sent.len() == REMEMBERED
            && let Some(first) = self.sent.pop_front()
        {
            // How much of it has run out can be told only by a rate.
            self.before = self.learnt.map_or(0.0, |limit| self.run_out(limit, first) + 1.0);
            self.since = first;
        }
        self.sent.push_back(now);
    }

    /// How full the server's bucket is: every event fills it by one, and it runs out by `rate`.
    fn level(&self, limit: Limit, now: Timestamp) -> f64 {
        let mut level = self.before;
        let mut last = self.since;
        for at in self.sent.iter().copied() {
            level = (level - at.since(last).as_secs_f64() * limit.rate).max(0.0) + 1.0;
            last = at;
        }
        (level - now.since(last).as_secs_f64() * limit.rate).max(0.0)
    }

    /// How much is left at a time of what was in it before.
    fn run_out(&self, limit: Limit, at: Timestamp) -> f64 {
        (self.before - at.since(self.since).as_secs_f64() * limit.rate).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);
    const URGENT: Class = Class::Ordered(Priority::Urgent);
    const STEP: Class = Class::Ordered(Priority::Step);
    const ANSWER: Class = Class::Ordered(Priority::Answer);

    fn at(seconds: f64) -> Timestamp {
        START + Duration::from_secs_f64(seconds)
    }

    /// A server as a new Synapse is, in the test's own words.
    struct Server {
        level: f64,
        last: f64,
    }

    impl Server {
        fn takes(&mut self, now: f64) -> Result<(), Duration> {
            self.level = (self.level - (now - self.last) * 0.2).max(0.0);
            self.last = now;
            if self.level + 1.0 > 10.0 {
                // Whole seconds, as in its header.
                return Err(Duration::from_secs_f64(((self.level + 1.0 - 10.0) / 0.2).ceil()));
            }
            self.level += 1.0;
            Ok(())
        }
    }

    /// Drains a new server by answers until it refuses one.
    fn drained() -> (Budget, Server, f64) {
        let (mut budget, mut server) = (Budget::default(), Server { level: 0.0, last: 0.0 });
        for number in 0..20 {
            let now = f64::from(number) * 0.1;
            budget.take_behind(at(now), ANSWER, 0).unwrap();
            if let Err(wait) = server.takes(now) {
                budget.refused(at(now), wait);
                return (budget, server, now);
            }
        }
        panic!("twenty in two seconds were taken");
    }

    #[test]
    fn nothing_waits_for_a_limit_that_nobody_has_seen() {
        let mut budget = Budget::default();
        assert!((0..1000).all(|number| budget.take_behind(at(f64::from(number) / 1000.0), ANSWER, 0).is_ok()));
        assert!((0..50).all(|_| budget.take_behind(at(1.0), Class::Extra, 0).is_ok()));
    }

    #[test]
    fn the_limit_is_learnt_from_a_refusal() {
        let (budget, _, _) = drained();
        let (burst, rate) = budget.learnt().unwrap();
        assert!((8.5..=10.0).contains(&burst) && (0.19..=0.21).contains(&rate), "{burst} {rate}");
    }

    #[test]
    fn a_bucket_that_was_filled_before_the_start_is_known_to_be_full() {
        let (mut budget, mut server) = (Budget::default(), Server { level: 9.0, last: 0.0 });
        budget.take_behind(at(0.0), ANSWER, 0).unwrap();
        server.takes(0.0).unwrap();
        budget.take_behind(at(0.1), ANSWER, 0).unwrap();
        budget.refused(at(0.1), server.takes(0.1).unwrap_err());
        assert!(budget.learnt().is_some_and(|(burst, _)| (burst - STOCK.burst).abs() < 1.0), "{:?}", budget.learnt());
        for tenth in 1..3_000 {
            let now = 0.1 + f64::from(tenth) * 0.1;
            if budget.take_behind(at(now), ANSWER, 0).is_ok() {
                server.takes(now).expect("what the budget gives, the server takes");
            }
        }
    }

    #[test]
    fn a_short_wait_at_the_stock_limit_is_not_taken_for_a_quick_one() {
        let (mut budget, mut server) = (Budget::default(), Server { level: 0.0, last: 0.0 });
        for _ in 0..10 {
            budget.take_behind(at(0.0), ANSWER, 0).unwrap();
            server.takes(0.0).unwrap();
        }
        budget.take_behind(at(4.2), ANSWER, 0).unwrap();
        let wait = server.takes(4.2).unwrap_err();
        assert_eq!(wait, Duration::from_secs(1));
        budget.refused(at(4.2), wait);
        assert!(budget.learnt().is_some_and(|(_, rate)| rate <= STOCK.rate), "{:?}", budget.learnt());
        // A homeserver that takes fifty at once is another.
        let mut budget = Budget::default();
        for _ in 0..51 {
            budget.take_behind(at(0.0), ANSWER, 0).unwrap();
        }
        budget.refused(at(0.0), Duration::from_secs(1));
        assert!(budget.learnt().is_some_and(|(_, rate)| rate > 0.9), "{:?}", budget.learnt());
    }

    #[test]
    fn what_was_reckoned_by_a_wrong_rate_is_forgotten_with_it() {
        // Something else had used up three, and most of the wait had passed when it refused.
        let (mut budget, mut server) = (Budget::default(), Server { level: 3.0, last: 0.0 });
        let mut refused = 0;
        for tenth in 0..100 {
            let now = f64::from(tenth) * 0.1;
            if tenth % 10 == 0 && budget.take_behind(at(now), STEP, 0).is_ok()
                || tenth < 40 && budget.take_behind(at(now), ANSWER, 0).is_ok()
            {
                refused += usize::from(server.takes(now).map_err(|wait| budget.refused(at(now), wait)).is_err());
            }
        }
        assert!(refused > 0 && budget.learnt().is_some_and(|(_, rate)| rate <= STOCK.rate), "{:?}", budget.learnt());
        let wait = budget.take_behind(at(10.0), STEP, 0).err().unwrap_or_default();
        assert!(wait < Duration::from_secs(16), "{wait:?}");
    }

    #[test]
    fn those_who_wait_are_told_when_their_turn_comes() {
        let (mut budget, mut server, start) = drained();
        let names = ["anna", "ben", "cleo"];
        let told = names.map(|name| budget.take(at(start), STEP, name).unwrap_err().as_secs_f64());
        // What matters less is told a later time than all of them.
        let answer = budget.take(at(start), ANSWER, "dora").unwrap_err().as_secs_f64();
        assert!(told.is_sorted() && told[2] < answer, "{told:?} {answer}");
        // In the wrong order, a moment before and a moment after: each is taken at its time, and never refused.
        for (name, wait) in names.iter().zip(told).rev() {
            assert!(budget.take(at(start + told[0] - 0.1), STEP, name).is_err(), "{name} {wait}");
        }
        for (name, wait) in names.iter().zip(told) {
            let now = start + wait + 0.2;
            budget.take(at(now), STEP, name).expect("it was told this time");
            server.takes(now).expect("what the budget gives, the server takes");
            budget.ended(at(now), name, None);
        }
    }

    #[test]
    fn what_else_an_account_does_is_counted() {
        let mut budget = Budget { learnt: Some(STOCK), ..Budget::default() };
        (0..8).for_each(|_| budget.counted(at(0.0)));
        assert!(budget.take_behind(at(0.0), STEP, 0).is_err());
    }

    #[test]
    fn many_refused_at_once_tell_the_same_limit_as_one() {
        let (mut budget, mut server) = (Budget::default(), Server { level: 0.0, last: 0.0 });
        let (now, mut refusals) = (at(1.0), Vec::new());
        for _ in 0..16 {
            budget.take_behind(now, ANSWER, 0).unwrap();
        }
        for _ in 0..16 {
            refusals.extend(server.takes(1.0).err());
        }
        refusals.into_iter().for_each(|wait| budget.refused(now, wait));
        assert!(budget.learnt().is_some_and(|(burst, _)| (9.0..=10.0).contains(&burst)), "{:?}", budget.learnt());
        // The first step after it waits until there is room for it and two urgent ones, and no longer.
        let first = (0..1_000)
            .map(|tenth| 1.0 + f64::from(tenth) * 0.1)
            .find(|now| budget.take_behind(at(*now), STEP, 0).is_ok());
        assert!(first.is_some_and(|first| first < 17.0), "{first:?}");
    }

    #[test]
    fn an_urgent_event_at_a_full_bucket_makes_it_neither_smaller_nor_fuller() {
        let (mut budget, mut server, start) = drained();
        let (burst, _) = budget.learnt().unwrap();
        for second in 1..=12 {
            let now = start + f64::from(second);
            budget.take_behind(at(now), URGENT, 0).unwrap();
            if let Err(wait) = server.takes(now) {
                budget.refused(at(now), wait);
            }
        }
        assert!(budget.learnt().is_some_and(|(now, _)| (burst - now).abs() < 0.01), "{burst} {:?}", budget.learnt());
        let now = start + 12.0;
        let first = (0..600)
            .map(|tenth| now + f64::from(tenth) * 0.1)
            .find(|now| budget.take_behind(at(*now), STEP, 0).is_ok());
        assert!(first.is_some_and(|first| first - now < 16.0), "{first:?}");
    }

    #[test]
    fn once_it_is_known_nothing_is_refused_any_more_and_the_urgent_never_waits() {
        let (mut budget, mut server, start) = drained();
        let mut waited: [f64; 2] = [0.0, 0.0];
        // Once the flood that told the limit has run out: answers without end, and a step every ten seconds.
        for tenth in 0..6_000 {
            let now = start + 20.0 + f64::from(tenth) * 0.1;
            let classes: &[(usize, Class)] = if tenth % 100 == 0 { &[(0, STEP), (1, ANSWER)] } else { &[(1, ANSWER)] };
            for (row, class) in classes {
                match budget.take_behind(at(now), *class, 0) {
                    Ok(()) => server.takes(now).expect("what the budget gives, the server takes"),
                    Err(wait) => waited[*row] = waited[*row].max(wait.as_secs_f64()),
                }
            }
            if tenth == 3_000 {
                budget.take_behind(at(now), URGENT, 0).unwrap();
                server.takes(now).expect("there is always one for what is urgent");
            }
        }
        assert!(waited[0] < 1.0, "a step waited {} s", waited[0]);
        assert!(waited[1] > 1.0, "answers had to wait");
    }

    /// A routine that somebody begins: two answers lead to it, and then an introduction and a card, and a card every so often.
    struct Routine {
        begins: f64,
        /// What is still to be said before the cards.
        before: Vec<Class>,
        /// When the next card is due, and how many were shown.
        due: f64,
        cards: usize,
        /// Symbols to be put up.
        symbols: usize,
    }

    #[test]
    fn routines_that_begin_together_keep_their_time_beside_answers_without_end() {
        for phase in 0..40 {
            let (mut budget, mut server, start) = drained();
            let mut late = [0.0_f64; 2];
            let begins = |number: u32| start + f64::from(number) * f64::from(phase) * 0.5;
            let routine =
                |begins| Routine { begins, before: vec![STEP, ANSWER, ANSWER], due: 0.0, cards: 0, symbols: 0 };
            let mut routines: Vec<Routine> = (0..3).map(|number| routine(begins(number))).collect();
            for tenth in 0..4_000 {
                let now = start + f64::from(tenth) * 0.1;
                let mut takes = |class| match budget.take_behind(at(now), class, 0) {
                    Ok(()) => server.takes(now).map_err(|wait| budget.refused(at(now), wait)).is_ok(),
                    Err(_) => false,
                };
                for routine in &mut routines {
                    if let Some(class) = routine.before.last() {
                        if now >= routine.begins && takes(*class) {
                            routine.before.pop();
                            // The person reads it and says the next.
                            routine.begins = now + 1.0;
                            routine.due = now;
                        }
                    } else if now >= routine.due && takes(STEP) {
                        let kind = usize::from(routine.cards > 0);
                        late[kind] = late[kind].max(now - routine.due);
                        // Its time was counted from when it was due.
                        routine.due += if routine.cards.is_multiple_of(2) { 35.0 } else { 30.0 };
                        routine.cards += 1;
                        routine.symbols += 8;
                    }
                    if routine.symbols > 0 && takes(Class::Extra) {
                        routine.symbols -= 1;
                    }
                }
                takes(ANSWER);
            }
            assert!(late[1] <= 0.5, "phase {phase}: a card was {} s late", late[1]);
            assert!(late[0] <= 15.0, "phase {phase}: a first card was {} s late", late[0]);
            assert!(routines.iter().all(|routine| routine.cards >= 8), "phase {phase}");
        }
    }

    #[test]
    fn steps_that_are_due_together_all_find_room() {
        let (mut budget, mut server, start) = drained();
        let mut waiting = 0;
        for tenth in 0..6_000 {
            let now = start + 60.0 + f64::from(tenth) * 0.1;
            // Three routines, whose steps take half a minute each.
            waiting += if tenth % 300 == 0 { 3 } else { 0 };
            while waiting > 0 && budget.take_behind(at(now), STEP, 0).is_ok() {
                server.takes(now).expect("what the budget gives, the server takes");
                waiting -= 1;
            }
            // The first time, nobody could know of them.
            assert!(tenth < 600 || waiting == 0, "a step waits at {now}");
            for class in [ANSWER, Class::Extra] {
                if budget.take_behind(at(now), class, 0).is_ok() {
                    server.takes(now).expect("what the budget gives, the server takes");
                }
            }
        }
    }

    #[test]
    fn a_tiny_bucket_still_gives() {
        let mut budget = Budget { learnt: Some(Limit { burst: 1.0, rate: 0.5 }), ..Budget::default() };
        assert_eq!(budget.take_behind(at(0.0), Class::Extra, 0), Ok(()));
        let wait = budget.take_behind(at(0.1), STEP, 0).unwrap_err();
        assert!(wait <= Duration::from_secs(2), "{wait:?}");
        assert_eq!(budget.take_behind(at(0.1) + wait, STEP, 0), Ok(()));
    }
}
