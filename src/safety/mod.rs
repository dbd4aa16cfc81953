//! Floor 2: the red-flag gate, screening and locks.
//!
//! Every text that a person sends passes [`gate::Gate`] before anything else happens with it. Nothing here writes a sentence: it says
//! which flag was raised and how urgent it is; the words belong to the content and to the locale.

mod clauses;
pub mod gate;
mod learned;
pub mod model;
mod pattern;
pub mod rules;
mod rules_file;
mod scope;
mod text;
mod typo;

pub use learned::{Readings, Scores, Thresholds};

#[cfg(test)]
mod tests;
