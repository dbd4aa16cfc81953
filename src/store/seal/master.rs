//! The master key and its file.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::secret::{Secret, hex, unhex};
use crate::store::StoreError;

/// The name of the master key's file, in the store's folder unless the operator keeps it elsewhere.
pub const KEY_FILE: &str = "master.key";
/// What the file starts with; 64 hexadecimal digits follow.
const MARK: &str = "nape-master-key-1 ";

/// The key that protects all others. Whoever has it and the folder can read the store; without it nobody can, ever.
#[derive(Debug)]
pub struct MasterKey(Secret);

impl MasterKey {
    /// Draws a new one.
    pub fn random() -> Self {
        Self(Secret::random())
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
        let digits = text.trim_end().strip_prefix(MARK).and_then(unhex);
        let secret = digits.and_then(|digits| Secret::read(&digits));
        secret.map(Self).ok_or_else(|| {
            refused(
                "is no master key",
                "it is one line, `nape-master-key-1` and 64 hexadecimal digits; put the right file there",
            )
        })
    }

    /// Writes it to a file that must not be there yet, for the owner alone, durably.
    ///
    /// # Errors
    /// [`StoreError::Io`], also when the file is there.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        let write = || {
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
            file.write_all(Zeroizing::new(format!("{MARK}{}\n", hex(self.0.bytes()))).as_bytes())?;
            file.sync_all()?;
            let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(above)?.sync_all()
        };
        write().map_err(|error| StoreError::io("writing the master key", path, &error))
    }

    pub(in crate::store) fn derive(&self, purpose: &str) -> Secret {
        self.0.derive(purpose)
    }
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
        assert_eq!(MasterKey::read(&path).unwrap().0.bytes(), key.0.bytes());
        assert!(key.write(&path).is_err(), "a key is never written over");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = MasterKey::read(&path).unwrap_err().to_string();
        assert!(refused.contains("mode 640") && refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY_FILE);
        assert!(MasterKey::read(&path).unwrap_err().to_string().contains("is not there"));
        for text in ["", "hunter2", "nape-master-key-1 abc"] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let refused = MasterKey::read(&path).unwrap_err().to_string();
            assert!(refused.contains("is no master key") && !refused.contains("hunter2"), "{refused}");
        }
    }
}
