//! Floor 4: what is remembered. Records, the index of their due times, the outbox, and the events that just came.
//!
//! A [`Batch`] is all or nothing, even across a kill or a power cut, and [`Store::commit`] returns only once it would
//! survive either. A store decides nothing, reads no clock and sends nothing; `now` comes in with the batch. It must
//! never confirm what it could lose, never leave out a record that it can't read, and never give an outbox number twice.
//!
//! [`memory`] is for simulations and tests, [`sled`] for keeps. Both behave the same, and tests hold them to it.

pub mod backup;
mod disk;
pub mod error;
pub mod fault;
mod lines;
mod manifest;
pub mod memory;
pub mod outbox;
pub mod seal;
pub mod sled;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use crate::base::id::EventId;
use crate::base::time::Timestamp;
use crate::port::action::{Change, Order};
use crate::port::record::{Key, Record, Records, Revision, UNUSED};

pub use disk::Room;
pub use error::{CommitError, StoreError};
pub use outbox::{OutboxId, OutboxItem};

/// How a store in a folder is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the master key lies; in the folder itself when this is `None`. Made with the store when it isn't there.
    pub key: Option<PathBuf>,
    /// How much room its disk must have.
    pub room: Room,
}

/// How long an event that was committed is refused when it comes again. It comes again when a connection or the process broke off
/// before it was acknowledged, which is soon; what an adapter still has after a long rest is too old to be answered, but for what waited for
/// its key. Each that is remembered takes some 400 bytes of memory and of the disk.
pub const SEEN_FOR: Duration = Duration::from_secs(15 * 60);
/// How old a backup may be that is restored. What nobody used for so long goes by itself, so nothing of it may come back.
pub const RESTORED_FOR: Duration = UNUSED;
/// How long a deletion is remembered: for a month longer than there are backups that it has to outlast, as clocks differ.
pub const FORGOTTEN_FOR: Duration = Duration::from_secs(RESTORED_FOR.as_secs() + 31 * 24 * 60 * 60);
/// The longest name of a record or event, in bytes. Names come from platforms, whose longest are 255.
pub const LONGEST_NAME: usize = 1024;
/// The most bytes that one record or order may have when encoded.
pub const LARGEST: usize = 900_000;
/// How many outdated events one commit forgets at most; more than it adds, so that they never pile up.
const FORGOTTEN_AT_ONCE: usize = 4;

/// Where records and orders are kept.
///
/// The reading verbs answer at once or after a short read from disk; they are not async and may be called anywhere.
/// Each sees whole batches only. Beside [`Store::outbox`], they may see a batch a moment before it is durable; that
/// is harmless, because whatever is decided from it goes through a commit of its own, which is durable only after it.
#[async_trait]
pub trait Store: Send + Sync {
    /// The records under these keys, with the revisions to give back in [`Batch::expect`].
    ///
    /// All are of the same moment. A key without a record is there too, with revision 0. Volatile keys never come here
    /// and are left out.
    fn load(&self, keys: &[Key]) -> Result<Records, StoreError>;

    /// Stores a batch, whole or not at all, and returns once it is durable.
    ///
    /// Dropping the future does not call the batch back: it may or may not be stored. Batches are committed in the
    /// order in which they were handed over, and each sees those before it.
    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError>;

    /// The records that are due at `upto` or before, earliest first, at most `limit`, each with its due time
    /// ([`Record::due`]). The record itself stays as it is, and due, until a batch changes it.
    fn due(&self, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError>;

    /// When the next record is due, be it past or to come; `None` when there is none.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let first = self.due(Timestamp::from_millis(i64::MAX), 1)?;
        Ok(first.first().map(|(at, _)| *at))
    }

    /// A page of the records of a tree (one of [`Key::TREES`]), from behind the record named `after` or from the start, at
    /// most `limit`. A page with fewer is the last. The order is the store's own; it stays the same whatever comes and goes.
    ///
    /// A record that can't be read fails its page, rather than be left out.
    fn scan(&self, tree: &str, after: Option<&str>, limit: usize) -> Result<Vec<(Key, Record)>, StoreError>;

    /// What waits to be sent: the orders with numbers above `after` (0 for all), in the order in which they were committed,
    /// at most `limit`. Only durable ones, so that nothing is sent that a crash could take back.
    ///
    /// An order stays until a batch names it in [`Batch::sent`]. One that can't be read fails the call with an error
    /// that names its number; `after` that number it goes on behind it, and `sent` with that number removes it.
    fn outbox(&self, after: OutboxId, limit: usize) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError>;
}

/// What is to be stored, all or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The event that led to it, and when that came in. The same event is refused for [`SEEN_FOR`] from then on.
    pub event: Option<(EventId, Timestamp)>,
    /// The records that it was decided from, with the revisions they were loaded with; 0 for those that weren't there.
    pub expect: Vec<(Key, Revision)>,
    /// Records to set or delete. When a key comes twice, the last one counts; deleting what isn't there is no mistake.
    pub changes: Vec<Change>,
    /// Orders to put in the outbox, in this order.
    pub orders: Vec<Order>,
    /// Outbox items that are done with; those that are gone already are passed over.
    pub sent: Vec<OutboxId>,
    /// The time of committing.
    pub now: Timestamp,
}

/// A batch is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The numbers of the batch's orders, one for each, in the same order.
    pub outbox: Vec<OutboxId>,
}

impl Batch {
    /// What it can't be stored for, whatever the store holds.
    fn check(&self) -> Result<(), CommitError> {
        let volatile = |key: &Key| debug_assert!(!key.is_volatile(), "volatile records stay with the runtime");
        self.expect.iter().for_each(|(key, _)| volatile(key));
        self.changes.iter().for_each(|change| volatile(&change.key));
        let names = self.expect.iter().map(|(key, _)| key).chain(self.changes.iter().map(|change| &change.key));
        let lengths = names.map(|key| key.name().len()).chain(self.event.iter().map(|(id, _)| id.as_str().len()));
        if let Some(length) = lengths.max().filter(|length| *length > LONGEST_NAME) {
            return Err(CommitError::Unfit(format!("a name has {length} bytes, and {LONGEST_NAME} is the most")));
        }
        match self
            .changes
            .iter()
            .find(|change| change.record.as_ref().is_some_and(|record| !belongs(record, &change.key)))
        {
            Some(change) => {
                Err(CommitError::Unfit(format!("a record of another kind under a {} key", change.key.tree())))
            }
            None => Ok(()),
        }
    }
}

/// Whether a record or order of so many bytes can be kept.
fn fits(length: usize) -> Result<(), CommitError> {
    match length {
        0..=LARGEST => Ok(()),
        _ => Err(CommitError::Unfit(format!("a record or order has {length} bytes, and {LARGEST} is the most"))),
    }
}

fn belongs(record: &Record, key: &Key) -> bool {
    match record {
        Record::Server(_) => matches!(key, Key::Server(_)),
        Record::Person(_) => matches!(key, Key::Person(_)),
        Record::Session(_) => matches!(key, Key::Session(_)),
        Record::Lock(_) => matches!(key, Key::Lock(_)),
        Record::Channel(_) => matches!(key, Key::Channel(_)),
        Record::Votes(_) => matches!(key, Key::Votes(_)),
        Record::Audit(_) => matches!(key, Key::Audit(_)),
        Record::Recent(_) => matches!(key, Key::Recent(..)),
    }
}
