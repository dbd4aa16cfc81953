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
    /// A file of settings with something wrong in it: each as a sentence, and how many more there are.
    BadFile { problems: Vec<String>, more: usize },
    /// A file that is longer than any file of settings.
    FileTooLong,
    /// No change of settings that could be undone.
    NothingToUndo,
    /// A setting that only those can change who have the right of their own, and not by a role that was named.
    OnlyTheirOwn { key: String },
    /// The server doesn't want the bot to be used in this channel.
    NotHere,
    /// The server lets other roles start routines.
    NotYourRole,
    /// One person asks too much.
    TooOften,
    /// Too much is asked in this channel.
    PlaceBusy,
    /// Too much is asked of the program.
    AllBusy,
}

impl Refusal {
    /// The code and the words that `nape why` explains it with. Nothing that a person wrote is in it.
    pub fn reason(&self) -> (&'static str, BTreeMap<String, String>) {
        let (code, words): (&'static str, Vec<(&str, String)>) = match self {
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
            Refusal::BadFile { .. } => ("bad-file", vec![]),
            Refusal::FileTooLong => ("file-too-long", vec![]),
            Refusal::NothingToUndo => ("nothing-to-undo", vec![]),
            Refusal::OnlyTheirOwn { key } => ("only-their-own", vec![("key", key.clone())]),
            Refusal::NotHere => ("not-here", vec![]),
            Refusal::NotYourRole => ("not-your-role", vec![]),
            Refusal::TooOften => ("too-often", vec![]),
            Refusal::PlaceBusy => ("place-busy", vec![]),
            Refusal::AllBusy => ("all-busy", vec![]),
        };
        (code, words.into_iter().map(|(name, word)| (name.to_owned(), word)).collect())
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
            Refusal::BadFile { problems, more } => {
                let message = Message::say(phrases.refused_bad_file()).items(problems.iter().map(String::as_str));
                if *more == 0 { message } else { message.fine(phrases.bad_file_more(*more)) }
            }
            Refusal::FileTooLong => Message::say(phrases.refused_file_too_long()),
            Refusal::NothingToUndo => Message::say(phrases.refused_nothing_to_undo()),
            Refusal::OnlyTheirOwn { key } => Message::say(phrases.refused_only_their_own(key)),
            Refusal::NotHere => Message::say(phrases.refused_not_here()),
            Refusal::NotYourRole => Message::say(phrases.refused_not_your_role()),
            Refusal::TooOften => Message::say(phrases.refused_too_often()),
            Refusal::PlaceBusy => Message::say(phrases.refused_place_busy()),
            Refusal::AllBusy => Message::say(phrases.refused_all_busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The refusal after this one, from the first to the last. A new one doesn't compile until it stands here, and then has to hold.
    fn next(refusal: &Refusal) -> Option<Refusal> {
        let text = || "text".to_owned();
        Some(match refusal {
            Refusal::TooLong => Refusal::NoSuchCommand,
            Refusal::NoSuchCommand => Refusal::BadArgument { usage: text() },
            Refusal::BadArgument { .. } => Refusal::Stale,
            Refusal::Stale => Refusal::NoSession,
            Refusal::NoSession => Refusal::AlreadyRunning,
            Refusal::AlreadyRunning => Refusal::RoutinesOff,
            Refusal::RoutinesOff => Refusal::TooManyHere { limit: 5 },
            Refusal::TooManyHere { .. } => Refusal::Locked { hours: 3 },
            Refusal::Locked { .. } => Refusal::NoSuchRoutine { near: vec![(text(), text())] },
            Refusal::NoSuchRoutine { .. } => Refusal::NothingLeft { title: text() },
            Refusal::NothingLeft { .. } => Refusal::CannotSpeakHere { rights: text() },
            Refusal::CannotSpeakHere { .. } => Refusal::NotInAttack { title: text() },
            Refusal::NotInAttack { .. } => Refusal::ScreenedOut,
            Refusal::ScreenedOut => Refusal::NoSuchTechnique,
            Refusal::NoSuchTechnique => Refusal::NoSuchSource,
            Refusal::NoSuchSource => Refusal::NoSuchEntry,
            Refusal::NoSuchEntry => Refusal::NoSuchSetting,
            Refusal::NoSuchSetting => Refusal::NotYours { key: text() },
            Refusal::NotYours { .. } => Refusal::NoSuchServerSetting,
            Refusal::NoSuchServerSetting => Refusal::NotAdmin,
            Refusal::NotAdmin => Refusal::NoServer,
            Refusal::NoServer => Refusal::NotTheirs,
            Refusal::NotTheirs => Refusal::BadValue { key: text(), allowed: text() },
            Refusal::BadValue { .. } => Refusal::NothingStored,
            Refusal::NothingStored => Refusal::BadFile { problems: vec![text()], more: 2 },
            Refusal::BadFile { .. } => Refusal::FileTooLong,
            Refusal::FileTooLong => Refusal::NothingToUndo,
            Refusal::NothingToUndo => Refusal::OnlyTheirOwn { key: text() },
            Refusal::OnlyTheirOwn { .. } => Refusal::NotHere,
            Refusal::NotHere => Refusal::NotYourRole,
            Refusal::NotYourRole => Refusal::TooOften,
            Refusal::TooOften => Refusal::PlaceBusy,
            Refusal::PlaceBusy => Refusal::AllBusy,
            Refusal::AllBusy => return None,
        })
    }

    #[test]
    fn every_refusal_says_something_and_can_be_asked_about() {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/content/locales/en.ftl"));
        let phrases = Phrases::parse("en", &text.unwrap()).unwrap();
        let mut codes = BTreeSet::new();
        for refusal in std::iter::successors(Some(Refusal::TooLong), next) {
            let (code, words) = refusal.reason();
            let why = phrases.why_with(code, &words);
            assert!(!why.is_empty() && !why.contains(['{', '}']) && !why.contains("why-"), "{code}: {why}");
            assert!(words.values().all(|word| why.contains(word.as_str())), "{code}: {why}");
            assert!(!refusal.message(&phrases).blocks.is_empty(), "{code}");
            assert!(codes.insert(code), "{refusal:?} has the code of another");
        }
        assert!(codes.len() > 30, "{codes:?}");
    }
}
