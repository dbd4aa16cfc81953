//! Floor 2: routines. Choosing and fitting the steps ([`plan`]), keeping the sides fair ([`fairness`]), and leading
//! somebody through them ([`session`]).
//!
//! Pure: time comes in, states go out; no sentence is written here.

pub mod fairness;
pub mod happening;
pub mod model;
pub mod plan;
#[cfg(test)]
mod samples;
pub mod session;
