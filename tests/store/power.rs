//! Cuts the power: a process writes to a file system on a loop device; it is killed, the device is copied as it is, without a
//! sync, and the copy is mounted. What the system had not written yet is not in it.
//!
//! `cargo test --test store_power -- 1000 seed=7`. Needs the right to mount; without it, nothing is proved and that is said. The
//! device has no volatile cache of its own, so a disk that lies about its syncs is not simulated.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "proof.rs"]
mod proof;
#[path = "writing.rs"]
mod writing;

use nape::store::OutboxId;
use proof::{Asked, Draw};
use writing::{WRITERS, kill_after, verify, write_until_killed};

const ROUNDS: u64 = 20;
/// Rounds on one disk; then a new one, with a new store.
const ON_ONE_DISK: u64 = 4;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["child", "write", dir] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        write_until_killed(Path::new(dir));
        return ExitCode::SUCCESS;
    }
    let Some(Asked { count, seed }) = proof::asked(ROUNDS) else { return ExitCode::SUCCESS };
    let dir = place();
    if let Err(why) = Disk::make(&dir.path().join("try.img"), 16).and_then(|disk| disk.mount(&dir.path().join("try"))) {
        return proof::tell(&format!("no power was cut, as nothing can be mounted here: {why}"), 1, &[]);
    }
    let mut draw = Draw(seed);
    let (mut passed, mut confirmed) = (0, 0);
    let mut failures = Vec::new();
    let (mut image, mut known) = (PathBuf::new(), ([0; WRITERS as usize], OutboxId(0)));
    for round in 0..count {
        if round % ON_ONE_DISK == 0 {
            image = dir.path().join(format!("{round}.img"));
            Disk::make(&image, 96).expect("there is room for a small disk");
            known = ([0; WRITERS as usize], OutboxId(0));
        }
        let next = dir.path().join(format!("{round}-after.img"));
        let acks = 1 + draw.below(1_500);
        match cut(&image, &next, &dir.path().join("mnt"), acks, &mut known) {
            Ok(read) => {
                passed += 1;
                confirmed += read;
            }
            Err(why) => {
                failures.push(format!("round {round}, cut after {acks} acks, seed={seed}: {why}"));
                break;
            }
        }
        std::fs::remove_file(&image).expect("the old disk is ours");
        image = next;
    }
    proof::tell(&format!("{confirmed} commits were confirmed before the power went; seed={seed}"), passed, &failures)
}

/// One round: write, kill, copy the disk without a sync, look at the copy.
fn cut(image: &Path, next: &Path, at: &Path, acks: u64, known: &mut writing::Known) -> Result<u64, String> {
    let read = {
        let mounted = Disk(image.to_owned()).mount(at)?;
        let read = kill_after(acks, &at.join("data"), known)?;
        std::fs::copy(image, next).map_err(|error| error.to_string())?;
        drop(mounted);
        read
    };
    let _mounted = Disk(next.to_owned()).mount(at)?;
    verify(&at.join("data"), known)?;
    Ok(read)
}

/// In memory where that is possible: the copies are many.
fn place() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let dir = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    dir.expect("a temporary folder")
}

/// A file that is a disk.
struct Disk(PathBuf);

/// Unmounted when dropped.
struct Mounted(PathBuf);

impl Disk {
    fn make(image: &Path, mebibytes: u64) -> Result<Self, String> {
        let file = std::fs::File::create(image).map_err(|error| error.to_string())?;
        file.set_len(mebibytes << 20).map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image))?;
        Ok(Self(image.to_owned()))
    }

    fn mount(&self, at: &Path) -> Result<Mounted, String> {
        std::fs::create_dir_all(at).map_err(|error| error.to_string())?;
        run(Command::new("mount").args(["-o", "loop"]).arg(&self.0).arg(at))?;
        Ok(Mounted(at.to_owned()))
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
