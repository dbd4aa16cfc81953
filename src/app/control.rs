//! The socket in the store's folder through which `nape store` speaks to the program that has the store open: one line of
//! JSON each way.
//!
//! Who may enter the folder may speak; that is its owner alone.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::app::clock::{Clock, SystemClock};
use crate::app::exit::{Code, Exit};
use crate::app::stores;
use crate::store::sled::SledStore;

/// The socket's name.
const SOCKET: &str = "control";
/// The longest request, in bytes.
const LONGEST: u64 = 16 << 10;

/// How long a request may take to come in. Others wait behind it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be asked of an open store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Read everything and count.
    Check,
    /// Numbers.
    Stats,
    /// New keys.
    Rotate {
        /// A new master key too.
        #[serde(default)]
        master: bool,
    },
    /// A backup.
    Backup {
        /// The file to write, as a whole path.
        file: PathBuf,
        /// The age recipient to seal it for.
        recipient: Option<String>,
    },
    /// An export.
    Export {
        /// The file to write, as a whole path.
        file: PathBuf,
    },
}

/// The answer: lines to show, or what was wrong.
#[derive(Debug, Serialize, Deserialize)]
struct Reply {
    lines: Vec<String>,
    wrong: bool,
}

/// Does what is asked with an open store, and says what came of it.
///
/// # Errors
/// Why it can't be done, in a line for the operator.
pub fn perform(store: &SledStore, request: Request) -> Result<Vec<String>, String> {
    let now = SystemClock.now();
    let said = |error: crate::store::StoreError| error.to_string();
    match request {
        Request::Check => {
            let counts = store.check().map_err(said)?;
            let trees = counts.trees.iter().map(|(tree, count)| format!("{tree}: {count}"));
            Ok(trees.chain([format!("orders: {}", counts.orders), "Every record reads.".to_owned()]).collect())
        }
        Request::Stats => {
            let stats = store.stats().map_err(said)?;
            serde_json::to_string_pretty(&stats).map(|text| vec![text]).map_err(|error| error.to_string())
        }
        Request::Rotate { master } => {
            let mut lines = Vec::new();
            if master {
                store.rotate_master().map_err(said)?;
                lines.push("The master key is new: keep a copy of its file apart, as an older copy doesn't open the store any more.".to_owned());
                lines.push("The lines below the first are the keys before it, for older backups; remove them with the last of these.".to_owned());
            }
            let generation = store.rotate().map_err(said)?;
            lines.push(format!(
                "Everything is sealed with generation {generation} of the keys; the older ones are gone."
            ));
            if !master {
                lines.push("The master key is the same; if it may have leaked: nape store rotate --master".to_owned());
            }
            Ok(lines)
        }
        Request::Backup { file, recipient } => {
            let recipient = recipient.map(|text| text.parse()).transpose()?;
            let records = store.backup(&file, recipient.as_ref(), now).map_err(said)?;
            let sealed =
                if recipient.is_some() { "the recipient" } else { "the store's master key, which is not in it" };
            let records = stores::counted(records, "record");
            Ok(vec![format!("Backed up to {}: {records}, sealed for {sealed}.", file.display())])
        }
        Request::Export { file } => {
            let records = store.export(&file, now).map_err(said)?;
            let records = stores::counted(records, "record");
            Ok(vec![format!(
                "Exported to {}: {records}. Anybody can read it: move it, then remove it.",
                file.display()
            )])
        }
    }
}

/// Answers on the socket for as long as the store is open. What can't be had is logged: the bot goes on without.
pub async fn serve(dir: PathBuf, store: Arc<SledStore>) {
    let path = dir.join(SOCKET);
    // Left by a killed process; the store's lock is ours, so nobody listens there.
    drop(std::fs::remove_file(&path));
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "nape store can't speak to this program while it runs");
            return;
        }
    };
    if let Err(error) = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!(file = %path.display(), %error, "the control socket can't be made private");
    }
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        // One after the other: each of them reads the whole store.
        if let Err(error) = answer(stream, store.clone()).await {
            tracing::debug!(%error, "a request on the control socket was given up");
        }
    }
}

async fn answer(stream: UnixStream, store: Arc<SledStore>) -> std::io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    tokio::time::timeout(PATIENCE, BufReader::new(from.take(LONGEST)).read_line(&mut line)).await??;
    let result = match serde_json::from_str::<Request>(&line) {
        Ok(request) => {
            let work = tokio::task::spawn_blocking(move || perform(&store, request)).await;
            work.unwrap_or_else(|_| Err("the store gave up on it".to_owned()))
        }
        Err(error) => Err(format!("this program does not know the request: {error}")),
    };
    let reply = match result {
        Ok(lines) => Reply { lines, wrong: false },
        Err(line) => Reply { lines: vec![line], wrong: true },
    };
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    to.write_all(&text).await
}

/// Asks the program that has the store of this folder open; `None` when none listens.
///
/// # Errors
/// What it answers, when that is why it can't be done.
pub async fn ask(dir: &Path, request: &Request) -> Option<Result<Vec<String>, Exit>> {
    let stream = UnixStream::connect(dir.join(SOCKET)).await.ok()?;
    let spoken = async {
        let (from, mut to) = stream.into_split();
        let mut text = serde_json::to_vec(request)?;
        text.push(b'\n');
        to.write_all(&text).await?;
        let mut line = String::new();
        BufReader::new(from).read_line(&mut line).await?;
        Ok::<Reply, std::io::Error>(serde_json::from_str(&line)?)
    };
    Some(match spoken.await {
        Ok(reply) if !reply.wrong => Ok(reply.lines),
        Ok(reply) => Err(Exit { code: Code::Io, lines: reply.lines }),
        Err(error) => Err(Exit::new(Code::Io, format!("the running program gave no answer: {error}"))),
    })
}
