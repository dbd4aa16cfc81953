//! Writes a part in Markdown, in the common core of its dialects.
//!
//! Text of people and content is escaped character by character, so that it is shown as it stands and can neither mark
//! up, link nor mention.

use crate::base::time::Timestamp;
use crate::message::capabilities::Countdown;
use crate::message::clean::{one_line, safe_url, tidy};
use crate::message::model::{Block, Span, Text};
use crate::message::part::{Part, ShownChoice};
use crate::message::plain;

/// Characters that mark something up wherever they stand.
const SPECIAL: &str = "\\*_~`|>#[]()<:&";
/// Stands behind an at sign and shows nothing, so that no name follows the sign.
const BREAK: char = '\u{200b}';

/// The part in Markdown; a countdown is written in the way that `countdown` gives.
pub fn markdown(part: &Part, countdown: Countdown) -> String {
    let blocks = part.blocks.iter().map(|piece| (matches!(piece, Block::Heading(_)), block(piece, countdown)));
    let choices = part.listed().map(line).collect::<Vec<_>>().join("\n");
    plain::join(blocks.chain([(false, choices)]))
}

/// One block; empty for a file, which is attached.
pub fn block(block: &Block, countdown: Countdown) -> String {
    match block {
        Block::Heading(words) => match text(words).replace('\n', " ") {
            empty if empty.trim().is_empty() => String::new(),
            words => format!("### {words}"),
        },
        Block::Paragraph(words) | Block::Fine(words) => text(words),
        Block::Items(items) => {
            items.iter().map(|item| format!("- {}", text(item).replace('\n', " "))).collect::<Vec<_>>().join("\n")
        }
        Block::Countdown { until, seconds } => drawn(*until, *seconds, countdown),
        Block::Seconds(seconds) => plain::seconds(*seconds),
        Block::File { name: _, content: _ } => String::new(),
    }
}

/// A text with its spans marked up.
pub fn text(text: &Text) -> String {
    let mut out = String::new();
    for span in merged(text) {
        match span {
            Span::Plain(words) => out.push_str(&escape(&words)),
            Span::Strong(words) => around(&mut out, &one_line(&words), |words| format!("**{}**", escape(words))),
            Span::Code(words) => around(&mut out, &one_line(&words), code),
            Span::Link { label, url } => match safe_url(&url) {
                // The angle brackets keep previews away.
                Some(url) if !one_line(&label).trim().is_empty() => {
                    around(&mut out, &one_line(&label), |label| format!("[{}](<{url}>)", escape(label)));
                }
                Some(_) | None => out.push_str(&escape(&plain::link(&label, &url))),
            },
        }
    }
    out
}

/// Text that Markdown shows as it stands, tidied.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut line = Line::Blank;
    for c in tidy(text).chars() {
        let acts = match c {
            '@' => true,
            '-' | '+' | '=' => line == Line::Blank,
            '.' => line == Line::Digits,
            c => SPECIAL.contains(c),
        };
        if acts {
            out.push('\\');
        }
        out.push(c);
        if c == '@' {
            out.push(BREAK);
        }
        line = match (c, line) {
            ('\n', _) => Line::Blank,
            (' ', Line::Blank) => Line::Blank,
            ('0'..='9', Line::Blank | Line::Digits) => Line::Digits,
            _ => Line::Words,
        };
    }
    out
}

/// What a line holds so far: lists begin only after nothing or after digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Blank,
    Digits,
    Words,
}

fn line(shown: &ShownChoice) -> String {
    let ShownChoice { choice, number, mark: _ } = shown;
    format!("{number}. {}", escape(&one_line(&choice.label)))
}

fn drawn(until: Timestamp, seconds: u32, countdown: Countdown) -> String {
    match countdown {
        Countdown::Drawn { open, close } => format!("{open}{}{close}", until.millis().div_euclid(1000)),
        Countdown::Live | Countdown::None => plain::seconds(seconds),
    }
}

/// Marks up the words without the blanks at their edges: marks that touch a blank are not marks.
fn around(out: &mut String, words: &str, mark: impl Fn(&str) -> String) {
    let core = words.trim();
    if core.is_empty() {
        out.push_str(words);
        return;
    }
    let lead = words.len() - words.trim_start().len();
    out.push_str(words.get(..lead).unwrap_or_default());
    out.push_str(&mark(core));
    out.push_str(words.get(lead + core.len()..).unwrap_or_default());
}

/// Code in as many backticks as it doesn't hold itself.
fn code(words: &str) -> String {
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", words.replace('@', &format!("@{BREAK}")))
}

/// The spans with neighbours of one kind made one: marks of two neighbours would run together.
fn merged(text: &Text) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for span in text.0.iter().filter(|span| !span.words().is_empty() || matches!(span, Span::Link { .. })) {
        match (spans.last_mut(), span) {
            (Some(Span::Plain(before)), Span::Plain(more))
            | (Some(Span::Strong(before)), Span::Strong(more))
            | (Some(Span::Code(before)), Span::Code(more)) => before.push_str(more),
            _ => spans.push(span.clone()),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_it_stands() {
        for (text, escaped) in [
            ("plain words, nothing to do!", "plain words, nothing to do!"),
            ("*a* _b_ ~~c~~ `d` |e|", r"\*a\* \_b\_ \~\~c\~\~ \`d\` \|e\|"),
            ("@everyone", "\\@\u{200b}everyone"),
            ("<@123> <@&1> <#2>", "\\<\\@\u{200b}123\\> \\<\\@\u{200b}\\&1\\> \\<\\#2\\>"),
            ("[x](https://evil.example)", r"\[x\]\(https\://evil.example\)"),
            ("# h\n> q\n- i\n+ i\n1. n\n2) n", "\\# h\n\\> q\n\\- i\n\\+ i\n1\\. n\n2\\) n"),
            ("  - i\n---\n===", "  \\- i\n\\---\n\\==="),
            ("a - b, x 1.5 + 2", "a - b, x 1.5 + 2"),
            ("v 1.5", "v 1.5"),
            (":smile: &lt;", r"\:smile\: \&lt;"),
            (r"\", r"\\"),
            ("a\u{200b}@\u{200b}b", "a\\@\u{200b}b"),
        ] {
            assert_eq!(escape(text), escaped, "{text:?}");
        }
    }

    #[test]
    fn spans_are_marked_up_and_can_not_break_out() {
        for (spans, written) in [
            (Text::default().plain("a ").strong(" b** ").plain("c"), "a  **b\\*\\*** c"),
            (Text::default().strong("a").strong("b"), "**ab**"),
            (Text::default().code("routine start"), "`routine start`"),
            (Text::default().code("a`b"), "``a`b``"),
            (Text::default().code("`"), "`` ` ``"),
            (Text::default().code("@here"), "`@\u{200b}here`"),
            (Text::default().link("a]", "https://e.example/)"), "[a\\]](<https://e.example/%29>)"),
            (Text::default().link("words", "javascript:x"), "words"),
            (Text::default().link("", "https://e.example"), "https\\://e.example"),
            (Text::default().strong("a\n\nb"), "**a  b**"),
        ] {
            assert_eq!(text(&spans), written, "{spans:?}");
        }
    }

    #[test]
    fn blocks_have_the_marks_of_their_kind() {
        let drawn = Countdown::Drawn { open: "<time:", close: ">" };
        let countdown = Block::Countdown { until: Timestamp::from_millis(1_795_399_446_123), seconds: 25 };
        for (piece, written) in [
            (Block::Heading("a\nb".into()), "### a b"),
            (Block::Heading("".into()), ""),
            (Block::Items(vec!["a".into(), "- b".into()]), "- a\n- \\- b"),
            (Block::Fine("small".into()), "small"),
            (countdown.clone(), "<time:1795399446>"),
            (Block::Seconds(25), "25 seconds"),
        ] {
            assert_eq!(block(&piece, drawn), written);
        }
        assert_eq!(block(&countdown, Countdown::None), "25 seconds");
    }
}
