//! Symbols put up under a message, to be pressed as buttons.
//!
//! Each is an event of its own that the homeserver counts: they come after everything else, and not at all once the message
//! is not the last one any more. They are never encrypted, so nothing about health is offered by them.

use std::sync::Arc;

use matrix_sdk::Room;
use matrix_sdk::ruma::OwnedEventId;
use serde_json::json;

use crate::adapter::SendError;
use crate::base::id::UserId;

use super::budget::Class;
use super::common::Core;
use super::place::Spot;
use super::send::send;

/// Puts the symbols up, one after the other, for as long as they are of use.
pub(super) async fn put_up(
    core: Arc<Core>,
    room: Room,
    spot: Spot,
    event: OwnedEventId,
    person: UserId,
    symbols: Vec<&'static str>,
) {
    for (index, symbol) in symbols.into_iter().enumerate() {
        loop {
            let last = core.offers.last(&spot, &person).flatten();
            if core.is_stopping() || last.is_none_or(|(last, _)| last != event) {
                return;
            }
            let relation = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": symbol } });
            let transaction = format!("{event}-{index}");
            match send(&core, &room, "m.reaction", relation, &transaction, Class::Extra).await {
                Ok(_) => break,
                Err(SendError::Later { after, .. }) => core.outside.wait(after).await,
                // It can be typed all the same.
                Err(SendError::Never { .. }) => return,
            }
        }
    }
}
