//! Coming into rooms and leaving them: invites by allow-list, a greeting, and no staying where nobody is.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, UserId};
use tokio::sync::oneshot;

use crate::adapter::{Incoming, Settled};
use crate::command::parse::Invocation;
use crate::command::table::Command;
use crate::port::event::{Event, FromPerson, Input, Venues};

use super::common::Core;
use super::place::{self, Spot};
use super::{outbound, upgrade};

/// The first pause after a join that failed; servers may not be ready just after the invite. It doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Whether somebody may invite the bot: the patterns of the configuration, `*` for anything; without any, whoever has an account
/// on the bot's own homeserver.
pub(super) fn may_invite(patterns: &[String], me: &UserId, inviter: &UserId) -> bool {
    if patterns.is_empty() {
        return inviter.server_name() == me.server_name();
    }
    patterns.iter().any(|pattern| matches(pattern, inviter.as_str()))
}

/// Whether a text is of a pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            // One pattern's worth of text is short: every end is tried.
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest, &text[at..]))
        }),
    }
}

/// Accepts an invite, or turns it down.
pub(super) async fn invited(core: Arc<Core>, room: Room) {
    let inviter = match room.invite_details().await {
        Ok(details) => details.inviter_id,
        Err(error) => {
            tracing::warn!(%error, "an invite doesn't tell who sent it");
            return;
        }
    };
    let is_expected = upgrade::is_expected(&core, room.room_id());
    if !is_expected && !may_invite(&core.settings.invite_from, &core.me, &inviter) {
        tracing::info!(room = %room.room_id(), "an invite was turned down; [matrix] invite_from names who may invite");
        core.will_be_counted();
        drop(room.leave().await);
        return;
    }
    core.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(room.room_id().to_owned(), inviter);
    // The invite alone says it for sure, and is gone once it is accepted.
    if room.is_direct().await.unwrap_or(false) {
        core.inbox.direct(room.room_id());
    }
    let mut pause = FIRST_PAUSE;
    while !core.is_stopping() && room.state() == matrix_sdk::RoomState::Invited {
        core.will_be_counted();
        match core.client.join_room_by_id(room.room_id()).await {
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, room = %room.room_id(), ?pause, "the room can't be joined; trying again");
                core.outside.wait(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// The bot is in a room that it didn't know: its settings hold from now on, and it greets whoever brought it in.
pub(super) async fn arrived(core: &Arc<Core>, room: &Room) -> Vec<oneshot::Receiver<Settled>> {
    let id = room.room_id();
    let mut open = Vec::new();
    // Whoever was in the old room knows the bot. Several responses may show a room before the first of them is settled.
    if core.inbox.knows(&id.to_owned())
        || upgrade::arrived(core, &id.to_owned()).await
        || core.inbox.knows(&id.to_owned())
    {
        return open;
    }
    let is_direct = core.is_direct(room);
    let host = host(core, room).filter(|host| *host != core.me);
    if !is_direct {
        let alone = match &host {
            Some(host) => core.direct_room(host).await.map(|room| (host, room)),
            None => None,
        };
        let alone = alone.map(|(host, room)| (place::person(host), Spot::room(room.room_id()).place(true)));
        open.extend(tell(core, Event::Membership { server: place::server(id), present: true, host: alone }).await);
    }
    let Some(host) = host else { return open };
    // The greeting of a direct conversation is its own; in a room with others it is the menu.
    let input = if is_direct {
        Input::Invoked(Invocation::new(Command::Hello))
    } else {
        Input::Said { text: String::new(), addressed: true }
    };
    let greeting = Event::Person(FromPerson {
        id: place::event(format!("arrived in {id}")),
        who: place::person(&host),
        place: Spot::room(id).place(is_direct),
        may_configure: false,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input,
    });
    let (handled, greeted) = oneshot::channel();
    let (settled, stored) = oneshot::channel();
    if core.events.send(Incoming { event: greeting, handled, settled: Some(settled) }).await.is_ok() {
        open.push(stored);
    }
    if is_direct {
        core.spawn(warn(core.clone(), room.clone(), greeted));
    }
    open
}

/// Says that a direct room is not encrypted, where that is so, behind the greeting.
async fn warn(core: Arc<Core>, room: Room, greeted: oneshot::Receiver<()>) {
    // Whatever became of the greeting.
    let _ = greeted.await;
    let is_open = room.latest_encryption_state().await.is_ok_and(|state| !state.is_encrypted() && !state.is_unknown());
    if is_open {
        // Where it can't be said, it is no reason not to talk.
        drop(outbound::tell(&core, &room, &core.words.open_room, &format!("open-{}", room.room_id())).await);
    }
}

/// Who brought the bot in; after a restart on the way, whoever made the room.
fn host(core: &Core, room: &Room) -> Option<OwnedUserId> {
    let invited = core.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(&room.room_id().to_owned()).cloned();
    invited.or_else(|| room.creators()?.into_iter().next())
}

/// The bot was removed from a room, or left it.
pub(super) async fn left(core: &Arc<Core>, room: &OwnedRoomId) {
    core.inbox.left(room);
    let gone = Event::Membership { server: place::server(room), present: false, host: None };
    if let Some(open) = tell(core, gone).await {
        // Not come to: the store keeps the settings, and nobody uses them.
        let _ = open.await;
    }
    if let Some(room) = core.client.get_room(room) {
        drop(room.forget().await);
    }
}

/// Leaves a room in which nobody else is.
pub(super) async fn leave_if_empty(core: Arc<Core>, room: Room) {
    if room.active_members_count() <= 1 && room.joined_members_count() == 1 && !core.is_stopping() {
        tracing::info!(room = %room.room_id(), "nobody else is in the room any more; leaving it");
        core.will_be_counted();
        drop(room.leave().await);
    }
}

async fn tell(core: &Core, event: Event) -> Option<oneshot::Receiver<Settled>> {
    let (handled, _) = oneshot::channel();
    let (settled, stored) = oneshot::channel();
    core.events.send(Incoming { event, handled, settled: Some(settled) }).await.ok()?;
    Some(stored)
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::user_id;

    use super::*;

    #[test]
    fn who_may_invite_is_told_by_patterns() {
        let me = user_id!("@nape:example.org");
        let may = |patterns: &[&str], inviter: &UserId| {
            may_invite(&patterns.iter().map(ToString::to_string).collect::<Vec<_>>(), me, inviter)
        };
        assert!(may(&[], user_id!("@ann:example.org")) && !may(&[], user_id!("@ann:example.com")));
        assert!(may(&["*:example.com"], user_id!("@ann:example.com")));
        assert!(!may(&["*:example.com"], user_id!("@ann:example.com.evil.org")));
        assert!(!may(&["@ann:example.com"], user_id!("@anna:example.com")));
        assert!(may(&["@ann:example.com", "*"], user_id!("@x:y.z")));
        assert!(
            may(&["@a*:*.org"], user_id!("@ann:example.org")) && !may(&["@b*:*.org"], user_id!("@ann:example.org"))
        );
    }
}
