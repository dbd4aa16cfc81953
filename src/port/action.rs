//! What goes out: changes to records, and orders to adapters.

use serde::{Deserialize, Serialize};

use crate::base::id::{Place, SessionId, UserId};
use crate::message::model::Message;
use crate::port::event::ReplyToken;
use crate::port::record::{Key, Record};

/// What the bot makes of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What is to be stored, all or nothing.
    pub changes: Vec<Change>,
    /// What is to be said and done, in this order, once the changes are stored.
    pub orders: Vec<Order>,
    /// What an operator may count.
    pub marks: Vec<Mark>,
}

/// Something to count, by a word that stands in the program: never who it was or what they wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A question was met with this.
    Met(&'static str),
    /// Something was declined for this reason.
    Refused(&'static str),
    /// A red flag was raised.
    Raised,
}

/// A record set or deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// What it is now; `None` deletes it.
    pub record: Option<Record>,
}

/// Something for an adapter to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Say something.
    Say(Post),
    /// Make a place for a routine and report it with [`crate::port::event::Event::Opened`].
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
    /// A session's own thread is done with.
    Close {
        /// The thread.
        place: Place,
        /// The session.
        session: SessionId,
    },
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Where.
    pub place: Place,
    /// For whom: who may press its choices, and who reads it when it is private.
    pub person: UserId,
    /// The event's own token, when it answers one.
    pub reply: Option<ReplyToken>,
    /// The session and the running number of the step that it announces; such a post is worthless once the session has moved on.
    pub step: Option<StepMark>,
    /// Whether the time of that step begins with it. Shown late, it begins late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// Whether it may wait behind nothing: what to do in an emergency, or the end of a routine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// Whether it takes the place of the message under which it was pressed, where the platform can do so and that one is as private.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub instead: bool,
    /// What.
    pub message: Message,
}

/// What goes first where a platform allows only so many sends; first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// May wait behind nothing.
    Urgent,
    /// Belongs to a step of a routine, whose time runs.
    Step,
    /// Anything else that is said or done.
    Answer,
}

/// Which step of which session a post announces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMark {
    /// The session.
    pub session: SessionId,
    /// The step's place in the plan, from 0.
    pub at: usize,
}

/// What kind of place a routine is led in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Venue {
    /// A thread that only the owner sees.
    PrivateThread,
    /// A thread that everyone sees.
    PublicThread,
    /// A direct conversation.
    Direct,
}

impl Order {
    /// What goes before it, and what after.
    pub fn priority(&self) -> Priority {
        match self {
            Order::Say(post) if post.urgent => Priority::Urgent,
            Order::Say(post) if post.step.is_some() => Priority::Step,
            Order::Say(_) | Order::Open { .. } | Order::Close { .. } => Priority::Answer,
        }
    }

    /// The same, but the time of its step begins with it.
    pub fn beginning(mut self) -> Order {
        if let Order::Say(post) = &mut self {
            post.begins = true;
        }
        self
    }

    /// The step whose time begins with it, and whose.
    pub fn begins(&self) -> Option<(&UserId, &StepMark)> {
        match self {
            Order::Say(post) if post.begins => Some((&post.person, post.step.as_ref()?)),
            Order::Say(_) | Order::Open { .. } | Order::Close { .. } => None,
        }
    }

    /// The same, but it may wait behind nothing.
    pub fn at_once(mut self) -> Order {
        if let Order::Say(post) = &mut self {
            post.urgent = true;
        }
        self
    }

    /// The place it is for; its platform's adapter carries it out.
    pub fn place(&self) -> &Place {
        match self {
            Order::Say(post) => &post.place,
            Order::Open { home, .. } => home,
            Order::Close { place, .. } => place,
        }
    }
}

impl Outcome {
    /// Sets a record.
    pub fn set(&mut self, key: Key, record: Record) {
        self.changes.push(Change { key, record: Some(record) });
    }

    /// Deletes a record.
    pub fn delete(&mut self, key: Key) {
        self.changes.push(Change { key, record: None });
    }
}
