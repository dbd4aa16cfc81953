//! Floor 0: time, identity and evidence grades. No clock, no I/O, nothing of a platform.

pub mod evidence;
pub mod id;
pub mod time;
