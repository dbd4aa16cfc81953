//! A step's card that is shown late, as its platform takes no more just then or is away: the bot is told, as soon as that is known, so that the
//! step waits for its card and nobody has less of it; what the card counts down goes along.

use std::time::Duration;

use tokio::sync::mpsc;

use super::Handled;
use crate::base::time::Timestamp;
use crate::message::model::Block;
use crate::port::action::Order;
use crate::port::event::Event;
use crate::port::record::Key;

/// From so much on, late is late.
const LATE: Duration = Duration::from_secs(1);
/// So long a step waits for its card. From then on its platform is away, and the routine goes on as it does when somebody doesn't look.
const LONGEST: Duration = Duration::from_secs(60);

/// What the outbox finds out and the bot should know, each with what is held until it is dealt with.
pub type Reports = mpsc::UnboundedSender<(Event, Handled)>;

/// How late an order is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lateness {
    /// When it came.
    since: Timestamp,
    /// How much the bot knows of.
    told: Duration,
}

impl Lateness {
    /// It came just now.
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, told: Duration::ZERO }
    }

    /// The order as it is at this time.
    pub fn moved_on(self, order: &Order, now: Timestamp) -> Order {
        let by = now.since(self.since).max(self.told);
        let mut order = order.clone();
        if by >= LATE
            && order.begins().is_some()
            && let Order::Say(post) = &mut order
        {
            for block in &mut post.message.blocks {
                if let Block::Countdown { until, .. } = block {
                    *until = *until + by;
                }
            }
        }
        order
    }

    /// What the bot should know of an order that can't be carried out before this time.
    pub fn waits(&mut self, order: &Order, until: Timestamp) -> Option<Event> {
        if until.since(self.since) > LONGEST { None } else { self.report(order, until) }
    }

    /// What the bot should know of an order that was carried out at this time.
    pub fn report(&mut self, order: &Order, at: Timestamp) -> Option<Event> {
        let (owner, step) = order.begins()?;
        let by = at.since(self.since).checked_sub(self.told).filter(|by| *by >= LATE)?;
        self.told += by;
        Some(Event::Late { key: Key::Session(owner.clone()), step: step.clone(), by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::terminal;
    use crate::base::id::SessionId;
    use crate::message::model::Message;
    use crate::port::action::{Post, StepMark};

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn card() -> Order {
        Order::Say(Post {
            place: terminal::place("me"),
            person: terminal::user("me"),
            reply: None,
            step: Some(StepMark { session: SessionId::from_stored("2abcdefg"), at: 0 }),
            begins: true,
            urgent: false,
            instead: false,
            message: Message::say("the first step"),
        })
    }

    fn by(event: Option<Event>) -> Option<u64> {
        event.map(|event| match event {
            Event::Late { by, .. } => by.as_secs(),
            other => panic!("{other:?}"),
        })
    }

    fn after(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_told_adds_up_to_how_late_it_was() {
        let (mut late, card) = (Lateness::new(START), card());
        assert_eq!(by(late.waits(&card, after(15))), Some(15));
        assert_eq!(by(late.waits(&card, after(15))), None);
        assert_eq!(by(late.waits(&card, after(20))), Some(5));
        assert_eq!(by(late.report(&card, after(20))), None);
        assert_eq!(by(late.report(&card, after(23))), Some(3));
    }

    #[test]
    fn a_platform_that_is_away_holds_nothing_up_for_longer_than_a_minute() {
        let (mut late, card) = (Lateness::new(START), card());
        assert_eq!(by(late.waits(&card, after(40))), Some(40));
        assert_eq!(by(late.waits(&card, after(80))), None);
        assert_eq!(by(late.report(&card, after(80))), Some(40), "shown after all, it is the step that is on");
    }
}
