//! The folder around the engine: made private, locked against a second process, swept of what a killed one left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::store::{StoreError, disk, manifest};

/// How long the engine is given to let go of its file, in milliseconds. It takes one or two.
const LET_GO: u32 = 1_000;
/// The name of engine folders; their number follows.
const ENGINE: &str = "engine-";

/// The folder, locked until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    _lock: File,
}

/// What lies in a folder that has no manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lies {
    /// No store.
    Nothing,
    /// The store of a program before manifests.
    Format1,
    /// What is left of a store.
    Remains,
}

pub(super) fn engine(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{ENGINE}{number}"))
}

/// Waits until the engine has let go of its file: its last background writes may outlive its handle by a moment, and hold
/// its own lock as long.
pub(super) fn let_go(engine: &Path) {
    let Ok(file) = File::open(engine.join("db")) else { return };
    for _ in 0..LET_GO {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => thread::park_timeout(Duration::from_millis(1)),
            Ok(()) | Err(_) => return,
        }
    }
}

/// Makes the folder and those above it, for our own eyes only.
pub(super) fn make(dir: &Path) -> Result<(), StoreError> {
    if let Ok(found) = fs::metadata(dir) {
        let mode = found.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(dir = %dir.display(), mode = format!("{:o}", mode & 0o777), "others can look into the store's folder; chmod 700 it");
        }
        return Ok(());
    }
    let above = parent(dir);
    if let Some(above) = above.filter(|above| !above.exists()) {
        make(above)?;
    }
    DirBuilder::new().mode(0o700).create(dir).map_err(|error| StoreError::io("making", dir, &error))?;
    above.map_or(Ok(()), disk::sync_dir)
}

pub(super) fn lock(dir: &Path) -> Result<Folder, StoreError> {
    let path = dir.join("store.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|error| StoreError::io("opening", &path, &error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Folder { _lock: file }),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Busy(dir.display().to_string())),
        Err(error) => Err(StoreError::io("locking", &path, &error.into())),
    }
}

/// Whether a folder holds a store, or what is left of one.
pub(super) fn holds_store(dir: &Path) -> bool {
    dir.join(manifest::FILE).exists() || lies(dir).is_ok_and(|lies| lies != Lies::Nothing)
}

/// What is there beside a manifest.
pub(super) fn lies(dir: &Path) -> Result<Lies, StoreError> {
    let names = names(dir)?;
    if names.iter().any(|name| name == "db") {
        return Ok(Lies::Format1);
    }
    let remains = |name: &String| {
        name.starts_with(ENGINE)
            || name.starts_with("snap.")
            || matches!(name.as_str(), "conf" | "forgotten" | "ballast")
    };
    Ok(if names.iter().any(remains) { Lies::Remains } else { Lies::Nothing })
}

/// Removes unfinished snapshots. The engine takes them for finished ones and then can't open its own folder.
pub(super) fn sweep(engine: &Path) -> Result<(), StoreError> {
    for name in names(engine)? {
        if name.starts_with("snap.") && name.ends_with(".generating") {
            let path = engine.join(name);
            tracing::info!(file = %path.display(), "removing an unfinished snapshot");
            fs::remove_file(&path).map_err(|error| StoreError::io("removing", &path, &error))?;
        }
    }
    Ok(())
}

/// Removes all engines but the one that is in use (none of them is, when there is no number), and what stood in the folder
/// before there were manifests.
pub(super) fn clear(dir: &Path, in_use: Option<u32>) -> Result<(), StoreError> {
    let kept = in_use.map(|number| engine(dir, number));
    for name in names(dir)? {
        let path = dir.join(&name);
        let failed = |error: io::Error| StoreError::io("removing", &path, &error);
        if name.starts_with(ENGINE) && kept.as_ref() != Some(&path) || in_use.is_some() && name == "blobs" {
            fs::remove_dir_all(&path).map_err(failed)?;
        } else if in_use.is_some() && (name.starts_with("snap.") || matches!(name.as_str(), "db" | "conf")) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    disk::sync_dir(dir)
}

/// Makes a folder for an engine, and clears it of what a killed process left there.
pub(super) fn make_engine(dir: &Path, number: u32) -> Result<PathBuf, StoreError> {
    let path = engine(dir, number);
    let failed = |error: io::Error| StoreError::io("making", &path, &error);
    if path.exists() {
        fs::remove_dir_all(&path).map_err(failed)?;
    }
    DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
    disk::sync_dir(dir)?;
    Ok(path)
}

fn names(dir: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |error: io::Error| StoreError::io("reading", dir, &error);
    let entries = fs::read_dir(dir).map_err(failed)?;
    entries.map(|entry| Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned())).collect()
}

/// The folder above; `.` for a relative path of one name.
fn parent(dir: &Path) -> Option<&Path> {
    dir.parent().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above })
}
