//! The store on disk does what the one in memory does, whatever happens and however often it is opened anew.

use std::sync::Arc;

use nape::base::id::{ChannelId, EventId, ServerId};
use nape::port::action::{Change, Order};
use nape::port::record::{Key, Record, Revision};
use nape::store::memory::MemoryStore;
use nape::store::sled::SledStore;
use nape::store::{Batch, OutboxId, Store};
use proptest::prelude::*;

use crate::sample;

const HOUR: i64 = 60 * 60 * 1000;

/// What a batch is made of; revisions and outbox numbers come in when its turn has come.
#[derive(Clone, Debug)]
struct Recipe {
    event: Option<u8>,
    changes: Vec<(u8, Option<Content>)>,
    /// Keys to expect, and how far off the revision is.
    expect: Vec<(u8, u8)>,
    orders: Vec<Order>,
    /// Which of the waiting orders are sent, counted from the first.
    sent: Vec<u8>,
    /// By how much the clock moves before.
    passes: i64,
}

#[derive(Clone, Debug)]
struct Content {
    number: i16,
    padding: usize,
    flag: bool,
}

#[derive(Clone, Debug)]
enum Act {
    /// Several batches at once, so that they are committed as one group.
    Commit(Vec<Recipe>),
    Reopen,
}

fn key(number: u8) -> Key {
    // Names of which one starts with another, and one with a zero byte in it.
    let name = ["a", "ab", "a\0", "b"][usize::from(number / 7 % 4)];
    match number % 7 {
        0 => Key::Server(ServerId::from_stored(name)),
        1 => Key::Person(sample::user(name)),
        2 => Key::Session(sample::user(name)),
        3 => Key::Lock(sample::user(name)),
        4 => Key::Channel(ChannelId::from_stored(name)),
        5 => Key::Audit(ServerId::from_stored(name)),
        _ => Key::Votes(name.to_owned()),
    }
}

fn record(key: &Key, content: &Content) -> Record {
    match key {
        Key::Server(_) => sample::server(),
        Key::Person(_) => sample::person(content.padding),
        Key::Session(_) => sample::session(i64::from(content.number), content.flag),
        Key::Lock(_) => sample::lock(i64::from(content.number)),
        Key::Channel(_) => sample::channel(if content.flag { &["a", "b"] } else { &[] }),
        Key::Votes(_) => sample::votes(u32::from(content.number.unsigned_abs()), 0),
        Key::Audit(_) => sample::audit(),
        Key::Recent(..) => unreachable!("the keys above are those that are stored"),
    }
}

fn content() -> impl Strategy<Value = Content> {
    let padding = prop_oneof![4 => Just(0), 1 => 3_000..20_000usize];
    (-9..9i16, padding, any::<bool>()).prop_map(|(number, padding, flag)| Content { number, padding, flag })
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let order = prop_oneof![
        4 => Just(sample::open()),
        2 => Just(sample::say("now")),
        1 => (3_000..12_000usize).prop_map(|length| sample::say(&"x".repeat(length))),
    ];
    let off = prop_oneof![9 => Just(0u8), 1 => Just(1u8)];
    (
        prop::option::of(0..6u8),
        prop::collection::vec((0..28u8, prop::option::weighted(0.7, content())), 0..5),
        prop::collection::vec((0..28u8, off), 0..4),
        prop::collection::vec(order, 0..3),
        prop::collection::vec(0..6u8, 0..3),
        prop::sample::select(vec![0, 0, HOUR, 9 * HOUR, 25 * HOUR, -HOUR]),
    )
        .prop_map(|(event, changes, expect, orders, sent, passes)| Recipe {
            event,
            changes,
            expect,
            orders,
            sent,
            passes,
        })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![9 => prop::collection::vec(recipe(), 1..6).prop_map(Act::Commit), 1 => Just(Act::Reopen)]
}

fn cook(recipe: Recipe, now: i64, store: &MemoryStore) -> Batch {
    let expect = recipe.expect.into_iter().map(|(number, off)| {
        let key = key(number);
        let loaded = store.load(std::slice::from_ref(&key)).expect("memory always answers").revision(&key);
        let revision = loaded.expect("what was asked for is there").0 + u64::from(off);
        (key, Revision(revision))
    });
    let changes = recipe.changes.into_iter().map(|(number, content)| {
        let key = key(number);
        let record = content.map(|content| record(&key, &content));
        Change { key, record }
    });
    let waiting = store.outbox(OutboxId(0), 6).expect("memory always answers");
    // Some that are long gone, too.
    let sent = recipe.sent.into_iter().map(|index| waiting.get(usize::from(index)).map_or(OutboxId(1), |(id, _)| *id));
    Batch {
        event: recipe.event.map(|number| (EventId::from_stored(format!("terminal:{number}")), sample::at(now - 5))),
        expect: expect.collect(),
        changes: changes.collect(),
        orders: recipe.orders,
        sent: sent.collect(),
        now: sample::at(now),
    }
}

/// All records, page by page, sorted: each store has an order of its own.
fn all(store: &dyn Store, page: usize) -> Vec<(Key, Record)> {
    let mut found = Vec::new();
    for tree in Key::TREES {
        let mut after: Option<String> = None;
        loop {
            let next = store.scan(tree, after.as_deref(), page).expect("all records read");
            after = next.last().map(|(key, _)| key.name());
            let last = next.len() < page;
            found.extend(next);
            if last {
                break;
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn assert_same(disk: &dyn Store, memory: &dyn Store) -> Result<(), TestCaseError> {
    let keys: Vec<Key> = (0..24).map(key).collect();
    prop_assert_eq!(disk.load(&keys), memory.load(&keys));
    prop_assert_eq!(all(disk, 3), all(memory, 3));
    prop_assert_eq!(disk.outbox(OutboxId(0), 1_000), memory.outbox(OutboxId(0), 1_000));
    prop_assert_eq!(disk.outbox(OutboxId(7), 2), memory.outbox(OutboxId(7), 2));
    prop_assert_eq!(disk.next_due(), memory.next_due());
    for (upto, limit) in [(i64::MAX, 1_000), (0, 1_000), (i64::MAX, 2), (i64::MIN, 5)] {
        let due = |store: &dyn Store| {
            let mut due = store.due(sample::at(upto), limit).expect("the index reads");
            // Which of those that are due at the same time comes first is each store's own.
            let times: Vec<_> = due.iter().map(|(at, _)| *at).collect();
            due.sort();
            (times, if limit < 24 { Vec::new() } else { due })
        };
        prop_assert_eq!(due(disk), due(memory));
    }
    // The index against the records themselves, beside the other store.
    let mut due: Vec<_> = all(disk, 1_000).into_iter().filter_map(|(key, record)| Some((record.due()?, key))).collect();
    due.sort();
    let mut index = disk.due(sample::at(i64::MAX), 1_000).expect("the index reads");
    index.sort();
    prop_assert_eq!(index, due);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn disk_and_memory_agree(acts in prop::collection::vec(act(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let memory = MemoryStore::new();
        let mut disk = Arc::new(SledStore::open(dir.path()).expect("a new folder opens"));
        let mut now = 0;
        let mut last = OutboxId(0);
        for act in acts {
            match act {
                Act::Reopen => {
                    drop(disk);
                    disk = Arc::new(SledStore::open(dir.path()).expect("the folder opens again"));
                }
                Act::Commit(recipes) => {
                    let (here, there) = runtime.block_on(async {
                        let mut here = Vec::new();
                        let mut group = Vec::new();
                        for recipe in recipes {
                            now += recipe.passes;
                            let batch = cook(recipe, now, &memory);
                            here.push(memory.commit(batch.clone()).await);
                            let disk = disk.clone();
                            group.push(tokio::spawn(async move { disk.commit(batch).await }));
                        }
                        let mut there = Vec::new();
                        for commit in group {
                            there.push(commit.await.expect("committing never panics"));
                        }
                        (here, there)
                    });
                    for id in there.iter().flatten().flat_map(|committed| &committed.outbox) {
                        prop_assert!(*id > last);
                        last = *id;
                    }
                    prop_assert_eq!(there, here);
                }
            }
            assert_same(&*disk, &memory)?;
        }
    }
}
