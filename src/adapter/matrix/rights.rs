//! What people may do in a room, and what the bot may, as its power levels say.

use matrix_sdk::ruma::UserId;
use matrix_sdk::ruma::events::room::power_levels::UserPowerLevel;
use matrix_sdk::ruma::events::{MessageLikeEventType, StateEventType};
use matrix_sdk::{EncryptionState, Room};

use crate::port::event::{Ground, Where};

/// What somebody may do in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    /// Whether they may configure the bot: whoever may send the state that would hold its settings. Creators of newer rooms stand above
    /// all numbers.
    pub may_configure: bool,
    /// Their roles: the names that programs have for two levels, and the number of every level up to theirs.
    pub roles: Vec<String>,
}

/// What somebody may do in a room, as its power levels stand now; nothing where these aren't known.
pub(super) async fn rights(room: &Room, user: &UserId) -> Rights {
    let Ok(levels) = room.power_levels().await else { return Rights::default() };
    let state = StateEventType::from("org.nape.settings");
    let level = match levels.for_user(user) {
        UserPowerLevel::Infinite => ADMIN,
        UserPowerLevel::Int(level) => i64::from(level),
        // What isn't known yet gives nobody anything.
        _ => 0,
    };
    Rights { may_configure: levels.user_can_send_state(user, state), roles: roles(level) }
}

/// What the bot lacks in a room, as its power levels stand now, and whether the room is encrypted. Nothing
/// where that isn't known.
pub(super) async fn grounds(room: &Room, me: &UserId) -> Vec<Ground> {
    let Ok(levels) = room.power_levels().await else { return Vec::new() };
    let encrypted = match room.encryption_state() {
        EncryptionState::Encrypted => Some(true),
        EncryptionState::NotEncrypted => Some(false),
        EncryptionState::Unknown => None,
    };
    let message = if encrypted == Some(true) { "m.room.encrypted" } else { "m.room.message" };
    // The names of Element's settings.
    let needed = [(message, "Send messages"), ("m.reaction", "Send reactions")];
    let missing: Vec<String> = needed
        .into_iter()
        .filter(|(kind, _)| !levels.user_can_send_message(me, MessageLikeEventType::from(*kind)))
        .map(|(_, name)| name.to_owned())
        .collect();
    vec![Ground { place: Where::Answers, missing, invite: None, encrypted }]
}

/// The levels of a moderator and of an admin, as every program calls them.
const MODERATOR: i64 = 50;
const ADMIN: i64 = 100;

/// The roles that go with a level.
fn roles(level: i64) -> Vec<String> {
    let names = [("moderator", MODERATOR), ("admin", ADMIN)].into_iter();
    let names = names.filter(|(_, from)| level >= *from).map(|(name, _)| name.to_owned());
    names.chain((1..=level.min(ADMIN)).map(|number| number.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_a_level_has_those_below_it() {
        assert_eq!(roles(0), Vec::<String>::new());
        assert_eq!(roles(2), ["1", "2"]);
        let has = |level: i64, role: &str| roles(level).iter().any(|other| other == role);
        assert!(has(50, "moderator") && !has(50, "admin") && !has(49, "moderator") && has(60, "50"));
        assert!(has(100, "admin") && has(100, "moderator") && has(i64::MAX, "100"));
        assert!(roles(i64::MIN).is_empty());
    }
}
