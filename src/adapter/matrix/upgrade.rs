//! Rooms that go on as others. The bot follows when both say so: the old room's last word names the new one, and the new one's
//! first word names the old one. Otherwise anybody could take a room's settings with them.

use std::sync::Arc;

use matrix_sdk::ruma::{OwnedRoomId, OwnedServerName, RoomId, RoomOrAliasId};
use matrix_sdk::{Room, RoomState};
use tokio::sync::oneshot;

use crate::adapter::{Incoming, Settled};
use crate::port::event::Event;

use super::common::Core;
use super::inbound::Envelope;
use super::place;

/// A room's last word: where it goes on.
pub(super) fn last_word(envelope: &Envelope) -> Option<OwnedRoomId> {
    let is_one = envelope.kind == "m.room.tombstone" && envelope.state_key.as_deref() == Some("");
    let to = envelope.text("/replacement_room").filter(|_| is_one)?;
    OwnedRoomId::try_from(to).ok()
}

/// Goes along, if the bot is let in; else an invite from the new room is waited for.
pub(super) async fn follow(core: Arc<Core>, from: OwnedRoomId, to: OwnedRoomId) {
    core.inbox.moves(&from, &to);
    if core.joined(&to).is_some() {
        arrived(&core, &to).await;
        return;
    }
    let via: Vec<OwnedServerName> = from.server_name().map(ToOwned::to_owned).into_iter().collect();
    core.will_be_counted();
    match core.client.join_room_by_id_or_alias(<&RoomOrAliasId>::from(&*to), &via).await {
        // The next response of the homeserver shows it.
        Ok(_) => {}
        Err(error) => {
            let why = error.client_api_error_kind().map(|kind| kind.errcode().to_string());
            tracing::warn!(%from, %to, why, "a room goes on as another one, which the bot can't join; it waits for an invite");
        }
    }
}

/// What was under way when the program ended.
pub(super) fn go_on(core: &Arc<Core>) {
    let from_rooms = core.client.joined_rooms().into_iter();
    let seen = from_rooms.filter_map(|room| Some((room.successor_room()?.room_id, room.room_id().to_owned())));
    let known = core.inbox.moves_under_way();
    for (to, from) in seen.chain(known) {
        core.spawn(follow(core.clone(), from, to));
    }
}

/// Whether an invite comes from a room that a known one goes on as.
pub(super) fn is_expected(core: &Core, room: &RoomId) -> bool {
    core.inbox.moved_from(&room.to_owned()).is_some_and(|from| core.joined(&from).is_some())
}

/// The bot is in a room that another one says it goes on as: where both say so, settings go along and the old room is left. `false`: it is
/// a room like any other.
pub(super) async fn arrived(core: &Arc<Core>, to: &OwnedRoomId) -> bool {
    let (Some(from), Some(room)) = (core.inbox.moved_from(to), core.joined(to)) else { return false };
    // Not shown yet; it will be.
    if room.create_content().is_none() {
        return true;
    }
    let names = room.predecessor_room().map(|before| before.room_id);
    if names.as_ref() != Some(&from) {
        tracing::warn!(%from, %to, "a room goes on as one that doesn't know of it; nothing is carried over");
        core.inbox.moves_not(to);
        return false;
    }
    let (handled, _) = oneshot::channel();
    let (settled, stored) = oneshot::channel();
    let event = Event::Moved { from: place::server(&from), to: place::server(to) };
    let sent = core.events.send(Incoming { event, handled, settled: Some(settled) }).await.is_ok();
    if !sent || !matches!(stored.await, Ok(Settled::Stored)) {
        return true;
    }
    core.inbox.has_moved(to);
    tracing::info!(%from, %to, "a room goes on as another one; its settings went along");
    leave(core, &from).await;
    true
}

/// Leaves the old room alone: the library would leave those before it as well, which is right, but never the new one.
async fn leave(core: &Core, from: &RoomId) {
    let room = core.client.get_room(from).filter(|room: &Room| room.state() == RoomState::Joined);
    let Some(room) = room else { return };
    core.will_be_counted();
    if let Err(error) = room.leave().await {
        let why = error.client_api_error_kind().map(|kind| kind.errcode().to_string());
        tracing::warn!(%from, why, "the old room can't be left");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(kind: &str, state_key: Option<&str>, to: &str) -> Envelope {
        let content = serde_json::json!({ "body": "moved", "replacement_room": to });
        serde_json::from_value(serde_json::json!({
            "event_id": "$e", "sender": "@a:b", "origin_server_ts": 1, "type": kind, "state_key": state_key, "content": content,
        }))
        .unwrap()
    }

    #[test]
    fn only_a_rooms_own_last_word_counts() {
        let new = OwnedRoomId::try_from("!new").unwrap();
        assert_eq!(last_word(&envelope("m.room.tombstone", Some(""), "!new")), Some(new));
        assert_eq!(last_word(&envelope("m.room.tombstone", None, "!new")), None, "a message of that name");
        assert_eq!(last_word(&envelope("m.room.tombstone", Some("x"), "!new")), None);
        assert_eq!(last_word(&envelope("m.room.topic", Some(""), "!new")), None);
        assert_eq!(last_word(&envelope("m.room.tombstone", Some(""), "no room")), None);
    }
}
