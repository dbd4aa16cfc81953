//! Damages a closed store in every way that a disk or a hand can, and starts: what opens is whole, and everything else is refused
//! with 78. Never a wrong value, never an empty start, never a panic that reaches main. From what was refused, the last backup
//! brings everything back.
//!
//! `cargo test --test store_damage -- 10000 seed=7`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

#[path = "folders.rs"]
mod folders;
#[path = "proof.rs"]
mod proof;
#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "sample.rs"]
mod sample;

use nape::port::action::Change;
use nape::port::record::{Key, Record};
use nape::store::sled::{SledStore, restore};
use nape::store::{Batch, Options, Room, Store};
use proof::{Asked, Draw};

const TRIALS: u64 = 500;
const PEOPLE: u64 = 150;

fn main() -> ExitCode {
    let Some(Asked { count, seed }) = proof::asked(TRIALS) else { return ExitCode::SUCCESS };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (whole, backup) = (dir.path().join("whole"), dir.path().join("backup"));
    fill(&whole, &backup);
    let files = files(&whole);
    let mut draw = Draw(seed);
    let (mut passed, mut intact, mut refused) = (0, 0, 0);
    let mut failures = Vec::new();
    for trial in 0..count {
        let hurt = dir.path().join("hurt");
        folders::copy(&whole, &hurt);
        let what = damage(&hurt, &files, &mut draw);
        match look(&hurt).and_then(|opened| if opened { Ok(true) } else { give_back(&hurt, &whole, &backup) }) {
            Ok(true) => intact += 1,
            Ok(false) => refused += 1,
            Err(why) => {
                failures.push(format!("trial {trial}, seed={seed}, {what}: {why}"));
                continue;
            }
        }
        passed += 1;
        fs::remove_dir_all(&hurt).expect("the copy is ours");
    }
    let counted = format!("{intact} lost nothing, {refused} were refused with 78 and given back whole; seed={seed}");
    proof::tell(&counted, passed, &failures)
}

fn key(number: u64) -> Key {
    Key::Person(sample::user(&number.to_string()))
}

fn record(number: u64) -> Record {
    // Some of them in parts.
    sample::person(if number.is_multiple_of(10) { 6_000 } else { usize::try_from(number).expect("a small number") })
}

/// No room is asked for: the ballast is only bytes, and takes long to write.
fn options() -> Options {
    Options { key: None, room: Room { warn: 0, read_only: 0, ballast: 0 } }
}

fn fill(dir: &Path, backup: &Path) {
    let store = SledStore::open_with(dir, &options()).expect("a new store");
    for number in 0..PEOPLE {
        let change = Change { key: key(number), record: Some(record(number)) };
        let batch =
            Batch { changes: vec![change], orders: vec![sample::close()], now: sample::at(1), ..Batch::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
        runtime.block_on(store.commit(batch)).expect("there is room");
    }
    let gone = Change { key: key(0), record: None };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
    runtime.block_on(store.commit(Batch { changes: vec![gone], ..Batch::default() })).expect("there is room");
    store.backup(backup, None, sample::at(2)).expect("there is room");
    store.close().expect("it closes");
}

/// The files that can be hurt, the engine's log several times: it holds nearly everything.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [PathBuf::new(), PathBuf::from("engine-1")] {
        for entry in fs::read_dir(dir.join(&folder)).expect("the folder reads") {
            let entry = entry.expect("the folder reads");
            if entry.file_type().expect("the folder reads").is_file() {
                found.push(folder.join(entry.file_name()));
            }
        }
    }
    found.extend(std::iter::repeat_n(PathBuf::from("engine-1/db"), 2 * found.len()));
    found.sort();
    found
}

fn damage(dir: &Path, files: &[PathBuf], draw: &mut Draw) -> String {
    let file = &files[usize::try_from(draw.below(files.len() as u64)).expect("a small number")];
    let path = dir.join(file);
    let mut bytes = fs::read(&path).expect("the copy reads");
    let length = bytes.len() as u64;
    let used = if length > 0 { bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) as u64 + 1 } else { 0 };
    let at = usize::try_from(draw.below(used)).expect("a small file");
    let how = match draw.below(6) {
        0 | 1 if length > 0 => {
            bytes[at] ^= 1 << draw.below(8);
            format!("a bit of byte {at} flipped")
        }
        2 => {
            bytes.truncate(at);
            format!("cut at {at}")
        }
        3 if length > 0 => {
            let page = at / 4096 * 4096;
            bytes.iter_mut().skip(page).take(4096).for_each(|byte| *byte = 0);
            format!("the page at {page} zeroed")
        }
        4 => {
            fs::remove_file(&path).expect("the copy is ours");
            return format!("{} removed", file.display());
        }
        _ => {
            bytes.extend((0..100).map(|number| number as u8));
            "garbage at the end".to_owned()
        }
    };
    let mode = fs::metadata(&path).expect("it is there").permissions();
    fs::write(&path, bytes).expect("there is room");
    fs::set_permissions(&path, mode).expect("it is ours");
    format!("{}: {how}", file.display())
}

/// Starts as the program does: whole, or refused.
fn look(dir: &Path) -> Result<bool, String> {
    let ended = Command::new(env!("CARGO_BIN_EXE_nape"))
        .args(["store", "check", "--room", "0", "--data"])
        .arg(dir)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    match ended.status.code() {
        Some(0) => {}
        Some(78) if said.contains("nape: ") => return Ok(false),
        other => return Err(format!("ended with {other:?} ({}): {said}", ended.status)),
    }
    is_whole(dir).map_err(|why| format!("passed, then {why}"))?;
    Ok(true)
}

/// Restores the backup in the place of what was refused, as the message says. The key is no part of a backup: whoever lost
/// it takes the copy that was kept apart. Gives that it was not intact.
fn give_back(dir: &Path, whole: &Path, backup: &Path) -> Result<bool, String> {
    fs::copy(whole.join("master.key"), dir.join("master.key")).map_err(|error| error.to_string())?;
    let restored = restore(backup, None, dir, &options(), sample::at(3));
    restored.map_err(|error| format!("refused, then not restored: {error}"))?;
    is_whole(dir).map_err(|why| format!("restored, then {why}"))?;
    Ok(false)
}

/// Every person as they were, and the one that was deleted not there.
fn is_whole(dir: &Path) -> Result<(), String> {
    let store = SledStore::open_with(dir, &options()).map_err(|error| format!("did not open: {error}"))?;
    for number in 0..PEOPLE {
        let records = store.load(&[key(number)]).map_err(|error| format!("did not read: {error}"))?;
        let expected = (number > 0).then(|| record(number));
        if records.get(&key(number)) != expected.as_ref() {
            return Err(format!("person {number} is {:?}", records.get(&key(number))));
        }
    }
    Ok(())
}
