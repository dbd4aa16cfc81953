//! A Discord on loopback: REST and gateway, enough for a bot that lives by interactions.
//!
//! It is no client's idea of Discord: whatever it is asked, answers and sends is judged by Discord's own OpenAPI ([`spec`])
//! and by rules that the OpenAPI leaves out ([`lints`]); what breaks one fails the test when the fake is dropped.
//! It never reaches out: it listens on 127.0.0.1 and connects nowhere.
//!
//! A test sets the scene ([`scene`]), acts as people do ([`act`], [`handle`]), and waits for what is to be seen
//! ([`Fake::until`]). Time goes on by itself and can be moved on by [`Fake::advance`].

mod act;
mod application;
mod call;
pub mod callbacks;
mod channels;
pub mod faults;
pub mod gateway;
mod guilds;
mod handle;
pub mod id;
mod interact;
pub mod lints;
mod messages;
mod payload;
pub mod permissions;
mod routes;
mod scene;
mod server;
pub mod spec;
pub mod state;
mod threads;
mod webhooks;

use std::net::SocketAddr;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use act::Actor;
pub use handle::{Handle, Seen};
pub use id::Id;
use state::State;

/// The token that the fake's bot has: of the shape of a real one.
pub const TOKEN: &str = "MTA0MjQyNDI0MjQyNDI0MjQyNA.GfakeG.nobody-is-behind-this-token-of-a-test";

/// How long a test waits for something before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running fake. Dropping it ends it, and fails the test if anything was not honest.
#[derive(Debug)]
pub struct Fake {
    /// What it shares with those who act in it.
    pub inner: Arc<Inner>,
    server: JoinHandle<()>,
}

/// What the fake's parts share.
#[derive(Debug)]
pub struct Inner {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    address: SocketAddr,
}

impl Fake {
    /// Starts on a free port.
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    /// Starts at an address of this machine.
    pub async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        assert!(address.ip().is_loopback(), "the fake is for this machine only");
        let mut state = State::new(TOKEN);
        state.gateway.url = format!("ws://{address}");
        let inner = Arc::new(Inner { state: Mutex::new(state), changed: watch::Sender::new(()), address });
        let server = tokio::spawn(server::serve(listener, Arc::clone(&inner)));
        Self { inner, server }
    }

    /// What stands in place of `https://discord.com`: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// Takes no more connections, as when Discord can't be reached. Those that stand stay.
    pub async fn stop_listening(&self) {
        self.server.abort();
        while !self.server.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// Looks at the state.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.inner.look(look)
    }

    /// Changes the state by hand; all who wait look again.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.inner.change(change)
    }

    /// Waits until there is something to see. Panics after a minute, with the last requests.
    #[track_caller]
    pub fn until<T, L: FnMut(&State) -> Option<T>>(&self, look: L) -> impl Future<Output = T> + use<'_, T, L> {
        self.inner.until(look)
    }

    /// Moves the fake's time on: interactions run out, messages grow old.
    pub fn advance(&self, by: Duration) {
        self.change(|state| state.clock.advance(by));
    }

    /// How many requests there were of a kind: `POST /channels/{channel_id}/messages`.
    pub fn calls(&self, key: &str) -> usize {
        self.look(|state| state.requests.iter().filter(|request| request.key() == key).count())
    }

    /// How many requests there were of each kind.
    pub fn counts(&self) -> std::collections::BTreeMap<String, usize> {
        self.look(|state| {
            let mut counts = std::collections::BTreeMap::new();
            state.requests.iter().for_each(|request| *counts.entry(request.key()).or_default() += 1);
            counts
        })
    }

    /// What broke the specification or a rule so far, taken away: for tests that break them on purpose.
    pub fn violations(&self) -> Vec<String> {
        self.change(|state| std::mem::take(&mut state.violations))
    }

    /// Panics if anything broke the specification or a rule.
    #[track_caller]
    pub fn assert_honest(&self) {
        let found = self.violations();
        assert!(found.is_empty(), "not as Discord would have it:\n{}\n", found.join("\n"));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
        if !std::thread::panicking() {
            self.assert_honest();
        }
    }
}

impl Inner {
    /// Looks at the state.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Changes the state; all who wait look again.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.changed.send_replace(());
        changed
    }

    /// Tells of every change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// As [`Fake::until`].
    #[track_caller]
    pub fn until<T, L: FnMut(&State) -> Option<T>>(&self, mut look: L) -> impl Future<Output = T> + use<'_, T, L> {
        let asked = Location::caller();
        async move {
            let mut changes = self.changes();
            let wait = async {
                loop {
                    changes.borrow_and_update();
                    if let Some(found) = self.look(&mut look) {
                        return found;
                    }
                    changes.changed().await.expect("the fake outlives who waits on it");
                }
            };
            match timeout(PATIENCE, wait).await {
                Ok(found) => found,
                Err(_) => panic!("{asked}: nothing to see after {PATIENCE:?}. {}", self.look(State::story)),
            }
        }
    }
}

impl State {
    /// The last requests and what was broken, for who wonders why a test waits in vain.
    pub fn story(&self) -> String {
        let last = self.requests.iter().rev().take(20).rev();
        let last = last.map(|request| {
            format!(
                "\n  {} {} -> {:?} {:?} {}",
                request.method, request.path, request.status, request.code, request.body
            )
        });
        let broken = self.violations.iter().map(|wrong| format!("\n  broken: {wrong}"));
        let connected = self.gateway.connected().count();
        format!("{connected} connected; the last requests:{}", last.chain(broken).collect::<String>())
    }
}
