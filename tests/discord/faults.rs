//! Faults that tests switch on do what they say, as often as they say, where they say.

use std::time::Duration;

use serde_json::json;

use crate::fake::faults::{Fault, Scope};
use crate::fake::{Fake, Id};
use crate::rest::{Rest, text};

const SEND: &str = "POST /channels/{channel_id}/messages";

async fn scene() -> (Fake, Rest, Id, Id) {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let (one, two) = (fake.channel(guild, "one"), fake.channel(guild, "two"));
    let rest = Rest::new(&fake);
    (fake, rest, one, two)
}

fn messages(channel: Id) -> String {
    format!("/channels/{channel}/messages")
}

#[tokio::test]
async fn a_rate_limit_hits_its_requests_and_tells_how_long() {
    let (fake, rest, one, two) = scene().await;
    let wait = Duration::from_millis(1500);
    for scope in [Scope::User, Scope::Shared, Scope::Global] {
        fake.fault(Fault::rate_limited(scope, wait).on(SEND).at(one).times(1));
        assert_eq!(rest.post(&messages(two), &text("x")).await.status, 200);
        assert_eq!(rest.get(&messages(one)).await.status, 200);
        let refused = rest.post(&messages(one), &text("x")).await;
        assert_eq!((refused.status, &refused.body["retry_after"]), (429, &json!(1.5)));
        assert_eq!(refused.body["global"], scope == Scope::Global);
        assert_eq!(rest.post(&messages(one), &text("x")).await.status, 200);
    }
    fake.fault(Fault::rate_limited_bare().times(1));
    assert_eq!(rest.get("/users/@me").await.status, 429);
}

#[tokio::test]
async fn statuses_and_codes_come_until_they_are_mended() {
    let (fake, rest, one, two) = scene().await;
    fake.fault(Fault::status(503).on(SEND));
    assert_eq!(rest.post(&messages(one), &text("x")).await.status, 503);
    assert_eq!(rest.post(&messages(two), &text("x")).await.status, 503);
    fake.mend();
    for code in [10003, 10008, 20028, 30046, 40060, 50001, 50013, 50083, 160005, 160006] {
        fake.fault(Fault::code(code).at(one).times(1));
        assert_eq!(rest.post(&messages(one), &text("x")).await.code(), code);
    }
    assert_eq!(rest.post(&messages(one), &text("x")).await.status, 200);
    assert_eq!(fake.calls(SEND), 13);
    assert_eq!(fake.counts()[SEND], 13);
}

#[tokio::test]
async fn a_revoked_token_and_a_wrong_one_are_unauthorized() {
    let (fake, rest, _, _) = scene().await;
    fake.unauthorized(true);
    assert_eq!(rest.get("/users/@me").await.status, 401);
    fake.unauthorized(false);
    assert_eq!(rest.get("/users/@me").await.status, 200);
    assert_eq!(rest.with_token("wrong").get("/users/@me").await.status, 401);
}

#[tokio::test]
async fn a_held_request_waits_for_its_release() {
    let (fake, rest, one, _) = scene().await;
    let (fault, gate) = Fault::held();
    fake.fault(fault.on(SEND));
    let path = messages(one);
    let body = text("x");
    let send = rest.post(&path, &body);
    let release = async {
        fake.until(|state| state.requests.iter().any(|request| request.key() == SEND).then_some(())).await;
        assert_eq!(fake.messages(one).len(), 0);
        gate.release();
    };
    let (sent, ()) = tokio::join!(send, release);
    assert_eq!((sent.status, fake.messages(one).len()), (200, 1));
}

#[tokio::test]
async fn a_cut_connection_is_cut_before_or_after_the_work() {
    let (fake, rest, one, _) = scene().await;
    fake.fault(Fault::reset().on(SEND).times(1));
    assert!(rest.send("POST", &messages(one), &text("x")).await.is_err());
    assert_eq!(fake.messages(one).len(), 0);
    fake.fault(Fault::answer_lost().on(SEND).times(1));
    assert!(rest.send("POST", &messages(one), &text("x")).await.is_err());
    assert_eq!(fake.messages(one).len(), 1);
    fake.fault(Fault::garbled().on(SEND).times(1));
    let garbled = rest.post(&messages(one), &text("x")).await;
    assert!(garbled.body.as_str().is_some_and(|text| text.starts_with("<html>")), "{garbled:?}");
    assert_eq!(fake.messages(one).len(), 2);
}

#[tokio::test]
async fn what_is_no_request_of_discords_is_found() {
    let (fake, rest, one, _) = scene().await;
    assert_eq!(rest.get("/nosuch").await.status, 404);
    assert_eq!(rest.delete("/users/@me").await.status, 404);
    assert_eq!(rest.put(&messages(one), &text("x")).await.status, 404);
    assert!(fake.violations().iter().all(|found| found.contains("no such route")));
    rest.post(&format!("/channels/{one}/typing"), &json!({ "x": 1 })).await;
    assert!(fake.violations()[0].contains("a body where none belongs"));
    let bare =
        reqwest::Client::new().get(format!("{}/api/v10/users/@me", fake.url())).send().await.expect("it answers");
    assert_eq!(bare.status(), 401);
    assert!(fake.violations()[0].contains("User-Agent"));
}
