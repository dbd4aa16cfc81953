//! Runs the whole runtime on a real store, in real time, with people who ask, set and follow routines, and with a second platform
//! that panics, hangs and fails all the while; and watches memory, file descriptors, the store, and how long anybody waits.
//!
//! `cargo test --release --test soak -- 3600 seed=7` watches an hour, after three quarters of one to warm up; in the test command
//! it is twelve seconds after nine.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nape::adapter::{Failure, Incoming, Link, terminal};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::{Clock, SystemClock};
use nape::app::health::Vitals;
use nape::app::runtime::{self, Frame, Until};
use nape::app::supervise::Adapter;
use nape::app::watch as watching;
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, UserId};
use nape::base::time::Timestamp;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::store::sled::SledStore;
use tokio::sync::{oneshot, watch};

#[path = "store/proof.rs"]
mod proof;

use proof::{Asked, Draw};

/// Seconds that are watched in the test command.
const SECONDS: u64 = 12;
/// People who come again and again.
const PEOPLE: u64 = 200;
/// Pause between two things that happen.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest that anybody may wait.
const STALL: Duration = Duration::from_secs(10);
/// How much memory may grow: per hour after warming up where that can be told, at all where it can't.
const SLOPE_MIB: f64 = 1.0;
const GROWTH_MIB: f64 = 16.0;

/// One look at the process.
#[derive(Clone, Copy, Debug)]
struct Look {
    after: Duration,
    memory_mib: f64,
    files: usize,
    store_mib: f64,
}

#[expect(clippy::print_stdout, reason = "a test without harness tells its own result")]
fn main() -> ExitCode {
    let Some(Asked { count: watched, seed }) = proof::asked(SECONDS) else { return ExitCode::SUCCESS };
    // In an hour with what was to be seen above, memory rose for 41 minutes and then no more.
    let warming_up = watched * 3 / 4;
    let seconds = warming_up + watched;
    let dir = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let (looks, events, longest) = runtime.block_on(soak(dir.path(), seconds, seed));
    let (Some(first), Some(last)) = (looks.iter().find(|look| look.after.as_secs() >= warming_up), looks.last()) else {
        return proof::tell("nothing was seen", 0, &["no look was taken".to_owned()]);
    };
    for look in looks.iter().step_by((looks.len() / 12).max(1)) {
        let Look { after, memory_mib, files, store_mib } = look;
        println!(
            "after {:>4} s: memory {memory_mib:.1} MiB, {files} file descriptors, store {store_mib:.1} MiB",
            after.as_secs()
        );
    }
    let settled: Vec<Look> = looks.iter().copied().filter(|look| look.after >= first.after).collect();
    let slope = slope(&settled);
    let mut failures = Vec::new();
    let growth = last.memory_mib - first.memory_mib;
    if (watched >= 3600 && slope > SLOPE_MIB) || growth > GROWTH_MIB {
        failures.push(format!("memory grew by {growth:.1} MiB after warming up, {slope:.2} MiB an hour"));
    }
    if last.files > first.files + 2 {
        failures.push(format!("{} file descriptors, and {} after warming up", last.files, first.files));
    }
    if longest >= STALL {
        failures.push(format!("somebody waited {longest:?}"));
    }
    let counted = format!(
        "{events} events in {seconds} s, of which {warming_up} to warm up; then memory {:.1} to {:.1} MiB ({slope:.2} MiB an hour), {} to {} file descriptors, store {:.1} to {:.1} MiB, \
         longest wait {longest:?}; seed={seed}",
        first.memory_mib, last.memory_mib, first.files, last.files, first.store_mib, last.store_mib
    );
    proof::tell(&counted, if failures.is_empty() { events } else { 0 }, &failures)
}

async fn soak(dir: &Path, seconds: u64, seed: u64) -> (Vec<Look>, u64, Duration) {
    let store = Arc::new(SledStore::open(dir).expect("a new store"));
    let bot = Arc::new(assembly::bot(&Knowledge::default()).unwrap_or_else(|exit| panic!("{:?}", exit.lines)));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let begin = clock.now();
    let end = begin + Duration::from_secs(seconds);
    let result = Arc::new(Mutex::new((0_u64, Duration::ZERO)));
    let (seen, time) = (result.clone(), clock.clone());
    let well = adapter("well", move |mut link| {
        let (seen, time) = (seen.clone(), time.clone());
        async move {
            let mut draw = Draw(seed);
            while time.now() < end {
                let asked = time.now();
                let number = draw.next();
                let event = said("well", draw.below(PEOPLE), LINES[draw.below(LINES.len() as u64) as usize], number);
                happen(&mut link, event).await?;
                {
                    let mut seen = seen.lock().expect("nobody panicked");
                    *seen = (seen.0 + 1, seen.1.max(time.now().since(asked)));
                }
                let next = time.now() + PAUSE;
                let waited = time.sleep_until(next);
                tokio::pin!(waited);
                // Steps that come meanwhile are carried out.
                loop {
                    tokio::select! {
                        biased;
                        Some(delivery) = link.deliveries.recv() => drop(delivery.done.send(Ok(()))),
                        _ = &mut waited => break,
                    }
                }
            }
            Ok(())
        }
    });
    let time = clock.clone();
    let sick = adapter("sick", move |mut link| {
        let time = time.clone();
        async move {
            let number = u64::try_from(time.now().millis()).unwrap_or_default();
            let (handled, _) = oneshot::channel();
            let event = said("sick", number % 5, "what is effleurage", number);
            let sent = link.events.send(Incoming { event, handled, settled: None }).await;
            sent.map_err(|error| Failure::Passing(error.to_string()))?;
            match number % 3 {
                0 => Err(Failure::Passing("as the soak wants it".to_owned())),
                1 => panic!("as the soak wants it"),
                _ => {
                    // Takes nothing for a while.
                    let until = time.now() + Duration::from_secs(5);
                    tokio::select! {
                        busy = time.sleep_until(until) => drop(busy),
                        _ = link.stop.wait_for(|stop| *stop) => return Ok(()),
                    }
                    Err(Failure::Passing("as the soak wants it".to_owned()))
                }
            }
        }
    });
    let looks = Arc::new(Mutex::new(Vec::new()));
    let (noted, time, folder) = (looks.clone(), clock.clone(), dir.to_owned());
    let looking = tokio::spawn(async move {
        let every = Duration::from_secs((seconds / 60).max(1));
        loop {
            drop(time.sleep_until(time.now() + every).await);
            noted.lock().expect("nobody panicked").push(look(&folder, begin, time.now()));
        }
    });
    let (tell, stop) = watch::channel(false);
    let vitals = Vitals::new(clock.clone());
    // As in the program: somebody looks after the disk, and ends a store that hangs.
    tokio::spawn(watching::run(store.clone(), clock.clone(), vitals.clone(), tell));
    let frame = Frame { vitals, ..Frame::bare(&clock) };
    let ended = runtime::run_within(frame, bot, store, clock, vec![well, sick], Until::Stopped, stop).await;
    looking.abort();
    ended.expect("the runtime ends well");
    let (events, longest) = *result.lock().expect("nobody panicked");
    let looks = looks.lock().expect("nobody panicked").clone();
    (looks, events, longest)
}

/// What people say, most of it questions.
const LINES: &[&str] = &[
    "what is effleurage",
    "can i massage my neck if i take blood thinners",
    "how long should i press on a trigger point",
    "more",
    "write me a poem about trains",
    "asdfghjkl",
    "my settings pressure 2",
    "my settings pressure 1",
    "my data",
    "routine start desk reset",
    "none",
    "no",
    "next",
    "pause",
    "resume",
    "stop",
    "my delete",
    "my delete sure=yes",
];

fn said(platform: &str, who: u64, text: &str, number: u64) -> Event {
    let platform = Platform::new(platform);
    let channel = ChannelId::new(&platform, who);
    Event::Person(FromPerson {
        id: EventId::new(&platform, number),
        who: UserId::new(&platform, who),
        place: Place { server: None, channel, parent: None, kind: PlaceKind::Direct, platform },
        may_configure: false,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input: Input::Said { text: text.to_owned(), addressed: true },
    })
}

async fn happen(link: &mut Link, event: Event) -> Result<(), Failure> {
    let (handled, mut done) = oneshot::channel();
    let sent = link.events.send(Incoming { event, handled, settled: None }).await;
    sent.map_err(|error| Failure::Passing(error.to_string()))?;
    loop {
        tokio::select! {
            biased;
            Some(delivery) = link.deliveries.recv() => drop(delivery.done.send(Ok(()))),
            _ = &mut done => return Ok(()),
        }
    }
}

fn adapter<F>(platform: &'static str, run: impl Fn(Link) -> F + Send + Sync + 'static) -> Adapter
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut profile = terminal::profile();
    profile.platform = Platform::new(platform);
    Adapter { profile, ends_all: platform == "well", run: Box::new(move |link| Box::pin(run(link))) }
}

fn look(folder: &Path, begin: Timestamp, now: Timestamp) -> Look {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default();
    Look {
        after: now.since(begin),
        memory_mib: kib / 1024.0,
        files: fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or_default(),
        store_mib: size(folder) as f64 / f64::from(1 << 20),
    }
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map(|data| data.len()).unwrap_or_default() };
    entries.flatten().filter(|entry| entry.file_name() != "ballast").map(|entry| size(&entry.path())).sum()
}

/// MiB an hour, by least squares.
fn slope(looks: &[Look]) -> f64 {
    let count = looks.len() as f64;
    let hours = |look: &Look| look.after.as_secs_f64() / 3600.0;
    let (x, y) =
        (looks.iter().map(hours).sum::<f64>() / count, looks.iter().map(|look| look.memory_mib).sum::<f64>() / count);
    let over: f64 = looks.iter().map(|look| (hours(look) - x) * (look.memory_mib - y)).sum();
    let under: f64 = looks.iter().map(|look| (hours(look) - x).powi(2)).sum();
    if under > 0.0 { over / under } else { 0.0 }
}
