//! Each rule that the OpenAPI leaves out is broken once, by a request that is right but for that; and what is right passes.

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::rest::Rest;

#[tokio::test]
async fn what_is_right_passes() {
    let (fake, rest, channel) = scene().await;
    for body in [
        json!({ "content": "x".repeat(2000), "allowed_mentions": none() }),
        message(json!({ "embeds": [{ "description": "a".repeat(3000) }, { "description": "a".repeat(3000) }] })),
        message(json!({ "components": [row(&[button("a", "1")]), row(&[button("b", "2")])] })),
    ] {
        assert_eq!(rest.post(&format!("/channels/{channel}/messages"), &body).await.status, 200, "{body}");
    }
    assert_eq!(rest.commands(&json!([command(json!({}))])).await.status, 200);
    fake.assert_honest();
}

#[tokio::test]
async fn a_command_that_discord_refuses_is_found() {
    let (fake, rest, _) = scene().await;
    let option = |more: Value| with(json!({ "type": 3, "name": "what", "description": "What" }), more);
    let long = |n: usize| -> Vec<Value> {
        let choices: Vec<Value> =
            (0..25).map(|at| json!({ "name": format!("{at:0>50}"), "value": "v".repeat(90) })).collect();
        (0..n).map(|at| with(option(json!({ "choices": choices })), json!({ "name": format!("o{at}") }))).collect()
    };
    for (body, expected) in [
        (command(json!({ "name": "Ask" })), "`Ask` is no name"),
        (command(json!({ "name": "ask me" })), "`ask me` is no name"),
        (command(json!({ "name_localizations": { "de": "Frage" } })), "`Frage` is no name"),
        (command(json!({ "name_localizations": { "xx-XX": "frage" } })), "no language `xx-XX`"),
        (command(json!({ "description_localizations": { "deutsch": "Frage" } })), "no language `deutsch`"),
        (command(json!({ "description": null })), "no description"),
        (
            command(
                json!({ "options": [option(json!({ "autocomplete": true, "choices": [{ "name": "a", "value": "a" }] }))] }),
            ),
            "autocomplete and choices",
        ),
        (
            command(json!({ "options": [option(json!({})), option(json!({ "name": "b", "required": true }))] })),
            "comes after one that is not",
        ),
        (command(json!({ "options": [option(json!({})), option(json!({}))] })), "/ask what stands twice"),
        (command(json!({ "options": long(3) })), "more than 8000"),
        (command(json!({ "name": "a".repeat(33) })), "/0/name"),
    ] {
        refused(&fake, rest.commands(&json!([body])).await.status, expected);
    }
    refused(&fake, rest.commands(&json!([command(json!({})), command(json!({}))])).await.status, "/ask stands twice");
}

#[tokio::test]
async fn a_message_that_discord_refuses_is_found() {
    let (fake, rest, channel) = scene().await;
    let rows = |n: usize| (0..n).map(|at| row(&[button("x", &at.to_string())])).collect::<Vec<_>>();
    let five = |at: usize| row(&(0..5).map(|n| button("x", &format!("{at}.{n}"))).collect::<Vec<_>>());
    let select = |more: Value| {
        let options = json!([{ "label": "a", "value": "a" }, { "label": "b", "value": "b" }]);
        message(
            json!({ "components": [row(&[with(json!({ "type": 3, "custom_id": "s", "options": options }), more)])] }),
        )
    };
    for (body, expected) in [
        (message(json!({ "content": "x".repeat(2001) })), "2001 characters"),
        (
            message(json!({ "embeds": [{ "description": "a".repeat(3001) }, { "description": "a".repeat(3001) }] })),
            "6002 characters",
        ),
        (message(json!({ "components": rows(6) })), "6 rows"),
        (message(json!({ "components": [button("x", "1")] })), "outside of a row"),
        (message(json!({ "components": [row(&[button("a", "1"), button("b", "1")])] })), "`1` stands twice"),
        (
            message(json!({ "components": [row(&[with(button("a", "1"), json!({ "label": null }))])] })),
            "neither label nor emoji",
        ),
        (
            message(json!({ "components": [row(&[with(button("a", "1"), json!({ "custom_id": null }))])] })),
            "without custom_id",
        ),
        (message(json!({ "flags": 1 << 15, "components": [{ "type": 10, "content": "a" }] })), "beside components V2"),
        (
            with(
                message(json!({ "flags": 1 << 15, "components": (0..7).map(five).collect::<Vec<_>>() })),
                json!({ "content": null }),
            ),
            "42 components",
        ),
        (select(json!({ "max_values": 3 })), "more values than it has"),
        (
            select(json!({ "options": [{ "label": "a", "value": "a" }, { "label": "b", "value": "a" }] })),
            "same value twice",
        ),
    ] {
        let answer = rest.post(&format!("/channels/{channel}/messages"), &body).await;
        refused(&fake, answer.status, expected);
    }
}

#[tokio::test]
async fn a_misspelt_field_is_found_though_discord_passes_it_over() {
    let (fake, rest, channel) = scene().await;
    let misspelt = json!({ "type": 3, "name": "what", "description": "What", "autocomplet": true });
    for (body, expected) in [
        (command(json!({ "option": [] })), "/0/option: no such field"),
        (command(json!({ "options": [misspelt] })), "/0/options/0/autocomplet: no such field"),
    ] {
        assert_eq!(rest.commands(&json!([body])).await.status, 200);
        only(&fake, expected);
    }
    for (body, expected) in [
        (message(json!({ "contents": "x" })), "/contents: no such field"),
        (message(json!({ "embeds": [{ "title": "x", "titel": "x" }] })), "/embeds/0/titel: no such field"),
        (
            message(json!({ "components": [row(&[with(button("a", "1"), json!({ "colour": 1 }))])] })),
            "/components/0/components/0/colour",
        ),
    ] {
        assert_eq!(rest.post(&format!("/channels/{channel}/messages"), &body).await.status, 200);
        only(&fake, expected);
    }
}

#[tokio::test]
async fn a_modal_of_six_rows_is_found() {
    let (fake, rest, _) = scene().await;
    rest.commands(&json!([command(json!({}))])).await;
    let guild = fake.guild("hall");
    let actor = fake.member(guild, fake.user("anna"));
    let input = |at: usize| json!({ "type": 1, "components": [{ "type": 4, "custom_id": at.to_string(), "label": "x", "style": 1 }] });
    let modal = |rows: usize| json!({ "type": 9, "data": { "custom_id": "m", "title": "t", "components": (0..rows).map(input).collect::<Vec<_>>() } });
    let handle = actor.slash("ask").send();
    refused(&fake, rest.callback(&fake, handle.id, &modal(6)).await.status, "a modal of 6 components");
    refused(&fake, rest.callback(&fake, handle.id, &modal(0)).await.status, "a modal of 0 components");
    assert_eq!(rest.callback(&fake, handle.id, &modal(5)).await.status, 204);
}

#[tokio::test]
async fn whoever_could_be_pinged_is_found_and_the_message_is_sent_all_the_same() {
    let (fake, rest, channel) = scene().await;
    for mentions in [
        json!(null),
        json!({}),
        json!({ "parse": ["users"] }),
        json!({ "parse": [], "users": ["1"] }),
        json!({ "parse": [], "replied_user": true }),
    ] {
        let body = json!({ "content": "hello", "allowed_mentions": mentions });
        assert_eq!(rest.post(&format!("/channels/{channel}/messages"), &body).await.status, 200);
        only(&fake, "somebody could be pinged");
    }
    let sent = fake.messages(channel)[0].id;
    rest.patch(&format!("/channels/{channel}/messages/{sent}"), &json!({ "content": "edited" })).await;
    assert!(fake.violations()[0].contains("somebody could be pinged"));
}

#[tokio::test]
#[should_panic(expected = "not as Discord would have it")]
async fn what_is_found_fails_the_test_even_if_nobody_asks() {
    let (_fake, rest, channel) = scene().await;
    rest.post(&format!("/channels/{channel}/messages"), &json!({ "content": "hello" })).await;
}

async fn scene() -> (Fake, Rest, crate::fake::Id) {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let channel = fake.channel(guild, "neck");
    let rest = Rest::new(&fake);
    (fake, rest, channel)
}

#[track_caller]
fn refused(fake: &Fake, status: u16, expected: &str) {
    let found = fake.violations();
    assert_eq!(status, 400, "{expected}: {found:?}");
    assert!(found.iter().any(|found| found.contains(expected)), "no `{expected}` in {found:?}");
}

/// Exactly one finding, and this.
#[track_caller]
fn only(fake: &Fake, expected: &str) {
    let found = fake.violations();
    assert!(found.len() == 1 && found[0].contains(expected), "not just `{expected}`: {found:?}");
}

fn command(more: Value) -> Value {
    with(json!({ "name": "ask", "description": "Ask", "type": 1 }), more)
}

fn message(more: Value) -> Value {
    with(json!({ "content": "hello", "allowed_mentions": none() }), more)
}

fn none() -> Value {
    json!({ "parse": [] })
}

fn row(components: &[Value]) -> Value {
    json!({ "type": 1, "components": components })
}

fn button(label: &str, custom_id: &str) -> Value {
    json!({ "type": 2, "style": 1, "label": label, "custom_id": custom_id })
}

/// Fields put in or, with null, taken out.
fn with(mut value: Value, more: Value) -> Value {
    for (key, field) in more.as_object().into_iter().flatten() {
        match (field, value.as_object_mut()) {
            (Value::Null, Some(map)) => drop(map.remove(key)),
            (field, Some(map)) => drop(map.insert(key.clone(), field.clone())),
            (_, None) => {}
        }
    }
    value
}
