//! Floor 4: the bot. A pure function: an event and the records it can touch go in, changes and messages come out.
//!
//! It never waits, never fails, reads no clock and knows no platform. Whatever a person writes passes the red-flag gate
//! ([`alarm`]) before anything else is done with it, and nothing of it is stored or logged.

mod alarm;
mod ask;
mod cards;
mod guide;
mod help;
mod profile;
mod refusal;
mod retain;
pub mod review;
mod start;
mod turn;

use std::sync::Arc;

use crate::answer::Answerer;
use crate::base::time::Timestamp;
use crate::command::parse::{Invocation, NotACommand, parse};
use crate::command::table::{Command, Shown};
use crate::content::Library;
use crate::locale::Phrases;
use crate::message::model::Message;
use crate::port::action::Outcome;
use crate::port::event::{Event, FromPerson, Input};
use crate::port::record::{Key, Records};
use crate::safety::gate::Gate;

use refusal::Refusal;
use turn::Turn;

/// The longest text that is read as a question, in characters. The gate sees all of it, whatever its length.
pub const LONGEST: usize = 2_000;

/// Everything that the bot knows: content, and engines built from it. The same for every event.
pub struct Bot {
    library: Arc<Library>,
    gate: Gate,
    answerer: Answerer,
    phrases: Phrases,
}

impl Bot {
    /// Puts the bot together.
    pub fn new(library: Arc<Library>, gate: Gate, answerer: Answerer, phrases: Phrases) -> Self {
        Self { library, gate, answerer, phrases }
    }

    /// What follows from an event. The records are those of [`Event::keys`] and [`Event::further_keys`].
    pub fn handle(&self, now: Timestamp, event: &Event, records: &Records) -> Outcome {
        match event {
            Event::Person(person) => self.person_did(now, person, records),
            Event::Due { key: key @ Key::Session(_), .. } => guide::due(self, now, key, records),
            Event::Due { key, .. } => retain::due(now, key, records),
            Event::Membership { server, present } => retain::membership(now, server, *present, records),
            Event::Returned { key } => guide::returned(self, now, key, records),
            Event::Opened { key, place } => start::opened(self, now, key, place.as_ref(), records),
        }
    }

    /// The line that stands for a private message where privacy can't be had.
    pub fn withheld(&self) -> Message {
        Message::say(self.phrases.withheld())
    }

    /// The sentences, for adapters' own few words.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// The content, for names to complete.
    pub fn library(&self) -> &Library {
        &self.library
    }

    fn person_did(&self, now: Timestamp, person: &FromPerson, records: &Records) -> Outcome {
        let mut turn = Turn::new(self, now, person, records);
        if !turn.is_meant_for_us() {
            return Outcome::default();
        }
        if !alarm::passes(&mut turn) {
            return turn.finish();
        }
        // Whichever way it came: an argument can be as long as a text.
        if alarm::written(&turn).iter().any(|text| text.chars().count() > LONGEST) {
            turn.refuse(Refusal::TooLong);
            return turn.finish();
        }
        match &person.input {
            Input::Said { text, .. } => said(&mut turn, text),
            Input::Invoked(invocation) => dispatch(&mut turn, invocation),
            Input::Pressed { line } => match parse(line) {
                Ok(invocation) => dispatch(&mut turn, &invocation),
                Err(_) => turn.refuse(Refusal::Stale),
            },
        }
        turn.finish()
    }
}

/// A text: a command, a word to the running session, or a question.
fn said(turn: &mut Turn<'_>, text: &str) {
    if text.trim().is_empty() {
        return help::menu(turn);
    }
    let explicit = is_explicit(text);
    let bare = bare(text);
    if let Some(invocation) = command_in(turn, text) {
        return dispatch(turn, &invocation);
    }
    match parse(bare) {
        // Without a routine, "more" asks for the rest of what was answered last.
        Ok(invocation)
            if invocation.command == Command::More && turn.session().is_none() && turn.recent.entry.is_some() =>
        {
            let entry = turn.recent.entry.clone().unwrap_or_default();
            ask::read(turn, &entry, true);
        }
        Err(NotACommand::BadArgument { command, .. } | NotACommand::TooMuch { command }) if explicit => {
            turn.refuse(Refusal::BadArgument { usage: command.spec().usage() });
        }
        Err(NotACommand::Unknown) if explicit => turn.refuse(Refusal::NoSuchCommand),
        _ => match turn.session().and_then(|_| guide::meant_verb(bare)) {
            Some(verb) => dispatch(turn, &Invocation::new(verb)),
            None => ask::answer(turn, text),
        },
    }
}

/// The command that a text is, when it is one.
fn command_in(turn: &Turn<'_>, text: &str) -> Option<Invocation> {
    // Typed by hand, a choice's own commands are no commands.
    parse(bare(text)).ok().filter(|invocation| is_explicit(text) || is_typed(turn, invocation))
}

fn is_explicit(text: &str) -> bool {
    text.trim_start().starts_with(['/', '!'])
}

fn bare(text: &str) -> &str {
    text.trim().trim_end_matches(['.', '!', '…'])
}

/// Whether a parsed text is really that command and not talk that starts like one.
fn is_typed(turn: &Turn<'_>, invocation: &Invocation) -> bool {
    match invocation.command.spec().shown {
        Shown::Never => turn.person.place.kind.is_private(),
        // "more", "again" and "it hurts" are talk when there is no session; the others mean nothing but a routine.
        Shown::Verb => {
            turn.session().is_some() || !matches!(invocation.command, Command::More | Command::Repeat | Command::Hurts)
        }
        Shown::Command => true,
    }
}

fn dispatch(turn: &mut Turn<'_>, invocation: &Invocation) {
    let arg = |name: &str| invocation.arg(name).unwrap_or_default();
    match invocation.command {
        Command::Ask => ask::answer(turn, arg("question")),
        Command::Technique => ask::technique(turn, invocation.arg("name")),
        Command::What => ask::what(turn, arg("term")),
        Command::Sources => ask::sources(turn, invocation.arg("id")),
        Command::Read => ask::read(turn, arg("entry"), arg("part") != "short"),
        Command::Vote => ask::vote(turn, arg("entry"), arg("thumb") == "up"),
        Command::Safety => help::safety(turn),
        Command::Help => help::help(turn, invocation.arg("command")),
        Command::Why => help::why(turn),
        Command::About => help::about(turn),
        Command::RoutineList => start::list(turn),
        Command::RoutineStart => start::start(turn, invocation),
        Command::Screen => start::screened(turn, invocation),
        Command::Check => start::checked(turn, invocation),
        Command::Seen => alarm::seen(turn, arg("answer")),
        Command::Doubt => alarm::doubt_answered(turn, arg("flag"), arg("answer") == "yes"),
        Command::Next
        | Command::Back
        | Command::Repeat
        | Command::Pause
        | Command::Resume
        | Command::More
        | Command::Easier
        | Command::Hurts
        | Command::Stop => guide::verb(turn, invocation),
        Command::Felt => profile::felt(turn, arg("answer")),
        Command::MySettings => profile::settings(turn, invocation.arg("key"), invocation.arg("value")),
        Command::MyData => profile::data(turn),
        Command::MyExport => profile::export(turn),
        Command::Hello => help::hello(turn),
        Command::MyDelete => profile::delete(turn, invocation.arg("sure").is_some()),
    }
}
