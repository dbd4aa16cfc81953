//! Opening, closing and opening again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nape::base::id::EventId;
use nape::port::action::Change;
use nape::port::record::{Key, Revision};
use nape::store::sled::SledStore;
use nape::store::{Batch, CommitError, Committed, LONGEST_NAME, OutboxId, Store, StoreError};

use crate::sample;

fn commit(store: &dyn Store, batch: Batch) -> Result<Committed, CommitError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
    runtime.block_on(store.commit(batch))
}

fn key(name: &str) -> Key {
    Key::Person(sample::user(name))
}

fn set(name: &str, padding: usize) -> Change {
    Change { key: key(name), record: Some(sample::person(padding)) }
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir).expect("the folder opens")
}

#[test]
fn what_was_confirmed_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let event = Some((EventId::from_stored("terminal:1"), sample::at(5)));
    let batch = Batch {
        event: event.clone(),
        changes: vec![
            set("a", 10_000),
            Change { key: Key::Session(sample::user("a")), record: Some(sample::session(-7, false)) },
        ],
        orders: vec![sample::say(&"ü".repeat(5_000)), sample::open()],
        now: sample::at(6),
        ..Batch::default()
    };
    let ids = commit(&open(dir.path()), batch).unwrap().outbox;
    assert_eq!(ids, [OutboxId(1), OutboxId(2)]);

    let store = open(dir.path());
    let records = store.load(&[key("a"), key("b")]).unwrap();
    assert_eq!(records.get(&key("a")), Some(&sample::person(10_000)));
    assert_eq!((records.holds(&key("b")), records.revision(&key("b"))), (true, Some(Revision(0))));
    assert_eq!(store.due(sample::at(0), 9).unwrap(), [(sample::at(-7), Key::Session(sample::user("a")))]);
    assert_eq!(store.next_due(), Ok(Some(sample::at(-7))));
    let outbox = store.outbox(OutboxId(0), 9).unwrap();
    assert_eq!(
        outbox.iter().map(|(_, item)| item.order.clone()).collect::<Vec<_>>(),
        [sample::say(&"ü".repeat(5_000)), sample::open()]
    );
    let again = Batch { event, now: sample::at(7), ..Batch::default() };
    assert_eq!(commit(&store, again), Err(CommitError::Seen(EventId::from_stored("terminal:1"))));
}

#[test]
fn outbox_numbers_are_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = OutboxId(0);
    for _ in 0..3 {
        let store = open(dir.path());
        let ids =
            commit(&store, Batch { orders: vec![sample::open(), sample::close()], ..Batch::default() }).unwrap().outbox;
        assert!(last < ids[0] && ids[0] < ids[1]);
        last = ids[1];
        commit(&store, Batch { sent: ids, ..Batch::default() }).unwrap();
        assert_eq!(store.outbox(OutboxId(0), 9), Ok(Vec::new()));
    }
}

#[test]
fn a_refused_batch_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let waits = commit(&store, Batch { orders: vec![sample::open()], ..Batch::default() }).unwrap().outbox;
    let event = EventId::from_stored("terminal:1");
    let refused = Batch {
        event: Some((event.clone(), sample::at(0))),
        expect: vec![(key("a"), Revision(0)), (key("b"), Revision(4))],
        changes: vec![
            set("a", 0),
            Change { key: Key::Session(sample::user("a")), record: Some(sample::session(1, false)) },
        ],
        orders: vec![sample::close()],
        sent: waits.clone(),
        now: sample::at(0),
    };
    assert_eq!(commit(&store, refused.clone()), Err(CommitError::Conflict(key("b"))));
    assert_eq!(store.load(&[key("a")]).unwrap().get(&key("a")), None);
    assert_eq!(store.next_due(), Ok(None));
    assert_eq!(store.outbox(OutboxId(0), 9).unwrap().len(), 1);
    let right = Batch { expect: vec![(key("a"), Revision(0))], ..refused };
    assert!(commit(&store, right).is_ok(), "nor is the event taken for seen");
}

#[test]
fn what_can_never_be_stored_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let long = "x".repeat(LONGEST_NAME);
    let mixed_up = Change { key: key("a"), record: Some(sample::lock(1)) };
    for change in [set(&long, 0), set("a", 2_000_000), mixed_up] {
        let refused = commit(&store, Batch { changes: vec![change], ..Batch::default() });
        assert!(matches!(refused, Err(CommitError::Unfit(_))), "{refused:?}");
    }
    assert!(commit(&store, Batch { changes: vec![set("a", 800_000)], ..Batch::default() }).is_ok());
    assert_eq!(store.load(&[key("a")]).unwrap().get(&key("a")), Some(&sample::person(800_000)));
}

#[test]
fn a_second_process_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let Err(error) = SledStore::open(dir.path()) else { panic!("the folder opened twice") };
    assert_eq!(error, StoreError::Busy(dir.path().display().to_string()));
    assert!(error.to_string().starts_with(&format!("another nape is using {}", dir.path().display())));
    drop(first);
    open(dir.path());
}

#[test]
fn what_a_killed_process_left_half_done_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    commit(&open(dir.path()), Batch { changes: vec![set("a", 0)], ..Batch::default() }).unwrap();
    for length in [0, 5, 2_000] {
        let leftover = dir.path().join("snap.00000000000F4240.generating");
        fs::write(&leftover, vec![b'x'; length]).unwrap();
        let store = open(dir.path());
        assert!(!leftover.exists());
        assert_eq!(store.load(&[key("a")]).unwrap().get(&key("a")), Some(&sample::person(0)));
    }
}

#[test]
fn the_folder_is_made_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("above/store");
    drop(open(&inner));
    for made in [inner.as_path(), &dir.path().join("above")] {
        assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_closed_store_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    commit(&store, Batch { changes: vec![set("a", 0)], ..Batch::default() }).unwrap();
    assert_eq!((store.close(), store.close()), (Ok(()), Ok(())));
    assert!(store.load(&[key("a")]).unwrap().get(&key("a")).is_some());
    let late = commit(&store, Batch { changes: vec![set("b", 0)], ..Batch::default() });
    assert!(matches!(late, Err(CommitError::Store(StoreError::Failed(_)))), "{late:?}");
}

#[test]
fn what_waits_when_the_store_is_closed_is_still_committed() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = std::sync::Arc::new(open(dir.path()));
    // More than the queue holds: the rest are refused, and none is lost or left waiting.
    let answers = runtime.block_on(async {
        let commits: Vec<_> = (0..300)
            .map(|number| {
                let store = store.clone();
                let batch = Batch { changes: vec![set(&number.to_string(), 0)], ..Batch::default() };
                tokio::spawn(async move { store.commit(batch).await })
            })
            .collect();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        store.close().unwrap();
        let mut answers = Vec::new();
        for commit in commits {
            answers.push(commit.await.unwrap().is_ok());
        }
        answers
    });
    drop(store);
    let store = open(dir.path());
    let stored: Vec<bool> = (0..300)
        .map(|number: i32| {
            let key = key(&number.to_string());
            store.load(std::slice::from_ref(&key)).unwrap().get(&key).is_some()
        })
        .collect();
    assert_eq!(answers, stored);
    assert!(answers.iter().filter(|stored| **stored).count() >= 256);
}
