//! Finding fixed phrases in a row of words: the one way in which scope patterns and synonyms look at a message.

use std::collections::HashMap;

use super::words::{Term, Token};

/// Words that a gap (`..`) may skip.
const GAP: usize = 4;

/// One place of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// This word, in any form.
    Word(Term),
    /// A number in digits.
    Number,
    /// Up to four words of any kind.
    Gap,
    /// Any phrase of the list with this number.
    List(usize),
}

/// A phrase that was found: which one, and the words it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The label it was added with.
    pub label: usize,
    /// Its first word.
    pub start: usize,
    /// The word after its last.
    pub end: usize,
}

/// Many phrases, sorted by their first word, each with a label.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    by_word: HashMap<Term, Vec<(usize, Vec<Place>)>>,
    by_number: Vec<(usize, Vec<Place>)>,
    /// Each list's phrases by their first word, longest first.
    lists: Vec<HashMap<Term, Vec<Vec<Term>>>>,
}

impl Phrases {
    /// Adds a list that phrases can name, and gives its number.
    pub fn add_list(&mut self, phrases: impl IntoIterator<Item = Vec<Term>>) -> usize {
        let mut list: HashMap<Term, Vec<Vec<Term>>> = HashMap::new();
        for phrase in phrases {
            if let Some(first) = phrase.first() {
                list.entry(*first).or_default().push(phrase);
            }
        }
        list.values_mut().for_each(|phrases| phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len())));
        self.lists.push(list);
        self.lists.len() - 1
    }

    /// Adds a phrase. One that is empty or starts with a gap is never found.
    pub fn add(&mut self, label: usize, phrase: Vec<Place>) {
        match phrase.first() {
            Some(Place::Word(term)) => self.by_word.entry(*term).or_default().push((label, phrase)),
            Some(Place::Number) => self.by_number.push((label, phrase)),
            Some(Place::List(list)) => {
                for first in self.lists[*list].keys() {
                    self.by_word.entry(*first).or_default().push((label, phrase.clone()));
                }
            }
            Some(Place::Gap) | None => {}
        }
    }

    /// Calls `found` for every phrase at every place where it stands.
    pub fn find(&self, tokens: &[Token], mut found: impl FnMut(Found)) {
        for (start, token) in tokens.iter().enumerate() {
            let by_word = token.term.and_then(|term| self.by_word.get(&term)).map_or(&[][..], Vec::as_slice);
            let by_number = if token.number { self.by_number.as_slice() } else { &[] };
            for (label, phrase) in by_word.iter().chain(by_number) {
                if let Some(end) = self.end_of(phrase, tokens, start) {
                    found(Found { label: *label, start, end });
                }
            }
        }
    }

    /// Where the phrase ends when it starts at `at`.
    fn end_of(&self, phrase: &[Place], tokens: &[Token], at: usize) -> Option<usize> {
        let Some((place, rest)) = phrase.split_first() else { return Some(at) };
        if let Place::Gap = place {
            return (at..=at + GAP).find_map(|next| self.end_of(rest, tokens, next));
        }
        let token = tokens.get(at)?;
        match place {
            Place::Word(term) if token.term != Some(*term) => None,
            Place::Number if !token.number => None,
            Place::List(list) => {
                let stands = |words: &&Vec<Term>| {
                    let there = tokens.get(at..at + words.len());
                    there.is_some_and(|there| there.iter().zip(*words).all(|(token, term)| token.term == Some(*term)))
                };
                let choices = self.lists[*list].get(&token.term?)?;
                choices.iter().filter(stands).find_map(|words| self.end_of(rest, tokens, at + words.len()))
            }
            Place::Word(_) | Place::Number | Place::Gap => self.end_of(rest, tokens, at + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Words;
    use super::super::words::tokenise;
    use super::*;

    #[test]
    fn phrases_are_found_with_gaps_and_numbers() {
        let mut words = Words::new(&[]);
        let mut phrases = Phrases::default();
        let terms = words.learn("crack neck mg");
        phrases.add(0, vec![Place::Word(terms[0]), Place::Gap, Place::Word(terms[1])]);
        phrases.add(1, vec![Place::Number, Place::Word(terms[2])]);
        let list = [words.learn("a lot"), words.learn("a lot of"), words.learn("some")];
        let list = phrases.add_list(list);
        let glad = words.learn("thanks");
        phrases.add(2, vec![Place::List(list), Place::Word(glad[0])]);
        phrases.add(3, vec![Place::Word(glad[0]), Place::List(list)]);
        let find = |text: &str| {
            let tokens: Vec<Token> = tokenise(text).iter().map(|word| words.token(word)).collect();
            let mut all = Vec::new();
            phrases.find(&tokens, |found| all.push((found.label, found.start, found.end)));
            all
        };
        assert_eq!(find("do crack my stiff neck"), [(0, 1, 5)]);
        assert_eq!(find("cracking neck"), [(0, 0, 2)]);
        assert_eq!(find("crack a b c d e neck"), []);
        assert_eq!(find("take 400 mg"), [(1, 1, 3)]);
        assert_eq!(find("mg 400 crack"), []);
        assert_eq!(find("a lot thanks a lot of some thanks"), [(2, 0, 3), (3, 2, 6), (2, 6, 8)]);
    }
}
