//! The bot put together: content read, engines built from it.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::answer::{Answerer, Scope, Weights};
use crate::app::arguments::Knowledge;
use crate::app::clock::{Clock, SystemClock};
use crate::app::exit::{Code, Exit};
use crate::bot::Bot;
use crate::content::{self, Files, Library, Problem};
use crate::encoder::{Encoder, ModelError, ModelFiles};
use crate::locale::Phrases;
use crate::safety::Thresholds;
use crate::safety::gate::Gate;
use crate::safety::rules::Rules;

/// The bot from the built-in content and model, or with what the folders replace.
///
/// A model that can't be used doesn't stop it: the bot then goes by words alone, and says so.
///
/// # Errors
/// Every problem of the content, with the exit code 65; 66 when its folder can't be read.
pub fn bot(knowledge: &Knowledge) -> Result<Bot, Exit> {
    let library = library(knowledge.content.as_deref(), Purpose::Run)?;
    let scope: String = library.raw.scope.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    // Checked while the library was read: nothing can be wrong with them here.
    let software = |what: &str| Exit::new(Code::Software, format!("{what} was checked but does not read"));
    let rules = Rules::parse(&library.raw.rules).map_err(|_| software("safety/rules-en.toml"))?;
    let scope = Scope::parse(&scope).map_err(|_| software("scope/en.toml"))?;
    let phrases = Phrases::parse("en", &library.raw.locale).map_err(|_| software("locales/en.ftl"))?;
    let answerer = Answerer::new(&library.entries, scope);
    let bare = Gate::new(rules);
    match model(knowledge.model.as_deref()) {
        Ok(Model { encoder, decision }) => {
            let answerer = answerer.with_encoder(&library.entries, &encoder, decision.answer);
            let gate = bare.with_encoder(decision.gate);
            Ok(Bot::new(Arc::new(library), gate, answerer, phrases).with_encoder(encoder))
        }
        Err(error) => {
            tracing::error!(%error, "the model can't be used; going on by words and rules alone, which understand less");
            Ok(Bot::new(Arc::new(library), bare, answerer, phrases))
        }
    }
}

/// The encoder, and how its readings are weighed.
pub struct Model {
    /// The encoder.
    pub encoder: Encoder,
    /// How its readings are weighed.
    pub decision: Decision,
}

/// The file `decision.toml` of a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// For answering.
    pub answer: Weights,
    /// For the red-flag gate.
    pub gate: Thresholds,
}

/// The built-in model, or that of a folder.
///
/// # Errors
/// The first file that is missing, changed or of another form.
pub fn model(folder: Option<&Path>) -> Result<Model, ModelError> {
    let files = folder.map_or_else(ModelFiles::built_in, ModelFiles::read)?;
    let form = |message: String| ModelError::Form { path: "decision.toml".into(), message };
    let decision: Decision = toml::from_slice(files.decision).map_err(|error| form(error.message().to_owned()))?;
    decision.answer.check().map_err(form)?;
    Ok(Model { encoder: Encoder::new(&files)?, decision })
}

/// What content is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be used: a text past its day of review still is.
    Run,
    /// To be proved.
    Prove,
}

/// The content alone, read and checked.
///
/// # Errors
/// As [`bot`].
pub fn library(folder: Option<&Path>, purpose: Purpose) -> Result<Library, Exit> {
    let mut files = Files::embedded();
    if let Some(folder) = folder {
        files = files.overlaid(folder).map_err(|error| Exit::new(Code::NoInput, error))?;
    }
    let hooks: [content::Hook<'_>; 3] = [&rules_problems, &scope_problems, &locale_problems];
    let today = today();
    let read = match purpose {
        Purpose::Run => content::load_to_run(&files, today, &hooks),
        Purpose::Prove => content::load_with(&files, today, &hooks),
    };
    read.map_err(|problems| Exit::all(Code::Data, problems))
}

fn today() -> jiff::civil::Date {
    let now = SystemClock.now().millis();
    jiff::Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn rules_problems(library: &Library) -> Vec<Problem> {
    let problems = Rules::parse(&library.raw.rules).err().unwrap_or_default();
    problems.into_iter().map(|problem| Problem::new(content::RULES, problem.line, problem.message, "")).collect()
}

fn scope_problems(library: &Library) -> Vec<Problem> {
    let read = |(path, text): (&String, &String)| {
        let problems = Scope::parse(text).err().unwrap_or_default();
        let path = path.clone();
        problems.into_iter().map(move |problem| Problem::new(path.clone(), problem.line, problem.message, ""))
    };
    library.raw.scope.iter().flat_map(read).collect()
}

fn locale_problems(library: &Library) -> Vec<Problem> {
    let problems = Phrases::parse("en", &library.raw.locale).err().unwrap_or_default();
    problems.into_iter().map(|problem| Problem::new(content::LOCALE, problem.line, problem.message, "")).collect()
}
