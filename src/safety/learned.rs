//! The learned half of the gate: the encoder's score of a text, joined with what the rules say of it.
//!
//! Rules catch what somebody thought of; the encoder catches what means the same in other words. What the rules of the fixed list raise (`always`
//! in the rules' file) stays raised whatever the encoder thinks. Another rule against an encoder that is sure of no danger is not silenced
//! either: the message is answered, with the question whether anything like that is happening now.

use serde::Deserialize;

use crate::encoder::{Head, Reading};

use super::model::{Urgency, Verdict};

/// Smallest share that still counts.
const LEAST: f32 = 1e-5;

/// From this sum of both log odds on a text is read clause by clause as well. Below, no clause of any text that was looked at turned out to be a flag, and
/// four of five questions stay there: reading them once more would only make them wait.
const DOUBTED_FROM: f32 = -6.5;

/// What the learned score counts, and from where on it is believed. Fitted by `config/model/train/calibrate.py`; it comes with the model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Log odds of a red flag: constant, log odds of the intent, log odds of any urgency, by how much the worst clause exceeds their sum, and log odds of
    /// the intent by the words alone.
    score: [f32; 5],
    /// What it adds that the rules raise a flag, doubt, know it as asked about, or see a figure of speech.
    raised: f32,
    doubtful: f32,
    about: f32,
    check_in: f32,
    /// From this probability on the flag is raised.
    raise_from: f32,
    /// From this probability on one closed question is asked.
    doubt_from: f32,
    /// From this share of the emergencies among the urgent on it is an emergency.
    emergency_from: f32,
}

/// What is known of a text before it is decided: what the thresholds are fitted on.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Scores {
    /// Log odds that the intent head sees a red flag.
    pub intent: f32,
    /// The same by the words alone, in whatever order.
    pub by_words: f32,
    /// Log odds that the urgency head sees any urgency.
    pub urgent: f32,
    /// The share of emergency among the urgencies.
    pub emergency: f32,
    /// The share of today among the urgencies.
    pub same_day: f32,
}

/// The encoder's readings of a text.
#[derive(Debug, Default)]
pub struct Readings {
    /// Of all of it, a window after the other.
    pub windows: Vec<Reading>,
    /// Whether the windows are all of it.
    pub all: bool,
    /// Of its clauses, if it was doubtful.
    pub clauses: Vec<Reading>,
}

impl Readings {
    /// Whether the clauses should be read as well.
    pub fn are_doubtful(&self) -> bool {
        self.windows.iter().any(|window| Scores::of(window).sum() > DOUBTED_FROM)
    }
}

impl Scores {
    /// The scores of one reading.
    pub fn of(reading: &Reading) -> Scores {
        let urgency = |name: &str| reading.share(Head::Urgencies, name).max(LEAST);
        let [see_doctor, same_day, emergency] = ["see_doctor", "same_day", "emergency"].map(urgency);
        let any = see_doctor + same_day + emergency;
        Scores {
            intent: odds(reading.share(Head::Intents, "red_flag")),
            by_words: odds(reading.share_by_words(Head::Intents, "red_flag")),
            urgent: odds(1.0 - reading.share(Head::Urgencies, "none")),
            emergency: emergency / any,
            same_day: same_day / any,
        }
    }

    fn sum(&self) -> f32 {
        self.intent + self.urgent
    }
}

impl Thresholds {
    /// Joins what the rules say with what the encoder made of the same text. `always`: the rules' flag is on the fixed list.
    pub(super) fn join(&self, rules: Verdict, always: bool, readings: &Readings) -> Verdict {
        let worst = |readings: &'_ [Reading]| {
            let scored = readings.iter().map(|reading| (Scores::of(reading), reading.first(Head::Flags).to_owned()));
            scored.max_by(|a, b| a.0.sum().total_cmp(&b.0.sum()))
        };
        let Some(window) = worst(&readings.windows) else { return rules };
        let clause = worst(&readings.clauses).filter(|clause| clause.0.sum() > window.0.sum());
        let excess = clause.as_ref().map_or(0.0, |clause| clause.0.sum() - window.0.sum());
        let by_words = clause.as_ref().map_or(f32::MIN, |clause| clause.0.by_words).max(window.0.by_words);
        let known = [1.0, window.0.intent, window.0.urgent, excess, by_words];
        let score: f32 = self.score.iter().zip(known).map(|(weight, value)| weight * value).sum();
        let bias = match rules {
            Verdict::Raised { .. } => self.raised,
            Verdict::Doubtful { .. } => self.doubtful,
            Verdict::About { .. } => self.about,
            Verdict::CheckIn => self.check_in,
            Verdict::Clear => 0.0,
        };
        let probability = 1.0 / (1.0 + (-(score + bias)).exp());
        let (plainest, likely) = clause.unwrap_or(window);
        let learned = self.urgency(&plainest);
        let (flag, urgency) = match &rules {
            // The rules know which flag it is; the more urgent of both is believed, the encoder's only if it is sure by itself.
            Verdict::Raised { flag, urgency } | Verdict::Doubtful { flag, urgency } => {
                (flag.clone(), if score > 0.0 { learned.max(*urgency) } else { *urgency })
            }
            Verdict::About { .. } | Verdict::CheckIn | Verdict::Clear => (likely, learned),
        };
        match rules {
            // What the encoder has not read it can't make harmless.
            Verdict::Raised { .. } if always || !readings.all => Verdict::Raised { flag, urgency },
            _ if probability >= self.raise_from => Verdict::Raised { flag, urgency },
            _ if probability >= self.doubt_from => Verdict::Doubtful { flag, urgency },
            Verdict::Raised { .. } | Verdict::Doubtful { .. } => Verdict::About { flag },
            other => other,
        }
    }

    fn urgency(&self, scores: &Scores) -> Urgency {
        if scores.emergency >= self.emergency_from {
            Urgency::Emergency
        } else if scores.same_day >= 1.0 - scores.same_day - scores.emergency {
            Urgency::SameDay
        } else {
            Urgency::SeeDoctor
        }
    }
}

fn odds(probability: f32) -> f32 {
    let inside = probability.clamp(LEAST, 1.0 - LEAST);
    (inside / (1.0 - inside)).ln()
}
