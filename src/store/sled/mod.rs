//! The store on disk, on the engine that gives the module its name, which is named nowhere else.
//!
//! It must never confirm what a kill or a power cut could take back, never write after a failed flush or sync, and never
//! have a second process in its folder.
//!
//! # The folder
//!
//! | file | what it is |
//! |---|---|
//! | `store.lock` | empty; locked as long as a process has the store open |
//! | `db`, `conf`, `snap.*` | the engine's log, its settings, its shortcuts for opening |
//! | `snap.*.generating` | an unfinished shortcut of a killed process; removed before opening, as the engine would choke on it |
//! | `blobs/` | must stay empty: the engine puts large values there and never syncs them, so no value reaches 4 KiB |
//!
//! # Keys and values
//!
//! One tree, so that one engine batch is one atomic write. The first byte of a key says what it is; numbers are
//! big-endian, and times are milliseconds with the sign bit turned over, so that they sort as bytes.
//!
//! | key | value |
//! |---|---|
//! | `m` `format` | version of this layout, u32: 1 |
//! | `m` `counters` | number of the last commit, u64; last outbox number given, u64 |
//! | `r` tree 0 name | revision u64; has a due time, u8; due time i64; parts u8; first 3,900 bytes of [`Record::encode`] |
//! | `o` number u64 | parts u8; first 3,900 bytes of [`OutboxItem::encode`] |
//! | `p` length u16, key of the first value, part u8 | the next 3,900 bytes; parts count from 0 |
//! | `d` due time i64, tree 0 name | empty |
//! | `s` event | when it came in, i64 |
//! | `t` when it came in i64, event | empty |
//!
//! A record's revision is the number of the commit that wrote it, so a record that was deleted and came back never
//! looks like the old one. An event leaves `s` and `t` together, some time after [`super::SEEN_FOR`], when others come in.
//!
//! # A commit
//!
//! Encode (where the batch comes from), queue of 256, then the committer's thread: check all that wait, each against the
//! ones before it; one engine batch; flush; `fdatasync` on `db`, which the engine's own flush leaves out; answers.

mod commit;
mod draft;
mod layout;
mod open;
mod read;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::{Builder, JoinHandle};

use async_trait::async_trait;

use self::commit::{Queue, Shared, Sync};
use self::draft::Ready;
use self::open::{Folder, Opened};
use super::{Batch, CommitError, Committed, OutboxId, OutboxItem, Store, StoreError};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Records, Revision};

/// A store in a folder.
///
/// Dropping it commits what waits, ends its thread and lets go of the folder; that blocks for about the time of one
/// commit. [`SledStore::close`] does the first two and says how it went.
pub struct SledStore {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
    /// Dropped last.
    _folder: Folder,
}

impl SledStore {
    /// Opens the store in `dir`, or makes a new one there.
    ///
    /// Blocks: about 0.1 s, longer after a kill or with hundreds of thousands of records. It must lie on a local disk;
    /// network file systems don't keep the lock.
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Full`], [`StoreError::Damaged`], [`StoreError::Newer`] and [`StoreError::Io`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::start(open::open(dir)?, |file| Box::new(move || file.sync_data()))
    }

    /// Commits what waits and takes no more. Reading goes on; the folder stays locked until the store is dropped.
    ///
    /// # Errors
    /// What the first failed commit failed with, if one did.
    pub fn close(&self) -> Result<(), StoreError> {
        self.shared.queue.close();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if committer.is_some_and(|thread| thread.join().is_err()) {
            return Err(StoreError::Failed("its thread gave up".to_owned()));
        }
        match &*self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn start(opened: Opened, sync: impl FnOnce(File) -> Sync) -> Result<Self, StoreError> {
        let Opened { db, file, counters, folder } = opened;
        let shared = Arc::new(Shared {
            db,
            whole: RwLock::new(()),
            durable: AtomicU64::new(counters.ordered),
            failed: Mutex::new(None),
            queue: Queue::new(),
        });
        let (theirs, sync) = (shared.clone(), sync(file));
        let thread = Builder::new().name("committer".to_owned());
        let committer = thread.spawn(move || commit::run(&theirs, counters, sync)).map_err(|error| StoreError::Io {
            doing: "starting the committer's thread".to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self { shared, committer: Mutex::new(Some(committer)), _folder: folder })
    }

    /// Keeps the committer from putting a group in, so that all reads under it are of the same moment.
    fn still(&self) -> RwLockReadGuard<'_, ()> {
        self.shared.whole.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "closing the store");
        }
    }
}

#[async_trait]
impl Store for SledStore {
    fn load(&self, keys: &[Key]) -> Result<Records, StoreError> {
        let _still = self.still();
        let mut records = Records::default();
        for key in keys {
            debug_assert!(!key.is_volatile(), "volatile records stay with the runtime");
            if key.is_volatile() {
                continue;
            }
            match read::record(&self.shared.db, key)? {
                Some((record, revision)) => records.insert(key.clone(), Some(record), revision),
                None => records.insert(key.clone(), None, Revision(0)),
            }
        }
        Ok(records)
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        self.shared.queue.commit(Ready::new(batch)?).await
    }

    fn due(&self, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
        let _still = self.still();
        read::due(&self.shared.db, upto, limit)
    }

    fn scan(&self, tree: &str, after: Option<&str>, limit: usize) -> Result<Vec<(Key, Record)>, StoreError> {
        let Some(tree) = Key::TREES.iter().find(|known| **known == tree) else {
            debug_assert!(false, "there is no tree {tree}");
            return Ok(Vec::new());
        };
        let _still = self.still();
        read::scan(&self.shared.db, tree, after, limit)
    }

    fn outbox(&self, after: OutboxId, limit: usize) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
        let _still = self.still();
        let durable = OutboxId(self.shared.durable.load(Ordering::Acquire));
        read::outbox(&self.shared.db, after, durable, limit)
    }
}
