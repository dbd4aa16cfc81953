//! The table `[matrix]`.

use std::path::PathBuf;

use crate::app::config::keys::{Fault, Section};
use crate::app::config::secret;

/// How Matrix is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The homeserver's address: https, or http on this machine.
    pub homeserver: String,
    /// The account: its whole id, or the part before the colon.
    pub user: String,
    /// How it shows that the account is its own.
    pub login: Login,
    /// The folder of session and keys.
    pub store: PathBuf,
    /// The file of the recovery key.
    pub recovery_key_file: PathBuf,
    /// Whose requests to verify the bot are accepted.
    pub admins: Vec<String>,
    /// Who may invite the bot: patterns with `*`; nobody named is everybody on its homeserver.
    pub invite_from: Vec<String>,
    /// What people see as the device's name.
    pub device_name: String,
}

/// How the bot shows that the account is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// The file of its password.
    Password(PathBuf),
    /// The file of an access token that nothing else uses.
    Token(PathBuf),
}

impl Matrix {
    /// Reads the table; `None` when it is switched off.
    ///
    /// # Errors
    /// All that is missing or doesn't go together, with its line.
    pub fn read(section: &Section) -> Result<Option<Self>, Vec<Fault>> {
        if section.switch("enabled") != Some(true) {
            return Ok(None);
        }
        if !cfg!(feature = "matrix") {
            let message = "this program was built without matrix; set enabled = false";
            return Err(vec![(section.line, message.to_owned())]);
        }
        let mut faults = Vec::new();
        let homeserver = section.text("homeserver").unwrap_or_default();
        if homeserver.is_empty() {
            let what = "matrix.homeserver is missing: the homeserver's address, as \"https://matrix.example.org\"";
            faults.push((section.line, what.to_owned()));
        } else if !is_sealed(&homeserver) {
            let what = "matrix.homeserver must begin with https://; http:// is taken for this machine alone";
            faults.push((section.line_of("homeserver"), what.to_owned()));
        }
        let user = section.text("user").unwrap_or_default();
        if user.is_empty() {
            let what = "matrix.user is missing: the bot's account, as \"@nape:example.org\"";
            faults.push((section.line, what.to_owned()));
        }
        let token = section.path("token_file");
        let password = section.path("password_file");
        let login = match (secret::file(password, "matrix-password"), token) {
            (Some(_), Some(_)) => Err("matrix takes password_file or token_file, not both"),
            (Some(file), None) => Ok(Login::Password(file)),
            (None, Some(file)) => Ok(Login::Token(file)),
            (None, None) => {
                Err("matrix.password_file is missing: the path of a file (mode 600) that holds the account's \
                                 password; or token_file, with an access token")
            }
        };
        let store = section.path("store").unwrap_or_else(|| PathBuf::from("matrix"));
        let recovery_key_file =
            section.path("recovery_key_file").unwrap_or_else(|| PathBuf::from("matrix-recovery-key"));
        if recovery_key_file.starts_with(&store) {
            let what = "matrix.recovery_key_file must lie outside matrix.store: it is for when that is lost";
            faults.push((section.line_of("recovery_key_file"), what.to_owned()));
        }
        match login {
            Ok(login) if faults.is_empty() => Ok(Some(Self {
                homeserver,
                user,
                login,
                store,
                recovery_key_file,
                admins: section.list("admins"),
                invite_from: section.list("invite_from"),
                device_name: section.text("device_name").unwrap_or_else(|| "Nape".to_owned()),
            })),
            Ok(_) => Err(faults),
            Err(what) => {
                faults.push((section.line, what.to_owned()));
                Err(faults)
            }
        }
    }
}

/// Whether nobody on the way can read along: TLS, or no way at all.
fn is_sealed(address: &str) -> bool {
    let is_host = |rest: &str, host: &str| {
        rest.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    match address.strip_prefix("http://") {
        Some(rest) => ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| is_host(rest, host)),
        None => address.strip_prefix("https://").is_some_and(|host| !host.is_empty() && !host.starts_with('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_a_seal() {
        for address in ["https://m.example.org", "http://127.0.0.1:8008", "http://localhost", "http://[::1]:80"] {
            assert!(is_sealed(address), "{address}");
        }
        for address in
            ["http://m.example.org", "http://localhost.evil.org", "http://127.0.0.1.evil.org", "https://", "ftp://x"]
        {
            assert!(!is_sealed(address), "{address}");
        }
    }
}
