//! Forms: one field, for a text that is easier to write there than on a command's line. Nothing of it is kept.

use serde_json::{Value, json};

use crate::command::parse::{Invocation, begun};
use crate::command::table::{Command, CommandSpec, Param, Takes};

use super::Settings;

/// A form, as Discord numbers first answers; a text field, and its style of several lines and of one.
const FORM: u8 = 9;
const ROW: u8 = 1;
const FIELD: u8 = 4;
const ONE_LINE: u8 = 1;
const LINES: u8 = 2;
/// The longest question, in characters: a little more than is read, so that a longer one is answered and not cut.
const LONGEST_QUESTION: usize = 3000;
/// The most characters that Discord takes in a field.
const LONGEST_FILE: usize = 4000;
/// The longest title and label, in characters.
const LONGEST_LABEL: usize = 45;

/// What is asked for in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// The command line that the text completes; in the form's id, so that it works after any restart.
    pub line: String,
    /// The most characters.
    longest: usize,
    style: u8,
}

/// The form for what an invocation leaves out; `None` when it is complete, or takes no free text.
pub(super) fn wanted(invocation: &Invocation, settings: &Settings) -> Option<Form> {
    let line = invocation.line();
    match invocation.command {
        Command::Ask if invocation.arg("question").is_none() => {
            Some(Form { line, longest: LONGEST_QUESTION, style: LINES })
        }
        // Lines stay lines there, which they don't on a command's own.
        Command::AdminPlan | Command::AdminApply if invocation.arg("file").is_none() => {
            Some(Form { line, longest: LONGEST_FILE, style: LINES })
        }
        Command::AdminSet if invocation.arg("value").is_none() => {
            let key = invocation.arg("key")?;
            let (_, longest) = settings.names.texts.iter().find(|(known, _)| known == key)?;
            Some(Form { line, longest: *longest, style: ONE_LINE })
        }
        _ => None,
    }
}

impl Form {
    /// As an answer to an interaction. `id` is what the line is known again by.
    pub fn body(&self, id: &str, settings: &Settings) -> Value {
        let asked = begun(&self.line).and_then(|(spec, _)| Some((spec.command, text_of(spec)?.name)));
        let about = asked.and_then(|(command, field)| settings.about(command, field)).unwrap_or_default();
        let field = json!({
            "type": FIELD, "custom_id": "text", "style": self.style, "required": true, "max_length": self.longest,
            "label": short(about),
        });
        json!({"type": FORM, "data": {
            "custom_id": id, "title": short(&self.line), "components": [{"type": ROW, "components": [field]}],
        }})
    }
}

/// The parameter that takes a text.
fn text_of(spec: &CommandSpec) -> Option<&Param> {
    spec.params.iter().find(|param| is_text(param))
}

fn is_text(param: &Param) -> bool {
    matches!(param.takes, Takes::Rest | Takes::File)
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST_LABEL).collect()
}
