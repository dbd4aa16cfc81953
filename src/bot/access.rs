//! Where a server lets the bot be used, and how much may be asked of it.
//!
//! It comes behind the red-flag gate: an emergency is answered everywhere and at any rate. Neither does it ever stand in the way of ending
//! a routine, of the signs to know, of one's own data, or of those who may configure the server.

use std::time::Duration;

use crate::command::table::{Command, Shown};
use crate::port::event::Limit;
use crate::settings::table::{CHANNELS, CHANNELS_DENIED, ROUTINE_ROLES};

use super::refusal::Refusal;
use super::turn::Turn;
use super::{administer, alarm};

/// After it has been said that the bot isn't used here, nothing more is said for so long.
const SILENT: Duration = Duration::from_secs(10 * 60);

/// Whether the event goes beyond a limit; then it is done with, said or in silence.
pub(super) fn is_beyond(turn: &mut Turn<'_>, beyond: Option<(Limit, bool)>) -> bool {
    let Some((limit, tell)) = beyond else { return false };
    if command(turn).is_some_and(|command| matches!(command, Command::Stop | Command::Hurts | Command::Pause)) {
        return false;
    }
    let refusal = match limit {
        Limit::Person => Refusal::TooOften,
        Limit::Place => Refusal::PlaceBusy,
        Limit::Total => Refusal::AllBusy,
    };
    if tell {
        turn.refuse(refusal);
    } else {
        turn.pass_over(&refusal);
    }
    true
}

/// Whether the server doesn't want the bot to be used here; then it was said, once in a while.
pub(super) fn is_denied(turn: &mut Turn<'_>) -> bool {
    if !is_closed(turn) || command(turn).is_some_and(is_always_open) {
        return false;
    }
    let told = turn.recent.closed.filter(|at| turn.now.since(*at) < SILENT && *at <= turn.now);
    if told.is_some() {
        turn.pass_over(&Refusal::NotHere);
    } else {
        turn.recent.closed = Some(turn.now);
        turn.refuse(Refusal::NotHere);
    }
    true
}

/// Whether the server's lists leave this place out. A thread is as open as its channel; a direct conversation has no channel.
fn is_closed(turn: &Turn<'_>) -> bool {
    if turn.person.place.kind.is_private() {
        return false;
    }
    let root = turn.person.place.root().local();
    let names = |list: Vec<String>| list.iter().any(|id| id == root);
    let only = turn.layers().words(&CHANNELS);
    names(turn.layers().words(&CHANNELS_DENIED)) || !only.is_empty() && !names(only)
}

/// What is open in every place: ending or leading on what runs, the signs, the reason, one's own data, and the settings themselves,
/// which check their person by themselves.
fn is_always_open(command: Command) -> bool {
    let always = matches!(
        command,
        Command::Safety
            | Command::Seen
            | Command::Doubt
            | Command::Felt
            | Command::Why
            | Command::MyData
            | Command::MyExport
            | Command::MyDelete
            | Command::AdminAnswer
    );
    always || matches!(command.spec().shown, Shown::Verb | Shown::Admin)
}

/// Whether this person may start routines, by the roles that the server has named for that.
pub(super) fn may_start(turn: &Turn<'_>) -> bool {
    let only = turn.layers().words(&ROUTINE_ROLES);
    only.is_empty()
        || turn.person.place.kind.is_private()
        || administer::right(turn).is_some()
        || turn.person.roles.iter().any(|role| only.contains(role))
}

/// The command that this event is; in a running session, what is said there in other words counts as one of its verbs.
fn command(turn: &Turn<'_>) -> Option<Command> {
    alarm::command(turn).map(|invocation| invocation.command).or_else(|| super::meant(turn))
}
