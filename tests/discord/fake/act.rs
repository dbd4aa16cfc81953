//! Acting as people do in Discord's client: commands, buttons, selects, modals, plain messages.
//!
//! What the client would not let them do panics: a command that isn't registered, offered or complete, a button that isn't there.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::handle::{Handle, Seen};
use super::id::Id;
use super::state::{Interaction, Message, State};
use super::{Fake, Inner};

/// Somebody somewhere.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(super) inner: Arc<Inner>,
    pub user: Id,
    pub guild: Option<Id>,
    pub channel: Id,
}

/// A command that is being typed.
#[derive(Clone, Debug)]
pub struct Slash {
    actor: Actor,
    path: String,
    options: Vec<(String, Value)>,
    /// Whether an admin has opened the command to everybody in the server's settings.
    opened: bool,
}

impl Fake {
    /// Somebody in a guild's first channel; they join it if they haven't.
    pub fn member(&self, guild: Id, user: Id) -> Actor {
        self.join(guild, user);
        let first = |state: &State| {
            let mut inside = state.channels.values().filter(|channel| channel.guild == Some(guild));
            inside.find(|channel| channel.thread.is_none()).map(|channel| channel.id)
        };
        let channel = self.look(first).expect("a guild has a channel");
        Actor { inner: Arc::clone(&self.inner), user, guild: Some(guild), channel }
    }

    /// Somebody in their direct messages with the bot.
    pub fn dm(&self, user: Id) -> Actor {
        let channel = self.change(|state| state.open_direct(user));
        Actor { inner: Arc::clone(&self.inner), user, guild: None, channel }
    }

    /// The language of somebody's client, as Discord names it.
    pub fn speaks(&self, user: Id, locale: &str) {
        self.change(|state| state.users.get_mut(&user).expect("the user was made").locale = locale.into());
    }

    /// Whether somebody lets the bot write to them.
    pub fn takes_messages(&self, user: Id, takes: bool) {
        self.change(|state| state.users.get_mut(&user).expect("the user was made").takes_messages = takes);
    }
}

impl Actor {
    /// The same person in another channel or thread.
    pub fn in_channel(&self, channel: Id) -> Self {
        Self { channel, ..self.clone() }
    }

    /// Begins a command with its subcommands: `routine start`.
    pub fn slash(&self, path: &str) -> Slash {
        Slash { actor: self.clone(), path: path.trim_start_matches('/').into(), options: Vec::new(), opened: false }
    }

    /// Whether the client offers them a command.
    pub fn is_offered(&self, name: &str) -> bool {
        self.inner.look(|state| state.command(self, name).is_some_and(|command| state.offers(self, &command)))
    }

    /// Presses a button by its label.
    #[track_caller]
    pub fn press(&self, message: &Seen, label: &str) -> Handle {
        let now = self.now(message);
        let found = now.buttons.iter().find(|button| button.label == label);
        let button = found.unwrap_or_else(|| panic!("no button `{label}`, but {:?}", now.buttons));
        assert!(!button.disabled, "`{label}` is greyed out");
        self.press_id(message, &button.custom_id)
    }

    /// Presses by custom id, whatever the message shows by now: a client that was slow, or one that forges.
    #[track_caller]
    pub fn press_id(&self, message: &Seen, custom_id: &str) -> Handle {
        self.component(message.id, json!({ "component_type": 2, "custom_id": custom_id, "id": 2 }))
    }

    /// Picks options of a select by their labels; which select, by a part of its placeholder or custom id.
    #[track_caller]
    pub fn select(&self, message: &Seen, which: &str, labels: &[&str]) -> Handle {
        let now = self.now(message);
        let fits =
            |select: &&super::handle::Select| select.placeholder.contains(which) || select.custom_id.contains(which);
        let found = now.selects.iter().find(fits);
        let select = found.unwrap_or_else(|| panic!("no select `{which}`, but {:?}", now.selects));
        let value = |label: &&str| {
            let option = select.options.iter().find(|(shown, _)| shown == label);
            // A select of channels, roles or users lists nothing; its values are ids.
            let id = (select.kind != 3).then(|| (*label).to_owned());
            option.map(|(_, value)| value.clone()).or(id).unwrap_or_else(|| panic!("no option `{label}` in {select:?}"))
        };
        let values: Vec<String> = labels.iter().map(value).collect();
        let mut data =
            json!({ "component_type": select.kind, "custom_id": select.custom_id, "values": values, "id": 2 });
        if select.kind != 3 {
            data["resolved"] = self.inner.look(|state| state.resolved(self.guild, select.kind, &values));
        }
        self.component(message.id, data)
    }

    /// Writes a message. Who has no intent for it doesn't get it.
    pub fn says(&self, text: &str) -> Id {
        self.inner.change(|state| {
            let mut message = Message::new(state.clock.mint(), self.channel, self.user);
            message.content = text.to_owned();
            state.wake(self.channel);
            let id = state.post(message);
            let mut event = state.message(&state.messages[&id]);
            if let Some(guild) = self.guild {
                event["guild_id"] = json!(guild);
                // Without the privileged intent a guild's messages come without their text.
                event["content"] = "".into();
            }
            state.tell(self.guild, "MESSAGE_CREATE", event);
            id
        })
    }

    fn now(&self, message: &Seen) -> Seen {
        self.inner.look(|state| {
            let found = state.messages.get(&message.id).expect("the message is still there");
            assert!(found.only_for.is_none_or(|user| user == self.user), "they don't see that message");
            assert!(state.sees(found.channel, self.user), "they don't see that channel");
            Seen::of(found)
        })
    }

    #[track_caller]
    fn component(&self, message: Id, data: Value) -> Handle {
        self.inner.change(|state| {
            let found = state.messages.get(&message).expect("the message is still there").clone();
            let here = self.in_channel(found.channel);
            let id = state.interact(&here, Interaction::COMPONENT, data, Some(&found));
            Handle { actor: here, id, revision: found.revision }
        })
    }
}

impl Slash {
    /// An option's value, by the option's name. A choice may be given by its name.
    pub fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Lets somebody through whom `default_member_permissions` keep out, as a server's settings can.
    pub fn opened(self) -> Self {
        Self { opened: true, ..self }
    }

    /// Sends it.
    #[track_caller]
    pub fn send(self) -> Handle {
        self.go(Interaction::COMMAND, None)
    }

    /// Types the beginning of an option's value and waits for suggestions.
    #[track_caller]
    pub fn autocomplete(self, option: &str, typed: &str) -> Handle {
        self.option(option, typed).go(Interaction::AUTOCOMPLETE, Some(option))
    }

    #[track_caller]
    fn go(self, kind: u8, focused: Option<&str>) -> Handle {
        let actor = self.actor.clone();
        let inner = Arc::clone(&actor.inner);
        inner.change(|state| {
            let name = self.path.split(' ').next().unwrap_or_default();
            let command = state.command(&actor, name).unwrap_or_else(|| panic!("/{name} is not registered here"));
            assert!(self.opened || state.offers(&actor, &command), "/{name} is not offered to them");
            let mut declared = &command;
            let mut path = Vec::new();
            for word in self.path.split(' ').skip(1) {
                let mut inner = declared["options"].as_array().into_iter().flatten();
                declared = inner
                    .find(|option| option["name"] == word)
                    .unwrap_or_else(|| panic!("/{} does not exist", self.path));
                path.push((word, declared["type"].clone()));
            }
            let (given, attachments) = attached(state, declared, &self.options);
            let (mut options, mut resolved) = typed(state, &actor, declared, &given, focused);
            if !attachments.is_empty() {
                resolved.insert("attachments".to_owned(), attachments.into());
            }
            for (word, kind) in path.iter().rev() {
                options = vec![json!({ "name": word, "type": kind, "options": options })];
            }
            let mut data = json!({ "id": command["id"], "name": name, "type": 1, "options": options });
            if !resolved.is_empty() {
                data["resolved"] = resolved.into();
            }
            if let Some(guild) = command.get("guild_id") {
                data["guild_id"] = guild.clone();
            }
            let id = state.interact(&actor, kind, data, None);
            Handle { actor, id, revision: 0 }
        })
    }
}

/// Options with the id of an upload in place of each text that is given as a file, and the uploads.
fn attached(
    state: &mut State,
    declared: &Value,
    given: &[(String, Value)],
) -> (Vec<(String, Value)>, Map<String, Value>) {
    let known = declared["options"].as_array().cloned().unwrap_or_default();
    let mut attachments = Map::new();
    let mut put = |(name, value): &(String, Value)| {
        let is_file = known.iter().any(|option| option["name"] == *name && option["type"] == 11);
        let Some(text) = value.as_str().filter(|_| is_file) else { return (name.clone(), value.clone()) };
        let id = state.clock.mint();
        let path = format!("/ephemeral-attachments/{id}/file.toml");
        let url = format!("{}{path}", state.gateway.url.replacen("ws://", "http://", 1));
        let upload = json!({
            "id": id, "filename": "file.toml", "size": text.len(), "url": url, "proxy_url": url, "ephemeral": true,
            "content_type": "application/toml; charset=utf-8",
        });
        state.uploads.insert(path, text.to_owned());
        attachments.insert(id.to_string(), upload);
        (name.clone(), json!(id))
    };
    let given = given.iter().map(&mut put).collect();
    (given, attachments)
}

/// Options as the client sends them, and the objects that they name.
fn typed(
    state: &State,
    actor: &Actor,
    declared: &Value,
    given: &[(String, Value)],
    focused: Option<&str>,
) -> (Vec<Value>, Map<String, Value>) {
    let known: Vec<&Value> = declared["options"].as_array().into_iter().flatten().collect();
    let is_given = |option: &&Value| given.iter().any(|(name, _)| option["name"] == *name);
    let missing = known.iter().find(|option| option["required"] == true && !is_given(option));
    assert!(
        missing.is_none() || focused.is_some(),
        "the option {} is required",
        missing.map_or(&Value::Null, |one| &one["name"])
    );
    let mut resolved = Map::new();
    let option = |(name, value): &(String, Value)| {
        let option = known.iter().find(|option| option["name"] == *name);
        let option = option.unwrap_or_else(|| panic!("no option `{name}` in {declared}"));
        let kind = option["type"].as_u64().unwrap_or(0);
        let is_focused = focused == Some(name);
        assert!(!is_focused || option["autocomplete"] == true, "`{name}` suggests nothing");
        let value = if is_focused { value.clone() } else { value_of(option, value) };
        if (6..=9).contains(&kind) {
            let ids = [value.as_str().unwrap_or_default().to_owned()];
            let found = state.resolved(
                actor.guild,
                match kind {
                    6 => 5,
                    7 => 8,
                    8 => 6,
                    _ => 7,
                },
                &ids,
            );
            resolved.extend(found.as_object().cloned().unwrap_or_default());
        }
        let mut sent = json!({ "name": name, "type": kind, "value": value });
        if is_focused {
            sent["focused"] = true.into();
        }
        sent
    };
    (given.iter().map(option).collect(), resolved)
}

fn value_of(option: &Value, given: &Value) -> Value {
    let choices: Vec<&Value> = option["choices"].as_array().into_iter().flatten().collect();
    if !choices.is_empty() {
        let found = choices.iter().find(|choice| choice["value"] == *given || choice["name"] == *given);
        return found.unwrap_or_else(|| panic!("{given} is no choice of {option}"))["value"].clone();
    }
    let text = given.as_str().unwrap_or_default();
    let value = match option["type"].as_u64() {
        Some(4) => given.as_i64().or_else(|| text.parse().ok()).map(Value::from),
        Some(5) => given.as_bool().or_else(|| text.parse().ok()).map(Value::from),
        Some(10) => given.as_f64().or_else(|| text.parse().ok()).map(Value::from),
        _ => given.as_str().map(Value::from),
    };
    let value = value.unwrap_or_else(|| panic!("{given} does not fit {option}"));
    let (least, most) = (option["min_length"].as_u64().unwrap_or(0), option["max_length"].as_u64().unwrap_or(6000));
    let length = value.as_str().map(|text| text.chars().count() as u64);
    assert!(
        length.is_none_or(|length| (least..=most).contains(&length)),
        "the client takes no such length for {option}"
    );
    let within = |key: &str, holds: fn(f64, f64) -> bool| {
        value.as_f64().zip(option[key].as_f64()).is_none_or(|(value, bound)| holds(value, bound))
    };
    assert!(
        within("min_value", |value, bound| value >= bound) && within("max_value", |value, bound| value <= bound),
        "{value} is out of bounds for {option}"
    );
    value
}
