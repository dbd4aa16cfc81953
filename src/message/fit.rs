//! Turns blocks into such as an adapter can show, one by one; how long they are is not its affair.
//!
//! What comes out is clean text, and fitting it again changes nothing.

use crate::message::capabilities::{Capabilities, Countdown};
use crate::message::clean::{one_line, safe_url, tidy};
use crate::message::model::{Block, Span, Text};
use crate::message::plain;

/// The blocks as `caps` can show them; blocks without a word are left out.
pub fn blocks(blocks: &[Block], quiet: bool, caps: &Capabilities) -> Vec<Block> {
    let fit = Fit { quiet, caps };
    blocks.iter().flat_map(|block| fit.block(block)).collect()
}

/// The text without blanks at its ends and without empty spans.
pub fn trimmed(mut text: Text) -> Text {
    let spans = &mut text.0;
    while let Some(first) = spans.first_mut() {
        let words = words_of(first);
        *words = words.trim_start().to_owned();
        if !words.is_empty() {
            break;
        }
        spans.remove(0);
    }
    while let Some(last) = spans.last_mut() {
        let words = words_of(last);
        words.truncate(words.trim_end().len());
        if !words.is_empty() {
            break;
        }
        spans.pop();
    }
    spans.retain(|span| !span.words().is_empty());
    text
}

/// The words of a span, to be changed.
pub fn words_of(span: &mut Span) -> &mut String {
    match span {
        Span::Plain(words) | Span::Strong(words) | Span::Code(words) | Span::Link { label: words, url: _ } => words,
    }
}

struct Fit<'a> {
    quiet: bool,
    caps: &'a Capabilities,
}

impl Fit<'_> {
    fn block(&self, block: &Block) -> Vec<Block> {
        match block {
            // Big and pale letters are emphasis as well.
            Block::Heading(text) if self.quiet => self.worded(self.line(text), Block::Paragraph),
            Block::Fine(text) if self.quiet => self.worded(self.text(text), Block::Paragraph),
            Block::Heading(text) => self.worded(self.line(text), Block::Heading),
            Block::Paragraph(text) => self.worded(self.text(text), Block::Paragraph),
            Block::Fine(text) => self.worded(self.text(text), Block::Fine),
            Block::Items(items) => {
                let items: Vec<Text> =
                    items.iter().map(|item| self.line(item)).filter(|item| !item.is_empty()).collect();
                if items.is_empty() { Vec::new() } else { vec![Block::Items(items)] }
            }
            Block::Countdown { until, seconds } => {
                let still = self.quiet || self.caps.countdown == Countdown::None;
                vec![if still {
                    Block::Seconds(*seconds)
                } else {
                    Block::Countdown { until: *until, seconds: *seconds }
                }]
            }
            Block::Seconds(seconds) => vec![Block::Seconds(*seconds)],
            Block::File { name, content } if self.caps.files => {
                vec![Block::File { name: one_line(name), content: content.clone() }]
            }
            Block::File { name, content } => [name, content]
                .into_iter()
                .flat_map(|words| self.worded(self.text(&Text::default().plain(words.as_str())), Block::Paragraph))
                .collect(),
        }
    }

    fn worded(&self, text: Text, make: fn(Text) -> Block) -> Vec<Block> {
        if text.is_empty() { Vec::new() } else { vec![make(text)] }
    }

    fn text(&self, text: &Text) -> Text {
        trimmed(Text(text.0.iter().map(|span| self.span(span)).collect()))
    }

    fn line(&self, text: &Text) -> Text {
        let mut text = self.text(text);
        for span in &mut text.0 {
            let words = words_of(span);
            *words = words.replace('\n', " ");
        }
        text
    }

    fn span(&self, span: &Span) -> Span {
        match span {
            Span::Plain(words) => Span::Plain(tidy(words)),
            Span::Strong(words) if self.quiet => Span::Plain(one_line(words)),
            Span::Strong(words) => Span::Strong(one_line(words)),
            Span::Code(words) => Span::Code(one_line(words)),
            Span::Link { label, url } => match safe_url(url) {
                Some(url) if self.carries(&url) => {
                    let label = one_line(label);
                    let label = if label.trim().is_empty() { url.clone() } else { label };
                    Span::Link { label, url }
                }
                Some(_) | None => Span::Plain(plain::link(label, url)),
            },
        }
    }

    /// Whether a link to this address can be shown with some words and without the message being too long.
    fn carries(&self, url: &str) -> bool {
        self.caps.links && url.len() + Capabilities::LEAST_CHARS <= self.caps.limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Timestamp;
    use crate::message::capabilities::profiles::{BUTTONS, NUMBERS, REACTIONS};

    #[test]
    fn a_countdown_stands_still_where_nothing_moves_and_in_an_attack() {
        let countdown = [Block::Countdown { until: Timestamp::from_millis(5), seconds: 25 }];
        assert_eq!(blocks(&countdown, false, &BUTTONS), countdown);
        assert_eq!(blocks(&countdown, true, &BUTTONS), [Block::Seconds(25)]);
        assert_eq!(blocks(&countdown, false, &REACTIONS), [Block::Seconds(25)]);
    }

    #[test]
    fn quiet_has_no_emphasis() {
        let loud = [Block::Heading(Text::default().strong("a")), Block::Fine("b".into())];
        assert_eq!(blocks(&loud, true, &BUTTONS), [Block::Paragraph("a".into()), Block::Paragraph("b".into())]);
        assert_eq!(blocks(&loud, false, &BUTTONS), loud);
    }

    #[test]
    fn a_file_becomes_text_where_none_can_be_attached() {
        let file = [Block::File { name: "data.json".into(), content: "{\n  \"a\": 1\n}\n".into() }];
        assert_eq!(blocks(&file, false, &BUTTONS), file);
        let text = [Block::Paragraph("data.json".into()), Block::Paragraph("{\n  \"a\": 1\n}".into())];
        assert_eq!(blocks(&file, false, &NUMBERS), text);
    }

    #[test]
    fn links_are_links_words_and_address_or_words() {
        let with = |label: &str, url: &str| [Block::Paragraph(Text::default().link(label, url))];
        let good = with("read", "https://e.example/");
        assert_eq!(blocks(&good, false, &BUTTONS), good);
        assert_eq!(blocks(&good, false, &NUMBERS), [Block::Paragraph("read (https://e.example/)".into())]);
        assert_eq!(blocks(&with("read", "file:///x"), false, &BUTTONS), [Block::Paragraph("read".into())]);
        let bare = with("https://e.example/", "https://e.example/");
        assert_eq!(blocks(&with("\u{200b}", "https://e.example/"), false, &BUTTONS), bare);
    }

    #[test]
    fn a_link_that_leaves_no_room_for_words_is_text() {
        let most = "https://e.example/".to_owned() + "x".repeat(2000 - Capabilities::LEAST_CHARS - 18).as_str();
        let link = [Block::Paragraph(Text::default().link("read", &most))];
        assert_eq!(blocks(&link, false, &BUTTONS), link);
        let over = most + "x";
        let link = [Block::Paragraph(Text::default().link("read", &over))];
        assert_eq!(blocks(&link, false, &BUTTONS), [Block::Paragraph(format!("read ({over})").into())]);
    }

    #[test]
    fn blanks_at_the_ends_go() {
        let text = Text::default().plain(" \n ").strong(" a ").plain("").code(" ");
        assert_eq!(trimmed(text), Text::default().strong("a"));
    }
}
