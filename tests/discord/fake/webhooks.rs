//! What follows the first answer: edits of it, further messages, and taking them back, by the interaction's token.

use serde_json::Value;

use super::call::{Answer, Call, Refusal, ensure};
use super::id::Id;
use super::messages::{fill, is_empty};
use super::state::{Interaction, Message, State};

pub fn get(state: &mut State, call: &Call) -> Answer {
    let message = meant(state, call)?;
    Ok((200, state.message(message)))
}

pub fn edit(state: &mut State, call: &Call) -> Answer {
    let mut message = meant(state, call)?.clone();
    reachable(state, message.channel)?;
    state.rewrite(&mut message, call)?;
    Ok((200, state.message(&message)))
}

pub fn delete(state: &mut State, call: &Call) -> Answer {
    let id = meant(state, call)?.id;
    state.messages.remove(&id);
    Ok((204, Value::Null))
}

pub fn follow_up(state: &mut State, call: &Call) -> Answer {
    let interaction = alive(state, call)?.clone();
    reachable(state, interaction.channel)?;
    let waiting = interaction.original.and_then(|id| state.messages.get(&id)).filter(|message| message.is_loading());
    if let Some(mut message) = waiting.cloned() {
        // The first message after a deferral takes its place, and its audience.
        state.rewrite(&mut message, call)?;
        return Ok((200, state.message(&message)));
    }
    let mut message = Message::new(state.clock.mint(), interaction.channel, state.bot.id);
    message.interaction = Some(interaction.id);
    fill(&mut message, call, state);
    ensure(!is_empty(&message), 50006)?;
    if message.flags & Message::EPHEMERAL != 0 {
        message.only_for = Some(interaction.user);
    }
    let id = state.post(message);
    if let Some(interaction) = state.interactions.get_mut(&interaction.id) {
        interaction.followups.push(id);
    }
    Ok((200, state.message(&state.messages[&id])))
}

/// The interaction of a token that still works and was answered.
fn alive<'a>(state: &'a State, call: &Call) -> Result<&'a Interaction, Refusal> {
    ensure(call.id(0) == state.bot.id, 10015)?;
    let found = state.interactions.values().find(|found| found.token == call.part(1));
    let found = found.ok_or_else(|| Refusal::code(50027))?;
    ensure(call.at.saturating_sub(found.at) <= Interaction::TOKEN_LIFE, 50027)?;
    ensure(found.answered.is_some(), 10015)?;
    Ok(found)
}

fn meant<'a>(state: &'a State, call: &Call) -> Result<&'a Message, Refusal> {
    let interaction = alive(state, call)?;
    let id = match call.parts.get(2) {
        None => interaction.original,
        Some(id) => Id::read(id).filter(|id| interaction.original == Some(*id) || interaction.followups.contains(id)),
    };
    id.and_then(|id| state.messages.get(&id)).ok_or_else(|| Refusal::code(10008))
}

fn reachable(state: &State, channel: Id) -> Result<(), Refusal> {
    let found = state.channels.get(&channel).ok_or_else(|| Refusal::code(10003))?;
    let shut = found.thread.as_ref().is_some_and(|thread| thread.archived && thread.locked);
    if shut { Err(Refusal { status: 403, ..Refusal::code(50083) }) } else { Ok(()) }
}
