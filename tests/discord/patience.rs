//! Three seconds for a first sign: kept whatever the rest of the program does.

use std::time::Duration;

use nape::port::event::Input;

use crate::alone::{Alone, answer};
use crate::fake::callbacks::{DEFERRED, DEFERRED_UPDATE};
use crate::fake::{Actor, Fake};

/// When the adapter gives a first sign of its own.
const PATIENCE: Duration = Duration::from_millis(1_500);
const ORIGINAL: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";

async fn scene() -> (Fake, Alone, Actor) {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let alone = Alone::start(&fake).await;
    let anna = fake.member(guild, fake.user("anna"));
    (fake, alone, anna)
}

#[tokio::test]
async fn a_slow_answer_is_held_at_a_second_and_a_half_and_takes_the_place_of_the_sign() {
    let (fake, mut alone, anna) = scene().await;
    let handle = anna.slash("safety").send();
    let (heard, handled) = alone.hears().await;
    alone.time.go_on(PATIENCE - Duration::from_millis(1));
    // Whatever came of that has come once another interaction is heard.
    anna.slash("nape about").send();
    let (other, other_handled) = alone.hears().await;
    assert_eq!(fake.look(|state| state.interactions[&handle.id].answered), None, "not before its time");
    alone.time.go_on(Duration::from_millis(1));
    let sign = handle.acknowledged().await;
    assert!(sign.kind == DEFERRED && sign.ephemeral && sign.after < 3_000, "{sign:?}");
    alone.does(1, answer(&heard, "here it is")).await.expect("it is said");
    handled.send(()).expect("it is waited for");
    let seen = handle.reply().await;
    assert!(seen.ephemeral && seen.text == "here it is", "{seen:?}");
    assert_eq!(fake.calls(&format!("PATCH {ORIGINAL}")), 1, "it takes the place of the sign");
    // What comes in time needs none.
    alone.does(2, answer(&other, "about")).await.expect("it is said");
    other_handled.send(()).expect("it is waited for");
    assert_eq!(fake.calls("POST /interactions/{interaction_id}/{interaction_token}/callback"), 2);
}

#[tokio::test]
async fn a_slow_press_is_held_without_a_word_and_answered_behind_it() {
    let (_fake, mut alone, anna) = scene().await;
    let first = anna.slash("safety").send();
    let (heard, handled) = alone.hears().await;
    alone.does(1, answer(&heard, "press me")).await.expect("it is said");
    handled.send(()).expect("it is waited for");
    let card = first.reply().await;
    let press = anna.press_id(&card, "n1AAAAAAAAAAAAAA.safety");
    let (heard, handled) = alone.hears().await;
    assert_eq!(heard.input, Input::NotTheirs, "nobody has signed that");
    alone.time.go_on(PATIENCE);
    assert_eq!(press.acknowledged().await.kind, DEFERRED_UPDATE);
    alone.does(2, answer(&heard, "late")).await.expect("it is said");
    handled.send(()).expect("it is waited for");
    let seen = press.reply().await;
    assert!(seen.ephemeral && seen.text == "late", "{seen:?}");
}

#[tokio::test]
async fn what_is_never_answered_leaves_nothing_hanging() {
    let (fake, mut alone, anna) = scene().await;
    let handle = anna.slash("safety").send();
    let (_, handled) = alone.hears().await;
    alone.time.go_on(PATIENCE);
    handle.acknowledged().await;
    drop(handled);
    fake.until(|state| {
        let asked = |request: &&crate::fake::state::Request| request.key() == format!("DELETE {ORIGINAL}");
        state.requests.iter().find(asked).and_then(|request| request.status)
    })
    .await;
    assert_eq!(fake.look(|state| state.messages.values().filter(|message| message.is_loading()).count()), 0);
}
