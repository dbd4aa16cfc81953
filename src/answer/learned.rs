//! Answering with the encoder's reading beside the words: evidence for each entry, weighed into shares, cut into bands.

use std::collections::HashMap;

use serde::Serialize;

use crate::encoder::{Encoder, Head, Reading, softmax};

use super::entry::Entry;
use super::finding::{Finding, Outcome, Ranked, ScopeKind, SmalltalkKind};
use super::lexical::{Fields, Lexical, Query};
use super::meaning::{Meaning, Nearness};
use super::patterns::Fit;
use super::rank::Name;
use super::weights::{EVIDENCE, Evidence, Signs, Weights, odds, probability, weighed};

/// From this likeness on a question is almost the entry's own.
const OWN_FROM: f32 = 0.8;
/// Smallest share that still counts: what is ruled out is unlikely, not impossible.
const LEAST: f32 = 1e-5;
/// How much of the logarithm of its number of entries is taken from a topic: all of it, and the mean of its entries would count, none of it, and their sum.
const CROWD: f32 = 0.5;

/// What the encoder adds to answering.
pub(super) struct Learned {
    meaning: Meaning,
    weights: Weights,
}

/// Everything that is known about a message before anything is decided: what the weights are fitted on.
#[derive(Debug, Serialize)]
pub struct Case {
    /// For each entry, in their order, each kind of evidence.
    evidence: Vec<Evidence>,
    /// What tells its scope; `topic` is not known before ranking and left at 0.
    signs: Signs,
    /// For each entry the cosine of its head, and of each section with the section's share of the words.
    sections: Vec<(f32, Vec<(f32, f32)>)>,
    /// The shares of the intent head.
    intents: Vec<f32>,
}

impl Learned {
    pub fn new(entries: &[Entry], encoder: &Encoder, weights: Weights) -> Learned {
        Learned { meaning: Meaning::new(entries, encoder), weights }
    }

    /// Everything that is known about a message.
    pub fn case(&self, words: &Words<'_>, reading: &Reading) -> Case {
        let near = self.meaning.read(reading);
        let fields = words.lexical.read(words.query);
        let sections = |(number, near): (usize, &Nearness)| {
            let shares = words.lexical.shares(number, words.query);
            (near.head, near.sections.iter().copied().zip(shares).collect())
        };
        Case {
            evidence: near
                .iter()
                .zip(&fields)
                .zip(words.names)
                .map(|((near, fields), name)| evidence(near, fields, led(name, &words.fit.leads_to)))
                .collect(),
            signs: signs(
                words.fit,
                reading,
                nearest(&near),
                fields.iter().map(|one| one.coverage).fold(0.0, f32::max),
                0.0,
            ),
            sections: near.iter().enumerate().map(sections).collect(),
            intents: reading.shares(Head::Intents).to_vec(),
        }
    }

    /// Looks for the answer.
    pub fn find(&self, words: &Words<'_>, reading: &Reading) -> Finding {
        let weights = &self.weights;
        let near = self.meaning.read(reading);
        let fields = words.lexical.read(words.query);
        let scores = near.iter().zip(&fields).zip(words.names).map(|((near, fields), name)| {
            weighed(&weights.rank, &evidence(near, fields, led(name, &words.fit.leads_to)))
        });
        let shares = softmax(scores.collect());
        let order = order(&shares, words.names);
        let Some((first, topic, next)) = order.first else {
            return Finding { outcome: Outcome::Unknown, confidence: 0.0, close: false, ranked: Vec::new() };
        };
        let coverage = fields[first].coverage;
        let signs = signs(words.fit, reading, nearest(&near), coverage, odds(topic));
        let out_of_scope = probability(weights.scope[0] + weighed(&weights.scope[1..], &signs));
        let sure = [1.0, odds(topic), topic - next, -odds(out_of_scope), coverage];
        let confidence = probability(weighed(&weights.sure, &sure));
        let ranked = order.places.iter().map(|(number, score)| Ranked {
            entry: words.names[*number].entry.clone(),
            topic: words.names[*number].topic.clone(),
            sections: self.sections(*number, &near[*number], words),
            score: *score,
        });
        Finding {
            outcome: self.decide(words.fit, reading, out_of_scope, confidence),
            confidence,
            close: confidence < weights.sure_from,
            ranked: ranked.collect(),
        }
    }

    fn decide(&self, fit: &Fit<'_>, reading: &Reading, out_of_scope: f32, confidence: f32) -> Outcome {
        let weights = &self.weights;
        let smalltalk = reading.share(Head::Intents, "smalltalk") >= weights.smalltalk_from;
        if out_of_scope >= weights.out_of_scope_from && !smalltalk {
            return Outcome::OutOfScope(fit.out_of_scope.as_ref().map_or_else(|| kind(reading), |(kind, _)| *kind));
        }
        if fit.smalltalk.is_some() || smalltalk {
            return Outcome::Smalltalk(fit.smalltalk.unwrap_or(SmalltalkKind::Chat));
        }
        match confidence {
            sure if sure >= weights.answer_from => Outcome::Answer,
            sure if sure >= weights.offer_from => Outcome::DidYouMean,
            _ => Outcome::Unknown,
        }
    }

    /// The section that comes nearest, whatever the short answer is worth.
    pub fn nearest_section(&self, entry: usize, words: &Words<'_>, reading: &Reading) -> Option<usize> {
        let near = self.meaning.read(reading);
        let scored = self.scored_sections(entry, near.get(entry)?, words);
        scored.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(section, _)| section)
    }

    /// The sections that answer, those that do better than the short answer.
    fn sections(&self, entry: usize, near: &Nearness, words: &Words<'_>) -> Vec<usize> {
        let [_, _, constant, by_head] = self.weights.section[..] else { return Vec::new() };
        let mut scored = self.scored_sections(entry, near, words);
        scored.retain(|(_, score)| *score > constant + by_head * near.head);
        scored.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        let mut sections: Vec<usize> = scored.into_iter().take(Ranked::SECTIONS).map(|(section, _)| section).collect();
        sections.sort_unstable();
        sections
    }

    fn scored_sections(&self, entry: usize, near: &Nearness, words: &Words<'_>) -> Vec<(usize, f32)> {
        let [by_cosine, by_words, ..] = self.weights.section[..] else { return Vec::new() };
        let shares = words.lexical.shares(entry, words.query);
        let scores = near.sections.iter().zip(shares).map(|(cosine, share)| by_cosine * cosine + by_words * share);
        scores.enumerate().collect()
    }
}

/// A message's words, as the other half of answering reads them.
pub(super) struct Words<'a> {
    pub names: &'a [Name],
    pub lexical: &'a Lexical,
    pub query: &'a Query,
    pub fit: &'a Fit<'a>,
}

/// The entries in order.
struct Order {
    /// The first entry, the share of its topic, and the share of the next topic.
    first: Option<(usize, f32, f32)>,
    /// Entries and what they are ordered by.
    places: Vec<(usize, f32)>,
}

/// A topic's best entry stands for the topic and has its share; the topic's other entries have their own. A topic with many entries is not likelier for
/// that alone.
fn order(shares: &[f32], names: &[Name]) -> Order {
    let mut sizes: HashMap<&str, f32> = HashMap::with_capacity(names.len());
    names.iter().for_each(|name| *sizes.entry(&name.topic).or_default() += 1.0);
    let mut shares: Vec<f32> =
        shares.iter().zip(names).map(|(share, name)| share * sizes[name.topic.as_str()].powf(-CROWD)).collect();
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    let mut topics: HashMap<&str, (f32, usize)> = HashMap::with_capacity(names.len());
    for (number, (share, name)) in shares.iter().zip(names).enumerate() {
        let topic = topics.entry(&name.topic).or_insert((0.0, number));
        topic.0 += share;
        if *share > shares[topic.1] {
            topic.1 = number;
        }
    }
    let stands = |number: usize| topics.get(names[number].topic.as_str()).filter(|topic| topic.1 == number);
    let mut places: Vec<(usize, f32)> = shares
        .iter()
        .enumerate()
        .map(|(number, share)| (number, stands(number).map_or(*share, |topic| topic.0)))
        .collect();
    places.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let first = places.first().map(|(number, topic)| {
        let others = topics.iter().filter(|(name, _)| **name != names[*number].topic);
        (*number, *topic, others.map(|(_, topic)| topic.0).fold(0.0, f32::max))
    });
    places.truncate(Finding::MOST);
    Order { first, places }
}

fn evidence(near: &Nearness, fields: &Fields, (to_entry, to_topic): (bool, bool)) -> Evidence {
    let mark = |holds: bool| f32::from(u8::from(holds));
    let evidence = [
        near.topic,
        near.entry,
        near.nearest,
        near.second,
        fields.likeness,
        fields.second,
        fields.words,
        fields.coverage,
        mark(to_entry),
        mark(to_topic),
        (fields.likeness - OWN_FROM).max(0.0) / (1.0 - OWN_FROM),
        near.topic_by_words,
    ];
    debug_assert_eq!(evidence.len(), EVIDENCE.len());
    evidence
}

fn signs(fit: &Fit<'_>, reading: &Reading, nearest: f32, coverage: f32, topic: f32) -> Signs {
    let mut signs = Signs::default();
    let by_words = 6 + ScopeKind::ALL.len();
    for (place, name) in ["out_of_scope", "smalltalk", "red_flag"].into_iter().enumerate() {
        let over = |share: &dyn Fn(&str) -> f32| share(name).max(LEAST).ln() - share("answer").max(LEAST).ln();
        signs[place] = over(&|name| reading.share(Head::Intents, name));
        signs[by_words + place] = over(&|name| reading.share_by_words(Head::Intents, name));
    }
    signs[3] = topic;
    signs[4] = nearest;
    signs[5] = coverage;
    if let Some((kind, _)) = fit.out_of_scope {
        let place = ScopeKind::ALL.into_iter().position(|other| other == kind).unwrap_or(0);
        signs[6 + place] = 1.0;
    }
    signs
}

fn nearest(near: &[Nearness]) -> f32 {
    near.iter().map(|one| one.nearest).fold(0.0, f32::max)
}

/// The kind that the encoder thinks of, if it is sure: the wrong reason for a refusal is worse than a general one.
fn kind(reading: &Reading) -> ScopeKind {
    let name = reading.first(Head::Kinds);
    if reading.share(Head::Kinds, name) < 0.5 {
        return ScopeKind::Unrelated;
    }
    ScopeKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(ScopeKind::Unrelated)
}

fn led(name: &Name, leads_to: &[&str]) -> (bool, bool) {
    let to = |name: &str| leads_to.contains(&name);
    (to(&name.entry), to(&name.topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_not_likelier_for_having_many_entries() {
        let name = |entry: &str, topic: &str| Name { entry: entry.into(), topic: topic.into() };
        let names = [name("a", "wide"), name("b", "wide"), name("c", "wide"), name("d", "wide"), name("e", "narrow")];
        let order = order(&[0.15, 0.15, 0.15, 0.15, 0.4], &names);
        let (first, share, next) = order.first.unwrap();
        assert_eq!(first, 4);
        // 0.4 against 0.6 / sqrt(4).
        assert!((share - 4.0 / 7.0).abs() < 1e-4 && (next - 3.0 / 7.0).abs() < 1e-4, "{share} {next}");
        assert_eq!(order.places.len(), names.len());
    }
}
