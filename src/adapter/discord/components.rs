//! Choices as buttons, or as a list where they are many; and the client's own lists of channels and roles.

use serde_json::{Value, json};

use crate::command::parse::parse;
use crate::command::table::Command;
use crate::message::model::{Listed, Pick, Weight};
use crate::message::part::{Part, ShownChoice};

/// Buttons that stand side by side.
const IN_A_ROW: usize = 5;
/// More choices than that are a list, unless they are those of a step, which are pressed without looking.
const MANY: usize = 8;
/// Of settings and their values, more than that are one.
const MANY_OF_SETTINGS: usize = 2;
/// The most that a list holds, and that can be picked of one.
const LONGEST_LIST: usize = 25;
/// Channels in which people talk: text, voice, announcements, stages, forums; and those of them in which the bot can announce.
const CHANNEL_TYPES: [u8; 5] = [0, 2, 5, 13, 15];
const TEXT_CHANNEL_TYPES: [u8; 2] = [0, 5];

/// Components and styles, as Discord numbers them.
const ROW: u8 = 1;
const BUTTON: u8 = 2;
const LIST: u8 = 3;
const ROLES: u8 = 6;
const CHANNELS: u8 = 8;
const MAIN: u8 = 1;
const PLAIN: u8 = 2;
const GRAVE: u8 = 4;

/// A choice with its custom id.
type Offered<'a> = (String, &'a ShownChoice);

/// The rows under a message. `id` makes the custom id of a line.
pub(super) fn rows(part: &Part, id: impl Fn(&str) -> Option<String>, of_step: bool) -> Vec<Value> {
    // Two choices that mean the same have the same id, which a message can't carry twice: the first stands for both.
    let mut offered: Vec<Offered<'_>> = Vec::new();
    for shown in &part.choices {
        match id(&shown.choice.line) {
            Some(id) if offered.iter().all(|(other, _)| *other != id) => offered.push((id, shown)),
            Some(_) => {}
            // A test holds every line of the bot to its length: this one never comes.
            None => tracing::error!("a choice is too long for a button"),
        }
    }
    let (picks, offered): (Vec<_>, Vec<_>) = offered.into_iter().partition(|(_, shown)| shown.choice.pick.is_some());
    let (of_settings, others): (Vec<_>, Vec<_>) =
        offered.iter().cloned().partition(|(_, shown)| is_of_settings(&shown.choice.line));
    let fits = |listed: &[Offered<'_>], many: usize| !of_step && listed.len() > many && listed.len() <= LONGEST_LIST;
    let mut rows: Vec<Value> =
        picks.iter().filter_map(|(id, shown)| Some(picker(id, shown, shown.choice.pick.as_ref()?))).collect();
    if fits(&of_settings, MANY_OF_SETTINGS) {
        rows.push(list(&of_settings));
        rows.extend(buttons(&others, part.quiet));
    } else if fits(&offered, MANY) {
        rows.push(list(&offered));
    } else {
        rows.extend(buttons(&offered, part.quiet));
    }
    rows
}

/// The client's own list of channels or roles. What is picked already is marked there; nothing picked is an answer, too.
fn picker(id: &str, shown: &ShownChoice, pick: &Pick) -> Value {
    let Pick { of, max, picked } = pick;
    let max = (*max).min(LONGEST_LIST);
    let (kind, name) = match of {
        Listed::Channels => (CHANNELS, "channel"),
        Listed::Roles => (ROLES, "role"),
    };
    // A file can hold what is no id of this platform.
    let ids = picked.iter().filter(|id| id.parse::<u64>().is_ok()).take(max);
    let marked: Vec<Value> = ids.map(|id| json!({"id": id, "type": name})).collect();
    let mut picker = json!({
        "type": kind, "custom_id": id, "placeholder": shown.choice.label, "min_values": 0, "max_values": max,
        "default_values": marked,
    });
    if *of == Listed::Channels {
        picker["channel_types"] = if max == 1 { json!(TEXT_CHANNEL_TYPES) } else { json!(CHANNEL_TYPES) };
    }
    json!({"type": ROW, "components": [picker]})
}

fn list(offered: &[Offered<'_>]) -> Value {
    let option = |(id, shown): &Offered<'_>| {
        let mut option = json!({"label": shown.choice.label, "value": id});
        if shown.choice.weight == Weight::Held {
            option["default"] = json!(true);
        }
        option
    };
    let options: Vec<Value> = offered.iter().map(option).collect();
    json!({"type": ROW, "components": [{"type": LIST, "custom_id": "list", "options": options}]})
}

fn buttons(offered: &[Offered<'_>], quiet: bool) -> Vec<Value> {
    let button = |(id, shown): &Offered<'_>| {
        let style = match shown.choice.weight {
            _ if quiet => PLAIN,
            Weight::Main | Weight::Held => MAIN,
            Weight::Plain => PLAIN,
            Weight::Grave => GRAVE,
        };
        json!({"type": BUTTON, "style": style, "label": shown.choice.label, "custom_id": id})
    };
    let rows = offered.chunks(IN_A_ROW);
    rows.map(|row| json!({"type": ROW, "components": row.iter().map(button).collect::<Vec<_>>()})).collect()
}

/// Whether it is one of many settings, or one of the values of a setting.
fn is_of_settings(line: &str) -> bool {
    parse(line).is_ok_and(|meant| match meant.command {
        Command::MySettings => true,
        Command::AdminShow => meant.arg("key").is_some(),
        Command::AdminSet | Command::AdminAnswer => meant.arg("value").is_some(),
        _ => false,
    })
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
    fn values_are_a_list_that_marks_the_present_one_and_a_switch_is_two_buttons() {
        let values = |words: &[&str]| {
            let choice = |word: &&str| Choice::new(*word, format!("nape-admin set routine_place {word}"));
            let held = |word: &&str| if *word == "here" { choice(word).held() } else { choice(word) };
            let choices = words.iter().map(held).chain([Choice::new("Test it", "nape-admin test routine_place")]);
            rows(&shown(choices.collect(), false), id, false)
        };
        let many = values(&["direct", "here", "public_thread"]);
        let list = &many[0]["components"][0];
        assert_eq!((&list["type"], list["options"].as_array().unwrap().len()), (&json!(LIST), 3));
        assert_eq!((&list["options"][0]["default"], &list["options"][1]["default"]), (&Value::Null, &json!(true)));
        assert_eq!(many[1]["components"][0]["label"], "Test it");
        let few = values(&["here", "direct"]);
        assert_eq!((few.len(), few[0]["components"].as_array().unwrap().len()), (1, 3));
        assert_eq!(few[0]["components"][0]["style"], MAIN, "what holds already stands out");
    }

    #[test]
    fn channels_and_roles_are_picked_from_the_clients_own_lists() {
        let pick = |of, max, picked: &[&str]| {
            let picked = picked.iter().map(|id| (*id).to_owned()).collect();
            let choice = Choice::new("Choose", "nape-admin set x").pick(Pick { of, max, picked });
            rows(&shown(vec![choice], false), id, false)[0]["components"][0].clone()
        };
        let channels = pick(Listed::Channels, 25, &["7", "!room:example.org"]);
        assert_eq!(channels["default_values"], json!([{"id": "7", "type": "channel"}]));
        assert_eq!((&channels["type"], &channels["min_values"]), (&json!(CHANNELS), &json!(0)));
        assert_eq!(pick(Listed::Channels, 1, &[])["channel_types"], json!([0, 5]));
        let roles = pick(Listed::Roles, 10, &[]);
        assert_eq!(
            (&roles["type"], &roles["max_values"], &roles["channel_types"]),
            (&json!(ROLES), &json!(10), &Value::Null)
        );
    }

    #[test]
    fn nothing_is_coloured_in_attack_mode() {
        assert_eq!(rows(&part(1, true), id, false)[0]["components"][0]["style"], PLAIN);
    }
}
