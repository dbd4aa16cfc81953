//! What the places show in which routines run, as far as this process has spoken there: so that what belongs to a step changes
//! the note under its card, and a place that is closed ends its routine. A restart forgets it, and a card is said anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serenity::model::id::{ChannelId, MessageId};

use crate::base::id::{Place, UserId};
use crate::base::time::Timestamp;
use crate::port::action::StepMark;

/// What a routine's place shows: a step's card, and one note under it that is changed as the step goes on.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub owner: UserId,
    pub place: Place,
    /// The step; none before the first.
    pub mark: Option<StepMark>,
    /// The note, and when it was sent; none while there is only the card.
    pub note: Option<(MessageId, Timestamp)>,
}

/// The places in which routines run, as far as this process has spoken there.
#[derive(Default)]
pub(super) struct Cards(Mutex<HashMap<ChannelId, Shown>>);

impl Cards {
    /// What a place shows.
    pub fn get(&self, channel: ChannelId) -> Option<Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&channel).cloned()
    }

    /// It shows something else now.
    pub fn set(&self, channel: ChannelId, shown: Shown) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(channel, shown);
    }

    /// Forgets a place, and tells whose routine ran in it.
    pub fn forget(&self, channel: ChannelId) -> Option<(UserId, Place)> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&channel);
        shown.map(|shown| (shown.owner, shown.place))
    }
}
