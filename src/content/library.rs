//! Everything that was loaded, and the ways to look things up in it.

use std::collections::{BTreeMap, BTreeSet};

use super::vocabulary::{Source, Term};
use super::words;
use crate::answer::entry::Entry;
use crate::routine::model::Routine;
use crate::safety::model::SafetyContent;

/// All content, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Library {
    /// The knowledge entries, sorted by id.
    pub entries: Vec<Entry>,
    /// The topics that entries belong to, e.g. `technique.effleurage`.
    pub topics: BTreeSet<String>,
    /// The routines, sorted by id.
    pub routines: Vec<Routine>,
    /// Red flags, screening, hard rules.
    pub safety: SafetyContent,
    /// The glossary, in the file's order.
    pub glossary: Vec<Term>,
    /// The sources, in the file's order.
    pub sources: Vec<Source>,
    /// Texts that the engines read themselves.
    pub raw: Raw,
}

/// Texts that are carried as they are; the engine that reads one brings its own checks (see `Hook`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// `safety/rules-en.toml`.
    pub rules: String,
    /// `scope/*.toml`, by path.
    pub scope: BTreeMap<String, String>,
    /// `locales/en.ftl`.
    pub locale: String,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a, T> {
    /// Exactly this one.
    One(&'a T),
    /// Several that fit equally well.
    Several(Vec<&'a T>),
    /// Nothing.
    None,
}

impl Library {
    /// The entry with this id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The routine with this id, e.g. `R1`.
    pub fn routine(&self, id: &str) -> Option<&Routine> {
        self.routines.iter().find(|routine| routine.id == id)
    }

    /// The source with this id.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The routine a person means: by id, name, title or alias; else the one whose words hold all of theirs.
    pub fn find_routine(&self, asked: &str) -> Found<'_, Routine> {
        let asked = words::normal(asked);
        if asked.is_empty() {
            return Found::None;
        }
        let exact =
            self.routines.iter().find(|routine| routine_names(routine).any(|name| words::normal(name) == asked));
        if let Some(routine) = exact {
            return Found::One(routine);
        }
        let meant: Vec<&str> = asked.split(' ').filter(|word| !FILLERS.contains(word)).collect();
        if meant.is_empty() {
            return Found::None;
        }
        let fits = |routine: &&Routine| {
            let texts = routine_names(routine).chain(routine.good_for.iter().map(String::as_str)).map(words::normal);
            let known: BTreeSet<String> =
                texts.flat_map(|text| text.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
            meant.iter().all(|word| known.contains(*word))
        };
        let mut fitting: Vec<&Routine> = self.routines.iter().filter(fits).collect();
        match (fitting.pop(), fitting.is_empty()) {
            (None, _) => Found::None,
            (Some(only), true) => Found::One(only),
            (Some(last), false) => {
                fitting.push(last);
                Found::Several(fitting)
            }
        }
    }

    /// The term a person means, by name or alias; small slips of the keyboard are forgiven when they leave no doubt.
    pub fn term(&self, asked: &str) -> Option<&Term> {
        let asked = words::normal(asked);
        let mut best: Option<(usize, &Term)> = None;
        let mut doubtful = false;
        for term in &self.glossary {
            for name in term_names(term).map(words::normal).filter(|name| !name.is_empty()) {
                let slips = strsim::osa_distance(&name, &asked);
                if slips == 0 {
                    return Some(term);
                }
                if slips > forgiven(name.chars().count().min(asked.chars().count())) {
                    continue;
                }
                match best {
                    Some((least, other)) if slips == least => doubtful |= other.id != term.id,
                    Some((least, _)) if slips > least => {}
                    _ => (best, doubtful) = (Some((slips, term)), false),
                }
            }
        }
        best.filter(|_| !doubtful).map(|(_, term)| term)
    }

    /// The ids of entries and routines whose day of review lies before `today`.
    pub fn overdue(&self, today: jiff::civil::Date) -> Vec<&str> {
        let entries = self.entries.iter().filter(|entry| entry.review_by < today).map(|entry| entry.id.as_str());
        let today = (i32::from(today.year()), i32::from(today.month()), i32::from(today.day()));
        let routines = self.routines.iter().filter(|routine| {
            let date = routine.review_by.date;
            date.is_some_and(|date| (i32::from(date.year), i32::from(date.month), i32::from(date.day)) < today)
        });
        entries.chain(routines.map(|routine| routine.id.as_str())).collect()
    }
}

/// Words that say nothing about which routine is meant.
const FILLERS: &[&str] =
    &["a", "an", "the", "my", "me", "for", "of", "with", "in", "to", "and", "or", "routine", "please", "one"];

fn routine_names(routine: &Routine) -> impl Iterator<Item = &str> {
    [&routine.id, &routine.name, &routine.title].into_iter().chain(&routine.aliases).map(String::as_str)
}

fn term_names(term: &Term) -> impl Iterator<Item = &str> {
    [&term.id, &term.term].into_iter().chain(&term.aliases).map(String::as_str)
}

/// How many slips are forgiven in a name of so many characters.
fn forgiven(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}
