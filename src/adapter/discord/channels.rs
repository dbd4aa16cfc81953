//! The channels of a guild and what the bot may do in each, as Discord says when it is asked. It is asked when an admin wants to know
//! what is missing, and never else: nothing of it is kept.

use std::time::Duration;

use serenity::model::id::GuildId;

use crate::command::parse::parse;
use crate::command::table::Command;
use crate::port::event::{Ground, Input};

use super::refused::what_was_said;
use super::{Shared, rights};

/// How long asking may take; then nothing is said of the channels.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether somebody wants to know what is missing.
pub(super) fn asks_for_channels(input: &Input) -> bool {
    match input {
        Input::Invoked(invocation) => invocation.command == Command::AdminCheck,
        Input::Pressed { line } => parse(line).is_ok_and(|invocation| invocation.command == Command::AdminCheck),
        Input::Said { .. } | Input::Unasked { .. } | Input::Completed { .. } | Input::NotTheirs => false,
    }
}

impl Shared {
    /// Every channel of a guild; none where Discord doesn't tell.
    pub(super) async fn channels(&self, guild: GuildId) -> Vec<Ground> {
        let asked = tokio::select! {
            asked = self.ask_for_channels(guild) => asked,
            () = self.time.wait(PATIENCE) => Ok(Vec::new()),
        };
        asked.unwrap_or_else(|error| {
            tracing::warn!(why = what_was_said(&error), "a guild's channels can't be looked at");
            self.note(&error);
            Vec::new()
        })
    }

    async fn ask_for_channels(&self, guild: GuildId) -> serenity::Result<Vec<Ground>> {
        let own = async {
            let me = self.http.get_current_user().await?;
            self.http.get_member(guild, me.id).await
        };
        let (known, channels, own) = tokio::try_join!(self.http.get_guild(guild), self.http.get_channels(guild), own)?;
        let grounds =
            channels.iter().map(|channel| rights::in_channel(channel.id, known.user_permissions_in(channel, &own)));
        Ok(grounds.collect())
    }
}
