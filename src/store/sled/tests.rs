//! What can only be seen or done from the inside: bytes that are wrong, syncs that fail, values that are too large.

use std::sync::atomic::AtomicUsize;
use std::{fs, io};

use ::sled::Tree;

use super::draft::Group;
use super::layout::{COUNTERS_KEY, Counters, FORMAT_KEY, Head};
use super::*;
use crate::base::id::{EventId, SessionId, UserId};
use crate::port::action::{Change, Order, Venue};
use crate::port::record::{Lock, Votes};

fn commit(store: &SledStore, batch: Batch) -> Result<Committed, CommitError> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.commit(batch))
}

fn votes(up: u32, expect: Option<u64>) -> Batch {
    let key = Key::Votes("e".to_owned());
    Batch {
        expect: expect.map(|revision| (key.clone(), Revision(revision))).into_iter().collect(),
        changes: vec![Change { key, record: Some(Record::Votes(Votes { up, down: 0 })) }],
        ..Batch::default()
    }
}

fn ask(title: &str) -> Order {
    let place =
        serde_json::json!({ "platform": "t", "server": null, "channel": "t:1", "parent": null, "kind": "direct" });
    Order::Open {
        home: serde_json::from_value(place).unwrap(),
        owner: UserId::from_stored("t:me"),
        session: SessionId::from_stored("2abcdefg"),
        venue: Venue::Direct,
        title: title.to_owned(),
    }
}

fn count(tree: &Tree, prefix: u8) -> usize {
    tree.scan_prefix([prefix]).count()
}

fn refusal(dir: &Path) -> StoreError {
    SledStore::open(dir).err().expect("the folder does not open")
}

/// A store in which `key` has `value` behind its back.
fn tampered(dir: &Path, key: &[u8], value: Option<&[u8]>) -> SledStore {
    let store = SledStore::open(dir).unwrap();
    let db = &store.shared.db;
    value.map_or_else(|| db.remove(key), |value| db.insert(key, value)).unwrap();
    store
}

#[test]
fn no_value_is_so_large_that_the_engine_could_put_it_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let mut waiting = Vec::new();
    for round in 0..40 {
        let orders = (0..5).map(|order| ask(&"x".repeat(10_000 + 977 * order + round))).collect();
        let batch = Batch { orders, sent: std::mem::take(&mut waiting), ..votes(1, None) };
        waiting = commit(&store, batch).unwrap().outbox;
    }
    let db = &store.shared.db;
    assert!(count(db, layout::PARTS) > 10);
    assert!(db.iter().all(|entry| entry.unwrap().1.len() < 4_096));
    commit(&store, Batch { sent: waiting, ..Batch::default() }).unwrap();
    assert_eq!((count(db, layout::OUTBOX), count(db, layout::PARTS)), (0, 0), "parts go with what they belong to");
    drop(store);
    assert!(fs::read_dir(dir.path().join("blobs")).map_or(0, Iterator::count) == 0);
}

#[test]
fn after_a_failed_sync_nothing_is_written_and_nothing_unsure_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let store = SledStore::start(open::open(dir.path()).unwrap(), |file| {
        let tries = tries.clone();
        Box::new(move || match tries.fetch_add(1, Ordering::SeqCst) {
            0 => file.sync_data(),
            _ => Err(io::Error::other("no")),
        })
    });
    let store = store.unwrap();
    let with_order = |up| Batch { orders: vec![ask("x")], ..votes(up, None) };
    assert_eq!(commit(&store, with_order(1)).unwrap().outbox, [OutboxId(1)]);
    let failed = commit(&store, with_order(2));
    assert!(matches!(failed, Err(CommitError::Store(StoreError::Io { .. }))), "{failed:?}");
    let later = commit(&store, with_order(3));
    assert!(matches!(later, Err(CommitError::Store(StoreError::Failed(_)))), "{later:?}");
    assert_eq!(tries.load(Ordering::SeqCst), 2, "a failed sync is not tried again");
    let sure: Vec<OutboxId> = store.outbox(OutboxId(0), 9).unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(sure, [OutboxId(1)]);
    assert_eq!(store.scan("votes", None, 9).unwrap().len(), 1);
    assert!(store.close().is_err());
    drop(store);
    let again = SledStore::open(dir.path()).unwrap();
    assert!(commit(&again, with_order(4)).is_ok());
}

#[test]
fn a_full_disk_is_called_that() {
    let dir = tempfile::tempdir().unwrap();
    let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
    let store = SledStore::start(open::open(dir.path()).unwrap(), |_| Box::new(full)).unwrap();
    for _ in 0..2 {
        let refused = commit(&store, votes(1, None));
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Full(_)))), "{refused:?}");
    }
}

#[test]
fn a_panic_on_the_way_to_the_disk_leaves_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::start(open::open(dir.path()).unwrap(), |_| Box::new(|| panic!("on purpose"))).unwrap();
    for _ in 0..2 {
        let refused = commit(&store, votes(1, None));
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Failed(_)))), "{refused:?}");
    }
}

#[test]
fn in_a_group_the_later_see_the_earlier_and_the_refused_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = ::sled::open(dir.path()).unwrap();
    let mut group = Group::new(&db, Counters::default());
    let mut add = |batch| group.add(Ready::new(batch).unwrap());
    assert_eq!(add(votes(1, Some(0))), Ok(Committed::default()));
    let event = Some((EventId::from_stored("t:1"), Timestamp::default()));
    let stale = Batch { event: event.clone(), orders: vec![ask("x")], ..votes(2, Some(0)) };
    assert!(matches!(add(stale), Err(CommitError::Conflict(_))));
    let ordered = Batch { event: event.clone(), orders: vec![ask("y")], ..votes(3, Some(1)) };
    assert_eq!(add(ordered).unwrap().outbox, [OutboxId(1)]);
    assert!(matches!(add(Batch { event, ..Batch::default() }), Err(CommitError::Seen(_))));
    let (writes, counters) = group.finish();
    assert_eq!(counters, Counters { commits: 2, ordered: 1 });
    assert!(db.is_empty(), "drafting writes nothing");
    db.apply_batch(writes).unwrap();
    let found = read::scan(&db, "votes", None, 9).unwrap();
    assert_eq!(found, [(Key::Votes("e".to_owned()), Record::Votes(Votes { up: 3, down: 0 }))]);
    assert_eq!(read::outbox(&db, OutboxId(0), OutboxId(9), 9).unwrap().len(), 1);
}

#[test]
fn events_of_days_ago_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let hour = 60 * 60 * 1000;
    for number in 0..100 {
        let now = Timestamp::from_millis(number * hour);
        let event = Some((EventId::from_stored(format!("t:{}", number % 90)), now));
        commit(&store, Batch { event, now, ..Batch::default() }).unwrap();
    }
    let db = &store.shared.db;
    assert_eq!(count(db, layout::SEEN), count(db, layout::SEEN_AT));
    assert!((24..30).contains(&count(db, layout::SEEN)), "{}", count(db, layout::SEEN));
}

#[test]
fn an_event_that_comes_again_after_a_day_starts_a_day_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let hour = 60 * 60 * 1000;
    let come = |name: i64, now: i64| {
        let now = Timestamp::from_millis(now);
        commit(&store, Batch { event: Some((EventId::from_stored(format!("t:{name}")), now)), now, ..Batch::default() })
    };
    for name in 0..6 {
        come(name, name).unwrap();
    }
    // The four oldest are forgotten now; the last one is not among them, yet it is let in.
    come(5, 25 * hour).unwrap();
    for name in 10..14 {
        come(name, 26 * hour).unwrap();
    }
    assert!(matches!(come(5, 26 * hour), Err(CommitError::Seen(_))));
    assert_eq!(count(&store.shared.db, layout::SEEN), count(&store.shared.db, layout::SEEN_AT));
}

#[test]
fn a_record_that_does_not_read_is_named_and_never_left_out() {
    let lock = Record::Lock(Lock { until: Timestamp::default() }).encode();
    let head = Head { revision: Revision(1), due: None, parts: 0 };
    let with_part = Head { parts: 1, ..head };
    let key = Key::Lock(UserId::from_stored("t:me"));
    for bytes in [Vec::new(), vec![7; 3], vec![9; 30], head.value(b""), head.value(b"\x01{"), with_part.value(&lock)] {
        let dir = tempfile::tempdir().unwrap();
        let store = tampered(dir.path(), &layout::record_key("lock", "t:me"), Some(&bytes));
        for error in [store.load(std::slice::from_ref(&key)).unwrap_err(), store.scan("lock", None, 9).unwrap_err()] {
            assert!(matches!(&error, StoreError::Damaged { what, .. } if what == "lock t:me"), "{error}");
        }
        assert_eq!(store.scan("lock", Some("t:me"), 9), Ok(Vec::new()), "the rest can be had");
    }
    let dir = tempfile::tempdir().unwrap();
    let newer = [&[2], lock.get(1..).unwrap()].concat();
    let store = tampered(dir.path(), &layout::record_key("lock", "t:me"), Some(&head.value(&newer)));
    let what = "lock t:me".to_owned();
    assert_eq!(store.load(&[key]), Err(StoreError::Newer { what, version: 2 }));
}

#[test]
fn an_order_that_does_not_read_is_named_and_can_be_removed() {
    for (bytes, newer) in
        [(&b""[..], false), (b"\x00", false), (b"\x00\x01{}", false), (b"\x01\x01{}", false), (b"\x00\x02{}", true)]
    {
        let dir = tempfile::tempdir().unwrap();
        let store = tampered(dir.path(), &layout::outbox_key(OutboxId(1)), Some(bytes));
        store.shared.durable.store(1, Ordering::SeqCst);
        match store.outbox(OutboxId(0), 9).unwrap_err() {
            StoreError::Damaged { what, .. } => assert_eq!((what.as_str(), newer), ("outbox item 1", false)),
            StoreError::Newer { what, version } => {
                assert_eq!((what.as_str(), version, newer), ("outbox item 1", 2, true))
            }
            other => panic!("{other}"),
        }
        commit(&store, Batch { sent: vec![OutboxId(1)], ..Batch::default() }).unwrap();
        assert_eq!(store.outbox(OutboxId(0), 9), Ok(Vec::new()));
    }
}

#[test]
fn a_folder_of_another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(tampered(dir.path(), FORMAT_KEY, Some(&2u32.to_be_bytes())));
    assert_eq!(refusal(dir.path()), StoreError::Newer { what: "the store".to_owned(), version: 2 });
    for (key, value) in [
        (FORMAT_KEY, Some(&b"\0\0\0\0"[..])),
        (FORMAT_KEY, Some(b"x")),
        (FORMAT_KEY, None),
        (COUNTERS_KEY, Some(b"x")),
        (COUNTERS_KEY, None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        drop(tampered(dir.path(), key, value));
        assert!(matches!(refusal(dir.path()), StoreError::Damaged { .. }), "{key:?} {value:?}");
    }
}

#[test]
fn other_bytes_in_the_engines_own_files_are_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    drop(SledStore::open(dir.path()).unwrap());
    fs::write(dir.path().join("conf"), b"garbage that is no configuration").unwrap();
    assert!(matches!(refusal(dir.path()), StoreError::Damaged { .. } | StoreError::Io { .. }));
}
