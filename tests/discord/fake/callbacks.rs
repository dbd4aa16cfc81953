//! The first answer to an interaction.

use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, ensure};
use super::messages::{fill, is_empty};
use super::state::{Answered, Interaction, Message, State};

/// Discord's callback types.
pub const MESSAGE: u8 = 4;
pub const DEFERRED: u8 = 5;
pub const DEFERRED_UPDATE: u8 = 6;
pub const UPDATE: u8 = 7;
pub const CHOICES: u8 = 8;
pub const MODAL: u8 = 9;

pub fn create(state: &mut State, call: &Call) -> Answer {
    let found = state.interactions.get(&call.id(0)).filter(|found| found.token == call.part(1));
    let mut interaction = found.ok_or_else(|| Refusal::code(10062))?.clone();
    ensure(interaction.answered.is_none(), 40060)?;
    let after = call.at.saturating_sub(interaction.at);
    ensure(after <= Interaction::PATIENCE, 10062)?;
    let kind = call.body["type"].as_u64().unwrap_or(0) as u8;
    ensure(fits(&interaction, kind), 50035)?;
    let data = &call.body["data"];
    let ephemeral = data["flags"].as_u64().unwrap_or(0) & Message::EPHEMERAL != 0;
    match kind {
        MESSAGE | DEFERRED => interaction.original = Some(reply(state, call, &interaction, kind)?),
        DEFERRED_UPDATE => interaction.original = interaction.source,
        UPDATE => {
            let source =
                interaction.source.and_then(|id| state.messages.get(&id)).ok_or_else(|| Refusal::code(10008))?;
            interaction.original = Some(source.id);
            let mut message = source.clone();
            state.rewrite(&mut message, call)?;
        }
        CHOICES => interaction.choices = data["choices"].as_array().cloned(),
        _ => interaction.modal = Some(data.clone()),
    }
    let took = call.micros.saturating_sub(interaction.micros);
    interaction.answered = Some(Answered { kind, after, took, ephemeral });
    let answer = answer(state, call, &interaction, kind);
    state.interactions.insert(interaction.id, interaction);
    Ok(answer)
}

/// Whether an interaction can be answered in this way.
fn fits(interaction: &Interaction, kind: u8) -> bool {
    match interaction.kind {
        Interaction::COMMAND => matches!(kind, MESSAGE | DEFERRED | MODAL),
        Interaction::COMPONENT => matches!(kind, MESSAGE..=UPDATE | MODAL),
        Interaction::AUTOCOMPLETE => kind == CHOICES,
        _ => {
            matches!(kind, MESSAGE | DEFERRED)
                || interaction.source.is_some() && matches!(kind, DEFERRED_UPDATE | UPDATE)
        }
    }
}

fn reply(state: &mut State, call: &Call, interaction: &Interaction, kind: u8) -> Result<super::id::Id, Refusal> {
    let locked = state.channels.get(&interaction.channel).and_then(|channel| channel.thread.as_ref());
    if locked.is_some_and(|thread| thread.archived && thread.locked) {
        return Err(Refusal { status: 403, ..Refusal::code(50083) });
    }
    let mut message = Message::new(state.clock.mint(), interaction.channel, state.bot.id);
    message.kind = if interaction.kind == Interaction::COMMAND { Message::COMMAND } else { Message::DEFAULT };
    message.interaction = Some(interaction.id);
    fill(&mut message, call, state);
    if kind == DEFERRED {
        message.flags |= Message::LOADING;
    } else {
        ensure(!is_empty(&message), 50006)?;
    }
    if message.flags & Message::EPHEMERAL != 0 {
        message.only_for = Some(interaction.user);
    }
    state.interactions.insert(interaction.id, interaction.clone());
    Ok(state.post(message))
}

/// Nothing, unless the caller wants to know what became of it.
fn answer(state: &State, call: &Call, interaction: &Interaction, kind: u8) -> (u16, Value) {
    if !call.asks("with_response") {
        return (204, Value::Null);
    }
    let mut about = json!({ "id": interaction.id, "type": interaction.kind, "channel_id": interaction.channel });
    if let Some(guild) = interaction.guild {
        about["guild_id"] = json!(guild);
    }
    let message = interaction.original.and_then(|id| state.messages.get(&id)).filter(|_| kind <= UPDATE);
    let Some(message) = message else { return (200, json!({ "interaction": about })) };
    about["response_message_id"] = json!(message.id);
    about["response_message_loading"] = message.is_loading().into();
    about["response_message_ephemeral"] = message.only_for.is_some().into();
    let resource = json!({ "type": if kind == DEFERRED { MESSAGE } else { kind }, "message": state.message(message) });
    (200, json!({ "interaction": about, "resource": resource }))
}
