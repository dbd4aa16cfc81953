//! Which key seals what, and what a sealed value looks like.
//!
//! | first byte | then |
//! |---|---|
//! | 1 | number of the generation u32, nonce, sealed with what that generation has for all |
//! | 2 | nonce, sealed with the key of the person it belongs to |
//!
//! Sealed together with a value, though not in it, are its place (tree and name, or number) and what stands before it
//! (revision, due time, parts): a value that was put into another place, or under another revision, does not open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::layout::{self, damaged};
use crate::port::record::{Key, Record, USUAL};
use crate::store::seal::{Generation, Mac, MasterKey, Ring, Secret};
use crate::store::{CommitError, OutboxItem, StoreError};

const SHARED: u8 = 1;
const PERSONAL: u8 = 2;

/// The keys of an open store.
#[derive(Debug)]
pub(super) struct Vault {
    ring: RwLock<Arc<Ring>>,
    master: RwLock<Arc<MasterKey>>,
    path: PathBuf,
}

impl Vault {
    pub(super) fn new(ring: Ring, master: Arc<MasterKey>, path: PathBuf) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), master: RwLock::new(master), path }
    }

    pub(super) fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn master(&self) -> Arc<MasterKey> {
        self.master.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the store knows a name by.
    pub(super) fn name(&self, text: &str) -> Mac {
        self.ring().index.mac(text.as_bytes())
    }

    /// Seals what belongs to no one person.
    pub(super) fn seal(&self, about: &[&[u8]], plain: &[u8]) -> Vec<u8> {
        let ring = self.ring();
        let head = shared_head(ring.current());
        ring.current().shared.seal(&head, &about_of(&head, about), plain)
    }

    pub(super) fn open(&self, about: &[&[u8]], sealed: &[u8], what: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let ring = self.ring();
        let (generation, head, rest) = split_shared(&ring, sealed, what)?;
        generation.shared.open(&about_of(head, about), rest).map_err(|broken| damaged(what, &broken.to_string()))
    }

    /// Whether the generation that seals now has sealed this.
    pub(super) fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&shared_head(self.ring().current())) || sealed.first() == Some(&PERSONAL)
    }

    /// A new key for a person, and the value to store it as.
    pub(super) fn new_person(&self, name: Mac) -> (Secret, Vec<u8>) {
        let secret = Secret::random();
        let row = self.wrap(name, &secret);
        (secret, row)
    }

    /// A person's key as it is stored.
    pub(super) fn wrap(&self, name: Mac, secret: &Secret) -> Vec<u8> {
        let ring = self.ring();
        let head = shared_head(ring.current());
        let about = about_of(&head, &[&layout::named_key(layout::PERSON, name)]);
        ring.current().people.seal(&head, &about, secret.bytes())
    }

    pub(super) fn unwrap(&self, name: Mac, row: &[u8]) -> Result<Secret, StoreError> {
        let what = format!("the key of person {}", crate::store::seal::hex(&name));
        let ring = self.ring();
        let (generation, head, rest) = split_shared(&ring, row, &what)?;
        let about = about_of(head, &[&layout::named_key(layout::PERSON, name)]);
        let bytes = generation.people.open(&about, rest).map_err(|broken| damaged(&what, &broken.to_string()))?;
        Secret::read(&bytes).ok_or_else(|| damaged(&what, "it has another length"))
    }

    /// A new generation seals from now on; the older ones still open.
    pub(super) fn advance(&self) -> Result<u32, StoreError> {
        self.change(|ring| {
            let number = ring.current().number + 1;
            ring.generations.push(Generation::new(number, Secret::random()));
            number
        })
    }

    /// Drops all generations but the one that seals.
    pub(super) fn drop_old(&self) -> Result<(), StoreError> {
        self.change(|ring| drop(ring.generations.drain(..ring.generations.len() - 1)))
    }

    /// Draws a new master key, whose file is at `key`, and seals the ring with it. The file comes first and keeps the old
    /// key too: whatever happens on the way, it opens the ring.
    pub(super) fn replace_master(&self, key: &Path) -> Result<(), StoreError> {
        // Before it is touched: the operator may have put another one there meanwhile.
        self.follow(MasterKey::read(key)?)?;
        self.follow(MasterKey::read(key)?.replace(key)?)
    }

    /// Lets this master key seal the ring from now on.
    fn follow(&self, master: MasterKey) -> Result<(), StoreError> {
        Ring::read(&self.path, &master)?;
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(master);
        Ok(())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Ring) -> T) -> Result<T, StoreError> {
        // Read anew rather than copied: keys are not `Clone`. On the disk first, then in use.
        let master = self.master();
        let mut next = Ring::read(&self.path, &master)?;
        let done = change(&mut next);
        next.write(&self.path, &master)?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(done)
    }
}

/// Seals with a person's key.
pub(super) fn seal_personal(key: &Secret, about: &[&[u8]], plain: &[u8]) -> Vec<u8> {
    let head = [PERSONAL];
    key.seal(&head, &about_of(&head, about), plain)
}

pub(super) fn open_personal(
    key: &Secret,
    about: &[&[u8]],
    sealed: &[u8],
    what: &str,
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    match sealed.split_first() {
        Some((&PERSONAL, rest)) => {
            key.open(&about_of(&[PERSONAL], about), rest).map_err(|broken| damaged(what, &broken.to_string()))
        }
        _ => Err(damaged(what, "it is not sealed as a person's records are")),
    }
}

/// How many bytes a value has once it is sealed.
pub(super) fn sealed_length(personal: bool, plain: usize) -> usize {
    plain + crate::store::seal::OVERHEAD + if personal { 1 } else { 5 }
}

/// Whether a tree's records are sealed with a key of the person's own. Locks are not: they outlive a deletion.
pub(super) fn is_personal(tree: &str) -> bool {
    matches!(tree, "person" | "session")
}

/// What of a record is sealed: its name, whose length stands in front, and its bytes.
pub(super) fn plain(key: &Key, record: &Record) -> Result<Zeroizing<Vec<u8>>, CommitError> {
    let name = key.name();
    let length = u16::try_from(name.len()).map_err(|_| CommitError::Unfit("a name is too long".to_owned()))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(2 + name.len() + USUAL));
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(name.as_bytes());
    let start = plain.len();
    record.encode_into(&mut plain);
    crate::store::fits(plain.len() - start)?;
    Ok(plain)
}

/// The key and record of what [`plain`] made.
pub(super) fn read_plain(tree: &'static str, plain: &[u8], what: &str) -> Result<(Key, Record), StoreError> {
    let named = || {
        let (length, rest) = plain.split_first_chunk()?;
        let (name, bytes) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        Some((Key::from_stored(tree, std::str::from_utf8(name).ok()?)?, bytes))
    };
    let (key, bytes) = named().ok_or_else(|| damaged(what, "it has no name"))?;
    let record = Record::decode(tree, bytes).map_err(|error| StoreError::unread(what.to_owned(), error))?;
    Ok((key, record))
}

/// An order as it is sealed.
pub(super) fn plain_order(item: &OutboxItem) -> Result<Zeroizing<Vec<u8>>, CommitError> {
    let bytes = Zeroizing::new(item.encode());
    crate::store::fits(bytes.len())?;
    Ok(bytes)
}

fn shared_head(generation: &Generation) -> [u8; 5] {
    let mut head = [SHARED; 5];
    head[1..].copy_from_slice(&generation.number.to_be_bytes());
    head
}

fn split_shared<'a>(
    ring: &'a Ring,
    sealed: &'a [u8],
    what: &str,
) -> Result<(&'a Generation, &'a [u8], &'a [u8]), StoreError> {
    let split = || {
        let (head, rest) = sealed.split_at_checked(5)?;
        let (kind, number) = head.split_first()?;
        (*kind == SHARED).then_some((u32::from_be_bytes(number.try_into().ok()?), head, rest))
    };
    let (number, head, rest) = split().ok_or_else(|| damaged(what, "it is not sealed as it should be"))?;
    let generation = ring.generation(number);
    generation.map(|found| (found, head, rest)).ok_or_else(|| damaged(what, "the key that sealed it is gone"))
}

/// Everything that is sealed together with a value: each piece with its length, so that no two lists look the same.
fn about_of(head: &[u8], about: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(head.len() + about.iter().map(|piece| 4 + piece.len()).sum::<usize>());
    bytes.extend_from_slice(head);
    for piece in about {
        bytes.extend_from_slice(&u32::try_from(piece.len()).expect("places and heads are short").to_be_bytes());
        bytes.extend_from_slice(piece);
    }
    bytes
}
