//! A message as the bot writes it: blocks of typed text, choices, and who may read it.

use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;

/// One thing that the bot says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What is said, top to bottom.
    pub blocks: Vec<Block>,
    /// What the person can do next; every one is a command line already typed.
    pub choices: Vec<Choice>,
    /// Who may read it.
    pub audience: Audience,
    /// Attack mode: no emphasis, symbol, colour, live countdown, edit or ping.
    pub quiet: bool,
}

/// Who may read a message. Degrading may narrow it, never widen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Only the person it is for.
    Private,
    /// Everyone who reads the place.
    Everyone,
}

/// One block of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// The first line of a card.
    Heading(Text),
    /// A paragraph.
    Paragraph(Text),
    /// A list.
    Items(Vec<Text>),
    /// Small print: sources, what comes next.
    Fine(Text),
    /// Time that runs down until a moment; how it is drawn is the adapter's affair.
    Countdown {
        /// When it reaches zero.
        until: Timestamp,
        /// The whole length in seconds, for those who only read the text.
        seconds: u32,
    },
    /// A length of time in seconds that nothing draws or counts down: what a countdown becomes where nothing may move.
    Seconds(u32),
    /// Something to keep: shown as an attachment where there are attachments, as text elsewhere.
    File {
        /// Its name, with an ending.
        name: String,
        /// What is in it.
        content: String,
    },
}

/// A run of spans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub Vec<Span>);

/// A piece of text of one kind. Text of people and of content is `Plain`, so that markup in it is never markup of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// As it stands.
    Plain(String),
    /// To be seen first.
    Strong(String),
    /// A command or value to type as it stands.
    Code(String),
    /// A link with its words.
    Link {
        /// The words.
        label: String,
        /// Where it leads: http or https.
        url: String,
    },
}

/// Something the person can do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it says on the button.
    pub label: String,
    /// The command line that it stands for; at most 80 bytes, so that an adapter can sign it into 100.
    pub line: String,
    /// Words that mean the same where people type, beside the number and the label.
    pub words: Vec<String>,
    /// How it should look.
    pub weight: Weight,
    /// What its line still lacks, where that can be picked from the platform's own list; elsewhere the line alone says how it is
    /// typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
}

/// A list of the platform's own, whose ids complete a choice's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Of what.
    pub of: Listed,
    /// How many may be picked at most.
    pub max: usize,
    /// The ids that are picked already.
    pub picked: Vec<String>,
}

/// What a platform has lists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// The channels of the server.
    Channels,
    /// Its roles.
    Roles,
}

/// How a choice should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The usual next thing.
    Main,
    /// One of several.
    Plain,
    /// Ends or deletes something.
    Grave,
    /// What holds already, among what could be chosen instead.
    Held,
}

impl Message {
    /// An empty message to everyone in the place.
    pub fn new() -> Self {
        Self { blocks: Vec::new(), choices: Vec::new(), audience: Audience::Everyone, quiet: false }
    }

    /// One paragraph.
    pub fn say(text: impl Into<Text>) -> Self {
        Self::new().paragraph(text)
    }

    /// Adds a heading.
    pub fn heading(mut self, text: impl Into<Text>) -> Self {
        self.blocks.push(Block::Heading(text.into()));
        self
    }

    /// Adds a paragraph; an empty one is left out.
    pub fn paragraph(mut self, text: impl Into<Text>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.blocks.push(Block::Paragraph(text));
        }
        self
    }

    /// Adds a list; an empty one is left out.
    pub fn items<T: Into<Text>>(mut self, items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<Text> = items.into_iter().map(Into::into).collect();
        if !items.is_empty() {
            self.blocks.push(Block::Items(items));
        }
        self
    }

    /// Adds small print; an empty one is left out.
    pub fn fine(mut self, text: impl Into<Text>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.blocks.push(Block::Fine(text));
        }
        self
    }

    /// Adds any block.
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds a choice.
    pub fn choice(mut self, choice: Choice) -> Self {
        self.choices.push(choice);
        self
    }

    /// Adds choices.
    pub fn choices(mut self, choices: impl IntoIterator<Item = Choice>) -> Self {
        self.choices.extend(choices);
        self
    }

    /// Says it to the person alone.
    pub fn private(mut self) -> Self {
        self.audience = Audience::Private;
        self
    }

    /// Says it quietly: attack mode.
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::new()
    }
}

impl Choice {
    /// A choice that looks like its neighbours.
    pub fn new(label: impl Into<String>, line: impl Into<String>) -> Self {
        Self { label: label.into(), line: line.into(), words: Vec::new(), weight: Weight::Plain, pick: None }
    }

    /// The usual next thing.
    pub fn main(mut self) -> Self {
        self.weight = Weight::Main;
        self
    }

    /// Ends or deletes something.
    pub fn grave(mut self) -> Self {
        self.weight = Weight::Grave;
        self
    }

    /// What holds already.
    pub fn held(mut self) -> Self {
        self.weight = Weight::Held;
        self
    }

    /// Its line is completed out of a list of the platform's own.
    pub fn pick(mut self, pick: Pick) -> Self {
        self.pick = Some(pick);
        self
    }

    /// Adds words, given as one text with commas between them.
    pub fn words(mut self, words: &str) -> Self {
        self.words.extend(words.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()));
        self
    }

    /// Whether `typed` means this choice: its label or one of its words, in any case, without closing punctuation.
    pub fn is_meant_by(&self, typed: &str) -> bool {
        let fold = |text: &str| text.trim().trim_end_matches(['.', '?']).to_lowercase().replace(',', "");
        let typed = fold(typed);
        !typed.is_empty() && (fold(&self.label) == typed || self.words.contains(&typed))
    }
}

impl Text {
    /// Adds plain text.
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Plain(text.into()));
        self
    }

    /// Adds text to be seen first.
    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Strong(text.into()));
        self
    }

    /// Adds a command or value to type.
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }

    /// Adds a link.
    pub fn link(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.0.push(Span::Link { label: label.into(), url: url.into() });
        self
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|span| span.words().is_empty())
    }

    /// The words alone.
    pub fn words(&self) -> String {
        self.0.iter().map(Span::words).collect()
    }
}

impl Span {
    /// The words alone.
    pub fn words(&self) -> &str {
        match self {
            Span::Plain(text) | Span::Strong(text) | Span::Code(text) | Span::Link { label: text, .. } => text,
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::from(text.as_str())
    }
}

impl From<&str> for Text {
    /// Plain text, in which words between backticks are to be typed as they stand. That is the only mark that content and phrases have.
    fn from(text: &str) -> Self {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Text::default().plain(text);
        }
        let spans = parts.iter().enumerate().filter(|(_, part)| !part.is_empty()).map(|(index, part)| {
            if index % 2 == 0 { Span::Plain((*part).to_owned()) } else { Span::Code((*part).to_owned()) }
        });
        Text(spans.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_meant_by_its_label_or_a_word_and_by_nothing_longer() {
        let none = Choice::new("None of these", "screen none").words("none, no");
        for typed in ["none of these", "None of these.", " NONE ", "no"] {
            assert!(none.is_meant_by(typed), "{typed}");
        }
        for typed in ["", "none of these but my arm is numb", "no idea", "not sure"] {
            assert!(!none.is_meant_by(typed), "{typed}");
        }
    }

    #[test]
    fn words_between_backticks_are_to_be_typed() {
        let text = Text::from("Type `stop` now");
        assert_eq!(text, Text::default().plain("Type ").code("stop").plain(" now"));
        assert_eq!(Text::from("a lone ` stays").words(), "a lone ` stays");
    }

    #[test]
    fn empty_blocks_are_left_out() {
        let message = Message::say("").fine("").items(Vec::<Text>::new());
        assert!(message.blocks.is_empty());
    }
}
