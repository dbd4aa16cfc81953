//! The program's commands and arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::app::version::VERSION;

/// A companion for people with migraine: answers about neck massage, guided self-massage, private preferences.
#[derive(Debug, Parser)]
#[command(name = "nape", version = VERSION, about, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Talk to Nape in this terminal; no account is needed
    ///
    /// Just ask, or type "help". Input from a pipe is played line by line. Ctrl-D leaves.
    Chat(Chat),
    /// Answer questions from a file, one JSON object a line
    ///
    /// Reads {"id","text"} and writes {"id","intent","topics","urgency","confidence","text"}.
    Answer {
        /// The file with one question a line; "-" for standard input
        #[arg(long, value_name = "FILE")]
        jsonl: PathBuf,
        /// What it knows
        #[command(flatten)]
        knowledge: Knowledge,
    },
    /// Measure the answers on questions with known answers
    ///
    /// Reads every *.jsonl of the folder; tests/eval/README.md describes their form.
    Eval {
        /// The folder with the rows
        #[arg(value_name = "DIR")]
        rows: PathBuf,
        /// Show up to so many failures of each sort
        #[arg(long, value_name = "N", default_value_t = 0)]
        show: usize,
        /// What it knows
        #[command(flatten)]
        knowledge: Knowledge,
    },
    /// Prove the texts
    #[command(subcommand)]
    Content(Content),
    /// What the training of the encoder needs from the program
    #[command(subcommand, hide = true)]
    Model(Model),
    /// Run the adapters that the configuration enables
    Run {
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "config/nape.toml")]
        config: PathBuf,
        /// A value of the configuration, over the file's and the environment's (NAPE_TABLE_KEY)
        #[arg(long, value_name = "TABLE.KEY=VALUE")]
        set: Vec<String>,
    },
    /// Ask the running program whether it is ready: 0, or 69 with the reasons why not
    Health {
        /// The configuration file, which says where it is asked
        #[arg(long, value_name = "FILE", default_value = "config/nape.toml")]
        config: PathBuf,
        /// A value of the configuration, as it was given to `run`
        #[arg(long, value_name = "TABLE.KEY=VALUE")]
        set: Vec<String>,
    },
    /// Check a configuration file, and say everything that is wrong with it
    Check {
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "config/nape.toml")]
        config: PathBuf,
        /// A value of the configuration, over the file's and the environment's (NAPE_TABLE_KEY)
        #[arg(long, value_name = "TABLE.KEY=VALUE")]
        set: Vec<String>,
        /// Show every value that holds, and where it comes from; no secrets
        #[arg(long)]
        show: bool,
    },
    /// Look after the store
    #[command(subcommand)]
    Store(Store),
    /// Look at the Matrix account
    #[cfg(feature = "matrix")]
    #[command(subcommand)]
    Matrix(Matrix),
}

/// Matrix commands.
#[cfg(feature = "matrix")]
#[derive(Debug, Subcommand)]
pub enum Matrix {
    /// Say what is wrong with the account, its keys and its rooms, and what to do; also while the bot runs
    Doctor {
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "config/nape.toml")]
        config: PathBuf,
    },
}

/// Talking in the terminal.
#[derive(Debug, Args)]
pub struct Chat {
    /// The folder that keeps preferences and running routines
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
    /// The file of the master key, when it lies outside that folder
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// MiB that have to stay free on the disk of that folder
    #[arg(long, value_name = "MIB", default_value_t = 128)]
    pub room: u32,
    /// What it knows
    #[command(flatten)]
    pub knowledge: Knowledge,
    /// Who is talking; every name has preferences of its own
    #[arg(long, value_name = "NAME", default_value = "me")]
    pub user: String,
    /// Virtual time: a countdown is skipped as soon as nothing else is due before it
    #[arg(long)]
    pub fast: bool,
}

/// What the bot knows and how it understands.
#[derive(Debug, Default, Args)]
pub struct Knowledge {
    /// A folder with texts that replace the built-in ones
    #[arg(long, value_name = "DIR")]
    pub content: Option<PathBuf>,
    /// A folder with another model than the built-in one
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
}

/// Model commands.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Write the vectors of all texts of the knowledge, for a quick start
    Passages {
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What it knows
        #[command(flatten)]
        knowledge: Knowledge,
    },
    /// For each row {"text"} of a file, everything that is known before anything is decided
    Cases {
        /// The file with one row a line
        #[arg(long, value_name = "FILE")]
        jsonl: PathBuf,
        /// What it knows
        #[command(flatten)]
        knowledge: Knowledge,
    },
}

/// Content commands.
#[derive(Debug, Subcommand)]
pub enum Content {
    /// Say every problem of the texts as FILE:LINE: what is wrong, what to do
    Check {
        /// A folder with texts that replace the built-in ones
        #[arg(long, value_name = "DIR")]
        content: Option<PathBuf>,
    },
}

/// Store commands. All but restore and import also work while the program runs.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Read every record, hold the numbers against each other, and count
    Check {
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// Numbers about the store, as JSON; no names
    Stats {
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// Seal everything with new keys and drop the old ones
    ///
    /// What deleted people left in the engine's log, or in copies of the disk, can't be read from then on.
    Rotate {
        /// Draw a new master key as well, as the old one may have leaked; keep a copy of its file anew
        #[arg(long)]
        master: bool,
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// Write a backup, sealed for an age recipient or else with the store's master key
    ///
    /// The master key is in no backup: keep a copy of it apart, or make backups for a recipient.
    Backup {
        /// The file to write; it must not be there yet
        file: PathBuf,
        /// The age recipient (age1…) to seal it for, instead of the configuration's
        #[arg(long, value_name = "RECIPIENT")]
        recipient: Option<String>,
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// Put a backup in the place of the store, or where there is none
    ///
    /// The store must not be in use. Whoever was deleted after the backup was made stays deleted.
    Restore {
        /// The backup
        file: PathBuf,
        /// The file of the age identity, when the backup was made for a recipient
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// Write everything as JSON Lines, readable by anybody: the way to another machine or engine
    Export {
        /// The file to write; it must not be there yet
        file: PathBuf,
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// Fill an empty folder from an export
    Import {
        /// The export
        file: PathBuf,
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
    /// What a starting program lets a child process do before it opens the store itself
    #[command(hide = true)]
    Preflight {
        /// Which store.
        #[command(flatten)]
        at: Where,
    },
}

/// Which store, and how to open it.
#[derive(Debug, Args)]
pub struct Where {
    /// The folder of the store; "data" when neither this nor a configuration is given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The file of the master key, when it lies outside the folder
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// A configuration file, for all that isn't given here
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// MiB that have to stay free on the store's disk
    #[arg(long, value_name = "MIB", hide = true)]
    pub room: Option<u32>,
}
