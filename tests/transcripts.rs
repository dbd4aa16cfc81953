//! Conversations that a customer can read, played on every profile.
//!
//! `cargo test --test transcripts` plays them all and names every line that differs. `BLESS=1 cargo test --test transcripts`
//! writes what was seen into the files: read it, and hold it against what was meant, before it is committed.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::{bot, report, script};

#[test]
fn every_transcript_reads_as_it_is_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    find(&root.join("transcripts"), &mut files);
    files.sort_unstable();
    let bless = is_blessing();
    let (mut failures, mut played, mut lines) = (Vec::new(), 0, 0);
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let path = file.strip_prefix(&root).unwrap().display().to_string();
        let script = match script::read(&path, &text) {
            Ok(script) => script,
            Err(problem) => {
                failures.push(problem);
                continue;
            }
        };
        let report = report::report(bot(), &script);
        if bless && report.blessed != text {
            fs::write(file, &report.blessed).unwrap();
        }
        played += usize::from(report.failures.is_empty());
        lines += report.lines;
        failures.extend(report.failures);
    }
    // Past the test's own capture: the figure is wanted when all is well, too.
    let _ = writeln!(std::io::stdout(), "{played} of {} transcripts hold, with {lines} lines seen", files.len());
    assert!(failures.is_empty(), "{} do not hold:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[cfg(feature = "discord")]
#[test]
fn the_profile_with_buttons_is_discords_own() {
    assert_eq!(common::profile::Profile::Buttons.capabilities(), nape::adapter::discord::profile().capabilities);
}

#[expect(clippy::disallowed_methods, reason = "a test is asked by its environment to write its files")]
fn is_blessing() -> bool {
    std::env::var("BLESS").is_ok_and(|value| value == "1")
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of the transcripts is there") {
        let path = entry.expect("a folder can be read to its end").path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            files.push(path);
        }
    }
}
