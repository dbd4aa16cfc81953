//! From stored orders to adapters: each person's in a place in order, people and places side by side, and past everything else for a
//! person what is urgent.
//!
//! An order is in the store before it comes here and is marked as sent after its adapter has carried it out, with the
//! same number on every try: a crash neither loses it nor, where the platform can tell doubles, doubles it. The next doesn't wait for the
//! mark: were it to, a busy place would be as slow as the disk.

mod late;
mod marks;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

pub use self::late::Reports;
use self::marks::{Marks, mark};
use self::rows::{Begun, Row, Rows};
use crate::adapter::{Delivery, Profile, SendError, Work};
use crate::app::clock::{Busy, Clock};
use crate::app::metrics::Metrics;
use crate::base::id::{Platform, UserId};
use crate::base::time::Timestamp;
use crate::message::degrade::{Surroundings, degrade};
use crate::message::model::Message;
use crate::port::action::{Order, Priority, StepMark};
use crate::port::event::Event;
use crate::port::record::Key;
use crate::store::{OutboxId, Store};

/// How long the first pause after a failure is; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// An order on its way.
pub struct Item {
    /// Its number in the store; none for what could not be stored and is said all the same.
    pub id: Option<OutboxId>,
    /// The order.
    pub order: Order,
    /// Dropped when it is done with.
    pub handled: Handled,
}

/// Held by an event and all that follows from it, each a clone of its own: with the last that is dropped, all is delivered.
#[derive(Clone)]
pub struct Handled {
    _done: Arc<Done>,
    /// That it goes on; nothing while it waits for a platform to come back.
    busy: Going,
}

impl Handled {
    /// Does this when all is delivered.
    pub fn new(done: impl FnOnce() + Send + Sync + 'static, busy: Busy) -> Self {
        Self { _done: Arc::new(Done(Some(Box::new(done)))), busy: Going(busy) }
    }

    /// Nothing goes on for now.
    fn rests(&mut self) {
        self.goes_on(Busy::default());
    }

    fn goes_on(&mut self, busy: Busy) {
        self.busy = Going(busy);
    }
}

/// A [`Busy`] that is shared.
struct Going(Busy);

impl Clone for Going {
    fn clone(&self) -> Self {
        Self(self.0.also())
    }
}

/// What is to be done when the last that follows from an event is dropped.
struct Done(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done();
        }
    }
}

/// The way to one platform's adapter, whether it runs just now or not.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// What the adapter can show.
    pub profile: Profile,
    /// The adapter's end, while it runs.
    pub adapter: watch::Receiver<Option<mpsc::Sender<Delivery>>>,
}

/// What all workers share.
struct Shared {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    withheld: Message,
    gateway: Gateway,
    metrics: Arc<Metrics>,
    reports: Reports,
}

/// The outbox.
pub struct Outbox {
    inlet: Inlet,
    dispatchers: JoinSet<()>,
}

impl Outbox {
    /// Starts it. `withheld` is said where a private message can't be kept private.
    pub fn start(
        gateways: Vec<Gateway>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        withheld: Message,
        metrics: Arc<Metrics>,
        reports: Reports,
    ) -> Self {
        let mut platforms = BTreeMap::new();
        let mut dispatchers = JoinSet::new();
        for gateway in gateways {
            let platform = gateway.profile.platform.clone();
            let (store, clock, withheld) = (store.clone(), clock.clone(), withheld.clone());
            let (metrics, reports) = (metrics.clone(), reports.clone());
            let shared = Arc::new(Shared { store, clock, withheld, gateway, metrics, reports });
            let (sender, items) = mpsc::unbounded_channel();
            dispatchers.spawn(serve(shared, items));
            platforms.insert(platform, sender);
        }
        Self { inlet: Inlet { platforms, metrics }, dispatchers }
    }

    /// The way in, for the lanes.
    pub fn inlet(&self) -> Inlet {
        self.inlet.clone()
    }

    /// Waits until all that was put in is done with. Every [`Inlet`] has to be gone by then.
    pub async fn drain(mut self) {
        drop(self.inlet);
        while self.dispatchers.join_next().await.is_some() {}
    }
}

/// The way into the outbox.
#[derive(Clone)]
pub struct Inlet {
    platforms: BTreeMap<Platform, mpsc::UnboundedSender<Item>>,
    metrics: Arc<Metrics>,
}

impl Inlet {
    /// Puts an order in. One for a platform that isn't there stays in the store until it is.
    pub fn put(&self, item: Item) {
        let platform = &item.order.place().platform;
        match self.platforms.get(platform) {
            Some(dispatcher) => {
                self.metrics.in_outbox(platform, 1);
                // A dispatcher ends only after every sender is gone.
                let _ = dispatcher.send(item);
            }
            None => tracing::warn!(%platform, "an order waits for an adapter that is not enabled"),
        }
    }
}

/// Serves one platform: what is carried out, and beside it the marks of what was.
async fn serve(shared: Arc<Shared>, items: mpsc::UnboundedReceiver<Item>) {
    let (carried_out, marks) = mpsc::unbounded_channel();
    tokio::join!(dispatch(&shared, items, carried_out), mark(&shared, marks));
}

/// Starts orders: the next of a row when the one before is done with, and nothing else for a person while something urgent is.
async fn dispatch(shared: &Arc<Shared>, mut items: mpsc::UnboundedReceiver<Item>, marks: Marks) {
    let mut waiting = Rows::default();
    let mut under_way = JoinSet::new();
    let mut rows: HashMap<tokio::task::Id, Row> = HashMap::new();
    let (holds, mut held) = mpsc::unbounded_channel();
    let mut is_open = true;
    while is_open || !under_way.is_empty() {
        // What has just ended holds time still until the next has begun.
        let mut passed_on = Busy::default();
        let row = tokio::select! {
            biased;
            Some(ended) = under_way.join_next_with_id(), if !under_way.is_empty() => {
                shared.metrics.in_outbox(&shared.gateway.profile.platform, -1);
                let id = match ended {
                    Ok((id, busy)) => {
                        passed_on = busy;
                        id
                    }
                    Err(error) => error.id(),
                };
                rows.remove(&id).inspect(|row| waiting.ended(row))
            }
            Some((row, until, _busy)) = held.recv() => {
                waiting.held(&row, until);
                shared.report(waiting.late(&row, &shared.clock));
                None
            }
            item = items.recv(), if is_open => match item {
                Some(item) => {
                    let row = Row::of(&item.order);
                    waiting.put(&row, item, shared.clock.now());
                    shared.report(waiting.late(&row, &shared.clock));
                    Some(row)
                }
                None => {
                    is_open = false;
                    None
                }
            },
        };
        let Some(row) = row else { continue };
        for mut begun in waiting.next(&row) {
            begun.item.handled.goes_on(shared.clock.busy());
            let row = begun.row.clone();
            let started = under_way.spawn(carry_out(shared.clone(), begun, marks.clone(), holds.clone()));
            rows.insert(started.id(), row);
        }
        drop(passed_on);
    }
}

/// What comes back holds time still, so that the next can begin at the same moment.
async fn carry_out(shared: Arc<Shared>, mut begun: Begun, marks: Marks, holds: Holds) -> Busy {
    let ended = shared.deliver(&mut begun, &holds).await;
    let busy = shared.clock.busy();
    let Item { id, handled, .. } = begun.item;
    if let (Ended::Delivered | Ended::Worthless, Some(id)) = (ended, id) {
        // Marks are taken until the last order is done with.
        let _ = marks.send((id, handled));
    }
    busy
}

/// Rows whose first order can't be carried out before a time, each with what holds time still until those behind it know.
type Holds = mpsc::UnboundedSender<(Row, Timestamp, Busy)>;

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It was carried out.
    Delivered,
    /// Nobody needs it any more, or it can never be carried out.
    Worthless,
    /// It stays in the store, as its adapter doesn't come back.
    Left,
}

impl Shared {
    /// An order as the adapter can carry it out.
    fn fit(&self, order: Order) -> Work {
        match order {
            Order::Say(post) => {
                let around = Surroundings {
                    place_is_private: post.place.kind.is_private(),
                    has_reply_token: post.reply.is_some(),
                };
                let parts = degrade(&post.message, &self.gateway.profile.capabilities, around, &self.withheld);
                Work::Say {
                    place: post.place,
                    person: post.person,
                    reply: post.reply,
                    step: post.step,
                    instead: post.instead,
                    parts,
                }
            }
            Order::Open { home, owner, session, venue, title } => Work::Open { home, owner, session, venue, title },
            Order::Close { place, session } => Work::Close { place, session },
        }
    }

    /// Hands it to the adapter until it is done or can never be. An adapter that dies on the way gets it again when it is back.
    async fn deliver(&self, begun: &mut Begun, holds: &Holds) -> Ended {
        let Begun { row, item: Item { id, order, handled }, lateness, priority } = begun;
        let mark = announced(order);
        let mut adapter = self.gateway.adapter.clone();
        let mut pause = FIRST_PAUSE;
        loop {
            if adapter.borrow().is_none() {
                handled.rests();
            }
            let sender = match adapter.wait_for(Option::is_some).await {
                Ok(sender) => sender.clone(),
                // Its supervisor has given up: the order stays in the store.
                Err(_) => return Ended::Left,
            };
            handled.goes_on(self.clock.busy());
            if mark.as_ref().is_some_and(|mark| self.is_past(mark)) {
                return Ended::Worthless;
            }
            let (done, answer) = oneshot::channel();
            let soon = *priority.borrow_and_update();
            let now = self.clock.now();
            let work = self.fit(lateness.moved_on(order, now));
            let delivery = Delivery { nonce: id.map_or(0, |id| id.0), work, priority: soon, done };
            let sent = match &sender {
                Some(sender) => sender.send(delivery).await.is_ok(),
                None => false,
            };
            let result = if sent { answer.await.ok() } else { None };
            self.metrics.delivered(&self.gateway.profile.platform, how(result.as_ref()));
            let wait = match result {
                Some(Ok(())) => {
                    // How long the platform took to answer is no delay: the card can be read by then.
                    self.report(lateness.report(order, now).map(|event| (event, handled.clone())));
                    return Ended::Delivered;
                }
                Some(Err(SendError::Never { why })) => {
                    tracing::info!(why, "an order can't be carried out");
                    return Ended::Worthless;
                }
                Some(Err(SendError::Later { after, why })) => {
                    tracing::debug!(why, "an order has to wait");
                    after
                }
                None => {
                    let this = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    this
                }
            };
            let until = self.clock.now() + wait;
            self.report(lateness.waits(order, until).map(|event| (event, handled.clone())));
            // The dispatcher lives as long as what it has started.
            let _ = holds.send((row.clone(), until, self.clock.busy()));
            self.wait(until, priority, handled).await;
        }
    }

    fn report(&self, late: impl IntoIterator<Item = (Event, Handled)>) {
        // Nobody takes them when the program ends: then the routine comes back paused.
        late.into_iter().for_each(|report| drop(self.reports.send(report)));
    }

    /// Waits until then, or until something stands behind it that may not wait so long.
    async fn wait(&self, until: Timestamp, priority: &mut watch::Receiver<Priority>, handled: &mut Handled) {
        let sooner = async {
            // Without a sender nothing comes behind it any more.
            if priority.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            self.clock.busy()
        };
        let waiting = self.clock.sleep_until(until);
        let waiting = async {
            tokio::select! { biased; busy = waiting => busy, busy = sooner => busy }
        };
        // First in the row of those who wait, then let go: else time could jump past it.
        let (busy, ()) = tokio::join!(biased; waiting, async { handled.rests() });
        handled.goes_on(busy);
    }

    /// Whether a session has moved on, so that what announces its step is worth nothing any more.
    fn is_past(&self, (owner, mark): &(UserId, StepMark)) -> bool {
        // A store that can't be read says nothing about it.
        let Ok(records) = self.store.load(&[Key::Session(owner.clone())]) else { return false };
        let session = records.session(owner).map(|running| &running.session);
        session.is_none_or(|session| session.id != mark.session || session.at != mark.at)
    }
}

/// How an attempt to carry out an order ended, in a word.
fn how(result: Option<&Result<(), SendError>>) -> &'static str {
    match result {
        Some(Ok(())) => "done",
        Some(Err(SendError::Later { .. })) => "later",
        Some(Err(SendError::Never { .. })) => "never",
        None => "lost",
    }
}

/// The step that an order announces, and whose. The answer to a press has to come, whatever it says.
fn announced(order: &Order) -> Option<(UserId, StepMark)> {
    match order {
        Order::Say(post) if post.reply.is_none() => Some((post.person.clone(), post.step.clone()?)),
        Order::Say(_) | Order::Open { .. } | Order::Close { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::terminal;
    use crate::app::clock::SystemClock;
    use crate::port::action::Post;
    use crate::port::event::ReplyToken;
    use crate::store::memory::MemoryStore;

    fn say(text: &str, urgent: bool) -> Item {
        say_to("me", text, urgent)
    }

    fn say_to(person: &str, text: &str, urgent: bool) -> Item {
        let order = Order::Say(Post {
            place: terminal::place("me"),
            person: terminal::user(person),
            reply: None,
            step: None,
            begins: false,
            urgent,
            instead: false,
            message: Message::say(text),
        });
        Item { id: None, order, handled: Handled::new(|| {}, Busy::default()) }
    }

    fn close() -> Item {
        let session = crate::base::id::SessionId::from_stored("2abcdefg");
        Item { order: Order::Close { place: terminal::place("me"), session }, ..say("", false) }
    }

    fn step(text: &str) -> Item {
        let mut item = say(text, false);
        if let Order::Say(post) = &mut item.order {
            post.step = Some(StepMark { session: crate::base::id::SessionId::from_stored("2abcdefg"), at: 1 });
        }
        item
    }

    /// The card of a step as the answer to a press.
    fn pressed(text: &str) -> Item {
        let mut item = step(text);
        if let Order::Say(post) = &mut item.order {
            post.reply = Some(ReplyToken(String::new()));
        }
        item
    }

    /// What an outbox hands to an adapter, one delivery after the other.
    fn started() -> (Outbox, mpsc::Receiver<Delivery>) {
        let (deliveries, inbox) = mpsc::channel(9);
        let (_, adapter) = watch::channel(Some(deliveries));
        let gateway = Gateway { profile: terminal::profile(), adapter };
        (
            Outbox::start(
                vec![gateway],
                Arc::new(MemoryStore::new()),
                Arc::new(SystemClock),
                Message::new(),
                Arc::default(),
                mpsc::unbounded_channel().0,
            ),
            inbox,
        )
    }

    fn text(delivery: &Delivery) -> String {
        let Work::Say { parts, .. } = &delivery.work else { panic!("{:?}", delivery.work) };
        parts.iter().map(crate::message::plain::plain).collect()
    }

    #[tokio::test]
    async fn a_place_keeps_its_order_and_what_is_urgent_goes_past_it() {
        let (outbox, mut inbox) = started();
        let inlet = outbox.inlet();
        for text in ["first", "second"] {
            inlet.put(say(text, false));
        }
        let first = inbox.recv().await.unwrap();
        assert_eq!(text(&first), "first");
        inlet.put(say("help", true));
        inlet.put(say("third", false));
        let help = inbox.recv().await.unwrap();
        assert_eq!((text(&help).as_str(), help.priority), ("help", Priority::Urgent), "past what is under way");
        first.done.send(Ok(())).unwrap();
        // Held until what is urgent is said: it may be the end of what the others belong to.
        tokio::task::yield_now().await;
        assert!(inbox.try_recv().is_err());
        help.done.send(Ok(())).unwrap();
        for expected in ["second", "third"] {
            let next = inbox.recv().await.unwrap();
            assert_eq!(text(&next), expected);
            next.done.send(Ok(())).unwrap();
        }
        drop(inlet);
        outbox.drain().await;
    }

    #[tokio::test]
    async fn nobody_waits_for_another_and_a_thread_ends_after_what_is_said_in_it() {
        let (outbox, mut inbox) = started();
        let inlet = outbox.inlet();
        for item in [say("a", false), say("b", false), close(), say_to("you", "c", false)] {
            inlet.put(item);
        }
        let mut first = [inbox.recv().await.unwrap(), inbox.recv().await.unwrap()];
        first.sort_by_key(text);
        let [a, c] = first;
        assert_eq!([text(&a), text(&c)], ["a", "c"], "another person's");
        a.done.send(Ok(())).unwrap();
        let b = inbox.recv().await.unwrap();
        assert_eq!(text(&b), "b");
        b.done.send(Ok(())).unwrap();
        tokio::task::yield_now().await;
        assert!(inbox.try_recv().is_err(), "while something is said there the thread stays open");
        c.done.send(Ok(())).unwrap();
        let end = inbox.recv().await.unwrap();
        assert!(matches!(end.work, Work::Close { .. }), "{:?}", end.work);
        end.done.send(Ok(())).unwrap();
        drop(inlet);
        outbox.drain().await;
    }

    #[tokio::test]
    async fn what_a_step_waits_for_may_not_wait_longer_than_the_step() {
        let (outbox, mut inbox) = started();
        let inlet = outbox.inlet();
        inlet.put(say("first", false));
        let first = inbox.recv().await.unwrap();
        assert_eq!(first.priority, Priority::Answer);
        let later = SendError::Later { after: Duration::from_secs(600), why: "only so many".to_owned() };
        first.done.send(Err(later)).unwrap();
        inlet.put(say("second", false));
        inlet.put(pressed("card"));
        for expected in ["first", "second", "card"] {
            // Long before the ten minutes are over.
            let next = tokio::time::timeout(Duration::from_secs(60), inbox.recv()).await.unwrap().unwrap();
            assert_eq!((text(&next).as_str(), next.priority), (expected, Priority::Step), "in order, and soon");
            next.done.send(Ok(())).unwrap();
        }
        inlet.put(say("after it", false));
        let next = inbox.recv().await.unwrap();
        assert_eq!(next.priority, Priority::Answer, "the step is told");
        next.done.send(Ok(())).unwrap();
        drop(inlet);
        outbox.drain().await;
    }

    #[tokio::test]
    async fn the_card_of_a_step_that_is_past_is_not_sent() {
        let (outbox, mut inbox) = started();
        let inlet = outbox.inlet();
        inlet.put(step("card"));
        inlet.put(say("after it", false));
        let next = inbox.recv().await.unwrap();
        assert_eq!(text(&next), "after it");
        next.done.send(Ok(())).unwrap();
        drop(inlet);
        outbox.drain().await;
    }
}
