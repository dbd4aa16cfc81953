//! What is stored of a person: what they have set, and the little that goes with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::settings::value::Values;

/// What nobody has used for so long is deleted.
pub const UNUSED: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A person's preferences and the little that goes with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they have set.
    pub settings: Values,
    /// When they last passed the screening; nothing about what applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screened: Option<Timestamp>,
    /// How routines ended, counted by their own tap.
    #[serde(default)]
    pub felt: Felt,
    /// The day of last use, for deleting what nobody uses any more.
    #[serde(default)]
    pub last_used: Timestamp,
    /// After how many days without use it is deleted, where the server of the last use wants less than a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u32>,
}

/// How routines ended, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Felt {
    /// Better.
    pub better: u32,
    /// The same.
    pub same: u32,
    /// Worse.
    pub worse: u32,
}

impl Person {
    /// How long it is kept without use: never longer than what nobody says anything about.
    pub fn kept_for(&self) -> Duration {
        let days = self.keep.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
        days.map_or(UNUSED, |days| days.min(UNUSED))
    }
}
