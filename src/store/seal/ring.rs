//! The ring: the keys that the master key protects, in a small file beside the engine's own.
//!
//! It is a file of its own because the engine keeps old values in its log: a generation that is dropped from here, and
//! written over on the disk, is gone.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::secret::{Mac, Secret, hex, random};
use super::{Broken, MasterKey, open_with_any};
use crate::store::StoreError;
use crate::store::fault;

/// What the ring's file starts with.
const MARK: &[u8] = b"nape-ring-1\n";
const PURPOSE: &str = "nape ring 1";

/// The keys of a store.
#[derive(Debug)]
pub(in crate::store) struct Ring {
    /// The store's name: 16 bytes drawn once.
    pub store: Mac,
    /// Turns names into what the store knows them by. The same for life: a deletion is remembered by it.
    pub index: Secret,
    /// Oldest first; the last one seals.
    pub generations: Vec<Generation>,
}

/// One generation of keys.
#[derive(Debug)]
pub(in crate::store) struct Generation {
    pub number: u32,
    root: Secret,
    /// Seals what belongs to no one person.
    pub shared: Secret,
    /// Seals persons' keys.
    pub people: Secret,
}

impl Generation {
    pub fn new(number: u32, root: Secret) -> Self {
        let (shared, people) = (root.derive("nape shared 1"), root.derive("nape people 1"));
        Self { number, root, shared, people }
    }
}

impl Ring {
    /// The ring of a new store, or of one that is built anew from a backup, which keeps its name and index.
    pub fn new(lineage: Option<(Mac, Secret)>) -> Self {
        let (store, index) = lineage.unwrap_or_else(|| (random(), Secret::random()));
        Self { store, index, generations: vec![Generation::new(1, Secret::random())] }
    }

    /// The generation that seals.
    pub fn current(&self) -> &Generation {
        self.generations.last().expect("a ring is made with a generation, and the last one is never dropped")
    }

    pub fn generation(&self, number: u32) -> Option<&Generation> {
        self.generations.iter().find(|generation| generation.number == number)
    }

    /// Reads the ring. One that a former master key has sealed is sealed anew with the present one first: the change of
    /// keys was cut short, or the operator has put a new key before the old.
    pub fn read(path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let (ring, is_current) = Self::open(path, master)?;
        if !is_current {
            ring.write(path, master)?;
        }
        Ok(ring)
    }

    /// The ring, and whether the present master key has sealed it.
    fn open(path: &Path, master: &MasterKey) -> Result<(Self, bool), StoreError> {
        let damaged =
            |why: &str| StoreError::Damaged { what: format!("the key ring {}", path.display()), why: why.to_owned() };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(damaged("it is missing")),
            Err(error) => return Err(StoreError::io("reading", path, &error)),
        };
        let sealed = bytes.strip_prefix(MARK).ok_or_else(|| damaged("it does not start as one does"))?;
        let opened = open_with_any(&master.derive_all(PURPOSE), MARK, sealed);
        let (by, plain) = opened.map_err(|Broken| damaged("it was changed, or the master key is another store's"))?;
        let ring = Self::parse(&plain).ok_or_else(|| damaged("it has another shape"))?;
        Ok((ring, by == 0))
    }

    /// Puts the ring in the place of the one that is there, durably, and wipes that one.
    pub fn write(&self, path: &Path, master: &MasterKey) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::io("writing", path, &error);
        let next = path.with_extension("next");
        let sealed = master.derive(PURPOSE).seal(&[], MARK, &self.bytes());
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&next).map_err(failed)?;
        file.write_all(MARK).and_then(|()| file.write_all(&sealed)).and_then(|()| file.sync_all()).map_err(failed)?;
        fault::point("ring written");
        let before = OpenOptions::new().write(true).open(path).ok();
        fs::rename(&next, path).map_err(failed)?;
        let above = path.parent().expect("a ring lies in the engine's folder");
        File::open(above).and_then(|dir| dir.sync_all()).map_err(failed)?;
        fault::point("ring in place");
        if let Some(mut before) = before {
            // Best effort: a disk may keep old blocks, but what it gives out under this file is zeros.
            let length = before.metadata().map_or(0, |found| found.len());
            let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
            let wiped = before.seek(SeekFrom::Start(0)).and_then(|_| before.write_all(&zeros));
            if let Err(error) = wiped.and_then(|()| before.sync_data()) {
                tracing::warn!(%error, "the old key ring could not be wiped");
            }
        }
        Ok(())
    }

    /// The store's name as text.
    pub fn name(&self) -> String {
        hex(&self.store)
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(48 + 36 * self.generations.len()));
        bytes.extend(self.store);
        bytes.extend(self.index.bytes());
        for generation in &self.generations {
            bytes.extend(generation.number.to_be_bytes());
            bytes.extend(generation.root.bytes());
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (store, rest) = bytes.split_first_chunk()?;
        let (index, mut rest) = rest.split_at_checked(32)?;
        let mut generations = Vec::new();
        while let Some((number, more)) = rest.split_first_chunk() {
            let (root, more) = more.split_at_checked(32)?;
            generations.push(Generation::new(u32::from_be_bytes(*number), Secret::read(root)?));
            rest = more;
        }
        let whole = rest.is_empty() && !generations.is_empty();
        whole.then_some(Self { store: *store, index: Secret::read(index)?, generations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_comes_back_with_its_master_and_with_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let (master, mut ring) = (MasterKey::random(), Ring::new(None));
        ring.write(&path, &master).unwrap();
        ring.generations.push(Generation::new(2, Secret::random()));
        ring.write(&path, &master).unwrap();
        assert!(Ring::open(&path, &master).unwrap().1);
        let back = Ring::read(&path, &master).unwrap();
        assert_eq!((back.store, back.current().number, back.generations.len()), (ring.store, 2, 2));
        assert_eq!(back.bytes(), ring.bytes());
        assert!(matches!(Ring::read(&path, &MasterKey::random()), Err(StoreError::Damaged { .. })));
        let mut bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(Ring::read(&path, &master).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn a_ring_follows_its_master_key() {
        let dir = tempfile::tempdir().unwrap();
        let (path, key) = (dir.path().join("keys"), dir.path().join("master.key"));
        let ring = Ring::new(None);
        let first = MasterKey::random();
        first.write(&key).unwrap();
        ring.write(&path, &first).unwrap();
        let second = first.replace(&key).unwrap();
        assert!(!Ring::open(&path, &second).unwrap().1);
        assert_eq!(Ring::read(&path, &second).unwrap().bytes(), ring.bytes());
        assert!(Ring::open(&path, &second).unwrap().1, "the former key is not needed any more");
    }
}
