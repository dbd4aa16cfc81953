//! Writes commit and date into release builds, for `nape --version`. It reads the environment and asks git on this machine; it reaches out to
//! nobody. The same source gives the same words: the date is the commit's, or SOURCE_DATE_EPOCH.
//!
//! Builds for development get fixed words, so that a commit doesn't mean compiling anew.

#![expect(clippy::disallowed_methods, reason = "so cargo speaks to a build script")]

use std::process::Command;

fn main() {
    for name in ["SOURCE_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    println!("cargo::rerun-if-changed=.ci/build.rs");
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let (mut commit, mut date) = ("unknown".to_owned(), "development".to_owned());
    if is_release {
        // What HEAD stands for changes with either of them.
        println!("cargo::rerun-if-changed=.git/HEAD");
        println!("cargo::rerun-if-changed=.git/logs/HEAD");
        commit = given("SOURCE_COMMIT").or_else(|| git(&["rev-parse", "--short=12", "HEAD"])).unwrap_or(commit);
        let seconds = given("SOURCE_DATE_EPOCH").or_else(|| git(&["log", "-1", "--format=%ct"]));
        date = seconds.and_then(|text| text.parse().ok()).map_or("no date".to_owned(), day);
    }
    println!("cargo::rustc-env=BUILD_COMMIT={}", commit.get(..12).unwrap_or(&commit));
    println!("cargo::rustc-env=BUILD_DATE={date}");
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn git(arguments: &[&str]) -> Option<String> {
    let said = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(said.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The day of a number of seconds since 1970, as in 2026-11-29 (proleptic Gregorian calendar, by eras of 400 years).
fn day(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
