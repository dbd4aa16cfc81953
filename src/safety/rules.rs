//! The rules of the gate: read from `safety/rules-en.toml`, proved, and made quick to apply.
//!
//! The language is documented at the top of that file. Reading it reports every problem at once, each with its line.

use std::collections::HashSet;

use super::clauses::Clauses;
use super::model::Urgency;
use super::pattern::{ConceptId, Pattern, Vocabulary};
use super::rules_file;
use super::text::Spelling;
use super::typo::Typos;

/// Something wrong in the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The rules, ready to apply.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) spelling: Spelling,
    pub(super) typos: Typos,
    pub(super) vocabulary: Vocabulary,
    pub(super) concepts: Vec<Concept>,
    /// Concepts so that each comes after those it names.
    pub(super) order: Vec<ConceptId>,
    pub(super) fillers: HashSet<String>,
    pub(super) clauses: Clauses,
    pub(super) cues: Cues,
    pub(super) flags: Vec<FlagRules>,
    pub(super) features: Vec<Rule>,
    pub(super) check_in: Vec<Rule>,
}

/// Words and phrases that mean one thing.
#[derive(Clone, Debug)]
pub(super) struct Concept {
    pub patterns: Vec<Pattern>,
    /// It counts however long ago it was.
    pub history: bool,
}

/// The concepts that tell how the others are meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cues {
    pub figure: ConceptId,
    pub negation: ConceptId,
    pub not_negation: ConceptId,
    pub not_usual: ConceptId,
    pub negation_ends: ConceptId,
    pub clause_break: ConceptId,
    pub answer_no: ConceptId,
    pub list_goes_on: ConceptId,
    pub past: ConceptId,
    pub months: ConceptId,
    pub now: ConceptId,
    pub question: ConceptId,
    pub supposed: ConceptId,
    pub personal: ConceptId,
    pub possessive: ConceptId,
    pub fiction: ConceptId,
    pub meanwhile: ConceptId,
}

/// What raises one flag.
#[derive(Clone, Debug)]
pub(super) struct FlagRules {
    pub id: String,
    pub urgency: Urgency,
    /// Neither time nor a question nor a story takes it back.
    pub firm: bool,
    /// Some months ago is recent.
    pub months: bool,
    pub rules: Vec<Rule>,
    /// What a general question about it names.
    pub about: Vec<ConceptId>,
}

/// How far apart the parts of a rule may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Clause,
    Sentence,
    Near,
    Message,
}

/// Concepts of which one is needed, or of which none may stand there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub forbidden: bool,
    pub any: Vec<ConceptId>,
}

/// What a rule leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Raise(Urgency),
    Doubt,
}

/// Terms that together raise a flag.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub reach: Reach,
    pub terms: Vec<Term>,
    pub outcome: Outcome,
    /// It is on the fixed list: what it raises stays raised, whatever the encoder thinks.
    pub always: bool,
}

impl Rules {
    /// Reads the rules.
    ///
    /// # Errors
    ///
    /// Every problem of the file, in the order of its lines. A file that isn't TOML has one.
    pub fn parse(text: &str) -> Result<Rules, Vec<Problem>> {
        rules_file::read(text)
    }
}
