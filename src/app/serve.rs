//! A store, a clock and adapters put together, and run: `nape chat` and `nape run`.

mod adapters;
#[cfg(feature = "discord")]
mod discord;
#[cfg(feature = "matrix")]
pub mod matrix;

use std::io::IsTerminal;
use std::sync::Arc;

use tokio::sync::watch;

use crate::app::arguments::{Chat, Knowledge};
use crate::app::assembly;
use crate::app::clock::{Clock, SystemClock, VirtualClock};
use crate::app::config::{self, Config};
use crate::app::exit::{Code, Exit};
use crate::app::limits::Limits;
use crate::app::runtime::{self, RuntimeError, Until};
use crate::app::supervise::Adapter;
use crate::app::{control, stores, watch as watching};
use crate::base::id::UserId;
use crate::bot::Bot;
use crate::store::Options;

/// Threads that drive connections; thinking has threads of its own.
const THREADS: usize = 2;

/// Everything that a run needs.
struct Run {
    bot: Arc<Bot>,
    clock: Arc<dyn Clock>,
    data: std::path::PathBuf,
    options: Options,
    adapters: Make,
    limits: Option<Limits>,
    until: Until,
}

/// Makes the adapters, once the store is open: what they send is numbered by it, so they have to know it by its name.
type Make = Box<dyn FnOnce(&str) -> Result<Vec<Adapter>, Exit>>;

/// `nape chat`: the terminal alone.
///
/// # Errors
/// Those of the texts, the store and the terminal.
pub fn chat(chat: Chat) -> Result<(), Exit> {
    let bot = Arc::new(assembly::bot(&chat.knowledge)?);
    let clock: Arc<dyn Clock> =
        if chat.fast { Arc::new(VirtualClock::new(SystemClock.now())) } else { Arc::new(SystemClock) };
    // A screen to draw on needs both ends; with one of them a pipe, lines are played as in a script.
    let is_screen = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let adapter = adapters::terminal(&chat, &bot, &clock, is_screen);
    let options = Options { key: chat.key, room: config::room(chat.room) };
    let until = if chat.fast { Until::NothingIsDue } else { Until::Stopped };
    Run { bot, clock, data: chat.data, options, adapters: Box::new(|_| Ok(vec![adapter])), limits: None, until }.go()
}

/// `nape run`: whatever the configuration enables.
///
/// # Errors
/// Those of the texts, the store, secrets, and of adapters when none is left that can go on.
pub fn run(config: Config) -> Result<(), Exit> {
    let knowledge = Knowledge { content: config.content.clone(), model: config.model.clone() };
    let operators = config.operators.iter().map(UserId::from_stored);
    let bot = Arc::new(assembly::bot(&knowledge)?.with_operators(operators));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if !adapters::any(&config) {
        let line = "no adapter is enabled; set enabled = true under [discord], [matrix] or [terminal]";
        return Err(Exit::new(Code::Config, line));
    }
    let (options, data) = (config.options(), config.store.clone());
    let limits = Some(Limits::new(config.limits));
    let (theirs, time) = (bot.clone(), clock.clone());
    let adapters: Make = Box::new(move |store| adapters::enabled(&config, &theirs, &time, store));
    Run { bot, clock, data, options, adapters, limits, until: Until::Stopped }.go()
}

impl Run {
    fn go(self) -> Result<(), Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(|error| Exit::new(Code::Software, format!("no threads to run on: {error}")))?;
        let result = runtime.block_on(self.until_the_end());
        // A thread that still waits for a line can't be told to stop waiting.
        runtime.shutdown_background();
        result
    }

    async fn until_the_end(self) -> Result<(), Exit> {
        let Self { bot, clock, data, options, adapters, limits, until } = self;
        let store = stores::open(&data, &options).await?;
        let adapters = adapters(&store.name())?;
        let (tell, stop) = watch::channel(false);
        tokio::spawn(signals(tell.clone()));
        tokio::spawn(watching::run(store.clone(), Arc::new(SystemClock), tell));
        tokio::spawn(control::serve(data, store.clone()));
        let ended = runtime::run_within(limits, bot, store.clone(), clock, adapters, until, stop).await;
        let closed = store.close().map_err(stores::exit);
        ended.map_err(|error| match error {
            RuntimeError::Store(error) => stores::exit(error),
            RuntimeError::Adapter(error) => Exit::new(Code::Software, error),
        })?;
        closed
    }
}

/// Turns true when the system asks the program to end.
async fn signals(tell: watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    terminate.recv().await;
    let _ = tell.send(true);
}
