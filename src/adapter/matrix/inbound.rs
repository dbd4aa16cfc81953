//! From a room's events to what the bot understands.
//!
//! Nothing is answered that came from a bot, from the time before the bot was in the room, or from long ago.

use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::{TimelineEvent, VerificationLevel, VerificationState};
use matrix_sdk::ruma::api::client::receipt::create_receipt::v3::ReceiptType;
use matrix_sdk::ruma::events::receipt::ReceiptThread;
use matrix_sdk::ruma::{OwnedEventId, OwnedUserId};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::adapter::{Incoming, Settled};
use crate::base::id::Place;
use crate::base::time::Timestamp;
use crate::port::event::{Event, FromPerson, Input, ReplyToken, Venues};

use super::attached::with_file;
use super::bounce::Pace;
use super::common::Core;
use super::place::{self, Spot};
use super::recall;
use super::rights::{Rights, grounds, rights};
use super::spoken::{Spoken, command_block};
use super::talk::{self, Ear, Heard};

/// What is older is no part of a conversation any more.
pub(super) const TOO_OLD: Duration = Duration::from_secs(5 * 60);
/// What takes longer is shown by a sign of typing.
const SLOW: Duration = Duration::from_millis(700);

/// Says what became of an event, exactly once.
pub(super) type Ticket = oneshot::Sender<Settled>;

/// The outside of an event.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub event_id: OwnedEventId,
    pub sender: OwnedUserId,
    pub origin_server_ts: i64,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub state_key: Option<String>,
    #[serde(default)]
    pub content: Value,
    #[serde(default)]
    pub unsigned: Value,
}

impl Envelope {
    /// Reads an event; `None` for one that is broken.
    pub fn read(event: &TimelineEvent) -> Option<Self> {
        serde_json::from_str(event.raw().json().get()).ok()
    }

    /// A text in the content.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.content.pointer(path).and_then(Value::as_str)
    }

    /// When it was sent, as its homeserver says.
    pub fn sent(&self) -> Timestamp {
        Timestamp::from_millis(self.origin_server_ts)
    }

    /// Where it stands.
    pub fn spot(&self, room: &Room) -> Spot {
        let thread = match self.text("/m.relates_to/rel_type") {
            Some("m.thread") => self.event_at("/m.relates_to/event_id"),
            _ => None,
        };
        Spot { room: room.room_id().to_owned(), thread }
    }

    fn event_at(&self, path: &str) -> Option<OwnedEventId> {
        self.text(path).and_then(|id| OwnedEventId::try_from(id).ok())
    }
}

/// Takes an event in. Its ticket is answered as soon as nothing of it can be lost.
pub(super) async fn take(core: &Arc<Core>, room: &Room, event: &TimelineEvent, ticket: Ticket) {
    let Some(envelope) = Envelope::read(event) else { return pass(ticket) };
    let spot = envelope.spot(room);
    core.saw(&spot, &envelope.event_id);
    if envelope.sender == core.me {
        if envelope.kind == "m.room.message" {
            core.bounces().said(room.room_id(), envelope.sent());
        }
        return pass(ticket);
    }
    if is_forged(event) {
        return pass(ticket);
    }
    match envelope.kind.as_str() {
        "m.room.message" => message(core, room, spot, envelope, ticket).await,
        "m.reaction" => reaction(core, room, envelope, ticket).await,
        _ => pass(ticket),
    }
}

/// Whether an encrypted event is by somebody else than it says.
fn is_forged(event: &TimelineEvent) -> bool {
    let state = event.kind.encryption_info().map(|info| &info.verification_state);
    matches!(state, Some(VerificationState::Unverified(VerificationLevel::MismatchedSender)))
}

/// Nothing follows from it.
pub(super) fn pass(ticket: Ticket) {
    // Nobody waits for it when the program ends.
    let _ = ticket.send(Settled::Stored);
}

async fn message(core: &Arc<Core>, room: &Room, spot: Spot, envelope: Envelope, ticket: Ticket) {
    if envelope.text("/msgtype") == Some("m.key.verification.request") {
        if envelope.text("/to") == Some(core.me.as_str()) {
            let flow = envelope.event_id.to_string();
            core.spawn(super::verify::asked(core.clone(), Some(room.clone()), envelope.sender, flow));
        }
        return pass(ticket);
    }
    // Notices come from bots.
    let Some(spoken) = Spoken::of(&envelope.content) else { return pass(ticket) };
    let is_direct = core.is_direct(room);
    let mentions = spoken.mentions(core.me.as_str());
    let reply_to = envelope.event_at("/m.relates_to/m.in_reply_to/event_id");
    // In a thread every message names another one, for programs that know no threads.
    let falls_back = envelope.content.pointer("/m.relates_to/is_falling_back").and_then(Value::as_bool);
    let is_reply = reply_to.is_some() && falls_back != Some(true);
    let may_bounce = is_reply || mentions || spot.thread.is_some();
    let pace = core.bounces().pace(room.room_id(), &envelope.sender, may_bounce, envelope.sent());
    match pace {
        Pace::Human => {}
        Pace::Program => {
            tracing::warn!(room = %room.room_id(), "a program answers every answer; it gets none any more")
        }
        Pace::Endless => {
            tracing::warn!(room = %room.room_id(), "a program answers even advice in an emergency; leaving it alone");
            return pass(ticket);
        }
    }
    let prefix = core.prefixes.of(&place::server(room.room_id()));
    let names = [prefix.as_str(), core.me.as_str(), core.name.as_deref().unwrap_or_default()];
    let Heard { text, addressed } = match command_block(&envelope.content, spoken.body, &names) {
        Some(line) => Heard { text: line, addressed: true },
        None => talk::hear(
            talk::Message { body: spoken.body, is_reply: reply_to.is_some(), mentions },
            Ear { me: &core.me, name: core.name.as_deref(), prefix: &prefix, is_direct },
        ),
    };
    if !spoken.is_asked || pace == Pace::Program {
        let spot = match &spoken.corrects {
            Some(before) => recall::spot_of(core, room, before).await.unwrap_or(spot),
            None => spot,
        };
        let input = Input::Unasked { text, addressed };
        return said(core, room, spot, envelope, input, false, ticket).await;
    }
    let may_choose = addressed || is_direct || spot.thread.is_some() || reply_to.is_some();
    let offer = if may_choose { recall::offered(core, room, &spot, &envelope.sender, &text).await } else { None };
    // Among others, a bare word is a choice only as an answer to the offer itself.
    let offer =
        offer.filter(|(event, _)| addressed || is_direct || spot.thread.is_some() || reply_to.as_ref() == Some(event));
    let chosen = offer.and_then(|(_, offer)| Some((offer.typed(&text)?.to_owned(), offer.about)));
    if let Some((line, about)) = chosen {
        let place = spot.place(is_direct);
        return press(core, room, envelope, place, line, about, ticket).await;
    }
    let text = if addressed { with_file(core, room, &envelope, reply_to.as_ref(), text).await } else { text };
    said(core, room, spot, envelope, Input::Said { text, addressed }, addressed, ticket).await;
}

/// Something was said: to the bot, or in a thread, which may be that of a routine.
async fn said(
    core: &Arc<Core>,
    room: &Room,
    spot: Spot,
    envelope: Envelope,
    input: Input,
    is_awaited: bool,
    ticket: Ticket,
) {
    let is_for_us = match &input {
        Input::Said { addressed, .. } | Input::Unasked { addressed, .. } => *addressed || spot.thread.is_some(),
        Input::Invoked(_) | Input::Pressed { .. } | Input::Completed { .. } | Input::NotTheirs => true,
    };
    if !is_for_us {
        return pass(ticket);
    }
    let place = spot.place(core.is_direct(room));
    pass_on(core, room, envelope, place, input, is_awaited, ticket).await;
}

async fn reaction(core: &Arc<Core>, room: &Room, envelope: Envelope, ticket: Ticket) {
    let about = envelope.event_at("/m.relates_to/event_id");
    let (Some(target), Some(key)) = (about, envelope.text("/m.relates_to/key")) else { return pass(ticket) };
    let Some((offer, spot)) = recall::offer_of(core, room, &target).await else { return pass(ticket) };
    if offer.person != place::person(&envelope.sender) {
        return pass(ticket);
    }
    let Some(line) = offer.reacted(key).map(str::to_owned) else { return pass(ticket) };
    let place = spot.place(core.is_direct(room));
    press(core, room, envelope, place, line, offer.about, ticket).await;
}

/// A choice was made: where it is about another place, as if there.
async fn press(
    core: &Arc<Core>,
    room: &Room,
    envelope: Envelope,
    place: Place,
    line: String,
    about: Option<Place>,
    ticket: Ticket,
) {
    let is_there = |place: &Place| Spot::of(place).is_some_and(|spot| core.joined(&spot.room).is_some());
    let place = about.filter(is_there).unwrap_or(place);
    pass_on(core, room, envelope, place, Input::Pressed { line }, true, ticket).await;
}

/// Passes on what a person did in a room, for the place that it is about; and shows that it is worked on when it takes long.
async fn pass_on(
    core: &Arc<Core>,
    room: &Room,
    envelope: Envelope,
    place: Place,
    input: Input,
    is_awaited: bool,
    ticket: Ticket,
) {
    let Envelope { event_id, sender, .. } = envelope;
    let is_direct = place.kind.is_private();
    let there = Spot::of(&place).and_then(|spot| core.joined(&spot.room));
    // What is for them alone goes to their direct room; where that has to be made, they are told so where they asked.
    let looks_here = there.as_ref().is_some_and(|there| there.room_id() == room.room_id());
    let reply = (!is_direct).then(|| ReplyToken(if looks_here { event_id.to_string() } else { String::new() }));
    let (Rights { may_configure, roles }, grounds) = match &there {
        Some(there) if !is_direct => (rights(there, &sender).await, grounds(there, &core.me).await),
        Some(_) | None => Default::default(),
    };
    let event = Event::Person(FromPerson {
        id: place::event(&event_id),
        who: place::person(&sender),
        may_configure,
        roles,
        venues: Venues { private_thread: false, public_thread: !is_direct, direct: true },
        grounds,
        reply,
        place,
        input,
    });
    let (handled, done) = oneshot::channel();
    if core.events.send(Incoming { event, handled, settled: Some(ticket) }).await.is_ok() && is_awaited {
        core.spawn(attend(core.clone(), room.clone(), event_id, done));
    }
}

/// Shows a sign of typing while an answer takes long, and then that the message was read.
async fn attend(core: Arc<Core>, room: Room, event: OwnedEventId, mut done: oneshot::Receiver<()>) {
    let quick = tokio::select! {
        _ = &mut done => true,
        () = core.outside.wait(SLOW) => false,
    };
    if !quick {
        // A sign that can't be shown is no loss.
        drop(room.typing_notice(true).await);
        let _ = done.await;
        drop(room.typing_notice(false).await);
    }
    if !core.is_stopping() {
        drop(room.send_single_receipt(ReceiptType::Read, ReceiptThread::Unthreaded, event).await);
    }
}
