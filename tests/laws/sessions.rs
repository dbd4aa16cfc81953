//! Laws of running sessions, tried on the state machine alone: it is quick, so many more words fit than in a history.

use std::time::Duration;

use nape::base::id::{SessionId, UserId};
use nape::base::time::Timestamp;
use nape::routine::fairness::is_fair;
use nape::routine::model::{Routine, Side};
use nape::routine::plan::{Wishes, fit, longest};
use nape::routine::session::{Happening, Phase, Session, Verb};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::LIBRARY;

/// What comes next in a session.
#[derive(Clone, Copy, Debug)]
enum Move {
    Verb(Verb),
    Wait(u32),
    /// Until it is due, and so much later.
    Due(u32),
    Returned(u32),
    /// The card was shown so much later.
    Late(u32),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let verbs = [Verb::Next, Verb::Back, Verb::Repeat, Verb::Pause, Verb::Resume, Verb::More, Verb::Easier];
    let one = prop_oneof![
        10 => select(verbs.to_vec()).prop_map(Move::Verb),
        1 => Just(Move::Verb(Verb::Hurts)),
        6 => (0..120_u32).prop_map(Move::Wait),
        4 => prop_oneof![4 => Just(0), 1 => 0..3_000_u32].prop_map(Move::Due),
        1 => (0..3_000_u32).prop_map(Move::Returned),
        2 => (1..60_u32).prop_map(Move::Late),
    ];
    prop::collection::vec(one, 1..80)
}

fn begun(routine: &Routine, pressure: u8, minutes: Option<u32>, right: bool, waits: bool) -> Option<Session> {
    let first_side = if right { Side::Right } else { Side::Left };
    let seconds = minutes.map(|minutes| minutes * 60);
    let plan = fit(routine, &Wishes { seconds, pressure, first_side, ..Wishes::default() })?;
    let id = SessionId::derive(&UserId::from_stored("test:me"), 0);
    Some(Session::begin(id, routine, plan.steps, pressure, waits, false, Timestamp::from_millis(0)))
}

fn names() -> Vec<String> {
    LIBRARY.routines.iter().map(|routine| routine.name.clone()).collect()
}

fn named(name: &str) -> &'static Routine {
    LIBRARY.routines.iter().find(|routine| routine.name == name).expect("a routine of the content")
}

/// Seconds that a session gives to one side of one step of the routine.
fn given(session: &Session, step: u16) -> u32 {
    session.steps.iter().filter(|planned| planned.step == step && !planned.dropped).map(|planned| planned.seconds).sum()
}

proptest! {
    #![proptest_config(crate::cases(2_000))]

    #[test]
    fn sides_stay_fair_and_pressure_never_rises(
        name in select(names()),
        pressure in 0..=5_u8,
        minutes in prop::option::of(3..=15_u32),
        right in any::<bool>(),
        waits in any::<bool>(),
        moves in moves(),
    ) {
        let routine = named(&name);
        let Some(mut session) = begun(routine, pressure, minutes, right, waits) else { return Ok(()) };
        let mut now = Timestamp::from_millis(0);
        let mut most = pressure;
        for next in moves {
            let before = session.clone();
            let happening = match next {
                Move::Verb(verb) => session.apply(verb, routine, now),
                Move::Wait(seconds) => {
                    // Nobody waits past a due time: the runtime looks then.
                    now = (now + Duration::from_secs(seconds.into())).min(session.due());
                    continue;
                }
                Move::Due(late) => {
                    now = session.due() + Duration::from_secs(late.into());
                    session.look(now)
                }
                Move::Late(by) => {
                    let by = Duration::from_secs(by.into());
                    let runs = session.put_off(by);
                    prop_assert_eq!(session.due(), if runs { before.due() + by } else { before.due() });
                    prop_assert!(runs || session == before);
                    Happening::Step
                }
                Move::Returned(after) => {
                    now = now + Duration::from_secs(after.into());
                    session.returned(now)
                }
            };
            if let Happening::Ended(_) = happening {
                break;
            }
            prop_assert!(is_fair(&session.steps), "{:?} after {:?}", session.steps, next);
            let current = session.current();
            prop_assert!(current.is_some_and(|step| !step.dropped), "{:?} after {:?}", session, next);
            prop_assert!(session.cap <= most, "the cap rose");
            most = session.cap;
            let is_looked_at = matches!(next, Move::Due(_));
            prop_assert!(session.due() > now || !is_looked_at && session.due() == now, "due at {:?}, now {:?}, after {:?}", session.due(), now, next);
            prop_assert!(session.steps.iter().all(|step| !step.dropped || step.pressure <= pressure));
            prop_assert!(current.is_some_and(|step| step.pressure <= session.cap), "pressure above the cap after {:?}: {:?}", next, session);
            for index in 0..routine.steps.len() {
                let step = u16::try_from(index).unwrap();
                let written = &routine.steps[index];
                let before = given(&before, step);
                let after = given(&session, step);
                prop_assert!(after <= before || after <= longest(written), "{} gets {} seconds after {:?}", written.id, after, next);
            }
            if matches!(happening, Happening::PausedAlready | Happening::NotPaused | Happening::LongEnough | Happening::Nothing) {
                prop_assert_eq!(&session, &before, "{:?} changed something", happening);
            }
            if let Phase::Running { from, until } = session.phase {
                prop_assert!(from <= until);
                let length = u32::try_from(until.since(from).as_secs()).unwrap();
                prop_assert!(current.is_some_and(|step| length <= step.seconds), "{} seconds for {:?} after {:?}", length, current, next);
            }
            if let Phase::Paused { remaining, .. } = session.phase {
                prop_assert!(current.is_some_and(|step| remaining <= step.seconds), "{} seconds left of {:?} after {:?}", remaining, current, next);
            }
            let (number, of) = session.position();
            prop_assert!(1 <= number && number <= of);
        }
    }

    /// "Next" alone, and time alone, both come to the end.
    #[test]
    fn every_session_ends(name in select(names()), pressure in 0..=5_u8, waits in any::<bool>(), by_word in any::<bool>()) {
        let routine = named(&name);
        let Some(mut session) = begun(routine, pressure, None, false, waits) else { return Ok(()) };
        let steps = session.steps.len();
        let mut now = Timestamp::from_millis(0);
        for turn in 0..=3 * steps + 3 {
            let happening = if by_word {
                // After ten seconds to get ready, long enough not to be skipped on both sides.
                now = now + Duration::from_secs(20);
                session.apply(Verb::Next, routine, now)
            } else {
                now = session.due();
                session.look(now)
            };
            if let Happening::Ended(_) = happening {
                // Not before everything that was to be done was offered.
                prop_assert!(waits && !by_word || turn + 1 >= steps, "ended after {turn} of {steps}");
                return Ok(());
            }
        }
        prop_assert!(false, "it goes on without end: {:?}", session);
    }
}
