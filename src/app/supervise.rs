//! Adapters are watched over: one that fails or panics starts again after a pause and never stops another.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::adapter::{Delivery, Failure, Incoming, Link, Prefixes, Profile, Pulse};
use crate::app::clock::Clock;
use crate::app::runtime::RuntimeError;
use crate::base::id::{Platform, ServerId};
use crate::port::record::{Key, Record};
use crate::settings::resolve::Layers;
use crate::settings::table::PREFIX;
use crate::settings::value::Values;
use crate::store::{Store, StoreError};

/// Deliveries that may wait for an adapter.
const WAITING: usize = 256;
/// Servers read at a time.
const AT_A_TIME: usize = 256;

/// What an adapter is to the runtime: its profile, and how to run it.
pub struct Adapter {
    /// What it can show.
    pub profile: Profile,
    /// Runs it until it is told to stop, or until nothing more can come from it.
    pub run: Box<dyn Fn(Link) -> BoxFuture + Send + Sync>,
    /// Whether its end is the end of the program, as with a terminal.
    pub ends_all: bool,
}

/// A running adapter.
pub type BoxFuture = std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What the end of an adapter means for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The program is done.
    All,
    /// The others go on.
    Itself,
}

/// Runs an adapter, and again after a pause when it fails or panics. Its orders wait in the meantime.
///
/// # Errors
/// When an adapter fails whose end is the end of the program, or one that would fail again and again.
pub async fn supervise(
    adapter: Adapter,
    way: watch::Sender<Option<mpsc::Sender<Delivery>>>,
    events: mpsc::Sender<Incoming>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    (pulse, mut closed): (Arc<dyn Pulse>, watch::Receiver<bool>),
) -> Result<End, RuntimeError> {
    const FIRST_PAUSE: Duration = Duration::from_secs(1);
    const LONGEST_PAUSE: Duration = Duration::from_secs(300);
    let mut pause = FIRST_PAUSE;
    // An adapter that ends all has the only end of its way in: when it lets go of it, no more is to come.
    let mut events = Some(events);
    loop {
        let (deliveries, inbox) = mpsc::channel(WAITING);
        way.send_replace(Some(deliveries));
        let started = clock.now();
        let inlet = if adapter.ends_all { events.take() } else { events.clone() };
        let Some(inlet) = inlet else { return Ok(End::All) };
        let servers = servers(store.as_ref(), &adapter.profile.platform);
        let link = Link {
            events: inlet,
            deliveries: inbox,
            stop: closed.clone(),
            prefixes: prefixes(store.clone()),
            servers,
            pulse: pulse.clone(),
        };
        let ended = tokio::spawn((adapter.run)(link)).await;
        // Orders wait until it is back; when it never comes back, they stay in the store.
        way.send_replace(None);
        pulse.lost();
        let failure = match ended {
            Ok(Ok(())) if adapter.ends_all => return Ok(End::All),
            Ok(Ok(())) => return Ok(End::Itself),
            Ok(Err(Failure::Passing(why))) => why,
            Ok(Err(Failure::Final(why))) => return Err(RuntimeError::Adapter(why)),
            // Not with what: that may quote what somebody wrote. Where, the log has said.
            Err(_) => "it panicked".to_owned(),
        };
        if adapter.ends_all {
            return Err(RuntimeError::Adapter(failure));
        }
        if clock.now().since(started) > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tracing::error!(platform = %adapter.profile.platform, failure, ?pause, "an adapter failed and starts again after a pause");
        tokio::select! {
            busy = clock.sleep_until(clock.now() + pause) => drop(busy),
            _ = closed.wait_for(|closed| *closed) => return Ok(End::Itself),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What calls the bot in a server. Where the settings can't be read, the usual prefix does.
fn prefixes(store: Arc<dyn Store>) -> Prefixes {
    Prefixes::new(move |server| {
        let key = Key::Server(server.clone());
        let settings = store.load(std::slice::from_ref(&key)).map(|records| records.server(Some(server)).settings);
        let (settings, nobody) = (settings.unwrap_or_default(), Values::default());
        Layers { server: &settings, person: &nobody }.word(&PREFIX)
    })
}

/// The servers of a platform of which something is kept, but for those that are known to have removed the bot.
fn servers(store: &dyn Store, platform: &Platform) -> Vec<ServerId> {
    let all = || -> Result<Vec<ServerId>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.scan("server", after.as_deref(), AT_A_TIME)?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = Some(last.name());
            found.extend(page.into_iter().filter_map(|(key, record)| match (key, record) {
                (Key::Server(id), Record::Server(server)) if server.removed.is_none() => Some(id),
                _ => None,
            }));
        }
    };
    let found = all().unwrap_or_else(|error| {
        tracing::warn!(%error, "which servers are on record can't be told");
        Vec::new()
    });
    found.into_iter().filter(|server| server.platform() == platform.as_str()).collect()
}
