//! What can only be seen or done from the inside: bytes that are wrong, syncs that fail, values that are too large.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{fs, io};

use ::sled::Tree;

use super::draft::{Finished, Group};
use super::layout::{COUNTERS_KEY, Counters, FORMAT_KEY, Head};
use super::*;
use crate::base::id::{EventId, SessionId, UserId};
use crate::port::action::{Change, Order, Venue};
use crate::port::record::{Lock, Person, Votes};
use crate::store::SEEN_FOR;

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

/// A store whose syncs are made by a test.
fn with_sync(dir: &Path, make_sync: impl Fn(fs::File) -> Sync + Send + 'static) -> SledStore {
    let options = Options::default();
    SledStore::start(dir, &options, open::open(dir, &options).unwrap(), Box::new(make_sync)).unwrap()
}

fn refusal(dir: &Path) -> StoreError {
    SledStore::open(dir).err().expect("the folder does not open")
}

/// A store in which `key` has `value` behind its back.
fn tampered(dir: &Path, key: &[u8], value: Option<&[u8]>) -> SledStore {
    let store = SledStore::open(dir).unwrap();
    let db = store.shared.db().unwrap();
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
    let db = &store.shared.db().unwrap();
    assert!(count(db, layout::PARTS) > 10);
    assert!(db.iter().all(|entry| entry.unwrap().1.len() < 4_096));
    commit(&store, Batch { sent: waiting, ..Batch::default() }).unwrap();
    assert_eq!((count(db, layout::OUTBOX), count(db, layout::PARTS)), (0, 0), "parts go with what they belong to");
    assert!(fs::read_dir(folder::engine(dir.path(), 1).join("blobs")).map_or(0, Iterator::count) == 0);
}

#[test]
fn after_a_failed_sync_nothing_is_written_and_nothing_unsure_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let store = with_sync(dir.path(), move |file| {
        let tries = counted.clone();
        Box::new(move || match tries.fetch_add(1, Ordering::SeqCst) {
            0 => file.sync_data(),
            _ => Err(io::Error::other("no")),
        })
    });
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
fn a_sync_that_does_not_come_back_shows_in_the_pulse() {
    let dir = tempfile::tempdir().unwrap();
    let ((tell, begun), (let_go, hung)) = (mpsc::channel(), mpsc::channel());
    let hung = Arc::new(Mutex::new(hung));
    let store = with_sync(dir.path(), move |_| {
        let (tell, hung) = (tell.clone(), hung.clone());
        Box::new(move || {
            tell.send(()).map_err(io::Error::other)?;
            hung.lock().unwrap().recv().map_err(io::Error::other)
        })
    });
    assert!(store.pulse().is_multiple_of(2), "it waits for work");
    std::thread::scope(|scope| {
        scope.spawn(|| commit(&store, votes(1, None)).unwrap());
        begun.recv().unwrap();
        assert!(!store.pulse().is_multiple_of(2), "it is at work");
        let_go.send(()).unwrap();
    });
    store.close().unwrap();
    assert!(store.pulse().is_multiple_of(2));
}

/// What a power cut leaves at worst: of the engine's file what was in it at its last sync, and nothing of its shortcuts.
#[test]
fn what_was_confirmed_is_in_what_was_synced() {
    for last in [1, 2, 7, 40] {
        let dir = tempfile::tempdir().unwrap();
        let (data, after) = (dir.path().join("data"), dir.path().join("after"));
        drop(SledStore::open(&data).unwrap());
        let (db, synced) = (folder::engine(&data, 1).join("db"), dir.path().join("synced"));
        let kept = synced.clone();
        let store = with_sync(&data, move |file| {
            let (db, kept) = (db.clone(), kept.clone());
            Box::new(move || file.sync_data().and_then(|()| fs::copy(&db, &kept)).map(drop))
        });
        for number in 1..=last {
            commit(&store, votes(number, None)).unwrap();
        }
        fs::create_dir_all(folder::engine(&after, 1)).unwrap();
        fs::copy(&synced, folder::engine(&after, 1).join("db")).unwrap();
        for name in ["MANIFEST.json", "master.key", "engine-1/keys", "engine-1/conf"] {
            fs::copy(data.join(name), after.join(name)).unwrap();
        }
        drop(store);
        let found = SledStore::open(&after).unwrap().scan("votes", None, 9).unwrap();
        assert_eq!(found, [(Key::Votes("e".to_owned()), Record::Votes(Votes { up: last, down: 0 }))]);
    }
}

#[test]
fn a_full_disk_is_called_that() {
    let dir = tempfile::tempdir().unwrap();
    let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
    let store = with_sync(dir.path(), move |_| Box::new(full));
    let refused = commit(&store, votes(1, None));
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Full(_)))), "{refused:?}");
    assert!(!dir.path().join("ballast").exists(), "it is given up for room to open the engine in");
    let refused = commit(&store, votes(1, None));
    assert!(matches!(refused, Err(CommitError::Store(StoreError::ReadOnly { .. }))), "{refused:?}");
    assert!(store.scan("votes", None, 9).is_ok());
}

#[test]
fn a_panic_on_the_way_to_the_disk_leaves_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_sync(dir.path(), |_| Box::new(|| panic!("on purpose")));
    for _ in 0..2 {
        let refused = commit(&store, votes(1, None));
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Failed(_)))), "{refused:?}");
    }
}

#[test]
fn in_a_group_the_later_see_the_earlier_and_the_refused_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let (db, vault) = (store.shared.db().unwrap(), &store.shared.vault);
    let view = View { tree: &db, vault };
    let before = db.len();
    let mut group = Group::new(view, Counters::default());
    let mut add = |batch| group.add(Ready::new(batch, vault, Some(&db)).unwrap());
    assert_eq!(add(votes(1, Some(0))), Ok(Committed::default()));
    let event = Some((EventId::from_stored("t:1"), Timestamp::default()));
    let stale = Batch { event: event.clone(), orders: vec![ask("x")], ..votes(2, Some(0)) };
    assert!(matches!(add(stale), Err(CommitError::Conflict(_))));
    let ordered = Batch { event: event.clone(), orders: vec![ask("y")], ..votes(3, Some(1)) };
    assert_eq!(add(ordered).unwrap().outbox, [OutboxId(1)]);
    assert!(matches!(add(Batch { event, ..Batch::default() }), Err(CommitError::Seen(_))));
    let Finished { writes, counters, .. } = group.finish();
    assert_eq!(counters, Counters { commits: 2, ordered: 1, records: 1, waiting: 1 });
    assert_eq!(db.len(), before, "drafting writes nothing");
    db.apply_batch(draft::engine_batch(&writes)).unwrap();
    let found = view.scan("votes", None, 9).unwrap();
    assert_eq!(found, [(Key::Votes("e".to_owned()), Record::Votes(Votes { up: 3, down: 0 }))]);
    assert_eq!(view.outbox(OutboxId(0), OutboxId(9), 9).unwrap().len(), 1);
}

#[test]
fn events_of_long_ago_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    for number in 0..100 {
        let now = Timestamp::from_millis(number * seen_for() / 24);
        let event = Some((EventId::from_stored(format!("t:{}", number % 90)), now));
        commit(&store, Batch { event, now, ..Batch::default() }).unwrap();
    }
    let db = &store.shared.db().unwrap();
    assert_eq!(count(db, layout::SEEN), count(db, layout::SEEN_AT));
    assert!((24..30).contains(&count(db, layout::SEEN)), "{}", count(db, layout::SEEN));
}

#[test]
fn an_event_that_comes_again_after_its_time_is_remembered_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let come = |name: i64, now: i64| {
        let now = Timestamp::from_millis(now);
        commit(&store, Batch { event: Some((EventId::from_stored(format!("t:{name}")), now)), now, ..Batch::default() })
    };
    for name in 0..6 {
        come(name, name).unwrap();
    }
    // The four oldest are forgotten now; the last one is not among them, yet it is let in.
    come(5, seen_for() + 10).unwrap();
    for name in 10..14 {
        come(name, seen_for() + 20).unwrap();
    }
    assert!(matches!(come(5, seen_for() + 20), Err(CommitError::Seen(_))));
    assert_eq!(count(&store.shared.db().unwrap(), layout::SEEN), count(&store.shared.db().unwrap(), layout::SEEN_AT));
}

fn seen_for() -> i64 {
    i64::try_from(SEEN_FOR.as_millis()).unwrap()
}

/// The one row of a kind: its key and value.
fn only(store: &SledStore, kind: u8) -> (Vec<u8>, Vec<u8>) {
    let rows: Vec<_> = store.shared.db().unwrap().scan_prefix([kind]).map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    (rows[0].0.to_vec(), rows[0].1.to_vec())
}

#[test]
fn a_record_of_which_one_bit_is_another_is_never_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let key = Key::Person(UserId::from_stored("t:me"));
    let record = Some(Record::Person(Default::default()));
    commit(
        &store,
        Batch { changes: vec![Change { key: key.clone(), record }], orders: vec![ask("x")], ..Batch::default() },
    )
    .unwrap();
    let db = store.shared.db().unwrap();
    for kind in [layout::RECORD, layout::PERSON, layout::OUTBOX] {
        let (row, value) = only(&store, kind);
        for at in 0..value.len() {
            for bit in 0..8 {
                let mut changed = value.clone();
                changed[at] ^= 1 << bit;
                db.insert(&row, changed).unwrap();
                let read = match kind {
                    layout::OUTBOX => store.outbox(OutboxId(0), 9).map(drop),
                    _ => store.load(std::slice::from_ref(&key)).map(drop),
                };
                assert!(matches!(read, Err(StoreError::Damaged { .. })), "kind {kind}, byte {at}, bit {bit}");
                if at % 16 == 0 {
                    assert!(store.check().is_err());
                }
            }
        }
        db.insert(&row, value.as_slice()).unwrap();
        // In the place of another, it does not open either.
        let mut other = row.clone();
        *other.last_mut().unwrap() ^= 1;
        db.insert(&other, value).unwrap();
        assert!(store.check().is_err());
        db.remove(&other).unwrap();
    }
    assert_eq!(store.check().unwrap().records(), 1);
}

#[test]
fn an_order_that_does_not_read_is_named_and_can_be_removed() {
    for bytes in [&b""[..], b"\x00", b"\x00\x01{}", b"\x01\x01{}"] {
        let dir = tempfile::tempdir().unwrap();
        let store = tampered(dir.path(), &layout::outbox_key(OutboxId(1)), Some(bytes));
        store.shared.set_durable(Counters { ordered: 1, ..store.shared.durable() });
        let error = store.outbox(OutboxId(0), 9).unwrap_err();
        assert!(matches!(&error, StoreError::Damaged { what, .. } if what == "outbox item 1"), "{error}");
        commit(&store, Batch { sent: vec![OutboxId(1)], ..Batch::default() }).unwrap();
        assert_eq!(store.outbox(OutboxId(0), 9), Ok(Vec::new()));
    }
}

#[test]
fn no_name_lies_open_in_any_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let who = UserId::from_stored("t:kanari-person");
    let event = Some((EventId::from_stored("t:kanari-event"), Timestamp::default()));
    let change = |key, record| Change { key, record: Some(record) };
    let lock = Record::Lock(Lock { until: Timestamp::default() });
    let changes = vec![
        change(Key::Person(who.clone()), Record::Person(Default::default())),
        change(Key::Lock(who), lock),
        change(Key::Votes("kanari-entry".to_owned()), Record::Votes(Votes { up: 1, down: 0 })),
    ];
    commit(&store, Batch { event, changes, orders: vec![ask("kanari-title")], ..Batch::default() }).unwrap();
    for row in store.shared.db().unwrap().iter() {
        let (key, value) = row.unwrap();
        for bytes in [key, value] {
            assert!(!bytes.windows(6).any(|window| window == b"kanari"), "{bytes:?}");
        }
    }
}

#[test]
fn a_persons_key_comes_with_the_first_record_and_goes_with_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let key = Key::Person(UserId::from_stored("t:me"));
    let set = |record: Option<Record>| {
        let changes = vec![Change { key: key.clone(), record }];
        commit(&store, Batch { changes, ..Batch::default() }).unwrap();
        let db = store.shared.db().unwrap();
        (count(&db, layout::PERSON), count(&db, layout::FORGOTTEN))
    };
    assert_eq!(set(Some(Record::Person(Default::default()))), (1, 0));
    let first = only(&store, layout::PERSON);
    assert_eq!(set(None), (0, 1));
    assert_eq!(set(Some(Record::Person(Default::default()))), (1, 1));
    assert_ne!(only(&store, layout::PERSON), first, "whoever comes back has another key");
}

#[test]
fn a_key_that_was_opened_ahead_seals_only_as_long_as_it_is_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let key = Key::Person(UserId::from_stored("t:me"));
    let set = |record: Option<Person>| Batch {
        changes: vec![Change { key: key.clone(), record: record.map(Record::Person) }],
        ..Batch::default()
    };
    let kept = |millis| Person { last_used: Timestamp::from_millis(millis), ..Person::default() };
    let ready = |batch| {
        Ready::new(batch, &store.shared.vault, Some(&store.shared.db().unwrap())).expect("a batch as it should be")
    };
    let add = |ready| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.shared.queue.commit(ready)).unwrap();
        store.check().unwrap();
        store.load(std::slice::from_ref(&key)).unwrap().person(&UserId::from_stored("t:me")).last_used.millis()
    };
    commit(&store, set(Some(kept(1)))).unwrap();
    let (first, second, third) = (ready(set(Some(kept(2)))), ready(set(Some(kept(3)))), ready(set(Some(kept(4)))));
    assert_eq!(add(first), 2);
    commit(&store, set(None)).unwrap();
    assert_eq!(count(&store.shared.db().unwrap(), layout::PERSON), 0);
    assert_eq!(add(second), 3, "with a new key, as the old one is gone");
    store.rotate().unwrap();
    assert_eq!(add(third), 4);
}

#[test]
fn after_a_rotation_nothing_is_left_that_an_old_generation_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let person =
        Change { key: Key::Person(UserId::from_stored("t:me")), record: Some(Record::Person(Default::default())) };
    commit(&store, Batch { changes: vec![person], orders: vec![ask(&"x".repeat(9_000))], ..votes(3, None) }).unwrap();
    let before = store.check().unwrap();
    let old = only(&store, layout::PERSON).1;
    assert_eq!(store.rotate(), Ok(2));
    assert_eq!(store.check().unwrap(), before);
    let name = store.shared.vault.name("t:me");
    assert!(store.shared.vault.unwrap(name, &old).is_err(), "what the engine's log still holds opens no more");
    drop(store);
    let store = SledStore::open(dir.path()).unwrap();
    assert_eq!(store.check().unwrap(), before);
    assert_eq!(store.stats().unwrap().generation, 2);
}

#[test]
fn a_folder_of_another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(tampered(dir.path(), FORMAT_KEY, Some(&9u32.to_be_bytes())));
    assert_eq!(refusal(dir.path()), StoreError::Newer { what: "the store".to_owned(), version: 9 });
    for (key, value) in [
        (FORMAT_KEY, Some(&b"\0\0\0\0"[..])),
        (FORMAT_KEY, Some(b"x")),
        (FORMAT_KEY, None),
        (COUNTERS_KEY, Some(b"x")),
        (COUNTERS_KEY, None),
        (layout::CANARY_KEY, None),
        (layout::CANARY_KEY, Some(b"x")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        drop(tampered(dir.path(), key, value));
        assert!(matches!(refusal(dir.path()), StoreError::Damaged { .. }), "{key:?} {value:?}");
    }
}

/// A store as the program before wrote it: open, in the folder itself.
fn format_1(dir: &Path, person: &Record) {
    let db = ::sled::open(dir).unwrap();
    let place = |tree: &str, name: &str| [layout::tree_prefix(tree).as_slice(), name.as_bytes()].concat();
    let head = Head { revision: Revision(4), due: None, parts: 0 };
    let large = Record::Channel(crate::port::record::Channel {
        running: (0..700).map(|number| UserId::from_stored(format!("t:{number}"))).collect(),
    });
    let bytes = large.encode();
    let parts = bytes.len().div_ceil(layout::PART) - 1;
    let first = Head { parts: u8::try_from(parts).unwrap(), ..head };
    for (part, piece) in bytes.chunks(layout::PART).skip(1).enumerate() {
        db.insert(layout::part_key(&place("channel", "t:c"), u8::try_from(part).unwrap()), piece).unwrap();
    }
    db.insert(place("channel", "t:c"), [first.bytes().as_slice(), &bytes[..layout::PART]].concat()).unwrap();
    db.insert(place("person", "t:me"), [head.bytes().to_vec(), person.encode()].concat()).unwrap();
    let item = OutboxItem { at: Timestamp::default(), order: ask("x") };
    db.insert(layout::outbox_key(OutboxId(7)), [vec![0], item.encode()].concat()).unwrap();
    db.insert(FORMAT_KEY, &1u32.to_be_bytes()).unwrap();
    db.insert(COUNTERS_KEY, [9u64.to_be_bytes(), 7u64.to_be_bytes()].concat()).unwrap();
    db.flush().unwrap();
}

#[test]
fn a_store_of_format_1_is_upgraded_and_kept_as_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let person = Record::decode("person", include_bytes!("../../../tests/store/golden/person.v1")).unwrap();
    format_1(dir.path(), &person);
    folder::let_go(dir.path());
    for _ in 0..2 {
        let store = SledStore::open(dir.path()).unwrap();
        let key = Key::Person(UserId::from_stored("t:me"));
        let records = store.load(std::slice::from_ref(&key)).unwrap();
        assert_eq!((records.get(&key), records.revision(&key)), (Some(&person), Some(Revision(4))));
        assert_eq!(store.outbox(OutboxId(0), 9).unwrap().len(), 1);
        assert_eq!(store.check().unwrap().records(), 2);
        assert_eq!(commit(&store, Batch { orders: vec![ask("y")], ..Batch::default() }).unwrap().outbox.len(), 1);
        let sent = store.outbox(OutboxId(7), 9).unwrap().into_iter().map(|(id, _)| id).collect();
        commit(&store, Batch { sent, ..Batch::default() }).unwrap();
        assert!(!dir.path().join("db").exists() && dir.path().join(upgrade::BACKUP).exists());
    }
    let restored =
        restore(&dir.path().join(upgrade::BACKUP), None, dir.path(), &Options::default(), Timestamp::default());
    assert_eq!(restored.unwrap().records, 2);
    assert_eq!(SledStore::open(dir.path()).unwrap().check().unwrap().records(), 2);
}

#[test]
fn other_bytes_in_the_engines_own_files_are_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    drop(SledStore::open(dir.path()).unwrap());
    fs::write(folder::engine(dir.path(), 1).join("conf"), b"garbage that is no configuration").unwrap();
    assert!(matches!(refusal(dir.path()), StoreError::Damaged { .. } | StoreError::Io { .. }));
}
