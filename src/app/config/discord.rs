//! The table `[discord]`.

use std::path::PathBuf;

use crate::app::config::keys::{Fault, Section};
use crate::app::config::secret;

/// How Discord is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discord {
    /// The file of the bot's token.
    pub token_file: PathBuf,
    /// The application's id; Discord is asked when this is `None`.
    pub application_id: Option<u64>,
    /// The only guild in which commands are registered, for trying things out.
    pub guild: Option<u64>,
    /// Where its API is reached, when not at its usual place.
    pub api_url: Option<String>,
    /// How many shards; as many as Discord recommends when this is `None`.
    pub shards: Option<u32>,
}

impl Discord {
    /// Reads the table; `None` when it is switched off.
    ///
    /// # Errors
    /// What is missing, with the line.
    pub fn read(section: &Section) -> Result<Option<Self>, Vec<Fault>> {
        if section.switch("enabled") != Some(true) {
            return Ok(None);
        }
        if !cfg!(feature = "discord") {
            let message = "this program was built without discord; set enabled = false";
            return Err(vec![(section.line, message.to_owned())]);
        }
        let Some(token_file) = secret::file(section.path("token_file"), "discord-token") else {
            let message = "discord.token_file is missing: the path of a file (mode 600) that holds the bot's token, from \
                           \"Bot\" in the developer portal";
            return Err(vec![(section.line, message.to_owned())]);
        };
        let id = |key: &str| section.text(key).and_then(|text| text.parse().ok());
        Ok(Some(Self {
            token_file,
            application_id: id("application_id"),
            guild: id("guild"),
            api_url: section.text("api_url"),
            shards: section.number("shards").and_then(|shards| u32::try_from(shards).ok()),
        }))
    }
}
