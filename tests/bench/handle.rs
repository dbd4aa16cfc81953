//! How long the bot thinks: one call of `handle` for a question, a press and a due step.
//! By hand: `cargo bench --bench handle`.

use std::time::Duration;

use nape::app::arguments::Knowledge;
use nape::app::assembly;
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, UserId};
use nape::base::time::Timestamp;
use nape::bot::Bot;
use nape::command::parse::parse;
use nape::port::action::Outcome;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::port::record::{Key, Record, Records, Revision};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

fn main() {
    divan::main();
}

#[divan::bench]
fn question(bencher: divan::Bencher<'_, '_>) {
    let bot = bot();
    let event = said("can i massage my neck if i take blood thinners");
    let records = Records::default();
    bencher.bench_local(|| bot.handle(NOW, divan::black_box(&event), &records));
}

#[divan::bench]
fn long_misspelt_question(bencher: divan::Bencher<'_, '_>) {
    let bot = bot();
    let event = said(
        "hi so i sit at a desk all day and my sholders get realy tight, somtimes it goes up to the back of the \
         head and then a migrane comes the next day, would kneeding them in the evening do anyting or is it pointless",
    );
    let records = Records::default();
    bencher.bench_local(|| bot.handle(NOW, divan::black_box(&event), &records));
}

#[divan::bench]
fn press(bencher: divan::Bencher<'_, '_>) {
    let bot = bot();
    let records = running(&bot);
    let event = person(Input::Pressed { line: "pause".to_owned() });
    bencher.bench_local(|| bot.handle(NOW, divan::black_box(&event), &records));
}

#[divan::bench]
fn due_step(bencher: divan::Bencher<'_, '_>) {
    let bot = bot();
    let records = running(&bot);
    let event = Event::Due { key: Key::Session(who()), at: NOW };
    let due = NOW + Duration::from_secs(30);
    bencher.bench_local(|| bot.handle(due, divan::black_box(&event), &records));
}

fn bot() -> Bot {
    match assembly::bot(&Knowledge::default()) {
        Ok(bot) => bot,
        Err(exit) => panic!("{:?}", exit.lines),
    }
}

fn who() -> UserId {
    UserId::from_stored("bench:somebody")
}

fn said(text: &str) -> Event {
    person(Input::Said { text: text.to_owned(), addressed: true })
}

fn person(input: Input) -> Event {
    let platform = Platform::new("bench");
    let channel = ChannelId::new(&platform, "direct");
    Event::Person(FromPerson {
        id: EventId::new(&platform, 1),
        who: who(),
        place: Place { platform, server: None, channel, parent: None, kind: PlaceKind::Direct },
        may_configure: false,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input,
    })
}

/// The records of somebody in the first step of a routine.
fn running(bot: &Bot) -> Records {
    let mut records = Records::default();
    let take = |records: &mut Records, outcome: Outcome| {
        for change in outcome.changes {
            records.insert(change.key, change.record, Revision(1));
        }
    };
    for line in ["screen none name=desk-reset", &format!("check go name=desk-reset asked={}", NOW.millis() / 1000)] {
        assert!(parse(line).is_ok(), "{line}");
        let outcome = bot.handle(NOW, &person(Input::Pressed { line: line.to_owned() }), &records);
        take(&mut records, outcome);
    }
    assert!(
        records
            .session(&who())
            .is_some_and(|running| matches!(records.get(&Key::Session(who())), Some(Record::Session(_)))
                && running.session.at == 0)
    );
    records
}
