//! Everything that the bot declines to do, as values. Each says what to do next, and can be asked about with `nape why`.
//! None repeats what a person typed: a message lies in the store until it is sent.

use std::collections::BTreeMap;

use crate::locale::Phrases;
use crate::message::model::{Choice, Message};

/// What was declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The text is longer than a question.
    TooLong,
    /// Not a command, though it was typed as one.
    NoSuchCommand,
    /// A command with something missing or wrong.
    BadArgument { usage: String },
    /// A choice of a message that is no longer current.
    Stale,
    /// A choice or word for a routine that isn't running, or isn't theirs.
    NoSession,
    /// A routine is running already.
    AlreadyRunning,
    /// The server has switched routines off.
    RoutinesOff,
    /// As many routines run here as the server allows.
    TooManyHere { limit: u32 },
    /// Locked after an urgent sign.
    Locked { hours: u32 },
    /// No one routine of that name; these come near: title and command line.
    NoSuchRoutine { near: Vec<(String, String)> },
    /// Everything was left out.
    NothingLeft { title: String },
    /// The bot may not speak here, and there is no other place.
    CannotSpeakHere { rights: String },
    /// Not during an attack.
    NotInAttack { title: String },
    /// Touch and something applies.
    ScreenedOut,
    /// No card of that name.
    NoSuchTechnique,
    /// No source of that id.
    NoSuchSource,
    /// No entry of that id any more.
    NoSuchEntry,
    /// No setting of that key.
    NoSuchSetting,
    /// A setting that is not the person's to set.
    NotYours { key: String },
    /// No setting of a server of that key.
    NoSuchServerSetting,
    /// Only for those who may configure the server.
    NotAdmin,
    /// There is no server here whose settings these could be.
    NoServer,
    /// A choice that was offered to somebody else.
    NotTheirs,
    /// A value that the setting doesn't take.
    BadValue { key: String, allowed: String },
    /// Nothing is stored.
    NothingStored,
}

impl Refusal {
    /// The code and the words that `nape why` explains it with. Nothing that a person wrote is in it.
    pub fn reason(&self) -> (String, BTreeMap<String, String>) {
        let (code, words): (&str, Vec<(&str, String)>) = match self {
            Refusal::TooLong => ("too-long", vec![]),
            Refusal::NoSuchCommand => ("no-such-command", vec![]),
            Refusal::BadArgument { usage } => ("bad-argument", vec![("usage", usage.clone())]),
            Refusal::Stale => ("stale", vec![]),
            Refusal::NoSession => ("no-session", vec![]),
            Refusal::AlreadyRunning => ("already-running", vec![]),
            Refusal::RoutinesOff => ("routines-off", vec![]),
            Refusal::TooManyHere { limit } => ("too-many-here", vec![("limit", limit.to_string())]),
            Refusal::Locked { .. } => ("locked", vec![]),
            Refusal::NoSuchRoutine { .. } => ("no-such-routine", vec![]),
            Refusal::NothingLeft { title } => ("nothing-left", vec![("title", title.clone())]),
            Refusal::CannotSpeakHere { rights } => ("cannot-speak-here", vec![("rights", rights.clone())]),
            Refusal::NotInAttack { title } => ("not-in-attack", vec![("title", title.clone())]),
            Refusal::ScreenedOut => ("screened-out", vec![]),
            Refusal::NoSuchTechnique => ("no-such-technique", vec![]),
            Refusal::NoSuchSource => ("no-such-source", vec![]),
            Refusal::NoSuchEntry => ("no-such-entry", vec![]),
            Refusal::NoSuchSetting => ("no-such-setting", vec![]),
            Refusal::NotYours { key } => ("not-yours", vec![("key", key.clone())]),
            Refusal::NoSuchServerSetting => ("no-such-server-setting", vec![]),
            Refusal::NotAdmin => ("not-admin", vec![]),
            Refusal::NoServer => ("no-server", vec![]),
            Refusal::NotTheirs => ("not-theirs", vec![]),
            Refusal::BadValue { key, allowed } => {
                ("bad-value", vec![("key", key.clone()), ("allowed", allowed.clone())])
            }
            Refusal::NothingStored => ("nothing-stored", vec![]),
        };
        (code.to_owned(), words.into_iter().map(|(name, word)| (name.to_owned(), word)).collect())
    }

    /// What the person is told, with what they can do next.
    pub fn message(&self, phrases: &Phrases) -> Message {
        let help = || Choice::new(phrases.choice_help(), "nape help").words(&phrases.words_help());
        match self {
            Refusal::TooLong => Message::say(phrases.refused_too_long()),
            Refusal::NoSuchCommand => Message::say(phrases.refused_no_such_command()).choice(help()),
            Refusal::BadArgument { usage } => Message::say(phrases.refused_bad_argument(usage)),
            Refusal::Stale => Message::say(phrases.refused_stale()),
            Refusal::NoSession => Message::say(phrases.refused_no_session())
                .choice(Choice::new(phrases.choice_routines(), "routine list")),
            Refusal::AlreadyRunning => Message::say(phrases.refused_already_running())
                .choice(Choice::new(phrases.verb("resume"), "resume").main())
                .choice(Choice::new(phrases.verb("stop"), "stop").grave()),
            Refusal::RoutinesOff => Message::say(phrases.refused_routines_off()),
            Refusal::TooManyHere { limit } => Message::say(phrases.refused_too_many_here(*limit)),
            Refusal::Locked { hours } => {
                Message::say(phrases.refused_locked(*hours)).choice(Choice::new(phrases.choice_safety(), "safety"))
            }
            Refusal::NoSuchRoutine { near, .. } if !near.is_empty() => Message::say(phrases.did_you_mean())
                .choices(near.iter().map(|(title, line)| Choice::new(title.as_str(), line.as_str()))),
            Refusal::NoSuchRoutine { .. } => Message::say(phrases.refused_no_such_routine())
                .choice(Choice::new(phrases.choice_routines(), "routine list")),
            Refusal::NothingLeft { title } => Message::say(phrases.refused_nothing_left(title))
                .choice(Choice::new(phrases.choice_touch_free(), "routine start touch-free-calm"))
                .choice(Choice::new(phrases.choice_settings(), "my settings leave_out")),
            Refusal::CannotSpeakHere { rights } => Message::say(phrases.refused_cannot_speak_here(rights)),
            Refusal::NotInAttack { title } => Message::say(phrases.refused_not_in_attack(title))
                .choice(Choice::new(phrases.choice_attack(), "routine start attack").main())
                .choice(Choice::new(phrases.choice_touch_free(), "routine start touch-free-calm")),
            Refusal::ScreenedOut => Message::say(phrases.refused_screened_out())
                .choice(Choice::new(phrases.choice_touch_free(), "routine start touch-free-calm").main())
                .choice(Choice::new(phrases.choice_safety(), "safety")),
            Refusal::NoSuchTechnique => Message::say(phrases.refused_no_such_technique()),
            Refusal::NoSuchSource => Message::say(phrases.refused_no_such_source()),
            Refusal::NoSuchEntry => Message::say(phrases.refused_no_such_entry()).choice(help()),
            Refusal::NoSuchSetting => Message::say(phrases.refused_no_such_setting())
                .choice(Choice::new(phrases.choice_settings(), "my settings")),
            Refusal::NotYours { key } => Message::say(phrases.refused_not_yours(key)),
            Refusal::NoSuchServerSetting => Message::say(phrases.refused_no_such_server_setting())
                .choice(Choice::new(phrases.choice_server_settings(), "nape-admin show")),
            Refusal::NotAdmin => Message::say(phrases.refused_not_admin()),
            Refusal::NoServer => Message::say(phrases.refused_no_server()),
            Refusal::NotTheirs => Message::say(phrases.refused_not_theirs()).choice(help()),
            Refusal::BadValue { key, allowed } => Message::say(phrases.refused_bad_value(key, allowed)),
            Refusal::NothingStored => Message::say(phrases.refused_nothing_stored()),
        }
    }
}
