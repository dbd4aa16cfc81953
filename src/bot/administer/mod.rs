//! The settings of a server or room: shown, set and checked by those who may configure it, and by nobody else.
//!
//! It never shows whether or how anybody uses the bot. Every change goes through [`replace`], so that all are held against the same
//! rights, logged, and can be undone.

mod check;
mod file;
mod log;
mod setup;
mod trial;

pub(super) use check::{check, missing};
pub(super) use file::{apply, export, plan};
pub(super) use log::{log, rollback};
pub(super) use setup::{answered, setup};
pub(super) use trial::test;

use crate::message::model::{Choice, Message};
use crate::port::event::{Input, With};
use crate::settings::file::{Difference, differences};
use crate::settings::table::{self, ADMIN_ROLES, HERE, Ids, Kind, Layer, NOTHING, Setting};
use crate::settings::value::{Value, Values};

use super::refusal::Refusal;
use super::setting;
use super::turn::Turn;

/// Why somebody may configure a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// The platform lets them, or they run the program.
    Own,
    /// They have a role that somebody with the right of their own has named.
    Named,
}

/// The right by which this person may configure the server here, as things stand at this very moment.
pub(super) fn right(turn: &Turn<'_>) -> Option<Right> {
    turn.person.place.server.as_ref()?;
    if turn.person.may_configure || turn.bot.operators.contains(&turn.person.who) {
        return Some(Right::Own);
    }
    let named = turn.layers().words(&ADMIN_ROLES);
    turn.person.roles.iter().any(|role| named.contains(role)).then_some(Right::Named)
}

/// All settings, or one with what it takes.
pub(super) fn show(turn: &mut Turn<'_>, key: Option<&str>) {
    if !may(turn) {
        return;
    }
    let Some(key) = key else {
        let choices = setting::of(Layer::Server)
            .map(|row| Choice::new(row.key.replace('_', " "), format!("nape-admin show {}", row.key)));
        let message = Message::say(turn.phrases().admin_intro()).items(setting::lines(turn, Layer::Server));
        let check = Choice::new(turn.phrases().choice_check(), "nape-admin check");
        return turn.tell_instead(message.fine(turn.phrases().admin_how()).choices(choices).choice(check));
    };
    let Some(row) = found(turn, key) else { return };
    let panel = panel(turn, row);
    turn.tell_instead(panel);
}

/// Sets one. Without a value it says how that is written.
pub(super) fn set(turn: &mut Turn<'_>, key: &str, value: Option<&str>) {
    if !may(turn) {
        return;
    }
    let Some(row) = found(turn, key) else { return };
    let Some(value) = value else {
        // Where nothing opens to pick from or to write into, the choice that would do so says how it is typed.
        if is_on_panel(turn) && setting::by_hand(turn, row, Layer::Server).is_some() {
            return turn.tell(Message::say(turn.phrases().setting_write(row.key)));
        }
        let panel = panel(turn, row);
        return turn.tell_instead(panel);
    };
    let Some(value) = read(turn, row, value) else { return };
    change(turn, row, |values| drop(values.set(row.key, value)));
}

/// Takes one back, so that the default holds.
pub(super) fn reset(turn: &mut Turn<'_>, key: &str) {
    if !may(turn) {
        return;
    }
    let Some(row) = found(turn, key) else { return };
    change(turn, row, |values| drop(values.reset(row.key)));
}

/// One setting, to be changed and tried out.
fn panel(turn: &Turn<'_>, row: &Setting) -> Message {
    let phrases = turn.phrases();
    setting::card(turn, row, Layer::Server)
        .choice(Choice::new(phrases.choice_test(), format!("nape-admin test {}", row.key)))
        .choice(Choice::new(phrases.choice_server_settings(), "nape-admin show"))
}

/// Whether it was done by a choice, and not by a command.
fn is_on_panel(turn: &Turn<'_>) -> bool {
    matches!(turn.person.input, Input::Pressed { .. } | Input::Completed { .. })
}

/// Whether there is a server here and its person may configure it; else they are told.
fn may(turn: &mut Turn<'_>) -> bool {
    let refusal = match (&turn.person.place.server, right(turn)) {
        (Some(_), Some(_)) => return true,
        (Some(_), None) => Refusal::NotAdmin,
        (None, _) => Refusal::NoServer,
    };
    turn.refuse(refusal);
    false
}

fn found(turn: &mut Turn<'_>, key: &str) -> Option<&'static Setting> {
    let row = table::find(key).filter(|row| row.may_be_set_by(Layer::Server));
    if row.is_none() {
        turn.refuse(Refusal::NoSuchServerSetting);
    }
    row
}

/// A value as somebody typed it for this setting; else they are told what it takes.
fn read(turn: &mut Turn<'_>, row: &Setting, typed: &str) -> Option<Value> {
    let word = typed.trim().to_lowercase();
    let is_picked = matches!(turn.person.input, Input::Completed { with: With::Ids(_), .. });
    let value = match row.kind {
        Kind::Ids { of: Ids::Channels, .. } => {
            let here = turn.person.place.root().local();
            let ids = typed.split([',', ' ']).map(|part| if part.eq_ignore_ascii_case(HERE) { here } else { part });
            row.read(&ids.collect::<Vec<_>>().join(" "))
        }
        // Only where it is typed, or picked from the server's own list, is a channel known to belong to this server.
        Kind::Place if is_picked => row.read(typed),
        // A thread closes one day: its channel stands for it.
        Kind::Place if word == HERE => row.read(turn.person.place.root().local()),
        Kind::Place if word != NOTHING => row.read(""),
        _ => row.read(typed),
    };
    let wrong_place = row.kind == Kind::Place && !is_picked && ![HERE, NOTHING].contains(&word.as_str());
    match value {
        Ok(value) if !wrong_place => Some(value),
        Ok(_) => {
            turn.refuse(Refusal::BadValue { key: row.key.to_owned(), allowed: format!("{HERE}, {NOTHING}") });
            None
        }
        Err(bad) => {
            let allowed = setting::allowed(turn, &bad);
            turn.refuse(Refusal::BadValue { key: row.key.to_owned(), allowed });
            None
        }
    }
}

/// Changes one setting and says from what to what; where it was chosen, with the choices as they are now.
fn change(turn: &mut Turn<'_>, row: &Setting, what: impl FnOnce(&mut Values)) {
    let Some(line) = changed(turn, row, what) else { return };
    if is_on_panel(turn) {
        let panel = panel(turn, row).paragraph(line);
        turn.tell_instead(panel);
    } else {
        turn.tell(Message::say(line));
    }
}

/// Changes one setting; what there is to say about it, unless it was refused.
fn changed(turn: &mut Turn<'_>, row: &Setting, what: impl FnOnce(&mut Values)) -> Option<String> {
    let before = turn.server_value(row);
    let mut next = turn.server().settings.clone();
    what(&mut next);
    replace(turn, next)?;
    let after = turn.server_value(row);
    Some(turn.phrases().setting_changed(row.key, &setting::shown(&before), &setting::shown(&after)))
}

/// Puts other values in the place of a server's, in one commit with their log and the way back, and announces it where the server
/// wants that. What differs comes back; nothing when it was refused.
fn replace(turn: &mut Turn<'_>, next: Values) -> Option<Vec<Difference>> {
    let before = turn.server().settings.clone();
    let differing = differences(&before, &next);
    if differing.is_empty() {
        return Some(differing);
    }
    // Else a role could give itself to others, or take the right away from those who named it.
    if right(turn) != Some(Right::Own) && differing.iter().any(|difference| difference.setting.key == ADMIN_ROLES.key) {
        turn.refuse(Refusal::OnlyTheirOwn { key: ADMIN_ROLES.key.to_owned() });
        return None;
    }
    turn.change_server(|server| server.settings = next);
    log::enter(turn, before, &differing);
    Some(differing)
}
