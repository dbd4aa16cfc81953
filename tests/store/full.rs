//! Fills the disk under an open store: what was confirmed stays, reading goes on, and writing resumes by itself once there is room.
//!
//! `cargo test --test store_full -- 200 seed=7`. In every second round the store stops in time, at its watermark; in the others it
//! has none and meets the full disk. Needs the right to mount; without it, nothing is proved and that is said.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "proof.rs"]
mod proof;
#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "writing.rs"]
mod writing;

use nape::port::action::Change;
use nape::port::record::{Key, Record, Votes};
use nape::store::sled::{Health, SledStore};
use nape::store::{Batch, CommitError, Options, Room, Store, StoreError};
use proof::{Asked, Draw};
use writing::block_on;

const ROUNDS: u64 = 10;

fn main() -> ExitCode {
    let Some(Asked { count, seed }) = proof::asked(ROUNDS) else { return ExitCode::SUCCESS };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mounted = match Mounted::new(&dir.path().join("disk.img"), &dir.path().join("mnt"), 48) {
        Ok(mounted) => mounted,
        Err(why) => {
            return proof::tell(&format!("no disk was filled, as nothing can be mounted here: {why}"), 1, &[]);
        }
    };
    let mut draw = Draw(seed);
    let mut known = Known::default();
    let (mut passed, mut full, mut low) = (0, 0, 0);
    let mut failures = Vec::new();
    for round in 0..count {
        let meets_it = round % 2 == 1;
        match fill(&mounted.0, meets_it, &mut draw, &mut known) {
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
    let counted =
        format!("{low} stopped in time, {full} met a full disk; {} commits were confirmed; seed={seed}", known.commits);
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

/// A small disk in a file; unmounted when dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn new(image: &Path, at: &Path, mebibytes: u64) -> Result<Self, String> {
        fs::create_dir_all(at)
            .and_then(|()| File::create(image))
            .and_then(|file| file.set_len(mebibytes << 20))
            .map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(at))?;
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
