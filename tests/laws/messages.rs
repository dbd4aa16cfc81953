//! What holds for every message that really occurs: its choices are commands, and no platform loses a word of it.

use nape::command::parse::parse;
use nape::message::capabilities::{Capabilities, Choices, Countdown, Markup, PrivateMeans};
use nape::message::clean::tidy;
use nape::message::degrade::{Surroundings, degrade};
use nape::message::model::{Audience, Block, Message, Text};
use nape::message::part::{Delivery, Part};
use nape::port::action::Post;

use crate::world::BOT;

/// A choice's line must fit with its signature into what the narrowest platform carries in a button.
const LONGEST_LINE: usize = 80;

/// Three ways to show a message, named by what they can do.
const PROFILES: [(&str, Capabilities); 3] = [
    (
        "buttons",
        Capabilities {
            choices: Choices::Buttons { max: 25, label_chars: 80 },
            private: PrivateMeans::Whisper,
            markup: Markup::Markdown,
            max_chars: 2_000,
            countdown: Countdown::Drawn { open: "<t:", close: ":R>" },
            files: true,
            links: true,
            edits: true,
        },
    ),
    (
        "reactions",
        Capabilities {
            choices: Choices::Reactions { max: 8 },
            private: PrivateMeans::DirectOnly,
            markup: Markup::Html,
            max_chars: 16_000,
            countdown: Countdown::None,
            files: true,
            links: true,
            edits: true,
        },
    ),
    (
        "numbers",
        Capabilities {
            choices: Choices::Numbers,
            private: PrivateMeans::Always,
            markup: Markup::None,
            max_chars: 4_000,
            countdown: Countdown::Live,
            files: false,
            links: false,
            edits: false,
        },
    ),
];

/// Judges a post.
pub fn judge(post: &Post) {
    let message = &post.message;
    assert!(!message.blocks.is_empty(), "a message that says nothing: {message:?}");
    for choice in &message.choices {
        assert!(choice.line.len() <= LONGEST_LINE, "{} bytes: {}", choice.line.len(), choice.line);
        assert!(!choice.label.trim().is_empty(), "no label: {choice:?}");
        let read = parse(&choice.line);
        assert!(read.is_ok(), "`{}` is no command: {read:?}", choice.line);
        // Nothing of it may be lost on the way either.
        assert_eq!(read.map(|read| read.line()).as_deref(), Ok(choice.line.as_str()));
    }
    let (place_is_private, has_reply_token) = (post.place.kind.is_private(), post.reply.is_some());
    for (name, caps) in &PROFILES {
        shown(name, caps, message);
        kept_to_those_it_is_for(name, caps, message, Surroundings { place_is_private, has_reply_token });
    }
}

/// Every word and every choice is there, in its order, where the message may be shown.
fn shown(name: &str, caps: &Capabilities, message: &Message) {
    let alone = Surroundings { place_is_private: true, has_reply_token: true };
    let parts = degrade(message, caps, alone, &BOT.withheld());
    let lines: Vec<&str> =
        parts.iter().flat_map(|part| &part.choices).map(|shown| shown.choice.line.as_str()).collect();
    let meant: Vec<&str> = message.choices.iter().map(|choice| choice.line.as_str()).collect();
    assert_eq!(lines, meant, "choices on {name}");
    let all: String = parts.iter().flat_map(|part| &part.blocks).map(block_words).collect();
    let mut rest = all.as_str();
    let pieces = message.blocks.iter().flat_map(block_pieces);
    for piece in pieces {
        let at = rest.find(&piece).unwrap_or_else(|| panic!("{piece:?} is lost on {name}: {all:?}"));
        rest = &rest[at + piece.len()..];
    }
    // As it is written out, too: every word that a block holds is in the text or in a file.
    for part in &parts {
        assert!(part.chars(caps) <= caps.limit(), "too long on {name}: {part:?}");
        let written = squashed(&part.write(caps));
        let hidden = "\\*_~`|<>&;:#()[]@";
        let bare = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        if caps.markup == Markup::None {
            for block in part.blocks.iter().filter(|block| !matches!(block, Block::File { .. })) {
                for piece in block_pieces(block).filter(|piece| !piece.contains(|c| hidden.contains(c))) {
                    assert!(bare(&written).contains(&bare(&piece)), "{piece:?} is not written on {name}: {written}");
                }
            }
        }
    }
}

/// A private message reaches its person alone, or is withheld.
fn kept_to_those_it_is_for(name: &str, caps: &Capabilities, message: &Message, around: Surroundings) {
    let withheld = BOT.withheld();
    let parts = degrade(message, caps, around, &withheld);
    if message.audience == Audience::Everyone {
        return;
    }
    let is_secret_told = |part: &Part| part.audience == Audience::Everyone || part.delivery == Delivery::Here;
    let alone = around.place_is_private || caps.private == PrivateMeans::Always;
    if !alone && parts.iter().any(is_secret_told) {
        let instead = degrade(&withheld.quiet(message.quiet), caps, around, &Message::new());
        assert_eq!(parts, instead, "a private message is told to everyone on {name}: {message:?}");
    }
    assert!(!parts.is_empty(), "nothing at all is said on {name}: {message:?}");
}

/// The words of a message as a person reads them, choices left out.
pub fn words(message: &Message) -> String {
    let text = |text: &Text| text.words();
    let blocks = message.blocks.iter().map(|block| match block {
        Block::Heading(words) | Block::Paragraph(words) | Block::Fine(words) => text(words),
        Block::Items(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        Block::Countdown { .. } | Block::Seconds(_) => String::new(),
        Block::File { content, .. } => content.clone(),
    });
    blocks.collect::<Vec<_>>().join(" ")
}

/// How many words people read.
pub fn word_count(message: &Message) -> usize {
    words(message).split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

fn block_words(block: &Block) -> String {
    block_pieces(block).collect()
}

fn block_pieces(block: &Block) -> impl Iterator<Item = String> {
    let spans = |text: &Text| text.0.iter().map(|span| squashed(&tidy(span.words()))).collect::<Vec<_>>();
    let pieces = match block {
        Block::Heading(text) | Block::Paragraph(text) | Block::Fine(text) => spans(text),
        Block::Items(items) => items.iter().flat_map(spans).collect(),
        Block::Countdown { seconds, .. } | Block::Seconds(seconds) => vec![format!("{seconds}s")],
        Block::File { name, content } => vec![squashed(&tidy(name)), squashed(&tidy(content))],
    };
    pieces.into_iter()
}

fn squashed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"\u{200c}\u{200d}\u{200b}".contains(*c)).collect()
}
