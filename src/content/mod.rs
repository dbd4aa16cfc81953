//! Floor 3: content files become a `Library`, or a list of everything that is wrong with them.
//!
//! Nothing here is lenient: content that has a problem is not used. Only `source` touches the disk.

use jiff::civil::Date;

mod cross;
mod entry;
mod field_checks;
pub mod library;
mod markdown;
pub mod problem;
mod routine;
mod routine_rules;
mod safety;
pub mod source;
mod style;
mod toml_fields;
pub mod vocabulary;
mod words;

use cross::Draft;
use field_checks::Rules;
pub use library::{Found, Library, Raw};
use problem::Log;
pub use problem::Problem;
pub use source::Files;
pub use vocabulary::{Source, Term};

/// A check that an engine brings for texts that it reads itself. It sees all that could be read, checked or not.
pub type Hook<'a> = &'a dyn Fn(&Library) -> Vec<Problem>;

/// The rules of the red-flag gate.
pub const RULES: &str = "safety/rules-en.toml";
/// The folder of what Nape does not answer.
pub const SCOPE: &str = "scope";
/// The sentences of the bot itself.
pub const LOCALE: &str = "locales/en.ftl";

/// Loads everything, as of the day `today` (UTC).
///
/// # Errors
/// All problems at once, sorted by path and line; an entry or routine past its `review_by` is one of them.
pub fn load(files: &Files, today: Date) -> Result<Library, Vec<Problem>> {
    load_with(files, today, &[])
}

/// Loads everything, and lets engines check the texts that they read themselves.
///
/// # Errors
/// As `load`, with the hooks' problems among the others.
pub fn load_with(files: &Files, today: Date, hooks: &[Hook<'_>]) -> Result<Library, Vec<Problem>> {
    read(files, Rules { today, overdue: true }, hooks)
}

/// As `load_with`, for a bot that must run: content past its `review_by` is used; `Library::overdue` names it.
///
/// # Errors
/// As `load_with`, but for the days of review.
pub fn load_to_run(files: &Files, today: Date, hooks: &[Hook<'_>]) -> Result<Library, Vec<Problem>> {
    read(files, Rules { today, overdue: false }, hooks)
}

fn read(files: &Files, rules: Rules, hooks: &[Hook<'_>]) -> Result<Library, Vec<Problem>> {
    let mut problems = files.problems().to_vec();
    let mut draft = Draft::default();
    for (path, text) in files.iter() {
        let mut log = Log::new(path);
        if let Some(stem) = source::stem(path, entry::FOLDER, "md") {
            draft.entries.extend(entry::read(path, stem, text, rules, &mut log));
        } else if let Some(stem) = source::stem(path, routine::FOLDER, "toml") {
            draft.routines.extend(routine::read(path, stem, text, rules, &mut log));
        } else {
            match path {
                vocabulary::TOPICS => draft.topics = vocabulary::topics(text, &mut log),
                vocabulary::SOURCES => draft.sources = vocabulary::sources(text, &mut log),
                vocabulary::GLOSSARY => draft.terms = vocabulary::terms(text, &mut log),
                safety::FILE => draft.safety = safety::read(text, &mut log),
                _ if path == RULES || path == LOCALE || source::stem(path, SCOPE, "toml").is_some() => {
                    if text.trim().is_empty() {
                        log.add(1, "the file is empty", "put its text back");
                    }
                }
                _ => {
                    log.add(1, "nothing reads a file of this name here", "move it where README.md says, or take it out")
                }
            }
        }
        problems.extend(log.into_problems());
    }
    missing(files, &mut problems);
    cross::check(&draft, files, &mut problems);
    let library = build(draft, files);
    problems.extend(hooks.iter().flat_map(|hook| hook(&library)));
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(library) } else { Err(problems) }
}

/// Notes the files that must be there.
fn missing(files: &Files, problems: &mut Vec<Problem>) {
    let scope = "scope/en.toml";
    for path in [vocabulary::TOPICS, vocabulary::SOURCES, vocabulary::GLOSSARY, safety::FILE, RULES, scope, LOCALE] {
        // A file that is there but can't be read has been noted already.
        if files.get(path).is_none() && !files.problems().iter().any(|problem| problem.path == path) {
            problems.push(Problem::new(path, 1, "the file is missing", "put it back"));
        }
    }
}

fn build(draft: Draft, files: &Files) -> Library {
    let text = |path: &str| files.get(path).unwrap_or_default().to_owned();
    let scope = files.inside(SCOPE, "toml").map(|(path, _, text)| (path.to_owned(), text.to_owned()));
    let mut routines: Vec<_> = draft.routines.into_iter().map(|placed| placed.routine.value).collect();
    routines.sort_by(|a, b| (a.id.len(), &a.id).cmp(&(b.id.len(), &b.id)));
    let mut entries: Vec<_> = draft.entries.into_iter().map(|placed| placed.value).collect();
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    Library {
        entries,
        topics: draft.topics.unwrap_or_default().into_iter().map(|(topic, _)| topic).collect(),
        routines,
        safety: draft.safety.into_content(),
        glossary: draft.terms.into_iter().map(|placed| placed.value).collect(),
        sources: draft.sources.unwrap_or_default().into_iter().map(|placed| placed.value).collect(),
        raw: Raw { rules: text(RULES), scope: scope.collect(), locale: text(LOCALE) },
    }
}
