//! What the command line offers, put together from the parts.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

#[cfg(feature = "matrix")]
use crate::app::arguments::Matrix;
use crate::app::arguments::{Command, Content, Knowledge, Model};
use crate::app::assembly::{self, Purpose};
use crate::app::exit::{Code, Exit};
use crate::app::reload::Asked;
use crate::app::{config, evaluation, log, model, serve, stores, web};
use crate::safety::model::Urgency;

/// Does what the command line says.
///
/// # Errors
/// An exit code of sysexits, with lines that say what is wrong and what to do.
pub fn run(command: Command) -> Result<(), Exit> {
    keep_private();
    // serenity brings one provider of TLS's arithmetic, matrix-sdk another; with two, rustls wants to be told. That one is chosen
    // already can't be: nothing has spoken to anybody yet.
    #[cfg(feature = "matrix")]
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    match command {
        Command::Chat(chat) => {
            quiet_log();
            serve::chat(chat)
        }
        Command::Answer { jsonl, knowledge } => {
            quiet_log();
            answer(&jsonl, &knowledge)
        }
        Command::Eval { rows, show, knowledge } => evaluation::run(&rows, show, &knowledge),
        Command::Model(Model::Passages { out, knowledge }) => model::passages(&out, &knowledge),
        Command::Model(Model::Cases { jsonl, knowledge }) => model::cases(&jsonl, &knowledge),
        Command::Content(Content::Check { content }) => check_content(content.as_deref()),
        Command::Run { config: path, set } => {
            let config = read_config(&path, &set)?;
            let log = log::start(&config.log);
            serve::run(config, Asked { path, set, log })
        }
        Command::Health { config, set } => {
            let config = config::read_apart(&config, &set).map_err(|problems| Exit::all(Code::Config, problems))?;
            health(&config)
        }
        Command::Check { config, set, show } => {
            if show {
                let shown = config::show(&config, &set).map_err(|problems| Exit::all(Code::Config, problems))?;
                say(&shown)?;
            }
            let config = read_config(&config, &set)?;
            if let Some(discord) = &config.discord {
                config::secret::read(&discord.token_file).map_err(|why| Exit::new(Code::Config, why))?;
            }
            if let Some(matrix) = &config.matrix {
                match &matrix.login {
                    config::Login::Password(file) => config::secret::read_line(file),
                    config::Login::Token(file) => config::secret::read(file),
                }
                .map_err(|why| Exit::new(Code::Config, why))?;
            }
            assembly::bot(&Knowledge { content: config.content, model: None })?;
            assembly::model(config.model.as_deref()).map_err(|error| Exit::new(Code::Data, error))?;
            say("The configuration is fine.")
        }
        Command::Store(command) => {
            quiet_log();
            stores::run(command)
        }
        #[cfg(feature = "matrix")]
        Command::Matrix(Matrix::Doctor { config }) => {
            quiet_log();
            serve::matrix::doctor(read_config(&config, &[])?.matrix)
        }
    }
}

/// `nape health`.
fn health(config: &config::Config) -> Result<(), Exit> {
    let Some(address) = config.health else {
        return Err(Exit::new(Code::Config, "health.listen is not set: nothing is served that could be asked"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Exit::new(Code::Software, format!("no threads to run on: {error}")))?;
    say(&runtime.block_on(web::ask(address))?)
}

/// Starts the log of a command at a terminal: only what is wrong.
fn quiet_log() {
    drop(log::start(&log::Settings { level: "warn", format: log::Format::Human }));
}

/// No core dump, and no other process of this user may look: keys and preferences are in this memory.
fn keep_private() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask};
    // Whatever it makes is its owner's alone.
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if setrlimit(Resource::Core, none).is_err() || set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        tracing::warn!("core dumps can't be switched off; set LimitCORE=0 for this program");
    }
}

fn read_config(path: &Path, set: &[String]) -> Result<config::Config, Exit> {
    config::read(path, set).map_err(|problems| Exit::all(Code::Config, problems))
}

#[derive(Deserialize)]
struct Question {
    id: String,
    text: String,
}

#[derive(Serialize)]
struct Answered {
    id: String,
    intent: &'static str,
    topics: Vec<String>,
    urgency: Option<Urgency>,
    confidence: f32,
    text: String,
}

/// `nape answer`.
fn answer(file: &Path, knowledge: &Knowledge) -> Result<(), Exit> {
    let bot = assembly::bot(knowledge)?;
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let opened = std::fs::File::open(file);
        Box::new(opened.map_err(|error| Exit::new(Code::NoInput, format!("{}: {error}", file.display())))?)
    };
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    for (number, line) in (1..).zip(BufReader::new(input).lines()) {
        let line = line.map_err(|error| Exit::new(Code::Io, format!("{}: {error}", file.display())))?;
        if line.trim().is_empty() {
            continue;
        }
        let question: Question = serde_json::from_str(&line).map_err(|error| {
            let remedy = "each line is one object {\"id\": …, \"text\": …}";
            Exit::new(Code::Data, format!("{}:{number}: {error}; {remedy}", file.display()))
        })?;
        let review = bot.review(&question.text);
        let answered = Answered {
            id: question.id,
            intent: review.intent,
            topics: review.topics,
            urgency: review.urgency,
            confidence: review.confidence,
            text: review.text,
        };
        let json = serde_json::to_string(&answered).map_err(|error| Exit::new(Code::Software, error))?;
        writeln!(output, "{json}").map_err(|error| Exit::new(Code::Io, error))?;
    }
    output.flush().map_err(|error| Exit::new(Code::Io, error))
}

/// `nape content check`.
fn check_content(content: Option<&Path>) -> Result<(), Exit> {
    let library = assembly::library(content, Purpose::Prove)?;
    say(&format!(
        "{} entries on {} topics, {} routines, {} terms, {} sources, {} red flags: no problems.",
        library.entries.len(),
        library.topics.len(),
        library.routines.len(),
        library.glossary.len(),
        library.sources.len(),
        library.safety.red_flags.len(),
    ))
}

fn say(line: &str) -> Result<(), Exit> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| Exit::new(Code::Io, error))
}
