//! The encoder's reading of a question, held against each entry: how likely its topic and the entry itself are, and how near the question lies to
//! the entry's texts.

use crate::encoder::{Encoder, Head, Labels, Reading};

use super::entry::{Entry, Part};

/// What is read of a section beside its heading, in words: what it is about stands at its beginning.
const BEGINNING: usize = 20;
/// Smallest share that still counts: what a head rules out is unlikely, not impossible.
const LEAST: f32 = 1e-5;

/// The entries as the encoder sees them.
pub(super) struct Meaning {
    topics: Vec<Option<usize>>,
    entries: Vec<Option<usize>>,
    /// One after the other, each of the same width.
    vectors: Vec<f32>,
    units: Vec<Unit>,
    /// What an entry or a topic that the encoder has not learnt is given.
    unknown: [f32; 2],
}

/// A text of an entry.
#[derive(Clone, Copy, Debug)]
struct Unit {
    entry: usize,
    /// The section it belongs to; `None` for title, questions and short answer.
    section: Option<usize>,
}

/// How near an entry is to a question.
#[derive(Clone, Debug, Default)]
pub(super) struct Nearness {
    /// Natural logarithm of the share that the topic has.
    pub topic: f32,
    /// The same by the words alone.
    pub topic_by_words: f32,
    /// Natural logarithm of the share that the entry has.
    pub entry: f32,
    /// Cosine of the nearest of its texts.
    pub nearest: f32,
    /// Cosine of the next nearest.
    pub second: f32,
    /// Cosine of the nearest text outside the sections.
    pub head: f32,
    /// Cosine of each section.
    pub sections: Vec<f32>,
}

impl Meaning {
    /// Reads the entries' texts. A text whose vector is not kept with the model is computed, a few milliseconds each.
    pub fn new(entries: &[Entry], encoder: &Encoder) -> Meaning {
        let labels = encoder.labels();
        let mut meaning = Meaning {
            topics: entries.iter().map(|entry| labels.place(Head::Topics, &entry.topic)).collect(),
            entries: entries.iter().map(|entry| labels.place(Head::Entries, &entry.id)).collect(),
            vectors: Vec::new(),
            units: Vec::new(),
            unknown: unknown(labels),
        };
        for (number, entry) in entries.iter().enumerate() {
            for (section, text) in texts(entry) {
                if let Some(vector) = encoder.vector(&text) {
                    meaning.vectors.extend(vector);
                    meaning.units.push(Unit { entry: number, section });
                }
            }
        }
        meaning
    }

    /// How near each entry is.
    pub fn read(&self, reading: &Reading) -> Vec<Nearness> {
        let known = |shares: &[f32], place: &Option<usize>, unknown: f32| {
            place.and_then(|place| shares.get(place)).copied().unwrap_or(unknown).max(LEAST).ln()
        };
        let mut near: Vec<Nearness> = self
            .topics
            .iter()
            .zip(&self.entries)
            .map(|(topic, entry)| Nearness {
                topic: known(reading.shares(Head::Topics), topic, self.unknown[0]),
                topic_by_words: known(reading.by_words(Head::Topics), topic, self.unknown[0]),
                entry: known(reading.shares(Head::Entries), entry, self.unknown[1]),
                ..Nearness::default()
            })
            .collect();
        let width = reading.vector.len().max(1);
        for (unit, vector) in self.units.iter().zip(self.vectors.chunks_exact(width)) {
            let cosine: f32 = vector.iter().zip(&reading.vector).map(|(ours, theirs)| ours * theirs).sum();
            let near = &mut near[unit.entry];
            near.second = near.second.max(cosine.min(near.nearest));
            near.nearest = near.nearest.max(cosine);
            match unit.section {
                Some(section) => {
                    near.sections.resize(near.sections.len().max(section + 1), 0.0);
                    near.sections[section] = cosine;
                }
                None => near.head = near.head.max(cosine),
            }
        }
        near
    }
}

/// The texts of an entry that are held against a question, each with its section.
pub(super) fn texts(entry: &Entry) -> Vec<(Option<usize>, String)> {
    let head = entry.questions.iter().chain([&entry.title]).cloned().chain([beginning(&entry.short)]);
    let sections = entry.sections.iter().enumerate().map(|(number, section)| {
        let parts = section.parts.iter().map(|(Part::Paragraph(text) | Part::Item(text))| text.as_str());
        (Some(number), format!("{}. {}", section.heading, beginning(&parts.collect::<Vec<_>>().join(" "))))
    });
    head.map(|text| (None, text)).chain(sections).collect()
}

fn beginning(text: &str) -> String {
    text.split_whitespace().take(BEGINNING).collect::<Vec<_>>().join(" ")
}

/// As much as each would have if all were equal.
fn unknown(labels: &Labels) -> [f32; 2] {
    [Head::Topics, Head::Entries].map(|head| 1.0 / labels.of(head).len().max(1) as f32)
}
