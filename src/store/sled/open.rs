//! Opening the folder: made private and durable, locked against a second process, swept of what a killed one left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use ::sled::{Config, Db, Mode};
use rustix::fs::{FlockOperation, flock};

use super::layout::{self, COUNTERS_KEY, Counters, FORMAT, FORMAT_KEY};
use super::read;
use crate::store::StoreError;

/// How much the engine may keep in memory, in bytes; its own default is 1 GiB.
const CACHE: u64 = 64 << 20;
/// How long the engine is given to let go of its file, in milliseconds. It takes one or two.
const LET_GO: u32 = 1_000;

/// The open folder. Fields are dropped in this order: the lock goes last.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) db: Db,
    /// The engine's file, to be synced by us: the engine's own flush does not.
    pub(super) file: File,
    pub(super) counters: Counters,
    pub(super) folder: Folder,
}

/// The folder, locked. Unlocked on drop, once the engine has let go of it, so that it can be opened again at once.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    _lock: File,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The engine's last background writes may outlive its handle by a moment, and hold its own lock as long.
        let Ok(file) = File::open(self.dir.join("db")) else { return };
        for _ in 0..LET_GO {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) => thread::park_timeout(Duration::from_millis(1)),
                Ok(()) | Err(_) => return,
            }
        }
    }
}

/// Opens the folder, or makes it.
pub(super) fn open(dir: &Path) -> Result<Opened, StoreError> {
    make(dir)?;
    let folder = Folder { dir: dir.to_owned(), _lock: lock(dir)? };
    sweep(dir)?;
    let config = Config::new().path(dir).cache_capacity(CACHE).flush_every_ms(Some(500)).mode(Mode::LowSpace);
    let db = read::calm(|| config.open().map_err(|error| unopened(dir, &error)))?;
    let path = dir.join("db");
    let file = File::open(&path).map_err(|error| io_error("opening", &path, &error))?;
    let counters = read_meta(&db)?;
    if counters.is_none() {
        // Until the format is written the folder counts as new, so a crash before that comes through here again.
        file.sync_all().map_err(|error| io_error("syncing", &path, &error))?;
        sync_dir(dir)?;
        if let Some(parent) = parent(dir) {
            sync_dir(parent)?;
        }
        write_meta(&db, &file)?;
    }
    Ok(Opened { db, file, counters: counters.unwrap_or_default(), folder })
}

/// Makes the folder and those above it, for our own eyes only.
fn make(dir: &Path) -> Result<(), StoreError> {
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
    DirBuilder::new().mode(0o700).create(dir).map_err(|error| io_error("making", dir, &error))?;
    above.map_or(Ok(()), sync_dir)
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("store.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(|error| io_error("opening", &path, &error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Busy(dir.display().to_string())),
        Err(error) => Err(io_error("locking", &path, &error.into())),
    }
}

/// Removes unfinished snapshots. The engine takes them for finished ones and then can't open its own folder.
fn sweep(dir: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| io_error("reading", dir, &error);
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::info!(file = %entry.path().display(), "removing an unfinished snapshot");
            fs::remove_file(entry.path()).map_err(|error| io_error("removing", &entry.path(), &error))?;
        }
    }
    Ok(())
}

/// The counters of a store that was written before; `None` for a new one.
fn read_meta(db: &Db) -> Result<Option<Counters>, StoreError> {
    let what = "the store's format";
    let Some(format) = read::get(db, FORMAT_KEY)? else {
        return match read::calm(|| Ok(db.is_empty()))? {
            true => Ok(None),
            false => Err(layout::damaged(what, "it is missing from a store that is not empty")),
        };
    };
    let format = format.as_ref().try_into().map(u32::from_be_bytes);
    match format {
        Ok(FORMAT) => {
            let counters = read::get(db, COUNTERS_KEY)?;
            let counters = counters.ok_or_else(|| layout::damaged("the store's counters", "they are missing"))?;
            Counters::read(&counters).map(Some)
        }
        Ok(version) if version > FORMAT => Err(StoreError::Newer { what: "the store".to_owned(), version }),
        _ => Err(layout::damaged(what, "it is no version that ever was")),
    }
}

fn write_meta(db: &Db, file: &File) -> Result<(), StoreError> {
    let doing = "writing the store's format";
    let mut batch = ::sled::Batch::default();
    batch.insert(FORMAT_KEY, FORMAT.to_be_bytes().to_vec());
    batch.insert(COUNTERS_KEY, Counters::default().bytes());
    db.apply_batch(batch).and_then(|()| db.flush()).map_err(|error| read::failure(doing, &error))?;
    file.sync_data().map_err(|error| StoreError::Io { doing: doing.to_owned(), why: error.to_string() })
}

fn unopened(dir: &Path, error: &::sled::Error) -> StoreError {
    match error {
        // The engine locks its file too; with our own lock in hand, only a program without that lock can hold it.
        ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            StoreError::Busy(dir.display().to_string())
        }
        error => read::failure(&format!("opening {}", dir.display()), error),
    }
}

fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| io_error("syncing", dir, &error))
}

/// The folder above; `.` for a relative path of one name.
fn parent(dir: &Path) -> Option<&Path> {
    dir.parent().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above })
}

fn io_error(doing: &str, path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        _ => StoreError::Io { doing: format!("{doing} {}", path.display()), why: error.to_string() },
    }
}
