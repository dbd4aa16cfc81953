//! Watching over the store: room on its disk, and whether its committer still moves.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::clock::{Clock, SystemClock};
use crate::store::sled::{Health, SledStore};

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
pub async fn run(store: Arc<SledStore>, stop: watch::Sender<bool>) {
    let clock = SystemClock;
    let mut watchdog = Watchdog::default();
    let mut warned = false;
    for beat in 1_u32.. {
        drop(clock.sleep_until(clock.now() + BEAT).await);
        if watchdog.hangs(store.pulse()) {
            tracing::error!(
                seconds = PATIENCE,
                "the store's committer hangs; ending at once, so that it can start anew"
            );
            std::process::abort();
        }
        if !beat.is_multiple_of(DISK) {
            continue;
        }
        let looked = store.clone();
        let health = match tokio::task::spawn_blocking(move || looked.look()).await {
            Ok(Ok(health)) => health,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the store's disk can't be looked at");
                continue;
            }
            Err(_) => return,
        };
        match health {
            Health::Writing { free, low } => {
                if low && !warned {
                    tracing::warn!(free_mib = free >> 20, "little room is left on the store's disk; free some");
                }
                warned = low;
            }
            Health::ReadOnly { .. } => {}
            Health::Failed(error) => {
                tracing::error!(%error, "ending, so that the store can be opened anew");
                let _ = stop.send(true);
                return;
            }
        }
    }
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
    use super::*;

    #[test]
    fn only_a_committer_that_stays_in_one_group_hangs() {
        let mut watchdog = Watchdog::default();
        assert!((0..100).all(|_| !watchdog.hangs(4)), "an idle one does not");
        assert!((0..100).all(|group| !watchdog.hangs(2 * group + 1)), "nor a busy one");
        let beats = (0..PATIENCE + 1).map(|_| watchdog.hangs(301)).collect::<Vec<_>>();
        assert_eq!(beats.iter().position(|hangs| *hangs), Some(PATIENCE as usize));
    }
}
