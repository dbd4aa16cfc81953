//! The text of a file for a command that takes one: sent with the command as its caption, or before it, and the command as an answer
//! to it.
//!
//! Only for those who may configure the room is anything fetched, and only from the bot's own homeserver.

use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::media::{MediaFormat, MediaRequestParameters};
use matrix_sdk::ruma::OwnedEventId;

use crate::command::parse::parse;

use super::common::Core;
use super::inbound::Envelope;
use super::rights::rights;
use super::spoken::file;

/// The most bytes that are fetched: more than any command takes.
const LARGEST: usize = 256 * 1024;
/// How long fetching may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A line with the text of its file behind it. Where there is none, or it can't be had, the line alone: the bot then says what is
/// missing.
pub(super) async fn with_file(
    core: &Core,
    room: &Room,
    envelope: &Envelope,
    answers: Option<&OwnedEventId>,
    line: String,
) -> String {
    // What has its text behind it needs no file.
    let lacks_one = parse(&line)
        .is_ok_and(|invocation| invocation.command.spec().takes_file() && invocation.free_text().next().is_none());
    if !lacks_one || !rights(room, &envelope.sender).await.may_configure {
        return line;
    }
    let fetched = tokio::select! {
        fetched = fetch(core, room, envelope, answers) => fetched,
        () = core.outside.wait(PATIENCE) => Err("it took too long".to_owned()),
    };
    match fetched {
        Ok(Some(text)) => format!("{line}\n{text}"),
        Ok(None) => line,
        Err(why) => {
            tracing::info!(room = %room.room_id(), why, "a file can't be read");
            line
        }
    }
}

/// The text of the message's own file, or of that which it answers; nothing when there is none.
///
/// # Errors
/// Why it can't be had.
async fn fetch(
    core: &Core,
    room: &Room,
    envelope: &Envelope,
    answers: Option<&OwnedEventId>,
) -> Result<Option<String>, String> {
    let (source, size) = match (file(&envelope.content), answers) {
        (Some(own), _) => own,
        (None, Some(answered)) => {
            let event = room.event(answered, None).await.map_err(|error| error.to_string())?;
            // Somebody else's file is not what its person has looked at.
            let before = Envelope::read(&event).filter(|before| before.sender == envelope.sender);
            match before.and_then(|before| file(&before.content)) {
                Some(sent) => sent,
                None => return Err("what was answered is no file of theirs".to_owned()),
            }
        }
        (None, None) => return Ok(None),
    };
    let too_large = || "it is too large".to_owned();
    if size.is_some_and(|size| size > LARGEST as u64) {
        return Err(too_large());
    }
    let request = MediaRequestParameters { source, format: MediaFormat::File };
    let bytes = core.client.media().get_media_content(&request, false).await.map_err(|error| error.to_string())?;
    if bytes.len() > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "it is no text".to_owned())
}
