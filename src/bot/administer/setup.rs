//! The few questions with which a server begins. Each answer is a change of its own, and each question can be skipped: whoever goes away
//! in between has set what they had answered.

use crate::command::parse::Invocation;
use crate::command::table::Command;
use crate::message::model::{Choice, Message};
use crate::settings::table::{ANSWERS, EMERGENCY_TEXT, Layer, ROUTINE_PLACE, ROUTINES, Setting};

use super::{changed, may, read};
use crate::bot::setting;
use crate::bot::turn::Turn;

/// What is asked, in this order.
const QUESTIONS: [&Setting; 4] = [&ANSWERS, &ROUTINES, &ROUTINE_PLACE, &EMERGENCY_TEXT];

/// Begins.
pub(in crate::bot) fn setup(turn: &mut Turn<'_>) {
    if may(turn) {
        let message = ask(turn, 1, Message::say(turn.phrases().setup_intro()));
        turn.tell_instead(message);
    }
}

/// The answer to a question, from 1; without a value it is skipped. Then comes the next.
pub(in crate::bot) fn answered(turn: &mut Turn<'_>, number: u32, value: Option<&str>) {
    if !may(turn) {
        return;
    }
    let mut message = Message::new();
    if let (Some(row), Some(typed)) = (question(number), value) {
        let Some(value) = read(turn, row, typed) else { return };
        let Some(line) = changed(turn, row, |values| drop(values.set(row.key, value))) else { return };
        message = message.paragraph(line);
    }
    let message = ask(turn, number.saturating_add(1), message);
    turn.tell_instead(message);
}

fn question(number: u32) -> Option<&'static Setting> {
    QUESTIONS.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// Adds a question to a message, or after the last one what comes then.
fn ask(turn: &Turn<'_>, number: u32, message: Message) -> Message {
    let phrases = turn.phrases();
    let Some(row) = question(number) else {
        return message
            .paragraph(phrases.setup_done())
            .choice(Choice::new(phrases.choice_check(), "nape-admin check").main())
            .choice(Choice::new(phrases.choice_server_settings(), "nape-admin show"));
    };
    let answer = |value: Option<&str>| {
        Invocation::new(Command::AdminAnswer).with("number", number).with_some("value", value).line()
    };
    let now = setting::shown(&turn.resolve(row, Layer::Server).value);
    let values = setting::few(row);
    let message = message
        .paragraph(phrases.setup_question(number, QUESTIONS.len(), row.key))
        .paragraph(phrases.setting(row.key))
        .paragraph(if values.is_empty() { phrases.setup_type(row.key, &now) } else { phrases.setup_now(&now) })
        .choices(values.iter().map(|value| {
            let choice = Choice::new(value.as_str(), answer(Some(value)));
            if *value == now { choice.held() } else { choice }
        }))
        .choices(setting::by_hand(turn, row, Layer::Server));
    message.choice(Choice::new(phrases.choice_skip(), answer(None)).words(&phrases.words_skip()))
}
