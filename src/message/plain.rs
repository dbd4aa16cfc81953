//! Writes a part as plain text that reads well by itself, aloud too.
//!
//! No drawing with characters: a heading is a line, a list has dashes, a choice its number.

use crate::message::clean::{one_line, safe_url, tidy};
use crate::message::model::{Block, Span, Text};
use crate::message::part::{Part, ShownChoice};

/// The part as plain text; the only control character in it is the newline.
pub fn plain(part: &Part) -> String {
    let blocks = part.blocks.iter().map(|piece| (matches!(piece, Block::Heading(_)), block(piece)));
    let choices = part.listed().map(line).collect::<Vec<_>>().join("\n");
    join(blocks.chain([(false, choices)]))
}

/// One block; empty for a file, which is attached.
pub fn block(block: &Block) -> String {
    match block {
        Block::Heading(words) => text(words).replace('\n', " "),
        Block::Paragraph(words) | Block::Fine(words) => text(words),
        Block::Items(items) => {
            items.iter().map(|item| format!("- {}", text(item).replace('\n', " "))).collect::<Vec<_>>().join("\n")
        }
        Block::Countdown { until: _, seconds: length } | Block::Seconds(length) => seconds(*length),
        Block::File { name: _, content: _ } => String::new(),
    }
}

/// The words of a text; a link's address follows its words.
pub fn text(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            Span::Plain(words) => tidy(words),
            Span::Strong(words) | Span::Code(words) => one_line(words),
            Span::Link { label, url } => link(label, url),
        })
        .collect()
}

/// A choice as one line: its number and its label.
pub fn line(shown: &ShownChoice) -> String {
    let ShownChoice { choice, number, mark: _ } = shown;
    format!("{number}. {}", one_line(&choice.label))
}

/// A length of time in words.
pub fn seconds(seconds: u32) -> String {
    if seconds == 1 { "1 second".to_owned() } else { format!("{seconds} seconds") }
}

/// A link as words and address; the words alone when the address may not be linked.
pub(super) fn link(label: &str, url: &str) -> String {
    let label = one_line(label);
    match safe_url(url) {
        None => label,
        Some(url) if label.trim().is_empty() || label == url => url,
        Some(url) => format!("{label} ({url})"),
    }
}

/// Puts written blocks under one another: an empty line between them, none after a heading.
pub(super) fn join(blocks: impl Iterator<Item = (bool, String)>) -> String {
    let mut joined = String::new();
    let mut after_heading = false;
    for (is_heading, block) in blocks.filter(|(_, block)| !block.is_empty()) {
        if !joined.is_empty() {
            joined.push_str(if after_heading { "\n" } else { "\n\n" });
        }
        joined.push_str(&block);
        after_heading = is_heading;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Timestamp;
    use crate::message::model::{Audience, Choice};
    use crate::message::part::{Delivery, Mark};

    #[test]
    fn a_card_reads_well_by_itself() {
        let part = Part {
            blocks: vec![
                Block::Heading("3 of 12, right side".into()),
                Block::Paragraph(Text::default().plain("Press ").strong("softly").plain(".")),
                Block::Items(vec!["breathe".into(), "stop\nif it hurts".into()]),
                Block::Countdown { until: Timestamp::from_millis(0), seconds: 25 },
                Block::File { name: "a.json".to_owned(), content: "{}".to_owned() },
                Block::Fine(Text::default().link("Source", "https://example.org").link(" bad", "javascript:x")),
            ],
            choices: vec![
                ShownChoice { choice: Choice::new("Next", "next"), number: 1, mark: Mark::Number },
                ShownChoice { choice: Choice::new("Stop", "stop"), number: 2, mark: Mark::Button },
            ],
            audience: Audience::Everyone,
            quiet: false,
            delivery: Delivery::Here,
        };
        let expected = "3 of 12, right side\nPress softly.\n\n- breathe\n- stop if it hurts\n\n25 seconds\n\n\
                        Source (https://example.org) bad\n\n1. Next";
        assert_eq!(plain(&part), expected);
    }

    #[test]
    fn one_second_is_one_second() {
        assert_eq!((seconds(1), seconds(0), seconds(90)), ("1 second".into(), "0 seconds".into(), "90 seconds".into()));
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        let text = text(&Text::default().plain("\u{1b}]0;x\u{7}a").code("\u{9b}2J\r\nb"));
        assert_eq!(text, "]0;xa2J b");
    }
}
