//! Rooms and threads as places, and back.
//!
//! Ids are never taken apart or lower-cased: those of newer rooms have no server in them, and case counts.

use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId as MatrixUser};

use crate::base::id::{ChannelId, EventId as NapeEvent, Place, PlaceKind, Platform, ServerId, UserId};

use super::PLATFORM;

/// A room, or a thread of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot {
    /// The room.
    pub room: OwnedRoomId,
    /// The thread's first event.
    pub thread: Option<OwnedEventId>,
}

/// What stands between a room and a thread in a channel's id; no event id has it inside, as `$` is in none but at its start.
const THREAD: &str = "/$";

impl Spot {
    /// The room itself.
    pub fn room(room: &RoomId) -> Self {
        Self { room: room.to_owned(), thread: None }
    }

    /// A thread in it.
    pub fn thread(room: &RoomId, root: &EventId) -> Self {
        Self { room: room.to_owned(), thread: Some(root.to_owned()) }
    }

    /// The spot of a place that [`Spot::place`] made.
    pub fn of(place: &Place) -> Option<Self> {
        Self::read(place.channel.local())
    }

    fn read(local: &str) -> Option<Self> {
        let (room, thread) = match local.rsplit_once(THREAD) {
            Some((room, event)) => (room, Some(EventId::parse(format!("${event}")).ok()?)),
            None => (local, None),
        };
        Some(Self { room: RoomId::parse(room).ok()?, thread })
    }

    /// The place that it is. In a direct room every thread is as private as the room.
    pub fn place(&self, is_direct: bool) -> Place {
        let platform = Platform::new(PLATFORM);
        let room = ChannelId::new(&platform, &self.room);
        let kind = match (is_direct, &self.thread) {
            (true, _) => PlaceKind::Direct,
            (false, None) => PlaceKind::Shared,
            (false, Some(_)) => PlaceKind::PublicThread,
        };
        let (channel, parent) = match &self.thread {
            Some(root) => (ChannelId::new(&platform, format!("{}/{root}", self.room)), Some(room)),
            None => (room, None),
        };
        let server = (!is_direct).then(|| server(&self.room));
        Place { platform, server, channel, parent, kind }
    }
}

/// A room's settings hang on it.
pub(super) fn server(room: &RoomId) -> ServerId {
    ServerId::new(&Platform::new(PLATFORM), room)
}

/// A person.
pub(super) fn person(user: &MatrixUser) -> UserId {
    UserId::new(&Platform::new(PLATFORM), user)
}

/// The account of a person.
pub(super) fn account(person: &UserId) -> Option<OwnedUserId> {
    MatrixUser::parse(person.local()).ok()
}

/// An event.
pub(super) fn event(id: impl std::fmt::Display) -> NapeEvent {
    NapeEvent::new(&Platform::new(PLATFORM), id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_reads_back_from_its_place() {
        for room in ["!AbC:example.org", "!qF0kYb-7_Zx", "!a/b:example.org"] {
            let room = RoomId::parse(room).unwrap();
            for event in [None, Some("$Xy-_1"), Some("$old/+style:example.org")] {
                let thread = event.map(|event| EventId::parse(event).unwrap());
                let spot = Spot { room: room.clone(), thread };
                assert_eq!(Spot::of(&spot.place(false)), Some(spot.clone()));
                assert_eq!(Spot::of(&spot.place(true)), Some(spot));
            }
        }
    }

    #[test]
    fn who_reads_along_is_known_from_the_place() {
        let room = RoomId::parse("!a:b").unwrap();
        let root = EventId::parse("$r").unwrap();
        let (here, there) = (Spot::room(&room), Spot::thread(&room, &root));
        assert_eq!(here.place(true).kind, PlaceKind::Direct);
        assert_eq!(there.place(true).kind, PlaceKind::Direct);
        assert_eq!(here.place(false).kind, PlaceKind::Shared);
        assert_eq!(there.place(false).kind, PlaceKind::PublicThread);
        assert_eq!(here.place(true).server, None);
        assert_eq!(there.place(false).parent, Some(here.place(false).channel));
    }
}
