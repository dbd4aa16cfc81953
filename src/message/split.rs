//! Cuts a block that is too long: between items, else after a line, a sentence or a word, else within a word.

use crate::message::clean::{hangs_on, is_joiner, tidy};
use crate::message::fit::{trimmed, words_of};
use crate::message::model::{Block, Span, Text};

/// How good a place to cut is, best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Anywhere,
    /// Not before a character that belongs to the one before.
    Character,
    /// Between two words of one command.
    Code,
    Word,
    Sentence,
    Line,
}

/// Takes as much from the front of `block` as `fits`: the front and, if any is left, the rest. `None` when nothing does, or
/// when a word would have to be cut and `within_words` is not set.
pub fn split(block: &Block, within_words: bool, fits: &dyn Fn(&Block) -> bool) -> Option<(Block, Option<Block>)> {
    match block {
        Block::Heading(text) => split_text(text, within_words, Block::Heading, fits),
        Block::Paragraph(text) => split_text(text, within_words, Block::Paragraph, fits),
        Block::Fine(text) => split_text(text, within_words, Block::Fine, fits),
        Block::Items(items) => split_items(items, within_words, fits),
        Block::Countdown { .. } | Block::Seconds(_) | Block::File { .. } => None,
    }
}

/// The largest number up to `most` that `fits`, or 0; what fits must fit when it is shorter, too. Feels its way up from
/// small numbers, so that the effort goes with the answer and not with `most`.
pub fn longest(most: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, most.min(32));
    while low < high && fits(high) {
        (low, high) = (high, most.min(high.saturating_mul(2)));
    }
    high = if low < high { high - 1 } else { low };
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn split_items(items: &[Text], within_words: bool, fits: &dyn Fn(&Block) -> bool) -> Option<(Block, Option<Block>)> {
    let list = |items: &[Text]| Block::Items(items.to_vec());
    let whole = longest(items.len(), |count| fits(&list(items.get(..count).unwrap_or_default())));
    let (front, rest) = items.split_at(whole);
    if !front.is_empty() {
        return Some((list(front), (!rest.is_empty()).then(|| list(rest))));
    }
    let (first, others) = rest.split_first()?;
    let (front, left) = split_text(first, within_words, |text| Block::Items(vec![text]), fits)?;
    let mut rest = match left {
        Some(Block::Items(items)) => items,
        _ => Vec::new(),
    };
    rest.extend_from_slice(others);
    Some((front, (!rest.is_empty()).then_some(Block::Items(rest))))
}

fn split_text(
    text: &Text,
    within_words: bool,
    make: fn(Text) -> Block,
    fits: &dyn Fn(&Block) -> bool,
) -> Option<(Block, Option<Block>)> {
    let chars: Vec<(char, bool)> =
        text.0.iter().flat_map(|span| span.words().chars().map(move |c| (c, matches!(span, Span::Code(_))))).collect();
    let most = longest(chars.len(), |end| fits(&make(piece(text, 0, end))));
    if most == chars.len() {
        return Some((make(text.clone()), None));
    }
    let end = cut(&chars, most, within_words)?;
    let rest = piece(text, end, chars.len());
    Some((make(piece(text, 0, end)), (!rest.is_empty()).then(|| make(rest))))
}

/// The best place to cut at or before `most`. A line or sentence that would leave the message three quarters empty is not
/// worth it.
fn cut(chars: &[(char, bool)], most: usize, within_words: bool) -> Option<usize> {
    let mut best: Option<(Place, usize)> = None;
    for at in 1..=most.min(chars.len().saturating_sub(1)) {
        let place = match place(chars, at) {
            Place::Line | Place::Sentence if at * 4 < most => Place::Word,
            place => place,
        };
        if best.is_none_or(|(before, _)| place >= before) {
            best = Some((place, at));
        }
    }
    best.filter(|(place, _)| within_words || *place >= Place::Word).map(|(_, at)| at)
}

/// How good it is to cut between `at - 1` and `at`.
fn place(chars: &[(char, bool)], at: usize) -> Place {
    let of = |at: usize| chars.get(at).copied().unwrap_or((' ', false));
    let ((before, _), (after, in_code)) = (of(at - 1), of(at));
    if before == '\n' || after == '\n' {
        return Place::Line;
    }
    if after.is_whitespace() {
        return match ends_sentence(chars.get(..at).unwrap_or_default()) {
            _ if in_code => Place::Code,
            true => Place::Sentence,
            false => Place::Word,
        };
    }
    if is_joiner(before) || hangs_on(after) { Place::Anywhere } else { Place::Character }
}

fn ends_sentence(chars: &[(char, bool)]) -> bool {
    let closing = ['"', '\'', ')', ']', '”', '’', '»'];
    let last = chars.iter().rev().map(|(c, _)| *c).find(|c| !closing.contains(c));
    last.is_some_and(|c| ['.', '!', '?', '…', '。', '！', '？'].contains(&c))
}

/// The characters from `start` to `end` in their spans, clean by themselves.
fn piece(text: &Text, start: usize, end: usize) -> Text {
    let mut passed = 0;
    let mut spans = Vec::new();
    for span in &text.0 {
        let length = span.words().chars().count();
        let (from, to) = (start.saturating_sub(passed), end.saturating_sub(passed).min(length));
        passed += length;
        if from < to {
            let mut span = span.clone();
            let words = words_of(&mut span);
            *words = tidy(&words.chars().skip(from).take(to - from).collect::<String>());
            spans.push(span);
        }
    }
    trimmed(Text(spans))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(block: &Block) -> String {
        match block {
            Block::Paragraph(text) => text.words(),
            Block::Items(items) => items.iter().map(Text::words).collect::<Vec<_>>().join("|"),
            other => panic!("{other:?}"),
        }
    }

    /// Cuts after at most `most` characters of words.
    fn cut_at(block: Block, most: usize, within_words: bool) -> Option<(String, String)> {
        let (front, rest) = split(&block, within_words, &|piece| words(piece).chars().count() <= most)?;
        Some((words(&front), rest.as_ref().map(words).unwrap_or_default()))
    }

    #[test]
    fn the_longest_is_found_wherever_it_lies() {
        for most in [0, 1, 31, 32, 33, 64, 100] {
            for answer in 0..=most {
                assert_eq!(longest(most, |number| number <= answer), answer, "of {most}");
            }
        }
    }

    #[test]
    fn the_best_place_is_taken() {
        for (text, most, front, rest) in [
            ("One line.\nTwo. Three", 15, "One line.", "Two. Three"),
            ("One. Two three four", 12, "One.", "Two three four"),
            ("He said (so.) And went", 18, "He said (so.)", "And went"),
            ("A. quite long sentence", 20, "A. quite long", "sentence"),
            ("one two three", 7, "one two", "three"),
            ("one two three", 9, "one two", "three"),
            ("unbreakable", 4, "unbr", "eakable"),
            ("aaaa\u{336}\u{337}b", 5, "aaa", "a\u{336}\u{337}b"),
            ("all of it", 9, "all of it", ""),
        ] {
            let cut = cut_at(Block::Paragraph(text.into()), most, true);
            assert_eq!(cut, Some((front.to_owned(), rest.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_word_is_cut_only_when_it_must_be() {
        assert_eq!(cut_at(Block::Paragraph("unbreakable".into()), 4, false), None);
        assert!(cut_at(Block::Paragraph("to break".into()), 4, false).is_some());
    }

    #[test]
    fn what_is_joined_without_end_is_cut_clean() {
        let chain = "字\u{200d}".repeat(5) + "字";
        let cut = cut_at(Block::Paragraph(chain.as_str().into()), 4, true);
        assert_eq!(cut, Some(("字\u{200d}字".into(), "字\u{200d}".repeat(3) + "字")));
    }

    #[test]
    fn a_command_stays_whole_when_it_can() {
        let text = Text::default().plain("type ").code("routine start").plain(" now");
        assert_eq!(cut_at(Block::Paragraph(text), 15, true), Some(("type".into(), "routine start now".into())));
    }

    #[test]
    fn spans_keep_their_kind() {
        let text = Text::default().strong("one two").plain(" three");
        let cut = split(&Block::Paragraph(text), true, &|piece| words(piece).len() <= 4);
        let front = Block::Paragraph(Text::default().strong("one"));
        let rest = Block::Paragraph(Text::default().strong("two").plain(" three"));
        assert_eq!(cut, Some((front, Some(rest))));
    }

    #[test]
    fn lists_are_cut_between_items_first() {
        let items = || Block::Items(vec!["one".into(), "two".into(), "three".into()]);
        assert_eq!(cut_at(items(), 8, true), Some(("one|two".into(), "three".into())));
        let long = Block::Items(vec!["one two".into(), "three".into()]);
        assert_eq!(cut_at(long, 4, true), Some(("one".into(), "two|three".into())));
    }
}
