//! Backups and exports: all records as lines, while writes go on.
//!
//! Records are read page by page; what is written meanwhile is noted by key and read again, and the last of it is read while
//! nothing is put in. So the file is the store at the moment of its end, and writing waits for a few records only.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::commit::Work;
use super::layout;
use super::read::{self, View};
use super::shared::Shared;
use super::{SledStore, tombs};
use crate::base::time::Timestamp;
use crate::port::record::Key;
use crate::store::backup::{self, Recipient, Sealer};
use crate::store::lines::{self, Header, Whole, Writer};
use crate::store::seal::{MasterKey, hex};
use crate::store::{StoreError, disk, fault};

/// Rows read at a time.
const PAGE: usize = 256;
/// So many keys may be left for the moment in which nothing is put in.
const FEW: usize = 64;
/// How often what was written meanwhile is read again, before the rest is taken as it is.
const ROUNDS: usize = 16;

impl SledStore {
    /// Writes a backup to a file that must not be there yet; on the way it is called `FILE.part`. Sealed for the
    /// recipient, or else with the store's master key, and in that case read again and compared before it counts.
    ///
    /// Blocks for as long as reading everything takes; commits go on meanwhile. Gives the number of records.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the file is there, and those of reading and writing.
    pub fn backup(&self, file: &Path, recipient: Option<&Recipient>, now: Timestamp) -> Result<u64, StoreError> {
        let shared = &*self.shared;
        let ring = shared.vault.ring();
        let durable = shared.durable();
        let mut header = Header::new(ring.name(), durable.commits, durable.ordered, now);
        header.index = Some(hex(ring.index.bytes()));
        let mut is_over = false;
        let records = whole_or_nothing(file, |part| {
            let sealer = Sealer::new(BufWriter::new(create(part)?), recipient, &shared.vault.master())?;
            let mut writer = Writer::start(sealer, &header)?;
            let records = self.dump(&mut writer)?;
            let still = shared.still();
            for (name, (commit, day)) in tombs::stored(View { tree: still.db()?, vault: &shared.vault })? {
                writer.forgotten(name, commit, day)?;
                is_over |= tombs::is_over(day, now);
            }
            drop(still);
            // A kill may have come between the rows and the file.
            is_over |= tombs::read(&shared.dir)?.values().any(|(_, day)| tombs::is_over(*day, now));
            finish_sealed(writer, part)?;
            if recipient.is_none() {
                let whole =
                    lines::read(backup::open(part, &shared.vault.master(), None)?, &part.display().to_string())?;
                if whole.records.len() as u64 != records {
                    return Err(layout::damaged("the backup", "it does not hold what was written to it"));
                }
            }
            Ok(records)
        })?;
        let mut manifest = shared.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        manifest.last_backup = Some(now);
        drop(manifest);
        if is_over && let Err(error) = shared.queue.work(Work::Expire(now)) {
            tracing::warn!(%error, "deletions of more than a year ago are still remembered; the next backup forgets them");
        }
        if let Err(error) = self.note() {
            // The backup counts all the same, as on another disk when this one is full; the next note has it.
            tracing::warn!(%error, "the manifest does not say yet that there is a backup");
        }
        Ok(records)
    }

    /// Writes everything, readable by anybody, to a file that must not be there yet. Gives the number of records.
    ///
    /// # Errors
    /// As [`SledStore::backup`].
    pub fn export(&self, file: &Path, now: Timestamp) -> Result<u64, StoreError> {
        let durable = self.shared.durable();
        let header = Header::new(self.shared.vault.ring().name(), durable.commits, durable.ordered, now);
        whole_or_nothing(file, |part| {
            let mut writer = Writer::start(BufWriter::new(create(part)?), &header)?;
            let records = self.dump(&mut writer)?;
            let file_of = |error: std::io::Error| StoreError::io("writing", part, &error);
            let written = writer.finish()?.into_inner().map_err(|error| file_of(error.into_error()))?;
            written.sync_all().map_err(file_of)?;
            Ok(records)
        })
    }

    /// All records and orders. Gives the number of records.
    fn dump<W: Write>(&self, writer: &mut Writer<W>) -> Result<u64, StoreError> {
        let shared = &*self.shared;
        let _one = self.backing_up.lock().unwrap_or_else(PoisonError::into_inner);
        drop(shared.take_touched(true));
        let result = dump(shared, writer);
        drop(shared.take_touched(false));
        result
    }
}

fn dump<W: Write>(shared: &Shared, to: &mut Writer<W>) -> Result<u64, StoreError> {
    let mut rows = Rows { to, written: BTreeMap::new() };
    for kind in [layout::RECORD, layout::OUTBOX] {
        let mut from = Bound::Included(vec![kind]);
        loop {
            let still = shared.still();
            let view = View { tree: still.db()?, vault: &shared.vault };
            let mut last = None;
            let mut left = PAGE;
            read::each_from(view.tree, from, vec![kind + 1], |key, value| {
                rows.put(view, key, Some(value))?;
                last = Some(key.to_vec());
                left -= 1;
                Ok(left > 0)
            })?;
            drop(still);
            fault::point("page dumped");
            match last {
                Some(last) => from = Bound::Excluded(last),
                None => break,
            }
        }
    }
    let mut changed = shared.take_touched(true);
    for _ in 0..ROUNDS {
        if changed.len() <= FEW {
            break;
        }
        for key in &changed {
            let still = shared.still();
            let view = View { tree: still.db()?, vault: &shared.vault };
            rows.put(view, key, read::get(view.tree, key)?.as_deref())?;
        }
        changed = shared.take_touched(true);
    }
    let still = shared.still();
    changed.extend(shared.take_touched(true));
    let view = View { tree: still.db()?, vault: &shared.vault };
    for key in &changed {
        rows.put(view, key, read::get(view.tree, key)?.as_deref())?;
    }
    Ok(view.counters()?.records)
}

/// Rows as lines.
struct Rows<'a, W> {
    to: &'a mut Writer<W>,
    /// The names of the records that have a line: once a record is gone, its row tells no name any more.
    written: BTreeMap<Vec<u8>, Key>,
}

impl<W: Write> Rows<'_, W> {
    /// A row as it is now; gone when there is no value.
    fn put(&mut self, view: View<'_>, row: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        if row.first() == Some(&layout::OUTBOX) {
            let id = layout::read_outbox(row)?;
            let item = value.map(|value| view.order(id, row, value)).transpose()?;
            return self.to.order(id, item.as_ref());
        }
        match value {
            Some(value) => {
                let (tree, name) = layout::read_record(row)?;
                let (key, record, revision) = view.decode(tree, name, value)?;
                self.to.record(&key, revision.0, Some(&record))?;
                self.written.insert(row.to_vec(), key);
                Ok(())
            }
            None => self.written.remove(row).map_or(Ok(()), |key| self.to.record(&key, 0, None)),
        }
    }
}

/// A backup of what was read elsewhere.
pub(super) fn write_whole(file: &Path, whole: &Whole, master: &MasterKey) -> Result<(), StoreError> {
    if file.exists() {
        // Of an upgrade that was killed after it: the same store, and the first one counts.
        fs::remove_file(file).map_err(|error| StoreError::io("removing", file, &error))?;
    }
    let part = begin(file)?;
    let sealer = Sealer::new(BufWriter::new(create(&part)?), None, master)?;
    let mut writer = Writer::start(sealer, &whole.header)?;
    for (key, (revision, record)) in &whole.records {
        writer.record(key, *revision, Some(record))?;
    }
    for (id, item) in &whole.orders {
        writer.order(*id, Some(item))?;
    }
    finish_sealed(writer, &part)?;
    place(&part, file)
}

/// Writes under another name first. What fails leaves nothing, and a full disk is the file's and not the store's.
fn whole_or_nothing(file: &Path, write: impl FnOnce(&Path) -> Result<u64, StoreError>) -> Result<u64, StoreError> {
    let part = begin(file)?;
    let written = write(&part).and_then(|records| place(&part, file).map(|()| records));
    written.map_err(|error| {
        drop(fs::remove_file(&part));
        match error {
            StoreError::Full(why) => StoreError::Refused {
                what: format!("the file {}", file.display()),
                why: format!("can't be written ({why})"),
                remedy: "make room on its disk, or give a place on another; the store itself goes on".to_owned(),
            },
            other => other,
        }
    })
}

fn begin(file: &Path) -> Result<PathBuf, StoreError> {
    if file.exists() {
        return Err(StoreError::Refused {
            what: format!("the file {}", file.display()),
            why: "is already there".to_owned(),
            remedy: "give another name; nothing is written over".to_owned(),
        });
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    Ok(PathBuf::from(part))
}

fn create(part: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(part);
    file.map_err(|error| StoreError::io("writing", part, &error))
}

fn finish_sealed(writer: Writer<Sealer<BufWriter<File>>>, part: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::io("writing", part, &error);
    let buffer = writer.finish()?.finish().map_err(failed)?;
    let file = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    fault::point("backup written");
    Ok(())
}

fn place(part: &Path, file: &Path) -> Result<(), StoreError> {
    fs::rename(part, file).map_err(|error| StoreError::io("writing", file, &error))?;
    let above = file.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    disk::sync_dir(above)?;
    fault::point("backup in place");
    Ok(())
}
