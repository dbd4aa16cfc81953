//! The bytes of version 1, as they lie on the disks of those who run it. They are read for ever; if one of these tests
//! fails, the shape of a record has changed and needs a new version with an upgrade, not a new file.
//!
//! `format-1` is a folder as the program left it that wrote format 1 (it was the last before records were sealed): "ben" had set
//! his pressure and language and voted for a text, "anna" her pressure and pace, and she was in the first step of a routine, in
//! which she had set the side that comes first, when the program was killed.

use std::fs;
use std::path::PathBuf;

use nape::port::record::{DecodeError, Key, Record};
use nape::settings::value::Value;
use nape::store::sled::{SledStore, restore};
use nape::store::{Options, OutboxItem, Store};

use crate::{folders, sample};

/// When `format-1` was made: on 2026-11-29.
const MADE: i64 = 1_795_990_500_000;

fn records() -> Vec<(&'static str, Record)> {
    vec![
        ("server", sample::server()),
        ("person", sample::person(0)),
        ("session", sample::session(1_795_399_446_123, false)),
        ("lock", sample::lock(1_795_399_446_123)),
        ("channel", sample::channel(&["a", "b"])),
        ("votes", sample::votes(7, 2)),
        ("audit", sample::audit()),
    ]
}

fn orders() -> Vec<(&'static str, OutboxItem)> {
    let item = |order| OutboxItem { at: sample::at(1_795_399_446_123), order };
    vec![
        ("outbox-say", item(sample::say("Hold for a breath."))),
        ("outbox-open", item(sample::open())),
        ("outbox-close", item(sample::close())),
    ]
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/golden").join(format!("{name}.v1"))
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name))
        .expect("every kind has its golden bytes: encode the sample record once and put its bytes there")
}

#[test]
fn every_kind_of_record_is_here() {
    let kinds: Vec<&str> = records().iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, Key::TREES);
}

#[test]
fn records_of_version_1_are_read_and_written_as_they_always_were() {
    for (kind, record) in records() {
        let golden = bytes(kind);
        assert_eq!(Record::decode(kind, &golden).as_ref(), Ok(&record), "reading {kind}");
        assert_eq!(String::from_utf8_lossy(&record.encode()), String::from_utf8_lossy(&golden), "writing {kind}");
    }
}

#[test]
fn orders_of_version_1_are_read_and_written_as_they_always_were() {
    for (name, item) in orders() {
        let golden = bytes(name);
        assert_eq!(OutboxItem::decode(&golden).as_ref(), Ok(&item), "reading {name}");
        assert_eq!(String::from_utf8_lossy(&item.encode()), String::from_utf8_lossy(&golden), "writing {name}");
    }
}

#[test]
fn a_folder_of_the_program_that_wrote_format_1_is_taken_over_whole() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    folders::copy(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/store/format-1"), &data);
    let look = || {
        let store = SledStore::open(&data).unwrap_or_else(|error| panic!("{error}"));
        let get = |key: Key| store.load(std::slice::from_ref(&key)).unwrap().get(&key).cloned();
        let set = |name: &str, setting: &str| match get(Key::Person(sample::user(name))) {
            Some(Record::Person(person)) => person.settings.get(setting).cloned(),
            other => panic!("{name} is {other:?}"),
        };
        let word = |word: &str| Some(Value::Word(word.to_owned()));
        assert_eq!((set("ben", "pressure"), set("ben", "language")), (Some(Value::Number(3)), word("en")));
        assert_eq!((set("anna", "pressure"), set("anna", "pace")), (Some(Value::Number(1)), word("wait")));
        assert_eq!(set("anna", "first_side"), word("right"));
        let Some(Record::Session(running)) = get(Key::Session(sample::user("anna"))) else {
            panic!("her routine is lost")
        };
        assert_eq!((running.session.steps.len(), running.session.at), (8, 0));
        let votes = store.scan("votes", None, 9).unwrap();
        assert!(
            matches!(votes.as_slice(), [(_, Record::Votes(votes))] if (votes.up, votes.down) == (1, 0)),
            "{votes:?}"
        );
        let counts = store.check().unwrap();
        assert_eq!((counts.records(), counts.people), (5, 2));
    };
    look();
    look();
    for name in ["db", "conf"] {
        assert!(!data.join(name).exists(), "{name} lay open");
    }
    let backup = data.join("before-format-2.backup");
    // It is as old as the last that was done with it.
    let later = sample::at(MADE + 366 * 24 * 60 * 60 * 1_000);
    assert!(restore(&backup, None, &data, &Options::default(), later).is_err());
    assert_eq!(restore(&backup, None, &data, &Options::default(), sample::at(MADE)).unwrap().records, 5);
    look();
}

#[test]
fn a_newer_version_is_refused_as_newer() {
    for (kind, _) in records() {
        let mut newer = bytes(kind);
        newer[0] = 2;
        assert_eq!(Record::decode(kind, &newer), Err(DecodeError::Newer(2, kind)));
    }
    for (name, _) in orders() {
        let mut newer = bytes(name);
        newer[0] = 2;
        assert_eq!(OutboxItem::decode(&newer), Err(DecodeError::Newer(2, "outbox")));
    }
}

#[test]
fn what_is_cut_short_is_no_record() {
    for (kind, _) in records() {
        let golden = bytes(kind);
        for length in 0..golden.len() {
            assert!(Record::decode(kind, &golden[..length]).is_err(), "{kind} cut at {length}");
        }
    }
    for (name, _) in orders() {
        let golden = bytes(name);
        for length in 0..golden.len() {
            assert!(OutboxItem::decode(&golden[..length]).is_err(), "{name} cut at {length}");
        }
    }
}
