//! Word patterns: the smallest part of the rule language, and how they are found in a text.
//!
//! Every step looks at a bounded number of words, so that the time grows with the length of the text and with nothing else.

use std::collections::HashMap;

use super::text::Token;

/// Words that a gap `..` may stand for.
const GAP: usize = 4;
/// Fillers ("really", "so") that may stand between two words of a pattern.
const FILLERS: usize = 2;

/// A word or a beginning of words that the rules know.
pub(super) type Atom = u32;
/// Place of a concept in the rules.
pub(super) type ConceptId = usize;

/// What one place of a pattern asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// One of these words.
    Words(Vec<Atom>),
    /// Up to four words, whatever they are.
    Gap,
    /// A number from the one to the other.
    Number(f64, f64),
    /// A hit of another concept.
    Concept(ConceptId),
}

/// A piece, and whether it may be missing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub piece: Piece,
    pub optional: bool,
}

/// A sequence of steps; the first is neither a gap nor optional.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(pub Vec<Step>);

/// Where something was found: words `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

/// All words that the rules name.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary {
    whole: HashMap<String, Atom>,
    beginning: HashMap<String, Atom>,
    next: Atom,
}

impl Vocabulary {
    /// The atom of `word`, where a star at its end means any ending.
    pub(super) fn atom(&mut self, word: &str) -> Atom {
        let next = self.next;
        let atom = match word.strip_suffix('*') {
            Some(stem) => *self.beginning.entry(stem.to_owned()).or_insert(next),
            None => *self.whole.entry(word.to_owned()).or_insert(next),
        };
        if atom == next {
            self.next += 1;
        }
        atom
    }

    /// How many atoms there are.
    pub(super) fn len(&self) -> usize {
        self.next as usize
    }

    /// Every word that the rules name in full.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.whole.keys().map(String::as_str)
    }

    /// Whether the rules know the word.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.whole.contains_key(word) || self.beginnings(word).next().is_some()
    }

    /// Adds the atoms of a word.
    pub(super) fn add(&self, word: &str, atoms: &mut Vec<Atom>) {
        atoms.extend(self.whole.get(word));
        atoms.extend(self.beginnings(word));
    }

    fn beginnings<'a>(&'a self, word: &'a str) -> impl Iterator<Item = Atom> + 'a {
        word.char_indices()
            .skip(1)
            .map(|(at, _)| at)
            .chain(std::iter::once(word.len()))
            .filter_map(|at| self.beginning.get(&word[..at]).copied())
    }
}

/// A text with what has been found in it so far.
pub(super) struct Field<'a> {
    pub tokens: &'a [Token],
    /// The words that may stand anywhere between two others.
    pub fillers: &'a [bool],
    /// Places that a gap must not jump over: a "not" in between would turn the meaning.
    pub barriers: &'a [bool],
    /// Hits of every concept found so far, sorted.
    pub found: &'a [Vec<Span>],
}

impl Field<'_> {
    /// Where the pattern ends if it begins at `start`.
    pub(super) fn from(&self, pattern: &Pattern, start: usize) -> Option<usize> {
        let sentence = self.tokens.get(start)?.sentence;
        self.walk(&pattern.0, start, sentence, true)
    }

    fn walk(&self, steps: &[Step], at: usize, sentence: usize, first: bool) -> Option<usize> {
        let Some((step, rest)) = steps.split_first() else { return Some(at) };
        let found = match &step.piece {
            Piece::Gap => return self.gap(rest, at, sentence),
            Piece::Words(_) | Piece::Number(..) => self.single(step, rest, at, sentence),
            Piece::Concept(id) => self.concept(*id, rest, at, sentence),
        };
        if found.is_some() {
            return found;
        }
        if step.optional
            && let Some(end) = self.walk(rest, at, sentence, first)
        {
            return Some(end);
        }
        if first {
            return None;
        }
        self.after_fillers(step, rest, at, sentence)
    }

    fn single(&self, step: &Step, rest: &[Step], at: usize, sentence: usize) -> Option<usize> {
        let token = self.tokens.get(at).filter(|token| token.sentence == sentence)?;
        let fits = match &step.piece {
            Piece::Words(atoms) => token.atoms.iter().any(|atom| atoms.contains(atom)),
            Piece::Number(low, high) => token.number.is_some_and(|n| (*low..=*high).contains(&n)),
            Piece::Gap | Piece::Concept(_) => false,
        };
        if fits { self.walk(rest, at + 1, sentence, false) } else { None }
    }

    fn concept(&self, id: ConceptId, rest: &[Step], at: usize, sentence: usize) -> Option<usize> {
        let hits = self.found.get(id)?;
        let from = hits.partition_point(|hit| hit.start < at);
        hits[from..]
            .iter()
            .take_while(|hit| hit.start == at)
            .filter(|_| self.tokens.get(at).is_some_and(|token| token.sentence == sentence))
            .find_map(|hit| self.walk(rest, hit.end, sentence, false))
    }

    fn gap(&self, rest: &[Step], at: usize, sentence: usize) -> Option<usize> {
        for skipped in 0..=GAP {
            if let Some(end) = self.walk(rest, at + skipped, sentence, false) {
                return Some(end);
            }
            let here = self.tokens.get(at + skipped)?;
            if here.sentence != sentence || self.barriers.get(at + skipped).copied().unwrap_or(false) {
                return None;
            }
        }
        None
    }

    fn after_fillers(&self, step: &Step, rest: &[Step], at: usize, sentence: usize) -> Option<usize> {
        let mut place = at;
        for _ in 0..FILLERS {
            if !self.fillers.get(place).copied().unwrap_or(false) {
                return None;
            }
            place += 1;
            let found = match &step.piece {
                Piece::Concept(id) => self.concept(*id, rest, place, sentence),
                Piece::Words(_) | Piece::Number(..) => self.single(step, rest, place, sentence),
                Piece::Gap => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}
