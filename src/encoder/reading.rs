//! What the encoder makes of a text.

use std::sync::Arc;

/// What each head tells apart, in the order of its outputs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// The topics of the knowledge.
    pub topics: Vec<String>,
    /// The entries that there were when the encoder was trained.
    pub entries: Vec<String>,
    /// `answer`, `red_flag`, `out_of_scope`, `smalltalk`.
    pub intents: Vec<String>,
    /// `none`, `see_doctor`, `same_day`, `emergency`.
    pub urgencies: Vec<String>,
    /// `RF01` and so on.
    pub flags: Vec<String>,
    /// Kinds of out of scope.
    pub kinds: Vec<String>,
}

/// A head of the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Head {
    /// Which topic a question is on.
    Topics,
    /// Which entry answers it.
    Entries,
    /// Question, red flag, out of scope or small talk.
    Intents,
    /// How urgent it is.
    Urgencies,
    /// Which red flag it is, if it is one.
    Flags,
    /// Which kind of out of scope it is, if it is.
    Kinds,
}

impl Head {
    /// Every head, in the order in which a reading holds them.
    pub const ALL: [Head; 6] = [Head::Topics, Head::Entries, Head::Intents, Head::Urgencies, Head::Flags, Head::Kinds];

    /// Its name in the files of the model.
    pub fn name(self) -> &'static str {
        match self {
            Head::Topics => "topics",
            Head::Entries => "entries",
            Head::Intents => "intents",
            Head::Urgencies => "urgencies",
            Head::Flags => "flags",
            Head::Kinds => "kinds",
        }
    }
}

impl Labels {
    /// What a head tells apart.
    pub fn of(&self, head: Head) -> &[String] {
        match head {
            Head::Topics => &self.topics,
            Head::Entries => &self.entries,
            Head::Intents => &self.intents,
            Head::Urgencies => &self.urgencies,
            Head::Flags => &self.flags,
            Head::Kinds => &self.kinds,
        }
    }

    /// The place of a label among the outputs of its head.
    pub fn place(&self, head: Head, label: &str) -> Option<usize> {
        self.of(head).iter().position(|known| known == label)
    }
}

/// What the encoder makes of a text: a vector, and what each head gives to each of its labels.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The unit vector of the text: texts that mean the same lie close together.
    pub vector: Vec<f32>,
    labels: Arc<Labels>,
    /// For each head a distribution over its labels: 0 to 1, together 1.
    shares: [Vec<f32>; 6],
    /// The same of topics and intents, by the words alone.
    by_words: [Vec<f32>; 2],
}

impl Reading {
    pub(super) fn new(vector: Vec<f32>, labels: Arc<Labels>, shares: [Vec<f32>; 6], by_words: [Vec<f32>; 2]) -> Self {
        Self { vector, labels, shares, by_words }
    }

    /// What a head gives to all its labels, in their order.
    pub fn shares(&self, head: Head) -> &[f32] {
        &self.shares[head as usize]
    }

    /// What a head gives to a label, 0 to 1; 0 for one that it doesn't know.
    pub fn share(&self, head: Head, label: &str) -> f32 {
        self.labels.place(head, label).map_or(0.0, |place| self.shares(head)[place])
    }

    /// What the words alone, in whatever order, give to the labels of a head, in their order; nothing for a head other than topics and intents.
    pub fn by_words(&self, head: Head) -> &[f32] {
        match head {
            Head::Topics => &self.by_words[0],
            Head::Intents => &self.by_words[1],
            Head::Entries | Head::Urgencies | Head::Flags | Head::Kinds => &[],
        }
    }

    /// What the words alone give to a label, 0 to 1; 0 for one that they don't tell.
    pub fn share_by_words(&self, head: Head, label: &str) -> f32 {
        self.labels.place(head, label).and_then(|place| self.by_words(head).get(place)).copied().unwrap_or(0.0)
    }

    /// The label that a head gives most to.
    pub fn first(&self, head: Head) -> &str {
        let best = self.shares(head).iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or("", |(place, _)| &self.labels.of(head)[place])
    }
}
