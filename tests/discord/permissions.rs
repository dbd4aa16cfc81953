//! Permissions, threads and old messages: what the bot may not do is refused with Discord's own codes.

use std::time::Duration;

use serde_json::json;

use crate::fake::permissions as may;
use crate::fake::{Fake, Id};
use crate::rest::{Rest, text};

async fn scene() -> (Fake, Rest, Id, Id) {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let channel = fake.channel(guild, "neck");
    let rest = Rest::new(&fake);
    (fake, rest, guild, channel)
}

#[tokio::test]
async fn each_permission_that_is_missing_is_refused() {
    let (fake, rest, _, channel) = scene().await;
    let messages = format!("/channels/{channel}/messages");
    let threads = format!("/channels/{channel}/threads");
    let sent = rest.post(&messages, &text("hello")).await.id();
    let embed = json!({ "embeds": [{ "title": "x" }], "allowed_mentions": { "parse": [] } });
    let mut reply = text("x");
    reply["message_reference"] = json!({ "message_id": sent });
    let thread = |kind: u8| json!({ "name": "x", "type": kind });
    for (denied, path, body, code) in [
        (may::VIEW_CHANNEL, &messages, &text("x"), 50001),
        (may::SEND_MESSAGES, &messages, &text("x"), 50013),
        (may::EMBED_LINKS, &messages, &embed, 50013),
        (may::READ_MESSAGE_HISTORY, &messages, &reply, 160002),
        (may::CREATE_PRIVATE_THREADS, &threads, &thread(12), 50013),
        (may::CREATE_PUBLIC_THREADS, &threads, &thread(11), 50013),
    ] {
        fake.deny_bot(channel, denied);
        let refused = rest.post(path, body).await;
        assert_eq!((refused.status, refused.code()), (403, code), "{denied:b}");
        fake.deny_bot(channel, 0);
        let allowed = rest.post(path, body).await;
        assert!(allowed.status < 300, "{denied:b}: {allowed:?}");
    }
    fake.deny_bot(channel, may::ATTACH_FILES);
    assert_eq!(rest.upload(&messages, &text("x"), "a.txt", b"a").await.code(), 50013);
    fake.deny_bot(channel, may::READ_MESSAGE_HISTORY);
    assert_eq!(rest.get(&format!("{messages}/{sent}")).await.code(), 50013);
    assert_eq!(rest.delete(&format!("/channels/{channel}")).await.code(), 50013);
    assert_eq!(rest.patch(&format!("/channels/{channel}"), &json!({ "name": "x" })).await.code(), 50013);
}

#[tokio::test]
async fn roles_overwrites_and_owners_count_as_discord_counts_them() {
    let (fake, _, guild, channel) = scene().await;
    let anna = fake.user("anna");
    fake.join(guild, anna);
    let bits = |user: Id| fake.look(|state| state.permissions(channel, user));
    assert_eq!(bits(anna), may::EVERYONE);
    fake.grant(guild, anna, may::MANAGE_GUILD);
    assert_eq!(bits(anna), may::EVERYONE | may::MANAGE_GUILD);
    // For everyone denied, for one allowed: the one's own wins.
    fake.change(|state| {
        let everyone = may::Overwrite { id: guild, is_member: false, allow: 0, deny: may::SEND_MESSAGES };
        state.channels.get_mut(&channel).expect("it was made").overwrites.push(everyone);
    });
    assert_eq!(bits(anna) & may::SEND_MESSAGES, 0);
    fake.overwrite(channel, anna, may::SEND_MESSAGES, 0);
    assert_eq!(bits(anna) & may::SEND_MESSAGES, may::SEND_MESSAGES);
    fake.overwrite(channel, anna, 0, may::VIEW_CHANNEL);
    assert_eq!(bits(anna), 0, "who can't see a channel can do nothing in it");
    assert_eq!(bits(fake.owner(guild)), may::ALL);
    fake.grant(guild, anna, may::ADMINISTRATOR);
    assert_eq!(bits(anna), may::ALL);
    assert_eq!(bits(fake.user("stranger")), 0);
    fake.everyone(guild, may::VIEW_CHANNEL);
    let ben = fake.user("ben");
    fake.join(guild, ben);
    assert_eq!(bits(ben), may::VIEW_CHANNEL);
}

#[tokio::test]
async fn a_private_thread_is_seen_by_its_members_and_moderators() {
    let (fake, rest, guild, channel) = scene().await;
    let (anna, ben, moderator) = (fake.user("anna"), fake.user("ben"), fake.user("moderator"));
    [anna, ben].into_iter().for_each(|user| fake.join(guild, user));
    fake.grant(guild, moderator, may::MANAGE_THREADS);
    let body = json!({ "name": "routine", "type": 12, "invitable": false, "auto_archive_duration": 60 });
    let made = rest.post(&format!("/channels/{channel}/threads"), &body).await;
    assert_eq!((made.status, &made.body["thread_metadata"]["invitable"]), (201, &json!(false)));
    let thread = made.id();
    assert_eq!(rest.put(&format!("/channels/{thread}/thread-members/{anna}"), &json!(null)).await.status, 204);
    assert_eq!(
        rest.put(&format!("/channels/{thread}/thread-members/{}", fake.user("stranger")), &json!(null)).await.code(),
        10007
    );
    let sees = |user: Id| fake.look(|state| state.sees(thread, user));
    assert_eq!((sees(anna), sees(ben), sees(moderator)), (true, false, true));
    assert_eq!(rest.delete(&format!("/channels/{thread}/thread-members/{anna}")).await.status, 204);
    assert!(!sees(anna));
    fake.deny_bot(channel, may::SEND_MESSAGES_IN_THREADS);
    assert_eq!(rest.post(&format!("/channels/{thread}/messages"), &text("x")).await.code(), 50013);
    assert_eq!(rest.post(&format!("/channels/{thread}/typing"), &json!(null)).await.code(), 50013);
    fake.deny_bot(channel, 0);
    assert_eq!(rest.post(&format!("/channels/{thread}/threads"), &body).await.code(), 50024, "no thread in a thread");
    assert_eq!(rest.delete(&format!("/channels/{thread}/thread-members/@me")).await.status, 204);
    assert_eq!(
        rest.get(&format!("/channels/{thread}")).await.code(),
        50001,
        "who left a private thread sees it no more"
    );
}

#[tokio::test]
async fn an_archived_thread_takes_no_edits_and_wakes_when_written_in() {
    let (fake, rest, _, channel) = scene().await;
    let first = rest.post(&format!("/channels/{channel}/messages"), &text("over there")).await.id();
    let path = format!("/channels/{channel}/messages/{first}/threads");
    let thread = rest.post(&path, &json!({ "name": "routine" })).await.id();
    assert_eq!(rest.post(&path, &json!({ "name": "routine" })).await.code(), 160004);
    let messages = format!("/channels/{thread}/messages");
    let step = rest.post(&messages, &text("step")).await.id();
    fake.thread(thread, true, false);
    let edit = rest.patch(&format!("{messages}/{step}"), &text("x")).await;
    assert_eq!((edit.status, edit.code()), (400, 50083));
    assert_eq!(rest.delete(&format!("{messages}/{step}")).await.code(), 50083);
    assert_eq!(rest.patch(&format!("/channels/{thread}"), &json!({ "name": "x" })).await.code(), 50083);
    assert_eq!(rest.put(&format!("/channels/{thread}/thread-members/@me"), &json!(null)).await.code(), 50083);
    assert_eq!(rest.post(&messages, &text("awake")).await.status, 200);
    assert_eq!(rest.get(&format!("/channels/{thread}")).await.body["thread_metadata"]["archived"], false);
    fake.thread(thread, true, true);
    assert_eq!(rest.post(&messages, &text("locked")).await.code(), 160005);
    fake.thread(thread, false, false);
    let closed =
        rest.patch(&format!("/channels/{thread}"), &json!({ "archived": true, "auto_archive_duration": 60 })).await;
    assert_eq!((closed.status, &closed.body["thread_metadata"]["archived"]), (200, &json!(true)), "its maker may");
    assert_eq!(
        rest.patch(&format!("/channels/{thread}"), &json!({ "archived": false, "locked": true })).await.code(),
        50013
    );
    fake.delete_channel(thread);
    assert_eq!(rest.post(&messages, &text("gone")).await.code(), 10003);
}

#[tokio::test]
async fn an_old_message_can_be_edited_for_an_hour() {
    let (fake, rest, _, channel) = scene().await;
    let messages = format!("/channels/{channel}/messages");
    let card = rest.post(&messages, &text("card")).await.id();
    fake.advance(Duration::from_secs(55 * 60));
    assert_eq!(rest.patch(&format!("{messages}/{card}"), &text("still young")).await.status, 200);
    fake.advance(Duration::from_secs(5 * 60));
    let refused = rest.patch(&format!("{messages}/{card}"), &text("old")).await;
    assert_eq!((refused.status, refused.code()), (429, 30046));
    fake.delete_message(card);
    assert_eq!(rest.patch(&format!("{messages}/{card}"), &text("x")).await.code(), 10008);
    let anna = fake.user("anna");
    let theirs = fake.dm(anna).says("hello");
    let direct = fake.dm(anna).channel;
    assert_eq!(rest.patch(&format!("/channels/{direct}/messages/{theirs}"), &text("x")).await.code(), 50005);
    assert_eq!(rest.delete(&format!("/channels/{direct}/messages/{theirs}")).await.code(), 50013);
}

#[tokio::test]
async fn the_same_nonce_is_sent_once() {
    let (fake, rest, _, channel) = scene().await;
    let messages = format!("/channels/{channel}/messages");
    let mut body = text("step");
    body["nonce"] = "7".into();
    body["enforce_nonce"] = true.into();
    let (one, two) = (rest.post(&messages, &body).await.id(), rest.post(&messages, &body).await.id());
    assert_eq!((one, fake.messages(channel).len()), (two, 1));
    body["enforce_nonce"] = false.into();
    assert_ne!(rest.post(&messages, &body).await.id(), one);
    let listed = rest.get(&format!("{messages}?limit=1&before={}", fake.messages(channel)[1].id)).await;
    assert_eq!(listed.body[0]["id"], json!(one));
}

#[tokio::test]
async fn a_direct_message_is_opened_once_and_may_be_refused() {
    let (fake, rest, _, _) = scene().await;
    let anna = fake.user("anna");
    let open = json!({ "recipient_id": anna });
    let direct = rest.post("/users/@me/channels", &open).await.id();
    assert_eq!(rest.post("/users/@me/channels", &open).await.id(), direct);
    assert_eq!(rest.post(&format!("/channels/{direct}/messages"), &text("hello")).await.status, 200);
    assert_eq!(
        rest.post(&format!("/channels/{direct}/threads"), &json!({ "name": "x", "type": 12 })).await.code(),
        50024
    );
    fake.takes_messages(anna, false);
    assert_eq!(rest.post(&format!("/channels/{direct}/messages"), &text("hello")).await.code(), 50007);
    assert_eq!(rest.post("/users/@me/channels", &json!({ "recipient_id": "1" })).await.code(), 10013);
}

#[tokio::test]
async fn guilds_are_shown_to_their_members_only() {
    let (fake, rest, guild, channel) = scene().await;
    let me = rest.get("/users/@me").await.id();
    assert_eq!(rest.get("/applications/@me").await.id(), me);
    assert_eq!(rest.get(&format!("/guilds/{guild}")).await.body["name"], "spine");
    assert_eq!(rest.get(&format!("/guilds/{guild}/roles")).await.body[0]["name"], "@everyone");
    assert_eq!(rest.get(&format!("/guilds/{guild}/channels")).await.body[1]["id"], json!(channel));
    assert_eq!(rest.get(&format!("/guilds/{guild}/members/{me}")).await.status, 200);
    let commands = format!("/applications/{me}/guilds/{guild}/commands");
    let ask = json!([{ "name": "ask", "description": "Ask", "description_localizations": { "de": "Frage" } }]);
    let set = rest.put(&commands, &ask).await;
    assert_eq!(rest.put(&commands, &ask).await.body[0]["id"], set.body[0]["id"], "a command keeps its id");
    assert_eq!(rest.get(&commands).await.body[0].get("description_localizations"), None);
    let full = rest.get(&format!("{commands}?with_localizations=true")).await;
    assert_eq!(full.body[0]["description_localizations"]["de"], "Frage");
    assert_eq!(rest.get(&format!("/applications/{me}/commands")).await.body, json!([]));
    fake.kick(guild);
    for path in [format!("/guilds/{guild}"), format!("/guilds/{guild}/roles")] {
        assert_eq!(rest.get(&path).await.code(), 10004);
    }
    assert_eq!(rest.put(&commands, &ask).await.code(), 50001);
    assert_eq!(rest.get(&format!("/channels/{channel}")).await.code(), 50001);
}
