//! The adapter alone, between the loopback and a runtime that the test plays: what it hears is taken by the test, what it is to
//! do comes from there, and its time is moved on by hand.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nape::adapter::discord::{Discord, Settings, profile};
use nape::adapter::{Delivery, Failure, Incoming, Link, Names, Prefixes, SendError, Time, Work};
use nape::base::id::{ChannelId, Place, PlaceKind, ServerId, UserId};
use nape::base::time::Timestamp;
use nape::command::manual::{Sentences, menus};
use nape::message::degrade::{Surroundings, degrade};
use nape::message::model::Message;
use nape::message::part::Part;
use nape::port::action::Priority;
use nape::port::event::{Event, FromPerson, ReplyToken};
use serenity::http::{Http, HttpBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fake::{Fake, Id, TOKEN};
use crate::ready::Counted;

/// How long a test waits for the adapter before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running adapter. Dropping it ends it.
pub struct Alone {
    pub time: Arc<ByHand>,
    /// What it says about itself.
    pub pulse: Arc<Counted>,
    pub events: mpsc::Receiver<Incoming>,
    deliver: mpsc::Sender<Delivery>,
    running: JoinHandle<Result<(), Failure>>,
    _stop: watch::Sender<bool>,
}

/// Time that stands still until it is moved on.
pub struct ByHand(watch::Sender<Timestamp>);

#[async_trait]
impl Time for ByHand {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn wait(&self, span: Duration) {
        let until = self.now() + span;
        // Whoever moves time on outlives those who wait for it.
        let _ = self.0.subscribe().wait_for(|now| *now >= until).await;
    }
}

impl ByHand {
    /// Moves on.
    pub fn go_on(&self, span: Duration) {
        self.0.send_modify(|now| *now = *now + span);
    }
}

/// The manual in the words of its own names.
struct Words;

impl Sentences for Words {
    fn command(&self, words: &str) -> String {
        words.to_owned()
    }

    fn group(&self, name: &str) -> String {
        name.to_owned()
    }

    fn param(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl Alone {
    /// Starts it by the way of a proxy, and waits until its shards are connected.
    pub async fn start(fake: &Fake) -> Self {
        let alone = Self::begin(fake, None, Vec::new());
        alone.listens(fake).await;
        alone
    }

    /// Starts it without waiting: with requests made in another way, and with servers of which something is kept.
    pub fn begin(fake: &Fake, http: Option<Http>, servers: Vec<ServerId>) -> Self {
        let now = fake.look(|state| i64::try_from(state.clock.now()).expect("it is this century"));
        let time = Arc::new(ByHand(watch::Sender::new(Timestamp::from_millis(now))));
        let api_url = http.is_none().then(|| fake.url());
        let http = http.unwrap_or_else(|| HttpBuilder::new(TOKEN).proxy(fake.url()).ratelimiter_disabled(true).build());
        let settings = Settings {
            token: TOKEN.to_owned().into(),
            application_id: None,
            guild: None,
            api_url,
            shards: None,
            menus: menus(&Words),
            names: Names::default(),
            operators: BTreeSet::new(),
        };
        let discord = Discord::with_http(settings, time.clone(), http);
        let (events, incoming) = mpsc::channel(64);
        let (deliver, deliveries) = mpsc::channel(64);
        let (_stop, stop) = watch::channel(false);
        let pulse = Arc::<Counted>::default();
        let prefixes = Prefixes::new(|_| String::new());
        let link = Link { events, deliveries, stop, prefixes, servers, pulse: pulse.clone() };
        let running = tokio::spawn(async move { discord.run(link).await });
        Self { time, pulse, events: incoming, deliver, running, _stop }
    }

    /// Waits until its commands are there and its shards connected.
    pub async fn listens(&self, fake: &Fake) {
        fake.until(|state| (!state.commands.is_empty()).then_some(())).await;
        fake.until(|state| state.gateway.connected().next().map(|_| ())).await;
    }

    /// Waits for the next thing that somebody did; the coming and going of servers is passed over.
    pub async fn hears(&mut self) -> (FromPerson, oneshot::Sender<()>) {
        loop {
            let incoming = timeout(PATIENCE, self.events.recv()).await.expect("something is heard");
            let Incoming { event, handled, settled: _ } = incoming.expect("it runs");
            if let Event::Person(person) = event {
                return (person, handled);
            }
        }
    }

    /// Has something done, and waits for what comes of it.
    pub async fn does(&self, nonce: u64, work: Work) -> Result<(), SendError> {
        let done = self.is_to_do(nonce, work).await;
        timeout(PATIENCE, done).await.expect("it is done or not").expect("it answers")
    }

    /// Has something done.
    pub async fn is_to_do(&self, nonce: u64, work: Work) -> oneshot::Receiver<Result<(), SendError>> {
        let (done, answer) = oneshot::channel();
        self.deliver.send(Delivery { nonce, work, priority: Priority::Answer, done }).await.expect("it runs");
        answer
    }

    /// Lets go on whatever can before time is moved on: as long as some connections to the fake and back take.
    pub async fn settles(&self, fake: &Fake) {
        for _ in 0..3 {
            let address = fake.url().trim_start_matches("http://").to_owned();
            let mut stream = TcpStream::connect(address).await.expect("the fake listens");
            let asked = b"GET /api/v10/gateway HTTP/1.1\r\nHost: fake\r\nConnection: close\r\n\r\n";
            stream.write_all(asked).await.expect("the fake listens");
            stream.read_to_end(&mut Vec::new()).await.expect("the fake answers");
        }
    }

    /// Waits for its end.
    pub async fn ends(self) -> Result<(), Failure> {
        timeout(PATIENCE, self.running).await.expect("it ends").expect("it does not panic")
    }
}

/// Something to be said in a guild's channel, as a message of its own.
pub fn say(guild: Id, channel: Id, who: Id) -> Work {
    let (place, person) = (place(guild, channel), UserId::new(&profile().platform, who));
    let parts = parts(Message::say("hello"), false);
    Work::Say { place, person, reply: None, step: None, instead: false, parts }
}

/// Something to be said to somebody alone, in answer to what they did.
pub fn answer(to: &FromPerson, words: &str) -> Work {
    Work::Say {
        place: to.place.clone(),
        person: to.who.clone(),
        reply: Some(reply(to)),
        step: None,
        instead: false,
        parts: parts(Message::say(words).private(), true),
    }
}

/// A guild's channel.
pub fn place(guild: Id, channel: Id) -> Place {
    let platform = profile().platform;
    Place {
        server: Some(ServerId::new(&platform, guild)),
        channel: ChannelId::new(&platform, channel),
        parent: None,
        kind: PlaceKind::Shared,
        platform,
    }
}

fn reply(to: &FromPerson) -> ReplyToken {
    to.reply.clone().expect("whoever did something can be answered")
}

fn parts(message: Message, has_reply_token: bool) -> Vec<Part> {
    let around = Surroundings { place_is_private: false, has_reply_token };
    degrade(&message, &profile().capabilities, around, &Message::new())
}
