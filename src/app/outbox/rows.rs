//! What waits and what is under way: which order may begin next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;

use super::late::Lateness;
use super::{Handled, Item};
use crate::app::clock::Clock;
use crate::base::id::{ChannelId, UserId};
use crate::base::time::Timestamp;
use crate::port::action::{Order, Priority};
use crate::port::event::Event;

/// Orders of which one is under way at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    channel: ChannelId,
    line: Line,
}

/// A row within its channel: what is for one person there, and apart from it what is urgent. The end of a thread is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    person: Option<UserId>,
    urgent: bool,
}

impl Row {
    /// The row in which an order stands.
    pub fn of(order: &Order) -> Self {
        let person = match order {
            Order::Say(post) => Some(post.person.clone()),
            Order::Open { owner, .. } => Some(owner.clone()),
            Order::Close { .. } => None,
        };
        let line = Line { person, urgent: order.priority() == Priority::Urgent };
        Self { channel: order.place().channel.clone(), line }
    }
}

/// All rows in which something waits or is under way.
#[derive(Default)]
pub(super) struct Rows(BTreeMap<ChannelId, Lines>);

#[derive(Default)]
struct Lines {
    /// With how late each is.
    waiting: BTreeMap<Line, VecDeque<(Lateness, Item)>>,
    under_way: BTreeMap<Line, UnderWay>,
}

/// An order that has begun.
struct UnderWay {
    /// How soon it has to be done with.
    priority: watch::Sender<Priority>,
    /// Before this time it can't be carried out, nor can what is behind it.
    until: Option<Timestamp>,
}

/// An order that may begin.
pub(super) struct Begun {
    pub row: Row,
    pub item: Item,
    /// How late it is.
    pub lateness: Lateness,
    /// How soon it has to be done with: a step must not be late because an answer before it may wait. Changes when such comes.
    pub priority: watch::Receiver<Priority>,
}

impl Rows {
    /// Puts an order at the end of its row.
    pub fn put(&mut self, row: &Row, item: Item, now: Timestamp) {
        let lines = self.0.entry(row.channel.clone()).or_default();
        if let Some(before) = lines.under_way.get(&row.line) {
            let priority = item.order.priority();
            before.priority.send_if_modified(|known| {
                let is_sooner = priority < *known;
                *known = priority.min(*known);
                is_sooner
            });
        }
        lines.waiting.entry(row.line.clone()).or_default().push_back((Lateness::new(now), item));
    }

    /// The first of a row is done with.
    pub fn ended(&mut self, row: &Row) {
        if let Some(lines) = self.0.get_mut(&row.channel) {
            lines.under_way.remove(&row.line);
            if lines.under_way.is_empty() && lines.waiting.is_empty() {
                self.0.remove(&row.channel);
            }
        }
    }

    /// The first of a row can't be carried out before this time.
    pub fn held(&mut self, row: &Row, until: Timestamp) {
        let lines = self.0.get_mut(&row.channel);
        if let Some(before) = lines.and_then(|lines| lines.under_way.get_mut(&row.line)) {
            before.until = Some(until);
        }
    }

    /// What the bot should know of those that wait behind the first of a row.
    pub fn late(&mut self, row: &Row, clock: &Arc<dyn Clock>) -> Vec<(Event, Handled)> {
        let Some(lines) = self.0.get_mut(&row.channel) else { return Vec::new() };
        let until = lines.under_way.get(&row.line).and_then(|before| before.until);
        let queue = lines.waiting.get_mut(&row.line);
        let reports = queue.into_iter().flatten().filter_map(|(lateness, item)| {
            let event = lateness.waits(&item.order, until?)?;
            let mut handled = item.handled.clone();
            handled.goes_on(clock.busy());
            Some((event, handled))
        });
        reports.collect()
    }

    /// What may begin now that something came to a row or ended in it; from now on it is under way.
    pub fn next(&mut self, row: &Row) -> Vec<Begun> {
        let Some(lines) = self.0.get_mut(&row.channel) else { return Vec::new() };
        let person = &row.line.person;
        // The end of the thread last: what has just begun holds it up.
        let concerned = [(person, true), (person, false), (&None, false)].into_iter();
        let concerned = concerned.map(|(person, urgent)| Line { person: person.clone(), urgent });
        let begun = concerned.filter_map(|line| {
            let ((lateness, item), priority) = lines.begin(&line)?;
            Some(Begun { row: Row { channel: row.channel.clone(), line }, item, lateness, priority })
        });
        begun.collect()
    }
}

impl Lines {
    fn begin(&mut self, line: &Line) -> Option<((Lateness, Item), watch::Receiver<Priority>)> {
        let is_held = self.is_held(line);
        let queue = self.waiting.get_mut(line)?;
        if is_held {
            // What is before it goes on or rests; what stands behind that does neither.
            if let Some((_, last)) = queue.back_mut() {
                last.handled.rests();
            }
            return None;
        }
        let soonest = queue.iter().map(|(_, item)| item.order.priority()).min()?;
        let first = queue.pop_front()?;
        if queue.is_empty() {
            self.waiting.remove(line);
        }
        let (sender, priority) = watch::channel(soonest);
        self.under_way.insert(line.clone(), UnderWay { priority: sender, until: None });
        Some((first, priority))
    }

    /// Whether something has to end before the first of a line can begin: one before it, or what is urgent for the same person. A thread is
    /// over when nothing more is to be said in it.
    fn is_held(&self, line: &Line) -> bool {
        match line.person {
            Some(_) => {
                self.under_way.contains_key(line) || self.under_way.contains_key(&Line { urgent: true, ..line.clone() })
            }
            None => !self.under_way.is_empty() || self.waiting.keys().any(|other| other != line),
        }
    }
}
