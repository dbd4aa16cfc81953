//! The loop that asks the homeserver what is new, and goes on asking whatever happens to it.
//!
//! It waits for nothing but the homeserver: all work is done by others.

use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::ruma::api::client::filter::{FilterDefinition, RoomFilter};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter;
use matrix_sdk::ruma::api::error::ErrorKind;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::{OwnedUserId, uint};
use matrix_sdk::store::StateStoreDataKey;
use matrix_sdk::sync::{JoinedRoomUpdate, SyncResponse};
use matrix_sdk::{Error, Room};
use tokio::sync::{mpsc, oneshot};

use super::common::Core;
use super::inbound::{Envelope, TOO_OLD};
use super::inbox::Batch;
use super::workers::{Workers, is_join};
use super::{late, rooms, upgrade, verify};

/// How long the homeserver may hold a request when nothing is new.
const HELD: Duration = Duration::from_secs(30);
/// The first pause after a failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why the loop ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was told to stop.
    Stopped,
    /// The session is no longer good; its device still is when `soft`.
    LoggedOut {
        /// Whether the device may log in again.
        soft: bool,
    },
}

/// Asks until it is told to stop.
pub(super) async fn run(core: &Arc<Core>, workers: &Workers, batches: &mpsc::UnboundedSender<Batch>) -> End {
    let mut token = core.inbox.token();
    let mut failures: u32 = 0;
    let mut stop = core.stop.clone();
    loop {
        let response = tokio::select! {
            response = core.client.sync_once(settings(token.clone(), failures)) => response,
            _ = stop.wait_for(|stop| *stop) => return End::Stopped,
        };
        match response {
            Ok(response) => {
                if failures > 0 {
                    tracing::info!("the homeserver answers again");
                }
                failures = 0;
                core.pulse.heard();
                let is_first = token.is_none();
                token = Some(response.next_batch.clone());
                let batch = distribute(core, workers, response, is_first).await;
                // Its receiver ends with the adapter.
                let _ = batches.send(batch);
            }
            Err(error) => {
                if let Some(ErrorKind::UnknownToken(data)) = error.client_api_error_kind() {
                    return End::LoggedOut { soft: data.soft_logout };
                }
                failures += 1;
                core.pulse.lost();
                tracing::warn!(error = %told(&error), failures, "the homeserver can't be asked what is new");
                if !matches!(error, Error::Http(_))
                    && let Some(behind) = passed_over(core, workers, token.as_deref()).await
                {
                    token = Some(behind.token.clone());
                    let _ = batches.send(behind);
                }
                let pause = super::send::too_much(&error).unwrap_or_else(|| pause(failures, core.outside.secret()[0]));
                tokio::select! {
                    () = core.outside.wait(pause) => {}
                    _ = stop.wait_for(|stop| *stop) => return End::Stopped,
                }
            }
        }
    }
}

/// An error without what the homeserver said in words of its own, and without what people wrote.
fn told(error: &Error) -> String {
    match (error.client_api_error_kind(), error) {
        (Some(kind), _) => kind.errcode().to_string(),
        // It would quote what doesn't read, which may be somebody's words.
        (None, Error::SerdeJson(_)) => "a part of it doesn't read".to_owned(),
        (None, _) => error.to_string(),
    }
}

/// A pause that doubles with every failure, and is a little different every time, so that not all who wait come back at once.
fn pause(failures: u32, chance: u8) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    whole.mul_f64(0.5 + f64::from(chance) / 510.0)
}

fn settings(token: Option<String>, failures: u32) -> SyncSettings {
    let mut room = RoomFilter::with_lazy_loading();
    room.timeline.limit = Some(uint!(50));
    room.ephemeral.not_types = vec!["*".to_owned()];
    let mut filter = FilterDefinition::default();
    filter.room = room;
    filter.presence.not_types = vec!["*".to_owned()];
    // The first answer after a start or a failure comes at once.
    let held = if token.is_none() || failures > 0 { Duration::ZERO } else { HELD };
    let token = token.map_or(SyncToken::NoToken, SyncToken::Specific);
    let settings = SyncSettings::new().filter(Filter::FilterDefinition(filter)).timeout(held).token(token);
    settings.set_presence(PresenceState::Offline)
}

/// A response that the library took in and then stumbled over: it wouldn't show it again. Its events are read room by room.
async fn passed_over(core: &Arc<Core>, workers: &Workers, token: Option<&str>) -> Option<Batch> {
    let stored = core.client.state_store().get_kv_data(StateStoreDataKey::SyncToken).await.ok()??;
    let behind = stored.into_sync_token().filter(|stored| Some(stored.as_str()) != token)?;
    tracing::error!("a response of the homeserver can't be worked on as a whole; its rooms are looked through");
    let mut batch = Batch { token: behind.clone(), open: Vec::new(), late: Vec::new(), rooms: Vec::new() };
    for room in core.client.joined_rooms() {
        let (ticket, settled) = oneshot::channel();
        workers.fill(&room, behind.clone(), ticket);
        batch.open.push(settled);
    }
    Some(batch)
}

/// Hands everything in a response to whom it concerns.
async fn distribute(core: &Arc<Core>, workers: &Workers, response: SyncResponse, is_first: bool) -> Batch {
    let SyncResponse { next_batch, rooms: updates, to_device, .. } = response;
    let mut batch = Batch { token: next_batch, open: Vec::new(), late: Vec::new(), rooms: Vec::new() };
    for event in &to_device {
        if let Ok(asked) = event.as_raw().deserialize_as_unchecked::<Asked>()
            && asked.kind == "m.key.verification.request"
        {
            core.spawn(verify::asked(core.clone(), None, asked.sender, asked.content.transaction_id));
        }
    }
    for id in updates.invited.keys() {
        if let Some(room) = core.client.get_room(id) {
            core.spawn(rooms::invited(core.clone(), room));
        }
    }
    for id in updates.left.keys() {
        let id = id.clone();
        let left = core.clone();
        core.spawn(async move { rooms::left(&left, &id).await });
    }
    for (id, update) in updates.joined {
        let Some(room) = core.client.get_room(&id) else { continue };
        if !core.inbox.knows(&id) {
            batch.rooms.push(id);
            // Rooms of an account that was here before don't need a greeting.
            if !is_first {
                batch.open.push(arrive(core, &room));
            }
        }
        timeline(core, workers, &room, update, &mut batch);
    }
    batch
}

/// A request from device to device.
#[derive(serde::Deserialize)]
struct Asked {
    sender: OwnedUserId,
    #[serde(rename = "type")]
    kind: String,
    content: Flow,
}

#[derive(serde::Deserialize)]
struct Flow {
    transaction_id: String,
}

/// Greets apart from the loop, as a room's members have to be asked for first.
fn arrive(core: &Arc<Core>, room: &Room) -> oneshot::Receiver<crate::adapter::Settled> {
    let (ticket, settled) = oneshot::channel();
    let (here, room) = (core.clone(), room.clone());
    core.spawn(async move {
        for open in rooms::arrived(&here, &room).await {
            if open.await.is_err() {
                return;
            }
        }
        super::inbound::pass(ticket);
    });
    settled
}

fn timeline(core: &Arc<Core>, workers: &Workers, room: &Room, update: JoinedRoomUpdate, batch: &mut Batch) {
    let mut events = update.timeline.events;
    let envelopes: Vec<_> = events.iter().map(Envelope::read).collect();
    let joined = envelopes.iter().rposition(|envelope| envelope.as_ref().is_some_and(|e| is_join(e, core)));
    match joined {
        // What was said before the bot came was not said to it.
        Some(at) => drop(events.drain(..=at)),
        None => {
            if let (true, Some(before)) = (update.timeline.limited, update.timeline.prev_batch) {
                let (ticket, settled) = oneshot::channel();
                workers.fill(room, before, ticket);
                batch.open.push(settled);
            }
        }
    }
    let last_word = envelopes.iter().flatten().find_map(upgrade::last_word);
    // It may be among what was left out.
    let missed = || room.successor_room().filter(|_| update.timeline.limited).map(|next| next.room_id);
    if let Some(to) = last_word.or_else(missed) {
        core.spawn(upgrade::follow(core.clone(), room.room_id().to_owned(), to));
    }
    if envelopes.iter().flatten().any(|envelope| is_leave(envelope, core)) {
        core.spawn(rooms::leave_if_empty(core.clone(), room.clone()));
    }
    for event in events {
        let sent = Envelope::read(&event).map(|envelope| envelope.sent());
        if sent.is_none_or(|sent| core.outside.now().since(sent) > TOO_OLD) {
            continue;
        }
        match late::waits(core, room, &event) {
            Some(late) => batch.late.push(late),
            None if event.kind.is_utd() => {}
            None => {
                let (ticket, settled) = oneshot::channel();
                workers.put(room, event, ticket);
                batch.open.push(settled);
            }
        }
    }
}

/// Whether somebody else has left a room. Only then can it be empty: one that the bot has just made seems so for a moment.
fn is_leave(envelope: &Envelope, core: &Core) -> bool {
    envelope.kind == "m.room.member"
        && envelope.state_key.as_deref() != Some(core.me.as_str())
        && matches!(envelope.text("/membership"), Some("leave" | "ban"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_differ() {
        assert!(pause(1, 0) >= Duration::from_millis(500) && pause(1, 255) <= FIRST_PAUSE);
        assert!(pause(4, 128) > pause(3, 128));
        assert!((1..2_000).all(|failures| pause(failures, 255) <= LONGEST_PAUSE));
        assert_ne!(pause(5, 1), pause(5, 200));
    }
}
