//! What Discord has refused the bot in a channel, remembered for a while: it isn't asked for the same again and again, as each
//! refusal counts towards the ban of an address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serenity::model::id::ChannelId;

use crate::base::time::Timestamp;
use crate::port::action::Venue;
use crate::port::event::Where;

/// How long a refusal holds, unless Discord says sooner that it is over.
const HOLDS: Duration = Duration::from_secs(600);

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Deed {
    /// To say something, or to change what was said.
    Speak,
    /// To open a thread that only its members see.
    OpenPrivate,
    /// To open a thread that everyone sees.
    OpenPublic,
}

/// Refusals that hold.
#[derive(Default)]
pub(super) struct Forbidden(Mutex<HashMap<(ChannelId, Deed), Timestamp>>);

impl Deed {
    /// What is done here to speak in such a place.
    pub fn to_be_in(place: &Where) -> Option<Self> {
        match place {
            Where::Here => Some(Self::Speak),
            Where::In(Venue::PrivateThread) => Some(Self::OpenPrivate),
            Where::In(Venue::PublicThread) => Some(Self::OpenPublic),
            // That is another channel, or needs nothing.
            Where::In(Venue::Direct) | Where::Channel(_) | Where::Answers => None,
        }
    }
}

impl Forbidden {
    /// Remembers a refusal.
    pub fn note(&self, channel: ChannelId, deed: Deed, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((channel, deed), now);
    }

    /// Whether it is refused; whatever is over is forgotten.
    pub fn holds(&self, channel: ChannelId, deed: Deed, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.since(*at) < HOLDS);
        all.contains_key(&(channel, deed))
    }

    /// Discord shows that the bot may.
    pub fn forget(&self, channel: ChannelId, deed: Deed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(channel, deed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_holds_for_its_channel_and_deed_until_it_is_over() {
        let (now, here, there) = (Timestamp::from_millis(1_795_000_000_000), ChannelId::new(1), ChannelId::new(2));
        let forbidden = Forbidden::default();
        forbidden.note(here, Deed::Speak, now);
        assert!(forbidden.holds(here, Deed::Speak, now));
        assert!(!forbidden.holds(there, Deed::Speak, now) && !forbidden.holds(here, Deed::OpenPrivate, now));
        assert!(!forbidden.holds(here, Deed::Speak, now + HOLDS));
        forbidden.note(here, Deed::Speak, now);
        forbidden.forget(here, Deed::Speak);
        assert!(!forbidden.holds(here, Deed::Speak, now));
    }
}
