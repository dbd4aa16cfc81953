//! `nape matrix doctor`: what an operator reads when the bot is silent.

use crate::homeserver::{Homeserver, Limits};
use crate::nape::Nape;
use crate::person::{Kind, Person};
use crate::talking::Scene;

#[test]
fn the_doctor_finds_a_healthy_bot_healthy_and_a_lost_homeserver_lost() {
    let homeserver = Homeserver::start(Limits::Lifted);
    let nape = Nape::on(&homeserver);
    nape.logs("the device is signed by its account");
    let mut scene = Scene::with(nape, Person::new(&homeserver, "anna"), Kind::Encrypted);
    let (healthy, found) = examine(&scene.nape);
    assert!(healthy, "{found}");
    for words in ["logged in as", "recovery key", "clock", "room"] {
        assert!(found.contains(words), "nothing about `{words}`: {found}");
    }
    scene.ask("technique effleurage", "effleurage");
    // What others can read is no secret.
    let key = scene.nape.path("recovery-key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("a file of ours");
    let (healthy, found) = examine(&scene.nape);
    assert!(!healthy && found.contains("chmod 600"), "{found}");
    scene.nape.kill();
    homeserver.stop();
    let (healthy, found) = examine(&scene.nape);
    assert!(!healthy && found.contains("can't be reached"), "{found}");
}

/// Whether it ends well, and all that it says.
fn examine(nape: &Nape) -> (bool, String) {
    let said = nape.doctor();
    let text = [said.stdout, said.stderr].concat();
    (said.status.success(), String::from_utf8_lossy(&text).into_owned())
}
