//! Leading somebody through a plan: the state machine.
//!
//! Time is an argument. A session says when it next needs to be looked at ([`Session::due`]); it never waits by itself.
//! Pressure never rises, sides stay fair, and a step is never announced twice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::happening::{End, Happening, Verb};
use super::model::Routine;
use super::plan::{Planned, longest};
use crate::base::id::SessionId;
use crate::base::time::Timestamp;

/// Time to get ready before a step.
pub const READY: Duration = Duration::from_secs(10);
/// Time to change hands between twins, and to settle after a pause.
pub const SWITCH: Duration = Duration::from_secs(5);
/// What `more` adds.
pub const MORE: u32 = 15;
/// How long a paused session keeps its place.
pub const KEEP: Duration = Duration::from_secs(30 * 60);
/// How late a due time may be looked at before the process must have been away.
pub const LATE: Duration = Duration::from_secs(30);
/// A twin that was left earlier than this is skipped on both sides.
const TOO_SHORT: u32 = 5;
/// No sign for at least this long in waiting pace means away.
const AWAY_LEAST: Duration = Duration::from_secs(120);

/// A running routine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The routine's id.
    pub routine: String,
    /// The steps that are left to do and those that are done.
    pub steps: Vec<Planned>,
    /// Which of them is on, from 0.
    pub at: usize,
    /// What is going on.
    pub phase: Phase,
    /// The highest pressure from here on; only ever lowered.
    pub cap: u8,
    /// Whether a step waits for `next` when its time is up.
    pub waits: bool,
    /// Whether cards are those of attack mode.
    pub quiet: bool,
    /// How often something hurt.
    pub hurts: u8,
}

/// What is going on in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The step's clock runs, or will from `from` on.
    Running {
        /// When the step's own time begins.
        from: Timestamp,
        /// When it is over.
        until: Timestamp,
    },
    /// The step's time is over; `next` is awaited.
    Waiting {
        /// Since when.
        since: Timestamp,
    },
    /// Stopped in mid-step.
    Paused {
        /// Seconds that are left of the step.
        remaining: u32,
        /// Since when.
        since: Timestamp,
    },
}

impl Session {
    /// Begins with the first step; its time starts after [`READY`].
    pub fn begin(
        id: SessionId,
        routine: &Routine,
        steps: Vec<Planned>,
        cap: u8,
        waits: bool,
        quiet: bool,
        now: Timestamp,
    ) -> Self {
        let phase = running(now + READY, steps.first().map_or(0, |step| step.seconds));
        Self { id, routine: routine.id.clone(), steps, at: 0, phase, cap, waits, quiet, hurts: 0 }
    }

    /// The step that is on.
    pub fn current(&self) -> Option<&Planned> {
        self.steps.get(self.at)
    }

    /// The step after it.
    pub fn upcoming(&self) -> Option<&Planned> {
        self.steps.iter().skip(self.at + 1).find(|step| !step.dropped)
    }

    /// Its number, from 1, and how many steps there are. Numbers stay as they are when steps are dropped on the way.
    pub fn position(&self) -> (usize, usize) {
        (self.at + 1, self.steps.len())
    }

    /// When it must be looked at again.
    pub fn due(&self) -> Timestamp {
        match self.phase {
            Phase::Running { until, .. } => until,
            Phase::Waiting { since } => since + self.patience(),
            Phase::Paused { since, .. } => since + KEEP,
        }
    }

    /// The step's card was shown so much later than it was meant to be: its time goes along. `false` when no time runs.
    pub fn put_off(&mut self, by: Duration) -> bool {
        let Phase::Running { from, until } = self.phase else { return false };
        self.phase = Phase::Running { from: from + by, until: until + by };
        true
    }

    /// Its time has come. A look that comes late means that the process was away.
    pub fn look(&mut self, now: Timestamp) -> Happening {
        if now < self.due() {
            return Happening::Nothing;
        }
        match self.phase {
            Phase::Running { .. } if now.since(self.due()) > LATE => self.returned(now),
            Phase::Running { .. } if self.waits => {
                self.phase = Phase::Waiting { since: now };
                Happening::TimeUp
            }
            Phase::Running { .. } => self.advance(now),
            Phase::Waiting { .. } => {
                self.pause(0, now);
                Happening::Away
            }
            Phase::Paused { .. } => Happening::Ended(End::Expired),
        }
    }

    /// The process was away while the session was running: it comes back paused, at the same step and side.
    pub fn returned(&mut self, now: Timestamp) -> Happening {
        let whole = self.current().map_or(0, |step| step.seconds);
        match self.phase {
            Phase::Running { until, .. } => {
                let remaining = self.remaining(now);
                // When its time ran out unseen, the step is offered whole: nobody led it.
                self.pause(if now < until { remaining } else { whole }, now);
                Happening::Away
            }
            Phase::Waiting { .. } => {
                self.pause(0, now);
                Happening::Away
            }
            Phase::Paused { since, .. } if now.since(since) >= KEEP => Happening::Ended(End::Expired),
            Phase::Paused { .. } => Happening::Nothing,
        }
    }

    /// Does what the person says.
    pub fn apply(&mut self, verb: Verb, routine: &Routine, now: Timestamp) -> Happening {
        match verb {
            Verb::Next => self.next(now),
            Verb::Back => {
                let before = self.steps.get(..self.at).and_then(|steps| steps.iter().rposition(|step| !step.dropped));
                self.start(before.unwrap_or(self.at), now)
            }
            Verb::Repeat => self.start(self.at, now),
            Verb::Pause => match self.phase {
                Phase::Paused { .. } => Happening::PausedAlready,
                Phase::Running { .. } => {
                    self.pause(self.remaining(now), now);
                    Happening::Paused
                }
                // Nothing of it is left, so that `next` takes nothing from the other side.
                Phase::Waiting { .. } => {
                    self.pause(0, now);
                    Happening::Paused
                }
            },
            Verb::Resume => match self.phase {
                Phase::Paused { remaining, .. } => {
                    // A step that was over is offered whole.
                    let whole = self.current().map_or(0, |step| step.seconds);
                    self.phase = running(now + SWITCH, if remaining == 0 { whole } else { remaining });
                    Happening::Resumed
                }
                Phase::Running { .. } | Phase::Waiting { .. } => Happening::NotPaused,
            },
            Verb::More => self.more(routine, now),
            Verb::Easier => self.ease(),
            Verb::Hurts => self.hurt(now),
            Verb::Stop => Happening::Ended(End::Stopped),
        }
    }

    fn next(&mut self, now: Timestamp) -> Happening {
        if let Phase::Running { .. } | Phase::Paused { .. } = self.phase {
            self.shorten(now);
        }
        self.advance(now)
    }

    /// The first twin was left early: the other side gets no more than this one had.
    fn shorten(&mut self, now: Timestamp) {
        let Some(pair) = self.current().and_then(|step| step.pair) else { return };
        let Some(done) = self.current().map(|step| step.seconds.saturating_sub(self.remaining(now))) else { return };
        let later: Vec<usize> =
            (self.at + 1..self.steps.len()).filter(|index| self.steps[*index].pair == Some(pair)).collect();
        let Some((twin, rest)) = later.split_first() else { return };
        let first_was_earlier = self.steps[..self.at].iter().any(|step| step.pair == Some(pair) && !step.dropped);
        if first_was_earlier {
            return;
        }
        let too_short = done < TOO_SHORT;
        for index in [self.at, *twin] {
            self.steps[index].seconds = done;
            self.steps[index].dropped = too_short;
        }
        for index in rest {
            self.steps[*index].dropped = true;
        }
    }

    fn advance(&mut self, now: Timestamp) -> Happening {
        match (self.at + 1..self.steps.len()).find(|index| !self.steps[*index].dropped) {
            Some(index) => self.start(index, now),
            None => Happening::Ended(End::Finished),
        }
    }

    fn start(&mut self, index: usize, now: Timestamp) -> Happening {
        let pair = |index: usize| self.steps.get(index).and_then(|step| step.pair);
        let same_pair = index != self.at && pair(index).is_some() && pair(index) == pair(self.at);
        self.at = index;
        let seconds = self.current().map_or(0, |step| step.seconds);
        self.phase = running(now + if same_pair { SWITCH } else { READY }, seconds);
        Happening::Step
    }

    fn pause(&mut self, remaining: u32, now: Timestamp) {
        self.phase = Phase::Paused { remaining, since: now };
    }

    /// Seconds of the step that are left.
    fn remaining(&self, now: Timestamp) -> u32 {
        match self.phase {
            Phase::Running { from, until } => {
                // Rounded up: half a second left is a second to come.
                u32::try_from(until.since(now.max(from)).as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
            }
            Phase::Waiting { .. } => 0,
            Phase::Paused { remaining, .. } => remaining,
        }
    }

    fn more(&mut self, routine: &Routine, now: Timestamp) -> Happening {
        let Some(current) = self.current().cloned() else { return Happening::Nothing };
        let longest = routine.steps.get(usize::from(current.step)).map_or(0, longest);
        let side_total: u32 = self
            .steps
            .iter()
            .filter(|step| {
                !step.dropped
                    && step.side == current.side
                    && (step.step == current.step || step.pair == current.pair && step.pair.is_some())
            })
            .map(|step| step.seconds)
            .sum();
        if side_total + MORE > longest {
            return Happening::LongEnough;
        }
        let twin = current.pair.and_then(|pair| {
            (self.at + 1..self.steps.len()).find(|index| {
                self.steps[*index].pair == Some(pair)
                    && self.steps[*index].side != current.side
                    && !self.steps[*index].dropped
            })
        });
        let made_up = current.pair.is_some() && twin.is_none();
        match twin {
            Some(twin) => self.steps[twin].seconds += MORE,
            None if made_up => {
                // This is the second side: the first one gets its fifteen seconds afterwards.
                let first = self
                    .steps
                    .iter()
                    .find(|step| step.pair == current.pair && step.side != current.side && !step.dropped);
                let Some(first) = first.cloned() else { return Happening::LongEnough };
                self.steps.insert(self.at + 1, Planned { seconds: MORE, ..first });
            }
            None => {}
        }
        self.steps[self.at].seconds += MORE;
        self.phase = match self.phase {
            Phase::Running { from, until } => {
                Phase::Running { from, until: until + Duration::from_secs(u64::from(MORE)) }
            }
            Phase::Waiting { .. } => running(now, MORE),
            Phase::Paused { remaining, since } => Phase::Paused { remaining: remaining + MORE, since },
        };
        Happening::More { made_up }
    }

    fn ease(&mut self) -> Happening {
        let Some(current) = self.current().cloned() else { return Happening::Nothing };
        let from = if current.pressure > 0 { current.pressure } else { self.cap };
        self.lower(from.saturating_sub(1).max(1));
        for (index, step) in self.steps.iter_mut().enumerate() {
            if index == self.at || (step.pair.is_some() && step.pair == current.pair) {
                step.easier = true;
            }
        }
        Happening::Eased
    }

    fn lower(&mut self, cap: u8) {
        self.cap = self.cap.min(cap);
        // Those that are done as well: `back` may lead to them.
        for step in &mut self.steps {
            step.pressure = step.pressure.min(self.cap);
        }
    }

    fn hurt(&mut self, now: Timestamp) -> Happening {
        self.hurts = self.hurts.saturating_add(1);
        if self.hurts > 1 {
            return Happening::Ended(End::Hurt);
        }
        let pair = self.current().and_then(|step| step.pair);
        for step in self.steps.iter_mut().filter(|step| pair.is_some() && step.pair == pair) {
            step.dropped = true;
        }
        self.ease();
        match (self.at + 1..self.steps.len()).find(|index| !self.steps[*index].dropped) {
            Some(next) => {
                if let Some(step) = self.steps.get_mut(self.at) {
                    step.dropped = true;
                }
                self.at = next;
                self.pause(self.steps[next].seconds, now);
                Happening::Hurt
            }
            None => Happening::Ended(End::Hurt),
        }
    }

    fn patience(&self) -> Duration {
        let two_steps = Duration::from_secs(2 * u64::from(self.current().map_or(0, |step| step.seconds)));
        two_steps.max(AWAY_LEAST)
    }
}

fn running(from: Timestamp, seconds: u32) -> Phase {
    Phase::Running { from, until: from + Duration::from_secs(u64::from(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Wishes, fit};
    use super::super::samples::routine;
    use super::*;
    use crate::base::id::UserId;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn begun(waits: bool) -> Session {
        let steps = fit(&routine(), &Wishes::default()).unwrap().steps;
        let id = SessionId::derive(&UserId::from_stored("test:me"), 0);
        Session::begin(id, &routine(), steps, 3, waits, false, at(0))
    }

    /// On the first glide (left, 40 s; its twin comes next), with 15 s done where a clock runs; now is 115.
    fn on_the_first_twin(phase: &str) -> Session {
        let phase = match phase {
            "running" => Phase::Running { from: at(100), until: at(140) },
            "waiting" => Phase::Waiting { since: at(100) },
            _ => Phase::Paused { remaining: 25, since: at(100) },
        };
        Session { at: 1, phase, ..begun(true) }
    }

    /// A session in short: the step it is on, and the phase.
    fn shown(session: &Session) -> String {
        let seconds = |at: Timestamp| at.millis() / 1000;
        match session.phase {
            Phase::Running { from, until } => format!("{} running {}-{}", session.at, seconds(from), seconds(until)),
            Phase::Waiting { since } => format!("{} waiting since {}", session.at, seconds(since)),
            Phase::Paused { remaining, since } => format!("{} paused {remaining} since {}", session.at, seconds(since)),
        }
    }

    /// Seconds of each step that is not dropped.
    fn seconds(session: &Session) -> Vec<u32> {
        session.steps.iter().filter(|step| !step.dropped).map(|step| step.seconds).collect()
    }

    #[test]
    fn every_verb_in_every_phase() {
        use Happening as H;
        let more = H::More { made_up: false };
        let table: &[(&str, Verb, Happening, &str)] = &[
            ("running", Verb::Next, H::Step, "2 running 120-135"),
            ("waiting", Verb::Next, H::Step, "2 running 120-160"),
            ("paused", Verb::Next, H::Step, "2 running 120-135"),
            ("running", Verb::Back, H::Step, "0 running 125-155"),
            ("waiting", Verb::Back, H::Step, "0 running 125-155"),
            ("paused", Verb::Back, H::Step, "0 running 125-155"),
            ("running", Verb::Repeat, H::Step, "1 running 125-165"),
            ("waiting", Verb::Repeat, H::Step, "1 running 125-165"),
            ("paused", Verb::Repeat, H::Step, "1 running 125-165"),
            ("running", Verb::Pause, H::Paused, "1 paused 25 since 115"),
            ("waiting", Verb::Pause, H::Paused, "1 paused 0 since 115"),
            ("paused", Verb::Pause, H::PausedAlready, "1 paused 25 since 100"),
            ("running", Verb::Resume, H::NotPaused, "1 running 100-140"),
            ("waiting", Verb::Resume, H::NotPaused, "1 waiting since 100"),
            ("paused", Verb::Resume, H::Resumed, "1 running 120-145"),
            ("running", Verb::More, more, "1 running 100-155"),
            ("waiting", Verb::More, more, "1 running 115-130"),
            ("paused", Verb::More, more, "1 paused 40 since 100"),
            ("running", Verb::Easier, H::Eased, "1 running 100-140"),
            ("waiting", Verb::Easier, H::Eased, "1 waiting since 100"),
            ("paused", Verb::Easier, H::Eased, "1 paused 25 since 100"),
            ("running", Verb::Hurts, H::Hurt, "3 paused 60 since 115"),
            ("waiting", Verb::Hurts, H::Hurt, "3 paused 60 since 115"),
            ("paused", Verb::Hurts, H::Hurt, "3 paused 60 since 115"),
            ("running", Verb::Stop, H::Ended(End::Stopped), "1 running 100-140"),
            ("waiting", Verb::Stop, H::Ended(End::Stopped), "1 waiting since 100"),
            ("paused", Verb::Stop, H::Ended(End::Stopped), "1 paused 25 since 100"),
        ];
        for (phase, verb, happening, expected) in table {
            let mut session = on_the_first_twin(phase);
            let happened = session.apply(*verb, &routine(), at(115));
            assert_eq!((happened, shown(&session).as_str()), (*happening, *expected), "{verb:?} while {phase}");
        }
    }

    #[test]
    fn next_early_on_the_first_twin_shortens_the_second() {
        let mut session = on_the_first_twin("running");
        session.apply(Verb::Next, &routine(), at(115));
        assert_eq!(seconds(&session), [30, 15, 15, 60, 60, 30]);
        // On the second twin nothing is taken back from the first.
        session.apply(Verb::Next, &routine(), at(125));
        assert_eq!((seconds(&session), session.at), (vec![30, 15, 15, 60, 60, 30], 3));
    }

    #[test]
    fn a_first_twin_that_was_done_keeps_its_second_whatever_comes_between() {
        let pause = |session: &mut Session| session.apply(Verb::Pause, &routine(), at(115));
        let away = |session: &mut Session| session.look(at(220));
        let returned = |session: &mut Session| session.returned(at(115));
        for halt in [&pause as &dyn Fn(&mut Session) -> Happening, &away, &returned] {
            let mut session = on_the_first_twin("waiting");
            halt(&mut session);
            session.apply(Verb::Next, &routine(), at(300));
            assert_eq!(
                (seconds(&session), shown(&session)),
                (vec![30, 40, 40, 60, 60, 30], "2 running 305-345".to_owned())
            );
            let mut session = on_the_first_twin("waiting");
            halt(&mut session);
            session.apply(Verb::Resume, &routine(), at(300));
            assert_eq!(shown(&session), "1 running 305-345");
        }
    }

    #[test]
    fn a_first_twin_of_under_five_seconds_is_left_out_on_both_sides() {
        for (now, at_step, left) in [(104, 3, vec![30, 60, 60, 30]), (105, 2, vec![30, 5, 5, 60, 60, 30])] {
            let mut session = on_the_first_twin("running");
            assert_eq!(session.apply(Verb::Next, &routine(), at(now)), Happening::Step);
            assert_eq!((session.at, seconds(&session)), (at_step, left), "left at {now}");
        }
    }

    #[test]
    fn more_on_the_first_twin_is_given_to_the_second_as_well() {
        let mut session = on_the_first_twin("running");
        session.apply(Verb::More, &routine(), at(115));
        assert_eq!(seconds(&session), [30, 55, 55, 60, 60, 30]);
    }

    #[test]
    fn more_on_the_second_twin_puts_in_a_make_up_for_the_first() {
        let mut session = Session { at: 2, ..on_the_first_twin("running") };
        assert_eq!(session.apply(Verb::More, &routine(), at(115)), Happening::More { made_up: true });
        assert_eq!(seconds(&session), [30, 40, 55, 15, 60, 60, 30]);
        let made_up = &session.steps[3];
        assert_eq!((made_up.step, made_up.side, made_up.pair), (1, session.steps[1].side, session.steps[1].pair));
        session.apply(Verb::Next, &routine(), at(155));
        assert_eq!(shown(&session), "3 running 160-175");
    }

    #[test]
    fn more_ends_where_the_step_is_long_enough() {
        // Pressing is capped at 90: two times fifteen fit on top of 60.
        let mut session = Session { at: 3, ..on_the_first_twin("waiting") };
        let given = |session: &mut Session| session.apply(Verb::More, &routine(), at(115));
        assert_eq!(given(&mut session), Happening::More { made_up: false });
        assert_eq!(given(&mut session), Happening::More { made_up: false });
        let before = session.clone();
        assert_eq!(given(&mut session), Happening::LongEnough);
        assert_eq!(session, before);
    }

    #[test]
    fn more_without_a_twin_is_more_of_that_step_alone() {
        let mut session = begun(false);
        assert_eq!(session.apply(Verb::More, &routine(), at(12)), Happening::More { made_up: false });
        assert_eq!((seconds(&session), shown(&session)), (vec![45, 40, 40, 60, 60, 30], "0 running 10-55".to_owned()));
    }

    #[test]
    fn the_second_hurts_ends_it() {
        let mut session = on_the_first_twin("running");
        assert_eq!(session.apply(Verb::Hurts, &routine(), at(115)), Happening::Hurt);
        // Both twins are left, the next step waits, and all that follows is lighter.
        assert_eq!((seconds(&session), session.cap), (vec![30, 60, 60, 30], 1));
        assert!(session.steps.iter().all(|step| step.pressure <= 1));
        assert_eq!(session.apply(Verb::Hurts, &routine(), at(116)), Happening::Ended(End::Hurt));
    }

    #[test]
    fn hurts_in_the_last_step_ends_it_at_once() {
        let mut session = Session { at: 5, ..on_the_first_twin("running") };
        assert_eq!(session.apply(Verb::Hurts, &routine(), at(115)), Happening::Ended(End::Hurt));
    }

    #[test]
    fn easier_lowers_everything_before_and_behind_and_never_below_one() {
        let mut session = Session { at: 3, ..on_the_first_twin("running") };
        let pressures = |session: &Session| session.steps.iter().map(|step| step.pressure).collect::<Vec<_>>();
        assert_eq!(pressures(&session), [0, 2, 2, 3, 3, 0]);
        for (cap, expected) in [(2, [0, 2, 2, 2, 2, 0]), (1, [0, 1, 1, 1, 1, 0]), (1, [0, 1, 1, 1, 1, 0])] {
            session.apply(Verb::Easier, &routine(), at(115));
            assert_eq!((session.cap, pressures(&session)), (cap, expected.to_vec()));
        }
        let eased: Vec<usize> = (0..6).filter(|index| session.steps[*index].easier).collect();
        assert_eq!(eased, [3, 4]);
    }

    #[test]
    fn back_on_the_first_step_begins_it_again() {
        let mut session = begun(false);
        assert_eq!(session.apply(Verb::Back, &routine(), at(20)), Happening::Step);
        assert_eq!(shown(&session), "0 running 30-60");
    }

    #[test]
    fn back_and_next_pass_over_what_was_dropped() {
        let mut session = on_the_first_twin("running");
        session.apply(Verb::Hurts, &routine(), at(115));
        session.apply(Verb::Back, &routine(), at(120));
        assert_eq!(session.at, 0);
        session.apply(Verb::Next, &routine(), at(150));
        assert_eq!(session.at, 3);
        // Numbers stay as they were.
        assert_eq!(session.position(), (4, 6));
    }

    #[test]
    fn pause_keeps_what_remains_and_resume_gives_five_seconds_to_settle() {
        // Before its time has begun, all of it remains; half a second left is a second to come.
        for (millis, remaining) in [(4_000, 30), (10_000, 30), (10_500, 30), (39_500, 1), (40_000, 0)] {
            let mut session = begun(false);
            session.apply(Verb::Pause, &routine(), Timestamp::from_millis(millis));
            assert!(matches!(session.phase, Phase::Paused { remaining: left, .. } if left == remaining), "{millis}");
        }
        let mut session = on_the_first_twin("paused");
        session.apply(Verb::Resume, &routine(), at(1_000));
        assert_eq!(shown(&session), "1 running 1005-1030");
    }

    #[test]
    fn a_step_whose_time_is_up_goes_on_or_waits() {
        let mut session = begun(false);
        assert_eq!((session.look(at(39)), shown(&session)), (Happening::Nothing, "0 running 10-40".to_owned()));
        assert_eq!((session.look(at(40)), shown(&session)), (Happening::Step, "1 running 50-90".to_owned()));
        let mut session = begun(true);
        assert_eq!((session.look(at(40)), shown(&session)), (Happening::TimeUp, "0 waiting since 40".to_owned()));
        let mut last = Session { at: 5, ..begun(false) };
        assert_eq!(last.look(at(40)), Happening::Ended(End::Finished));
    }

    #[test]
    fn a_late_look_means_away_and_the_step_is_kept_whole() {
        for (now, happening, expected) in [
            (70, Happening::Step, "1 running 80-120"),
            (71, Happening::Away, "0 paused 30 since 71"),
            (5_000, Happening::Away, "0 paused 30 since 5000"),
        ] {
            let mut session = begun(false);
            assert_eq!((session.look(at(now)), shown(&session).as_str()), (happening, expected), "looked at {now}");
        }
    }

    #[test]
    fn a_process_that_was_away_comes_back_paused_at_the_same_step() {
        for (phase, now, happening, expected) in [
            ("running", 115, Happening::Away, "1 paused 25 since 115"),
            ("running", 200, Happening::Away, "1 paused 40 since 200"),
            ("waiting", 115, Happening::Away, "1 paused 0 since 115"),
            ("paused", 115, Happening::Nothing, "1 paused 25 since 100"),
            ("paused", 1899, Happening::Nothing, "1 paused 25 since 100"),
            ("paused", 1900, Happening::Ended(End::Expired), "1 paused 25 since 100"),
        ] {
            let mut session = on_the_first_twin(phase);
            let happened = session.returned(at(now));
            assert_eq!((happened, shown(&session).as_str()), (happening, expected), "{phase}, back at {now}");
        }
    }

    #[test]
    fn waiting_pace_has_the_patience_of_two_steps_and_two_minutes_at_least() {
        // The step takes 40 s: two of them are less than two minutes.
        let mut session = on_the_first_twin("waiting");
        assert_eq!(session.due(), at(220));
        assert_eq!(session.look(at(219)), Happening::Nothing);
        assert_eq!((session.look(at(220)), shown(&session)), (Happening::Away, "1 paused 0 since 220".to_owned()));
        let mut long = on_the_first_twin("waiting");
        long.steps[1].seconds = 70;
        assert_eq!(long.due(), at(240));
    }

    #[test]
    fn a_pause_expires_after_thirty_minutes() {
        let mut session = on_the_first_twin("paused");
        assert_eq!(session.due(), at(1900));
        assert_eq!(session.look(at(1899)), Happening::Nothing);
        assert_eq!(session.look(at(1900)), Happening::Ended(End::Expired));
    }
}
