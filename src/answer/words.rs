//! Words of a text, as the lexical reading of a question sees them: folded, stemmed, numbered.
//!
//! A text is read only up to [`MAX_TOKENS`] words and [`MAX_CHARS`] characters, so that no message, however long, costs more than a
//! page. Nothing here knows what a word is worth.

use std::collections::HashMap;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words read of one text; what follows is left out.
pub(super) const MAX_TOKENS: usize = 400;
/// Characters read of one text: a message without spaces must not cost more than one with them.
pub(super) const MAX_CHARS: usize = 8_000;
/// Characters kept of one word; nobody writes a longer one on purpose.
const MAX_WORD: usize = 32;

/// The number of a stem; stems are numbered in the order in which they were first met.
pub(super) type Term = u32;

/// A word of a message: what it is called, and its stem's number when somebody used that stem in the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The stem's number; none for a word that no content file uses.
    pub term: Option<Term>,
    /// Whether it says so little that only nearly equal questions count it.
    pub stop: bool,
    /// Whether it is written in digits.
    pub number: bool,
}

/// Every word the content uses, by its spelling and by its stem.
pub(super) struct Words {
    stemmer: Stemmer,
    spellings: HashMap<String, Term>,
    stems: HashMap<String, Term>,
    stop: Vec<bool>,
}

impl Words {
    /// Starts with the stop words, which count as stop words in all their forms given.
    pub fn new(stop_words: &[String]) -> Self {
        let stemmer = Stemmer::new(Algorithm::English);
        let mut words = Self { stemmer, spellings: HashMap::new(), stems: HashMap::new(), stop: Vec::new() };
        for word in stop_words.iter().flat_map(|text| tokenise(text)) {
            // A stop word stands for itself: `doing` must not make a stop word of everything that shares its stem.
            let term = words.number_of(format!("={word}"));
            words.stop[term as usize] = true;
            words.spellings.insert(word, term);
        }
        words
    }

    /// How many stems there are.
    pub fn len(&self) -> usize {
        self.stop.len()
    }

    /// Whether the stem is that of a stop word.
    pub fn is_stop(&self, term: Term) -> bool {
        self.stop.get(term as usize).copied().unwrap_or(false)
    }

    /// The numbers of a content text's words, in order; unknown words become known.
    pub fn learn(&mut self, text: &str) -> Vec<Term> {
        tokenise(text).into_iter().map(|word| self.learn_word(word)).collect()
    }

    /// The number of something that is no word, such as a group of synonyms: `name` must start with a character no word has.
    pub fn learn_mark(&mut self, name: &str) -> Term {
        self.number_of(name.to_owned())
    }

    /// Reads a word of a message; learns nothing.
    pub fn token(&self, word: &str) -> Token {
        let term = self.spellings.get(word).or_else(|| self.stems.get(&*self.stemmer.stem(word))).copied();
        Token {
            term,
            stop: term.is_some_and(|term| self.is_stop(term)),
            number: word.bytes().all(|byte| byte.is_ascii_digit()),
        }
    }

    fn learn_word(&mut self, word: String) -> Term {
        if let Some(term) = self.spellings.get(&word) {
            return *term;
        }
        let stem = self.stemmer.stem(&word).into_owned();
        let term = self.number_of(stem);
        self.spellings.insert(word, term);
        term
    }

    fn number_of(&mut self, stem: String) -> Term {
        let next = Term::try_from(self.stop.len()).expect("content has far fewer than four billion stems");
        let term = *self.stems.entry(stem).or_insert(next);
        if term == next {
            self.stop.push(false);
        }
        term
    }
}

/// Cuts a text into words: compatibility forms and case folded, accents and apostrophes dropped, digits cut from the letters that follow
/// them (`400mg` is two words, `li4` one).
pub(super) fn tokenise(text: &str) -> Vec<String> {
    let mut words = Vec::with_capacity(16);
    let mut word = String::new();
    let mut length = 0;
    let folded = text.chars().take(MAX_CHARS).nfkd().filter(|c| !is_combining_mark(*c));
    for c in folded.flat_map(char::to_uppercase).flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)) {
        if matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '\u{ad}' | '\u{200d}') {
            continue;
        }
        let digits_end = c.is_alphabetic() && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        if (!c.is_alphanumeric() || digits_end) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
            length = 0;
            if words.len() == MAX_TOKENS {
                return words;
            }
        }
        if c.is_alphanumeric() && length < MAX_WORD {
            word.push(c);
            length += 1;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_as_people_mean_it() {
        for (text, want) in [
            ("What's a knot?", "whats a knot"),
            ("I’m NOT sure", "im not sure"),
            ("self-massage, 3x/day", "self massage 3 x day"),
            ("400mg of ibuprofen", "400 mg of ibuprofen"),
            ("LI4 or GB20", "li4 or gb20"),
            ("pétrissage  \n\t naïve", "petrissage naive"),
            ("ﬁrm ＰＲＥＳＳＵＲＥ ㎎", "firm pressure mg"),
            ("Straße STRASSE", "strasse strasse"),
            ("", ""),
            ("?!… 🙂", ""),
            ("co\u{ad}operate", "cooperate"),
        ] {
            assert_eq!(tokenise(text).join(" "), want, "{text}");
        }
    }

    #[test]
    fn a_long_text_costs_no_more_than_a_page() {
        assert_eq!(tokenise(&"a ".repeat(50_000)).len(), MAX_TOKENS);
        let one = tokenise(&"x".repeat(100_000));
        assert_eq!((one.len(), one[0].len()), (1, MAX_WORD));
    }

    #[test]
    fn words_of_one_stem_are_one_term_and_stop_words_stand_for_themselves() {
        let mut words = Words::new(&["do".into(), "doing".into()]);
        let learnt = words.learn("kneading kneads doing");
        assert_eq!(learnt[0], learnt[1]);
        assert!(words.is_stop(learnt[2]) && !words.is_stop(learnt[0]));
        assert_eq!(words.token("kneaded").term, Some(learnt[0]));
        assert_eq!(words.token("quantum").term, None);
        assert!(words.token("12").number);
    }
}
