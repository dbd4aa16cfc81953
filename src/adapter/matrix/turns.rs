//! Whose turn it is among those who wait until the homeserver takes more: first what matters more, then what came first. Without it, those
//! who were told the same time would race, and one could lose every time. Pure.

use std::time::Duration;

use super::budget::Class;
use crate::base::time::Timestamp;

/// Who is told a time and hasn't come by so much later doesn't come any more.
const GRACE: Duration = Duration::from_secs(2);

/// All that is to be sent, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<Turn>);

#[derive(Debug)]
struct Turn {
    /// The transaction id.
    name: String,
    class: Class,
    /// When it is asked for again; nothing while it is on its way.
    until: Option<Timestamp>,
}

impl Turns {
    /// How many that wait come before this one, which takes its place if it has none yet.
    pub fn ahead(&mut self, now: Timestamp, class: Class, name: &str) -> usize {
        self.0.retain(|turn| turn.name == name || turn.until.is_none_or(|until| now <= until + GRACE));
        let place = self.0.iter().position(|turn| turn.name == name).unwrap_or_else(|| {
            self.0.push(Turn { name: name.to_owned(), class, until: None });
            self.0.len() - 1
        });
        // It may have come to matter more, as a step's card stands behind it now.
        self.0[place].class = class;
        let others = self.0.iter().enumerate().filter(|(other, turn)| *other != place && turn.until.is_some());
        others.filter(|(other, turn)| (turn.class, *other) < (class, place)).count()
    }

    /// It is on its way.
    pub fn goes(&mut self, name: &str) {
        self.set(name, None);
    }

    /// It comes again at this time, and keeps its place until then.
    pub fn waits(&mut self, name: &str, until: Timestamp) {
        self.set(name, Some(until));
    }

    /// It was sent, or won't be.
    pub fn ended(&mut self, name: &str) {
        self.0.retain(|turn| turn.name != name);
    }

    fn set(&mut self, name: &str, until: Option<Timestamp>) {
        self.0.iter_mut().filter(|turn| turn.name == name).for_each(|turn| turn.until = until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::action::Priority;

    const STEP: Class = Class::Ordered(Priority::Step);
    const ANSWER: Class = Class::Ordered(Priority::Answer);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000) + Duration::from_secs(seconds)
    }

    fn waiting(all: &[(&str, Class)]) -> Turns {
        let mut turns = Turns::default();
        for (name, class) in all {
            turns.ahead(at(0), *class, name);
            turns.waits(name, at(10));
        }
        turns
    }

    #[test]
    fn what_matters_more_comes_first_and_then_what_came_first() {
        let mut turns =
            waiting(&[("heart", Class::Extra), ("first", ANSWER), ("card", STEP), ("second", ANSWER), ("other", STEP)]);
        let mut ahead = |class, name| turns.ahead(at(1), class, name);
        assert_eq!(ahead(STEP, "card"), 0);
        assert_eq!(ahead(STEP, "other"), 1);
        assert_eq!((ahead(ANSWER, "first"), ahead(ANSWER, "second")), (2, 3));
        assert_eq!((ahead(Class::Extra, "heart"), ahead(STEP, "new")), (4, 2));
    }

    #[test]
    fn what_was_refused_keeps_its_place_and_what_is_on_its_way_has_none() {
        let mut turns = waiting(&[("first", STEP), ("second", STEP)]);
        turns.goes("first");
        assert_eq!(turns.ahead(at(1), STEP, "second"), 0);
        turns.waits("first", at(10));
        assert_eq!(turns.ahead(at(1), STEP, "second"), 1);
        turns.ended("first");
        assert_eq!(turns.ahead(at(1), STEP, "second"), 0);
    }

    #[test]
    fn what_comes_to_matter_more_passes_others() {
        let mut turns = waiting(&[("first", ANSWER), ("introduction", ANSWER)]);
        assert_eq!(turns.ahead(at(1), ANSWER, "introduction"), 1);
        assert_eq!(turns.ahead(at(1), STEP, "introduction"), 0);
        assert_eq!(turns.ahead(at(1), ANSWER, "first"), 1);
    }

    #[test]
    fn who_does_not_come_again_holds_nobody_up() {
        let mut turns = waiting(&[("first", STEP), ("second", STEP)]);
        assert_eq!(turns.ahead(at(12), STEP, "second"), 1);
        assert_eq!(turns.ahead(at(13), STEP, "second"), 0);
    }
}
