//! Guilds that let the bot in or remove it, and threads that are closed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serenity::model::event::Event as Said;
use serenity::model::id::{ChannelId, GuildId};

use crate::base::time::Timestamp;
use crate::port::event::Event;
use crate::port::record::Key;

use super::{Shared, place};

/// A guild that let the bot in no longer ago than that is new, also when the bot was away at that moment.
const NEW: Duration = Duration::from_secs(24 * 60 * 60);

/// Guilds that were said to be there.
#[derive(Default)]
pub(super) struct Known(Mutex<HashSet<GuildId>>);

impl Known {
    /// Adds one; whether it wasn't there before.
    fn add(&self, guild: GuildId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(guild)
    }

    fn remove(&self, guild: GuildId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&guild);
    }
}

impl Shared {
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

    fn membership(
        self: &Arc<Self>,
        guild: GuildId,
        present: bool,
        host: Option<(crate::base::id::UserId, crate::base::id::Place)>,
    ) {
        drop(self.pass_on(Event::Membership { server: place::server(guild), present, host }));
    }

    /// A thread is closed: a routine that ran in it ends.
    fn closed(self: &Arc<Self>, channel: ChannelId) {
        if let Some((owner, place)) = self.cards.forget(channel) {
            drop(self.pass_on(Event::Gone { key: Key::Session(owner), place }));
        }
    }
}
