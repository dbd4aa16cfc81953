//! One event to a room: within the budget, under a transaction id that never changes, and what a failure means.

use std::time::Duration;

use matrix_sdk::config::RequestConfig;
use matrix_sdk::ruma::api::error::{ErrorKind, RetryAfter};
use matrix_sdk::ruma::{OwnedEventId, OwnedTransactionId};
use matrix_sdk::{Error, HttpError, Room};
use serde_json::Value;

use crate::adapter::{Call, SendError};

use super::budget::Class;
use super::common::Core;

/// How long to wait after a failure that is likely to pass.
pub(super) const SOON: Duration = Duration::from_secs(2);
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A refusal that doesn't say how long to wait.
const UNSAID: Duration = Duration::from_secs(5);

/// Sends an event. The same transaction id is the same event, also after a restart; numbers of another store are others.
pub(super) async fn send(
    core: &Core,
    room: &Room,
    kind: &str,
    content: Value,
    transaction: &str,
    class: Class,
) -> Result<OwnedEventId, SendError> {
    // Sent plainly only when it is known that the room is not encrypted.
    let state = room.latest_encryption_state().await.map_err(|error| failed(core, &error))?;
    if state.is_unknown() {
        return Err(SendError::Later { after: SOON, why: "whether the room is encrypted isn't known".to_owned() });
    }
    let taken = core.budget().take(core.outside.now(), class, transaction);
    taken.map_err(|after| SendError::Later { after, why: "the homeserver allows only so many".to_owned() })?;
    let id = OwnedTransactionId::from(format!("{}-{transaction}", core.epoch));
    // Whether and when to try again is decided by the outbox.
    let once = RequestConfig::new().disable_retry().timeout(PATIENCE);
    let sent = room.send_raw(kind, content).with_transaction_id(&id).with_request_config(once).await;
    core.budget().ended(core.outside.now(), transaction, sent.as_ref().err().and_then(too_much));
    let sent = sent.map_err(|error| failed(core, &error))?;
    core.pulse.called(Call::Sent);
    Ok(sent.response.event_id)
}

/// What a failure means. A refusal for too much is remembered.
pub(super) fn failed(core: &Core, error: &Error) -> SendError {
    if let Some(wait) = too_much(error) {
        core.pulse.called(Call::Throttled);
        let mut budget = core.budget();
        budget.refused(core.outside.now(), wait);
        if let Some((burst, rate)) = budget.learnt() {
            tracing::info!(burst, rate, "the homeserver takes so many events at once, and so many a second");
        }
        return SendError::Later { after: wait, why: "the homeserver takes no more just now".to_owned() };
    }
    match lasting(error) {
        Some(why) => SendError::Never { why },
        None => SendError::Later { after: SOON, why: "the homeserver can't be reached, or failed".to_owned() },
    }
}

/// How long the homeserver wants no more, when it is that.
pub(super) fn too_much(error: &Error) -> Option<Duration> {
    let Some(ErrorKind::LimitExceeded(limit)) = error.client_api_error_kind() else { return None };
    Some(match limit.retry_after {
        Some(RetryAfter::Delay(wait)) => wait,
        Some(RetryAfter::DateTime(_)) | None => UNSAID,
    })
}

/// Why it can never be sent, when that is so. Its text is the homeserver's code, and nothing that a person wrote.
pub(super) fn lasting(error: &Error) -> Option<String> {
    if let Error::WrongRoomState(_) = error {
        return Some("the bot is not in the room".to_owned());
    }
    let Error::Http(http) = error else { return None };
    let HttpError::Api(_) = http.as_ref() else { return None };
    let api = http.as_client_api_error()?;
    // Logged out is no reason to lose what is to be said.
    if api.status_code.is_server_error() || matches!(api.status_code.as_u16(), 401 | 408 | 429) {
        return None;
    }
    Some(api.error_kind().map_or_else(|| api.status_code.to_string(), |kind| kind.errcode().to_string()))
}
