//! What Discord refuses and its OpenAPI lets pass, and what we don't want from our own bot.
//!
//! The rules: <https://discord.com/developers/docs/interactions/application-commands>, /resources/message, /components/reference.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::call::Call;
use super::spec;

/// What a message's text may have, in characters. The specification says 4000 in places, which is for people who pay.
const CONTENT: usize = 2_000;
/// What a message's embeds may have together.
const EMBEDS: usize = 6_000;
/// What a command may have: names, descriptions and values of all it holds.
const COMMAND: usize = 8_000;
/// Commands of one kind in one place.
const COMMANDS: usize = 100;
/// Components of a message or a modal at the top, and in all.
const ROWS: usize = 5;
const COMPONENTS: usize = 40;
/// The flag of messages that consist of components.
const V2: u64 = 1 << 15;

/// A name as Discord wants it, without what only a script's own letters decide.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$").expect("the pattern is constant"));

/// What is wrong with a request: what Discord would refuse, and what only we mind.
pub fn request(method: &str, route: &str, call: &Call) -> (Vec<String>, Vec<String>) {
    let (mut refused, mut rude) = (Vec::new(), Vec::new());
    let data = if route.ends_with("/callback") { &call.body["data"] } else { &call.body };
    match (method, route) {
        ("PUT", route) if route.ends_with("/commands") => commands(&call.body, &mut refused),
        ("POST", route) if route.ends_with("/callback") => match call.body["type"].as_u64() {
            Some(4 | 7) => message(data, &mut refused, &mut rude),
            Some(9) => modal(data, &mut refused),
            _ => {}
        },
        // A thread from a message has no message in its body.
        ("POST" | "PATCH", route) if route.ends_with("/threads") => {}
        ("POST" | "PATCH", route) if route.contains("/messages") || route.starts_with("/webhooks/") => {
            message(data, &mut refused, &mut rude);
        }
        _ => {}
    }
    (refused, rude)
}

fn message(data: &Value, refused: &mut Vec<String>, rude: &mut Vec<String>) {
    let content = data["content"].as_str().unwrap_or_default();
    if length(content) > CONTENT {
        refused.push(format!("content of {} characters, more than {CONTENT}", length(content)));
    }
    let total: usize = items(&data["embeds"]).map(embed).sum();
    if total > EMBEDS {
        refused.push(format!("embeds of {total} characters together, more than {EMBEDS}"));
    }
    let is_v2 = data["flags"].as_u64().unwrap_or(0) & V2 != 0;
    if is_v2 && ["content", "embeds", "poll"].iter().any(|key| !data[*key].is_null()) {
        refused.push("content, embeds or a poll beside components V2".into());
    }
    let rows = items(&data["components"]).count();
    if !is_v2 && rows > ROWS {
        refused.push(format!("{rows} rows, more than {ROWS}"));
    }
    if !is_v2 && items(&data["components"]).any(|component| component["type"] != 1) {
        refused.push("a component outside of a row, without the flag for components V2".into());
    }
    components(&data["components"], refused);
    let mentions = &data["allowed_mentions"];
    let empty = |key: &str| items(&mentions[key]).next().is_none();
    if !mentions["parse"].is_array()
        || !["parse", "users", "roles"].iter().all(|key| empty(key))
        || mentions["replied_user"] == true
    {
        rude.push("allowed_mentions is not `{\"parse\": []}`: somebody could be pinged".into());
    }
}

fn embed(embed: &Value) -> usize {
    let text = |value: &Value| value.as_str().map_or(0, length);
    let fields: usize = items(&embed["fields"]).map(|field| text(&field["name"]) + text(&field["value"])).sum();
    fields
        + text(&embed["title"])
        + text(&embed["description"])
        + text(&embed["footer"]["text"])
        + text(&embed["author"]["name"])
}

fn modal(data: &Value, refused: &mut Vec<String>) {
    let rows = items(&data["components"]).count();
    if !(1..=ROWS).contains(&rows) {
        refused.push(format!("a modal of {rows} components, not 1 to {ROWS}"));
    }
    components(&data["components"], refused);
}

fn components(listed: &Value, refused: &mut Vec<String>) {
    let mut all = Vec::new();
    flatten(listed, &mut all);
    if all.len() > COMPONENTS {
        refused.push(format!("{} components, more than {COMPONENTS}", all.len()));
    }
    let mut known = BTreeSet::new();
    for component in all {
        if let Some(id) = component["custom_id"].as_str()
            && !known.insert(id)
        {
            refused.push(format!("custom_id `{id}` stands twice"));
        }
        let is_button = component["type"] == 2 && component["style"] != 6;
        if is_button && component["label"].as_str().is_none_or(str::is_empty) && component["emoji"].is_null() {
            refused.push("a button with neither label nor emoji".into());
        }
        if component["type"] == 2
            && component["style"].as_u64().is_some_and(|style| style < 5)
            && component["custom_id"].is_null()
        {
            refused.push("a button without custom_id".into());
        }
        let (least, most) =
            (component["min_values"].as_u64().unwrap_or(1), component["max_values"].as_u64().unwrap_or(1));
        if component["type"] == 3 && (least > most || most > items(&component["options"]).count() as u64) {
            refused.push("a select that asks for more values than it has".into());
        }
        let values: Vec<&Value> = items(&component["options"]).map(|option| &option["value"]).collect();
        if values.iter().enumerate().any(|(at, value)| values[..at].contains(value)) {
            refused.push("a select with the same value twice".into());
        }
    }
}

fn flatten<'a>(listed: &'a Value, into: &mut Vec<&'a Value>) {
    for component in items(listed) {
        into.push(component);
        flatten(&component["components"], into);
        into.extend(["accessory", "component"].iter().filter_map(|key| component.get(key)));
    }
}

fn commands(body: &Value, refused: &mut Vec<String>) {
    let locales = spec::locales();
    let mut known = BTreeSet::new();
    let is_chat = |command: &&Value| matches!(command["type"].as_u64(), None | Some(1));
    let count = items(body).filter(is_chat).count();
    if count > COMMANDS {
        refused.push(format!("{count} commands, more than {COMMANDS}"));
    }
    for command in items(body).filter(is_chat) {
        let name = command["name"].as_str().unwrap_or_default();
        if !known.insert(name) {
            refused.push(format!("/{name} stands twice"));
        }
        described(command, name, &locales, refused);
        options(&command["options"], name, &locales, refused);
        let total = weight(command);
        if total > COMMAND {
            refused.push(format!("/{name} has {total} characters, more than {COMMAND}"));
        }
    }
}

/// A command's or an option's names and descriptions.
fn described(one: &Value, path: &str, locales: &BTreeSet<&str>, refused: &mut Vec<String>) {
    for name in
        [&one["name"]].into_iter().chain(one["name_localizations"].as_object().into_iter().flat_map(|map| map.values()))
    {
        let name = name.as_str().unwrap_or_default();
        if !NAME.is_match(name) || name.to_lowercase() != name {
            refused.push(format!("/{path}: `{name}` is no name: lower-case letters, digits, - and _ only"));
        }
    }
    if one["description"].as_str().is_none_or(str::is_empty) {
        refused.push(format!("/{path} has no description"));
    }
    let keys = |key: &str| one[key].as_object().into_iter().flat_map(|map| map.keys()).cloned().collect::<Vec<_>>();
    for key in keys("name_localizations").into_iter().chain(keys("description_localizations")) {
        if !locales.contains(key.as_str()) {
            refused.push(format!("/{path}: Discord knows no language `{key}`"));
        }
    }
}

fn options(listed: &Value, path: &str, locales: &BTreeSet<&str>, refused: &mut Vec<String>) {
    let (mut known, mut optional) = (BTreeSet::new(), false);
    for option in items(listed) {
        let name = option["name"].as_str().unwrap_or_default();
        let path = format!("{path} {name}");
        if !known.insert(name) {
            refused.push(format!("/{path} stands twice"));
        }
        described(option, &path, locales, refused);
        let is_required = option["required"] == true;
        if is_required && optional {
            refused.push(format!("/{path} is required, but comes after one that is not"));
        }
        optional |= !is_required;
        if option["autocomplete"] == true && items(&option["choices"]).next().is_some() {
            refused.push(format!("/{path} has autocomplete and choices"));
        }
        for choice in items(&option["choices"]) {
            for key in choice["name_localizations"].as_object().into_iter().flat_map(|map| map.keys()) {
                if !locales.contains(key.as_str()) {
                    refused.push(format!("/{path}: Discord knows no language `{key}`"));
                }
            }
        }
        options(&option["options"], &path, locales, refused);
    }
}

/// Characters of a command as Discord adds them up: names, descriptions and values, the longest language of each.
fn weight(one: &Value) -> usize {
    let longest = |key: &str, localized: &str| {
        let others = one[localized].as_object().into_iter().flat_map(|map| map.values());
        others.chain([&one[key]]).filter_map(Value::as_str).map(length).max().unwrap_or(0)
    };
    let inner: usize = ["options", "choices"].iter().flat_map(|key| items(&one[*key])).map(weight).sum();
    let value = one["value"].as_str().map_or(0, length);
    longest("name", "name_localizations") + longest("description", "description_localizations") + value + inner
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn length(text: &str) -> usize {
    text.chars().count()
}
