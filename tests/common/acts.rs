//! Every setting, changed as people change it, and seen to act: in the terminal, on Discord, on Matrix.
//!
//! Each case of `CASES` is played twice on each of its platforms, with the change and without. What it is to do must be seen with it
//! and not without. A row of `SETTINGS` that has no case on a platform, and no reason in `CAN_NOT_ACT` why it can't act there, fails here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nape::adapter::{discord, matrix, terminal};
use nape::app::limits::{Bounds, Limits};
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, ServerId, UserId};
use nape::base::time::Timestamp;
use nape::command::parse::{Invocation, parse};
use nape::command::table::Command;
use nape::message::degrade::{Surroundings, degrade};
use nape::message::model::{Audience, Message};
use nape::message::part::ShownChoice;
use nape::message::plain::plain;
use nape::port::action::{Order, Venue};
use nape::port::event::{Event, FromPerson, Input, ReplyToken, Venues};
use nape::port::record::{Key, Records, Revision};
use nape::settings::table::{Kind, LANGUAGE, SETTINGS};

use super::script;
use super::world::World;

use On::{Discord, Matrix, Terminal};

/// A platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    Terminal,
    Discord,
    Matrix,
}

const EVERYWHERE: &[On] = &[Terminal, Discord, Matrix];
const AMONG_OTHERS: &[On] = &[Discord, Matrix];

/// A setting and what it does.
struct Case {
    key: &'static str,
    on: &'static [On],
    /// Who changes it, and what they type.
    change: &'static str,
    /// What happens then: somebody writes or takes a choice, or `~` time passes.
    then: &'static [&'static str],
    /// What is seen then.
    seen: &'static str,
}

const fn case(
    key: &'static str,
    on: &'static [On],
    change: &'static str,
    then: &'static [&'static str],
    seen: &'static str,
) -> Case {
    Case { key, on, change, then, seen }
}

/// Somebody begins a routine for the first time.
const BEGINS: &[&str] = &["anna: routine start desk-reset", "anna: None of these", "anna: No, start"];
/// And goes on with it.
const GOES_ON: &[&str] = &["anna: routine start desk-reset", "anna: None of these", "anna: No, start", "~ 65 s"];

const CASES: &[Case] = &[
    case("length", EVERYWHERE, "anna: my settings length 5", BEGINS, "about 5 min"),
    case("pressure", EVERYWHERE, "anna: my settings pressure 1", GOES_ON, "Pressure 1 of 5"),
    case("leave_out", EVERYWHERE, "anna: my settings leave_out shoulder", BEGINS, "you leave out the shoulder"),
    case("first_side", EVERYWHERE, "anna: my settings first_side right", GOES_ON, "3 of 8 · right side"),
    case("pace", EVERYWHERE, "anna: my settings pace wait", GOES_ON, "Say next when you are ready"),
    case(
        "attack_mode",
        EVERYWHERE,
        "anna: my settings attack_mode on",
        &["anna: routine start", "anna: None of these"],
        "different from your usual attack",
    ),
    case(
        "time_zone",
        EVERYWHERE,
        "admin: nape-admin set time_zone Europe/Berlin",
        &["admin: nape-admin set at_once 7", "admin: nape-admin log"],
        "2026-11-23 10:02",
    ),
    case("answers", &[Discord], "admin: nape-admin set answers public", &["anna: technique effleurage"], "all in 2: "),
    // There, what is asked aloud is answered aloud in any case.
    case(
        "answers",
        &[Matrix],
        "admin: nape-admin set answers public",
        &["anna: what is effleurage", "anna: More"],
        "all in !room:example.org: Effleurage: long",
    ),
    case(
        "routines",
        EVERYWHERE,
        "admin: nape-admin set routines off",
        &["anna: routine start"],
        "Routines are switched off here",
    ),
    case("routine_place", &[Discord], "admin: nape-admin set routine_place here", BEGINS, "in 2: 1 of 8"),
    case(
        "routine_place",
        &[Matrix],
        "admin: nape-admin set routine_place here",
        BEGINS,
        "in !room:example.org: 1 of 8",
    ),
    case(
        "at_once",
        AMONG_OTHERS,
        "admin: nape-admin set at_once 1",
        &["anna: routine start desk-reset", "anna: None of these", "anna: No, start", "ben: routine start desk-reset"],
        "that is the limit",
    ),
    case(
        "emergency_text",
        EVERYWHERE,
        "admin: nape-admin set emergency_text 112 in this town",
        &["anna: one side of my face is drooping"],
        "112 in this town",
    ),
    case(
        "retention",
        EVERYWHERE,
        "admin: nape-admin set retention 30",
        &["anna: my settings pace wait", "~ 40 days", "anna: my data"],
        "I keep nothing about you",
    ),
    case(
        "channels",
        AMONG_OTHERS,
        "admin: nape-admin set channels 999",
        &["anna: technique effleurage"],
        "not used in this channel",
    ),
    case(
        "channels_denied",
        AMONG_OTHERS,
        "admin: nape-admin set channels_denied here",
        &["anna: technique effleurage"],
        "not used in this channel",
    ),
    case(
        "routine_roles",
        AMONG_OTHERS,
        "admin: nape-admin set routine_roles 8",
        &["anna: routine start desk-reset"],
        "Routines here are for certain roles",
    ),
    case(
        "admin_roles",
        AMONG_OTHERS,
        "admin: nape-admin set admin_roles 7",
        &["chief: nape-admin show at_once"],
        "How many routines may run",
    ),
    case(
        "person_limit",
        EVERYWHERE,
        "admin: nape-admin set person_limit 1",
        &["anna: technique effleurage", "anna: technique petrissage"],
        "That is a lot at once",
    ),
    case(
        "channel_limit",
        EVERYWHERE,
        "admin: nape-admin set channel_limit 1",
        &["anna: technique effleurage", "ben: technique petrissage"],
        "A lot is being asked in this channel",
    ),
    case(
        "log_channel",
        EVERYWHERE,
        "admin: nape-admin set log_channel here",
        &["admin: nape-admin set at_once 7"],
        "has changed settings here",
    ),
];

/// What a setting can't do on a platform, and why.
const CAN_NOT_ACT: &[(&str, &[On], &str)] = &[
    ("language", EVERYWHERE, "there is one language so far: the test below ends with the second"),
    ("answers", &[Terminal], "one person alone reads all there is"),
    ("routine_place", &[Terminal], "there is one place"),
    ("at_once", &[Terminal], "there is one person, and a person has one routine"),
    ("channels", &[Terminal], "there is one channel, and a private one is never closed"),
    ("channels_denied", &[Terminal], "there is one channel, and a private one is never closed"),
    ("routine_roles", &[Terminal], "whoever sits there may configure it, and with it all else"),
    ("admin_roles", &[Terminal], "whoever sits there may configure it"),
    ("prefix", &[Terminal, Discord], "a command has no prefix there"),
    ("prefix", &[Matrix], "the adapter hears by it, before the bot: tests/matrix/rooms.rs sees it act"),
];

/// A platform with a bot on it, and nothing done yet.
struct Stage {
    on: On,
    world: World,
    limits: Limits,
    offers: BTreeMap<String, Vec<ShownChoice>>,
    threads: BTreeMap<String, Place>,
    events: u64,
}

impl Stage {
    fn new(on: On) -> Self {
        let begin: jiff::Timestamp = "2026-11-23T09:00:00Z".parse().expect("this is a moment");
        let world = World::new(super::bot(), Timestamp::from_millis(begin.as_millisecond()));
        let limits = Limits::new(Bounds::default());
        let (offers, threads) = Default::default();
        Self { on, world, limits, offers, threads, events: 0 }
    }

    /// What everybody sees after a line, a line for each message: who reads it, where, what, and what can be chosen.
    fn plays(&mut self, line: &str) -> String {
        let mut seen = String::new();
        if let Some(span) = line.strip_prefix('~') {
            self.pass(script::span(span).expect("this is a length of time"), &mut seen);
            return seen;
        }
        let (who, text) = line.split_once(": ").expect("a line says who");
        // In the terminal there is one person.
        let who = if self.on == Terminal { "me" } else { who };
        let input = self.input(who, text);
        self.events += 1;
        let place = self.threads.get(who).cloned().unwrap_or_else(|| self.home());
        let is_shared = place.kind == PlaceKind::Shared;
        let person = FromPerson {
            id: EventId::new(&self.profile().platform, self.events),
            who: self.user(who),
            may_configure: matches!(who, "admin" | "me"),
            roles: if who == "chief" { vec!["7".to_owned()] } else { Vec::new() },
            venues: match self.on {
                Terminal => Venues::default(),
                Discord => Venues { private_thread: is_shared, public_thread: is_shared, direct: is_shared },
                Matrix => Venues { private_thread: false, public_thread: is_shared, direct: is_shared },
            },
            grounds: Vec::new(),
            reply: (self.on != Terminal).then(|| ReplyToken(self.events.to_string())),
            place,
            input,
        };
        let mut records = Records::default();
        if let Some(server) = person.place.server.clone() {
            let key = Key::Server(server);
            let record = self.world.record(&key);
            records.insert(key, record, Revision::default());
        }
        let now = self.world.now;
        let beyond = self.limits.count(now, &person).or_else(|| self.limits.count_here(now, &person, &records));
        let event = match beyond {
            Some(beyond) => Event::Beyond { person, limit: beyond.limit, tell: beyond.tell },
            None => Event::Person(person),
        };
        self.happens(&event, &mut seen);
        seen
    }

    fn input(&self, who: &str, text: &str) -> Input {
        let offered = self.offers.get(who).into_iter().flatten();
        let mut taken = offered.filter(|shown| shown.choice.is_meant_by(text));
        if let Some(shown) = taken.next() {
            return Input::Pressed { line: shown.choice.line.clone() };
        }
        // On Discord the bot doesn't read along: everything is a command.
        match (self.on, parse(text)) {
            (Discord, Ok(invocation)) => Input::Invoked(invocation),
            (Discord, Err(_)) => Input::Invoked(Invocation::new(Command::Ask).with("question", text)),
            (Terminal | Matrix, _) => Input::Said { text: text.to_owned(), addressed: true },
        }
    }

    fn pass(&mut self, span: Duration, seen: &mut String) {
        let end = self.world.now + span;
        while let Some((at, key)) = self.world.next_due().filter(|(at, _)| *at <= end) {
            self.world.now = self.world.now.max(at);
            self.happens(&Event::Due { key, at }, seen);
        }
        self.world.now = end;
    }

    fn happens(&mut self, event: &Event, seen: &mut String) {
        let mut opened = Vec::new();
        for order in self.world.handle(event) {
            match order {
                Order::Say(post) => {
                    let around = Surroundings {
                        place_is_private: post.place.kind.is_private(),
                        has_reply_token: post.reply.is_some(),
                    };
                    let caps = self.profile().capabilities;
                    let parts = degrade(&post.message, &caps, around, &Message::say("withheld"));
                    let who = post.person.local().to_owned();
                    for part in &parts {
                        let readers = if part.audience == Audience::Private { who.as_str() } else { "all" };
                        let labels: Vec<String> =
                            part.choices.iter().map(|shown| format!("[{}]", shown.choice.label)).collect();
                        let text = plain(part);
                        let there = post.place.channel.local();
                        seen.push_str(&format!("{readers} in {there}: {text} {}\n", labels.join(" ")));
                    }
                    let choices: Vec<ShownChoice> = parts.iter().flat_map(|part| part.choices.clone()).collect();
                    self.offers.insert(who, choices);
                }
                Order::Open { owner, venue, .. } => {
                    let kind = match venue {
                        Venue::PrivateThread => PlaceKind::PrivateThread,
                        Venue::PublicThread => PlaceKind::PublicThread,
                        Venue::Direct => PlaceKind::Direct,
                    };
                    let home = self.home();
                    let channel = ChannelId::new(&home.platform, format!("thread-of-{}", owner.local()));
                    let place = Place { channel, parent: Some(home.channel.clone()), kind, ..home };
                    self.threads.insert(owner.local().to_owned(), place.clone());
                    opened.push(Event::Opened { key: Key::Session(owner), place: Some(place) });
                }
                Order::Close { .. } => {}
            }
        }
        for event in opened {
            self.happens(&event, seen);
        }
        assert!(self.world.broken.is_empty(), "{:?}", self.world.broken);
    }

    fn profile(&self) -> nape::adapter::Profile {
        match self.on {
            Terminal => terminal::profile(),
            Discord => discord::profile(),
            Matrix => matrix::profile(),
        }
    }

    /// The place in which people write.
    fn home(&self) -> Place {
        let platform = self.profile().platform;
        match self.on {
            Terminal => terminal::place("me"),
            Discord => Place {
                server: Some(ServerId::new(&platform, 1)),
                channel: ChannelId::new(&platform, 2),
                parent: None,
                kind: PlaceKind::Shared,
                platform,
            },
            Matrix => Place {
                server: Some(ServerId::new(&platform, "!room:example.org")),
                channel: ChannelId::new(&platform, "!room:example.org"),
                parent: None,
                kind: PlaceKind::Shared,
                platform,
            },
        }
    }

    fn user(&self, who: &str) -> UserId {
        UserId::new(&self.profile().platform, who)
    }
}

/// Everything that is seen after the change, or without it.
fn played(case: &Case, on: On, changed: bool) -> String {
    let mut stage = Stage::new(on);
    if changed {
        stage.plays(case.change);
        // A minute later, so that no limit counts it.
        stage.plays("~ 2 min");
    }
    case.then.iter().map(|line| stage.plays(line)).collect()
}

#[test]
fn what_a_setting_does_is_seen_with_it_and_not_without() {
    let mut wrong = Vec::new();
    for case in CASES {
        for on in case.on {
            let (with, without) = (played(case, *on, true), played(case, *on, false));
            if !with.contains(case.seen) {
                wrong.push(format!("{} on {on:?} does not do `{}`:\n{with}", case.key, case.seen));
            }
            if without.contains(case.seen) {
                wrong.push(format!("{} on {on:?}: `{}` is seen without it, too:\n{without}", case.key, case.seen));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_setting_acts_on_every_platform_or_says_why_it_can_not() {
    let acts: BTreeSet<(&str, On)> = CASES.iter().flat_map(|case| case.on.iter().map(|on| (case.key, *on))).collect();
    let excused: BTreeSet<(&str, On)> =
        CAN_NOT_ACT.iter().flat_map(|(key, on, _)| on.iter().map(|on| (*key, *on))).collect();
    let needed: BTreeSet<(&str, On)> =
        SETTINGS.iter().flat_map(|row| EVERYWHERE.iter().map(|on| (row.key, *on))).collect();
    let missing: Vec<_> = needed.iter().filter(|one| !acts.contains(one) && !excused.contains(one)).collect();
    assert!(missing.is_empty(), "no case, and no reason: {missing:?}");
    let both: Vec<_> = acts.intersection(&excused).collect();
    assert!(both.is_empty(), "it does act there: {both:?}");
    assert!(excused.is_subset(&needed) && acts.is_subset(&needed), "no such setting");
    // Its reason holds for as long as it has one word.
    assert!(matches!(LANGUAGE.kind, Kind::Word([_])), "language acts now: give it a case");
}
