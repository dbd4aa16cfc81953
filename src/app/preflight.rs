//! Before a store is opened, a child process of the same program opens it and reads all of it: what makes the engine panic,
//! hang or die then happens to the child.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::app::exit::{Code, Exit};
use crate::store::Options;

/// How long the child may take. A hundred thousand people take about three seconds.
const LIMIT: Duration = Duration::from_secs(20);

/// Opens and reads the store in a child process; nothing when there is none yet.
///
/// # Errors
/// What the child ended with, with its exit code: 75 when the store is in use or the child took too long, 78 when the store
/// must not be opened.
pub async fn check(dir: &Path, options: &Options) -> Result<(), Exit> {
    if !dir.join("MANIFEST.json").exists() {
        return Ok(());
    }
    let failed =
        |error: std::io::Error| Exit::new(Code::Software, format!("the store can't be looked at first: {error}"));
    let mut child = Command::new(std::env::current_exe().map_err(failed)?);
    child.args(["store", "preflight", "--data"]).arg(dir);
    child.arg("--room").arg((options.room.read_only >> 20).to_string());
    if let Some(key) = &options.key {
        child.arg("--key").arg(key);
    }
    child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = tokio::time::timeout(LIMIT, child.spawn().map_err(failed)?.wait_with_output()).await;
    let Ok(ended) = ended else {
        let seconds = LIMIT.as_secs();
        let line = format!(
            "{}: reading the store took more than {seconds} s; look at the disk, then try again",
            dir.display()
        );
        return Err(Exit::new(Code::TryAgain, line));
    };
    let ended = ended.map_err(failed)?;
    if ended.status.success() {
        return Ok(());
    }
    // What the engine says when it panics is not for people.
    let said = String::from_utf8_lossy(&ended.stderr);
    let lines: Vec<String> = said.lines().filter_map(|line| line.strip_prefix("nape: ")).map(str::to_owned).collect();
    let code = match ended.status.code() {
        Some(75) => Code::TryAgain,
        Some(74) => Code::Io,
        _ => Code::Config,
    };
    if lines.is_empty() {
        let line = format!(
            "{} is damaged (reading it ended with {}); nothing was changed. Restore a backup: nape store restore FILE --data {}",
            dir.display(),
            ended.status,
            dir.display()
        );
        return Err(Exit::new(code, line));
    }
    Err(Exit { code, lines })
}
