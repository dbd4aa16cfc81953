//! What a homeserver lets an account say when nobody has changed its limits: ten events at once, then one in five seconds.

use std::time::Duration;

use crate::homeserver::{Homeserver, Limits};
use crate::nape::Nape;
use crate::person::{Event, Kind, Person};
use crate::routines::prepare;
use crate::talking::{Scene, hears};
use crate::tools::{LONG, is_whole};

/// What goes before each step, and between the sides of one, in ms.
const READY: i64 = 10_000;
const SWITCH: i64 = 5_000;

#[test]
fn three_routines_at_once_keep_their_time_and_stop_at_once() {
    let homeserver = Homeserver::start(Limits::Stock);
    let nape = Nape::on(&homeserver);
    let people: Vec<Person> = ["anna", "ben", "cleo"].iter().map(|name| Person::new(&homeserver, name)).collect();
    let rooms: Vec<String> = people.iter().map(|person| person.room(Kind::Direct, &[&nape.id])).collect();
    let steps = if is_whole() { 8 } else { 4 };
    for (person, room) in people.iter().zip(&rooms) {
        hears(&nape, person, room, "nape");
        person.say(room, "routine start desk reset");
    }
    for (person, room) in people.iter().zip(&rooms) {
        prepare(&nape, person, room);
    }
    let mut cards: Vec<Vec<Event>> = Vec::new();
    for (person, room) in people.iter().zip(&rooms) {
        let found = person.wait(LONG * 3, &format!("{steps} steps"), |events| {
            let cards: Vec<Event> = events.iter().filter(|event| event.says(" of 8 · ")).cloned().collect();
            (cards.len() >= steps).then_some(cards)
        });
        for (number, card) in (1..).zip(&found) {
            assert!(card.says(&format!("{number} of 8 · ")), "no step is lost or comes twice: {}", card.text());
        }
        cards.push(found);
        // The bucket is as good as empty now.
        person.say(room, "what is effleurage");
    }
    for (person, cards) in people.iter().zip(&cards) {
        // The first card may have waited behind all that was said before.
        for pair in cards[1..].windows(2) {
            let took = pair[1].at - pair[0].at;
            let late = took - planned(&pair[0]);
            assert!(late.abs() <= 1_000, "{}: {late} ms late: {}", person.id, pair[1].text());
        }
    }
    for (person, room) in people.iter().zip(&rooms) {
        if steps == 8 {
            break;
        }
        let said = person.say(room, "stop");
        let stopped = person.expect(room, "the end", |event| event.says("Stopped at step"));
        let said = person.wait(LONG, "their own word", |events| events.iter().find(|event| event.id == said).cloned());
        let took = stopped.at - said.at;
        assert!(took < 2_000, "stop was answered after {took} ms");
    }
}

/// How long after a step's card the next one is due, in ms.
fn planned(card: &Event) -> i64 {
    let seconds = card.text().lines().find_map(|line| line.strip_suffix(" seconds")?.parse::<i64>().ok());
    let seconds = seconds.unwrap_or_else(|| panic!("no time in {}", card.text()));
    seconds * 1_000 + if is_second_side(card) { SWITCH } else { READY }
}

/// Whether a step is the right side of the one before it.
fn is_second_side(card: &Event) -> bool {
    card.text().lines().next().is_some_and(|title| title.contains("right side"))
}

#[test]
fn many_answers_wait_their_turn_and_none_is_lost() {
    let homeserver = Homeserver::start(Limits::Stock);
    let nape = Nape::on(&homeserver);
    let scene = Scene::with(nape, Person::new(&homeserver, "anna"), Kind::Plain);
    // As many as somebody may say at once; they draw as many symbols as there are choices, and those come last.
    let names = ["effleurage", "petrissage", "acupressure", "stretching", "shoulders", "suboccipitals"];
    for name in names {
        scene.say(&format!("technique {name}"));
    }
    for _ in names {
        scene.hears("no clinician has reviewed this text");
    }
    scene.anna.hears_nothing(Duration::from_secs(2), &scene.room, "an answer twice", |event| event.says(""));
}
