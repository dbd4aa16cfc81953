//! Setting the scene: guilds, channels, people, permissions, and what moderators and Discord itself do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Fake;
use super::faults::Fault;
use super::gateway::{Out, Surprise};
use super::id::Id;
use super::permissions::{EVERYONE, Overwrite};
use super::state::{Channel, Guild, Member, Message, Role, State, User};

impl Fake {
    /// A new person.
    pub fn user(&self, name: &str) -> Id {
        self.change(|state| {
            let id = state.clock.mint();
            let user = User { name: name.into(), locale: "en-US".into(), takes_messages: true };
            state.users.insert(id, user);
            id
        })
    }

    /// A new guild with an owner of its own, which the bot has joined: GUILD_CREATE for those who are connected.
    pub fn guild(&self, name: &str) -> Id {
        self.guild_on(name, 0, 1)
    }

    /// As [`Fake::guild`], with an id that belongs to this shard of so many.
    pub fn guild_on(&self, name: &str, shard: u64, of: u64) -> Id {
        let owner = self.user(&format!("owner of {name}"));
        let id = self.change(|state| {
            let id = state.clock.mint_on(shard, of);
            let joined = state.clock.now();
            let members = BTreeMap::from([(owner, Member { roles: BTreeSet::new(), joined })]);
            let roles = BTreeMap::from([(id, Role { name: "@everyone".into(), permissions: EVERYONE })]);
            let guild =
                Guild { id, name: name.into(), owner, locale: "en-US".into(), roles, members, unavailable: false };
            state.guilds.insert(id, guild);
            id
        });
        self.channel(id, "general");
        self.invite(id);
        id
    }

    /// The bot is invited (again).
    pub fn invite(&self, guild: Id) {
        let bot = self.look(|state| state.bot.id);
        self.join(guild, bot);
        self.change(|state| {
            let mut event = state.guild_create(&state.guilds[&guild]);
            // This is how discord.py tells joining from coming back: who comes back says that it is available.
            event.as_object_mut().map(|event| event.remove("unavailable"));
            state.tell(Some(guild), "GUILD_CREATE", event);
        });
    }

    /// The bot is thrown out.
    pub fn kick(&self, guild: Id) {
        self.change(|state| {
            let bot = state.bot.id;
            state.guilds.get_mut(&guild).map(|guild| guild.members.remove(&bot));
            state.tell(Some(guild), "GUILD_DELETE", json!({ "id": guild }));
        });
    }

    /// Discord has an outage in a guild, or it is over.
    pub fn outage(&self, guild: Id, unavailable: bool) {
        self.change(|state| {
            state.guilds.get_mut(&guild).expect("the guild was made").unavailable = unavailable;
            let (name, event) = if unavailable {
                ("GUILD_DELETE", json!({ "id": guild, "unavailable": true }))
            } else {
                ("GUILD_CREATE", state.guild_create(&state.guilds[&guild]))
            };
            state.tell(Some(guild), name, event);
        });
    }

    /// Somebody joins a guild, unless they are there.
    pub fn join(&self, guild: Id, user: Id) {
        self.change(|state| {
            let joined = state.clock.now();
            let members = &mut state.guilds.get_mut(&guild).expect("the guild was made").members;
            members.entry(user).or_insert(Member { roles: BTreeSet::new(), joined });
        });
    }

    /// Who owns a guild.
    pub fn owner(&self, guild: Id) -> Id {
        self.look(|state| state.guilds[&guild].owner)
    }

    /// A new text channel.
    pub fn channel(&self, guild: Id, name: &str) -> Id {
        self.change(|state| {
            let id = state.clock.mint();
            let channel = Channel {
                id,
                kind: Channel::TEXT,
                guild: Some(guild),
                name: name.into(),
                parent: None,
                overwrites: Vec::new(),
                thread: None,
                recipients: Vec::new(),
            };
            state.channels.insert(id, channel);
            let event = state.channel(&state.channels[&id]);
            state.tell(Some(guild), "CHANNEL_CREATE", event);
            id
        })
    }

    /// What everyone in a guild may.
    pub fn everyone(&self, guild: Id, permissions: u64) {
        self.change(|state| {
            let role = state.guilds.get_mut(&guild).and_then(|found| found.roles.get_mut(&guild));
            role.expect("every guild has @everyone").permissions = permissions;
        });
    }

    /// Gives somebody a role with these permissions.
    pub fn grant(&self, guild: Id, user: Id, permissions: u64) {
        self.join(guild, user);
        self.change(|state| {
            let id = state.clock.mint();
            let found = state.guilds.get_mut(&guild).expect("the guild was made");
            found.roles.insert(id, Role { name: format!("role {id}"), permissions });
            found.members.get_mut(&user).expect("they have joined").roles.insert(id);
        });
    }

    /// Denies somebody permissions in a channel and grants others; what was set before for them is replaced.
    pub fn overwrite(&self, channel: Id, user: Id, allow: u64, deny: u64) {
        self.change(|state| {
            let found = state.channels.get_mut(&channel).expect("the channel was made");
            found.overwrites.retain(|overwrite| overwrite.id != user);
            found.overwrites.push(Overwrite { id: user, is_member: true, allow, deny });
            let guild = found.guild;
            let event = state.channel(&state.channels[&channel]);
            state.tell(guild, "CHANNEL_UPDATE", event);
        });
    }

    /// Denies the bot permissions in a channel; 0 lifts that.
    pub fn deny_bot(&self, channel: Id, deny: u64) {
        let bot = self.look(|state| state.bot.id);
        self.overwrite(channel, bot, 0, deny);
    }

    /// A moderator or time archives a thread, locks it, or brings it back.
    pub fn thread(&self, thread: Id, archived: bool, locked: bool) {
        self.change(|state| {
            let now = state.clock.now();
            let found = state.channels.get_mut(&thread).expect("the thread was made");
            let guild = found.guild;
            let inside = found.thread.as_mut().expect("it is a thread");
            (inside.archived, inside.locked, inside.archive_at) = (archived, locked, now);
            let event = state.channel(&state.channels[&thread]);
            state.tell(guild, "THREAD_UPDATE", event);
        });
    }

    /// Somebody else deletes a channel or a thread.
    pub fn delete_channel(&self, channel: Id) {
        self.change(|state| state.drop_channel(channel));
    }

    /// Somebody else deletes a message.
    pub fn delete_message(&self, message: Id) {
        self.change(|state| {
            let Some(gone) = state.messages.remove(&message) else { return };
            let guild = state.channels[&gone.channel].guild;
            let mut event = json!({ "id": message, "channel_id": gone.channel });
            if let Some(guild) = guild {
                event["guild_id"] = json!(guild);
            }
            state.tell(guild, "MESSAGE_DELETE", event);
        });
    }

    /// Messages of a channel that everybody there sees, oldest first.
    pub fn messages(&self, channel: Id) -> Vec<Message> {
        self.look(|state| {
            let inside =
                state.messages.values().filter(|message| message.channel == channel && message.only_for.is_none());
            inside.cloned().collect()
        })
    }

    /// Threads of a channel, oldest first.
    pub fn threads(&self, channel: Id) -> Vec<Id> {
        self.look(|state| {
            let inside =
                state.channels.values().filter(|found| found.thread.is_some() && found.parent == Some(channel));
            inside.map(|thread| thread.id).collect()
        })
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: Fault) {
        self.change(|state| state.faults.add(fault));
    }

    /// Switches all faults off.
    pub fn mend(&self) {
        self.change(|state| state.faults.clear());
    }

    /// The token is revoked: everything is refused, REST with 401, IDENTIFY with 4004. Or it is good again.
    pub fn unauthorized(&self, is: bool) {
        self.change(|state| state.faults.unauthorized = is);
    }

    /// Waits until every shard that was identified is connected.
    #[track_caller]
    pub fn ready(&self) -> impl Future<Output = ()> + use<'_> {
        self.until(|state| {
            let wanted = state.gateway.identifies.last()?.shard.1;
            let shards: BTreeSet<u64> = state.gateway.connected().map(|session| session.shard.0).collect();
            (shards.len() as u64 == wanted).then_some(())
        })
    }

    /// Sends an event as it is, unjudged, to the shards of a guild or to shard 0.
    pub fn dispatch_raw(&self, guild: Option<Id>, name: &str, data: Value) {
        self.change(|state| {
            for session in state.gateway.sessions.values_mut() {
                if guild.map_or(session.shard.0 == 0, |guild| guild.shard(session.shard.1) == session.shard.0) {
                    session.dispatch(name, &data);
                }
            }
        });
    }

    /// Op 7: asks a shard to come again.
    pub fn ask_to_reconnect(&self, shard: u64) {
        self.order(shard, &Out::Frame(json!({ "op": 7, "d": null, "s": null, "t": null })));
    }

    /// Op 9: a session is no longer good. If it can't be resumed, it is forgotten.
    pub fn invalidate(&self, shard: u64, resumable: bool) {
        self.order(shard, &Out::Frame(json!({ "op": 9, "d": resumable, "s": null, "t": null })));
        if !resumable {
            self.change(|state| state.gateway.sessions.retain(|_, session| session.shard.0 != shard));
        }
    }

    /// Closes a shard's socket with a code.
    pub fn close(&self, shard: u64, code: u16) {
        self.order(shard, &Out::Close(code));
    }

    /// A shard's socket vanishes.
    pub fn drop_socket(&self, shard: u64) {
        self.order(shard, &Out::Drop);
    }

    /// How the next IDENTIFY or RESUME is answered.
    pub fn surprise(&self, surprise: Surprise) {
        self.change(|state| state.gateway.surprises.push_back(surprise));
    }

    fn order(&self, shard: u64, out: &Out) {
        let told = self.change(|state: &mut State| state.gateway.order(shard, out));
        assert!(told > 0, "shard {shard} is not connected");
    }
}
