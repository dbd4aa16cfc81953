//! Those who configure a server never learn who uses it, or what for: whatever they do, they see the same whether others use it or not.

use std::collections::BTreeMap;

use nape::base::id::{EventId, UserId};
use nape::base::time::Timestamp;
use nape::command::parse::parse;
use nape::command::table::{COMMANDS, Shown};
use nape::message::model::Block;
use nape::port::action::{Change, Outcome, Venue};
use nape::port::event::{Event, FromPerson, Ground, Input, Venues, Where, With};
use nape::port::record::{Channel, Felt, Key, Lock, Person, Record, Records, Revision, Server, Votes};
use nape::settings::table::{LEAVE_OUT_WORDS, Layer, SETTINGS};
use nape::settings::value::Value;
use proptest::prelude::*;
use proptest::sample::select;

use crate::checks::posts;
use crate::world::{BOT, LIBRARY, Spot, World, platform, server_id, shared};

const NOW: Timestamp = Timestamp::from_millis(1_795_399_446_123);

type Stored = BTreeMap<Key, Record>;

fn admin() -> UserId {
    UserId::new(&platform(), "admin")
}

fn other(number: usize) -> UserId {
    UserId::new(&platform(), format!("canary-{number}"))
}

/// Records of many people, of every kind, in the very channel in which the admin speaks.
fn others(many: usize) -> Stored {
    // A routine that runs, as the bot itself begins one.
    let mut world = World::new(&[("routine_place", "here")]);
    world.start(0, Spot::Shared, "desk-reset");
    let running = world.session(0).expect("it was started");
    let mut stored = Stored::new();
    for number in 0..many {
        let who = other(number);
        let mut person = Person { screened: Some(NOW), last_used: NOW.day(), ..Person::default() };
        person.felt = Felt { better: 1, same: 2, worse: u32::try_from(number).unwrap_or(0) };
        let word = LEAVE_OUT_WORDS[number % LEAVE_OUT_WORDS.len()];
        person.settings.set("leave_out", Value::Words(vec![word.to_owned()]));
        stored.insert(Key::Person(who.clone()), Record::Person(person));
        stored.insert(Key::Lock(who.clone()), Record::Lock(Lock { until: NOW }));
        stored.insert(Key::Session(who), Record::Session(Box::new(running.clone())));
    }
    let running = Channel { running: (0..many).map(other).collect() };
    stored.insert(Key::Channel(shared().channel), Record::Channel(running));
    for entry in &LIBRARY.entries {
        stored.insert(Key::Votes(entry.id.clone()), Record::Votes(Votes { up: 7, down: 3 }));
    }
    stored
}

/// Stands before a line that is completed from the platform's own list, with the ids on the next.
const PICKS: &str = "picks ";

/// What an admin does: every command of theirs, with good arguments and bad ones.
fn lines() -> impl Strategy<Value = String> {
    let words: Vec<&str> = COMMANDS.iter().filter(|spec| spec.shown == Shown::Admin).map(|spec| spec.words).collect();
    let keys: Vec<&str> = SETTINGS.iter().filter(|row| row.may_be_set_by(Layer::Server)).map(|row| row.key).collect();
    let values =
        select(vec!["on", "off", "public", "private", "here", "nothing", "direct", "3", "50", "112", "shared", "most"]);
    let file = (select(keys.clone()), select(vec!["\"public\"", "7", "true", "\"112\"", "[\"7\"]", "["]))
        .prop_map(|(key, value)| format!("{key} = {value}"));
    prop_oneof![
        2 => select(words.clone()).prop_map(str::to_owned),
        2 => (select(words), select(keys.clone())).prop_map(|(words, key)| format!("{words} {key}")),
        4 => (select(keys), values).prop_map(|(key, value)| format!("nape-admin set {key} {value}")),
        2 => prop::collection::vec(file, 0..4).prop_map(|lines| format!("nape-admin apply #\n{}", lines.join("\n"))),
        1 => (1..=4_u32, select(vec!["value=on", "value=public", "value=here", ""]))
            .prop_map(|(number, value)| format!("nape-admin answer {number} {value}")),
        1 => (select(vec!["channels", "admin_roles", "log_channel"]), prop::collection::vec("[0-9]{1,20}", 0..3))
            .prop_map(|(key, ids)| format!("{PICKS}nape-admin set {key}\n{}", ids.join(" "))),
        1 => Just("nape-admin log all".to_owned()),
        1 => "nape-admin \\PC{0,20}",
        1 => Just("nape help".to_owned()),
        1 => Just("nape why".to_owned()),
    ]
}

/// Settings of every kind.
fn sets() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec!["answers public", "routines off", "routine_place direct", "language en", "log_channel here"])
            .prop_map(str::to_owned),
        (1..=50_u32).prop_map(|number| format!("at_once {number}")),
        (1..=600_u32).prop_map(|number| format!("person_limit {number}")),
        "\\PC{1,120}".prop_map(|text| format!("emergency_text {text}")),
        prop::collection::vec("[0-9]{1,20}", 0..25).prop_map(|ids| format!("channels {},here", ids.join(","))),
        prop::collection::vec("[0-9]{1,20}", 0..10).prop_map(|ids| format!("admin_roles {}", ids.join(" "))),
    ]
    .prop_map(|set| format!("nape-admin set {set}"))
}

/// The file that a server hands out.
fn exported(stored: &mut Stored) -> String {
    let outcome = act(2, "nape-admin export", stored);
    let files = posts(&outcome).flat_map(|post| &post.message.blocks).find_map(|block| match block {
        Block::File { content, .. } => Some(content.clone()),
        _ => None,
    });
    files.expect("a file is handed out")
}

/// Lets the admin do something; what is stored changes, what comes out comes back.
fn act(number: usize, line: &str, stored: &mut Stored) -> Outcome {
    let picks = line.strip_prefix(PICKS).and_then(|rest| rest.split_once('\n'));
    let picked = |(line, ids): (&str, &str)| {
        let ids = ids.split_whitespace().map(str::to_owned).collect();
        Input::Completed { line: line.to_owned(), with: With::Ids(ids) }
    };
    let input = picks.map(picked).unwrap_or_else(|| match parse(line) {
        Ok(invocation) if number.is_multiple_of(2) => Input::Invoked(invocation),
        Ok(_) if number.is_multiple_of(3) => Input::Pressed { line: line.to_owned() },
        _ => Input::Said { text: line.to_owned(), addressed: true },
    });
    let missing = vec!["Send Messages".to_owned()];
    let event = Event::Person(FromPerson {
        id: EventId::new(&platform(), number),
        who: admin(),
        place: shared(),
        may_configure: true,
        roles: Vec::new(),
        venues: Venues::default(),
        grounds: vec![Ground { place: Where::In(Venue::PrivateThread), missing, invite: None, encrypted: Some(false) }],
        reply: None,
        input,
    });
    let mut records = Records::default();
    let load = |records: &mut Records, keys: Vec<Key>| {
        for key in keys {
            let record = stored.get(&key).cloned();
            records.insert(key, record, Revision(1));
        }
    };
    load(&mut records, event.keys());
    let further = event.further_keys(&records);
    load(&mut records, further);
    let outcome = BOT.handle(NOW, &event, &records);
    for Change { key, record } in &outcome.changes {
        match record {
            Some(record) => drop(stored.insert(key.clone(), record.clone())),
            None => drop(stored.remove(key)),
        }
    }
    outcome
}

fn is_others(key: &Key) -> bool {
    match key {
        Key::Person(who) | Key::Session(who) | Key::Lock(who) | Key::Recent(who, _) => *who != admin(),
        Key::Channel(_) | Key::Votes(_) => true,
        Key::Server(_) | Key::Audit(_) => false,
    }
}

proptest! {
    #![proptest_config(crate::cases(300))]

    /// What one server hands out makes another the same, to the byte.
    #[test]
    fn a_file_makes_an_empty_server_the_same(sets in prop::collection::vec(sets(), 0..12)) {
        let (mut one, mut other) = (Stored::new(), Stored::new());
        for line in &sets {
            act(1, line, &mut one);
        }
        let file = exported(&mut one);
        let applied = act(2, &format!("nape-admin apply {file}"), &mut other);
        prop_assert_eq!(exported(&mut other), file);
        // One commit: the settings, their log, and nothing else that is stored.
        let stored = applied.changes.iter().filter(|change| !change.key.is_volatile()).count();
        prop_assert!(stored == 2 || stored == 0, "{:?}", applied.changes);
    }

    /// Beside a server that many use, and beside one that nobody uses, an admin sees the same, word for word, and what others
    /// have is left as it was.
    #[test]
    fn admins_learn_nothing_of_others(lines in prop::collection::vec(lines(), 1..8), many in select(vec![1_usize, 4, 5, 60])) {
        let own = Stored::from([(Key::Server(server_id()), Record::Server(Server::default()))]);
        let (mut used, mut unused) = (own.clone(), own);
        used.extend(others(many));
        let before: Stored = used.iter().filter(|(key, _)| is_others(key)).map(|(key, record)| (key.clone(), record.clone())).collect();
        for (number, line) in lines.iter().enumerate() {
            let (there, here) = (act(number, line, &mut used), act(number, line, &mut unused));
            prop_assert_eq!(&there.orders, &here.orders, "{}", line);
            let said = serde_json::to_string(&there.orders).unwrap();
            prop_assert!(!said.contains("canary"), "{}", said);
        }
        let after: Stored = used.into_iter().filter(|(key, _)| is_others(key)).collect();
        prop_assert_eq!(before, after);
    }
}

#[test]
fn the_law_would_find_what_is_shown() {
    // Whoever starts a routine does meet the others: they count. So the records are in reach, and only the bot keeps them back.
    let mut stored = others(60);
    stored.insert(Key::Server(server_id()), Record::Server(Server::default()));
    let there = act(1, "routine start touch-free-calm", &mut stored);
    let here = act(1, "routine start touch-free-calm", &mut Stored::new());
    assert_ne!(there.orders, here.orders);
}
