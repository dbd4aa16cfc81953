//! The lexical reading: how many of a question's words an entry has, and where.
//!
//! Two scores for each entry: BM25 over its fields, each with a weight (what the entry is about), and how nearly one of its questions or
//! its title equals the question (what people ask it). Words that mean the same are joined by a mark that stands beside them.

use super::entry::{Entry, Part};
use super::phrases::{Phrases, Place};
use super::words::{Term, Token, Words};

/// BM25: how quickly a repeated word stops counting.
const K1: f32 = 1.2;
/// BM25: how much a long field is held against it.
const B: f32 = 0.6;
/// What a word in each field counts: title, questions, tags, short answer, headings, longer text.
const WEIGHTS: [f32; FIELDS] = [2.5, 2.5, 2.0, 1.2, 1.0, 0.5];
const FIELDS: usize = 6;
/// What a stop word counts when two questions are compared, in units of idf: enough to prefer "how do I" to "what is".
const STOP_MASS: f32 = 0.18;
/// What the mark of a group of synonyms counts, and what the word itself does then.
const MARK: f32 = 1.0;
const MARKED_WORD: f32 = 0.35;
/// How much of the comparison with a question is about the asked words; the rest is about the written ones.
const ASKED: f32 = 0.5;
/// The part of the content's longer text that a section must hold of the question's weight before it is pointed at.
const SECTION_FROM: f32 = 0.5;
/// How much better than the next section it must be.
const SECTION_LEAD: f32 = 1.15;

/// The entries' words, turned inside out.
pub(super) struct Lexical {
    synonyms: Phrases,
    marks: Vec<Term>,
    idf: Vec<f32>,
    unknown_idf: f32,
    /// For each term, the entries that have it and its BM25 share there, 0 to 1.
    entries: Vec<Vec<(u32, f32)>>,
    /// For each term, the questions and titles that have it.
    units: Vec<Vec<u32>>,
    unit_entry: Vec<u32>,
    unit_mass: Vec<f32>,
    /// For each entry, its sections' terms, sorted.
    sections: Vec<Vec<Vec<Term>>>,
    /// For each entry, the terms of its title, questions and tags, sorted.
    heads: Vec<Vec<Term>>,
}

/// A question as weighted terms.
pub(super) struct Query {
    /// Each term once: number, and what it counts in units of idf. Stop words are in `stops`.
    terms: Vec<(Term, f32)>,
    stops: Vec<Term>,
    /// What all its words count, unknown ones included, stop words not.
    mass: f32,
}

/// How well one entry fits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields {
    /// Likeness of the nearest question or title, 0 to 1.
    pub likeness: f32,
    /// Likeness of the next nearest: an entry that is near by two of its questions is rarely so by chance.
    pub second: f32,
    /// BM25 as a part of the most that these words could reach, 0 to 1.
    pub words: f32,
    /// The part of the question's weight that the entry has at all, 0 to 1.
    pub coverage: f32,
}

impl Lexical {
    /// Reads the entries; their words become known.
    pub fn new(entries: &[Entry], groups: &[Vec<String>], words: &mut Words) -> Self {
        let mut lexical = Self::empty(groups, words);
        let fields: Vec<[Vec<Term>; FIELDS]> = entries.iter().map(|entry| lexical.fields(entry, words)).collect();
        lexical.count(&fields, words);
        lexical.weigh(&fields, words);
        for (number, entry) in entries.iter().enumerate() {
            for text in entry.questions.iter().chain([&entry.title]) {
                lexical.add_unit(number, text, words);
            }
            let sections = entry.sections.iter().map(|section| {
                let parts = section.parts.iter().map(|(Part::Paragraph(text) | Part::Item(text))| text.as_str());
                let text: Vec<&str> = parts.chain([section.heading.as_str()]).collect();
                sorted(lexical.marked(&text.join(" "), words))
            });
            lexical.sections.push(sections.collect());
            lexical.heads.push(sorted(fields[number][..3].concat()));
        }
        lexical
    }

    /// Reads a question.
    pub fn query(&self, tokens: &[Token], words: &Words) -> Query {
        let mut query = Query { terms: Vec::with_capacity(tokens.len() * 2), stops: Vec::new(), mass: 0.0 };
        let mut marked = vec![false; tokens.len()];
        let mut marks: Vec<Term> = Vec::new();
        self.synonyms.find(tokens, |found| {
            marked[found.start..found.end].fill(true);
            if !marks.contains(&self.marks[found.label]) {
                marks.push(self.marks[found.label]);
            }
        });
        for mark in marks {
            query.add(mark, MARK * self.idf_of(mark));
        }
        let mut unknown = 0;
        for (token, marked) in tokens.iter().zip(marked) {
            match token.term {
                Some(term) if words.is_stop(term) => query.stops.push(term),
                Some(term) if self.idf_of(term) > 0.0 => {
                    query.add(term, self.idf_of(term) * if marked { MARKED_WORD } else { 1.0 });
                }
                // A word that no entry uses: it may be what the question is about, so it counts against every entry.
                _ if !marked && !token.number => unknown += 1,
                _ => {}
            }
        }
        query.mass += unknown as f32 * self.unknown_idf;
        query.stops.sort_unstable();
        query.stops.dedup();
        query
    }

    /// How well each entry fits, in the order of the entries.
    pub fn read(&self, query: &Query) -> Vec<Fields> {
        let mut fields = vec![Fields::default(); self.heads.len()];
        let mut shared = vec![0.0_f32; self.unit_mass.len()];
        for (term, weight) in &query.terms {
            for (entry, part) in &self.entries[*term as usize] {
                let field = &mut fields[*entry as usize];
                field.words += weight * part;
                field.coverage += weight;
            }
            for unit in &self.units[*term as usize] {
                shared[*unit as usize] += weight;
            }
        }
        for term in &query.stops {
            for unit in &self.units[*term as usize] {
                if shared[*unit as usize] > 0.0 {
                    shared[*unit as usize] += STOP_MASS;
                }
            }
        }
        let asked = query.mass + query.stops.len() as f32 * STOP_MASS;
        for (unit, shared) in shared.iter().enumerate().filter(|(_, shared)| **shared > 0.0) {
            let likeness = (shared / (ASKED * asked + (1.0 - ASKED) * self.unit_mass[unit])).min(1.0);
            let field = &mut fields[self.unit_entry[unit] as usize];
            field.second = field.second.max(likeness.min(field.likeness));
            field.likeness = field.likeness.max(likeness);
        }
        for field in fields.iter_mut().filter(|field| field.coverage > 0.0) {
            field.words /= query.mass;
            field.coverage /= query.mass;
        }
        fields
    }

    /// The part of the question's weight that each section of the entry has, 0 to 1.
    pub fn shares(&self, entry: usize, query: &Query) -> impl Iterator<Item = f32> {
        self.weights(entry, query).map(|weight| if query.mass > 0.0 { weight / query.mass } else { 0.0 })
    }

    /// How much of the question's weight each section of the entry has.
    fn weights(&self, entry: usize, query: &Query) -> impl Iterator<Item = f32> {
        let has = |terms: &[Term], term: Term| terms.binary_search(&term).is_ok();
        self.sections[entry]
            .iter()
            .map(move |terms| query.terms.iter().filter(|(term, _)| has(terms, *term)).map(|(_, weight)| weight).sum())
    }

    /// The section of the entry that holds most of the question, if one clearly does.
    pub fn section(&self, entry: usize, query: &Query) -> Option<usize> {
        let shares: Vec<f32> = self.weights(entry, query).collect();
        let (best, most) = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
        let next = shares.iter().enumerate().filter(|(n, _)| *n != best).map(|(_, share)| *share).fold(0.0, f32::max);
        (*most >= SECTION_FROM * query.mass && *most >= SECTION_LEAD * next && *most > 0.0).then_some(best)
    }

    /// Whether the entry's title, questions and tags have all these words, stop words aside, and there is one.
    pub fn names(&self, entry: usize, tokens: impl Iterator<Item = Token>) -> bool {
        let mut telling = tokens.filter(|token| !token.stop && !token.number).peekable();
        telling.peek().is_some()
            && telling.all(|token| token.term.is_some_and(|term| self.heads[entry].binary_search(&term).is_ok()))
    }

    fn empty(groups: &[Vec<String>], words: &mut Words) -> Self {
        let mut synonyms = Phrases::default();
        let mut marks = Vec::with_capacity(groups.len());
        for (number, group) in groups.iter().enumerate() {
            for phrase in group {
                synonyms.add(number, words.learn(phrase).into_iter().map(Place::Word).collect());
            }
            marks.push(words.learn_mark(&format!("+{number}")));
        }
        Self {
            synonyms,
            marks,
            idf: Vec::new(),
            unknown_idf: 0.0,
            entries: Vec::new(),
            units: Vec::new(),
            unit_entry: Vec::new(),
            unit_mass: Vec::new(),
            sections: Vec::new(),
            heads: Vec::new(),
        }
    }

    fn fields(&self, entry: &Entry, words: &mut Words) -> [Vec<Term>; FIELDS] {
        let mut headings = Vec::new();
        let mut longer = Vec::new();
        for section in &entry.sections {
            headings.extend(self.marked(&section.heading, words));
            for Part::Paragraph(text) | Part::Item(text) in &section.parts {
                longer.extend(self.marked(text, words));
            }
        }
        let mut all = |texts: &[String]| texts.iter().flat_map(|text| self.marked(text, words)).collect::<Vec<Term>>();
        let (questions, tags) = (all(&entry.questions), all(&entry.tags));
        [self.marked(&entry.title, words), questions, tags, self.marked(&entry.short, words), headings, longer]
    }

    /// The terms of a content text and the marks of the synonyms in it.
    fn marked(&self, text: &str, words: &mut Words) -> Vec<Term> {
        let mut terms = words.learn(text);
        let tokens: Vec<Token> =
            terms.iter().map(|term| Token { term: Some(*term), stop: words.is_stop(*term), number: false }).collect();
        self.synonyms.find(&tokens, |found| terms.push(self.marks[found.label]));
        terms
    }

    /// How rare each term is among the entries.
    fn count(&mut self, fields: &[[Vec<Term>; FIELDS]], words: &Words) {
        let mut holders = vec![0_u32; words.len()];
        for entry in fields {
            for term in sorted(entry.concat()) {
                holders[term as usize] += 1;
            }
        }
        let entries = fields.len() as f32;
        let idf = |holders: f32| (1.0 + (entries - holders + 0.5) / (holders + 0.5)).ln();
        self.unknown_idf = idf(0.5);
        self.idf = holders.iter().map(|holders| if *holders == 0 { 0.0 } else { idf(*holders as f32) }).collect();
        self.entries = vec![Vec::new(); words.len()];
        self.units = vec![Vec::new(); words.len()];
    }

    /// BM25F: fields are weighed and added before repetition is damped.
    fn weigh(&mut self, fields: &[[Vec<Term>; FIELDS]], words: &Words) {
        let mut usual = [0.0_f32; FIELDS];
        for entry in fields {
            for (usual, field) in usual.iter_mut().zip(entry) {
                *usual += field.len() as f32 / fields.len() as f32;
            }
        }
        for (number, entry) in fields.iter().enumerate() {
            let number = u32::try_from(number).expect("there are far fewer than four billion entries");
            for term in sorted(entry.concat()).into_iter().filter(|term| !words.is_stop(*term)) {
                let mut count = 0.0;
                for ((field, weight), usual) in entry.iter().zip(WEIGHTS).zip(usual) {
                    let times = field.iter().filter(|other| **other == term).count() as f32;
                    count += weight * times / (1.0 - B + B * field.len() as f32 / usual.max(1.0));
                }
                self.entries[term as usize].push((number, count / (count + K1)));
            }
        }
    }

    fn add_unit(&mut self, entry: usize, text: &str, words: &mut Words) {
        let tokens: Vec<Token> = words
            .learn(text)
            .into_iter()
            .map(|term| Token { term: Some(term), stop: words.is_stop(term), number: false })
            .collect();
        // Read like a question, so that equal texts weigh the same.
        let query = self.query(&tokens, words);
        let unit = u32::try_from(self.unit_mass.len()).expect("there are far fewer than four billion questions");
        for term in query.terms.iter().map(|(term, _)| term).chain(&query.stops) {
            self.units[*term as usize].push(unit);
        }
        self.unit_entry.push(u32::try_from(entry).expect("there are far fewer than four billion entries"));
        self.unit_mass.push(query.mass + query.stops.len() as f32 * STOP_MASS);
    }

    fn idf_of(&self, term: Term) -> f32 {
        self.idf.get(term as usize).copied().unwrap_or(0.0)
    }
}

impl Query {
    /// Whether no entry has any of its words.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    fn add(&mut self, term: Term, weight: f32) {
        if weight > 0.0 && !self.terms.iter().any(|(other, _)| *other == term) {
            self.terms.push((term, weight));
            self.mass += weight;
        }
    }
}

fn sorted(mut terms: Vec<Term>) -> Vec<Term> {
    terms.sort_unstable();
    terms.dedup();
    terms
}
