//! From a routine and a person's wishes to the steps that will be done.
//!
//! A plan leaves out what the person leaves out (and what is out for everyone), never presses harder than asked, keeps
//! twins together, and fits the length within ten per cent or says that it can't.

use serde::{Deserialize, Serialize};

use super::model::{FORBIDDEN_TAGS, Routine, Side, Step};

/// What the person wishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// The length in seconds; `None` for the routine's own.
    pub seconds: Option<u32>,
    /// The highest pressure, 0 to 5.
    pub pressure: u8,
    /// Tags to leave out.
    pub leave_out: Vec<String>,
    /// The side that comes first: left or right.
    pub first_side: Side,
    /// Whether touch hurts right now.
    pub touch_hurts: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { seconds: None, pressure: 3, leave_out: Vec::new(), first_side: Side::Left, touch_hurts: false }
    }
}

/// The steps that will be done, and what was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Planned>,
    /// What was left out, in the routine's order.
    pub left_out: Vec<LeftOut>,
    /// Whether the wished length could be had.
    pub fit: Fit,
}

/// One step that will be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Which step of the routine, from 0.
    pub step: u16,
    /// The side.
    pub side: Side,
    /// Seconds, without the time to get ready.
    pub seconds: u32,
    /// The pressure, 0 to 5.
    pub pressure: u8,
    /// The same number on both twins; none on steps without a twin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<u16>,
    /// Whether its easier form is shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub easier: bool,
    /// Whether it was dropped on the way because it, or its twin, hurt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
}

/// A step that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which step of the routine, from 0.
    pub step: u16,
    /// Why.
    pub why: Why,
}

/// Why a step was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The person leaves this tag out.
    Asked(String),
    /// Touch hurts right now.
    TouchHurts,
    /// The person's pressure is 0: no touch.
    NoPressure,
    /// The time was too short for it.
    ForTime,
    /// The tag is out for everyone.
    Forbidden(String),
}

/// Whether the wished length could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// No wish, or within ten per cent of it.
    Kept,
    /// The steps can't safely be made longer; this many seconds is all.
    AtMost(u32),
    /// The steps can't be made shorter; this many seconds is the least.
    AtLeast(u32),
}

/// Longest time for one held or pressed area, in seconds (hard rule HR06).
pub const HOLD_CAP: u32 = 90;
/// Longest time for any other step, in seconds.
pub const STEP_CAP: u32 = 180;
/// Longest time of touch in a session, in seconds (hard rule HR06).
pub const TOUCH_CAP: u32 = 600;
/// Longest session, in seconds (hard rule HR06).
pub const SESSION_CAP: u32 = 900;
/// Lengths are fitted in steps of so many seconds.
const GRAIN: u32 = 5;
/// The shortest useful step, in seconds.
const SHORTEST: u32 = 10;

impl Plan {
    /// Seconds of all steps, without the time to get ready.
    pub fn seconds(&self) -> u32 {
        self.steps.iter().map(|step| step.seconds).sum()
    }
}

/// The longest that a step may get by fitting or by `more`, in seconds.
pub fn longest(step: &Step) -> u32 {
    let held = ["hold", "press"].iter().any(|tag| step.has_tag(tag)) && step.touches();
    if held { HOLD_CAP.max(step.seconds) } else { STEP_CAP.max(step.seconds) }
}

/// Fits a routine to the wishes. `None` when no step is left that does anything.
pub fn fit(routine: &Routine, wishes: &Wishes) -> Option<Plan> {
    let mut units = units(routine);
    let mut left_out = Vec::new();
    units.retain(|unit| match reason(routine, unit, wishes) {
        Some(why) => {
            left_out.extend(unit.steps().map(|step| LeftOut { step, why: why.clone() }));
            false
        }
        None => true,
    });
    let fit = match wishes.seconds {
        Some(wished) => match fit_length(routine, &mut units, wished.min(SESSION_CAP), &mut left_out) {
            // Shorter than was wished for, and that has to be said.
            Fit::Kept if wished > SESSION_CAP => Fit::AtMost(units.iter().map(Unit::total).sum()),
            fit => fit,
        },
        None => Fit::Kept,
    };
    let does_something = units.iter().any(|unit| !routine.steps[usize::from(unit.first)].has_tag("check"));
    if !does_something {
        return None;
    }
    left_out.sort_by_key(|left| left.step);
    let steps = units.iter().enumerate().flat_map(|(number, unit)| planned(routine, unit, number, wishes)).collect();
    Some(Plan { steps, left_out, fit })
}

/// What moves together: one step, or twins.
#[derive(Clone, Debug)]
struct Unit {
    first: u16,
    twin: Option<u16>,
    /// Seconds of each of its steps.
    seconds: u32,
}

impl Unit {
    fn steps(&self) -> impl Iterator<Item = u16> {
        std::iter::once(self.first).chain(self.twin)
    }

    fn total(&self) -> u32 {
        self.seconds * self.sides()
    }

    fn sides(&self) -> u32 {
        1 + u32::from(self.twin.is_some())
    }
}

fn units(routine: &Routine) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for (index, step) in (0u16..).zip(&routine.steps) {
        let before = units.last_mut().filter(|unit| unit.twin.is_none() && step.side == Side::Right);
        match before.filter(|unit| routine.steps[usize::from(unit.first)].side == Side::Left) {
            Some(unit) => unit.twin = Some(index),
            None => units.push(Unit { first: index, twin: None, seconds: step.seconds }),
        }
    }
    units
}

fn reason(routine: &Routine, unit: &Unit, wishes: &Wishes) -> Option<Why> {
    unit.steps().find_map(|index| {
        let step = &routine.steps[usize::from(index)];
        let forbidden = step.tags.iter().find(|tag| FORBIDDEN_TAGS.contains(&tag.as_str()));
        let asked = step.tags.iter().find(|tag| wishes.leave_out.contains(tag));
        match (forbidden, asked) {
            (Some(tag), _) => Some(Why::Forbidden(tag.clone())),
            (None, Some(tag)) => Some(Why::Asked(tag.clone())),
            (None, None) if wishes.touch_hurts && (step.touches() || step.has_tag("hand_only")) => {
                Some(Why::TouchHurts)
            }
            (None, None) if wishes.pressure == 0 && step.touches() && step.pressure[1] > 0 => Some(Why::NoPressure),
            (None, None) => None,
        }
    })
}

fn fit_length(routine: &Routine, units: &mut Vec<Unit>, wished: u32, left_out: &mut Vec<LeftOut>) -> Fit {
    let natural = |unit: &Unit| routine.steps[usize::from(unit.first)].seconds;
    let least = |unit: &Unit| (natural(unit) * 6 / 10 / GRAIN * GRAIN).max(SHORTEST).min(natural(unit));
    let sum = |units: &[Unit]| units.iter().map(Unit::total).sum::<u32>();
    // Too much even at the shortest: drop what is optional, then what presses hardest; never the first or the last.
    while units.iter().map(|unit| least(unit) * unit.sides()).sum::<u32>() > wished && units.len() > 3 {
        let candidates = 1..units.len() - 1;
        let Some(drop) = candidates.max_by_key(|index| {
            let step = &routine.steps[usize::from(units[*index].first)];
            (step.optional, step.pressure[1], *index)
        }) else {
            break;
        };
        let unit = units.remove(drop);
        left_out.extend(unit.steps().map(|step| LeftOut { step, why: Why::ForTime }));
    }
    for unit in units.iter_mut() {
        unit.seconds = least(unit);
    }
    // Grow evenly, the one that is furthest below its natural share first, until the wish is met or nothing may grow.
    let touches = |unit: &Unit| routine.steps[usize::from(unit.first)].touches();
    while sum(units) < wished {
        let touched: u32 = units.iter().filter(|unit| touches(unit)).map(Unit::total).sum();
        let total = sum(units);
        let room = wished - total;
        let may_grow = |unit: &Unit| {
            let step = &routine.steps[usize::from(unit.first)];
            let growth = GRAIN * unit.sides();
            unit.seconds + GRAIN <= longest(step)
                && (!touches(unit) || touched + growth <= TOUCH_CAP)
                // Presses are never made longer than they were written.
                && (step.pressure[1] < 4 || unit.seconds + GRAIN <= step.seconds)
                && growth <= room + GRAIN
                && total + growth <= SESSION_CAP
        };
        let furthest = units
            .iter_mut()
            .filter(|unit| may_grow(unit))
            .min_by_key(|unit| unit.seconds * 1000 / routine.steps[usize::from(unit.first)].seconds.max(1));
        match furthest {
            Some(unit) => unit.seconds += GRAIN,
            None => break,
        }
    }
    let got = sum(units);
    if got * 10 > wished * 11 {
        Fit::AtLeast(got)
    } else if got * 10 < wished * 9 {
        Fit::AtMost(got)
    } else {
        Fit::Kept
    }
}

fn planned(routine: &Routine, unit: &Unit, number: usize, wishes: &Wishes) -> Vec<Planned> {
    let pair = unit.twin.map(|_| u16::try_from(number).unwrap_or(u16::MAX));
    let mut steps: Vec<Planned> = unit
        .steps()
        .map(|index| {
            let step = &routine.steps[usize::from(index)];
            let pressure = step.pressure[1].min(wishes.pressure);
            Planned {
                step: index,
                side: step.side,
                seconds: unit.seconds,
                pressure,
                pair,
                easier: false,
                dropped: false,
            }
        })
        .collect();
    if wishes.first_side == Side::Right {
        steps.reverse();
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::samples::routine;
    use super::*;

    /// A plan in short: step, side, seconds, pressure.
    fn shown(plan: &Plan) -> String {
        let step = |planned: &Planned| {
            let side = match planned.side {
                Side::Left => "L",
                Side::Right => "R",
                Side::Both | Side::Choice => "-",
            };
            format!("{}{side}{}/{}", planned.step, planned.seconds, planned.pressure)
        };
        plan.steps.iter().map(step).collect::<Vec<_>>().join(" ")
    }

    fn wishes(seconds: Option<u32>) -> Wishes {
        Wishes { seconds, ..Wishes::default() }
    }

    #[test]
    fn lengths_are_fitted_to_the_second() {
        for (seconds, expected, fit_expected) in [
            (None, "0-30/0 1L40/2 2R40/2 3L60/3 4R60/3 5-30/0", Fit::Kept),
            (Some(260), "0-30/0 1L40/2 2R40/2 3L60/3 4R60/3 5-30/0", Fit::Kept),
            // Everything at its shortest: 0.6 of what is written, in fives.
            (Some(140), "0-15/0 1L20/2 2R20/2 3L35/3 4R35/3 5-15/0", Fit::Kept),
            // Below that the optional pair goes, and what is left grows into the room.
            (Some(120), "0-25/0 1L35/2 2R35/2 5-25/0", Fit::Kept),
            (Some(60), "0-15/0 1L20/2 2R20/2 5-15/0", Fit::AtLeast(70)),
        ] {
            let plan = fit(&routine(), &wishes(seconds)).unwrap();
            assert_eq!((shown(&plan).as_str(), plan.fit), (expected, fit_expected), "{seconds:?}");
        }
    }

    #[test]
    fn it_grows_up_to_its_caps_and_says_so() {
        let plan = fit(&routine(), &wishes(Some(900))).unwrap();
        // Four minutes of touch free, two times 180 of gliding, two times 90 of pressing.
        assert_eq!(shown(&plan), "0-180/0 1L180/2 2R180/2 3L90/3 4R90/3 5-180/0");
        assert_eq!((plan.seconds(), plan.fit), (900, Fit::Kept));
        let mut short = routine();
        short.steps.truncate(3);
        let plan = fit(&short, &wishes(Some(900))).unwrap();
        assert_eq!((plan.seconds(), plan.fit), (540, Fit::AtMost(540)));
    }

    #[test]
    fn a_firm_press_is_never_made_longer_than_it_was_written() {
        let mut firm = routine();
        for step in &mut firm.steps[3..5] {
            step.pressure = [3, 4];
        }
        let plan = fit(&firm, &wishes(Some(900))).unwrap();
        assert!(
            plan.steps.iter().filter(|planned| [3, 4].contains(&planned.step)).all(|planned| planned.seconds == 60)
        );
    }

    #[test]
    fn touch_and_session_have_their_caps() {
        let mut long = routine();
        for step in &mut long.steps {
            (step.seconds, step.tags) = (170, vec!["shoulder".into(), "glide".into(), "touch".into()]);
        }
        let plan = fit(&long, &wishes(Some(3600))).unwrap();
        assert!(plan.seconds() <= TOUCH_CAP, "{}", shown(&plan));
        assert_eq!(plan.fit, Fit::AtMost(plan.seconds()));
    }

    #[test]
    fn what_is_left_out_says_why() {
        let why = |wishes: &Wishes| {
            let plan = fit(&routine(), wishes);
            plan.map(|plan| plan.left_out.iter().map(|left| (left.step, left.why.clone())).collect::<Vec<_>>())
        };
        let tag = |tag: &str| Wishes { leave_out: vec![tag.to_owned()], ..Wishes::default() };
        let asked = |tag: &str| Why::Asked(tag.to_owned());
        assert_eq!(why(&Wishes::default()), Some(vec![]));
        assert_eq!(why(&tag("press")), Some(vec![(3, asked("press")), (4, asked("press"))]));
        let sore = Wishes { touch_hurts: true, ..Wishes::default() };
        assert_eq!(why(&sore), Some((1..=4).map(|step| (step, Why::TouchHurts)).collect()));
        let none = Wishes { pressure: 0, ..Wishes::default() };
        assert_eq!(why(&none), Some((1..=4).map(|step| (step, Why::NoPressure)).collect()));
        assert_eq!(why(&wishes(Some(120))), Some(vec![(3, Why::ForTime), (4, Why::ForTime)]));
        // What remains only asks how things are: that is no routine.
        assert_eq!(why(&Wishes { leave_out: vec!["touch".into(), "rest".into()], ..Wishes::default() }), None);
    }

    #[test]
    fn one_twin_with_a_tag_takes_the_other_along() {
        let mut one_sided = routine();
        one_sided.steps[2].tags.push("jaw".into());
        let plan = fit(&one_sided, &Wishes { leave_out: vec!["jaw".into()], ..Wishes::default() }).unwrap();
        assert_eq!(shown(&plan), "0-30/0 3L60/3 4R60/3 5-30/0");
        let mut forbidden = routine();
        forbidden.steps[3].tags.push("throat".into());
        let plan = fit(&forbidden, &Wishes::default()).unwrap();
        assert_eq!(shown(&plan), "0-30/0 1L40/2 2R40/2 5-30/0");
        assert_eq!(plan.left_out[0].why, Why::Forbidden("throat".into()));
    }

    #[test]
    fn pressure_and_the_first_side_are_as_wished() {
        let plan = fit(&routine(), &Wishes { pressure: 1, first_side: Side::Right, ..Wishes::default() }).unwrap();
        assert_eq!(shown(&plan), "0-30/0 2R40/1 1L40/1 4R60/1 3L60/1 5-30/0");
        let plan = fit(&routine(), &Wishes { pressure: 5, ..Wishes::default() }).unwrap();
        assert_eq!(shown(&plan), "0-30/0 1L40/2 2R40/2 3L60/3 4R60/3 5-30/0");
    }
}
