//! The laws of Nape: what holds whatever people type, press and wait, and in whatever order it happens.
//!
//! `world` plays the runtime with a store in memory, `actions` makes random histories, `checks` judges every single event.
//! `PROPTEST_CASES=2000 cargo test --test laws` looks harder than usual.

#![expect(clippy::unwrap_used, reason = "a world that can't be built is a failed test")]

mod actions;
mod admins;
mod checks;
mod histories;
mod messages;
mod plans;
mod sessions;
mod strings;
mod world;

use proptest::test_runner::Config;

/// So many cases, or as many as `PROPTEST_CASES` says. Failures are kept as named tests, not as seeds.
fn cases(usual: u32) -> Config {
    let said = Config::default();
    // Proptest's own number stands for "nothing said".
    let cases = if said.cases == 256 { usual } else { said.cases };
    Config { cases, failure_persistence: None, max_shrink_iters: 3_000, ..said }
}
