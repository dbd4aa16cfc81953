//! Which patterns of the scope file a message fits.

use super::finding::{ScopeKind, SmalltalkKind};
use super::phrases::{Found, Phrases, Place};
use super::scope::{Meaning, Pattern, Piece, Scope};
use super::words::{Token, Words};

/// The patterns, ready for matching.
#[derive(Debug)]
pub(super) struct Patterns {
    meanings: Vec<Meaning>,
    needed: Vec<usize>,
    wants_rest: Vec<bool>,
    phrases: Phrases,
    /// What each label of `phrases` means.
    slots: Vec<Slot>,
}

/// The part that a phrase plays in its pattern.
#[derive(Clone, Copy, Debug)]
struct Slot {
    pattern: usize,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Meets the condition with this number.
    Meets(usize),
    /// Rules the pattern out.
    Forbids,
    /// May stand there besides.
    Rest,
}

/// What a message fits.
#[derive(Debug, Default)]
pub(super) struct Fit<'a> {
    /// The first kind by precedence, with every word its patterns were met by.
    pub out_of_scope: Option<(ScopeKind, Vec<usize>)>,
    /// The first kind by precedence.
    pub smalltalk: Option<SmalltalkKind>,
    /// Entries or topics that it leads to.
    pub leads_to: Vec<&'a str>,
}

impl Patterns {
    /// Compiles the patterns; their words become known.
    pub fn new(scope: &Scope, words: &mut Words) -> Self {
        let patterns: &[Pattern] = &scope.patterns;
        let mut compiled = Self {
            meanings: patterns.iter().map(|pattern| pattern.meaning.clone()).collect(),
            needed: patterns.iter().map(|pattern| pattern.all.len()).collect(),
            wants_rest: patterns.iter().map(|pattern| pattern.rest.is_some()).collect(),
            phrases: Phrases::default(),
            slots: Vec::new(),
        };
        for list in &scope.lists {
            compiled.phrases.add_list(list.iter().map(|text| words.learn(text)));
        }
        for (number, pattern) in patterns.iter().enumerate() {
            for (condition, choices) in pattern.all.iter().enumerate() {
                compiled.add(Slot { pattern: number, part: Part::Meets(condition) }, choices, words);
            }
            compiled.add(Slot { pattern: number, part: Part::Forbids }, &pattern.none, words);
            compiled.add(Slot { pattern: number, part: Part::Rest }, pattern.rest.as_deref().unwrap_or(&[]), words);
        }
        compiled
    }

    /// What these words fit.
    pub fn fit(&self, tokens: &[Token]) -> Fit<'_> {
        let mut found: Vec<(Slot, Found)> = Vec::new();
        self.phrases.find(tokens, |one| found.push((self.slots[one.label], one)));
        found.sort_by_key(|(slot, one)| (slot.pattern, one.start));
        let mut fit = Fit::default();
        for group in found.chunk_by(|(left, _), (right, _)| left.pattern == right.pattern) {
            let pattern = group[0].0.pattern;
            if !self.fits(pattern, group, tokens.len()) {
                continue;
            }
            match &self.meanings[pattern] {
                Meaning::OutOfScope(kind) => out_of_scope(&mut fit, *kind, group),
                Meaning::Smalltalk(kind) => {
                    let rank = |kind: &SmalltalkKind| SmalltalkKind::ALL.iter().position(|other| other == kind);
                    if fit.smalltalk.is_none_or(|before| rank(kind) < rank(&before)) {
                        fit.smalltalk = Some(*kind);
                    }
                }
                Meaning::LeadsTo(entry) => fit.leads_to.push(entry),
            }
        }
        fit
    }

    fn add(&mut self, slot: Slot, choices: &[Vec<Piece>], words: &mut Words) {
        let label = self.slots.len();
        self.slots.push(slot);
        for pieces in choices {
            let mut places = Vec::with_capacity(pieces.len());
            for piece in pieces {
                match piece {
                    Piece::Word(word) => places.extend(words.learn(word).into_iter().map(Place::Word)),
                    Piece::Number => places.push(Place::Number),
                    Piece::Gap => places.push(Place::Gap),
                    Piece::List(list) => places.push(Place::List(*list)),
                }
            }
            self.phrases.add(label, places);
        }
    }

    fn fits(&self, pattern: usize, group: &[(Slot, Found)], length: usize) -> bool {
        let met = |condition: usize| group.iter().any(|(slot, _)| slot.part == Part::Meets(condition));
        if group.iter().any(|(slot, _)| slot.part == Part::Forbids) || !(0..self.needed[pattern]).all(met) {
            return false;
        }
        let covered = |word: usize| group.iter().any(|(_, one)| (one.start..one.end).contains(&word));
        !self.wants_rest[pattern] || (0..length).all(covered)
    }
}

/// Keeps the kind that comes first, and all words that met it.
fn out_of_scope(fit: &mut Fit<'_>, kind: ScopeKind, group: &[(Slot, Found)]) {
    let mut words: Vec<usize> = group
        .iter()
        .filter(|(slot, _)| matches!(slot.part, Part::Meets(_)))
        .flat_map(|(_, one)| one.start..one.end)
        .collect();
    match &mut fit.out_of_scope {
        Some((before, _)) if *before < kind => return,
        Some((before, words_before)) if *before == kind => words.append(words_before),
        _ => {}
    }
    words.sort_unstable();
    words.dedup();
    fit.out_of_scope = Some((kind, words));
}
