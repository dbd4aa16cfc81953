//! Choices as buttons, or as a list where they are many.

use serde_json::{Value, json};

use crate::command::parse::parse;
use crate::command::table::Command;
use crate::message::model::Weight;
use crate::message::part::{Part, ShownChoice};

/// Buttons that stand side by side.
const IN_A_ROW: usize = 5;
/// More choices than that are a list, unless they are those of a step, which are pressed without looking.
const MANY: usize = 8;
/// Of settings and their values, more than that are one.
const MANY_OF_SETTINGS: usize = 2;
/// The most that a list holds.
const LONGEST_LIST: usize = 25;

/// Components and styles, as Discord numbers them.
const ROW: u8 = 1;
const BUTTON: u8 = 2;
const LIST: u8 = 3;
const MAIN: u8 = 1;
const PLAIN: u8 = 2;
const GRAVE: u8 = 4;

/// The rows under a message. `id` makes the custom id of a line.
pub(super) fn rows(part: &Part, id: impl Fn(&str) -> Option<String>, of_step: bool) -> Vec<Value> {
    // Two choices that mean the same have the same id, which a message can't carry twice: the first stands for both.
    let mut offered: Vec<(String, &ShownChoice)> = Vec::new();
    for shown in &part.choices {
        match id(&shown.choice.line) {
            Some(id) if offered.iter().all(|(other, _)| *other != id) => offered.push((id, shown)),
            Some(_) => {}
            // A test holds every line of the bot to its length: this one never comes.
            None => tracing::error!("a choice is too long for a button"),
        }
    }
    let many =
        if offered.iter().all(|(_, shown)| is_of_settings(&shown.choice.line)) { MANY_OF_SETTINGS } else { MANY };
    if offered.len() > many && offered.len() <= LONGEST_LIST && !of_step {
        let options: Vec<Value> =
            offered.iter().map(|(id, shown)| json!({"label": shown.choice.label, "value": id})).collect();
        return vec![json!({"type": ROW, "components": [{"type": LIST, "custom_id": "list", "options": options}]})];
    }
    let button = |(id, shown): &(String, &ShownChoice)| {
        let style = match shown.choice.weight {
            _ if part.quiet => PLAIN,
            Weight::Main => MAIN,
            Weight::Plain => PLAIN,
            Weight::Grave => GRAVE,
        };
        json!({"type": BUTTON, "style": style, "label": shown.choice.label, "custom_id": id})
    };
    let rows = offered.chunks(IN_A_ROW);
    rows.map(|row| json!({"type": ROW, "components": row.iter().map(button).collect::<Vec<_>>()})).collect()
}

fn is_of_settings(line: &str) -> bool {
    parse(line).is_ok_and(|meant| matches!(meant.command, Command::MySettings | Command::AdminShow | Command::AdminSet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::discord::CAPABILITIES;
    use crate::message::degrade::{Surroundings, degrade};
    use crate::message::model::{Choice, Message};

    fn part(count: usize, quiet: bool) -> Part {
        let choice = |n: usize| Choice::new(format!("choice {n}"), format!("line {}", n.min(11))).grave();
        shown((0..count).map(choice).collect(), quiet)
    }

    fn shown(choices: Vec<Choice>, quiet: bool) -> Part {
        let around = Surroundings { place_is_private: true, has_reply_token: false };
        let message = Message::say("hello").choices(choices).quiet(quiet);
        degrade(&message, &CAPABILITIES, around, &Message::new()).remove(0)
    }

    fn id(line: &str) -> Option<String> {
        Some(line.to_owned())
    }

    #[test]
    fn few_choices_are_buttons_and_many_a_list() {
        let buttons = rows(&part(7, false), id, false);
        assert_eq!(buttons.len(), 2);
        assert_eq!(buttons[1]["components"][1]["custom_id"], "line 6");
        assert_eq!(buttons[0]["components"][0]["style"], GRAVE);
        let list = rows(&part(12, false), id, false);
        assert_eq!(list[0]["components"][0]["options"].as_array().unwrap().len(), 12);
        assert_eq!(rows(&part(12, false), id, true).len(), 3, "a step has buttons");
        assert_eq!(
            rows(&part(14, false), id, true).iter().flat_map(|row| row["components"].as_array().unwrap()).count(),
            12
        );
    }

    #[test]
    fn settings_are_a_list_and_a_switch_two_buttons() {
        let values = |words: &[&str]| {
            let choice = |word: &&str| Choice::new(*word, format!("nape-admin set routine_place {word}"));
            rows(&shown(words.iter().map(choice).collect(), false), id, false)[0]["components"].clone()
        };
        assert_eq!(values(&["here", "direct", "public_thread"])[0]["type"], LIST);
        assert_eq!(values(&["here", "direct"]).as_array().unwrap().len(), 2);
    }

    #[test]
    fn nothing_is_coloured_in_attack_mode() {
        assert_eq!(rows(&part(1, true), id, false)[0]["components"][0]["style"], PLAIN);
    }
}
