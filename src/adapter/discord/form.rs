//! Forms: one field, for a text that is easier to write there than on a command's line. Nothing of it is kept.

use serde_json::{Value, json};

use crate::command::parse::Invocation;
use crate::command::table::{COMMANDS, Command, CommandSpec, Param, Takes};

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

/// The invocation that a form's line and its text make together.
pub(super) fn filled_in(line: &str, text: &str) -> Option<Invocation> {
    let (spec, rest) = begun(line)?;
    let last = text_of(spec)?;
    let mut words = rest.split_whitespace();
    let before = spec.params.iter().take_while(|param| !is_text(param));
    let begun = before.fold(Invocation::new(spec.command), |all, param| all.with_some(param.name, words.next()));
    Some(begun.with(last.name, text))
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

/// The command that a line begins with, and the rest of it.
fn begun(line: &str) -> Option<(&'static CommandSpec, &str)> {
    let rest = |spec: &'static CommandSpec| {
        let rest = line.strip_prefix(spec.words)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((spec, rest))
    };
    COMMANDS.iter().filter_map(rest).max_by_key(|(spec, _)| spec.words.len())
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST_LABEL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_the_text_of_its_form_are_the_whole_command() {
        let set = Invocation::new(Command::AdminSet).with("key", "emergency_text");
        assert_eq!(filled_in(&set.line(), "112 or the nurse line"), Some(set.with("value", "112 or the nurse line")));
        let ask = Invocation::new(Command::Ask);
        assert_eq!(filled_in(&ask.line(), "why\nnow"), Some(ask.with("question", "why\nnow")));
        assert_eq!(filled_in("safety", "x"), None);
        assert_eq!(filled_in("asking", "x"), None);
    }
}
