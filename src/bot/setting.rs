//! How a setting is shown, whoever may set it.

use crate::message::model::{Choice, Listed, Message, Pick, Text};
use crate::settings::table::{BadValue, HERE, Ids, Kind, Layer, NOTHING, SETTINGS, Setting};
use crate::settings::value::Value;

use super::turn::Turn;

/// Numbers up to so many are offered as choices.
const FEW: u32 = 6;

/// The settings that a layer may set.
pub(super) fn of(layer: Layer) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.may_be_set_by(layer))
}

/// A line for each setting of a layer: key, value, and the layer that it comes from.
pub(super) fn lines(turn: &Turn<'_>, layer: Layer) -> Vec<Text> {
    let phrases = turn.phrases();
    let line = |setting: &'static Setting| {
        let resolved = turn.resolve(setting, layer);
        let from = phrases.layer(layer_name(resolved.layer));
        Text::default().code(setting.key).plain(phrases.setting_line(&shown(&resolved.value), &from))
    };
    of(layer).map(line).collect()
}

/// One setting: what it means, its value and layer, what it takes, and its values as choices where they are few.
pub(super) fn card(turn: &Turn<'_>, setting: &Setting, layer: Layer) -> Message {
    let phrases = turn.phrases();
    let resolved = turn.resolve(setting, layer);
    let from = phrases.layer(layer_name(resolved.layer));
    let now = shown(&resolved.value);
    let may_set = setting.may_be_set_by(layer);
    let values = few(setting).into_iter().map(|value| {
        let choice = Choice::new(value.as_str(), format!("{} {} {value}", command(layer), setting.key));
        if value == now { choice.held() } else { choice }
    });
    let choices = values.chain(by_hand(turn, setting, layer)).filter(|_| may_set);
    Message::new()
        .heading(setting.key)
        .paragraph(phrases.setting(setting.key))
        .paragraph(phrases.setting_now(&now, &from))
        .fine(if may_set {
            phrases.setting_range(&range(turn, setting))
        } else {
            phrases.refused_not_yours(setting.key)
        })
        .choices(choices)
}

/// How a value of a server's setting is given that is none of a few: picked from the platform's own list, or written.
pub(super) fn by_hand(turn: &Turn<'_>, setting: &Setting, layer: Layer) -> Option<Choice> {
    if layer != Layer::Server {
        return None;
    }
    let phrases = turn.phrases();
    let line = format!("{} {}", command(layer), setting.key);
    let picked = match turn.server_value(setting) {
        Value::Words(ids) => ids,
        Value::Word(id) if !id.is_empty() => vec![id],
        Value::Word(_) | Value::Switch(_) | Value::Number(_) => Vec::new(),
    };
    let pick = |of, max, picked| Choice::new(phrases.choice_pick(), line.clone()).pick(Pick { of, max, picked });
    match setting.kind {
        Kind::Ids { of: Ids::Channels, max } => Some(pick(Listed::Channels, max, picked)),
        Kind::Ids { of: Ids::Roles, max } => Some(pick(Listed::Roles, max, picked)),
        Kind::Place => Some(pick(Listed::Channels, 1, picked)),
        Kind::Text { .. } | Kind::Prefix { .. } | Kind::Zone | Kind::Number { .. } if few(setting).is_empty() => {
            Some(Choice::new(phrases.choice_write(), line))
        }
        Kind::Text { .. }
        | Kind::Prefix { .. }
        | Kind::Zone
        | Kind::Number { .. }
        | Kind::Switch
        | Kind::Word(_)
        | Kind::Words(_) => None,
    }
}

/// The command that sets the settings of a layer.
fn command(layer: Layer) -> &'static str {
    match layer {
        Layer::Server => "nape-admin set",
        Layer::Person | Layer::Default => "my settings",
    }
}

/// The values of a setting, where they are few enough to choose from.
pub(super) fn few(setting: &Setting) -> Vec<String> {
    match setting.kind {
        Kind::Switch => vec!["on".to_owned(), "off".to_owned()],
        Kind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        Kind::Number { min, max, or } if max - min < FEW => {
            or.map(str::to_owned).into_iter().chain((min..=max).map(|number| number.to_string())).collect()
        }
        Kind::Place => vec![HERE.to_owned(), NOTHING.to_owned()],
        Kind::Number { .. }
        | Kind::Words(_)
        | Kind::Text { .. }
        | Kind::Prefix { .. }
        | Kind::Ids { .. }
        | Kind::Zone => Vec::new(),
    }
}

/// A value as it would be typed; an empty text is nothing.
pub(super) fn shown(value: &Value) -> String {
    Some(value.to_string()).filter(|text| !text.is_empty()).unwrap_or_else(|| Value::Words(Vec::new()).to_string())
}

/// What would be a good value instead of a bad one.
pub(super) fn allowed(turn: &Turn<'_>, bad: &BadValue) -> String {
    match bad {
        BadValue::NotOneOf { allowed, .. } => allowed.join(", "),
        BadValue::OutOfRange { min, max, or: None } => format!("{min}–{max}"),
        BadValue::OutOfRange { min, max, or: Some(word) } => format!("{word}, {min}–{max}"),
        BadValue::NoIds { of, max } => ids(turn, *of, *max),
        BadValue::NoPrefix { max } => turn.phrases().prefix_form(u32::try_from(*max).unwrap_or(u32::MAX)),
        BadValue::NoZone => turn.phrases().zone_names(),
        BadValue::TooLong { max } => turn.phrases().at_most_characters(u32::try_from(*max).unwrap_or(u32::MAX)),
    }
}

/// What values a setting takes, as they are typed.
fn range(turn: &Turn<'_>, setting: &Setting) -> String {
    match setting.kind {
        Kind::Switch => "on, off".to_owned(),
        Kind::Number { min, max, or: None } => format!("{min}–{max}"),
        Kind::Number { min, max, or: Some(word) } => format!("{word}, {min}–{max}"),
        Kind::Word(words) => words.join(", "),
        Kind::Words(words) => format!("nothing, {}", words.join(", ")),
        Kind::Text { max } => format!("≤ {max}"),
        Kind::Prefix { max } => turn.phrases().prefix_form(u32::try_from(max).unwrap_or(u32::MAX)),
        Kind::Ids { of, max } => ids(turn, of, max),
        Kind::Zone => turn.phrases().zone_names(),
        Kind::Place => format!("{HERE}, {NOTHING}"),
    }
}

/// How a list of ids is typed.
fn ids(turn: &Turn<'_>, of: Ids, max: usize) -> String {
    let max = u32::try_from(max).unwrap_or(u32::MAX);
    match of {
        Ids::Channels => turn.phrases().channel_ids(max),
        Ids::Roles => turn.phrases().role_ids(max),
    }
}

fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Person => "mine",
        Layer::Server => "server",
        Layer::Default => "default",
    }
}
