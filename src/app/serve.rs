//! A store, a clock and adapters put together, and run: `nape chat` and `nape run`.

mod adapters;
#[cfg(feature = "discord")]
mod discord;
#[cfg(feature = "matrix")]
pub mod matrix;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::adapter::terminal;
use crate::app::arguments::{Chat, Knowledge};
use crate::app::assembly;
use crate::app::clock::{Clock, SystemClock, VirtualClock};
use crate::app::config::{self, Config};
use crate::app::exit::{Code, Exit};
use crate::app::health::{Health, Vitals};
use crate::app::limits::Limits;
use crate::app::metrics::Metrics;
use crate::app::reload::{Asked, Reload};
use crate::app::runtime::{self, Frame, RuntimeError, Until};
use crate::app::supervise::Adapter;
use crate::app::version::{COMMIT, VERSION};
use crate::app::{control, notify, stores, watch as watching, web};
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
    limits: Option<Arc<Limits>>,
    until: Until,
    /// Where health and metrics are served.
    health: Option<SocketAddr>,
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
    let adapters: Make = Box::new(|_| Ok(vec![adapter]));
    Run { bot, clock, data: chat.data, options, adapters, limits: None, until, health: None }.go(None)
}

/// `nape run`: whatever the configuration enables.
///
/// # Errors
/// Those of the texts, the store, secrets, and of adapters when none is left that can go on.
pub(super) fn run(config: Config, asked: Asked) -> Result<(), Exit> {
    let knowledge = Knowledge { content: config.content.clone(), model: config.model.clone() };
    let operators = config.operators.iter().map(UserId::from_stored);
    let bot = Arc::new(assembly::bot(&knowledge)?.with_operators(operators));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if !adapters::any(&config) {
        let line = "no adapter is enabled; set enabled = true under [discord], [matrix] or [terminal]";
        return Err(Exit::new(Code::Config, line));
    }
    let (options, data, health) = (config.options(), config.store.clone(), config.health);
    let limits = Arc::new(Limits::new(config.limits));
    let reload = Reload { asked, config: config.clone(), limits: limits.clone() };
    tracing::info!(version = VERSION, "starting");
    let (theirs, time, own) = (bot.clone(), clock.clone(), config.clone());
    let adapters: Make = Box::new(move |store| adapters::enabled(&own, &theirs, &time, store));
    Run { bot, clock, data, options, adapters, limits: Some(limits), until: Until::Stopped, health }.go(Some(reload))
}

impl Run {
    fn go(self, reload: Option<Reload>) -> Result<(), Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(|error| Exit::new(Code::Software, format!("no threads to run on: {error}")))?;
        let result = runtime.block_on(async {
            if let Some(reload) = reload {
                reload.start();
            }
            self.until_the_end().await
        });
        // A thread that still waits for a line can't be told to stop waiting.
        runtime.shutdown_background();
        result
    }

    async fn until_the_end(self) -> Result<(), Exit> {
        let Self { bot, clock, data, options, adapters, limits, until, health } = self;
        let listener = match health {
            Some(address) => Some(web::bind(address).await?),
            None => None,
        };
        let store = stores::open(&data, &options).await?;
        let adapters = adapters(&store.name())?;
        let vitals = Vitals { health: Arc::new(Health::new(clock.clone())), metrics: Arc::new(Metrics::new(COMMIT)) };
        // A terminal is no connection that could be lost.
        let platforms = adapters.iter().map(|adapter| &adapter.profile.platform);
        platforms.filter(|platform| platform.as_str() != terminal::PLATFORM).for_each(|it| vitals.health.expect(it));
        watching::first(&store, &vitals).map_err(stores::exit)?;
        let (tell, stop) = watch::channel(false);
        tokio::spawn(signals(tell.clone()));
        tokio::spawn(watching::run(store.clone(), Arc::new(SystemClock), vitals.clone(), tell));
        tokio::spawn(control::serve(data, store.clone()));
        if let Some(listener) = listener {
            tokio::spawn(web::serve(listener, vitals.clone(), store.clone()));
        }
        let frame = Frame { limits, vitals, up };
        let ended = runtime::run_within(frame, bot, store.clone(), clock, adapters, until, stop).await;
        let closed = store.close().map_err(stores::exit);
        ended.map_err(|error| match error {
            RuntimeError::Store(error) => stores::exit(error),
            RuntimeError::Adapter(error) => Exit::new(Code::Software, error),
        })?;
        closed
    }
}

/// People can be served from now on.
fn up() {
    tracing::info!("up; platforms connect in their own time");
    notify::ready();
}

/// Turns true when the system asks the program to end.
async fn signals(tell: watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    terminate.recv().await;
    notify::stopping();
    let _ = tell.send(true);
}
