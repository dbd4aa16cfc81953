//! Who changed what, and the way back.
//!
//! It keeps no name and no id of anybody: a mark tells the admins of one server apart, and each of them is told their own.

use crate::base::id::{ChannelId, Place, PlaceKind, ServerId, UserId, stable_hash};
use crate::message::model::{Block, Choice, Message, Text};
use crate::port::action::{Order, Post};
use crate::port::audit::{AUDITED, Audit, Audited};
use crate::settings::file::Difference;
use crate::settings::table::{LOG_CHANNEL, TIME_ZONE};
use crate::settings::value::{Value, Values};

use super::file::lines;
use super::{may, replace};
use crate::bot::refusal::Refusal;
use crate::bot::turn::Turn;

/// Changes that are shown in a message; all of them come as a file.
const SHOWN: usize = 10;

/// The longest value that is entered whole, in characters.
const LONGEST: usize = 120;

/// Shows who changed what, the newest first; or all of it, as a file.
pub(in crate::bot) fn log(turn: &mut Turn<'_>, all: bool) {
    if !may(turn) {
        return;
    }
    let phrases = turn.phrases();
    let Some(server) = turn.person.place.server.clone() else { return };
    let own = mark(&server, &turn.person.who);
    let audit = turn.audit();
    if audit.entries.is_empty() {
        return turn.tell(Message::say(phrases.log_nothing()));
    }
    let zone = turn.layers().word(&TIME_ZONE);
    let line = |entry: &Audited| {
        let Audited { at, who, key, from, to } = entry;
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| phrases.layer("default"));
        phrases.log_line(&at.in_zone(&zone), who, key, &value(from), &value(to))
    };
    let newest = audit.entries.iter().rev();
    let message = if all {
        let content = newest.map(|entry| line(entry) + "\n").collect();
        Message::say(phrases.log_intro(&zone))
            .fine(phrases.log_own(&own))
            .block(Block::File { name: "nape-log.txt".to_owned(), content })
    } else {
        let more = audit.entries.len() > SHOWN;
        let message = Message::say(phrases.log_intro(&zone))
            .items(newest.take(SHOWN).map(|entry| Text::default().plain(line(entry))))
            .fine(phrases.log_own(&own));
        if more { message.choice(Choice::new(phrases.choice_log_all(), "nape-admin log all=all")) } else { message }
    };
    turn.tell(message);
}

/// Undoes the last change, however much it changed.
pub(in crate::bot) fn rollback(turn: &mut Turn<'_>) {
    if !may(turn) {
        return;
    }
    let Some(before) = turn.audit().before.clone() else { return turn.refuse(Refusal::NothingToUndo) };
    let Some(differing) = replace(turn, before) else { return };
    turn.change_audit(|audit| audit.before = None);
    let phrases = turn.phrases();
    turn.tell(Message::say(phrases.rolled_back()).items(lines(phrases, &differing)));
}

/// Enters a change, keeps what stood before it, and announces it where the server wants that.
pub(super) fn enter(turn: &mut Turn<'_>, before: Values, differing: &[Difference]) {
    let Some(server) = turn.person.place.server.clone() else { return };
    let (at, who) = (turn.now, mark(&server, &turn.person.who));
    let entry = |Difference { setting, from, to }: &Difference| Audited {
        at,
        who: who.clone(),
        key: setting.key.to_owned(),
        from: from.as_ref().map(brief),
        to: to.as_ref().map(brief),
    };
    turn.change_audit(|Audit { entries, before: undo }| {
        entries.extend(differing.iter().map(entry));
        entries.drain(..entries.len().saturating_sub(AUDITED));
        *undo = Some(before);
    });
    announce(turn, &server, &who, differing);
}

/// As much of a value as the log keeps: five hundred of them are one record.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Announces that nothing was changed: whether it can be read there is seen there.
pub(super) fn test(turn: &mut Turn<'_>) {
    let Some(server) = turn.person.place.server.clone() else { return };
    let phrases = turn.phrases();
    let channel = turn.layers().word(&LOG_CHANNEL);
    if channel.is_empty() {
        return turn.tell(Message::say(phrases.trial_no_log()));
    }
    say_there(turn, &server, channel, Message::say(phrases.log_tested(&mark(&server, &turn.person.who))));
    turn.tell(Message::say(phrases.trial_log()));
}

/// Says it in the channel that the server has set for that, after the change as well as before it.
fn announce(turn: &mut Turn<'_>, server: &ServerId, who: &str, differing: &[Difference]) {
    let channel = turn.layers().word(&LOG_CHANNEL);
    if channel.is_empty() {
        return;
    }
    let phrases = turn.phrases();
    let message = Message::say(phrases.log_announced(who)).items(lines(phrases, differing));
    say_there(turn, server, channel, message);
}

fn say_there(turn: &mut Turn<'_>, server: &ServerId, channel: String, message: Message) {
    let platform = turn.person.place.platform.clone();
    let place = Place {
        server: Some(server.clone()),
        channel: ChannelId::new(&platform, channel),
        parent: None,
        kind: PlaceKind::Shared,
        platform,
    };
    let person = turn.person.who.clone();
    let post = Post { place, person, reply: None, step: None, begins: false, urgent: false, instead: false, message };
    turn.outcome.orders.push(Order::Say(post));
}

/// What tells the admins of a server apart. It is nobody's name, and another one in every server.
fn mark(server: &ServerId, who: &UserId) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut rest = stable_hash(format!("{server} {who}").as_bytes());
    let letters = std::iter::repeat_with(|| {
        let letter = char::from(ALPHABET[(rest % 32) as usize]);
        rest /= 32;
        letter
    });
    letters.take(6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_same_in_one_server_and_another_in_the_next() {
        let (server, other) = (ServerId::from_stored("t:1"), ServerId::from_stored("t:2"));
        let who = UserId::from_stored("t:anna");
        assert_eq!(mark(&server, &who), mark(&server, &who));
        assert_ne!(mark(&server, &who), mark(&other, &who));
        assert_ne!(mark(&server, &who), mark(&server, &UserId::from_stored("t:ben")));
        assert!(mark(&server, &who).len() == 6 && !mark(&server, &who).contains("anna"));
    }
}
