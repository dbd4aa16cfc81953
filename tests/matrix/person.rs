//! Somebody who talks by a library that is not the bot's: `people.py` (matrix-nio) or `people.mjs` (matrix-js-sdk). One program
//! for each person; what arrives there is kept here, in order.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::homeserver::{Account, Homeserver};
use crate::tools::{LONG, Program, folder, here, installed, python};

/// Something that arrived, decrypted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    pub room: String,
    pub id: String,
    pub sender: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub state_key: Option<String>,
    pub body: Option<String>,
    pub html: Option<String>,
    pub msgtype: Option<String>,
    /// The first event of its thread.
    pub thread: Option<String>,
    /// What it answers; in a thread, what clients without threads show it below.
    pub reply: Option<String>,
    pub falling_back: Option<bool>,
    /// What it reacts to, replaces or redacts.
    pub target: Option<String>,
    /// The reaction itself.
    pub key: Option<String>,
    /// Who is mentioned; `None` if it doesn't say.
    pub mentions: Option<Vec<String>>,
    pub content: Value,
    /// Whether it came encrypted.
    pub encrypted: bool,
    pub undecryptable: bool,
    /// When the homeserver took it, in ms since 1970.
    pub at: i64,
}

impl Event {
    pub fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// Whether it is something said, with these words in it; not a replacement of something said before.
    pub fn says(&self, words: &str) -> bool {
        self.kind == "m.room.message" && self.target.is_none() && self.text().contains(words)
    }
}

/// A kind of room to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Encrypted,
    /// A room for two, encrypted.
    Direct,
    /// A room for two that is not.
    DirectPlain,
}

/// Somebody at their client.
pub struct Person {
    pub id: String,
    input: Mutex<ChildStdin>,
    inbox: Arc<Inbox>,
    /// How far each room has been read.
    read: Mutex<HashMap<String, usize>>,
    number: Mutex<u64>,
    _program: Program,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Inbox {
    state: Mutex<Arrived>,
    changed: Condvar,
}

#[derive(Default)]
struct Arrived {
    events: Vec<Event>,
    answers: HashMap<u64, Result<Value, String>>,
    ended: bool,
}

impl Person {
    /// A new person of this name, by matrix-nio.
    pub fn new(homeserver: &Homeserver, name: &str) -> Self {
        Self::by_nio(&homeserver.register(name), &homeserver.url())
    }

    /// Logs in by matrix-nio.
    pub fn by_nio(account: &Account, url: &str) -> Self {
        let folder = folder();
        let mut command = python();
        command.arg(here().join("people.py"));
        Self::start(command, account, url, folder)
    }

    /// Logs in by matrix-js-sdk, with an identity of their own that their device is signed by.
    pub fn by_js(account: &Account, url: &str) -> Self {
        let folder = folder();
        // A module finds its packages beside itself.
        let program = folder.path().join("people.mjs");
        std::fs::copy(here().join("people.mjs"), &program).expect("it is there");
        std::os::unix::fs::symlink(installed().join("node_modules"), folder.path().join("node_modules"))
            .expect("a folder of ours");
        let mut command = Command::new(installed().join("node"));
        command.arg(program);
        Self::start(command, account, url, folder)
    }

    fn start(mut command: Command, account: &Account, url: &str, folder: tempfile::TempDir) -> Self {
        command.args([url, &account.name, &account.password]).arg(folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let input = Mutex::new(child.stdin.take().expect("it was given a pipe"));
        let output = BufReader::new(child.stdout.take().expect("it was given a pipe"));
        let inbox = Arc::new(Inbox::default());
        let told = inbox.clone();
        std::thread::spawn(move || told.listen(output));
        let person = Self {
            id: account.id.clone(),
            input,
            inbox,
            read: Mutex::default(),
            number: Mutex::default(),
            _program: Program(child),
            _folder: folder,
        };
        person.answer(0, "login").unwrap_or_else(|why| panic!("{} can't log in: {why}", account.id));
        person
    }

    /// Makes a room, invites the others, and waits until they are in.
    pub fn room(&self, kind: Kind, others: &[&str]) -> String {
        self.room_of(json!({ "encrypted": matches!(kind, Kind::Encrypted | Kind::Direct),
            "direct": matches!(kind, Kind::Direct | Kind::DirectPlain), "invite": others }))
    }

    /// Makes a room as `create` of the program takes it.
    pub fn room_of(&self, mut how: Value) -> String {
        let others: Vec<String> = serde_json::from_value(how["invite"].clone()).unwrap_or_default();
        how["do"] = json!("create");
        let room = self.order(how).as_str().expect("a room's id").to_owned();
        for other in &others {
            self.wait_for_join(&room, other);
        }
        room
    }

    /// Until somebody is in a room.
    pub fn wait_for_join(&self, room: &str, who: &str) {
        self.wait(LONG, &format!("{who} to join"), |events| {
            events.iter().find(|event| is_join(event, room, who)).cloned()
        });
    }

    /// The room into which somebody invites them; they accept.
    pub fn invitation_by(&self, who: &str) -> String {
        self.wait(LONG, &format!("an invitation by {who}"), |events| {
            let mut invitations = events.iter().filter(|event| event.kind == "invite" && event.sender == who);
            invitations.next().map(|event| event.room.clone())
        })
    }

    /// Says something; gives its event's id.
    pub fn say(&self, room: &str, text: &str) -> String {
        self.send(room, json!({ "msgtype": "m.text", "body": text, "m.mentions": {} }))
    }

    /// Says something in a thread, as clients do: for others it answers the newest event there.
    pub fn say_in(&self, room: &str, thread: &str, text: &str) -> String {
        let newest = self.events();
        let newest = newest.iter().rev().find(|event| event.room == room && event.thread.as_deref() == Some(thread));
        let newest = newest.map_or(thread, |event| event.id.as_str());
        self.send(
            room,
            json!({ "msgtype": "m.text", "body": text, "m.mentions": {}, "m.relates_to": { "rel_type": "m.thread",
                "event_id": thread, "is_falling_back": true, "m.in_reply_to": { "event_id": newest } } }),
        )
    }

    /// Says something to somebody, by a mention.
    pub fn mention(&self, room: &str, who: &str, text: &str) -> String {
        let body = format!("{who}: {text}");
        self.send(room, json!({ "msgtype": "m.text", "body": body, "m.mentions": { "user_ids": [who] } }))
    }

    /// Sends a message with this content.
    pub fn send(&self, room: &str, content: Value) -> String {
        self.order_id(json!({ "do": "send", "room": room, "content": content }))
    }

    /// Replaces something said before.
    pub fn edit(&self, room: &str, event: &str, text: &str) -> String {
        let new = json!({ "msgtype": "m.text", "body": text, "m.mentions": {} });
        self.send(
            room,
            json!({ "msgtype": "m.text", "body": format!("* {text}"), "m.mentions": {}, "m.new_content": new,
                "m.relates_to": { "rel_type": "m.replace", "event_id": event } }),
        )
    }

    /// Sends a file, perhaps with a caption.
    pub fn send_file(&self, room: &str, name: &str, text: &str, caption: Option<&str>) -> String {
        self.order_id(json!({ "do": "send_file", "room": room, "name": name, "text": text, "caption": caption }))
    }

    /// Answers something said before.
    pub fn reply(&self, room: &str, event: &str, text: &str) -> String {
        self.send(
            room,
            json!({ "msgtype": "m.text", "body": text, "m.mentions": {},
                "m.relates_to": { "m.in_reply_to": { "event_id": event } } }),
        )
    }

    /// Reacts to something.
    pub fn react(&self, room: &str, event: &str, key: &str) -> String {
        let content = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": key } });
        self.order_id(json!({ "do": "send", "room": room, "type": "m.reaction", "content": content }))
    }

    /// Has the program do something: `{"do": "…", …}`.
    pub fn order(&self, order: Value) -> Value {
        self.try_order(order.clone()).unwrap_or_else(|why| panic!("{} could not {order}: {why}", self.id))
    }

    /// Like `order`, for what may be refused.
    pub fn try_order(&self, mut order: Value) -> Result<Value, String> {
        let number = {
            let mut number = self.number.lock().expect("nobody panicked");
            *number += 1;
            *number
        };
        order["id"] = json!(number);
        writeln!(self.input.lock().expect("nobody panicked"), "{order}").expect("it listens");
        self.answer(number, &order.to_string())
    }

    /// The next thing that somebody else does in this room for which this is true; what came before counts as read.
    pub fn expect(&self, room: &str, what: &str, is: impl Fn(&Event) -> bool) -> Event {
        self.expect_within(LONG, room, what, is)
    }

    /// Like `expect`, within a time that is part of what is promised.
    pub fn expect_within(&self, time: Duration, room: &str, what: &str, is: impl Fn(&Event) -> bool) -> Event {
        let from = self.read.lock().expect("nobody panicked").get(room).copied().unwrap_or(0);
        let found = self.wait(time, what, |events| self.next(events, from, room, &is));
        self.has_read(room, found)
    }

    /// Like `expect_within`, for what may not come.
    pub fn hears_in(&self, time: Duration, room: &str, is: impl Fn(&Event) -> bool) -> Option<Event> {
        let from = self.read.lock().expect("nobody panicked").get(room).copied().unwrap_or(0);
        let state = self.inbox.state.lock().expect("nobody panicked");
        let waits = |state: &mut Arrived| !state.ended && self.next(&state.events, from, room, &is).is_none();
        let (state, _) = self.inbox.changed.wait_timeout_while(state, time, waits).expect("nobody panicked");
        let found = self.next(&state.events, from, room, &is);
        drop(state);
        found.map(|found| self.has_read(room, found))
    }

    /// The next message with these words in it.
    pub fn hears(&self, room: &str, words: &str) -> Event {
        self.expect(room, words, |event| event.says(words))
    }

    /// Watches a room for a while in which nothing of this may come; what has come before doesn't count.
    pub fn hears_nothing(&self, time: Duration, room: &str, what: &str, is: impl Fn(&Event) -> bool) {
        let state = self.inbox.state.lock().expect("nobody panicked");
        let from = state.events.len();
        let find = |state: &Arrived| {
            let mut new = state.events.iter().skip(from);
            new.find(|event| event.room == room && event.sender != self.id && is(event)).map(told)
        };
        let waits = |state: &mut Arrived| !state.ended && find(state).is_none();
        let (state, _) = self.inbox.changed.wait_timeout_while(state, time, waits).expect("nobody panicked");
        let (found, ended) = (find(&state), state.ended);
        drop(state);
        assert!(!ended, "the program of {} ended", self.id);
        assert_eq!(found, None, "{what} should not have come to {}", self.id);
    }

    /// All that has arrived, in order.
    pub fn events(&self) -> Vec<Event> {
        self.inbox.state.lock().expect("nobody panicked").events.clone()
    }

    /// Waits for something among all that has arrived.
    pub fn wait<T>(&self, time: Duration, what: &str, find: impl Fn(&[Event]) -> Option<T>) -> T {
        let state = self.inbox.state.lock().expect("nobody panicked");
        let (state, _) = self
            .inbox
            .changed
            .wait_timeout_while(state, time, |state| !state.ended && find(&state.events).is_none())
            .expect("nobody panicked");
        find(&state.events).unwrap_or_else(|| {
            let last: Vec<String> = state.events.iter().rev().take(12).rev().map(told).collect();
            let why = if state.ended { "their program ended" } else { "it did not come" };
            drop(state);
            panic!("{} waited for `{what}`, but {why}; the last that came:\n{}", self.id, last.join("\n"))
        })
    }

    /// What somebody else does in a room, from this index on, with its own index.
    fn next(&self, events: &[Event], from: usize, room: &str, is: impl Fn(&Event) -> bool) -> Option<(usize, Event)> {
        let mut new = events.iter().enumerate().skip(from);
        let found = new.find(|(_, event)| event.room == room && event.sender != self.id && is(event));
        found.map(|(index, event)| (index, event.clone()))
    }

    fn has_read(&self, room: &str, (index, event): (usize, Event)) -> Event {
        self.read.lock().expect("nobody panicked").insert(room.to_owned(), index + 1);
        event
    }

    fn order_id(&self, order: Value) -> String {
        self.order(order).as_str().expect("an event's id").to_owned()
    }

    fn answer(&self, number: u64, order: &str) -> Result<Value, String> {
        let state = self.inbox.state.lock().expect("nobody panicked");
        let (mut state, _) = self
            .inbox
            .changed
            .wait_timeout_while(state, LONG, |state| !state.ended && !state.answers.contains_key(&number))
            .expect("nobody panicked");
        state.answers.remove(&number).unwrap_or_else(|| Err(format!("no answer to {order}")))
    }
}

impl Inbox {
    fn listen(&self, output: impl BufRead) {
        for line in output.lines().map_while(Result::ok) {
            // What is no JSON is the program's end.
            let Ok(mut said) = serde_json::from_str::<Value>(&line) else { break };
            let mut state = self.state.lock().expect("nobody panicked");
            if let Some(number) = said["id"].as_u64() {
                let answer = match said["error"].take() {
                    Value::Null => Ok(said["ok"].take()),
                    error => Err(error.as_str().unwrap_or_default().to_owned()),
                };
                state.answers.insert(number, answer);
            } else {
                state.events.push(serde_json::from_value(said["event"].take()).expect("an event as it is told"));
            }
            drop(state);
            self.changed.notify_all();
        }
        self.state.lock().expect("nobody panicked").ended = true;
        self.changed.notify_all();
    }
}

fn is_join(event: &Event, room: &str, who: &str) -> bool {
    event.room == room
        && event.kind == "m.room.member"
        && event.state_key.as_deref() == Some(who)
        && event.content["membership"] == "join"
}

fn told(event: &Event) -> String {
    let thread = if event.thread.is_some() { " in a thread" } else { "" };
    let key = event.key.as_deref().unwrap_or_default();
    format!("{} {}{thread}: {}{key}", event.sender, event.kind, event.text())
}
