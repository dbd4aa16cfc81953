//! What each kind of evidence counts. The figures are fitted to questions by `config/model/train/calibrate.py` and come with the model; none is
//! set by hand.

use serde::Deserialize;

/// Kinds of evidence for an entry, in the order of [`Evidence`].
pub(super) const EVIDENCE: [&str; 12] = [
    "topic",
    "entry",
    "nearest",
    "second",
    "likeness",
    "next_likeness",
    "words",
    "coverage",
    "led_to_entry",
    "led_to_topic",
    "own",
    "topic_by_words",
];
/// The evidence for one entry.
pub(super) type Evidence = [f32; EVIDENCE.len()];

/// What tells questions of ours from others, in the order of [`Signs`].
pub(super) const SIGNS: [&str; 17] = [
    "out_of_scope",
    "smalltalk",
    "red_flag",
    "topic",
    "nearest",
    "coverage",
    "manipulation",
    "rule_change",
    "abuse",
    "medication_dose",
    "diagnosis",
    "other_treatment",
    "other_body_part",
    "unrelated",
    "out_of_scope_by_words",
    "smalltalk_by_words",
    "red_flag_by_words",
];
/// What tells a message's scope.
pub(super) type Signs = [f32; SIGNS.len()];

/// The weights and thresholds of answering.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Of each kind of evidence in an entry's score; shares of entries are the softmax of their scores.
    pub(super) rank: Vec<f32>,
    /// How sure the first topic is: constant, log odds of its share, lead over the next, log odds of being a question of ours, coverage.
    pub(super) sure: Vec<f32>,
    /// Log odds of being out of scope: constant, then one for each sign.
    pub(super) scope: Vec<f32>,
    /// From this probability on it is out of scope.
    pub(super) out_of_scope_from: f32,
    /// From this share of the intent head on it is small talk.
    pub(super) smalltalk_from: f32,
    /// From this confidence on the first entry answers.
    pub(super) answer_from: f32,
    /// From this confidence on no others are offered beside the answer.
    pub(super) sure_from: f32,
    /// From this confidence on the nearest entries are offered.
    pub(super) offer_from: f32,
    /// Score of a section: cosine, its share of the question's words; and of the short answer: constant, cosine.
    pub(super) section: Vec<f32>,
}

impl Weights {
    /// Whether there is a weight for everything.
    ///
    /// # Errors
    /// Which list has another length than it must have.
    pub fn check(&self) -> Result<(), String> {
        let lists = [
            ("rank", self.rank.len(), EVIDENCE.len()),
            ("sure", self.sure.len(), 5),
            ("scope", self.scope.len(), SIGNS.len() + 1),
            ("section", self.section.len(), 4),
        ];
        match lists.into_iter().find(|(_, have, want)| have != want) {
            None => Ok(()),
            Some((name, have, want)) => {
                Err(format!("`{name}` has {have} weights instead of {want}; run the calibration again"))
            }
        }
    }
}

/// The weighted sum.
pub(super) fn weighed(weights: &[f32], values: &[f32]) -> f32 {
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
}

/// From log odds to a probability.
pub(super) fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

/// From a probability to log odds, within bounds that a figure of 32 bits can carry.
pub(super) fn odds(probability: f32) -> f32 {
    let inside = probability.clamp(1e-5, 1.0 - 1e-5);
    (inside / (1.0 - inside)).ln()
}
