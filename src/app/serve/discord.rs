//! Discord as the runtime sees it: its settings, and the commands in the locale's words.

use std::sync::Arc;

use crate::adapter::discord::{Discord, Settings, profile};
use crate::app::clock::Clock;
use crate::app::config;
use crate::app::exit::{Code, Exit};
use crate::app::supervise::Adapter;
use crate::bot::Bot;
use crate::command::manual::{Sentences, menus};
use crate::locale::Phrases;

use super::adapters::{Real, names};

/// The adapter.
///
/// # Errors
/// A token that can't be read.
pub(super) fn adapter(config: &config::Discord, bot: &Arc<Bot>, clock: &Arc<dyn Clock>) -> Result<Adapter, Exit> {
    let config::Discord { token_file, application_id, guild, api_url, shards } = config.clone();
    let token = config::secret::read(&token_file).map_err(|why| Exit::new(Code::Config, why))?;
    let menus = menus(&Said { phrases: bot.phrases() });
    let names = names(bot.library());
    let operators = bot.operators().clone();
    let settings = Settings { token, application_id, guild, api_url, shards, menus, names, operators };
    let discord = Arc::new(Discord::new(settings, Arc::new(Real(clock.clone()))));
    Ok(Adapter {
        profile: profile(),
        ends_all: false,
        run: Box::new(move |link| {
            let discord = discord.clone();
            Box::pin(async move { discord.run(link).await })
        }),
    })
}

/// The manual's sentences, from the locale.
struct Said<'a> {
    phrases: &'a Phrases,
}

impl Sentences for Said<'_> {
    fn command(&self, words: &str) -> String {
        self.phrases.command(words)
    }

    fn group(&self, name: &str) -> String {
        self.phrases.group(name)
    }

    fn param(&self, name: &str) -> String {
        self.phrases.param(name)
    }
}
