//! From how well the words fit to one ranked list of entries.

use std::collections::HashMap;

use super::finding::{Finding, Ranked};
use super::lexical::Fields;

/// What likeness to an entry's questions counts; the rest is the words of the whole entry.
const LIKENESS: f32 = 0.5;
/// How much of the likeness is that to the second nearest question.
const SECOND: f32 = 0.45;
/// From this likeness on a question is almost the entry's own, and counts more the nearer it is, up to [`OWN`].
const OWN_FROM: f32 = 0.8;
const OWN: f32 = 0.4;
/// How much of the score of the next best entry of the same topic an entry gets.
const TOPIC: f32 = 0.12;
/// What it counts when the scope file says that a message leads to an entry, and to another entry of that topic.
const LED_ENTRY: f32 = 0.8;
const LED_TOPIC: f32 = 0.6;

/// What rank needs to know of an entry.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub entry: String,
    pub topic: String,
}

/// An entry's place in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its number in the order of the entries given.
    pub number: usize,
    /// What it is ranked by, 0 to about 2; what is shown outside is cut at 1.
    pub score: f32,
    /// How well its words fit.
    pub fields: Fields,
}

/// Ranks the entries that fit at all, best first. Equal scores stand in the order of the entries, so that the same question always gets the
/// same list.
pub(super) fn rank(fields: &[Fields], names: &[Name], leads_to: &[&str]) -> Vec<Place> {
    let mut places: Vec<Place> = fields
        .iter()
        .zip(names)
        .enumerate()
        .map(|(number, (fields, name))| Place { number, score: score(fields) + led(name, leads_to), fields: *fields })
        .filter(|place| place.score > 0.0)
        .collect();
    lift_topics(&mut places, names);
    places.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
    places.truncate(Finding::MOST);
    places
}

/// The outward form of a place.
pub(super) fn ranked(place: &Place, names: &[Name], sections: Vec<usize>) -> Ranked {
    let name = names[place.number].clone();
    Ranked { entry: name.entry, topic: name.topic, sections, score: place.score.clamp(0.0, 1.0) }
}

fn score(fields: &Fields) -> f32 {
    let likeness = (1.0 - SECOND) * fields.likeness + SECOND * fields.second;
    let own = OWN * (fields.likeness - OWN_FROM).max(0.0) / (1.0 - OWN_FROM);
    LIKENESS * likeness + (1.0 - LIKENESS) * fields.words + own
}

/// Lifts each entry by the best other entry of its topic: when two entries of a topic fit, the topic is more likely right.
fn lift_topics(places: &mut [Place], names: &[Name]) {
    let mut best: HashMap<&str, (f32, f32)> = HashMap::with_capacity(places.len());
    for place in places.iter() {
        let (first, second) = best.entry(&names[place.number].topic).or_default();
        if place.score > *first {
            (*first, *second) = (place.score, *first);
        } else {
            *second = second.max(place.score);
        }
    }
    for place in places {
        let (first, second) = best[names[place.number].topic.as_str()];
        place.score += TOPIC * if place.score >= first { second } else { first };
    }
}

fn led(name: &Name, leads_to: &[&str]) -> f32 {
    let to = |name: &str| leads_to.contains(&name);
    match (to(&name.entry), to(&name.topic)) {
        (true, _) => LED_ENTRY,
        (false, true) => LED_TOPIC,
        (false, false) => 0.0,
    }
}
