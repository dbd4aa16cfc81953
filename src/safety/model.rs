//! What the safety content is made of: red flags, screening questions, hard rules.

use serde::{Deserialize, Serialize};

/// How soon somebody has to look at it. Ordered: a higher urgency outranks a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A doctor within days; touch-free routines only.
    SeeDoctor,
    /// Medical contact today.
    SameDay,
    /// Emergency care now.
    Emergency,
}

/// One red flag of `safety/en.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedFlag {
    /// `RF01` … `RF29`.
    pub id: String,
    /// Plain title, for the list that `safety` shows.
    pub title: String,
    /// How urgent the flag is when nothing in the text says otherwise.
    pub urgency: Urgency,
    /// What to do, as the person reads it: action first, under 60 words for an emergency.
    pub advice: String,
    /// The advice when the flag is raised to an emergency by what was written; empty when `advice` already is one.
    #[serde(default)]
    pub emergency_advice: String,
    /// The one closed question for a doubtful case.
    pub ask: String,
    /// The entry that answers a general question about this flag.
    #[serde(default)]
    pub about: String,
    /// Where it comes from: ids of `sources.toml`.
    pub sources: Vec<String>,
    /// Phrases that must raise the flag, for tests and for the reader.
    pub examples: Vec<Example>,
    /// Phrases that must not raise it.
    pub not_examples: Vec<String>,
}

/// A phrase that must raise its flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// As a person writes it.
    pub text: String,
    /// The urgency it must be raised with, where it isn't the flag's own.
    #[serde(default)]
    pub urgency: Option<Urgency>,
}

/// One reason not to, as the screening lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningItem {
    /// `Q01` … `Q25`.
    pub id: String,
    /// The item as one line of the list that a person reads before the first routine; at most 20 words.
    pub line: String,
    /// The full question, for `safety`.
    pub question: String,
    /// What follows from it.
    pub then: String,
    /// Whether it is part of the short check before each routine.
    #[serde(default)]
    pub each_time: bool,
    /// Where it comes from: ids of `sources.toml`.
    pub sources: Vec<String>,
}

/// One rule that the bot keeps, whatever anyone says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardRule {
    /// `HR01` … `HR28`.
    pub id: String,
    /// The rule.
    pub text: String,
    /// Where it comes from: ids of `sources.toml`.
    pub sources: Vec<String>,
}

/// All of `safety/en.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafetyContent {
    /// The red flags.
    #[serde(rename = "red_flag", default)]
    pub red_flags: Vec<RedFlag>,
    /// The screening.
    #[serde(rename = "screening", default)]
    pub screening: Vec<ScreeningItem>,
    /// The hard rules.
    #[serde(rename = "hard_rule", default)]
    pub hard_rules: Vec<HardRule>,
}

impl SafetyContent {
    /// The flag with this id.
    pub fn red_flag(&self, id: &str) -> Option<&RedFlag> {
        self.red_flags.iter().find(|flag| flag.id == id)
    }
}

/// What the gate makes of a text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Nothing that the gate knows: go on.
    #[default]
    Clear,
    /// A general question about a flag: answer it, and ask whether anything like that is happening now.
    About {
        /// The flag.
        flag: String,
    },
    /// A figure of speech that deserves one kind check-in ("this migraine is killing me") before going on.
    CheckIn,
    /// Perhaps: ask the flag's one closed question; no clear answer means the flag's own urgency.
    Doubtful {
        /// The flag.
        flag: String,
        /// The urgency it would have.
        urgency: Urgency,
    },
    /// A red flag.
    Raised {
        /// The flag that decides: the most urgent one.
        flag: String,
        /// Its urgency after what the text adds to it.
        urgency: Urgency,
    },
}

impl Verdict {
    /// Its name in the files of the training.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Clear => "clear",
            Verdict::About { .. } => "about",
            Verdict::CheckIn => "check_in",
            Verdict::Doubtful { .. } => "doubtful",
            Verdict::Raised { .. } => "raised",
        }
    }

    /// The urgency, when a flag is raised.
    pub fn urgency(&self) -> Option<Urgency> {
        match self {
            Verdict::Raised { urgency, .. } => Some(*urgency),
            Verdict::Clear | Verdict::About { .. } | Verdict::CheckIn | Verdict::Doubtful { .. } => None,
        }
    }
}
