//! Records and orders to store.

use nape::base::id::{ChannelId, Place, PlaceKind, Platform, ServerId, SessionId, UserId};
use nape::base::time::Timestamp;
use nape::message::model::Message;
use nape::port::action::{Order, Post, StepMark, Venue};
use nape::port::audit::{Audit, Audited};
use nape::port::event::ReplyToken;
use nape::port::record::{Channel, Felt, Lock, Person, Record, Running, Server, Votes};
use nape::routine::model::Side;
use nape::routine::plan::Planned;
use nape::routine::session::{Phase, Session};
use nape::settings::value::{Value, Values};

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn user(name: &str) -> UserId {
    UserId::new(&Platform::new("terminal"), name)
}

pub fn place() -> Place {
    let platform = Platform::new("discord");
    Place {
        server: Some(ServerId::new(&platform, 11)),
        channel: ChannelId::new(&platform, 22),
        parent: Some(ChannelId::new(&platform, 33)),
        kind: PlaceKind::PrivateThread,
        platform,
    }
}

pub fn values() -> Values {
    let mut values = Values::default();
    values.set("language", Value::Word("en".to_owned()));
    values.set("leave_out", Value::Words(vec!["jaw".to_owned(), "scalp".to_owned()]));
    values.set("pressure", Value::Number(2));
    values.set("reminders", Value::Switch(false));
    values
}

pub fn server() -> Record {
    Record::Server(Server { settings: values(), removed: None, greeted: false })
}

pub fn person(padding: usize) -> Record {
    let mut settings = values();
    if padding > 0 {
        settings.set("padding", Value::Word("ü".repeat(padding / 2)));
    }
    let felt = Felt { better: 3, same: 2, worse: 1 };
    let (screened, last_used) = (Some(at(1_795_399_446_123)), at(1_795_305_600_000));
    Record::Person(Person { settings, screened, felt, last_used, keep: None })
}

/// A session that is due at `due`, or still waits for its place.
pub fn session(due: i64, opening: bool) -> Record {
    let step =
        Planned { step: 0, side: Side::Left, seconds: 30, pressure: 2, pair: Some(1), easier: true, dropped: false };
    let twin = Planned { side: Side::Right, easier: false, ..step.clone() };
    let last =
        Planned { step: 1, side: Side::Both, seconds: 45, pressure: 0, pair: None, easier: false, dropped: true };
    let session = Session {
        id: SessionId::from_stored("2abcdefg"),
        routine: "R1".to_owned(),
        steps: vec![step, twin, last],
        at: 1,
        phase: Phase::Running { from: at(due.saturating_sub(30_000)), until: at(due) },
        cap: 3,
        waits: false,
        quiet: true,
        hurts: 1,
    };
    let place = place();
    let counted_in = ChannelId::from_stored("discord:33");
    Record::Session(Box::new(Running { session, place, counted_in, own_place: true, opening }))
}

pub fn lock(until: i64) -> Record {
    Record::Lock(Lock { until: at(until) })
}

pub fn channel(names: &[&str]) -> Record {
    Record::Channel(Channel { running: names.iter().map(|name| user(name)).collect() })
}

pub fn votes(up: u32, down: u32) -> Record {
    Record::Votes(Votes { up, down })
}

pub fn audit() -> Record {
    let entry = |key: &str, from: Option<&str>, to: Option<&str>| Audited {
        at: at(1_795_399_446_123),
        who: "k7f2qx".to_owned(),
        key: key.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    };
    let entries = vec![entry("answers", None, Some("public")), entry("at_once", Some("5"), Some("7"))];
    Record::Audit(Audit { entries, before: Some(values()) })
}

pub fn say(text: &str) -> Order {
    let step = StepMark { session: SessionId::from_stored("2abcdefg"), at: 1 };
    let message = Message::say(text).heading("Step 2");
    Order::Say(Post {
        place: place(),
        person: UserId::from_stored("discord:44"),
        reply: Some(ReplyToken("token".to_owned())),
        step: Some(step),
        begins: false,
        urgent: false,
        instead: false,
        message,
    })
}

pub fn open() -> Order {
    Order::Open {
        home: place(),
        owner: UserId::from_stored("discord:44"),
        session: SessionId::from_stored("2abcdefg"),
        venue: Venue::PrivateThread,
        title: "Neck".to_owned(),
    }
}

pub fn close() -> Order {
    Order::Close { place: place(), session: SessionId::from_stored("2abcdefg") }
}
