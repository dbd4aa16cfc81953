//! What people say to it and hear from it, in rooms of every kind.

use std::borrow::Borrow;

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::nape::{Nape, Setup, Shared};
use crate::person::{Event, Kind, Person};

/// A bot, and somebody in a room with it.
pub struct Scene<N = Nape> {
    pub nape: N,
    pub anna: Person,
    pub room: String,
    pub kind: Kind,
}

impl Scene<Shared> {
    /// With the bot that all share.
    pub fn new(kind: Kind) -> Self {
        Self::with(Nape::shared(), Person::new(Homeserver::shared(), "anna"), kind)
    }
}

impl Scene {
    /// With a bot of its own.
    pub fn alone(kind: Kind) -> Self {
        let homeserver = Homeserver::shared();
        Self::with(Nape::on(homeserver), Person::new(homeserver, "anna"), kind)
    }
}

impl<N: Borrow<Nape>> Scene<N> {
    /// With those who are there already.
    pub fn with(nape: N, anna: Person, kind: Kind) -> Self {
        let room = anna.room(kind, &[&nape.borrow().id]);
        let scene = Self { nape, anna, room, kind };
        // It greets whoever let it in.
        match kind {
            Kind::Plain | Kind::Encrypted => scene.hears("what would you like?"),
            Kind::Direct | Kind::DirectPlain => scene.hears("hello, I am Nape"),
        };
        scene
    }

    /// Says something to it, the way it is done in such a room.
    pub fn say(&self, text: &str) -> String {
        self.anna.say(&self.room, &self.addressed(text))
    }

    /// Says something, and hears what comes next with these words.
    pub fn ask(&self, text: &str, words: &str) -> Event {
        self.say(text);
        self.hears(words)
    }

    /// The next thing that it says; these words are in it.
    pub fn hears(&self, words: &str) -> Event {
        hears(self.nape.borrow(), &self.anna, &self.room, words)
    }

    fn addressed(&self, text: &str) -> String {
        match self.kind {
            Kind::Plain | Kind::Encrypted => format!("!nape {text}"),
            Kind::Direct | Kind::DirectPlain => text.to_owned(),
        }
    }

    fn is_encrypted(&self) -> bool {
        matches!(self.kind, Kind::Encrypted | Kind::Direct)
    }
}

/// The next thing that the bot says in a room: these words are in it, whatever their case, and it is said as a bot should.
pub fn hears(nape: &Nape, who: &Person, room: &str, words: &str) -> Event {
    let heard = who.expect(room, words, |event| event.sender == nape.id && event.kind == "m.room.message");
    assert!(heard.text().to_lowercase().contains(&words.to_lowercase()), "not `{words}`, but: {}", heard.text());
    well_said(&heard);
    heard
}

/// A notice that pings nobody and reads without markup.
pub fn well_said(event: &Event) {
    assert_eq!(event.msgtype.as_deref(), Some("m.notice"), "{event:?}");
    assert_eq!(event.mentions, Some(Vec::new()), "{event:?}");
    assert!(!event.text().is_empty() && !event.text().contains("</"), "{event:?}");
}

#[test]
fn a_plain_room_is_answered() {
    conversation(&Scene::new(Kind::Plain));
}

#[test]
fn an_encrypted_room_is_answered() {
    conversation(&Scene::new(Kind::Encrypted));
}

#[test]
fn a_direct_room_is_answered() {
    conversation(&Scene::new(Kind::Direct));
}

#[test]
fn a_direct_room_without_encryption_is_answered() {
    let scene = Scene::new(Kind::DirectPlain);
    scene.hears("this room is not encrypted");
    scene.ask("what is effleurage", "source:");
    scene.ask("my settings pressure 2", "3 → 2");
}

/// Asking, a technique, a preference, a red flag.
fn conversation(scene: &Scene<Shared>) {
    let answer = scene.ask("ask can I massage my neck if I take blood thinners", "source:");
    assert!(answer.html.as_deref().is_some_and(|html| html.contains("<p>")), "{answer:?}");
    let card = scene.ask("technique effleurage", "effleurage: long gliding strokes");
    for event in [&answer, &card] {
        assert_eq!((event.encrypted, event.thread.as_deref()), (scene.is_encrypted(), None), "{event:?}");
    }
    let is_direct = matches!(scene.kind, Kind::Direct | Kind::DirectPlain);
    if is_direct {
        scene.ask("my settings pressure 2", "3 → 2");
        scene.ask("my settings pressure", "now: 2 (yours)");
    } else {
        // What others say among themselves is not answered, and a mention is as good as the prefix.
        scene.anna.say(&scene.room, "what is effleurage");
        scene.anna.mention(&scene.room, &scene.nape.id, "technique petrissage");
        scene.hears("petrissage: kneading");
        scene.ask("my settings pressure 2", "I have sent it to a direct room");
        let direct = scene.anna.invitation_by(&scene.nape.id);
        assert!(hears(&scene.nape, &scene.anna, &direct, "3 → 2").encrypted);
    }
    let alarm = scene.ask("one side of my face is drooping", "emergency number");
    assert_eq!(alarm.encrypted, scene.is_encrypted());
}

#[test]
fn what_is_for_one_person_alone_goes_to_their_direct_room() {
    let scene = Scene::new(Kind::Encrypted);
    let direct = scene.anna.room(Kind::Direct, &[&scene.nape.id]);
    hears(&scene.nape, &scene.anna, &direct, "hello, I am Nape");
    scene.say("my settings pressure 2");
    let answer = hears(&scene.nape, &scene.anna, &direct, "3 → 2");
    assert!(answer.encrypted);
    // Nothing of it was said aloud.
    scene.ask("technique effleurage", "effleurage");
}

#[test]
fn an_answer_stays_in_the_thread_and_falls_back_to_its_newest_event() {
    let scene = Scene::new(Kind::Encrypted);
    let root = scene.anna.say(&scene.room, "about necks");
    let asked = scene.anna.say_in(&scene.room, &root, "!nape what is effleurage");
    let answer = scene.hears("source:");
    assert_eq!((answer.thread.as_deref(), answer.falling_back), (Some(root.as_str()), Some(true)));
    assert_eq!(answer.reply.as_deref(), Some(asked.as_str()), "not the root: that would be quoted again and again");
}

#[test]
fn what_is_edited_or_said_by_a_bot_is_not_answered_again() {
    let scene = Scene::new(Kind::Encrypted);
    let asked = scene.say("technique effleurage");
    scene.hears("effleurage: long");
    scene.anna.edit(&scene.room, &asked, "!nape technique petrissage");
    let notice = json!({ "msgtype": "m.notice", "body": "!nape technique petrissage", "m.mentions": {} });
    scene.anna.send(&scene.room, notice);
    // What comes next is the answer to what comes last.
    scene.ask("technique stretching", "stretching: small");
}

#[test]
fn an_edit_that_tells_of_an_emergency_is_answered_where_it_stands() {
    let scene = Scene::new(Kind::Encrypted);
    let root = scene.anna.say(&scene.room, "about necks");
    let asked = scene.anna.say_in(&scene.room, &root, "!nape what is effleurage");
    scene.hears("source:");
    scene.anna.edit(&scene.room, &asked, "!nape one side of my face is drooping");
    let alarm = scene.hears("emergency number");
    assert_eq!((alarm.thread.as_deref(), alarm.encrypted), (Some(root.as_str()), true), "{alarm:?}");
    // A letter set right is no reason to say it again.
    scene.anna.edit(&scene.room, &asked, "!nape One side of my face is drooping.");
    scene.ask("technique stretching", "stretching: small");
}

#[test]
fn what_somebody_writes_under_a_picture_or_of_themselves_passes_the_gate() {
    let scene = Scene::new(Kind::DirectPlain);
    scene.hears("this room is not encrypted");
    let says = |kind: &str, body: &str| {
        let content = json!({ "msgtype": kind, "body": body, "filename": "me.png", "url": "mxc://localhost/none" });
        scene.anna.send(&scene.room, content);
    };
    says("m.image", "me.png");
    says("m.emote", "has a stiff neck");
    says("m.image", "what is effleurage");
    scene.hears("source:");
    says("m.emote", "has lost all feeling in one arm, very suddenly");
    scene.hears("emergency number");
}

#[test]
fn whoever_may_not_invite_it_is_turned_down() {
    let homeserver = Homeserver::shared();
    let [anna, ben] = ["anna", "ben"].map(|name| Person::new(homeserver, name));
    let setup = Setup { invite_from: vec![anna.id.clone()], ..Default::default() };
    let nape = Nape::start(&homeserver.register("nape"), &homeserver.url(), &setup);
    let room = ben.room(Kind::Plain, &[]);
    ben.order(json!({ "do": "invite", "room": room, "user": nape.id }));
    ben.expect(&room, "the invitation to be turned down", |event| {
        event.state_key.as_deref() == Some(nape.id.as_str()) && event.content["membership"] == "leave"
    });
    Scene::with(nape, anna, Kind::Plain);
}

#[test]
fn a_room_that_everybody_has_left_is_left() {
    // Its log names no room, so it is a bot of which nobody else leaves one.
    let scene = Scene::alone(Kind::Plain);
    scene.anna.order(json!({ "do": "leave", "room": scene.room }));
    scene.nape.logs("nobody else is in the room any more; leaving it");
}
