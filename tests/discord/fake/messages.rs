//! Messages that the bot sends to a channel by its own endpoints.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, ensure};
use super::id::Id;
use super::payload;
use super::permissions::{ATTACH_FILES, EMBED_LINKS, MANAGE_MESSAGES, MANAGE_THREADS, READ_MESSAGE_HISTORY};
use super::state::{Message, State};

/// From this age on edits are capped, in milliseconds.
const OLD: u64 = 60 * 60 * 1_000;

/// Flags that a sender may set: suppress embeds, suppress notifications, components V2; in a webhook's answer ephemeral as well.
const SETTABLE: u64 = 1 << 2 | 1 << 6 | 1 << 12 | 1 << 15;

pub fn list(state: &mut State, call: &Call) -> Answer {
    let channel = state.visible(call.id(0))?.id;
    state.may(channel, READ_MESSAGE_HISTORY)?;
    let limit = call.query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let bound = |key: &str| call.query.get(key).and_then(|id| Id::read(id));
    let (before, after) = (bound("before"), bound("after"));
    let inside = state.messages.values().rev().filter(|message| {
        message.channel == channel
            && message.only_for.is_none()
            && before.is_none_or(|before| message.id < before)
            && after.is_none_or(|after| message.id > after)
    });
    Ok((200, inside.take(limit).map(|message| state.message(message)).collect::<Vec<Value>>().into()))
}

pub fn get(state: &mut State, call: &Call) -> Answer {
    let message = seen(state, call)?;
    state.may(call.id(0), READ_MESSAGE_HISTORY)?;
    Ok((200, state.message(message)))
}

pub fn create(state: &mut State, call: &Call) -> Answer {
    let channel = state.visible(call.id(0))?;
    let (id, guild) = (channel.id, channel.guild);
    let open = channel.recipients.iter().all(|user| state.users.get(user).is_some_and(|user| user.takes_messages));
    ensure(open, 50007)?;
    state.may(id, State::writing(channel))?;
    let locked = channel.thread.as_ref().is_some_and(|thread| thread.locked);
    ensure(!locked || state.may(id, MANAGE_THREADS).is_ok(), 160005)?;
    let has = |key: &str| call.body[key].as_array().is_some_and(|items| !items.is_empty());
    ensure(!has("embeds") || state.may(id, EMBED_LINKS).is_ok(), 50013)?;
    ensure(call.files.is_empty() || state.may(id, ATTACH_FILES).is_ok(), 50013)?;
    let replies_to = call.body.pointer("/message_reference/message_id").and_then(Value::as_str).and_then(Id::read);
    ensure(replies_to.is_none() || state.may(id, READ_MESSAGE_HISTORY).is_ok(), 160002)?;
    let nonce = Some(&call.body["nonce"]).filter(|nonce| !nonce.is_null()).cloned();
    if let Some(sent) = state.sent_before(id, nonce.as_ref()).filter(|_| call.body["enforce_nonce"] == true) {
        return Ok((200, state.message(sent)));
    }
    let mut message = Message::new(state.clock.mint(), id, state.bot.id);
    (message.nonce, message.replies_to) = (nonce, replies_to);
    message.kind = if replies_to.is_some() { Message::REPLY } else { Message::DEFAULT };
    fill(&mut message, call, state);
    ensure(!is_empty(&message), 50006)?;
    state.wake(id);
    let sent = state.post(message);
    let value = state.message(&state.messages[&sent]);
    state.tell(guild, "MESSAGE_CREATE", event(value.clone(), guild));
    Ok((200, value))
}

pub fn edit(state: &mut State, call: &Call) -> Answer {
    let mut message = seen(state, call)?.clone();
    ensure(message.author == state.bot.id, 50005)?;
    ensure(!state.is_archived(message.channel), 50083)?;
    ensure(call.at.saturating_sub(message.id.made()) < OLD, 30046)?;
    state.rewrite(&mut message, call)?;
    let guild = state.channels[&message.channel].guild;
    let value = state.message(&message);
    state.tell(guild, "MESSAGE_UPDATE", event(value.clone(), guild));
    Ok((200, value))
}

pub fn delete(state: &mut State, call: &Call) -> Answer {
    let message = seen(state, call)?;
    let (id, channel, own) = (message.id, message.channel, message.author == state.bot.id);
    ensure(own || state.may(channel, MANAGE_MESSAGES).is_ok(), 50013)?;
    ensure(!state.is_archived(channel), 50083)?;
    state.messages.remove(&id);
    let guild = state.channels[&channel].guild;
    state.tell(guild, "MESSAGE_DELETE", event(json!({ "id": id, "channel_id": channel }), guild));
    Ok((204, Value::Null))
}

impl State {
    /// Keeps a new message.
    pub fn post(&mut self, message: Message) -> Id {
        let id = message.id;
        self.messages.insert(id, message);
        id
    }

    /// Puts an edit into a message and keeps it.
    pub fn rewrite(&mut self, message: &mut Message, call: &Call) -> Result<(), Refusal> {
        fill(message, call, self);
        ensure(!is_empty(message), 50006)?;
        message.flags &= !Message::LOADING;
        message.edited = Some(self.clock.now());
        message.revision += 1;
        self.messages.insert(message.id, message.clone());
        Ok(())
    }

    pub fn is_archived(&self, channel: Id) -> bool {
        self.channels.get(&channel).and_then(|channel| channel.thread.as_ref()).is_some_and(|thread| thread.archived)
    }

    /// Writing in an archived thread brings it back.
    pub fn wake(&mut self, channel: Id) {
        let now = self.clock.now();
        let Some(found) = self.channels.get_mut(&channel) else { return };
        let Some(thread) = found.thread.as_mut().filter(|thread| thread.archived) else { return };
        (thread.archived, thread.archive_at) = (false, now);
        let guild = found.guild;
        let value = self.channel(&self.channels[&channel]);
        self.tell(guild, "THREAD_UPDATE", value);
    }

    /// Discord looks back a few minutes for the same nonce of the same author.
    fn sent_before(&self, channel: Id, nonce: Option<&Value>) -> Option<&Message> {
        let nonce = nonce?;
        self.messages.values().find(|message| message.channel == channel && message.nonce.as_ref() == Some(nonce))
    }
}

/// Puts a body's fields into a message; what it doesn't name stays.
pub fn fill(message: &mut Message, call: &Call, state: &mut State) {
    let body = if call.body.get("data").is_some() { &call.body["data"] } else { &call.body };
    if let Some(content) = body.get("content") {
        message.content = content.as_str().unwrap_or_default().to_owned();
    }
    let list = |key: &str| body.get(key).map(|value| value.as_array().cloned().unwrap_or_default());
    if let Some(embeds) = list("embeds") {
        message.embeds = embeds.iter().map(payload::embed).collect();
    }
    if let Some(components) = list("components") {
        message.components = payload::components(&components);
    }
    if let Some(flags) = body["flags"].as_u64() {
        message.flags = message.flags & !(SETTABLE & !Message::EPHEMERAL) | flags & SETTABLE;
    }
    if let Some(kept) = list("attachments") {
        message.attachments.retain(|attachment| kept.iter().any(|kept| kept["id"] == attachment["id"]));
    }
    for (at, file) in call.files.iter().enumerate() {
        let id = state.clock.mint();
        let url = format!("https://cdn.discordapp.com/attachments/{}/{id}/{}", message.channel, file.name);
        let named = list("attachments").into_iter().flatten().find(|named| {
            let field = named["id"].as_str().map_or_else(|| named["id"].to_string(), str::to_owned);
            file.field == format!("files[{field}]")
        });
        let mut attachment =
            json!({ "id": id, "filename": file.name, "size": file.size, "url": url, "proxy_url": url });
        if let Some(about) = named.as_ref().and_then(|named| named["description"].as_str()) {
            attachment["description"] = about.into();
        }
        debug_assert!(at < 10, "the specification allows ten");
        message.attachments.push(attachment);
    }
}

/// Discord refuses a message with nothing in it.
pub fn is_empty(message: &Message) -> bool {
    message.content.is_empty()
        && message.embeds.is_empty()
        && message.components.is_empty()
        && message.attachments.is_empty()
}

/// A message's event, which in a guild names it.
fn event(mut value: Value, guild: Option<Id>) -> Value {
    if let Some(guild) = guild {
        value["guild_id"] = json!(guild);
    }
    value
}

/// A message that the bot may see: what only one person sees is not among them.
fn seen<'a>(state: &'a State, call: &Call) -> Result<&'a Message, Refusal> {
    state.visible(call.id(0))?;
    let found =
        state.messages.get(&call.id(1)).filter(|message| message.channel == call.id(0) && message.only_for.is_none());
    found.ok_or_else(|| Refusal::code(10008))
}
