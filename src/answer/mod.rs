//! Floor 2: finding the entry that answers a question, and knowing when there is none.
//!
//! [`Answerer`] is the door: built from the entries and the scope file, it turns a question into a [`Finding`]. Behind it, `words` cuts
//! and stems, `repair` mends slips, `patterns` knows what is out of scope or small talk. With an encoder's reading, `meaning` holds it against each
//! entry, and `learned` weighs it together with the words by the fitted figures of `weights`. Without one, `lexical` and `rank` score the
//! entries by words alone, and `bands` decides.
//!
//! Nothing here writes a sentence, and no text of a person is kept.

mod answerer;
mod bands;
pub mod entry;
mod finding;
mod learned;
mod lexical;
mod meaning;
mod patterns;
mod phrases;
mod rank;
mod repair;
mod scope;
mod weights;
mod words;

/// The texts of an entry that questions are held against: the encoder's vectors of them are kept with the model.
pub fn texts(entry: &entry::Entry) -> Vec<String> {
    meaning::texts(entry).into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod measure;
#[cfg(test)]
mod tables;

pub use answerer::Answerer;
pub use finding::{Finding, Outcome, Ranked, ScopeKind, SmalltalkKind};
pub use learned::Case;
pub use scope::{Problem, Scope};
pub use weights::Weights;
