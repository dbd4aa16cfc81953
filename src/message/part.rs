//! What one adapter sends as one message: a piece of a [`Message`] that it can show as it stands.
//!
//! Made by [`crate::message::degrade::degrade`] alone; adapters translate it one to one and decide nothing.

use crate::message::capabilities::{Capabilities, Markup};
use crate::message::model::{Audience, Block, Choice, Message};
use crate::message::{html, markdown, plain};

/// One message as an adapter sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is said, top to bottom. A [`Block::File`] is to be attached: the writers leave it out.
    pub blocks: Vec<Block>,
    /// What the person can do next.
    pub choices: Vec<ShownChoice>,
    /// Who may read it.
    pub audience: Audience,
    /// Attack mode: no emphasis, symbol, colour, edit or ping.
    pub quiet: bool,
    /// How it is to be sent.
    pub delivery: Delivery,
}

/// How a part is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Into the place, as any message.
    Here,
    /// Into the place, as an answer to the event's reply token that only its person sees. Never send it in another way.
    Whisper,
}

/// A choice and how it is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownChoice {
    /// The choice; its label is clean, one line, and fits.
    pub choice: Choice,
    /// Its number, from 1 and through all parts of a message; to type it is to choose it.
    pub number: usize,
    /// How it is offered.
    pub mark: Mark,
}

/// How a choice is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A button that says the label.
    Button,
    /// A symbol to be put up under the message; the text lists the number and the label.
    Symbol(&'static str),
    /// Only a line with the number and the label in the text.
    Number,
}

/// The symbols of the first choices: the digits that stand in the text as numbers.
pub const SYMBOLS: [&str; 10] = [
    "1\u{fe0f}\u{20e3}",
    "2\u{fe0f}\u{20e3}",
    "3\u{fe0f}\u{20e3}",
    "4\u{fe0f}\u{20e3}",
    "5\u{fe0f}\u{20e3}",
    "6\u{fe0f}\u{20e3}",
    "7\u{fe0f}\u{20e3}",
    "8\u{fe0f}\u{20e3}",
    "9\u{fe0f}\u{20e3}",
    "\u{1f51f}",
];

impl Part {
    /// The choices that the text must list, as number and label. Buttons say their label themselves; a part that has
    /// nothing but buttons lists them all the same, as a message without text is refused in some places and says
    /// nothing to those who only read.
    pub fn listed(&self) -> impl Iterator<Item = &ShownChoice> {
        let bare = self.blocks.is_empty();
        self.choices.iter().filter(move |shown| bare || shown.mark != Mark::Button)
    }

    /// The files to attach, as name and content.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::File { name, content } => Some((name.as_str(), content.as_str())),
            Block::Heading(_)
            | Block::Paragraph(_)
            | Block::Items(_)
            | Block::Fine(_)
            | Block::Countdown { .. }
            | Block::Seconds(_) => None,
        })
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.choices.is_empty()
    }

    /// The part as a message again.
    pub fn to_message(&self) -> Message {
        let Part { blocks, choices, audience, quiet, delivery: _ } = self;
        Message {
            blocks: blocks.clone(),
            choices: choices.iter().map(|shown| shown.choice.clone()).collect(),
            audience: *audience,
            quiet: *quiet,
        }
    }

    /// The part in the markup that `caps` names.
    pub fn write(&self, caps: &Capabilities) -> String {
        match caps.markup {
            Markup::None => plain::plain(self),
            Markup::Markdown => markdown::markdown(self, caps.countdown),
            Markup::Html => html::html(self),
        }
    }

    /// How long the written form is, in characters. With HTML the plain text beside it counts too, as it must fit as well.
    pub fn chars(&self, caps: &Capabilities) -> usize {
        let written = self.write(caps).chars().count();
        match caps.markup {
            Markup::Html => written.max(plain::plain(self).chars().count()),
            Markup::None | Markup::Markdown => written,
        }
    }
}
