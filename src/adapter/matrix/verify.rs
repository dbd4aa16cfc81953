//! Being verified by comparing pictures: for those whom the operator has named, and politely refused to everybody else.
//!
//! The bot can't look at a screen, so it confirms whatever comes; it shows its own pictures, so that the person can tell that
//! they are talking to it. It takes nobody for verified because of that.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use matrix_sdk::Room;
use matrix_sdk::encryption::verification::{
    SasState, SasVerification, Verification, VerificationRequest, VerificationRequestState,
};
use matrix_sdk::ruma::{OwnedUserId, UserId};

use super::common::Core;
use super::outbound::tell;

/// A request that nobody goes on with is dropped after this time.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The library may know of a request a moment later than we do.
const MOMENT: Duration = Duration::from_millis(200);

/// Somebody asks to verify the bot, in a room or from device to device.
pub(super) async fn asked(core: Arc<Core>, room: Option<Room>, sender: OwnedUserId, flow: String) {
    let mut request = core.client.encryption().get_verification_request(&sender, &flow).await;
    for _ in 0..10 {
        if request.is_some() || core.is_stopping() {
            break;
        }
        core.outside.wait(MOMENT).await;
        request = core.client.encryption().get_verification_request(&sender, &flow).await;
    }
    let Some(request) = request else { return };
    if !may_verify(&core, &sender) {
        tracing::info!("a request to verify the bot was refused; [matrix] admins names who may");
        drop(request.cancel().await);
        if let Some(room) = room {
            drop(tell(&core, &room, &core.words.not_verified, &format!("verify-{flow}")).await);
        }
        return;
    }
    // Asked from device to device, it shows its pictures where the two of them talk.
    let shown_in = match room {
        Some(room) => Some(room),
        None => core.direct_room(&sender).await,
    };
    let followed = follow(&core, shown_in, request.clone(), &flow);
    let done = tokio::select! {
        done = followed => done,
        () = core.outside.wait(PATIENCE) => Err("it took too long".to_owned()),
    };
    match done {
        Ok(()) => tracing::info!(%sender, "the bot was verified"),
        Err(why) => {
            tracing::warn!(%sender, why, "the bot was not verified");
            drop(request.cancel().await);
        }
    }
}

/// Those named, and the account itself from another of its devices.
fn may_verify(core: &Core, user: &UserId) -> bool {
    core.settings.admins.iter().any(|admin| admin == user.as_str()) || *user == core.me
}

async fn follow(core: &Arc<Core>, room: Option<Room>, request: VerificationRequest, flow: &str) -> Result<(), String> {
    let mut changes = request.changes();
    request.accept().await.map_err(|error| error.to_string())?;
    while let Some(state) = changes.next().await {
        match state {
            VerificationRequestState::Transitioned { verification: Verification::SasV1(sas) } => {
                return compare(core, room, sas, flow).await;
            }
            VerificationRequestState::Cancelled(why) => return Err(why.reason().to_owned()),
            VerificationRequestState::Done => return Ok(()),
            _ => {}
        }
    }
    Err("the request ended".to_owned())
}

async fn compare(core: &Arc<Core>, room: Option<Room>, sas: SasVerification, flow: &str) -> Result<(), String> {
    let mut changes = sas.changes();
    sas.accept().await.map_err(|error| error.to_string())?;
    while let Some(state) = changes.next().await {
        match state {
            SasState::KeysExchanged { emojis, decimals } => {
                let pictures = match emojis {
                    Some(emojis) => {
                        emojis.emojis.map(|emoji| format!("{} {}", emoji.symbol, emoji.description)).join(", ")
                    }
                    None => format!("{} {} {}", decimals.0, decimals.1, decimals.2),
                };
                tracing::info!(pictures, "the bot's side of the comparison");
                if let Some(room) = &room {
                    drop(tell(core, room, &pictures, &format!("verify-{flow}")).await);
                }
                sas.confirm().await.map_err(|error| error.to_string())?;
            }
            SasState::Done { .. } => return Ok(()),
            SasState::Cancelled(why) => return Err(why.reason().to_owned()),
            _ => {}
        }
    }
    Err("the comparison ended".to_owned())
}
