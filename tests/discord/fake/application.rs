//! The application: who the bot is, its commands, and where its gateway stands.

use serde_json::{Value, json};

use super::call::{Answer, Call, ensure};
use super::id::Id;
use super::state::State;

pub fn gateway(state: &mut State, _: &Call) -> Answer {
    Ok((200, json!({ "url": state.gateway.url })))
}

pub fn gateway_bot(state: &mut State, _: &Call) -> Answer {
    let used = state.gateway.identifies.len() as u64;
    let limit =
        json!({ "total": 1000, "remaining": 1000 - used.min(1000), "reset_after": 86_400_000, "max_concurrency": 1 });
    Ok((200, json!({ "url": state.gateway.url, "shards": state.gateway.recommended, "session_start_limit": limit })))
}

pub fn me(state: &mut State, _: &Call) -> Answer {
    Ok((200, state.me()))
}

pub fn application(state: &mut State, _: &Call) -> Answer {
    Ok((200, state.application()))
}

pub fn commands(state: &mut State, call: &Call) -> Answer {
    listed(state, call, None)
}

pub fn guild_commands(state: &mut State, call: &Call) -> Answer {
    listed(state, call, Some(call.id(1)))
}

pub fn set_commands(state: &mut State, call: &Call) -> Answer {
    set(state, call, None)
}

pub fn set_guild_commands(state: &mut State, call: &Call) -> Answer {
    ensure(state.is_in(call.id(1)), 50001)?;
    set(state, call, Some(call.id(1)))
}

fn listed(state: &State, call: &Call, guild: Option<Id>) -> Answer {
    ensure(call.id(0) == state.bot.id, 50001)?;
    let mut found = state.commands.get(&guild).cloned().unwrap_or_default();
    if !call.asks("with_localizations") {
        found.iter_mut().for_each(without_localizations);
    }
    Ok((200, found.into()))
}

fn set(state: &mut State, call: &Call, guild: Option<Id>) -> Answer {
    ensure(call.id(0) == state.bot.id, 50001)?;
    let before = state.commands.remove(&guild).unwrap_or_default();
    let sent = call.body.as_array().cloned().unwrap_or_default();
    let set: Vec<Value> = sent.iter().map(|sent| command(state, sent, &before, guild)).collect();
    state.commands.insert(guild, set.clone());
    Ok((200, set.into()))
}

/// A command as Discord gives it back. One of the same name keeps its id.
fn command(state: &mut State, sent: &Value, before: &[Value], guild: Option<Id>) -> Value {
    let kept = before.iter().find(|before| before["name"] == sent["name"]).map(|before| before["id"].clone());
    let mut options = sent["options"].clone();
    complete(&mut options);
    let permissions = match &sent["default_member_permissions"] {
        Value::Number(bits) => bits.to_string().into(),
        other => other.clone(),
    };
    let or = |key: &str, default: Value| sent.get(key).filter(|value| !value.is_null()).cloned().unwrap_or(default);
    let mut command = json!({
        "id": kept.unwrap_or_else(|| json!(state.clock.mint())), "application_id": state.bot.id, "version": state.clock.mint(),
        "type": or("type", 1.into()), "name": sent["name"], "name_localizations": sent["name_localizations"],
        "description": or("description", "".into()), "description_localizations": sent["description_localizations"],
        "default_member_permissions": permissions, "nsfw": or("nsfw", false.into()),
        "integration_types": or("integration_types", json!([0])), "contexts": sent["contexts"],
        "options": if options.is_null() { json!([]) } else { options },
    });
    match guild {
        Some(guild) => command["guild_id"] = json!(guild),
        None => command["dm_permission"] = true.into(),
    }
    command
}

/// What an option has.
const OPTION: &[&str] = &[
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
    "autocomplete",
    "choices",
    "options",
    "channel_types",
    "min_length",
    "max_length",
    "min_value",
    "max_value",
];

/// Discord leaves out what is null in options, and what it doesn't know.
fn complete(options: &mut Value) {
    for option in options.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        option.retain(|key, value| !value.is_null() && OPTION.contains(&key.as_str()));
        if let Some(inner) = option.get_mut("options") {
            complete(inner);
        }
    }
}

fn without_localizations(value: &mut Value) {
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| !key.ends_with("_localizations"));
        map.values_mut().for_each(without_localizations);
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(without_localizations);
    }
}
