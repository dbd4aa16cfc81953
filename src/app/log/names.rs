//! Short names for people, places and events in the log: the same for as long as the program runs, another at the next start, and no way
//! back to the id, which anybody could else find by trying.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Drawn anew at every start.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The name of an id of ours, which begins with its platform's: the same as that of the platform's own.
pub fn of(id: &str) -> String {
    name(id.split_once(':').map_or(id, |(_, local)| local))
}

/// The name of a platform's own id.
pub fn name(id: &str) -> String {
    format!("{:08x}", KEY.hash_one(id) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_has_the_same_name_and_others_another() {
        assert_eq!(of("terminal:me"), of("terminal:me"));
        assert_eq!(of("matrix:@me:example.org"), name("@me:example.org"));
        assert_ne!(of("terminal:me"), of("terminal:you"));
        assert!(!of("terminal:4711").contains("4711"));
    }
}
