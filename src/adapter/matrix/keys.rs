//! The account's identity: made once, backed up under a recovery key, and taken up again from there by a new device.
//!
//! It is never made anew by itself where there is one: everybody who has verified the bot would be warned.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::Client;
use matrix_sdk::encryption::recovery::{RecoveryError, RecoveryState};
use matrix_sdk::ruma::OwnedUserId;
use matrix_sdk::ruma::api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier};
use secrecy::ExposeSecret;

use crate::adapter::Failure;

use super::common::Core;
use super::session::secret;
use super::{Credential, Settings};

/// How long to wait before what failed is tried again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// How often is looked whether the device is signed, and how long after one look the next comes.
const LOOKS: usize = 5;
const MOMENT: Duration = Duration::from_secs(2);

/// Why something is not as it should be.
enum Lack {
    /// It may go better by itself.
    Passing(String),
    /// The operator has to do something.
    Lasting(String),
}

/// Sees to it that the device is signed by the account's identity, and that its keys are backed up. What can't be had is
/// logged with what to do; the bot goes on without.
pub(super) async fn prepare(core: Arc<Core>) {
    let mut pause = FIRST_PAUSE;
    loop {
        core.client.encryption().wait_for_e2ee_initialization_tasks().await;
        match recovery(&core.settings, &core.client, &core.me).await {
            Ok(()) => break,
            Err(Lack::Lasting(why)) => {
                tracing::error!(%why, "the account's keys are not as they should be; see nape matrix doctor");
                break;
            }
            Err(Lack::Passing(why)) => tracing::warn!(%why, ?pause, "the account's keys can't be seen to yet"),
        }
        core.outside.wait(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if is_signed(&core).await {
        tracing::info!("the device is signed by its account");
    } else {
        tracing::warn!("the device is not signed by its account; people see a warning beside the bot's messages");
    }
}

/// Whether the device is signed by the account's identity, and signed now if it isn't.
async fn is_signed(core: &Core) -> bool {
    let encryption = core.client.encryption();
    for _ in 0..LOOKS {
        // What is known here may be older than the signature.
        if let Err(error) = encryption.request_user_identity(&core.me).await {
            tracing::debug!(%error, "the account's keys can't be asked for");
        }
        match encryption.get_own_device().await {
            Ok(Some(device)) if device.is_cross_signed_by_owner() => return true,
            Ok(Some(device)) => {
                if let Err(error) = device.verify().await {
                    tracing::debug!(%error, "the device can't be signed");
                }
            }
            Ok(None) | Err(_) => {}
        }
        core.outside.wait(MOMENT).await;
    }
    false
}

/// Says so when the homeserver has other keys of this device than the store: an old copy of it was put back, or two programs
/// use it. New devices then can't write to the bot.
pub(super) async fn watch(core: Arc<Core>) {
    let mut doubles = core.client.subscribe_to_duplicate_key_upload_errors();
    while doubles.recv().await.is_ok() {
        tracing::error!(
            "the homeserver has other one-time keys than the store; stop nape, move the folder matrix.store away and start it \
             again: a new device takes over with the recovery key"
        );
    }
}

/// Makes the account's identity when it never had one.
async fn identity(settings: &Settings, client: &Client, me: &OwnedUserId) -> Result<(), Lack> {
    let encryption = client.encryption();
    let Err(error) = encryption.bootstrap_cross_signing_if_needed(None).await else { return Ok(()) };
    let Some(asked) = error.as_uiaa_response() else { return Err(lack(&error)) };
    let Credential::Password(password) = &settings.credential else {
        return Err(Lack::Lasting(
            "the homeserver wants the password before it takes a new identity: give matrix.password_file instead of \
             token_file, once, with an empty matrix.store"
                .to_owned(),
        ));
    };
    let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(me.localpart().to_owned()));
    let mut answer = Password::new(user, password.expose_secret().to_owned());
    answer.session = asked.session.clone();
    let made = encryption.bootstrap_cross_signing(Some(AuthData::Password(answer))).await;
    made.map_err(|error| lack(&error))
}

async fn recovery(settings: &Settings, client: &Client, me: &OwnedUserId) -> Result<(), Lack> {
    let file = settings.recovery_key_file.as_path();
    let recovery = client.encryption().recovery();
    match state(client).await? {
        // To make one now could overwrite one that is there.
        RecoveryState::Unknown => Err(Lack::Passing("whether they are backed up isn't known".to_owned())),
        RecoveryState::Enabled if file.exists() => Ok(()),
        RecoveryState::Enabled => {
            let key = recovery.reset_key().await.map_err(|error| passing(&error))?;
            keep(file, &key)
        }
        RecoveryState::Incomplete if !file.exists() => {
            // All is here but for the backup: the first start was cut short.
            if has_identity(client).await {
                let key = recovery.enable().await.map_err(|error| passing(&error))?;
                return keep(file, &key);
            }
            Err(Lack::Lasting(format!(
                "{}: the account's recovery key has to stand there, as this device hasn't got its identity. Where the key is \
             lost, reset the identity with another program, and take an empty matrix.store",
                file.display()
            )))
        }
        RecoveryState::Incomplete => {
            let key = secret(file).map_err(|error: Failure| Lack::Lasting(error.to_string()))?;
            let recovered = recovery.recover_and_fix_backup(key.expose_secret()).await;
            recovered.map_err(|error| match error {
                RecoveryError::SecretStorage(error) => {
                    Lack::Lasting(format!("{}: the recovery key doesn't fit ({error})", file.display()))
                }
                other => passing(&other),
            })?;
            tracing::warn!("this is a new device of the account; its identity and its keys are recovered");
            Ok(())
        }
        RecoveryState::Disabled => {
            identity(settings, client, me).await?;
            if !has_identity(client).await {
                return Err(Lack::Lasting(
                    "the account's identity was made by another program: verify this session from there, or reset the \
                     identity there and take an empty matrix.store"
                        .to_owned(),
                ));
            }
            let key = recovery.enable().await.map_err(|error| passing(&error))?;
            keep(file, &key)
        }
    }
}

/// How far the keys are backed up. The library asks once, at its start; where that failed, it is asked again here.
async fn state(client: &Client) -> Result<RecoveryState, Lack> {
    let encryption = client.encryption();
    let known = encryption.recovery().state();
    if known != RecoveryState::Unknown {
        return Ok(known);
    }
    let is_enabled = encryption.secret_storage().is_enabled().await.map_err(|error| lack(&error))?;
    Ok(match is_enabled {
        false => RecoveryState::Disabled,
        true if has_identity(client).await && encryption.backups().are_enabled().await => RecoveryState::Enabled,
        true => RecoveryState::Incomplete,
    })
}

/// Whether this device holds all of the account's identity.
async fn has_identity(client: &Client) -> bool {
    client.encryption().cross_signing_status().await.is_some_and(|status| status.is_complete())
}

/// What a failure of the homeserver means.
fn lack(error: &matrix_sdk::Error) -> Lack {
    match error.client_api_error_kind() {
        Some(kind) => Lack::Passing(kind.errcode().to_string()),
        None => Lack::Passing(error.to_string()),
    }
}

fn passing(error: &RecoveryError) -> Lack {
    Lack::Passing(error.to_string())
}

/// Writes the recovery key down, once, for its owner alone.
fn keep(file: &Path, key: &str) -> Result<(), Lack> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = opened.and_then(|mut file| {
        file.write_all(format!("{key}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| {
        Lack::Lasting(format!("{}: the recovery key can't be written there ({error})", file.display()))
    })?;
    tracing::info!(file = %file.display(), "the recovery key is written down; keep a copy of it apart from this machine");
    Ok(())
}
