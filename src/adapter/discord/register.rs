//! Slash commands: the manual as Discord takes it, sent only when it differs from what is there.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use serenity::http::Http;
use serenity::model::Permissions;
use serenity::model::id::GuildId;

use crate::command::manual::{Entry, Field, LeadsTo, Menu};
use crate::command::table::{Command, Complete, Takes};

/// The longest text that a field takes, in characters: a little more than is read as a question, so that a longer one is
/// answered and not refused by the client.
const LONGEST_TEXT: u32 = 3000;

/// The kinds of a command's fields, as Discord numbers them.
const SUBCOMMAND: u8 = 1;
const STRING: u8 = 3;
const INTEGER: u8 = 4;
const ATTACHMENT: u8 = 11;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registered {
    /// The commands were there already.
    AsBefore,
    /// They were sent.
    Anew,
}

/// Sees to it that the commands are there, and are these: everywhere, or in one guild alone.
///
/// # Errors
/// Those of the requests.
pub(super) async fn register(http: &Http, menus: &[Menu], guild: Option<GuildId>) -> serenity::Result<Registered> {
    let wanted: Vec<Value> = menus.iter().map(command).collect();
    let there = match guild {
        Some(guild) => http.get_guild_commands(guild).await?,
        None => http.get_global_commands().await?,
    };
    let there: Vec<Value> = there.iter().filter_map(|command| serde_json::to_value(command).ok()).collect();
    if bare(&wanted, guild.is_some()) == bare(&there, guild.is_some()) {
        return Ok(Registered::AsBefore);
    }
    match guild {
        Some(guild) => drop(http.create_guild_commands(guild, &wanted).await?),
        None => drop(http.create_global_commands(&wanted).await?),
    }
    Ok(Registered::Anew)
}

/// What of a command counts when two sets are compared: not its ids, nor what is left out by one side and said by the other.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Bare {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    autocomplete: bool,
    min_value: Option<i64>,
    max_value: Option<i64>,
    max_length: Option<u32>,
    #[serde(default)]
    choices: Vec<BareChoice>,
    #[serde(default)]
    options: Vec<Bare>,
    default_member_permissions: Option<String>,
    #[serde(default)]
    contexts: Option<Vec<u8>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct BareChoice {
    name: String,
    value: String,
}

/// The set as it counts; `None` when it can't be read, which is a difference.
fn bare(commands: &[Value], in_guild: bool) -> Option<Vec<Bare>> {
    let read = commands.iter().map(|command| serde_json::from_value::<Bare>(command.clone()).ok());
    let mut bare = read.collect::<Option<Vec<_>>>()?;
    // A guild's own commands have no contexts.
    bare.iter_mut().filter(|_| in_guild).for_each(|command| command.contexts = None);
    bare.sort_unstable();
    Some(bare)
}

/// One command as Discord takes it.
fn command(menu: &Menu) -> Value {
    let Menu { name, about, for_admins, leads_to } = menu;
    let options: Vec<Value> = match leads_to {
        LeadsTo::Command(entry) => entry.fields.iter().map(|field| option(entry, field)).collect(),
        LeadsTo::Group(entries) => entries.iter().map(|(name, entry)| subcommand(name, entry)).collect(),
    };
    // Direct conversations have no settings of a server. Elsewhere than in guilds and there the bot can't speak first, which
    // routines need: private channels of others get the commands that only answer.
    let (contexts, installs) = match leads_to {
        _ if *for_admins => (vec![0], vec![0]),
        LeadsTo::Command(_) => (vec![0, 1, 2], vec![0, 1]),
        LeadsTo::Group(_) => (vec![0, 1], vec![0]),
    };
    let mut command = json!({
        "type": 1,
        "name": name,
        "description": about,
        "options": options,
        "contexts": contexts,
        "integration_types": installs,
    });
    if *for_admins {
        command["default_member_permissions"] = json!(Permissions::MANAGE_GUILD.bits().to_string());
    }
    command
}

fn subcommand(name: &str, entry: &Entry) -> Value {
    let options: Vec<Value> = entry.fields.iter().map(|field| option(entry, field)).collect();
    json!({"type": SUBCOMMAND, "name": name, "description": entry.about, "options": options})
}

fn option(entry: &Entry, field: &Field) -> Value {
    let Field { name, about, takes, required, complete } = field;
    let mut option = json!({"type": STRING, "name": name, "description": about});
    if *required && !is_asked_for(entry.command) {
        option["required"] = json!(true);
    }
    match takes {
        Takes::Number(min, max) => {
            option["type"] = json!(INTEGER);
            option["min_value"] = json!(min);
            option["max_value"] = json!(max);
        }
        Takes::OneOf(words) => {
            let choice = |word: &&str| json!({"name": word.replace('_', " "), "value": word});
            option["choices"] = words.iter().map(choice).collect();
        }
        Takes::File => option["type"] = json!(ATTACHMENT),
        Takes::Rest | Takes::Words | Takes::Word | Takes::Session => {
            option["max_length"] = json!(LONGEST_TEXT);
            if *complete != Complete::Nothing {
                option["autocomplete"] = json!(true);
            }
        }
    }
    option
}

/// Whether what is left empty is asked for in a form of its own: there, a longer text is easier to write.
fn is_asked_for(command: Command) -> bool {
    command == Command::Ask || command.spec().takes_file()
}
