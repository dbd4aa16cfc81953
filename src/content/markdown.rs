//! The body of a knowledge entry: a short answer, then sections of paragraphs and list items. No other markup.

use std::sync::LazyLock;

use regex::Regex;

use super::problem::Log;
use super::style::{self, Breach};
use super::words;
use crate::answer::entry::{Part, Section};

/// The short answer and the sections, as read.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// The short answer.
    pub(crate) short: String,
    /// The longer text.
    pub(crate) sections: Vec<Section>,
    /// The line of each section's heading.
    pub(crate) heading_lines: Vec<usize>,
    /// The body's last line.
    pub(crate) last_line: usize,
}

/// Lines that belong together, joined by spaces.
#[derive(Debug, Default)]
struct Block {
    text: String,
    item: bool,
    /// Where each source line begins in `text`, and its number.
    starts: Vec<(usize, usize)>,
}

/// Reads the body, whose first line is line `first` of its file, and notes what is wrong with it.
pub(crate) fn read(text: &str, first: usize, log: &mut Log) -> Body {
    let mut body = Body { last_line: first, ..Body::default() };
    let mut shorts = 0;
    let mut block = Block::default();
    for (line, number) in text.lines().zip(first..) {
        let line = line.trim_end();
        if !line.trim().is_empty() {
            body.last_line = number;
            markup(line, number, log);
        }
        if let Some(heading) = line.strip_prefix("## ") {
            body.close(&mut block, &mut shorts, log);
            body.open_section(heading.trim(), number, log);
        } else if line.trim().is_empty() {
            body.close(&mut block, &mut shorts, log);
        } else if let Some(item) = line.strip_prefix("- ") {
            body.close(&mut block, &mut shorts, log);
            block.item = true;
            block.push(item, number);
        } else {
            block.push(line, number);
        }
    }
    body.close(&mut block, &mut shorts, log);
    body.check_whole(first, shorts, log);
    body
}

impl Block {
    fn push(&mut self, line: &str, number: usize) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.starts.push((self.text.len(), number));
        self.text.push_str(line.trim());
    }

    fn first_line(&self) -> usize {
        self.starts.first().map_or(1, |(_, line)| *line)
    }

    fn line(&self, at: usize) -> usize {
        self.starts.iter().rev().find(|(start, _)| *start <= at).map_or_else(|| self.first_line(), |(_, line)| *line)
    }
}

impl Body {
    /// Ends a block, if one has begun, and puts it where it belongs.
    fn close(&mut self, block: &mut Block, shorts: &mut usize, log: &mut Log) {
        let block = std::mem::take(block);
        if block.starts.is_empty() {
            return;
        }
        for breach in style::breaches(&block.text) {
            note(block.line(breach.at), breach, log);
        }
        if let Some(section) = self.sections.last_mut() {
            section.parts.push(if block.item { Part::Item(block.text) } else { Part::Paragraph(block.text) });
            return;
        }
        *shorts += 1;
        if *shorts > 1 || block.item {
            log.add(
                block.first_line(),
                "the short answer is more than one paragraph",
                "keep it to one, and put the rest under a `## ` heading",
            );
            return;
        }
        let count = words::count(&block.text);
        if count > 60 {
            log.add(block.first_line(), format!("the short answer has {count} words"), "keep it to 60");
        }
        if !block.text.ends_with(['.', '?', '"', ')']) {
            log.add(block.line(usize::MAX), "the short answer doesn't end as a sentence", "end it with a full stop");
        }
        self.short = block.text;
    }

    fn open_section(&mut self, heading: &str, number: usize, log: &mut Log) {
        if self.sections.iter().any(|section| section.heading == heading) {
            log.add(number, format!("there are two sections \"{heading}\""), "join them or rename one");
        }
        for breach in style::tone(heading) {
            note(number, breach, log);
        }
        self.sections.push(Section { heading: heading.to_owned(), parts: Vec::new() });
        self.heading_lines.push(number);
    }

    fn check_whole(&self, first: usize, shorts: usize, log: &mut Log) {
        if shorts == 0 {
            log.add(first, "the short answer is missing", "write it right after the second +++");
        }
        if self.sections.is_empty() {
            log.add(self.last_line, "there is no section", "add at least one, headed by a line that starts with `## `");
        }
        for (section, line) in self.sections.iter().zip(&self.heading_lines) {
            if section.parts.is_empty() {
                log.add(*line, format!("the section \"{}\" is empty", section.heading), "write it or take it out");
            }
        }
    }
}

/// Markup that the platforms could not all show.
fn markup(line: &str, number: usize, log: &mut Log) {
    static START: LazyLock<Regex> =
        LazyLock::new(|| fixed(r"^(?:##$|#\s|###|\*\s|\+\s|-$|-\S|\s+[-*+]\s|\s*\d+[.)]\s|>|\||```|\+\+\+)"));
    static INSIDE: LazyLock<Regex> = LazyLock::new(|| fixed(r"\]\(|https?://|www\.|\*|`|__|</?[A-Za-z][^>]*>|\s\|\s"));
    let found = START.find(line).or_else(|| INSIDE.find(line));
    if let Some(found) = found {
        log.add(
            number,
            format!("`{}` is markup that entries don't have", found.as_str().trim()),
            "use only `## ` headings, `- ` lists and plain paragraphs",
        );
    }
}

fn note(line: usize, breach: Breach, log: &mut Log) {
    log.add(line, format!("the text has {}", breach.what), breach.remedy);
}

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns here are fixed and every one is compiled by a test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut log = Log::new("x.md");
        read(text, 10, &mut log);
        log.into_problems().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn paragraphs_and_items_are_told_apart() {
        let mut log = Log::new("x.md");
        let body = read("Short\nanswer.\n\n## One\nText\nruns on.\n- a\n- b\n  goes on\n\nLast.\n", 1, &mut log);
        assert_eq!(log.into_problems(), []);
        assert_eq!(body.short, "Short answer.");
        let [Section { parts, .. }] = body.sections.as_slice() else { panic!("{body:?}") };
        let item = |text: &str| Part::Item(text.to_owned());
        let paragraph = |text: &str| Part::Paragraph(text.to_owned());
        assert_eq!(parts, &[paragraph("Text runs on."), item("a"), item("b goes on"), paragraph("Last.")]);
    }

    #[test]
    fn a_breach_is_found_on_its_own_line() {
        let found = problems("Short.\n\n## One\nText runs\non! And on.\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("x.md:14: the text has an exclamation mark"), "{found:?}");
    }

    #[test]
    fn other_markup_is_refused() {
        for line in ["# A", "### A", "1. a", "| a | b |", "see [a](b)", "so **bold**", "> quote", "* a", "  - a", "-a"]
        {
            assert_eq!(problems(&format!("Short.\n\n## One\n{line}\n")).len(), 1, "{line}");
        }
    }
}
