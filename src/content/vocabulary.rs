//! The small lists that other content refers to: topics, sources and glossary terms.

use std::collections::BTreeMap;

use super::field_checks::{self, Placed, at_most, some_texts};
use super::problem::Log;
use super::toml_fields::Document;
use super::words;

/// The file of topics.
pub(crate) const TOPICS: &str = "knowledge/topics.toml";
/// The file of sources.
pub(crate) const SOURCES: &str = "sources.toml";
/// The file of terms.
pub(crate) const GLOSSARY: &str = "glossary/en.toml";

/// A term and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// Its id: lower case, digits and underscores.
    pub id: String,
    /// The term as it is shown.
    pub term: String,
    /// Other names for it, common misspellings too.
    pub aliases: Vec<String>,
    /// What it means; at most 40 words.
    pub text: String,
    /// The entry that says more; empty when none does.
    pub see: String,
    /// Ids of `sources.toml`.
    pub sources: Vec<String>,
}

/// Something that was read to write the content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its id: capitals, digits and dashes.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// The year, in words where it is uncertain: `2018`, `c. 2016`, `n.d.`
    pub year: String,
    /// Its address; empty for what has none, such as our own choices.
    pub url: String,
    /// How much of it was read: `whole`, `excerpt`, `abstract`, `mirror` or `not_opened`.
    pub read: String,
}

/// How much of a source can have been read.
pub const READ: [&str; 5] = ["whole", "excerpt", "abstract", "mirror", "not_opened"];

/// Reads the topics: each with its line.
pub(crate) fn topics(text: &str, log: &mut Log) -> Option<Vec<(String, usize)>> {
    let document = Document::parse(text, 1, log)?;
    let fields = document.root();
    let lines = fields.lines();
    let mut topics: Vec<(String, usize)> = Vec::new();
    for group in fields.names() {
        let names = fields.texts(&group, log).unwrap_or_default();
        for (index, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let (topic, line) = (format!("{group}.{name}"), lines.item(&group, index));
            if !words::is_id(&topic, &['.', '_']) {
                log.add(line, format!("\"{topic}\" is no topic"), "use lower-case letters, digits and underscores");
            } else if topics.iter().any(|(known, _)| *known == topic) {
                log.add(line, format!("the topic \"{topic}\" stands here twice"), "take one out");
            } else {
                topics.push((topic, line));
            }
        }
    }
    Some(topics)
}

/// Reads the sources.
pub(crate) fn sources(text: &str, log: &mut Log) -> Option<Vec<Placed<Source>>> {
    let document = Document::parse(text, 1, log)?;
    document.root().only(&["source"], log);
    let mut sources: Vec<Placed<Source>> = Vec::new();
    for fields in document.root().tables("source", log) {
        fields.only(&["id", "title", "publisher", "year", "url", "read"], log);
        let lines = fields.lines();
        let source = Source {
            id: fields.text("id", log).unwrap_or_default(),
            title: fields.text("title", log).unwrap_or_default(),
            publisher: fields.text("publisher", log).unwrap_or_default(),
            year: fields.text("year", log).unwrap_or_default(),
            url: fields.text_or_empty("url", log).unwrap_or_default(),
            read: fields.text("read", log).unwrap_or_default(),
        };
        if let Some(first) = sources.iter().find(|known| !source.id.is_empty() && known.value.id == source.id) {
            let line = first.lines.of("id");
            log.add(
                lines.of("id"),
                format!("the id \"{}\" stands in line {line} already", source.id),
                "choose another",
            );
        }
        let is_web = ["https://", "http://"].iter().any(|start| source.url.starts_with(start));
        if !source.url.is_empty() && (!is_web || source.url.contains(char::is_whitespace)) {
            log.add(lines.of("url"), "`url` is no web address", "start it with https:// or leave it empty");
        }
        if !source.read.is_empty() && !READ.contains(&source.read.as_str()) {
            let what = format!("`read` can't be \"{}\"", source.read);
            log.add(lines.of("read"), what, format!("choose one of {}", READ.join(", ")));
        }
        sources.push(Placed { path: SOURCES.to_owned(), lines, value: source });
    }
    Some(sources)
}

/// Reads the glossary.
pub(crate) fn terms(text: &str, log: &mut Log) -> Vec<Placed<Term>> {
    let Some(document) = Document::parse(text, 1, log) else { return Vec::new() };
    document.root().only(&["term"], log);
    let mut terms: Vec<Placed<Term>> = Vec::new();
    for fields in document.root().tables("term", log) {
        fields.only(&["id", "term", "aliases", "text", "see", "sources"], log);
        let lines = fields.lines();
        let term = Term {
            id: fields.text("id", log).unwrap_or_default(),
            term: fields.text("term", log).unwrap_or_default(),
            aliases: fields.texts("aliases", log).unwrap_or_default(),
            text: fields.text("text", log).unwrap_or_default(),
            see: fields.optional_text("see", log).unwrap_or_default(),
            sources: some_texts(&fields, "sources", log),
        };
        if !term.id.is_empty() && !words::is_id(&term.id, &['_']) {
            log.add(
                lines.of("id"),
                format!("\"{}\" is no id", term.id),
                "use lower-case letters, digits and underscores",
            );
        }
        field_checks::style(&lines, "term", &term.term, log);
        field_checks::style(&lines, "text", &term.text, log);
        at_most(lines.of("text"), "the text", &term.text, 40, log);
        terms.push(Placed { path: GLOSSARY.to_owned(), lines, value: term });
    }
    unique_names(&terms, log);
    terms
}

/// Ids once each, and no name that two terms share: a look-up must know which one is meant.
fn unique_names(terms: &[Placed<Term>], log: &mut Log) {
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names: BTreeMap<String, &Term> = BTreeMap::new();
    for Placed { lines, value: term, .. } in terms.iter().filter(|placed| !placed.value.id.is_empty()) {
        if let Some(first) = ids.insert(&term.id, lines.of("id")) {
            log.add(lines.of("id"), format!("the id \"{}\" stands in line {first} already", term.id), "choose another");
        }
        let own = std::iter::once((&term.term, lines.of("term")));
        let aliases = term.aliases.iter().enumerate().map(|(at, alias)| (alias, lines.item("aliases", at)));
        for (name, line) in own.chain(aliases) {
            let key = words::normal(name);
            match names.get(&key) {
                _ if key.is_empty() => {}
                Some(other) if other.id != term.id => {
                    log.add(line, format!("\"{name}\" is a name of \"{}\" too", other.term), "take one of them out");
                }
                Some(_) => {}
                None => drop(names.insert(key, term)),
            }
        }
    }
}
