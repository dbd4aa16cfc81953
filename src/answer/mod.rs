//! Floor 2: finding the entry that answers a question, and knowing when there is none.
//!
//! [`Answerer`] is the door: built from the entries and the scope file, it turns a question into a [`Finding`]. Behind it, `words` cuts
//! and stems, `repair` mends slips, `patterns` knows what is out of scope or small talk, `lexical` and `rank` score the entries, and
//! `bands` decides. How it ranks is hidden, because an encoder will join the words.
//!
//! Nothing here writes a sentence, and no text of a person is kept.

mod answerer;
mod bands;
pub mod entry;
mod finding;
mod lexical;
mod patterns;
mod phrases;
mod rank;
mod repair;
mod scope;
mod words;

#[cfg(test)]
mod measure;
#[cfg(test)]
mod tables;

pub use answerer::Answerer;
pub use finding::{Finding, Outcome, Ranked, ScopeKind, SmalltalkKind};
pub use scope::{Problem, Scope};
