//! What the switched-on features need, beside what the bot has.

use crate::message::model::{Choice, Message, Text};
use crate::port::action::Venue;
use crate::port::event::Ground;
use crate::settings::table::{EMERGENCY_TEXT, ROUTINE_PLACE, ROUTINES};

use super::may;
use crate::bot::turn::Turn;

/// Compares what the switched-on features need with what the bot has, and says what to do about each.
pub(in crate::bot) fn check(turn: &mut Turn<'_>) {
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
pub(in crate::bot) fn missing(turn: &Turn<'_>, wanted: &str) -> Vec<String> {
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
