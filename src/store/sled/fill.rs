//! Building an engine from lines, beside the one that is in use, and putting it in its place at once.
//!
//! Nothing that is in use is touched until the new engine is whole and durable and its manifest stands.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::draft;
use super::folder::{self, Lies};
use super::layout::{self, Counters, Head, PART};
use super::open::{self, Engine};
use super::tombs::{self, Tombs};
use super::{read, vault};
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Revision};
use crate::store::backup::{self, Identity};
use crate::store::lines::{self, Whole};
use crate::store::manifest::{FORMAT, Manifest};
use crate::store::seal::{MasterKey, Ring, Secret, unhex};
use crate::store::{Options, OutboxItem, RESTORED_FOR, StoreError, fault};

/// Rows that go to the engine at once.
const AT_ONCE: usize = 512;
/// By how much a restored store's outbox numbers jump ahead of all that were given after the backup: platforms know doubles
/// by them.
const AHEAD: u64 = 1 << 40;

/// What came of a restore or import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Records that are there now.
    pub records: usize,
    /// Records that were left out, because the person was deleted after the file was made.
    pub forgotten: usize,
    /// Orders that were left out, because they are of a time that is past.
    pub orders: usize,
}

/// Puts a backup in the place of the store in `dir`, or where there is none. `now` is the time of restoring.
///
/// # Errors
/// Those of opening a store; [`StoreError::Refused`] for a file that isn't whole or is another store's.
pub fn restore(
    file: &Path,
    identity: Option<&Identity>,
    dir: &Path,
    options: &Options,
    now: Timestamp,
) -> Result<Restored, StoreError> {
    let _folder = open::enter(dir, options)?;
    // What was sealed for a recipient needs no old master key, and is what is left when that is lost.
    let path = open::key_path(dir, options);
    let is_new = identity.is_some() && !path.exists();
    let master = if is_new { MasterKey::random() } else { MasterKey::read(&path)? };
    let mut whole = lines::read(backup::open(file, &master, identity)?, &file.display().to_string())?;
    let refused = |why: &str, remedy: &str| StoreError::Refused {
        what: format!("the backup {}", file.display()),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    };
    if now.since(whole.header.at) >= RESTORED_FOR {
        let remedy = "what people have not used for a year must not come back; take a later one";
        return Err(refused("is more than a year old", remedy));
    }
    let index = whole.header.index.as_deref().and_then(unhex).and_then(|bytes| Secret::read(&bytes));
    let store = unhex(&whole.header.store).and_then(|bytes| bytes.as_slice().try_into().ok());
    let lineage =
        store.zip(index).ok_or_else(|| refused("has no index of names", "it is an export: use nape store import"))?;
    // A manifest that doesn't read is one of the things that a restore is for.
    let before = Manifest::read(dir).ok().flatten().filter(|manifest| !manifest.making);
    if before.as_ref().is_some_and(|manifest| manifest.store != whole.header.store) {
        return Err(refused("is of another store", "give its own folder with --data, or an empty one"));
    }
    let mut tombs = tombs::read(dir)?;
    for (name, tomb) in std::mem::take(&mut whole.forgotten) {
        let last = tombs.entry(name).or_insert(tomb);
        *last = (*last).max(tomb);
    }
    let forgotten = forget(&mut whole, &lineage.1, &tombs, now);
    let orders = std::mem::take(&mut whole.orders).len();
    let before = before.as_ref();
    let counters = Counters {
        commits: whole.header.commits.max(before.map_or(0, |manifest| manifest.commits)) + AHEAD,
        ordered: whole.header.ordered.max(before.map_or(0, |manifest| manifest.ordered)) + AHEAD,
        ..Counters::default()
    };
    let number = next_engine(dir, before)?;
    let last_backup = Some(whole.header.at);
    let records = whole.records.len();
    if is_new {
        master.write(&path)?;
        tracing::info!(file = %path.display(), "made the master key; keep a copy of it apart from the store and its backups");
    }
    build(dir, number, std::sync::Arc::new(master), Some(lineage), whole, &tombs, counters, last_backup)?;
    Ok(Restored { records, forgotten, orders })
}

/// Fills a folder that holds no store yet from an export. Everything in it is taken over. After one that was killed, the
/// folder does not open until it is done again.
///
/// # Errors
/// Those of opening a store; [`StoreError::Refused`] for a file that isn't whole, or a folder that isn't free.
pub fn import(file: &Path, dir: &Path, options: &Options) -> Result<Restored, StoreError> {
    let refused = |why: &str| StoreError::Refused {
        what: format!("the export {}", file.display()),
        why: why.to_owned(),
        remedy: "nothing was changed".to_owned(),
    };
    let opened = File::open(file).map_err(|error| refused(&format!("can't be read: {error}")))?;
    let whole = lines::read(BufReader::new(opened), &file.display().to_string())?;
    let _folder = open::enter(dir, options)?;
    let is_free = match Manifest::read(dir)? {
        // An import that was broken off is done again.
        Some(manifest) => manifest.making,
        None => folder::lies(dir)? == Lies::Nothing,
    };
    if !is_free {
        return Err(StoreError::Refused {
            what: format!("the folder {}", dir.display()),
            why: "already holds a store".to_owned(),
            remedy: "give an empty folder with --data".to_owned(),
        });
    }
    let master = open::key_for_new(dir, options)?;
    // Killed on the way, the folder is no new store, and the import has to be done again.
    Manifest { importing: true, ..Manifest::making() }.write(dir)?;
    let (commits, ordered, records) = (whole.header.commits, whole.header.ordered, whole.records.len());
    let counters = Counters { commits, ordered, ..Counters::default() };
    build(dir, 1, master, None, whole, &Tombs::new(), counters, None)?;
    Ok(Restored { records, ..Restored::default() })
}

/// Builds an engine and puts it in place.
#[expect(clippy::too_many_arguments, reason = "everything that makes a store, each once")]
pub(super) fn build(
    dir: &Path,
    number: u32,
    master: std::sync::Arc<MasterKey>,
    lineage: Option<([u8; 16], Secret)>,
    whole: Whole,
    tombs: &Tombs,
    mut counters: Counters,
    last_backup: Option<Timestamp>,
) -> Result<Manifest, StoreError> {
    let ring = Ring::new(lineage);
    let store = ring.name();
    let engine = open::make_engine(dir, number, master, ring)?;
    let mut filling = Filling { engine: &engine, writes: draft::Writes::new() };
    for (key, (revision, record)) in &whole.records {
        filling.record(key, *revision, record)?;
        counters.records += 1;
        counters.commits = counters.commits.max(*revision);
    }
    for (id, item) in &whole.orders {
        filling.order(*id, item)?;
        counters.waiting += 1;
        counters.ordered = counters.ordered.max(id.0);
    }
    for (name, (commit, day)) in tombs {
        filling.put(layout::named_key(layout::FORGOTTEN, *name), layout::tombstone(*commit, *day))?;
    }
    filling.flush()?;
    let path = folder::engine(dir, number);
    open::finish(&engine, &path, counters)?;
    // Read back before anything is replaced.
    let counted = super::care::count(engine.view())?;
    if counted.records() != counters.records || counted.orders != counters.waiting {
        return Err(layout::damaged("the new store", "it does not hold what was written to it"));
    }
    drop(engine);
    folder::let_go(&path);
    let manifest = Manifest {
        format: FORMAT,
        store,
        engine: number,
        making: false,
        importing: false,
        commits: counters.commits,
        ordered: counters.ordered,
        records: counters.records,
        last_backup,
    };
    manifest.write(dir)?;
    folder::clear(dir, Some(number))?;
    fault::point("old engine cleared");
    Ok(manifest)
}

/// Leaves out who was deleted after the file was made. Gives the number of records that this concerned. A lock that still
/// holds outlives a deletion, here as there.
fn forget(whole: &mut Whole, index: &Secret, tombs: &Tombs, now: Timestamp) -> usize {
    let is_gone =
        |id: &str, revision: u64| tombs.get(&index.mac(id.as_bytes())).is_some_and(|(commit, _)| revision <= *commit);
    let before = whole.records.len();
    whole.records.retain(|key, (revision, record)| match (key, record) {
        (Key::Person(id) | Key::Session(id), _) => !is_gone(id.as_str(), *revision),
        (Key::Lock(id), Record::Lock(lock)) => now < lock.until || !is_gone(id.as_str(), *revision),
        _ => true,
    });
    let running: Vec<_> = whole
        .records
        .keys()
        .filter_map(|key| if let Key::Session(id) = key { Some(id.clone()) } else { None })
        .collect();
    for (_, record) in whole.records.values_mut() {
        if let Record::Channel(channel) = record {
            channel.running.retain(|id| running.contains(id));
        }
    }
    before - whole.records.len()
}

/// A number that no engine in the folder has.
fn next_engine(dir: &Path, before: Option<&Manifest>) -> Result<u32, StoreError> {
    let first = before.map_or(1, |manifest| manifest.engine + 1);
    let free = (first..).find(|number| !folder::engine(dir, *number).exists());
    free.ok_or_else(|| layout::damaged(&dir.display().to_string(), "it is full of engines"))
}

/// An engine being filled.
struct Filling<'a> {
    engine: &'a Engine,
    writes: draft::Writes,
}

impl Filling<'_> {
    fn record(&mut self, key: &Key, revision: u64, record: &Record) -> Result<(), StoreError> {
        let vault = &self.engine.vault;
        let (tree, name) = (key.tree(), vault.name(&key.name()));
        let place = layout::record_key(tree, name);
        let plain =
            vault::plain(key, record).map_err(|error| layout::damaged("a record of the file", &error.to_string()))?;
        let personal = vault::is_personal(tree);
        let parts = draft::parts(vault::sealed_length(personal, plain.len()));
        let head = Head { revision: Revision(revision), due: record.due(), parts };
        let about: [&[u8]; 2] = [&place, &head.bytes()];
        let sealed = if personal {
            let row = layout::named_key(layout::PERSON, name);
            // A person's two records share a key.
            let known = match self.writes.get(&row) {
                Some(written) => written.clone(),
                None => read::get(&self.engine.db, &row)?.map(|value| value.to_vec()),
            };
            let secret = match known {
                Some(known) => vault.unwrap(name, &known)?,
                None => {
                    let (secret, wrapped) = vault.new_person(name);
                    self.put(row, wrapped)?;
                    secret
                }
            };
            vault::seal_personal(&secret, &about, &plain)
        } else {
            vault.seal(&about, &plain)
        };
        if let Some(at) = head.due {
            self.put(layout::due_key(at, tree, name), Vec::new())?;
        }
        self.split(&place, &head.bytes(), &sealed)
    }

    fn order(&mut self, id: crate::store::OutboxId, item: &OutboxItem) -> Result<(), StoreError> {
        let plain =
            vault::plain_order(item).map_err(|error| layout::damaged("an order of the file", &error.to_string()))?;
        let place = layout::outbox_key(id);
        let head = [draft::parts(vault::sealed_length(false, plain.len()))];
        let sealed = self.engine.vault.seal(&[&place, &head], &plain);
        self.split(&place, &head, &sealed)
    }

    fn split(&mut self, place: &[u8], head: &[u8], sealed: &[u8]) -> Result<(), StoreError> {
        let (first, rest) = sealed.split_at_checked(PART).unwrap_or((sealed, &[]));
        for (part, bytes) in (0..).zip(rest.chunks(PART)) {
            self.put(layout::part_key(place, part), bytes.to_vec())?;
        }
        self.put(place.to_vec(), [head, first].concat())
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
        self.writes.insert(key, Some(value));
        if self.writes.len() < AT_ONCE { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = draft::engine_batch(&std::mem::take(&mut self.writes));
        fault::point("engine being filled");
        self.engine.db.apply_batch(batch).map_err(|error| read::failure("filling the new store", &error))
    }
}
