//! Objects as Discord writes them, in answers and in events alike.

use serde_json::{Map, Value, json};

use super::id::{Id, iso};
use super::state::{Channel, Guild, Message, State};

/// How many bytes an upload may have, as Discord tells with every interaction.
pub const UPLOAD: u64 = 10 * 1024 * 1024;

impl State {
    /// A user as others see them.
    pub fn user(&self, id: Id) -> Value {
        let name = self.users.get(&id).map_or("unknown", |user| &user.name);
        let mut user = json!({
            "id": id, "username": name, "global_name": null, "avatar": null, "discriminator": "0",
            "public_flags": 0, "flags": 0, "avatar_decoration_data": null, "primary_guild": null,
        });
        if id == self.bot.id {
            user["bot"] = true.into();
            user["discriminator"] = "4242".into();
        }
        user
    }

    /// The bot as it sees itself.
    pub fn me(&self) -> Value {
        let mut me = self.user(self.bot.id);
        let own = json!({ "mfa_enabled": false, "locale": "en-US", "email": null, "verified": true, "banner": null, "accent_color": null });
        merge(&mut me, own);
        me
    }

    pub fn application(&self) -> Value {
        json!({
            "id": self.bot.id, "name": "Nape", "icon": null, "description": "", "type": null, "bot": self.user(self.bot.id),
            "bot_public": true, "bot_require_code_grant": false, "verify_key": "0".repeat(64), "flags": 0, "flags_new": "0",
            "redirect_uris": [], "interactions_endpoint_url": null, "role_connections_verification_url": null,
            "owner": self.user(self.bot.owner), "approximate_guild_count": self.guilds.len(),
            "approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0, "team": null, "eligible_oauth2_scopes": [],
        })
    }

    /// A member without permissions; an interaction adds them.
    pub fn member(&self, guild: Id, user: Id) -> Option<Value> {
        let member = self.guilds.get(&guild)?.members.get(&user)?;
        Some(json!({
            "user": self.user(user), "roles": member.roles, "joined_at": iso(member.joined), "nick": null, "avatar": null,
            "banner": null, "communication_disabled_until": null, "flags": 0, "pending": false, "premium_since": null,
            "mute": false, "deaf": false,
        }))
    }

    /// A guild as `GET /guilds/{id}` gives it.
    pub fn guild(&self, guild: &Guild) -> Value {
        json!({
            "id": guild.id, "name": guild.name, "icon": null, "description": null, "home_header": null, "splash": null,
            "discovery_splash": null, "features": [], "banner": null, "owner_id": guild.owner, "application_id": null,
            "region": "deprecated", "afk_channel_id": null, "afk_timeout": 300, "system_channel_id": null,
            "system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": null, "verification_level": 0,
            "roles": self.roles(guild), "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0,
            "max_presences": null, "max_members": 500_000, "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25, "vanity_url_code": null, "premium_tier": 0, "premium_subscription_count": 0,
            "preferred_locale": guild.locale, "rules_channel_id": null, "safety_alerts_channel_id": null,
            "public_updates_channel_id": null, "premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0,
            "emojis": [], "stickers": [], "incidents_data": null,
        })
    }

    /// A guild as GUILD_CREATE brings it.
    pub fn guild_create(&self, guild: &Guild) -> Value {
        let mut event = self.guild(guild);
        let inside = || self.channels.values().filter(|channel| channel.guild == Some(guild.id));
        let seen = inside().filter(|channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived));
        let threads: Vec<Value> =
            seen.filter(|thread| self.sees(thread.id, self.bot.id)).map(|thread| self.channel(thread)).collect();
        let channels = inside().filter(|channel| channel.thread.is_none()).map(|channel| self.channel(channel));
        let own = guild.members.get(&self.bot.id);
        let extra = json!({
            "joined_at": iso(own.map_or(0, |member| member.joined)), "large": false, "unavailable": false,
            "member_count": guild.members.len(), "voice_states": [], "presences": [], "stage_instances": [],
            "guild_scheduled_events": [], "soundboard_sounds": [], "members": [self.member(guild.id, self.bot.id)],
            "channels": channels.collect::<Vec<_>>(), "threads": threads,
        });
        merge(&mut event, extra);
        event
    }

    pub fn roles(&self, guild: &Guild) -> Vec<Value> {
        let role = |(position, (id, role)): (usize, (&Id, &super::state::Role))| {
            json!({
                "id": id, "name": role.name, "permissions": role.permissions.to_string(), "position": position, "color": 0,
                "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null }, "hoist": false,
                "managed": false, "mentionable": false, "icon": null, "unicode_emoji": null, "flags": 0,
            })
        };
        guild.roles.iter().enumerate().map(role).collect()
    }

    /// A channel, a thread or a direct message.
    pub fn channel(&self, channel: &Channel) -> Value {
        let last = self.messages.values().rfind(|message| message.channel == channel.id && message.only_for.is_none());
        let last = last.map(|message| message.id);
        let Some(guild) = channel.guild else {
            let recipients: Vec<Value> = channel.recipients.iter().map(|user| self.user(*user)).collect();
            return json!({
                "id": channel.id, "type": channel.kind, "flags": 0, "last_message_id": last, "recipients": recipients,
            });
        };
        let mut value = json!({
            "id": channel.id, "type": channel.kind, "guild_id": guild, "name": channel.name, "parent_id": channel.parent,
            "flags": 0, "last_message_id": last, "rate_limit_per_user": 0,
        });
        let more = match &channel.thread {
            None => {
                let overwrite = |overwrite: &super::permissions::Overwrite| {
                    json!({
                        "id": overwrite.id, "type": u8::from(overwrite.is_member), "allow": overwrite.allow.to_string(),
                        "deny": overwrite.deny.to_string(),
                    })
                };
                let overwrites: Vec<Value> = channel.overwrites.iter().map(overwrite).collect();
                json!({ "position": 0, "permission_overwrites": overwrites, "nsfw": false, "topic": null })
            }
            Some(thread) => {
                let sent = self.messages.values().filter(|message| message.channel == channel.id).count();
                let mut metadata = json!({
                    "archived": thread.archived, "archive_timestamp": iso(thread.archive_at), "locked": thread.locked,
                    "auto_archive_duration": thread.archive_after, "create_timestamp": iso(channel.id.made()),
                });
                if channel.kind == Channel::PRIVATE_THREAD {
                    metadata["invitable"] = thread.invitable.into();
                }
                json!({
                    "owner_id": thread.owner, "thread_metadata": metadata, "message_count": sent,
                    "member_count": thread.members.len(), "total_message_sent": sent,
                })
            }
        };
        merge(&mut value, more);
        value
    }

    /// A message as the bot gets it.
    pub fn message(&self, message: &Message) -> Value {
        let mut value = json!({
            "id": message.id, "channel_id": message.channel, "type": message.kind, "author": self.user(message.author),
            "content": message.content, "embeds": message.embeds, "components": message.components,
            "attachments": message.attachments, "flags": message.flags, "timestamp": iso(message.id.made()),
            "edited_timestamp": message.edited.map(iso), "mentions": [], "mention_roles": [], "mention_everyone": false,
            "pinned": false, "tts": false,
        });
        if let Some(nonce) = &message.nonce {
            value["nonce"] = nonce.clone();
        }
        if let Some(to) = message.replies_to {
            value["message_reference"] = json!({ "type": 0, "channel_id": message.channel, "message_id": to });
        }
        if let Some(interaction) = message.interaction.and_then(|id| self.interactions.get(&id)) {
            value["application_id"] = json!(self.bot.id);
            value["webhook_id"] = json!(self.bot.id);
            if interaction.kind == super::state::Interaction::COMMAND {
                value["interaction_metadata"] = json!({
                    "id": interaction.id, "type": interaction.kind, "user": self.user(interaction.user),
                    "authorizing_integration_owners": self.owners(interaction.guild),
                });
            }
        }
        value
    }

    /// Who has installed the application where an interaction happened.
    pub fn owners(&self, guild: Option<Id>) -> Value {
        json!({ "0": guild.map_or("0".to_owned(), |id| id.to_string()) })
    }
}

/// Puts an object's fields into another.
pub fn merge(value: &mut Value, more: Value) {
    let (Some(into), Value::Object(more)) = (value.as_object_mut(), more) else { return };
    into.extend(more);
}

/// What an embed has.
const EMBED: &[&str] =
    &["title", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "author", "fields"];

/// What a message's component has, of whatever type.
const COMPONENT: &[&str] = &[
    "type",
    "components",
    "custom_id",
    "style",
    "label",
    "emoji",
    "url",
    "sku_id",
    "disabled",
    "options",
    "placeholder",
    "min_values",
    "max_values",
    "default_values",
    "channel_types",
    "content",
    "accessory",
    "media",
    "items",
    "divider",
    "spacing",
    "accent_color",
    "spoiler",
    "file",
    "description",
];

/// Embeds and components as Discord gives them back: nulls and what it doesn't know gone, defaults filled in, components
/// numbered.
pub fn embed(sent: &Value) -> Value {
    let mut embed = only(without_nulls(sent), EMBED);
    embed["type"] = "rich".into();
    for field in embed.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
        if field.get("inline").is_none() {
            field["inline"] = false.into();
        }
    }
    embed
}

/// As [`embed`], for a message's components.
pub fn components(sent: &[Value]) -> Vec<Value> {
    let mut next = 0;
    sent.iter().map(|component| numbered(&without_nulls(component), &mut next)).collect()
}

fn numbered(sent: &Value, next: &mut u64) -> Value {
    let mut component = only(sent.clone(), COMPONENT);
    *next += 1;
    component["id"] = (*next).into();
    if matches!(component["type"].as_u64(), Some(3 | 5..=8)) {
        for key in ["min_values", "max_values"] {
            if component.get(key).is_none() {
                component[key] = 1.into();
            }
        }
    }
    for key in ["components", "accessory"] {
        match component.get_mut(key) {
            Some(Value::Array(inner)) => inner.iter_mut().for_each(|one| *one = numbered(one, next)),
            Some(one) => *one = numbered(one, next),
            None => {}
        }
    }
    component
}

fn only(mut value: Value, keys: &[&str]) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| keys.contains(&key.as_str()));
    }
    value
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
