//! The adapters as the runtime sees them.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::adapter::terminal::{self, Mode, ScriptTime, Terminal};
use crate::adapter::{Failure, Names, Time};
use crate::app::arguments::{Chat, Knowledge};
use crate::app::clock::{Busy, Clock};
use crate::app::config::Config;
use crate::app::exit::Exit;
use crate::app::supervise::Adapter;
use crate::base::time::Timestamp;
use crate::bot::Bot;
use crate::content::Library;
use crate::settings::table::{Kind, Layer, SETTINGS};

/// The longest number, or the word that stands for none, in characters; and the longest name of a time zone.
const LONGEST_NUMBER: usize = 10;
const LONGEST_ZONE: usize = 40;

/// Whether the configuration enables any.
pub(super) fn any(config: &Config) -> bool {
    config.terminal || config.discord.is_some() || config.matrix.is_some()
}

/// Every adapter that the configuration enables. `store` is the name of the store that numbers their deliveries.
///
/// # Errors
/// Secrets that can't be read.
#[cfg_attr(not(feature = "matrix"), expect(unused_variables, reason = "only Matrix keeps such a number for long"))]
pub(super) fn enabled(
    config: &Config,
    bot: &Arc<Bot>,
    clock: &Arc<dyn Clock>,
    store: &str,
) -> Result<Vec<Adapter>, Exit> {
    let mut adapters = Vec::new();
    #[cfg(feature = "discord")]
    if let Some(settings) = &config.discord {
        adapters.push(super::discord::adapter(settings, bot, clock)?);
    }
    #[cfg(feature = "matrix")]
    if let Some(settings) = &config.matrix {
        adapters.push(super::matrix::adapter(settings, bot, clock, store)?);
    }
    if config.terminal {
        let knowledge = Knowledge::default();
        let Config { store: data, key, room, .. } = config.clone();
        let chat = Chat { data, key, room, knowledge, user: "me".to_owned(), fast: false };
        let is_screen = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        adapters.push(terminal(&chat, bot, clock, is_screen));
    }
    // With others beside it, its end is not theirs: a service has no terminal at all.
    let alone = adapters.len() == 1;
    adapters.iter_mut().for_each(|adapter| adapter.ends_all &= alone);
    Ok(adapters)
}

/// The terminal as the runtime sees it.
pub(super) fn terminal(chat: &Chat, bot: &Arc<Bot>, clock: &Arc<dyn Clock>, is_screen: bool) -> Adapter {
    let mode =
        if is_screen { Mode::Screen { live: !chat.fast && std::io::stdout().is_terminal() } } else { Mode::Pipe };
    // Lines in a pipe are there at once: until they are played, virtual time stands still.
    let hold = if is_screen { Busy::default() } else { clock.busy() };
    let time = Arc::new(Waiting { clock: clock.clone(), hold: Mutex::new(Some(hold)) });
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
            Box::pin(async move { terminal.run(link).await.map_err(|error| Failure::Passing(error.to_string())) })
        }),
    }
}

/// The clock, as adapters have it that people all over the world talk to.
#[cfg(any(feature = "discord", feature = "matrix"))]
pub(super) struct Real(pub Arc<dyn Clock>);

#[cfg(any(feature = "discord", feature = "matrix"))]
#[async_trait]
impl Time for Real {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn wait(&self, span: Duration) {
        drop(self.0.sleep_until(self.0.now() + span).await);
    }
}

/// Waiting in a script: the hold on virtual time is let go of for as long as it takes.
struct Waiting {
    clock: Arc<dyn Clock>,
    hold: Mutex<Option<Busy>>,
}

#[async_trait]
impl Time for Waiting {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn wait(&self, span: Duration) {
        let take = || self.hold.lock().unwrap_or_else(PoisonError::into_inner).take();
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
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(busy);
    }
}

impl ScriptTime for Waiting {
    fn no_more_input(&self) {
        drop(self.hold.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Names to complete.
pub(super) fn names(library: &Library) -> Names {
    let settings = |layer: Layer| {
        let rows = SETTINGS.iter().filter(|setting| setting.may_be_set_by(layer));
        rows.map(|setting| setting.key.to_owned()).collect()
    };
    Names {
        techniques: library
            .entries
            .iter()
            .filter(|entry| entry.is_card())
            .map(|entry| entry.id.rsplit('.').next().unwrap_or(&entry.id).to_owned())
            .collect(),
        terms: library.glossary.iter().map(|term| term.term.clone()).collect(),
        routines: library.routines.iter().map(|routine| routine.name.clone()).collect(),
        preferences: settings(Layer::Person),
        server_settings: settings(Layer::Server),
        sources: library.sources.iter().map(|source| source.id.clone()).collect(),
        texts: SETTINGS
            .iter()
            .filter(|setting| setting.may_be_set_by(Layer::Server))
            .filter_map(|setting| match setting.kind {
                Kind::Text { max } | Kind::Prefix { max } => Some((setting.key.to_owned(), max)),
                Kind::Number { .. } => Some((setting.key.to_owned(), LONGEST_NUMBER)),
                Kind::Zone => Some((setting.key.to_owned(), LONGEST_ZONE)),
                Kind::Switch | Kind::Word(_) | Kind::Words(_) | Kind::Ids { .. } | Kind::Place => None,
            })
            .collect(),
    }
}
