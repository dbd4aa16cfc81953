//! Secrets that come from files: only from such that nobody else can read.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// The file of a secret: the one that is named, else the credential of that name that systemd hands over
/// (`LoadCredential=NAME:…`).
pub fn file(named: Option<PathBuf>, credential: &str) -> Option<PathBuf> {
    named.or_else(|| {
        #[expect(clippy::disallowed_methods, reason = "systemd says by its environment where credentials lie")]
        let folder = std::env::var("CREDENTIALS_DIRECTORY").ok()?;
        Some(Path::new(&folder).join(credential)).filter(|path| path.is_file())
    })
}

/// Reads a secret of one word: the file's text without the blanks around it.
///
/// # Errors
/// What is wrong with the file, and what to do. Never a part of the secret.
pub fn read(path: &Path) -> Result<SecretString, String> {
    one(path, |secret| !secret.contains(char::is_whitespace))
}

/// Reads a secret that may have blanks inside, as a password may.
///
/// # Errors
/// As [`read`].
pub fn read_line(path: &Path) -> Result<SecretString, String> {
    one(path, |secret| !secret.contains(['\n', '\r']))
}

fn one(path: &Path, fits: fn(&str) -> bool) -> Result<SecretString, String> {
    let at = path.display();
    let file = std::fs::metadata(path).map_err(|error| format!("{at} can't be read ({error})"))?;
    let mode = file.permissions().mode();
    // Root handed it over: then a group that may read it is the way in which this program was let in, by systemd (whose list
    // of who may read shows there) or by Kubernetes.
    let handed_over = file.uid() == 0 && !rustix::process::geteuid().is_root();
    let others = if handed_over { 0o037 } else { 0o077 };
    if mode & others != 0 {
        return Err(format!("{at} can be read by others (mode {:03o}); run: chmod 600 {at}", mode & 0o777));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{at} can't be read ({error})"))?;
    let secret = text.trim();
    if secret.is_empty() || !fits(secret) {
        return Err(format!("{at} must hold the secret alone, on one line"));
    }
    Ok(SecretString::from(secret))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_comes_only_from_a_file_that_is_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(read(&path).unwrap_err().contains("can't be read"));
        for (text, mode, wrong) in [
            ("abc\n", 0o644, "chmod 600"),
            ("abc\n", 0o640, "chmod 600"),
            ("", 0o600, "alone"),
            ("a b", 0o600, "alone"),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read(&path).unwrap_err().contains(wrong), "{text:?} {mode:o}");
        }
        fs::write(&path, " abc.def\n").unwrap();
        assert_eq!(read(&path).unwrap().expose_secret(), "abc.def");
        fs::write(&path, "a b\n").unwrap();
        assert_eq!(read_line(&path).unwrap().expose_secret(), "a b");
        fs::write(&path, "a\nb\n").unwrap();
        assert!(read_line(&path).unwrap_err().contains("one line"));
    }
}
