//! How the program ends: a readable line, and an exit code of sysexits.

use std::fmt;

/// Why the program ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code.
    pub code: Code,
    /// Lines for standard error, each with what to do.
    pub lines: Vec<String>,
}

/// Exit codes of sysexits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Arguments (64).
    Usage = 64,
    /// Data that doesn't read (65).
    Data = 65,
    /// An input file that isn't there (66).
    NoInput = 66,
    /// Something needed can't be had (69).
    Unavailable = 69,
    /// A fault of the program (70).
    Software = 70,
    /// Reading or writing failed (74).
    Io = 74,
    /// Not now, but perhaps later (75).
    TryAgain = 75,
    /// Configuration (78).
    Config = 78,
}

impl Exit {
    /// Ends with one line.
    pub fn new(code: Code, line: impl fmt::Display) -> Self {
        Self { code, lines: vec![line.to_string()] }
    }

    /// Ends with several.
    pub fn all<T: fmt::Display>(code: Code, lines: impl IntoIterator<Item = T>) -> Self {
        Self { code, lines: lines.into_iter().map(|line| line.to_string()).collect() }
    }
}
