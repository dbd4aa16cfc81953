//! Cuts the power: a process writes to a file system on a loop device; it is killed, the device is copied as it is, without a
//! sync, and the copy is mounted. What the system had not written yet is not in it.
//!
//! `cargo test --test store_power -- 1000 seed=7`. Needs the right to mount; without it, it says that it was
//! left out, and `what_was_confirmed_is_in_what_was_synced` beside the engine stands alone. The device has no volatile cache of its
//! own, so a disk that lies about its syncs is not simulated.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[path = "mounted.rs"]
mod mounted;
#[path = "proof.rs"]
mod proof;
#[path = "writing.rs"]
mod writing;

use mounted::Mounted;
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
    let image = dir.path().join("try.img");
    if let Err(why) = mounted::make(&image, 16).and_then(|()| Mounted::image(&image, &dir.path().join("try"))) {
        return mounted::ignored(&why);
    }
    let mut draw = Draw(seed);
    let (mut passed, mut confirmed) = (0, 0);
    let mut failures = Vec::new();
    let (mut image, mut known) = (PathBuf::new(), ([0; WRITERS as usize], OutboxId(0)));
    for round in 0..count {
        if round % ON_ONE_DISK == 0 {
            if round > 0 {
                std::fs::remove_file(&image).expect("the last of those before is ours");
            }
            image = dir.path().join(format!("{round}.img"));
            mounted::make(&image, 96).expect("there is room for a small disk");
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
        let mounted = Mounted::image(image, at)?;
        let read = kill_after(acks, &at.join("data"), known)?;
        std::fs::copy(image, next).map_err(|error| error.to_string())?;
        drop(mounted);
        read
    };
    let _mounted = Mounted::image(next, at)?;
    verify(&at.join("data"), known)?;
    Ok(read)
}

/// In memory where that is possible: the copies are many.
fn place() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let dir = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    dir.expect("a temporary folder")
}
