//! The settings of a server or room: shown, set and checked by those who may configure it, and by nobody else.
//!
//! It never shows whether or how anybody uses the bot.

use crate::message::model::{Choice, Message, Text};
use crate::port::action::Venue;
use crate::port::event::Ground;
use crate::settings::table::{self, EMERGENCY_TEXT, Kind, Layer, ROUTINE_PLACE, ROUTINES, Setting};

use super::refusal::Refusal;
use super::setting;
use super::turn::Turn;

/// All settings, or one with what it takes.
pub(super) fn show(turn: &mut Turn<'_>, key: Option<&str>) {
    if !may(turn) {
        return;
    }
    let Some(key) = key else {
        let choices = setting::of(Layer::Server)
            .map(|row| Choice::new(row.key.replace('_', " "), format!("nape-admin show {}", row.key)));
        let message = Message::say(turn.phrases().admin_intro()).items(setting::lines(turn, Layer::Server));
        return turn.tell(message.fine(turn.phrases().admin_how()).choices(choices));
    };
    let Some(row) = found(turn, key) else { return };
    let card = setting::card(turn, row, Layer::Server);
    turn.tell(card);
}

/// Sets one. Without a value it says how that is written.
pub(super) fn set(turn: &mut Turn<'_>, key: &str, value: Option<&str>) {
    if !may(turn) {
        return;
    }
    let Some(row) = found(turn, key) else { return };
    let Some(value) = value else {
        if matches!(row.kind, Kind::Text { .. }) {
            return turn.tell(Message::say(turn.phrases().setting_write(row.key)));
        }
        return turn.tell(setting::card(turn, row, Layer::Server));
    };
    match row.read(value) {
        Ok(value) => change(turn, row, |values| drop(values.set(row.key, value))),
        Err(bad) => {
            let allowed = setting::allowed(turn, &bad);
            turn.refuse(Refusal::BadValue { key: row.key.to_owned(), allowed });
        }
    }
}

/// Takes one back, so that the default holds.
pub(super) fn reset(turn: &mut Turn<'_>, key: &str) {
    if !may(turn) {
        return;
    }
    let Some(row) = found(turn, key) else { return };
    change(turn, row, |values| drop(values.reset(row.key)));
}

/// Compares what the switched-on features need with what the bot has, and says what to do about each.
pub(super) fn check(turn: &mut Turn<'_>) {
    if !may(turn) {
        return;
    }
    let phrases = turn.phrases();
    let mut findings: Vec<Text> = Vec::new();
    let mut invite = None;
    if turn.layers().is_on(&ROUTINES) {
        let wanted = turn.layers().word(&ROUTINE_PLACE);
        if let Some(Ground { missing, invite: link, .. }) = ground(turn, &wanted) {
            findings.extend(missing.iter().map(|right| phrases.check_missing(right, &phrases.place(&wanted)).into()));
            invite.clone_from(link);
        }
    }
    if turn.layers().word(&EMERGENCY_TEXT).is_empty() {
        findings.push(phrases.check_emergency_text().into());
    }
    let message = if findings.is_empty() {
        Message::say(phrases.check_fine())
    } else {
        Message::say(phrases.check_found()).items(findings)
    };
    let message = match invite {
        Some(url) => message.paragraph(Text::default().link(phrases.check_invite(), url)),
        None => message,
    };
    turn.tell(message.choice(Choice::new(phrases.choice_server_settings(), "nape-admin show")));
}

/// The rights that are missing for this kind of place.
pub(super) fn missing(turn: &Turn<'_>, wanted: &str) -> Vec<String> {
    ground(turn, wanted).map(|ground| ground.missing.clone()).unwrap_or_default()
}

/// What this kind of place needs, as far as the platform has said.
fn ground<'a>(turn: &'a Turn<'_>, wanted: &str) -> Option<&'a Ground> {
    let place = match wanted {
        "private_thread" => Some(Venue::PrivateThread),
        "public_thread" => Some(Venue::PublicThread),
        "direct" => Some(Venue::Direct),
        _ => None,
    };
    turn.person.grounds.iter().find(|ground| ground.place == place)
}

/// Whether there is a server here and its person may configure it; else they are told.
fn may(turn: &mut Turn<'_>) -> bool {
    let refusal = match (&turn.person.place.server, turn.person.may_configure) {
        (Some(_), true) => return true,
        (Some(_), false) => Refusal::NotAdmin,
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

fn change(turn: &mut Turn<'_>, row: &Setting, what: impl FnOnce(&mut crate::settings::value::Values)) {
    let before = turn.server_value(row);
    turn.change_server(|server| what(&mut server.settings));
    let after = turn.server_value(row);
    turn.tell(Message::say(turn.phrases().setting_changed(row.key, &setting::shown(&before), &setting::shown(&after))));
}
