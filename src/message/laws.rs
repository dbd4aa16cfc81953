//! The laws of degrading and writing, tried on arbitrary messages and on profiles small enough to hurt.
//!
//! The oracles here are written apart from the code they judge: they read what was written and never ask how.

use proptest::prelude::*;
use proptest::sample::select;

use crate::message::arbitrary::{capabilities, messages, surroundings, texts};
use crate::message::capabilities::{Capabilities, Choices, Countdown, PrivateMeans, profiles};
use crate::message::clean::tidy;
use crate::message::degrade::{Surroundings, degrade};
use crate::message::model::{Audience, Block, Message, Span, Text};
use crate::message::part::{Delivery, Mark, Part};
use crate::message::{html, markdown, plain};

proptest! {
    #[test]
    fn nothing_said_is_lost(message in messages(), caps in capabilities()) {
        let parts = here(&message, &caps);
        let shown: Vec<_> = parts.iter().flat_map(|part| &part.choices).collect();
        let lines: Vec<&str> = shown.iter().map(|shown| shown.choice.line.as_str()).collect();
        prop_assert_eq!(lines, message.choices.iter().map(|choice| choice.line.as_str()).collect::<Vec<_>>());
        let mut said: String = message.blocks.iter().map(|block| words(block, &caps)).collect();
        for (at, (shown, choice)) in shown.iter().zip(&message.choices).enumerate() {
            let label = squashed(&tidy(&choice.label));
            prop_assert_eq!(shown.number, at + 1);
            prop_assert_eq!(&shown.choice.weight, &choice.weight);
            prop_assert!(!shown.choice.label.trim().is_empty());
            prop_assert!(choice.words.iter().all(|word| shown.choice.words.contains(word)));
            if !label.is_empty() && squashed(&shown.choice.label) != label {
                said.push_str(&format!("{}.{label}", at + 1));
            }
        }
        let kept: String = parts.iter().flat_map(|part| &part.blocks).map(|block| words(block, &caps)).collect();
        prop_assert_eq!(kept, said);
    }

    #[test]
    fn every_part_is_short_enough(message in messages(), caps in capabilities()) {
        for part in here(&message, &caps) {
            prop_assert!(part.write(&caps).chars().count() <= caps.limit());
            prop_assert!(!part.is_empty());
            let (buttons, symbols) = (count(&part, |mark| mark == Mark::Button), count(&part, |mark| matches!(mark, Mark::Symbol(_))));
            let (most_buttons, most_symbols, most_chars) = match caps.choices {
                Choices::Buttons { max, label_chars } => (max, 0, label_chars),
                Choices::Reactions { max } => (0, max, usize::MAX),
                Choices::Numbers => (0, 0, usize::MAX),
            };
            prop_assert!(buttons <= most_buttons && symbols <= most_symbols);
            prop_assert!(part.choices.iter().all(|shown| shown.choice.label.chars().count() <= most_chars));
        }
    }

    #[test]
    fn nobody_more_reads_it(message in messages(), instead in messages(), caps in capabilities(), around in surroundings()) {
        let parts = degrade(&message, &caps, around, &instead);
        let can_be_private = match caps.private {
            PrivateMeans::Always => true,
            PrivateMeans::Whisper => around.place_is_private || around.has_reply_token,
            PrivateMeans::DirectOnly => around.place_is_private,
        };
        if message.audience == Audience::Private && !can_be_private {
            let quiet = instead.clone().quiet(message.quiet || instead.quiet);
            let expected = if instead.audience == Audience::Everyone { here(&quiet, &caps) } else { Vec::new() };
            prop_assert_eq!(parts, expected);
        } else {
            for part in parts {
                prop_assert_eq!(part.audience, message.audience);
                let aloud = part.delivery == Delivery::Here && !around.place_is_private && caps.private != PrivateMeans::Always;
                prop_assert!(part.audience == Audience::Everyone || !aloud);
                prop_assert!(part.delivery == Delivery::Here || caps.private == PrivateMeans::Whisper && around.has_reply_token);
            }
        }
    }

    #[test]
    fn quiet_is_quiet(message in messages(), caps in capabilities()) {
        for part in here(&message.quiet(true), &caps) {
            prop_assert!(part.quiet);
            prop_assert!(!part.choices.iter().any(|shown| matches!(shown.mark, Mark::Symbol(_))));
            prop_assert!(!spans(&part).any(|span| matches!(span, Span::Strong(_))));
            let loud = part.blocks.iter().any(|block| matches!(block, Block::Countdown { .. } | Block::Heading(_)));
            prop_assert!(!loud);
        }
    }

    #[test]
    fn files_links_and_countdowns_are_only_where_they_can_be(message in messages(), caps in capabilities()) {
        for part in here(&message, &caps) {
            prop_assert!(caps.files || part.files().next().is_none());
            for span in spans(&part) {
                if let Span::Link { url, .. } = span {
                    prop_assert!(caps.links && (url.starts_with("http://") || url.starts_with("https://")), "{}", url);
                }
            }
            let ticks = part.blocks.iter().any(|block| matches!(block, Block::Countdown { .. }));
            prop_assert!(!ticks || caps.countdown != Countdown::None);
        }
    }

    #[test]
    fn degrading_again_changes_nothing(message in messages(), caps in capabilities(), around in surroundings()) {
        let instead = Message::say("instead");
        let parts = degrade(&message, &caps, around, &instead);
        prop_assert_eq!(&parts, &degrade(&message, &caps, around, &instead));
        for mut part in parts {
            let mut again = degrade(&part.to_message(), &caps, around, &instead);
            if part.choices.first().is_some_and(|first| first.number > 1) {
                // A later part by itself counts its choices from 1.
                for shown in part.choices.iter_mut().chain(again.iter_mut().flat_map(|part| &mut part.choices)) {
                    (shown.number, shown.mark) = (0, Mark::Number);
                }
            }
            prop_assert_eq!(again, vec![part]);
        }
    }

    #[test]
    fn html_shows_all_words_and_no_markup_of_theirs(message in messages(), (_, caps) in select(profiles::all().to_vec())) {
        for part in here(&message, &caps) {
            let read = read_html(&html::html(&part));
            prop_assert!(read.is_ok(), "{:?}", read);
            prop_assert_eq!(squashed(&read.unwrap_or_default()), bare(&part));
        }
    }

    #[test]
    fn markdown_read_back_is_the_text(text in texts()) {
        let read = read_markdown(&markdown::escape(&text));
        prop_assert!(read.is_ok(), "{:?}", read);
        prop_assert_eq!(read.unwrap_or_default(), tidy(&text));
    }

    #[test]
    fn markdown_mentions_nobody(message in messages(), caps in capabilities()) {
        for part in here(&message, &caps) {
            let written = markdown::markdown(&part, caps.countdown);
            let mut chars = written.chars().peekable();
            while let Some(c) = chars.next() {
                prop_assert!(c != '@' || chars.peek() == Some(&'\u{200b}'), "{}", written);
            }
        }
    }

    #[test]
    fn plain_text_has_all_words_and_no_control_character(message in messages(), (_, caps) in select(profiles::all().to_vec())) {
        for part in here(&message, &caps) {
            let written = plain::plain(&part);
            prop_assert!(written.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", written);
            let lines: Vec<String> = part.listed().map(plain::line).collect();
            prop_assert!(written.ends_with(&lines.join("\n")));
            let mut rest = squashed(&written);
            for span in spans(&part) {
                let words = squashed(&tidy(span.words()));
                let at = rest.find(&words);
                prop_assert!(at.is_some(), "{:?} is not in {:?}", words, rest);
                rest = rest.split_off(at.unwrap_or(0) + words.len());
            }
        }
    }
}

/// The parts in a private place with a reply token: nothing is withheld there.
fn here(message: &Message, caps: &Capabilities) -> Vec<Part> {
    let around = Surroundings { place_is_private: true, has_reply_token: true };
    degrade(message, caps, around, &Message::new())
}

fn count(part: &Part, counts: impl Fn(Mark) -> bool) -> usize {
    part.choices.iter().filter(|shown| counts(shown.mark)).count()
}

fn spans(part: &Part) -> impl Iterator<Item = &Span> {
    part.blocks.iter().flat_map(|block| match block {
        Block::Heading(text) | Block::Paragraph(text) | Block::Fine(text) => text.0.iter().collect::<Vec<_>>(),
        Block::Items(items) => items.iter().flat_map(|item| &item.0).collect(),
        Block::Countdown { .. } | Block::Seconds(_) | Block::File { .. } => Vec::new(),
    })
}

/// Without blanks (a cut may drop them) and joiners (a cut may part what they joined).
fn squashed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"\u{200c}\u{200d}".contains(*c)).collect()
}

/// What a block says where `caps` holds.
fn words(block: &Block, caps: &Capabilities) -> String {
    let text = |text: &Text| text.0.iter().map(|span| squashed(&span_words(span, caps))).collect::<String>();
    match block {
        Block::Heading(words) | Block::Paragraph(words) | Block::Fine(words) => text(words),
        Block::Items(items) => items.iter().map(text).collect(),
        Block::Countdown { seconds, .. } | Block::Seconds(seconds) => format!("{seconds}s"),
        Block::File { name, content } => squashed(&tidy(name)) + squashed(&tidy(content)).as_str(),
    }
}

fn span_words(span: &Span, caps: &Capabilities) -> String {
    match span {
        Span::Link { label, url } if url.starts_with("http") => {
            let label = tidy(label);
            let too_long = url.chars().count() + 80 > caps.limit();
            match (label.trim().is_empty(), caps.links && !too_long) {
                (true, _) => url.clone(),
                (false, true) => label,
                (false, false) => format!("{label} ({url})"),
            }
        }
        other => tidy(other.words()),
    }
}

/// All that a reader of the part should see, without list marks and addresses.
fn bare(part: &Part) -> String {
    let blocks = part.blocks.iter().map(|block| match block {
        Block::File { .. } => String::new(),
        Block::Countdown { seconds: 1, .. } | Block::Seconds(1) => "1second".to_owned(),
        Block::Countdown { seconds, .. } | Block::Seconds(seconds) => format!("{seconds}seconds"),
        Block::Heading(words) | Block::Paragraph(words) | Block::Fine(words) => words.words(),
        Block::Items(items) => items.iter().map(Text::words).collect(),
    });
    let listed = part.choices.iter().filter(|shown| part.blocks.is_empty() || shown.mark != Mark::Button);
    let choices = listed.map(|shown| format!("{}.{}", shown.number, shown.choice.label));
    squashed(&blocks.chain(choices).collect::<String>())
}

/// The words of HTML, or what in it is not allowed.
fn read_html(html: &str) -> Result<String, String> {
    const TAGS: [&str; 15] =
        ["p", "/p", "strong", "/strong", "code", "/code", "ul", "/ul", "li", "/li", "h4", "/h4", "br", "em", "/em"];
    let mut words = String::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        if let Some(tag) = rest.strip_prefix('<') {
            let (tag, behind) = tag.split_once('>').ok_or("a tag without an end")?;
            let href = tag.strip_prefix("a href=\"").and_then(|href| href.strip_suffix('"'));
            let is_link = href.is_some_and(|href| href.starts_with("http") && !href.contains(['"', ' ', '<', '\'']));
            if !is_link && tag != "/a" && !TAGS.contains(&tag) {
                return Err(format!("<{tag}>"));
            }
            rest = behind;
        } else if rest.starts_with('&') {
            let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
            let (name, c) = known.into_iter().find(|(name, _)| rest.starts_with(name)).ok_or("a bare &")?;
            words.push(c);
            rest = rest.split_at(name.len()).1;
        } else if matches!(c, '>' | '"' | '\'') {
            return Err(format!("a bare {c}"));
        } else {
            words.push(c);
            rest = rest.split_at(c.len_utf8()).1;
        }
    }
    Ok(words)
}

/// The text that escaped Markdown stands for, or what in it would act.
fn read_markdown(markdown: &str) -> Result<String, String> {
    let mut lines = Vec::new();
    for line in markdown.split('\n') {
        let start = line.trim_start_matches(' ');
        let number = start.trim_start_matches(|c: char| c.is_ascii_digit());
        if start.starts_with(['-', '+', '=', '#', '>'])
            || (number.len() < start.len() && number.starts_with(['.', ')']))
        {
            return Err(format!("a list, heading or rule: {line}"));
        }
        let mut words = String::new();
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => {
                    let next = chars.next().filter(char::is_ascii_punctuation).ok_or("a lone backslash")?;
                    words.push(next);
                    if next == '@' && chars.next() != Some('\u{200b}') {
                        return Err("an open @".to_owned());
                    }
                }
                '*' | '_' | '~' | '`' | '|' | '>' | '#' | '[' | ']' | '(' | ')' | '<' | ':' | '@' | '&' => {
                    return Err(format!("a bare {c}"));
                }
                c => words.push(c),
            }
        }
        lines.push(words);
    }
    Ok(lines.join("\n"))
}
