//! Floor 1: the sentences that the bot says itself, in Fluent.
//!
//! [`phrases`] is the only file that knows the keys: one function for each sentence, with typed arguments. A sentence
//! that is missing or misspelt in a locale file is found when the file is read, not when somebody needs it.

pub mod phrases;

use std::collections::BTreeSet;
use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// The sentences of one language.
pub struct Phrases {
    bundle: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
}

/// Something wrong in a locale file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Phrases {
    /// Reads a locale file. Every key that the program needs must be in it, and no other; all problems at once.
    pub fn parse(language: &str, text: &str) -> Result<Phrases, Vec<Problem>> {
        let language: LanguageIdentifier = language.parse().unwrap_or_default();
        let line_of = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        let mut problems = Vec::new();
        let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, errors)| {
            problems.extend(errors.iter().map(|error| Problem {
                line: line_of(error.pos.start),
                message: format!("this is not Fluent ({}); compare with the lines around it", error.kind),
            }));
            resource
        });
        let keys = keys_of(text);
        for (key, line) in &keys {
            if keys.iter().any(|(other, earlier)| other == key && earlier < line) {
                problems.push(Problem { line: *line, message: format!("`{key}` stands twice; take one of them away") });
            }
            if !phrases::is_known(key) {
                let message = format!("`{key}` is not a phrase that Nape says; take it away or mend its spelling");
                problems.push(Problem { line: *line, message });
            }
        }
        let keys: BTreeSet<String> = keys.into_iter().map(|(key, _)| key).collect();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Isolation marks are invisible characters; readers and transcripts are better off without them.
        bundle.set_use_isolating(false);
        if let Err(errors) = bundle.add_resource(resource) {
            problems.extend(errors.iter().map(|error| Problem { line: 1, message: error.to_string() }));
        }
        let phrases = Phrases { bundle, keys };
        problems.extend(phrases::KEYS.iter().filter(|key| !phrases.keys.contains(**key)).map(|key| Problem {
            line: line_of(text.len()),
            message: format!("the phrase `{key}` is missing; add a line `{key} = …`"),
        }));
        if problems.is_empty() {
            Ok(phrases)
        } else {
            problems.sort_by_key(|problem| problem.line);
            Err(problems)
        }
    }

    /// Whether a sentence of a family (`setting-…`, `command-…`) is there.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// The keys, for tests that hold them against the program.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    fn say(&self, key: &str, args: &FluentArgs<'_>) -> String {
        let pattern = self.bundle.get_message(key).and_then(|message| message.value());
        let Some(pattern) = pattern else {
            // Only a family's key can get here, and a test counts those.
            return key.replace('-', " ");
        };
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned()
    }
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrases").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

/// The message keys of a Fluent text with their lines.
fn keys_of(text: &str) -> Vec<(String, usize)> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|(number, line)| line.split_once('=').map(|(key, _)| (key.trim().to_owned(), number)))
        .collect()
}
