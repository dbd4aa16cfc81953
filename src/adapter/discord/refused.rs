//! What Discord says no with, and what follows: again later, never, a place that is gone, or the end of the adapter.

use std::time::Duration;

use serenity::Error;
use serenity::http::HttpError;

use crate::adapter::SendError;

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token is not, or no longer, the bot's.
    Token,
    /// The place is gone, closed, or not the bot's to speak in.
    Place,
    /// The message is gone, or too old to be changed again.
    Message,
    /// The interaction is over.
    Interaction,
    /// The interaction was acknowledged before.
    Acknowledged,
    /// Too much at once.
    Rate,
    /// Whatever else the request was wrong in.
    Request,
    /// Discord, or the way to it, is out of order.
    Unavailable,
}

/// JSON error codes (Discord's topics/opcodes-and-status-codes).
mod code {
    pub const UNKNOWN_CHANNEL: isize = 10003;
    pub const UNKNOWN_MESSAGE: isize = 10008;
    pub const UNKNOWN_WEBHOOK: isize = 10015;
    pub const UNKNOWN_INTERACTION: isize = 10062;
    pub const TOO_MANY_OLD_EDITS: isize = 30046;
    pub const ACKNOWLEDGED: isize = 40060;
    pub const MISSING_ACCESS: isize = 50001;
    pub const CANNOT_SEND_TO_USER: isize = 50007;
    pub const MISSING_PERMISSIONS: isize = 50013;
    pub const TOKEN_INVALID: isize = 50027;
    pub const THREAD_ARCHIVED: isize = 50083;
    pub const THREAD_LOCKED: isize = 160_005;
}

/// How long to wait when Discord doesn't say.
const PAUSE: Duration = Duration::from_secs(5);

impl Refused {
    /// Reads an error.
    pub fn of(error: &Error) -> Self {
        let Error::Http(HttpError::UnsuccessfulRequest(response)) = error else {
            return match error {
                // What can't be written or read back will be so again.
                Error::Json(_) | Error::Model(_) | Error::Format(_) => Self::Request,
                _ => Self::Unavailable,
            };
        };
        match (response.status_code.as_u16(), response.error.code) {
            (_, code::UNKNOWN_MESSAGE | code::TOO_MANY_OLD_EDITS) => Self::Message,
            (401, code::TOKEN_INVALID) => Self::Interaction,
            (401, _) => Self::Token,
            (429, _) => Self::Rate,
            (500.., _) => Self::Unavailable,
            (_, code::UNKNOWN_INTERACTION | code::UNKNOWN_WEBHOOK | code::TOKEN_INVALID) => Self::Interaction,
            (_, code::ACKNOWLEDGED) => Self::Acknowledged,
            (
                _,
                code::UNKNOWN_CHANNEL
                | code::MISSING_ACCESS
                | code::MISSING_PERMISSIONS
                | code::CANNOT_SEND_TO_USER
                | code::THREAD_ARCHIVED
                | code::THREAD_LOCKED,
            )
            | (403, _) => Self::Place,
            _ => Self::Request,
        }
    }

    /// What the outbox is told.
    pub fn as_send_error(self, error: &Error) -> SendError {
        let why = what_was_said(error);
        match self {
            Self::Rate | Self::Unavailable | Self::Token => SendError::Later { after: PAUSE, why },
            Self::Place | Self::Message | Self::Interaction | Self::Acknowledged | Self::Request => {
                SendError::Never { why }
            }
        }
    }

    /// Whether Discord counts the request towards the ban of an address: 401, 403 and 429.
    pub fn counts(self, error: &Error) -> bool {
        match error {
            Error::Http(HttpError::UnsuccessfulRequest(response)) => {
                matches!(response.status_code.as_u16(), 401 | 403 | 429)
            }
            _ => self == Self::Token,
        }
    }
}

/// The answer's status and code. Never the address of the request, which holds an interaction's token, nor its body.
pub(super) fn what_was_said(error: &Error) -> String {
    match error {
        Error::Http(HttpError::UnsuccessfulRequest(response)) => {
            format!("{} (code {})", response.status_code, response.error.code)
        }
        Error::Http(HttpError::Request(error)) if error.is_timeout() => "no answer in time".to_owned(),
        Error::Http(HttpError::Request(error)) if error.is_connect() => "no connection".to_owned(),
        Error::Http(_) => "the connection failed".to_owned(),
        Error::Json(_) => "an answer that can't be read".to_owned(),
        _ => "it failed".to_owned(),
    }
}
