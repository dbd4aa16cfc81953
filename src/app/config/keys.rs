//! Every key of the boot configuration, once, with what it takes; and reading a file by that table.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::store::backup::Recipient;

/// Something wrong: its line, from 1, and what is wrong with what to do.
pub type Fault = (usize, String);

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// The path of a folder.
    Folder,
    /// The path of a file.
    File,
    /// A whole number in a range, of something.
    Number {
        /// Lowest.
        min: u64,
        /// Highest.
        max: u64,
        /// Of what.
        of: &'static str,
    },
    /// An age recipient.
    Recipient,
    /// A platform's numeric id, in quotes, as TOML's numbers are too small for some.
    Id,
    /// An address that starts with http:// or https://.
    Url,
    /// Words, in quotes.
    Words,
    /// A list of accounts of a platform, or of patterns of them.
    Accounts,
    /// People, each by platform and the platform's own id.
    People,
    /// An IP address and a port.
    Address,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Levels of the log that can be asked for. None of them shows what people write.
pub const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];

/// Every key: table, name, kind. `config/nape.toml` says what they mean.
pub const KEYS: &[(&str, &str, Kind)] = &[
    ("store", "path", Kind::Folder),
    ("store", "key", Kind::File),
    ("store", "room", Kind::Number { min: 1, max: 1 << 20, of: "MiB" }),
    ("store", "recipient", Kind::Recipient),
    ("content", "dir", Kind::Folder),
    ("model", "dir", Kind::Folder),
    ("operators", "people", Kind::People),
    ("limits", "person", Kind::Number { min: 1, max: 600, of: "events a minute" }),
    ("limits", "channel", Kind::Number { min: 1, max: 6_000, of: "events a minute" }),
    ("limits", "total", Kind::Number { min: 1, max: 600_000, of: "events a minute" }),
    ("terminal", "enabled", Kind::Switch),
    ("discord", "enabled", Kind::Switch),
    ("discord", "token_file", Kind::File),
    ("discord", "application_id", Kind::Id),
    ("discord", "guild", Kind::Id),
    ("discord", "api_url", Kind::Url),
    ("discord", "shards", Kind::Number { min: 1, max: 1000, of: "shards" }),
    ("matrix", "enabled", Kind::Switch),
    ("matrix", "homeserver", Kind::Url),
    ("matrix", "user", Kind::Words),
    ("matrix", "password_file", Kind::File),
    ("matrix", "token_file", Kind::File),
    ("matrix", "store", Kind::Folder),
    ("matrix", "recovery_key_file", Kind::File),
    ("matrix", "admins", Kind::Accounts),
    ("matrix", "invite_from", Kind::Accounts),
    ("matrix", "device_name", Kind::Words),
    ("health", "listen", Kind::Address),
    ("log", "level", Kind::Word(LEVELS)),
    ("log", "format", Kind::Word(&["human", "json"])),
];

const ACCOUNTS: &str = "a list of accounts, as [\"@ann:example.org\"]";

/// A value that is of its key's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Switch(bool),
    Number(u64),
    Text(String),
    List(Vec<String>),
}

/// The values of one table of a file, each of its key's kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The table's line; 1 when the file hasn't got it.
    pub line: usize,
    values: BTreeMap<String, (usize, Value)>,
    /// Where values come from that stand in no line.
    origins: BTreeMap<String, String>,
}

/// The tables of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections(BTreeMap<String, Section>);

impl Sections {
    /// Reads a file's text by the table of keys.
    ///
    /// # Errors
    /// Every problem, with its line.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let line_of = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        let root = DeTable::parse(text).map_err(|error| {
            let line = line_of(error.span().map_or(0, |span| span.start));
            vec![(line, format!("this is not TOML: {}; compare with config/nape.toml", error.message()))]
        })?;
        let tables: Vec<&str> = KEYS.iter().map(|(table, _, _)| *table).collect();
        let (mut sections, mut faults) = (Self::default(), Vec::new());
        for (name, value) in root.get_ref() {
            let (line, table) = (line_of(name.span().start), name.get_ref().as_ref());
            let DeValue::Table(rows) = value.get_ref() else {
                faults.push((line, format!("there is no table [{table}]; {}", suggest(table, &tables))));
                continue;
            };
            if !tables.contains(&table) {
                faults.push((line, format!("there is no table [{table}]; {}", suggest(table, &tables))));
                continue;
            }
            let section = sections.0.entry(table.to_owned()).or_default();
            section.line = line;
            for (key, value) in rows {
                let line = line_of(key.span().start);
                match take(table, key.get_ref(), value) {
                    Ok(value) => drop(section.values.insert(key.get_ref().to_string(), (line, value))),
                    Err(message) => faults.push((line, message)),
                }
            }
        }
        if faults.is_empty() { Ok(sections) } else { Err(faults) }
    }

    /// Puts a value, as a file would write it, over what is there.
    ///
    /// # Errors
    /// What the key takes.
    pub fn put(&mut self, table: &str, key: &str, written: &str, from: &str) -> Result<(), String> {
        let text = format!("{key} = {written}");
        let read = DeTable::parse(&text).ok();
        let value = read.as_ref().and_then(|row| row.get_ref().iter().next()).map(|(_, value)| value);
        // What is no TOML is at least a text, of which its kind says what it takes instead.
        let quoted = Spanned::new(0..0, DeValue::String(written.into()));
        let value = take(table, key, value.unwrap_or(&quoted))?;
        let section = self.0.entry(table.to_owned()).or_default();
        section.values.insert(key.to_owned(), (0, value));
        section.origins.insert(key.to_owned(), from.to_owned());
        Ok(())
    }

    /// All but these tables.
    pub fn without(mut self, tables: &[&str]) -> Self {
        self.0.retain(|name, _| !tables.contains(&name.as_str()));
        self
    }

    /// A table; an empty one when the file hasn't got it.
    pub fn section(&self, table: &str) -> Section {
        self.0.get(table).cloned().unwrap_or(Section { line: 1, ..Section::default() })
    }
}

impl Section {
    /// A switch.
    pub fn switch(&self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Switch(on) => Some(*on),
            Value::Number(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.value(key)? {
            Value::Number(number) => Some(*number),
            Value::Switch(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::Text(text) => Some(text.clone()),
            Value::Switch(_) | Value::Number(_) | Value::List(_) => None,
        }
    }

    /// A list; an empty one when the file hasn't got it.
    pub fn list(&self, key: &str) -> Vec<String> {
        match self.value(key) {
            Some(Value::List(items)) => items.clone(),
            Some(Value::Switch(_) | Value::Number(_) | Value::Text(_)) | None => Vec::new(),
        }
    }

    /// A value as a file would write it, without what is secret in it, and its line when it stands in one.
    pub fn shown(&self, key: &str, kind: Kind) -> Option<(String, Option<usize>)> {
        let (line, value) = self.values.get(key)?;
        let shown = match value {
            Value::Switch(on) => toml::Value::from(*on),
            Value::Number(number) => toml::Value::from(i64::try_from(*number).unwrap_or(i64::MAX)),
            Value::Text(text) if kind == Kind::Url => toml::Value::from(without_credentials(text)),
            Value::Text(text) => toml::Value::from(text.as_str()),
            Value::List(items) => toml::Value::from(items.clone()),
        };
        Some((shown.to_string(), Some(*line).filter(|line| *line > 0)))
    }

    /// Where a value comes from that stands in no line.
    pub fn origin(&self, key: &str) -> &str {
        self.origins.get(key).map_or("", String::as_str)
    }

    /// The path of a file or folder.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// The line of a key; that of the table when the file hasn't got it.
    pub fn line_of(&self, key: &str) -> usize {
        self.values.get(key).map_or(self.line, |(line, _)| *line)
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key).map(|(_, value)| value)
    }
}

fn take(table: &str, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    let row = KEYS.iter().find(|(own, name, _)| *own == table && *name == key);
    let Some((_, _, kind)) = row else {
        let names: Vec<&str> = KEYS.iter().filter(|(own, _, _)| *own == table).map(|(_, name, _)| *name).collect();
        return Err(format!("[{table}] has no key `{key}`; {}", suggest(key, &names)));
    };
    let takes = |what: &str| format!("{table}.{key} takes {what}");
    match (*kind, value.get_ref()) {
        (Kind::Switch, DeValue::Boolean(on)) => Ok(Value::Switch(*on)),
        (Kind::Folder | Kind::File, DeValue::String(text)) if !text.trim().is_empty() => {
            Ok(Value::Text(text.to_string()))
        }
        (Kind::Number { min, max, of }, DeValue::Integer(number)) => {
            let number = number.as_str().replace('_', "").parse().ok().filter(|number| (min..=max).contains(number));
            number.map(Value::Number).ok_or_else(|| takes(&format!("{of} from {min} to {max}")))
        }
        (Kind::Recipient, DeValue::String(text)) => {
            text.parse::<Recipient>().map_err(|why| format!("{table}.{key}: {why}"))?;
            Ok(Value::Text(text.to_string()))
        }
        (Kind::Id, DeValue::String(text)) if text.parse::<u64>().is_ok_and(|id| id > 0) => {
            Ok(Value::Text(text.to_string()))
        }
        (Kind::Url, DeValue::String(text)) if text.starts_with("http://") || text.starts_with("https://") => {
            Ok(Value::Text(text.trim_end_matches('/').to_owned()))
        }
        (Kind::Words, DeValue::String(text)) if !text.trim().is_empty() => Ok(Value::Text(text.trim().to_owned())),
        (Kind::Accounts, DeValue::Array(rows)) => {
            let account = |row: &Spanned<DeValue<'_>>| match row.get_ref() {
                DeValue::String(text) if text.starts_with(['@', '*']) => Some(text.to_string()),
                _ => None,
            };
            let accounts: Option<Vec<String>> = rows.iter().map(account).collect();
            accounts.map(Value::List).ok_or_else(|| takes(ACCOUNTS))
        }
        (Kind::People, DeValue::Array(items)) => {
            let items = items.iter().map(|item| match item.get_ref() {
                DeValue::String(id) => is_person(id).then(|| id.to_string()),
                _ => None,
            });
            items.collect::<Option<_>>().map(Value::List).ok_or_else(|| takes(PEOPLE))
        }
        (Kind::People, _) => Err(takes(PEOPLE)),
        (Kind::Address, DeValue::String(text)) if text.parse::<SocketAddr>().is_ok() => {
            Ok(Value::Text(text.to_string()))
        }
        (Kind::Word(words), DeValue::String(text)) if words.contains(&text.as_ref()) => {
            Ok(Value::Text(text.to_string()))
        }
        (Kind::Switch, _) => Err(takes("true or false, without quotes")),
        (Kind::Folder, _) => Err(takes("the path of a folder, in quotes")),
        (Kind::File, _) => Err(takes("the path of a file, in quotes")),
        (Kind::Number { of, .. }, _) => Err(takes(&format!("a number of {of}, without quotes"))),
        (Kind::Recipient, _) => Err(takes("an age recipient, in quotes")),
        (Kind::Id, _) => Err(takes("a numeric id, in quotes")),
        (Kind::Url, _) => Err(takes("an address that starts with https:// or http://, in quotes")),
        (Kind::Words, _) => Err(takes("words, in quotes")),
        (Kind::Accounts, _) => Err(takes(ACCOUNTS)),
        (Kind::Address, _) => Err(takes("an IP address and a port, in quotes, as \"127.0.0.1:9464\"")),
        (Kind::Word(words), _) => Err(takes(&format!("one of these words, in quotes: {}", words.join(", ")))),
    }
}

/// What [`Kind::People`] takes.
const PEOPLE: &str = "a list of ids, each with its platform: [\"discord:1234567890\", \"matrix:@anna:example.org\"]";

/// Whether this is a person's id with its platform's name before it.
fn is_person(id: &str) -> bool {
    let named = id.split_once(':');
    named.is_some_and(|(platform, own)| {
        ["discord", "matrix", "terminal"].contains(&platform) && !own.is_empty() && !own.contains(char::is_whitespace)
    })
}

/// A value that was given without quotes, as a file would write it.
pub fn spelt(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Switch | Kind::Number { .. } => text.trim().to_owned(),
        Kind::Folder
        | Kind::File
        | Kind::Recipient
        | Kind::Id
        | Kind::Url
        | Kind::Words
        | Kind::Address
        | Kind::Word(_) => toml::Value::from(text).to_string(),
        Kind::People | Kind::Accounts => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::from(items.map(str::to_owned).collect::<Vec<_>>()).to_string()
        }
    }
}

/// An address without the name and password that may stand in it.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{path}"),
        None => url.to_owned(),
    }
}

fn suggest(typed: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .filter(|name| strsim::osa_distance(typed, name) <= 2)
        .min_by_key(|name| strsim::osa_distance(typed, name));
    match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!(
            "known here: {}",
            known.iter().fold(String::new(), |list, name| if list.is_empty() {
                (*name).to_owned()
            } else if list.contains(name) {
                list
            } else {
                format!("{list}, {name}")
            })
        ),
    }
}
