//! Gives each choice a number, a mark and a label that fits.

use crate::message::capabilities::Capabilities;
use crate::message::clean::one_line;
use crate::message::model::{Audience, Block, Choice, Text};
use crate::message::part::{Delivery, Mark, Part, SYMBOLS, ShownChoice};
use crate::message::split::longest;

/// The choices as `caps` can offer them, and a paragraph for each label that doesn't fit on its button or line.
pub fn shown(choices: &[Choice], quiet: bool, caps: &Capabilities) -> (Vec<ShownChoice>, Vec<Block>) {
    let mut told = Vec::new();
    let shown = choices.iter().enumerate().map(|(at, choice)| {
        let (shown, long) = one(choice, at + 1, quiet, caps);
        told.extend(long.map(|label| Block::Paragraph(Text::default().plain(label))));
        shown
    });
    (shown.collect(), told)
}

fn one(choice: &Choice, number: usize, quiet: bool, caps: &Capabilities) -> (ShownChoice, Option<String>) {
    let Choice { label, line, words, weight, pick } = choice;
    let label = one_line(label).trim().to_owned();
    let label = if label.is_empty() { number.to_string() } else { label };
    let (line, words, pick) = (line.clone(), words.clone(), pick.clone());
    let choice = Choice { label: label.clone(), line, words, weight: *weight, pick };
    let mut shown = ShownChoice { choice, number, mark: mark(number, quiet, caps) };
    if fits(&shown, caps) {
        return (shown, None);
    }
    // The whole label is told in the text, and to type it still means the choice.
    let typed = label.trim_end_matches(['.', '?']).to_lowercase().replace(',', "");
    shown.choice.words.push(typed);
    let chars: Vec<char> = label.chars().collect();
    let cut = |length: usize| {
        let start: String = chars.iter().take(length).collect();
        let start = one_line(&start);
        let start = start.trim_end();
        if shown.mark == Mark::Button { format!("{number}. {start}…") } else { format!("{start}…") }
    };
    let most = chars.len().min(caps.choices.label_chars().unwrap_or(caps.limit()));
    let length = longest(most, |length| fits(&with_label(&shown, cut(length)), caps));
    let short = cut(length);
    (with_label(&shown, short), Some(format!("{number}. {label}")))
}

fn mark(number: usize, quiet: bool, caps: &Capabilities) -> Mark {
    if caps.choices.buttons().is_some() {
        return Mark::Button;
    }
    let symbols = if quiet { 0 } else { caps.choices.symbols() };
    match SYMBOLS.get(number - 1) {
        Some(symbol) if number <= symbols => Mark::Symbol(symbol),
        Some(_) | None => Mark::Number,
    }
}

/// Whether the label fits on its button and, as it may have to be listed, on a line of its own.
fn fits(shown: &ShownChoice, caps: &Capabilities) -> bool {
    let on_button = caps.choices.label_chars().is_none_or(|most| shown.choice.label.chars().count() <= most);
    let alone = Part {
        blocks: Vec::new(),
        choices: vec![shown.clone()],
        audience: Audience::Everyone,
        quiet: false,
        delivery: Delivery::Here,
    };
    on_button && alone.chars(caps) <= caps.limit()
}

fn with_label(shown: &ShownChoice, label: String) -> ShownChoice {
    let mut shown = shown.clone();
    shown.choice.label = label;
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::capabilities::profiles::{BUTTONS, NUMBERS, REACTIONS};

    fn many(count: usize) -> Vec<Choice> {
        (1..=count).map(|n| Choice::new(format!("choice {n}"), format!("line {n}"))).collect()
    }

    #[test]
    fn marks_are_what_the_adapter_has() {
        let marks = |count, quiet, caps| {
            shown(&many(count), quiet, caps).0.into_iter().map(|shown| shown.mark).collect::<Vec<_>>()
        };
        assert_eq!(marks(2, false, &BUTTONS), [Mark::Button, Mark::Button]);
        assert_eq!(marks(2, true, &BUTTONS), [Mark::Button, Mark::Button]);
        assert_eq!(marks(2, false, &NUMBERS), [Mark::Number, Mark::Number]);
        assert_eq!(marks(9, false, &REACTIONS).last(), Some(&Mark::Number));
        assert_eq!(marks(8, false, &REACTIONS).last(), Some(&Mark::Symbol(SYMBOLS[7])));
        assert_eq!(marks(2, true, &REACTIONS), [Mark::Number, Mark::Number]);
    }

    #[test]
    fn a_long_label_is_cut_on_the_button_told_in_the_text_and_still_understood() {
        let label = "word ".repeat(20);
        let (choices, told) = shown(&[Choice::new(&label, "x")], false, &BUTTONS);
        assert_eq!(choices[0].choice.label.chars().count(), 80);
        assert!(choices[0].choice.label.starts_with("1. word word"));
        assert_eq!(told, [Block::Paragraph(format!("1. {}", label.trim()).into())]);
        assert!(choices[0].choice.is_meant_by(&label));
    }

    #[test]
    fn a_label_is_one_clean_line_and_never_empty() {
        let (choices, told) = shown(&[Choice::new("a\n\u{202e}b", "x"), Choice::new("\u{200b}", "y")], false, &BUTTONS);
        assert_eq!((choices[0].choice.label.as_str(), choices[1].choice.label.as_str()), ("a b", "2"));
        assert!(told.is_empty());
    }
}
