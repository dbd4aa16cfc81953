//! A request once it is understood, and what it is answered with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::id::Id;

/// A request, its path taken apart by the route.
#[derive(Debug)]
pub struct Call {
    /// What stands in the template's braces, in order.
    pub parts: Vec<String>,
    pub query: BTreeMap<String, String>,
    /// The JSON body, or `payload_json` of a multipart body; null without either.
    pub body: Value,
    pub files: Vec<Upload>,
    /// Unix milliseconds at which it arrived.
    pub at: u64,
    /// The same by the clock's microseconds.
    pub micros: u64,
}

/// An uploaded file.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The field: `files[0]`.
    pub field: String,
    pub name: String,
    pub size: usize,
}

impl Call {
    /// An id in the path.
    pub fn id(&self, index: usize) -> Id {
        self.parts.get(index).and_then(|part| Id::read(part)).unwrap_or(Id(0))
    }

    /// Whether the query switches something on.
    pub fn asks(&self, key: &str) -> bool {
        self.query.get(key).is_some_and(|value| matches!(value.as_str(), "true" | "True" | "1"))
    }

    /// A text in the path.
    pub fn part(&self, index: usize) -> &str {
        self.parts.get(index).map_or("", String::as_str)
    }
}

/// An answer: a status and a body, null for none.
pub type Answer = Result<(u16, Value), Refusal>;

/// A refusal with Discord's own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: u64,
    pub message: String,
}

/// Discord's error codes with the status and the words that come with them.
///
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>; the status of 30046 and 50083 as bots report them.
const CODES: &[(u64, u16, &str)] = &[
    (10003, 404, "Unknown Channel"),
    (10004, 404, "Unknown Guild"),
    (10007, 404, "Unknown Member"),
    (10008, 404, "Unknown Message"),
    (10013, 404, "Unknown User"),
    (10015, 404, "Unknown Webhook"),
    (10062, 404, "Unknown interaction"),
    (20028, 429, "The write action you are performing on the channel has hit the write rate limit"),
    (30046, 429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    (40060, 400, "Interaction has already been acknowledged."),
    (50001, 403, "Missing Access"),
    (50005, 403, "Cannot edit a message authored by another user"),
    (50006, 400, "Cannot send an empty message"),
    (50007, 403, "Cannot send messages to this user"),
    (50013, 403, "Missing Permissions"),
    (50024, 403, "Cannot execute action on this channel type"),
    (50027, 401, "Invalid Webhook Token"),
    (50035, 400, "Invalid Form Body"),
    (50083, 400, "Thread is archived"),
    (160002, 403, "Cannot reply without permission to read message history"),
    (160004, 400, "A thread has already been created for this message"),
    (160005, 403, "Thread is locked"),
    (160006, 400, "Maximum number of active threads reached"),
];

/// What a refusal with status 429 that is not about requests as such tells to wait, in seconds.
const WAIT: f64 = 60.0;

impl Refusal {
    /// A refusal by its code.
    pub fn code(code: u64) -> Self {
        let found = CODES.iter().find(|(known, ..)| *known == code);
        let (code, status, message) = found.unwrap_or_else(|| panic!("no error code {code}; add it to CODES"));
        Self { status: *status, code: *code, message: (*message).into() }
    }

    /// A refusal of the whole request by HTTP's own status, as with a bad token.
    pub fn status(status: u16, message: &str) -> Self {
        Self { status, code: 0, message: format!("{status}: {message}") }
    }

    /// As Discord writes it.
    pub fn body(&self) -> Value {
        let mut body = json!({ "message": self.message, "code": self.code });
        if self.status == 429 {
            body["retry_after"] = WAIT.into();
            body["global"] = false.into();
        }
        body
    }
}

/// `Err` with this code unless it holds.
pub fn ensure(holds: bool, code: u64) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::code(code)) }
}

/// A multipart body's JSON and files; `None` if it is not one.
pub fn multipart(content_type: &str, bytes: &[u8]) -> Option<(Value, Vec<Upload>)> {
    let boundary = content_type.split("boundary=").nth(1)?.trim_matches('"');
    let (mut body, mut files) = (Value::Null, Vec::new());
    for part in split(bytes, format!("--{boundary}").as_bytes()) {
        let Some(end) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..end]);
        let content = part[end + 4..].strip_suffix(b"\r\n").unwrap_or(&part[end + 4..]);
        let field = quoted(&head, " name=")?;
        match quoted(&head, "filename=") {
            None if field == "payload_json" => body = serde_json::from_slice(content).ok()?,
            None => return None,
            Some(name) => files.push(Upload { field, name, size: content.len() }),
        }
    }
    Some((body, files))
}

fn quoted(head: &str, key: &str) -> Option<String> {
    head.split(key).nth(1)?.split('"').nth(1).map(str::to_owned)
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(bytes, by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts
}
