//! What the parts of the adapter share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matrix_sdk::ruma::events::room::member::MembershipState;
use matrix_sdk::ruma::room::JoinRule;
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use matrix_sdk::{Client, Room};
use tokio::sync::{mpsc, watch};

use crate::adapter::{Incoming, Prefixes, Pulse, SendError, Time};
use crate::base::time::Timestamp;

use super::bounce::Bounces;
use super::budget::Budget;
use super::inbox::Inbox;
use super::offers::{Bounded, Offers};
use super::place::Spot;
use super::send::failed;
use super::{Settings, Words};

/// Time and chance, as the app has them.
pub trait Outside: Time {
    /// Bytes that nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// What the parts of the adapter share.
pub(super) struct Core {
    pub settings: Settings,
    pub words: Words,
    /// The name of the bot's store: its numbers mean something in it alone.
    pub epoch: String,
    pub outside: Arc<dyn Outside>,
    pub client: Client,
    pub me: OwnedUserId,
    /// The account's name, as people write it.
    pub name: Option<String>,
    pub inbox: Inbox,
    pub offers: Offers,
    pub budget: Mutex<Budget>,
    pub events: mpsc::Sender<Incoming>,
    pub stop: watch::Receiver<bool>,
    /// What calls the bot in a room with others.
    pub prefixes: Prefixes,
    pub pulse: Arc<dyn Pulse>,
    /// Turns true when the adapter ends, whatever the program does.
    ended: watch::Sender<bool>,
    /// Who brought the bot into a room.
    pub hosts: Mutex<Bounded<OwnedRoomId, OwnedUserId>>,
    bounces: Mutex<Bounces>,
    threads: Mutex<Bounded<Spot, OwnedEventId>>,
    directs: Mutex<Bounded<OwnedUserId, OwnedRoomId>>,
    /// When a direct room was made for somebody.
    made: tokio::sync::Mutex<Bounded<OwnedUserId, Timestamp>>,
}

/// How long the homeserver may take to show a room that was just made, and how often is looked for it.
const ON_ITS_WAY: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(500);
/// After this time somebody is asked into a room once more.
const AGAIN: Duration = Duration::from_secs(60 * 60);

impl Core {
    #[expect(clippy::too_many_arguments, reason = "made in one place, from parts that have nothing else in common")]
    pub fn new(
        settings: Settings,
        words: Words,
        epoch: String,
        outside: Arc<dyn Outside>,
        client: Client,
        me: OwnedUserId,
        name: Option<String>,
        inbox: Inbox,
        events: mpsc::Sender<Incoming>,
        stop: watch::Receiver<bool>,
        prefixes: Prefixes,
        pulse: Arc<dyn Pulse>,
    ) -> Self {
        let (offers, budget, hosts, bounces) = Default::default();
        let (threads, directs, made) = Default::default();
        Self {
            settings,
            words,
            epoch,
            outside,
            client,
            me,
            name,
            inbox,
            offers,
            budget,
            events,
            stop,
            prefixes,
            pulse,
            ended: watch::Sender::new(false),
            hosts,
            bounces,
            threads,
            directs,
            made,
        }
    }

    /// Lets something go on by itself, for as long as the adapter runs.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut ended = self.ended.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                _ = ended.wait_for(|ended| *ended) => {}
            }
        });
    }

    /// Ends all that goes on by itself.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// The budget of sends.
    pub fn budget(&self) -> MutexGuard<'_, Budget> {
        // Nothing in it can panic half-way.
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the adapter is about to do, the homeserver counts as it counts an event: to make a room, to go into one, to leave it.
    pub fn will_be_counted(&self) {
        self.budget().counted(self.outside.now());
    }

    /// What was seen of programs that answer each other.
    pub fn bounces(&self) -> MutexGuard<'_, Bounces> {
        self.bounces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the newest event of a thread.
    pub fn saw(&self, spot: &Spot, event: &OwnedEventId) {
        if spot.thread.is_some() {
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).insert(spot.clone(), event.clone());
        }
    }

    /// The newest event of a thread, as far as it is known.
    pub fn newest(&self, spot: &Spot) -> Option<OwnedEventId> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).get(spot).cloned()
    }

    /// Whether the program is about to end.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// A room that the bot is in.
    pub fn joined(&self, room: &RoomId) -> Option<Room> {
        self.client.get_room(room).filter(|room| room.state() == matrix_sdk::RoomState::Joined)
    }

    /// Whether a room was made for the bot and one person, only those two read it, and nobody can come in unasked.
    pub fn is_direct(&self, room: &Room) -> bool {
        let is_meant = self.inbox.is_direct(room.room_id()) || room.direct_targets_length() > 0;
        is_meant
            && room.active_members_count() == 2
            && matches!(room.join_rule(), Some(JoinRule::Invite | JoinRule::Private))
    }

    /// The direct room with somebody, an encrypted one before others.
    pub async fn direct_room(&self, user: &UserId) -> Option<Room> {
        let known = self.directs.lock().unwrap_or_else(PoisonError::into_inner).get(&user.to_owned()).cloned();
        if let Some(room) = known.and_then(|id| self.joined(&id))
            && self.is_direct(&room)
            && is_in(&room, user).await
        {
            return Some(room);
        }
        let mut found: Option<Room> = None;
        for room in self.client.joined_rooms().into_iter().filter(|room| self.is_direct(room)) {
            let is_better = found.is_none() || room.encryption_state().is_encrypted();
            if is_better && is_in(&room, user).await {
                found = Some(room);
            }
        }
        if let Some(room) = &found {
            let mut directs = self.directs.lock().unwrap_or_else(PoisonError::into_inner);
            directs.insert(user.to_owned(), room.room_id().to_owned());
        }
        found
    }

    /// The direct room with somebody who wants what is for them alone, and whether it was just made for that.
    ///
    /// # Errors
    /// [`SendError::Later`] until the homeserver has shown the new room, [`SendError::Never`] when it was no good.
    pub async fn own_room(&self, user: &UserId) -> Result<(Room, bool), SendError> {
        // One at a time: two answers to the same person go to the same room.
        let mut made = self.made.lock().await;
        if let Some(room) = self.direct_room(user).await {
            return Ok((room, made.remove(&user.to_owned()).is_some()));
        }
        let now = self.outside.now();
        match made.get(&user.to_owned()).map(|at| now.since(*at)) {
            Some(since) if since < ON_ITS_WAY => {}
            // Turned down, or not to be had: nobody is asked again and again.
            Some(since) if since < AGAIN => {
                return Err(SendError::Never { why: "the direct room that was made is of no use".to_owned() });
            }
            Some(_) | None => {
                self.will_be_counted();
                let room = self.client.create_dm(user).await.map_err(|error| failed(self, &error))?;
                self.inbox.direct(room.room_id());
                made.insert(user.to_owned(), now);
            }
        }
        Err(SendError::Later { after: MOMENT, why: "the direct room is on its way".to_owned() })
    }
}

/// Whether somebody is in a room, or invited to it.
async fn is_in(room: &Room, user: &UserId) -> bool {
    match room.get_member_no_sync(user).await {
        Ok(Some(member)) => matches!(member.membership(), MembershipState::Join | MembershipState::Invite),
        // Not everybody's state is known to us; the room's summary names those of a small room.
        Ok(None) | Err(_) => room.heroes().iter().any(|hero| hero.user_id == *user),
    }
}
