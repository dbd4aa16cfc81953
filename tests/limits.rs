//! A flood, through the whole runtime: it gets one polite line, others get their answers as if there were none, and an emergency in
//! the midst of it is answered.

use std::sync::{Arc, Mutex};

use nape::adapter::{Delivery, Failure, Incoming, Link, Work, terminal};
use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::app::clock::{Clock, VirtualClock};
use nape::app::limits::{Bounds, Limits};
use nape::app::runtime::{self, Frame, Until};
use nape::app::supervise::Adapter;
use nape::base::id::EventId;
use nape::base::time::Timestamp;
use nape::message::plain::plain;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::store::memory::MemoryStore;
use tokio::sync::{oneshot, watch};

const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
/// What one person sends.
const FLOOD: usize = 1_000;
/// How often somebody else asks in between.
const EVERY: usize = 50;

fn said(number: usize, name: &str, text: &str) -> Event {
    Event::Person(FromPerson {
        id: EventId::from_stored(format!("{}:{number}", terminal::PLATFORM)),
        who: terminal::user(name),
        place: terminal::place(name),
        may_configure: false,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input: Input::Said { text: text.to_owned(), addressed: true },
    })
}

/// Everything at once: a thousand lines of one person, every fiftieth followed by one of somebody else, and at last an emergency.
fn flood() -> Vec<Event> {
    let mut events = Vec::new();
    for number in 0..FLOOD {
        events.push(said(events.len(), "flood", "nape about"));
        if number % EVERY == 0 {
            events.push(said(events.len(), &format!("other-{number}"), "nape about"));
        }
    }
    events.push(said(events.len(), "flood", "sudden worst headache of my life, it came on in seconds"));
    events
}

/// Brings all of it, without waiting for any answer, and notes what is said to whom.
async fn bring(link: &mut Link, heard: &Mutex<Vec<(String, String)>>) -> Result<(), Failure> {
    let note = |delivery: Delivery| {
        if let Work::Say { person, parts, .. } = &delivery.work {
            let text = parts.iter().map(plain).collect::<String>();
            heard.lock().expect("nobody panicked").push((person.local().to_owned(), text));
        }
        let _ = delivery.done.send(Ok(()));
    };
    let mut waiting = Vec::new();
    for event in flood() {
        let (handled, done) = oneshot::channel();
        let mut incoming = Some(Incoming { event, handled, settled: None });
        while incoming.is_some() {
            tokio::select! {
                biased;
                Some(delivery) = link.deliveries.recv() => note(delivery),
                room = link.events.reserve() => {
                    let room = room.map_err(|error| Failure::Passing(error.to_string()))?;
                    if let Some(incoming) = incoming.take() {
                        room.send(incoming);
                    }
                }
            }
        }
        waiting.push(done);
    }
    for mut done in waiting {
        loop {
            tokio::select! {
                biased;
                Some(delivery) = link.deliveries.recv() => note(delivery),
                // What is passed over in silence is done with, too.
                _ = &mut done => break,
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_flood_gets_one_line_and_others_their_answers() {
    let heard: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let sheet = heard.clone();
    let adapter = Adapter {
        profile: terminal::profile(),
        ends_all: true,
        run: Box::new(move |mut link| {
            let sheet = sheet.clone();
            Box::pin(async move { bring(&mut link, &sheet).await })
        }),
    };
    let bot = Arc::new(assembly::bot(&Knowledge::default()).unwrap_or_else(|exit| panic!("{:?}", exit.lines)));
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(START));
    let limits = Some(Arc::new(Limits::new(Bounds { person: 30, channel: 600, total: 6_000 })));
    let frame = Frame { limits, ..Frame::bare(&clock) };
    let (_tell, stop) = watch::channel(false);
    let store = Arc::new(MemoryStore::new());
    runtime::run_within(frame, bot, store, clock, vec![adapter], Until::Stopped, stop)
        .await
        .expect("the runtime ends well");
    let heard = heard.lock().expect("nobody panicked");
    let to = |name: &str, part: &str| heard.iter().filter(|(who, text)| who == name && text.contains(part)).count();
    assert_eq!(to("flood", "Free software"), 10, "a third of a minute's worth is answered");
    assert_eq!(to("flood", "That is a lot at once"), 1);
    assert_eq!(
        to("flood", "emergency number now"),
        1,
        "{:?}",
        heard.iter().filter(|(who, _)| who == "flood").collect::<Vec<_>>()
    );
    for number in (0..FLOOD).step_by(EVERY) {
        assert_eq!(to(&format!("other-{number}"), "Free software"), 1, "other-{number}");
    }
}
