//! Two programs that answer each other would go on for ever. Notices end that where both keep to the custom; this ends it where
//! the other doesn't. Pure.
//!
//! Whoever answers the bot within a breath, again and again, is no person: after twenty times it gets no answer any more, until
//! it takes its time once. In what it says signs of an emergency are looked for all the same, as it may pass on a person's words; when it
//! answers those answers as well, it is left alone.

use std::time::Duration;

use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::base::time::Timestamp;

use super::offers::Bounded;

/// Nobody reads and writes in less.
const BREATH: Duration = Duration::from_secs(2);
/// So often in a row it may be chance.
const CHANCE: u32 = 20;

/// Who it is that writes, as far as their haste tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// A person, or a program that behaves like one.
    Human,
    /// A program that answers every answer.
    Program,
    /// One that goes on even so.
    Endless,
}

/// What was seen in rooms.
#[derive(Debug, Default)]
pub(super) struct Bounces {
    /// When the bot last said something there.
    said: Bounded<OwnedRoomId, Timestamp>,
    /// How often in a row somebody has answered at once, and what of the bot's they answered last.
    quick: Bounded<(OwnedRoomId, OwnedUserId), (u32, Timestamp)>,
}

impl Bounces {
    /// The bot has said something in a room, by the same clock as what others say: its homeserver's. Its own may go wrong, and what it
    /// knows of the moment comes after the quickest answers.
    pub fn said(&mut self, room: &RoomId, sent: Timestamp) {
        self.said.insert(room.to_owned(), sent);
    }

    /// Whose message it is. `may_bounce`: it is an answer, a mention, or in a thread. What was sent before the bot spoke is no answer
    /// to it, however late it is come to; and to what it said once there is one answer, however much is said at a time.
    pub fn pace(&mut self, room: &RoomId, from: &UserId, may_bounce: bool, sent: Timestamp) -> Pace {
        let said =
            self.said.get(&room.to_owned()).filter(|said| may_bounce && sent >= **said && sent.since(**said) < BREATH);
        let key = (room.to_owned(), from.to_owned());
        let before = self.quick.get(&key).copied();
        let (quick, answered) = match (said, before) {
            (Some(said), Some((quick, answered))) if answered == *said => (quick, answered),
            (Some(said), before) => (before.map_or(0, |(quick, _)| quick).saturating_add(1), *said),
            (None, _) => (0, Timestamp::default()),
        };
        self.quick.insert(key, (quick, answered));
        match quick {
            0..=CHANCE => Pace::Human,
            _ if quick <= 2 * CHANCE => Pace::Program,
            _ => Pace::Endless,
        }
    }
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::{room_id, user_id};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn a_program_that_answers_every_answer_is_left_alone() {
        let (mut bounces, room, other) = (Bounces::default(), room_id!("!a:b"), user_id!("@echo:b"));
        let mut answered = 0;
        while answered < 1_000 && bounces.pace(room, other, true, at(answered * 500)) == Pace::Human {
            answered += 1;
            bounces.said(room, at(answered * 500 - 490));
        }
        assert!(answered <= 22, "{answered}");
    }

    #[test]
    fn one_that_answers_even_what_is_said_in_an_emergency_is_left_alone_in_the_end() {
        let (mut bounces, room, other) = (Bounces::default(), room_id!("!a:b"), user_id!("@echo:b"));
        let mut seen = Vec::new();
        for round in 0..100 {
            seen.push(bounces.pace(room, other, true, at(round * 500)));
            bounces.said(room, at(round * 500 + 10));
        }
        let count = |pace| seen.iter().filter(|other| **other == pace).count();
        assert_eq!((count(Pace::Human), count(Pace::Program)), (21, 20));
        assert_eq!(seen.last(), Some(&Pace::Endless));
        // Somebody who takes their time is heard again.
        assert_eq!(bounces.pace(room, other, true, at(60_000)), Pace::Human);
    }

    #[test]
    fn people_are_answered_however_quickly_they_type() {
        let (mut bounces, room, ann) = (Bounces::default(), room_id!("!a:b"), user_id!("@ann:b"));
        for round in 0..100 {
            bounces.said(room, at(round * 10_000));
            // Now at once without replying, now a reply after a while.
            let (may_bounce, after) = if round % 2 == 0 { (false, 100) } else { (true, 4_000) };
            assert_eq!(bounces.pace(room, ann, may_bounce, at(round * 10_000 + after)), Pace::Human, "{round}");
        }
    }

    #[test]
    fn what_waited_for_the_bot_is_no_answer_to_it() {
        let (mut bounces, room, ann) = (Bounces::default(), room_id!("!a:b"), user_id!("@ann:b"));
        for round in 0..100 {
            assert_eq!(bounces.pace(room, ann, true, at(round)), Pace::Human, "{round}");
            bounces.said(room, at(60_000 + round * 100));
        }
    }

    #[test]
    fn many_messages_at_once_are_one_answer() {
        let (mut bounces, room, ann) = (Bounces::default(), room_id!("!a:b"), user_id!("@ann:b"));
        bounces.said(room, at(0));
        assert!((0..100).all(|number| bounces.pace(room, ann, true, at(number)) == Pace::Human));
    }

    #[test]
    fn one_programs_haste_is_not_held_against_others() {
        let (mut bounces, room) = (Bounces::default(), room_id!("!a:b"));
        for round in 0..40 {
            bounces.said(room, at(round * 500));
            bounces.pace(room, user_id!("@echo:b"), true, at(round * 500 + 10));
        }
        assert_ne!(bounces.pace(room, user_id!("@echo:b"), true, at(20_000)), Pace::Human);
        assert_eq!(bounces.pace(room, user_id!("@ann:b"), true, at(20_000)), Pace::Human);
    }
}
