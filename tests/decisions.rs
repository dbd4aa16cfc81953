//! Who may do what, where: every command, for every kind of person, in every kind of place, decided by the bot itself and held against
//! `tests/decisions.txt`, which an admin can read.
//!
//! `BLESS=1 cargo test --test decisions` writes the table: read it, and hold it against what was meant, before it is committed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use nape::answer::{Answerer, Scope};
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, ServerId, UserId};
use nape::base::time::Timestamp;
use nape::bot::Bot;
use nape::command::parse::parse;
use nape::command::table::{COMMANDS, Command, Shown};
use nape::content::{self, Files};
use nape::locale::Phrases;
use nape::port::event::{Event, FromPerson, Input, Venues};
use nape::port::record::{Key, Person, Record, Records, Revision, Server};
use nape::safety::gate::Gate;
use nape::safety::rules::Rules;
use nape::settings::table::{ADMIN_ROLES, CHANNELS_DENIED, ROUTINE_ROLES};
use nape::settings::value::Value;

const NOW: Timestamp = Timestamp::from_millis(1_795_399_446_123);

/// Who there is: name, whether the platform lets them manage, their roles.
const PEOPLE: [(&str, bool, &[&str]); 5] = [
    ("member", false, &[]),
    ("member with the role for routines", false, &["8"]),
    ("admin by a named role", false, &["7"]),
    ("admin by the platform", true, &[]),
    ("operator", false, &[]),
];

/// A place: its name, its platform, and what the adapter says of it: server, channel, the channel above it, and kind.
type Spot = (&'static str, &'static str, Option<&'static str>, &'static str, Option<&'static str>, PlaceKind);

/// Where.
const PLACES: [Spot; 8] = [
    ("Discord channel", "discord", Some("server"), "open", None, PlaceKind::Shared),
    ("Discord thread", "discord", Some("server"), "thread", Some("open"), PlaceKind::PublicThread),
    ("Discord channel, denied", "discord", Some("server"), "shut", None, PlaceKind::Shared),
    ("Discord thread under it", "discord", Some("server"), "thread", Some("shut"), PlaceKind::PrivateThread),
    ("Discord direct", "discord", None, "direct", None, PlaceKind::Direct),
    ("Matrix room", "matrix", Some("open"), "open", None, PlaceKind::Shared),
    ("Matrix direct", "matrix", None, "direct", None, PlaceKind::Direct),
    ("terminal", "terminal", Some("terminal"), "me", None, PlaceKind::Direct),
];

/// Reasons that are about who and where; whatever else is declined, was decided on.
const OF_ACCESS: [&str; 5] = ["not-admin", "no-server", "only-their-own", "not-here", "not-your-role"];

/// How a command is used here. A new command doesn't compile until it stands here.
fn line(command: Command) -> &'static str {
    match command {
        Command::Ask => "ask what is effleurage",
        Command::Technique => "technique",
        Command::What => "what effleurage",
        Command::Safety => "safety",
        Command::Sources => "sources",
        Command::RoutineList => "routine list",
        Command::RoutineStart => "routine start desk-reset",
        Command::Next => "next",
        Command::Back => "back",
        Command::Repeat => "repeat",
        Command::Pause => "pause",
        Command::Resume => "resume",
        Command::More => "more",
        Command::Easier => "easier",
        Command::Hurts => "hurts",
        Command::Stop => "stop",
        Command::MySettings => "my settings pace wait",
        Command::MyData => "my data",
        Command::MyExport => "my export",
        Command::MyDelete => "my delete",
        Command::AdminShow => "nape-admin show",
        Command::AdminSet => "nape-admin set at_once 7",
        Command::AdminReset => "nape-admin reset at_once",
        Command::AdminCheck => "nape-admin check",
        Command::AdminTest => "nape-admin test answers",
        Command::AdminExport => "nape-admin export",
        Command::AdminPlan => "nape-admin plan at_once = 7",
        Command::AdminApply => "nape-admin apply at_once = 7",
        Command::AdminRollback => "nape-admin rollback",
        Command::AdminLog => "nape-admin log",
        Command::AdminSetup => "nape-admin setup",
        Command::AdminAnswer => "nape-admin answer 1 value=public",
        Command::Help => "nape help",
        Command::Why => "nape why",
        Command::About => "nape about",
        Command::Read => "read technique.effleurage",
        Command::Vote => "vote technique.effleurage up",
        Command::Screen => "screen none name=desk-reset",
        Command::Check => "check go name=desk-reset asked=1795399446",
        Command::Seen => "seen yes",
        Command::Doubt => "doubt RF01 no",
        Command::Felt => "felt same",
        Command::Hello => "hello nape",
    }
}

fn bot() -> &'static Bot {
    static BOT: OnceLock<Bot> = OnceLock::new();
    BOT.get_or_init(|| {
        let library = content::load_to_run(&Files::embedded(), jiff::civil::date(2100, 1, 1), &[]);
        let library = library.unwrap_or_else(|problems| panic!("{problems:?}"));
        let scope = library.raw.scope.values().map(String::as_str).collect::<Vec<_>>().join("\n");
        let answerer = Answerer::new(&library.entries, Scope::parse(&scope).expect("the content was checked"));
        let gate = Gate::new(Rules::parse(&library.raw.rules).expect("the content was checked"));
        let phrases = Phrases::parse("en", &library.raw.locale).expect("the content was checked");
        let operators = ["discord", "matrix", "terminal"].map(|platform| who(platform, "operator"));
        Bot::new(library.into(), gate, answerer, phrases).with_operators(operators)
    })
}

fn who(platform: &str, name: &str) -> UserId {
    UserId::new(&Platform::new(platform), name)
}

/// What the server has set: a role for routines, a role that may configure, and a channel in which the bot isn't used.
fn server() -> Server {
    let ids = |id: &str| Value::Words(vec![id.to_owned()]);
    let mut server = Server::default();
    server.settings.set(ROUTINE_ROLES.key, ids("8"));
    server.settings.set(ADMIN_ROLES.key, ids("7"));
    server.settings.set(CHANNELS_DENIED.key, ids("shut"));
    server
}

/// What becomes of a line: `yes`, or the reason why not.
fn decided(line: &str, person: (&str, bool, &[&str]), place: &Spot) -> String {
    let (name, may_configure, roles) = person;
    let (_, platform, server_id, channel, parent, kind) = *place;
    let platform = Platform::new(platform);
    let place = Place {
        server: server_id.map(|id| ServerId::new(&platform, id)),
        channel: ChannelId::new(&platform, channel),
        parent: parent.map(|id| ChannelId::new(&platform, id)),
        kind,
        platform: platform.clone(),
    };
    let event = Event::Person(FromPerson {
        id: EventId::new(&platform, 1),
        who: UserId::new(&platform, name),
        place: place.clone(),
        // Whoever sits at the terminal may configure it; in a direct conversation no platform says so of anybody.
        may_configure: may_configure && server_id.is_some() || platform.to_string() == "terminal",
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        venues: Venues::default(),
        grounds: Vec::new(),
        reply: None,
        input: Input::Invoked(parse(line).unwrap_or_else(|error| panic!("{line}: {error:?}"))),
    });
    let mut records = Records::default();
    for key in event.keys() {
        let record = match &key {
            Key::Server(_) => Some(Record::Server(server())),
            Key::Person(_) => {
                Some(Record::Person(Person { screened: Some(NOW), last_used: NOW.day(), ..Person::default() }))
            }
            _ => None,
        };
        records.insert(key, record, Revision(1));
    }
    let outcome = bot().handle(NOW, &event, &records);
    let recent = outcome.changes.iter().find_map(|change| match &change.record {
        Some(Record::Recent(recent)) => Some(recent.clone()),
        _ => None,
    });
    let reason = recent.and_then(|recent| recent.reason).map(|(code, _)| code);
    reason.filter(|code| OF_ACCESS.contains(&code.as_str())).unwrap_or_else(|| "yes".to_owned())
}

/// The table as text: a row for each command and person; people who differ in nothing share a row.
fn table() -> String {
    let mut text = String::from(HEAD);
    let columns = PLACES.iter().enumerate().map(|(number, (name, ..))| format!("#   {}: {name}\n", number + 1));
    columns.for_each(|column| text.push_str(&column));
    let mut lines: Vec<(String, &'static str)> =
        COMMANDS.iter().map(|spec| (spec.words.to_owned(), line(spec.command))).collect();
    lines.push(("nape-admin set admin_roles".to_owned(), "nape-admin set admin_roles 9"));
    for (words, line) in lines {
        let mut rows: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
        for person in PEOPLE {
            let row: Vec<String> = PLACES.iter().map(|place| decided(line, person, place)).collect();
            match rows.iter_mut().find(|(_, other)| *other == row) {
                Some((people, _)) => people.push(person.0),
                None => rows.push((vec![person.0], row)),
            }
        }
        let _ = writeln!(text, "\n{words}");
        let alone = rows.len() == 1;
        for (people, row) in rows {
            let people = if alone { "anybody".to_owned() } else { people.join(", ") };
            let cells: String = row.iter().map(|cell| format!("{cell:<15}")).collect();
            let _ = writeln!(text, "  {}\n    {people}", cells.trim_end());
        }
    }
    text
}

const HEAD: &str = "\
# Who may do what, where. `yes`: it is done. Else the reason for which it is declined; `nape why` explains each.
# Emergencies are answered in every place, whoever writes.
#
# The server here has named the role 8 for routines (routine_roles) and the role 7 for its settings (admin_roles), and has denied one
# channel (channels_denied). The columns:
";

#[test]
fn the_table_is_what_the_bot_decides() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions.txt");
    let table = table();
    #[expect(clippy::disallowed_methods, reason = "a test is asked by its environment to write its file")]
    if std::env::var("BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let written = std::fs::read_to_string(&path).expect("tests/decisions.txt is there");
    let differing = written.lines().zip(table.lines()).find(|(written, decided)| written != decided);
    assert!(written == table, "the first difference: {differing:?}\n\n{table}");
}

#[test]
fn by_default_nobody_configures() {
    let configuring: BTreeMap<&str, &str> = COMMANDS
        .iter()
        .filter(|spec| spec.shown == Shown::Admin || spec.command == Command::AdminAnswer)
        .map(|spec| (spec.words, line(spec.command)))
        .collect();
    for (words, line) in configuring {
        for place in PLACES.iter().filter(|(name, ..)| *name != "terminal") {
            for person in [PEOPLE[0], PEOPLE[1]] {
                assert_ne!(decided(line, person, place), "yes", "{words} for a {} in {}", person.0, place.0);
            }
        }
    }
}

#[test]
fn whoever_has_lost_the_right_is_refused_by_their_own_button() {
    // The right stands in each event, as things are when it is handled; a button carries none.
    let press = |may_configure: bool| decided("nape-admin set at_once 7", ("admin", may_configure, &[]), &PLACES[0]);
    assert_eq!((press(true).as_str(), press(false).as_str()), ("yes", "not-admin"));
    let by_role =
        |roles: &'static [&'static str]| decided("nape-admin set at_once 7", ("admin", false, roles), &PLACES[0]);
    assert_eq!((by_role(&["7"]).as_str(), by_role(&["9"]).as_str()), ("yes", "not-admin"));
}
