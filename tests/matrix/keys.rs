//! Keys: late, lost, verified, and rooms that are encrypted later.

use std::borrow::Borrow;
use std::time::Duration;

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::nape::{Nape, Setup};
use crate::person::{Event, Kind, Person};
use crate::proxy::{Fault, Proxy};
use crate::talking::Scene;
use crate::tools::is_whole;

/// Somebody whose keys can be held back, with a bot that hears of them by the same homeserver.
fn with_late_keys<N: Borrow<Nape>>(nape: N) -> (Scene<N>, Proxy) {
    let homeserver = Homeserver::shared();
    let proxy = Proxy::before(homeserver.port());
    let anna = Person::by_nio(&homeserver.register("anna"), &proxy.url());
    (Scene::with(nape, anna, Kind::Encrypted), proxy)
}

#[test]
fn a_key_that_comes_a_little_late_is_waited_for_in_silence() {
    let (scene, proxy) = with_late_keys(Nape::shared());
    proxy.fault("/sendToDevice/", Fault::HoldBack);
    scene.say("technique effleurage");
    let nothing = |event: &Event| event.says("");
    scene.anna.hears_nothing(Duration::from_secs(8), &scene.room, "anything", nothing);
    assert!(proxy.release() > 0);
    scene.hears("effleurage: long gliding strokes");
    scene.anna.hears_nothing(Duration::from_secs(1), &scene.room, "anything more", nothing);
}

#[test]
fn a_key_that_comes_very_late_is_asked_for_once_and_then_answered() {
    let (scene, proxy) = with_late_keys(Nape::shared());
    proxy.fault("/sendToDevice/", Fault::HoldBack);
    // Several messages under one key: one notice.
    for name in ["effleurage", "petrissage", "stretching"] {
        scene.say(&format!("technique {name}"));
    }
    scene.hears("I can't read your last message");
    let silence = if is_whole() { 48 } else { 8 };
    scene.anna.hears_nothing(Duration::from_secs(silence), &scene.room, "a second notice", |event| event.says(""));
    assert!(proxy.release() > 0);
    // In their order.
    for words in ["effleurage: long", "petrissage: kneading", "stretching: small"] {
        scene.hears(words);
    }
}

#[test]
fn a_key_that_comes_after_a_restart_is_not_forgotten() {
    let (mut scene, proxy) = with_late_keys(Nape::on(Homeserver::shared()));
    proxy.fault("/sendToDevice/", Fault::HoldBack);
    scene.say("technique effleurage");
    scene.hears("I can't read your last message");
    scene.nape.kill();
    scene.nape.again();
    assert!(proxy.release() > 0);
    scene.hears("effleurage: long gliding strokes");
}

#[test]
fn a_room_that_is_encrypted_later_is_told_nothing_plain_any_more() {
    let scene = Scene::new(Kind::Plain);
    assert!(!scene.ask("technique effleurage", "effleurage").encrypted);
    scene.anna.order(json!({ "do": "encrypt", "room": scene.room }));
    let answer = scene.ask("technique petrissage", "petrissage");
    let seen = scene.anna.order(json!({ "do": "seen_by_server", "room": scene.room, "event": answer.id }));
    assert_eq!((answer.encrypted, &seen["type"]), (true, &json!("m.room.encrypted")));
    assert!(!seen.to_string().contains("rissage"), "{seen}");
}

#[test]
fn a_lost_store_is_recovered_and_its_person_sees_the_same_bot() {
    let homeserver = Homeserver::shared();
    let (account, proxy) = (homeserver.register("nape"), Proxy::before(homeserver.port()));
    let anna = Person::by_js(&homeserver.register("anna"), &homeserver.url());
    let setup = Setup { admins: vec![anna.id.clone()], ..Setup::default() };
    let nape = Nape::start(&account, &proxy.url(), &setup);
    nape.logs("the device is signed by its account");
    let mut scene = Scene::with(nape, anna, Kind::Direct);
    let emoji = verify(&scene, Some(&scene.room));
    scene.hears(&emoji[0]);
    let key = std::fs::read_to_string(scene.nape.path("recovery-key")).expect("it was written at the first start");
    proxy.forget();
    let card = scene.ask("is massage good for migraine", "source:");
    // What it has said can be read again only from the backup.
    proxy.wait_for_pass("PUT", "/room_keys/keys");
    scene.nape.kill();
    std::fs::remove_dir_all(scene.nape.path("matrix")).expect("it is there");
    scene.nape.again();
    scene.nape.logs("its identity and its keys are recovered");
    scene.nape.logs("the device is signed by its account");
    assert!(scene.ask("technique effleurage", "effleurage").encrypted);
    let trust = scene.anna.order(json!({ "do": "trust", "user": scene.nape.id }));
    assert_eq!((&trust["verified"], &trust["changed"]), (&json!(true), &json!(false)), "{trust}");
    let devices = trust["devices"].as_object().expect("its devices");
    assert!(devices.values().all(|signed| *signed == json!(true)), "{trust}");
    // A choice of an old message, which the new device reads by the recovered key.
    scene.anna.react(&scene.room, &card.id, "1\u{fe0f}\u{20e3}");
    scene.hears("what neck massage for migraine is");
    let now = std::fs::read_to_string(scene.nape.path("recovery-key")).expect("it is still there");
    assert_eq!(now, key, "the recovery key stays the same");
}

#[test]
fn an_admin_verifies_it_in_a_room_and_from_device_to_device() {
    let homeserver = Homeserver::shared();
    let people = ["anna", "ben"].map(|name| Person::by_js(&homeserver.register(name), &homeserver.url()));
    let setup = Setup { admins: people.iter().map(|person| person.id.clone()).collect(), ..Setup::default() };
    let nape = Nape::start(&homeserver.register("nape"), &homeserver.url(), &setup);
    nape.logs("the device is signed by its account");
    let [anna, ben] = people;
    let scene = Scene::with(nape, anna, Kind::Direct);
    let emoji = verify(&scene, Some(&scene.room));
    let shown = scene.hears(emoji[0].as_str());
    assert!(emoji.iter().all(|emoji| shown.text().contains(emoji.as_str())), "{emoji:?} {shown:?}");
    let scene = Scene::with(scene.nape, ben, Kind::Direct);
    verify(&scene, None);
}

#[test]
fn nobody_else_verifies_it() {
    let homeserver = Homeserver::shared();
    let ben = Person::by_js(&homeserver.register("ben"), &homeserver.url());
    let nape = Nape::shared();
    nape.logs("the device is signed by its account");
    let scene = Scene::with(nape, ben, Kind::Direct);
    let done = scene.anna.order(json!({ "do": "verify", "user": scene.nape.id, "room": scene.room }));
    assert_eq!(done["done"], false, "{done}");
    scene.hears("only those whom my operator has named");
    let done = scene.anna.order(json!({ "do": "verify", "user": scene.nape.id }));
    assert_eq!(done["done"], false, "{done}");
    let trust = scene.anna.order(json!({ "do": "trust", "user": scene.nape.id }));
    assert_eq!(trust["verified"], false);
    scene.ask("technique effleurage", "effleurage");
}

/// Verifies the bot, in a room or from device to device; gives what the other side was shown.
fn verify(scene: &Scene, room: Option<&str>) -> Vec<String> {
    let done = scene.anna.order(json!({ "do": "verify", "user": scene.nape.id, "room": room }));
    assert_eq!(done["done"], true, "{done}");
    let trust = scene.anna.order(json!({ "do": "trust", "user": scene.nape.id }));
    assert_eq!(trust["verified"], true, "{trust}");
    let emoji = done["emoji"].as_array().into_iter().flatten();
    emoji.filter_map(|emoji| emoji.as_str().map(str::to_owned)).collect()
}
