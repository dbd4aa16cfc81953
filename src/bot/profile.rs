//! What is kept of a person: preferences, counts, and their right to see, take and delete them.

use crate::message::model::{Block, Choice, Message};
use crate::port::record::Key;
use crate::settings::table::{self, Layer, TIME_ZONE};

use super::guide;
use super::refusal::Refusal;
use super::setting;
use super::turn::{Turn, YEAR};

/// Shows preferences, one of them, or sets one.
pub(super) fn settings(turn: &mut Turn<'_>, key: Option<&str>, value: Option<&str>) {
    let Some(key) = key else { return show_all(turn) };
    let Some(row) = table::find(key) else {
        return turn.refuse(Refusal::NoSuchSetting);
    };
    let Some(value) = value else {
        let card = setting::card(turn, row, Layer::Person);
        return turn.tell(card);
    };
    if !row.may_be_set_by(Layer::Person) {
        return turn.refuse(Refusal::NotYours { key: row.key.to_owned() });
    }
    let before = turn.layers().resolve(row).value;
    if matches!(value.trim().to_lowercase().as_str(), "reset" | "default") {
        turn.change_me(|me| {
            me.settings.reset(row.key);
        });
    } else {
        match row.read(value) {
            Ok(value) => turn.change_me(|me| {
                me.settings.set(row.key, value);
            }),
            Err(bad) => {
                return turn
                    .refuse(Refusal::BadValue { key: row.key.to_owned(), allowed: setting::allowed(turn, &bad) });
            }
        }
    }
    let after = turn.layers().resolve(row).value;
    turn.tell(Message::say(turn.phrases().setting_changed(row.key, &before.to_string(), &after.to_string())));
}

/// What is stored and why.
pub(super) fn data(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let mut lines: Vec<String> = Vec::new();
    let me = turn.me();
    lines.extend(me.settings.0.iter().map(|(key, value)| phrases.data_setting(key, &value.to_string())));
    let zone = turn.layers().word(&TIME_ZONE);
    lines.extend(me.screened.map(|at| phrases.data_screened(&day(&at.in_zone(&zone)))));
    let felt = me.felt;
    if felt.better + felt.same + felt.worse > 0 {
        lines.push(phrases.data_felt(felt.better, felt.same, felt.worse));
    }
    if turn.records.get(&Key::Person(turn.person.who.clone())).is_some() {
        let days = turn.keep().unwrap_or(YEAR);
        lines.push(phrases.data_last_used(&day(&me.last_used.in_zone("UTC")), days));
    }
    lines.extend(turn.session().map(|running| phrases.data_session(running.session.at + 1)));
    lines.extend(turn.records.lock(&turn.person.who).map(|lock| phrases.data_lock(&lock.until.in_zone(&zone), &zone)));
    if lines.is_empty() {
        return turn.tell(Message::say(phrases.data_nothing()).fine(phrases.data_never()));
    }
    let mut message = Message::say(phrases.data_intro()).items(lines).fine(phrases.data_never());
    if felt.better + felt.same + felt.worse > 0 {
        message = message.choice(Choice::new(phrases.choice_clear_counts(), "felt clear"));
    }
    turn.tell(
        message
            .choice(Choice::new(phrases.choice_export(), "my export"))
            .choice(Choice::new(phrases.choice_delete(), "my delete").grave()),
    );
}

/// The same as a file that other programs can read.
pub(super) fn export(turn: &mut Turn<'_>) {
    let who = &turn.person.who;
    let json = serde_json::json!({
        "format": "nape-person-1",
        "user": who.as_str(),
        "person": turn.records.get(&Key::Person(who.clone())).map(|_| turn.me().clone()),
        "session": turn.session(),
        "lock": turn.records.lock(who),
    });
    let content = serde_json::to_string_pretty(&json).unwrap_or_default();
    let message =
        Message::say(turn.phrases().export_ready()).block(Block::File { name: "nape-export.json".to_owned(), content });
    turn.tell(message);
}

/// Asks once, then deletes at once. A lock that still runs stays, and that is said.
pub(super) fn delete(turn: &mut Turn<'_>, sure: bool) {
    let who = turn.person.who.clone();
    let lock = turn.records.lock(&who);
    let is_known = turn.records.get(&Key::Person(who.clone())).is_some();
    if !is_known && turn.session().is_none() && lock.is_none() {
        return turn.refuse(Refusal::NothingStored);
    }
    let phrases = turn.phrases();
    if !sure {
        return turn.tell(
            Message::say(phrases.delete_question())
                .choice(Choice::new(phrases.choice_delete_yes(), "my delete sure=yes").grave().words("yes, delete"))
                .choice(Choice::new(phrases.choice_keep(), "my data").words("no, keep")),
        );
    }
    if let Some(running) = turn.session() {
        guide::close(&mut turn.outcome, turn.records, &who, running);
    }
    turn.outcome.delete(Key::Person(who.clone()));
    let still_locked = lock.is_some_and(|lock| turn.now < lock.until);
    if lock.is_some() && !still_locked {
        turn.outcome.delete(Key::Lock(who));
    }
    turn.recent = Default::default();
    let message = Message::say(phrases.deleted());
    turn.tell(if still_locked { message.paragraph(phrases.deleted_but_lock()) } else { message });
}

/// What stands for the question "how is it now?" among the things that were voted for. No entry has such an id.
pub(super) const FELT: &str = "felt";

/// How a routine was: counted, nothing else kept; the counts can be cleared.
pub(super) fn felt(turn: &mut Turn<'_>, answer: &str) {
    let phrases = turn.phrases();
    // A second tap on the same question is not counted.
    let again = turn.recent.voted.as_deref() == Some(FELT) && answer != "clear";
    turn.recent.voted = (answer != "clear").then(|| FELT.to_owned());
    turn.change_me(|me| match answer {
        _ if again => {}
        "better" => me.felt.better = me.felt.better.saturating_add(1),
        "same" => me.felt.same = me.felt.same.saturating_add(1),
        "worse" => me.felt.worse = me.felt.worse.saturating_add(1),
        _ => me.felt = Default::default(),
    });
    let message = match answer {
        "better" => Message::say(phrases.felt_better()),
        "same" => Message::say(phrases.felt_same()),
        "worse" => Message::say(phrases.felt_worse())
            .items(super::help::urgent_signs(turn))
            .choice(Choice::new(phrases.choice_safety(), "safety").main()),
        _ => Message::say(phrases.counts_cleared()),
    };
    turn.tell(message);
}

fn show_all(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let choices = setting::of(Layer::Person)
        .map(|row| Choice::new(row.key.replace('_', " "), format!("my settings {}", row.key)));
    let lines = setting::lines(turn, Layer::Person);
    turn.tell(Message::say(phrases.settings_intro()).items(lines).fine(phrases.settings_how()).choices(choices));
}

/// The day of a moment as clocks show it.
fn day(moment: &str) -> String {
    moment.chars().take(10).collect()
}
