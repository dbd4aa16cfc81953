//! Reading: values put together again from their parts, and the engine's failures in our words.
//!
//! Nothing that is there but does not read may look as if it weren't there.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::sled::{IVec, Tree};

use super::layout::{self, Head};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Revision};
use crate::store::{OutboxId, OutboxItem, StoreError};

/// A value as it stands. The engine panics on some damage of its file; here that is an error.
pub(super) fn get(tree: &Tree, key: &[u8]) -> Result<Option<IVec>, StoreError> {
    calm(|| tree.get(key).map_err(|error| failure("reading the store", &error)))
}

/// A record and its revision.
pub(super) fn record(tree: &Tree, key: &Key) -> Result<Option<(Record, Revision)>, StoreError> {
    let name = key.name();
    match get(tree, &layout::record_key(key.tree(), &name))? {
        Some(value) => decode(tree, key.tree(), &name, &value).map(Some),
        None => Ok(None),
    }
}

/// The due index up to a time.
pub(super) fn due(tree: &Tree, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
    let mut found = Vec::new();
    each(tree, vec![layout::DUE], vec![layout::DUE + 1], |key, _| {
        let (at, key) = layout::read_due(key)?;
        let more = found.len() < limit && at <= upto;
        if more {
            found.push((at, key));
        }
        Ok(more)
    })?;
    Ok(found)
}

/// A page of a tree's records.
pub(super) fn scan(
    tree: &Tree,
    kind: &'static str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(Key, Record)>, StoreError> {
    let prefix = layout::tree_prefix(kind);
    let mut from = prefix.clone();
    if let Some(name) = after {
        // The next possible key behind that name.
        from.extend(name.as_bytes());
        from.push(0);
    }
    let mut upto = prefix.clone();
    upto.pop();
    upto.push(1);
    let mut page = Vec::new();
    each(tree, from, upto, |key, value| {
        if page.len() == limit {
            return Ok(false);
        }
        let name = key.get(prefix.len()..).and_then(|name| std::str::from_utf8(name).ok());
        let found = name.and_then(|name| Some((name, Key::from_stored(kind, name)?)));
        let Some((name, key)) = found else {
            return Err(layout::damaged(&format!("a {kind} record"), "its name is no text"));
        };
        page.push((key, decode(tree, kind, name, value)?.0));
        Ok(true)
    })?;
    Ok(page)
}

/// Outbox items behind `after`, up to and with `upto`.
pub(super) fn outbox(
    tree: &Tree,
    after: OutboxId,
    upto: OutboxId,
    limit: usize,
) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
    let mut found = Vec::new();
    let Some(first) = after.0.checked_add(1) else { return Ok(found) };
    each(tree, layout::outbox_key(OutboxId(first)), vec![layout::OUTBOX + 1], |key, value| {
        let id = layout::read_outbox(key)?;
        let more = found.len() < limit && id <= upto;
        if more {
            let what = format!("outbox item {id}");
            let Some((parts, first)) = value.split_first() else {
                return Err(layout::damaged(&what, "it is empty"));
            };
            let bytes = whole(tree, key, first, *parts, &what)?;
            let item = OutboxItem::decode(&bytes).map_err(|error| StoreError::unread(what, error))?;
            found.push((id, item));
        }
        Ok(more)
    })?;
    Ok(found)
}

/// What the engine's failure means for us.
pub(super) fn failure(doing: &str, error: &::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        ::sled::Error::Corruption { .. } => layout::damaged("the store", &error.to_string()),
        _ => StoreError::Io { doing: doing.to_owned(), why: error.to_string() },
    }
}

pub(super) fn headless(tree: &str, name: &str) -> StoreError {
    layout::damaged(&format!("{tree} {name}"), "it does not start as a record does")
}

/// Turns a panic of the engine into an error: it means that its file is damaged.
pub(super) fn calm<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(layout::damaged("the store's file", text.unwrap_or("the engine gave up without a word")))
    })
}

/// Walks keys and values from one key up to another, which is not in it, for as long as `visit` says so.
fn each(
    tree: &Tree,
    from: Vec<u8>,
    upto: Vec<u8>,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    calm(|| {
        for entry in tree.range(from..upto) {
            let (key, value) = entry.map_err(|error| failure("reading the store", &error))?;
            if !visit(&key, &value)? {
                break;
            }
        }
        Ok(())
    })
}

fn decode(tree: &Tree, kind: &'static str, name: &str, value: &[u8]) -> Result<(Record, Revision), StoreError> {
    let what = format!("{kind} {name}");
    let (head, first) = Head::read(value).ok_or_else(|| headless(kind, name))?;
    let bytes = whole(tree, &layout::record_key(kind, name), first, head.parts, &what)?;
    let record = Record::decode(kind, &bytes).map_err(|error| StoreError::unread(what, error))?;
    Ok((record, head.revision))
}

fn whole(tree: &Tree, place: &[u8], first: &[u8], parts: u8, what: &str) -> Result<Vec<u8>, StoreError> {
    let mut bytes = first.to_vec();
    for part in 0..parts {
        let found = get(tree, &layout::part_key(place, part))?;
        bytes.extend_from_slice(&found.ok_or_else(|| layout::damaged(what, "a part of it is missing"))?);
    }
    Ok(bytes)
}
