//! Guilds that let the bot in or remove it, and threads that are closed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use serenity::model::event::Event as Said;
use serenity::model::id::{ChannelId, GuildId};

use crate::base::id::{Place, ServerId, UserId};
use crate::base::time::Timestamp;
use crate::port::event::Event;
use crate::port::record::Key;

use super::{Shared, place};

/// A guild that let the bot in no longer ago than that is new, also when the bot was away at that moment.
const NEW: Duration = Duration::from_secs(24 * 60 * 60);

/// The guilds, as far as Discord has said.
pub(super) struct Guilds(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Said to be there, one by one.
    seen: HashSet<GuildId>,
    /// Named when a shard's session began.
    listed: HashSet<GuildId>,
    /// The shards whose sessions have begun.
    shards: HashSet<u32>,
    /// Something is kept of these, and nobody has said yet whether the bot is still in them.
    on_record: Vec<ServerId>,
}

impl Guilds {
    /// None is known but those of which something is kept.
    pub fn new(on_record: Vec<ServerId>) -> Self {
        Self(Mutex::new(Known { on_record, ..Known::default() }))
    }

    /// Adds one; whether it wasn't there before.
    fn add(&self, guild: GuildId) -> bool {
        self.known().seen.insert(guild)
    }

    fn remove(&self, guild: GuildId) {
        let mut known = self.known();
        known.seen.remove(&guild);
        known.listed.remove(&guild);
    }

    /// Takes the list with which a shard's session begins: what it had before and has no more is gone. So is, once all shards have
    /// their lists, what is on record and in none of them.
    fn list(&self, guilds: impl Iterator<Item = GuildId>, shard: u32, of: u32) -> Vec<ServerId> {
        let mut known = self.known();
        let now: HashSet<GuildId> = guilds.collect();
        let is_gone = |guild: &GuildId| (guild.get() >> 22) % u64::from(of) == u64::from(shard) && !now.contains(guild);
        let gone: HashSet<GuildId> = known.listed.union(&known.seen).copied().filter(is_gone).collect();
        known.seen.retain(|guild| !gone.contains(guild));
        known.listed.retain(|guild| !gone.contains(guild));
        known.listed.extend(now);
        known.shards.insert(shard);
        let mut gone: Vec<ServerId> = gone.into_iter().map(place::server).collect();
        if known.shards.len() >= usize::try_from(of).unwrap_or(usize::MAX) {
            let is_there: HashSet<ServerId> =
                known.listed.union(&known.seen).map(|guild| place::server(*guild)).collect();
            let on_record = std::mem::take(&mut known.on_record);
            gone.extend(on_record.into_iter().filter(|server| !is_there.contains(server)));
        }
        gone
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// A shard's session begins with the list of its guilds, those with an outage among them: whoever threw the bot out while
    /// it was away is not in it.
    pub(super) fn is_in(self: &Arc<Self>, guilds: &Value, shard: u32, of: u32) {
        let listed = guilds.as_array().into_iter().flatten();
        let ids = listed.filter_map(|guild| guild["id"].as_str()?.parse().ok().filter(|id: &u64| *id > 0));
        for server in self.guilds.list(ids.map(GuildId::new), shard, of) {
            tracing::info!("a server has removed the bot while it was away");
            drop(self.pass_on(Event::Membership { server, present: false, host: None }));
        }
    }

    /// Whatever else happens: guilds and threads.
    pub(super) fn guild_life(self: &Arc<Self>, event: Said) {
        match event {
            Said::GuildCreate(event) => {
                let guild = event.guild;
                // After an outage, and at every start, they all come again.
                if !self.guilds.add(guild.id) {
                    return;
                }
                let joined = Timestamp::from_millis(guild.joined_at.unix_timestamp() * 1000);
                let is_new = self.time.now().since(joined) < NEW;
                let host = is_new.then(|| (place::user(guild.owner_id), place::with(guild.owner_id)));
                self.membership(guild.id, true, host);
            }
            // Discord's own trouble: the bot is still in.
            Said::GuildDelete(event) if event.guild.unavailable => {}
            Said::GuildDelete(event) => {
                self.guilds.remove(event.guild.id);
                self.membership(event.guild.id, false, None);
            }
            Said::ThreadDelete(event) => self.closed(event.thread.id),
            Said::ChannelDelete(event) => self.closed(event.channel.id),
            Said::ThreadUpdate(event)
                if event.thread.thread_metadata.is_some_and(|thread| thread.archived || thread.locked) =>
            {
                self.closed(event.thread.id);
            }
            _ => {}
        }
    }

    fn membership(self: &Arc<Self>, guild: GuildId, present: bool, host: Option<(UserId, Place)>) {
        drop(self.pass_on(Event::Membership { server: place::server(guild), present, host }));
    }

    /// A thread is closed: a routine that ran in it ends.
    fn closed(self: &Arc<Self>, channel: ChannelId) {
        if let Some((owner, place)) = self.cards.forget(channel) {
            drop(self.pass_on(Event::Gone { key: Key::Session(owner), place }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guild of the second of two shards if its number is odd.
    fn guild(number: u64) -> GuildId {
        GuildId::new(number << 22)
    }

    fn servers(numbers: &[u64]) -> Vec<ServerId> {
        numbers.iter().map(|number| place::server(guild(*number))).collect()
    }

    fn list(guilds: &Guilds, numbers: &[u64], shard: u32) -> Vec<ServerId> {
        guilds.list(numbers.iter().map(|number| guild(*number)), shard, 2)
    }

    #[test]
    fn who_is_in_no_shards_list_is_gone_and_that_is_said_once() {
        let guilds = Guilds::new(servers(&[1, 2, 3, 4]));
        assert_eq!(list(&guilds, &[2], 0), [], "the other shard has not said yet");
        // Let in again while the other shard was on its way.
        assert!(guilds.add(guild(4)));
        assert_eq!(list(&guilds, &[1], 1), servers(&[3]));
        assert_eq!(list(&guilds, &[1], 1), []);
    }

    #[test]
    fn who_is_missing_when_a_shard_begins_anew_is_gone() {
        let guilds = Guilds::new(Vec::new());
        assert_eq!((list(&guilds, &[2, 4], 0), list(&guilds, &[1], 1)), (vec![], vec![]));
        assert!(guilds.add(guild(6)));
        assert_eq!(list(&guilds, &[2, 6], 0), servers(&[4]), "the other shard's are not its own");
        assert_eq!(list(&guilds, &[2], 0), servers(&[6]));
        assert!(guilds.add(guild(6)), "let in again, it is new");
    }
}
