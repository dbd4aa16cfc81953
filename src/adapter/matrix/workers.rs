//! One worker for each room: its events are taken in one after the other, and rooms go side by side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::{Messages, MessagesOptions};
use matrix_sdk::ruma::{OwnedRoomId, UInt};
use tokio::sync::{mpsc, oneshot};

use super::common::Core;
use super::inbound::{self, Envelope, TOO_OLD, Ticket};
use super::late;
use super::send::lasting;
use crate::adapter::Settled;

/// Events fetched at a time behind a gap, and how often.
const PAGE: u8 = 50;
const PAGES: usize = 4;
/// The first pause after a failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The workers.
pub(super) struct Workers {
    core: Arc<Core>,
    rooms: Mutex<HashMap<OwnedRoomId, mpsc::UnboundedSender<Job>>>,
}

enum Job {
    /// An event.
    Event(Box<TimelineEvent>, Ticket),
    /// Events before this token were left out.
    Gap(String, Ticket),
}

impl Workers {
    /// None is at work yet.
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self { core, rooms: Mutex::default() })
    }

    /// Takes an event of a room in, behind those before it.
    pub fn put(&self, room: &Room, event: TimelineEvent, ticket: Ticket) {
        self.send(room, Job::Event(Box::new(event), ticket));
    }

    /// Takes in what a response left out, behind what came before.
    pub fn fill(&self, room: &Room, before: String, ticket: Ticket) {
        self.send(room, Job::Gap(before, ticket));
    }

    fn send(&self, room: &Room, job: Job) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = rooms.entry(room.room_id().to_owned()).or_insert_with(|| start(&self.core, room));
        if let Err(mpsc::error::SendError(job)) = sender.send(job) {
            // One that gave up is replaced.
            let again = start(&self.core, room);
            let _ = again.send(job);
            *sender = again;
        }
    }
}

fn start(core: &Arc<Core>, room: &Room) -> mpsc::UnboundedSender<Job> {
    let (sender, mut jobs) = mpsc::unbounded_channel();
    let (here, room) = (core.clone(), room.clone());
    core.spawn(async move {
        while let Some(job) = jobs.recv().await {
            match job {
                Job::Event(event, ticket) => inbound::take(&here, &room, &event, ticket).await,
                Job::Gap(before, ticket) => fill(&here, &room, before, ticket).await,
            }
        }
    });
    sender
}

/// Reads back from a token, as far as anything could still be answered, and takes in what was found, oldest first.
async fn fill(core: &Arc<Core>, room: &Room, before: String, ticket: Ticket) {
    let mut found = Vec::new();
    let mut from = Some(before);
    'pages: for _ in 0..PAGES {
        let Some(token) = from.take() else { break };
        let Some(page) = page(core, room, &token).await else {
            // At the program's end it comes again.
            if !core.is_stopping() {
                inbound::pass(ticket);
            }
            return;
        };
        for event in page.chunk {
            let Some(envelope) = Envelope::read(&event) else { continue };
            let is_own_join = is_join(&envelope, core);
            if is_own_join || core.outside.now().since(envelope.sent()) > TOO_OLD {
                break 'pages;
            }
            found.push(event);
        }
        from = page.end;
    }
    let mut open = Vec::new();
    for event in found.iter().rev() {
        if let Some(late) = late::waits(core, room, event) {
            core.inbox.wait_for(late);
            continue;
        }
        let (ticket, settled) = oneshot::channel::<Settled>();
        inbound::take(core, room, event, ticket).await;
        open.push(settled);
    }
    core.spawn(async move {
        for settled in open {
            if settled.await.is_err() {
                return;
            }
        }
        inbound::pass(ticket);
    });
}

/// A page of a room's events before a token; nothing when it can't be had or the program ends. What can't be fetched
/// yet is asked for until it can: it may be somebody's call for help.
async fn page(core: &Core, room: &Room, before: &str) -> Option<Messages> {
    let mut pause = FIRST_PAUSE;
    while !core.is_stopping() && core.joined(room.room_id()).is_some() {
        let mut options = MessagesOptions::backward().from(before);
        options.limit = UInt::from(PAGE);
        match room.messages(options).await {
            Ok(page) => return Some(page),
            Err(error) => {
                let never = lasting(&error);
                tracing::warn!(never, room = %room.room_id(), "events that a response left out can't be fetched");
                if never.is_some() {
                    return None;
                }
            }
        }
        core.outside.wait(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    None
}

/// Whether an event is the bot's own coming into the room.
pub(super) fn is_join(envelope: &Envelope, core: &Core) -> bool {
    // Another name or picture is a join on top of a join.
    let before = envelope.unsigned.pointer("/prev_content/membership").and_then(serde_json::Value::as_str);
    envelope.kind == "m.room.member"
        && envelope.state_key.as_deref() == Some(core.me.as_str())
        && envelope.text("/membership") == Some("join")
        && before != Some("join")
}
