//! The platform's ids as the bot's opaque ones, and back.

use serenity::model::application::InteractionContext;
use serenity::model::channel::{ChannelType, PartialChannel};
use serenity::model::id::{ChannelId as Channel, GuildId, UserId as User};

use crate::base::id::{ChannelId, Place, PlaceKind, Platform, ServerId, UserId};

/// The platform's name.
pub const PLATFORM: &str = "discord";

/// Stands before a person's id where their direct conversation isn't known yet.
const WITH: &str = "with-";

/// A channel that something can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A channel, thread or direct conversation.
    Channel(Channel),
    /// The direct conversation with this person, to be opened first.
    With(User),
}

pub(super) fn platform() -> Platform {
    Platform::new(PLATFORM)
}

pub(super) fn user(id: User) -> UserId {
    UserId::new(&platform(), id)
}

pub(super) fn server(id: GuildId) -> ServerId {
    ServerId::new(&platform(), id)
}

/// Where an interaction happened.
pub(super) fn of_interaction(
    guild: Option<GuildId>,
    channel: Option<&PartialChannel>,
    channel_id: Channel,
    context: Option<InteractionContext>,
) -> Place {
    let kind = match (guild, channel.map(|channel| channel.kind), context) {
        (None, Some(ChannelType::Private), _) | (None, None, Some(InteractionContext::BotDm)) => PlaceKind::Direct,
        (Some(_), Some(ChannelType::PrivateThread), _) => PlaceKind::PrivateThread,
        (Some(_), Some(ChannelType::PublicThread | ChannelType::NewsThread), _) => PlaceKind::PublicThread,
        // Whatever is not known to be private is not.
        _ => PlaceKind::Shared,
    };
    let is_thread = matches!(kind, PlaceKind::PrivateThread | PlaceKind::PublicThread);
    let parent = channel.and_then(|channel| channel.parent_id).filter(|_| is_thread);
    Place {
        platform: platform(),
        server: guild.map(server),
        channel: ChannelId::new(&platform(), channel_id),
        parent: parent.map(|parent| ChannelId::new(&platform(), parent)),
        kind,
    }
}

/// A thread under a place.
pub(super) fn thread(home: &Place, id: Channel, kind: PlaceKind) -> Place {
    let parent = home.parent.clone().unwrap_or_else(|| home.channel.clone());
    Place { channel: ChannelId::new(&platform(), id), parent: Some(parent), kind, ..home.clone() }
}

/// A direct conversation.
pub(super) fn direct(id: Channel) -> Place {
    Place {
        platform: platform(),
        server: None,
        channel: ChannelId::new(&platform(), id),
        parent: None,
        kind: PlaceKind::Direct,
    }
}

/// A person's direct conversation that isn't known yet.
pub(super) fn with(who: User) -> Place {
    Place { channel: ChannelId::new(&platform(), format!("{WITH}{who}")), ..direct(Channel::new(1)) }
}

/// Where to send what is for a place; `None` when its id is not one of this platform's.
pub(super) fn target(channel: &ChannelId) -> Option<Target> {
    let local = channel.local();
    match local.strip_prefix(WITH) {
        Some(who) => number(who).map(|id| Target::With(User::new(id))),
        None => number(local).map(|id| Target::Channel(Channel::new(id))),
    }
}

/// The platform's own id of a person.
pub(super) fn user_of(who: &UserId) -> Option<User> {
    number(who.local()).map(User::new)
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|id| *id > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(kind: u8, parent: Option<u64>) -> PartialChannel {
        serde_json::from_value(
            serde_json::json!({"id": "7", "type": kind, "parent_id": parent.map(|id| id.to_string())}),
        )
        .unwrap()
    }

    #[test]
    fn a_place_is_as_private_as_it_is_known_to_be() {
        let guild = Some(GuildId::new(1));
        for (guild, kind, context, expected) in [
            (guild, Some(0), None, PlaceKind::Shared),
            (guild, Some(11), None, PlaceKind::PublicThread),
            (guild, Some(12), None, PlaceKind::PrivateThread),
            (guild, None, None, PlaceKind::Shared),
            (None, Some(1), None, PlaceKind::Direct),
            (None, None, Some(InteractionContext::BotDm), PlaceKind::Direct),
            (None, Some(3), Some(InteractionContext::PrivateChannel), PlaceKind::Shared),
            (None, None, None, PlaceKind::Shared),
        ] {
            let channel = kind.map(|kind| channel(kind, Some(5)));
            let place = of_interaction(guild, channel.as_ref(), Channel::new(7), context);
            assert_eq!(place.kind, expected);
            let is_thread = matches!(expected, PlaceKind::PrivateThread | PlaceKind::PublicThread);
            assert_eq!(place.parent.is_some(), is_thread);
        }
    }

    #[test]
    fn ids_come_back_as_they_went() {
        let place = direct(Channel::new(42));
        assert_eq!(target(&place.channel), Some(Target::Channel(Channel::new(42))));
        assert_eq!(target(&with(User::new(9)).channel), Some(Target::With(User::new(9))));
        for nonsense in ["discord:0", "discord:x", "discord:with-", "discord:"] {
            assert_eq!(target(&ChannelId::from_stored(nonsense)), None, "{nonsense}");
        }
    }
}
