//! Events whose keys come later. They wait in the inbox, are read when a key has come, and then go the usual way.
//!
//! The room is told once for each key, after a while, and never about what was sent before the bot came.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind, UnableToDecryptReason};
use tokio::sync::oneshot;

use crate::base::id::stable_hash;

use super::common::Core;
use super::inbound::Envelope;
use super::inbox::Late;
use super::outbound::tell;
use super::workers::Workers;

/// How long a key may take before anything is said.
const GRACE: Duration = Duration::from_secs(10);
/// How often is looked without being told that a key has come.
const LOOK: Duration = Duration::from_secs(5);
/// How long is looked without being told.
const YOUNG: Duration = Duration::from_secs(60);
/// After that no key is expected any more.
const GIVEN_UP: Duration = Duration::from_secs(60 * 60);

/// An event that waits for its key, when it is one that would be answered.
pub(super) fn waits(core: &Core, room: &Room, event: &TimelineEvent) -> Option<Late> {
    let TimelineEventKind::UnableToDecrypt { utd_info, .. } = &event.kind else { return None };
    let envelope = Envelope::read(event)?;
    let now = core.outside.now();
    if envelope.sender == core.me {
        return None;
    }
    let withheld = matches!(&utd_info.reason, UnableToDecryptReason::MissingMegolmSession { withheld_code: Some(_) });
    let session = utd_info.session_id.clone()?;
    let room = room.room_id().to_owned();
    Some(Late { room, event: envelope.event_id, session, withheld, since: now, told: false })
}

/// Looks after late events until the program ends: at once when a key has come, and for a minute in case that wasn't told.
pub(super) async fn run(core: Arc<Core>, workers: Arc<Workers>) {
    let stream = core.client.encryption().room_keys_received_stream().await;
    let mut keys = match stream {
        Some(stream) => stream.boxed(),
        None => futures_util::stream::pending().boxed(),
    };
    while !core.is_stopping() {
        // Nothing: whichever are young.
        let came: Option<Vec<String>> = tokio::select! {
            Some(came) = keys.next() => came.ok().map(|keys| keys.into_iter().map(|key| key.session_id).collect()),
            () = core.outside.wait(LOOK) => None,
        };
        for late in core.inbox.late() {
            let age = core.outside.now().since(late.since);
            let is_wanted = match &came {
                Some(sessions) => sessions.contains(&late.session),
                None => age < YOUNG || age >= GIVEN_UP,
            };
            if is_wanted {
                look(&core, &workers, late).await;
            }
        }
    }
}

async fn look(core: &Arc<Core>, workers: &Workers, late: Late) {
    let age = core.outside.now().since(late.since);
    let Some(room) = core.joined(&late.room).filter(|_| age < GIVEN_UP) else {
        return core.inbox.read(&late.event);
    };
    // Without an answer it stays where it is.
    let Ok(event) = room.event(&late.event, None).await else { return };
    if !event.kind.is_utd() {
        let (ticket, settled) = oneshot::channel();
        workers.put(&room, event, ticket);
        if settled.await.is_ok() {
            core.inbox.read(&late.event);
        }
        return;
    }
    // A key that is kept back on purpose doesn't come by itself.
    let has_waited = age >= GRACE || late.withheld;
    let is_told =
        core.inbox.late().iter().any(|other| other.room == late.room && other.session == late.session && other.told);
    if has_waited && !is_told {
        let words = if late.withheld { &core.words.kept_key } else { &core.words.late_key };
        let number = stable_hash(format!("{} {}", late.room, late.session).as_bytes());
        match tell(core, &room, words, &format!("late-{number:x}")).await {
            Ok(()) | Err(crate::adapter::SendError::Never { .. }) => core.inbox.told(&late.room, &late.session),
            // The next look tries again.
            Err(crate::adapter::SendError::Later { .. }) => {}
        }
    }
}
