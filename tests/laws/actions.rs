//! Random histories: what people do, what time does, and what goes wrong.

use std::time::Duration;

use nape::command::parse::parse;
use nape::command::table::{COMMANDS, Command, Shown};
use nape::settings::table::{LEAVE_OUT_WORDS, SETTINGS};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{LIBRARY, PEOPLE, Spot, World};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// Somebody writes something, with a word in it that nobody may keep.
    Say { who: usize, spot: Spot, text: String, canary: Option<String> },
    /// Somebody corrects what they have written.
    Edit { who: usize, spot: Spot, text: String, addressed: bool },
    /// Somebody writes something to others.
    Chat { who: usize, spot: Spot, text: String },
    /// Somebody uses a command that the platform has parsed.
    Invoke { who: usize, spot: Spot, line: String },
    /// Somebody writes something into a form.
    Write { who: usize, spot: Spot, line: &'static str, text: String },
    /// Somebody starts a routine and answers as those do who may.
    Start { who: usize, spot: Spot, line: String },
    /// Somebody presses one of the newest choices that are for them.
    Press { who: usize, back: usize },
    /// Somebody presses a choice of any age and of anybody.
    Stray { who: usize, index: prop::sample::Index },
    /// A place that was asked for is there, or can't be had.
    Open { possible: bool },
    /// Time goes by, and what is due happens so much too late.
    Pass { seconds: u32, late: u32 },
    /// The process ends and starts again.
    Restart { seconds: u32 },
}

/// How a server is set up.
pub fn servers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let usual: Vec<(&str, &str)> = vec![];
    prop_oneof![
        3 => Just(usual),
        2 => Just(vec![("routine_place", "here"), ("answers", "public"), ("at_once", "1")]),
        1 => Just(vec![("routine_place", "public_thread"), ("emergency_text", "Here: 112.")]),
        1 => Just(vec![("routines", "off"), ("routine_place", "direct")]),
    ]
}

/// A history.
pub fn histories(most: usize) -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), 1..most)
}

fn action() -> impl Strategy<Value = Action> {
    let who = || 0..PEOPLE;
    let spot = || prop_oneof![3 => Just(Spot::Session), 2 => Just(Spot::Shared), 2 => Just(Spot::Direct)];
    prop_oneof![
        8 => (who(), spot(), texts(), prop::option::of(canaries()))
            .prop_map(|(who, spot, text, canary)| Action::Say { who, spot, text, canary }),
        1 => (who(), spot(), texts(), any::<bool>())
            .prop_map(|(who, spot, text, addressed)| Action::Edit { who, spot, text, addressed }),
        1 => (who(), spot(), texts()).prop_map(|(who, spot, text)| Action::Chat { who, spot, text }),
        4 => (who(), spot(), command_lines()).prop_map(|(who, spot, line)| Action::Invoke { who, spot, line }),
        1 => (who(), spot(), select(vec!["ask", "nape-admin set emergency_text", "nape-admin apply", "safety"]), texts())
            .prop_map(|(who, spot, line, text)| Action::Write { who, spot, line, text }),
        5 => (who(), spot(), starts()).prop_map(|(who, spot, line)| Action::Start { who, spot, line }),
        12 => (who(), 0..12_usize).prop_map(|(who, back)| Action::Press { who, back }),
        4 => (who(), any::<prop::sample::Index>()).prop_map(|(who, index)| Action::Stray { who, index }),
        2 => prop::bool::weighted(0.8).prop_map(|possible| Action::Open { possible }),
        6 => (spans(), late()).prop_map(|(seconds, late)| Action::Pass { seconds, late }),
        1 => spans().prop_map(|seconds| Action::Restart { seconds }),
    ]
}

fn spans() -> impl Strategy<Value = u32> {
    prop_oneof![5 => 0..90_u32, 3 => 90..2_000_u32, 1 => 2_000..100_000_u32, 1 => 2_000_000..6_000_000_u32]
}

fn late() -> impl Strategy<Value = u32> {
    prop_oneof![8 => Just(0), 2 => 1..60_u32, 1 => 60..10_000_u32]
}

/// A word that nobody types by chance.
fn canaries() -> impl Strategy<Value = String> {
    "zq[a-z]{6}[0-9]{2}"
}

/// What comes after `routine start`.
fn starts() -> impl Strategy<Value = String> {
    let names: Vec<String> = LIBRARY.routines.iter().map(|routine| routine.name.clone()).collect();
    let minutes =
        prop_oneof![2 => Just(String::new()), 1 => (1..=20_u32).prop_map(|minutes| format!(" minutes={minutes}"))];
    let pressure =
        prop_oneof![3 => Just(String::new()), 1 => (0..=10_u32).prop_map(|most| format!(" pressure={most}"))];
    let places = vec!["", "", "", " where=here", " where=private_thread", " where=public_thread", " where=direct"];
    (prop_oneof![6 => select(names), 1 => Just(String::new())], minutes, pressure, select(places))
        .prop_map(|(name, minutes, pressure, place)| format!("{name}{minutes}{pressure}{place}"))
}

fn command_lines() -> impl Strategy<Value = String> {
    let words = COMMANDS.iter().flat_map(|spec| std::iter::once(&spec.words).chain(spec.aliases)).copied();
    prop_oneof![
        6 => (select(words.collect::<Vec<_>>()), prop::collection::vec(arguments(), 0..3))
            .prop_map(|(words, arguments)| format!("{words} {}", arguments.join(" "))),
        3 => settings().prop_map(|set| format!("my settings {set}")),
        1 => Just("my delete sure=yes".to_owned()),
    ]
}

fn settings() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    prop_oneof![
        1 => (select(keys), arguments()).prop_map(|(key, value)| format!("{key} {value}")),
        1 => (3..=15_u32).prop_map(|minutes| format!("length {minutes}")),
        1 => (0..=5_u32).prop_map(|most| format!("pressure {most}")),
        1 => select(vec!["pace wait", "pace auto", "first_side right", "attack_mode on", "attack_mode off"]).prop_map(str::to_owned),
        1 => prop::sample::subsequence(LEAVE_OUT_WORDS, 0..4).prop_map(|tags| format!("leave_out {}", tags.join(", "))),
    ]
}

fn arguments() -> impl Strategy<Value = String> {
    let mut known: Vec<String> =
        ["yes", "no", "none", "go", "up", "down", "better", "clear", "mistake", "reset", "more", "short"]
            .map(str::to_owned)
            .to_vec();
    known.extend(LIBRARY.routines.iter().map(|routine| routine.name.clone()));
    known.extend(LIBRARY.entries.iter().map(|entry| entry.id.clone()));
    known.extend(LIBRARY.sources.iter().take(3).map(|source| source.id.clone()));
    known.extend(LIBRARY.glossary.iter().take(5).map(|term| term.term.clone()));
    known.extend(SETTINGS.iter().map(|setting| setting.key.to_owned()));
    known.extend(["RF01", "RF13", "RF99", "2bcdefgh"].map(str::to_owned));
    prop_oneof![
        5 => select(known),
        2 => (0..20_u32).prop_map(|number| number.to_string()),
        1 => (0..20_u32).prop_map(|number| format!("step={number}")),
        1 => any::<u32>().prop_map(|number| format!("asked={number}")),
        1 => canaries().prop_map(|canary| canary.to_uppercase()),
        1 => "\\PC{0,12}",
    ]
}

fn texts() -> impl Strategy<Value = String> {
    let flags = &LIBRARY.safety.red_flags;
    let urgent: Vec<String> =
        flags.iter().flat_map(|flag| &flag.examples).map(|example| example.text.clone()).collect();
    let harmless: Vec<String> = flags.iter().flat_map(|flag| flag.not_examples.clone()).collect();
    let verbs = COMMANDS.iter().filter(|spec| spec.shown == Shown::Verb);
    let verbs: Vec<&str> = verbs.flat_map(|spec| std::iter::once(&spec.words).chain(spec.aliases)).copied().collect();
    let questions = vec![
        "what is effleurage",
        "how hard should i press",
        "is massage safe",
        "what about the front of my neck",
        "hello",
        "thanks",
        "why",
        "lol jk",
        "no",
        "yes",
        "none of these",
        "no, nothing like that",
        "how much ibuprofen can i take",
        "asdf jkl",
        "crack my neck",
        "stop please",
        "it hurts a bit",
        "ok next",
        "1",
        "2",
    ];
    prop_oneof![
        8 => select(verbs).prop_map(str::to_owned),
        4 => command_lines(),
        1 => command_lines().prop_map(|line| format!("/{line}")),
        4 => select(questions).prop_map(str::to_owned),
        1 => select(harmless),
        1 => select(urgent),
        1 => "\\PC{0,40}",
        1 => Just(String::new()),
    ]
}

impl Action {
    /// Makes it happen.
    pub fn happen(&self, world: &mut World) {
        match self {
            Action::Say { who, spot, text, canary } => {
                let text = match canary {
                    Some(canary) => {
                        world.canaries.push(canary.clone());
                        format!("{text} {canary}")
                    }
                    None => text.clone(),
                };
                world.say(*who, *spot, &text);
            }
            Action::Edit { who, spot, text, addressed } => world.edit(*who, *spot, text, *addressed),
            Action::Chat { who, spot, text } => world.chat(*who, *spot, text),
            Action::Write { who, spot, line, text } => world.write(*who, *spot, line, text),
            Action::Invoke { who, spot, line } => {
                if let Ok(invocation) = parse(line) {
                    world.invoke(*who, *spot, invocation);
                }
            }
            Action::Start { who, spot, line } => world.start(*who, *spot, line),
            Action::Press { who, back } => {
                let mine: Vec<usize> =
                    (0..world.sent.len()).filter(|index| world.sent[*index].person == *who).collect();
                if let Some(index) = mine.len().checked_sub(1 + back).and_then(|at| mine.get(at)) {
                    let sent = world.sent[*index].clone();
                    world.press(*who, &sent);
                }
            }
            Action::Stray { who, index } => {
                if !world.sent.is_empty() {
                    let sent = world.sent[index.index(world.sent.len())].clone();
                    world.press(*who, &sent);
                }
            }
            Action::Open { possible } => {
                world.open(*possible);
            }
            Action::Pass { seconds, late } => {
                world.pass(Duration::from_secs((*seconds).into()), Duration::from_secs((*late).into()));
            }
            Action::Restart { seconds } => world.restart(Duration::from_secs((*seconds).into())),
        }
    }
}

/// Whether each press of this is a wish of its own, so that two presses do more than one.
pub fn counts_each_time(command: Command) -> bool {
    matches!(command, Command::More | Command::Easier | Command::Hurts)
}
