//! The world around the bot: a store in memory, a clock that the test turns, people and the places where they meet.
//!
//! It does what `app/runtime` does (load, handle, commit, pass on) and holds every event against the laws of `checks`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use nape::answer::{Answerer, Scope};
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, ServerId, UserId};
use nape::base::time::Timestamp;
use nape::bot::Bot;
use nape::command::parse::{Invocation, parse};
use nape::content::{self, Files, Library};
use nape::locale::Phrases;
use nape::message::model::Choice;
use nape::port::action::{Order, Outcome, Venue};
use nape::port::event::{Event, FromPerson, Input, ReplyToken, Venues, With};
use nape::port::record::{Key, Record, Records, Revision, Server};
use nape::safety::gate::Gate;
use nape::safety::rules::Rules;
use nape::settings::table::{self, Layer};

use crate::checks::{self, Seen};

/// The content, as it is built in.
pub static LIBRARY: LazyLock<Arc<Library>> = LazyLock::new(|| {
    // A day so late that nothing was checked after it; what is overdue is loaded all the same.
    let library = content::load_to_run(&Files::embedded(), jiff::civil::date(2100, 1, 1), &[]);
    Arc::new(library.unwrap_or_else(|problems| panic!("{problems:?}")))
});

/// The gate by itself, as an oracle.
pub static GATE: LazyLock<Gate> = LazyLock::new(gate);

/// The bot as the program builds it.
pub static BOT: LazyLock<Bot> = LazyLock::new(|| {
    let scope: String = LIBRARY.raw.scope.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    let answerer = Answerer::new(&LIBRARY.entries, Scope::parse(&scope).unwrap());
    let phrases = Phrases::parse("en", &LIBRARY.raw.locale).unwrap();
    Bot::new(LIBRARY.clone(), gate(), answerer, phrases)
});

fn gate() -> Gate {
    Gate::new(Rules::parse(&LIBRARY.raw.rules).unwrap())
}

/// Where somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The channel that all share.
    Shared,
    /// Their direct conversation with the bot.
    Direct,
    /// The place of their own routine; the shared channel when they have none.
    Session,
}

/// A choice that the bot has sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// For whom.
    pub person: usize,
    /// Where.
    pub place: Place,
    /// The choice.
    pub choice: Choice,
}

/// The world.
pub struct World {
    /// Now.
    pub now: Timestamp,
    /// What the store holds, as the bytes it holds.
    pub stored: BTreeMap<Key, (Vec<u8>, u64)>,
    /// What memory holds.
    pub memory: BTreeMap<Key, Record>,
    /// Every choice that was ever sent, oldest first.
    pub sent: Vec<Sent>,
    /// Every change that was ever made to what is stored, oldest first.
    pub log: Vec<(Key, Option<Vec<u8>>)>,
    /// Places that were asked for and are not there yet.
    pub opens: VecDeque<(Key, Place, Venue)>,
    /// What people have written and nobody may keep.
    pub canaries: Vec<String>,
    /// What the last event brought.
    pub last: Outcome,
    events: u64,
    threads: u64,
}

/// How many people there are.
pub const PEOPLE: usize = 3;

impl World {
    /// A new world in which the shared channel's server has set a few things, or nothing.
    pub fn new(server: &[(&str, &str)]) -> World {
        let mut world = World {
            now: Timestamp::from_millis(1_795_399_446_123),
            stored: BTreeMap::new(),
            memory: BTreeMap::new(),
            sent: Vec::new(),
            log: Vec::new(),
            opens: VecDeque::new(),
            canaries: Vec::new(),
            last: Outcome::default(),
            events: 0,
            threads: 0,
        };
        let mut settings = Server::default();
        for (key, value) in server {
            let setting = table::find(key).filter(|setting| setting.may_be_set_by(Layer::Server));
            let setting = setting.unwrap_or_else(|| panic!("{key} is no setting of a server"));
            settings.settings.set(key, setting.read(value).unwrap());
        }
        world.put(&Key::Server(server_id()), Some(Record::Server(settings)));
        world
    }

    /// Somebody writes something.
    pub fn say(&mut self, who: usize, spot: Spot, text: &str) {
        let addressed = true;
        self.act(who, spot, Input::Said { text: text.to_owned(), addressed });
    }

    /// Somebody writes something that is not meant for the bot.
    pub fn chat(&mut self, who: usize, spot: Spot, text: &str) {
        let addressed = spot == Spot::Direct;
        self.act(who, spot, Input::Said { text: text.to_owned(), addressed });
    }

    /// Somebody corrects what they have written.
    pub fn edit(&mut self, who: usize, spot: Spot, text: &str, addressed: bool) {
        self.act(who, spot, Input::Unasked { text: text.to_owned(), addressed });
    }

    /// Somebody writes something into the form of a choice.
    pub fn write(&mut self, who: usize, spot: Spot, line: &str, text: &str) {
        self.act(who, spot, Input::Completed { line: line.to_owned(), with: With::Text(text.to_owned()) });
    }

    /// Somebody uses a command that the platform has parsed.
    pub fn invoke(&mut self, who: usize, spot: Spot, invocation: Invocation) {
        self.act(who, spot, Input::Invoked(invocation));
    }

    /// Somebody presses a choice that stands there.
    pub fn press(&mut self, who: usize, sent: &Sent) {
        self.did(who, sent.place.clone(), Input::Pressed { line: sent.choice.line.clone() });
    }

    /// Presses the newest choice for this person whose line starts so. `false`: there is none.
    pub fn press_line(&mut self, who: usize, start: &str) -> bool {
        let found = self.sent.iter().rev().find(|sent| sent.person == who && sent.choice.line.starts_with(start));
        let Some(sent) = found.cloned() else { return false };
        self.press(who, &sent);
        true
    }

    /// Starts a routine as somebody does who reads everything and says yes to nothing. `line` goes on after `routine start`.
    pub fn start(&mut self, who: usize, spot: Spot, line: &str) {
        let text = format!("routine start {line}");
        match parse(&text) {
            Ok(invocation) => self.invoke(who, spot, invocation),
            Err(_) => self.say(who, spot, &text),
        }
        if self.offers("screen none") && !self.press_line(who, "screen none") {
            return;
        }
        if self.offers("check go") {
            self.press_line(who, "check go");
        }
        while self.open(true) {}
    }

    /// The first of the places that were asked for is there, or can't be had. `false`: none was asked for.
    pub fn open(&mut self, possible: bool) -> bool {
        let Some((key, home, venue)) = self.opens.pop_front() else { return false };
        self.threads += 1;
        let place = possible.then(|| {
            let owner = (0..PEOPLE).find(|who| Key::Session(person(*who)) == key).unwrap();
            match venue {
                Venue::Direct => direct(owner),
                Venue::PrivateThread | Venue::PublicThread => Place {
                    channel: ChannelId::new(&platform(), format!("thread-{}", self.threads)),
                    parent: Some(home.parent.clone().unwrap_or(home.channel.clone())),
                    kind: if venue == Venue::PrivateThread {
                        PlaceKind::PrivateThread
                    } else {
                        PlaceKind::PublicThread
                    },
                    ..home
                },
            }
        });
        self.feed(&Event::Opened { key, place });
        true
    }

    /// Whether the last event offered a choice whose line starts so.
    pub fn offers(&self, start: &str) -> bool {
        checks::posts(&self.last).any(|post| post.message.choices.iter().any(|choice| choice.line.starts_with(start)))
    }

    /// Time goes by; what is due on the way happens, each time this much too late.
    pub fn pass(&mut self, span: Duration, late: Duration) {
        let end = self.now + span;
        for _ in 0..10_000 {
            let Some((at, key)) = self.next_due().filter(|(at, _)| *at + late <= end) else {
                self.now = self.now.max(end);
                return;
            };
            self.now = self.now.max(at + late);
            self.feed(&Event::Due { key: key.clone(), at });
            let again = self.record(&key).and_then(|record| record.due());
            assert!(
                again.is_none_or(|again| again > self.now),
                "{key:?} is due at {again:?} still, now {:?}",
                self.now
            );
        }
        panic!("something is due without end");
    }

    /// The process ends and starts again: memory is gone, and what was running is told so.
    pub fn restart(&mut self, after: Duration) {
        self.now = self.now + after;
        self.memory.clear();
        // What was to be opened is still in the outbox.
        let running: Vec<Key> = self.stored.keys().filter(|key| key.tree() == "session").cloned().collect();
        for key in running {
            self.feed(&Event::Returned { key });
        }
    }

    /// The record under a key.
    pub fn record(&self, key: &Key) -> Option<Record> {
        if key.is_volatile() {
            return self.memory.get(key).cloned();
        }
        self.stored.get(key).map(|(bytes, _)| Record::decode(key.tree(), bytes).unwrap())
    }

    /// The running routine of somebody.
    pub fn session(&self, who: usize) -> Option<nape::port::record::Running> {
        match self.record(&Key::Session(person(who))) {
            Some(Record::Session(running)) => Some(*running),
            _ => None,
        }
    }

    fn next_due(&self) -> Option<(Timestamp, Key)> {
        self.stored.keys().filter_map(|key| Some((self.record(key)?.due()?, key.clone()))).min()
    }

    fn act(&mut self, who: usize, spot: Spot, input: Input) {
        let place = match spot {
            Spot::Shared => shared(),
            Spot::Direct => direct(who),
            Spot::Session => self.session(who).map_or_else(shared, |running| running.place),
        };
        self.did(who, place, input);
    }

    fn did(&mut self, who: usize, place: Place, input: Input) {
        self.events += 1;
        // Now and then a permission is missing.
        let venues = Venues {
            private_thread: !self.events.is_multiple_of(5),
            public_thread: !self.events.is_multiple_of(3),
            direct: !self.events.is_multiple_of(7),
        };
        let token = matches!(input, Input::Invoked(_) | Input::Pressed { .. } | Input::Completed { .. });
        let id = EventId::new(&platform(), self.events);
        let reply = token.then(|| ReplyToken(format!("token-{}", self.events)));
        self.feed(&Event::Person(FromPerson {
            id,
            who: person(who),
            place,
            may_configure: false,
            roles: Vec::new(),
            venues,
            grounds: Vec::new(),
            reply,
            input,
        }));
    }

    /// Load, handle, judge, commit, pass on.
    pub fn feed(&mut self, event: &Event) {
        let mut records = self.load(&event.keys());
        let further = event.further_keys(&records);
        records.extend(self.load(&further));
        let outcome = BOT.handle(self.now, event, &records);
        let before: BTreeMap<Key, Record> =
            self.stored.keys().filter_map(|key| Some((key.clone(), self.record(key)?))).collect();
        for change in &outcome.changes {
            self.put(&change.key, change.record.clone());
        }
        let after: BTreeMap<Key, Record> =
            self.stored.keys().filter_map(|key| Some((key.clone(), self.record(key)?))).collect();
        let seen = Seen {
            now: self.now,
            event,
            records: &records,
            outcome: &outcome,
            before: &before,
            after: &after,
            canaries: &self.canaries,
        };
        checks::judge(&seen);
        for order in &outcome.orders {
            match order {
                Order::Say(post) => {
                    let to = (0..PEOPLE).find(|who| person(*who) == post.person).unwrap();
                    self.sent.extend(post.message.choices.iter().map(|choice| Sent {
                        person: to,
                        place: post.place.clone(),
                        choice: choice.clone(),
                    }));
                }
                Order::Open { home, owner, venue, .. } => {
                    self.opens.push_back((Key::Session(owner.clone()), home.clone(), *venue));
                }
                Order::Close { .. } => {}
            }
        }
        self.last = outcome;
    }

    fn load(&self, keys: &[Key]) -> Records {
        let mut records = Records::default();
        for key in keys {
            let revision = self.stored.get(key).map_or(0, |(_, revision)| *revision);
            records.insert(key.clone(), self.record(key), Revision(revision));
        }
        records
    }

    fn put(&mut self, key: &Key, record: Option<Record>) {
        if key.is_volatile() {
            match record {
                Some(record) => drop(self.memory.insert(key.clone(), record)),
                None => drop(self.memory.remove(key)),
            }
            return;
        }
        let bytes = record.map(|record| record.encode());
        self.log.push((key.clone(), bytes.clone()));
        let revision = self.stored.get(key).map_or(0, |(_, revision)| *revision) + 1;
        match bytes {
            Some(bytes) => drop(self.stored.insert(key.clone(), (bytes, revision))),
            None => drop(self.stored.remove(key)),
        }
    }
}

/// The platform that all are on.
pub fn platform() -> Platform {
    Platform::new("test")
}

/// Somebody.
pub fn person(who: usize) -> UserId {
    UserId::new(&platform(), format!("person-{who}"))
}

/// The shared channel's server.
pub fn server_id() -> ServerId {
    ServerId::new(&platform(), "server")
}

/// The shared channel.
pub fn shared() -> Place {
    Place {
        platform: platform(),
        server: Some(server_id()),
        channel: ChannelId::new(&platform(), "shared"),
        parent: None,
        kind: PlaceKind::Shared,
    }
}

/// Somebody's direct conversation.
pub fn direct(who: usize) -> Place {
    Place {
        platform: platform(),
        server: None,
        channel: ChannelId::new(&platform(), format!("direct-{who}")),
        parent: None,
        kind: PlaceKind::Direct,
    }
}
