//! Discord's limits beyond what the library's limiter keeps by itself: that one waits for each route, but when Discord says that
//! everything has to wait, it lets all else go on; it counts no refusals; and it never forgets a route.
//!
//! <https://discord.com/developers/docs/topics/rate-limits>

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serenity::Error;
use serenity::http::Http;

use crate::adapter::Time;
use crate::base::time::Timestamp;

use super::refused::Refused;

/// How many invalid requests are borne within [`WITHIN`]. At 10,000 Discord bans the address.
const MOST: usize = 1_000;
/// Discord's own window.
const WITHIN: Duration = Duration::from_secs(600);

/// Requests that Discord counts as invalid (401, 403 and 429), and until when it wants to hear nothing.
#[derive(Debug, Default)]
pub(super) struct Tally {
    at: VecDeque<Timestamp>,
    /// What Discord has said of all routes together.
    all_wait_until: Timestamp,
}

impl Tally {
    /// Counts a failed request.
    pub fn note(&mut self, error: &Error, now: Timestamp) {
        if Refused::of(error).counts(error) {
            self.count(now);
        }
    }

    /// How long nothing at all is to be sent; zero when all is well.
    pub fn pause(&mut self, now: Timestamp) -> Duration {
        self.forget(now);
        match self.at.front() {
            Some(first) if self.at.len() >= MOST => (*first + WITHIN).since(now),
            Some(_) | None => Duration::ZERO,
        }
    }

    /// How long everything has to wait but answers to interactions, which have no part in the limit of all routes together.
    pub fn wait_of_all(&self, now: Timestamp) -> Duration {
        self.all_wait_until.since(now)
    }

    fn count(&mut self, now: Timestamp) {
        self.at.push_back(now);
        self.forget(now);
    }

    fn forget(&mut self, now: Timestamp) {
        while self.at.len() > MOST || self.at.front().is_some_and(|at| now.since(*at) >= WITHIN) {
            self.at.pop_front();
        }
    }
}

/// Hears what the limiter waits for: it makes a request that was refused with 429 again by itself, and nobody else learns of it.
pub(super) fn listen(http: &mut Http, tally: &Arc<Mutex<Tally>>, time: &Arc<dyn Time>) {
    let Some(limiter) = &mut http.ratelimiter else { return };
    let (tally, time) = (tally.clone(), time.clone());
    limiter.set_ratelimit_callback(Box::new(move |wait| {
        // It also tells when it waits of its own accord, which is no refusal. Discord speaks in milliseconds at most, its own
        // reckoning is as fine as the machine's clock.
        let was_refused = wait.timeout.subsec_nanos().is_multiple_of(1_000_000);
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        if was_refused {
            tally.count(time.now());
        }
        if wait.global {
            tally.all_wait_until = tally.all_wait_until.max(time.now() + wait.timeout);
        }
    }));
}

/// Lets the limiter forget routes for which nothing has to be waited: each interaction is one, and none comes again.
pub(super) async fn tidy(http: &Http, now: Timestamp) {
    let Some(limiter) = &http.ratelimiter else { return };
    let now = SystemTime::UNIX_EPOCH + now.since(Timestamp::default());
    let routes = limiter.routes();
    routes.write().await.retain(|_, route| {
        // One that is locked is in use.
        Arc::strong_count(route) > 1
            || route.try_lock().map_or(true, |route| route.reset().is_some_and(|reset| reset > now))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_requests_stop_far_below_the_ban_and_go_on_when_they_are_over() {
        let start = Timestamp::from_millis(1_795_000_000_000);
        let mut tally = Tally::default();
        for number in 0..MOST {
            assert_eq!(tally.pause(start), Duration::ZERO, "{number}");
            tally.count(start + Duration::from_millis(number as u64));
        }
        assert_eq!(tally.pause(start + Duration::from_secs(1)), Duration::from_secs(599));
        assert_eq!(tally.pause(start + WITHIN), Duration::ZERO);
    }
}
