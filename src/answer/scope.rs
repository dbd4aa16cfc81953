//! What is out of scope, small talk, and the words that mean the same, as `scope/en.toml` says it.
//!
//! Here the file is read and every problem in it is collected; `patterns` does the matching.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::finding::{ScopeKind, SmalltalkKind};
use super::words::tokenise;

/// The scope file, read and found good.
#[derive(Clone, Debug)]
pub struct Scope {
    pub(super) stop_words: Vec<String>,
    pub(super) leave_alone: Vec<String>,
    pub(super) follow_up: Vec<String>,
    pub(super) synonyms: Vec<Vec<String>>,
    pub(super) lists: Vec<Vec<String>>,
    pub(super) patterns: Vec<Pattern>,
}

/// Something wrong in the scope file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// What a message that fits a pattern is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    OutOfScope(ScopeKind),
    Smalltalk(SmalltalkKind),
    /// A question for the entry, or for the entries of the topic, with this name.
    LeadsTo(String),
}

/// A pattern. A message fits when every condition of `all` is met and none of `none`; with `rest`, when
/// besides only those words are left.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub meaning: Meaning,
    /// Each condition is a choice of phrases.
    pub all: Vec<Vec<Vec<Piece>>>,
    pub none: Vec<Vec<Piece>>,
    pub rest: Option<Vec<Vec<Piece>>>,
}

/// One place of a phrase as written: a word, `#`, `..` or the number of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Word(String),
    Number,
    Gap,
    List(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    stop_words: Vec<String>,
    #[serde(default)]
    leave_alone: Vec<String>,
    #[serde(default)]
    follow_up: Vec<String>,
    #[serde(default)]
    lists: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    same: Vec<Same>,
    #[serde(default)]
    leads_to: Vec<LeadsTo>,
    #[serde(default)]
    out_of_scope: Vec<Row>,
    #[serde(default)]
    smalltalk: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Same {
    words: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadsTo {
    entry: Spanned<String>,
    #[serde(default)]
    any: Vec<Spanned<String>>,
    #[serde(default)]
    all: Vec<Spanned<String>>,
    #[serde(default)]
    none: Vec<Spanned<String>>,
    rest: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: Spanned<String>,
    #[serde(default)]
    any: Vec<Spanned<String>>,
    #[serde(default)]
    all: Vec<Spanned<String>>,
    #[serde(default)]
    none: Vec<Spanned<String>>,
    rest: Option<Vec<Spanned<String>>>,
}

impl Scope {
    /// Reads the scope file.
    ///
    /// # Errors
    ///
    /// Every problem in it, by line: one when it is no TOML of this shape, else all that its patterns and lists have.
    pub fn parse(text: &str) -> Result<Scope, Vec<Problem>> {
        let file: File = toml::from_str(text).map_err(|error| {
            vec![Problem {
                line: line_of(text, error.span().unwrap_or_default()),
                message: format!("{}; compare with the other parts of this file", error.message()),
            }]
        })?;
        let mut reading = Reading { text, lists: &file.lists, problems: Vec::new() };
        let mut patterns = Vec::new();
        for row in &file.out_of_scope {
            let kind = ScopeKind::ALL.into_iter().find(|kind| kind.name() == row.kind.get_ref());
            if kind.is_none() {
                reading.problem(row.kind.span(), format!("`{}` is no kind of out of scope", row.kind.get_ref()));
            }
            let meaning = Meaning::OutOfScope(kind.unwrap_or(ScopeKind::Unrelated));
            patterns.push(reading.pattern(
                meaning,
                row.kind.span(),
                [&row.any, &row.all, &row.none],
                row.rest.as_ref(),
            ));
        }
        for row in &file.smalltalk {
            let kind = SmalltalkKind::ALL.into_iter().find(|kind| kind.name() == row.kind.get_ref());
            if kind.is_none() {
                reading.problem(row.kind.span(), format!("`{}` is no kind of small talk", row.kind.get_ref()));
            }
            let meaning = Meaning::Smalltalk(kind.unwrap_or(SmalltalkKind::Greeting));
            patterns.push(reading.pattern(
                meaning,
                row.kind.span(),
                [&row.any, &row.all, &row.none],
                row.rest.as_ref(),
            ));
        }
        for row in &file.leads_to {
            let meaning = Meaning::LeadsTo(row.entry.get_ref().clone());
            patterns.push(reading.pattern(
                meaning,
                row.entry.span(),
                [&row.any, &row.all, &row.none],
                row.rest.as_ref(),
            ));
        }
        for group in file.same.iter().filter(|group| group.words.get_ref().len() < 2) {
            reading.problem(group.words.span(), "a group of words that mean the same needs two or more".to_owned());
        }
        for group in &file.same {
            for word in group.words.get_ref().iter().filter(|word| tokenise(word).is_empty()) {
                reading.problem(group.words.span(), format!("`{word}` holds no word"));
            }
        }
        reading.lists_are_used(&file);
        if !reading.problems.is_empty() {
            reading.problems.sort_by_key(|problem| problem.line);
            return Err(reading.problems);
        }
        let synonyms = file.same.into_iter().map(|group| group.words.into_inner()).collect();
        let bare = |list: Vec<Spanned<String>>| list.into_iter().map(Spanned::into_inner).collect();
        let lists = file.lists.into_values().map(bare).collect();
        Ok(Scope {
            stop_words: file.stop_words,
            leave_alone: file.leave_alone,
            follow_up: file.follow_up,
            synonyms,
            lists,
            patterns,
        })
    }
}

/// The reading of one file: what its phrases can refer to, and what was wrong so far.
struct Reading<'a> {
    text: &'a str,
    lists: &'a BTreeMap<String, Vec<Spanned<String>>>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn problem(&mut self, span: Range<usize>, message: String) {
        self.problems.push(Problem { line: line_of(self.text, span), message });
    }

    fn pattern(
        &mut self,
        meaning: Meaning,
        span: Range<usize>,
        [any, all, none]: [&Vec<Spanned<String>>; 3],
        rest: Option<&Vec<Spanned<String>>>,
    ) -> Pattern {
        let mut conditions: Vec<Vec<Vec<Piece>>> = all.iter().map(|phrase| vec![self.phrase(phrase)]).collect();
        if !any.is_empty() {
            conditions.push(any.iter().map(|phrase| self.phrase(phrase)).collect());
        }
        if conditions.is_empty() {
            self.problem(span, "this would fit every message; give it `any` or `all`".to_owned());
        }
        let none = none.iter().map(|phrase| self.phrase(phrase)).collect();
        let rest = rest.map(|rest| rest.iter().map(|phrase| self.phrase(phrase)).collect());
        Pattern { meaning, all: conditions, none, rest }
    }

    fn phrase(&mut self, written: &Spanned<String>) -> Vec<Piece> {
        let mut phrase = Vec::new();
        for part in written.get_ref().split_whitespace() {
            match part {
                "#" => phrase.push(Piece::Number),
                ".." => phrase.push(Piece::Gap),
                part if part.starts_with('<') && part.ends_with('>') => {
                    let name = part.trim_start_matches('<').trim_end_matches('>');
                    if let Some(list) = self.lists.keys().position(|key| key == name) {
                        phrase.push(Piece::List(list));
                        continue;
                    }
                    let message = format!("there is no list `{name}`; add it under [lists] or correct the name");
                    self.problem(written.span(), message);
                    return phrase;
                }
                part => phrase.extend(tokenise(part).into_iter().map(Piece::Word)),
            }
        }
        if matches!(phrase.first(), Some(Piece::Gap) | None) || phrase.last() == Some(&Piece::Gap) {
            let message = format!("`{}` must start and end with a word, a list or `#`", written.get_ref());
            self.problem(written.span(), message);
        }
        phrase
    }

    fn lists_are_used(&mut self, file: &File) {
        let rows =
            file.out_of_scope.iter().chain(&file.smalltalk).map(|row| (&row.any, &row.all, &row.none, &row.rest));
        let leads = file.leads_to.iter().map(|row| (&row.any, &row.all, &row.none, &row.rest));
        let used: Vec<&str> = rows
            .chain(leads)
            .flat_map(|(any, all, none, rest)| any.iter().chain(all).chain(none).chain(rest.iter().flatten()))
            .flat_map(|phrase| phrase.get_ref().split_whitespace())
            .collect();
        for (name, words) in &file.lists {
            let span = words.first().map(Spanned::span).unwrap_or_default();
            if words.is_empty() || words.iter().any(|words| tokenise(words.get_ref()).is_empty()) {
                self.problem(span.clone(), format!("list `{name}` is empty or holds something without a word"));
            }
            if !used.contains(&format!("<{name}>").as_str()) {
                self.problem(span, format!("list `{name}` is used nowhere; remove it or use it as <{name}>"));
            }
        }
    }
}

fn line_of(text: &str, span: Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<(usize, String)> {
        let found = Scope::parse(text).expect_err("problems were expected");
        found.into_iter().map(|problem| (problem.line, problem.message)).collect()
    }

    #[test]
    fn a_phrase_is_words_numbers_gaps_and_lists() {
        let text = "stop_words = []\n[lists]\npill = [\"advil\", \"blue pill\"]\n[[out_of_scope]]\nkind = \"medication_dose\"\nany = [\"# mg .. <pill>\"]\n";
        let scope = Scope::parse(text).expect("it is good");
        let phrase = vec![Piece::Number, Piece::Word("mg".into()), Piece::Gap, Piece::List(0)];
        assert_eq!(scope.patterns[0].all, [[phrase]]);
        assert_eq!(scope.lists, [["advil", "blue pill"]]);
    }

    #[test]
    fn every_problem_is_said_with_its_line() {
        let text = "stop_words = []\n[lists]\nlonely = [\"a\"]\n[[out_of_scope]]\nkind = \"weather\"\nany = [\"<pill>\",\n  \".. rain\"]\n[[smalltalk]]\nkind = \"greeting\"\n[[same]]\nwords = [\"one\"]\n";
        let lines: Vec<usize> = problems(text).iter().map(|problem| problem.0).collect();
        assert_eq!(lines, [3, 5, 6, 7, 9, 11], "{:?}", problems(text));
    }

    #[test]
    fn what_is_no_scope_file_is_one_problem() {
        assert_eq!(problems("stop_words = []\nweather = 3\n")[0].0, 2);
        assert_eq!(problems("stop_words = [\n").len(), 1);
    }
}
