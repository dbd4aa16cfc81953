//! Rooms: their admins, their upgrades, and other bots in them.

use std::time::Duration;

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::nape::Nape;
use crate::person::{Event, Kind, Person};
use crate::talking::{Scene, hears};
use crate::tools::is_whole;

/// A room of this version that somebody has made, with the bot in it, and their direct room.
fn administered(version: &str) -> (Scene, String) {
    let homeserver = Homeserver::shared();
    let (nape, anna) = (Nape::on(homeserver), Person::new(homeserver, "anna"));
    let room = anna.room_of(json!({ "version": version, "invite": [nape.id] }));
    let scene = Scene { nape, anna, room, kind: Kind::Plain };
    scene.hears("what would you like?");
    let direct = scene.anna.room(Kind::Direct, &[&scene.nape.id]);
    hears(&scene.nape, &scene.anna, &direct, "hello, I am Nape");
    (scene, direct)
}

#[test]
fn the_creator_of_a_room_of_version_12_is_its_admin_and_nobody_else_is() {
    let (scene, direct) = administered("12");
    assert!(!scene.room.contains(':'), "ids of such rooms name no server: {}", scene.room);
    scene.say("nape-admin set answers public");
    hears(&scene.nape, &scene.anna, &direct, "answers: private → public");
    let ben = Person::new(Homeserver::shared(), "ben");
    scene.anna.order(json!({ "do": "invite", "room": scene.room, "user": ben.id }));
    scene.anna.wait_for_join(&scene.room, &ben.id);
    let his = ben.room(Kind::Direct, &[&scene.nape.id]);
    hears(&scene.nape, &ben, &his, "hello, I am Nape");
    ben.say(&scene.room, "!nape nape-admin set answers private");
    let refused = ben.expect(&his, "a refusal", |event| event.says(""));
    assert!(!refused.text().contains("→"), "{refused:?}");
    scene.say("nape-admin show answers");
    hears(&scene.nape, &scene.anna, &direct, "now: public");
}

#[test]
fn an_upgraded_room_keeps_its_settings() {
    let (scene, direct) = administered("11");
    scene.say("nape-admin set answers public");
    hears(&scene.nape, &scene.anna, &direct, "private → public");
    let new = scene.anna.order(json!({ "do": "upgrade", "room": scene.room, "version": "12" }));
    let new = new.as_str().expect("a room's id").to_owned();
    // A private room lets nobody in who isn't invited: as clients do after an upgrade.
    scene.anna.order(json!({ "do": "invite", "room": new, "user": scene.nape.id }));
    scene.anna.wait_for_join(&new, &scene.nape.id);
    scene.anna.say(&new, "!nape nape-admin show answers");
    scene.anna.expect(&direct, "the setting of the old room", |event| event.says("Now: public (set here)"));
    // And it has left the old one.
    scene.anna.expect(&scene.room, "the bot to leave", |event| {
        event.state_key.as_deref() == Some(scene.nape.id.as_str()) && event.content["membership"] == "leave"
    });
}

#[test]
fn a_room_that_only_says_it_follows_another_gets_none_of_its_settings() {
    let (scene, direct) = administered("11");
    scene.say("nape-admin set answers public");
    hears(&scene.nape, &scene.anna, &direct, "private → public");
    let ben = Person::new(Homeserver::shared(), "ben");
    let his = ben.room(Kind::Direct, &[&scene.nape.id]);
    hears(&scene.nape, &ben, &his, "hello, I am Nape");
    let predecessor = json!({ "room_id": scene.room, "event_id": "$nothing" });
    let room = ben.room_of(json!({ "version": "11", "invite": [scene.nape.id], "predecessor": predecessor }));
    hears(&scene.nape, &ben, &his, "I was just let into your server");
    ben.say(&room, "!nape nape-admin show answers");
    hears(&scene.nape, &ben, &his, "now: private (default)");
    scene.ask("technique effleurage", "effleurage");
}

#[test]
fn two_of_its_kind_in_one_room_leave_each_other_alone() {
    let scene = Scene::new(Kind::Plain);
    let homeserver = Homeserver::shared();
    let other = Nape::on(homeserver);
    scene.anna.order(json!({ "do": "invite", "room": scene.room, "user": other.id }));
    scene.anna.wait_for_join(&scene.room, &other.id);
    scene.anna.expect(&scene.room, "its greeting", |event| event.sender == other.id && event.says(""));
    // The prefix calls both.
    scene.say("technique effleurage");
    for nape in [&scene.nape, &other] {
        let from = &nape.id;
        scene.anna.wait(crate::tools::LONG, &format!("the card by {from}"), |events| {
            events.iter().find(|event| event.sender == *from && event.says("Effleurage: long")).map(|_| ())
        });
    }
    let quiet = Duration::from_secs(if is_whole() { 600 } else { 5 });
    scene.anna.hears_nothing(quiet, &scene.room, "anything more", |event| event.says(""));
}

#[test]
fn a_bot_that_answers_everything_is_not_answered_without_end() {
    let scene = Scene::new(Kind::Plain);
    let thread = scene.anna.say(&scene.room, "let us see");
    scene.anna.say_in(&scene.room, &thread, "!nape technique effleurage");
    // It speaks as people do, at once, to whatever it hears: the worst that there is.
    let is_answer = |event: &Event| event.sender == scene.nape.id && event.says("");
    let mut answers = 0;
    while answers < 60 && scene.anna.hears_in(Duration::from_secs(10), &scene.room, is_answer).is_some() {
        answers += 1;
        scene.anna.say_in(&scene.room, &thread, "!nape technique effleurage");
    }
    assert!(answers < 60, "it goes on for ever");
}
