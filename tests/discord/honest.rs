//! The fake is judged as its clients are: an answer or an event that Discord would not give is found.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fake::gateway::events;
use crate::fake::{Fake, spec};
use crate::rest::{Rest, text};

const MESSAGE: &str = "/channels/{channel_id}/messages/{message_id}";

#[test]
fn the_specification_is_discords_own_to_the_byte() {
    let hash = Sha256::digest(include_bytes!("openapi.json"));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "8c1d0707ccdf8e380a86dfba04058820a66435c1b69d5ed82e04dd8c0520dd73");
}

#[tokio::test]
async fn an_answer_that_discord_would_not_give_is_found() {
    let fake = Fake::start().await;
    let channel = fake.channel(fake.guild("spine"), "neck");
    let rest = Rest::new(&fake);
    let good = rest.post(&format!("/channels/{channel}/messages"), &text("hello")).await.body;
    let found = |status: u16, body: &Value| spec::answer("GET", MESSAGE, status, body).join("\n");
    assert_eq!(found(200, &good), "");
    for (path, value, expected) in [
        ("/content", None, "\"content\" is a required property"),
        ("/id", Some(json!(7)), "/id: 7 is not of type"),
        ("/author/username", None, "\"username\" is a required property"),
        ("/timestamps", Some(json!("x")), "/timestamps: no such field"),
        ("/author/nick", Some(json!("x")), "/author/nick: no such field"),
    ] {
        let mut bad = good.clone();
        let (parent, key) = path.rsplit_once('/').expect("it begins with one");
        let parent = bad.pointer_mut(parent).and_then(Value::as_object_mut).expect("it is there");
        match value {
            Some(value) => drop(parent.insert(key.to_owned(), value)),
            None => drop(parent.remove(key)),
        }
        assert!(found(200, &bad).contains(expected), "no `{expected}` in {}", found(200, &bad));
    }
    assert!(found(201, &good).contains("status 201 is not foreseen"));
    assert!(found(404, &json!({ "message": "x" })).contains("\"code\" is a required property"));
    assert!(found(429, &json!({ "message": "x", "code": 0 })).contains("\"retry_after\" is a required property"));
    assert!(spec::answer("DELETE", MESSAGE, 204, &good).join("").contains("a body with status 204"));
    assert!(spec::answer("PUT", MESSAGE, 200, &good).join("").contains("no such operation"));
}

#[tokio::test]
async fn an_event_that_discord_would_not_send_is_found() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let event = fake.look(|state| state.guild_create(&state.guilds[&guild]));
    assert_eq!(events::judge("GUILD_CREATE", &event), Vec::<String>::new());
    for (path, expected) in [
        ("/owner_id", "\"owner_id\" is a required property"),
        ("/channels/0/name", "\"name\" is a required property"),
        ("/members/0/user/id", "\"id\" is a required property"),
        ("/roles/0/permissions", "\"permissions\" is a required property"),
    ] {
        let mut bad = event.clone();
        let (parent, key) = path.rsplit_once('/').expect("it begins with one");
        bad.pointer_mut(parent).and_then(Value::as_object_mut).and_then(|parent| parent.remove(key));
        let found = events::judge("GUILD_CREATE", &bad).join("\n");
        assert!(found.contains(expected), "{path}: {found}");
    }
    let member = event["members"][0].clone();
    let interaction = json!({ "channel": event["channels"][0], "member": member });
    assert_eq!(events::judge("INTERACTION_CREATE", &interaction), Vec::<String>::new());
    let bare = json!({ "channel": event["channels"][0], "member": { "user": member["user"] } });
    assert!(events::judge("INTERACTION_CREATE", &bare).join("").contains("\"joined_at\" is a required property"));
}
