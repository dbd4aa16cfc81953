//! The red-flag gate at work: it comes before everything, and nothing that is written later undoes it.
//!
//! An emergency answer is action only. It ends a running routine and locks routines; only the end of the lock is
//! stored, never why.

use std::time::Duration;

use crate::command::parse::{Invocation, parse};
use crate::command::table::Command;
use crate::message::model::{Audience, Choice, Message};
use crate::port::action::Mark;
use crate::port::event::{Input, With};
use crate::port::record::{Key, Lock, Record};
use crate::routine::session::Phase;
use crate::safety::model::{Urgency, Verdict};
use crate::settings::table::EMERGENCY_TEXT;

use super::guide;
use super::turn::Turn;

/// How long nothing lifts the lock after an emergency.
const LOCKED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Holds what a person wrote against the red flags. `false`: something urgent was said, and nothing else is to be done.
pub(super) fn passes(turn: &mut Turn<'_>) -> bool {
    let texts = written(turn);
    let verdict = texts.iter().map(|text| verdict(turn, text)).max_by_key(weight).unwrap_or_default();
    let is_unasked = matches!(turn.person.input, Input::Unasked { .. });
    if is_unasked && is_known(turn, &verdict) {
        return true;
    }
    match verdict {
        Verdict::Raised { flag, urgency } => {
            raise(turn, &flag, urgency);
            return false;
        }
        Verdict::Doubtful { flag, urgency } => {
            ask(turn, &flag, urgency);
            return false;
        }
        Verdict::About { ref flag } => turn.about = Some(flag.clone()),
        Verdict::CheckIn | Verdict::Clear => {}
    }
    // It answers no question, either.
    if is_unasked {
        return true;
    }
    let command = command(turn);
    let talk = talk(turn, command.as_ref());
    // A doubtful flag's question is open: anything but its buttons or a clear "no" counts as the higher level, and so does
    // going on with a routine. To look up the signs, or to stop, is no answer yet.
    if let Some((flag, urgency)) = turn.recent.asked_about.clone() {
        if talk.as_ref().is_some_and(|text| is_no(turn, text)) {
            cleared(turn);
            return false;
        }
        if talk.is_some() || command.is_some_and(|invocation| goes_on(invocation.command)) {
            raise(turn, &flag, urgency);
            return false;
        }
    }
    if let (Some((flag, urgency)), true) = (turn.recent.alarm.clone(), talk.is_some()) {
        // "lol jk": said once more, and then not again.
        turn.recent.alarm = None;
        let message = advice(turn, &flag, urgency).paragraph(turn.phrases().alarm_repeated());
        say(turn, message);
        return false;
    }
    if let Verdict::CheckIn = verdict {
        turn.tell(
            Message::say(turn.phrases().check_in()).choice(Choice::new(turn.phrases().choice_safety(), "safety")),
        );
    }
    true
}

/// Whether what there is to say about a sign was said last, or more than that: a corrected letter is no reason to say it again.
fn is_known(turn: &Turn<'_>, verdict: &Verdict) -> bool {
    let says = |said: &Option<(String, Urgency)>, flag: &str, urgency: Urgency| {
        said.as_ref().is_some_and(|(of, most)| of == flag && *most >= urgency)
    };
    let recent = &turn.recent;
    match verdict {
        Verdict::Raised { flag, urgency } => says(&recent.alarm, flag, *urgency),
        Verdict::Doubtful { flag, urgency } => {
            says(&recent.alarm, flag, *urgency) || says(&recent.asked_about, flag, *urgency)
        }
        Verdict::About { .. } | Verdict::CheckIn | Verdict::Clear => false,
    }
}

/// What the gate makes of a text. The words of a command mean what they mean: there is nothing for the encoder to guess.
fn verdict(turn: &mut Turn<'_>, text: &str) -> Verdict {
    match super::command_in(turn, text) {
        Some(command) if command.free_text().next().is_none() => turn.bot.gate.by_rules(text).0,
        _ => {
            let readings = turn.bot.readings(text);
            let verdict = turn.bot.gate.check(text, &readings);
            turn.understood(text, readings.windows);
            verdict
        }
    }
}

/// The answer to a doubtful flag's question, or to "is anything like that happening to you now?".
pub(super) fn doubt_answered(turn: &mut Turn<'_>, flag: &str, yes: bool) {
    let Some(flag) = turn.bot.library.safety.red_flag(flag).cloned() else {
        return turn.refuse(super::Refusal::Stale);
    };
    if yes {
        raise(turn, &flag.id, flag.urgency);
    } else {
        cleared(turn);
    }
}

/// The open question was answered with no. A routine that was halted for it waits for its own word.
fn cleared(turn: &mut Turn<'_>) {
    turn.recent.asked_about = None;
    let mut message = Message::say(turn.phrases().doubt_cleared());
    if let Some(running) = turn.session().filter(|running| matches!(running.session.phase, Phase::Paused { .. })) {
        let offer = |command| guide::choice(turn.bot, &running.session, command);
        message = message.choices([Command::Resume, Command::Stop].map(offer));
    }
    say(turn, message);
}

/// Whether what locked routines was looked at, or was a mistake.
pub(super) fn seen(turn: &mut Turn<'_>, answer: &str) {
    let key = Key::Lock(turn.person.who.clone());
    match turn.records.lock(&turn.person.who) {
        None => turn.tell(Message::say(turn.phrases().lock_none())),
        Some(lock) if turn.now < lock.until => turn.refuse(locked(turn, lock)),
        Some(_) if answer == "no" => turn.tell(Message::say(turn.phrases().lock_stays())),
        Some(_) => {
            turn.outcome.delete(key);
            turn.tell(
                Message::say(turn.phrases().lock_lifted())
                    .choice(Choice::new(turn.phrases().choice_routines(), "routine list")),
            );
        }
    }
}

/// Whether routines are locked for this person; if so, it has been said.
pub(super) fn is_locked(turn: &mut Turn<'_>) -> bool {
    let Some(lock) = turn.records.lock(&turn.person.who) else { return false };
    if turn.now < lock.until {
        turn.refuse(locked(turn, lock));
    } else {
        let phrases = turn.phrases();
        let refusal = locked(turn, lock);
        turn.pass_over(&refusal);
        turn.tell(
            Message::say(phrases.lock_question())
                .choice(Choice::new(phrases.choice_seen(), "seen yes").words("yes, seen"))
                .choice(Choice::new(phrases.choice_mistake(), "seen mistake").words("mistake"))
                .choice(Choice::new(phrases.choice_not_yet(), "seen no").words("no, not yet")),
        );
    }
    true
}

fn locked(turn: &Turn<'_>, lock: Lock) -> super::Refusal {
    let hours = lock.until.since(turn.now).as_secs().div_ceil(3600);
    super::Refusal::Locked { hours: u32::try_from(hours).unwrap_or(u32::MAX) }
}

fn raise(turn: &mut Turn<'_>, flag: &str, urgency: Urgency) {
    turn.recent.asked_about = None;
    turn.outcome.marks.push(Mark::Raised);
    guide::end_for_safety(turn);
    let until = match urgency {
        Urgency::Emergency => Some(turn.now + LOCKED_FOR),
        // No waiting time, but the question "was it looked at?" comes before the next routine.
        Urgency::SameDay => Some(turn.now),
        Urgency::SeeDoctor => None,
    };
    if let Some(until) = until {
        // A lock is never shortened by a later, lesser flag.
        let until = turn.records.lock(&turn.person.who).map_or(until, |lock| lock.until.max(until));
        turn.outcome.set(Key::Lock(turn.person.who.clone()), Record::Lock(Lock { until }));
        turn.recent.alarm = Some((flag.to_owned(), urgency));
    }
    let message = advice(turn, flag, urgency);
    say(turn, message);
}

fn ask(turn: &mut Turn<'_>, flag: &str, urgency: Urgency) {
    let Some(found) = turn.bot.library.safety.red_flag(flag) else { return raise(turn, flag, urgency) };
    guide::pause_for_safety(turn);
    turn.recent.asked_about = Some((found.id.clone(), urgency));
    let phrases = turn.phrases();
    let message = Message::say(found.ask.as_str())
        .paragraph(phrases.doubt_meanwhile())
        .choice(Choice::new(phrases.choice_yes(), format!("doubt {flag} yes")).main().words("yes, y"))
        .choice(Choice::new(phrases.choice_no(), format!("doubt {flag} no")).words("no, n, none, neither"));
    say(turn, message);
}

/// What to do: action first, nothing about massage, the local number when an admin has given one.
fn advice(turn: &Turn<'_>, flag: &str, urgency: Urgency) -> Message {
    let phrases = turn.phrases();
    let found = turn.bot.library.safety.red_flag(flag);
    let text = match found {
        Some(found) if urgency == Urgency::Emergency && !found.emergency_advice.is_empty() => {
            found.emergency_advice.clone()
        }
        // Raised above its own urgency by what was written: the plain emergency words.
        Some(found) if urgency == Urgency::Emergency && found.urgency < urgency => phrases.emergency_plain(),
        Some(found) => found.advice.clone(),
        None => phrases.emergency_plain(),
    };
    let message = Message::say(text);
    let local = turn.layers().word(&EMERGENCY_TEXT);
    if urgency == Urgency::Emergency && !local.is_empty() { message.paragraph(local) } else { message }
}

/// What was said aloud is answered aloud: in an emergency nothing is withheld. A command is answered to its sender alone.
fn say(turn: &mut Turn<'_>, message: Message) {
    let is_said = matches!(turn.person.input, Input::Said { .. } | Input::Unasked { .. });
    let aloud = is_said || turn.person.place.kind.is_private();
    let audience = if aloud { Audience::Everyone } else { Audience::Private };
    let place = turn.person.place.clone();
    turn.say_at_once(&place, Message { audience, quiet: turn.is_quiet(), ..message });
}

/// What a person wrote in this event. A choice's line is the bot's own. An argument stands for itself, too: the command's own
/// words before it must not change what it says.
pub(super) fn written(turn: &Turn<'_>) -> Vec<String> {
    let arguments = |invocation: &Invocation| invocation.free_text().map(str::to_owned).collect::<Vec<_>>();
    match &turn.person.input {
        Input::Said { text, .. } | Input::Unasked { text, .. } => {
            let more = super::command_in(turn, text).as_ref().map(arguments).unwrap_or_default();
            std::iter::once(text.clone()).chain(more).collect()
        }
        Input::Invoked(invocation) => arguments(invocation),
        Input::Completed { with: With::Text(text), .. } => vec![text.clone()],
        Input::Completed { with: With::Ids(_), .. } | Input::Pressed { .. } | Input::NotTheirs => Vec::new(),
    }
}

/// The command that this event is, however it came.
pub(super) fn command(turn: &Turn<'_>) -> Option<Invocation> {
    match &turn.person.input {
        Input::Said { text, .. } => super::command_in(turn, text),
        Input::Invoked(invocation) => Some(invocation.clone()),
        Input::Pressed { line } => parse(line).ok(),
        Input::Completed { line, with } => super::completed(line, with),
        Input::NotTheirs | Input::Unasked { .. } => None,
    }
}

/// What a person says in their own words, beside the words of a command.
fn talk(turn: &Turn<'_>, command: Option<&Invocation>) -> Option<String> {
    match (&turn.person.input, command) {
        (
            Input::Pressed { .. }
            | Input::Completed { with: With::Ids(_), .. }
            | Input::NotTheirs
            | Input::Unasked { .. },
            _,
        ) => None,
        (Input::Completed { with: With::Text(text), .. }, _) => Some(text.clone()),
        (_, Some(invocation)) => invocation.free_text().next().map(str::to_owned),
        (Input::Said { text, .. }, None) => Some(text.clone()),
        (Input::Invoked(_), None) => None,
    }
}

/// Whether a command begins a routine or carries on with it.
fn goes_on(command: Command) -> bool {
    matches!(
        command,
        Command::RoutineStart
            | Command::Screen
            | Command::Check
            | Command::Next
            | Command::Back
            | Command::Repeat
            | Command::Resume
            | Command::More
            | Command::Easier
    )
}

fn is_no(turn: &Turn<'_>, text: &str) -> bool {
    let no = Choice::new(turn.phrases().choice_no(), "").words(&turn.phrases().words_no());
    no.is_meant_by(text)
}

fn weight(verdict: &Verdict) -> (u8, Option<Urgency>) {
    match verdict {
        Verdict::Clear => (0, None),
        Verdict::About { .. } => (1, None),
        Verdict::CheckIn => (2, None),
        Verdict::Doubtful { urgency, .. } => (3, Some(*urgency)),
        Verdict::Raised { urgency, .. } => (4, Some(*urgency)),
    }
}
