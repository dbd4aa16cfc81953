//! Looking after an open store: reading all of it, counting, watching its disk, new keys.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::SledStore;
use super::commit::Work;
use super::layout::{self, Head, damaged};
use super::read::{self, View};
use super::shared::State;
use crate::base::time::Timestamp;
use crate::port::record::Key;
use crate::store::seal::Mac;
use crate::store::{StoreError, disk};

/// Keys that are sealed anew in one group.
const AT_ONCE: usize = 256;

/// What a store holds, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records of each tree.
    pub trees: BTreeMap<&'static str, u64>,
    /// Orders that wait.
    pub orders: u64,
    /// Events that just came.
    pub events: u64,
    /// People who have a key of their own.
    pub people: u64,
    /// Deletions that are remembered.
    pub forgotten: u64,
}

impl Counts {
    /// Records of all trees.
    pub fn records(&self) -> u64 {
        self.trees.values().sum()
    }
}

/// Counts, and how the store and its disk are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// What it holds.
    pub counts: Counts,
    /// The number of the last commit.
    pub commits: u64,
    /// The generation of keys that seals.
    pub generation: u32,
    /// Bytes on the disk, ballast not counted.
    pub bytes: u64,
    /// Bytes that are free.
    pub free: u64,
    /// When the last backup was finished.
    pub last_backup: Option<Timestamp>,
}

/// What can be told without reading a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Bytes on the disk, ballast not counted.
    pub bytes: u64,
    /// Bytes that are free.
    pub free: u64,
    /// When the last backup was finished.
    pub last_backup: Option<Timestamp>,
}

/// How the store is, after a look at its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It writes.
    Writing {
        /// Bytes that are free.
        free: u64,
        /// Whether the operator should make room.
        low: bool,
    },
    /// It reads only, until there is room.
    ReadOnly {
        /// Bytes that are free.
        free: u64,
    },
    /// It has to be opened anew by a new process.
    Failed(StoreError),
}

impl SledStore {
    /// Reads every row, opens it, and holds the numbers against each other.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first thing that does not read or fit.
    pub fn check(&self) -> Result<Counts, StoreError> {
        let still = self.shared.still();
        count(View { tree: still.db()?, vault: &self.shared.vault })
    }

    /// Numbers, no names.
    ///
    /// # Errors
    /// As [`SledStore::check`].
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let counts = self.check()?;
        let manifest = self.shared.manifest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Stats {
            counts,
            commits: self.shared.durable().commits,
            generation: self.shared.vault.ring().current().number,
            bytes: size(&super::folder::engine(&self.shared.dir, manifest.engine)),
            free: disk::free(&self.shared.dir)?,
            last_backup: manifest.last_backup,
        })
    }

    /// A few numbers, at once.
    ///
    /// # Errors
    /// When the disk can't be looked at.
    pub fn glance(&self) -> Result<Glance, StoreError> {
        let (engine, last_backup) = {
            let manifest = self.shared.manifest.lock().unwrap_or_else(PoisonError::into_inner);
            (manifest.engine, manifest.last_backup)
        };
        let bytes = size(&super::folder::engine(&self.shared.dir, engine));
        Ok(Glance { bytes, free: disk::free(&self.shared.dir)?, last_backup })
    }

    /// Looks at the disk, stops or resumes writing as its room demands, and writes down how much is durable.
    ///
    /// To be called every ten seconds or so; blocks for some milliseconds, after a full disk for as long as opening takes.
    ///
    /// # Errors
    /// When the disk can't be looked at, or the manifest not be written for another reason than room.
    pub fn look(&self) -> Result<Health, StoreError> {
        let shared = &*self.shared;
        let free = disk::free(&shared.dir)?;
        // Not at the same line at which it stopped, nor in the room of a ballast that was given up, or it would go back and forth.
        let has_room =
            free >= shared.room.read_only + shared.room.ballast + disk::missing_ballast(&shared.dir, shared.room);
        if matches!(shared.state(), State::Full(_)) {
            // How that went, it says in the log; the answer to the work itself is why nothing is written.
            drop(shared.queue.work(Work::Reopen));
        }
        match shared.state() {
            State::Writing if free < shared.room.read_only => {
                tracing::error!(free_mib = free >> 20, "little room on the disk: nothing is saved until there is more");
                shared.set_state(State::Low { free });
            }
            State::Writing => match self.note() {
                // The engine may still have room of its own, but nothing else would have any.
                Err(StoreError::Full(why)) => {
                    tracing::error!(why, "the disk is full: nothing is saved until there is room");
                    disk::drop_ballast(&shared.dir);
                    shared.set_state(State::Low { free });
                }
                noted => noted?,
            },
            State::Low { .. } if has_room => {
                shared.set_state(State::Writing);
                tracing::info!("there is room on the disk again: the store writes");
            }
            State::Low { .. } => shared.set_state(State::Low { free }),
            State::Full(_) | State::Failed(_) => {}
        }
        if has_room && shared.state() == State::Writing {
            disk::load_ballast(&shared.dir, shared.room)?;
        }
        Ok(match shared.state() {
            State::Writing => Health::Writing { free, low: free < shared.room.warn },
            State::Low { .. } | State::Full(_) => Health::ReadOnly { free },
            State::Failed(error) => Health::Failed(error),
        })
    }

    /// Writes down in the manifest how much is durable.
    pub(super) fn note(&self) -> Result<(), StoreError> {
        let durable = self.shared.durable();
        let mut manifest = self.shared.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = manifest.clone();
        (next.commits, next.ordered, next.records) = (durable.commits, durable.ordered, durable.records);
        next.write(&self.shared.dir)?;
        *manifest = next;
        Ok(())
    }

    /// The committer's pulse: odd while it is at work. One that stays odd and the same for long hangs.
    pub fn pulse(&self) -> u64 {
        self.shared.pulse.load(Ordering::SeqCst)
    }

    /// Seals everything with a new generation of keys, and drops the old ones, while writes go on. What deleted people left
    /// in the engine's log, or in copies of the disk, can't be read from then on. Gives the new generation's number.
    ///
    /// Blocks for about ten seconds with a million rows. A kill on the way leaves both generations, and the next
    /// rotation finishes.
    ///
    /// # Errors
    /// Those of reading and committing.
    pub fn rotate(&self) -> Result<u32, StoreError> {
        let shared = &*self.shared;
        let _one = self.backing_up.lock().unwrap_or_else(PoisonError::into_inner);
        // On the committer's thread: else a group that is being drafted could still be sealed with the old one.
        shared.queue.work(Work::Advance)?;
        crate::store::fault::point("generation advanced");
        for kind in [layout::META, layout::PERSON, layout::RECORD, layout::OUTBOX] {
            let mut from = std::ops::Bound::Included(vec![kind]);
            loop {
                let mut page = Vec::new();
                {
                    let still = shared.still();
                    read::each_from(still.db()?, from, vec![kind + 1], |key, _| {
                        page.push(key.to_vec());
                        Ok(page.len() < AT_ONCE)
                    })?;
                }
                let Some(last) = page.last().cloned() else { break };
                page.retain(|key| !matches!(key.as_slice(), layout::FORMAT_KEY | layout::COUNTERS_KEY));
                shared.queue.work(Work::Reseal(page))?;
                crate::store::fault::point("page resealed");
                from = std::ops::Bound::Excluded(last);
            }
        }
        shared.vault.drop_old()?;
        Ok(shared.vault.ring().current().number)
    }

    /// Draws a new master key, puts it before the old ones in their file, and seals the ring of keys with it. Copies of the
    /// old file don't open the store from then on; the old keys stay in the file, as older backups are sealed with them.
    ///
    /// A kill on the way leaves a file that opens the store.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the file can't be replaced, with what to do instead; those of writing the ring.
    pub fn rotate_master(&self) -> Result<(), StoreError> {
        let _one = self.backing_up.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.vault.replace_master(&self.shared.key)
    }
}

/// Reads all there is.
pub(super) fn count(view: View<'_>) -> Result<Counts, StoreError> {
    let mut counts = Counts { trees: Key::TREES.iter().map(|tree| (*tree, 0)).collect(), ..Counts::default() };
    let (mut due, mut parts) = (0_u64, 0_u64);
    walk(view, layout::RECORD, |key, value| {
        let (tree, name) = layout::read_record(key)?;
        let (found, record, _) = view.decode(tree, name, value)?;
        let what = layout::called(tree, name);
        if view.vault.name(&found.name()) != name {
            return Err(damaged(&what, "it has another name inside"));
        }
        let (head, _) = Head::read(value).ok_or_else(|| read::headless(tree, name))?;
        parts += u64::from(head.parts);
        if head.due != record.due() {
            return Err(damaged(&what, "its due time is another than it says"));
        }
        if let Some(at) = head.due {
            due += 1;
            let index = read::get(view.tree, &layout::due_key(at, tree, name))?;
            index.ok_or_else(|| damaged(&what, "it is missing from the due index"))?;
        }
        *counts.trees.entry(tree).or_default() += 1;
        Ok(())
    })?;
    walk(view, layout::OUTBOX, |key, value| {
        view.order(layout::read_outbox(key)?, key, value)?;
        parts += u64::from(value.first().copied().unwrap_or(0));
        counts.orders += 1;
        Ok(())
    })?;
    let mut index = 0_u64;
    walk(view, layout::DUE, |key, _| {
        layout::read_due(key)?;
        index += 1;
        Ok(())
    })?;
    let mut lying = 0_u64;
    walk(view, layout::PARTS, |_, _| {
        lying += 1;
        Ok(())
    })?;
    walk(view, layout::PERSON, |key, value| {
        let name: Option<Mac> = key.get(1..).and_then(|name| name.try_into().ok());
        let name = name.ok_or_else(|| damaged("a person's key", "it has no name"))?;
        view.vault.unwrap(name, value)?;
        counts.people += 1;
        Ok(())
    })?;
    let mut by_time = 0_u64;
    walk(view, layout::SEEN_AT, |key, _| {
        let (_, name) = layout::read_seen_at(key)?;
        let entry = read::get(view.tree, &layout::named_key(layout::SEEN, name))?;
        entry.ok_or_else(|| damaged("an entry of the seen events", "its twin is missing"))?;
        by_time += 1;
        Ok(())
    })?;
    walk(view, layout::SEEN, |_, _| {
        counts.events += 1;
        Ok(())
    })?;
    walk(view, layout::FORGOTTEN, |_, value| {
        layout::read_tombstone(value)?;
        counts.forgotten += 1;
        Ok(())
    })?;
    let counters = view.counters()?;
    let fits = [
        ("records", counts.records(), counters.records),
        ("orders", counts.orders, counters.waiting),
        ("entries of the due index", index, due),
        ("parts", lying, parts),
        ("entries of the seen events", counts.events, by_time),
    ];
    match fits.iter().find(|(_, there, said)| there != said) {
        Some((what, there, said)) => {
            Err(damaged("the store", &format!("{there} {what} are there, and {said} should be")))
        }
        None => Ok(counts),
    }
}

fn walk(
    view: View<'_>,
    kind: u8,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    read::each(view.tree, vec![kind], vec![kind + 1], |key, value| visit(key, value).map(|()| true))
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
}
