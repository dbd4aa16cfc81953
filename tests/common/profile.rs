//! What the three kinds of adapter can show, by property, and how people do things there.

use nape::base::id::{ChannelId, Place, PlaceKind, Platform, ServerId};
use nape::bot::LONGEST;
use nape::command::parse::{Invocation, parse};
use nape::command::table::{Command, Shown};
use nape::message::capabilities::{Capabilities, Choices, Countdown, Markup, PrivateMeans};
use nape::port::event::{Input, Venues};

/// A way to play a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Numbered words on the person's own screen: what the transcripts are written for.
    Numbers,
    /// Buttons, whispers and threads, in a server.
    Buttons,
    /// Reactions and words, in a direct conversation.
    Reactions,
    /// The same in a room that others read: what is private is withheld here, never said.
    ReactionsAloud,
}

impl Profile {
    pub const ALL: [Profile; 4] = [Profile::Numbers, Profile::Buttons, Profile::Reactions, Profile::ReactionsAloud];

    pub fn name(self) -> &'static str {
        match self {
            Profile::Numbers => "numbers",
            Profile::Buttons => "buttons",
            Profile::Reactions => "reactions",
            Profile::ReactionsAloud => "shared room",
        }
    }

    pub fn capabilities(self) -> Capabilities {
        match self {
            Profile::Numbers => Capabilities {
                choices: Choices::Numbers,
                private: PrivateMeans::Always,
                markup: Markup::None,
                max_chars: 4000,
                countdown: Countdown::Live,
                files: false,
                links: false,
                edits: false,
            },
            Profile::Buttons => Capabilities {
                choices: Choices::Buttons { max: 25, label_chars: 80 },
                private: PrivateMeans::Whisper,
                markup: Markup::Markdown,
                max_chars: 2000,
                countdown: Countdown::Drawn { open: "<t:", close: ":R>" },
                files: true,
                links: true,
                edits: true,
            },
            Profile::Reactions | Profile::ReactionsAloud => Capabilities {
                choices: Choices::Reactions { max: 8 },
                private: PrivateMeans::DirectOnly,
                markup: Markup::Html,
                max_chars: 16_000,
                countdown: Countdown::None,
                files: true,
                links: true,
                edits: true,
            },
        }
    }

    /// Where people speak before a routine has a place of its own. With the settings of a server, the direct places are
    /// those of a server's own bot: so its settings can be seen on every profile.
    pub fn home(self, server: bool, shared: bool) -> Place {
        let platform = Platform::new("play");
        let kind = match self {
            Profile::Buttons | Profile::ReactionsAloud => PlaceKind::Shared,
            Profile::Numbers | Profile::Reactions if shared => PlaceKind::Shared,
            Profile::Numbers | Profile::Reactions => PlaceKind::Direct,
        };
        let has_server = server || kind == PlaceKind::Shared;
        Place {
            server: has_server.then(|| ServerId::new(&platform, "server")),
            channel: ChannelId::new(&platform, "home"),
            parent: None,
            kind,
            platform,
        }
    }

    /// The thread of somebody's routine.
    pub fn thread(self, home: &Place, owner: &str, kind: PlaceKind) -> Place {
        let channel = ChannelId::new(&home.platform, format!("thread-of-{owner}"));
        let (parent, server) = match kind {
            PlaceKind::Direct => (None, None),
            _ => (Some(home.channel.clone()), home.server.clone()),
        };
        Place { channel, parent, kind, server, platform: home.platform.clone() }
    }

    /// Where a routine could be led when the transcript says nothing about it.
    pub fn venues(self) -> Venues {
        Venues { private_thread: self == Profile::Buttons, public_thread: self == Profile::Buttons, direct: false }
    }

    /// Whether an answer to an event can be shown to its person alone.
    pub fn has_reply_tokens(self) -> bool {
        self == Profile::Buttons
    }

    /// What a line becomes that is no choice. With buttons every text is an argument of a command: the bot does not read along.
    pub fn typed(self, text: &str, has_session: bool) -> Input {
        if self != Profile::Buttons {
            return Input::Said { text: text.to_owned(), addressed: true };
        }
        let ask = || Invocation::new(Command::Ask).with("question", text);
        if text.trim().is_empty() {
            return Input::Invoked(Invocation::new(Command::Help));
        }
        Input::Invoked(match parse(text.trim().trim_end_matches(['.', '!', '…'])) {
            Ok(invocation) if text.chars().count() <= LONGEST => match invocation.command.spec().shown {
                Shown::Command | Shown::Admin => invocation,
                Shown::Verb if has_session => invocation,
                Shown::Verb if !matches!(invocation.command, Command::More | Command::Repeat | Command::Hurts) => {
                    invocation
                }
                // The greeting comes from the adapter; no one types it.
                Shown::Never if invocation.command == Command::Hello => invocation,
                Shown::Verb | Shown::Never => ask(),
            },
            Ok(_) | Err(_) => ask(),
        })
    }
}
