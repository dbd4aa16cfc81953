//! Nape's program: arguments in, exit code out. Everything else is the library's.

use std::process::ExitCode;

use clap::Parser;
use nape::app::arguments::Arguments;
use nape::app::commands;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap prints them where they belong.
            let code = if error.use_stderr() { 64 } else { 0 };
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(74) };
        }
    };
    match commands::run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            for line in &exit.lines {
                anstream::eprintln!("nape: {line}");
            }
            ExitCode::from(exit.code as u8)
        }
    }
}
