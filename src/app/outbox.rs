//! From stored orders to adapters: each place in order, places side by side.
//!
//! An order is in the store before it comes here and is marked as sent after its adapter has carried it out, with the
//! same number on every try: a crash neither loses it nor, where the platform can tell doubles, doubles it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::adapter::{Delivery, Profile, SendError, Work};
use crate::app::clock::{Busy, Clock};
use crate::base::id::{Platform, stable_hash};
use crate::message::degrade::{Surroundings, degrade};
use crate::message::model::Message;
use crate::port::action::Order;
use crate::store::{Batch, OutboxId, Store};

/// Deliveries that can be under way at the same time on one platform.
const SIDE_BY_SIDE: usize = 8;
/// How long the first pause after a failure is; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// An order on its way.
#[derive(Debug)]
pub struct Item {
    /// Its number in the store; none for what could not be stored and is said all the same.
    pub id: Option<OutboxId>,
    /// The order.
    pub order: Order,
    /// Dropped when it is done with.
    pub handled: Arc<Handled>,
}

/// Answers "all is delivered" when the last order of an event is done with.
#[derive(Debug, Default)]
pub struct Handled {
    answer: Option<oneshot::Sender<()>>,
    _busy: Busy,
}

impl Handled {
    /// To be shared by all that follows from an event.
    pub fn new(answer: Option<oneshot::Sender<()>>, busy: Busy) -> Arc<Self> {
        Arc::new(Self { answer, _busy: busy })
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            // Nobody may be waiting any more, which is their right.
            let _ = answer.send(());
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
}

/// The outbox.
#[derive(Debug)]
pub struct Outbox {
    platforms: BTreeMap<Platform, Vec<mpsc::UnboundedSender<Item>>>,
    workers: tokio::task::JoinSet<()>,
}

impl Outbox {
    /// Starts the workers. `withheld` is said where a private message can't be kept private.
    pub fn start(gateways: Vec<Gateway>, store: Arc<dyn Store>, clock: Arc<dyn Clock>, withheld: Message) -> Self {
        let mut platforms = BTreeMap::new();
        let mut workers = tokio::task::JoinSet::new();
        for gateway in gateways {
            let platform = gateway.profile.platform.clone();
            let shared =
                Arc::new(Shared { store: store.clone(), clock: clock.clone(), withheld: withheld.clone(), gateway });
            let senders = (0..SIDE_BY_SIDE).map(|_| {
                let (sender, receiver) = mpsc::unbounded_channel();
                workers.spawn(work(shared.clone(), receiver));
                sender
            });
            platforms.insert(platform, senders.collect());
        }
        Self { platforms, workers }
    }

    /// The way in, for the lanes.
    pub fn inlet(&self) -> Inlet {
        Inlet { platforms: self.platforms.clone() }
    }

    /// Waits until all that was put in is done with. Every [`Inlet`] has to be gone by then.
    pub async fn drain(mut self) {
        self.platforms.clear();
        while self.workers.join_next().await.is_some() {}
    }
}

/// The way into the outbox.
#[derive(Clone, Debug)]
pub struct Inlet {
    platforms: BTreeMap<Platform, Vec<mpsc::UnboundedSender<Item>>>,
}

impl Inlet {
    /// Puts an order in. One for a platform that isn't there stays in the store until it is.
    pub fn put(&self, item: Item) {
        let place = item.order.place();
        let Some(workers) = self.platforms.get(&place.platform) else {
            tracing::warn!(platform = %place.platform, "an order waits for an adapter that is not enabled");
            return;
        };
        // A worker for each place, so that a place's messages keep their order. A thread's first message comes after its opening.
        let channel = place.parent.as_ref().unwrap_or(&place.channel);
        let index = usize::try_from(stable_hash(channel.as_str().as_bytes()) % SIDE_BY_SIDE as u64).unwrap_or(0);
        if let Some(worker) = workers.get(index) {
            // Workers end only after every sender is gone.
            let _ = worker.send(item);
        }
    }
}

async fn work(shared: Arc<Shared>, mut items: mpsc::UnboundedReceiver<Item>) {
    while let Some(Item { id, order, handled }) = items.recv().await {
        let work = shared.fit(order);
        let done = shared.deliver(id, work).await;
        if let (true, Some(id)) = (done, id) {
            shared.mark_sent(id).await;
        }
        drop(handled);
    }
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
                Work::Say { place: post.place, person: post.person, reply: post.reply, step: post.step, parts }
            }
            Order::Open { home, owner, session, venue, title } => Work::Open { home, owner, session, venue, title },
            Order::Close { place, session } => Work::Close { place, session },
        }
    }

    /// Hands it to the adapter until it is done or can never be. An adapter that dies on the way gets it again when it is back;
    /// `false` when it never comes back.
    async fn deliver(&self, id: Option<OutboxId>, work: Work) -> bool {
        let mut adapter = self.gateway.adapter.clone();
        let mut pause = FIRST_PAUSE;
        loop {
            let sender = match adapter.wait_for(Option::is_some).await {
                Ok(sender) => sender.clone(),
                // Its supervisor has given up: the order stays in the store.
                Err(_) => return false,
            };
            let (done, answer) = oneshot::channel();
            let delivery = Delivery { nonce: id.map_or(0, |id| id.0), work: work.clone(), done };
            let sent = match &sender {
                Some(sender) => sender.send(delivery).await.is_ok(),
                None => false,
            };
            let result = if sent { answer.await.ok() } else { None };
            match result {
                Some(Ok(())) => return true,
                Some(Err(SendError::Never { why })) => {
                    tracing::info!(why, "an order can't be carried out");
                    return true;
                }
                Some(Err(SendError::Later { after, why })) => {
                    tracing::debug!(why, "an order has to wait");
                    drop(self.clock.sleep_until(self.clock.now() + after).await);
                }
                None => {
                    drop(self.clock.sleep_until(self.clock.now() + pause).await);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    async fn mark_sent(&self, id: OutboxId) {
        let batch = Batch { sent: vec![id], now: self.clock.now(), ..Batch::default() };
        if let Err(error) = self.store.commit(batch).await {
            // It will be sent once more after a restart; platforms tell doubles by its number.
            tracing::warn!(%error, "an order was carried out but could not be marked as sent");
        }
    }
}
