//! What the evidence behind a text is worth: the one scale that entries, routines and terms share.

use serde::{Deserialize, Serialize};

/// What the evidence behind a text is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Guideline or official classification.
    Guideline,
    /// Systematic review.
    Review,
    /// Randomised trial.
    Trial,
    /// Observational study or case report.
    Observational,
    /// Expert, patient organisation or narrative review.
    Expert,
    /// Only said by the article that Nape started from.
    Seed,
    /// Contradicted or unproven.
    Unproven,
    /// A careful choice made for Nape.
    Design,
}

impl Grade {
    /// Every grade, strongest first.
    pub const ALL: [Grade; 8] = [
        Grade::Guideline,
        Grade::Review,
        Grade::Trial,
        Grade::Observational,
        Grade::Expert,
        Grade::Seed,
        Grade::Unproven,
        Grade::Design,
    ];

    /// Its name in content files and phrase keys.
    pub fn name(self) -> &'static str {
        match self {
            Grade::Guideline => "guideline",
            Grade::Review => "review",
            Grade::Trial => "trial",
            Grade::Observational => "observational",
            Grade::Expert => "expert",
            Grade::Seed => "seed",
            Grade::Unproven => "unproven",
            Grade::Design => "design",
        }
    }
}
