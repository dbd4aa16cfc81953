//! Checks that several kinds of content share: dates, style, lists.

use jiff::civil::Date;

use super::problem::Log;
use super::style;
use super::toml_fields::{Fields, Lines};
use super::words;

/// The grades, for the reader.
pub(crate) const GRADES: &str = "guideline, review, trial, observational, expert, seed, unproven, design";

/// A piece of content, with where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    /// The file.
    pub(crate) path: String,
    /// Where its fields stand.
    pub(crate) lines: Lines,
    /// What was read.
    pub(crate) value: T,
}

/// What the checks of a single file need to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The day it is, UTC.
    pub(crate) today: Date,
    /// Whether a `review_by` that has passed is a problem.
    pub(crate) overdue: bool,
}

/// Reads `checked` and `review_by`, and checks that they stand in a sensible order around today.
pub(crate) fn dates(fields: &Fields<'_>, rules: Rules, log: &mut Log) -> (Date, Date) {
    let (checked, review_by) = (fields.date("checked", log), fields.date("review_by", log));
    let lines = fields.lines();
    if checked.is_some_and(|checked| checked > rules.today) {
        log.add(lines.of("checked"), "`checked` lies in the future", "write the day on which it was checked");
    }
    if let (Some(checked), Some(review_by)) = (checked, review_by)
        && review_by < checked
    {
        log.add(lines.of("review_by"), "`review_by` lies before `checked`", "write a day after it");
    } else if rules.overdue && review_by.is_some_and(|review_by| review_by < rules.today) {
        log.add(
            lines.of("review_by"),
            "the day to review this has passed",
            "compare it with its sources, then set `checked` and `review_by` anew",
        );
    }
    (checked.unwrap_or(rules.today), review_by.unwrap_or(rules.today))
}

/// Notes breaches of style in the text of a field.
pub(crate) fn style(lines: &Lines, field: &str, text: &str, log: &mut Log) {
    for breach in style::breaches(text) {
        log.add(lines.of(field), format!("`{field}` has {}", breach.what), breach.remedy);
    }
}

/// Notes a text with more than `most` words.
pub(crate) fn at_most(line: usize, name: &str, text: &str, most: usize, log: &mut Log) {
    let count = words::count(text);
    if count > most {
        log.add(line, format!("{name} has {count} words"), format!("keep it to {most}"));
    }
}

/// Reads a list that must have at least one item, and none twice.
pub(crate) fn some_texts(fields: &Fields<'_>, field: &str, log: &mut Log) -> Vec<String> {
    let Some(texts) = fields.texts(field, log) else { return Vec::new() };
    if texts.is_empty() {
        log.add(fields.lines().of(field), format!("`{field}` is empty"), "name at least one");
    }
    no_twins(&fields.lines(), field, &texts, log);
    texts
}

/// Notes items that stand in a list twice.
pub(crate) fn no_twins(lines: &Lines, field: &str, texts: &[String], log: &mut Log) {
    for (index, text) in texts.iter().enumerate() {
        if !text.is_empty() && texts.iter().take(index).any(|earlier| earlier == text) {
            log.add(lines.item(field, index), format!("`{field}` names \"{text}\" twice"), "take one out");
        }
    }
}
