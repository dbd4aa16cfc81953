//! The operator's boot configuration: `config/nape.toml` is the reference. All problems at once, each with its line.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::store::backup::Recipient;
use crate::store::{Options, Room};

/// What the program is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder of the store.
    pub store: PathBuf,
    /// The file of the master key, when it lies outside that folder.
    pub key: Option<PathBuf>,
    /// MiB that have to stay free on the store's disk.
    pub room: u32,
    /// The age recipient that backups are sealed for.
    pub recipient: Option<String>,
    /// A folder with content that replaces the built-in content, file by file.
    pub content: Option<PathBuf>,
    /// A folder with another model than the built-in one.
    pub model: Option<PathBuf>,
    /// Whether the terminal is enabled.
    pub terminal: bool,
    /// The adapters that are enabled but are not part of this program.
    pub missing: Vec<&'static str>,
}

/// Something wrong in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.message)
    }
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Switch,
    Folder,
    File,
    /// MiB, from 1 to 1,048,576.
    Mebibytes,
    Recipient,
}

/// Every key: table, name, kind.
const KEYS: &[(&str, &str, Kind)] = &[
    ("store", "path", Kind::Folder),
    ("store", "key", Kind::File),
    ("store", "room", Kind::Mebibytes),
    ("store", "recipient", Kind::Recipient),
    ("content", "dir", Kind::Folder),
    ("model", "dir", Kind::Folder),
    ("terminal", "enabled", Kind::Switch),
    ("discord", "enabled", Kind::Switch),
    ("matrix", "enabled", Kind::Switch),
];

impl Default for Config {
    fn default() -> Self {
        Self {
            store: PathBuf::from("data"),
            key: None,
            room: 128,
            recipient: None,
            content: None,
            model: None,
            terminal: true,
            missing: Vec::new(),
        }
    }
}

impl Config {
    /// How to open the store.
    pub fn options(&self) -> Options {
        Options { key: self.key.clone(), room: room(self.room) }
    }
}

/// What follows from the MiB that have to stay free: a warning at twice as many, a ballast of a quarter.
pub fn room(mebibytes: u32) -> Room {
    let read_only = u64::from(mebibytes) << 20;
    Room { warn: 2 * read_only, read_only, ballast: read_only / 4 }
}

/// Reads a configuration file.
pub fn read(path: &Path) -> Result<Config, Vec<Problem>> {
    let problem = |line: usize, message: String| Problem { path: path.to_owned(), line, message };
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![problem(1, format!("can't be read ({error}); give its path with --config"))])?;
    parse(&text).map_err(|problems| problems.into_iter().map(|(line, message)| problem(line, message)).collect())
}

fn parse(text: &str) -> Result<Config, Vec<(usize, String)>> {
    let line_of = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            let line = line_of(error.span().map_or(0, |span| span.start));
            return Err(vec![(line, format!("this is not TOML: {}; compare with config/nape.toml", error.message()))]);
        }
    };
    let mut config = Config::default();
    let mut problems = Vec::new();
    for (name, value) in root.get_ref() {
        let line = line_of(name.span().start);
        let table = name.get_ref().as_ref();
        let tables: Vec<&str> = KEYS.iter().map(|(table, _, _)| *table).collect();
        match value.get_ref() {
            DeValue::Table(rows) if tables.contains(&table) => {
                for (key, value) in rows {
                    if let Err(message) = take(&mut config, table, key.get_ref(), value) {
                        problems.push((line_of(key.span().start), message));
                    }
                }
            }
            _ => problems.push((line, format!("there is no table [{table}]; {}", suggest(table, &tables)))),
        }
    }
    if !config.missing.is_empty() && problems.is_empty() {
        for name in &config.missing {
            let line = text.lines().position(|line| line.trim() == format!("[{name}]")).map_or(1, |index| index + 1);
            problems.push((line, format!("this program has no {name} adapter; set enabled = false")));
        }
    }
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn take(config: &mut Config, table: &str, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), String> {
    let row = KEYS.iter().find(|(own, name, _)| *own == table && *name == key);
    let Some((_, _, kind)) = row else {
        let names: Vec<&str> = KEYS.iter().filter(|(own, _, _)| *own == table).map(|(_, name, _)| *name).collect();
        return Err(format!("[{table}] has no key `{key}`; {}", suggest(key, &names)));
    };
    match (kind, value.get_ref()) {
        (Kind::Switch, DeValue::Boolean(on)) => match table {
            "terminal" => config.terminal = *on,
            "discord" if *on => config.missing.push("discord"),
            "matrix" if *on => config.missing.push("matrix"),
            _ => {}
        },
        (Kind::Folder, DeValue::String(folder)) if !folder.trim().is_empty() => {
            let folder = PathBuf::from(folder.as_ref());
            match table {
                "store" => config.store = folder,
                "model" => config.model = Some(folder),
                _ => config.content = Some(folder),
            }
        }
        (Kind::File, DeValue::String(file)) if !file.trim().is_empty() => {
            config.key = Some(PathBuf::from(file.as_ref()))
        }
        (Kind::Mebibytes, DeValue::Integer(number)) => {
            let number = number.as_str().replace('_', "").parse().ok().filter(|number| (1..=1 << 20).contains(number));
            config.room = number.ok_or_else(|| format!("{table}.{key} takes MiB from 1 to 1048576"))?;
        }
        (Kind::Recipient, DeValue::String(text)) => {
            text.parse::<Recipient>().map_err(|why| format!("{table}.{key}: {why}"))?;
            config.recipient = Some(text.to_string());
        }
        (Kind::File, _) => return Err(format!("{table}.{key} takes the path of a file, in quotes")),
        (Kind::Mebibytes, _) => return Err(format!("{table}.{key} takes a number of MiB, without quotes")),
        (Kind::Recipient, _) => return Err(format!("{table}.{key} takes an age recipient, in quotes")),
        (Kind::Switch, _) => return Err(format!("{table}.{key} takes true or false, without quotes")),
        (Kind::Folder, _) => return Err(format!("{table}.{key} takes the path of a folder, in quotes")),
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_file_is_the_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/nape.toml");
        assert_eq!(read(&path), Ok(Config::default()));
    }

    #[test]
    fn every_problem_is_said_with_its_line() {
        let text = "[stor]\npath = \"x\"\n[terminal]\nenabled = \"yes\"\nenable = true\n[store]\npath = 3\n";
        let problems = parse(text).unwrap_err();
        let mut lines: Vec<usize> = problems.iter().map(|(line, _)| *line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [1, 4, 5, 7], "{problems:?}");
        assert!(problems.iter().any(|(_, message)| message.contains("did you mean `store`?")));
    }

    #[test]
    fn an_adapter_that_is_not_there_is_said_at_its_table() {
        let problems = parse("\n[matrix]\nenabled = true\n").unwrap_err();
        assert_eq!(problems, [(2, "this program has no matrix adapter; set enabled = false".to_owned())]);
    }

    #[test]
    fn what_is_no_toml_is_said() {
        let problems = parse("[store\n").unwrap_err();
        assert!(problems[0].1.starts_with("this is not TOML"), "{problems:?}");
    }
}
