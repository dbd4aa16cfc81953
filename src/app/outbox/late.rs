//! A step's card that is shown late, as its platform took no more just then or was away: what it counts down goes along, and the bot is told,
//! so that nobody has less of the step.

use std::time::Duration;

use tokio::sync::mpsc;

use super::Handled;
use crate::message::model::Block;
use crate::port::action::Order;
use crate::port::event::Event;
use crate::port::record::Key;

/// From so much on, late is late.
const LATE: Duration = Duration::from_secs(1);

/// What the outbox finds out and the bot should know, each with what is held until it is dealt with.
pub type Reports = mpsc::UnboundedSender<(Event, Handled)>;

/// An order as it is so much later.
pub(super) fn moved_on(order: &Order, by: Duration) -> Order {
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

/// What the bot should know of an order that was carried out so much later.
pub(super) fn report(order: &Order, by: Duration) -> Option<Event> {
    let (owner, step) = order.begins().filter(|_| by >= LATE)?;
    Some(Event::Late { key: Key::Session(owner.clone()), step: step.clone(), by })
}
