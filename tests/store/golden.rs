//! The bytes of version 1, as they lie on the disks of those who run it. They are read for ever; if one of these tests
//! fails, the shape of a record has changed and needs a new version with an upgrade, not a new file.

use std::fs;
use std::path::PathBuf;

use nape::port::record::{DecodeError, Key, Record};
use nape::store::OutboxItem;

use crate::sample;

fn records() -> Vec<(&'static str, Record)> {
    vec![
        ("server", sample::server()),
        ("person", sample::person(0)),
        ("session", sample::session(1_795_399_446_123, false)),
        ("lock", sample::lock(1_795_399_446_123)),
        ("channel", sample::channel(&["a", "b"])),
        ("votes", sample::votes(7, 2)),
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
