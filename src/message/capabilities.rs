//! What an adapter can show, as one constant that each adapter declares.
//!
//! Names properties, never platforms: a new platform is a new value and no new code.

use crate::message::part::SYMBOLS;

/// What an adapter can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How choices are offered.
    pub choices: Choices,
    /// How a message can be kept to one person.
    pub private: PrivateMeans,
    /// Which markup the text is written in.
    pub markup: Markup,
    /// How long one message may be, in characters (Unicode scalar values) of the written form, markup and escapes
    /// included. Less than [`Capabilities::LEAST_CHARS`] counts as that.
    pub max_chars: usize,
    /// How time that runs down is shown.
    pub countdown: Countdown,
    /// Whether files can be attached.
    pub files: bool,
    /// Whether words can carry a link; elsewhere the address follows the words.
    pub links: bool,
    /// Whether a message can be changed after it was sent.
    pub edits: bool,
}

/// How choices are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choices {
    /// Buttons under the message.
    Buttons {
        /// How many one message can carry.
        max: usize,
        /// How long a label can be, in characters; less than [`Choices::LEAST_LABEL`] counts as that.
        label_chars: usize,
    },
    /// Symbols that the bot puts up under the message and that people press; those past `max` are typed as numbers.
    Reactions {
        /// How many one message can carry.
        max: usize,
    },
    /// Numbers that people type.
    Numbers,
}

/// How a message can be kept to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateMeans {
    /// Every place is the person's own screen.
    Always,
    /// An answer to an event that carries a reply token can be shown to that person alone, in any place.
    Whisper,
    /// Only in a direct conversation.
    DirectOnly,
}

/// Which markup the text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// None: [`crate::message::plain::plain`].
    None,
    /// [`crate::message::markdown::markdown`].
    Markdown,
    /// [`crate::message::html::html`], with the plain text beside it.
    Html,
}

/// How time that runs down is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Countdown {
    /// The reader's program draws it: the written form is `open`, the moment as whole Unix seconds, `close`.
    Drawn {
        /// What stands before the seconds.
        open: &'static str,
        /// What stands after the seconds.
        close: &'static str,
    },
    /// The adapter draws it anew as time goes by; the written form is the length in words.
    Live,
    /// Not at all: the length in words.
    None,
}

impl Capabilities {
    /// The smallest length of a message that is honoured: below it not even one marked-up word would fit.
    pub const LEAST_CHARS: usize = 80;

    /// How long one message may be, in characters; never less than [`Self::LEAST_CHARS`].
    pub fn limit(&self) -> usize {
        self.max_chars.max(Self::LEAST_CHARS)
    }
}

impl Choices {
    /// The smallest label that is honoured: a number and a little of the words.
    pub const LEAST_LABEL: usize = 12;

    /// How many buttons one message can carry; `None` when there are none.
    pub fn buttons(self) -> Option<usize> {
        match self {
            Choices::Buttons { max, .. } if max > 0 => Some(max),
            Choices::Buttons { .. } | Choices::Reactions { .. } | Choices::Numbers => None,
        }
    }

    /// How many symbols one message can carry.
    pub fn symbols(self) -> usize {
        match self {
            Choices::Reactions { max } => max.min(SYMBOLS.len()),
            Choices::Buttons { .. } | Choices::Numbers => 0,
        }
    }

    /// How long a label can be, in characters; `None` when only the message's own length bounds it.
    pub fn label_chars(self) -> Option<usize> {
        match self {
            Choices::Buttons { max, label_chars } if max > 0 => Some(label_chars.max(Self::LEAST_LABEL)),
            Choices::Buttons { .. } | Choices::Reactions { .. } | Choices::Numbers => None,
        }
    }
}

/// Example profiles for tests, named by what they can do; each adapter has its own constant.
#[cfg(test)]
pub mod profiles {
    use super::*;

    /// Buttons, whispers, Markdown, drawn countdowns.
    pub const BUTTONS: Capabilities = Capabilities {
        choices: Choices::Buttons { max: 25, label_chars: 80 },
        private: PrivateMeans::Whisper,
        markup: Markup::Markdown,
        max_chars: 2000,
        countdown: Countdown::Drawn { open: "<time:", close: ">" },
        files: true,
        links: true,
        edits: true,
    };

    /// Reactions, direct conversations, HTML, no drawing of time.
    pub const REACTIONS: Capabilities = Capabilities {
        choices: Choices::Reactions { max: 8 },
        private: PrivateMeans::DirectOnly,
        markup: Markup::Html,
        max_chars: 16_000,
        countdown: Countdown::None,
        files: true,
        links: true,
        edits: true,
    };

    /// Numbers typed on the person's own screen, no markup, no files.
    pub const NUMBERS: Capabilities = Capabilities {
        choices: Choices::Numbers,
        private: PrivateMeans::Always,
        markup: Markup::None,
        max_chars: 4000,
        countdown: Countdown::Live,
        files: false,
        links: false,
        edits: false,
    };

    /// All three with their names.
    pub fn all() -> [(&'static str, Capabilities); 3] {
        [("buttons", BUTTONS), ("reactions", REACTIONS), ("numbers", NUMBERS)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_buttons_at_all_is_the_same_as_numbers() {
        let none = Choices::Buttons { max: 0, label_chars: 80 };
        assert_eq!((none.buttons(), none.label_chars(), none.symbols()), (None, None, 0));
    }

    #[test]
    fn there_are_never_more_symbols_than_exist() {
        assert_eq!(Choices::Reactions { max: 99 }.symbols(), SYMBOLS.len());
        assert_eq!(Choices::Reactions { max: 3 }.symbols(), 3);
    }
}
