//! What is wrong with a content file, said so that a person who doesn't program can put it right.

use thiserror::Error;

/// One thing that is wrong, with its place and what to do about it.
///
/// Displays as `path:line: what, remedy`; sorts by path, then line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{path}:{line}: {what}, {remedy}")]
pub struct Problem {
    /// The file, relative to the content folder, with `/` between its parts.
    pub path: String,
    /// The line, from 1; 1 as well when the file as a whole is meant.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// Notes a problem.
    pub fn new(path: impl Into<String>, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into(), remedy: remedy.into() }
    }
}

/// Collects the problems of one file.
#[derive(Debug)]
pub(crate) struct Log {
    path: String,
    problems: Vec<Problem>,
}

impl Log {
    /// Starts with no problem in the file at `path`.
    pub(crate) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), problems: Vec::new() }
    }

    /// Notes a problem at a line of the file.
    pub(crate) fn add(&mut self, line: usize, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(self.path.as_str(), line, what, remedy));
    }

    /// What was noted.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
