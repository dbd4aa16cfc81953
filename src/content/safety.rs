//! Reads `safety/en.toml`: red flags, screening, hard rules. What the gate looks for stands elsewhere.

use std::collections::BTreeMap;

use super::field_checks::{self, Placed, at_most, some_texts};
use super::problem::Log;
use super::style;
use super::toml_fields::{Document, Fields, Lines};
use crate::safety::model::{Example, HardRule, RedFlag, SafetyContent, ScreeningItem, Urgency};

/// The file.
pub(crate) const FILE: &str = "safety/en.toml";

/// How many red flags, screening questions and hard rules there are; none may get lost.
const RED_FLAGS: usize = 29;
const SCREENING: usize = 25;
const HARD_RULES: usize = 28;

/// The fewest examples a flag needs.
const EXAMPLES: usize = 8;

const URGENCIES: &str = "see_doctor, same_day, emergency";

/// The content, and where each piece of it stands.
#[derive(Debug, Default)]
pub(crate) struct SafetyDraft {
    /// The red flags.
    pub(crate) red_flags: Vec<Placed<RedFlag>>,
    /// The screening.
    pub(crate) screening: Vec<Placed<ScreeningItem>>,
    /// The hard rules.
    pub(crate) hard_rules: Vec<Placed<HardRule>>,
}

impl SafetyDraft {
    /// The content alone.
    pub(crate) fn into_content(self) -> SafetyContent {
        SafetyContent {
            red_flags: self.red_flags.into_iter().map(|placed| placed.value).collect(),
            screening: self.screening.into_iter().map(|placed| placed.value).collect(),
            hard_rules: self.hard_rules.into_iter().map(|placed| placed.value).collect(),
        }
    }
}

/// Reads the file and checks all that can be seen in it alone.
pub(crate) fn read(text: &str, log: &mut Log) -> SafetyDraft {
    let Some(document) = Document::parse(text, 1, log) else { return SafetyDraft::default() };
    let root = document.root();
    root.only(&["red_flag", "screening", "hard_rule"], log);
    let mut draft = SafetyDraft::default();
    for fields in root.tables("red_flag", log) {
        draft.red_flags.push(placed(&fields, red_flag(&fields, log)));
    }
    for fields in root.tables("screening", log) {
        draft.screening.push(placed(&fields, screening_item(&fields, log)));
    }
    for fields in root.tables("hard_rule", log) {
        draft.hard_rules.push(placed(&fields, hard_rule(&fields, log)));
    }
    complete("red flag", "RF", RED_FLAGS, draft.red_flags.iter().map(|flag| (&flag.value.id, &flag.lines)), log);
    complete(
        "screening question",
        "Q",
        SCREENING,
        draft.screening.iter().map(|item| (&item.value.id, &item.lines)),
        log,
    );
    complete("hard rule", "HR", HARD_RULES, draft.hard_rules.iter().map(|rule| (&rule.value.id, &rule.lines)), log);
    draft
}

fn placed<T>(fields: &Fields<'_>, value: T) -> Placed<T> {
    Placed { path: FILE.to_owned(), lines: fields.lines(), value }
}

fn red_flag(fields: &Fields<'_>, log: &mut Log) -> RedFlag {
    fields.only(
        &[
            "id",
            "title",
            "urgency",
            "advice",
            "emergency_advice",
            "ask",
            "about",
            "sources",
            "examples",
            "not_examples",
        ],
        log,
    );
    let urgency: Option<Urgency> = fields.word("urgency", URGENCIES, log);
    let flag = RedFlag {
        id: fields.text("id", log).unwrap_or_default(),
        title: fields.text("title", log).unwrap_or_default(),
        urgency: urgency.unwrap_or(Urgency::Emergency),
        advice: fields.text("advice", log).unwrap_or_default(),
        emergency_advice: fields.optional_text("emergency_advice", log).unwrap_or_default(),
        ask: fields.text("ask", log).unwrap_or_default(),
        about: fields.optional_text("about", log).unwrap_or_default(),
        sources: some_texts(fields, "sources", log),
        examples: examples(fields, log),
        not_examples: fields.texts("not_examples", log).unwrap_or_default(),
    };
    let lines = fields.lines();
    for (field, text) in [
        ("title", &flag.title),
        ("advice", &flag.advice),
        ("emergency_advice", &flag.emergency_advice),
        ("ask", &flag.ask),
    ] {
        field_checks::style(&lines, field, text, log);
    }
    // Somebody who wants to die is not sent away with one short line.
    let most = if flag.id == "RF23" { 90 } else { 59 };
    if urgency == Some(Urgency::Emergency) {
        at_most(lines.of("advice"), "the advice in an emergency", &flag.advice, most, log);
    }
    at_most(lines.of("emergency_advice"), "the advice in an emergency", &flag.emergency_advice, most, log);
    if !flag.ask.is_empty() && !flag.ask.ends_with('?') {
        log.add(lines.of("ask"), "`ask` is no question", "end it with a question mark");
    }
    if flag.not_examples.is_empty() && fields.names().iter().any(|name| name == "not_examples") {
        log.add(lines.of("not_examples"), "`not_examples` is empty", "write what must not raise the flag");
    }
    flag
}

fn examples(fields: &Fields<'_>, log: &mut Log) -> Vec<Example> {
    let mut examples = Vec::new();
    for example in fields.tables("examples", log) {
        example.only(&["text", "urgency"], log);
        examples.push(Example {
            text: example.text("text", log).unwrap_or_default(),
            urgency: example.optional_word("urgency", URGENCIES, log),
        });
    }
    if examples.len() < EXAMPLES && fields.names().iter().any(|name| name == "examples") {
        log.add(
            fields.lines().of("examples"),
            format!("there are {} examples", examples.len()),
            format!("write at least {EXAMPLES} that must raise the flag"),
        );
    }
    examples
}

fn screening_item(fields: &Fields<'_>, log: &mut Log) -> ScreeningItem {
    fields.only(&["id", "line", "question", "then", "each_time", "sources"], log);
    let item = ScreeningItem {
        id: fields.text("id", log).unwrap_or_default(),
        line: fields.text("line", log).unwrap_or_default(),
        question: fields.text("question", log).unwrap_or_default(),
        then: fields.text("then", log).unwrap_or_default(),
        each_time: fields.optional_flag("each_time", log).unwrap_or_default(),
        sources: some_texts(fields, "sources", log),
    };
    let lines = fields.lines();
    for (field, text) in [("line", &item.line), ("question", &item.question), ("then", &item.then)] {
        field_checks::style(&lines, field, text, log);
    }
    at_most(lines.of("line"), "the line", &item.line, 20, log);
    item
}

fn hard_rule(fields: &Fields<'_>, log: &mut Log) -> HardRule {
    fields.only(&["id", "text", "sources"], log);
    let rule = HardRule {
        id: fields.text("id", log).unwrap_or_default(),
        text: fields.text("text", log).unwrap_or_default(),
        sources: some_texts(fields, "sources", log),
    };
    // A rule may name what must never be said, so only its tone in the narrow sense counts.
    for breach in style::tone(&rule.text).into_iter().filter(|breach| rule.text[breach.at..].starts_with('!')) {
        log.add(fields.lines().of("text"), format!("`text` has {}", breach.what), breach.remedy);
    }
    rule
}

/// Notes ids that are no such id, stand there twice, or are missing among `<start>01` to `<start><count>`.
fn complete<'a>(
    name: &str,
    start: &str,
    count: usize,
    ids: impl Iterator<Item = (&'a String, &'a Lines)>,
    log: &mut Log,
) {
    let wanted: Vec<String> = (1..=count).map(|number| format!("{start}{number:02}")).collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, lines) in ids.filter(|(id, _)| !id.is_empty()) {
        let line = lines.of("id");
        if !wanted.contains(id) {
            log.add(line, format!("\"{id}\" is no id of a {name}"), format!("use {start}01 to {start}{count}"));
        } else if let Some(first) = seen.insert(id, line) {
            log.add(line, format!("the id \"{id}\" stands in line {first} already"), "choose another");
        }
    }
    let missing: Vec<&str> = wanted.iter().map(String::as_str).filter(|id| !seen.contains_key(id)).collect();
    if !missing.is_empty() {
        log.add(1, format!("the {name} {} is missing", missing.join(", ")), "add it: none may get lost");
    }
}
