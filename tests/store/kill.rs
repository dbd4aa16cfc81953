//! Kills a writing process again and again, and looks whether all that it had confirmed is there, whole, and nothing half.
//!
//! `cargo test --test store_kill -- 10000 seed=7` kills 10,000 times. The moment of each kill is a number of confirmed
//! commits, drawn from the seed; some come while the store is still being opened. Two stores are
//! written side by side; all kills hit one of them.

use std::path::Path;
use std::process::ExitCode;

#[path = "proof.rs"]
mod proof;
#[path = "writing.rs"]
mod writing;

use nape::store::OutboxId;
use proof::{Asked, Draw};
use writing::{WRITERS, kill_after, verify, write_until_killed};

const CYCLES: u64 = 300;
/// Stores that are written side by side.
const STORES: u64 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["child", "write", dir] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        write_until_killed(Path::new(dir));
        return ExitCode::SUCCESS;
    }
    let Some(Asked { count, seed }) = proof::asked(CYCLES) else { return ExitCode::SUCCESS };
    let run = |store: u64| cycles(count / STORES + u64::from(store < count % STORES), seed.wrapping_add(store << 32));
    let done: Vec<Done> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..STORES).map(|store| scope.spawn(move || run(store))).collect();
        runs.into_iter().map(|run| run.join().expect("a run tells what failed")).collect()
    });
    let (passed, confirmed) =
        (done.iter().map(|run| run.passed).sum(), done.iter().map(|run| run.confirmed).sum::<u64>());
    let failures: Vec<String> = done.into_iter().filter_map(|run| run.failure).collect();
    proof::tell(&format!("{confirmed} commits were confirmed before a kill; seed={seed}"), passed, &failures)
}

/// What came of the kills of one store.
#[derive(Default)]
struct Done {
    passed: u64,
    confirmed: u64,
    failure: Option<String>,
}

/// Kills whoever writes a store so often, or until something is wrong.
fn cycles(count: u64, seed: u64) -> Done {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut draw = Draw(seed);
    let mut known = ([0; WRITERS as usize], OutboxId(0));
    let mut done = Done::default();
    for cycle in 0..count {
        let acks = if draw.below(6) == 0 { 0 } else { draw.below(200) };
        let killed = kill_after(acks, dir.path(), &mut known);
        match killed.and_then(|read| verify(dir.path(), &mut known).map(|()| read)) {
            Ok(read) => {
                done.passed += 1;
                done.confirmed += read;
            }
            Err(why) => {
                done.failure = Some(format!("cycle {cycle}, killed after {acks} acks, seed={seed}: {why}"));
                break;
            }
        }
    }
    done
}
