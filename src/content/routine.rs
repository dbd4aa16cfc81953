//! Reads a routine, `routines/en/<name>.toml`. What its steps may do to a body is checked in `routine_rules`.

use jiff::civil::Date;
use toml::value::Datetime;

use super::field_checks::{self, GRADES, Placed, Rules, at_most, some_texts};
use super::problem::Log;
use super::routine_rules;
use super::toml_fields::{Document, Fields, Lines};
use super::words;
use crate::base::evidence::Grade;
use crate::routine::model::{Routine, Side, Step};

/// Where routines stand.
pub(crate) const FOLDER: &str = "routines/en";

/// A routine, and where each of its steps stands.
#[derive(Clone, Debug)]
pub(crate) struct PlacedRoutine {
    /// The routine and its own fields.
    pub(crate) routine: Placed<Routine>,
    /// The fields of each step.
    pub(crate) steps: Vec<StepPlace>,
}

/// Where a step stands.
#[derive(Clone, Debug)]
pub(crate) struct StepPlace {
    /// Its fields.
    pub(crate) lines: Lines,
    /// Whether side, seconds and pressure could be read; without them the rules would only find what follows from that.
    pub(crate) whole: bool,
}

const FIELDS: &[&str] = &[
    "id",
    "name",
    "title",
    "aliases",
    "good_for",
    "goal",
    "when",
    "position",
    "not_for",
    "total_seconds",
    "pressure_cap",
    "touch",
    "attack",
    "evidence",
    "grade",
    "sources",
    "checked",
    "review_by",
    "reviewed_by",
    "step",
];

const STEP_FIELDS: &[&str] = &[
    "id",
    "name",
    "technique",
    "area",
    "side",
    "seconds",
    "pressure",
    "optional",
    "tags",
    "say",
    "brief",
    "breath",
    "stop_if",
    "easier",
];

/// Reads one routine and checks all that can be seen in its file alone; nothing when it is no TOML.
pub(crate) fn read(path: &str, stem: &str, text: &str, rules: Rules, log: &mut Log) -> Option<PlacedRoutine> {
    let document = Document::parse(text, 1, log)?;
    let fields = document.root();
    fields.only(FIELDS, log);
    let lines = fields.lines();
    let (checked, review_by) = field_checks::dates(&fields, rules, log);
    let (steps, places): (Vec<Step>, Vec<StepPlace>) =
        fields.tables("step", log).iter().map(|fields| step(fields, log)).unzip();
    let attack = fields.flag("attack", log).unwrap_or(false);
    // What can't be read is taken as it would be right, so that no other problem follows from it.
    let (all, touches) = routine_rules::sums(&steps);
    let routine = Routine {
        id: fields.text("id", log).unwrap_or_default(),
        name: fields.text("name", log).unwrap_or_default(),
        title: said(&fields, "title", log),
        aliases: fields.texts("aliases", log).unwrap_or_default(),
        good_for: some_texts(&fields, "good_for", log),
        goal: said(&fields, "goal", log),
        when: said(&fields, "when", log),
        position: said(&fields, "position", log),
        not_for: said(&fields, "not_for", log),
        total_seconds: fields.whole("total_seconds", log).unwrap_or(all),
        pressure_cap: fields.whole("pressure_cap", log).map_or_else(|| routine_rules::highest_cap(attack), pressure),
        touch: fields.flag("touch", log).unwrap_or(touches > 0),
        attack,
        evidence: said(&fields, "evidence", log),
        grade: fields.word("grade", GRADES, log).unwrap_or(Grade::Design),
        sources: some_texts(&fields, "sources", log),
        checked: datetime(checked),
        review_by: datetime(review_by),
        reviewed_by: fields.text_or_empty("reviewed_by", log).unwrap_or_default(),
        steps,
    };
    names(&routine, stem, &lines, log);
    let placed = PlacedRoutine { routine: Placed { path: path.to_owned(), lines, value: routine }, steps: places };
    routine_rules::check(&placed, log);
    Some(placed)
}

fn names(routine: &Routine, stem: &str, lines: &Lines, log: &mut Log) {
    let number = routine.id.strip_prefix('R').unwrap_or("");
    if !routine.id.is_empty() && (number.is_empty() || !number.chars().all(|c| c.is_ascii_digit())) {
        log.add(lines.of("id"), format!("\"{}\" is no id of a routine", routine.id), "write R and a number");
    }
    if !routine.name.is_empty() && routine.name != stem {
        log.add(
            lines.of("name"),
            format!("the name \"{}\" is not the file's name", routine.name),
            format!("write \"{stem}\" or rename the file"),
        );
    } else if !routine.name.is_empty() && !words::is_id(&routine.name, &['-']) {
        log.add(
            lines.of("name"),
            format!("\"{}\" is no name", routine.name),
            "use lower-case letters, digits and dashes",
        );
    }
}

fn step(fields: &Fields<'_>, log: &mut Log) -> (Step, StepPlace) {
    fields.only(STEP_FIELDS, log);
    let lines = fields.lines();
    let side: Option<Side> = fields.word("side", "left, right, both, choice", log);
    let (seconds, range) = (fields.whole("seconds", log), fields.pair("pressure", log));
    let step = Step {
        id: fields.text("id", log).unwrap_or_default(),
        name: said(fields, "name", log),
        technique: said(fields, "technique", log),
        area: said(fields, "area", log),
        side: side.unwrap_or(Side::Both),
        seconds: seconds.unwrap_or(0),
        pressure: range.unwrap_or([0, 0]).map(pressure),
        optional: fields.flag("optional", log).unwrap_or(false),
        tags: some_texts(fields, "tags", log),
        say: said(fields, "say", log),
        brief: said(fields, "brief", log),
        breath: said(fields, "breath", log),
        stop_if: said(fields, "stop_if", log),
        easier: said(fields, "easier", log),
    };
    if !step.id.is_empty() && !words::is_id(&step.id, &['-', '_']) {
        log.add(
            lines.of("id"),
            format!("\"{}\" is no id of a step", step.id),
            "use lower-case letters, digits and dashes",
        );
    }
    at_most(lines.of("say"), "`say`", &step.say, 60, log);
    at_most(lines.of("brief"), "`brief`", &step.brief, 14, log);
    let whole = side.is_some() && seconds.is_some() && range.is_some();
    (step, StepPlace { lines, whole })
}

/// A text that people read.
fn said(fields: &Fields<'_>, field: &str, log: &mut Log) -> String {
    let text = fields.text(field, log).unwrap_or_default();
    field_checks::style(&fields.lines(), field, &text, log);
    text
}

/// What doesn't fit stays too high, for the checks to find.
fn pressure(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn datetime(date: Date) -> Datetime {
    let date = toml::value::Date {
        year: u16::try_from(date.year()).unwrap_or(0),
        month: u8::try_from(date.month()).unwrap_or(1),
        day: u8::try_from(date.day()).unwrap_or(1),
    };
    Datetime { date: Some(date), time: None, offset: None }
}
