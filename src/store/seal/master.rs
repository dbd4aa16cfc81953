//! The master key and its file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::Broken;
use super::secret::{Secret, hex, unhex};
use crate::store::{StoreError, fault};

/// The name of the master key's file, in the store's folder unless the operator keeps it elsewhere.
pub const KEY_FILE: &str = "master.key";
/// What each line of the file starts with; 64 hexadecimal digits follow.
const MARK: &str = "nape-master-key-1 ";

/// The key that protects all others. Whoever has it and the folder can read the store; without it nobody can, ever.
///
/// Its file has a line for each key that there was, the latest first. That one seals; the others open what they have
/// sealed, which is older backups, and a ring whose change of keys was cut short.
#[derive(Debug)]
pub struct MasterKey {
    current: Secret,
    /// Latest first.
    former: Vec<Secret>,
}

impl MasterKey {
    /// Draws a new one.
    pub fn random() -> Self {
        Self { current: Secret::random(), former: Vec::new() }
    }

    /// Reads the key's file.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it isn't there, is no key, or can be read by others than its owner.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let refused = |why: &str, remedy: &str| StoreError::Refused {
            what: format!("the master key {}", path.display()),
            why: why.to_owned(),
            remedy: remedy.to_owned(),
        };
        let mode = match fs::metadata(path) {
            Ok(found) => found.permissions().mode(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(refused(
                    "is not there",
                    "put the key back, or restore a backup that was made for a recipient; without the key nothing in the store can be read",
                ));
            }
            Err(error) => return Err(refused(&format!("can't be read: {error}"), "look at its owner and mode")),
        };
        if mode & 0o077 != 0 {
            return Err(refused(&format!("can be read by others (mode {:o})", mode & 0o777), "chmod 600 it"));
        }
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| refused(&format!("can't be read: {error}"), "look at its owner and mode"))?;
        let secret = |line: &str| Secret::read(&unhex(line.strip_prefix(MARK)?)?);
        let secrets = text.trim_end().lines().map(|line| secret(line.trim_end())).collect::<Option<Vec<_>>>();
        let mut secrets = secrets.unwrap_or_default().into_iter();
        let current = secrets.next().ok_or_else(|| {
            refused(
                "is no master key",
                "each of its lines is `nape-master-key-1` and 64 hexadecimal digits; put the right file there",
            )
        })?;
        Ok(Self { current, former: secrets.collect() })
    }

    /// Writes it to a file that must not be there yet, for the owner alone, durably.
    ///
    /// # Errors
    /// [`StoreError::Io`], also when the file is there.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        let write = || self.put(path).and_then(|()| sync_above(path));
        write().map_err(|error| StoreError::io("writing the master key", path, &error))
    }

    /// Draws a key that comes before this one, and puts both in the place of the file, durably.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the file can't be replaced; it is then as it was.
    pub(in crate::store) fn replace(self, path: &Path) -> Result<Self, StoreError> {
        let former = std::iter::once(self.current).chain(self.former).collect();
        let key = Self { current: Secret::random(), former };
        let write = || {
            // What it points to is replaced, not a link.
            let path = fs::canonicalize(path)?;
            let next = path.with_extension("next");
            drop(fs::remove_file(&next));
            let written = key.put(&next).and_then(|()| {
                fault::point("master key written");
                fs::rename(&next, &path)
            });
            written.inspect_err(|_| drop(fs::remove_file(&next)))?;
            sync_above(&path)
        };
        write().map_err(|error: io::Error| StoreError::Refused {
            what: format!("the master key {}", path.display()),
            why: format!("can't be replaced ({error})"),
            remedy: "where it comes from, put a line with a new key before the others, then restart nape: it changes over by itself"
                .to_owned(),
        })?;
        fault::point("master key in place");
        Ok(key)
    }

    pub(in crate::store) fn derive(&self, purpose: &str) -> Secret {
        self.current.derive(purpose)
    }

    /// For one purpose, the secrets of all keys that there were, the latest first.
    pub(in crate::store) fn derive_all(&self, purpose: &str) -> Vec<Secret> {
        std::iter::once(&self.current).chain(&self.former).map(|secret| secret.derive(purpose)).collect()
    }

    fn put(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
        for secret in std::iter::once(&self.current).chain(&self.former) {
            file.write_all(Zeroizing::new(format!("{MARK}{}\n", hex(secret.bytes()))).as_bytes())?;
        }
        file.sync_all()
    }
}

/// Opens with the first secret that does. Gives its place in the list.
pub(in crate::store) fn open_with_any(
    secrets: &[Secret],
    about: &[u8],
    sealed: &[u8],
) -> Result<(usize, Zeroizing<Vec<u8>>), Broken> {
    let mut opened = secrets.iter().enumerate().filter_map(|(at, secret)| Some((at, secret.open(about, sealed).ok()?)));
    opened.next().ok_or(Broken)
}

fn sync_above(path: &Path) -> io::Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        let key = MasterKey::random();
        key.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterKey::read(&path).unwrap().current.bytes(), key.current.bytes());
        assert!(key.write(&path).is_err(), "a key is never written over");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = MasterKey::read(&path).unwrap_err().to_string();
        assert!(refused.contains("mode 640") && refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn a_new_key_seals_and_the_one_before_it_still_opens() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        let first = MasterKey::random();
        first.write(&path).unwrap();
        let sealed = first.derive("a").seal(b"", b"", b"x");
        let second = first.replace(&path).unwrap();
        let back = MasterKey::read(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(back.derive("a").bytes(), second.derive("a").bytes());
        assert!(back.derive("a").open(b"", &sealed).is_err());
        let (at, plain) = open_with_any(&back.derive_all("a"), b"", &sealed).unwrap();
        assert_eq!((at, plain.as_slice()), (1, &b"x"[..]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left in the folder");
        assert_eq!(back.replace(&path).unwrap().derive_all("a").len(), 3);
    }

    #[test]
    fn a_key_that_cannot_be_replaced_stays() {
        let dir = tempfile::tempdir().unwrap();
        let refused = MasterKey::random().replace(&dir.path().join(KEY_FILE)).unwrap_err().to_string();
        assert!(refused.contains("can't be replaced") && refused.contains("restart nape"), "{refused}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        assert!(MasterKey::read(&path).unwrap_err().to_string().contains("is not there"));
        let half = format!("{MARK}{}\nhunter2\n", "0".repeat(64));
        for text in ["", "hunter2", "nape-master-key-1 abc", &half] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let refused = MasterKey::read(&path).unwrap_err().to_string();
            assert!(refused.contains("is no master key") && !refused.contains("hunter2"), "{refused}");
        }
    }
}
