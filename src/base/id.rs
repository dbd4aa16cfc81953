//! Who and where: opaque names that adapters make and the bot only compares.
//!
//! Every id starts with the name of the platform it came from, so that ids of two platforms never meet.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The short name of a platform, given by its adapter: lower case, no colon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Platform(String);

impl Platform {
    /// Names a platform.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Joins the platform's name and the platform's own id.
            pub fn new(platform: &Platform, local: impl fmt::Display) -> Self {
                Self(format!("{platform}:{local}"))
            }

            /// Takes an id that was written before with its platform's name in front.
            pub fn from_stored(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The whole id, platform's name included.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The platform's name.
            pub fn platform(&self) -> &str {
                self.0.split_once(':').map_or("", |(platform, _)| platform)
            }

            /// The platform's own part.
            pub fn local(&self) -> &str {
                self.0.split_once(':').map_or(self.0.as_str(), |(_, local)| local)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A guild, or a room that stands for itself.
    ServerId;
    /// A channel, room, thread or direct conversation: one stream of messages.
    ChannelId;
    /// A person.
    UserId;
    /// One thing that happened on a platform; the same thing delivered twice has the same id.
    EventId;
}

/// A running routine: short enough to stand in a button, the same after a restart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

impl SessionId {
    /// Makes the id of the session that `owner` starts at `millis`; no randomness, so that the bot stays pure.
    pub fn derive(owner: &UserId, millis: i64) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut rest = stable_hash(format!("{owner}@{millis}").as_bytes());
        // The first character is a digit, so that no word that people write is ever taken for an id.
        let mut text = String::from(char::from(b'2' + (rest % 8) as u8));
        rest /= 8;
        for _ in 1..Self::LENGTH {
            text.push(char::from(ALPHABET[(rest % 32) as usize]));
            rest /= 32;
        }
        Self(text)
    }

    /// How many characters an id has.
    pub const LENGTH: usize = 8;

    /// Whether this could be an id.
    pub fn is_one(text: &str) -> bool {
        text.len() == Self::LENGTH
            && text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    }

    /// Takes an id as it stands in a command line or record.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a conversation takes place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The platform whose adapter speaks there.
    pub platform: Platform,
    /// The server whose settings hold; none in a direct conversation.
    pub server: Option<ServerId>,
    /// The stream of messages.
    pub channel: ChannelId,
    /// The channel that this one hangs under, when it is a thread.
    pub parent: Option<ChannelId>,
    /// Who can read along.
    pub kind: PlaceKind,
}

impl Place {
    /// The channel that it is, or that it hangs under: what counts where threads belong to their channel.
    pub fn root(&self) -> &ChannelId {
        self.parent.as_ref().unwrap_or(&self.channel)
    }
}

/// Who can read along in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// Only the person and the bot: no prefix is needed and personal things may be said.
    Direct,
    /// Several people; the bot is spoken to by command or mention.
    Shared,
    /// A thread that only the session's owner and those who keep order can read.
    PrivateThread,
    /// A thread that everyone in the channel can read.
    PublicThread,
}

impl PlaceKind {
    /// Whether personal things may be said aloud here. A private thread is not enough: those who keep order can read it.
    pub fn is_private(self) -> bool {
        self == PlaceKind::Direct
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version, which the standard hasher does not promise.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_two_platforms_never_meet() {
        let here = UserId::new(&Platform::new("terminal"), "1");
        let there = UserId::new(&Platform::new("elsewhere"), "1");
        assert_ne!(here, there);
        assert_eq!((here.local(), there.as_str()), ("1", "elsewhere:1"));
        assert_eq!((here.platform(), UserId::from_stored("1").platform()), ("terminal", ""));
    }

    #[test]
    fn a_session_id_is_short_and_the_same_every_time() {
        let owner = UserId::from_stored("terminal:me");
        assert_eq!(SessionId::derive(&owner, 1), SessionId::derive(&owner, 1));
        assert_ne!(SessionId::derive(&owner, 1), SessionId::derive(&owner, 2));
        assert!((0..100).all(|millis| SessionId::is_one(SessionId::derive(&owner, millis).as_str())));
        assert!(!SessionId::is_one("tomorrow"));
    }

    #[test]
    fn the_hash_never_changes() {
        assert_eq!(stable_hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(stable_hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
