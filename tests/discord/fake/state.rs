//! What the fake knows: people, places, messages, interactions, and everything that it was asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::faults::Faults;
use super::gateway::Gateway;
use super::id::{Clock, Id};
use super::permissions::Overwrite;

/// Everything, behind one lock.
#[derive(Debug)]
pub struct State {
    pub clock: Clock,
    pub bot: Bot,
    pub guilds: BTreeMap<Id, Guild>,
    /// Channels, threads and direct messages.
    pub channels: BTreeMap<Id, Channel>,
    pub users: BTreeMap<Id, User>,
    pub messages: BTreeMap<Id, Message>,
    /// Commands as Discord gives them back: of a guild, or of all (`None`).
    pub commands: BTreeMap<Option<Id>, Vec<Value>>,
    pub interactions: BTreeMap<Id, Interaction>,
    /// The text of each file that somebody has attached to a command, by the path at which it is kept.
    pub uploads: BTreeMap<String, String>,
    /// Every request, in order.
    pub requests: Vec<Request>,
    pub gateway: Gateway,
    pub faults: Faults,
    /// What people have typed, in words of their own.
    pub typed: BTreeSet<String>,
    /// What broke the specification or a rule of ours, on either side.
    pub violations: Vec<String>,
}

/// The application under test and its bot user, which share an id.
#[derive(Debug)]
pub struct Bot {
    pub id: Id,
    pub token: String,
    pub owner: Id,
}

#[derive(Debug)]
pub struct User {
    pub name: String,
    /// The language of their client.
    pub locale: String,
    /// Whether they let the bot write to them.
    pub takes_messages: bool,
}

#[derive(Debug)]
pub struct Guild {
    pub id: Id,
    pub name: String,
    pub owner: Id,
    pub locale: String,
    /// By id; the guild's own id is @everyone.
    pub roles: BTreeMap<Id, Role>,
    pub members: BTreeMap<Id, Member>,
    /// Whether Discord has an outage there.
    pub unavailable: bool,
}

#[derive(Debug)]
pub struct Role {
    pub name: String,
    pub permissions: u64,
}

#[derive(Debug)]
pub struct Member {
    pub roles: BTreeSet<Id>,
    pub joined: u64,
}

#[derive(Debug)]
pub struct Channel {
    pub id: Id,
    /// Discord's channel type.
    pub kind: u8,
    pub guild: Option<Id>,
    pub name: String,
    /// A category, or a thread's channel.
    pub parent: Option<Id>,
    pub overwrites: Vec<Overwrite>,
    pub thread: Option<Thread>,
    /// Whose direct message it is.
    pub recipients: Vec<Id>,
}

impl Channel {
    pub const TEXT: u8 = 0;
    pub const DIRECT: u8 = 1;
    pub const ANNOUNCEMENT: u8 = 5;
    pub const ANNOUNCEMENT_THREAD: u8 = 10;
    pub const PUBLIC_THREAD: u8 = 11;
    pub const PRIVATE_THREAD: u8 = 12;
}

/// What a thread has beyond a channel.
#[derive(Debug)]
pub struct Thread {
    pub owner: Id,
    pub archived: bool,
    pub locked: bool,
    pub invitable: bool,
    /// Minutes of silence until it is archived.
    pub archive_after: u64,
    /// When it was archived or un-archived last, in milliseconds.
    pub archive_at: u64,
    pub members: BTreeSet<Id>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub id: Id,
    pub channel: Id,
    pub author: Id,
    /// Discord's message type.
    pub kind: u8,
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<Value>,
    pub flags: u64,
    pub nonce: Option<Value>,
    pub edited: Option<u64>,
    /// How often it was edited.
    pub revision: u32,
    /// The only one who sees it.
    pub only_for: Option<Id>,
    pub interaction: Option<Id>,
    pub replies_to: Option<Id>,
}

impl Message {
    pub const DEFAULT: u8 = 0;
    pub const THREAD_CREATED: u8 = 18;
    pub const REPLY: u8 = 19;
    pub const COMMAND: u8 = 20;
    pub const EPHEMERAL: u64 = 1 << 6;
    /// The bot "is thinking".
    pub const LOADING: u64 = 1 << 7;

    /// A new message without anything in it.
    pub fn new(id: Id, channel: Id, author: Id) -> Self {
        let (content, embeds, components, attachments) = Default::default();
        Self {
            id,
            channel,
            author,
            kind: Self::DEFAULT,
            content,
            embeds,
            components,
            attachments,
            flags: 0,
            nonce: None,
            edited: None,
            revision: 0,
            only_for: None,
            interaction: None,
            replies_to: None,
        }
    }

    pub fn is_loading(&self) -> bool {
        self.flags & Self::LOADING != 0
    }
}

/// An interaction and what became of it.
#[derive(Clone, Debug)]
pub struct Interaction {
    pub id: Id,
    pub token: String,
    /// Discord's interaction type.
    pub kind: u8,
    pub user: Id,
    pub channel: Id,
    pub guild: Option<Id>,
    /// When it was sent out, in milliseconds.
    pub at: u64,
    /// The same by [`Clock::micros`].
    pub micros: u64,
    /// The message whose component was used.
    pub source: Option<Id>,
    pub answered: Option<Answered>,
    /// What `@original` means.
    pub original: Option<Id>,
    pub followups: Vec<Id>,
    /// What autocomplete offered.
    pub choices: Option<Vec<Value>>,
    /// The modal that was opened.
    pub modal: Option<Value>,
}

impl Interaction {
    pub const COMMAND: u8 = 2;
    pub const COMPONENT: u8 = 3;
    pub const AUTOCOMPLETE: u8 = 4;
    pub const MODAL: u8 = 5;
    /// How long Discord waits for the first answer, in milliseconds.
    pub const PATIENCE: u64 = 3_000;
    /// How long a token lives, in milliseconds.
    pub const TOKEN_LIFE: u64 = 15 * 60 * 1_000;
}

/// The first answer to an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Discord's callback type.
    pub kind: u8,
    /// Milliseconds after it was sent out.
    pub after: u64,
    /// Microseconds that went by until then, whatever a test moved on.
    pub took: u64,
    /// Whether the flag was set.
    pub ephemeral: bool,
}

/// A request as it came, and how it was answered.
#[derive(Clone, Debug)]
pub struct Request {
    /// Unix milliseconds.
    pub at: u64,
    pub method: String,
    /// The path's template in the OpenAPI, or the path itself if there is none.
    pub route: String,
    pub path: String,
    pub body: Value,
    /// Names of uploaded files.
    pub files: Vec<String>,
    /// `None` while it is under way, or if the connection was cut.
    pub status: Option<u16>,
    /// Discord's error code.
    pub code: Option<u64>,
}

impl Request {
    /// As counters are keyed: `POST /channels/{channel_id}/messages`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.route)
    }
}

impl State {
    /// A world with the bot, its owner, and nobody else.
    pub fn new(token: &str) -> Self {
        let mut clock = Clock::start();
        let (bot, owner) = (clock.mint(), clock.mint());
        let user = |id: Id, name: &str| (id, User { name: name.into(), locale: "en-US".into(), takes_messages: true });
        Self {
            clock,
            bot: Bot { id: bot, token: token.into(), owner },
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            users: BTreeMap::from([user(bot, "nape"), user(owner, "operator")]),
            messages: BTreeMap::new(),
            commands: BTreeMap::new(),
            interactions: BTreeMap::new(),
            uploads: BTreeMap::new(),
            requests: Vec::new(),
            gateway: Gateway::new(),
            faults: Faults::default(),
            typed: BTreeSet::new(),
            violations: Vec::new(),
        }
    }

    /// Whether the bot is a member of a guild.
    pub fn is_in(&self, guild: Id) -> bool {
        self.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&self.bot.id))
    }

    /// The direct message of the bot and a user, if there is one.
    pub fn direct(&self, user: Id) -> Option<Id> {
        let mut found = self.channels.values().filter(|channel| channel.kind == Channel::DIRECT);
        found.find(|channel| channel.recipients == [user]).map(|channel| channel.id)
    }

    /// The direct message of the bot and a user.
    pub fn open_direct(&mut self, user: Id) -> Id {
        self.direct(user).unwrap_or_else(|| {
            let id = self.clock.mint();
            let channel = Channel {
                id,
                kind: Channel::DIRECT,
                guild: None,
                name: String::new(),
                parent: None,
                overwrites: Vec::new(),
                thread: None,
                recipients: vec![user],
            };
            self.channels.insert(id, channel);
            id
        })
    }
}
