//! People among themselves, without a bot: that the homeserver, the network and both kinds of client do what the other tests
//! build on.

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::person::{Kind, Person};
use crate::proxy::{Fault, Proxy};

#[test]
fn people_talk_in_an_encrypted_room() {
    let homeserver = Homeserver::shared();
    let (anna, ben) = (Person::new(homeserver, "anna"), Person::new(homeserver, "ben"));
    let room = anna.room(Kind::Encrypted, &[&ben.id]);
    let said = anna.say(&room, "good morning");
    let heard = ben.hears(&room, "good morning");
    assert_eq!((heard.encrypted, &heard.id, heard.mentions), (true, &said, Some(vec![])));
    let lies = anna.order(json!({ "do": "seen_by_server", "room": room, "event": said }));
    assert_eq!(lies["type"], "m.room.encrypted");
    let answer = ben.say_in(&room, &said, "and to you");
    let heard = anna.hears(&room, "and to you");
    assert_eq!((heard.thread.as_ref(), heard.reply.as_ref()), (Some(&said), Some(&said)));
    anna.react(&room, &answer, "👍");
    let heard = ben.expect(&room, "a reaction", |event| event.kind == "m.reaction");
    assert_eq!((heard.target, heard.key.as_deref()), (Some(answer), Some("👍")));
}

#[test]
fn people_verify_each_other() {
    let homeserver = Homeserver::shared();
    let [anna, ben] = ["anna", "ben"].map(|name| Person::by_js(&homeserver.register(name), &homeserver.url()));
    let room = anna.room(Kind::Direct, &[&ben.id]);
    ben.order(json!({ "do": "take_verifications" }));
    let trust = || anna.order(json!({ "do": "trust", "user": ben.id }));
    assert_eq!(trust()["verified"], false);
    let done = anna.order(json!({ "do": "verify", "user": ben.id, "room": room }));
    assert_eq!((&done["done"], done["emoji"].as_array().map(Vec::len)), (&json!(true), Some(7)), "{done}");
    assert_eq!(trust()["verified"], true);
    anna.say(&room, "now I know it is you");
    assert!(ben.hears(&room, "now I know").encrypted);
}

#[test]
fn keys_that_are_held_back_come_late() {
    let homeserver = Homeserver::shared();
    let proxy = Proxy::before(homeserver.port());
    let anna = Person::by_nio(&homeserver.register("anna"), &proxy.url());
    let ben = Person::new(homeserver, "ben");
    let room = anna.room(Kind::Encrypted, &[&ben.id]);
    proxy.fault("/sendToDevice/", Fault::HoldBack);
    anna.say(&room, "what he can't read");
    let heard = ben.expect(&room, "what can't be read", |event| event.undecryptable);
    assert!(heard.body.is_none());
    assert!(proxy.release() > 0);
    anna.say(&room, "what he can read");
    ben.hears(&room, "what he can read");
}

#[test]
fn a_homeserver_and_its_network_come_and_go() {
    let homeserver = Homeserver::start(crate::homeserver::Limits::Stock);
    let proxy = Proxy::before(homeserver.port());
    let anna = Person::by_nio(&homeserver.register("anna"), &proxy.url());
    let room = anna.room(Kind::Plain, &[]);
    for fault in [Fault::Reset, Fault::Status(500), Fault::TooMany(10), Fault::BlackHole] {
        proxy.fault("/sync", fault);
        proxy.wait_for_hits(1);
        proxy.heal();
    }
    homeserver.stop();
    homeserver.start_again();
    homeserver.freeze();
    homeserver.thaw();
    let said = anna.say(&room, "still here");
    anna.wait(crate::tools::LONG, "her own words", |events| events.iter().find(|event| event.id == said).cloned());
    assert!(proxy.passed().iter().any(|passed| passed.path.contains("/send/") && passed.status == 200));
}
