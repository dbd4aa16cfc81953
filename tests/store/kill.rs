//! Kills a writing process again and again, and looks whether all that it had confirmed is there, whole, and nothing half.
//!
//! `cargo test --test store_kill -- 10000 seed=7` kills 10,000 times. The moment of each kill is a number of confirmed
//! commits, drawn from the seed; some come while the store is still being opened. All kills hit the same store.

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

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["child", "write", dir] = arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        write_until_killed(Path::new(dir));
        return ExitCode::SUCCESS;
    }
    let Some(Asked { count, seed }) = proof::asked(CYCLES) else { return ExitCode::SUCCESS };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut draw = Draw(seed);
    let (mut passed, mut confirmed) = (0, 0);
    let mut known = ([0; WRITERS as usize], OutboxId(0));
    let mut failures = Vec::new();
    for cycle in 0..count {
        let acks = if draw.below(6) == 0 { 0 } else { draw.below(200) };
        let killed = kill_after(acks, dir.path(), &mut known);
        match killed.and_then(|read| verify(dir.path(), &mut known).map(|()| read)) {
            Ok(read) => {
                passed += 1;
                confirmed += read;
            }
            Err(why) => {
                failures.push(format!("cycle {cycle}, killed after {acks} acks, seed={seed}: {why}"));
                break;
            }
        }
    }
    proof::tell(&format!("{confirmed} commits were confirmed before a kill; seed={seed}"), passed, &failures)
}
