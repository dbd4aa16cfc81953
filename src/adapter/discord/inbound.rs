//! What happens on Discord, as events. It reads no messages: people speak by commands, buttons, lists and forms.

use std::sync::Arc;

use serde_json::Value;
use serenity::model::Permissions;
use serenity::model::application::{
    ActionRowComponent, CommandDataOption, CommandDataOptionValue, CommandInteraction, ComponentInteraction,
    ComponentInteractionDataKind, Interaction as Incoming, InteractionContext, ModalInteraction,
};
use serenity::model::channel::{ChannelType, Message, MessageFlags, PartialChannel};
use serenity::model::guild::Member;
use serenity::model::id::{ChannelId, GuildId, InteractionId, UserId};

use crate::base::id::{EventId, PlaceKind};
use crate::command::manual::picked;
use crate::command::parse::{Invocation, parse};
use crate::command::table::{Command, Shown};
use crate::port::event::{Event, FromPerson, Input, Venues, With};

use super::channels::asks_for_channels;
use super::forbidden::Deed;
use super::form::{self, Form};
use super::interactions::{Kind, PATIENCE};
use super::refused::what_was_said;
use super::{Shared, limits, place, rights};

/// Where an interaction came from.
struct From<'a> {
    id: InteractionId,
    token: &'a str,
    who: UserId,
    guild: Option<GuildId>,
    channel: Option<&'a PartialChannel>,
    channel_id: ChannelId,
    context: Option<InteractionContext>,
    /// The member's permissions, as Discord has worked them out for this channel.
    member: Option<Permissions>,
    /// The member's roles.
    roles: Vec<String>,
    /// The bot's own.
    own: Option<Permissions>,
}

impl Shared {
    /// An interaction of any kind.
    pub(super) async fn interaction(self: &Arc<Self>, incoming: Incoming) {
        match incoming {
            Incoming::Command(command) => self.command(&command).await,
            Incoming::Autocomplete(command) => self.complete(&command).await,
            Incoming::Component(press) => self.press(&press).await,
            Incoming::Modal(form) => self.form(&form).await,
            // Whether the endpoint is alive: only asked where interactions come by HTTP.
            _ => {}
        }
    }

    /// One that the library can't read: its person is told so, as far as they can be found out.
    pub(super) async fn unread(self: &Arc<Self>, raw: &Value) {
        let id = raw["id"].as_str().and_then(|id| id.parse().ok()).filter(|id: &u64| *id > 0);
        let (Some(id), Some(token)) = (id, raw["token"].as_str()) else { return };
        let who = raw["member"]["user"]["id"].as_str().or_else(|| raw["user"]["id"].as_str());
        let number = |value: &Value| value.as_str().and_then(|id| id.parse().ok()).filter(|id: &u64| *id > 0);
        let (who, channel) =
            (who.and_then(|id| id.parse().ok()).filter(|id: &u64| *id > 0), number(&raw["channel_id"]));
        let (Some(who), Some(channel)) = (who, channel) else { return };
        let from = From {
            id: InteractionId::new(id),
            token,
            who: UserId::new(who),
            guild: number(&raw["guild_id"]).map(GuildId::new),
            channel: None,
            channel_id: ChannelId::new(channel),
            context: None,
            member: None,
            roles: Vec::new(),
            own: None,
        };
        // Autocomplete can't be answered with a message; the rest can.
        if raw["type"].as_u64() != Some(4) {
            self.happened(&from, Kind::Command, asked(&raw["data"]).unwrap_or(Input::NotTheirs)).await;
        }
    }

    async fn command(self: &Arc<Self>, command: &CommandInteraction) {
        let from = of_command(command);
        let (under, options) = options(&command.data.options);
        let Some(meant) = picked(&command.data.name, under) else {
            // A command of an earlier version that Discord still shows.
            let data = serde_json::to_value(&command.data).unwrap_or_default();
            let input = asked(&data).unwrap_or_else(|| Input::Invoked(Invocation::new(Command::Help)));
            return self.happened(&from, Kind::Command, input).await;
        };
        let mut invocation = Invocation::new(meant);
        for option in options {
            let value = match &option.value {
                CommandDataOptionValue::Attachment(id) => {
                    self.attached(command.data.resolved.attachments.get(id)).await
                }
                value => typed(value),
            };
            invocation = invocation.with_some(&option.name, value);
        }
        // A file that can't be had can still be pasted.
        if let Some(form) = self.form_for(&from, &invocation) {
            return self.open_form(&from, Kind::Command, &form).await;
        }
        self.happened(&from, Kind::Command, Input::Invoked(invocation)).await;
    }

    async fn press(self: &Arc<Self>, press: &ComponentInteraction) {
        let from = From {
            id: press.id,
            token: &press.token,
            who: press.user.id,
            guild: press.guild_id,
            channel: press.channel.as_ref(),
            channel_id: press.channel_id,
            context: press.context,
            member: press.member.as_ref().and_then(|member| member.permissions),
            roles: roles(press.member.as_ref()),
            own: press.app_permissions,
        };
        let own = press.data.custom_id.as_str();
        let kind = under(&press.message);
        let (id, picked) = match &press.data.kind {
            ComponentInteractionDataKind::StringSelect { values } => (values.first().map(String::as_str), None),
            ComponentInteractionDataKind::ChannelSelect { values } => (Some(own), Some(ids(values))),
            ComponentInteractionDataKind::RoleSelect { values } => (Some(own), Some(ids(values))),
            _ => (Some(own), None),
        };
        let line = id.and_then(|id| self.signer.line(&from.who.to_string(), id));
        let input = match (line, picked) {
            (None, _) => Input::NotTheirs,
            (Some(line), Some(ids)) => Input::Completed { line: line.to_owned(), with: With::Ids(ids) },
            (Some(line), None) => {
                // Whoever was offered the choice was asked for their right then, and is again when the form comes.
                let form = parse(line).ok().and_then(|meant| form::wanted(&meant, &self.settings));
                if let Some(form) = form {
                    return self.open_form(&from, kind, &form).await;
                }
                Input::Pressed { line: line.to_owned() }
            }
        };
        self.happened(&from, kind, input).await;
    }

    async fn form(self: &Arc<Self>, form: &ModalInteraction) {
        let from = From {
            id: form.id,
            token: &form.token,
            who: form.user.id,
            guild: form.guild_id,
            channel: form.channel.as_ref(),
            channel_id: form.channel_id,
            context: None,
            member: form.member.as_ref().and_then(|member| member.permissions),
            roles: roles(form.member.as_ref()),
            own: form.app_permissions,
        };
        let line = self.signer.line(&from.who.to_string(), &form.data.custom_id);
        let fields = form.data.components.iter().flat_map(|row| &row.components);
        let text = fields.filter_map(|field| match field {
            ActionRowComponent::InputText(text) => text.value.clone(),
            _ => None,
        });
        let text = text.collect::<Vec<_>>().join("\n");
        // What was written is read for signs of an emergency, whatever the line is worth: one that is not theirs is no line at all.
        let line = line.unwrap_or_default();
        let kind = form.message.as_deref().map_or(Kind::Command, under);
        let whole = if form.message.is_none() { Invocation::completed(line, &text) } else { None };
        let input = match whole {
            Some(invocation) => Input::Invoked(invocation),
            None => Input::Completed { line: line.to_owned(), with: With::Text(text) },
        };
        self.happened(&from, kind, input).await;
    }

    /// The form for what a command leaves out. What is only for those who may configure the guild is left to the bot where Discord
    /// doesn't say that they may: they may be let by a role.
    fn form_for(&self, from: &From<'_>, invocation: &Invocation) -> Option<Form> {
        let is_theirs = invocation.command.spec().shown != Shown::Admin || rights::may_configure(from.member);
        form::wanted(invocation, &self.settings).filter(|_| is_theirs)
    }

    async fn open_form(&self, from: &From<'_>, kind: Kind, form: &Form) {
        // A line that fits on a button fits here.
        let Some(id) = self.signer.id(&from.who.to_string(), &form.line) else { return };
        let kept = self.interactions.open(from.id, from.token, kind, self.time.now());
        let body = form.body(&id, &self.settings);
        self.acknowledged(kept.answer_at_once(&self.http, &body).await);
    }

    /// Whether somebody could be one of those for whom Discord is asked about a guild. Which roles may, only the guild's settings say.
    fn may_look(&self, from: &From<'_>) -> bool {
        let is_operator = self.settings.operators.contains(&place::user(from.who));
        rights::may_configure(from.member) || is_operator || !from.roles.is_empty()
    }

    /// Passes an event on; its person gets a first sign in time, whatever becomes of it.
    async fn happened(self: &Arc<Self>, from: &From<'_>, kind: Kind, input: Input) {
        let now = self.time.now();
        let kept = self.interactions.open(from.id, from.token, kind, now);
        let place = place::of_interaction(from.guild, from.channel, from.channel_id, from.context);
        let (venues, mut grounds) = match (from.guild, from.own) {
            (Some(_), Some(own)) => {
                let kind = from.channel.map_or(ChannelType::Text, |channel| channel.kind);
                rights::in_guild(own, kind, self.application)
            }
            _ => (Venues { direct: true, ..Venues::default() }, Vec::new()),
        };
        if place.kind == PlaceKind::Direct {
            self.forbidden.forget(from.channel_id, Deed::Speak);
        }
        let open = grounds.iter().filter(|ground| ground.missing.is_empty());
        open.filter_map(|ground| Deed::to_be_in(&ground.place))
            .for_each(|deed| self.forbidden.forget(from.channel_id, deed));
        let handled = async {
            if let (Some(guild), true) = (from.guild, asks_for_channels(&input) && self.may_look(from)) {
                grounds.extend(self.channels(guild).await);
            }
            let event = Event::Person(FromPerson {
                id: EventId::new(&place::platform(), from.id),
                who: place::user(from.who),
                place,
                may_configure: rights::may_configure(from.member),
                roles: from.roles.clone(),
                venues,
                grounds,
                reply: Some(kept.reply_token(now)),
                input,
            });
            self.pass_on(event).await;
        };
        tokio::pin!(handled);
        tokio::select! {
            () = &mut handled => {}
            () = self.time.wait(PATIENCE) => {
                // Beside what follows, as Discord doesn't wait; and to its end, as nobody knows what became of half a sign.
                let (held, ()) = tokio::join!(kept.hold(&self.http), handled);
                self.acknowledged(held);
            }
        }
        self.acknowledged(kept.done(&self.http).await);
        if self.interactions.is_time_to_tidy() {
            limits::tidy(&self.http, now).await;
        }
    }

    /// What came of a first sign: nobody else hears of its failure.
    pub(super) fn acknowledged(&self, called: serenity::Result<()>) {
        if let Err(error) = called {
            tracing::warn!(why = what_was_said(&error), "an interaction was not acknowledged");
            self.note(&error);
        }
    }
}

/// What was used under a message.
fn under(message: &Message) -> Kind {
    let is_whisper = message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
    if is_whisper { Kind::Whisper } else { Kind::Press(message.id) }
}

fn ids(picked: &[impl ToString]) -> Vec<String> {
    picked.iter().map(ToString::to_string).collect()
}

fn of_command(command: &CommandInteraction) -> From<'_> {
    From {
        id: command.id,
        token: &command.token,
        who: command.user.id,
        guild: command.guild_id,
        channel: command.channel.as_ref(),
        channel_id: command.channel_id,
        context: command.context,
        member: command.member.as_ref().and_then(|member| member.permissions),
        roles: roles(command.member.as_deref()),
        own: command.app_permissions,
    }
}

fn roles(member: Option<&Member>) -> Vec<String> {
    member.map(|member| member.roles.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

/// The name under a group, and the options of what was picked.
pub(super) fn options(given: &[CommandDataOption]) -> (Option<&str>, &[CommandDataOption]) {
    match given.first() {
        Some(CommandDataOption { name, value: CommandDataOptionValue::SubCommand(options), .. }) => {
            (Some(name), options)
        }
        _ => (None, given),
    }
}

/// What a person has written into a command or form that isn't known, as a question: no text passes by the gate.
fn asked(data: &Value) -> Option<Input> {
    fn texts(data: &Value, found: &mut Vec<String>) {
        match data {
            Value::Object(fields) => fields.iter().for_each(|(name, field)| match field {
                Value::String(text) if name == "value" => found.push(text.clone()),
                other => texts(other, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    texts(data, &mut found);
    let text = found.join("\n");
    (!text.trim().is_empty()).then(|| Input::Invoked(Invocation::new(Command::Ask).with("question", text)))
}

/// A field's value as it would be typed.
fn typed(value: &CommandDataOptionValue) -> Option<String> {
    match value {
        CommandDataOptionValue::String(text) => Some(text.clone()),
        CommandDataOptionValue::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_into_an_unknown_command_or_form_is_a_question() {
        let command =
            json!({"name": "old", "options": [{"name": "x", "options": [{"name": "y", "value": "my face droops"}]}]});
        let form = json!({"components": [{"components": [{"custom_id": "text", "value": "my face droops"}]}]});
        let expected = Input::Invoked(Invocation::new(Command::Ask).with("question", "my face droops"));
        assert_eq!((asked(&command), asked(&form)), (Some(expected.clone()), Some(expected)));
        assert_eq!(asked(&json!({"custom_id": "n1", "component_type": 2, "options": [{"value": " "}]})), None);
    }
}
