//! What the committer shares with those who read, and what may be done at the moment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::sled::Db;

use super::commit::Queue;
use super::layout::Counters;
use super::open;
use super::vault::Vault;
use crate::store::manifest::Manifest;
use crate::store::{Options, Room, StoreError};

/// Whether the store writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It does.
    Writing,
    /// It could, but there is little room on the disk.
    Low {
        /// Bytes that are free.
        free: u64,
    },
    /// The disk was full, and the engine could not be opened anew yet.
    Full(StoreError),
    /// Nothing can be written until the program starts anew.
    Failed(StoreError),
}

/// What the committer shares with those who read.
pub(super) struct Shared {
    pub(super) dir: PathBuf,
    /// The master key's file.
    pub(super) key: PathBuf,
    pub(super) room: Room,
    pub(super) vault: Vault,
    pub(super) queue: Queue,
    /// Goes up by one when the committer starts to work and when it is done.
    pub(super) pulse: AtomicU64,
    pub(super) manifest: Mutex<Manifest>,
    /// The engine; gone for the moment in which it is opened anew. Held for writing while a group is put in, so that readers
    /// see whole batches.
    engine: RwLock<Option<Db>>,
    /// What is durable.
    durable: Mutex<Counters>,
    state: Mutex<State>,
    /// The keys that were written since a backup began.
    touched: Mutex<Option<BTreeSet<Vec<u8>>>>,
}

/// The engine, and no group put in as long as this is held.
pub(super) struct Still<'a>(RwLockReadGuard<'a, Option<Db>>);

impl Still<'_> {
    pub(super) fn db(&self) -> Result<&Db, StoreError> {
        self.0.as_ref().ok_or_else(|| StoreError::Failed("its engine could not be opened anew".to_owned()))
    }
}

impl Shared {
    pub(super) fn new(
        dir: &Path,
        options: &Options,
        vault: Vault,
        manifest: Manifest,
        db: Db,
        durable: Counters,
    ) -> Self {
        Self {
            dir: dir.to_owned(),
            key: open::key_path(dir, options),
            room: options.room,
            vault,
            queue: Queue::new(),
            pulse: AtomicU64::new(0),
            manifest: Mutex::new(manifest),
            engine: RwLock::new(Some(db)),
            durable: Mutex::new(durable),
            state: Mutex::new(State::Writing),
            touched: Mutex::new(None),
        }
    }

    pub(super) fn still(&self) -> Still<'_> {
        Still(self.engine.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn db(&self) -> Result<Db, StoreError> {
        self.still().db().cloned()
    }

    /// Keeps readers out.
    pub(super) fn hold(&self) -> RwLockWriteGuard<'_, Option<Db>> {
        self.engine.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn durable(&self) -> Counters {
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_durable(&self, counters: Counters) {
        *self.durable.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }

    pub(super) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_state(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Why nothing can be written now, in the words for those who come later.
    pub(super) fn refusal(&self) -> Option<StoreError> {
        match self.state() {
            State::Writing => None,
            State::Low { free } => Some(StoreError::ReadOnly { free }),
            State::Full(error) => Some(error),
            State::Failed(error @ StoreError::Failed(_)) => Some(error),
            State::Failed(other) => Some(StoreError::Failed(other.to_string())),
        }
    }

    pub(super) fn fail(&self, error: &StoreError) {
        tracing::error!(%error, "the store takes no more writes");
        self.set_state(match error {
            StoreError::Full(_) => State::Full(error.clone()),
            other => State::Failed(other.clone()),
        });
    }

    /// Begins to note what is written, or takes what was noted and goes on, or ends.
    pub(super) fn take_touched(&self, go_on: bool) -> BTreeSet<Vec<u8>> {
        let next = go_on.then(BTreeSet::new);
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *touched, next).unwrap_or_default()
    }

    pub(super) fn touch<'a>(&self, keys: impl Iterator<Item = &'a Vec<u8>>) {
        if let Some(touched) = &mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner) {
            touched.extend(keys.cloned());
        }
    }
}
