//! What a member would get: a setting is tried out on somebody who isn't there.
//!
//! The bot handles what they would do as it handles everything, and nothing of it is stored. They have done nothing before and are alone
//! in the server, so that an admin who tries things out learns nothing of anybody who is there.

use crate::base::id::{EventId, UserId};
use crate::command::parse::Invocation;
use crate::command::table::Command;
use crate::message::model::{Audience, Choice, Message, Text};
use crate::port::action::Order;
use crate::port::event::{Event, FromPerson, Input, Limit};
use crate::port::record::{Channel, Key, Person, Record, Records, Revision};
use crate::safety::model::Urgency;
use crate::settings::table::{
    ADMIN_ROLES, AT_ONCE, CHANNEL_LIMIT, EMERGENCY_TEXT, LANGUAGE, LOG_CHANNEL, PERSON_LIMIT, RETENTION, ROUTINE_PLACE,
    ROUTINE_ROLES, ROUTINES, Setting, TIME_ZONE,
};

use super::{found, log, may};
use crate::bot::turn::Turn;

/// Their name. No platform has such an id.
const NOBODY: &str = "nobody is called this";

/// Shows what somebody without any right or role gets by a setting, here and now.
pub(in crate::bot) fn test(turn: &mut Turn<'_>, key: &str) {
    if !may(turn) {
        return;
    }
    let Some(row) = found(turn, key) else { return };
    let phrases = turn.phrases();
    // Nobody gets what these do: it is done, or shown.
    if row.key == LOG_CHANNEL.key {
        return log::test(turn);
    }
    if row.key == TIME_ZONE.key {
        let zone = turn.layers().word(&TIME_ZONE);
        return turn.tell(Message::say(phrases.trial_time(&turn.now.in_zone(&zone), &zone)));
    }
    let event = tried(turn, row);
    let mut records = records(turn, row);
    for key in event.keys() {
        if !records.holds(&key) {
            records.insert(key, None, Revision::default());
        }
    }
    let outcome = turn.bot.handle(turn.now, &event, &records);
    // What comes first: a routine goes on and on.
    let said = outcome.orders.into_iter().find_map(|order| match order {
        Order::Say(post) => Some(post.message),
        Order::Open { .. } | Order::Close { .. } => None,
    });
    let mut message = Message::new().heading(row.key).paragraph(phrases.trial_intro());
    match said {
        Some(said) => {
            let readers = match said.audience {
                Audience::Private => phrases.trial_private(),
                Audience::Everyone => phrases.trial_everyone(),
            };
            message = message.paragraph(Text::default().strong(readers));
            message.blocks.extend(said.blocks);
        }
        None => message = message.paragraph(phrases.trial_silence()),
    }
    turn.tell(message.choice(Choice::new(phrases.choice_back(), format!("nape-admin show {}", row.key))));
}

/// What they do.
fn tried(turn: &Turn<'_>, row: &Setting) -> Event {
    let begin = || {
        let asked = turn.now.millis() / 1000;
        let routine = turn.bot.library.routines.iter().find(|routine| routine.touch && !routine.attack);
        let check = Invocation::new(Command::Check).with("answer", "go").with("asked", asked);
        check.with_some("name", routine.map(|routine| routine.name.as_str()))
    };
    let answer = || {
        let entry = turn.bot.library.entries.first().map(|entry| entry.id.as_str());
        Invocation::new(Command::Read).with_some("entry", entry).with("part", "short")
    };
    let emergency = || {
        let mut flags = turn.bot.library.safety.red_flags.iter();
        let flag = flags.find(|flag| flag.urgency == Urgency::Emergency);
        Invocation::new(Command::Doubt).with_some("flag", flag.map(|flag| flag.id.as_str())).with("answer", "yes")
    };
    let key = |row: &Setting| row.key;
    let invocation = match row.key {
        own if own == key(&LANGUAGE) => Invocation::new(Command::About),
        own if own == key(&RETENTION) => Invocation::new(Command::MyData),
        own if [&ROUTINES, &ROUTINE_PLACE, &AT_ONCE, &ROUTINE_ROLES].map(key).contains(&own) => begin(),
        own if own == key(&EMERGENCY_TEXT) => emergency(),
        own if own == key(&ADMIN_ROLES) => Invocation::new(Command::AdminShow),
        _ => answer(),
    };
    let there = turn.person;
    let person = FromPerson {
        id: EventId::new(&there.place.platform, NOBODY),
        who: nobody(turn),
        place: there.place.clone(),
        may_configure: false,
        roles: Vec::new(),
        venues: there.venues,
        grounds: there.grounds.clone(),
        reply: None,
        input: Input::Invoked(invocation),
    };
    match row.key {
        own if own == key(&PERSON_LIMIT) => Event::Beyond { person, limit: Limit::Person, tell: true },
        own if own == key(&CHANNEL_LIMIT) => Event::Beyond { person, limit: Limit::Place, tell: true },
        _ => Event::Person(person),
    }
}

/// What is known then: the server's settings, and of them that they have passed the list of reasons not to, so that a routine begins.
/// Where it is tried out how many may run, as many do.
fn records(turn: &Turn<'_>, row: &Setting) -> Records {
    let mut records = Records::default();
    let who = nobody(turn);
    let person = Person { screened: Some(turn.now), last_used: turn.now.day(), ..Person::default() };
    records.insert(Key::Person(who.clone()), Some(Record::Person(person)), Revision::default());
    if let Some(server) = turn.person.place.server.clone() {
        records.insert(Key::Server(server), Some(Record::Server(turn.server().clone())), Revision::default());
    }
    if row.key == AT_ONCE.key {
        let limit = turn.layers().number(&AT_ONCE).unwrap_or(0);
        let running = std::iter::repeat_n(who, usize::try_from(limit).unwrap_or(0)).collect();
        let channel = Key::Channel(turn.person.place.root().clone());
        records.insert(channel, Some(Record::Channel(Channel { running })), Revision::default());
    }
    records
}

fn nobody(turn: &Turn<'_>) -> UserId {
    UserId::new(&turn.person.place.platform, NOBODY)
}
