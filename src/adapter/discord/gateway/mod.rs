//! The connection by which Discord says what happens: one for each shard, kept up, taken up again where it broke off.
//!
//! The library has one of its own (serenity 0.12.5, `gateway/bridge`), which isn't used: a socket that ends without a word,
//! a refused shard (4010, 4011) or a failed resumption leaves it spinning until the next heartbeat, or for ever when it is then
//! told to end; a dead shard costs it a new session; and it ends only while a shard is up.

mod session;
mod socket;
mod starts;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use serenity::model::event::Event;
use serenity::model::gateway::GatewayIntents;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::adapter::Failure;
use crate::base::time::Timestamp;

use self::session::{End, Next, Session};
use self::socket::{Came, Socket};
use self::starts::Starts;
use super::{Shared, failure};

/// Nothing but guilds coming and going, and their threads: interactions come in any case.
const INTENTS: GatewayIntents = GatewayIntents::GUILDS;
/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(20);
/// A connection that has held for so long is none that flaps: the next is made at once.
const STEADY: Duration = Duration::from_secs(60);
/// The first pause between connections that don't hold; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A connection on which nothing came for so long hangs: Discord's heartbeats are 41.25 s apart, and answered.
const SILENT: Duration = Duration::from_secs(50);
/// A session that is not valid is not begun anew within that time.
const BEFORE_ANEW: Duration = Duration::from_secs(2);
/// Close codes: the session is over; it will be taken up.
const GOODBYE: u16 = 1000;
const UNTIL_SOON: u16 = 4000;

/// What all shards share.
struct Gateway {
    shared: Arc<Shared>,
    address: String,
    shards: u32,
    starts: Starts,
    stop: watch::Receiver<bool>,
    /// When something came last on each shard's connection; `None` while its session doesn't stand.
    signs: Mutex<Vec<Option<Timestamp>>>,
}

/// Runs all shards until it is told to stop; then they are closed.
///
/// # Errors
/// [`Failure::Final`] for what Discord refuses for good.
pub(super) async fn run(shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Result<(), Failure> {
    let said = shared.http.get_bot_gateway().await.map_err(|error| failure(&error))?;
    if shared.settings.api_url.is_some() && is_discords(&said.url) {
        return Err(Failure::Final(format!(
            "discord.api_url names an API whose gateway is {}, Discord's own: let it name its own in GET /gateway/bot, or \
             take discord.api_url away",
            said.url
        )));
    }
    let shards = shared.settings.shards.unwrap_or(said.shards).max(1);
    let starts = Starts::new(shards, &said.session_start_limit, shared.time.now());
    let signs = Mutex::new(vec![None; usize::try_from(shards).unwrap_or(1)]);
    let gateway = Arc::new(Gateway { shared, address: said.url, shards, starts, stop, signs });
    let mut running = JoinSet::new();
    (0..shards).for_each(|shard| drop(running.spawn(gateway.clone().keep_up(shard))));
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(ended) => ended?,
            Err(error) => return Err(Failure::Passing(format!("a shard panicked: {error}"))),
        }
    }
    Ok(())
}

/// Whether an address is one of Discord itself.
pub(super) fn is_discords(address: &str) -> bool {
    let host = address.split("://").nth(1).unwrap_or(address).split(['/', ':', '?']).next().unwrap_or_default();
    ["discord.com", "discord.gg", "discordapp.com"]
        .iter()
        .any(|own| host.strip_suffix(own).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

impl Gateway {
    /// Keeps a shard up.
    async fn keep_up(self: Arc<Self>, shard: u32) -> Result<(), Failure> {
        let (mut session, mut pause) = (Session::default(), Duration::ZERO);
        let mut stop = self.stop.clone();
        loop {
            let began = self.shared.time.now();
            let ended = self.connection(shard, &mut session).await;
            self.sign(shard, None);
            let why = match ended {
                None => return Ok(()),
                Some(End::Refused(code)) => return Err(refused(code)),
                Some(End::Passing(why)) => why,
            };
            if self.shared.time.now().since(began) >= STEADY {
                pause = Duration::ZERO;
            }
            tracing::info!(shard, why, ?pause, "a shard connects again");
            let least = if session.is_new() { BEFORE_ANEW } else { Duration::ZERO };
            tokio::select! {
                () = self.shared.time.wait(pause.max(least)) => {}
                () = told(&mut stop) => return Ok(()),
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
    }

    /// One connection, from its beginning to its end; `None` when it was told to stop.
    async fn connection(&self, shard: u32, session: &mut Session) -> Option<End> {
        let (time, mut stop) = (&self.shared.time, self.stop.clone());
        while session.is_new() {
            let wait = self.starts.take(shard, time.now());
            if wait.is_zero() {
                break;
            }
            tracing::debug!(shard, ?wait, "a session waits before it begins");
            tokio::select! {
                () = time.wait(wait) => {}
                () = told(&mut stop) => return None,
            }
        }
        // Where the API is reached by another way, nothing goes to the address of Discord's own.
        let elsewhere = session.address().filter(|_| self.shared.settings.api_url.is_none());
        let address = elsewhere.unwrap_or(&self.address).to_owned();
        let socket = tokio::select! {
            socket = Socket::connect(&address) => socket,
            () = time.wait(CONNECTING) => None,
            () = told(&mut stop) => return None,
        };
        let Some(mut socket) = socket else {
            session.forget_address();
            return Some(End::Passing("there was no connection"));
        };
        session.connected(time.now());
        let mut stands = false;
        loop {
            let next = tokio::select! {
                came = socket.next() => match came {
                    Came::Frame(frame) => {
                        if stands {
                            self.sign(shard, Some(time.now()));
                        }
                        session.heard(time.now(), frame)
                    }
                    Came::End(code) => return Some(session.ended(code)),
                },
                () = time.wait(session.due().since(time.now())) => session.time_has_come(time.now()),
                () = told(&mut stop) => {
                    socket.close(GOODBYE).await;
                    return None;
                }
            };
            let frame = match next {
                None => continue,
                Some(Next::End(end)) => {
                    socket.close(UNTIL_SOON).await;
                    return Some(end);
                }
                Some(Next::Happened(kind, data)) => {
                    if !stands && matches!(kind.as_str(), "READY" | "RESUMED") {
                        stands = true;
                        self.sign(shard, Some(time.now()));
                    }
                    self.happened(shard, &kind, data);
                    continue;
                }
                Some(Next::Send(frame)) => frame,
                Some(Next::Identify) => self.identify(shard),
                Some(Next::Resume(id, last)) => {
                    json!({"op": 6, "d": {"token": self.token(), "session_id": id, "seq": last}})
                }
            };
            if !socket.send(&frame).await {
                return Some(session.ended(None));
            }
        }
    }

    /// Something came on a shard's connection, or it has ended; from that follows how Discord is.
    fn sign(&self, shard: u32, at: Option<Timestamp>) {
        let now = self.shared.time.now();
        let mut signs = self.signs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sign) = usize::try_from(shard).ok().and_then(|shard| signs.get_mut(shard)) {
            *sign = at;
        }
        if signs.iter().all(|sign| sign.is_some_and(|at| now.since(at) < SILENT)) {
            self.shared.pulse.heard();
        } else {
            self.shared.pulse.lost();
        }
    }

    fn identify(&self, shard: u32) -> Value {
        json!({"op": 2, "d": {
            "token": self.token(),
            "intents": INTENTS.bits(),
            "shard": [shard, self.shards],
            "properties": {"os": std::env::consts::OS, "browser": "nape", "device": "nape"},
        }})
    }

    fn token(&self) -> &str {
        self.shared.settings.token.expose_secret()
    }

    /// Takes what happens, beside what else goes on.
    fn happened(&self, shard: u32, kind: &str, data: Value) {
        let shared = self.shared.clone();
        if kind == "READY" {
            return shared.is_in(&data["guilds"], shard, self.shards);
        }
        let named = [("t".to_owned(), kind.into()), ("d".to_owned(), data)].into_iter().collect();
        match serde_json::from_value(Value::Object(named)) {
            Ok(Event::InteractionCreate(event)) => {
                drop(tokio::spawn(async move { shared.interaction(event.interaction).await }));
            }
            Ok(Event::Unknown(event)) if event.kind == "INTERACTION_CREATE" => {
                let count = shared.unread.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(count, "an interaction can't be read; its person is answered all the same");
                drop(tokio::spawn(async move { shared.unread(&event.value).await }));
            }
            Ok(Event::Unknown(_)) | Err(_) => tracing::debug!(kind, "an event that can't be read"),
            Ok(other) => shared.guild_life(other),
        }
    }
}

/// Waits until it is told to stop; a stop that nobody can tell any more is as good as told.
async fn told(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// What a close code says that no other connection would mend.
fn refused(code: u16) -> Failure {
    let what_to_do = match code {
        4004 => return super::token_refused(),
        4010 => "Discord refuses the shards: take away discord.shards",
        4011 => "the bot is in too many servers for so few shards: raise discord.shards, or take it away",
        _ => "Discord refuses what this version asks for; look for a newer one",
    };
    Failure::Final(format!("{what_to_do} (close code {code})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discords_own_addresses_are_known() {
        for own in ["wss://gateway.discord.gg", "https://discord.com/api", "wss://gateway-us-east1-b.discord.gg/?v=10"]
        {
            assert!(is_discords(own), "{own}");
        }
        for other in
            ["ws://127.0.0.1:80", "https://notdiscord.com", "https://discord.com.example", "http://proxy/discord.gg"]
        {
            assert!(!is_discords(other), "{other}");
        }
    }
}
