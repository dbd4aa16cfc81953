//! The tombstones' own file: who was deleted, by name and commit, beside the engine and not in it, so that a deletion is
//! known even when the engine is damaged and an older backup takes its place.
//!
//! Each line is the HMAC of the person's id, the number of the commit that deleted, and the day. No line is ever changed;
//! those that have outlived [`FORGOTTEN_FOR`] go with a backup, as by then no backup is restored that holds the person.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::draft::Forgotten;
use super::layout;
use super::read::{self, View};
use crate::base::time::Timestamp;
use crate::store::seal::{Mac, hex, unhex};
use crate::store::{FORGOTTEN_FOR, StoreError, disk, fault};

/// The file's name.
const FILE: &str = "forgotten";

/// Tombstones: the last commit that deleted, and the day.
pub(super) type Tombs = BTreeMap<Mac, (u64, Timestamp)>;

/// Adds lines, durably.
pub(super) fn append(dir: &Path, forgotten: &[Forgotten]) -> Result<(), StoreError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    let path = dir.join(FILE);
    let is_new = !path.exists();
    // A line that a crash has cut short must not run into the next.
    let mut lines = if is_new { String::new() } else { "\n".to_owned() };
    for (name, commit, day) in forgotten {
        lines.push_str(&line(name, *commit, *day));
    }
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    };
    write().map_err(|error: io::Error| StoreError::io("writing", &path, &error))?;
    fault::point("tombstone written");
    if is_new { disk::sync_dir(dir) } else { Ok(()) }
}

/// Whether a deletion of that day need not be remembered any more.
pub(super) fn is_over(day: Timestamp, now: Timestamp) -> bool {
    now.since(day) >= FORGOTTEN_FOR
}

/// Leaves the lines that are over out of the file.
pub(super) fn expire(dir: &Path, now: Timestamp) -> Result<(), StoreError> {
    let known = read(dir)?;
    if !known.values().any(|(_, day)| is_over(*day, now)) {
        return Ok(());
    }
    let (path, next) = (dir.join(FILE), dir.join("forgotten.next"));
    let kept = known.iter().filter(|(_, (_, day))| !is_over(*day, now));
    let lines: String = kept.map(|(name, (commit, day))| line(name, *commit, *day)).collect();
    let write = || {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&next)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        fault::point("tombstones written");
        fs::rename(&next, &path)
    };
    write().map_err(|error: io::Error| StoreError::io("writing", &path, &error))?;
    disk::sync_dir(dir)?;
    fault::point("tombstones in place");
    Ok(())
}

/// The tombstones of a folder. A line that doesn't read was cut short before its deletion was confirmed.
pub(super) fn read(dir: &Path) -> Result<Tombs, StoreError> {
    let path = dir.join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tombs::new()),
        Err(error) => return Err(StoreError::io("reading", &path, &error)),
    };
    let mut tombs = Tombs::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let mut words = line.split(' ');
        let mut read = || {
            let name: Mac = unhex(words.next()?)?.as_slice().try_into().ok()?;
            let (commit, day) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            Some((name, commit, Timestamp::from_millis(day)))
        };
        if let Some((name, commit, day)) = read() {
            let last = tombs.entry(name).or_insert((commit, day));
            *last = (*last).max((commit, day));
        }
    }
    Ok(tombs)
}

/// The tombstones that the store itself holds.
pub(super) fn stored(view: View<'_>) -> Result<Tombs, StoreError> {
    let mut tombs = Tombs::new();
    read::each(view.tree, vec![layout::FORGOTTEN], vec![layout::FORGOTTEN + 1], |key, value| {
        let name = key.get(1..).and_then(|name| name.try_into().ok());
        let name = name.ok_or_else(|| layout::damaged("a tombstone", "it has no name"))?;
        tombs.insert(name, layout::read_tombstone(value)?);
        Ok(true)
    })?;
    Ok(tombs)
}

fn line(name: &Mac, commit: u64, day: Timestamp) -> String {
    format!("{} {commit} {}\n", hex(name), day.millis())
}

/// Adds to the file what the store holds and a crash, or a lost file, has kept from it.
pub(super) fn mend(dir: &Path, view: View<'_>) -> Result<(), StoreError> {
    let known = read(dir)?;
    let missing = stored(view)?.into_iter().filter(|(name, tomb)| known.get(name).is_none_or(|there| there < tomb));
    let missing: Vec<Forgotten> = missing.map(|(name, (commit, day))| (name, commit, day)).collect();
    append(dir, &missing)
}
