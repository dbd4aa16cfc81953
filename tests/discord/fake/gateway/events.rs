//! Which events need which intents, and how events are judged: by the objects in them that the OpenAPI describes.

use serde_json::Value;

use crate::fake::spec;

pub const GUILDS: u64 = 1;
pub const GUILD_MESSAGES: u64 = 1 << 9;
pub const DIRECT_MESSAGES: u64 = 1 << 12;

/// Intents that need Discord's leave: members, presences, message content.
pub const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;

/// Every intent there is: 0 to 16, 20, 21, 24 and 25.
pub const KNOWN: u64 = ((1 << 17) - 1) | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/// The intents of which one is needed for an event; 0 if it always comes.
pub fn intents(name: &str, in_guild: bool) -> u64 {
    match name {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" if in_guild => GUILD_MESSAGES,
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" => DIRECT_MESSAGES,
        _ if ["GUILD_", "CHANNEL_", "THREAD_"].iter().any(|start| name.starts_with(start)) => GUILDS,
        _ => 0,
    }
}

/// What is wrong with an event of the fake.
pub fn judge(name: &str, data: &Value) -> Vec<String> {
    match name {
        "READY" => spec::object("UserPIIResponse", &data["user"]),
        "GUILD_CREATE" if data["unavailable"] != true => guild(data),
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE" => spec::object("GuildChannelResponse", data),
        "THREAD_CREATE" | "THREAD_UPDATE" => spec::object("ThreadResponse", &without(data, &["newly_created"])),
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => spec::object("MessageResponse", &without(data, &["guild_id", "member"])),
        "INTERACTION_CREATE" => interaction(data),
        _ => Vec::new(),
    }
}

fn guild(data: &Value) -> Vec<String> {
    let extra = [
        "joined_at",
        "large",
        "unavailable",
        "member_count",
        "voice_states",
        "presences",
        "stage_instances",
        "guild_scheduled_events",
        "soundboard_sounds",
        "members",
        "channels",
        "threads",
    ];
    let mut found = spec::object("GuildWithCountsResponse", &without(data, &extra));
    for (key, schema) in
        [("channels", "GuildChannelResponse"), ("threads", "ThreadResponse"), ("members", "GuildMemberResponse")]
    {
        found.extend(data[key].as_array().into_iter().flatten().flat_map(|one| spec::object(schema, one)));
    }
    found
}

fn interaction(data: &Value) -> Vec<String> {
    let channel = match data["channel"]["type"].as_u64() {
        Some(1) => "PrivateChannelResponse",
        Some(10..=12) => "ThreadResponse",
        _ => "GuildChannelResponse",
    };
    let parts = [
        ("channel", channel),
        ("member", "PrivateGuildMemberResponse"),
        ("user", "UserResponse"),
        ("message", "MessageResponse"),
    ];
    let present = parts.iter().filter_map(|(key, schema)| Some((data.get(key)?, schema)));
    present.flat_map(|(value, schema)| spec::object(schema, value)).collect()
}

fn without(data: &Value, keys: &[&str]) -> Value {
    let mut data = data.clone();
    if let Some(map) = data.as_object_mut() {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    }
    data
}
