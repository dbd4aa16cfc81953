//! Text to invocation and back. A choice's line is written by [`Invocation::line`] and read by [`parse`].

use std::collections::BTreeMap;

use crate::base::id::SessionId;

use super::table::{COMMANDS, Command, CommandSpec, Param, Takes};

/// A command with its arguments, each already of the kind that its parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// What is meant.
    pub command: Command,
    args: BTreeMap<&'static str, String>,
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotACommand {
    /// It doesn't start like one.
    Unknown,
    /// It starts like one, but this parameter is missing or not of its kind.
    BadArgument {
        /// The command.
        command: Command,
        /// The parameter.
        param: &'static str,
    },
    /// It starts like one, but goes on where the command ends.
    TooMuch {
        /// The command.
        command: Command,
    },
}

impl Invocation {
    /// A command without arguments.
    pub fn new(command: Command) -> Self {
        Self { command, args: BTreeMap::new() }
    }

    /// Adds an argument. One that the command doesn't take, or that is not of its kind, is left out.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        let param = self.command.spec().params.iter().find(|param| param.name == name);
        if let Some((name, value)) = param.and_then(|param| Some((param.name, accept(param, &value.to_string())?))) {
            self.args.insert(name, value);
        }
        self
    }

    /// Adds an argument if there is one.
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// An argument.
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.args.get(name).map(String::as_str)
    }

    /// An argument that is a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.arg(name).and_then(|value| value.parse().ok())
    }

    /// A command line that lacks its last argument, and the text of that; nothing where the command ends without a text.
    pub fn completed(line: &str, text: &str) -> Option<Self> {
        let (spec, rest) = begun(line)?;
        let last = spec.params.iter().find(|param| takes_all(param))?;
        let mut words = rest.split_whitespace();
        let before = spec.params.iter().take_while(|param| !takes_all(param));
        let begun = before.fold(Self::new(spec.command), |all, param| all.with_some(param.name, words.next()));
        Some(begun.with(last.name, text))
    }

    /// The arguments that a person may have written freely: those that the gate has to see.
    pub fn free_text(&self) -> impl Iterator<Item = &str> {
        self.command
            .spec()
            .params
            .iter()
            .filter(|param| matches!(param.takes, Takes::Rest | Takes::Words | Takes::Word | Takes::File))
            .filter_map(|param| self.arg(param.name))
    }

    /// The command line that reads back as this.
    pub fn line(&self) -> String {
        let spec = self.command.spec();
        let mut line = spec.words.to_owned();
        let has_names = !spec.params.iter().any(takes_all);
        for param in spec.params {
            let Some(value) = self.arg(param.name) else { continue };
            line.push(' ');
            // Optional ones are named, so that one may stand without those before it.
            if has_names && !param.required && !matches!(param.takes, Takes::Words | Takes::Session) {
                line.push_str(param.name);
                line.push('=');
            }
            line.push_str(value);
        }
        line
    }
}

/// The command that a line begins with as the table writes it, and the rest of the line.
pub fn begun(line: &str) -> Option<(&'static CommandSpec, &str)> {
    let rest = |spec: &'static CommandSpec| {
        let rest = line.strip_prefix(spec.words)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some((spec, rest))
    };
    COMMANDS.iter().filter_map(rest).max_by_key(|(spec, _)| spec.words.len())
}

/// Reads a command line. Case doesn't matter outside arguments; a leading slash or exclamation mark is passed over.
pub fn parse(text: &str) -> Result<Invocation, NotACommand> {
    let text = text.trim().trim_start_matches(['/', '!']).trim_start();
    // The longest words win: "routine start" before "routine".
    let (spec, rest) = COMMANDS
        .iter()
        .flat_map(|spec| std::iter::once(&spec.words).chain(spec.aliases).map(move |words| (spec, *words)))
        .filter_map(|(spec, words)| strip_words(text, words).map(|rest| (spec, words, rest)))
        .max_by_key(|(_, words, _)| words.len())
        .map(|(spec, _, rest)| (spec, rest))
        .ok_or(NotACommand::Unknown)?;
    read_arguments(spec, rest)
}

/// The rest of the text after these words, when it starts with them as whole words.
fn strip_words<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let mut rest = text;
    for word in words.split(' ') {
        let head = rest.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
        rest = &rest[head.len()..];
        if rest.chars().next().is_some_and(|next| !next.is_whitespace()) {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(rest)
}

fn read_arguments(spec: &'static CommandSpec, rest: &str) -> Result<Invocation, NotACommand> {
    let mut invocation = Invocation::new(spec.command);
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let takes_rest = spec.params.iter().any(takes_all);
    if !takes_rest {
        for param in spec.params {
            if let Some(value) = take_named(&mut words, param) {
                let value = accept(param, &value)
                    .ok_or(NotACommand::BadArgument { command: spec.command, param: param.name })?;
                invocation.args.insert(param.name, value);
                // The same option twice has no one meaning.
                if words.iter().any(|word| word.to_lowercase().starts_with(&format!("{}=", param.name))) {
                    return Err(NotACommand::BadArgument { command: spec.command, param: param.name });
                }
            }
        }
    }
    let mut left = words.as_slice();
    for param in
        spec.params.iter().filter(|param| takes_rest || !invocation.args.contains_key(param.name)).collect::<Vec<_>>()
    {
        let value = match param.takes {
            Takes::Rest | Takes::File if left.is_empty() => None,
            // The text as it was written, not its words put together again.
            Takes::Rest | Takes::File => Some(rest[rest.len() - tail_length(rest, left.len())..].trim().to_owned()),
            Takes::Words if left.is_empty() => None,
            Takes::Words => Some(left.join(" ")),
            Takes::Word | Takes::OneOf(_) | Takes::Number(..) | Takes::Session => {
                left.first().map(|word| (*word).to_owned())
            }
        };
        match value {
            Some(value) => {
                let used = if takes_all(param) || param.takes == Takes::Words { left.len() } else { 1 };
                left = &left[used..];
                let value = accept(param, &value)
                    .ok_or(NotACommand::BadArgument { command: spec.command, param: param.name })?;
                invocation.args.insert(param.name, value);
            }
            None if param.required => {
                return Err(NotACommand::BadArgument { command: spec.command, param: param.name });
            }
            None => {}
        }
    }
    if left.is_empty() { Ok(invocation) } else { Err(NotACommand::TooMuch { command: spec.command }) }
}

/// Takes `name=value`, `name value` for numbers, or `5 min` for minutes out of the words.
fn take_named(words: &mut Vec<&str>, param: &Param) -> Option<String> {
    let equals = format!("{}=", param.name);
    if let Some(index) = words.iter().position(|word| word.to_lowercase().starts_with(&equals)) {
        return Some(words.remove(index)[equals.len()..].to_owned());
    }
    if !matches!(param.takes, Takes::Number(..)) {
        return None;
    }
    let is_number = |word: &&str| word.chars().all(|c| c.is_ascii_digit());
    if let Some(index) = words.iter().position(|word| word.eq_ignore_ascii_case(param.name))
        && words.get(index + 1).is_some_and(is_number)
    {
        words.remove(index);
        return Some(words.remove(index).to_owned());
    }
    if param.name != "minutes" {
        return None;
    }
    let is_unit = |word: &&str| matches!(word.to_lowercase().as_str(), "m" | "min" | "mins" | "minute" | "minutes");
    if let Some(index) = words.iter().position(is_unit)
        && index > 0
        && is_number(&words[index - 1])
    {
        words.remove(index);
        return Some(words.remove(index - 1).to_owned());
    }
    None
}

/// How many bytes the last `count` words of a text take up, with what stands between them.
fn tail_length(text: &str, count: usize) -> usize {
    let text_end = text.len();
    let start = text.split_whitespace().rev().nth(count.saturating_sub(1)).map_or(text_end, |word| {
        // Safe arithmetic on one allocation: `word` is a slice of `text`.
        word.as_ptr() as usize - text.as_ptr() as usize
    });
    text_end - start
}

fn accept(param: &Param, value: &str) -> Option<String> {
    let value = value.trim();
    match param.takes {
        Takes::Rest | Takes::Words => (!value.is_empty()).then(|| value.to_owned()),
        Takes::Word => (!value.is_empty() && !value.contains(char::is_whitespace)).then(|| value.to_owned()),
        Takes::OneOf(words) => {
            words.iter().find(|word| word.eq_ignore_ascii_case(value)).map(|word| (*word).to_owned())
        }
        Takes::Number(min, max) => {
            value.parse::<u32>().ok().filter(|number| (min..=max).contains(number)).map(|number| number.to_string())
        }
        Takes::Session => SessionId::is_one(value).then(|| value.to_owned()),
        Takes::File => Some(unfenced(value).to_owned()).filter(|text| !text.is_empty()),
    }
}

/// Whether a parameter takes everything that is left, as it was written.
fn takes_all(param: &Param) -> bool {
    matches!(param.takes, Takes::Rest | Takes::File)
}

/// A text without the fence of a code block around it.
fn unfenced(text: &str) -> &str {
    let inside = text.strip_prefix(FENCE).and_then(|text| text.strip_suffix(FENCE));
    let Some(inside) = inside else { return text };
    // The language stands behind the fence, alone on its line.
    let inside = match inside.split_once('\n') {
        Some((language, rest)) if language.trim().chars().all(char::is_alphanumeric) => rest,
        _ => inside,
    };
    unfenced(inside.trim())
}

/// What stands before and after a code block.
const FENCE: &str = "```";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Result<String, NotACommand> {
        parse(text).map(|invocation| invocation.line())
    }

    #[test]
    fn commands_are_read_as_people_type_them() {
        for (typed, meant) in [
            ("ask can i massage my neck", "ask can i massage my neck"),
            ("/ASK  Two  spaces ", "ask Two  spaces"),
            ("routine start desk reset", "routine start desk reset"),
            ("routine start desk reset 5 min pressure 2", "routine start desk reset minutes=5 pressure=2"),
            ("start minutes=5", "routine start minutes=5"),
            ("routine", "routine list"),
            ("routines", "routine list"),
            ("!next", "next"),
            ("my settings", "my settings"),
            ("my settings leave_out jaw, shoulder", "my settings leave_out jaw, shoulder"),
            ("help", "nape help"),
            ("vote technique.effleurage up", "vote technique.effleurage up"),
            ("next 2bcdefgh 3", "next 2bcdefgh step=3"),
            (
                "nape-admin plan answers = \"public\"\nat_once = 7\n",
                "nape-admin plan answers = \"public\"\nat_once = 7",
            ),
            ("nape-admin apply ```toml\nat_once = 7\n```", "nape-admin apply at_once = 7"),
            ("nape-admin apply\n```\nat_once = 7```", "nape-admin apply at_once = 7"),
            ("nape-admin answer 2 value=off", "nape-admin answer 2 value=off"),
        ] {
            assert_eq!(line(typed).as_deref(), Ok(meant), "{typed}");
        }
    }

    #[test]
    fn a_line_and_its_last_argument_are_the_whole_command() {
        let set = Invocation::new(Command::AdminSet).with("key", "emergency_text");
        let whole = set.clone().with("value", "112 or the nurse line");
        assert_eq!(Invocation::completed(&set.line(), "112 or the nurse line"), Some(whole));
        let ask = Invocation::new(Command::Ask);
        assert_eq!(Invocation::completed(&ask.line(), "why\nnow"), Some(ask.with("question", "why\nnow")));
        assert_eq!(Invocation::completed("safety", "x"), None);
        assert_eq!(Invocation::completed("asking", "x"), None);
    }

    #[test]
    fn talk_is_no_command() {
        for typed in [
            "",
            "my neck hurts",
            "next week i fly",
            "why does my neck hurt",
            "safety of massage",
            "more about oil",
            "backache",
            "stop hurting me please",
            "next thursday",
            "back tomorrow",
        ] {
            assert!(parse(typed).is_err(), "{typed} was read as {:?}", parse(typed));
        }
        assert_eq!(parse("vote x sideways"), Err(NotACommand::BadArgument { command: Command::Vote, param: "thumb" }));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_what_is_read_reads_back(text in "\\PC{0,60}", index in 0..COMMANDS.len()) {
            for candidate in [text.clone(), format!("{} {text}", COMMANDS[index].words)] {
                if let Ok(invocation) = parse(&candidate) {
                    prop_assert_eq!(parse(&invocation.line()), Ok(invocation));
                }
            }
        }
    }
}
