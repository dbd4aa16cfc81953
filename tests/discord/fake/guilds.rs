//! Guilds as a member asks about them.

use serde_json::Value;

use super::call::{Answer, Call, Refusal, ensure};
use super::state::State;

pub fn get(state: &mut State, call: &Call) -> Answer {
    ensure(state.is_in(call.id(0)), 10004)?;
    Ok((200, state.guild(&state.guilds[&call.id(0)])))
}

pub fn roles(state: &mut State, call: &Call) -> Answer {
    ensure(state.is_in(call.id(0)), 10004)?;
    Ok((200, state.roles(&state.guilds[&call.id(0)]).into()))
}

pub fn channels(state: &mut State, call: &Call) -> Answer {
    ensure(state.is_in(call.id(0)), 10004)?;
    let inside =
        state.channels.values().filter(|channel| channel.guild == Some(call.id(0)) && channel.thread.is_none());
    Ok((200, inside.map(|channel| state.channel(channel)).collect::<Vec<Value>>().into()))
}

pub fn member(state: &mut State, call: &Call) -> Answer {
    ensure(state.is_in(call.id(0)), 10004)?;
    state.member(call.id(0), call.id(1)).map(|member| (200, member)).ok_or_else(|| Refusal::code(10007))
}
