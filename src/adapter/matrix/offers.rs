//! Choices that were offered, so that a reaction or a typed word can be taken for one.
//!
//! They travel inside the event that offers them, encrypted like the rest of it: after a restart they are read from there.
//! Memory only saves asking the homeserver.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use matrix_sdk::ruma::OwnedEventId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::adapter::choose::chosen;
use crate::base::id::{Place, UserId};
use crate::command::parse::parse;
use crate::command::table::Command;
use crate::message::model::Choice;
use crate::message::part::{Part, SYMBOLS};

use super::place::Spot;

/// The field of an event that holds its offer.
pub(super) const FIELD: &str = "org.nape.offer";
/// Offers that are remembered.
const REMEMBERED: usize = 10_000;

/// Choices that were offered to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Offer {
    /// To whom. Nobody else may choose.
    pub person: UserId,
    /// The place that it is about, when it was offered elsewhere to be private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Place>,
    /// The number of the first.
    pub first: usize,
    /// The choices, in the order of their numbers.
    pub choices: Vec<Choice>,
}

impl Offer {
    /// What a part offers.
    pub fn of(part: &Part, person: &UserId, about: Option<&Place>) -> Option<Self> {
        let first = part.choices.first()?.number;
        let choices = part.choices.iter().map(|shown| shown.choice.clone()).collect();
        Some(Self { person: person.clone(), about: about.cloned(), first, choices })
    }

    /// The offer of an event of our own.
    pub fn read(content: &Value) -> Option<Self> {
        serde_json::from_value(content.get(FIELD)?.clone()).ok()
    }

    /// The line that a typed text means.
    pub fn typed(&self, text: &str) -> Option<&str> {
        let text = text.trim();
        match text.parse::<usize>() {
            Ok(number) => number.checked_sub(self.first).and_then(|index| self.choices.get(index)),
            Err(_) => chosen(&self.choices, text),
        }
        .map(|choice| choice.line.as_str())
    }

    /// The line that a reaction means. What is about somebody's health is never said by a reaction: the server reads those.
    pub fn reacted(&self, key: &str) -> Option<&str> {
        let number = SYMBOLS.iter().position(|symbol| bare(symbol) == bare(key))? + 1;
        let choice = self.choices.get(number.checked_sub(self.first)?)?;
        (!tells_of_health(choice)).then_some(choice.line.as_str())
    }

    /// The symbols to put up under it, in their order.
    pub fn symbols(&self, most: usize) -> Vec<&'static str> {
        let numbered = (self.first..).zip(&self.choices);
        let shown = numbered.filter(|(number, choice)| *number <= most && !tells_of_health(choice));
        shown.filter_map(|(number, _)| SYMBOLS.get(number.checked_sub(1)?).copied()).collect()
    }
}

/// Whether to choose it tells how somebody is.
fn tells_of_health(choice: &Choice) -> bool {
    let command = parse(&choice.line).map(|invocation| invocation.command);
    matches!(
        command,
        Ok(Command::Screen | Command::Check | Command::Seen | Command::Doubt | Command::Felt | Command::Hurts)
    )
}

/// Without what only asks for a coloured picture.
fn bare(symbol: &str) -> String {
    symbol.chars().filter(|c| *c != '\u{fe0f}').collect()
}

/// The offers that are remembered.
#[derive(Debug, Default)]
pub(super) struct Offers(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    by_event: Bounded<OwnedEventId, (Spot, Offer)>,
    /// The last offer of a room or thread to a person, by its event; nothing when there is known to be none.
    last: Bounded<(Spot, UserId), Option<(OwnedEventId, Offer)>>,
}

impl Offers {
    /// Remembers an offer as the last one where it stands. Parts of one message go together.
    pub fn add(&self, spot: &Spot, event: &OwnedEventId, offer: Offer) {
        let mut memory = self.memory();
        memory.by_event.insert(event.clone(), (spot.clone(), offer.clone()));
        let key = (spot.clone(), offer.person.clone());
        let whole = match memory.last.get(&key) {
            Some(Some((_, before))) if offer.first > 1 && before.first + before.choices.len() == offer.first => {
                let choices = before.choices.iter().chain(&offer.choices).cloned().collect();
                Offer { first: before.first, choices, ..offer }
            }
            _ => offer,
        };
        memory.last.insert(key, Some((event.clone(), whole)));
    }

    /// The last offer of a room or thread to a person; `None` when it isn't known whether there is one.
    pub fn last(&self, spot: &Spot, person: &UserId) -> Option<Option<(OwnedEventId, Offer)>> {
        self.memory().last.get(&(spot.clone(), person.clone())).cloned()
    }

    /// There is none.
    pub fn none(&self, spot: &Spot, person: &UserId) {
        self.memory().last.insert((spot.clone(), person.clone()), None);
    }

    /// What an event offers, as far as it is remembered.
    pub fn by_event(&self, event: &OwnedEventId) -> Option<(Spot, Offer)> {
        self.memory().by_event.get(event).cloned()
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        // Nothing in here can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A map that forgets what was put in first.
#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    /// Puts something in.
    pub fn insert(&mut self, key: K, value: V) {
        if self.map.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }

    /// Takes something out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let taken = self.map.remove(key);
        if taken.is_some() {
            self.order.retain(|other| other != key);
        }
        taken
    }

    /// What is under a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use matrix_sdk::ruma::room_id;

    fn offer(first: usize, lines: &[&str]) -> Offer {
        let choices = lines.iter().map(|line| Choice::new(format!("do {line}"), *line)).collect();
        Offer { person: UserId::from_stored("matrix:@a:b"), about: None, first, choices }
    }

    #[test]
    fn a_choice_is_meant_by_number_label_or_symbol() {
        let offer = offer(2, &["next", "stop"]);
        assert_eq!(offer.typed("2"), Some("next"));
        assert_eq!(offer.typed("do stop"), Some("stop"));
        assert_eq!((offer.typed("1"), offer.typed("4"), offer.typed("do")), (None, None, None));
        assert_eq!(offer.reacted("3\u{fe0f}\u{20e3}"), Some("stop"));
        assert_eq!(offer.reacted("3\u{20e3}"), Some("stop"), "some programs leave the picture's mark out");
        assert_eq!((offer.reacted("1\u{fe0f}\u{20e3}"), offer.reacted("👍")), (None, None));
    }

    #[test]
    fn nothing_about_health_is_chosen_by_a_reaction() {
        for line in ["screen none name=desk-reset", "check go name=desk-reset", "seen yes", "felt worse"] {
            let offer = offer(1, &["next", line]);
            assert_eq!(offer.symbols(8), [SYMBOLS[0]], "{line}");
            assert_eq!((offer.reacted("2\u{20e3}"), offer.typed("2")), (None, Some(line)));
        }
    }

    #[test]
    fn an_offer_reads_back_from_its_event() {
        let offer = offer(1, &["next"]);
        let content = serde_json::json!({ "body": "x", FIELD: offer });
        assert_eq!(Offer::read(&content), Some(offer));
        assert_eq!(Offer::read(&serde_json::json!({ FIELD: 3 })), None);
    }

    #[test]
    fn parts_of_one_message_are_one_offer_and_the_next_message_another() {
        let offers = Offers::default();
        let spot = Spot::room(room_id!("!a:b"));
        let event = |id: &str| OwnedEventId::try_from(id).unwrap();
        offers.add(&spot, &event("$1"), offer(1, &["next"]));
        offers.add(&spot, &event("$2"), offer(2, &["stop"]));
        let person = UserId::from_stored("matrix:@a:b");
        let last = |offers: &Offers| offers.last(&spot, &person).unwrap().unwrap().1.choices.len();
        assert_eq!(last(&offers), 2);
        offers.add(&spot, &event("$3"), offer(1, &["next"]));
        assert_eq!(last(&offers), 1);
        assert_eq!(offers.by_event(&event("$2")), Some((spot, offer(2, &["stop"]))));
    }
}
