//! Names that are completed while somebody types a command.

use std::sync::Arc;

use serde_json::{Value, json};
use serenity::model::application::{CommandDataOptionValue, CommandInteraction};

use crate::command::manual::picked;
use crate::command::table::{COMMANDS, Command, Complete, Shown};

use super::Shared;
use super::inbound::options;
use super::interactions::Kind;

/// Names that can be offered at a time.
const OFFERED: usize = 25;
/// The longest name that can be offered, in characters.
const LONGEST_NAME: usize = 100;
/// Names to complete, as Discord numbers first answers.
const NAMES: u8 = 8;

impl Shared {
    /// Names to complete: no event, as nothing is done with what is half typed.
    pub(super) async fn complete(self: &Arc<Self>, command: &CommandInteraction) {
        let (under, options) = options(&command.data.options);
        let focused = options.iter().find_map(|option| match &option.value {
            CommandDataOptionValue::Autocomplete { value, .. } => Some((option.name.as_str(), value.as_str())),
            _ => None,
        });
        let offered = match (picked(&command.data.name, under), focused) {
            (Some(meant), Some((field, typed))) => self.offered(meant, field, typed),
            _ => Vec::new(),
        };
        let choices: Vec<Value> = offered.iter().map(|name| json!({"name": name, "value": name})).collect();
        let kept = self.interactions.open(command.id, &command.token, Kind::Command, self.time.now());
        let names = json!({"type": NAMES, "data": {"choices": choices}});
        self.acknowledged(kept.answer_at_once(&self.http, &names).await);
    }

    fn offered(&self, command: Command, field: &str, typed: &str) -> Vec<String> {
        let complete = command.spec().params.iter().find(|param| param.name == field).map(|param| param.complete);
        let names: Vec<String> = match complete.unwrap_or(Complete::Nothing) {
            Complete::Nothing => Vec::new(),
            Complete::Techniques => self.settings.names.techniques.clone(),
            Complete::Terms => self.settings.names.terms.clone(),
            Complete::Routines => self.settings.names.routines.clone(),
            Complete::Preferences => self.settings.names.preferences.clone(),
            Complete::ServerSettings => self.settings.names.server_settings.clone(),
            Complete::Sources => self.settings.names.sources.clone(),
            Complete::Commands => {
                let shown = COMMANDS.iter().filter(|spec| spec.shown != Shown::Never);
                shown.map(|spec| spec.words.to_owned()).collect()
            }
        };
        let plain = |text: &str| text.to_lowercase().replace(['_', '-'], " ");
        let typed = plain(typed.trim());
        let mut fitting: Vec<String> = names
            .into_iter()
            .filter(|name| plain(name).contains(&typed) && name.chars().count() <= LONGEST_NAME)
            .collect();
        // What begins with it comes first; else as it stands in the library.
        fitting.sort_by_key(|name| !plain(name).starts_with(&typed));
        fitting.truncate(OFFERED);
        fitting
    }
}
