//! `COMMANDS`: every command once, as one row. A new command is a row here, an arm in the bot, and its phrase
//! (`command-<slug>` in the locale).

/// What is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Answer a question.
    Ask,
    /// Show a card.
    Technique,
    /// Explain a term.
    What,
    /// Red flags and reasons not to, in full.
    Safety,
    /// Where the knowledge comes from.
    Sources,
    /// Show the routines.
    RoutineList,
    /// Begin a routine.
    RoutineStart,
    /// On to the next step.
    Next,
    /// To the step before.
    Back,
    /// This step again.
    Repeat,
    /// Keep the place.
    Pause,
    /// Go on.
    Resume,
    /// Fifteen seconds more.
    More,
    /// The easier form.
    Easier,
    /// It hurts.
    Hurts,
    /// The end, at once.
    Stop,
    /// See and set preferences.
    MySettings,
    /// What is stored.
    MyData,
    /// The same as a file.
    MyExport,
    /// Delete it.
    MyDelete,
    /// A server's settings, or one of them.
    AdminShow,
    /// Set one of them.
    AdminSet,
    /// Take one back.
    AdminReset,
    /// Whether the bot has what the server's settings need.
    AdminCheck,
    /// What a member would get by one of them.
    AdminTest,
    /// All of them as a file.
    AdminExport,
    /// What a file would change.
    AdminPlan,
    /// Make the settings what a file says.
    AdminApply,
    /// Undo the last change.
    AdminRollback,
    /// Who changed what.
    AdminLog,
    /// The few questions of a beginning.
    AdminSetup,
    /// The answer to one of them.
    AdminAnswer,
    /// Help.
    Help,
    /// Why the last thing was refused, left out or missing.
    Why,
    /// What this is, and what it is not.
    About,
    /// An entry by its id: the short answer, or the longer text.
    Read,
    /// Thumbs up or down.
    Vote,
    /// The answer to the screening list.
    Screen,
    /// The answer to the check before each routine.
    Check,
    /// Whether what locked routines was looked at.
    Seen,
    /// The answer to a doubtful flag's one question.
    Doubt,
    /// How it was.
    Felt,
    /// A conversation opens: who this is, and a paused routine if there is one.
    Hello,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// The rest of the line, whatever it says.
    Rest,
    /// Words up to the next named option.
    Words,
    /// One word.
    Word,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the last.
    Number(u32, u32),
    /// A session's id.
    Session,
    /// The text of a file: an attachment where there are attachments, the file of a path where there are files, else what
    /// stands behind the command, in a code block or without. An adapter hands over the text, never a path or an address.
    File,
}

/// What can be offered for a parameter while somebody types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complete {
    /// Nothing.
    Nothing,
    /// Names of technique cards.
    Techniques,
    /// Terms of the glossary.
    Terms,
    /// Names of routines.
    Routines,
    /// Keys of preferences.
    Preferences,
    /// Keys of a server's settings.
    ServerSettings,
    /// Commands.
    Commands,
    /// Ids of sources.
    Sources,
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name; in a typed line it may stand as `name=value`.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it must be there.
    pub required: bool,
    /// What can be offered.
    pub complete: Complete,
}

/// Where a command stands in help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// With the commands.
    Command,
    /// With the words of a running session.
    Verb,
    /// With the commands, to those who may configure the server.
    Admin,
    /// Nowhere: it only stands behind choices.
    Never,
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// What is meant.
    pub command: Command,
    /// What is typed: one or two words.
    pub words: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// Its parameters.
    pub params: &'static [Param],
    /// Where help shows it.
    pub shown: Shown,
}

const fn param(name: &'static str, takes: Takes, required: bool, complete: Complete) -> Param {
    Param { name, takes, required, complete }
}

const fn row(command: Command, words: &'static str, params: &'static [Param]) -> CommandSpec {
    CommandSpec { command, words, aliases: &[], params, shown: Shown::Command }
}

const fn verb(command: Command, words: &'static str, aliases: &'static [&'static str]) -> CommandSpec {
    CommandSpec { command, words, aliases, params: OF_STEP, shown: Shown::Verb }
}

const fn behind(command: Command, words: &'static str, params: &'static [Param]) -> CommandSpec {
    CommandSpec { command, words, aliases: &[], params, shown: Shown::Never }
}

const fn admin(command: Command, words: &'static str, params: &'static [Param]) -> CommandSpec {
    CommandSpec { command, words, aliases: &[], params, shown: Shown::Admin }
}

const fn also(row: CommandSpec, aliases: &'static [&'static str]) -> CommandSpec {
    CommandSpec { command: row.command, words: row.words, aliases, params: row.params, shown: row.shown }
}

/// A step's choices name the session and the step that they belong to: a stale press changes nothing.
const OF_STEP: &[Param] = &[
    param("session", Takes::Session, false, Complete::Nothing),
    param("step", Takes::Number(0, 999), false, Complete::Nothing),
];

/// What a routine can be started with; carried through screening and check.
const WISHES: &[Param] = &[
    param("name", Takes::Words, false, Complete::Routines),
    param("minutes", Takes::Number(1, 60), false, Complete::Nothing),
    param("pressure", Takes::Number(0, 10), false, Complete::Nothing),
    param("where", Takes::OneOf(&["here", "private_thread", "public_thread", "direct"]), false, Complete::Nothing),
];

/// Without it, the command says how it is handed over.
const FILE: &[Param] = &[param("file", Takes::File, false, Complete::Nothing)];

const SCREEN: &[Param] = &[
    param("answer", Takes::OneOf(&["none", "some", "unsure"]), true, Complete::Nothing),
    WISHES[0],
    WISHES[1],
    WISHES[2],
    WISHES[3],
];

const CHECK: &[Param] = &[
    param("answer", Takes::OneOf(&["go", "sore", "no"]), true, Complete::Nothing),
    WISHES[0],
    WISHES[1],
    WISHES[2],
    WISHES[3],
    param("asked", Takes::Number(0, u32::MAX), false, Complete::Nothing),
];

/// Every command, in the order of help.
pub const COMMANDS: &[CommandSpec] = &[
    row(Command::Ask, "ask", &[param("question", Takes::Rest, true, Complete::Nothing)]),
    row(Command::Technique, "technique", &[param("name", Takes::Rest, false, Complete::Techniques)]),
    row(Command::What, "what", &[param("term", Takes::Rest, true, Complete::Terms)]),
    row(Command::Safety, "safety", &[]),
    row(Command::Sources, "sources", &[param("id", Takes::Word, false, Complete::Sources)]),
    also(row(Command::RoutineList, "routine list", &[]), &["routines", "routine"]),
    also(row(Command::RoutineStart, "routine start", WISHES), &["start"]),
    verb(Command::Next, "next", &["done", "n"]),
    verb(Command::Back, "back", &["previous"]),
    verb(Command::Repeat, "repeat", &["again"]),
    verb(Command::Pause, "pause", &["wait", "hold on"]),
    verb(Command::Resume, "resume", &["continue", "go on"]),
    verb(Command::More, "more", &["longer"]),
    verb(Command::Easier, "easier", &["softer", "lighter"]),
    verb(Command::Hurts, "hurts", &["it hurts", "ouch"]),
    verb(Command::Stop, "stop", &["end", "quit", "cancel"]),
    also(
        row(
            Command::MySettings,
            "my settings",
            &[
                param("key", Takes::Word, false, Complete::Preferences),
                param("value", Takes::Rest, false, Complete::Nothing),
            ],
        ),
        &["settings"],
    ),
    row(Command::MyData, "my data", &[]),
    row(Command::MyExport, "my export", &[]),
    row(Command::MyDelete, "my delete", &[param("sure", Takes::OneOf(&["yes"]), false, Complete::Nothing)]),
    also(
        row(Command::Help, "nape help", &[param("command", Takes::Rest, false, Complete::Commands)]),
        &["help", "menu"],
    ),
    also(row(Command::Why, "nape why", &[]), &["why"]),
    also(row(Command::About, "nape about", &[]), &["about"]),
    admin(Command::AdminShow, "nape-admin show", &[param("key", Takes::Word, false, Complete::ServerSettings)]),
    admin(
        Command::AdminSet,
        "nape-admin set",
        &[
            param("key", Takes::Word, true, Complete::ServerSettings),
            param("value", Takes::Rest, false, Complete::Nothing),
        ],
    ),
    admin(Command::AdminReset, "nape-admin reset", &[param("key", Takes::Word, true, Complete::ServerSettings)]),
    admin(Command::AdminCheck, "nape-admin check", &[]),
    admin(Command::AdminTest, "nape-admin test", &[param("key", Takes::Word, true, Complete::ServerSettings)]),
    admin(Command::AdminSetup, "nape-admin setup", &[]),
    admin(Command::AdminExport, "nape-admin export", &[]),
    admin(Command::AdminPlan, "nape-admin plan", FILE),
    admin(Command::AdminApply, "nape-admin apply", FILE),
    admin(Command::AdminRollback, "nape-admin rollback", &[]),
    admin(Command::AdminLog, "nape-admin log", &[param("all", Takes::OneOf(&["all"]), false, Complete::Nothing)]),
    behind(
        Command::AdminAnswer,
        "nape-admin answer",
        &[
            param("number", Takes::Number(1, 4), true, Complete::Nothing),
            param("value", Takes::Word, false, Complete::Nothing),
        ],
    ),
    behind(
        Command::Read,
        "read",
        &[
            param("entry", Takes::Word, true, Complete::Nothing),
            param("part", Takes::OneOf(&["short", "more"]), false, Complete::Nothing),
        ],
    ),
    behind(
        Command::Vote,
        "vote",
        &[
            param("entry", Takes::Word, true, Complete::Nothing),
            param("thumb", Takes::OneOf(&["up", "down"]), true, Complete::Nothing),
        ],
    ),
    behind(Command::Screen, "screen", SCREEN),
    behind(Command::Check, "check", CHECK),
    behind(Command::Seen, "seen", &[param("answer", Takes::OneOf(&["yes", "mistake", "no"]), true, Complete::Nothing)]),
    behind(
        Command::Doubt,
        "doubt",
        &[
            param("flag", Takes::Word, true, Complete::Nothing),
            param("answer", Takes::OneOf(&["yes", "no"]), true, Complete::Nothing),
        ],
    ),
    behind(
        Command::Felt,
        "felt",
        &[param("answer", Takes::OneOf(&["better", "same", "worse", "clear"]), true, Complete::Nothing)],
    ),
    behind(Command::Hello, "hello nape", &[]),
];

impl Command {
    /// Its row.
    pub fn spec(self) -> &'static CommandSpec {
        COMMANDS.iter().find(|spec| spec.command == self).expect("every command has a row: a test counts them")
    }
}

impl CommandSpec {
    /// The words with a hyphen: its name in the locale.
    pub fn slug(&self) -> String {
        self.words.replace(' ', "-")
    }

    /// Whether it takes the text of a file.
    pub fn takes_file(&self) -> bool {
        self.params.iter().any(|param| param.takes == Takes::File)
    }

    /// How it is written, with its parameters: `routine start [NAME] [MINUTES]`.
    pub fn usage(&self) -> String {
        let shown = self.params.iter().filter(|_| matches!(self.shown, Shown::Command | Shown::Admin));
        shown.fold(self.words.to_owned(), |usage, param| {
            let name = param.name.to_uppercase();
            if param.required { format!("{usage} {name}") } else { format!("{usage} [{name}]") }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_commands_are_typed_the_same() {
        let mut seen = BTreeSet::new();
        for spec in COMMANDS {
            for words in std::iter::once(&spec.words).chain(spec.aliases) {
                assert!(seen.insert(*words), "{words} stands twice");
            }
            assert_eq!(spec.command.spec(), spec);
        }
    }

    #[test]
    fn only_the_last_parameter_takes_the_rest() {
        for spec in COMMANDS {
            let rest = spec.params.iter().position(|param| matches!(param.takes, Takes::Rest | Takes::File));
            assert!(rest.is_none_or(|index| index + 1 == spec.params.len()), "{}", spec.words);
        }
    }
}
