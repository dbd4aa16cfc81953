//! What looking for an answer found.

/// What looking for an answer found: what to do, how sure that is, and the entries that come nearest.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What to do with the message.
    pub outcome: Outcome,
    /// How sure the outcome `Answer` would be, 0 to 1. It is given whatever the outcome is, and the bands are cut from it.
    pub confidence: f32,
    /// Whether others should be offered beside the answer: it is likely, and far from sure.
    pub close: bool,
    /// The nearest entries, best first, at most [`Finding::MOST`]; empty when no word of the message is known.
    pub ranked: Vec<Ranked>,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first ranked entry answers it.
    Answer,
    /// One of the first ranked entries probably answers it: ask which.
    DidYouMean,
    /// Nothing here answers it.
    Unknown,
    /// It asks for something that is never answered here.
    OutOfScope(ScopeKind),
    /// It is no question.
    Smalltalk(SmalltalkKind),
}

/// An entry and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The entry's id.
    pub entry: String,
    /// The entry's topic.
    pub topic: String,
    /// The indices of the sections that answer better than the short answer alone, in their order; at most [`Ranked::SECTIONS`].
    pub sections: Vec<usize>,
    /// How well the entry fits, 0 to 1.
    pub score: f32,
}

impl Ranked {
    /// Sections shown at most: more than that is the whole entry, which is one choice away.
    pub const SECTIONS: usize = 2;
}

/// Why something is out of scope. The order is the order of precedence: when several fit, the first is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// Cracking, thrusting, pulling the neck, pressing the front of it, or worse.
    Manipulation,
    /// An attempt to change the rules.
    RuleChange,
    /// Insults.
    Abuse,
    /// How much of a medicine, which, or with what.
    MedicationDose,
    /// What somebody suffers from.
    Diagnosis,
    /// A treatment that no entry is about.
    OtherTreatment,
    /// A part of the body, or a creature, that no entry is about.
    OtherBodyPart,
    /// Another subject altogether.
    Unrelated,
}

/// What people say that is no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SmalltalkKind {
    /// Hello.
    Greeting,
    /// Thanks.
    Thanks,
    /// Goodbye.
    Goodbye,
    /// How are you.
    HowAreYou,
    /// Anything else that is said to be said.
    Chat,
}

impl Finding {
    /// Entries ranked at most.
    pub const MOST: usize = 10;

    /// The ranked topics, best first, each once.
    pub fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<&str> = Vec::with_capacity(self.ranked.len());
        for ranked in &self.ranked {
            if !topics.contains(&ranked.topic.as_str()) {
                topics.push(&ranked.topic);
            }
        }
        topics
    }
}

impl Outcome {
    /// Its name, as it stands in results and counts.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answer => "answer",
            Outcome::DidYouMean => "did_you_mean",
            Outcome::Unknown => "unknown",
            Outcome::OutOfScope(_) => "out_of_scope",
            Outcome::Smalltalk(_) => "smalltalk",
        }
    }
}

impl ScopeKind {
    /// Every kind, in the order of precedence.
    pub const ALL: [ScopeKind; 8] = [
        ScopeKind::Manipulation,
        ScopeKind::RuleChange,
        ScopeKind::Abuse,
        ScopeKind::MedicationDose,
        ScopeKind::Diagnosis,
        ScopeKind::OtherTreatment,
        ScopeKind::OtherBodyPart,
        ScopeKind::Unrelated,
    ];

    /// Its name in content files.
    pub fn name(self) -> &'static str {
        match self {
            ScopeKind::Manipulation => "manipulation",
            ScopeKind::RuleChange => "rule_change",
            ScopeKind::Abuse => "abuse",
            ScopeKind::MedicationDose => "medication_dose",
            ScopeKind::Diagnosis => "diagnosis",
            ScopeKind::OtherTreatment => "other_treatment",
            ScopeKind::OtherBodyPart => "other_body_part",
            ScopeKind::Unrelated => "unrelated",
        }
    }
}

impl SmalltalkKind {
    /// Every kind, in the order of precedence.
    pub const ALL: [SmalltalkKind; 5] = [
        SmalltalkKind::Thanks,
        SmalltalkKind::Goodbye,
        SmalltalkKind::HowAreYou,
        SmalltalkKind::Greeting,
        SmalltalkKind::Chat,
    ];

    /// Its name in content files.
    pub fn name(self) -> &'static str {
        match self {
            SmalltalkKind::Greeting => "greeting",
            SmalltalkKind::Thanks => "thanks",
            SmalltalkKind::Goodbye => "goodbye",
            SmalltalkKind::HowAreYou => "how_are_you",
            SmalltalkKind::Chat => "chat",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_come_once_each_in_the_order_of_their_best_entry() {
        let ranked = |entry: &str, topic: &str| Ranked {
            entry: entry.into(),
            topic: topic.into(),
            sections: Vec::new(),
            score: 0.5,
        };
        let finding = Finding {
            outcome: Outcome::Answer,
            confidence: 0.5,
            close: false,
            ranked: vec![ranked("a", "x"), ranked("b", "y"), ranked("c", "x")],
        };
        assert_eq!(finding.topics(), ["x", "y"]);
    }
}
