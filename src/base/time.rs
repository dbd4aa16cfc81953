//! Time as a value: UTC milliseconds and what people write for a length of time.
//!
//! Nothing here reads a clock; `now` always comes in from outside.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The UTC day this moment falls on, as its first moment. What is stored of "last used" is no finer than this.
    pub fn day(self) -> Timestamp {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        Timestamp(self.0.div_euclid(DAY) * DAY)
    }

    /// The day and minute of this moment as clocks show it in a time zone, `2026-11-23 10:02`; in UTC where there is no such zone.
    pub fn in_zone(self, zone: &str) -> String {
        let zone = time_zone(zone).unwrap_or(TimeZone::UTC);
        let moment = jiff::Timestamp::from_millisecond(self.0);
        moment.map_or_else(|_| self.0.to_string(), |at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string())
    }

    /// This moment as an RFC 3339 text in UTC, or the bare milliseconds when it lies outside the calendar.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| self.0.to_string(), |moment| moment.to_string())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// The name of a time zone as the IANA database writes it, whatever case it was typed in; `None` where it has no such zone. The
/// database is the one that is built in, so that every machine gives the same times.
pub fn zone_name(typed: &str) -> Option<String> {
    time_zone(typed.trim()).and_then(|zone| zone.iana_name().map(str::to_owned))
}

fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// Reads a length of time as people write it: `3 min`, `90s`, `1 h 30 min`, `10` (minutes).
///
/// ```
/// use std::time::Duration;
/// use nape::base::time::parse_span;
/// assert_eq!(parse_span("3 min"), Some(Duration::from_secs(180)));
/// assert_eq!(parse_span("1h30"), None);
/// ```
pub fn parse_span(text: &str) -> Option<Duration> {
    let text = text.trim().to_lowercase();
    if let Ok(minutes) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(minutes) * 60));
    }
    let mut rest = text.as_str();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?.trim_start();
        let unit_end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let seconds = match rest.get(..unit_end)? {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(seconds)?)?;
        rest = rest.get(unit_end..)?.trim_start();
    }
    Some(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let seconds = |text| parse_span(text).map(|span| span.as_secs());
        assert_eq!(seconds("10"), Some(600));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("1 h 30 min"), Some(5400));
        assert_eq!(seconds(" 3 MIN "), Some(180));
        for nonsense in ["", "min", "3 weeks", "-3", "3.5 min", "99999999999999999999 h"] {
            let read = seconds(nonsense);
            assert!(read.is_none() || nonsense.is_empty(), "{nonsense} was read as {read:?}");
        }
    }

    #[test]
    fn a_later_moment_is_never_a_negative_time_ago() {
        let earlier = Timestamp::from_millis(1_000);
        assert_eq!(earlier.since(Timestamp::from_millis(5_000)), Duration::ZERO);
        assert_eq!((earlier + Duration::from_secs(2)).since(earlier), Duration::from_secs(2));
    }

    #[test]
    fn a_day_is_a_whole_utc_day() {
        let moment = Timestamp::from_millis(1_795_399_446_123);
        assert_eq!(moment.day().millis() % 86_400_000, 0);
        assert!(moment.since(moment.day()) < Duration::from_secs(86_400));
    }
}
