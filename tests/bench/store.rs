//! Durable commits a second with 64 writers, beside as many writers whose bytes are only appended to a file and synced (the floor), one
//! thread that does nothing but append and sync (the disk), and the engine with nothing of ours around it, in the same run; what a
//! hundred thousand people cost to open and in memory; how much disk a million overwrites of a thousand keys take.
//! By hand: `cargo bench --bench store`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../store/sample.rs"]
mod sample;

use tokio::sync::oneshot;

use nape::port::action::Change;
use nape::port::record::Key;
use nape::store::sled::SledStore;
use nape::store::{Batch, Store};

const WRITERS: usize = 64;
/// Commits of each writer in one run.
const COMMITS: usize = 1_000;
/// Runs; the median is quoted.
const RUNS: usize = 5;
const PEOPLE: usize = 100_000;
const OVERWRITES: usize = 1_000_000;
const KEYS: usize = 1_000;
/// Changes in one commit where the number of commits is not what is measured.
const AT_ONCE: usize = 500;
const MIB: f64 = 1024.0 * 1024.0;

#[expect(clippy::print_stdout, reason = "a benchmark run by hand prints its figures")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["open", dir] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        return open(Path::new(dir));
    }
    let mut rates: [Vec<f64>; 5] = Default::default();
    for _ in 0..RUNS {
        rates.iter_mut().zip([bytes(), bare(), append(), engine(), write()]).for_each(|(rates, rate)| rates.push(rate));
    }
    let [disk, bare, floor, engine, commits] = rates.map(median);
    println!("append + fdatasync, one thread      {disk:>9.0} a second");
    println!("the engine alone, one thread        {bare:>9.0} a second   {:.2} of that", bare / disk);
    println!("append + fdatasync, {WRITERS} writers      {floor:>9.0} a second");
    println!("the engine alone, {WRITERS} writers        {engine:>9.0} a second   {:.2} of that", engine / floor);
    println!("durable commits, {WRITERS} writers         {commits:>9.0} a second   {:.2} of that", commits / floor);

    let folder = tempfile::tempdir().expect("a folder for the store");
    let data = folder.path().join("data");
    fill(&data);
    // In a process of its own, so that its memory is that of opening alone.
    let program = std::env::current_exe().expect("a process knows its own program");
    let said = Command::new(program).arg("open").arg(&data).output().expect("it can be started once more");
    print!("{}", String::from_utf8_lossy(&said.stdout));

    let folder = tempfile::tempdir().expect("a folder for the store");
    let most = overwrite(folder.path());
    println!("{OVERWRITES} overwrites of {KEYS} keys: at most {:.1} MiB on the disk", most as f64 / MIB);
}

/// A person's preferences, the n-th of their kind.
fn change(name: usize, number: usize) -> Change {
    Change { key: Key::Person(sample::user(&name.to_string())), record: Some(sample::person(number % 100)) }
}

/// The bytes of its record, as they stand in a store.
fn encoded(change: Change) -> Vec<u8> {
    change.record.expect("it is a person").encode()
}

/// What the store does.
fn write() -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the store");
    let store = Arc::new(SledStore::open(folder.path()).expect("a new store"));
    writers(move |writer| {
        let store = store.clone();
        async move {
            for number in 0..COMMITS {
                let batch = Batch { changes: vec![change(writer * 100 + number % 100, number)], ..Batch::default() };
                store.commit(batch).await.expect("there is room");
            }
        }
    })
}

/// What so many writers at a time do in a second.
fn writers<W: Future<Output = ()> + Send + 'static>(writer: impl Fn(usize) -> W) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads");
    runtime.block_on(async {
        let start = now();
        let mut writers: tokio::task::JoinSet<()> = (0..WRITERS).map(writer).collect();
        while writers.join_next().await.is_some() {}
        (WRITERS * COMMITS) as f64 / start.elapsed().as_secs_f64()
    })
}

/// The floor: every writer makes its record and hands it to one thread, which appends all that wait, syncs once, and answers only then. A store
/// that confirms nothing too early can't do with less.
fn append() -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let mut file = File::create(folder.path().join("log")).expect("a file");
    handed_over(move |rows| {
        rows.iter().for_each(|(_, line)| file.write_all(line).expect("room on the disk"));
        file.sync_data().expect("a disk that syncs");
    })
}

/// The floor with the engine in the place of the file: what a store on it could do if it neither sealed nor checked anything.
fn engine() -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the engine");
    let (db, file) = open_engine(folder.path());
    handed_over(move |rows| {
        let mut batch = sled::Batch::default();
        rows.iter().for_each(|(name, line)| batch.insert(&spread(*name), line.as_slice()));
        db.apply_batch(batch).expect("room on the disk");
        db.flush().expect("room on the disk");
        file.sync_data().expect("a disk that syncs");
    })
}

/// What so many writers do in a second who make their record and hand it, with its name, to one thread, which takes all that wait at once.
fn handed_over(mut commit: impl FnMut(&[(usize, Vec<u8>)]) + Send + 'static) -> f64 {
    let (queue, waiting) = mpsc::channel::<((usize, Vec<u8>), oneshot::Sender<()>)>();
    let committer = std::thread::spawn(move || {
        while let Ok(first) = waiting.recv() {
            let (rows, answers): (Vec<_>, Vec<_>) = std::iter::once(first).chain(waiting.try_iter()).unzip();
            commit(&rows);
            answers.into_iter().for_each(|answer| answer.send(()).expect("writers wait for their answer"));
        }
    });
    let rate = writers(move |writer| {
        let queue = queue.clone();
        async move {
            for number in 0..COMMITS {
                let (done, answer) = oneshot::channel();
                let name = writer * 100 + number % 100;
                queue
                    .send(((name, encoded(change(name, number))), done))
                    .expect("it goes on until all writers are gone");
                answer.await.expect("it answers");
            }
        }
    });
    committer.join().expect("it ends with the writers");
    rate
}

fn open_engine(dir: &Path) -> (sled::Db, File) {
    let config = sled::Config::new().path(dir).cache_capacity(64 << 20).mode(sled::Mode::LowSpace);
    let db = config.open().expect("a new engine");
    let file = File::open(dir.join("db")).expect("the engine's file");
    (db, file)
}

/// Names are anywhere, as those are that the store makes.
fn spread(name: usize) -> [u8; 16] {
    (name as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes()
}

/// The disk: the same bytes appended for all writers at once by one thread that does nothing else, then synced.
fn bytes() -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let mut file = File::create(folder.path().join("log")).expect("a file");
    let line = encoded(change(0, 50));
    let start = now();
    for _ in 0..COMMITS {
        for _ in 0..WRITERS {
            file.write_all(&line).expect("room on the disk");
        }
        file.sync_data().expect("a disk that syncs");
    }
    (WRITERS * COMMITS) as f64 / start.elapsed().as_secs_f64()
}

/// The engine with nothing of ours around it: the same bytes in batches of as many, made durable as the store does. One thread does nothing
/// else, so that nobody hands over to anybody.
fn bare() -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the engine");
    let (db, file) = open_engine(folder.path());
    let value = encoded(change(0, 50));
    let start = now();
    for round in 0..COMMITS {
        let mut batch = sled::Batch::default();
        for writer in 0..WRITERS {
            batch.insert(&spread(writer * 100 + round % 100), value.as_slice());
        }
        db.apply_batch(batch).expect("room on the disk");
        db.flush().expect("room on the disk");
        file.sync_data().expect("a disk that syncs");
    }
    (WRITERS * COMMITS) as f64 / start.elapsed().as_secs_f64()
}

fn commit_all(store: &SledStore, changes: Vec<Change>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
    runtime.block_on(store.commit(Batch { changes, ..Batch::default() })).expect("there is room");
}

fn fill(dir: &Path) {
    let store = SledStore::open(dir).expect("a new store");
    for first in (0..PEOPLE).step_by(AT_ONCE) {
        commit_all(&store, (first..first + AT_ONCE).map(|name| change(name, name)).collect());
    }
}

/// Opens and reads what [`fill`] made, and says what that took.
#[expect(clippy::print_stdout, reason = "a benchmark run by hand prints its figures")]
fn open(dir: &Path) {
    let start = now();
    let store = SledStore::open(dir).expect("it opens");
    let (opened, after) = (start.elapsed(), resident());
    let start = now();
    for name in 0..20_000 {
        let key = Key::Person(sample::user(&(name * 5).to_string()));
        assert!(store.load(std::slice::from_ref(&key)).expect("it reads").get(&key).is_some());
    }
    let read: Duration = start.elapsed() / 20_000;
    let size: u64 = size(&dir.join("engine-1"));
    println!("{PEOPLE} people: open {:.0} ms, {after:.0} MiB of memory after it", opened.as_secs_f64() * 1e3);
    println!(
        "   and {:.0} MiB after 20,000 reads of {:.0} µs each; {:.0} MiB on the disk",
        resident(),
        read.as_secs_f64() * 1e6,
        size as f64 / MIB
    );
    let start = now();
    store.check().expect("it is whole");
    println!(
        "   every record read and checked in {:.1} s, {:.0} MiB after it",
        start.elapsed().as_secs_f64(),
        resident()
    );
}

/// The most bytes that the engine's folder had on the disk.
fn overwrite(dir: &Path) -> u64 {
    let store = SledStore::open(dir).expect("a new store");
    let mut most = 0;
    for first in (0..OVERWRITES).step_by(AT_ONCE) {
        commit_all(&store, (first..first + AT_ONCE).map(|number| change(number % KEYS, number)).collect());
        if first.is_multiple_of(100 * AT_ONCE) {
            most = most.max(size(&dir.join("engine-1")));
        }
    }
    store.close().expect("it closes");
    most.max(size(&dir.join("engine-1")))
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).expect("the folder reads");
    entries.map(|entry| entry.and_then(|entry| entry.metadata()).map_or(0, |found| found.len())).sum()
}

/// Memory of this process in MiB.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    Instant::now()
}
