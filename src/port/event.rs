//! What comes in.

use std::time::Duration;

use crate::base::id::{EventId, Place, ServerId, UserId};
use crate::base::time::Timestamp;
use crate::command::parse::{Invocation, parse};
use crate::command::table::Command;
use crate::port::action::{StepMark, Venue};
use crate::port::record::{Key, Records};

/// Something happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person did something.
    Person(FromPerson),
    /// A person did something that goes beyond what may be asked of the bot. No adapter says so; the runtime counts.
    Beyond {
        /// What they did.
        person: FromPerson,
        /// Beyond which limit.
        limit: Limit,
        /// Whether it is time to say so; else it is passed over in silence.
        tell: bool,
    },
    /// A record's time has come.
    Due {
        /// The record.
        key: Key,
        /// When it was due.
        at: Timestamp,
    },
    /// The process has started again and finds this record running.
    Returned {
        /// The record.
        key: Key,
    },
    /// The bot was removed from a server or room, or was let in (again). An outage is neither.
    Membership {
        /// The server or room.
        server: ServerId,
        /// Whether the bot is in it now.
        present: bool,
        /// When it was let in lately: whom to greet for that, and where they read alone.
        host: Option<(UserId, Place)>,
    },
    /// A server or room goes on under another id, and those who run it have said so.
    Moved {
        /// Its id so far.
        from: ServerId,
        /// Its id from now on.
        to: ServerId,
    },
    /// The thread that [`crate::port::action::Order::Open`] asked for is there, or can't be had.
    Opened {
        /// The record that waits for it.
        key: Key,
        /// Where it is; `None` when it couldn't be made.
        place: Option<Place>,
    },
    /// The card with which a step's time begins is shown later than it was ordered, or will be: its platform takes no more just now, or is
    /// away. What comes later still is told by itself.
    Late {
        /// The record of the routine.
        key: Key,
        /// The step.
        step: StepMark,
        /// How much later.
        by: Duration,
    },
    /// The place in which a routine ran is gone or closed: deleted, archived, locked.
    Gone {
        /// The record of the routine.
        key: Key,
        /// The place.
        place: Place,
    },
}

/// How much may be asked of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// By one person.
    Person,
    /// In one channel, its threads included.
    Place,
    /// By all together.
    Total,
}

/// A person did something.
#[derive(Clone, Debug, PartialEq)]
pub struct FromPerson {
    /// The same thing delivered twice has the same id and is handled once.
    pub id: EventId,
    /// Who.
    pub who: UserId,
    /// Where.
    pub place: Place,
    /// Whether they may configure the server or room, as the platform says at this very moment.
    pub may_configure: bool,
    /// The roles that they have in the server at this very moment, by the platform's own ids.
    pub roles: Vec<String>,
    /// Where a routine could be led, beside here, with the permissions that hold now.
    pub venues: Venues,
    /// What each of these places needs here, where the platform has rights to be given.
    pub grounds: Vec<Ground>,
    /// A token for an answer to this one alone, where the platform has such a thing.
    pub reply: Option<ReplyToken>,
    /// What.
    pub input: Input,
}

impl FromPerson {
    /// Whether it is a command for those who may configure the server.
    fn configures(&self) -> bool {
        let begins = |line: &str| {
            let line = line.trim_start().trim_start_matches(['/', '!']).trim_start();
            line.get(..ADMIN.len()).is_some_and(|start| start.eq_ignore_ascii_case(ADMIN))
        };
        match &self.input {
            Input::Invoked(invocation) => begins(invocation.command.spec().words),
            Input::Pressed { line } | Input::Said { text: line, .. } | Input::Completed { line, .. } => begins(line),
            Input::NotTheirs | Input::Unasked { .. } => false,
        }
    }

    /// The entry whose votes a press changes.
    fn voted_for(&self) -> Option<String> {
        let vote = |invocation: &Invocation| {
            (invocation.command == Command::Vote).then(|| invocation.arg("entry").map(str::to_owned)).flatten()
        };
        match &self.input {
            Input::Invoked(invocation) => vote(invocation),
            Input::Pressed { line } | Input::Said { text: line, .. } => parse(line).ok().as_ref().and_then(vote),
            Input::Completed { .. } | Input::NotTheirs | Input::Unasked { .. } => None,
        }
    }
}

/// What a person did.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Wrote something. It may be a command, a word to a running session, or a question.
    Said {
        /// The text, without prefix or mention.
        text: String,
        /// Whether it was meant for the bot: a direct place, a prefix, a mention. In a session's thread, other people's talk is not.
        addressed: bool,
    },
    /// Used a command that the platform has parsed.
    Invoked(Invocation),
    /// Pressed a choice: a command line that the bot itself wrote.
    Pressed {
        /// The line.
        line: String,
    },
    /// Completed a choice whose line was not whole yet.
    Completed {
        /// The line, which the bot itself wrote.
        line: String,
        /// What they put behind it.
        with: With,
    },
    /// Pressed a choice that was offered to somebody else, or by nobody that is known any more.
    NotTheirs,
    /// Wrote something that is not to be answered, as an edit of what was said before, or the words of a program that answers every
    /// answer. It passes the red-flag gate like all that is written, and nothing else is done with it.
    Unasked {
        /// The text, without prefix or mention.
        text: String,
        /// Whether it was meant for the bot, as in [`Input::Said`].
        addressed: bool,
    },
}

/// What completes a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// Words of their own.
    Text(String),
    /// Ids of this very server, picked from the platform's own list.
    Ids(Vec<String>),
}

/// Where a routine could be led.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Venues {
    /// A thread that only the owner sees.
    pub private_thread: bool,
    /// A thread that everyone sees.
    pub public_thread: bool,
    /// A direct conversation.
    pub direct: bool,
}

/// What a place needs in which something is to be said, as the platform says at this very moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Which.
    pub place: Where,
    /// The rights that the bot hasn't got, as the platform's own program calls them.
    pub missing: Vec<String>,
    /// Links by which an admin gives the bot what this place needs.
    pub invite: Option<Invite>,
    /// Whether what is said there is encrypted end to end; `None` where the platform has no such thing or hasn't said.
    pub encrypted: Option<bool>,
}

/// Links by which an admin gives the bot what a place needs and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// For the place alone.
    pub alone: String,
    /// For the place, and for announcing changes in a channel.
    pub with_log: String,
}

/// Where something could be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Right here.
    Here,
    /// Where something is asked, in answer to it. Not named by a platform on which that needs nothing.
    Answers,
    /// In a place that is opened for it.
    In(Venue),
    /// In this channel of the server, by the platform's own id. Where one is named, all are.
    Channel(String),
}

/// How commands of those who may configure the server begin.
const ADMIN: &str = "nape-admin";

/// A platform's token for an answer to one event. Opaque; only its adapter reads it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ReplyToken(pub String);

impl Event {
    /// Whether it carries what a person wrote: words of their own, or an argument.
    pub fn has_text(&self) -> bool {
        match self {
            Event::Person(person) | Event::Beyond { person, .. } => match &person.input {
                Input::Said { .. } | Input::Unasked { .. } => true,
                Input::Invoked(invocation) => invocation.free_text().next().is_some(),
                Input::Completed { with: With::Text(_), .. } => true,
                Input::Completed { with: With::Ids(_), .. } | Input::Pressed { .. } | Input::NotTheirs => false,
            },
            Event::Due { .. }
            | Event::Returned { .. }
            | Event::Membership { .. }
            | Event::Moved { .. }
            | Event::Opened { .. }
            | Event::Late { .. }
            | Event::Gone { .. } => false,
        }
    }

    /// The records that it can touch, as far as the event alone tells.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Event::Person(person) | Event::Beyond { person, .. } => {
                let place = &person.place;
                let mut keys = vec![
                    Key::Person(person.who.clone()),
                    Key::Session(person.who.clone()),
                    Key::Lock(person.who.clone()),
                    Key::Recent(person.who.clone(), place.channel.clone()),
                    Key::Channel(place.parent.clone().unwrap_or_else(|| place.channel.clone())),
                ];
                keys.extend(place.server.clone().map(Key::Server));
                keys.extend(place.server.clone().filter(|_| person.configures()).map(Key::Audit));
                keys.extend(person.voted_for().map(Key::Votes));
                keys
            }
            Event::Membership { server, .. } => vec![Key::Server(server.clone())],
            Event::Moved { from, to } => {
                [from, to].into_iter().flat_map(|id| [Key::Server(id.clone()), Key::Audit(id.clone())]).collect()
            }
            Event::Due { key: key @ Key::Server(server), .. } => vec![key.clone(), Key::Audit(server.clone())],
            Event::Due { key, .. }
            | Event::Returned { key }
            | Event::Opened { key, .. }
            | Event::Late { key, .. }
            | Event::Gone { key, .. } => {
                vec![key.clone()]
            }
        }
    }

    /// The records that the loaded ones lead to: a session knows its owner, its server and its channel.
    pub fn further_keys(&self, records: &Records) -> Vec<Key> {
        let session = self.keys().into_iter().find_map(|key| match key {
            Key::Session(owner) => records.session(&owner).map(|running| (owner, running)),
            _ => None,
        });
        let Some((owner, running)) = session else { return Vec::new() };
        let mut keys = vec![Key::Person(owner.clone()), Key::Lock(owner), Key::Channel(running.counted_in.clone())];
        keys.extend(running.place.server.clone().map(Key::Server));
        keys.retain(|key| !records.holds(key));
        keys
    }

    /// The person it belongs to. Events of one person are handled one after the other.
    pub fn lane(&self) -> &str {
        match self {
            Event::Person(person) | Event::Beyond { person, .. } => person.who.as_str(),
            Event::Membership { server, .. } | Event::Moved { from: server, .. } => server.as_str(),
            Event::Due { key, .. }
            | Event::Returned { key }
            | Event::Opened { key, .. }
            | Event::Late { key, .. }
            | Event::Gone { key, .. } => key.lane(),
        }
    }
}
