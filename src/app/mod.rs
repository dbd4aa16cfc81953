//! Floor 5: the program. Configuration, the clock, the runtime and what the command line offers: wiring, no decisions.

pub mod arguments;
pub mod assembly;
pub mod clock;
pub mod commands;
pub mod config;
pub mod control;
pub mod evaluation;
pub mod exit;
pub mod lanes;
pub mod limits;
pub mod log;
pub mod memory;
mod model;
pub mod outbox;
pub mod preflight;
pub mod runtime;
mod serve;
pub mod stores;
pub mod supervise;
pub mod watch;
