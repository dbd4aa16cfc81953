//! A batch made ready for the committer: what costs time is done where the batch comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::sled::{IVec, Tree};
use zeroize::Zeroizing;

use super::vault::{self, Vault};
use super::{layout, read};
use crate::base::id::EventId;
use crate::base::time::Timestamp;
use crate::port::record::{Key, Revision};
use crate::store::seal::{Mac, Secret};
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
    /// The key of the person it belongs to, if they have one already.
    pub(super) key: Option<PersonKey>,
}

/// A person's key, opened ahead: it is theirs as long as the store holds it in the same words.
pub(super) struct PersonKey {
    pub(super) row: IVec,
    pub(super) secret: Arc<Secret>,
}

impl Ready {
    /// Without a tree, as while the engine is opened anew, keys of persons are left to the committer.
    pub(super) fn new(batch: Batch, vault: &Vault, tree: Option<&Tree>) -> Result<Self, CommitError> {
        batch.check()?;
        let Batch { event, expect, changes, orders, sent, now } = batch;
        let expect = expect.into_iter().filter(|(key, _)| !key.is_volatile());
        let expect = expect.map(|(key, revision)| (vault.name(&key.name()), key, revision));
        let mut encoded = BTreeMap::new();
        for change in changes.into_iter().filter(|change| !change.key.is_volatile()) {
            let (kind, name) = (change.key.tree(), vault.name(&change.key.name()));
            let record = change.record.map(|record| {
                let key = if vault::is_personal(kind) {
                    tree.and_then(|tree| PersonKey::find(name, vault, tree))
                } else {
                    None
                };
                Ok::<_, CommitError>(Encoded { due: record.due(), plain: vault::plain(&change.key, &record)?, key })
            });
            encoded.insert((kind, name), record.transpose()?);
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

impl PersonKey {
    /// What can't be read is left to the committer, which says why.
    fn find(name: Mac, vault: &Vault, tree: &Tree) -> Option<Self> {
        let row = read::get(tree, &layout::named_key(layout::PERSON, name)).ok()??;
        let secret = vault.unwrap(name, &row).ok()?;
        Some(Self { row, secret: Arc::new(secret) })
    }
}
