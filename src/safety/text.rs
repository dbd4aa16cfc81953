//! A text as the gate reads it: folded, split into words, sentences and clauses.
//!
//! Folding only makes different ways of writing the same thing equal (case, accents, wide letters, apostrophes, stretched letters).
//! It must never drop a word: a lost "not" or a lost "numb" changes what was said.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::pattern::Atom;

/// Letters of a word that are looked at. Longer runs are no words, and would cost time without telling anything.
const WORD_LETTERS: usize = 40;

/// One word or number.
#[derive(Clone, Debug, Default)]
pub(super) struct Token {
    /// Folded.
    pub word: String,
    /// What it may also be: the word without a typo.
    pub meant: Option<String>,
    /// Its value, if it is a number in digits or letters.
    pub number: Option<f64>,
    /// Sentence it stands in, counted from 0.
    pub sentence: usize,
    /// Clause it stands in, counted from 0 through the whole text.
    pub clause: usize,
    /// Which words of the rules it is; filled in by the vocabulary.
    pub atoms: Vec<Atom>,
}

/// The whole text.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// In order.
    pub tokens: Vec<Token>,
    /// For each sentence: whether it ends in a question mark.
    pub asked: Vec<bool>,
}

impl Text {
    /// Folds and splits. `spelling` maps what people write (one to four words) to the words that are meant.
    pub(super) fn read(raw: &str, spelling: &Spelling) -> Text {
        let mut reader = Reader::default();
        let folded: Vec<char> = fold(raw).collect();
        let mut at = 0;
        while let Some(&c) = folded.get(at) {
            let next = folded.get(at + 1).copied();
            reader.take(c, next);
            at += 1;
        }
        reader.finish_word();
        let Reader { tokens, mut asked, .. } = reader;
        asked.push(false);
        let tokens = spelling.apply(tokens);
        Text { tokens, asked }
    }

    /// Gives every sentence and clause its number anew, with an extra clause beginning at each of `breaks`.
    pub(super) fn break_clauses(&mut self, breaks: &[usize]) {
        let mut extra = 0;
        let mut breaks = breaks.iter().copied().peekable();
        for (at, token) in self.tokens.iter_mut().enumerate() {
            while breaks.peek().is_some_and(|&b| b <= at) {
                breaks.next();
                extra += 1;
            }
            token.clause += extra;
        }
    }
}

/// Case, accents, width and apostrophes made equal.
fn fold(raw: &str) -> impl Iterator<Item = char> + '_ {
    raw.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .filter(|c| !matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}'))
        .flat_map(char::to_lowercase)
}

#[derive(Default)]
struct Reader {
    tokens: Vec<Token>,
    asked: Vec<bool>,
    word: String,
    sentence: usize,
    clause: usize,
}

impl Reader {
    fn take(&mut self, c: char, next: Option<char>) {
        let in_number = self.word.chars().next_back().is_some_and(|l| l.is_ascii_digit());
        let digit_next = next.is_some_and(|n| n.is_ascii_digit());
        match c {
            c if c.is_ascii_digit() => {
                if !self.word.is_empty() && !in_number && !self.word.ends_with('.') {
                    self.finish_word();
                }
                self.word.push(c);
            }
            '.' | ',' if in_number && digit_next => self.word.push('.'),
            '/' if in_number && digit_next => {
                self.finish_word();
                self.word.push_str("over");
                self.finish_word();
            }
            '/' if self.word == "w" => self.word.push('/'),
            '+' | '&' => {
                self.finish_word();
                self.word.push_str("and");
                self.finish_word();
            }
            c if c.is_alphabetic() => {
                if in_number {
                    self.finish_word();
                }
                self.word.push(c);
            }
            '.' | '!' | '?' | '\n' | '…' => {
                self.finish_word();
                self.end_sentence(c == '?');
            }
            ',' | ';' | ':' | '(' | ')' | '–' | '—' => {
                self.finish_word();
                self.clause += 1;
            }
            _ => self.finish_word(),
        }
    }

    fn finish_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let mut word = std::mem::take(&mut self.word);
        if word == "w/o" {
            word = "without".to_owned();
        }
        if word.len() > WORD_LETTERS {
            word = word.chars().take(WORD_LETTERS).collect();
        }
        let number = number(&word);
        self.tokens.push(Token { word, number, sentence: self.sentence, clause: self.clause, ..Token::default() });
    }

    fn end_sentence(&mut self, asked: bool) {
        // "Really?!" ends one sentence, not two; a mark before any word ends none.
        if self.tokens.last().is_some_and(|token| token.sentence == self.sentence) {
            self.asked.push(asked);
            self.sentence += 1;
            self.clause += 1;
        } else if asked && let Some(last) = self.asked.last_mut() {
            *last = true;
        }
    }
}

/// The value of a number in digits or of a small one in letters.
fn number(word: &str) -> Option<f64> {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return word.parse().ok();
    }
    let value = match word {
        "one" => 1.0,
        "two" | "couple" => 2.0,
        "three" => 3.0,
        "four" => 4.0,
        "five" => 5.0,
        "six" => 6.0,
        "seven" => 7.0,
        "eight" => 8.0,
        "nine" => 9.0,
        "ten" => 10.0,
        "eleven" => 11.0,
        "twelve" => 12.0,
        "thirteen" => 13.0,
        "fourteen" => 14.0,
        "fifteen" => 15.0,
        "sixteen" => 16.0,
        "twenty" => 20.0,
        "thirty" => 30.0,
        "forty" => 40.0,
        "fifty" => 50.0,
        "sixty" => 60.0,
        "seventy" => 70.0,
        "eighty" => 80.0,
        "ninety" => 90.0,
        "hundred" => 100.0,
        _ => return None,
    };
    Some(value)
}

/// The words as written, and as meant.
type Way = (Vec<String>, Vec<String>);

/// Other ways of writing: `cnt`, `can not`, `unable to` are all `cant`.
#[derive(Clone, Debug, Default)]
pub(super) struct Spelling {
    by_first: HashMap<String, Vec<Way>>,
}

impl Spelling {
    /// From pairs of what is written and what is meant, both already lower case and without apostrophes.
    pub(super) fn new<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Spelling {
        let mut by_first: HashMap<String, Vec<Way>> = HashMap::new();
        for (written, meant) in pairs {
            let written: Vec<String> = written.split_whitespace().map(str::to_owned).collect();
            let Some(first) = written.first().cloned() else { continue };
            let meant = meant.split_whitespace().map(str::to_owned).collect();
            by_first.entry(first).or_default().push((written, meant));
        }
        // The longest first, so that "not able to" wins over "not".
        for list in by_first.values_mut() {
            list.sort_by_key(|(written, _)| std::cmp::Reverse(written.len()));
        }
        Spelling { by_first }
    }

    /// Whether a word is one that is written differently than meant.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.by_first.contains_key(word)
    }

    /// What one word means, if that is one word as well.
    pub(super) fn single(&self, word: &str) -> Option<&str> {
        let list = self.by_first.get(word)?;
        list.iter().find_map(|(written, meant)| match (written.as_slice(), meant.as_slice()) {
            ([_], [one]) => Some(one.as_str()),
            _ => None,
        })
    }

    fn apply(&self, tokens: Vec<Token>) -> Vec<Token> {
        let mut out = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let hit = self.by_first.get(&token.word).and_then(|list| {
                list.iter().find(|(written, _)| {
                    written.iter().enumerate().all(|(step, word)| {
                        tokens.get(at + step).is_some_and(|t| t.word == *word && t.sentence == token.sentence)
                    })
                })
            });
            match hit {
                Some((written, meant)) => {
                    out.extend(meant.iter().map(|word| Token {
                        word: word.clone(),
                        number: number(word),
                        ..token.clone()
                    }));
                    at += written.len();
                }
                None => {
                    out.push(token.clone());
                    at += 1;
                }
            }
        }
        out
    }
}
