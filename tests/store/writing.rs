//! A process that writes until it is killed, and what has to be there afterwards.
//!
//! Eight writers commit one after the other, each its own numbers 1, 2, 3, … What a commit leaves behind follows from its number
//! alone ([`records`], [`order`]), so that what is found tells which commit was the last, and whether the whole of it is there.
//! Now and then the keys are changed under them.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use nape::base::id::{EventId, UserId};
use nape::base::time::Timestamp;
use nape::port::action::{Change, Order};
use nape::port::record::{Key, Record, Revision, Votes};
use nape::store::sled::SledStore;
use nape::store::{Batch, CommitError, Options, OutboxId, Room, Store};

#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "sample.rs"]
mod sample;

pub const WRITERS: u64 = 8;
/// How many of its orders a writer leaves in the outbox.
const KEPT: u64 = 3;
/// After so many commits of the first writer, everything is sealed with new keys while the others go on; every second time
/// with a new master key, too.
const ROTATED: u64 = 40;
/// What was confirmed last: of each writer its number, and the outbox number.
pub type Known = ([u64; WRITERS as usize], OutboxId);

/// Runs a writing process until it has confirmed so many commits, kills it, and takes note of everything that it had
/// confirmed until then. Returns how many that were, or how it ended when it wasn't by the kill.
pub fn kill_after(acks: u64, dir: &Path, (known, last_order): &mut Known) -> Result<u64, String> {
    let program = std::env::current_exe().expect("a process knows its own program");
    let mut child = Command::new(program)
        .args(["child", "write"])
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let pipe = child.stdout.take().expect("its output is a pipe");
    let mut read = 0;
    if acks == 0 {
        kill(&mut child);
    }
    // After the kill the pipe still holds what was confirmed before it; a last line may be cut short.
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let Some((writer, number, order)) = parse(&line) else { break };
        known[writer] = known[writer].max(number);
        *last_order = (*last_order).max(order);
        read += 1;
        if read == acks {
            kill(&mut child);
        }
    }
    match child.wait().expect("a child can be waited for") {
        status if status.signal() == Some(9) => Ok(read),
        status => Err(format!("the writing process ended by itself: {status}")),
    }
}

fn kill(child: &mut Child) {
    child.kill().expect("a child that was not waited for can be killed");
}

/// A line counts when it is whole: it ends in a full stop.
fn parse(line: &str) -> Option<(usize, u64, OutboxId)> {
    let mut words = line.strip_suffix('.')?.split(' ');
    let (writer, number, order) = (words.next()?, words.next()?, words.next()?);
    Some((writer.parse().ok()?, number.parse().ok()?, OutboxId(order.parse().ok()?)))
}

/// Everything confirmed is there, every batch is there as a whole, and at most the one on the way came through beside it.
pub fn verify(dir: &Path, (known, last_order): &mut Known) -> Result<(), String> {
    let last_order = *last_order;
    let store = SledStore::open_with(dir, &options()).map_err(|error| format!("it does not open: {error}"))?;
    forget_former_keys(dir).map_err(|error| format!("the master key's file: {error}"))?;
    let outbox = store.outbox(OutboxId(0), usize::MAX).map_err(|error| error.to_string())?;
    let mut waiting = 0;
    for (writer, known) in (0..).zip(known.iter_mut()) {
        let number = stored(&store, writer)?;
        if number < *known || number > *known + 1 {
            return Err(format!("writer {writer}: {known} was confirmed last, {number} is there"));
        }
        *known = number;
        let found = records(writer, number).into_iter().map(|change| {
            let records = store.load(std::slice::from_ref(&change.key)).map_err(|error| error.to_string())?;
            let as_written = records.get(&change.key) == change.record.as_ref();
            as_written
                .then_some(())
                .ok_or_else(|| format!("writer {writer}: {:?} is not of commit {number}", change.key))
        });
        found.collect::<Result<(), String>>()?;
        let orders: Vec<Order> =
            (number.saturating_sub(KEPT) + 1..=number).map(|number| order(writer, number)).collect();
        let own = outbox.iter().filter(|(_, item)| orders.contains(&item.order)).map(|(_, item)| &item.order);
        if own.ne(orders.iter()) {
            return Err(format!("writer {writer}: the outbox does not fit commit {number}"));
        }
        waiting += orders.len();
        let again = Batch { event: Some(event(writer, number)), ..Batch::default() };
        if number > 0 && block_on(store.commit(again)) != Err(CommitError::Seen(event(writer, number).0)) {
            return Err(format!("writer {writer}: the event of commit {number} is not known any more"));
        }
    }
    if outbox.len() != waiting {
        return Err(format!("{} orders wait, and {waiting} should", outbox.len()));
    }
    let due = store.due(Timestamp::from_millis(i64::MAX), usize::MAX).map_err(|error| error.to_string())?;
    let mut due = due;
    due.sort();
    let mut expected = Vec::new();
    for tree in Key::TREES {
        let records = store.scan(tree, None, usize::MAX).map_err(|error| error.to_string())?;
        expected.extend(records.into_iter().filter_map(|(key, record)| Some((record.due()?, key))));
    }
    expected.sort();
    if due != expected {
        return Err("the due index does not fit the records".to_owned());
    }
    store.check().map_err(|error| error.to_string())?;
    let next = block_on(store.commit(Batch { orders: vec![sample::close()], ..Batch::default() }));
    let ids = next.map_err(|error| error.to_string())?.outbox;
    block_on(store.commit(Batch { sent: ids.clone(), ..Batch::default() })).map_err(|error| error.to_string())?;
    if ids.first().is_none_or(|id| *id <= last_order) {
        return Err(format!("outbox number {ids:?} was given before; {last_order} was the last"));
    }
    Ok(())
}

/// Once it is open, the store needs the master key alone that stands first, wherever the last change of keys was cut short.
fn forget_former_keys(dir: &Path) -> std::io::Result<()> {
    let path = dir.join("master.key");
    let all = std::fs::read_to_string(&path)?;
    std::fs::write(&path, all.lines().take(1).map(|line| format!("{line}\n")).collect::<String>())
}

/// The child: commits until it is killed, and says what was confirmed.
pub fn write_until_killed(dir: &Path) {
    let store = Arc::new(SledStore::open_with(dir, &options()).expect("the store opens"));
    let work = async {
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let store = store.clone();
            writers.push(tokio::spawn(write(store, writer)));
        }
        for writer in writers {
            writer.await.expect("writers go on until they are killed");
        }
    };
    block_on(work);
}

async fn write(store: Arc<SledStore>, writer: u64) {
    let mut number = stored(&*store, writer).expect("the counter reads");
    let outbox = store.outbox(OutboxId(0), usize::MAX).expect("the outbox reads");
    let is_own =
        |order: &Order| (number.saturating_sub(KEPT) + 1..=number).any(|number| *order == self::order(writer, number));
    let mut waiting: Vec<OutboxId> =
        outbox.into_iter().filter(|(_, item)| is_own(&item.order)).map(|(id, _)| id).collect();
    let mut revision = store.load(&[counter(writer)]).expect("the counter reads").revision(&counter(writer));
    loop {
        number += 1;
        if writer == 0 && number.is_multiple_of(ROTATED) {
            let store = store.clone();
            let master = number.is_multiple_of(2 * ROTATED);
            drop(tokio::task::spawn_blocking(move || {
                if master {
                    store.rotate_master().expect("its key file is there");
                }
                store.rotate().expect("it rotates while people write")
            }));
        }
        let sent = if waiting.len() as u64 == KEPT { vec![waiting.remove(0)] } else { Vec::new() };
        let batch = Batch {
            event: Some(event(writer, number)),
            expect: revision.map(|revision: Revision| (counter(writer), revision)).into_iter().collect(),
            changes: records(writer, number),
            orders: vec![order(writer, number)],
            sent,
            now: Timestamp::default(),
        };
        let committed = store.commit(batch).await.expect("nobody else writes these records");
        waiting.extend(&committed.outbox);
        revision = store.load(&[counter(writer)]).expect("the counter reads").revision(&counter(writer));
        let line = format!("{writer} {number} {}.\n", committed.outbox[0]);
        // One write call, so that lines of one process never mix; a broken pipe means that nobody listens any more.
        std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent listens");
    }
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers starts").block_on(work)
}

fn counter(writer: u64) -> Key {
    Key::Votes(format!("writer {writer}"))
}

fn stored(store: &dyn Store, writer: u64) -> Result<u64, String> {
    let records = store.load(&[counter(writer)]).map_err(|error| error.to_string())?;
    match records.get(&counter(writer)) {
        Some(Record::Votes(votes)) => Ok(u64::from(votes.up)),
        _ => Ok(0),
    }
}

fn event(writer: u64, number: u64) -> (EventId, Timestamp) {
    (EventId::from_stored(format!("terminal:{writer}-{number}")), Timestamp::default())
}

/// What commit `number` of a writer sets; nothing before the first.
fn records(writer: u64, number: u64) -> Vec<Change> {
    let user = UserId::from_stored(format!("terminal:{writer}"));
    let up = u32::try_from(number).expect("nobody waits for that many");
    let small = i64::from(up);
    let padding = if number.is_multiple_of(7) { 9_000 } else { 0 };
    let session = (!number.is_multiple_of(5)).then(|| sample::session(small % 50, number.is_multiple_of(3)));
    let all = [
        (counter(writer), Some(Record::Votes(Votes { up, down: 0 }))),
        (Key::Lock(user.clone()), Some(sample::lock(small))),
        (Key::Person(user.clone()), Some(sample::person(padding))),
        (Key::Session(user), session),
    ];
    all.into_iter().filter(|_| number > 0).map(|(key, record)| Change { key, record }).collect()
}

fn order(writer: u64, number: u64) -> Order {
    let padding = if number.is_multiple_of(4) { 10_000 } else { 0 };
    sample::say(&format!("{writer} {number} {}", "x".repeat(padding)))
}

/// A store that is content with the small disks of these tests.
pub fn options() -> Options {
    Options { key: None, room: Room { warn: 0, read_only: 0, ballast: 1 << 20 } }
}
