//! Fills the disk under an open store: what was confirmed stays, reading goes on, and writing resumes by itself once there is room.
//!
//! `cargo test --test store_full -- 200 seed=7`. In every second round the store stops in time, at its watermark; in the others it
//! has none and meets the full disk. Needs the right to mount, which a namespace gives to nearly everybody; without any, it says that
//! it was left out.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

#[path = "mounted.rs"]
mod mounted;
#[path = "proof.rs"]
mod proof;
#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "writing.rs"]
mod writing;

use mounted::Mounted;
use nape::port::action::Change;
use nape::port::record::{Key, Record, Votes};
use nape::store::sled::{Health, SledStore};
use nape::store::{Batch, CommitError, Options, Room, Store, StoreError};
use proof::{Asked, Draw};
use writing::block_on;

const ROUNDS: u64 = 10;
/// The size of the disk.
const MEBIBYTES: u64 = 48;
/// Says to the program that it has all the rights it can get.
const INSIDE: &str = "inside";

fn main() -> ExitCode {
    let Some(Asked { count, seed }) = proof::asked(ROUNDS) else { return ExitCode::SUCCESS };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let at = dir.path().join("mnt");
    let (_mounted, what) = match small_disk(dir.path()) {
        Ok(mounted) => mounted,
        Err(why) => {
            let is_inside = std::env::args().any(|argument| argument == INSIDE);
            let again = if is_inside { None } else { with_rights() };
            return again.unwrap_or_else(|| mounted::ignored(&why));
        }
    };
    let mut draw = Draw(seed);
    let mut known = Known::default();
    let (mut passed, mut full, mut low) = (0, 0, 0);
    let mut failures = Vec::new();
    for round in 0..count {
        let meets_it = round % 2 == 1;
        match fill(&at, meets_it, &mut draw, &mut known) {
            Ok(()) => {
                passed += 1;
                if meets_it { full += 1 } else { low += 1 }
            }
            Err(why) => {
                failures.push(format!("round {round}, seed={seed}: {why}"));
                break;
            }
        }
    }
    let counted = format!(
        "{what}: {low} stopped in time, {full} met it full; {} commits were confirmed; seed={seed}",
        known.commits
    );
    proof::tell(&counted, passed, &failures)
}

/// What was confirmed: the number under each key.
#[derive(Default)]
struct Known {
    numbers: std::collections::BTreeMap<String, u32>,
    commits: u64,
}

fn fill(disk: &Path, meets_it: bool, draw: &mut Draw, known: &mut Known) -> Result<(), String> {
    let data = disk.join("data");
    let room = Room { warn: 0, read_only: if meets_it { 0 } else { 8 << 20 }, ballast: 2 << 20 };
    let store =
        SledStore::open_with(&data, &Options { key: None, room }).map_err(|error| format!("opening: {error}"))?;
    for _ in 0..20 {
        set(&store, draw, known).map_err(|error| error.to_string())?;
    }
    let filler = disk.join("filler");
    eat(&filler, if meets_it { 0 } else { draw.below(6 << 20) });
    let mut refused = None;
    for _ in 0..200_000 {
        if !meets_it {
            store.look().map_err(|error| error.to_string())?;
        }
        match set(&store, draw, known) {
            Ok(()) => {}
            Err(CommitError::Store(error)) => {
                refused = Some(error);
                break;
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    match (&refused, meets_it) {
        (Some(StoreError::Full(_)), true) | (Some(StoreError::ReadOnly { .. }), false) => {}
        (other, _) => return Err(format!("a full disk was answered by {other:?}")),
    }
    verify(&store, known).map_err(|why| format!("while full: {why}"))?;
    if !matches!(set(&store, draw, known), Err(CommitError::Store(_))) {
        return Err("it took a write without room".to_owned());
    }
    if draw.below(3) == 0 {
        // Whoever restarts on a full disk must be able to read, too.
        drop(store);
        let store = SledStore::open_with(&data, &Options { key: None, room })
            .map_err(|error| format!("opening while full: {error}"))?;
        verify(&store, known).map_err(|why| format!("opened while full: {why}"))?;
        return recover(&store, &filler, draw, known);
    }
    recover(&store, &filler, draw, known)
}

/// Makes room, and expects the store to go on without anybody doing anything.
fn recover(store: &SledStore, filler: &Path, draw: &mut Draw, known: &mut Known) -> Result<(), String> {
    fs::remove_file(filler).map_err(|error| error.to_string())?;
    match store.look().map_err(|error| error.to_string())? {
        Health::Writing { .. } => {}
        other => return Err(format!("with room again it is {other:?}")),
    }
    for _ in 0..20 {
        set(store, draw, known).map_err(|error| format!("with room again: {error}"))?;
    }
    verify(store, known).map_err(|why| format!("with room again: {why}"))?;
    store.check().map(drop).map_err(|error| error.to_string())
}

/// Counts one of 400 numbers up. What was refused may be there after all, once the engine was opened anew.
fn set(store: &SledStore, draw: &mut Draw, known: &mut Known) -> Result<(), CommitError> {
    let name = format!("key {}", draw.below(400));
    let up = known.numbers.get(&name).map_or(1, |number| number + 1);
    let record = Some(Record::Votes(Votes { up, down: 0 }));
    block_on(
        store.commit(Batch { changes: vec![Change { key: Key::Votes(name.clone()), record }], ..Batch::default() }),
    )?;
    known.numbers.insert(name, up);
    known.commits += 1;
    Ok(())
}

fn verify(store: &SledStore, known: &Known) -> Result<(), String> {
    for (name, number) in &known.numbers {
        let key = Key::Votes(name.clone());
        let records = store.load(std::slice::from_ref(&key)).map_err(|error| error.to_string())?;
        match records.get(&key) {
            Some(Record::Votes(votes)) if votes.up == *number || votes.up == number + 1 => {}
            other => return Err(format!("{name} was confirmed as {number}, and is {other:?}")),
        }
    }
    Ok(())
}

/// Fills the disk until so many bytes are left.
fn eat(filler: &Path, left: u64) {
    let mut file = File::create(filler).expect("the disk takes a file");
    let block = vec![7; 64 << 10];
    while free(filler) > left && file.write_all(&block).is_ok() {}
    if left == 0 {
        while file.write_all(&[7; 512]).is_ok() {}
    }
    drop(file.sync_all());
}

fn free(file: &Path) -> u64 {
    let found = rustix::fs::statvfs(file).expect("the disk tells its room");
    found.f_bavail * found.f_frsize
}

/// A small disk: in a file, or in memory where there is no loop device.
fn small_disk(dir: &Path) -> Result<(Mounted, &'static str), String> {
    let (image, at) = (dir.join("disk.img"), dir.join("mnt"));
    let in_file = mounted::make(&image, MEBIBYTES).and_then(|()| Mounted::image(&image, &at));
    in_file.map(|mounted| (mounted, "ext4 in a file")).or_else(|_| {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={MEBIBYTES}m"), "tmpfs"]);
        Ok((Mounted::with(&mut command, &at)?, "a disk in memory"))
    })
}

/// This program once more, in a namespace of its own, in which everybody may mount. `None` where there are none.
fn with_rights() -> Option<ExitCode> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command
    };
    if !unshare().arg("true").output().ok()?.status.success() {
        return None;
    }
    let ended =
        unshare().arg(std::env::current_exe().ok()?).args(std::env::args().skip(1)).arg(INSIDE).status().ok()?;
    Some(ExitCode::from(u8::from(!ended.success())))
}
