//! What the command line offers, put together from the parts.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::adapter::terminal::{self, Mode, Names, Terminal};
use crate::app::arguments::{Chat, Command, Content, Knowledge, Model};
use crate::app::assembly::{self, Purpose};
use crate::app::clock::{Busy, Clock, SystemClock, VirtualClock};
use crate::app::config::Config;
use crate::app::exit::{Code, Exit};
use crate::app::runtime::{self, RuntimeError, Until};
use crate::app::supervise::Adapter;
use crate::app::{config, control, evaluation, log, model, stores, watch as watching};
use crate::base::time::Timestamp;
use crate::bot::Bot;
use crate::content::Library;
use crate::safety::model::Urgency;
use crate::settings::table::{Layer, SETTINGS};
use crate::store::Options;

/// Does what the command line says.
///
/// # Errors
/// An exit code of sysexits, with lines that say what is wrong and what to do.
pub fn run(command: Command) -> Result<(), Exit> {
    keep_private();
    match command {
        Command::Chat(chat) => {
            log::start("nape=warn");
            talk(chat)
        }
        Command::Answer { jsonl, knowledge } => {
            log::start("nape=warn");
            answer(&jsonl, &knowledge)
        }
        Command::Eval { rows, show, knowledge } => evaluation::run(&rows, show, &knowledge),
        Command::Model(Model::Passages { out, knowledge }) => model::passages(&out, &knowledge),
        Command::Model(Model::Cases { jsonl, knowledge }) => model::cases(&jsonl, &knowledge),
        Command::Content(Content::Check { content }) => check_content(content.as_deref()),
        Command::Run { config } => {
            log::start("nape=info");
            let config = read_config(&config)?;
            // The terminal is the only adapter of this program so far.
            let Config { store: data, key, room, content, model, .. } = config;
            let knowledge = Knowledge { content, model };
            let chat = Chat { data, key, room, knowledge, user: "me".to_owned(), fast: false };
            if config.terminal { talk(chat) } else { Err(Exit::new(Code::Config, NOTHING_TO_RUN)) }
        }
        Command::Check { config } => {
            let config = read_config(&config)?;
            assembly::bot(&Knowledge { content: config.content, model: None })?;
            assembly::model(config.model.as_deref()).map_err(|error| Exit::new(Code::Data, error))?;
            say("The configuration is fine.")
        }
        Command::Store(command) => {
            log::start("nape=warn");
            stores::run(command)
        }
    }
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

const NOTHING_TO_RUN: &str = "no adapter is enabled; set [terminal] enabled = true in the configuration";

fn read_config(path: &Path) -> Result<config::Config, Exit> {
    config::read(path).map_err(|problems| Exit::all(Code::Config, problems))
}

/// `nape chat`.
fn talk(chat: Chat) -> Result<(), Exit> {
    let bot = Arc::new(assembly::bot(&chat.knowledge)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Exit::new(Code::Software, format!("no threads to run on: {error}")))?;
    let clock: Arc<dyn Clock> =
        if chat.fast { Arc::new(VirtualClock::new(SystemClock.now())) } else { Arc::new(SystemClock) };
    let result = runtime.block_on(async {
        let options = Options { key: chat.key.clone(), room: config::room(chat.room) };
        let store = stores::open(&chat.data, &options).await?;
        let (tell, stop) = watch::channel(false);
        tokio::spawn(signals(tell.clone()));
        tokio::spawn(watching::run(store.clone(), tell));
        tokio::spawn(control::serve(chat.data.clone(), store.clone()));
        // A screen to draw on needs both ends; with one of them a pipe, lines are played as in a script.
        let is_screen = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let until = if chat.fast { Until::NothingIsDue } else { Until::Stopped };
        let adapter = terminal_adapter(&chat, &bot, &clock, is_screen);
        let ended = runtime::run(bot, store.clone(), clock, vec![adapter], until, stop).await;
        let closed = store.close().map_err(stores::exit);
        ended.map_err(|error| match error {
            RuntimeError::Store(error) => stores::exit(error),
            RuntimeError::Adapter(error) => Exit::new(Code::Software, error),
        })?;
        closed
    });
    // A thread that still waits for a line can't be told to stop waiting.
    runtime.shutdown_background();
    result
}

/// The terminal as the runtime sees it.
fn terminal_adapter(chat: &Chat, bot: &Arc<Bot>, clock: &Arc<dyn Clock>, is_screen: bool) -> Adapter {
    let mode =
        if is_screen { Mode::Screen { live: !chat.fast && std::io::stdout().is_terminal() } } else { Mode::Pipe };
    // Lines in a pipe are there at once: until they are played, virtual time stands still.
    let hold = if is_screen { Busy::default() } else { clock.busy() };
    let time = Arc::new(Waiting { clock: clock.clone(), hold: std::sync::Mutex::new(Some(hold)) });
    let (user, names, history) = (chat.user.clone(), names(bot.library()), chat.data.join("history"));
    Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |link| {
            let terminal = Terminal {
                user: user.clone(),
                names: names.clone(),
                time: time.clone(),
                mode,
                history: is_screen.then(|| history.clone()),
            };
            Box::pin(async move { terminal.run(link).await.map_err(|error| error.to_string()) })
        }),
    }
}

/// Waiting in a script: the hold on virtual time is let go of for as long as it takes.
struct Waiting {
    clock: Arc<dyn Clock>,
    hold: std::sync::Mutex<Option<Busy>>,
}

#[async_trait::async_trait]
impl terminal::Time for Waiting {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn wait(&self, span: Duration) {
        let take = || self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let held = take();
        let waiting = self.clock.sleep_until(self.clock.now() + span);
        tokio::pin!(waiting);
        // First in the row of those who wait, then let go: else time could jump past it.
        let first = std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context))).await;
        drop(held);
        let busy = match first {
            std::task::Poll::Ready(busy) => busy,
            std::task::Poll::Pending => waiting.await,
        };
        *self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(busy);
    }

    fn no_more_input(&self) {
        drop(self.hold.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
    }
}

/// Names to complete.
fn names(library: &Library) -> Names {
    Names {
        techniques: library
            .entries
            .iter()
            .filter(|entry| entry.is_card())
            .map(|entry| entry.id.rsplit('.').next().unwrap_or(&entry.id).to_owned())
            .collect(),
        terms: library.glossary.iter().map(|term| term.term.clone()).collect(),
        routines: library.routines.iter().map(|routine| routine.name.clone()).collect(),
        preferences: SETTINGS
            .iter()
            .filter(|setting| setting.may_be_set_by(Layer::Person))
            .map(|setting| setting.key.to_owned())
            .collect(),
        sources: library.sources.iter().map(|source| source.id.clone()).collect(),
    }
}

/// Turns true when the system asks the program to end.
async fn signals(tell: watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    terminate.recv().await;
    let _ = tell.send(true);
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
