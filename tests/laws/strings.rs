//! Nobody's text makes the bot fall over, in whatever state it is.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{Spot, World};

/// States that a text can come into.
fn states() -> Vec<&'static str> {
    vec!["nothing", "running", "paused", "waiting", "opening", "locked", "doubt", "answered", "attack"]
}

fn world_in(state: &str) -> World {
    let mut world = World::new(&[]);
    match state {
        "running" => world.start(0, Spot::Direct, "desk-reset"),
        "paused" => {
            world.start(0, Spot::Direct, "desk-reset");
            world.say(0, Spot::Direct, "pause");
        }
        "waiting" => {
            world.say(0, Spot::Direct, "my settings pace wait");
            world.start(0, Spot::Direct, "desk-reset");
            world.pass(Duration::from_secs(80), Duration::ZERO);
        }
        "opening" => {
            world.say(0, Spot::Shared, "routine start touch-free-calm");
            world.press_line(0, "check go");
        }
        "locked" => world.say(0, Spot::Direct, "sudden worst headache of my life"),
        "doubt" => world.say(0, Spot::Direct, "what if i have the worst headache of my life"),
        "answered" => world.say(0, Spot::Direct, "what is effleurage"),
        "attack" => {
            world.say(0, Spot::Direct, "my settings attack_mode on");
            world.start(0, Spot::Direct, "attack");
        }
        _ => {}
    }
    world
}

proptest! {
    #![proptest_config(crate::cases(600))]

    /// Any characters at all: controls, right to left, joined emoji, halves of things.
    #[test]
    fn any_string_gets_an_answer(state in select(states()), head in "|/|!|ask |what |technique |my settings |nape help |routine start |doubt ", text in any::<String>(), shared in any::<bool>()) {
        let mut world = world_in(state);
        world.say(0, if shared { Spot::Shared } else { Spot::Direct }, &format!("{head}{text}"));
    }
}

#[test]
fn strange_strings_get_an_answer_in_every_state() {
    let strange = [
        "\0\u{1}\u{7f}\u{1b}[31m",
        "\u{202e}txet sdrawkcab\u{202c}",
        "👩‍👩‍👧‍👦🏳️‍🌈👍🏽",
        "e\u{301}\u{301}\u{301}",
        "\u{feff}",
        "ﬃ ǅ ß İ ı",
        "``` `a` ```",
        "{ $typed }",
        "@everyone <@1> [a](b)",
        "next\nnext\nnext",
        "stop\u{200b}",
        "１２３",
        "-",
        "''''",
        "a=b=c minutes=",
        "routine start minutes=5 minutes=6",
        "my settings  leave_out ,,,;",
        "what is",
        "what 's a  mean",
        "nape help  / ! ",
        "\r\n\r\n",
        "technique \u{130}\u{130}\u{130}",
        "what İ mean",
        "what a\u{0307} means",
    ];
    for state in states() {
        for text in strange {
            world_in(state).say(0, Spot::Direct, text);
        }
    }
}

#[test]
fn a_hundred_kilobytes_get_an_answer() {
    let long = [
        "a".repeat(100_000),
        "🧠".repeat(25_000),
        "stop ".repeat(20_000),
        "my neck, ".repeat(11_000),
        "\n".repeat(100_000),
    ];
    let mut world = world_in("running");
    for text in long {
        world.say(0, Spot::Direct, &text);
        world.say(0, Spot::Direct, &format!("/ask {text}"));
    }
}

#[test]
fn what_is_read_as_a_command_reads_back() {
    // A letter that takes three bytes, straight after words that a command has: once read as a part of them.
    for spec in nape::command::table::COMMANDS {
        for tail in ["\u{aa50}", "ß", "\u{301}", "\u{a0}x"] {
            for text in [format!("{}{tail}", spec.words), format!("{} {tail}", spec.words)] {
                if let Ok(read) = nape::command::parse::parse(&text) {
                    assert_eq!(nape::command::parse::parse(&read.line()), Ok(read), "{text}");
                }
            }
        }
    }
}
