//! What the switched-on features need, beside what the bot has.

use crate::message::model::{Choice, Message, Text};
use crate::port::action::Venue;
use crate::port::event::{Ground, Where};
use crate::settings::table::{
    CHANNELS, CHANNELS_DENIED, EMERGENCY_TEXT, LOG_CHANNEL, ROUTINE_PLACE, ROUTINES, Setting,
};

use super::may;
use crate::bot::turn::Turn;

/// Compares what the switched-on features need with what the bot has, and says what to do about each.
pub(in crate::bot) fn check(turn: &mut Turn<'_>) {
    if !may(turn) {
        return;
    }
    let phrases = turn.phrases();
    let leads_routines = turn.layers().is_on(&ROUTINES);
    let announces = !turn.layers().word(&LOG_CHANNEL).is_empty();
    let place = if leads_routines { turn.layers().word(&ROUTINE_PLACE) } else { "direct".to_owned() };
    let routines = for_routines(turn, &place);
    let mut findings: Vec<Text> = Vec::new();
    if let (true, Some(ground)) = (leads_routines, routines) {
        findings.extend(ground.missing.iter().map(|right| phrases.check_missing(right, &phrases.place(&place)).into()));
    }
    if let Some(answers) = ground(turn, &Where::Answers) {
        findings.extend(answers.missing.iter().map(|right| phrases.check_answers_missing(right).into()));
        if answers.encrypted == Some(false) {
            findings.push(phrases.check_not_encrypted().into());
        }
    }
    if turn.layers().word(&EMERGENCY_TEXT).is_empty() {
        findings.push(phrases.check_emergency_text().into());
    }
    findings.extend(announcements(turn));
    findings.extend([&CHANNELS, &CHANNELS_DENIED].into_iter().flat_map(|list| gone(turn, list)));
    let invite =
        routines.and_then(|ground| ground.invite.as_ref()).and_then(|invite| match (leads_routines, announces) {
            (_, true) => Some(invite.with_log.clone()),
            (true, false) => Some(invite.alone.clone()),
            (false, false) => None,
        });
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
    for_routines(turn, wanted).map(|ground| ground.missing.clone()).unwrap_or_default()
}

/// What this kind of place for routines needs, as far as the platform has said.
fn for_routines<'a>(turn: &'a Turn<'_>, wanted: &str) -> Option<&'a Ground> {
    let place = match wanted {
        "private_thread" => Where::In(Venue::PrivateThread),
        "public_thread" => Where::In(Venue::PublicThread),
        "direct" => Where::In(Venue::Direct),
        _ => Where::Here,
    };
    ground(turn, &place)
}

/// What there is to say of the channel in which changes are announced.
fn announcements(turn: &Turn<'_>) -> Vec<Text> {
    let phrases = turn.phrases();
    let channel = turn.layers().word(&LOG_CHANNEL);
    if channel.is_empty() {
        return Vec::new();
    }
    let here = (channel == turn.person.place.root().local()).then(|| ground(turn, &Where::Here)).flatten();
    match ground(turn, &Where::Channel(channel)).or(here) {
        Some(ground) => {
            ground.missing.iter().map(|right| phrases.check_log_missing(right, LOG_CHANNEL.key).into()).collect()
        }
        None if knows_channels(turn) => vec![phrases.check_channel_gone(LOG_CHANNEL.key).into()],
        None => Vec::new(),
    }
}

/// What there is to say of a list that names channels which are no more.
fn gone(turn: &Turn<'_>, list: &Setting) -> Option<Text> {
    let mut named = turn.layers().words(list).into_iter();
    let is_gone = knows_channels(turn) && named.any(|id| ground(turn, &Where::Channel(id)).is_none());
    is_gone.then(|| turn.phrases().check_channel_gone(list.key).into())
}

/// Whether the platform has said which channels there are.
fn knows_channels(turn: &Turn<'_>) -> bool {
    turn.person.grounds.iter().any(|ground| matches!(ground.place, Where::Channel(_)))
}

fn ground<'a>(turn: &'a Turn<'_>, place: &Where) -> Option<&'a Ground> {
    turn.person.grounds.iter().find(|ground| ground.place == *place)
}
