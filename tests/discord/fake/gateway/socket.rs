//! One connection to the gateway: hello, identify or resume, heartbeats, events, and the close codes for what is wrong.
//!
//! <https://discord.com/developers/docs/events/gateway>; codes: /topics/opcodes-and-status-codes#gateway

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Identify, Out, Session, Surprise, events};
use crate::fake::Inner;
use crate::fake::state::State;

/// What a client may send at most, in bytes.
const LONGEST: usize = 4096;
/// What a client may send in a minute.
const SENDS: usize = 120;

/// Runs until one side closes.
pub async fn run(mut socket: WebSocket, inner: Arc<Inner>, query: String) {
    let (link, mut orders) = unbounded_channel();
    let mut line = Line { link, session: None, sends: Vec::new() };
    inner.change(|state| {
        state.gateway.connections += 1;
        if !query.split('&').any(|pair| pair == "v=10") {
            line.say(Out::Close(4012));
        }
        if state.gateway.surprises.front() == Some(&Surprise::Mute) {
            state.gateway.surprises.pop_front();
            return;
        }
        let every = state.gateway.heartbeat;
        line.say(Out::Frame(json!({ "op": 10, "d": { "heartbeat_interval": every }, "s": null, "t": null })));
    });
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Out::Frame(frame)) => {
                    if socket.send(Message::text(frame.to_string())).await.is_err() {
                        break;
                    }
                }
                Some(Out::Close(code)) => {
                    socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await.ok();
                    break;
                }
                Some(Out::Drop) | None => break,
            },
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(text))) => inner.change(|state| line.hear(state, &text)),
                Some(Ok(Message::Close(frame))) => {
                    // 1000 and 1001 end the session; any other way to go leaves it for a RESUME.
                    if frame.is_some_and(|frame| matches!(frame.code, 1000 | 1001)) {
                        inner.change(|state| line.session.as_ref().and_then(|id| state.gateway.sessions.remove(id)));
                    }
                    break;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    inner.change(|state| line.hang_up(state));
}

/// What is known of a connection.
struct Line {
    link: UnboundedSender<Out>,
    session: Option<String>,
    /// When the client sent something in the last minute.
    sends: Vec<u64>,
}

impl Line {
    fn say(&self, out: Out) {
        self.link.send(out).ok();
    }

    fn hang_up(&self, state: &mut State) {
        let session = self.session.as_ref().and_then(|id| state.gateway.sessions.get_mut(id));
        // A session that was resumed meanwhile belongs to another connection.
        if let Some(session) = session
            && session.link.as_ref().is_some_and(|link| link.same_channel(&self.link))
        {
            session.link = None;
        }
    }

    fn hear(&mut self, state: &mut State, text: &str) {
        let now = state.clock.now();
        self.sends.retain(|at| now - at < 60_000);
        self.sends.push(now);
        let read: Option<Value> = serde_json::from_str(text).ok();
        let Some(frame) = read.filter(|_| text.len() <= LONGEST) else { return self.say(Out::Close(4002)) };
        if self.sends.len() > SENDS {
            return self.say(Out::Close(4008));
        }
        let data = &frame["d"];
        match frame["op"].as_u64() {
            Some(1) => self.heartbeat(state, data),
            Some(2) if self.session.is_some() => self.say(Out::Close(4005)),
            Some(2) => self.identify(state, data),
            Some(6) => self.resume(state, data),
            Some(3 | 4 | 8 | 31) if self.session.is_none() => self.say(Out::Close(4003)),
            Some(3 | 4 | 8 | 31) => {}
            _ => self.say(Out::Close(4001)),
        }
    }

    fn heartbeat(&self, state: &mut State, data: &Value) {
        state.gateway.heartbeats.push(state.clock.now());
        let sequence =
            self.session.as_ref().and_then(|id| state.gateway.sessions.get(id)).map(|session| session.sequence);
        // Before a RESUME a client may tell what it saw of the session that it is going to take up.
        if sequence.is_some() && data.as_u64() > sequence {
            state.violations.push(format!("a heartbeat of event {data}, the last was {sequence:?}"));
        }
        if state.gateway.acknowledges {
            self.say(Out::Frame(json!({ "op": 11, "d": null, "s": null, "t": null })));
        }
    }

    fn identify(&mut self, state: &mut State, data: &Value) {
        let number = |at: usize| data["shard"].get(at).and_then(Value::as_u64);
        let shard = (number(0).unwrap_or(0), number(1).unwrap_or(1));
        let intents = data["intents"].as_u64().unwrap_or(u64::MAX);
        let compress = data["compress"].as_bool().unwrap_or(false);
        state.gateway.identifies.push(Identify { at: state.clock.now(), shard, intents, compress });
        if self.is_surprised(state) {
            return;
        }
        let bare = |token: &Value| token.as_str().map(|token| token.trim_start_matches("Bot ").to_owned());
        let code = match () {
            () if bare(&data["token"]).as_ref() != Some(&state.bot.token) || state.faults.unauthorized => 4004,
            () if shard.1 == 0 || shard.0 >= shard.1 => 4010,
            () if intents & !events::KNOWN != 0 => 4013,
            () if intents & events::PRIVILEGED != 0 => 4014,
            () => 0,
        };
        if code != 0 {
            return self.say(Out::Close(code));
        }
        let id = format!("session-{}", state.clock.mint());
        let session = Session { shard, intents, sequence: 0, sent: Vec::new(), link: Some(self.link.clone()) };
        state.gateway.sessions.insert(id.clone(), session);
        self.session = Some(id.clone());
        greet(state, &id);
    }

    fn resume(&mut self, state: &mut State, data: &Value) {
        if self.is_surprised(state) {
            return;
        }
        let id = data["session_id"].as_str().unwrap_or_default();
        let (seen, token) = (data["seq"].as_u64().unwrap_or(0), data["token"].as_str().unwrap_or_default());
        if token.trim_start_matches("Bot ") != state.bot.token {
            return self.say(Out::Close(4004));
        }
        let now = state.clock.now();
        let Some(session) = state.gateway.sessions.get_mut(id) else {
            return self.say(Out::Frame(json!({ "op": 9, "d": false, "s": null, "t": null })));
        };
        if seen > session.sequence {
            return self.say(Out::Close(4007));
        }
        session.link = Some(self.link.clone());
        self.session = Some(id.to_owned());
        for frame in session.sent.iter().filter(|frame| frame["s"].as_u64() > Some(seen)) {
            self.say(Out::Frame(frame.clone()));
        }
        session.dispatch("RESUMED", &json!({}));
        state.gateway.resumes.push(now);
    }

    /// Whether a test wanted something else to happen; then it has.
    fn is_surprised(&self, state: &mut State) -> bool {
        let surprise = state.gateway.surprises.pop_front();
        match surprise {
            Some(Surprise::Invalid(resumable)) => {
                self.say(Out::Frame(json!({ "op": 9, "d": resumable, "s": null, "t": null })));
            }
            Some(Surprise::Close(code)) => self.say(Out::Close(code)),
            Some(Surprise::Drop) => self.say(Out::Drop),
            Some(Surprise::Silence | Surprise::Mute) | None => {}
        }
        surprise.is_some()
    }
}

/// READY with all guilds unavailable, then each guild.
fn greet(state: &mut State, id: &str) {
    let Some(session) = state.gateway.sessions.get(id) else { return };
    let (shard, intents) = (session.shard, session.intents);
    let mine = state.guilds.values().filter(|guild| state.is_in(guild.id) && guild.id.shard(shard.1) == shard.0);
    let (listed, full): (Vec<Value>, Vec<Option<Value>>) = mine
        .map(|guild| {
            let full = (!guild.unavailable).then(|| state.guild_create(guild));
            (json!({ "id": guild.id, "unavailable": true }), full)
        })
        .unzip();
    let ready = json!({
        "v": 10, "user": state.me(), "guilds": listed, "session_id": id, "resume_gateway_url": state.gateway.url,
        "shard": [shard.0, shard.1], "application": { "id": state.bot.id, "flags": 0 }, "private_channels": [],
        "presences": [], "relationships": [], "user_settings": {}, "session_type": "normal",
    });
    let guilds =
        full.into_iter().flatten().filter(|_| intents & events::GUILDS != 0).map(|guild| ("GUILD_CREATE", guild));
    for (name, data) in [("READY", ready)].into_iter().chain(guilds) {
        let wrong = events::judge(name, &data);
        state.violations.extend(wrong.iter().map(|wrong| format!("the fake's event {name}: {wrong}")));
        if let Some(session) = state.gateway.sessions.get_mut(id) {
            session.dispatch(name, &data);
        }
    }
}
