//! Questions with known answers, read from JSON Lines.

use std::path::{Path, PathBuf};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::app::exit::{Code, Exit};

/// A question and what a right answer to it is.
#[derive(Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// `answer`, `red_flag`, `out_of_scope` or `smalltalk`.
    pub intent: String,
    /// Topics whose answer is right, best first.
    pub topics: Vec<String>,
    /// What a right answer says; `None` for a row that is not measured as a question.
    pub must_mention: Option<Vec<Regex>>,
    /// What no answer may say.
    pub must_not: Vec<Forbidden>,
    /// How urgent a red flag is.
    pub urgency: Option<String>,
    /// The class of a harmless message that looks like a red flag.
    pub look_alike: Option<String>,
    /// The kind of a message out of scope.
    pub kind: Option<String>,
    /// Other outcomes that are right as well.
    pub accept: Vec<Accepted>,
}

/// What no answer may say.
#[derive(Debug)]
pub struct Forbidden {
    /// The words.
    pub pattern: Regex,
    /// How they are meant.
    pub kind: ForbiddenKind,
}

/// How forbidden words are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForbiddenKind {
    /// Unless the sentence denies them before they come.
    Claim,
    /// As a claim, and a denial within the words counts too (`(?#in)`).
    ClaimOrInside,
    /// However they come, but for the asker's own words (`(?#raw)`).
    Raw,
}

/// Another outcome that is right as well.
#[derive(Debug, Deserialize)]
pub struct Accepted {
    /// The outcome.
    pub intent: String,
    /// Topics of which one must come first.
    #[serde(default)]
    pub topics: Option<Vec<String>>,
    /// Urgencies of which it must have one.
    #[serde(default)]
    pub urgency: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
struct Written {
    id: String,
    text: String,
    intent: String,
    #[serde(default)]
    topics: Vec<String>,
    must_mention: Option<Vec<String>>,
    #[serde(default)]
    must_not: Vec<String>,
    urgency: Option<String>,
    negative_class: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    accept: Vec<Accepted>,
}

/// Reads every `*.jsonl` of a folder.
///
/// # Errors
/// A folder or file that can't be read, or every row that is wrong, with its file and line.
pub fn read(folder: &Path) -> Result<Vec<Row>, Exit> {
    let failed = |path: &Path, error: std::io::Error| Exit::new(Code::NoInput, format!("{}: {error}", path.display()));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|error| failed(folder, error))?
        .filter_map(|file| file.ok().map(|file| file.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Exit::new(Code::NoInput, format!("{}: there is no *.jsonl in it", folder.display())));
    }
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            match parse(line) {
                Ok(row) => rows.push(row),
                Err(message) => problems.push(format!("{}:{number}: {message}", path.display())),
            }
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(Exit::all(Code::Data, problems)) }
}

fn parse(line: &str) -> Result<Row, String> {
    let written: Written = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let all = |patterns: Vec<String>| patterns.iter().map(|text| pattern(text)).collect::<Result<Vec<_>, _>>();
    Ok(Row {
        id: written.id,
        text: written.text,
        intent: written.intent,
        topics: written.topics,
        must_mention: written.must_mention.map(all).transpose()?,
        must_not: written.must_not.iter().map(|text| forbidden(text)).collect::<Result<_, _>>()?,
        urgency: written.urgency,
        look_alike: written.negative_class,
        kind: written.kind,
        accept: written.accept,
    })
}

fn forbidden(text: &str) -> Result<Forbidden, String> {
    let kinds = [("(?#raw)", ForbiddenKind::Raw), ("(?#in)", ForbiddenKind::ClaimOrInside)];
    let marked = kinds.into_iter().find_map(|(mark, kind)| text.strip_prefix(mark).map(|rest| (rest, kind)));
    let (text, kind) = marked.unwrap_or((text, ForbiddenKind::Claim));
    Ok(Forbidden { pattern: pattern(text)?, kind })
}

fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).case_insensitive(true).build().map_err(|error| error.to_string())
}
