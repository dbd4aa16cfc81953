//! Packs fitted blocks and choices into parts that are short enough.

use crate::message::capabilities::Capabilities;
use crate::message::model::Block;
use crate::message::part::{Mark, Part, ShownChoice};
use crate::message::split::split;

/// Blocks and choices on their way into parts.
pub struct Pack<'a> {
    caps: &'a Capabilities,
    /// What every part starts as.
    empty: Part,
    current: Part,
    done: Vec<Part>,
}

impl<'a> Pack<'a> {
    /// Parts that start as `empty`, each short enough for `caps`.
    pub fn new(empty: Part, caps: &'a Capabilities) -> Self {
        Self { caps, current: empty.clone(), empty, done: Vec::new() }
    }

    /// Adds a fitted block: whole if it can be, else in pieces over several parts.
    pub fn block(&mut self, block: Block) {
        if !self.takes(&block) {
            self.close_before_headings();
        }
        let mut left = Some(block);
        while let Some(block) = left.take() {
            if self.takes(&block) {
                self.current.blocks.push(block);
                continue;
            }
            let alone = self.current.is_empty();
            match split(&block, alone, &|piece| self.takes(piece)) {
                Some((front, rest)) => {
                    self.current.blocks.push(front);
                    if rest.is_some() {
                        self.close();
                    }
                    left = rest;
                }
                None if alone => self.current.blocks.push(block),
                None => {
                    self.close();
                    left = Some(block);
                }
            }
        }
    }

    /// Adds the choices: together if they can be, else as many to a part as it can carry.
    pub fn choices(&mut self, choices: Vec<ShownChoice>) {
        let mut all = self.current.clone();
        all.choices.extend(choices.iter().cloned());
        if self.is_short(&all) {
            self.current = all;
            return;
        }
        if choices.iter().any(|shown| shown.mark != Mark::Button) {
            self.close();
        }
        for shown in choices {
            let mut more = self.current.clone();
            more.choices.push(shown.clone());
            if !self.is_short(&more) {
                self.close();
            }
            self.current.choices.push(shown);
        }
    }

    /// The parts; none of them is empty.
    pub fn parts(mut self) -> Vec<Part> {
        self.close();
        self.done
    }

    fn takes(&self, block: &Block) -> bool {
        let mut more = self.current.clone();
        more.blocks.push(block.clone());
        self.is_short(&more)
    }

    fn is_short(&self, part: &Part) -> bool {
        let buttons = part.choices.iter().filter(|shown| shown.mark == Mark::Button).count();
        buttons <= self.caps.choices.buttons().unwrap_or(0) && part.chars(self.caps) <= self.caps.limit()
    }

    fn close(&mut self) {
        let full = std::mem::replace(&mut self.current, self.empty.clone());
        if !full.is_empty() {
            self.done.push(full);
        }
    }

    /// Closes the part, but takes headings at its end along: they belong to what comes.
    fn close_before_headings(&mut self) {
        let blocks = &self.current.blocks;
        let headings = blocks.iter().rev().take_while(|block| matches!(block, Block::Heading(_))).count();
        let keep = blocks.len() - headings;
        if keep > 0 {
            let carried = self.current.blocks.split_off(keep);
            self.close();
            self.current.blocks = carried;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::capabilities::profiles::{BUTTONS, NUMBERS};
    use crate::message::choices::shown;
    use crate::message::model::{Audience, Choice};
    use crate::message::part::Delivery;

    fn packed(blocks: Vec<Block>, choices: usize, caps: &Capabilities) -> Vec<Part> {
        let (audience, delivery) = (Audience::Everyone, Delivery::Here);
        let empty = Part { blocks: Vec::new(), choices: Vec::new(), audience, quiet: false, delivery };
        let mut pack = Pack::new(empty, caps);
        blocks.into_iter().for_each(|block| pack.block(block));
        let choices: Vec<Choice> = (0..choices).map(|n| Choice::new(format!("label {n}"), "x")).collect();
        pack.choices(shown(&choices, false, caps).0);
        pack.parts()
    }

    fn words(count: usize) -> Block {
        Block::Paragraph("word ".repeat(count).trim_end().into())
    }

    #[test]
    fn a_heading_goes_with_what_it_heads() {
        let parts = packed(vec![words(300), Block::Heading("head".into()), words(300)], 0, &BUTTONS);
        let lengths: Vec<usize> = parts.iter().map(|part| part.blocks.len()).collect();
        assert_eq!(lengths, [1, 2]);
        let parts = packed(vec![Block::Heading("head".into()), words(500)], 0, &BUTTONS);
        assert_eq!(parts[0].blocks.len(), 2);
    }

    #[test]
    fn buttons_past_the_most_go_to_a_part_that_lists_them() {
        let parts = packed(vec![words(1)], 27, &BUTTONS);
        let counts: Vec<(usize, usize)> =
            parts.iter().map(|part| (part.choices.len(), part.listed().count())).collect();
        assert_eq!(counts, [(25, 0), (2, 2)]);
    }

    #[test]
    fn numbered_lines_stay_together() {
        let parts = packed(vec![words(790)], 6, &NUMBERS);
        assert_eq!(parts.iter().map(|part| part.choices.len()).collect::<Vec<_>>(), [0, 6]);
    }

    #[test]
    fn nothing_makes_no_part() {
        assert!(packed(Vec::new(), 0, &BUTTONS).is_empty());
    }
}
