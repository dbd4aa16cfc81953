//! Opening: the lock, the manifest, the keys, the engine, and whether they belong together.
//!
//! It must never take a store that has lost something for a new one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::sled::{Config, Db, Mode};

use super::folder::{self, Folder, Lies};
use super::layout::{CANARY_KEY, COUNTERS_KEY, Counters, FORMAT_KEY, damaged};
use super::read::{self, View};
use super::shared::Shared;
use super::vault::Vault;
use super::{tombs, upgrade};
use crate::store::manifest::{FORMAT, Manifest};
use crate::store::seal::{KEY_FILE, MasterKey, Ring};
use crate::store::{Options, StoreError, disk, fault};

/// How much the engine may keep in memory, in bytes; its own default is 1 GiB.
const CACHE: u64 = 64 << 20;
/// The ring's file in an engine's folder.
pub(super) const RING: &str = "keys";

/// An open store, before anybody works with it.
pub(super) struct Opened {
    pub(super) engine: Engine,
    pub(super) counters: Counters,
    pub(super) manifest: Manifest,
    /// Dropped last.
    pub(super) folder: Folder,
}

/// An engine's folder, open.
pub(super) struct Engine {
    pub(super) db: Db,
    /// The engine's file, to be synced by us: the engine's own flush does not.
    pub(super) file: File,
    pub(super) vault: Vault,
}

impl Engine {
    pub(super) fn view(&self) -> View<'_> {
        View { tree: &self.db, vault: &self.vault }
    }
}

/// Opens the store in a folder, or makes one.
pub(super) fn open(dir: &Path, options: &Options) -> Result<Opened, StoreError> {
    let folder = enter(dir, options)?;
    let manifest = match Manifest::read(dir)? {
        Some(manifest) if manifest.importing => {
            return Err(StoreError::Refused {
                what: dir.display().to_string(),
                why: "holds half of an import".to_owned(),
                remedy: "do the import again: nape store import FILE".to_owned(),
            });
        }
        Some(manifest) if !manifest.making => manifest,
        Some(_) => create(dir, options)?,
        None => match folder::lies(dir)? {
            Lies::Nothing => create(dir, options)?,
            Lies::Format1 => upgrade::from_1(dir, options)?,
            Lies::Remains => {
                return Err(damaged(&dir.display().to_string(), "there is a store, but its MANIFEST.json is missing"));
            }
        },
    };
    let engine = open_engine(dir, &manifest, Arc::new(MasterKey::read(&key_path(dir, options))?))?;
    let counters = belongs(engine.view(), &manifest)?;
    folder::clear(dir, Some(manifest.engine))?;
    tombs::mend(dir, engine.view())?;
    if let Err(error) = disk::load_ballast(dir, options.room) {
        tracing::warn!(%error, "there is no ballast");
    }
    Ok(Opened { engine, counters, manifest, folder })
}

/// Makes and locks the folder, on a disk that will do.
pub(super) fn enter(dir: &Path, options: &Options) -> Result<Folder, StoreError> {
    folder::make(dir)?;
    disk::require_local(dir)?;
    let folder = folder::lock(dir)?;
    if disk::free(dir)? < 2 * options.room.ballast {
        // The engine can't be opened on a full disk.
        disk::drop_ballast(dir);
    }
    Ok(folder)
}

pub(super) fn key_path(dir: &Path, options: &Options) -> PathBuf {
    options.key.clone().unwrap_or_else(|| dir.join(KEY_FILE))
}

/// The master key for a store that is about to be made: the one that is there, or a new one.
pub(super) fn key_for_new(dir: &Path, options: &Options) -> Result<Arc<MasterKey>, StoreError> {
    let path = key_path(dir, options);
    if path.exists() {
        return MasterKey::read(&path).map(Arc::new);
    }
    let key = MasterKey::random();
    key.write(&path)?;
    fault::point("master key made");
    tracing::info!(file = %path.display(), "made the master key; keep a copy of it apart from the store and its backups");
    Ok(Arc::new(key))
}

/// Opens the engine anew after a full disk, as the old one neither writes again nor reads all that it holds. Only the
/// committer does, with nothing under way. Gives what is stored and durable now: what was refused for want of room may be
/// there all the same, but nothing that was confirmed may be missing.
pub(super) fn again(shared: &Shared, counters: Counters) -> Result<(File, Counters), StoreError> {
    let number = shared.manifest.lock().unwrap_or_else(std::sync::PoisonError::into_inner).engine;
    let path = folder::engine(&shared.dir, number);
    let mut held = shared.hold();
    drop(held.take());
    folder::let_go(&path);
    folder::sweep(&path)?;
    let (db, file) = start(&path)?;
    file.sync_data().map_err(|error| StoreError::io("syncing", &path, &error))?;
    let view = View { tree: &db, vault: &shared.vault };
    let found = view.counters()?;
    if found.commits < counters.commits {
        return Err(damaged("the store", "commits are missing after the disk was full"));
    }
    if let Err(error) = tombs::mend(&shared.dir, view) {
        tracing::warn!(%error, "not every deletion is in the file of tombstones yet; the next start adds them");
    }
    *held = Some(db);
    Ok((file, found))
}

/// A new store, empty.
fn create(dir: &Path, options: &Options) -> Result<Manifest, StoreError> {
    let master = key_for_new(dir, options)?;
    let ring = Ring::new(None);
    let store = ring.name();
    Manifest::making().write(dir)?;
    folder::clear(dir, None)?;
    let engine = make_engine(dir, 1, master, ring)?;
    let path = folder::engine(dir, 1);
    finish(&engine, &path, Counters::default())?;
    drop(engine);
    folder::let_go(&path);
    let manifest = Manifest { store, making: false, ..Manifest::making() };
    manifest.write(dir)?;
    Ok(manifest)
}

/// An engine in a folder of its own, with its keys and nothing else in it.
pub(super) fn make_engine(dir: &Path, number: u32, master: Arc<MasterKey>, ring: Ring) -> Result<Engine, StoreError> {
    let path = folder::make_engine(dir, number)?;
    ring.write(&path.join(RING), &master)?;
    let (db, file) = start(&path)?;
    fault::point("engine made");
    Ok(Engine { db, file, vault: Vault::new(ring, master, path.join(RING)) })
}

/// Writes what makes an engine whole, and makes all of it durable.
pub(super) fn finish(engine: &Engine, path: &Path, counters: Counters) -> Result<(), StoreError> {
    let doing = "writing the store's format";
    let vault = &engine.vault;
    let mut batch = ::sled::Batch::default();
    batch.insert(FORMAT_KEY, FORMAT.to_be_bytes().to_vec());
    batch.insert(CANARY_KEY, vault.seal(&[CANARY_KEY], &vault.ring().store));
    batch.insert(COUNTERS_KEY, vault.seal(&[COUNTERS_KEY], &counters.bytes()));
    engine.db.apply_batch(batch).map_err(|error| read::failure(doing, &error))?;
    fault::point("engine filled");
    engine.db.flush().map_err(|error| read::failure(doing, &error))?;
    engine.file.sync_all().map_err(|error| StoreError::io("syncing", path, &error))?;
    disk::sync_dir(path)?;
    fault::point("engine durable");
    Ok(())
}

/// Opens the engine that a manifest names.
pub(super) fn open_engine(dir: &Path, manifest: &Manifest, master: Arc<MasterKey>) -> Result<Engine, StoreError> {
    let path = folder::engine(dir, manifest.engine);
    // The engine would make a new file in the place of one that is gone.
    if !fs::metadata(path.join("db")).is_ok_and(|found| found.len() > 0) {
        return Err(damaged(&path.join("db").display().to_string(), "it is missing or empty"));
    }
    let ring = Ring::read(&path.join(RING), &master)?;
    if ring.name() != manifest.store {
        return Err(damaged(&path.join(RING).display().to_string(), "it belongs to another store"));
    }
    folder::sweep(&path)?;
    let (db, file) = start(&path)?;
    Ok(Engine { db, file, vault: Vault::new(ring, master, path.join(RING)) })
}

/// Opens the engine's files, whatever is in them.
pub(super) fn start(path: &Path) -> Result<(Db, File), StoreError> {
    let config = Config::new().path(path).cache_capacity(CACHE).flush_every_ms(Some(500)).mode(Mode::LowSpace);
    let db = read::calm(|| config.open().map_err(|error| unopened(path, &error)))?;
    fault::point("engine open");
    let file = path.join("db");
    let file = File::open(&file).map_err(|error| StoreError::io("opening", &file, &error))?;
    Ok((db, file))
}

/// Whether what the engine holds is what the manifest promises.
fn belongs(view: View<'_>, manifest: &Manifest) -> Result<Counters, StoreError> {
    let what = "the store's format";
    let format = read::get(view.tree, FORMAT_KEY)?.ok_or_else(|| damaged(what, "it is missing"))?;
    match format.as_ref().try_into().map(u32::from_be_bytes) {
        Ok(FORMAT) => {}
        Ok(version) if version > FORMAT => return Err(StoreError::Newer { what: "the store".to_owned(), version }),
        _ => return Err(damaged(what, "it is no version that ever was")),
    }
    let what = "the store's canary";
    let canary = read::get(view.tree, CANARY_KEY)?.ok_or_else(|| damaged(what, "it is missing"))?;
    if *view.vault.open(&[CANARY_KEY], &canary, what)? != view.vault.ring().store {
        return Err(damaged(what, "it names another store"));
    }
    let counters = view.counters()?;
    if counters.commits < manifest.commits || counters.ordered < manifest.ordered {
        let why = format!("{} commits are there, but {} were confirmed", counters.commits, manifest.commits);
        return Err(damaged("the store", &why));
    }
    if counters.commits == manifest.commits && counters.records != manifest.records {
        return Err(damaged("the store", "its count of records is another than its manifest's"));
    }
    Ok(counters)
}

fn unopened(path: &Path, error: &::sled::Error) -> StoreError {
    match error {
        // The engine locks its file too; with our own lock in hand, only a program without that lock can hold it.
        ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            StoreError::Busy(path.display().to_string())
        }
        error => read::failure(&format!("opening {}", path.display()), error),
    }
}
