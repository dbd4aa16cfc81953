//! Kills a process at every point of making, opening, committing, rotating, backing up, restoring, importing and upgrading, one
//! after the other, and expects each to be recovered from: what was confirmed is there, and what was killed can be done again.
//! Then a commit hangs at each of its points, as on a disk that does not answer: the watch over the store ends the process.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

#[path = "folders.rs"]
mod folders;
#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "proof.rs"]
mod proof;
#[expect(dead_code, reason = "the other proofs use the rest")]
#[path = "sample.rs"]
mod sample;

use nape::app::clock::VirtualClock;
use nape::app::health::Vitals;
use nape::app::watch;
use nape::port::action::Change;
use nape::port::record::{Key, Record};
use nape::store::sled::{SledStore, import, restore};
use nape::store::{Batch, Options, Room, Store, StoreError, fault};
use proof::Asked;

const WORKS: &[&str] = &["make", "open", "commit", "rotate", "master", "backup", "restore", "import", "upgrade"];
const POINTS_OF_A_COMMIT: u64 = 4;
const PEOPLE: u32 = 600;
/// More than a year and a month: a backup then forgets deletions, too.
const LATER: i64 = 400 * 24 * 60 * 60 * 1_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["child", work, nth, dir] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        return child(work, nth.parse().expect("a number"), Path::new(dir));
    }
    // Twice: the second time around, a restore and a rotation find what the first has left.
    let Some(Asked { count, .. }) = proof::asked(1) else { return ExitCode::SUCCESS };
    let dir = tempfile::tempdir().expect("a temporary folder");
    prepare(dir.path());
    let (mut passed, mut counted) = (0, Vec::new());
    let mut failures = Vec::new();
    for _ in 0..count {
        for work in WORKS {
            let points = match every_point(work, dir.path()) {
                Ok(points) => points,
                Err(why) => {
                    failures.push(format!("{work}: {why}"));
                    continue;
                }
            };
            passed += points;
            counted.push(format!("{work} {points}"));
        }
    }
    let hung = (1..=POINTS_OF_A_COMMIT).map(|nth| hang(nth, dir.path()).map_err(|why| format!("hung at {nth}: {why}")));
    for ended in hung {
        match ended {
            Ok(()) => passed += 1,
            Err(why) => failures.push(why),
        }
    }
    let counted = counted.join(", ");
    proof::tell(&format!("killed at every point: {counted}; hung: {POINTS_OF_A_COMMIT}"), passed, &failures)
}

/// Kills at the first point, the second, and so on until the work comes to its end. Gives the number of points.
fn every_point(work: &str, base: &Path) -> Result<u64, String> {
    for nth in 1_u64..10_000 {
        let dir = base.join("work");
        drop(fs::remove_dir_all(&dir));
        fs::create_dir(&dir).map_err(|error| error.to_string())?;
        lay_out(work, base, &dir);
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let ended = Command::new(program).args(["child", work, &nth.to_string()]).arg(&dir).output();
        let ended = ended.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        let at = |why: String| format!("killed at point {nth}: {why}");
        if ended.status.signal() == Some(9) {
            recovered(work, &dir, &said).map_err(at)?;
        } else if ended.status.success() {
            recovered(work, &dir, &said).map_err(|why| format!("not killed: {why}"))?;
            return if nth > 1 { Ok(nth - 1) } else { Err("it passes no point".to_owned()) };
        } else {
            return Err(at(format!("{}: {}", ended.status, String::from_utf8_lossy(&ended.stderr))));
        }
    }
    Err("it has no end".to_owned())
}

/// Lets a commit hang, and expects the process to be aborted and the store to open again.
fn hang(nth: u64, base: &Path) -> Result<(), String> {
    let dir = base.join("work");
    drop(fs::remove_dir_all(&dir));
    fs::create_dir(&dir).map_err(|error| error.to_string())?;
    lay_out("hang", base, &dir);
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let ended = Command::new(program).args(["child", "hang", &nth.to_string()]).arg(&dir).output();
    let ended = ended.map_err(|error| error.to_string())?;
    if ended.status.signal() != Some(rustix::process::Signal::ABORT.as_raw()) {
        return Err(format!("it was not aborted: {}", ended.status));
    }
    recovered("open", &dir, "")
}

fn options() -> Options {
    Options { key: None, room: Room { warn: 0, read_only: 0, ballast: 64 << 10 } }
}

fn key(number: u32) -> Key {
    Key::Person(sample::user(&number.to_string()))
}

/// A store of some people, its backup and export, and a store of format 1.
fn prepare(base: &Path) {
    let store = SledStore::open_with(&base.join("store"), &options()).expect("a new store");
    let changes = (0..PEOPLE).map(|number| Change { key: key(number), record: Some(sample::person(0)) }).collect();
    commit(&store, Batch { changes, orders: vec![sample::close()], ..Batch::default() });
    for record in [Some(sample::person(0)), None] {
        commit(&store, Batch { changes: vec![Change { key: key(PEOPLE + 1), record }], ..Batch::default() });
    }
    store.backup(&base.join("backup"), None, sample::at(1)).expect("there is room");
    store.export(&base.join("export"), sample::at(1)).expect("there is room");
    drop(store);
    let old = base.join("old");
    let db = sled::open(&old).expect("a folder");
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/golden");
    let person = fs::read(golden.join("person.v1")).expect("golden bytes");
    for number in 0..PEOPLE {
        let head = [&1_u64.to_be_bytes()[..], &[0; 10]].concat();
        let name = format!("rperson\0{}", sample::user(&number.to_string()));
        db.insert(name.as_bytes(), [head, person.clone()].concat()).expect("there is room");
    }
    db.insert(b"mformat", &1_u32.to_be_bytes()).expect("there is room");
    db.insert(b"mcounters", &[0; 16]).expect("there is room");
    db.flush().expect("there is room");
}

fn lay_out(work: &str, base: &Path, dir: &Path) {
    match work {
        "make" => {}
        "import" => drop(fs::copy(base.join("export"), dir.join("export.jsonl")).expect("there is room")),
        "upgrade" => folders::copy(&base.join("old"), &dir.join("data")),
        _ => {
            folders::copy(&base.join("store"), &dir.join("data"));
            fs::copy(base.join("backup"), dir.join("yesterday")).expect("there is room");
        }
    }
}

/// What the child does, killed at a point.
fn child(work: &str, nth: u64, dir: &Path) -> ExitCode {
    let data = dir.join("data");
    // What is only looked at after opening arms itself later.
    let opened = |armed: bool| {
        if armed {
            fault::arm(nth);
        }
        let store = SledStore::open_with(&data, &options());
        if !armed {
            fault::arm(nth);
        }
        store
    };
    let done = match work {
        "make" | "open" | "upgrade" => opened(true).map(drop),
        "commit" => opened(false).map(|store| {
            commit(
                &store,
                Batch {
                    changes: vec![Change { key: key(PEOPLE), record: Some(sample::person(0)) }],
                    ..Batch::default()
                },
            );
            say("set");
            commit(&store, Batch { changes: vec![Change { key: key(0), record: None }], ..Batch::default() });
            say("deleted");
        }),
        "rotate" => opened(false).and_then(|store| store.rotate().map(drop)),
        "master" => opened(false).and_then(|store| store.rotate_master()),
        "hang" => SledStore::open_with(&data, &options()).map(|store| {
            let store = Arc::new(store);
            fault::arm_hang(nth);
            let writer = store.clone();
            let written = std::thread::spawn(move || commit(&writer, Batch { now: sample::at(9), ..Batch::default() }));
            while !fault::is_hung() {
                std::thread::yield_now();
            }
            let clock = Arc::new(VirtualClock::new(sample::at(0)));
            let vitals = Vitals::new(clock.clone());
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
            runtime.block_on(watch::run(store, clock, vitals, tokio::sync::watch::channel(false).0));
            drop(written);
        }),
        "backup" => opened(false).and_then(|store| store.backup(&dir.join("today"), None, sample::at(LATER)).map(drop)),
        "restore" => {
            fault::arm(nth);
            restore(&dir.join("yesterday"), None, &data, &options(), sample::at(2)).map(drop)
        }
        _ => {
            fault::arm(nth);
            import(&dir.join("export.jsonl"), &data, &options()).map(drop)
        }
    };
    done.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the parent listens")]
fn say(what: &str) {
    println!("{what}.");
}

/// The work can be done again, and what was there, or was confirmed, is there.
fn recovered(work: &str, dir: &Path, said: &str) -> Result<(), String> {
    let data = dir.join("data");
    let told = |error: StoreError| error.to_string();
    if work == "import" {
        // Until it is done again, half of one is no store, and above all no new one.
        let all = |store: SledStore| store.check().is_ok_and(|counts| counts.records() == u64::from(PEOPLE));
        if SledStore::is_in(&data) && SledStore::open_with(&data, &options()).is_ok_and(|store| !all(store)) {
            return Err("half an import was opened".to_owned());
        }
        match import(&dir.join("export.jsonl"), &data, &options()) {
            Ok(_) => {}
            // It was killed after its end.
            Err(StoreError::Refused { why, .. }) if why.contains("already holds") => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let store = SledStore::open_with(&data, &options()).map_err(told)?;
    let counts = store.check().map_err(told)?;
    let is_there = |number| -> Result<bool, String> {
        let records = store.load(&[key(number)]).map_err(told)?;
        match records.get(&key(number)) {
            None => Ok(false),
            Some(record @ Record::Person(_)) if *record == sample::person(0) => Ok(true),
            Some(_) => Err("a person is another".to_owned()),
        }
    };
    let before = u64::from(PEOPLE);
    match work {
        "make" => return if counts.records() == 0 { Ok(()) } else { Err("a new store is not empty".to_owned()) },
        "commit" => {
            if said.contains("set.") && !is_there(PEOPLE)? || said.contains("deleted.") && is_there(0)? {
                return Err(format!("what was confirmed is not there: {said}"));
            }
            // And the deletion outlasts yesterday's backup.
            drop(store);
            restore(&dir.join("yesterday"), None, &data, &options(), sample::at(2)).map_err(told)?;
            let store = SledStore::open_with(&data, &options()).map_err(told)?;
            let back = store.load(&[key(0)]).map_err(told)?.get(&key(0)).is_some();
            return if back && said.contains("deleted.") { Err("a deletion was undone".to_owned()) } else { Ok(()) };
        }
        "backup" => {
            drop(fs::remove_file(dir.join("today")));
            store.backup(&dir.join("today"), None, sample::at(LATER)).map_err(told)?;
            let lines = fs::read_to_string(data.join("forgotten")).map_err(|error| error.to_string())?;
            if store.check().map_err(told)?.forgotten > 0 || !lines.trim().is_empty() {
                return Err("a deletion is remembered for more than its time".to_owned());
            }
        }
        "rotate" => drop(store.rotate().map_err(told)?),
        "master" => {
            store.rotate_master().map_err(told)?;
            drop(store);
            // A backup of before is sealed with a key that is not the present one any more.
            restore(&dir.join("yesterday"), None, &data, &options(), sample::at(3)).map_err(told)?;
            let store = SledStore::open_with(&data, &options()).map_err(told)?;
            return if store.check().map_err(told)?.records() == before {
                Ok(())
            } else {
                Err("records are missing".to_owned())
            };
        }
        "restore" => {
            drop(store);
            restore(&dir.join("yesterday"), None, &data, &options(), sample::at(3)).map_err(told)?;
            let store = SledStore::open_with(&data, &options()).map_err(told)?;
            return if store.check().map_err(told)?.records() == before {
                Ok(())
            } else {
                Err("records are missing".to_owned())
            };
        }
        _ => {}
    }
    let counts = store.check().map_err(told)?;
    if counts.records() != before || !is_there(PEOPLE - 1)? {
        return Err(format!("{} records of {before} are there", counts.records()));
    }
    Ok(())
}

fn commit(store: &SledStore, batch: Batch) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
    runtime.block_on(store.commit(batch)).expect("there is room");
}
