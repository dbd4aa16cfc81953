//! The operator's boot configuration: `config/nape.toml` is the reference. All problems at once, each with its line.
//!
//! Three layers, a later one over those before it: the file, the environment, the arguments ([`layers`]).

mod discord;
mod keys;
mod layers;
mod matrix;
pub mod secret;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::app::limits::Bounds;
use crate::app::log;
use crate::store::{Options, Room};

use keys::{Fault, LEVELS, Section, Sections};

pub use discord::Discord;
pub use matrix::{Login, Matrix};

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
    /// Those who run the program, by platform and the platform's own id.
    pub operators: Vec<String>,
    /// How much may be asked of it.
    pub limits: Bounds,
    /// Whether the terminal is enabled.
    pub terminal: bool,
    /// Discord, when it is enabled.
    pub discord: Option<Discord>,
    /// Matrix, when it is enabled.
    pub matrix: Option<Matrix>,
    /// Where health and metrics are served; nowhere when this is `None`.
    pub health: Option<SocketAddr>,
    /// The log.
    pub log: log::Settings,
}

/// Something wrong in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 for what stands in no line, as it comes from the environment or the arguments.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "{}:{line}: {}", self.path.display(), self.message),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            store: PathBuf::from("data"),
            key: None,
            room: 128,
            recipient: None,
            content: None,
            model: None,
            operators: Vec::new(),
            limits: Bounds::default(),
            terminal: true,
            discord: None,
            matrix: None,
            health: None,
            log: log::Settings { level: "info", format: log::Format::Human },
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

/// The reference, as it was built in: the defaults, where it sets them.
const REFERENCE: &str = include_str!("../../../config/nape.toml");

/// Reads a configuration: the file, what the environment puts over it, and over that what `--set` does.
///
/// # Errors
/// Everything that is wrong, each with its line.
pub fn read(path: &Path, set: &[String]) -> Result<Config, Vec<Problem>> {
    let sections = layered(path, set)?;
    config(&sections).map_err(|faults| problems(path, faults))
}

/// Reads a configuration as [`read`] does, for a command that speaks to no platform: what platforms need may be out of its reach, as
/// a credential is that systemd hands to the program alone.
///
/// # Errors
/// As [`read`].
pub fn read_apart(path: &Path, set: &[String]) -> Result<Config, Vec<Problem>> {
    let sections = layered(path, set)?.without(&["discord", "matrix"]);
    config(&sections).map_err(|faults| problems(path, faults))
}

/// Every value that holds and where it comes from, as a file; nothing secret is in it.
///
/// # Errors
/// As [`read`].
pub fn show(path: &Path, set: &[String]) -> Result<String, Vec<Problem>> {
    let sections = layered(path, set)?;
    config(&sections).map_err(|faults| problems(path, faults))?;
    let reference = Sections::parse(REFERENCE).map_err(|faults| problems(Path::new("config/nape.toml"), faults))?;
    Ok(layers::show(&sections, &reference, path))
}

fn layered(path: &Path, set: &[String]) -> Result<Sections, Vec<Problem>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| problems(path, vec![(1, format!("can't be read ({error}); give its path with --config"))]))?;
    let (mut sections, mut faults) =
        Sections::parse(&text).map_or_else(|faults| (Sections::default(), faults), |sections| (sections, Vec::new()));
    for layer in [layers::environment(), layers::arguments(set)] {
        faults.extend(layers::overlay(&mut sections, &layer).err().into_iter().flatten());
    }
    if faults.is_empty() { Ok(sections) } else { Err(problems(path, faults)) }
}

fn problems(path: &Path, faults: Vec<Fault>) -> Vec<Problem> {
    faults.into_iter().map(|(line, message)| Problem { path: path.to_owned(), line, message }).collect()
}

#[cfg(test)]
fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    config(&Sections::parse(text)?)
}

fn config(sections: &Sections) -> Result<Config, Vec<Fault>> {
    let default = Config::default();
    let (store, content) = (sections.section("store"), sections.section("content"));
    let mut faults = Vec::new();
    let discord = Discord::read(&sections.section("discord")).unwrap_or_else(|found| {
        faults.extend(found);
        None
    });
    let matrix = Matrix::read(&sections.section("matrix")).unwrap_or_else(|found| {
        faults.extend(found);
        None
    });
    let limits = sections.section("limits");
    let limit = |key: &str, usual: u32| limits.number(key).and_then(|most| u32::try_from(most).ok()).unwrap_or(usual);
    let config = Config {
        store: store.path("path").unwrap_or(default.store),
        key: store.path("key"),
        room: store.number("room").and_then(|room| u32::try_from(room).ok()).unwrap_or(default.room),
        recipient: store.text("recipient"),
        content: content.path("dir"),
        model: sections.section("model").path("dir"),
        operators: sections.section("operators").list("people"),
        limits: Bounds {
            person: limit("person", default.limits.person),
            channel: limit("channel", default.limits.channel),
            total: limit("total", default.limits.total),
        },
        terminal: sections.section("terminal").switch("enabled").unwrap_or(default.terminal),
        discord,
        matrix,
        health: sections.section("health").text("listen").and_then(|text| text.parse().ok()),
        log: log_settings(&sections.section("log"), default.log),
    };
    if faults.is_empty() { Ok(config) } else { Err(faults) }
}

fn log_settings(section: &Section, default: log::Settings) -> log::Settings {
    let level = section.text("level").and_then(|text| LEVELS.iter().copied().find(|level| *level == text));
    let format = match section.text("format").as_deref() {
        Some("json") => log::Format::Json,
        _ => default.format,
    };
    log::Settings { level: level.unwrap_or(default.level), format }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_file_is_the_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/nape.toml");
        assert_eq!(read(&path, &[]), Ok(Config::default()));
    }

    #[test]
    fn the_reference_tells_of_every_key_what_it_is_for() {
        for (table, key, _) in keys::KEYS {
            let rows = REFERENCE.split_once(&format!("[{table}]\n")).map(|(_, rest)| rest.split("\n[").next().unwrap());
            let rows = rows.unwrap_or_else(|| panic!("config/nape.toml has no [{table}]"));
            let is_key = |line: &&str| line.trim_start_matches("# ").starts_with(&format!("{key} = "));
            let at = rows.lines().position(|line| is_key(&line)).unwrap_or_else(|| panic!("no {table}.{key}"));
            let lines: Vec<&str> = rows.lines().collect();
            let about: Vec<&str> =
                lines[..at].iter().rev().take_while(|line| line.starts_with("# ")).copied().collect();
            assert!(
                !about.is_empty() && about.iter().any(|line| line.contains("Default: ")),
                "{table}.{key}: {about:?}"
            );
        }
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
    fn matrix_says_all_that_it_needs_at_its_line() {
        let wrong = parse("[matrix]\nenabled = true\nadmins = [\"ann\"]\nhomeserve = \"x\"\n").unwrap_err();
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4], "{wrong:?}");
        if cfg!(feature = "matrix") {
            let wrong = parse("\n[matrix]\nenabled = true\nhomeserver = \"http://m.example.org\"\n").unwrap_err();
            assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 2, 2], "{wrong:?}");
            let text = "[matrix]\nenabled = true\nhomeserver = \"https://m.example.org/\"\nuser = \"nape\"\n\
                        token_file = \"t\"\ninvite_from = [\"*:example.org\"]\n";
            let matrix = parse(text).unwrap().matrix.unwrap();
            assert_eq!(matrix.homeserver, "https://m.example.org");
            assert_eq!(
                (matrix.login, matrix.invite_from),
                (Login::Token("t".into()), vec!["*:example.org".to_owned()])
            );
            let both = parse(&format!("{text}password_file = \"p\"\n")).unwrap_err();
            assert!(both[0].1.contains("not both"), "{both:?}");
            let inside = parse(&format!("{text}store = \"m\"\nrecovery_key_file = \"m/key\"\n")).unwrap_err();
            assert!(inside[0].0 == 8 && inside[0].1.contains("outside"), "{inside:?}");
        }
    }

    #[test]
    fn discord_needs_a_token_and_takes_the_rest_as_it_is() {
        let wrong = parse("[discord]\nenabled = true\nshards = 0\n").unwrap_err();
        assert_eq!(wrong, [(3, "discord.shards takes shards from 1 to 1000".to_owned())]);
        if cfg!(feature = "discord") {
            let (line, message) = parse("\n[discord]\nenabled = true\n").unwrap_err().remove(0);
            assert!(line == 2 && message.starts_with("discord.token_file is missing"), "{message}");
            let text =
                "[discord]\nenabled = true\ntoken_file = \"t\"\nguild = \"7\"\napi_url = \"http://127.0.0.1:1/\"\n";
            let discord = parse(text).unwrap().discord.unwrap();
            assert_eq!((discord.guild, discord.api_url.as_deref()), (Some(7), Some("http://127.0.0.1:1")));
        }
    }

    #[test]
    fn health_and_log_take_what_they_say() {
        let text = "[health]\nlisten = \"localhost\"\n[log]\nlevel = \"loud\"\nformat = \"xml\"\n";
        let problems = parse(text).unwrap_err();
        let at = |line: usize| problems.iter().find(|(at, _)| *at == line).map(|(_, message)| message.as_str());
        assert!(at(2).unwrap().contains("127.0.0.1:9464"), "{problems:?}");
        assert!(at(4).unwrap().contains("error, warn, info, debug, trace"), "{problems:?}");
        assert!(at(5).unwrap().contains("human, json"), "{problems:?}");
        let config = parse("[health]\nlisten = \"[::1]:80\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n").unwrap();
        assert_eq!(config.health, Some("[::1]:80".parse().unwrap()));
        assert_eq!(config.log, log::Settings { level: "warn", format: log::Format::Json });
    }

    #[test]
    fn what_is_no_toml_is_said() {
        let problems = parse("[store\n").unwrap_err();
        assert!(problems[0].1.starts_with("this is not TOML"), "{problems:?}");
    }
}
