//! Laws of plans: nothing that is left out comes back in, twins stay together, and the length is kept or its failure said.

use std::collections::BTreeSet;

use nape::routine::fairness::is_fair;
use nape::routine::model::{FORBIDDEN_TAGS, Routine, Side};
use nape::routine::plan::{Fit, HOLD_CAP, Plan, SESSION_CAP, STEP_CAP, TOUCH_CAP, Why, Wishes, fit, longest};
use nape::settings::table::LEAVE_OUT_WORDS;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::world::LIBRARY;

/// Holds a plan against the laws.
fn judge(routine: &Routine, wishes: &Wishes) {
    let Some(plan) = fit(routine, wishes) else {
        // Only when nothing is left may nothing be planned.
        let is_left = routine.steps.iter().any(|step| {
            !step.has_tag("check")
                && !step.tags.iter().any(|tag| wishes.leave_out.contains(tag))
                && !(wishes.touch_hurts && (step.touches() || step.has_tag("hand_only")))
                && !(wishes.pressure == 0 && step.touches())
                && step.side == Side::Both
        });
        assert!(!is_left, "{} has steps left, and no plan with {wishes:?}", routine.name);
        return;
    };
    let about = || format!("{} with {wishes:?}: {plan:?}", routine.name);
    for planned in &plan.steps {
        let step = &routine.steps[usize::from(planned.step)];
        let bad = step.tags.iter().find(|tag| wishes.leave_out.contains(tag) || FORBIDDEN_TAGS.contains(&tag.as_str()));
        assert!(bad.is_none(), "the tag {bad:?} is in {}", about());
        assert!(!wishes.touch_hurts || !step.touches(), "touch where touch hurts: {}", about());
        let most = wishes.pressure.min(step.pressure[1]).min(routine.pressure_cap);
        assert!(planned.pressure <= most, "{} presses too hard: {}", step.id, about());
        assert!(
            planned.seconds > 0 && planned.seconds <= longest(step),
            "{} has {} seconds: {}",
            step.id,
            planned.seconds,
            about()
        );
        assert!(
            longest(step) <= STEP_CAP.max(step.seconds)
                && (!step.has_tag("press") || !step.touches() || longest(step) <= HOLD_CAP.max(step.seconds))
        );
        assert!(!planned.dropped && !planned.easier);
    }
    assert!(is_fair(&plan.steps), "left and right differ: {}", about());
    twins(routine, wishes, &plan);
    everything_is_accounted_for(routine, &plan);
    lengths(routine, wishes, &plan);
}

/// Both or none, one right after the other, the wished side first, with the same time and pressure limit.
fn twins(routine: &Routine, wishes: &Wishes, plan: &Plan) {
    for (index, planned) in plan.steps.iter().enumerate() {
        let Some(pair) = planned.pair else {
            assert!(!matches!(planned.side, Side::Left | Side::Right), "{} lost its twin in {plan:?}", planned.step);
            continue;
        };
        let both: Vec<_> = plan.steps.iter().filter(|other| other.pair == Some(pair)).collect();
        assert_eq!(both.len(), 2, "{}: {plan:?}", routine.name);
        assert_eq!((both[0].side, both[1].side), (wishes.first_side, wishes.first_side.mirrored()));
        assert_eq!(both[0].seconds, both[1].seconds);
        let neighbours = [index.wrapping_sub(1), index + 1];
        assert!(
            neighbours.iter().any(|at| plan.steps.get(*at).is_some_and(|other| other.pair == Some(pair))),
            "twins are parted"
        );
    }
}

/// Each step of the routine is planned or left out for a reason, never both and never neither.
fn everything_is_accounted_for(routine: &Routine, plan: &Plan) {
    let planned: Vec<u16> = plan.steps.iter().map(|step| step.step).collect();
    let left: Vec<u16> = plan.left_out.iter().map(|left| left.step).collect();
    let all: BTreeSet<u16> = planned.iter().chain(&left).copied().collect();
    assert_eq!(all.len(), planned.len() + left.len(), "{}: {plan:?}", routine.name);
    assert_eq!(all.len(), routine.steps.len(), "{}: {plan:?}", routine.name);
    // In the routine's order, but for twins that change places.
    assert!(planned.windows(2).all(|two| two[0] < two[1] || two[0] == two[1] + 1), "{}: {planned:?}", routine.name);
    let forbidden = plan.left_out.iter().any(|left| matches!(left.why, Why::Forbidden(_)));
    assert!(!forbidden, "the content of {} has a forbidden tag", routine.name);
}

fn lengths(routine: &Routine, wishes: &Wishes, plan: &Plan) {
    let total = plan.seconds();
    let touched: u32 =
        plan.steps.iter().filter(|step| routine.steps[usize::from(step.step)].touches()).map(|step| step.seconds).sum();
    assert!(total <= SESSION_CAP && touched <= TOUCH_CAP, "{total} seconds, {touched} of touch in {}", routine.name);
    let Some(wished) = wishes.seconds else {
        assert_eq!(plan.fit, Fit::Kept);
        return;
    };
    // Too long a wish is said to be one, even when the longest session is filled.
    match plan.fit {
        Fit::Kept => assert!(total.abs_diff(wished) * 10 <= wished, "{}: {total} seconds for {wished}", routine.name),
        Fit::AtMost(said) => assert!(said == total && total < wished, "{}: {total} seconds, said {said}", routine.name),
        Fit::AtLeast(said) => {
            assert!(said == total && total > wished, "{}: {total} seconds, said {said}", routine.name)
        }
    }
}

fn wishes(minutes: Option<u32>, leave_out: &[&str]) -> Wishes {
    Wishes {
        seconds: minutes.map(|minutes| minutes * 60),
        leave_out: leave_out.iter().map(|tag| (*tag).to_owned()).collect(),
        ..Wishes::default()
    }
}

#[test]
fn every_length_of_every_routine_is_kept_or_said() {
    for routine in &LIBRARY.routines {
        for minutes in (3..=15).map(Some).chain([None, Some(1), Some(60)]) {
            for first_side in [Side::Left, Side::Right] {
                for pressure in 0..=5 {
                    judge(routine, &Wishes { first_side, pressure, ..wishes(minutes, &[]) });
                }
                judge(routine, &Wishes { first_side, touch_hurts: true, ..wishes(minutes, &[]) });
            }
        }
    }
}

#[test]
fn the_usual_length_of_a_routine_can_be_had() {
    // The fitter may not hide behind "can't be had": what is near the written length is kept.
    for routine in &LIBRARY.routines {
        for tenths in [9, 10, 11] {
            let wished = (routine.total_seconds * tenths / 10).min(SESSION_CAP);
            let plan = fit(routine, &Wishes { seconds: Some(wished), pressure: 5, ..Wishes::default() });
            assert_eq!(plan.map(|plan| plan.fit), Some(Fit::Kept), "{} in {wished} seconds", routine.name);
        }
    }
}

#[test]
fn no_one_and_no_two_tags_that_are_left_out_come_back() {
    for routine in &LIBRARY.routines {
        for (index, first) in LEAVE_OUT_WORDS.iter().enumerate() {
            for second in &LEAVE_OUT_WORDS[index..] {
                for minutes in [None, Some(3), Some(15)] {
                    judge(routine, &wishes(minutes, &[first, second]));
                }
            }
        }
    }
}

#[test]
fn a_step_that_content_should_never_have_is_left_out_all_the_same() {
    for routine in &LIBRARY.routines {
        for (index, tag) in FORBIDDEN_TAGS.iter().enumerate() {
            let mut worse = routine.clone();
            let at = index % worse.steps.len();
            worse.steps[at].tags.push((*tag).to_owned());
            let Some(plan) = fit(&worse, &Wishes::default()) else { continue };
            assert!(plan.steps.iter().all(|planned| !worse.steps[usize::from(planned.step)].has_tag(tag)));
            let said = plan.left_out.iter().any(|left| left.why == Why::Forbidden((*tag).to_owned()));
            assert!(said, "{tag} is left out of {} without a word", routine.name);
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(1_500))]

    #[test]
    fn no_set_of_tags_that_are_left_out_comes_back(
        index in 0..LIBRARY.routines.len(),
        leave_out in subsequence(LEAVE_OUT_WORDS, 0..LEAVE_OUT_WORDS.len()),
        minutes in prop::option::of(1..=60_u32),
        pressure in 0..=5_u8,
        right in any::<bool>(),
        touch_hurts in any::<bool>(),
    ) {
        let first_side = if right { Side::Right } else { Side::Left };
        judge(&LIBRARY.routines[index], &Wishes { pressure, first_side, touch_hurts, ..wishes(minutes, &leave_out) });
    }
}
