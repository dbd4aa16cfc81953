//! Matrix: rooms, encrypted or not, direct or with others.
//!
//! The way in: [`sync`] asks the homeserver, [`workers`] take a room's events in, in order, [`inbound`] reads them, and
//! [`inbox`] remembers how far all of it is done with. The way out: [`outbound`] makes events of deliveries, within the
//! [`budget`]. [`session`] and [`keys`] stand for who the bot is, [`rooms`] for where.

mod attached;
mod bounce;
mod budget;
mod common;
mod doctor;
mod inbound;
mod inbox;
mod keys;
mod late;
mod offers;
mod outbound;
mod place;
mod reactions;
mod recall;
mod rights;
mod rooms;
mod send;
mod session;
mod spoken;
mod sync;
mod talk;
mod turns;
mod upgrade;
mod verify;
mod workers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::adapter::{Delivery, Failure, Link, Profile};
use crate::base::id::Platform;
use crate::message::capabilities::{Capabilities, Choices, Countdown, Markup, PrivateMeans};

pub use self::common::Outside;
pub use self::doctor::{Finding, examine};

use self::common::Core;
use self::inbox::Inbox;
use self::outbound::Outbound;
use self::workers::Workers;

/// The platform's name.
pub const PLATFORM: &str = "matrix";

/// Symbols that are put up under a message.
const SYMBOLS: usize = 8;
/// How long what is under way may take at the end.
const DRAIN: Duration = Duration::from_secs(3);

/// What a room can show.
const CAPABILITIES: Capabilities = Capabilities {
    choices: Choices::Reactions { max: SYMBOLS },
    // Into the direct room of the person, when there is one.
    private: PrivateMeans::Whisper,
    markup: Markup::Html,
    // An event has 64 KiB. In the worst case a character has four bytes, stands twice, and takes a third more when encrypted.
    max_chars: 5_000,
    countdown: Countdown::None,
    files: false,
    links: true,
    edits: false,
};

/// The part of the configuration that is about Matrix.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The homeserver's address: https, or http on this machine.
    pub homeserver: String,
    /// The account: its whole id, or the part before the colon.
    pub user: String,
    /// How it shows that the account is its own.
    pub credential: Credential,
    /// The folder of session and keys.
    pub store: PathBuf,
    /// Where the recovery key is written, and read from when the folder is lost.
    pub recovery_key_file: PathBuf,
    /// Whose requests to verify the bot are accepted.
    pub admins: Vec<String>,
    /// Who may invite the bot: patterns with `*`; nobody named is everybody on its homeserver.
    pub invite_from: Vec<String>,
    /// What people see as the device's name.
    pub device_name: String,
}

/// How the bot shows that the account is its own.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Its password.
    Password(SecretString),
    /// An access token that nothing else uses.
    Token(SecretString),
}

/// The few sentences that the adapter says by itself.
#[derive(Clone, Debug)]
pub struct Words {
    /// A message can't be read yet.
    pub late_key: String,
    /// A message can't be read, because its sender's program keeps the key back.
    pub kept_key: String,
    /// What was asked among others is answered in the direct room.
    pub elsewhere: String,
    /// A direct room is not encrypted.
    pub open_room: String,
    /// Somebody may not verify the bot.
    pub not_verified: String,
}

/// The adapter.
pub struct Matrix {
    /// Its configuration.
    pub settings: Settings,
    /// Its sentences.
    pub words: Words,
    /// The name of the bot's store: the numbers of its deliveries mean something in it alone.
    pub epoch: String,
    /// Time and chance.
    pub outside: Arc<dyn Outside>,
}

/// What the runtime has to know.
pub fn profile() -> Profile {
    Profile { platform: Platform::new(PLATFORM), capabilities: CAPABILITIES }
}

impl Matrix {
    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// When it can't log in, or was logged out.
    pub async fn run(&self, link: Link) -> Result<(), Failure> {
        let Self { settings, words, epoch, outside } = self;
        let (settings, words, epoch, outside) = (settings.clone(), words.clone(), epoch.clone(), outside.clone());
        // A room that the bot was put out of meanwhile is told by the homeserver itself.
        let Link { events, deliveries, stop, prefixes, servers: _, pulse } = link;
        let mut stopped = stop.clone();
        let session = tokio::select! {
            session = session::open(&settings, outside.as_ref()) => session?,
            _ = stopped.wait_for(|stop| *stop) => return Ok(()),
        };
        let session::Session { client, me, is_new, lock: _lock } = session;
        let inbox = Inbox::open(&settings.store);
        let inbox = inbox.map_err(|error| in_folder(&settings.store, "can't be read", &error))?;
        let name = client.account().get_display_name().await.ok().flatten();
        tracing::info!(account = %me, is_new, "logged in");
        let core = Core::new(settings, words, epoch, outside, client, me, name, inbox, events, stop, prefixes, pulse);
        converse(Arc::new(core), deliveries).await
    }
}

/// Runs the parts until one of them ends.
async fn converse(core: Arc<Core>, deliveries: mpsc::Receiver<Delivery>) -> Result<(), Failure> {
    let workers = Workers::new(core.clone());
    let (batches, settled) = mpsc::unbounded_channel();
    let settling = tokio::spawn({
        let core = core.clone();
        async move { core.inbox.settle(settled).await }
    });
    core.spawn(late::run(core.clone(), workers.clone()));
    core.spawn(keys::prepare(core.clone()));
    core.spawn(keys::watch(core.clone()));
    core.spawn(carry_out(core.clone(), deliveries));
    // Invites that came while it was away are not told again.
    for room in core.client.invited_rooms() {
        core.spawn(rooms::invited(core.clone(), room));
    }
    upgrade::go_on(&core);
    let end = sync::run(&core, &workers, &batches).await;
    drop(batches);
    // What was handed over before the end may still be written down.
    drop(tokio::time::timeout(DRAIN, settling).await);
    core.end();
    match end {
        sync::End::Stopped => Ok(()),
        sync::End::LoggedOut { soft } => Err(logged_out(&core.settings, soft)),
    }
}

async fn carry_out(core: Arc<Core>, mut deliveries: mpsc::Receiver<Delivery>) {
    let outbound = Outbound::new(core.clone());
    while let Some(delivery) = deliveries.recv().await {
        core.spawn(outbound.clone().carry_out(delivery));
    }
}

/// What is left of a session that the homeserver doesn't know any more.
fn logged_out(settings: &Settings, soft: bool) -> Failure {
    if let Credential::Token(_) = settings.credential {
        return Failure::Final(
            "the homeserver doesn't take the token any more; put a new one into [matrix] token_file, and remove the store's folder"
                .to_owned(),
        );
    }
    let done = if soft { session::forget_token(settings) } else { session::put_aside(settings) };
    if let Err(error) = done {
        return in_folder(&settings.store, "can't be written", &error);
    }
    let what = if soft { "logging in again" } else { "its device is gone; going on with a new one" };
    Failure::Passing(format!("the homeserver has ended the session: {what}"))
}

/// A folder that doesn't do what it should.
fn in_folder(folder: &Path, doing: &str, error: &std::io::Error) -> Failure {
    Failure::Final(format!("{}: {doing} ({error}); look at the folder, its owner and the disk", folder.display()))
}
