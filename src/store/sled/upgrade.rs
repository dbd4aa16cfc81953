//! From format 1, which lay open in the folder itself, to the one of today.
//!
//! What is there is read whole, kept as a backup, and built anew beside; the old files go last. A kill at any point leaves
//! either the old store or the new one.

use std::collections::BTreeMap;
use std::path::Path;

use super::fill;
use super::folder;
use super::layout::{self, Counters, Head, PART, damaged};
use super::{dump, open, read};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record};
use crate::store::lines::{Header, Whole};
use crate::store::manifest::Manifest;
use crate::store::seal::hex;
use crate::store::{Options, OutboxItem, StoreError};

/// The backup's name in the store's folder.
pub(super) const BACKUP: &str = "before-format-2.backup";

/// Upgrades the folder, which holds a store of format 1.
pub(super) fn from_1(dir: &Path, options: &Options) -> Result<Manifest, StoreError> {
    tracing::info!(dir = %dir.display(), "upgrading the store from format 1");
    let master = open::key_for_new(dir, options)?;
    folder::sweep(dir)?;
    let (mut whole, counters) = {
        let (db, _file) = open::start(dir)?;
        read_all(&db)?
    };
    folder::let_go(dir);
    // The folder's own name and index are drawn here, so that the backup can be restored in its place.
    let ring = crate::store::seal::Ring::new(None);
    whole.header.store = ring.name();
    whole.header.index = Some(hex(ring.index.bytes()));
    whole.header.at = last_used(&whole);
    dump::write_whole(&dir.join(BACKUP), &whole, &master)?;
    let lineage = (ring.store, ring.index);
    fill::build(dir, 1, master, Some(lineage), whole, &BTreeMap::new(), counters, None)
}

/// When somebody last did something, as far as that was kept: the backup is of that day, and is too old once that is.
fn last_used(whole: &Whole) -> Timestamp {
    let days = whole.records.values().filter_map(|(_, record)| match record {
        Record::Person(person) => Some(person.last_used),
        _ => None,
    });
    days.chain(whole.orders.values().map(|item| item.at)).max().unwrap_or_default()
}

/// Everything that format 1 holds, but for the events that it remembers.
fn read_all(db: &::sled::Db) -> Result<(Whole, Counters), StoreError> {
    let what = "the store's format";
    let format = read::get(db, layout::FORMAT_KEY)?;
    let counters = match format.as_deref() {
        // Killed before its first commit.
        None if read::calm(|| Ok(db.is_empty()))? => Counters::default(),
        Some([0, 0, 0, 1]) => {
            let found = read::get(db, layout::COUNTERS_KEY)?;
            let numbers = found.as_deref().and_then(|bytes| {
                let (commits, ordered) = bytes.split_at_checked(8)?;
                Some((layout::whole(commits)?, layout::whole(ordered)?))
            });
            let (commits, ordered) = numbers.ok_or_else(|| damaged("the store's counters", "they are missing"))?;
            let [commits, ordered] = [commits, ordered].map(u64::from_be_bytes);
            Counters { commits, ordered, ..Counters::default() }
        }
        Some(other) => match other.try_into().map(u32::from_be_bytes) {
            Ok(version) if version > 1 => return Err(StoreError::Newer { what: "the store".to_owned(), version }),
            _ => return Err(damaged(what, "it is no version that ever was")),
        },
        None => return Err(damaged(what, "it is missing from a store that is not empty")),
    };
    let header = Header::new(String::new(), counters.commits, counters.ordered, Default::default());
    let mut whole = Whole { header, records: BTreeMap::new(), orders: BTreeMap::new(), forgotten: BTreeMap::new() };
    read::each(db, vec![layout::RECORD], vec![layout::RECORD + 1], |place, value| {
        let named = || {
            let rest = place.get(1..)?;
            let zero = rest.iter().position(|byte| *byte == 0)?;
            let tree = Key::TREES.iter().find(|tree| rest.get(..zero) == Some(tree.as_bytes()))?;
            Some((*tree, Key::from_stored(tree, std::str::from_utf8(rest.get(zero + 1..)?).ok()?)?))
        };
        let (tree, key) = named().ok_or_else(|| damaged("a record", "its key names no tree"))?;
        let (head, first) = Head::read(value).ok_or_else(|| damaged(tree, "a record does not start as one does"))?;
        let bytes = joined(db, place, first, head.parts)?;
        let record =
            Record::decode(tree, &bytes).map_err(|error| StoreError::unread(format!("a {tree} record"), error))?;
        whole.records.insert(key, (head.revision.0, record));
        Ok(true)
    })?;
    read::each(db, vec![layout::OUTBOX], vec![layout::OUTBOX + 1], |place, value| {
        let id = layout::read_outbox(place)?;
        let (parts, first) = value.split_first().ok_or_else(|| damaged("an outbox item", "it is empty"))?;
        let bytes = joined(db, place, first, *parts)?;
        let item =
            OutboxItem::decode(&bytes).map_err(|error| StoreError::unread(format!("outbox item {id}"), error))?;
        whole.orders.insert(id, item);
        Ok(true)
    })?;
    Ok((whole, counters))
}

fn joined(db: &::sled::Db, place: &[u8], first: &[u8], parts: u8) -> Result<Vec<u8>, StoreError> {
    let mut bytes = first.to_vec();
    debug_assert!(bytes.len() <= PART);
    for part in 0..parts {
        let found = read::get(db, &layout::part_key(place, part))?;
        bytes.extend_from_slice(&found.ok_or_else(|| damaged("a record", "a part of it is missing"))?);
    }
    Ok(bytes)
}
