//! How far the homeserver's events have been worked on. It lies in a file: what it doesn't say was done comes again.
//!
//! A token of the homeserver stands for all events before it. Ours moves on only when every event of a response is settled,
//! so the homeserver itself is the inbox, and a kill loses nothing; what comes twice is told by its id, in the store. An event
//! whose key hasn't come is written down here before the token passes it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId, RoomId};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::adapter::Settled;
use crate::base::time::Timestamp;

/// The file's name.
const FILE: &str = "inbox.json";
/// Events that may wait for their keys; the oldest make room.
const WAITING: usize = 1_000;

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Everything before it is settled.
    token: Option<String>,
    /// Rooms in which the bot has arrived.
    #[serde(default)]
    rooms: BTreeSet<OwnedRoomId>,
    /// Events whose keys haven't come.
    #[serde(default)]
    late: Vec<Late>,
    /// Rooms that go on as others, by their new id.
    #[serde(default)]
    moved: BTreeMap<OwnedRoomId, OwnedRoomId>,
    /// Rooms that were made for the bot and one person.
    #[serde(default)]
    direct: BTreeSet<OwnedRoomId>,
}

/// An event whose key hasn't come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Late {
    /// Its room.
    pub room: OwnedRoomId,
    /// The event.
    pub event: OwnedEventId,
    /// The session of its key.
    pub session: String,
    /// Whether the sender keeps the key back on purpose.
    #[serde(default)]
    pub withheld: bool,
    /// When it came.
    pub since: Timestamp,
    /// Whether its room was told that it can't be read.
    #[serde(default)]
    pub told: bool,
}

/// The file, and what is in it.
#[derive(Debug)]
pub(super) struct Inbox {
    path: PathBuf,
    state: Mutex<State>,
}

/// A response of the homeserver being worked on.
#[derive(Debug)]
pub(super) struct Batch {
    /// The token behind it.
    pub token: String,
    /// Its events.
    pub open: Vec<oneshot::Receiver<Settled>>,
    /// Those whose keys haven't come.
    pub late: Vec<Late>,
    /// The rooms that it showed first.
    pub rooms: Vec<OwnedRoomId>,
}

impl Inbox {
    /// Reads the file, or begins anew where there is none.
    ///
    /// # Errors
    /// When it can't be read. One that is no inbox is put aside.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join(FILE);
        let state = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(file = %path.display(), %error, "it doesn't read; beginning anew with what the homeserver has");
                State::default()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, state: Mutex::new(state) })
    }

    /// Where to go on; nothing at the very first start.
    pub fn token(&self) -> Option<String> {
        self.state().token.clone()
    }

    /// Whether the bot has arrived in a room before.
    pub fn knows(&self, room: &OwnedRoomId) -> bool {
        self.state().rooms.contains(room)
    }

    /// Whether a room was made for the bot and one person.
    pub fn is_direct(&self, room: &RoomId) -> bool {
        self.state().direct.contains(room)
    }

    /// A room was made for the bot and one person.
    pub fn direct(&self, room: &RoomId) {
        let mut state = self.state();
        if state.direct.insert(room.to_owned()) {
            self.write(&state);
        }
    }

    /// The events that wait for their keys.
    pub fn late(&self) -> Vec<Late> {
        self.state().late.clone()
    }

    /// Works on batches, in their order, until no more come: each is written down when all of its events are settled.
    pub async fn settle(&self, mut batches: mpsc::UnboundedReceiver<Batch>) {
        while let Some(Batch { token, open, late, rooms }) = batches.recv().await {
            let is_empty = open.is_empty() && late.is_empty() && rooms.is_empty();
            for event in open {
                if event.await.is_err() {
                    // It was not come to, because the program ends: it comes again with the old token, and all behind it.
                    return;
                }
            }
            let mut state = self.state();
            state.token = Some(token);
            state.rooms.extend(rooms);
            late.into_iter().for_each(|late| state.wait_for(late));
            // An old token is as good when nothing happened since.
            if !is_empty {
                self.write(&state);
            }
        }
    }

    /// An event's key hasn't come.
    pub fn wait_for(&self, late: Late) {
        let mut state = self.state();
        state.wait_for(late);
        self.write(&state);
    }

    /// A late event is done with.
    pub fn read(&self, event: &OwnedEventId) {
        let mut state = self.state();
        state.late.retain(|late| late.event != *event);
        self.write(&state);
    }

    /// A room was told about this session.
    pub fn told(&self, room: &OwnedRoomId, session: &str) {
        let mut state = self.state();
        state
            .late
            .iter_mut()
            .filter(|late| late.room == *room && late.session == session)
            .for_each(|late| late.told = true);
        self.write(&state);
    }

    /// A room says that it goes on as another one.
    pub fn moves(&self, from: &OwnedRoomId, to: &OwnedRoomId) {
        let mut state = self.state();
        if state.moved.insert(to.clone(), from.clone()).as_ref() != Some(from) {
            self.write(&state);
        }
    }

    /// The room that says it goes on as this one.
    pub fn moved_from(&self, to: &OwnedRoomId) -> Option<OwnedRoomId> {
        self.state().moved.get(to).cloned()
    }

    /// All that say they go on as others: the new one, and the old one.
    pub fn moves_under_way(&self) -> Vec<(OwnedRoomId, OwnedRoomId)> {
        self.state().moved.iter().map(|(to, from)| (to.clone(), from.clone())).collect()
    }

    /// The bot is at home in the room that another one went on as: nobody there has to be greeted.
    pub fn has_moved(&self, to: &OwnedRoomId) {
        let mut state = self.state();
        state.moved.remove(to);
        state.rooms.insert(to.clone());
        self.write(&state);
    }

    /// A room doesn't go on as this one after all.
    pub fn moves_not(&self, to: &OwnedRoomId) {
        let mut state = self.state();
        state.moved.remove(to);
        self.write(&state);
    }

    /// The bot is no longer in a room.
    pub fn left(&self, room: &OwnedRoomId) {
        let mut state = self.state();
        state.rooms.remove(room);
        state.direct.remove(room);
        state.late.retain(|late| late.room != *room);
        self.write(&state);
    }

    fn write(&self, state: &State) {
        let bytes = serde_json::to_vec(state).expect("texts and numbers, which JSON can always hold");
        if let Err(error) = replace(&self.path, &bytes) {
            // An older one is safe: events come again and are known by their ids.
            tracing::warn!(file = %self.path.display(), %error, "it can't be written");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait_for(&mut self, late: Late) {
        if self.late.iter().all(|known| known.event != late.event) {
            self.late.push(late);
        }
        let excess = self.late.len().saturating_sub(WAITING);
        self.late.drain(..excess);
    }
}

/// Writes a file for its owner alone, whole or not at all, and returns once it is durable.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(event: &str) -> Late {
        Late {
            room: OwnedRoomId::try_from("!a:b").unwrap(),
            event: OwnedEventId::try_from(event).unwrap(),
            session: "s".to_owned(),
            withheld: false,
            since: Timestamp::from_millis(1),
            told: false,
        }
    }

    fn batch(token: &str, open: Vec<oneshot::Receiver<Settled>>, late: Vec<Late>) -> Batch {
        Batch { token: token.to_owned(), open, late, rooms: vec![OwnedRoomId::try_from("!a:b").unwrap()] }
    }

    #[tokio::test]
    async fn the_token_passes_only_what_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path()).unwrap();
        let (sender, batches) = mpsc::unbounded_channel();
        let (first, open_first) = oneshot::channel();
        let (second, open_second) = oneshot::channel::<Settled>();
        sender.send(batch("1", vec![open_first], vec![late("$1")])).unwrap();
        sender.send(batch("2", vec![open_second], vec![late("$2")])).unwrap();
        drop(sender);
        first.send(Settled::Stored).unwrap();
        drop(second);
        inbox.settle(batches).await;
        let again = Inbox::open(folder.path()).unwrap();
        assert_eq!(again.token().as_deref(), Some("1"));
        assert_eq!(again.late(), [late("$1")]);
        assert!(again.knows(&OwnedRoomId::try_from("!a:b").unwrap()));
    }

    #[tokio::test]
    async fn what_is_late_waits_over_a_restart_until_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path()).unwrap();
        let (sender, batches) = mpsc::unbounded_channel();
        sender.send(batch("1", Vec::new(), vec![late("$1"), late("$2")])).unwrap();
        sender.send(batch("2", Vec::new(), vec![late("$2")])).unwrap();
        drop(sender);
        inbox.settle(batches).await;
        inbox.told(&late("$1").room, "s");
        inbox.read(&late("$1").event);
        assert_eq!(Inbox::open(folder.path()).unwrap().late(), [Late { told: true, ..late("$2") }]);
    }

    #[test]
    fn a_move_is_known_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path()).unwrap();
        let (old, new) = (OwnedRoomId::try_from("!old:b").unwrap(), OwnedRoomId::try_from("!new").unwrap());
        inbox.moves(&old, &new);
        let again = Inbox::open(folder.path()).unwrap();
        assert_eq!((again.moved_from(&new), again.moved_from(&old)), (Some(old.clone()), None));
        again.moves_not(&new);
        assert!(again.moves_under_way().is_empty() && !again.knows(&new));
        again.moves(&old, &new);
        again.has_moved(&new);
        let done = Inbox::open(folder.path()).unwrap();
        assert!(done.moves_under_way().is_empty() && done.knows(&new));
    }

    #[test]
    fn a_torn_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{\"token\":").unwrap();
        assert_eq!(Inbox::open(folder.path()).unwrap().token(), None);
    }
}
