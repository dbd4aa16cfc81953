//! `MANIFEST.json`: what a folder says about the store in it, for people and for the next start.
//!
//! An engine that has lost its file opens as an empty store. The manifest stands beside it and knows better: whose store
//! it is, which engine folder holds it, and how much had been committed at least. It must never promise more than is durable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::seal::hex;
use super::{StoreError, fault};
use crate::base::time::Timestamp;

/// Its name in the folder.
pub const FILE: &str = "MANIFEST.json";
/// The version of a folder's layout, of which the manifest is a part. 1 had no manifest and nothing was sealed.
pub const FORMAT: u32 = 2;

/// What the folder says about its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u32,
    /// The store's name, in hexadecimal digits.
    pub store: String,
    /// The number of the folder that holds the engine's files: `engine-N`.
    pub engine: u32,
    /// The store is being made: nothing in it was ever confirmed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub making: bool,
    /// It is being made from an export, and no other store may be made in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub importing: bool,
    /// So many commits are durable, at least.
    pub commits: u64,
    /// So many outbox numbers were given, at least.
    pub ordered: u64,
    /// Records at that time.
    pub records: u64,
    /// When the last backup was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<Timestamp>,
}

/// The manifest and what proves that it is whole.
#[derive(Serialize, Deserialize)]
struct Whole {
    manifest: Manifest,
    sha256: String,
}

impl Manifest {
    /// That of a folder in which a store is about to be made.
    pub fn making() -> Self {
        Self {
            format: FORMAT,
            store: String::new(),
            engine: 1,
            making: true,
            importing: false,
            commits: 0,
            ordered: 0,
            records: 0,
            last_backup: None,
        }
    }

    /// The manifest of a folder; `None` when it has none.
    pub fn read(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(FILE);
        let damaged = |why: &str| StoreError::Damaged { what: path.display().to_string(), why: why.to_owned() };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(damaged("it is no text")),
            Err(error) => return Err(StoreError::io("reading", &path, &error)),
        };
        // The version first: a newer one may have another shape.
        let any: serde_json::Value = serde_json::from_str(&text).map_err(|_| damaged("it is no JSON"))?;
        let format = any.pointer("/manifest/format").and_then(serde_json::Value::as_u64);
        if let Some(version) = format.and_then(|format| u32::try_from(format).ok()).filter(|format| *format > FORMAT) {
            return Err(StoreError::Newer { what: format!("the store in {}", dir.display()), version });
        }
        let whole: Whole = serde_json::from_value(any).map_err(|_| damaged("it has another shape"))?;
        if whole.sha256 != sum(&whole.manifest) || whole.manifest.format != FORMAT {
            return Err(damaged("it was changed"));
        }
        Ok(Some(whole.manifest))
    }

    /// Puts this one in the place of the one that is there, durably.
    pub fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let (path, next) = (dir.join(FILE), dir.join("MANIFEST.next"));
        let failed = |error: io::Error| StoreError::io("writing", &path, &error);
        let whole = Whole { manifest: self.clone(), sha256: sum(self) };
        let mut text = serde_json::to_string_pretty(&whole).expect("numbers and texts, which JSON can always hold");
        text.push('\n');
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&next).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fault::point("manifest written");
        fs::rename(&next, &path).map_err(failed)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)?;
        fault::point("manifest in place");
        Ok(())
    }
}

fn sum(manifest: &Manifest) -> String {
    let bytes = serde_json::to_vec(manifest).expect("numbers and texts, which JSON can always hold");
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let last_backup = Some(Timestamp::from_millis(5));
        Manifest {
            format: FORMAT,
            store: "ab".to_owned(),
            engine: 3,
            making: false,
            importing: false,
            commits: 77,
            ordered: 8,
            records: 9,
            last_backup,
        }
    }

    #[test]
    fn it_comes_back_and_no_changed_byte_passes() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()), Ok(None));
        manifest().write(dir.path()).unwrap();
        assert_eq!(Manifest::read(dir.path()), Ok(Some(manifest())));
        let path = dir.path().join(FILE);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                fs::write(&path, changed).unwrap();
                // White space may be another: what it says is the same.
                assert!(
                    Manifest::read(dir.path()).map_or(true, |read| read == Some(manifest())),
                    "byte {at}, bit {bit}"
                );
            }
        }
        fs::write(&path, b"").unwrap();
        assert!(matches!(Manifest::read(dir.path()), Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn a_newer_folder_is_called_that() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), r#"{"manifest":{"format":3,"shape":"other"}}"#).unwrap();
        assert!(matches!(Manifest::read(dir.path()), Err(StoreError::Newer { version: 3, .. })));
    }
}
