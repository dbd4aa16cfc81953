//! Reading: values put together again from their parts, opened, and the engine's failures in our words.
//!
//! Nothing that is there but does not read may look as if it weren't there.

use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::sled::{IVec, Tree};

use super::layout::{self, Counters, Head, damaged};
use super::vault::{self, Vault};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Revision};
use crate::store::seal::Mac;
use crate::store::{OutboxId, OutboxItem, StoreError};

/// A value as it stands. The engine panics on some damage of its file; here that is an error.
pub(super) fn get(tree: &Tree, key: &[u8]) -> Result<Option<IVec>, StoreError> {
    calm(|| tree.get(key).map_err(|error| failure("reading the store", &error)))
}

/// The engine's tree and the keys to what lies in it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) tree: &'a Tree,
    pub(super) vault: &'a Vault,
}

impl View<'_> {
    /// A record and its revision.
    pub(super) fn record(self, key: &Key) -> Result<Option<(Record, Revision)>, StoreError> {
        let name = self.vault.name(&key.name());
        let Some(value) = get(self.tree, &layout::record_key(key.tree(), name))? else { return Ok(None) };
        let (found, record, revision) = self.decode(key.tree(), name, &value)?;
        if found != *key {
            return Err(damaged(&layout::called(key.tree(), name), "it has another name inside"));
        }
        Ok(Some((record, revision)))
    }

    /// The due index up to a time.
    pub(super) fn due(self, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
        let mut places = Vec::new();
        each(self.tree, vec![layout::DUE], vec![layout::DUE + 1], |key, _| {
            let (at, tree, name) = layout::read_due(key)?;
            let more = places.len() < limit && at <= upto;
            if more {
                places.push((at, tree, name));
            }
            Ok(more)
        })?;
        let named = |(at, tree, name): (Timestamp, &'static str, Mac)| {
            let value = get(self.tree, &layout::record_key(tree, name))?;
            let value = value.ok_or_else(|| damaged(&layout::called(tree, name), "it is due but not there"))?;
            Ok((at, self.decode(tree, name, &value)?.0))
        };
        places.into_iter().map(named).collect()
    }

    /// When the next record is due.
    pub(super) fn next_due(self) -> Result<Option<Timestamp>, StoreError> {
        let mut first = None;
        each(self.tree, vec![layout::DUE], vec![layout::DUE + 1], |key, _| {
            first = Some(layout::read_due(key)?.0);
            Ok(false)
        })?;
        Ok(first)
    }

    /// A page of a tree's records.
    pub(super) fn scan(
        self,
        tree: &'static str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Key, Record)>, StoreError> {
        let mut upto = layout::tree_prefix(tree);
        upto.pop();
        upto.push(1);
        let from = match after {
            Some(name) => Bound::Excluded(layout::record_key(tree, self.vault.name(name))),
            None => Bound::Included(layout::tree_prefix(tree)),
        };
        let mut page = Vec::new();
        each_from(self.tree, from, upto, |key, value| {
            if page.len() == limit {
                return Ok(false);
            }
            let (tree, name) = layout::read_record(key)?;
            let (key, record, _) = self.decode(tree, name, value)?;
            page.push((key, record));
            Ok(true)
        })?;
        Ok(page)
    }

    /// Outbox items behind `after`, up to and with `upto`.
    pub(super) fn outbox(
        self,
        after: OutboxId,
        upto: OutboxId,
        limit: usize,
    ) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
        let mut found = Vec::new();
        let Some(first) = after.0.checked_add(1) else { return Ok(found) };
        each(self.tree, layout::outbox_key(OutboxId(first)), vec![layout::OUTBOX + 1], |key, value| {
            let id = layout::read_outbox(key)?;
            let more = found.len() < limit && id <= upto;
            if more {
                found.push((id, self.order(id, key, value)?));
            }
            Ok(more)
        })?;
        Ok(found)
    }

    /// The order in an outbox item's value.
    pub(super) fn order(self, id: OutboxId, key: &[u8], value: &[u8]) -> Result<OutboxItem, StoreError> {
        let what = format!("outbox item {id}");
        let (head, first) = value.split_at_checked(1).ok_or_else(|| damaged(&what, "it is empty"))?;
        let sealed = self.whole(key, first, head.first().copied().unwrap_or(0), &what)?;
        let bytes = self.vault.open(&[key, head], &sealed, &what)?;
        OutboxItem::decode(&bytes).map_err(|error| StoreError::unread(what, error))
    }

    /// The record in a value: its key, itself, its revision.
    pub(super) fn decode(
        self,
        tree: &'static str,
        name: Mac,
        value: &[u8],
    ) -> Result<(Key, Record, Revision), StoreError> {
        let what = layout::called(tree, name);
        let place = layout::record_key(tree, name);
        let (head, first) = Head::read(value).ok_or_else(|| headless(tree, name))?;
        let sealed = self.whole(&place, first, head.parts, &what)?;
        let about: [&[u8]; 2] = [&place, &head.bytes()];
        let plain = if vault::is_personal(tree) {
            let row = get(self.tree, &layout::named_key(layout::PERSON, name))?;
            let row = row.ok_or_else(|| damaged(&what, "its person's key is missing"))?;
            vault::open_personal(&self.vault.unwrap(name, &row)?, &about, &sealed, &what)?
        } else {
            self.vault.open(&about, &sealed, &what)?
        };
        let (key, record) = vault::read_plain(tree, &plain, &what)?;
        Ok((key, record, head.revision))
    }

    /// What is counted.
    pub(super) fn counters(self) -> Result<Counters, StoreError> {
        let what = "the store's counters";
        let sealed = get(self.tree, layout::COUNTERS_KEY)?.ok_or_else(|| damaged(what, "they are missing"))?;
        Counters::read(&self.vault.open(&[layout::COUNTERS_KEY], &sealed, what)?)
    }

    fn whole(self, place: &[u8], first: &[u8], parts: u8, what: &str) -> Result<Vec<u8>, StoreError> {
        let mut bytes = first.to_vec();
        for part in 0..parts {
            let found = get(self.tree, &layout::part_key(place, part))?;
            bytes.extend_from_slice(&found.ok_or_else(|| damaged(what, "a part of it is missing"))?);
        }
        Ok(bytes)
    }
}

/// What the engine's failure means for us.
pub(super) fn failure(doing: &str, error: &::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        ::sled::Error::Corruption { .. } => damaged("the engine's file", &error.to_string()),
        // Its settings say what no program of ours has ever set.
        ::sled::Error::Unsupported(_) => damaged("the engine's file", &error.to_string()),
        _ => StoreError::Io { doing: doing.to_owned(), why: error.to_string() },
    }
}

pub(super) fn headless(tree: &str, name: Mac) -> StoreError {
    damaged(&layout::called(tree, name), "it does not start as a record does")
}

/// Turns a panic of the engine into an error: it means that its file is damaged.
pub(super) fn calm<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(damaged("the engine's file", text.unwrap_or("the engine gave up without a word")))
    })
}

/// Walks keys and values from one key up to another, which is not in it, for as long as `visit` says so.
pub(super) fn each(
    tree: &Tree,
    from: Vec<u8>,
    upto: Vec<u8>,
    visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    each_from(tree, Bound::Included(from), upto, visit)
}

/// The same from a bound.
pub(super) fn each_from(
    tree: &Tree,
    from: Bound<Vec<u8>>,
    upto: Vec<u8>,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    calm(|| {
        for entry in tree.range((from, Bound::Excluded(upto))) {
            let (key, value) = entry.map_err(|error| failure("reading the store", &error))?;
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    })
}
