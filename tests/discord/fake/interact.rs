//! An interaction on its way out: which commands somebody is offered, and INTERACTION_CREATE with all that belongs to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::act::Actor;
use super::id::Id;
use super::payload::UPLOAD;
use super::permissions::USE_APPLICATION_COMMANDS;
use super::state::{Channel, Interaction, Message, State};

impl State {
    /// A command by its name: the guild's own before one for all.
    pub(super) fn command(&self, actor: &Actor, name: &str) -> Option<Value> {
        let own = actor.guild.and_then(|guild| self.commands.get(&Some(guild)));
        let mut found = own.into_iter().chain(self.commands.get(&None)).flatten();
        found.find(|command| command["name"] == name && command["type"] == 1).cloned()
    }

    /// Whether the client shows a command to somebody: by context, and by their permissions.
    pub(super) fn offers(&self, actor: &Actor, command: &Value) -> bool {
        let context = u64::from(actor.guild.is_none());
        let fits = command["contexts"].as_array().is_none_or(|contexts| contexts.contains(&context.into()));
        let needed = command["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
        let bits = self.permissions(actor.channel, actor.user);
        let may = actor.guild.is_none()
            || bits & USE_APPLICATION_COMMANDS != 0 && needed.is_none_or(|needed| bits & needed == needed);
        fits && may && self.sees(actor.channel, actor.user)
    }

    /// Objects that a select's or an option's ids name.
    pub(super) fn resolved(&self, guild: Option<Id>, kind: u64, ids: &[String]) -> Value {
        let mut found = json!({});
        for id in ids.iter().filter_map(|id| Id::read(id)) {
            let key = id.to_string();
            if let Some(channel) = self.channels.get(&id).filter(|_| kind == 8) {
                let bits = self.permissions(id, self.bot.id).to_string();
                found["channels"][&key] =
                    json!({ "id": id, "type": channel.kind, "name": channel.name, "permissions": bits });
            }
            if self.users.contains_key(&id) && matches!(kind, 5 | 7) {
                found["users"][&key] = self.user(id);
            }
            let guild = guild.and_then(|guild| self.guilds.get(&guild)).filter(|_| matches!(kind, 6 | 7));
            let role = guild.and_then(|guild| self.roles(guild).into_iter().find(|role| role["id"] == key));
            if let Some(role) = role {
                found["roles"][&key] = role;
            }
        }
        found
    }

    /// Sends an interaction out.
    pub(super) fn interact(&mut self, actor: &Actor, kind: u8, data: Value, source: Option<&Message>) -> Id {
        own_words(&data, &mut self.typed);
        let id = self.clock.mint();
        let interaction = Interaction {
            id,
            token: format!("aW50ZXJhY3Rpb246{id}"),
            kind,
            user: actor.user,
            channel: actor.channel,
            guild: actor.guild,
            at: self.clock.now(),
            micros: self.clock.micros(),
            source: source.map(|message| message.id),
            answered: None,
            original: None,
            followups: Vec::new(),
            choices: None,
            modal: None,
        };
        let channel = self.channels.get(&actor.channel).expect("the channel is still there");
        let mut shown = self.channel(channel);
        let (theirs, ours) = (self.permissions(channel.id, actor.user), self.permissions(channel.id, self.bot.id));
        if channel.kind != Channel::DIRECT {
            shown["permissions"] = theirs.to_string().into();
        }
        let mut event = json!({
            "id": id, "application_id": self.bot.id, "type": kind, "token": interaction.token, "version": 1, "data": data,
            "channel_id": channel.id, "channel": shown, "locale": self.users[&actor.user].locale, "entitlements": [],
            "app_permissions": ours.to_string(), "authorizing_integration_owners": self.owners(actor.guild),
            "context": u8::from(actor.guild.is_none()), "attachment_size_limit": UPLOAD,
        });
        match actor.guild {
            Some(guild) => {
                let mut member = self.member(guild, actor.user).expect("they have joined");
                member["permissions"] = theirs.to_string().into();
                let locale = &self.guilds[&guild].locale;
                event["member"] = member;
                event["guild_id"] = json!(guild);
                event["guild_locale"] = json!(locale);
                event["guild"] = json!({ "id": guild, "locale": locale, "features": [] });
            }
            None => event["user"] = self.user(actor.user),
        }
        if let Some(message) = source {
            event["message"] = self.message(message);
        }
        self.interactions.insert(id, interaction);
        self.tell(actor.guild, "INTERACTION_CREATE", event);
        id
    }
}

/// Gathers values that somebody has typed: words of their own, when there are several.
fn own_words(data: &Value, into: &mut BTreeSet<String>) {
    match data {
        Value::Object(fields) => {
            let value = fields.get("value").and_then(Value::as_str).map(str::trim);
            into.extend(value.filter(|words| words.contains(' ')).map(str::to_owned));
            fields.values().for_each(|inner| own_words(inner, into));
        }
        Value::Array(items) => items.iter().for_each(|inner| own_words(inner, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
