//! Before a store is opened, a child process of the same program opens it and reads all of it: what makes the engine panic,
//! hang or die then happens to the child.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
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
    let mut child = Command::new(std::env::current_exe().map_err(unlooked)?);
    child.args(["store", "preflight", "--data"]).arg(dir);
    child.arg("--room").arg((options.room.read_only >> 20).to_string());
    if let Some(key) = &options.key {
        child.arg("--key").arg(key);
    }
    let (status, said) = ended(child, dir).await?;
    if status.success() {
        return Ok(());
    }
    // What the engine says when it panics is not for people.
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<String> = said.lines().filter_map(|line| line.strip_prefix("nape: ")).map(str::to_owned).collect();
    let code = match status.code() {
        Some(75) => Code::TryAgain,
        Some(74) => Code::Io,
        _ => Code::Config,
    };
    if lines.is_empty() {
        let line = format!(
            "{} is damaged (reading it ended with {}); nothing was changed. Restore a backup: nape store restore FILE --data {}",
            dir.display(),
            status,
            dir.display()
        );
        return Err(Exit::new(code, line));
    }
    Err(Exit { code, lines })
}

/// How the child ended, and what it said. One that takes too long is killed, and gone when this returns.
async fn ended(mut child: Command, dir: &Path) -> Result<(ExitStatus, Vec<u8>), Exit> {
    child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = child.spawn().map_err(unlooked)?;
    let mut said = Vec::new();
    let mut pipe = child.stderr.take();
    let work = async {
        if let Some(pipe) = &mut pipe {
            pipe.read_to_end(&mut said).await?;
        }
        child.wait().await
    };
    let Ok(status) = tokio::time::timeout(LIMIT, work).await else {
        child.kill().await.map_err(unlooked)?;
        let seconds = LIMIT.as_secs();
        let line = format!(
            "{}: reading the store took more than {seconds} s; look at the disk, then try again",
            dir.display()
        );
        return Err(Exit::new(Code::TryAgain, line));
    };
    Ok((status.map_err(unlooked)?, said))
}

fn unlooked(error: std::io::Error) -> Exit {
    Exit::new(Code::Software, format!("the store can't be looked at first: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time stands still but for what waits for it: the limit comes as soon as nothing else is left to do.
    #[test]
    fn a_child_that_hangs_is_given_up_at_the_limit() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let mut child = Command::new("sleep");
        child.arg("600");
        let (refused, waited) = runtime.block_on(async {
            let begun = tokio::time::Instant::now();
            (ended(child, Path::new("data")).await.unwrap_err(), begun.elapsed())
        });
        assert_eq!(refused.code, Code::TryAgain);
        assert!(refused.lines[0].contains("more than 20 s; look at the disk"), "{:?}", refused.lines);
        assert!(waited >= LIMIT);
    }
}
