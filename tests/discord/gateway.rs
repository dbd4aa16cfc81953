//! The gateway's life, met by a bare client: hello, identify, heartbeats, resume, shards, and every way to end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::fake::gateway::Surprise;
use crate::fake::gateway::events::{DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS};
use crate::fake::{Fake, Id, TOKEN};

/// A connection of a shard.
pub struct Shard {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: String,
    sequence: u64,
}

/// What comes on a connection.
#[derive(Debug, PartialEq)]
enum Came {
    Frame(Value),
    Closed(u16),
    Gone,
}

impl Shard {
    /// Connects; the greeting is taken.
    async fn connect(fake: &Fake) -> Self {
        let url = fake.look(|state| state.gateway.url.clone());
        let (socket, _) = connect_async(format!("{url}/?v=10&encoding=json")).await.expect("the gateway listens");
        let mut shard = Self { socket, session: String::new(), sequence: 0 };
        let Came::Frame(hello) = shard.next().await else { panic!("no hello") };
        assert_eq!((&hello["op"], &hello["d"]["heartbeat_interval"]), (&json!(10), &json!(41_250)));
        shard
    }

    /// Connects and identifies with GUILDS.
    pub async fn ready(fake: &Fake, shard: (u64, u64)) -> Self {
        let mut connected = Self::connect(fake).await;
        connected.identify(json!({ "shard": [shard.0, shard.1] })).await;
        let ready = connected.event("READY").await;
        assert_eq!(ready["shard"], json!([shard.0, shard.1]));
        connected.session = ready["session_id"].as_str().unwrap_or_default().to_owned();
        connected
    }

    /// Waits for an event of this name and gives its data; those before it are passed over.
    pub async fn event(&mut self, name: &str) -> Value {
        loop {
            match self.next().await {
                Came::Frame(frame) if frame["t"] == name => return frame["d"].clone(),
                Came::Frame(_) => {}
                other => panic!("{other:?} before {name}"),
            }
        }
    }

    async fn identify(&mut self, more: Value) {
        let mut data = json!({ "token": TOKEN, "intents": GUILDS, "compress": true, "properties": { "os": "x", "browser": "x", "device": "x" } });
        more.as_object().into_iter().flatten().for_each(|(key, value)| data[key] = value.clone());
        self.send(&json!({ "op": 2, "d": data })).await;
    }

    async fn resume(&mut self, session: &str, sequence: u64) {
        self.send(&json!({ "op": 6, "d": { "token": TOKEN, "session_id": session, "seq": sequence } })).await;
    }

    async fn send(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("it is open");
    }

    async fn next(&mut self) -> Came {
        match timeout(Duration::from_secs(30), self.socket.next()).await.expect("something comes") {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                self.sequence = frame["s"].as_u64().unwrap_or(self.sequence);
                Came::Frame(frame)
            }
            Some(Ok(Message::Close(frame))) => Came::Closed(frame.map_or(1005, |frame| frame.code.into())),
            _ => Came::Gone,
        }
    }

    /// Waits for the end.
    async fn end(&mut self) -> Came {
        loop {
            match self.next().await {
                Came::Frame(_) => {}
                end => return end,
            }
        }
    }
}

#[tokio::test]
async fn guilds_come_after_ready_and_heartbeats_are_acknowledged() {
    let fake = Fake::start().await;
    let (up, down) = (fake.guild("up"), fake.guild("down"));
    fake.outage(down, true);
    let mut shard = Shard::connect(&fake).await;
    shard.identify(json!({})).await;
    let ready = shard.event("READY").await;
    let listed = json!([{ "id": up, "unavailable": true }, { "id": down, "unavailable": true }]);
    assert_eq!((&ready["guilds"], &ready["v"]), (&listed, &json!(10)));
    let guild = shard.event("GUILD_CREATE").await;
    assert_eq!((&guild["id"], &guild["channels"][0]["name"]), (&json!(up), &json!("general")));
    shard.send(&json!({ "op": 1, "d": shard.sequence })).await;
    assert_eq!(shard.next().await, Came::Frame(json!({ "op": 11, "d": null, "s": null, "t": null })));
    fake.outage(down, false);
    assert_eq!(shard.event("GUILD_CREATE").await["id"], json!(down));
    fake.outage(down, true);
    assert_eq!(shard.event("GUILD_DELETE").await, json!({ "id": down, "unavailable": true }));
    fake.kick(up);
    assert_eq!(shard.event("GUILD_DELETE").await, json!({ "id": up }));
    fake.invite(up);
    assert_eq!(shard.event("GUILD_CREATE").await["name"], "up");
    fake.change(|state| state.gateway.acknowledges = false);
    shard.send(&json!({ "op": 1, "d": shard.sequence })).await;
    fake.until(|state| (state.gateway.heartbeats.len() == 2).then_some(())).await;
    let channel = fake.channel(up, "neck");
    assert_eq!(shard.event("CHANNEL_CREATE").await["name"], "neck", "no acknowledgement came before it");
    fake.delete_channel(channel);
    assert_eq!(shard.event("CHANNEL_DELETE").await["id"], json!(channel));
    shard.send(&json!({ "op": 1, "d": 1000 })).await;
    fake.until(|state| (state.gateway.heartbeats.len() == 3).then_some(())).await;
    assert!(fake.violations()[0].contains("a heartbeat of event 1000"));
}

#[tokio::test]
async fn a_session_is_resumed_with_what_it_missed() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let mut shard = Shard::ready(&fake, (0, 1)).await;
    shard.event("GUILD_CREATE").await;
    let (session, seen) = (shard.session.clone(), shard.sequence);
    fake.drop_socket(0);
    assert_eq!(shard.end().await, Came::Gone);
    fake.until(|state| (state.gateway.connected().count() == 0).then_some(())).await;
    fake.channel(guild, "missed");
    let mut again = Shard::connect(&fake).await;
    again.resume(&session, seen).await;
    assert_eq!(again.event("CHANNEL_CREATE").await["name"], "missed");
    again.event("RESUMED").await;
    fake.ask_to_reconnect(0);
    assert_eq!(again.next().await, Came::Frame(json!({ "op": 7, "d": null, "s": null, "t": null })));
    fake.invalidate(0, false);
    assert_eq!(again.next().await, Came::Frame(json!({ "op": 9, "d": false, "s": null, "t": null })));
    let mut forgotten = Shard::connect(&fake).await;
    forgotten.resume(&session, seen).await;
    assert_eq!(forgotten.next().await, Came::Frame(json!({ "op": 9, "d": false, "s": null, "t": null })));
    forgotten.identify(json!({})).await;
    forgotten.event("READY").await;
    fake.ready().await;
    assert_eq!(
        fake.look(|state| (state.gateway.identifies.len(), state.gateway.resumes.len(), state.gateway.connections)),
        (2, 1, 3)
    );
}

#[tokio::test]
async fn who_closes_with_1000_ends_the_session() {
    let fake = Fake::start().await;
    let mut shard = Shard::ready(&fake, (0, 1)).await;
    let session = shard.session.clone();
    shard
        .socket
        .close(Some(tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 1000.into(), reason: "".into() }))
        .await
        .expect("it is open");
    fake.until(|state| state.gateway.sessions.is_empty().then_some(())).await;
    let mut again = Shard::connect(&fake).await;
    again.resume(&session, 1).await;
    assert_eq!(again.next().await, Came::Frame(json!({ "op": 9, "d": false, "s": null, "t": null })));
}

#[tokio::test]
async fn what_a_client_does_wrong_has_its_close_code() {
    let fake = Fake::start().await;
    for (frame, code) in [
        (json!({ "op": 99 }), 4001),
        (json!("no frame at all"), 4001),
        (json!({ "op": 1, "d": "x".repeat(5000) }), 4002),
        (json!({ "op": 3, "d": {} }), 4003),
        (json!({ "op": 6, "d": { "token": "wrong", "session_id": "x", "seq": 1 } }), 4004),
    ] {
        let mut shard = Shard::connect(&fake).await;
        shard.send(&frame).await;
        assert_eq!(shard.end().await, Came::Closed(code), "{frame}");
    }
    for (more, code) in [
        (json!({ "token": "wrong" }), 4004),
        (json!({ "shard": [2, 2] }), 4010),
        (json!({ "intents": 1u64 << 40 }), 4013),
        (json!({ "intents": GUILDS | 1 << 15 }), 4014),
    ] {
        let mut shard = Shard::connect(&fake).await;
        shard.identify(more.clone()).await;
        assert_eq!(shard.end().await, Came::Closed(code), "{more}");
    }
    let mut twice = Shard::ready(&fake, (0, 1)).await;
    twice.identify(json!({})).await;
    assert_eq!(twice.end().await, Came::Closed(4005));
    let mut ahead = Shard::connect(&fake).await;
    ahead.resume(&twice.session, 1000).await;
    assert_eq!(ahead.end().await, Came::Closed(4007));
    let mut hasty = Shard::connect(&fake).await;
    for _ in 0..121 {
        hasty.send(&json!({ "op": 1, "d": null })).await;
    }
    assert_eq!(hasty.end().await, Came::Closed(4008));
    let url = fake.look(|state| state.gateway.url.clone());
    let (socket, _) = connect_async(format!("{url}/?v=9")).await.expect("it listens");
    assert_eq!(Shard { socket, session: String::new(), sequence: 0 }.end().await, Came::Closed(4012));
}

#[tokio::test]
async fn surprises_come_instead_of_ready() {
    let fake = Fake::start().await;
    for (surprise, expected) in [
        (Surprise::Invalid(false), Came::Frame(json!({ "op": 9, "d": false, "s": null, "t": null }))),
        (Surprise::Invalid(true), Came::Frame(json!({ "op": 9, "d": true, "s": null, "t": null }))),
        (Surprise::Close(4000), Came::Closed(4000)),
        (Surprise::Drop, Came::Gone),
    ] {
        fake.surprise(surprise);
        let mut shard = Shard::connect(&fake).await;
        shard.identify(json!({})).await;
        assert_eq!(shard.next().await, expected);
    }
    let mut shard = Shard::ready(&fake, (0, 1)).await;
    fake.close(0, 4009);
    assert_eq!(shard.end().await, Came::Closed(4009));
    fake.unauthorized(true);
    let mut revoked = Shard::connect(&fake).await;
    revoked.identify(json!({})).await;
    assert_eq!(revoked.end().await, Came::Closed(4004));
}

#[tokio::test]
async fn each_guild_belongs_to_one_shard_and_direct_messages_to_the_first() {
    let fake = Fake::start().await;
    let guilds: Vec<Id> = (0..3).map(|shard| fake.guild_on(&format!("guild {shard}"), shard, 3)).collect();
    let mut shards = Vec::new();
    for at in 0..3 {
        let mut shard = Shard::ready(&fake, (at, 3)).await;
        assert_eq!(shard.event("GUILD_CREATE").await["id"], json!(guilds[at as usize]));
        shards.push(shard);
    }
    fake.ready().await;
    for (at, shard) in shards.iter_mut().enumerate() {
        fake.dispatch_raw(Some(guilds[at]), "ANYTHING", json!({ "at": at }));
        assert_eq!(shard.next().await, Came::Frame(json!({ "op": 0, "t": "ANYTHING", "s": 3, "d": { "at": at } })));
    }
    fake.dispatch_raw(None, "DIRECT", json!({}));
    shards[0].event("DIRECT").await;
    fake.look(|state| {
        let identified: Vec<_> = state
            .gateway
            .identifies
            .iter()
            .map(|identify| (identify.shard.0, identify.intents, identify.compress))
            .collect();
        assert_eq!(identified, [(0, GUILDS, true), (1, GUILDS, true), (2, GUILDS, true)]);
        assert!(state.gateway.identifies.is_sorted_by_key(|identify| identify.at));
    });
}

#[tokio::test]
async fn who_asks_for_no_messages_gets_none_and_a_guilds_come_without_their_text() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let anna = fake.user("anna");
    let mut quiet = Shard::ready(&fake, (0, 1)).await;
    let mut nosy = Shard::connect(&fake).await;
    nosy.identify(json!({ "intents": GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES })).await;
    nosy.event("GUILD_CREATE").await;
    fake.member(guild, anna).says("my head hurts");
    fake.dm(anna).says("hello");
    assert_eq!(nosy.event("MESSAGE_CREATE").await["content"], "");
    assert_eq!(nosy.event("MESSAGE_CREATE").await["content"], "hello");
    fake.dispatch_raw(None, "LAST", json!({}));
    quiet.event("GUILD_CREATE").await;
    let Came::Frame(frame) = quiet.next().await else { panic!("it is open") };
    assert_eq!(frame["t"], "LAST");
}
