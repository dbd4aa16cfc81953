//! What happens on Discord, as events. It reads no messages: people speak by commands, buttons, lists and forms.

use std::sync::Arc;

use serde_json::{Value, json};
use serenity::model::Permissions;
use serenity::model::application::{
    ActionRowComponent, CommandDataOption, CommandDataOptionValue, CommandInteraction, ComponentInteraction,
    ComponentInteractionDataKind, Interaction as Incoming, InteractionContext, ModalInteraction,
};
use serenity::model::channel::{ChannelType, PartialChannel};
use serenity::model::id::{ChannelId, GuildId, InteractionId, UserId};

use crate::base::id::EventId;
use crate::command::manual::picked;
use crate::command::parse::Invocation;
use crate::command::table::{COMMANDS, Command, Complete, Shown, Takes};
use crate::port::event::{Event, FromPerson, Input, Venues};

use super::interactions::Kind;
use super::{Shared, place, register, rights};

/// Names that can be offered at a time.
const OFFERED: usize = 25;
/// The longest name that can be offered, in characters.
const LONGEST_NAME: usize = 100;
/// A form, and names to complete, as Discord numbers first answers.
const FORM: u8 = 9;
const NAMES: u8 = 8;

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
        let given = options.iter().filter_map(|option| Some((option.name.as_str(), typed(&option.value)?)));
        let invocation = given.fold(Invocation::new(meant), |invocation, (name, value)| invocation.with(name, value));
        let asks = register::is_asked_for(meant) && invocation.free_text().next().is_none();
        if asks {
            let form = self.form_for(from.who, meant);
            let kept = self.interactions.open(from.id, from.token, Kind::Command, self.time.now());
            return kept.answer_at_once(&self.http, &form).await;
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
            own: press.app_permissions,
        };
        let id = match &press.data.kind {
            ComponentInteractionDataKind::StringSelect { values } => values.first().map(String::as_str),
            _ => Some(press.data.custom_id.as_str()),
        };
        let line = id.and_then(|id| self.signer.line(&from.who.to_string(), id));
        let input = line.map_or(Input::NotTheirs, |line| Input::Pressed { line: line.to_owned() });
        self.happened(&from, Kind::Press(press.message.id), input).await;
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
            own: form.app_permissions,
        };
        let line = self.signer.line(&from.who.to_string(), &form.data.custom_id);
        let spec = line.and_then(|line| COMMANDS.iter().find(|spec| spec.words == line));
        let fields = form.data.components.iter().flat_map(|row| &row.components);
        let text = fields.filter_map(|field| match field {
            ActionRowComponent::InputText(text) => text.value.clone(),
            _ => None,
        });
        let text: Vec<String> = text.collect();
        let rest = spec.and_then(|spec| Some((spec, spec.params.iter().find(|param| param.takes == Takes::Rest)?)));
        let input = match rest {
            Some((spec, param)) => Input::Invoked(Invocation::new(spec.command).with(param.name, text.join("\n"))),
            None => Input::NotTheirs,
        };
        self.happened(&from, Kind::Command, input).await;
    }

    /// Names to complete: no event, as nothing is done with what is half typed.
    async fn complete(self: &Arc<Self>, command: &CommandInteraction) {
        let (under, options) = options(&command.data.options);
        let focused = options.iter().find_map(|option| match &option.value {
            CommandDataOptionValue::Autocomplete { value, .. } => Some((option.name.as_str(), value.as_str())),
            _ => None,
        });
        let offered = match (picked(&command.data.name, under), focused) {
            (Some(meant), Some((field, typed))) => self.offered(meant, field, typed),
            _ => Vec::new(),
        };
        let choices: Vec<Value> = offered.iter().map(|name| json!({"name": name, "value": name})).collect();
        let kept = self.interactions.open(command.id, &command.token, Kind::Command, self.time.now());
        kept.answer_at_once(&self.http, &json!({"type": NAMES, "data": {"choices": choices}})).await;
    }

    fn offered(&self, command: Command, field: &str, typed: &str) -> Vec<String> {
        let complete = command.spec().params.iter().find(|param| param.name == field).map(|param| param.complete);
        let names: Vec<String> = match complete.unwrap_or(Complete::Nothing) {
            Complete::Nothing => Vec::new(),
            Complete::Techniques => self.settings.names.techniques.clone(),
            Complete::Terms => self.settings.names.terms.clone(),
            Complete::Routines => self.settings.names.routines.clone(),
            Complete::Preferences => self.settings.names.preferences.clone(),
            Complete::ServerSettings => self.settings.names.server_settings.clone(),
            Complete::Sources => self.settings.names.sources.clone(),
            Complete::Commands => {
                let shown = COMMANDS.iter().filter(|spec| spec.shown != Shown::Never);
                shown.map(|spec| spec.words.to_owned()).collect()
            }
        };
        let plain = |text: &str| text.to_lowercase().replace(['_', '-'], " ");
        let typed = plain(typed.trim());
        let mut fitting: Vec<String> = names
            .into_iter()
            .filter(|name| plain(name).contains(&typed) && name.chars().count() <= LONGEST_NAME)
            .collect();
        // What begins with it comes first; else as it stands in the library.
        fitting.sort_by_key(|name| !plain(name).starts_with(&typed));
        fitting.truncate(OFFERED);
        fitting
    }

    /// A form with one field for a command's text.
    fn form_for(&self, who: UserId, command: Command) -> Value {
        let spec = command.spec();
        let about = self.settings.menus.iter().find(|menu| menu.name == spec.words).map_or("", |menu| &menu.about);
        let field = json!({
            "type": 4, "custom_id": "text", "style": 2, "required": true, "max_length": 3000,
            "label": short(about, 45),
        });
        json!({"type": FORM, "data": {
            "custom_id": self.signer.id(&who.to_string(), spec.words),
            "title": short(spec.words, 45),
            "components": [{"type": 1, "components": [field]}],
        }})
    }

    /// Passes an event on; its person gets a first sign in time, whatever becomes of it.
    async fn happened(self: &Arc<Self>, from: &From<'_>, kind: Kind, input: Input) {
        let now = self.time.now();
        let kept = self.interactions.open(from.id, from.token, kind, now);
        let place = place::of_interaction(from.guild, from.channel, from.channel_id, from.context);
        let (venues, grounds) = match (from.guild, from.own) {
            (Some(_), Some(own)) => {
                let kind = from.channel.map_or(ChannelType::Text, |channel| channel.kind);
                rights::in_guild(own, kind, self.application)
            }
            _ => (Venues { direct: true, ..Venues::default() }, Vec::new()),
        };
        let event = Event::Person(FromPerson {
            id: EventId::new(&place::platform(), from.id),
            who: place::user(from.who),
            place,
            may_configure: rights::may_configure(from.member),
            venues,
            grounds,
            reply: Some(kept.reply_token(now)),
            input,
        });
        let handled = self.pass_on(event);
        let shared = self.clone();
        // Beside what follows: Discord doesn't wait.
        let waiting = async {
            self.time.wait(super::interactions::PATIENCE).await;
            kept.hold(&shared.http).await;
        };
        tokio::pin!(waiting);
        tokio::pin!(handled);
        tokio::select! {
            () = &mut handled => {}
            () = waiting => handled.await,
        }
        kept.done(&self.http).await;
    }
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
        own: command.app_permissions,
    }
}

/// The name under a group, and the options of what was picked.
fn options(given: &[CommandDataOption]) -> (Option<&str>, &[CommandDataOption]) {
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

fn short(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
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
