//! The connection by which Discord says what happens. The library keeps it up, shard by shard; here it is watched, so that a
//! dead shard is noticed and a flapping one doesn't use up the day's sessions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use serenity::client::{Context, EventHandler, RawEventHandler};
use serenity::gateway::{ConnectionStage, GatewayError, ShardManager, ShardManagerOptions, ShardStageUpdateEvent};
use serenity::model::event::Event;
use serenity::model::gateway::GatewayIntents;
use serenity::model::id::ShardId;
use tokio::sync::Notify;

use crate::adapter::Failure;
use crate::base::time::Timestamp;

use super::{Shared, failure};

/// Nothing but guilds coming and going, and their threads: interactions come in any case.
const INTENTS: GatewayIntents = GatewayIntents::GUILDS;
/// How often shards are looked at.
const LOOK: Duration = Duration::from_secs(15);
/// A shard that is not connected for so long is dead: two and a half of Discord's heartbeats, of 41.25 s.
const DEAD: Duration = Duration::from_secs(103);
/// So many sessions beside one for each shard may begin within [`WITHIN`]; Discord takes the token away at 1,000 a day.
const SPARE: usize = 5;
const WITHIN: Duration = Duration::from_secs(600);
/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(2);

/// Runs the connection until it can't go on.
///
/// # Errors
/// [`Failure::Final`] for what Discord refuses for good.
pub(super) async fn run(shared: Arc<Shared>) -> Result<(), Failure> {
    let beginnings = Arc::new(Beginnings::default());
    loop {
        let (manager, mut ended) = manager(&shared, &beginnings).await?;
        let guard = Closing(manager.clone(), shared.clone());
        let shards = shards(&shared).await?;
        beginnings.shards(shards);
        manager.set_shards(0, shards, shards).await;
        manager.initialize().map_err(|error| failure(&error))?;
        tokio::select! {
            ended = ended.next() => {
                return Err(match ended {
                    Some(Err(error)) => ended_with(&error),
                    Some(Ok(())) | None => Failure::Passing("the connection to Discord was closed".to_owned()),
                });
            }
            () = watch(&shared, &manager, shards) => {}
            () = beginnings.too_many.notified() => {}
        }
        drop(guard);
        let pause = beginnings.pause(shared.time.now());
        tracing::warn!(
            ?pause,
            "the connection to Discord flaps: it rests, so that it doesn't use up the day's sessions"
        );
        shared.time.wait(pause).await;
    }
}

/// The library's keeper of shards, with the address that the API gives, and never another one in its stead: its own client
/// falls back to Discord's.
async fn manager(
    shared: &Arc<Shared>,
    beginnings: &Arc<Beginnings>,
) -> Result<(Arc<ShardManager>, impl Stream<Item = Result<(), GatewayError>> + Unpin + use<>), Failure> {
    let address = shared.http.get_gateway().await.map_err(|error| failure(&error))?.url;
    Ok(ShardManager::new(ShardManagerOptions {
        data: Arc::default(),
        event_handlers: vec![Arc::new(Stages(beginnings.clone(), shared.clone()))],
        raw_event_handlers: vec![Arc::new(Handler(shared.clone()))],
        shard_index: 0,
        shard_init: 0,
        shard_total: 0,
        ws_url: Arc::new(tokio::sync::Mutex::new(address)),
        http: shared.http.clone(),
        intents: INTENTS,
        presence: None,
    }))
}

async fn shards(shared: &Shared) -> Result<u32, Failure> {
    match shared.settings.shards {
        Some(shards) => Ok(shards),
        None => Ok(shared.http.get_bot_gateway().await.map_err(|error| failure(&error))?.shards.max(1)),
    }
}

fn ended_with(error: &GatewayError) -> Failure {
    let what_to_do = match error {
        GatewayError::InvalidAuthentication => return super::token_refused(),
        GatewayError::InvalidShardData => "Discord refuses the shards: take away discord.shards",
        GatewayError::OverloadedShard => {
            "the bot is in too many servers for so few shards: raise discord.shards, or take it away"
        }
        GatewayError::DisallowedGatewayIntents | GatewayError::InvalidGatewayIntents => {
            "Discord refuses what this version asks to be told; look for a newer one"
        }
        other => return Failure::Passing(format!("the connection to Discord ended: {other}")),
    };
    Failure::Final(what_to_do.to_owned())
}

/// Starts shards anew that are dead.
async fn watch(shared: &Shared, manager: &ShardManager, shards: u32) {
    let mut since: Vec<Option<Timestamp>> = vec![None; usize::try_from(shards).unwrap_or(1)];
    loop {
        shared.time.wait(LOOK).await;
        let now = shared.time.now();
        let stages: Vec<bool> = {
            let runners = manager.runners.lock().await;
            let connected =
                |id: u32| runners.get(&ShardId(id)).is_some_and(|runner| runner.stage == ConnectionStage::Connected);
            (0..shards).map(connected).collect()
        };
        for (id, (since, connected)) in (0..).zip(since.iter_mut().zip(stages)) {
            if connected {
                *since = None;
                continue;
            }
            let begin = *since.get_or_insert(now);
            // Shards begin one after the other, five seconds apart: a late one is not dead.
            if now.since(begin) >= DEAD + Duration::from_secs(5) * id {
                tracing::warn!(shard = id, "a shard is dead and starts anew");
                manager.restart(ShardId(id)).await;
                *since = None;
            }
        }
    }
}

/// Closes the shards when it is dropped, beside whatever else goes on, and under a deadline of its own: the library's has
/// none when no shard is up.
struct Closing(Arc<ShardManager>, Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        let (manager, shared) = (self.0.clone(), self.1.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = manager.shutdown_all() => {}
                () = shared.time.wait(CLOSING) => {}
            }
        });
    }
}

/// How often sessions have begun.
#[derive(Default)]
struct Beginnings {
    at: Mutex<(VecDeque<Timestamp>, usize)>,
    too_many: Notify,
}

impl Beginnings {
    fn shards(&self, shards: u32) {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).1 = usize::try_from(shards).unwrap_or(1);
    }

    fn note(&self, now: Timestamp) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.0.push_back(now);
        while at.0.front().is_some_and(|first| now.since(*first) >= WITHIN) {
            at.0.pop_front();
        }
        if at.0.len() >= at.1.max(1) + SPARE {
            self.too_many.notify_one();
        }
    }

    /// How long to rest until the next may begin.
    fn pause(&self, now: Timestamp) -> Duration {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = at.0.front().map_or(Duration::ZERO, |first| (*first + WITHIN).since(now));
        at.0.clear();
        pause
    }
}

/// Counts the sessions that begin.
struct Stages(Arc<Beginnings>, Arc<Shared>);

#[async_trait]
impl EventHandler for Stages {
    async fn shard_stage_update(&self, _: Context, event: ShardStageUpdateEvent) {
        if event.new == ConnectionStage::Identifying {
            self.0.note(self.1.time.now());
        }
    }
}

/// Takes what happens.
struct Handler(Arc<Shared>);

#[async_trait]
impl RawEventHandler for Handler {
    async fn raw_event(&self, _: Context, event: Event) {
        match event {
            Event::InteractionCreate(event) => self.0.interaction(event.interaction).await,
            Event::Unknown(event) if event.kind == "INTERACTION_CREATE" => {
                tracing::warn!(kind = event.kind, "an event of a known kind can't be read");
                self.0.unread(&event.value).await;
            }
            Event::Unknown(event) => tracing::debug!(kind = event.kind, "an event of no known kind"),
            other => self.0.guild_life(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flapping_connection_rests_before_it_uses_up_the_day() {
        let start = Timestamp::from_millis(1_795_000_000_000);
        let beginnings = Beginnings::default();
        beginnings.shards(1);
        let (mut now, mut begun) = (start, 0);
        // A session every five seconds, as quick as the library allows, for a day.
        while now.since(start) < Duration::from_secs(24 * 60 * 60) {
            beginnings.note(now);
            begun += 1;
            let flaps = beginnings.at.lock().unwrap().0.len() > SPARE;
            now = now + if flaps { beginnings.pause(now) } else { Duration::from_secs(5) };
        }
        assert!(begun > 100 && begun < 1_000, "{begun}");
    }
}
