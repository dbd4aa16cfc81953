//! What a routine may do to a body: the caps on pressure and time, and tags that agree with the rest of the step.
//!
//! Numbers from the hard rules HR05 (pressure) and HR06 (time) of `safety/en.toml`, in `config/content/README.md`.
//! They stand here in code, so that no edit of a content file can lift them.

use super::problem::Log;
use super::routine::{PlacedRoutine, StepPlace};
use super::toml_fields::Lines;
use crate::routine::model::{
    AREA_TAGS, FORBIDDEN_TAGS, MOVEMENT_TAGS, OTHER_TAGS, POSITION_TAGS, PRESSURE_TAGS, Routine, Side, Step,
};

/// The highest pressure there is, 0 to 5.
const PRESSURE_MOST: u8 = 5;
/// HR05: the back of the neck.
const PRESSURE_NECK: u8 = 3;
/// HR05: the skull base.
const PRESSURE_SKULL_BASE: u8 = 2;
/// HR05: everywhere else.
const PRESSURE_ELSEWHERE: u8 = 4;
/// HR05: anything in a routine for an attack. The rule allows 2; the routines keep to 1.
const PRESSURE_ATTACK: u8 = 1;
/// HR06: one held area, in seconds.
const SECONDS_HELD: u32 = 90;
/// HR06: all touch of head, neck, shoulders and back, in seconds.
const SECONDS_TOUCH: u32 = 600;
/// HR06: a whole session, in seconds.
const SECONDS_ALL: u32 = 900;

/// The technique that may press harder for a moment, and never on neck or skull base.
const TRIGGER_POINT: &str = "trigger point";

/// HR01: areas that no step works on, whatever its tags say.
const FORBIDDEN_AREAS: [&str; 7] =
    ["front of neck", "front of the neck", "side of neck", "side of the neck", "throat", "windpipe", "collarbone"];

/// What an area is called when its tag must be there.
const TAGGED_AREAS: [(&[&str], &str); 2] = [(&["neck", "nape"], "back_of_neck"), (&["skull"], "skull_base")];

/// Notes every rule that the routine breaks.
pub(crate) fn check(placed: &PlacedRoutine, log: &mut Log) {
    let (routine, lines) = (&placed.routine.value, &placed.routine.lines);
    if placed.steps.iter().all(|place| place.whole) {
        whole(routine, lines, log);
        twins(placed, log);
        held(placed, log);
    }
    for (index, (step, StepPlace { lines, whole })) in routine.steps.iter().zip(&placed.steps).enumerate() {
        if !step.id.is_empty() && routine.steps.iter().take(index).any(|earlier| earlier.id == step.id) {
            log.add(lines.of("id"), format!("the step id \"{}\" stands here twice", step.id), "choose another");
        }
        area(step, lines, log);
        if *whole {
            if step.seconds == 0 {
                log.add(lines.of("seconds"), "the step takes no time", "write how many seconds it takes");
            }
            tags(routine, step, lines, log);
            pressure(routine, step, lines, log);
        }
    }
}

/// The seconds of all steps, and of those that touch.
pub(crate) fn sums(steps: &[Step]) -> (u32, u32) {
    steps.iter().fold((0, 0), |(all, touched): (u32, u32), step| {
        let touch = if step.touches() { step.seconds } else { 0 };
        (all.saturating_add(step.seconds), touched.saturating_add(touch))
    })
}

/// The highest cap a routine may have.
pub(crate) fn highest_cap(attack: bool) -> u8 {
    if attack { PRESSURE_ATTACK } else { PRESSURE_MOST }
}

fn whole(routine: &Routine, lines: &Lines, log: &mut Log) {
    let (all, touched) = sums(&routine.steps);
    if all != routine.total_seconds {
        log.add(
            lines.of("total_seconds"),
            format!("the steps take {all} seconds, not {}", routine.total_seconds),
            format!("write {all} or change the steps"),
        );
    }
    if all > SECONDS_ALL {
        log.add(
            lines.of("total_seconds"),
            format!("the steps take {all} seconds"),
            format!("stay within {SECONDS_ALL} (HR06)"),
        );
    }
    if touched > SECONDS_TOUCH {
        log.add(
            lines.of("touch"),
            format!("the touch takes {touched} seconds"),
            format!("stay within {SECONDS_TOUCH} (HR06)"),
        );
    }
    let cap = highest_cap(routine.attack);
    if routine.pressure_cap > cap {
        let of_what = if routine.attack { " in a routine for an attack" } else { "" };
        log.add(
            lines.of("pressure_cap"),
            format!("the cap of {} is too high{of_what}", routine.pressure_cap),
            format!("write at most {cap} (HR05)"),
        );
    }
    if routine.touch && touched == 0 && !routine.steps.is_empty() {
        log.add(lines.of("touch"), "no step has the tag `touch`", "write false, or tag the steps that touch");
    }
}

fn tags(routine: &Routine, step: &Step, lines: &Lines, log: &mut Log) {
    if step.tags.is_empty() {
        return;
    }
    let lists = [AREA_TAGS, MOVEMENT_TAGS, POSITION_TAGS, PRESSURE_TAGS, OTHER_TAGS];
    for (index, tag) in step.tags.iter().enumerate().filter(|(_, tag)| !tag.is_empty()) {
        let line = lines.item("tags", index);
        if FORBIDDEN_TAGS.contains(&tag.as_str()) {
            log.add(line, format!("the tag `{tag}` is never allowed"), "take the step out (HR01 to HR04)");
        } else if !lists.iter().any(|list| list.contains(&tag.as_str())) {
            log.add(line, format!("there is no tag `{tag}`"), "choose from the lists in README.md");
        }
    }
    let line = lines.of("tags");
    let any = |list: &[&str]| list.iter().any(|tag| step.has_tag(tag));
    if !any(AREA_TAGS) {
        log.add(line, "no tag names an area", format!("add one of {}", AREA_TAGS.join(", ")));
    }
    if !any(MOVEMENT_TAGS) {
        log.add(line, "no tag names a movement", format!("add one of {}", MOVEMENT_TAGS.join(", ")));
    }
    let class = match step.pressure[1] {
        0 => "touch_free",
        1 | 2 => "light",
        3 => "medium",
        _ => "firm",
    };
    let classes: Vec<&str> = PRESSURE_TAGS.iter().copied().filter(|tag| step.has_tag(tag)).collect();
    if classes != [class] {
        let found = if classes.is_empty() { "none".to_owned() } else { format!("`{}`", classes.join("`, `")) };
        log.add(
            line,
            format!("the pressure tag is {found}, though the highest pressure is {}", step.pressure[1]),
            format!("write `{class}` alone"),
        );
    }
    if step.touches() && !routine.touch {
        log.add(
            line,
            "the step touches, though the routine says `touch = false`",
            "take the step out, or write `touch = true`",
        );
    }
    if step.touches() && step.has_tag("hand_only") {
        log.add(line, "`touch` and `hand_only` exclude each other", "keep the one that is true");
    }
    if step.touches() && step.has_tag("touch_free") {
        log.add(line, "`touch` and `touch_free` exclude each other", "keep the one that is true");
    }
    if step.pressure[1] > 0 && !step.touches() && !step.has_tag("hand_only") {
        log.add(line, "a step with pressure touches something", "add `touch` or `hand_only`");
    }
}

/// The caps hang on the tags, so an area's words may not say more than its tags.
fn area(step: &Step, lines: &Lines, log: &mut Log) {
    let (area, line) = (step.area.to_lowercase(), lines.of("area"));
    for zone in FORBIDDEN_AREAS.iter().filter(|zone| area.contains(**zone)) {
        log.add(line, format!("the area names the {zone}"), "take the step out (HR01)");
    }
    for (words, tag) in TAGGED_AREAS {
        if step.touches() && words.iter().any(|word| area.contains(word)) && !step.has_tag(tag) {
            log.add(lines.of("tags"), format!("the area is \"{}\" without the tag `{tag}`", step.area), "add the tag");
        }
    }
}

fn pressure(routine: &Routine, step: &Step, lines: &Lines, log: &mut Log) {
    let line = lines.of("pressure");
    let [low, high] = step.pressure;
    if high > PRESSURE_MOST || low > high {
        log.add(line, format!("[{low}, {high}] is no range of pressure"), "write the lowest and the highest, 0 to 5");
        return;
    }
    if high > routine.pressure_cap {
        log.add(
            line,
            format!("the pressure {high} is over the routine's cap of {}", routine.pressure_cap),
            "press less, or raise `pressure_cap` if that is meant",
        );
    }
    let trigger_point = step.technique.to_lowercase().contains(TRIGGER_POINT);
    let (neck, skull_base) = (step.has_tag("back_of_neck"), step.has_tag("skull_base"));
    let (cap, place) = if skull_base {
        (PRESSURE_SKULL_BASE, "the skull base")
    } else if neck {
        (PRESSURE_NECK, "the neck")
    } else if trigger_point {
        (PRESSURE_MOST, "a trigger point")
    } else {
        (PRESSURE_ELSEWHERE, "shoulder and back")
    };
    if high > cap {
        log.add(line, format!("the pressure {high} is too high for {place}"), format!("press at most {cap} (HR05)"));
    }
    if routine.attack && high > PRESSURE_ATTACK {
        log.add(
            line,
            format!("the pressure {high} is too high in an attack"),
            format!("press at most {PRESSURE_ATTACK} (HR05)"),
        );
    }
    if trigger_point && (neck || skull_base) {
        log.add(
            lines.of("technique"),
            "trigger points are never pressed on neck or skull base",
            "choose another technique or another area (HR05)",
        );
    }
}

/// A left step is followed at once by its right twin, so that no side is forgotten.
fn twins(placed: &PlacedRoutine, log: &mut Log) {
    let steps = &placed.routine.value.steps;
    for (index, (step, StepPlace { lines, .. })) in steps.iter().zip(&placed.steps).enumerate() {
        let before = index.checked_sub(1).and_then(|before| steps.get(before));
        match step.side {
            Side::Left => match steps.get(index + 1).zip(placed.steps.get(index + 1)) {
                Some((twin, place)) if twin.side == Side::Right => compare(step, twin, &place.lines, log),
                _ => log.add(lines.of("side"), "no right step follows this left one", "put its twin right after it"),
            },
            Side::Right if before.is_none_or(|before| before.side != Side::Left) => {
                log.add(lines.of("side"), "no left step stands before this right one", "put its twin right before it");
            }
            Side::Right | Side::Both | Side::Choice => {}
        }
    }
}

fn compare(left: &Step, right: &Step, lines: &Lines, log: &mut Log) {
    for (field, same) in [
        // A text that is missing is a problem of its own.
        ("name", left.name == right.name || left.name.is_empty() || right.name.is_empty()),
        ("technique", left.technique == right.technique || left.technique.is_empty() || right.technique.is_empty()),
        ("seconds", left.seconds == right.seconds),
        ("pressure", left.pressure == right.pressure),
    ] {
        if !same {
            log.add(lines.of(field), format!("`{field}` differs from the left twin's"), "write the same on both sides");
        }
    }
}

/// No area is held or pressed for longer than the cap, be it in one step or in several.
fn held(placed: &PlacedRoutine, log: &mut Log) {
    let holds =
        |step: &Step| (step.has_tag("hold") || step.has_tag("press")) && (step.touches() || step.has_tag("hand_only"));
    let steps = &placed.routine.value.steps;
    for (index, (step, StepPlace { lines, .. })) in
        steps.iter().zip(&placed.steps).enumerate().filter(|(_, (step, _))| holds(step))
    {
        let so_far = steps
            .iter()
            .take(index + 1)
            .filter(|other| holds(other) && other.area == step.area && other.side == step.side)
            .fold(0_u32, |sum, other| sum.saturating_add(other.seconds));
        if so_far > SECONDS_HELD {
            log.add(
                lines.of("seconds"),
                format!("\"{}\" is held for {so_far} seconds", step.area),
                format!("stay within {SECONDS_HELD} (HR06)"),
            );
        }
    }
}
