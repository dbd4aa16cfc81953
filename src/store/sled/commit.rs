//! The committer: one thread that does all the writing, and the queue in front of it.
//!
//! It takes every batch that waits, writes them as one, makes that durable, and only then answers. It must never answer
//! before, never write after a failure, and never try a failed sync again: the system may have thrown the data away and
//! would then say that all is well. After a full disk, and only then, it opens the engine anew.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::draft::{self, Group};
use super::layout::{self, Counters};
use super::read::{self, View};
use super::ready::Ready;
use super::shared::{Shared, State};
use super::{open, tombs};
use crate::base::time::Timestamp;
use crate::store::{CommitError, Committed, StoreError, disk, fault};

/// How many batches may wait; more wait outside, before they are queued.
const WAITING: usize = 256;

type Answer = Result<Committed, CommitError>;

/// What the committer does.
pub(super) enum Work {
    /// Commit a batch.
    Batch(Ready),
    /// Let a new generation of keys seal from now on.
    Advance,
    /// Seal anew what an older generation sealed, under these keys.
    Reseal(Vec<Vec<u8>>),
    /// Remove the tombstones that are over at this time.
    Expire(Timestamp),
    /// Open the engine anew, if the disk was full.
    Reopen,
}

/// Work on its way, and who waits for it.
struct Job {
    work: Work,
    done: oneshot::Sender<Answer>,
    _room: Option<OwnedSemaphorePermit>,
}

/// What waits to be done.
pub(super) struct Queue {
    room: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { room: Arc::new(Semaphore::new(WAITING)), waiting: Mutex::default(), changed: Condvar::new() }
    }

    /// Hands a batch to the committer and waits for its answer.
    pub(super) async fn commit(&self, batch: Ready) -> Answer {
        let room = self.room.clone().acquire_owned().await.map_err(|_| closed())?;
        let answer = self.put(Work::Batch(batch), Some(room))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Hands over other work and waits for its answer, on a thread that may.
    pub(super) fn work(&self, work: Work) -> Result<(), StoreError> {
        let answer = self.put(work, None)?.blocking_recv().unwrap_or_else(|_| Err(closed()));
        answer.map(drop).map_err(|error| match error {
            CommitError::Store(error) => error,
            other => StoreError::Failed(other.to_string()),
        })
    }

    fn put(&self, work: Work, room: Option<OwnedSemaphorePermit>) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let (done, answer) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if waiting.closed {
                return Err(StoreError::Failed("it was closed".to_owned()));
            }
            waiting.jobs.push_back(Job { work, done, _room: room });
        }
        self.changed.notify_one();
        Ok(answer)
    }

    /// Lets nothing more in. What waits is still committed.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.changed.notify_all();
    }

    /// All that waits, as soon as there is something; empty once nothing more will come.
    fn take(&self) -> VecDeque<Job> {
        let idle = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closed;
        let mut waiting = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut waiting.jobs)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes what the engine has written durable.
pub(super) type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;
/// Makes one of those for the engine's file.
pub(super) type MakeSync = Box<dyn Fn(std::fs::File) -> Sync + Send>;

/// Works until the queue is closed and empty.
pub(super) fn run(shared: &Shared, mut counters: Counters, mut sync: Sync, make_sync: &MakeSync) {
    loop {
        let jobs = shared.queue.take();
        if jobs.is_empty() {
            return;
        }
        // Odd while at work: whoever looks twice and sees the same odd number knows that it hangs.
        shared.pulse.fetch_add(1, Ordering::SeqCst);
        let (work, waiting): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.work, job.done)).unzip();
        if work.iter().any(|work| matches!(work, Work::Reopen)) {
            reopen(shared, &mut counters, &mut sync, make_sync);
        }
        let outcome = match shared.refusal() {
            Some(before) => Err(before),
            None => commit(shared, work, counters, &mut sync).inspect_err(|error| shared.fail(error)),
        };
        match outcome {
            Ok((answers, after)) => {
                counters = after;
                // A receiver that is gone has stopped waiting; its batch is stored all the same.
                waiting.into_iter().zip(answers).for_each(|(done, answer)| drop(done.send(answer)));
            }
            Err(error) => {
                reopen(shared, &mut counters, &mut sync, make_sync);
                waiting.into_iter().for_each(|done| drop(done.send(Err(error.clone().into()))));
            }
        }
        shared.pulse.fetch_add(1, Ordering::SeqCst);
    }
}

/// After a full disk, gives up the ballast and opens the engine anew in its room: to read at once, and to write as soon as
/// there is more. Does nothing in any other state.
fn reopen(shared: &Shared, counters: &mut Counters, sync: &mut Sync, make_sync: &MakeSync) {
    if !matches!(shared.state(), State::Full(_)) {
        return;
    }
    disk::drop_ballast(&shared.dir);
    match catch_unwind(AssertUnwindSafe(|| open::again(shared, *counters))) {
        Ok(Ok((file, found))) => {
            (*sync, *counters) = (make_sync(file), found);
            shared.set_durable(found);
            shared.set_state(State::Low { free: disk::free(&shared.dir).unwrap_or(0) });
        }
        // Tried again at the next look at the disk.
        Ok(Err(error)) => tracing::error!(%error, "the store could not be opened anew"),
        Err(_) => shared.set_state(State::Failed(StoreError::Failed("opening it anew gave up".to_owned()))),
    }
}

/// One group. The answers are true once this returns.
fn commit(
    shared: &Shared,
    work: Vec<Work>,
    counters: Counters,
    sync: &mut Sync,
) -> Result<(Vec<Answer>, Counters), StoreError> {
    let work = || {
        // A handle of our own: drafting reads beside those who read, and nobody else writes.
        let db = shared.db()?.clone();
        let mut group = Group::new(View { tree: &db, vault: &shared.vault }, counters);
        let mut answers: Vec<Answer> = Vec::with_capacity(work.len());
        for work in work {
            answers.push(match work {
                Work::Batch(batch) => group.add(batch),
                Work::Advance => shared.vault.advance().map(|_| Committed::default()).map_err(CommitError::from),
                Work::Reseal(keys) => group.reseal(keys).map(|()| Committed::default()).map_err(CommitError::from),
                Work::Expire(now) => group.expire(now).map(|()| Committed::default()).map_err(CommitError::from),
                Work::Reopen => Ok(Committed::default()),
            });
        }
        if answers.iter().all(Result::is_err) {
            return Ok((answers, counters));
        }
        let finished = group.finish();
        let batch = draft::engine_batch(&finished.writes);
        fault::point("group drafted");
        {
            let held = shared.hold();
            db.apply_batch(batch).map_err(|error| read::failure("writing", &error))?;
            let changed =
                finished.writes.keys().filter(|key| matches!(key.first(), Some(&(layout::RECORD | layout::OUTBOX))));
            shared.touch(changed);
            drop(held);
        }
        fault::point("group applied");
        db.flush().map_err(|error| read::failure("flushing", &error))?;
        fault::point("group flushed");
        sync().map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
            _ => StoreError::Io { doing: "syncing the store".to_owned(), why: error.to_string() },
        })?;
        fault::point("group synced");
        tombs::append(&shared.dir, &finished.forgotten)?;
        let expired = finished.expired.map(|now| tombs::expire(&shared.dir, now));
        if let Some(Err(error)) = expired {
            tracing::warn!(%error, "the file of tombstones keeps those that are over; the next backup removes them");
        }
        shared.set_durable(finished.counters);
        Ok((answers, finished.counters))
    };
    // A panic must not leave anybody waiting, nor let the next group be written on top of half a one.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Failed("the engine gave up while writing".to_owned())))
}

fn closed() -> CommitError {
    StoreError::Failed("it was closed".to_owned()).into()
}
