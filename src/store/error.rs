//! What can go wrong in a store, and what helps.

use std::io;
use std::path::Path;

use crate::base::id::EventId;
use crate::port::record::{DecodeError, Key};

/// Why a store can't be opened, or can't answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("another nape is using {0}; stop it first, or give this one another folder")]
    Busy(String),
    /// No space is left. Writing has ended until the store is opened anew.
    #[error("the disk is full ({0}); free some space, then restart. Nothing that was confirmed is lost")]
    Full(String),
    /// A write failed before, or the store was closed. What is there can be read; writing has ended until it is opened anew.
    #[error("the store takes no more writes ({0}); look at the disk, then restart. Nothing that was confirmed is lost")]
    Failed(String),
    /// There is little room on the disk. What is there can be read; writing goes on by itself once there is room.
    #[error("only {} MiB are free on the store's disk; it is read-only until there is more room", free >> 20)]
    ReadOnly {
        /// Bytes that are free.
        free: u64,
    },
    /// Something about the folder, its disk or its key that the operator has to change first.
    #[error("{what} {why}; {remedy}")]
    Refused {
        /// What.
        what: String,
        /// What is wrong with it.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// Something in it does not read.
    #[error(
        "{what} is damaged ({why}); nothing was changed. Restore a backup: nape store restore FILE, with --data if the folder isn't ./data"
    )]
    Damaged {
        /// What: the tree and name of a record, the number of an outbox item, or the folder.
        what: String,
        /// How that shows.
        why: String,
    },
    /// Written by a newer program.
    #[error(
        "{what} has version {version}, which is newer than this program knows; run the newer program, or restore a backup"
    )]
    Newer {
        /// What.
        what: String,
        /// Its version.
        version: u32,
    },
    /// The system refused something.
    #[error("{doing}: {why}; look at the folder, its owner and the disk")]
    Io {
        /// What was tried, with the path.
        doing: String,
        /// What the system said.
        why: String,
    },
}

/// Why a batch was not committed. None of it is stored then, now or later; only after [`StoreError::Full`],
/// [`StoreError::Failed`] and [`StoreError::Io`] may it turn out to be there when the store is opened again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else has written a record in between. Load again and decide again.
    #[error("a {} record has changed since it was loaded; load it again and decide again", .0.tree())]
    Conflict(Key),
    /// The event was committed less than [`super::SEEN_FOR`] ago. There is nothing left to do for it.
    #[error("this event has been committed before; there is nothing left to do for it")]
    Seen(EventId),
    /// It can never be stored as it is.
    #[error("the batch can't be stored: {0}; this is a mistake in the program")]
    Unfit(String),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// The error for a file or folder that the system refuses.
    pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
            _ => StoreError::Io { doing: format!("{doing} {}", path.display()), why: error.to_string() },
        }
    }

    /// The error for bytes that do not decode.
    pub(super) fn unread(what: String, error: DecodeError) -> Self {
        match error {
            DecodeError::Newer(version, _) => StoreError::Newer { what, version: u32::from(version) },
            DecodeError::Empty | DecodeError::Unreadable(..) => StoreError::Damaged { what, why: error.to_string() },
        }
    }
}
