//! Watching over the store: room on its disk, and whether its committer still moves.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::app::clock::Clock;
use crate::app::health::Vitals;
use crate::app::metrics::StoreLook;
use crate::app::notify;
use crate::store::StoreError;
use crate::store::sled::{Glance, Health, SledStore};

/// How often the committer is looked at.
const BEAT: Duration = Duration::from_secs(1);
/// How many beats lie between two looks at the disk.
const DISK: u32 = 10;
/// After so many beats in one group, the committer hangs.
const PATIENCE: u32 = 10;

/// Looks after the store until it is closed. On real time, even where the bot's is virtual: the disk is real.
///
/// When the store has failed for good, it asks the program to end, so that it can be started anew; when the committer hangs, it
/// ends the program at once, as nothing in it can be trusted to.
///
/// Each of its turns is a sign of life, for [`Health`](crate::app::health::Health) and for systemd.
pub async fn run(store: Arc<SledStore>, clock: Arc<dyn Clock>, vitals: Vitals, stop: watch::Sender<bool>) {
    let is_watched = notify::is_watched();
    let looked_at = store.clone();
    let turned = move |turn: Turn<'_>| match turn {
        Turn::Beat => {
            vitals.health.turned();
            if is_watched {
                notify::alive();
            }
        }
        Turn::Looked(Ok(health)) => report(&looked_at, &vitals, health),
        Turn::Looked(Err(error)) => vitals.health.store(Some(error.to_string())),
    };
    match look_after(store, clock, turned).await {
        End::Hangs => {
            tracing::error!(
                seconds = PATIENCE,
                "the store's committer hangs; ending at once, so that it can start anew"
            );
            std::process::abort();
        }
        End::Failed(error) => {
            tracing::error!(%error, "ending, so that the store can be opened anew");
            let _ = stop.send(true);
        }
        End::Gone => {}
    }
}

/// Looks once, so that whoever asks is told the truth from the beginning.
///
/// # Errors
/// Those of looking.
pub fn first(store: &Arc<SledStore>, vitals: &Vitals) -> Result<(), StoreError> {
    report(store, vitals, &store.look()?);
    Ok(())
}

/// Says how the store is; the numbers come from the disk, which may hang, and nobody waits for them.
fn report(store: &Arc<SledStore>, vitals: &Vitals, health: &Health) {
    let refusal = match health {
        Health::Writing { .. } => None,
        Health::ReadOnly { free } => Some(format!("{} MiB are free on its disk, which is too little", free >> 20)),
        Health::Failed(error) => Some(error.to_string()),
    };
    let (writes, store, metrics) = (refusal.is_none(), store.clone(), vitals.metrics.clone());
    vitals.health.store(refusal);
    metrics.store_writes(writes);
    drop(spawn_blocking(move || match store.glance() {
        Ok(Glance { bytes, free, last_backup }) => {
            let last_backup = last_backup.map_or(0, |at| at.millis() / 1000);
            metrics.store(StoreLook { free, bytes, last_backup });
        }
        Err(error) => tracing::debug!(%error, "the store can't be measured"),
    }));
}

/// What happens while it is looked after.
enum Turn<'a> {
    /// A second has passed.
    Beat,
    /// The disk was looked at.
    Looked(&'a Result<Health, StoreError>),
}

/// What is looked after.
trait Watched: Send + Sync + 'static {
    /// As [`SledStore::pulse`].
    fn pulse(&self) -> u64;
    /// As [`SledStore::look`].
    fn look(&self) -> Result<Health, StoreError>;
}

impl Watched for SledStore {
    fn pulse(&self) -> u64 {
        self.pulse()
    }

    fn look(&self) -> Result<Health, StoreError> {
        self.look()
    }
}

/// Why looking after it ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The committer hangs.
    Hangs,
    /// The store has failed for good.
    Failed(StoreError),
    /// Looking at the disk gave up.
    Gone,
}

async fn look_after(store: Arc<impl Watched>, clock: Arc<dyn Clock>, turned: impl Fn(Turn<'_>)) -> End {
    let mut watchdog = Watchdog::default();
    let mut warned = false;
    // Beside the beat: on a disk that hangs the look hangs too, and just then the committer is to be watched.
    let mut looking: Option<JoinHandle<Result<Health, StoreError>>> = None;
    for beat in 1_u32.. {
        drop(clock.sleep_until(clock.now() + BEAT).await);
        turned(Turn::Beat);
        if watchdog.hangs(store.pulse()) {
            return End::Hangs;
        }
        if beat.is_multiple_of(DISK) && looking.is_none() {
            let store = store.clone();
            looking = Some(spawn_blocking(move || store.look()));
        }
        let Some(looked) = looking.take_if(|looking| looking.is_finished()) else { continue };
        let looked = looked.await;
        if let Ok(looked) = &looked {
            turned(Turn::Looked(looked));
        }
        match looked {
            Ok(Ok(Health::Writing { free, low })) => {
                if low && !warned {
                    tracing::warn!(free_mib = free >> 20, "little room is left on the store's disk; free some");
                }
                warned = low;
            }
            Ok(Ok(Health::ReadOnly { .. })) => {}
            Ok(Ok(Health::Failed(error))) => return End::Failed(error),
            Ok(Err(error)) => tracing::warn!(%error, "the store's disk can't be looked at"),
            Err(_) => return End::Gone,
        }
    }
    End::Gone
}

/// Knows from the committer's pulse whether it hangs.
#[derive(Debug, Default)]
struct Watchdog {
    last: u64,
    beats: u32,
}

impl Watchdog {
    /// One beat later.
    fn hangs(&mut self, pulse: u64) -> bool {
        // Even: it waits for work.
        if pulse != self.last || pulse.is_multiple_of(2) {
            *self = Self { last: pulse, beats: 0 };
            return false;
        }
        self.beats += 1;
        self.beats >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::app::clock::VirtualClock;
    use crate::base::time::Timestamp;

    #[test]
    fn only_a_committer_that_stays_in_one_group_hangs() {
        let mut watchdog = Watchdog::default();
        assert!((0..100).all(|_| !watchdog.hangs(4)), "an idle one does not");
        assert!((0..100).all(|group| !watchdog.hangs(2 * group + 1)), "nor a busy one");
        let beats = (0..PATIENCE + 1).map(|_| watchdog.hangs(301)).collect::<Vec<_>>();
        assert_eq!(beats.iter().position(|hangs| *hangs), Some(PATIENCE as usize));
    }

    /// A store with a pulse that stands still, and a disk that answers, or hangs until it is let go.
    struct Fake {
        pulse: u64,
        health: Option<Health>,
        hung: Mutex<mpsc::Receiver<()>>,
    }

    impl Watched for Fake {
        fn pulse(&self) -> u64 {
            self.pulse
        }

        fn look(&self) -> Result<Health, StoreError> {
            if let Some(health) = &self.health {
                return Ok(health.clone());
            }
            // Until it is let go, by dropping the other end.
            let _ = self.hung.lock().unwrap().recv();
            Ok(Health::ReadOnly { free: 0 })
        }
    }

    fn ends(pulse: u64, health: Option<Health>) -> (End, Duration) {
        let (let_go, hung) = mpsc::channel();
        let fake = Arc::new(Fake { pulse, health, hung: Mutex::new(hung) });
        let clock = Arc::new(VirtualClock::new(Timestamp::default()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let end = runtime.block_on(look_after(fake, clock.clone(), |_| {}));
        drop(let_go);
        (end, clock.now().since(Timestamp::default()))
    }

    #[test]
    fn a_committer_that_hangs_ends_the_program_within_seconds_even_when_the_disk_hangs_too() {
        let (end, after) = ends(301, None);
        assert_eq!((end, after), (End::Hangs, BEAT * (PATIENCE + 1)));
    }

    #[test]
    fn a_store_that_failed_asks_for_a_new_start() {
        let failed = StoreError::Failed("no".to_owned());
        let (end, after) = ends(4, Some(Health::Failed(failed.clone())));
        assert_eq!(end, End::Failed(failed));
        assert!(after >= BEAT * DISK);
    }
}
