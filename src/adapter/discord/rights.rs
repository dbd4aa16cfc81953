//! Permissions: what each kind of place needs, and what of it the bot hasn't got, by the names of Discord's own program.

use serenity::model::Permissions;
use serenity::model::channel::ChannelType;
use serenity::model::id::ApplicationId;

use crate::port::action::Venue;
use crate::port::event::{Ground, Venues};

/// Permissions that some feature needs, with their names in the client.
const NAMES: [(Permissions, &str); 5] = [
    (Permissions::VIEW_CHANNEL, "View Channels"),
    (Permissions::SEND_MESSAGES, "Send Messages"),
    (Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
    (Permissions::CREATE_PRIVATE_THREADS, "Create Private Threads"),
    (Permissions::CREATE_PUBLIC_THREADS, "Create Public Threads"),
];

/// The places that a routine could be led in, as long as it was asked for in a guild.
const PLACES: [Option<Venue>; 4] = [None, Some(Venue::PrivateThread), Some(Venue::PublicThread), Some(Venue::Direct)];

/// What a kind of place needs. Answers to commands need nothing: they go the way the command came.
fn needed(place: Option<Venue>, is_thread: bool) -> Permissions {
    let talk = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES_IN_THREADS;
    match place {
        None if is_thread => talk,
        None => Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES,
        Some(Venue::PrivateThread) => talk | Permissions::CREATE_PRIVATE_THREADS,
        Some(Venue::PublicThread) => talk | Permissions::CREATE_PUBLIC_THREADS,
        Some(Venue::Direct) => Permissions::empty(),
    }
}

/// Whether a channel of this kind can have such a place at all.
fn is_possible(place: Option<Venue>, channel: ChannelType) -> bool {
    match place {
        None | Some(Venue::Direct) => true,
        Some(Venue::PrivateThread) => channel == ChannelType::Text,
        Some(Venue::PublicThread) => matches!(channel, ChannelType::Text | ChannelType::News),
    }
}

/// What the bot may and lacks in a guild's channel.
pub(super) fn in_guild(has: Permissions, channel: ChannelType, application: ApplicationId) -> (Venues, Vec<Ground>) {
    let is_thread = matches!(channel, ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::NewsThread);
    let ground = |place: Option<Venue>| {
        let needs = needed(place, is_thread);
        Ground { place, missing: missing(has, needs), invite: Some(invite(application, needs)) }
    };
    let grounds: Vec<Ground> = PLACES.into_iter().filter(|place| is_possible(*place, channel)).map(ground).collect();
    let open = |venue: Venue| grounds.iter().any(|ground| ground.place == Some(venue) && ground.missing.is_empty());
    let venues = Venues {
        private_thread: open(Venue::PrivateThread),
        public_thread: open(Venue::PublicThread),
        direct: open(Venue::Direct),
    };
    (venues, grounds)
}

/// Whether a member may configure the guild's settings.
pub(super) fn may_configure(member: Option<Permissions>) -> bool {
    member.is_some_and(|has| has.intersects(Permissions::MANAGE_GUILD | Permissions::ADMINISTRATOR))
}

fn missing(has: Permissions, needs: Permissions) -> Vec<String> {
    if has.contains(Permissions::ADMINISTRATOR) {
        return Vec::new();
    }
    NAMES
        .iter()
        .filter(|(bit, _)| needs.contains(*bit) && !has.contains(*bit))
        .map(|(_, name)| (*name).into())
        .collect()
}

/// The link by which an admin lets the bot in with these permissions and no more.
pub(super) fn invite(application: ApplicationId, needs: Permissions) -> String {
    let bits = needs.bits();
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot%20applications.commands&permissions={bits}"
    )
}

/// The link that the default settings need: routines in private threads.
pub(super) fn usual_invite(application: ApplicationId) -> String {
    invite(application, needed(Some(Venue::PrivateThread), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: ApplicationId = ApplicationId::new(7);

    #[test]
    fn each_permission_that_is_taken_away_is_named_and_no_other() {
        let all: Permissions = NAMES.iter().map(|(bit, _)| *bit).collect();
        let (venues, grounds) = in_guild(all, ChannelType::Text, APPLICATION);
        assert_eq!(venues, Venues { private_thread: true, public_thread: true, direct: true });
        assert!(grounds.iter().all(|ground| ground.missing.is_empty()));
        for (bit, name) in NAMES {
            let (_, grounds) = in_guild(all - bit, ChannelType::Text, APPLICATION);
            for ground in grounds {
                let expected: &[&str] = if needed(ground.place, false).contains(bit) { &[name] } else { &[] };
                assert_eq!(ground.missing, expected, "{:?} without {name}", ground.place);
            }
        }
    }

    #[test]
    fn the_invite_asks_for_what_is_needed_and_no_more() {
        let link = usual_invite(APPLICATION);
        assert!(link.ends_with("permissions=343597384704"), "{link}");
        let (_, grounds) = in_guild(Permissions::ADMINISTRATOR, ChannelType::Voice, APPLICATION);
        let places: Vec<_> = grounds.iter().map(|ground| ground.place).collect();
        assert_eq!(places, [None, Some(Venue::Direct)], "a voice channel has no threads");
    }
}
