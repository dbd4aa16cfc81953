//! Putting text on the screen: wrapped, lightly styled, and with the time that runs down in one line of its own.

use std::io::Write;
use std::time::Duration;

use anstyle::Style;
use rustyline::ExternalPrinter;

use crate::message::clean::tidy;
use crate::message::model::Block;
use crate::message::part::Part;
use crate::message::plain::plain;

use super::TerminalError;

/// Where text goes.
pub(super) struct Screen {
    out: Out,
    /// Whether the line above the prompt shows the time and may be drawn over.
    time_above: bool,
}

enum Out {
    /// Above the line that is being edited.
    Above(Box<dyn ExternalPrinter + Send>),
    /// Plainly.
    Plain(Box<dyn Write + Send>),
}

/// One line up, and clear it.
const OVER_LAST_LINE: &str = "\u{1b}[1A\u{1b}[2K";
/// Columns of a screen that doesn't tell its width.
const WIDTH: usize = 80;

impl Screen {
    /// Above an edited line.
    pub fn above(printer: Box<dyn ExternalPrinter + Send>) -> Self {
        Self { out: Out::Above(printer), time_above: false }
    }

    /// Plainly.
    pub fn plain(out: Box<dyn Write + Send>) -> Self {
        Self { out: Out::Plain(out), time_above: false }
    }

    /// Columns; none where lines are not wrapped.
    pub fn width(&self) -> Option<usize> {
        match self.out {
            Out::Above(_) => Some(
                rustix::termios::tcgetwinsize(std::io::stdout()).map_or(WIDTH, |size| usize::from(size.ws_col)).max(20),
            ),
            Out::Plain(_) => None,
        }
    }

    /// Somebody pressed enter: the line above the prompt is theirs now.
    pub fn interrupted(&mut self) {
        self.time_above = false;
    }

    /// Shows a text and an empty line. `styled` lets the first line stand out.
    pub fn show(&mut self, text: &str, styled: bool) -> Result<(), TerminalError> {
        let text = text.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        let styled = styled
            && matches!(self.out, Out::Above(_))
            && anstream::stdout().current_choice() != anstream::ColorChoice::Never;
        let text = match text.split_once('\n') {
            Some((first, rest)) if styled => {
                let bold = Style::new().bold();
                format!("{bold}{first}{bold:#}\n{rest}")
            }
            _ => text.to_owned(),
        };
        let over = if std::mem::take(&mut self.time_above) { OVER_LAST_LINE } else { "" };
        self.print(format!("{over}{text}\n\n"))
    }

    /// Draws the time that is left, over the time that was left before.
    pub fn draw_time(&mut self, left: Duration) -> Result<(), TerminalError> {
        let over = if self.time_above { OVER_LAST_LINE } else { "" };
        // Rounded up: the last second is shown as one.
        let seconds = left.as_millis().div_ceil(1000);
        self.time_above = seconds > 0;
        if seconds == 0 {
            return if over.is_empty() { Ok(()) } else { self.print(over.to_owned()) };
        }
        self.print(format!("{over}{}:{:02}\n", seconds / 60, seconds % 60))
    }

    fn print(&mut self, text: String) -> Result<(), TerminalError> {
        match &mut self.out {
            Out::Above(printer) => printer.print(text).map_err(|error| TerminalError::Output(error.to_string())),
            Out::Plain(out) => match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                // Whoever read has gone; what is said now is for nobody.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
                other => other.map_err(|error| TerminalError::Output(error.to_string())),
            },
        }
    }
}

/// A part as text, wrapped to so many columns, with its choices side by side where they are short. The writers let no
/// control character through.
pub(super) fn text(part: &Part, width: Option<usize>) -> String {
    let files = part.blocks.iter().filter_map(|block| match block {
        Block::File { name, content } => Some(format!("\n{name}:\n{content}")),
        Block::Heading(_)
        | Block::Paragraph(_)
        | Block::Items(_)
        | Block::Fine(_)
        | Block::Countdown { .. }
        | Block::Seconds(_) => None,
    });
    let files: String = files.collect();
    let Some(width) = width else { return plain(part) + files.as_str() };
    let without = Part { choices: Vec::new(), ..part.clone() };
    let wrap = |line: &str| {
        let indent = if line.starts_with("- ") { "  " } else { "" };
        textwrap::fill(line, textwrap::Options::new(width).subsequent_indent(indent))
    };
    let said = (plain(&without) + files.as_str()).lines().map(wrap).collect::<Vec<_>>().join("\n");
    let choices = choices(part, width);
    [said, choices].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// The choices, each with its number: in rows when all are short, else a line each.
fn choices(part: &Part, width: usize) -> String {
    /// Labels up to this length stand side by side.
    const SHORT: usize = 20;
    let labels: Vec<String> =
        part.choices.iter().map(|shown| format!("{}. {}", shown.number, tidy(&shown.choice.label))).collect();
    if labels.iter().any(|label| label.chars().count() > SHORT) {
        return labels.join("\n");
    }
    let mut rows: Vec<String> = Vec::new();
    for label in labels {
        match rows.last_mut().filter(|row| row.chars().count() + 3 + label.chars().count() <= width) {
            Some(row) => *row = format!("{row}   {label}"),
            None => rows.push(label),
        }
    }
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::model::{Audience, Choice, Text};
    use crate::message::part::{Delivery, Mark, ShownChoice};

    fn part(labels: &[&str]) -> Part {
        let shown = (1..).zip(labels).map(|(number, label)| ShownChoice {
            choice: Choice::new(*label, "x"),
            number,
            mark: Mark::Number,
        });
        Part {
            blocks: vec![Block::Paragraph(Text::from("one two three four five six seven"))],
            choices: shown.collect(),
            audience: Audience::Private,
            quiet: false,
            delivery: Delivery::Here,
        }
    }

    #[test]
    fn short_choices_stand_side_by_side_and_long_ones_below_each_other() {
        let rows = text(&part(&["Next", "Pause", "It hurts"]), Some(24));
        assert_eq!(rows, "one two three four five\nsix seven\n\n1. Next   2. Pause\n3. It hurts");
        let lines = text(&part(&["Next", "Something longer than that"]), Some(80));
        assert!(lines.ends_with("1. Next\n2. Something longer than that"), "{lines}");
    }

    #[test]
    fn a_pipe_gets_lines_as_they_are() {
        let said = text(&part(&["Next", "Pause"]), None);
        assert!(said.contains("one two three four five six seven") && said.contains("1. Next\n2. Pause"), "{said}");
    }
}
