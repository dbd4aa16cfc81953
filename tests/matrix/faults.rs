//! A homeserver that is away, slow or in trouble, and a network that breaks: what was said meanwhile is answered afterwards,
//! once, and whoever sits at the terminal notices nothing.

use std::time::Duration;

use crate::homeserver::{Homeserver, Limits};
use crate::nape::{Nape, Setup};
use crate::person::{Event, Kind, Person};
use crate::proxy::{Fault, Proxy};
use crate::talking::Scene;
use crate::tools::is_whole;

/// A bot behind a network that can be broken; the person's own stays whole.
fn behind_a_proxy() -> (Scene, Proxy) {
    let homeserver = Homeserver::shared();
    let (account, proxy) = (homeserver.register("nape"), Proxy::before(homeserver.port()));
    let nape = Nape::start(&account, &proxy.url(), &Setup { terminal: true, ..Setup::default() });
    (Scene::with(nape, Person::new(homeserver, "anna"), Kind::Encrypted), proxy)
}

/// Asks while something is at fault, lets the terminal talk meanwhile, mends it, and hears one answer.
fn answered_once_after(fault: Fault, hits: usize) {
    let (mut scene, proxy) = behind_a_proxy();
    proxy.fault("/_matrix/", fault);
    scene.say("technique effleurage");
    proxy.wait_for_hits(hits);
    at_the_terminal(&mut scene.nape);
    proxy.heal();
    scene.hears("effleurage: long gliding strokes");
    scene.ask("technique petrissage", "petrissage: kneading");
    scene.anna.hears_nothing(Duration::from_secs(1), &scene.room, "another answer", |event: &Event| event.says(""));
}

/// Somebody asks at the terminal and is answered.
fn at_the_terminal(nape: &mut Nape) {
    nape.type_in("technique petrissage");
    nape.shows("Petrissage: kneading");
}

#[test]
fn connections_that_are_cut() {
    answered_once_after(Fault::Reset, 3);
}

#[test]
fn requests_that_are_done_but_not_confirmed() {
    let (scene, proxy) = behind_a_proxy();
    // It arrives, and the bot doesn't hear that it has: said again, it must not come twice.
    proxy.fault("/send/m.room.encrypted", Fault::ResetAfter);
    scene.say("technique effleurage");
    proxy.wait_for_hits(2);
    proxy.heal();
    scene.hears("effleurage: long gliding strokes");
    scene.ask("technique petrissage", "petrissage: kneading");
    scene.anna.hears_nothing(Duration::from_secs(1), &scene.room, "another answer", |event: &Event| event.says(""));
}

#[test]
fn a_homeserver_that_answers_500() {
    answered_once_after(Fault::Status(500), 3);
}

#[test]
fn a_homeserver_that_answers_502_with_its_proxy() {
    answered_once_after(Fault::Status(502), 3);
}

#[test]
fn a_homeserver_that_answers_429() {
    answered_once_after(Fault::TooMany(500), 3);
}

#[test]
fn a_slow_homeserver() {
    let (scene, proxy) = behind_a_proxy();
    proxy.fault("/_matrix/", Fault::Delay(Duration::from_secs(2)));
    scene.ask("technique effleurage", "effleurage: long gliding strokes");
    scene.ask("technique petrissage", "petrissage: kneading");
}

#[test]
fn a_homeserver_that_takes_connections_and_says_nothing() {
    answered_once_after(Fault::BlackHole, 1);
}

#[test]
fn it_ends_when_it_is_told_to_whatever_the_homeserver_does() {
    let (mut scene, proxy) = behind_a_proxy();
    proxy.fault("/_matrix/", Fault::BlackHole);
    scene.say("technique effleurage");
    proxy.wait_for_hits(1);
    assert!(scene.nape.end().success(), "{}", scene.nape.log());
    // And what came just before is answered after the next start.
    proxy.heal();
    scene.nape.again();
    scene.hears("effleurage: long gliding strokes");
}

#[test]
fn a_homeserver_that_is_away_for_a_while() {
    let homeserver = Homeserver::start(Limits::Lifted);
    let nape =
        Nape::start(&homeserver.register("nape"), &homeserver.url(), &Setup { terminal: true, ..Setup::default() });
    let mut scene = Scene::with(nape, Person::new(&homeserver, "anna"), Kind::Encrypted);
    scene.ask("technique effleurage", "effleurage: long gliding strokes");
    scene.nape.health_says("ready\n");
    homeserver.stop();
    scene.nape.health_says("matrix is not connected");
    let away = Duration::from_secs(if is_whole() { 60 } else { 2 });
    scene.anna.hears_nothing(away, &scene.room, "anything", |_| true);
    at_the_terminal(&mut scene.nape);
    homeserver.start_again();
    scene.ask("technique petrissage", "petrissage: kneading");
    scene.nape.health_says("ready\n");
}

#[test]
fn a_homeserver_that_is_away_when_it_starts() {
    let homeserver = Homeserver::start(Limits::Lifted);
    let (account, anna) = (homeserver.register("nape"), Person::new(&homeserver, "anna"));
    homeserver.stop();
    let mut nape = Nape::start(&account, &homeserver.url(), &Setup { terminal: true, ..Setup::default() });
    at_the_terminal(&mut nape);
    homeserver.start_again();
    Scene::with(nape, anna, Kind::Encrypted).ask("technique effleurage", "effleurage");
}
