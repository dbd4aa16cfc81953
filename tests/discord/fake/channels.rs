//! Channels: looking, changing, deleting, typing, and opening a direct message.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, ensure};
use super::id::Id;
use super::permissions::{MANAGE_CHANNELS, MANAGE_THREADS, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS};
use super::state::{Channel, State};

impl State {
    /// A channel that the bot may see, or why not.
    pub fn visible(&self, id: Id) -> Result<&Channel, Refusal> {
        let channel = self.channels.get(&id).ok_or_else(|| Refusal::code(10003))?;
        ensure(self.sees(id, self.bot.id), 50001)?;
        Ok(channel)
    }

    /// Whether the bot may do something in a channel that it sees.
    pub fn may(&self, id: Id, bit: u64) -> Result<(), Refusal> {
        ensure(self.permissions(id, self.bot.id) & bit != 0, 50013)
    }

    /// What the bot needs to write in a channel.
    pub fn writing(channel: &Channel) -> u64 {
        if channel.thread.is_some() { SEND_MESSAGES_IN_THREADS } else { SEND_MESSAGES }
    }
}

pub fn get(state: &mut State, call: &Call) -> Answer {
    Ok((200, state.channel(state.visible(call.id(0))?)))
}

pub fn edit(state: &mut State, call: &Call) -> Answer {
    let id = call.id(0);
    let Some(thread) = &state.visible(id)?.thread else {
        state.may(id, MANAGE_CHANNELS)?;
        if let (Some(name), Some(channel)) = (call.body["name"].as_str(), state.channels.get_mut(&id)) {
            channel.name = name.to_owned();
        }
        return changed(state, id, "CHANNEL_UPDATE");
    };
    let (manages, owns) = (state.may(id, MANAGE_THREADS).is_ok(), thread.owner == state.bot.id);
    let (sent, locking) = (&call.body, !call.body["locked"].is_null());
    ensure(manages || owns && !locking && !thread.locked, 50013)?;
    // An archived thread takes no change but its return.
    ensure(!thread.archived || sent["archived"] == false, 50083)?;
    let now = state.clock.now();
    let channel = state.channels.get_mut(&id).expect("it was visible");
    let Some(thread) = &mut channel.thread else { return Err(Refusal::code(50024)) };
    if let Some(archived) = sent["archived"].as_bool() {
        (thread.archived, thread.archive_at) = (archived, now);
    }
    let flag = |key: &str, before: bool| sent[key].as_bool().unwrap_or(before);
    (thread.locked, thread.invitable) = (flag("locked", thread.locked), flag("invitable", thread.invitable));
    thread.archive_after = sent["auto_archive_duration"].as_u64().unwrap_or(thread.archive_after);
    if let Some(name) = sent["name"].as_str() {
        channel.name = name.to_owned();
    }
    changed(state, id, "THREAD_UPDATE")
}

pub fn delete(state: &mut State, call: &Call) -> Answer {
    let id = call.id(0);
    let channel = state.visible(id)?;
    let needed = match (&channel.thread, channel.guild) {
        (Some(_), _) => MANAGE_THREADS,
        (None, Some(_)) => MANAGE_CHANNELS,
        // Leaving a direct message takes no permission.
        (None, None) => 0,
    };
    ensure(needed == 0 || state.may(id, needed).is_ok(), 50013)?;
    let gone = state.channel(channel);
    state.drop_channel(id);
    Ok((200, gone))
}

pub fn typing(state: &mut State, call: &Call) -> Answer {
    let channel = state.visible(call.id(0))?;
    state.may(channel.id, State::writing(channel))?;
    Ok((204, Value::Null))
}

pub fn open_direct(state: &mut State, call: &Call) -> Answer {
    let user = call.body["recipient_id"].as_str().and_then(Id::read).filter(|user| state.users.contains_key(user));
    let user = user.ok_or_else(|| Refusal::code(10013))?;
    let id = state.open_direct(user);
    Ok((200, state.channel(&state.channels[&id])))
}

impl State {
    /// Deletes a channel or a thread with all that is in it, and says so.
    pub fn drop_channel(&mut self, id: Id) {
        let within: Vec<Id> =
            self.channels.values().filter(|other| other.parent == Some(id)).map(|other| other.id).collect();
        within.into_iter().for_each(|thread| self.drop_channel(thread));
        let seen = self.sees(id, self.bot.id);
        let Some(gone) = self.channels.get(&id) else { return };
        let (name, event) = if gone.thread.is_some() {
            ("THREAD_DELETE", json!({ "id": id, "guild_id": gone.guild, "parent_id": gone.parent, "type": gone.kind }))
        } else {
            ("CHANNEL_DELETE", self.channel(gone))
        };
        let guild = gone.guild;
        self.channels.remove(&id);
        self.messages.retain(|_, message| message.channel != id);
        if let Some(guild) = guild.filter(|_| seen) {
            self.tell(Some(guild), name, event);
        }
    }
}

fn changed(state: &mut State, id: Id, event: &str) -> Answer {
    let value = state.channel(&state.channels[&id]);
    let guild = state.channels[&id].guild;
    state.tell(guild, event, value.clone());
    Ok((200, value))
}
