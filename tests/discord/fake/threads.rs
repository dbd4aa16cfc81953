//! Threads: made, joined, left.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, ensure};
use super::id::{Id, iso};
use super::permissions::{CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, MANAGE_THREADS};
use super::state::{Channel, Message, State, Thread};

pub fn create(state: &mut State, call: &Call) -> Answer {
    // Discord takes a missing type for a private thread.
    let kind = call.body["type"].as_u64().map_or(Channel::PRIVATE_THREAD, |kind| kind as u8);
    let id = state.clock.mint();
    let answer = make(state, call, id, kind)?;
    if kind == Channel::PUBLIC_THREAD {
        let mut note = Message::new(state.clock.mint(), call.id(0), state.bot.id);
        note.kind = Message::THREAD_CREATED;
        note.content = call.body["name"].as_str().unwrap_or_default().to_owned();
        state.post(note);
    }
    Ok(answer)
}

pub fn create_from_message(state: &mut State, call: &Call) -> Answer {
    state.visible(call.id(0))?;
    let message =
        state.messages.get(&call.id(1)).filter(|message| message.channel == call.id(0) && message.only_for.is_none());
    let id = message.ok_or_else(|| Refusal::code(10008))?.id;
    ensure(!state.channels.contains_key(&id), 160004)?;
    make(state, call, id, Channel::PUBLIC_THREAD)
}

pub fn join(state: &mut State, call: &Call) -> Answer {
    ensure(!thread(state, call)?.archived, 50083)?;
    let bot = state.bot.id;
    change(state, call.id(0), |members| members.insert(bot))
}

pub fn leave(state: &mut State, call: &Call) -> Answer {
    ensure(!thread(state, call)?.archived, 50083)?;
    let bot = state.bot.id;
    change(state, call.id(0), |members| members.remove(&bot))
}

pub fn add(state: &mut State, call: &Call) -> Answer {
    let found = thread(state, call)?;
    ensure(!found.archived, 50083)?;
    let (channel, user) = (&state.channels[&call.id(0)], call.id(1));
    state.may(channel.id, State::writing(channel))?;
    let private = channel.kind == Channel::PRIVATE_THREAD && !found.invitable;
    ensure(!private || found.owner == state.bot.id || state.may(channel.id, MANAGE_THREADS).is_ok(), 50013)?;
    let guild = channel.guild.and_then(|guild| state.guilds.get(&guild));
    ensure(guild.is_some_and(|guild| guild.members.contains_key(&user)), 10007)?;
    ensure(state.permissions(channel.id, user) != 0, 50001)?;
    change(state, call.id(0), |members| members.insert(user))
}

pub fn remove(state: &mut State, call: &Call) -> Answer {
    let found = thread(state, call)?;
    ensure(!found.archived, 50083)?;
    let own = found.owner == state.bot.id && state.channels[&call.id(0)].kind == Channel::PRIVATE_THREAD;
    ensure(own || state.may(call.id(0), MANAGE_THREADS).is_ok(), 50013)?;
    let user = call.id(1);
    change(state, call.id(0), |members| members.remove(&user))
}

fn make(state: &mut State, call: &Call, id: Id, kind: u8) -> Answer {
    let parent = state.visible(call.id(0))?;
    let (parent, guild, parent_kind) = (parent.id, parent.guild, parent.kind);
    let fits = match kind {
        Channel::PRIVATE_THREAD => parent_kind == Channel::TEXT,
        Channel::PUBLIC_THREAD => parent_kind == Channel::TEXT || parent_kind == Channel::ANNOUNCEMENT,
        Channel::ANNOUNCEMENT_THREAD => parent_kind == Channel::ANNOUNCEMENT,
        _ => false,
    };
    ensure(fits, 50024)?;
    let needed = if kind == Channel::PRIVATE_THREAD { CREATE_PRIVATE_THREADS } else { CREATE_PUBLIC_THREADS };
    state.may(parent, needed)?;
    let thread = Thread {
        owner: state.bot.id,
        archived: false,
        locked: false,
        invitable: call.body["invitable"].as_bool().unwrap_or(true),
        archive_after: call.body["auto_archive_duration"].as_u64().unwrap_or(4320),
        archive_at: state.clock.now(),
        members: BTreeSet::from([state.bot.id]),
    };
    let channel = Channel {
        id,
        kind,
        guild,
        name: call.body["name"].as_str().unwrap_or_default().to_owned(),
        parent: Some(parent),
        overwrites: Vec::new(),
        thread: Some(thread),
        recipients: Vec::new(),
    };
    let mut value = state.channel(&channel);
    state.channels.insert(id, channel);
    value["member"] = state.thread_member(id, state.bot.id);
    let mut event = value.clone();
    event["newly_created"] = true.into();
    state.tell(guild, "THREAD_CREATE", event);
    Ok((201, value))
}

impl State {
    fn thread_member(&self, thread: Id, user: Id) -> Value {
        json!({ "id": thread, "user_id": user, "join_timestamp": iso(self.clock.now()), "flags": 0 })
    }
}

fn thread<'a>(state: &'a State, call: &Call) -> Result<&'a Thread, Refusal> {
    state.visible(call.id(0))?.thread.as_ref().ok_or_else(|| Refusal::code(50024))
}

fn change(state: &mut State, id: Id, by: impl FnOnce(&mut BTreeSet<Id>) -> bool) -> Answer {
    let thread = state.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut());
    by(&mut thread.expect("it was looked up").members);
    Ok((204, Value::Null))
}
