//! Permissions: what each kind of place needs, and what of it the bot hasn't got, by the names of Discord's own program.

use serenity::model::Permissions;
use serenity::model::channel::ChannelType;
use serenity::model::id::{ApplicationId, ChannelId};

use crate::port::action::Venue;
use crate::port::event::{Ground, Invite, Venues, Where};

/// Permissions that some feature needs, with their names in the client.
const NAMES: [(Permissions, &str); 5] = [
    (Permissions::VIEW_CHANNEL, "View Channels"),
    (Permissions::SEND_MESSAGES, "Send Messages"),
    (Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
    (Permissions::CREATE_PRIVATE_THREADS, "Create Private Threads"),
    (Permissions::CREATE_PUBLIC_THREADS, "Create Public Threads"),
];

/// The places that a routine could be led in, as long as it was asked for in a guild.
const PLACES: [Where; 4] =
    [Where::Here, Where::In(Venue::PrivateThread), Where::In(Venue::PublicThread), Where::In(Venue::Direct)];

/// What it takes to announce changes in a channel.
const LOG: Permissions = Permissions::VIEW_CHANNEL.union(Permissions::SEND_MESSAGES);

/// What a kind of place needs. Answers to commands need nothing: they go the way the command came.
fn needed(place: &Where, is_thread: bool) -> Permissions {
    let talk = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES_IN_THREADS;
    match place {
        Where::Here if is_thread => talk,
        Where::Here | Where::Channel(_) => LOG,
        Where::In(Venue::PrivateThread) => talk | Permissions::CREATE_PRIVATE_THREADS,
        Where::In(Venue::PublicThread) => talk | Permissions::CREATE_PUBLIC_THREADS,
        Where::Answers | Where::In(Venue::Direct) => Permissions::empty(),
    }
}

/// Whether a channel of this kind can have such a place at all.
fn is_possible(place: &Where, channel: ChannelType) -> bool {
    match place {
        Where::Here | Where::Answers | Where::Channel(_) | Where::In(Venue::Direct) => true,
        Where::In(Venue::PrivateThread) => channel == ChannelType::Text,
        Where::In(Venue::PublicThread) => matches!(channel, ChannelType::Text | ChannelType::News),
    }
}

/// What the bot may and lacks in a guild's channel.
pub(super) fn in_guild(has: Permissions, channel: ChannelType, application: ApplicationId) -> (Venues, Vec<Ground>) {
    let is_thread = matches!(channel, ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::NewsThread);
    let ground = |place: Where| {
        let needs = needed(&place, is_thread);
        let with_log = invite(application, needs | LOG);
        let invite = Invite { alone: invite(application, needs), with_log };
        Ground { place, missing: missing(has, needs), invite: Some(invite), encrypted: None }
    };
    let grounds: Vec<Ground> = PLACES.into_iter().filter(|place| is_possible(place, channel)).map(ground).collect();
    let open =
        |venue: Venue| grounds.iter().any(|ground| ground.place == Where::In(venue) && ground.missing.is_empty());
    let venues = Venues {
        private_thread: open(Venue::PrivateThread),
        public_thread: open(Venue::PublicThread),
        direct: open(Venue::Direct),
    };
    (venues, grounds)
}

/// What the bot lacks to speak in a channel of a guild.
pub(super) fn in_channel(channel: ChannelId, has: Permissions) -> Ground {
    let place = Where::Channel(channel.to_string());
    Ground { missing: missing(has, needed(&place, false)), place, invite: None, encrypted: None }
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
    invite(application, needed(&Where::In(Venue::PrivateThread), false))
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
                let expected: &[&str] = if needed(&ground.place, false).contains(bit) { &[name] } else { &[] };
                assert_eq!(ground.missing, expected, "{:?} without {name}", ground.place);
            }
        }
    }

    #[test]
    fn the_invite_asks_for_what_is_needed_and_no_more() {
        let link = usual_invite(APPLICATION);
        assert!(link.ends_with("permissions=343597384704"), "{link}");
        let (_, grounds) = in_guild(Permissions::ADMINISTRATOR, ChannelType::Text, APPLICATION);
        let private = grounds.into_iter().find(|ground| ground.place == Where::In(Venue::PrivateThread)).unwrap();
        let Invite { alone, with_log } = private.invite.unwrap();
        assert_eq!(alone, link);
        assert!(with_log.ends_with("permissions=343597386752"), "and may speak in the channel itself: {with_log}");
        let (_, grounds) = in_guild(Permissions::ADMINISTRATOR, ChannelType::Voice, APPLICATION);
        let places: Vec<_> = grounds.iter().map(|ground| ground.place.clone()).collect();
        assert_eq!(places, [Where::Here, Where::In(Venue::Direct)], "a voice channel has no threads");
    }
}
