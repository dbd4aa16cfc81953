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
//! | `MANIFEST.json` | whose store it is, which engine is in use, how much was committed at least ([`super::manifest`]) |
//! | `master.key` | the master key and those before it, unless the operator keeps them elsewhere ([`super::seal`]) |
//! | `forgotten` | tombstones: who was deleted, by HMAC and commit; read when a backup is restored. Each goes once no backup is restored any more that is older ([`super::FORGOTTEN_FOR`]) |
//! | `ballast` | room that is given up on a full disk |
//! | `control` | a socket through which `nape store` speaks to the program that has the store open |
//! | `engine-N/` | the engine's log `db`, its settings `conf`, its shortcuts `snap.*`, and `keys`, the ring of keys |
//! | `engine-N/snap.*.generating` | an unfinished shortcut of a killed process; removed before opening, as the engine would choke on it |
//! | `engine-N/blobs/` | must stay empty: the engine puts large values there and never syncs them, so no value reaches 4 KiB |
//!
//! A restore and an upgrade build the next engine beside the one in use; the manifest changes over at once, then the old
//! one goes.
//!
//! # Keys and values
//!
//! One tree, so that one engine batch is one atomic write. The first byte of a key says what it is; numbers are
//! big-endian, and times are milliseconds with the sign bit turned over, so that they sort as bytes. Names are the first 16
//! bytes of their HMAC; `~` stands for sealed, as [`vault`] says.
//!
//! | key | value |
//! |---|---|
//! | `m` `format` | version of this layout, u32: 2 |
//! | `m` `canary` | ~ the store's name |
//! | `m` `counters` | ~ number of the last commit, last outbox number given, records, orders that wait: u64 each |
//! | `r` tree 0 name | revision u64; has a due time, u8; due time i64; parts u8; first 3,900 bytes of ~ length u16, name in full, [`Record::encode`] |
//! | `o` number u64 | parts u8; first 3,900 bytes of ~ [`OutboxItem::encode`] |
//! | `p` length u16, key of the first value, part u8 | the next 3,900 bytes; parts count from 0 |
//! | `k` name | ~ the person's key |
//! | `x` name | tombstone: commit that deleted u64, day i64 |
//! | `d` due time i64, tree 0 name | empty |
//! | `s` event's name | when it came in, i64 |
//! | `t` when it came in i64, event's name | empty |
//!
//! A record's revision is the number of the commit that wrote it, so a record that was deleted and came back never
//! looks like the old one. An event leaves `s` and `t` together, some time after [`super::SEEN_FOR`], when others come in.
//! A person's key comes with their first record (preferences or routine) and goes with the last; a deletion of preferences,
//! by whomever, leaves a tombstone.
//!
//! # A commit
//!
//! Encode, and open the person's key (where the batch comes from), queue of 256, then the committer's thread: check all that wait, each
//! against the ones before it; seal; one engine batch; flush; `fdatasync` on `db`, which the engine's own flush leaves out; tombstones;
//! answers.
//!
//! # No journal of changes
//!
//! Kills, power cuts and full disks lose nothing that was confirmed. A disk that breaks takes what came after the last backup; a
//! log of changes beside the engine could give that back, and is left out on purpose. It would be a second place that holds rows of
//! people, in which each deletion had to be done again at once and whole, before it is confirmed; sealed with their own keys, it
//! would need copies of those outside the engine, which a deletion could then not take back without rewriting the log; and it
//! would double the syncs of every commit. What takes its place are backups that run while people write, as often as an operator
//! likes, and tombstones, which are that journal for the one thing that must never come back.

mod care;
mod commit;
mod draft;
mod dump;
mod fill;
mod folder;
mod layout;
mod open;
mod read;
mod ready;
mod shared;
#[cfg(test)]
mod tests;
mod tombs;
mod upgrade;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use async_trait::async_trait;

use self::commit::{MakeSync, Sync};
use self::folder::Folder;
use self::open::{Engine, Opened};
use self::read::View;
use self::ready::Ready;
use self::shared::{Shared, State, Still};
use super::{Batch, CommitError, Committed, Options, OutboxId, OutboxItem, Store, StoreError};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Records, Revision};

pub use care::{Counts, Glance, Health, Stats};
pub use fill::{Restored, import, restore};

/// A store in a folder.
///
/// Dropping it commits what waits, ends its thread and lets go of the folder; that blocks for about the time of one
/// commit. [`SledStore::close`] does the first two and says how it went.
pub struct SledStore {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
    /// One backup or rotation at a time.
    backing_up: Mutex<()>,
    /// Dropped last.
    _folder: Unlock,
}

/// Holds the folder until the engine has let go of its file, so that it can be opened again at once.
struct Unlock {
    engine: PathBuf,
    _folder: Folder,
}

impl Drop for Unlock {
    fn drop(&mut self) {
        folder::let_go(&self.engine);
    }
}

impl SledStore {
    /// Opens the store in `dir`, or makes a new one there, with everything else as it comes by itself.
    ///
    /// # Errors
    /// As [`SledStore::open_with`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, &Options::default())
    }

    /// Opens the store in `dir`, or makes a new one there.
    ///
    /// Blocks: about 0.1 s, longer after a kill or with hundreds of thousands of records. It looks whether what it finds
    /// is what the manifest promises; to know that every record reads, see [`SledStore::check`].
    ///
    /// # Errors
    /// [`StoreError::Busy`], [`StoreError::Full`], [`StoreError::Damaged`], [`StoreError::Newer`],
    /// [`StoreError::Refused`] and [`StoreError::Io`].
    pub fn open_with(dir: &Path, options: &Options) -> Result<Self, StoreError> {
        Self::start(dir, options, open::open(dir, options)?, Box::new(|file| Box::new(move || file.sync_data())))
    }

    /// Whether a folder holds a store, or what is left of one.
    pub fn is_in(dir: &Path) -> bool {
        folder::holds_store(dir)
    }

    /// The store's name: no other store has it, and no later one in the same folder.
    pub fn name(&self) -> String {
        self.shared.manifest.lock().unwrap_or_else(PoisonError::into_inner).store.clone()
    }

    /// Commits what waits and takes no more. Reading goes on; the folder stays locked until the store is dropped.
    ///
    /// # Errors
    /// What the first failed commit failed with, if one did.
    pub fn close(&self) -> Result<(), StoreError> {
        self.shared.queue.close();
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let first = committer.is_some();
        if committer.is_some_and(|thread| thread.join().is_err()) {
            return Err(StoreError::Failed("its thread gave up".to_owned()));
        }
        match self.shared.state() {
            State::Failed(error) | State::Full(error) => Err(error),
            // Low on room: what the manifest says less is still true.
            State::Low { .. } => Ok(()),
            State::Writing if first => self.note(),
            State::Writing => Ok(()),
        }
    }

    fn start(dir: &Path, options: &Options, opened: Opened, make_sync: MakeSync) -> Result<Self, StoreError> {
        let Opened { engine: Engine { db, file, vault }, counters, manifest, folder } = opened;
        let engine = folder::engine(dir, manifest.engine);
        let shared = Arc::new(Shared::new(dir, options, vault, manifest, db, counters));
        let theirs = shared.clone();
        let sync: Sync = make_sync(file);
        let thread = Builder::new().name("committer".to_owned());
        let committer = thread.spawn(move || commit::run(&theirs, counters, sync, &make_sync));
        let committer = committer.map_err(|error| StoreError::Io {
            doing: "starting the committer's thread".to_owned(),
            why: error.to_string(),
        })?;
        let store = Self {
            shared,
            committer: Mutex::new(Some(committer)),
            backing_up: Mutex::new(()),
            _folder: Unlock { engine, _folder: folder },
        };
        store.look()?;
        Ok(store)
    }

    fn view<'a>(&'a self, still: &'a Still<'_>) -> Result<View<'a>, StoreError> {
        Ok(View { tree: still.db()?, vault: &self.shared.vault })
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
        let still = self.shared.still();
        let view = self.view(&still)?;
        let mut records = Records::default();
        for key in keys {
            debug_assert!(!key.is_volatile(), "volatile records stay with the runtime");
            if key.is_volatile() {
                continue;
            }
            match view.record(key)? {
                Some((record, revision)) => records.insert(key.clone(), Some(record), revision),
                None => records.insert(key.clone(), None, Revision(0)),
            }
        }
        Ok(records)
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let ready = Ready::new(batch, &self.shared.vault, self.shared.db().ok().as_deref())?;
        self.shared.queue.commit(ready).await
    }

    fn due(&self, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
        self.view(&self.shared.still())?.due(upto, limit)
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.view(&self.shared.still())?.next_due()
    }

    fn scan(&self, tree: &str, after: Option<&str>, limit: usize) -> Result<Vec<(Key, Record)>, StoreError> {
        let Some(tree) = Key::TREES.iter().find(|known| **known == tree) else {
            debug_assert!(false, "there is no tree {tree}");
            return Ok(Vec::new());
        };
        self.view(&self.shared.still())?.scan(tree, after, limit)
    }

    fn outbox(&self, after: OutboxId, limit: usize) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
        let durable = OutboxId(self.shared.durable().ordered);
        self.view(&self.shared.still())?.outbox(after, durable, limit)
    }
}
