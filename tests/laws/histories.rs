//! Laws of whole histories.

use std::collections::BTreeMap;
use std::time::Duration;

use nape::command::parse::parse;
use nape::message::model::Audience;
use nape::port::record::{Key, Record};
use nape::safety::model::{Urgency, Verdict};
use proptest::prelude::*;

use crate::actions::{counts_each_time, histories, servers};
use crate::checks::posts;
use crate::world::{GATE, LIBRARY, PEOPLE, Sent, Spot, World, person};

proptest! {
    #![proptest_config(crate::cases(800))]

    /// Every law of `checks` holds in every history; and the changes alone, replayed, give the state.
    #[test]
    fn every_event_is_lawful(server in servers(), history in histories(40)) {
        let mut world = World::new(&server);
        for action in &history {
            action.happen(&mut world);
        }
        let mut replayed = BTreeMap::new();
        for (key, bytes) in &world.log {
            match bytes {
                Some(bytes) => drop(replayed.insert(key.clone(), bytes.clone())),
                None => drop(replayed.remove(key)),
            }
        }
        let stored: BTreeMap<_, _> = world.stored.iter().map(|(key, (bytes, _))| (key.clone(), bytes.clone())).collect();
        prop_assert_eq!(replayed, stored);
    }

    /// A history comes to rest: with time alone, every routine ends.
    #[test]
    fn every_routine_ends_by_itself(server in servers(), history in histories(12)) {
        let mut world = World::new(&server);
        for action in &history {
            action.happen(&mut world);
        }
        while world.open(false) {}
        world.pass(Duration::from_secs(4 * 60 * 60), Duration::ZERO);
        for who in 0..PEOPLE {
            prop_assert_eq!(world.session(who), None);
        }
    }

    /// Two fingers on one button, or one that trembles: the second press changes nothing more.
    #[test]
    fn a_doubled_press_changes_once(server in servers(), history in histories(16), index in any::<prop::sample::Index>(), newest in any::<bool>()) {
        let mut world = World::new(&server);
        for action in &history {
            action.happen(&mut world);
        }
        if world.sent.is_empty() {
            return Ok(());
        }
        let within = if newest { world.sent.len().min(8) } else { world.sent.len() };
        let sent: Sent = world.sent[world.sent.len() - 1 - index.index(within)].clone();
        world.press(sent.person, &sent);
        let once = world.stored.iter().map(|(key, (bytes, _))| (key.clone(), bytes.clone())).collect::<BTreeMap<_, _>>();
        world.press(sent.person, &sent);
        let twice = world.stored.iter().map(|(key, (bytes, _))| (key.clone(), bytes.clone())).collect::<BTreeMap<_, _>>();
        let command = parse(&sent.choice.line).map(|invocation| invocation.command);
        if !command.is_ok_and(counts_each_time) {
            prop_assert_eq!(once, twice, "{}", sent.choice.line);
        }
    }

    /// Whatever strangers press and type, the owner's records stay as they are.
    #[test]
    fn strangers_change_nothing_of_the_owners(line in "desk-reset|attack|bedtime", presses in prop::collection::vec((1..PEOPLE, any::<prop::sample::Index>()), 1..12)) {
        let mut world = World::new(&[("routine_place", "here")]);
        world.start(0, Spot::Shared, &line);
        world.pass(Duration::from_secs(20), Duration::ZERO);
        let own = |world: &World| {
            let keys = [Key::Person(person(0)), Key::Session(person(0)), Key::Lock(person(0))];
            keys.map(|key| world.record(&key))
        };
        let before = own(&world);
        prop_assert!(before[1].is_some(), "no routine began: {:?}", world.last);
        for (who, index) in presses {
            let sent = world.sent[index.index(world.sent.len())].clone();
            world.press(who, &sent);
            for word in ["next", "stop", "hurts"] {
                world.say(who, Spot::Shared, word);
            }
        }
        prop_assert_eq!(before, own(&world));
    }
}

#[test]
fn what_is_personal_is_told_to_the_person_alone() {
    let mut world = World::new(&[("answers", "public")]);
    world.say(0, Spot::Shared, "my settings pressure 2");
    for text in ["my data", "my export", "my settings", "my delete", "why", "routine start desk-reset"] {
        world.say(0, Spot::Shared, text);
        assert!(posts(&world.last).all(|post| post.message.audience == Audience::Private), "{text}: {:?}", world.last);
    }
}

#[test]
fn after_an_emergency_nothing_starts_for_a_day_and_until_it_is_answered() {
    let mut world = World::new(&[]);
    world.start(0, Spot::Direct, "touch-free-calm");
    assert!(world.session(0).is_some());
    world.say(0, Spot::Direct, "sudden worst headache of my life");
    assert!(world.session(0).is_none());
    for hours in [0, 1, 22] {
        world.pass(Duration::from_secs(hours * 3600), Duration::ZERO);
        world.start(0, Spot::Direct, "touch-free-calm");
        world.say(0, Spot::Direct, "seen mistake");
        world.start(0, Spot::Direct, "touch-free-calm");
        assert!(world.session(0).is_none());
    }
    world.pass(Duration::from_secs(2 * 3600), Duration::ZERO);
    world.start(0, Spot::Direct, "touch-free-calm");
    assert!(world.session(0).is_none() && world.offers("seen yes"));
    assert!(world.press_line(0, "seen mistake"));
    world.start(0, Spot::Direct, "touch-free-calm");
    assert!(world.session(0).is_some());
}

#[test]
fn a_lock_that_runs_survives_delete_and_everything_else_is_gone() {
    let mut world = World::new(&[]);
    world.say(0, Spot::Direct, "my settings pressure 2");
    world.start(0, Spot::Direct, "desk-reset");
    assert!(world.session(0).is_some());
    world.say(0, Spot::Direct, "sudden worst headache of my life");
    world.memory.clear();
    world.say(0, Spot::Direct, "my delete");
    assert!(world.press_line(0, "my delete sure=yes"));
    let left: Vec<&Key> = world.stored.keys().filter(|key| key.name() == person(0).as_str()).collect();
    assert_eq!(left, [&Key::Lock(person(0))]);
    assert!(matches!(world.record(&Key::Lock(person(0))), Some(Record::Lock(lock)) if lock.until > world.now));
}

#[test]
fn in_attack_mode_every_verb_gets_a_short_card() {
    let mut world = World::new(&[]);
    world.say(0, Spot::Direct, "my settings attack_mode on");
    for verb in ["next", "back", "repeat", "pause", "resume", "more", "easier", "hurts"] {
        world.start(0, Spot::Direct, "attack");
        assert!(world.session(0).is_some_and(|running| running.session.quiet), "{:?}", world.last);
        // Every step of the way: the law itself stands in `checks`.
        for _ in 0..12 {
            world.say(0, Spot::Direct, verb);
            world.pass(Duration::from_secs(70), Duration::ZERO);
            world.say(0, Spot::Direct, "resume");
            world.say(0, Spot::Direct, "next");
        }
        world.say(0, Spot::Direct, "stop");
    }
}

#[test]
fn a_lesser_sign_never_shortens_a_lock() {
    let example = |urgency: Urgency| {
        let flag = LIBRARY.safety.red_flags.iter().find(|flag| flag.urgency == urgency);
        let raised =
            |text: &&String| matches!(GATE.by_rules(text).0, Verdict::Raised { urgency: own, .. } if own == urgency);
        let texts: Vec<&String> = flag.iter().flat_map(|flag| &flag.examples).map(|example| &example.text).collect();
        texts.into_iter().find(raised).expect("an example is raised as what it is").clone()
    };
    let mut world = World::new(&[]);
    world.say(0, Spot::Direct, &example(Urgency::Emergency));
    let lock = world.record(&Key::Lock(person(0)));
    assert!(lock.is_some());
    for spot in [Spot::Direct, Spot::Shared] {
        world.pass(Duration::from_secs(600), Duration::ZERO);
        world.memory.clear();
        world.say(0, spot, &example(Urgency::SameDay));
        assert_eq!(world.record(&Key::Lock(person(0))), lock);
    }
}

#[test]
fn delete_leaves_nothing_of_a_running_routine_on_whatever_day() {
    for spot in [Spot::Direct, Spot::Shared] {
        for days in [0, 1, 40] {
            let mut world = World::new(&[("routine_place", "here")]);
            world.say(0, spot, "my settings pace wait");
            world.start(0, spot, "desk-reset");
            assert!(world.session(0).is_some());
            world.say(0, spot, "my delete");
            if days > 0 {
                world.pass(Duration::from_secs(days * 24 * 60 * 60), Duration::ZERO);
            }
            // The law itself stands in `checks`.
            assert!(world.press_line(0, "my delete sure=yes"));
            assert_eq!(world.stored.len(), 1, "{:?}", world.stored.keys());
            world.say(0, spot, "my data");
            assert_eq!(world.stored.len(), 1, "{:?}", world.stored.keys());
        }
    }
}

#[test]
fn nothing_that_is_written_is_kept_wherever_it_is_written() {
    let shapes = [
        "{}",
        "/{}",
        "/{} now",
        "!{}",
        "ask {}",
        "what {}",
        "what is a {}",
        "technique {}",
        "sources {}",
        "nape help {}",
        "/nape help {}",
        "routine start {}",
        "/routine start {} minutes=5",
        "/routine start minutes={}",
        "my settings {}",
        "my settings length {}",
        "my settings leave_out {}",
        "my settings pressure {}",
        "my settings answers {}",
        "my settings language {}",
        "/my delete {}",
        "read {}",
        "read {} part=short",
        "vote {} up",
        "doubt {} yes",
        "/doubt {} no",
        "/seen {}",
        "/felt {}",
        "next {}",
        "/next step={}",
        "stop {}",
        "why {}",
        "screen none {}",
        "check go {}",
        "/check go name={}",
        "my neck hurts {}",
        "sudden worst headache of my life {}",
    ];
    let mut world = World::new(&[]);
    world.canaries.push("zqkanari77".to_owned());
    for spot in [Spot::Direct, Spot::Shared] {
        for shape in shapes {
            for line in [shape.replace("{}", "zqkanari77"), shape.replace("{}", "ZQkanari77 and more")] {
                world.say(1, spot, &line);
                if let Ok(invocation) = parse(&line) {
                    world.invoke(1, spot, invocation);
                }
                world.say(1, spot, "nape why");
            }
        }
    }
}
