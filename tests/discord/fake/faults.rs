//! Faults that a test switches on: what goes wrong, for which requests, how often.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::call::Refusal;
use super::id::Id;

/// Faults that are on; the first that fits a request happens.
#[derive(Debug, Default)]
pub struct Faults {
    on: Vec<Fault>,
    /// Whether every request is refused as if the token were revoked.
    pub unauthorized: bool,
}

/// A fault.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    /// `POST /channels/{channel_id}/messages`, or every request.
    key: Option<String>,
    /// A part of the path, such as a channel's id.
    id: Option<Id>,
    /// How many requests it still hits; `None` for all.
    left: Option<usize>,
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Kind {
    /// It is refused before anything is done.
    Refused { refusal: Refusal, body: Option<Value>, headers: Vec<(&'static str, String)> },
    /// It waits until it is released, and is then carried out.
    Held(watch::Receiver<bool>),
    /// Nothing is done, and the connection is reset.
    Reset,
    /// It is carried out, and the connection is reset before the answer.
    AnswerLost,
    /// It is carried out, and the answer is no JSON.
    Garbled,
}

/// Whose limit a 429 speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    User,
    Shared,
    Global,
}

/// Lets go of what a fault holds; dropping it does, too.
#[derive(Debug)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Lets all go on, those that come later as well.
    pub fn release(self) {
        self.0.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

impl Fault {
    /// 429 with the headers that Discord sends along.
    pub fn rate_limited(scope: Scope, wait: Duration) -> Self {
        let (name, seconds) = (scope.name(), wait.as_secs_f64());
        let mut headers = vec![
            ("retry-after", format!("{}", wait.as_secs_f64().ceil())),
            ("x-ratelimit-scope", name.to_owned()),
            ("via", "1.1 google".to_owned()),
        ];
        if scope == Scope::Global {
            headers.push(("x-ratelimit-global", "true".into()));
        } else {
            headers.push(("x-ratelimit-limit", "5".into()));
            headers.push(("x-ratelimit-remaining", "0".into()));
            headers.push(("x-ratelimit-reset-after", format!("{seconds:.3}")));
            headers.push(("x-ratelimit-bucket", "a-bucket".into()));
        }
        let body = json!({
            "message": "You are being rate limited.", "code": 0, "retry_after": seconds, "global": scope == Scope::Global,
        });
        Self::refused(Refusal::status(429, "Too Many Requests"), Some(body), headers)
    }

    /// 429 as a proxy on the way gives it: no headers, no JSON that speaks of a time.
    pub fn rate_limited_bare() -> Self {
        Self::refused(Refusal::status(429, "Too Many Requests"), None, Vec::new())
    }

    /// An HTTP status without a code of Discord's, such as 503.
    pub fn status(status: u16) -> Self {
        Self::refused(Refusal::status(status, "Something is wrong"), None, Vec::new())
    }

    /// One of Discord's error codes, with its status.
    pub fn code(code: u64) -> Self {
        Self::refused(Refusal::code(code), None, Vec::new())
    }

    /// Holds requests until the gate lets go.
    pub fn held() -> (Self, Gate) {
        let (gate, held) = watch::channel(false);
        (Self::of(Kind::Held(held)), Gate(gate))
    }

    /// The connection is reset, nothing is done.
    pub fn reset() -> Self {
        Self::of(Kind::Reset)
    }

    /// It is done, but nobody hears of it.
    pub fn answer_lost() -> Self {
        Self::of(Kind::AnswerLost)
    }

    /// It is done, but the answer is no JSON.
    pub fn garbled() -> Self {
        Self::of(Kind::Garbled)
    }

    /// For these requests only: `POST /channels/{channel_id}/messages`.
    pub fn on(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// For requests only that name this id in their path.
    pub fn at(self, id: Id) -> Self {
        Self { id: Some(id), ..self }
    }

    /// For so many requests.
    pub fn times(self, count: usize) -> Self {
        Self { left: Some(count), ..self }
    }

    fn refused(refusal: Refusal, body: Option<Value>, headers: Vec<(&'static str, String)>) -> Self {
        Self::of(Kind::Refused { refusal, body, headers })
    }

    fn of(kind: Kind) -> Self {
        Self { kind, key: None, id: None, left: None }
    }
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
        }
    }
}

impl Faults {
    /// Switches one on.
    pub fn add(&mut self, fault: Fault) {
        self.on.push(fault);
    }

    /// Switches all off.
    pub fn clear(&mut self) {
        self.on.clear();
        self.unauthorized = false;
    }

    /// What happens to this request.
    pub fn hit(&mut self, key: &str, path: &str) -> Option<Kind> {
        let fits = |fault: &&mut Fault| {
            let id = fault.id.map(|id| id.to_string());
            fault.left != Some(0)
                && fault.key.as_ref().is_none_or(|wanted| wanted == key)
                && id.is_none_or(|id| path.split('/').any(|part| part == id))
        };
        let fault = self.on.iter_mut().find(fits)?;
        fault.left = fault.left.map(|left| left - 1);
        Some(fault.kind.clone())
    }
}
