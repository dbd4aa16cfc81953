//! Reads a knowledge entry, `knowledge/en/<id>.md`: front matter between `+++` lines, then the text.

use super::field_checks::{self, GRADES, Placed, Rules, no_twins, some_texts};
use super::markdown::{self, Body};
use super::problem::Log;
use super::toml_fields::{Document, Fields};
use super::words;
use crate::answer::entry::Entry;
use crate::base::evidence::Grade;

/// Where entries stand.
pub(crate) const FOLDER: &str = "knowledge/en";

/// The sections of a card, in order.
pub(crate) const CARD_SECTIONS: [&str; 6] =
    ["What it is", "Why", "How on yourself", "How it should feel", "Common mistakes", "When not"];

const FIELDS: &[&str] = &[
    "id",
    "topic",
    "title",
    "questions",
    "tags",
    "sources",
    "grade",
    "evidence",
    "checked",
    "review_by",
    "related",
    "reviewed_by",
];

/// Reads one entry and checks all that can be seen in its file alone; nothing when its front matter can't be read.
pub(crate) fn read(path: &str, stem: &str, text: &str, rules: Rules, log: &mut Log) -> Option<Placed<Entry>> {
    let Some((front, body, body_line)) = split(text) else {
        log.add(1, "there is no front matter", "start with a line +++, then the fields, then a line +++");
        return None;
    };
    let body = markdown::read(body, body_line, log);
    let document = Document::parse(front, 2, log)?;
    let fields = document.root();
    let entry = read_fields(&fields, stem, &body, rules, log);
    Some(Placed { path: path.to_owned(), lines: fields.lines(), value: entry })
}

/// The front matter, the body and the line on which the body begins.
fn split(text: &str) -> Option<(&str, &str, usize)> {
    let mut lines = text.split_inclusive('\n');
    let opening = lines.next().filter(|line| line.trim_end() == "+++")?;
    let mut end = opening.len();
    for (line, number) in lines.zip(2..) {
        if line.trim_end() == "+++" {
            return Some((text.get(opening.len()..end)?, text.get(end + line.len()..)?, number + 1));
        }
        end += line.len();
    }
    None
}

fn read_fields(fields: &Fields<'_>, stem: &str, body: &Body, rules: Rules, log: &mut Log) -> Entry {
    fields.only(FIELDS, log);
    let lines = fields.lines();
    let id = fields.text("id", log).unwrap_or_default();
    if !id.is_empty() && id != stem {
        log.add(
            lines.of("id"),
            format!("the id \"{id}\" is not the file's name"),
            format!("write \"{stem}\" or rename the file"),
        );
    } else if !id.is_empty() && !words::is_id(&id, &['.', '_']) {
        log.add(lines.of("id"), format!("\"{id}\" is no id"), "use lower-case letters, digits, dots and underscores");
    }
    let title = fields.text("title", log).unwrap_or_default();
    field_checks::style(&lines, "title", &title, log);
    let evidence = fields.optional_text("evidence", log).unwrap_or_default();
    field_checks::style(&lines, "evidence", &evidence, log);
    let (checked, review_by) = field_checks::dates(fields, rules, log);
    let related = fields.texts("related", log).unwrap_or_default();
    no_twins(&lines, "related", &related, log);
    let entry = Entry {
        topic: fields.text("topic", log).unwrap_or_default(),
        questions: questions(fields, log),
        tags: tags(fields, log),
        sources: some_texts(fields, "sources", log),
        grade: fields.word("grade", GRADES, log).unwrap_or(Grade::Design),
        reviewed_by: fields.text_or_empty("reviewed_by", log).unwrap_or_default(),
        short: body.short.clone(),
        sections: body.sections.clone(),
        id,
        title,
        evidence,
        checked,
        review_by,
        related,
    };
    if entry.is_card() {
        card(body, log);
    }
    entry
}

fn questions(fields: &Fields<'_>, log: &mut Log) -> Vec<String> {
    let Some(questions) = fields.texts("questions", log) else { return Vec::new() };
    if !(3..=8).contains(&questions.len()) {
        log.add(
            fields.lines().of("questions"),
            format!("there are {} questions", questions.len()),
            "write 3 to 8 that this entry really answers",
        );
    }
    questions
}

fn tags(fields: &Fields<'_>, log: &mut Log) -> Vec<String> {
    let tags = some_texts(fields, "tags", log);
    let lines = fields.lines();
    for (index, tag) in tags.iter().enumerate() {
        if tag.chars().any(char::is_uppercase) {
            log.add(lines.item("tags", index), format!("the tag \"{tag}\" has capitals"), "write it in lower case");
        }
    }
    tags
}

/// Notes the first place where the sections are not a card's.
fn card(body: &Body, log: &mut Log) {
    let remedy = format!("a card has exactly these, in this order: {}", CARD_SECTIONS.join(", "));
    for (index, wanted) in CARD_SECTIONS.iter().enumerate() {
        match body.sections.get(index) {
            Some(section) if section.heading == *wanted => {}
            Some(section) => {
                let line = body.heading_lines.get(index).copied().unwrap_or(body.last_line);
                log.add(line, format!("the section \"{}\" stands where \"{wanted}\" belongs", section.heading), remedy);
                return;
            }
            None => {
                log.add(body.last_line, format!("the section \"{wanted}\" is missing"), remedy);
                return;
            }
        }
    }
    if let (Some(section), Some(line)) =
        (body.sections.get(CARD_SECTIONS.len()), body.heading_lines.get(CARD_SECTIONS.len()))
    {
        log.add(*line, format!("the section \"{}\" is one too many", section.heading), remedy);
    }
}
