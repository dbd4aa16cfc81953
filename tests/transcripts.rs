//! Conversations that a customer can read, played on every profile.
//!
//! `cargo test --test transcripts` plays them all and names every line that differs. `BLESS=1 cargo test --test transcripts`
//! writes what was seen into the files: read it, and hold it against what was meant, before it is committed.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use common::report::Report;
use common::{bot, report, script};

#[test]
fn every_transcript_reads_as_it_is_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    find(&root.join("transcripts"), &mut files);
    files.sort_unstable();
    let bless = is_blessing();
    let half = files.len().div_ceil(2).max(1);
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let halves: Vec<_> = files
            .chunks(half)
            .map(|files| scope.spawn(|| files.iter().map(|file| play(&root, file, bless)).collect::<Vec<_>>()))
            .collect();
        halves.into_iter().flat_map(|half| half.join().expect("a report says what failed")).collect()
    });
    let played = reports.iter().filter(|report| report.failures.is_empty()).count();
    let lines: usize = reports.iter().map(|report| report.lines).sum();
    let failures: Vec<String> = reports.into_iter().flat_map(|report| report.failures).collect();
    // Past the test's own capture: the figure is wanted when all is well, too.
    let _ = writeln!(std::io::stdout(), "{played} of {} transcripts hold, with {lines} lines seen", files.len());
    assert!(failures.is_empty(), "{} do not hold:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Plays one file. When that is asked for, writes what was seen into it and plays it anew: what no writing mends still fails.
fn play(root: &Path, file: &Path, bless: bool) -> Report {
    let path = file.strip_prefix(root).expect("it was found there").display().to_string();
    let reported = |text: String| match script::read(&path, &text) {
        Ok(script) => report::report(bot(), &script),
        Err(problem) => Report { failures: vec![problem], lines: 0, blessed: text },
    };
    let text = fs::read_to_string(file).expect("a transcript can be read");
    let report = reported(text.clone());
    if !bless || report.blessed == text {
        return report;
    }
    fs::write(file, &report.blessed).expect("a transcript can be written");
    reported(report.blessed)
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
