//! The runtime when the store fails: an emergency is answered all the same, and nobody is told that something was saved. And when
//! nobody comes for a year: then what was kept goes by itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nape::adapter::terminal;
use nape::adapter::{Incoming, Link, Work};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::{Clock, VirtualClock};
use nape::app::runtime::{self, Until};
use nape::app::supervise::Adapter;
use nape::base::id::{EventId, Platform};
use nape::base::time::Timestamp;
use nape::message::plain::plain;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::port::record::{Key, Record, Records};
use nape::store::memory::MemoryStore;
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
    let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) =
        (Arc::new(MemoryStore::new()), Arc::new(VirtualClock::new(START)));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (looked, kept, time) = (seen.clone(), store.clone(), clock.clone());
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |link| {
            let (looked, kept, time) = (looked.clone(), kept.clone(), time.clone());
            Box::pin(async move {
                // Time stands still until it is waited for here, too.
                let mut busy = time.busy();
                converse(link, "my settings pace wait".to_owned(), Arc::default()).await?;
                for days in [0, 364, 366] {
                    let there = START + Duration::from_secs(days * 24 * 60 * 60);
                    (busy, _) = tokio::join!(time.sleep_until(there), async move { drop(busy) });
                    let people = kept.scan("person", None, 9).map_err(|error| error.to_string())?;
                    looked.lock().expect("nobody panicked").push((days, people.len()));
                }
                drop(busy);
                Ok(())
            })
        }),
    };
    run(store, clock, adapter).await;
    assert_eq!(*seen.lock().expect("nobody panicked"), [(0, 1), (364, 1), (366, 0)]);
}

/// When these conversations begin.
const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// What is answered to this text, by the whole runtime.
async fn say(text: &str, store: Broken) -> String {
    let said = Arc::new(Mutex::new(String::new()));
    let (sheet, text) = (said.clone(), text.to_owned());
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |link| Box::pin(converse(link, text.clone(), sheet.clone()))),
    };
    run(Arc::new(store), Arc::new(VirtualClock::new(START)), adapter).await;
    said.lock().expect("nobody panicked").clone()
}

/// Runs until the adapter is done.
async fn run(store: Arc<dyn Store>, clock: Arc<dyn Clock>, adapter: Adapter) {
    let bot = Arc::new(assembly::bot(&Knowledge::default()).unwrap_or_else(|exit| panic!("{:?}", exit.lines)));
    let (_tell, stop) = watch::channel(false);
    runtime::run(bot, store, clock, vec![adapter], Until::Stopped, stop).await.expect("the runtime ends well");
}

/// Says one thing and writes down what is delivered until it is handled.
async fn converse(link: Link, text: String, sheet: Arc<Mutex<String>>) -> Result<(), String> {
    let Link { events, mut deliveries, .. } = link;
    let (handled, mut done) = oneshot::channel();
    let event = Event::Person(FromPerson {
        id: EventId::new(&Platform::new(terminal::PLATFORM), 1),
        who: terminal::user("me"),
        place: terminal::place("me"),
        may_configure: false,
        venues: Venues::default(),
        reply: None,
        input: Input::Said { text, addressed: true },
    });
    events.send(Incoming { event, handled }).await.map_err(|error| error.to_string())?;
    loop {
        tokio::select! {
            biased;
            Some(delivery) = deliveries.recv() => {
                if let Work::Say { parts, .. } = &delivery.work {
                    sheet.lock().expect("nobody panicked").extend(parts.iter().map(plain));
                }
                let _ = delivery.done.send(Ok(()));
            }
            _ = &mut done => return Ok(()),
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
