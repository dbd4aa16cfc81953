//! The committer: one thread that does all the writing, and the queue in front of it.
//!
//! It takes every batch that waits, writes them as one, makes that durable, and only then answers. It must never answer
//! before, never write after a failure, and never try a failed sync again: the system may have thrown the data away and
//! would then say that all is well.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

use ::sled::Db;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::draft::{Group, Ready};
use super::layout::Counters;
use super::read;
use crate::store::{CommitError, Committed, StoreError};

/// How many batches may wait; more wait outside, before they are queued.
const WAITING: usize = 256;

type Answer = Result<Committed, CommitError>;

/// A batch on its way, and who waits for it.
struct Job {
    batch: Ready,
    done: oneshot::Sender<Answer>,
    _room: OwnedSemaphorePermit,
}

/// What waits to be committed.
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
        let (done, answer) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if waiting.closed {
                return Err(closed());
            }
            waiting.jobs.push_back(Job { batch, done, _room: room });
        }
        self.changed.notify_one();
        answer.await.unwrap_or_else(|_| Err(closed()))
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

/// What the committer shares with those who read.
pub(super) struct Shared {
    pub(super) db: Db,
    /// Held for writing while a group is put in, so that readers see whole batches.
    pub(super) whole: RwLock<()>,
    /// The last outbox number that is durable.
    pub(super) durable: AtomicU64,
    /// Why nothing can be written any more.
    pub(super) failed: Mutex<Option<StoreError>>,
    pub(super) queue: Queue,
}

/// Makes what the engine has written durable.
pub(super) type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;

/// Commits until the queue is closed and empty.
pub(super) fn run(shared: &Shared, mut counters: Counters, mut sync: Sync) {
    loop {
        let jobs = shared.queue.take();
        if jobs.is_empty() {
            return;
        }
        let (batches, waiting): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.batch, job.done)).unzip();
        let outcome = match shared.failure() {
            Some(before) => Err(before),
            None => commit(shared, batches, counters, &mut sync).inspect_err(|error| shared.fail(error)),
        };
        match outcome {
            Ok((answers, after)) => {
                counters = after;
                // A receiver that is gone has stopped waiting; its batch is stored all the same.
                waiting.into_iter().zip(answers).for_each(|(done, answer)| drop(done.send(answer)));
            }
            Err(error) => {
                waiting.into_iter().for_each(|done| drop(done.send(Err(error.clone().into()))));
            }
        }
    }
}

/// One group. The answers are true once this returns.
fn commit(
    shared: &Shared,
    batches: Vec<Ready>,
    counters: Counters,
    sync: &mut Sync,
) -> Result<(Vec<Answer>, Counters), StoreError> {
    let work = || {
        let mut group = Group::new(&shared.db, counters);
        let answers: Vec<Answer> = batches.into_iter().map(|batch| group.add(batch)).collect();
        if answers.iter().all(Result::is_err) {
            return Ok((answers, counters));
        }
        let (writes, after) = group.finish();
        {
            let _whole = shared.whole.write().unwrap_or_else(PoisonError::into_inner);
            shared.db.apply_batch(writes).map_err(|error| read::failure("writing", &error))?;
        }
        shared.db.flush().map_err(|error| read::failure("flushing", &error))?;
        sync().map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
            _ => StoreError::Io { doing: "syncing the store".to_owned(), why: error.to_string() },
        })?;
        shared.durable.store(after.ordered, Ordering::Release);
        Ok((answers, after))
    };
    // A panic must not leave anybody waiting, nor let the next group be written on top of half a one.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Failed("the engine gave up while writing".to_owned())))
}

impl Shared {
    /// Why nothing can be written any more, in the words for those who come later.
    pub(super) fn failure(&self) -> Option<StoreError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().map(|error| match error {
            StoreError::Full(_) | StoreError::Failed(_) => error.clone(),
            other => StoreError::Failed(other.to_string()),
        })
    }

    fn fail(&self, error: &StoreError) {
        tracing::error!(%error, "the store takes no more writes");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
    }
}

fn closed() -> CommitError {
    StoreError::Failed("it was closed".to_owned()).into()
}
