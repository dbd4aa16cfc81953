//! Floor 4: the bot. A pure function: an event and the records it can touch go in, changes and messages come out.
//!
//! It never waits, never fails, reads no clock and knows no platform. Whatever a person writes passes the red-flag gate
//! ([`alarm`]) before anything else is done with it, and nothing of it is stored or logged.

mod access;
mod administer;
mod alarm;
mod ask;
mod cards;
mod guide;
mod help;
mod profile;
mod refusal;
mod retain;
pub mod review;
mod setting;
mod start;
mod turn;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::answer::entry::Entry;
use crate::answer::{self, Answerer};
use crate::base::id::UserId;
use crate::base::time::Timestamp;
use crate::command::parse::{Invocation, NotACommand, parse};
use crate::command::table::{Command, Shown};
use crate::content::Library;
use crate::encoder::{Encoder, Reading};
use crate::locale::Phrases;
use crate::message::model::Message;
use crate::port::action::Outcome;
use crate::port::event::{Event, FromPerson, Input, Limit, With};
use crate::port::record::{Key, Records};
use crate::safety::gate::Gate;
use crate::safety::model::Verdict;
use crate::safety::{Readings, Scores};
use crate::settings::file;
use crate::settings::table::NOTHING;

use refusal::Refusal;
use turn::Turn;

/// The longest text that is read as a question, in characters. The gate sees all of it, whatever its length.
pub const LONGEST: usize = 2_000;

/// Everything that the bot knows: content, and engines built from it. The same for every event.
pub struct Bot {
    library: Arc<Library>,
    gate: Gate,
    answerer: Answerer,
    encoder: Option<Encoder>,
    phrases: Phrases,
    operators: BTreeSet<UserId>,
}

/// A message before anything is decided about it: what weights and thresholds are fitted on.
#[derive(Debug, serde::Serialize)]
pub struct Case {
    answer: answer::Case,
    /// Of each window of the text.
    gate: Vec<Scores>,
    /// Of each clause, where clauses are read.
    clauses: Vec<Scores>,
    /// What the rules of the gate say.
    rules: &'static str,
    /// Whether a rule of the fixed list raises a flag.
    always: bool,
}

impl Bot {
    /// Puts the bot together.
    pub fn new(library: Arc<Library>, gate: Gate, answerer: Answerer, phrases: Phrases) -> Self {
        Self { library, gate, answerer, encoder: None, phrases, operators: BTreeSet::new() }
    }

    /// Adds those who run the program: they may configure every server that it is in.
    pub fn with_operators(mut self, operators: impl IntoIterator<Item = UserId>) -> Self {
        self.operators.extend(operators);
        self
    }

    /// Those who run this program.
    pub fn operators(&self) -> &BTreeSet<UserId> {
        &self.operators
    }

    /// Adds the encoder that gate and answerer were built with. Without one the bot goes by words alone, and says so.
    pub fn with_encoder(mut self, encoder: Encoder) -> Self {
        self.encoder = Some(encoder);
        self
    }

    /// Whether it has to do without the encoder.
    pub fn is_reduced(&self) -> bool {
        self.encoder.is_none()
    }

    /// Everything that is known about a text before anything is decided; for whoever fits the weights. `None` without an encoder.
    pub fn case(&self, text: &str) -> Option<Case> {
        let encoder = self.encoder.as_ref()?;
        let reading = encoder.read(text)?;
        let (rules, always) = self.gate.by_rules(text);
        let readings = self.readings(text);
        Some(Case {
            answer: self.answerer.case(text, &reading)?,
            gate: readings.windows.iter().map(Scores::of).collect(),
            clauses: readings.clauses.iter().map(Scores::of).collect(),
            rules: rules.name(),
            always,
        })
    }

    /// The encoder's reading of a question, or of the beginning of a long one.
    fn read(&self, question: &str) -> Option<Reading> {
        self.encoder.as_ref().and_then(|encoder| encoder.read(question))
    }

    /// The section of an entry that comes nearest to a question that leans on it.
    fn section(&self, entry: &Entry, question: &str) -> Option<usize> {
        let together = format!("{}. {question}", entry.title);
        self.answerer.section(&entry.id, question, self.read(&together).as_ref())
    }

    /// The encoder's readings of all of a text, for the gate.
    fn readings(&self, text: &str) -> Readings {
        let Some(encoder) = &self.encoder else { return Readings::default() };
        let (windows, all) = encoder.read_whole(text);
        let mut readings = Readings { windows, all, clauses: Vec::new() };
        if readings.are_doubtful() {
            readings.clauses = self.gate.clauses(text).iter().filter_map(|clause| encoder.read(clause)).collect();
        }
        readings
    }

    /// What follows from an event. The records are those of [`Event::keys`] and [`Event::further_keys`].
    pub fn handle(&self, now: Timestamp, event: &Event, records: &Records) -> Outcome {
        match event {
            Event::Person(person) => self.person_did(now, person, None, records),
            Event::Beyond { person, limit, tell } => self.person_did(now, person, Some((*limit, *tell)), records),
            Event::Due { key: key @ Key::Session(_), .. } => guide::due(self, now, key, records),
            Event::Due { key, .. } => retain::due(now, key, records),
            Event::Membership { server, present, host } => {
                let mut outcome = retain::membership(now, server, *present, records);
                if let (true, Some((who, place))) = (*present, host) {
                    help::greet(self, &mut outcome, server, who, place, records);
                }
                outcome
            }
            Event::Moved { from, to } => retain::moved(from, to, records),
            Event::Returned { key } => guide::returned(self, now, key, records),
            Event::Late { key, step, by } => guide::late(key, step, *by, records),
            Event::Gone { key, place } => guide::gone(key, place, records),
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

    /// Whether the fixed rules alone, without records, encoder or any other cost, see a sign in what somebody wrote.
    pub fn is_urgent(&self, person: &FromPerson) -> bool {
        let is_sign =
            |text: &str| matches!(self.gate.by_rules(text).0, Verdict::Raised { .. } | Verdict::Doubtful { .. });
        match &person.input {
            Input::Said { text, .. } | Input::Unasked { text, .. } => is_sign(text),
            Input::Invoked(invocation) => invocation.free_text().any(is_sign),
            Input::Completed { with: With::Text(text), .. } => is_sign(text),
            Input::Completed { with: With::Ids(_), .. } | Input::Pressed { .. } | Input::NotTheirs => false,
        }
    }

    fn person_did(
        &self,
        now: Timestamp,
        person: &FromPerson,
        beyond: Option<(Limit, bool)>,
        records: &Records,
    ) -> Outcome {
        let mut turn = Turn::new(self, now, person, records);
        if !turn.is_meant_for_us() {
            return Outcome::default();
        }
        if !alarm::passes(&mut turn) {
            return turn.finish();
        }
        if let Input::Unasked { .. } = person.input {
            return Outcome::default();
        }
        if access::is_beyond(&mut turn, beyond) || access::is_denied(&mut turn) {
            return turn.finish();
        }
        // Whichever way it came: an argument can be as long as a text.
        if let Some(refusal) = too_long(&turn) {
            turn.refuse(refusal);
            return turn.finish();
        }
        match &person.input {
            Input::Said { text, .. } => said(&mut turn, text),
            Input::Invoked(invocation) => dispatch(&mut turn, invocation),
            Input::Pressed { line } => match parse(line) {
                Ok(invocation) => dispatch(&mut turn, &invocation),
                Err(_) => turn.refuse(Refusal::Stale),
            },
            Input::Completed { line, with } => match completed(line, with) {
                Some(invocation) => dispatch(&mut turn, &invocation),
                None => turn.refuse(Refusal::Stale),
            },
            Input::NotTheirs => turn.refuse(Refusal::NotTheirs),
            // The gate has seen it.
            Input::Unasked { .. } => {}
        }
        turn.finish()
    }
}

/// Whether what was written is longer than what is read of its kind.
fn too_long(turn: &Turn<'_>) -> Option<Refusal> {
    let length = alarm::written(turn).iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let is_file = alarm::command(turn).is_some_and(|invocation| invocation.command.spec().takes_file());
    match is_file {
        // The command itself stands before it.
        true => (length > file::LONGEST + LONGEST).then_some(Refusal::FileTooLong),
        false => (length > LONGEST).then_some(Refusal::TooLong),
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
        // Nobody says the words of an admin's command by chance.
        Err(NotACommand::BadArgument { command, .. } | NotACommand::TooMuch { command })
            if explicit || command.spec().shown == Shown::Admin =>
        {
            turn.refuse(Refusal::BadArgument { usage: command.spec().usage() });
        }
        Err(NotACommand::Unknown) if explicit => turn.refuse(Refusal::NoSuchCommand),
        _ => match turn.session().and_then(|_| guide::meant_verb(bare)) {
            Some(verb) => dispatch(turn, &Invocation::new(verb)),
            None => ask::answer(turn, text),
        },
    }
}

/// The verb of a running session that is meant by other words.
fn meant(turn: &Turn<'_>) -> Option<Command> {
    match &turn.person.input {
        Input::Said { text, .. } => turn.session().and_then(|_| guide::meant_verb(bare(text))),
        Input::Invoked(_)
        | Input::Pressed { .. }
        | Input::Completed { .. }
        | Input::NotTheirs
        | Input::Unasked { .. } => None,
    }
}

/// The command that a line and what completes it make together.
fn completed(line: &str, with: &With) -> Option<Invocation> {
    match with {
        With::Text(text) => Invocation::completed(line, text),
        With::Ids(ids) if ids.is_empty() => Invocation::completed(line, NOTHING),
        With::Ids(ids) => Invocation::completed(line, &ids.join(" ")),
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
        Shown::Command | Shown::Admin => true,
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
        Command::AdminShow => administer::show(turn, invocation.arg("key")),
        Command::AdminSet => administer::set(turn, arg("key"), invocation.arg("value")),
        Command::AdminReset => administer::reset(turn, arg("key")),
        Command::AdminCheck => administer::check(turn),
        Command::AdminTest => administer::test(turn, arg("key")),
        Command::AdminExport => administer::export(turn),
        Command::AdminPlan => administer::plan(turn, invocation.arg("file")),
        Command::AdminApply => administer::apply(turn, invocation.arg("file")),
        Command::AdminRollback => administer::rollback(turn),
        Command::AdminLog => administer::log(turn, invocation.arg("all").is_some()),
        Command::AdminSetup => administer::setup(turn),
        Command::AdminAnswer => {
            administer::answered(turn, invocation.number("number").unwrap_or(0), invocation.arg("value"));
        }
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
