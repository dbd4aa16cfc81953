//! Writes a part in HTML: eight harmless elements and nothing of the text as markup.
//!
//! `p`, `strong`, `code`, `a` with an http or https address, `ul`, `li`, `br` and `h4`; no other attribute, no style.
//! (Small print is a paragraph: slanted or pale letters are hard to read in an attack.)

use crate::message::clean::{one_line, safe_url, tidy};
use crate::message::model::{Block, Span, Text};
use crate::message::part::{Part, ShownChoice};
use crate::message::plain;

/// The part in HTML; [`plain::plain`] of the same part is the text to go beside it.
pub fn html(part: &Part) -> String {
    let mut out: String = part.blocks.iter().map(block).collect();
    let choices = part.listed().map(line).collect::<Vec<_>>().join("<br>");
    out.push_str(&in_element("p", choices));
    out
}

/// One block; empty for a file, which is attached.
pub fn block(block: &Block) -> String {
    match block {
        Block::Heading(words) => in_element("h4", text(words).replace("<br>", " ")),
        Block::Paragraph(words) | Block::Fine(words) => in_element("p", text(words)),
        Block::Items(items) => {
            in_element("ul", items.iter().map(|item| in_element("li", text(item).replace("<br>", " "))).collect())
        }
        Block::Countdown { until: _, seconds } | Block::Seconds(seconds) => in_element("p", plain::seconds(*seconds)),
        Block::File { name: _, content: _ } => String::new(),
    }
}

/// A text with its spans in elements.
pub fn text(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            Span::Plain(words) => escape(words).replace('\n', "<br>"),
            Span::Strong(words) => in_element("strong", escape(&one_line(words))),
            Span::Code(words) => in_element("code", escape(&one_line(words))),
            Span::Link { label, url } => match safe_url(url) {
                Some(safe) if !one_line(label).trim().is_empty() => {
                    format!("<a href=\"{}\">{}</a>", escape(&safe), escape(&one_line(label)))
                }
                Some(_) | None => escape(&plain::link(label, url)),
            },
        })
        .collect()
}

/// Text that HTML shows as it stands, tidied; newlines stay.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in tidy(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn line(shown: &ShownChoice) -> String {
    let ShownChoice { choice, number, mark: _ } = shown;
    format!("{number}. {}", escape(&one_line(&choice.label)))
}

fn in_element(name: &str, inner: String) -> String {
    if inner.is_empty() { inner } else { format!("<{name}>{inner}</{name}>") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        for (text, escaped) in [
            ("a & b < c > d \" e ' f", "a &amp; b &lt; c &gt; d &quot; e &#39; f"),
            ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
            ("<\u{338}", "≮"),
            ("\u{202e}x", "x"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn blocks_and_spans_have_their_elements() {
        for (piece, written) in [
            (Block::Heading("a\nb".into()), "<h4>a b</h4>"),
            (Block::Paragraph("a\n\nb".into()), "<p>a<br><br>b</p>"),
            (Block::Paragraph("".into()), ""),
            (Block::Items(vec!["a".into(), "<b>".into()]), "<ul><li>a</li><li>&lt;b&gt;</li></ul>"),
            (Block::Fine(Text::default().strong("a").code("<b>")), "<p><strong>a</strong><code>&lt;b&gt;</code></p>"),
            (Block::Seconds(1), "<p>1 second</p>"),
            (
                Block::Paragraph(Text::default().link("a\"", "https://e.example/\"><b>")),
                "<p><a href=\"https://e.example/%22%3E%3Cb%3E\">a&quot;</a></p>",
            ),
            (Block::Paragraph(Text::default().link("go", "javascript:x")), "<p>go</p>"),
            (
                Block::Paragraph(Text::default().link("go", "https://e.example/?a&b")),
                "<p><a href=\"https://e.example/?a&amp;b\">go</a></p>",
            ),
        ] {
            assert_eq!(block(&piece), written);
        }
    }
}
