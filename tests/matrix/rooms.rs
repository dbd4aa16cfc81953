//! Rooms: their admins, their upgrades, and other bots in them.

use std::time::Duration;

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::nape::{Nape, Shared};
use crate::person::{Event, Kind, Person};
use crate::talking::{Scene, hears};
use crate::tools::{LONG, is_whole};

/// A room of this version that somebody has made, with the bot in it, and their direct room.
fn administered(version: &str) -> (Scene<Shared>, String) {
    let (nape, anna) = (Nape::shared(), Person::new(Homeserver::shared(), "anna"));
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
    ben.wait_for_join(&scene.room, &ben.id);
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
    // The next that is said there, and nothing in the room: nobody who knows it is greeted again.
    hears(&scene.nape, &scene.anna, &direct, "now: public (set here)");
    // And it has left the old one.
    scene.anna.expect(&scene.room, "the bot to leave", |event| {
        event.state_key.as_deref() == Some(scene.nape.id.as_str()) && event.content["membership"] == "leave"
    });
    scene.anna.say(&new, "!nape technique effleurage");
    hears(&scene.nape, &scene.anna, &new, "effleurage: long");
}

#[test]
fn a_rooms_own_prefix_calls_it_there_and_nowhere_else() {
    let (scene, direct) = administered("11");
    let other = scene.anna.room(Kind::Plain, &[&scene.nape.id]);
    hears(&scene.nape, &scene.anna, &other, "what would you like?");
    hears(&scene.nape, &scene.anna, &direct, "I was just let into your server");
    scene.say("nape-admin set prefix /n");
    hears(&scene.nape, &scene.anna, &direct, "the first is a sign");
    scene.say("nape-admin set prefix !neck");
    hears(&scene.nape, &scene.anna, &direct, "prefix: !nape → !neck");
    // What comes next is the answer to what comes last.
    scene.anna.say(&scene.room, "!nape technique petrissage");
    scene.anna.say(&scene.room, "!neck technique effleurage");
    scene.hears("effleurage: long");
    scene.anna.mention(&scene.room, &scene.nape.id, "technique stretching");
    scene.hears("stretching: small");
    scene.anna.say(&other, "!neck technique effleurage");
    scene.anna.say(&other, "!nape technique petrissage");
    hears(&scene.nape, &scene.anna, &other, "petrissage: kneading");
}

#[test]
fn settings_come_as_a_file_by_its_caption_or_by_an_answer_to_it() {
    let scene = Scene::new(Kind::Encrypted);
    let direct = scene.anna.room(Kind::Direct, &[&scene.nape.id]);
    hears(&scene.nape, &scene.anna, &direct, "hello, I am Nape");
    let file = "answers = \"public\"\nat_once = 7\n";
    let sent = scene.anna.send_file(&scene.room, "settings.toml", file, None);
    scene.anna.reply(&scene.room, &sent, "!nape nape-admin plan");
    hears(&scene.nape, &scene.anna, &direct, "at_once: 5 (default) → 7");
    scene.anna.send_file(&scene.room, "settings.toml", file, Some("!nape nape-admin apply"));
    hears(&scene.nape, &scene.anna, &direct, "answers: private (default) → public");
    // Without a file nothing is taken for one.
    scene.say("nape-admin plan");
    let refused = scene.anna.expect(&direct, "how it is written", |event| event.says(""));
    assert!(refused.says("nape-admin plan") && !refused.text().contains("→"), "{refused:?}");
}

#[test]
fn a_check_says_what_the_bot_may_not_do_in_a_room_and_who_can_read_it() {
    let (scene, direct) = administered("11");
    scene.say("nape-admin check");
    hears(&scene.nape, &scene.anna, &direct, "this room is not encrypted");
    let levels = json!({ "users": { &scene.anna.id: 100 }, "events": { "m.reaction": 50 } });
    scene
        .anna
        .order(json!({ "do": "put_state", "room": scene.room, "type": "m.room.power_levels", "content": levels }));
    scene.say("nape-admin check");
    hears(&scene.nape, &scene.anna, &direct, "send reactions: without it");
    scene.anna.order(json!({ "do": "encrypt", "room": scene.room }));
    scene.say("nape-admin check");
    let checked = scene.anna.expect(&direct, "what is missing still", |event| event.says("Send reactions: without it"));
    assert!(!checked.says("not encrypted"), "{checked:?}");
}

#[test]
fn a_level_of_power_is_a_role() {
    let (scene, _) = administered("11");
    let ben = Person::new(Homeserver::shared(), "ben");
    scene.anna.order(json!({ "do": "invite", "room": scene.room, "user": ben.id }));
    ben.wait_for_join(&scene.room, &ben.id);
    scene.say("nape-admin set admin_roles 20");
    let levels = json!({ "users": { &scene.anna.id: 100, &ben.id: 25 }, "events_default": 0 });
    scene
        .anna
        .order(json!({ "do": "put_state", "room": scene.room, "type": "m.room.power_levels", "content": levels }));
    let his = ben.room(Kind::Direct, &[&scene.nape.id]);
    hears(&scene.nape, &ben, &his, "hello, I am Nape");
    ben.say(&scene.room, "!nape nape-admin set answers public");
    hears(&scene.nape, &ben, &his, "answers: private → public");
    // Nor may he give that to others.
    ben.say(&scene.room, "!nape nape-admin set admin_roles 0");
    let refused = ben.expect(&his, "a refusal", |event| event.says(""));
    assert!(!refused.text().contains("→"), "{refused:?}");
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
    for from in [&scene.nape.id, &other.id] {
        scene.anna.wait(LONG, &format!("the card by {from}"), |events| {
            events.iter().find(|event| event.sender == *from && event.says("Effleurage: long")).map(|_| ())
        });
    }
    let quiet = Duration::from_secs(if is_whole() { 600 } else { 5 });
    scene.anna.hears_nothing(quiet, &scene.room, "anything more", |event| event.says(""));
}

#[test]
fn a_bot_that_answers_everything_is_not_answered_without_end() {
    // Its log names no room, so it is a bot that nobody else talks to.
    let scene = Scene::alone(Kind::Plain);
    let thread = scene.anna.say(&scene.room, "let us see");
    scene.anna.say_in(&scene.room, &thread, "!nape technique effleurage");
    // It speaks as people do, at once, to whatever it hears: the worst that there is.
    let is_answer = |event: &Event| event.sender == scene.nape.id && event.says("");
    let is_left_alone = || scene.nape.log().contains("a program answers every answer; it gets none any more");
    // Answers to which it was quick, one after the other. On a busy machine not even a program always is, and to what two of its
    // own words were answered by it may speak twice: that is one answer to the last that it could have heard.
    let (mut quick, mut rounds, mut last) = (0, 0, String::new());
    while !is_left_alone() {
        rounds += 1;
        assert!(quick < 40 && rounds < 400, "it goes on for ever: {quick} quick ones of {rounds}");
        let heard = scene.anna.hears_in(Duration::from_secs(1), &scene.room, is_answer);
        let said = scene.anna.say_in(&scene.room, &thread, "!nape technique effleurage");
        if heard.is_none() {
            continue;
        }
        let (before, at) = scene.anna.wait(LONG, "its own words", |events| {
            let here = events.iter().position(|event| event.id == said)?;
            let before = events[..here].iter().rev().find(|event| event.room == scene.room && is_answer(event))?;
            Some((before.clone(), events[here].at))
        });
        quick = match at - before.at {
            0..1_500 if before.id == last => quick,
            0..1_500 => quick + 1,
            _ => 0,
        };
        last = before.id;
    }
    // What it passes on may be somebody's call for help.
    scene.anna.say_in(&scene.room, &thread, "!nape one side of my face is drooping");
    scene.anna.expect(&scene.room, "what to do", |event| event.says("emergency number"));
}
