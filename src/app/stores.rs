//! `nape store`: looking after the store, with the program that has it open or without one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::arguments::{Store as Command, Where};
use crate::app::clock::{Clock, SystemClock};
use crate::app::control::{self, Request};
use crate::app::exit::{Code, Exit};
use crate::app::{config, preflight};
use crate::store::backup::Identity;
use crate::store::sled::{Restored, SledStore, import, restore};
use crate::store::{Options, StoreError};

/// Does what the command line says.
///
/// # Errors
/// An exit code of sysexits, with lines that say what is wrong and what to do.
pub fn run(command: Command) -> Result<(), Exit> {
    match command {
        Command::Check { at } => ask(&at, Request::Check),
        Command::Stats { at } => ask(&at, Request::Stats),
        Command::Rotate { master, at } => ask(&at, Request::Rotate { master }),
        Command::Backup { file, recipient, at } => {
            let recipient = recipient.or(at.settings()?.recipient);
            ask(&at, Request::Backup { file: whole(&file)?, recipient })
        }
        Command::Export { file, at } => ask(&at, Request::Export { file: whole(&file)? }),
        Command::Restore { file, identity, at } => {
            is_there(&file)?;
            let settings = at.settings()?;
            let identity = identity.map(|path| Identity::read(&path)).transpose().map_err(exit)?;
            let now = SystemClock.now();
            let restored = restore(&file, identity.as_ref(), &settings.data, &settings.options, now).map_err(exit)?;
            let Restored { records, forgotten, orders } = restored;
            say(&format!("Restored in {}: {}.", settings.data.display(), counted(records as u64, "record")))?;
            if forgotten > 0 {
                let left = counted(forgotten as u64, "record");
                say(&format!("Left out, as their people have been deleted since: {left}."))?;
            }
            if orders > 0 {
                say(&format!("Left out, as their time is past: {}.", counted(orders as u64, "waiting message")))?;
            }
            Ok(())
        }
        Command::Import { file, at } => {
            is_there(&file)?;
            let settings = at.settings()?;
            let restored = import(&file, &settings.data, &settings.options).map_err(exit)?;
            say(&format!("Imported to {}: {}.", settings.data.display(), counted(restored.records as u64, "record")))
        }
        Command::Preflight { at } => {
            let settings = at.settings()?;
            let store = SledStore::open_with(&settings.data, &settings.options).map_err(exit)?;
            store.check().map_err(exit)?;
            store.close().map_err(exit)
        }
    }
}

/// Opens a store for the program to work with: looked at by a child process first.
///
/// # Errors
/// As [`preflight::check`], and those of opening.
pub async fn open(dir: &Path, options: &Options) -> Result<Arc<SledStore>, Exit> {
    preflight::check(dir, options).await?;
    SledStore::open_with(dir, options).map(Arc::new).map_err(exit)
}

/// How the program ends when the store can't do something.
pub fn exit(error: StoreError) -> Exit {
    let code = match &error {
        StoreError::Busy(_) | StoreError::ReadOnly { .. } => Code::TryAgain,
        StoreError::Newer { .. } | StoreError::Damaged { .. } | StoreError::Refused { .. } => Code::Config,
        StoreError::Full(_) | StoreError::Failed(_) | StoreError::Io { .. } => Code::Io,
    };
    Exit::new(code, error)
}

/// What the arguments and the configuration say about the store.
pub struct Settings {
    /// The folder.
    pub data: PathBuf,
    /// How to open it.
    pub options: Options,
    /// For whom backups are sealed.
    pub recipient: Option<String>,
}

impl Where {
    /// The arguments, and for those that aren't given the configuration.
    fn settings(&self) -> Result<Settings, Exit> {
        let config = match &self.config {
            Some(path) => config::read_apart(path, &[]).map_err(|problems| Exit::all(Code::Config, problems))?,
            None => config::Config::default(),
        };
        let mut options = config.options();
        if let Some(key) = &self.key {
            options.key = Some(key.clone());
        }
        if let Some(room) = self.room {
            options.room = config::room(room);
        }
        let data = self.data.clone().unwrap_or(config.store);
        Ok(Settings { data, options, recipient: config.recipient })
    }
}

/// Asks the program that has the store open, or opens it here.
fn ask(at: &Where, request: Request) -> Result<(), Exit> {
    let Settings { data, options, .. } = at.settings()?;
    if !data.is_dir() {
        let line = format!("{}: no such folder; give the folder of the store with --data", data.display());
        return Err(Exit::new(Code::NoInput, line));
    }
    if !SledStore::is_in(&data) {
        let line = format!("{}: there is no store in this folder; give the right one with --data", data.display());
        return Err(Exit::new(Code::NoInput, line));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Exit::new(Code::Software, format!("no threads to run on: {error}")))?;
    let lines = match runtime.block_on(control::ask(&data, &request)) {
        Some(answer) => answer?,
        None => {
            runtime.block_on(preflight::check(&data, &options))?;
            let store = SledStore::open_with(&data, &options).map_err(exit)?;
            let lines = control::perform(&store, request).map_err(|line| Exit::new(Code::Io, line))?;
            store.close().map_err(exit)?;
            lines
        }
    };
    lines.iter().try_for_each(|line| say(line))
}

/// A file that is to be read.
fn is_there(file: &Path) -> Result<(), Exit> {
    if file.is_file() {
        return Ok(());
    }
    Err(Exit::new(Code::NoInput, format!("{}: no such file; nothing was changed", file.display())))
}

/// A number of things, for people.
pub(super) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The program that has the store open may stand in another folder.
fn whole(file: &Path) -> Result<PathBuf, Exit> {
    std::path::absolute(file).map_err(|error| Exit::new(Code::NoInput, format!("{}: {error}", file.display())))
}

fn say(line: &str) -> Result<(), Exit> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| Exit::new(Code::Io, error))
}
