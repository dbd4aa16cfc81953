//! Every reason that the program knows is met in a conversation, and asked about with `nape why`: a reason without a transcript of its
//! own in `tests/transcripts/why` fails here, and so does a transcript that no longer ends with its reason.
//!
//! That every refusal has such a reason is held by `tests/locale.rs`; that the conversations go like this, by `tests/transcripts.rs`.

#![expect(clippy::unwrap_used, reason = "a test that can't read its files has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Reason to sentence, as the locale has them.
fn reasons() -> BTreeMap<String, String> {
    let locale = fs::read_to_string(root().join("config/content/locales/en.ftl")).unwrap();
    let rows = locale.lines().filter_map(|line| line.strip_prefix("why-")?.split_once(" = "));
    let rows = rows.filter(|(code, _)| *code != "nothing");
    rows.map(|(code, sentence)| (code.to_owned(), sentence.replace('`', ""))).collect()
}

/// The last answer of a transcript to `nape why`.
fn told(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let (_, answer) = text.rsplit_once("> nape why\n")?;
    Some(answer.lines().next()?.strip_prefix("< ")?.to_owned())
}

/// Whether a sentence is this one with something in its open places.
fn is_said(told: &str, sentence: &str) -> bool {
    let mut rest = told;
    for (number, part) in sentence.split(['{', '}']).step_by(2).enumerate() {
        match rest.find(part) {
            Some(at) if at == 0 || number > 0 => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty() || sentence.ends_with('}')
}

#[test]
fn every_reason_has_a_conversation_that_ends_with_it() {
    let reasons = reasons();
    assert!(reasons.len() > 40, "only these were found: {reasons:?}");
    let folder = root().join("tests/transcripts/why");
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, reasons.keys().cloned().collect(), "one transcript for each reason, and none besides");
    let wrong: Vec<String> = reasons
        .iter()
        .filter_map(|(code, sentence)| {
            let told = told(&folder.join(format!("{code}.txt")));
            let is_told = told.as_deref().is_some_and(|told| is_said(told, sentence));
            (!is_told).then(|| format!("{code}: {sentence}\n  told: {told:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn another_sentence_is_not_taken_for_it() {
    assert!(is_said("pace takes only: a, b.", "{ $key } takes only: { $allowed }."));
    assert!(is_said("It is so.", "It is so."));
    for other in ["pace takes all: a.", "It is so.", ""] {
        assert!(!is_said(other, "{ $key } takes only: { $allowed }."), "{other}");
    }
}
