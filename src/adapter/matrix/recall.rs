//! What was said before: remembered, or asked of the homeserver for a moment, which must never hold up what may be urgent.

use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::{OwnedEventId, OwnedUserId, uint};

use super::common::Core;
use super::inbound::Envelope;
use super::offers::Offer;
use super::place::{self, Spot};

/// How long is waited for what was said before.
const PATIENCE: Duration = Duration::from_secs(2);
/// A choice's words are never longer, in bytes.
const LONGEST_CHOICE: usize = 80;

/// The last offer to somebody in a place: remembered, or found among the last messages when it isn't known whether there is one.
pub(super) async fn offered(
    core: &Arc<Core>,
    room: &Room,
    spot: &Spot,
    sender: &OwnedUserId,
    text: &str,
) -> Option<(OwnedEventId, Offer)> {
    if text.is_empty() || text.len() > LONGEST_CHOICE {
        return None;
    }
    let person = place::person(sender);
    if let Some(known) = core.offers.last(spot, &person) {
        return known;
    }
    let mut options = MessagesOptions::backward();
    options.limit = uint!(30);
    // Without an answer it stays unknown, and the text is read as it stands: it may be urgent.
    let messages = tokio::select! {
        messages = room.messages(options) => messages.ok()?,
        () = core.outside.wait(PATIENCE) => return None,
    };
    let mut found = Vec::new();
    for event in &messages.chunk {
        let Some((envelope, _)) = own(core, room, event).filter(|(_, there)| there == spot) else { continue };
        if let Some(offer) = Offer::read(&envelope.content).filter(|offer| offer.person == person) {
            let is_first = offer.first == 1;
            found.push((envelope.event_id, offer));
            if is_first {
                break;
            }
        }
    }
    for (event, offer) in found.into_iter().rev() {
        core.offers.add(spot, &event, offer);
    }
    if core.offers.last(spot, &person).is_none() {
        core.offers.none(spot, &person);
    }
    core.offers.last(spot, &person).flatten()
}

/// What an event of ours offers, and where.
pub(super) async fn offer_of(core: &Arc<Core>, room: &Room, target: &OwnedEventId) -> Option<(Offer, Spot)> {
    if let Some((spot, offer)) = core.offers.by_event(target) {
        return Some((offer, spot));
    }
    let event = event(core, room, target).await?;
    let (envelope, spot) = own(core, room, &event)?;
    Some((Offer::read(&envelope.content)?, spot))
}

/// Where an event stands.
pub(super) async fn spot_of(core: &Core, room: &Room, target: &OwnedEventId) -> Option<Spot> {
    Some(Envelope::read(&event(core, room, target).await?)?.spot(room))
}

async fn event(core: &Core, room: &Room, target: &OwnedEventId) -> Option<TimelineEvent> {
    tokio::select! {
        event = room.event(target, None) => event.ok(),
        () = core.outside.wait(PATIENCE) => None,
    }
}

/// An event, when it is the bot's own, and where it stands.
fn own(core: &Core, room: &Room, event: &TimelineEvent) -> Option<(Envelope, Spot)> {
    let envelope = Envelope::read(event).filter(|envelope| envelope.sender == core.me)?;
    let spot = envelope.spot(room);
    Some((envelope, spot))
}
