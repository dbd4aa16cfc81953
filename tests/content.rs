//! The content and its checker: what is in the repository is whole, and what is broken is found.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "content/base.rs"]
mod base;
#[path = "content/broken.rs"]
mod broken;
#[path = "content/broken_lists.rs"]
mod broken_lists;
#[path = "content/mutations.rs"]
mod mutations;
#[path = "content/overlay.rs"]
mod overlay;

use std::collections::BTreeSet;
use std::path::Path;

use base::{CARD, DESK, GLOSSARY, edited, files, load_tree, shown};
use nape::content::{Files, Found, Problem, load, load_to_run, load_with};

/// The day on which the content was last checked as a whole: the test must not fail by the passing of time. Move it on
/// when content gets a later `checked`.
const CHECKED: jiff::civil::Date = jiff::civil::date(2026, 11, 23);

#[test]
fn the_content_of_the_repository_is_whole() {
    let problems = load(&Files::embedded(), CHECKED).err().unwrap_or_default();
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert!(lines.is_empty(), "{} problems:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_embedded_content_is_the_folder_s() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/content");
    let on_disk = Files::default().overlaid(&folder).unwrap();
    let paths = |files: &Files| files.iter().map(|(path, _)| path.to_owned()).collect::<BTreeSet<_>>();
    let advice = "the build carries other files than config/content: touch src/content/source.rs";
    assert_eq!(paths(&Files::embedded()), paths(&on_disk), "{advice}");
    assert_eq!(Files::embedded(), on_disk, "{advice}");
}

#[test]
fn all_problems_are_reported_at_once_and_in_order() {
    let mut files = edited(CARD, "grade = \"expert\"", "grade = \"sure\"");
    let desk = files.get(DESK).unwrap().replace("total_seconds = 80", "total_seconds = 70");
    files.set(DESK, desk.replace("goal = \"Loosen the shoulders.\"\n", ""));
    files.set(GLOSSARY, "a = \n\nb = \n");
    files.remove("locales/en.ftl");
    files.set("knowledge/en/notes.txt", "x");
    let found = shown(&files);
    let starts = [
        "glossary/en.toml:1: this can't be read as TOML",
        "glossary/en.toml:3: this can't be read as TOML",
        "knowledge/en/notes.txt:1: nothing reads a file of this name",
        "knowledge/en/technique.press.md:12: `grade` can't be",
        "locales/en.ftl:1: the file is missing",
        "routines/en/desk.toml:1: the field `goal` is missing",
        "routines/en/desk.toml:9: the steps take 80 seconds, not 70",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (problem, start) in found.iter().zip(starts) {
        assert!(problem.starts_with(start), "wanted {start}, found {problem}");
    }
}

#[test]
fn an_engine_s_own_checks_are_reported_with_the_others() {
    let hook = |library: &nape::content::Library| {
        assert_eq!(library.raw.rules, "# rules\n");
        assert_eq!(library.raw.scope.get("scope/en.toml").map(String::as_str), Some("# scope\n"));
        vec![Problem::new("safety/rules-en.toml", 7, "no such flag", "take it out")]
    };
    let problems = load_with(&files(), CHECKED, &[&hook]).unwrap_err();
    assert_eq!(problems[0].to_string(), "safety/rules-en.toml:7: no such flag, take it out");
}

#[test]
fn a_bot_runs_on_though_a_review_is_due() {
    let late = jiff::civil::date(2027, 3, 1);
    assert_eq!(load(&files(), late).unwrap_err().len(), 4);
    let library = load_to_run(&files(), late, &[]).unwrap();
    assert_eq!(library.overdue(late), ["migraine.what", "technique.press", "R0", "R1"]);
    assert_eq!(library.overdue(jiff::civil::date(2027, 1, 10)), Vec::<&str>::new());
}

#[test]
fn a_routine_is_found_by_what_people_call_it() {
    let library = load_tree(&files()).unwrap();
    let found = |asked: &str| match library.find_routine(asked) {
        Found::One(routine) => routine.id.clone(),
        Found::Several(routines) => format!("{} of them", routines.len()),
        Found::None => String::new(),
    };
    for (asked, id) in [
        ("R1", "R1"),
        ("r1", "R1"),
        ("DESK", "R1"),
        ("Desk reset", "R1"),
        ("quick-break", "R1"),
        ("the tight shoulders routine", "R1"),
        ("stress", "R0"),
        ("flying", ""),
        ("", ""),
        ("the", ""),
    ] {
        assert_eq!(found(asked), id, "{asked}");
    }
}

#[test]
fn words_that_fit_several_routines_give_several() {
    let library = load_tree(&edited(DESK, "\"desk work\"", "\"stress\"")).unwrap();
    let Found::Several(routines) = library.find_routine("stress") else { panic!("two routines are for stress") };
    assert_eq!(routines.iter().map(|routine| routine.id.as_str()).collect::<Vec<_>>(), ["R0", "R1"]);
}

#[test]
fn a_term_is_found_in_spite_of_slips() {
    let library = load_tree(&files()).unwrap();
    let found = |asked: &str| library.term(asked).map(|term| term.id.as_str());
    for asked in ["effleurage", "EFFLEURAGE", "efleurage", "effluerage", "Gliding-stroke", "gliding strokes"] {
        assert_eq!(found(asked), Some("effleurage"), "{asked}");
    }
    assert_eq!(found("kneeding"), Some("petrissage"));
    for asked in ["", "massage", "knee", "xyz"] {
        assert_eq!(found(asked), None, "{asked}");
    }
    assert_eq!(library.entry("migraine.what").map(|entry| entry.title.as_str()), Some("What migraine is"));
    assert_eq!(library.source("SHOE").map(|source| source.year.as_str()), Some("n.d."));
}
