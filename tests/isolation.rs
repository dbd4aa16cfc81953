//! One that fails, and all the others: an adapter that panics, hangs or is gone for ten minutes, a person whose event panics, a record
//! that can't be handled. In virtual time, where waiting for somebody else would show as time that has passed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nape::adapter::{Failure, Incoming, Link, Work, terminal};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::{Clock, SystemClock, VirtualClock};
use nape::app::health::Vitals;
use nape::app::runtime::{self, Frame, Until};
use nape::app::supervise::Adapter;
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, UserId};
use nape::base::time::Timestamp;
use nape::bot::Bot;
use nape::message::plain::plain;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::port::record::{Key, Record, Records};
use nape::store::memory::MemoryStore;
use nape::store::{Batch, CommitError, Committed, OutboxId, OutboxItem, Store, StoreError};
use tokio::sync::{oneshot, watch};

const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const TEN_MINUTES: u64 = 600;

/// How the other platform's adapter goes wrong.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// It panics as soon as it runs.
    Panics,
    /// It says nothing and does nothing.
    Hangs,
    /// It says that it can't connect.
    Fails,
}

#[tokio::test]
async fn an_adapter_that_goes_wrong_for_ten_minutes_is_nothing_to_the_others() {
    for wrong in [Wrong::Panics, Wrong::Hangs, Wrong::Fails] {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(START));
        let vitals = Vitals::new(clock.clone());
        let (runs, later) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let sick = sick(wrong, clock.clone(), runs.clone(), later.clone());
        let (waited, time) = (Arc::new(Mutex::new(Vec::new())), clock.clone());
        let seen = waited.clone();
        let well = adapter("well", move |mut link| {
            let (time, seen) = (time.clone(), seen.clone());
            async move {
                let mut busy = time.busy();
                for minute in 0..15_u64 {
                    let asked = time.now();
                    let said = happen(&mut link, said("well", "me", "what is effleurage", minute)).await?;
                    assert!(said.contains("Source: "), "{said}");
                    seen.lock().expect("nobody panicked").push(time.now().since(asked));
                    let next = time.now() + Duration::from_secs(60);
                    busy = tokio::join!(time.sleep_until(next), async { drop(busy) }).0;
                }
                drop(busy);
                Ok(())
            }
        });
        run(Arc::new(MemoryStore::new()), clock, vec![sick, well], &vitals).await;
        let waited = waited.lock().expect("nobody panicked");
        assert_eq!(waited[..], [Duration::ZERO; 15], "{wrong:?}: somebody waited for the other platform");
        let runs = runs.load(Ordering::SeqCst);
        match wrong {
            // 1, 2, 4 … 300 s: ten starts in ten minutes, not thousands.
            Wrong::Panics | Wrong::Fails => assert!((5..=12).contains(&runs), "{wrong:?}: {runs} starts"),
            Wrong::Hangs => assert_eq!(runs, 1),
        }
        let later = later.lock().expect("nobody panicked");
        if !matches!(wrong, Wrong::Hangs) {
            assert!(
                later.iter().any(|text: &String| text.contains("Source: ")),
                "{wrong:?}: it serves again: {later:?}"
            );
        }
    }
}

/// On the machine's clock: what an adapter has taken and not done is under way, and virtual time would wait for it.
#[tokio::test]
async fn an_adapter_that_takes_orders_and_carries_out_none_holds_up_nobody() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vitals = Vitals::new(clock.clone());
    let (full, is_full) = watch::channel(false);
    let stuck = adapter("stuck", move |mut link| {
        let full = full.clone();
        async move {
            // More than its channel and the runtime's own hold at once.
            for number in 0..600 {
                ask(&link, said("stuck", &format!("you {number}"), "nape about", number)).await?;
            }
            full.send_replace(true);
            let _ = link.stop.wait_for(|stop| *stop).await;
            Ok(())
        }
    });
    let (waited, time) = (Arc::new(Mutex::new(Vec::new())), clock.clone());
    let seen = waited.clone();
    let well = adapter("well", move |mut link| {
        let (time, seen, mut is_full) = (time.clone(), seen.clone(), is_full.clone());
        async move {
            let _ = is_full.wait_for(|full| *full).await;
            for number in 0..20 {
                let asked = time.now();
                let said = happen(&mut link, said("well", &format!("me {number}"), "nape about", number)).await?;
                assert!(said.contains("Apache"), "{said}");
                seen.lock().expect("nobody panicked").push(time.now().since(asked));
            }
            Ok(())
        }
    });
    run(Arc::new(MemoryStore::new()), clock, vec![stuck, well], &vitals).await;
    let waited = waited.lock().expect("nobody panicked");
    // The first may stand behind what the stuck one has asked just before.
    assert!(waited.len() == 20 && waited[1..].iter().all(|long| *long < Duration::from_secs(1)), "{waited:?}");
}

#[tokio::test]
async fn an_event_that_panics_is_answered_honestly_and_others_are_served() {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(START));
    let vitals = Vitals::new(clock.clone());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sheet = heard.clone();
    let well = adapter("well", move |mut link| {
        let sheet = sheet.clone();
        async move {
            // More people than lanes: each lane sees a panic and has to go on.
            for number in 0..40_u64 {
                let who = if number % 2 == 0 { format!("unlucky {number}") } else { format!("lucky {number}") };
                let answer = happen(&mut link, said("well", &who, "what is effleurage", number)).await?;
                sheet.lock().expect("nobody panicked").push((who, answer));
            }
            Ok(())
        }
    });
    run(Arc::new(Trap::default()), clock, vec![well], &vitals).await;
    let heard = heard.lock().expect("nobody panicked");
    assert_eq!(heard.len(), 40);
    for (who, answer) in heard.iter() {
        let expected = if who.starts_with("unlucky") { "Something went wrong in me" } else { "Source: " };
        assert!(answer.contains(expected), "{who}: {answer}");
        assert!(!who.starts_with("unlucky") || answer.contains("emergency number"), "{answer}");
    }
    assert!(vitals.metrics.text().contains("nape_panics_total 20"), "{}", vitals.metrics.text());
}

#[tokio::test]
async fn a_due_record_that_panics_holds_up_no_other_step() {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(START));
    let vitals = Vitals::new(clock.clone());
    let store = Arc::new(Trap::default());
    let (trap, time) = (store.clone(), clock.clone());
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    let well = adapter("well", move |mut link| {
        let (trap, time, seen) = (trap.clone(), time.clone(), seen.clone());
        async move {
            let mut busy = time.busy();
            for (number, who) in (0..).zip(["later unlucky", "lucky"]) {
                for (at, line) in (0..).zip([
                    "routine start desk reset",
                    "screen none desk reset",
                    "check go desk reset asked=1795000000",
                ]) {
                    happen(&mut link, said("well", who, line, number * 10 + at)).await?;
                }
            }
            trap.armed.store(1, Ordering::SeqCst);
            // Until everything of the lucky one's routine has come, or ten minutes are over.
            let end = time.now() + Duration::from_secs(TEN_MINUTES);
            let waited = async { tokio::join!(time.sleep_until(end), async { drop(std::mem::take(&mut busy)) }).0 };
            tokio::pin!(waited);
            loop {
                tokio::select! {
                    biased;
                    Some(delivery) = link.deliveries.recv() => {
                        if let Work::Say { person, parts, .. } = &delivery.work {
                            let text: String = parts.iter().map(plain).collect();
                            seen.lock().expect("nobody panicked").push((person.local().to_owned(), time.now().since(START), text));
                        }
                        let _ = delivery.done.send(Ok(()));
                    }
                    _ = &mut waited => return Ok(()),
                }
            }
        }
    });
    run(store, clock, vec![well], &vitals).await;
    let steps = steps.lock().expect("nobody panicked");
    let lucky: Vec<&String> = steps.iter().filter(|(who, ..)| who == "lucky").map(|(.., text)| text).collect();
    for step in 2..=8 {
        assert!(lucky.iter().any(|text| text.contains(&format!("{step} of 8"))), "{step} is not in {lucky:#?}");
    }
    let text = vitals.metrics.text();
    let panics: u64 = number(&text, "nape_panics_total ");
    assert!((10..200).contains(&panics), "tried again, and not without end: {panics}");
    let late = number(&text, "nape_step_lateness_seconds_bucket{le=\"0.05\",platform=\"well\"} ");
    let all = number(&text, "nape_step_lateness_seconds_count{platform=\"well\"} ");
    assert!(all >= 8 && late == all, "every step that came was on time: {late} of {all}");
}

fn number(text: &str, start: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(start));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("{start} is not in\n{text}"))
}

/// Wrong for ten minutes, then well: it asks once and keeps the answer.
fn sick(wrong: Wrong, clock: Arc<dyn Clock>, runs: Arc<AtomicUsize>, later: Arc<Mutex<Vec<String>>>) -> Adapter {
    adapter("sick", move |mut link| {
        let run = u64::try_from(runs.fetch_add(1, Ordering::SeqCst)).unwrap_or_default();
        let (clock, later) = (clock.clone(), later.clone());
        async move {
            if clock.now().since(START) >= Duration::from_secs(TEN_MINUTES) {
                let said = happen(&mut link, said("sick", "you", "what is effleurage", 100 + run)).await?;
                later.lock().expect("nobody panicked").push(said);
                let _ = link.stop.wait_for(|stop| *stop).await;
                return Ok(());
            }
            if !matches!(wrong, Wrong::Hangs) {
                // Something of it is under way, so that its orders wait.
                ask(&link, said("sick", "you", "what is effleurage", run)).await?;
            }
            match wrong {
                Wrong::Panics => panic!("as the test wants it"),
                Wrong::Fails => Err(Failure::Passing("no connection".to_owned())),
                Wrong::Hangs => {
                    let _ = link.stop.wait_for(|stop| *stop).await;
                    Ok(())
                }
            }
        }
    })
}

/// Lets something happen, and doesn't wait for what follows.
async fn ask(link: &Link, event: Event) -> Result<(), Failure> {
    let (handled, _) = oneshot::channel();
    let sent = link.events.send(Incoming { event, handled, settled: None }).await;
    sent.map_err(|error| Failure::Passing(error.to_string()))
}

/// An adapter of a platform of this name. The one that is well ends all.
fn adapter<F>(platform: &'static str, run: impl Fn(Link) -> F + Send + Sync + 'static) -> Adapter
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut profile = terminal::profile();
    profile.platform = Platform::new(platform);
    Adapter { profile, ends_all: platform == "well", run: Box::new(move |link| Box::pin(run(link))) }
}

async fn run(store: Arc<dyn Store>, clock: Arc<dyn Clock>, adapters: Vec<Adapter>, vitals: &Vitals) {
    let (_tell, stop) = watch::channel(false);
    let frame = Frame { vitals: vitals.clone(), ..Frame::bare(&clock) };
    let ended = runtime::run_within(frame, bot(), store, clock, adapters, Until::Stopped, stop);
    let ended = tokio::time::timeout(Duration::from_secs(120), ended).await;
    ended.expect("nothing waits for ever").expect("the runtime ends well");
}

fn bot() -> Arc<Bot> {
    Arc::new(assembly::bot(&Knowledge::default()).unwrap_or_else(|exit| panic!("{:?}", exit.lines)))
}

/// What a person says, for the so-manieth time.
fn said(platform: &str, who: &str, text: &str, number: u64) -> Event {
    let platform = Platform::new(platform);
    let channel = ChannelId::new(&platform, who);
    Event::Person(FromPerson {
        id: EventId::new(&platform, format!("{who} {number}")),
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

/// Lets something happen, and gives what is said until it is handled.
async fn happen(link: &mut Link, event: Event) -> Result<String, Failure> {
    let (handled, mut done) = oneshot::channel();
    let sent = link.events.send(Incoming { event, handled, settled: None }).await;
    sent.map_err(|error| Failure::Passing(error.to_string()))?;
    let mut heard = String::new();
    loop {
        tokio::select! {
            biased;
            Some(delivery) = link.deliveries.recv() => {
                if let Work::Say { parts, .. } = &delivery.work {
                    heard.extend(parts.iter().map(plain));
                }
                let _ = delivery.done.send(Ok(()));
            }
            _ = &mut done => return Ok(heard),
        }
    }
}

/// A store that panics for the unlucky: at once, or for the "later unlucky" once it is armed.
#[derive(Default)]
struct Trap {
    store: MemoryStore,
    armed: AtomicUsize,
}

#[async_trait]
impl Store for Trap {
    fn load(&self, keys: &[Key]) -> Result<Records, StoreError> {
        let armed = self.armed.load(Ordering::SeqCst) > 0;
        let is_trap =
            |name: &str| name.starts_with("well:unlucky") || (armed && name.starts_with("well:later unlucky"));
        assert!(!keys.iter().any(|key| is_trap(&key.name())), "as the test wants it");
        self.store.load(keys)
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        self.store.commit(batch).await
    }

    fn due(&self, upto: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Key)>, StoreError> {
        self.store.due(upto, limit)
    }

    fn scan(&self, tree: &str, after: Option<&str>, limit: usize) -> Result<Vec<(Key, Record)>, StoreError> {
        self.store.scan(tree, after, limit)
    }

    fn outbox(&self, after: OutboxId, limit: usize) -> Result<Vec<(OutboxId, OutboxItem)>, StoreError> {
        self.store.outbox(after, limit)
    }
}
