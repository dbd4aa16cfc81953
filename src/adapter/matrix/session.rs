//! The account's session: made once, kept with its device's keys, and never mixed with another one.
//!
//! Token, device and keys are one unit in one folder. Where the keys are lost, a new device is made and says so; with keys of
//! another device nobody could read what the bot says.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::api::error::ErrorKind;
use matrix_sdk::ruma::{OwnedDeviceId, OwnedUserId};
use matrix_sdk::store::StateStoreDataKey;
use matrix_sdk::{Client, Error, SessionMeta, SessionTokens, SqliteStoreConfig};
use rustix::fs::{FlockOperation, flock};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::adapter::Failure;

use super::common::Outside;
use super::inbox::replace;
use super::{Credential, Settings, in_folder};

/// The file of the session.
const FILE: &str = "session.json";
/// The folder of the device's keys and the rooms' state.
const KEYS: &str = "device";
/// Held for as long as the folder is used.
const LOCK: &str = "lock";
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is kept of a session.
#[derive(Serialize, Deserialize)]
struct Kept {
    homeserver: String,
    device: OwnedDeviceId,
    /// Seals the keys. Not a passphrase: stretching one would only make every start slow.
    key: [u8; 32],
    /// The account and its token, once logged in.
    login: Option<Login>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Login {
    user: OwnedUserId,
    token: String,
}

/// A session that is ready.
pub(super) struct Session {
    pub client: Client,
    pub me: OwnedUserId,
    /// Whether its device was made just now.
    pub is_new: bool,
    /// Held for as long as the folder is used.
    pub lock: File,
}

/// Opens the session of the folder, or makes one.
///
/// # Errors
/// What the operator has to change, or that the homeserver can't be reached.
pub(super) async fn open(settings: &Settings, outside: &dyn Outside) -> Result<Session, Failure> {
    let folder = settings.store.as_path();
    let io = |doing: &str, error: std::io::Error| in_folder(folder, doing, &error);
    std::fs::create_dir_all(folder).map_err(|error| io("can't be made", error))?;
    let lock = File::create(folder.join(LOCK)).map_err(|error| io("can't be written", error))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        Failure::Final(format!(
            "{}: another nape uses this folder; stop it, or set another [matrix] store",
            folder.display()
        ))
    })?;
    let (kept, is_new) = match read(folder)? {
        Some(kept) if kept.homeserver == settings.homeserver => (kept, false),
        Some(kept) => {
            return Err(Failure::Final(format!(
                "{}: its session is one of {}, not of {}; set another [matrix] store",
                folder.display(),
                kept.homeserver,
                settings.homeserver
            )));
        }
        None => (begin(settings, outside)?, true),
    };
    let client = build(settings, &kept).await?;
    // The library passes over a response whose token it has stored before, and it stores that before anybody has seen the events:
    // after a kill they would be lost. How far the bot is, the inbox knows.
    let forgotten = client.state_store().remove_kv_data(StateStoreDataKey::SyncToken).await;
    forgotten.map_err(|error| Failure::Passing(format!("{}: {error}", folder.display())))?;
    let (login, is_new) = match kept.login.clone() {
        Some(login) => (login, is_new),
        // A login that was cut short is made again for the same device.
        None => (log_in(settings, &client, kept).await?, true),
    };
    if client.session_meta().is_none() {
        restore(settings, &client, &login).await?;
    }
    Ok(Session { me: login.user, client, is_new, lock })
}

/// After a soft logout: a new token for the same device.
pub(super) fn forget_token(settings: &Settings) -> std::io::Result<()> {
    let path = settings.store.join(FILE);
    let mut kept: Kept = serde_json::from_slice(&std::fs::read(&path)?)?;
    kept.login = None;
    replace(&path, &serde_json::to_vec(&kept)?)
}

/// After a logout: its device is gone from the homeserver, and its keys are of no use any more.
pub(super) fn put_aside(settings: &Settings) -> std::io::Result<()> {
    aside(&settings.store)
}

/// What the folder holds; nothing when a part of it is lost, and then the rest is put aside.
fn read(folder: &Path) -> Result<Option<Kept>, Failure> {
    let io = |error: std::io::Error| in_folder(folder, "can't be read", &error);
    let has_keys = folder.join(KEYS).join("matrix-sdk-crypto.sqlite3").exists();
    let kept = match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => serde_json::from_slice::<Kept>(&bytes).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(io(error)),
    };
    match kept {
        Some(kept) if has_keys || kept.login.is_none() => Ok(Some(kept)),
        None if !has_keys && !folder.join(FILE).exists() => Ok(None),
        _ => {
            tracing::error!(
                folder = %folder.display(),
                "a part of the Matrix store is lost; going on with a new device, and with the recovery key if it is there"
            );
            aside(folder).map_err(io)?;
            Ok(None)
        }
    }
}

/// Nothing of it is thrown away.
fn aside(folder: &Path) -> std::io::Result<()> {
    let there = |number: u32| folder.join(format!("lost-{number}"));
    let to = (1..).map(there).find(|path| !path.exists()).expect("numbers don't end before folders do");
    std::fs::create_dir(&to)?;
    for name in [FILE, KEYS] {
        let from = folder.join(name);
        if from.exists() {
            std::fs::rename(&from, to.join(name))?;
        }
    }
    Ok(())
}

/// A device of its own, written down before the homeserver hears of it.
fn begin(settings: &Settings, outside: &dyn Outside) -> Result<Kept, Failure> {
    let letters = |bytes: &[u8]| bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect::<String>();
    let kept = Kept {
        homeserver: settings.homeserver.clone(),
        device: OwnedDeviceId::from(format!("NAPE{}", letters(&outside.secret()[..8]))),
        key: outside.secret(),
        login: None,
    };
    write(settings, &kept)?;
    Ok(kept)
}

fn write(settings: &Settings, kept: &Kept) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(kept).expect("texts, which JSON can always hold");
    let written = replace(&settings.store.join(FILE), &bytes);
    written.map_err(|error| in_folder(&settings.store, "can't be written", &error))
}

async fn build(settings: &Settings, kept: &Kept) -> Result<Client, Failure> {
    let encryption = EncryptionSettings {
        auto_enable_cross_signing: false,
        backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
        auto_enable_backups: false,
    };
    let sealed = SqliteStoreConfig::new(settings.store.join(KEYS)).key(Some(&kept.key));
    let builder = Client::builder()
        .homeserver_url(&settings.homeserver)
        .respect_login_well_known(false)
        .sqlite_store_with_config_and_cache_path(sealed, None::<&Path>)
        .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
        .request_config(RequestConfig::new().timeout(PATIENCE).retry_limit(2))
        .with_encryption_settings(encryption)
        // Who is invited by the bot gets no keys of what was said before.
        .with_enable_share_history_on_invite(false)
        .user_agent(concat!("nape/", env!("CARGO_PKG_VERSION")));
    builder.build().await.map_err(|error| Failure::Final(format!("{}: {error}", settings.store.display())))
}

/// Logs in by password, or takes the token that was given.
async fn log_in(settings: &Settings, client: &Client, mut kept: Kept) -> Result<Login, Failure> {
    let login = match &settings.credential {
        Credential::Password(password) => {
            let login = client.matrix_auth().login_username(&settings.user, password.expose_secret());
            let login = login.device_id(kept.device.as_str()).initial_device_display_name(&settings.device_name);
            let response = login.send().await.map_err(|error| refused("the password", "password_file", &error))?;
            Login { user: response.user_id, token: response.access_token }
        }
        Credential::Token(token) => {
            let token = token.expose_secret().to_owned();
            let asked = whose(settings, &token).await;
            let (user, device) = asked.map_err(|error| refused("the token", "token_file", &error))?;
            kept.device = device;
            Login { user, token }
        }
    };
    kept.login = Some(login.clone());
    write(settings, &kept)?;
    Ok(login)
}

/// Whose a token is. Asked by a client without a store, so that nothing is left behind when it is the wrong one.
async fn whose(settings: &Settings, token: &str) -> Result<(OwnedUserId, OwnedDeviceId), Error> {
    let bare = Client::builder().homeserver_url(&settings.homeserver).build().await;
    let bare = bare.map_err(|error| Error::UnknownError(Box::new(error)))?;
    let meta =
        SessionMeta { user_id: OwnedUserId::try_from("@unknown:unknown")?, device_id: OwnedDeviceId::from("UNKNOWN") };
    let tokens = SessionTokens { access_token: token.to_owned(), refresh_token: None };
    bare.restore_session(MatrixSession { meta, tokens }).await?;
    let answer = bare.whoami().await?;
    let device = answer.device_id.ok_or(Error::InsufficientData)?;
    Ok((answer.user_id, device))
}

async fn restore(settings: &Settings, client: &Client, login: &Login) -> Result<(), Failure> {
    let (_, device, _) = kept(settings).ok_or_else(|| Failure::Passing("the session was just lost".to_owned()))?;
    let session = MatrixSession {
        meta: SessionMeta { user_id: login.user.clone(), device_id: device.clone() },
        tokens: SessionTokens { access_token: login.token.clone(), refresh_token: None },
    };
    let restored = client.restore_session(session).await;
    restored.map_err(|error| Failure::Final(format!("{}: {error}", settings.store.display())))?;
    let answer = match client.whoami().await {
        Ok(answer) => answer,
        // A token that isn't good any more is found by the loop, which knows what to do. So is a homeserver that is away.
        Err(_) => return Ok(()),
    };
    if answer.user_id != login.user || answer.device_id.is_some_and(|other| other != device) {
        return Err(Failure::Final(format!(
            "{}: the token belongs to another account or device than the keys; remove the folder to make a new device",
            settings.store.display()
        )));
    }
    Ok(())
}

/// A secret's file, without the line break at its end.
pub(super) fn secret(file: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::Final(format!("{}: can't be read ({error}); it should hold one line", file.display()))
    })?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Failure::Final(format!("{}: is empty; it should hold one line", file.display()))),
        line => Ok(SecretString::from(line.to_owned())),
    }
}

fn refused(what: &str, key: &str, error: &Error) -> Failure {
    match error.client_api_error_kind() {
        Some(ErrorKind::Forbidden | ErrorKind::UnknownToken(_) | ErrorKind::UserDeactivated) => Failure::Final(
            format!("the homeserver doesn't take {what}: check matrix.user, and the file that matrix.{key} names"),
        ),
        Some(kind) => Failure::Passing(format!("the homeserver answered the login with {}", kind.errcode())),
        None => Failure::Passing(format!("the homeserver can't be reached: {error}")),
    }
}

/// The session that is kept: account, device, token.
pub(super) fn kept(settings: &Settings) -> Option<(OwnedUserId, OwnedDeviceId, String)> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(settings.store.join(FILE)).ok()?).ok()?;
    let Login { user, token } = kept.login?;
    Some((user, kept.device, token))
}
