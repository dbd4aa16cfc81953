//! Backups, exports and keys: what is given back, what stays deleted, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use nape::port::action::Change;
use nape::port::record::Key;
use nape::store::backup::{Identity, Recipient};
use nape::store::sled::{SledStore, import, restore};
use nape::store::{Batch, Options, OutboxId, Store, StoreError};

use crate::sample;

fn commit(store: &SledStore, changes: Vec<Change>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts");
    let batch = Batch { changes, now: sample::at(5), ..Batch::default() };
    runtime.block_on(store.commit(batch)).expect("there is room");
}

fn key(name: &str) -> Key {
    Key::Person(sample::user(name))
}

fn set(name: &str) -> Change {
    Change { key: key(name), record: Some(sample::person(0)) }
}

fn gone(name: &str) -> Change {
    Change { key: key(name), record: None }
}

fn has(store: &SledStore, name: &str) -> bool {
    store.load(&[key(name)]).expect("it reads").get(&key(name)).is_some()
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn whoever_was_deleted_stays_deleted_and_whoever_came_back_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (data, early, late) = (dir.path().join("data"), dir.path().join("early"), dir.path().join("late"));
    {
        let store = open(&data);
        let lock = |until| Change { key: Key::Lock(sample::user("anna")), record: Some(sample::lock(until)) };
        commit(&store, vec![set("anna"), set("ben"), set("carl"), lock(1_000)]);
        commit(
            &store,
            vec![Change { key: Key::Session(sample::user("anna")), record: Some(sample::session(9, false)) }],
        );
        commit(
            &store,
            vec![Change {
                key: Key::Channel(nape::base::id::ChannelId::from_stored("c")),
                record: Some(sample::channel(&["anna"])),
            }],
        );
        store.backup(&early, None, sample::at(6)).unwrap();
        commit(
            &store,
            vec![gone("anna"), Change { key: Key::Session(sample::user("anna")), record: None }, gone("ben")],
        );
        commit(&store, vec![set("ben")]);
        store.backup(&late, None, sample::at(7)).unwrap();
    }
    let restored = restore(&early, None, &data, &Options::default(), sample::at(900)).unwrap();
    assert_eq!(
        (restored.records, restored.forgotten),
        (3, 3),
        "carl, a lock that holds and a channel; not anna, her routine, ben"
    );
    let store = open(&data);
    assert!(!has(&store, "anna") && !has(&store, "ben") && has(&store, "carl"));
    let channel = Key::Channel(nape::base::id::ChannelId::from_stored("c"));
    assert_eq!(store.load(std::slice::from_ref(&channel)).unwrap().get(&channel), Some(&sample::channel(&[])));
    drop(store);
    // The later backup knows that ben came back, also where nothing else is known, but for the key.
    let elsewhere = dir.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::copy(data.join("master.key"), elsewhere.join("master.key")).unwrap();
    restore(&late, None, &elsewhere, &Options::default(), sample::at(2_000)).unwrap();
    let store = open(&elsewhere);
    assert!(!has(&store, "anna") && has(&store, "ben") && has(&store, "carl"));
    commit(&store, vec![set("anna")]);
    drop(store);
    assert!(has(&open(&elsewhere), "anna"), "a deletion is no ban");
}

#[test]
fn outbox_numbers_jump_ahead_at_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let order = || Batch { orders: vec![sample::close()], ..Batch::default() };
    let store = open(&data);
    store.backup(&file, None, sample::at(1)).unwrap();
    let before = runtime.block_on(store.commit(order())).unwrap().outbox;
    drop(store);
    restore(&file, None, &data, &Options::default(), sample::at(1)).unwrap();
    let store = open(&data);
    assert!(store.outbox(OutboxId(0), 9).unwrap().is_empty());
    assert!(runtime.block_on(store.commit(order())).unwrap().outbox > before);
}

#[test]
fn a_backup_for_a_recipient_is_opened_by_its_identity_alone() {
    let dir = tempfile::tempdir().unwrap();
    let identity = age::x25519::Identity::generate();
    let recipient: Recipient = identity.to_public().to_string().parse().unwrap();
    let secret = dir.path().join("identity");
    fs::write(
        &secret,
        format!("# made for a test\n{}\n", age::secrecy::ExposeSecret::expose_secret(&identity.to_string())),
    )
    .unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup"));
    let store = open(&data);
    commit(&store, vec![set("anna")]);
    store.backup(&file, Some(&recipient), sample::at(1)).unwrap();
    drop(store);
    let options = Options::default();
    let refused = restore(&file, None, &data, &options, sample::at(1)).unwrap_err().to_string();
    assert!(refused.contains("--identity"), "{refused}");
    let identity = Identity::read(&secret).unwrap();
    assert_eq!(restore(&file, Some(&identity), &data, &options, sample::at(1)).unwrap().records, 1);
    assert!(has(&open(&data), "anna"));
    // Nor does it need anything of the old folder.
    let elsewhere = dir.path().join("elsewhere");
    assert!(restore(&file, None, &elsewhere, &options, sample::at(1)).is_err());
    assert_eq!(restore(&file, Some(&identity), &elsewhere, &options, sample::at(1)).unwrap().records, 1);
    assert!(has(&open(&elsewhere), "anna"));
    assert!("age1nonsense".parse::<Recipient>().unwrap_err().contains("age-keygen"));
}

#[test]
fn an_export_fills_another_store_and_exports_the_same_again() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let store = open(&first);
    commit(&store, (0..300).map(|number| set(&number.to_string())).collect());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.commit(Batch { orders: vec![sample::open()], ..Batch::default() })).unwrap();
    store.export(&dir.path().join("one"), sample::at(1)).unwrap();
    drop(store);
    assert_eq!(import(&dir.path().join("one"), &second, &Options::default()).unwrap().records, 300);
    let store = open(&second);
    assert_eq!(store.outbox(OutboxId(0), 9).unwrap().len(), 1, "what waits is taken along");
    store.export(&dir.path().join("two"), sample::at(1)).unwrap();
    // Each store has its own name and order.
    let lines = |name: &str| {
        let text = fs::read_to_string(dir.path().join(name)).unwrap();
        let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
        lines.pop();
        lines.sort();
        lines
    };
    assert_eq!(lines("one"), lines("two"));
    drop(store);
    assert!(
        import(&dir.path().join("one"), &second, &Options::default())
            .unwrap_err()
            .to_string()
            .contains("already holds")
    );
}

#[test]
fn a_file_of_which_anything_is_missing_or_changed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = open(&data);
    commit(&store, (0..20).map(|number| set(&number.to_string())).collect());
    let (export, backup) = (dir.path().join("export"), dir.path().join("backup"));
    store.export(&export, sample::at(1)).unwrap();
    store.backup(&backup, None, sample::at(1)).unwrap();
    drop(store);
    let broken = dir.path().join("broken");
    let bytes = fs::read(&export).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        fs::write(&broken, &bytes[..at]).unwrap();
        assert!(import(&broken, &dir.path().join("new"), &Options::default()).is_err(), "cut at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        fs::write(&broken, changed).unwrap();
        assert!(import(&broken, &dir.path().join("new"), &Options::default()).is_err(), "byte {at}");
    }
    assert!(!dir.path().join("new/MANIFEST.json").exists(), "nothing was begun");
    let bytes = fs::read(&backup).unwrap();
    for at in (0..bytes.len()).step_by(61) {
        fs::write(&broken, &bytes[..at]).unwrap();
        assert!(restore(&broken, None, &data, &Options::default(), sample::at(1)).is_err(), "cut at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        fs::write(&broken, changed).unwrap();
        assert!(restore(&broken, None, &data, &Options::default(), sample::at(1)).is_err(), "byte {at}");
    }
    assert_eq!(open(&data).check().unwrap().records(), 20);
    assert!(open(&data).backup(&backup, None, sample::at(1)).unwrap_err().to_string().contains("already there"));
}

#[test]
fn a_full_disk_below_a_backup_is_the_backups_and_not_the_stores() {
    let dir = tempfile::tempdir().unwrap();
    let (file, part) = (dir.path().join("backup"), dir.path().join("backup.part"));
    let store = open(&dir.path().join("data"));
    commit(&store, vec![set("anna")]);
    for export in [false, true] {
        std::os::unix::fs::symlink("/dev/full", &part).unwrap();
        let written =
            if export { store.export(&file, sample::at(1)) } else { store.backup(&file, None, sample::at(1)) };
        let refused = written.unwrap_err().to_string();
        assert!(refused.contains("make room") && refused.contains(&file.display().to_string()), "{refused}");
        assert!(!file.exists() && part.symlink_metadata().is_err(), "nothing is left");
    }
    commit(&store, vec![set("ben")]);
    assert_eq!(store.backup(&file, None, sample::at(1)), Ok(2));
}

#[test]
fn a_backup_and_a_rotation_while_people_write_miss_nothing_that_was_confirmed_before() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let store = Arc::new(open(&data));
    commit(&store, (0..2_000).map(|number| set(&number.to_string())).collect());
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, stop) = (store.clone(), stop.clone());
            runtime.spawn(async move {
                let mut number = 0;
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    let name = format!("{writer} {}", number % 50);
                    let delete = number % 3 == 2;
                    let changes = vec![if delete { gone(&name) } else { set(&name) }];
                    store.commit(Batch { changes, ..Batch::default() }).await.expect("there is room");
                    number += 1;
                }
                number
            })
        })
        .collect();
    commit(&store, vec![set("before")]);
    let records = store.backup(&file, None, sample::at(1)).unwrap();
    assert_eq!(store.rotate(), Ok(2));
    store.rotate_master().unwrap();
    assert_eq!(store.rotate(), Ok(3));
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let written: u64 = writers.into_iter().map(|writer| runtime.block_on(writer).unwrap()).sum();
    assert!(written > 0, "nobody wrote");
    store.check().unwrap();
    drop(store);
    let restored = restore(&file, None, &data, &Options::default(), sample::at(1)).unwrap();
    assert_eq!(restored.records + restored.forgotten, usize::try_from(records).unwrap());
    let store = open(&data);
    assert!(has(&store, "before") && (0..2_000).all(|number| has(&store, &number.to_string())));
}

#[test]
fn without_its_key_manifest_or_engine_a_store_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let made = || {
        drop(fs::remove_dir_all(&data));
        commit(&open(&data), vec![set("anna")]);
    };
    for name in ["master.key", "MANIFEST.json", "engine-1/db", "engine-1/keys"] {
        made();
        fs::rename(data.join(name), dir.path().join("taken")).unwrap();
        let error = SledStore::open(&data).err().unwrap_or_else(|| panic!("opened without {name}"));
        assert!(matches!(error, StoreError::Damaged { .. } | StoreError::Refused { .. }), "{name}: {error}");
        assert!(error.to_string().contains("backup"), "{name}: {error}");
        fs::rename(dir.path().join("taken"), data.join(name)).unwrap();
        assert!(has(&open(&data), "anna"), "{name} was put back");
    }
    made();
    fs::set_permissions(data.join("master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(SledStore::open(&data).err().unwrap().to_string().contains("chmod 600"));
}

#[test]
fn the_operators_own_key_is_taken_and_is_not_in_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().join("data"), dir.path().join("elsewhere.key"));
    let options = Options { key: Some(key.clone()), ..Options::default() };
    commit(&SledStore::open_with(&data, &options).unwrap(), vec![set("anna")]);
    assert!(key.exists() && !data.join("master.key").exists());
    assert!(has(&SledStore::open_with(&data, &options).unwrap(), "anna"));
    let another = Options { key: Some(dir.path().join("another.key")), ..Options::default() };
    assert!(SledStore::open_with(&data, &another).is_err());
}

#[test]
fn a_new_master_key_opens_all_that_the_old_one_did_and_an_old_copy_of_its_file_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (data, early, late) = (dir.path().join("data"), dir.path().join("early"), dir.path().join("late"));
    let (key, copy) = (data.join("master.key"), dir.path().join("copy"));
    let store = open(&data);
    commit(&store, vec![set("anna")]);
    store.backup(&early, None, sample::at(6)).unwrap();
    fs::copy(&key, &copy).unwrap();
    store.rotate_master().unwrap();
    commit(&store, vec![set("ben")]);
    store.rotate().unwrap();
    store.backup(&late, None, sample::at(7)).unwrap();
    drop(store);
    assert!(has(&open(&data), "anna"));
    let both = fs::read_to_string(&key).unwrap();
    assert!(both.ends_with(&fs::read_to_string(&copy).unwrap()) && both.lines().count() == 2);
    assert_eq!(restore(&early, None, &data, &Options::default(), sample::at(8)).unwrap().records, 1);
    // Without the older line, what the new key has sealed, and nothing else.
    fs::write(&key, both.lines().next().unwrap()).unwrap();
    assert!(restore(&early, None, &data, &Options::default(), sample::at(8)).is_err());
    assert_eq!(restore(&late, None, &data, &Options::default(), sample::at(8)).unwrap().records, 2);
    assert!(has(&open(&data), "ben"));
    fs::copy(&copy, &key).unwrap();
    assert!(matches!(SledStore::open(&data), Err(StoreError::Damaged { .. })));
    assert!(restore(&late, None, &data, &Options::default(), sample::at(8)).is_err());
}

#[test]
fn a_key_that_the_operator_puts_before_the_old_one_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().join("data"), dir.path().join("given/master.key"));
    fs::create_dir(dir.path().join("given")).unwrap();
    let options = Options { key: Some(key.clone()), ..Options::default() };
    commit(&SledStore::open_with(&data, &options).unwrap(), vec![set("anna")]);
    let new = format!("nape-master-key-1 {}\n", "5a".repeat(32));
    fs::write(&key, format!("{new}{}", fs::read_to_string(&key).unwrap())).unwrap();
    assert!(has(&SledStore::open_with(&data, &options).unwrap(), "anna"));
    fs::write(&key, new).unwrap();
    assert!(has(&SledStore::open_with(&data, &options).unwrap(), "anna"), "the old line is not needed any more");
}

#[test]
fn a_deletion_is_remembered_for_as_long_as_there_are_backups_that_may_be_restored() {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup"));
    let store = open(&data);
    commit(&store, vec![set("anna"), set("ben")]);
    store.backup(&file, None, sample::at(0)).unwrap();
    commit(&store, vec![gone("anna")]);
    store.backup(&dir.path().join("later"), None, sample::at(395 * DAY)).unwrap();
    let remembered = |store: &SledStore| {
        let lines = fs::read_to_string(data.join("forgotten")).unwrap();
        (store.check().unwrap().forgotten, lines.lines().filter(|line| !line.is_empty()).count())
    };
    assert_eq!(remembered(&store), (1, 1));
    drop(store);
    let refused = restore(&file, None, &data, &Options::default(), sample::at(365 * DAY)).unwrap_err().to_string();
    assert!(refused.contains("more than a year old"), "{refused}");
    restore(&file, None, &data, &Options::default(), sample::at(364 * DAY)).unwrap();
    let store = open(&data);
    assert!(!has(&store, "anna") && has(&store, "ben"));
    store.backup(&dir.path().join("last"), None, sample::at(397 * DAY)).unwrap();
    assert_eq!(remembered(&store), (0, 0));
    drop(store);
    assert_eq!(remembered(&open(&data)), (0, 0), "nor does it come back with a start");
}

#[test]
fn what_an_older_engine_lost_of_its_end_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (data, older) = (dir.path().join("data"), dir.path().join("older"));
    commit(&open(&data), vec![set("anna")]);
    fs::create_dir(&older).unwrap();
    fs::copy(data.join("engine-1/db"), older.join("db")).unwrap();
    commit(&open(&data), vec![set("ben")]);
    fs::copy(older.join("db"), data.join("engine-1/db")).unwrap();
    for entry in fs::read_dir(data.join("engine-1")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("snap.") {
            fs::remove_file(path).unwrap();
        }
    }
    let error = SledStore::open(&data).err().expect("a store that went back does not open");
    assert!(error.to_string().contains("were confirmed"), "{error}");
}
