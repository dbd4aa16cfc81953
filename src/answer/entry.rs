//! A knowledge entry, as the content holds it and as answers use it.

use crate::base::evidence::Grade;

/// One entry: what people ask about one thing, answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id, also the file's name.
    pub id: String,
    /// The topic it belongs to, e.g. `technique.effleurage`.
    pub topic: String,
    /// Plain title.
    pub title: String,
    /// What people ask that this answers.
    pub questions: Vec<String>,
    /// Lower-case words that help to find it.
    pub tags: Vec<String>,
    /// Ids of `sources.toml`.
    pub sources: Vec<String>,
    /// What the evidence is worth.
    pub grade: Grade,
    /// One clause on the evidence that replaces the grade's own; empty for that.
    pub evidence: String,
    /// The day somebody last compared it with its sources.
    pub checked: jiff::civil::Date,
    /// The day by which it must be looked at again.
    pub review_by: jiff::civil::Date,
    /// Ids of entries that lead on.
    pub related: Vec<String>,
    /// The clinician who read it; empty until one has.
    pub reviewed_by: String,
    /// The short answer, at most 60 words.
    pub short: String,
    /// The longer text.
    pub sections: Vec<Section>,
}

/// One section of an entry's longer text.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its paragraphs and list items.
    pub parts: Vec<Part>,
}

/// A paragraph or a list item.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A paragraph.
    Paragraph(String),
    /// A list item.
    Item(String),
}

impl Entry {
    /// The tag that makes an entry a card of `technique`.
    pub const CARD: &'static str = "card";

    /// Whether `technique` shows it as a card.
    pub fn is_card(&self) -> bool {
        self.tags.iter().any(|tag| tag == Self::CARD)
    }

    /// The section with this heading.
    pub fn section(&self, heading: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.heading == heading)
    }
}
