//! What the training of the encoder needs from the program: vectors of the knowledge, and what is known about messages before anything is decided.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde::Deserialize;

use crate::answer;
use crate::app::arguments::Knowledge;
use crate::app::assembly::{self, Purpose};
use crate::app::exit::{Code, Exit};

/// `nape model passages`: the file `passages.safetensors` for the texts of the knowledge.
pub(super) fn passages(out: &Path, knowledge: &Knowledge) -> Result<(), Exit> {
    let library = assembly::library(knowledge.content.as_deref(), Purpose::Run)?;
    let encoder = assembly::model(knowledge.model.as_deref()).map_err(|error| Exit::new(Code::Data, error))?.encoder;
    let mut texts: Vec<String> = library.entries.iter().flat_map(answer::texts).collect();
    texts.sort_unstable();
    texts.dedup();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let file = encoder.passages(&texts).map_err(|error| Exit::new(Code::Software, error))?;
    std::fs::write(out, file).map_err(|error| Exit::new(Code::Io, format!("{}: {error}", out.display())))
}

#[derive(Deserialize)]
struct Row {
    text: String,
}

/// `nape model cases`: a line for each row, in their order.
pub(super) fn cases(rows: &Path, knowledge: &Knowledge) -> Result<(), Exit> {
    let bot = assembly::bot(knowledge)?;
    let here = |error: std::io::Error| Exit::new(Code::NoInput, format!("{}: {error}", rows.display()));
    let mut output = BufWriter::new(std::io::stdout().lock());
    for (number, line) in (1..).zip(BufReader::new(std::fs::File::open(rows).map_err(here)?).lines()) {
        let row: Row = serde_json::from_str(&line.map_err(here)?)
            .map_err(|error| Exit::new(Code::Data, format!("{}:{number}: {error}", rows.display())))?;
        let case = bot.case(&row.text).ok_or_else(|| Exit::new(Code::Data, "there is no model to ask"))?;
        let json = serde_json::to_string(&case).map_err(|error| Exit::new(Code::Software, error))?;
        writeln!(output, "{json}").map_err(|error| Exit::new(Code::Io, error))?;
    }
    output.flush().map_err(|error| Exit::new(Code::Io, error))
}
