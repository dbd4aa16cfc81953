//! Snowflakes, and the clock that they are made by.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use tokio::time::Instant;

/// The first second of 2015 in Unix milliseconds: where Discord's ids begin to count.
const EPOCH: u64 = 1_420_070_400_000;

/// A snowflake: milliseconds since 2015 in the upper 42 bits. In JSON a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl Id {
    /// Reads an id as it stands in a path or a body.
    pub fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// When it was made, in Unix milliseconds.
    pub fn made(self) -> u64 {
        (self.0 >> 22) + EPOCH
    }

    /// The shard that a guild of this id belongs to.
    pub fn shard(self, of: u64) -> u64 {
        (self.0 >> 22) % of.max(1)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Time as the fake sees it: it goes on by itself, and a test may move it on.
#[derive(Debug)]
pub struct Clock {
    began: u64,
    since: Instant,
    shift: Duration,
    last: u64,
}

impl Clock {
    /// Starts now, so that the fake and the program agree about how old a message is.
    #[expect(clippy::disallowed_methods, reason = "a server of its own has a clock of its own")]
    pub fn start() -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(EPOCH, |since| since.as_millis() as u64);
        Self { began, since: Instant::now(), shift: Duration::ZERO, last: 0 }
    }

    /// Unix milliseconds.
    pub fn now(&self) -> u64 {
        self.began + (self.since.elapsed() + self.shift).as_millis() as u64
    }

    /// Microseconds since the start, whatever a test moves on: how long something took.
    pub fn micros(&self) -> u64 {
        self.since.elapsed().as_micros() as u64
    }

    /// Moves on.
    pub fn advance(&mut self, by: Duration) {
        self.shift += by;
    }

    /// A new id, later than all before.
    pub fn mint(&mut self) -> Id {
        self.last = (self.last + 1).max((self.now() - EPOCH) << 22);
        Id(self.last)
    }

    /// A new id that belongs to this shard.
    pub fn mint_on(&mut self, shard: u64, of: u64) -> Id {
        loop {
            let id = self.mint();
            if id.shard(of) == shard {
                return id;
            }
            self.last += 1 << 22;
        }
    }
}

/// A moment as Discord writes it.
pub fn iso(millis: u64) -> String {
    let at = jiff::Timestamp::from_millisecond(millis as i64).expect("a moment of this century");
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
