//! A server's settings as a file: handed out, compared, taken over whole.

use crate::command::table::Command;
use crate::locale::Phrases;
use crate::message::model::{Block, Choice, Message, Text};
use crate::settings::file::{self, Difference, Fault, Wrong, differences};
use crate::settings::table::{HERE, LOG_CHANNEL, NOTHING, Setting};
use crate::settings::value::{Value, Values};

use super::{may, replace};
use crate::bot::refusal::Refusal;
use crate::bot::setting;
use crate::bot::turn::Turn;

/// Problems of a file that are told at a time.
const TOLD: usize = 40;

/// Hands out all settings as a file.
pub(in crate::bot) fn export(turn: &mut Turn<'_>) {
    if !may(turn) {
        return;
    }
    let phrases = turn.phrases();
    let content = file::write(&turn.server().settings, &phrases.settings_file_head(), |row| phrases.setting(row.key));
    let block = Block::File { name: "nape-settings.toml".to_owned(), content };
    turn.tell(Message::say(phrases.settings_file()).block(block));
}

/// Says what a file would change, and changes nothing.
pub(in crate::bot) fn plan(turn: &mut Turn<'_>, text: Option<&str>) {
    if !may(turn) {
        return;
    }
    let Some(next) = read(turn, Command::AdminPlan, text) else { return };
    let differing = differences(&turn.server().settings, &next);
    let phrases = turn.phrases();
    let message = if differing.is_empty() {
        Message::say(phrases.plan_nothing())
    } else {
        Message::say(phrases.plan_changes()).items(lines(phrases, &differing)).fine(phrases.plan_how())
    };
    turn.tell(message);
}

/// Makes the settings what a file says, all or nothing.
pub(in crate::bot) fn apply(turn: &mut Turn<'_>, text: Option<&str>) {
    if !may(turn) {
        return;
    }
    let Some(next) = read(turn, Command::AdminApply, text) else { return };
    let Some(differing) = replace(turn, next) else { return };
    let phrases = turn.phrases();
    if differing.is_empty() {
        return turn.tell(Message::say(phrases.plan_nothing()));
    }
    let undo = Choice::new(phrases.choice_undo(), "nape-admin rollback").grave();
    turn.tell(Message::say(phrases.applied()).items(lines(phrases, &differing)).choice(undo));
}

/// Each difference as a line: the key, what it was, what it becomes.
pub(super) fn lines(phrases: &Phrases, differing: &[Difference]) -> Vec<Text> {
    let value = |setting: &Setting, value: &Option<Value>| match value {
        Some(value) => setting::shown(value),
        None => phrases.value_unset(&setting::shown(&setting.default_value())),
    };
    let line = |Difference { setting, from, to }: &Difference| {
        Text::default().code(setting.key).plain(phrases.plan_line(&value(setting, from), &value(setting, to)))
    };
    differing.iter().map(line).collect()
}

/// What a file sets; else its person is told everything that is wrong with it. Settings of another version of the program stay as they are.
fn read(turn: &mut Turn<'_>, command: Command, text: Option<&str>) -> Option<Values> {
    let Some(text) = text else {
        // A file that an adapter couldn't get must never count as one that sets nothing.
        let phrases = turn.phrases();
        let words = command.spec().words;
        turn.tell(Message::say(phrases.file_write(words)).choice(Choice::new(phrases.choice_write(), words)));
        return None;
    };
    let said = match file::read(text) {
        Ok(values) if may_announce(turn, &values) => {
            let mut next = turn.server().settings.clone();
            for row in file::rows() {
                match values.get(row.key) {
                    Some(value) => drop(next.set(row.key, value.clone())),
                    None => drop(next.reset(row.key)),
                }
            }
            return Some(next);
        }
        Ok(_) => vec![turn.phrases().bad_file_place(LOG_CHANNEL.key)],
        Err(faults) => faults.iter().map(|fault| told(turn, fault)).collect(),
    };
    let more = said.len().saturating_sub(TOLD);
    turn.refuse(Refusal::BadFile { problems: said.into_iter().take(TOLD).collect(), more });
    None
}

/// Whether a file's channel for announcements is one that is known to be the server's own: this one, or the one that is set.
fn may_announce(turn: &Turn<'_>, values: &Values) -> bool {
    let there = turn.server().settings.get(LOG_CHANNEL.key);
    match values.get(LOG_CHANNEL.key) {
        Some(Value::Word(id)) => {
            id.is_empty() || id == turn.person.place.root().local() || there == Some(&Value::Word(id.clone()))
        }
        _ => true,
    }
}

/// A fault as a sentence. Nothing that stands in the file is repeated.
fn told(turn: &Turn<'_>, fault: &Fault) -> String {
    let phrases = turn.phrases();
    let line = fault.line;
    match &fault.wrong {
        Wrong::NotToml => phrases.bad_file_toml(line),
        Wrong::NoSuchKey { near: Some(near) } => phrases.bad_file_key_near(line, near),
        Wrong::NoSuchKey { near: None } => phrases.bad_file_key(line),
        Wrong::OtherKind { setting } => phrases.bad_file_kind(line, setting.key, &form(setting)),
        Wrong::Bad { setting, bad } if setting.kind == LOG_CHANNEL.kind => {
            let _ = bad;
            phrases.bad_file_value(line, setting.key, &format!("{HERE}, {NOTHING}"))
        }
        Wrong::Bad { setting, bad } => phrases.bad_file_value(line, setting.key, &setting::allowed(turn, bad)),
    }
}

/// A setting's default as it stands in a file: how its values are written.
fn form(setting: &Setting) -> String {
    let mut values = Values::default();
    values.set(setting.key, setting.default_value());
    let text = file::write(&values, "", |_| String::new());
    let line = text.lines().find(|line| line.starts_with(setting.key));
    line.unwrap_or_default().to_owned()
}
