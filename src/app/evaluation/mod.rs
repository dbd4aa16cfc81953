//! `nape eval`: how well questions with known answers are answered.
//!
//! Measures are counts of rows with a 95 % Wilson interval. `did_you_mean` counts as an answer with the topics that it offers, `unknown` as a refusal.

mod rows;
mod score;

use std::io::Write;
use std::path::Path;

use crate::app::arguments::Knowledge;
use crate::app::assembly;
use crate::app::exit::{Code, Exit};

pub use rows::{Row, read};
pub use score::{Measure, Report, score};

/// Reads the rows, asks the bot, prints the report.
pub(super) fn run(folder: &Path, show: usize, knowledge: &Knowledge) -> Result<(), Exit> {
    let rows = read(folder)?;
    let bot = assembly::bot(knowledge)?;
    if bot.is_reduced() {
        return Err(Exit::new(Code::Data, "the model can't be used; these figures would be those of words alone"));
    }
    let report = score(&rows, |text| bot.review(text));
    let mut output = std::io::stdout().lock();
    let mut write = || -> std::io::Result<()> {
        for measure in &report.measures {
            writeln!(output, "{measure}")?;
        }
        for (sort, failures) in &report.failures {
            for failure in failures.iter().take(show) {
                writeln!(output, "{sort}: {failure}")?;
            }
        }
        Ok(())
    };
    write().map_err(|error| Exit::new(Code::Io, error))
}
