//! Checks that take more than one file: whether what one names exists in another, and what must be there once only.

use std::collections::{BTreeMap, BTreeSet};

use super::entry;
use super::field_checks::Placed;
use super::problem::Problem;
use super::routine::{self, PlacedRoutine};
use super::safety::SafetyDraft;
use super::source::Files;
use super::toml_fields::Lines;
use super::vocabulary::{self, Source, Term};
use super::words;
use crate::answer::entry::Entry;
use crate::routine::model::Routine;

/// Everything that could be read, with its places.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Topics with their lines; nothing when the file can't be read.
    pub(crate) topics: Option<Vec<(String, usize)>>,
    /// Sources; nothing when the file can't be read.
    pub(crate) sources: Option<Vec<Placed<Source>>>,
    /// Entries.
    pub(crate) entries: Vec<Placed<Entry>>,
    /// Routines.
    pub(crate) routines: Vec<PlacedRoutine>,
    /// Terms.
    pub(crate) terms: Vec<Placed<Term>>,
    /// Red flags, screening, hard rules.
    pub(crate) safety: SafetyDraft,
}

/// The routine that is always safe to offer.
const TOUCH_FREE: &str = "R0";

/// Notes everything that doesn't fit together.
pub(crate) fn check(draft: &Draft, files: &Files, problems: &mut Vec<Problem>) {
    // An entry exists when its file does, even while the file has problems of its own.
    let known: BTreeSet<&str> = files.inside(entry::FOLDER, "md").map(|(_, stem, _)| stem).collect();
    sources(draft, problems);
    topics(draft, &known, problems);
    questions(draft, problems);
    links(draft, &known, problems);
    routine_names(draft, problems);
    touch_free(draft, files, problems);
}

fn sources(draft: &Draft, problems: &mut Vec<Problem>) {
    let Some(sources) = &draft.sources else { return };
    let known: BTreeSet<&str> = sources.iter().map(|source| source.value.id.as_str()).collect();
    let mut check = |path: &str, lines: &Lines, used: &[String]| {
        for (index, id) in used.iter().enumerate() {
            if !id.is_empty() && !known.contains(id.as_str()) {
                let what = format!("there is no source \"{id}\"");
                problems.push(Problem::new(
                    path,
                    lines.item("sources", index),
                    what,
                    near(id, &known, vocabulary::SOURCES),
                ));
            }
        }
    };
    for Placed { path, lines, value } in &draft.entries {
        check(path, lines, &value.sources);
    }
    for PlacedRoutine { routine, .. } in &draft.routines {
        check(&routine.path, &routine.lines, &routine.value.sources);
    }
    for Placed { path, lines, value } in &draft.terms {
        check(path, lines, &value.sources);
    }
    for Placed { path, lines, value } in &draft.safety.red_flags {
        check(path, lines, &value.sources);
    }
    for Placed { path, lines, value } in &draft.safety.screening {
        check(path, lines, &value.sources);
    }
    for Placed { path, lines, value } in &draft.safety.hard_rules {
        check(path, lines, &value.sources);
    }
}

fn topics(draft: &Draft, entries: &BTreeSet<&str>, problems: &mut Vec<Problem>) {
    let Some(topics) = &draft.topics else { return };
    let known: BTreeSet<&str> = topics.iter().map(|(topic, _)| topic.as_str()).collect();
    for Placed { path, lines, value } in &draft.entries {
        if !value.topic.is_empty() && !known.contains(value.topic.as_str()) {
            let what = format!("there is no topic \"{}\"", value.topic);
            problems.push(Problem::new(path, lines.of("topic"), what, near(&value.topic, &known, vocabulary::TOPICS)));
        }
    }
    for (topic, line) in topics {
        if !entries.contains(topic.as_str()) {
            let what = format!("no entry has the id of the topic \"{topic}\"");
            let remedy = format!("write {}/{topic}.md or take the topic out", entry::FOLDER);
            problems.push(Problem::new(vocabulary::TOPICS, *line, what, remedy));
        }
    }
}

/// No question stands in two places: it could be answered only by luck.
fn questions(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for Placed { path, lines, value } in &draft.entries {
        for (index, question) in value.questions.iter().enumerate() {
            let (key, line) = (words::normal(question), lines.item("questions", index));
            if key.is_empty() {
                continue;
            }
            if let Some((other, at)) = seen.get(&key) {
                let what = format!("the question \"{question}\" stands in {other}:{at} too");
                problems.push(Problem::new(path, line, what, "keep it where it is answered best"));
            } else {
                seen.insert(key, (path, line));
            }
        }
    }
}

fn links(draft: &Draft, entries: &BTreeSet<&str>, problems: &mut Vec<Problem>) {
    let mut check = |path: &str, line: usize, field: &str, id: &str| {
        if !id.is_empty() && !entries.contains(id) {
            let what = format!("`{field}` names \"{id}\", and there is no such entry");
            problems.push(Problem::new(path, line, what, near(id, entries, entry::FOLDER)));
        }
    };
    for Placed { path, lines, value } in &draft.terms {
        check(path, lines.of("see"), "see", &value.see);
    }
    for Placed { path, lines, value } in &draft.safety.red_flags {
        check(path, lines.of("about"), "about", &value.about);
    }
    for Placed { path, lines, value } in &draft.entries {
        for (index, id) in value.related.iter().enumerate() {
            check(path, lines.item("related", index), "related", id);
        }
    }
    for Placed { path, lines, value } in &draft.entries {
        for (index, _) in value.related.iter().enumerate().filter(|(_, id)| !id.is_empty() && **id == value.id) {
            let line = lines.item("related", index);
            problems.push(Problem::new(path, line, "`related` names the entry itself", "take it out"));
        }
    }
}

/// Ids, names, titles and aliases: each means one routine.
fn routine_names(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for PlacedRoutine { routine: Placed { path, lines, value }, .. } in &draft.routines {
        for (name, line) in names(value, lines) {
            let key = words::normal(name);
            if key.is_empty() {
                continue;
            }
            match seen.get(&key) {
                Some(other) if other != path => {
                    let what = format!("\"{name}\" is a name of {other} too");
                    problems.push(Problem::new(path, line, what, "take one of them out"));
                }
                Some(_) => {}
                None => drop(seen.insert(key, path)),
            }
        }
    }
}

fn names<'a>(routine: &'a Routine, lines: &'a Lines) -> impl Iterator<Item = (&'a String, usize)> {
    let own = [(&routine.id, "id"), (&routine.name, "name"), (&routine.title, "title")];
    let aliases = routine.aliases.iter().enumerate().map(|(index, alias)| (alias, lines.item("aliases", index)));
    own.into_iter().map(|(name, field)| (name, lines.of(field))).chain(aliases)
}

/// Whoever may not be touched must still have something to do.
fn touch_free(draft: &Draft, files: &Files, problems: &mut Vec<Problem>) {
    let all_read = files.inside(routine::FOLDER, "toml").count() == draft.routines.len();
    match draft.routines.iter().map(|placed| &placed.routine).find(|placed| placed.value.id == TOUCH_FREE) {
        Some(placed) if placed.value.touch => {
            let line = placed.lines.of("touch");
            problems.push(Problem::new(
                &placed.path,
                line,
                format!("{TOUCH_FREE} is the routine without touch"),
                "write `touch = false` and keep touch out of its steps",
            ));
        }
        None if all_read => problems.push(Problem::new(
            routine::FOLDER,
            1,
            format!("there is no routine {TOUCH_FREE}"),
            "add the routine without touch: it is what remains for those who must not be touched",
        )),
        Some(_) | None => {}
    }
}

/// A remedy that proposes the nearest name, when one is near.
fn near(wrong: &str, known: &BTreeSet<&str>, place: &str) -> String {
    let nearest =
        known.iter().map(|name| (strsim::jaro_winkler(name, wrong), *name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness > 0.85 => format!("write \"{name}\", or add it to {place}"),
        _ => format!("add it to {place} or take it out"),
    }
}
