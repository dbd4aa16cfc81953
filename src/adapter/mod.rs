//! Floor 4: adapters, one folder for each platform. An adapter turns what happens on its platform into events and carries
//! out deliveries; it decides nothing, and nothing above this floor knows its platform's name.
//!
//! An adapter is a function that gets a [`Link`] and runs until it is told to stop: two channels, and a [`Pulse`] for how it goes.

mod choose;
#[cfg(feature = "discord")]
pub mod discord;
#[cfg(feature = "matrix")]
pub mod matrix;
pub mod terminal;

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};

use crate::base::id::{Place, Platform, ServerId, SessionId, UserId};
use crate::base::time::Timestamp;
use crate::message::capabilities::Capabilities;
use crate::message::part::Part;
use crate::port::action::{Priority, StepMark, Venue};
use crate::port::event::{Event, ReplyToken};

/// What the runtime has to know of an adapter before it runs.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The platform's name, as it stands in ids.
    pub platform: Platform,
    /// What it can show.
    pub capabilities: Capabilities,
}

/// An adapter's two ends.
#[derive(Debug)]
pub struct Link {
    /// What happened, on its way in.
    pub events: mpsc::Sender<Incoming>,
    /// What is to be done, in order for each place.
    pub deliveries: mpsc::Receiver<Delivery>,
    /// Turns true when it is time to stop: send what is under way, then return.
    pub stop: watch::Receiver<bool>,
    /// What calls the bot where others read along.
    pub prefixes: Prefixes,
    /// The servers of its platform of which something is kept. An adapter that finds the bot to be in one of them no more, as it
    /// was removed while it was away, reports that as [`Event::Membership`].
    pub servers: Vec<ServerId>,
    /// Where it lets be known how it goes.
    pub pulse: Arc<dyn Pulse>,
}

/// Hears from an adapter how it goes: whether somebody could be served on its platform, and how many requests that takes.
/// Never who or what.
///
/// It keeps the time itself: an adapter that says nothing for 55 s counts as one that is not connected.
pub trait Pulse: Debug + Send + Sync {
    /// The platform has been heard from, and every connection to it stands. To be said again at least every 45 s.
    fn heard(&self);

    /// A connection does not stand, or nothing comes on it: until the platform is heard from again, nobody is served there.
    fn lost(&self);

    /// A request was made.
    fn called(&self, call: Call);
}

/// What became of a request to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A message was sent.
    Sent,
    /// A message was changed.
    Edited,
    /// It was refused as one too many (HTTP 429).
    Throttled,
}

/// Nobody listens, as in tests.
impl Pulse for () {
    fn heard(&self) {}
    fn lost(&self) {}
    fn called(&self, _: Call) {}
}

/// What goes before a command in each server, as its admins have set it. Looked up for each message, so that a change holds from the
/// next one on.
#[derive(Clone)]
pub struct Prefixes(Arc<dyn Fn(&ServerId) -> String + Send + Sync>);

impl Prefixes {
    /// By a look at the settings.
    pub fn new(look: impl Fn(&ServerId) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// The prefix of a server; the usual one where none is set.
    pub fn of(&self, server: &ServerId) -> String {
        (self.0)(server)
    }
}

impl fmt::Debug for Prefixes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prefixes")
    }
}

/// An event on its way in.
#[derive(Debug)]
pub struct Incoming {
    /// The event.
    pub event: Event,
    /// Answered once the event is handled, stored, and all that follows from it delivered; dropped if that can't be.
    pub handled: oneshot::Sender<()>,
    /// Answered as soon as nothing of it can be lost any more, long before all is delivered; for adapters whose platform gives an
    /// event again until they have acknowledged it. Dropped when the event was not come to: it has to come again.
    pub settled: Option<oneshot::Sender<Settled>>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// What follows from it is stored, or was when it came before, or nothing follows.
    Stored,
    /// It could not be stored, and was answered as well as that allows.
    Unsaved,
}

/// Something to be done.
#[derive(Debug)]
pub struct Delivery {
    /// The same number for the same thing, also after a restart: what a platform can tell doubles by. 0 for whatever could not be
    /// stored: it tells nothing.
    pub nonce: u64,
    /// What.
    pub work: Work,
    /// How long it may be held back for others, where a platform allows only so many sends.
    pub priority: Priority,
    /// Answered once it is done, or can't be.
    pub done: oneshot::Sender<Result<(), SendError>>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Work {
    /// Say something.
    Say {
        /// Where.
        place: Place,
        /// For whom: who may press its choices.
        person: UserId,
        /// The token of the event that it answers.
        reply: Option<ReplyToken>,
        /// The step that it announces.
        step: Option<StepMark>,
        /// Whether it takes the place of the message under which it was pressed, where that can be done.
        instead: bool,
        /// What, in as many messages.
        parts: Vec<Part>,
    },
    /// Make a place for a routine, and report it as [`Event::Opened`].
    Open {
        /// Where it was asked for.
        home: Place,
        /// Whose it is.
        owner: UserId,
        /// The session.
        session: SessionId,
        /// What kind of place.
        venue: Venue,
        /// Its title.
        title: String,
    },
    /// A session's own place is done with.
    Close {
        /// The place.
        place: Place,
        /// The session.
        session: SessionId,
    },
}

/// Names that can be completed.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Cards.
    pub techniques: Vec<String>,
    /// Terms of the glossary.
    pub terms: Vec<String>,
    /// Routines.
    pub routines: Vec<String>,
    /// Keys of preferences.
    pub preferences: Vec<String>,
    /// Keys of a server's settings.
    pub server_settings: Vec<String>,
    /// Ids of sources.
    pub sources: Vec<String>,
    /// Keys of a server's settings whose values are written, with the most characters that it may have.
    pub texts: Vec<(String, usize)>,
}

/// Time, as the app has it: no adapter reads a clock or waits by itself.
#[async_trait]
pub trait Time: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn wait(&self, span: Duration);
}

/// Why an adapter ended before it was told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may go better next time.
    #[error("{0}")]
    Passing(String),
    /// It would fail again and again until somebody changes something: what, is said.
    #[error("{0}")]
    Final(String),
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not now; try again after this time.
    #[error("not now: {why}")]
    Later {
        /// How long to wait.
        after: Duration,
        /// Why, for the log; nothing that a person wrote.
        why: String,
    },
    /// Never: the place is gone, or it is not allowed.
    #[error("not at all: {why}")]
    Never {
        /// Why, for the log; nothing that a person wrote.
        why: String,
    },
}
