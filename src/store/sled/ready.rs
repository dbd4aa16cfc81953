//! A batch made ready for the committer: what costs time is done where the batch comes from.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::vault::{self, Vault};
use crate::base::id::EventId;
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Revision};
use crate::store::seal::Mac;
use crate::store::{Batch, CommitError, OutboxId, OutboxItem};

/// A batch with its records and orders encoded and its names turned into what the store knows them by, which happens where
/// it comes from and not on the committer's thread.
pub(super) struct Ready {
    pub(super) event: Option<(EventId, Mac, Timestamp)>,
    pub(super) expect: Vec<(Key, Mac, Revision)>,
    pub(super) changes: BTreeMap<(&'static str, Mac), Option<Encoded>>,
    pub(super) orders: Vec<Zeroizing<Vec<u8>>>,
    pub(super) sent: BTreeSet<OutboxId>,
    pub(super) now: Timestamp,
}

/// A record as it is to be sealed.
pub(super) struct Encoded {
    pub(super) due: Option<Timestamp>,
    pub(super) plain: Zeroizing<Vec<u8>>,
}

impl Ready {
    pub(super) fn new(batch: Batch, vault: &Vault) -> Result<Self, CommitError> {
        batch.check()?;
        let Batch { event, expect, changes, orders, sent, now } = batch;
        let expect = expect.into_iter().filter(|(key, _)| !key.is_volatile());
        let expect = expect.map(|(key, revision)| (vault.name(&key.name()), key, revision));
        let mut encoded = BTreeMap::new();
        for change in changes.into_iter().filter(|change| !change.key.is_volatile()) {
            let record = change.record.map(|record| Encoded::new(&change.key, &record));
            encoded.insert((change.key.tree(), vault.name(&change.key.name())), record.transpose()?);
        }
        let orders = orders.into_iter().map(|order| vault::plain_order(&OutboxItem { at: now, order }));
        Ok(Self {
            event: event.map(|(id, at)| (vault.name(id.as_str()), id, at)).map(|(name, id, at)| (id, name, at)),
            expect: expect.map(|(name, key, revision)| (key, name, revision)).collect(),
            changes: encoded,
            orders: orders.collect::<Result<_, _>>()?,
            sent: sent.into_iter().collect(),
            now,
        })
    }
}

impl Encoded {
    fn new(key: &Key, record: &Record) -> Result<Self, CommitError> {
        Ok(Self { due: record.due(), plain: vault::plain(key, record)? })
    }
}
