//! The runtime when the store fails: an emergency is answered all the same, and nobody is told that something was saved. And when
//! nobody comes for a year: then what was kept goes by itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nape::adapter::terminal;
use nape::adapter::{Delivery, Failure, Incoming, Link, SendError, Work};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::{Clock, VirtualClock};
use nape::app::runtime::{self, Until};
use nape::app::supervise::Adapter;
use nape::base::id::{EventId, ServerId};
use nape::base::time::Timestamp;
use nape::message::model::Block;
use nape::message::plain::plain;
use nape::port::action::Change;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::port::record::{Key, Record, Records, Server};
use nape::store::sled::SledStore;
use nape::store::{Batch, CommitError, Committed, OutboxId, OutboxItem, Store, StoreError};
use tokio::sync::{oneshot, watch};

#[tokio::test]
async fn an_emergency_is_answered_though_nothing_can_be_read() {
    let said = say("sudden worst headache of my life, it came on in seconds", Broken { reads: false }).await;
    assert!(said.contains("emergency number"), "{said}");
}

#[tokio::test]
async fn an_emergency_is_answered_though_nothing_can_be_saved() {
    let said = say("sudden worst headache of my life, it came on in seconds", Broken { reads: true }).await;
    assert!(said.contains("emergency number"), "{said}");
}

#[tokio::test]
async fn a_change_that_can_not_be_saved_is_not_confirmed() {
    for reads in [true, false] {
        let said = say("my settings pace wait", Broken { reads }).await;
        assert!(said.contains("I can't save anything right now") && !said.contains("→"), "{said}");
    }
}

#[tokio::test]
async fn what_nobody_has_used_for_a_year_is_gone_and_not_a_day_before() {
    let said = ["my settings pace wait"].map(said).into();
    assert_eq!(kept(said, "person", [0, 364 * DAY, 366 * DAY]).await, [1, 1, 0]);
}

#[tokio::test]
async fn a_routine_that_is_left_alone_is_gone_within_a_day() {
    let said =
        ["routine start desk reset", "screen none desk reset", "check go desk reset asked=1795000000"].map(said).into();
    assert_eq!(kept(said, "session", [0, DAY, 3 * DAY]).await, [1, 0, 0]);
}

#[tokio::test]
async fn a_servers_settings_are_gone_a_week_after_the_bot_and_not_a_day_before() {
    let left = Event::Membership { server: ServerId::from_stored(SERVER), present: false, host: None };
    assert_eq!(kept(vec![left], "server", [0, 6 * DAY, 8 * DAY]).await, [1, 1, 0]);
}

#[tokio::test]
async fn a_step_whose_card_is_shown_late_has_its_whole_time() {
    let on_time = cards("", Duration::ZERO).await;
    // For a part of the step's time, and for longer than all of it; the card itself, and all that is said from the introduction on.
    for (held, seconds) in [("1 of 8", 20), ("1 of 8", 50), ("", 20), ("", 50)] {
        let later = Duration::from_secs(seconds);
        let late = cards(held, later).await;
        assert_eq!((on_time.len(), late.len()), (8, 8), "{held} {seconds}");
        let waited: Vec<Duration> = on_time.iter().zip(&late).map(|(on_time, late)| late.0.since(on_time.0)).collect();
        assert_eq!(waited, [later; 8], "{held}");
        for pair in late.windows(2) {
            assert_eq!(pair[0].1, Some(pair[1].0), "what it counts down ends when the next card comes");
        }
    }
}

/// When each card of a routine is shown, and what it counts down to, on a platform that takes what says this so much later.
async fn cards(held: &'static str, later: Duration) -> Vec<(Timestamp, Option<Timestamp>)> {
    let folder = tempfile::tempdir().expect("a folder for the store");
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).expect("a new store"));
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(START));
    let shown = Arc::new(Mutex::new(Vec::new()));
    let (seen, time) = (shown.clone(), clock.clone());
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |mut link| {
            let (seen, time) = (seen.clone(), time.clone());
            Box::pin(async move {
                // Time stands still until it is waited for here, too.
                let busy = time.busy();
                for line in ["routine start desk reset", "screen none desk reset"] {
                    happen(&mut link, said(line), &Mutex::default()).await?;
                }
                let (handled, _) = oneshot::channel();
                let event = said(&format!("check go desk reset asked={}", START.millis() / 1000));
                let sent = link.events.send(Incoming { event, handled, settled: None }).await;
                sent.map_err(|error| Failure::Passing(error.to_string()))?;
                // From the first delivery on, what is under way holds time itself.
                let mut next = link.deliveries.recv().await;
                let end = START + Duration::from_secs(900);
                let waited = async { tokio::join!(time.sleep_until(end), async { drop(busy) }).0 };
                tokio::pin!(waited);
                while let Some(Delivery { work, done, .. }) = next {
                    let parts = match work {
                        Work::Say { parts, .. } => parts,
                        Work::Open { .. } | Work::Close { .. } => Vec::new(),
                    };
                    let text: String = parts.iter().map(plain).collect();
                    let left = later.checked_sub(time.now().since(START));
                    let answer = match left.filter(|left| !left.is_zero()) {
                        Some(after) if text.contains(held) => {
                            Err(SendError::Later { after, why: "as the test wants it".to_owned() })
                        }
                        _ => Ok(()),
                    };
                    if answer.is_ok() && text.contains(" of 8 ·") {
                        let until = parts.iter().flat_map(|part| &part.blocks).find_map(|block| match block {
                            Block::Countdown { until, .. } => Some(*until),
                            _ => None,
                        });
                        seen.lock().expect("nobody panicked").push((time.now(), until));
                    }
                    let _ = done.send(answer);
                    next = tokio::select! {
                        biased;
                        next = link.deliveries.recv() => next,
                        _ = &mut waited => None,
                    };
                }
                Ok(())
            })
        }),
    };
    run(store, clock, adapter).await;
    std::mem::take(&mut *shown.lock().expect("nobody panicked"))
}

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
/// A server that has settings from the beginning.
const SERVER: &str = "terminal:server";

/// How many records of a tree a store on disk holds so many seconds after these events.
async fn kept(events: Vec<Event>, tree: &'static str, seconds: [u64; 3]) -> Vec<usize> {
    let folder = tempfile::tempdir().expect("a folder for the store");
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).expect("a new store"));
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(START));
    let server = Record::Server(Server::default());
    let changes = vec![Change { key: Key::Server(ServerId::from_stored(SERVER)), record: Some(server) }];
    store.commit(Batch { changes, now: START, ..Batch::default() }).await.expect("there is room");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (looked, kept, time) = (seen.clone(), store.clone(), clock.clone());
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |mut link| {
            let (looked, kept, time) = (looked.clone(), kept.clone(), time.clone());
            let events = events.clone();
            Box::pin(async move {
                // Time stands still until it is waited for here, too.
                let mut busy = time.busy();
                for event in events {
                    happen(&mut link, event, &Mutex::default()).await?;
                }
                for seconds in seconds {
                    let there = START + Duration::from_secs(seconds);
                    let waited = async { tokio::join!(time.sleep_until(there), async { drop(busy) }).0 };
                    busy = listen(&mut link, waited).await;
                    let records = kept.scan(tree, None, 9).map_err(|error| Failure::Passing(error.to_string()))?;
                    looked.lock().expect("nobody panicked").push(records.len());
                }
                drop(busy);
                Ok(())
            })
        }),
    };
    run(store, clock, adapter).await;
    std::mem::take(&mut *seen.lock().expect("nobody panicked"))
}

/// When these conversations begin.
const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// What is answered to this text, by the whole runtime.
async fn say(text: &str, store: Broken) -> String {
    let heard = Arc::new(Mutex::new(String::new()));
    let (sheet, text) = (heard.clone(), text.to_owned());
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |mut link| {
            let (event, sheet) = (said(&text), sheet.clone());
            Box::pin(async move { happen(&mut link, event, &sheet).await })
        }),
    };
    run(Arc::new(store), Arc::new(VirtualClock::new(START)), adapter).await;
    heard.lock().expect("nobody panicked").clone()
}

/// Runs until the adapter is done.
async fn run(store: Arc<dyn Store>, clock: Arc<dyn Clock>, adapter: Adapter) {
    let bot = Arc::new(assembly::bot(&Knowledge::default()).unwrap_or_else(|exit| panic!("{:?}", exit.lines)));
    let (_tell, stop) = watch::channel(false);
    runtime::run(bot, store, clock, vec![adapter], Until::Stopped, stop).await.expect("the runtime ends well");
}

/// What a person says.
fn said(text: &str) -> Event {
    Event::Person(FromPerson {
        id: EventId::from_stored(format!("{} {text}", terminal::PLATFORM)),
        who: terminal::user("me"),
        place: terminal::place("me"),
        may_configure: false,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input: Input::Said { text: text.to_owned(), addressed: true },
    })
}

/// Lets something happen and writes down what is delivered until it is handled.
async fn happen(link: &mut Link, event: Event, sheet: &Mutex<String>) -> Result<(), Failure> {
    let (handled, mut done) = oneshot::channel();
    let sent = link.events.send(Incoming { event, handled, settled: None }).await;
    sent.map_err(|error| Failure::Passing(error.to_string()))?;
    loop {
        tokio::select! {
            biased;
            Some(delivery) = link.deliveries.recv() => {
                if let Work::Say { parts, .. } = &delivery.work {
                    sheet.lock().expect("nobody panicked").extend(parts.iter().map(plain));
                }
                let _ = delivery.done.send(Ok(()));
            }
            _ = &mut done => return Ok(()),
        }
    }
}

/// Takes what is delivered until something else is done.
async fn listen<T>(link: &mut Link, other: impl Future<Output = T>) -> T {
    tokio::pin!(other);
    loop {
        tokio::select! {
            biased;
            Some(delivery) = link.deliveries.recv() => drop(delivery.done.send(Ok(()))),
            done = &mut other => return done,
        }
    }
}

/// A store that takes nothing, and perhaps can't be read either.
struct Broken {
    reads: bool,
}

fn broken() -> StoreError {
    StoreError::Failed("the disk is gone".to_owned())
}

#[async_trait]
impl Store for Broken {
    fn load(&self, keys: &[Key]) -> Result<Records, StoreError> {
        let mut records = Records::default();
        for key in keys {
            records.insert(key.clone(), None, Default::default());
        }
        if self.reads { Ok(records) } else { Err(broken()) }
    }

    async fn commit(&self, _: Batch) -> Result<Committed, CommitError> {
        Err(broken().into())
    }

    fn due(&self, _: Timestamp, _: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
        Ok(Vec::new())
    }

    fn scan(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<(Key, Record)>, StoreError> {
        Ok(Vec::new())
    }

    fn outbox(&self, _: OutboxId, _: usize) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
        Ok(Vec::new())
    }
}
