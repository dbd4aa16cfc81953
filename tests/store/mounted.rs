//! Small disks to be filled or cut off from power: file systems in a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A file system; unmounted when dropped.
pub struct Mounted(PathBuf);

/// Makes a file that is a disk of so many MiB.
pub fn make(image: &Path, mebibytes: u64) -> Result<(), String> {
    let file = File::create(image).map_err(|error| error.to_string())?;
    file.set_len(mebibytes << 20).map_err(|error| error.to_string())?;
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(image))
}

/// Tells that no disk could be had, and so nothing was proved.
#[expect(clippy::print_stdout, reason = "a test without harness tells its own result")]
pub fn ignored(why: &str) -> ExitCode {
    println!("left out, as no disk can be mounted here: {why}");
    println!("0 passed, 0 failed, 1 ignored");
    ExitCode::SUCCESS
}

impl Mounted {
    /// A file that is a disk, through a loop device.
    pub fn image(image: &Path, at: &Path) -> Result<Self, String> {
        Self::with(Command::new("mount").args(["-o", "loop"]).arg(image), at)
    }

    /// Whatever this command mounts there.
    pub fn with(command: &mut Command, at: &Path) -> Result<Self, String> {
        fs::create_dir_all(at).map_err(|error| error.to_string())?;
        run(command.arg(at))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(why) = run(Command::new("umount").arg(&self.0)) {
            tracing::error!(why, "a disk stays mounted");
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let ended = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    ended.status.success().then_some(()).ok_or_else(|| format!("{command:?}: {said}"))
}
