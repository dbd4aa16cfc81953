//! What holds for every message on every profile: private stays private, attack mode is quiet and short, emergencies are short.

use nape::base::id::PlaceKind;
use nape::message::model::Audience;
use nape::message::part::Delivery;

use super::compare::words_of;
use super::player::Shown;
use super::profile::Profile;

/// The most words of a card in attack mode.
const QUIET_WORDS: usize = 25;

/// What is wrong with a message.
pub fn broken(shown: &Shown, profile: Profile, withheld: &str, answers_aloud: bool) -> Vec<String> {
    let mut broken = Vec::new();
    let text = shown.parts.iter().map(|part| part.write(&profile.capabilities())).collect::<Vec<_>>().join("\n");
    let is_secret = shown.message.audience == Audience::Private;
    let reads_along = shown.place.kind != PlaceKind::Direct && profile != Profile::Numbers;
    if is_secret && reads_along {
        for part in &shown.parts {
            let is_instead = part.audience == Audience::Everyone;
            let whispered = part.delivery == Delivery::Whisper && shown.is_reply;
            if !(whispered || is_instead && words_of(part, profile) == words(withheld)) {
                broken.push(format!("a private message is said where others read: {text}"));
            }
            if is_instead && profile == Profile::Buttons {
                broken.push("a private answer is withheld though it could be whispered".to_owned());
            }
        }
    }
    // With buttons every word of a person is a command, and a command is answered to its sender alone. What is announced is no
    // answer: it is meant for all.
    let aloud = shown.parts.iter().any(|part| part.delivery == Delivery::Here);
    let in_channel = profile == Profile::Buttons && shown.place.kind == PlaceKind::Shared;
    if in_channel && aloud && !shown.is_led_here && !shown.is_announced && !answers_aloud {
        broken.push(format!("a command is answered to everyone: {text}"));
    }
    if shown.message.quiet {
        let labels = shown.parts.iter().flat_map(|part| &part.choices).map(|shown| shown.choice.label.as_str());
        let loud = labels.chain([text.as_str()]).flat_map(str::chars).find(|c| is_picture(*c));
        if let Some(c) = loud {
            broken.push(format!("attack mode shows the picture {c}: {text}"));
        }
        if text.contains("**") || text.contains("###") || text.contains("<strong>") || text.contains("<h4>") {
            broken.push(format!("attack mode shouts: {text}"));
        }
        let count: usize = shown
            .parts
            .iter()
            .map(|part| nape::message::plain::plain(&without_choices(part)).split_whitespace().count())
            .sum();
        if shown.is_card && count > QUIET_WORDS {
            broken.push(format!("a card in attack mode has {count} words: {text}"));
        }
    }
    broken
}

/// Words that mean the same wherever they stand: letters and digits, in small letters.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn without_choices(part: &nape::message::part::Part) -> nape::message::part::Part {
    nape::message::part::Part { choices: Vec::new(), ..part.clone() }
}

fn is_picture(c: char) -> bool {
    matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0xFE0F | 0x20E3)
}
