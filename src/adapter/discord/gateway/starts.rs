//! When sessions may begin. Discord lets so many begin within five seconds, and takes the token away from whoever begins a
//! thousand in a day: a connection that flaps rests long before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serenity::model::gateway::SessionStartLimit;

use crate::base::time::Timestamp;

/// So many sessions beside one for each shard may begin within [`WITHIN`].
const SPARE: usize = 5;
const WITHIN: Duration = Duration::from_secs(600);
/// Between two that Discord doesn't let begin together: its five seconds, and a little for the way there.
const APART: Duration = Duration::from_millis(5_500);

/// Gives out beginnings.
pub(super) struct Starts {
    shards: usize,
    together: u32,
    state: Mutex<State>,
}

struct State {
    /// When the last ones were given out.
    at: VecDeque<Timestamp>,
    /// When the next may be, by what Discord counts together.
    next: HashMap<u32, Timestamp>,
    /// Not before that, as Discord says.
    not_before: Timestamp,
}

impl Starts {
    /// For so many shards, within what Discord allows today.
    pub fn new(shards: u32, limit: &SessionStartLimit, now: Timestamp) -> Self {
        let rest = Duration::from_millis(limit.reset_after);
        let not_before = if limit.remaining < u64::from(shards) { now + rest } else { now };
        let state = State { at: VecDeque::new(), next: HashMap::new(), not_before };
        let together = u32::try_from(limit.max_concurrency).unwrap_or(1).max(1);
        Self { shards: usize::try_from(shards).unwrap_or(1), together, state: Mutex::new(state) }
    }

    /// How long a shard has to wait; zero when it may begin now, which is noted.
    pub fn take(&self, shard: u32, now: Timestamp) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.at.front().is_some_and(|first| now.since(*first) >= WITHIN) {
            state.at.pop_front();
        }
        let group = shard % self.together;
        let flaps = state.at.len() >= self.shards + SPARE;
        let rested = if flaps { state.at.front().map_or(now, |first| *first + WITHIN) } else { now };
        let from = rested.max(state.not_before).max(state.next.get(&group).copied().unwrap_or(now));
        if from <= now {
            state.at.push_back(now);
            state.next.insert(group, now + APART);
        }
        from.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn starts(shards: u32, limit: serde_json::Value) -> Starts {
        Starts::new(shards, &serde_json::from_value(limit).unwrap(), START)
    }

    fn usual() -> serde_json::Value {
        serde_json::json!({"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1})
    }

    #[test]
    fn a_flapping_connection_rests_before_it_uses_up_the_day() {
        let starts = starts(1, usual());
        let (mut now, mut begun) = (START, 0);
        while now.since(START) < DAY {
            match starts.take(0, now) {
                Duration::ZERO => begun += 1,
                wait => now = now + wait,
            }
        }
        assert!(begun > 100 && begun < 1_000, "{begun}");
    }

    #[test]
    fn shards_begin_apart_or_together_as_discord_says() {
        let one_by_one = starts(3, usual());
        assert_eq!(one_by_one.take(0, START), Duration::ZERO);
        assert_eq!(one_by_one.take(1, START), APART);
        assert_eq!(one_by_one.take(1, START + APART), Duration::ZERO);
        let mut limit = usual();
        limit["max_concurrency"] = 16.into();
        let together = starts(3, limit);
        assert!((0..3).all(|shard| together.take(shard, START).is_zero()));
    }

    #[test]
    fn a_day_that_is_used_up_is_waited_for() {
        let mut limit = usual();
        (limit["remaining"], limit["reset_after"]) = (0.into(), 3_600_000.into());
        assert_eq!(starts(1, limit).take(0, START), Duration::from_secs(3600));
    }
}
