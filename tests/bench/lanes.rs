//! Events a second from an adapter through lanes, store and outbox and back, with the store in memory and with sled,
//! beside a file that is appended to and synced (the floor), in the same run.
//! By hand: `cargo bench --bench lanes`.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nape::adapter::{Delivery, Failure, Incoming, Link, Profile};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::{Clock, SystemClock};
use nape::app::runtime::{self, Until};
use nape::app::supervise::Adapter;
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, UserId};
use nape::bot::Bot;
use nape::message::capabilities::{Capabilities, Choices, Countdown, Markup, PrivateMeans};
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::store::Store;
use nape::store::memory::MemoryStore;
use nape::store::sled::SledStore;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Events in one run.
const EVENTS: usize = 4_000;
/// People who write at the same time.
const PEOPLE: usize = 64;
/// Runs; the median is quoted.
const RUNS: usize = 5;

#[expect(clippy::print_stdout, reason = "a benchmark run by hand prints its figures")]
fn main() {
    let bot = match assembly::bot(&Knowledge::default()) {
        Ok(bot) => Arc::new(bot),
        Err(exit) => panic!("{:?}", exit.lines),
    };
    let mut rows: [(&str, Vec<f64>); 3] =
        [("append + fdatasync, 64 at a time", vec![]), ("lanes, store in memory", vec![]), ("lanes, sled", vec![])];
    for _ in 0..RUNS {
        rows[0].1.push(append());
        rows[1].1.push(through(&bot, Arc::new(MemoryStore::new())));
        let folder = tempfile::tempdir().expect("a folder for the store");
        rows[2].1.push(through(&bot, Arc::new(SledStore::open(folder.path()).expect("a new store"))));
    }
    let medians: Vec<f64> = rows.iter_mut().map(|(_, rates)| median(rates)).collect();
    for ((name, _), rate) in rows.iter().zip(&medians) {
        println!("{name:<36} {rate:>9.0} a second   {:>5.2} of the floor", rate / medians[0]);
    }
}

/// Changes a setting for each event, so that each is a commit with a record and an order.
fn through(bot: &Arc<Bot>, store: Arc<dyn Store>) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(async {
        let (took, taken) = std::sync::mpsc::channel();
        let profile = Profile { platform: platform(), capabilities: CAPABILITIES };
        let adapter =
            Adapter { profile, ends_all: true, run: Box::new(move |link| Box::pin(play(link, took.clone()))) };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (_tell, stop) = watch::channel(false);
        runtime::run(bot.clone(), store, clock, vec![adapter], Until::Stopped, stop).await.expect("the runtime runs");
        let took: Duration = taken.recv().expect("the adapter has played");
        EVENTS as f64 / took.as_secs_f64()
    })
}

async fn play(link: Link, took: std::sync::mpsc::Sender<Duration>) -> Result<(), Failure> {
    let Link { events, deliveries, .. } = link;
    tokio::spawn(answer(deliveries));
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let start = Instant::now();
    let mut people = JoinSet::new();
    for person in 0..PEOPLE {
        let events = events.clone();
        people.spawn(async move {
            for number in 0..EVENTS / PEOPLE {
                let (handled, done) = oneshot::channel();
                let event = event(person, number);
                if events.send(Incoming { event, handled, settled: None }).await.is_err() || done.await.is_err() {
                    return;
                }
            }
        });
    }
    while people.join_next().await.is_some() {}
    took.send(start.elapsed()).map_err(|error| Failure::Passing(error.to_string()))
}

async fn answer(mut deliveries: mpsc::Receiver<Delivery>) {
    while let Some(delivery) = deliveries.recv().await {
        let _ = delivery.done.send(Ok(()));
    }
}

fn event(person: usize, number: usize) -> Event {
    let platform = platform();
    let value = if number.is_multiple_of(2) { "wait" } else { "auto" };
    Event::Person(FromPerson {
        id: EventId::new(&platform, format!("{person}-{number}")),
        who: UserId::new(&platform, person),
        place: Place {
            server: None,
            channel: ChannelId::new(&platform, person),
            parent: None,
            kind: PlaceKind::Direct,
            platform,
        },
        may_configure: false,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input: Input::Pressed { line: format!("my settings pace {value}") },
    })
}

/// The floor: what a record and an order come to, appended for all people at once, then synced.
fn append() -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let mut file = File::create(folder.path().join("log")).expect("a file");
    let line = [b'x'; 700];
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let start = Instant::now();
    for _ in 0..EVENTS / PEOPLE {
        for _ in 0..PEOPLE {
            file.write_all(&line).expect("room on the disk");
        }
        file.sync_data().expect("a disk that syncs");
    }
    EVENTS as f64 / start.elapsed().as_secs_f64()
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn platform() -> Platform {
    Platform::new("bench")
}

const CAPABILITIES: Capabilities = Capabilities {
    choices: Choices::Numbers,
    private: PrivateMeans::Always,
    markup: Markup::None,
    max_chars: 20_000,
    countdown: Countdown::None,
    files: false,
    links: false,
    edits: false,
};
