//! Permissions as Discord computes them: roles, overwrites, owners; and their bits.
//!
//! <https://discord.com/developers/docs/topics/permissions>

use super::id::Id;
use super::state::{Channel, State};

pub const ADMINISTRATOR: u64 = 1 << 3;
pub const MANAGE_CHANNELS: u64 = 1 << 4;
pub const MANAGE_GUILD: u64 = 1 << 5;
pub const VIEW_CHANNEL: u64 = 1 << 10;
pub const SEND_MESSAGES: u64 = 1 << 11;
pub const MANAGE_MESSAGES: u64 = 1 << 13;
pub const EMBED_LINKS: u64 = 1 << 14;
pub const ATTACH_FILES: u64 = 1 << 15;
pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub const MANAGE_THREADS: u64 = 1 << 34;
pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;

/// What an owner and an administrator may: the 53 bits that are given out today.
pub const ALL: u64 = (1 << 53) - 1;

/// What @everyone may in a new guild, as far as this fake cares.
pub const EVERYONE: u64 = VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | SEND_MESSAGES_IN_THREADS;

/// What anybody may in a direct message.
const DIRECT: u64 = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_MESSAGE_HISTORY;

/// What somebody is granted and denied in one channel, by role or by user.
#[derive(Clone, Debug)]
pub struct Overwrite {
    /// A role's or a user's id.
    pub id: Id,
    /// Whether it is a user.
    pub is_member: bool,
    /// Bits granted.
    pub allow: u64,
    /// Bits denied.
    pub deny: u64,
}

impl State {
    /// What a user may in a guild, leaving channels aside. Nothing where they are not a member.
    pub fn guild_permissions(&self, guild: Id, user: Id) -> u64 {
        let Some(guild) = self.guilds.get(&guild) else { return 0 };
        let Some(member) = guild.members.get(&user) else { return 0 };
        if guild.owner == user {
            return ALL;
        }
        let held = guild.roles.iter().filter(|(id, _)| **id == guild.id || member.roles.contains(id));
        let bits = held.fold(0, |bits, (_, role)| bits | role.permissions);
        if bits & ADMINISTRATOR != 0 { ALL } else { bits }
    }

    /// What a user may in a channel. A thread has no overwrites of its own; its parent's count.
    pub fn permissions(&self, channel: Id, user: Id) -> u64 {
        let Some(channel) = self.channels.get(&channel) else { return 0 };
        let Some(guild) = channel.guild else {
            return if channel.recipients.contains(&user) || user == self.bot.id { DIRECT } else { 0 };
        };
        let bits = self.guild_permissions(guild, user);
        if bits & ADMINISTRATOR != 0 {
            return ALL;
        }
        let holder = channel.thread.as_ref().and(channel.parent).and_then(|parent| self.channels.get(&parent));
        let bits = self.overwritten(bits, holder.unwrap_or(channel), guild, user);
        // Who can't see a channel can do nothing in it.
        if bits & VIEW_CHANNEL == 0 { 0 } else { bits }
    }

    /// Whether a user sees a channel: a private thread only as its member, or with Manage Threads.
    pub fn sees(&self, channel: Id, user: Id) -> bool {
        let bits = self.permissions(channel, user);
        let Some(found) = self.channels.get(&channel) else { return false };
        let in_thread = found.thread.as_ref().is_none_or(|thread| {
            found.kind != Channel::PRIVATE_THREAD || thread.members.contains(&user) || bits & MANAGE_THREADS != 0
        });
        bits & VIEW_CHANNEL != 0 && in_thread
    }

    fn overwritten(&self, bits: u64, channel: &Channel, guild: Id, user: Id) -> u64 {
        let roles = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user)).map(|member| &member.roles);
        let apply = |bits: u64, of: &dyn Fn(&Overwrite) -> bool| {
            let found: Vec<&Overwrite> = channel.overwrites.iter().filter(|overwrite| of(overwrite)).collect();
            let deny = found.iter().fold(0, |all, overwrite| all | overwrite.deny);
            let allow = found.iter().fold(0, |all, overwrite| all | overwrite.allow);
            (bits & !deny) | allow
        };
        let bits = apply(bits, &|overwrite| overwrite.id == guild);
        let bits = apply(bits, &|overwrite| {
            !overwrite.is_member && overwrite.id != guild && roles.is_some_and(|roles| roles.contains(&overwrite.id))
        });
        apply(bits, &|overwrite| overwrite.is_member && overwrite.id == user)
    }
}
