//! The text of a file for a command that takes one: sent with the command as its caption, or before it, and the command as an answer
//! to it.
//!
//! Only for those who may configure the room is anything fetched, and only from the bot's own homeserver.

use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::media::{MediaFormat, MediaRequestParameters};
use matrix_sdk::ruma::OwnedEventId;

use crate::command::parse::{NotACommand, parse};

use super::common::{Core, rights};
use super::inbound::Envelope;
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
    let lacks_one =
        matches!(parse(&line), Err(NotACommand::BadArgument { command, .. }) if command.spec().takes_file());
    if !lacks_one || !rights(room, &envelope.sender).await.may_configure {
        return line;
    }
    let fetched = tokio::select! {
        fetched = fetch(core, room, envelope, answers) => fetched,
        () = core.outside.wait(PATIENCE) => None,
    };
    match fetched {
        Some(text) => format!("{line}\n{text}"),
        None => line,
    }
}

/// The text of the message's own file, or of that which it answers; nothing when it is too large, or no text.
async fn fetch(core: &Core, room: &Room, envelope: &Envelope, answers: Option<&OwnedEventId>) -> Option<String> {
    let (source, size) = match (file(&envelope.content), answers) {
        (Some(own), _) => own,
        (None, Some(answered)) => {
            let event = room.event(answered, None).await.ok()?;
            // Somebody else's file is not what its person has looked at.
            let before = Envelope::read(&event).filter(|before| before.sender == envelope.sender)?;
            file(&before.content)?
        }
        (None, None) => return None,
    };
    if size.is_some_and(|size| size > LARGEST as u64) {
        return None;
    }
    let request = MediaRequestParameters { source, format: MediaFormat::File };
    let bytes = core.client.media().get_media_content(&request, false).await.ok()?;
    String::from_utf8(bytes).ok().filter(|text| text.len() <= LARGEST)
}
