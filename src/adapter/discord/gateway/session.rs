//! A session as the gateway speaks it: what follows from a frame, or from time that has passed. No socket and no clock.
//!
//! <https://discord.com/developers/docs/events/gateway>; close codes: /topics/opcodes-and-status-codes#gateway

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::Timestamp;

/// How long the greeting may take.
const GREETING: Duration = Duration::from_secs(20);

/// What comes on a connection.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Frame {
    op: u8,
    #[serde(default)]
    d: Value,
    #[serde(default)]
    s: Option<u64>,
    #[serde(default)]
    t: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// Begin a new session.
    Identify,
    /// Take this session up, from behind the event of this number.
    Resume(String, u64),
    /// Send this.
    Send(Value),
    /// Something has happened: its name and what Discord says of it.
    Happened(String, Value),
    /// This connection is of no more use.
    End(End),
}

/// Why a connection is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Another one may go better; why, for the log.
    Passing(&'static str),
    /// Discord refuses for good, with this close code.
    Refused(u16),
}

/// Close codes.
mod code {
    pub const NOT_AUTHENTICATED: u16 = 4003;
    pub const AUTHENTICATION_FAILED: u16 = 4004;
    pub const INVALID_SESSION: u16 = 4006;
    pub const INVALID_SEQUENCE: u16 = 4007;
    pub const SESSION_TIMED_OUT: u16 = 4009;
    pub const INVALID_SHARD: u16 = 4010;
    pub const DISALLOWED_INTENTS: u16 = 4014;
}

/// A session of one shard, which outlives its connections.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Its name and where it is taken up again; none before it has begun.
    known: Option<(String, Option<String>)>,
    /// The number of the last event.
    last: u64,
    /// Time between heartbeats; none before the greeting.
    every: Option<Duration>,
    /// When the next heartbeat is due, or the greeting's time is over.
    due: Timestamp,
    /// Whether the last heartbeat has no answer yet.
    unanswered: bool,
    /// Until when the session has to have begun or been taken up; none once it is.
    up_by: Option<Timestamp>,
}

impl Session {
    /// Whether the next connection begins a new one.
    pub fn is_new(&self) -> bool {
        self.known.is_none()
    }

    /// Where it is taken up again, when that is another place than where it began.
    pub fn address(&self) -> Option<&str> {
        self.known.as_ref().and_then(|(_, address)| address.as_deref())
    }

    /// Nobody answers there: next time where it began.
    pub fn forget_address(&mut self) {
        if let Some((_, address)) = &mut self.known {
            *address = None;
        }
    }

    /// A connection is made; it will be greeted.
    pub fn connected(&mut self, now: Timestamp) {
        (self.every, self.due, self.unanswered, self.up_by) = (None, now + GREETING, false, None);
    }

    /// When time has something to say, if nothing else happens.
    pub fn due(&self) -> Timestamp {
        self.up_by.map_or(self.due, |up_by| up_by.min(self.due))
    }

    /// That time has come. A connection that is dead is known to be after two heartbeats at most.
    pub fn time_has_come(&mut self, now: Timestamp) -> Option<Next> {
        if self.up_by.is_some_and(|up_by| up_by <= now) {
            return Some(Next::End(End::Passing("the session did not begin in time")));
        }
        if now < self.due {
            return None;
        }
        let Some(every) = self.every else { return Some(Next::End(End::Passing("there was no greeting in time"))) };
        if self.unanswered {
            return Some(Next::End(End::Passing("a heartbeat was not answered")));
        }
        self.due = now + every;
        Some(self.heartbeat())
    }

    /// A frame has come.
    pub fn heard(&mut self, now: Timestamp, frame: Frame) -> Option<Next> {
        let Frame { op, d, s, t } = frame;
        match op {
            0 => {
                self.last = s.unwrap_or(self.last);
                let kind = t.unwrap_or_default();
                match kind.as_str() {
                    "READY" => {
                        let text = |key: &str| d[key].as_str().map(str::to_owned);
                        self.known = text("session_id").map(|id| (id, text("resume_gateway_url")));
                        self.up_by = None;
                    }
                    "RESUMED" => self.up_by = None,
                    _ => {}
                }
                Some(Next::Happened(kind, d))
            }
            1 => Some(self.heartbeat()),
            7 => Some(Next::End(End::Passing("Discord asked for a new connection"))),
            9 => {
                if d.as_bool() != Some(true) {
                    self.forget();
                }
                Some(Next::End(End::Passing("the session was not valid")))
            }
            10 => {
                let every = Duration::from_millis(d["heartbeat_interval"].as_u64().unwrap_or(0).max(1));
                // The first one early, at no fixed time: after an outage not all bots shall come in the same moment.
                let spread = Duration::from_millis(now.millis().unsigned_abs() % every.as_millis().max(1) as u64);
                (self.every, self.due, self.up_by) = (Some(every), now + spread, Some(now + every * 5 / 2));
                Some(match &self.known {
                    Some((id, _)) => Next::Resume(id.clone(), self.last),
                    None => Next::Identify,
                })
            }
            11 => {
                self.unanswered = false;
                None
            }
            _ => None,
        }
    }

    /// The connection has ended, with this code if there was one.
    pub fn ended(&mut self, with: Option<u16>) -> End {
        match with {
            Some(code @ (code::AUTHENTICATION_FAILED | code::INVALID_SHARD..=code::DISALLOWED_INTENTS)) => {
                End::Refused(code)
            }
            Some(
                code::NOT_AUTHENTICATED | code::INVALID_SESSION | code::INVALID_SEQUENCE | code::SESSION_TIMED_OUT,
            ) => {
                self.forget();
                End::Passing("Discord has ended the session")
            }
            Some(_) => End::Passing("Discord has closed the connection"),
            None => End::Passing("the connection is gone"),
        }
    }

    fn heartbeat(&mut self) -> Next {
        self.unanswered = true;
        let last = if self.is_new() { Value::Null } else { self.last.into() };
        Next::Send(json!({"op": 1, "d": last}))
    }

    fn forget(&mut self) {
        (self.known, self.last) = (None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
    const EVERY: Duration = Duration::from_millis(41_250);

    fn frame(frame: Value) -> Frame {
        serde_json::from_value(frame).unwrap()
    }

    fn hello() -> Frame {
        frame(json!({"op": 10, "d": {"heartbeat_interval": 41_250}, "s": null, "t": null}))
    }

    fn ready() -> Frame {
        frame(json!({"op": 0, "t": "READY", "s": 1, "d": {"session_id": "x", "resume_gateway_url": "wss://y"}}))
    }

    fn up() -> Session {
        let mut session = Session::default();
        session.connected(START);
        assert_eq!(session.heard(START, hello()), Some(Next::Identify));
        assert!(matches!(session.heard(START, ready()), Some(Next::Happened(..))));
        session
    }

    /// Lets time come to pass, heartbeats answered or not, until the connection is given up or the time is over.
    fn live(session: &mut Session, for_: Duration, answers: bool) -> Option<(Timestamp, End)> {
        loop {
            let now = session.due();
            if now.since(START) > for_ {
                return None;
            }
            match session.time_has_come(now) {
                Some(Next::End(end)) => return Some((now, end)),
                Some(Next::Send(_)) if answers => drop(session.heard(now, frame(json!({"op": 11})))),
                _ => {}
            }
        }
    }

    #[test]
    fn whose_heartbeats_are_answered_lives_and_else_is_dead_within_two() {
        assert_eq!(live(&mut up(), EVERY * 1000, true), None);
        let (at, end) = live(&mut up(), EVERY * 1000, false).unwrap();
        assert_eq!(end, End::Passing("a heartbeat was not answered"));
        assert!(at.since(START) <= EVERY * 2, "{at}");
    }

    #[test]
    fn a_new_connection_has_its_own_pace() {
        let mut session = up();
        session.connected(START);
        let quick = frame(json!({"op": 10, "d": {"heartbeat_interval": 500}}));
        assert_eq!(session.heard(START, quick), Some(Next::Resume("x".to_owned(), 1)));
        assert!(session.due().since(START) <= Duration::from_millis(500));
    }

    #[test]
    fn who_is_not_greeted_or_not_let_in_gives_up() {
        let mut session = Session::default();
        session.connected(START);
        let (at, end) = live(&mut session, EVERY * 10, true).unwrap();
        assert_eq!((at, end), (START + GREETING, End::Passing("there was no greeting in time")));
        session.connected(START);
        drop(session.heard(START, hello()));
        let (at, _) = live(&mut session, EVERY * 10, true).unwrap();
        assert_eq!(at, START + EVERY * 5 / 2);
    }

    #[test]
    fn a_session_is_taken_up_unless_discord_has_ended_it() {
        let invalid = |resumable: bool| frame(json!({"op": 9, "d": resumable}));
        for (event, is_new) in [(invalid(true), false), (invalid(false), true), (frame(json!({"op": 7})), false)] {
            let mut session = up();
            assert!(matches!(session.heard(START, event), Some(Next::End(End::Passing(_)))));
            assert_eq!(session.is_new(), is_new);
        }
        for (code, is_new) in
            [(None, false), (Some(1001), false), (Some(4000), false), (Some(4007), true), (Some(4009), true)]
        {
            let mut session = up();
            assert!(matches!(session.ended(code), End::Passing(_)));
            assert_eq!(session.is_new(), is_new, "{code:?}");
        }
        for code in [4004, 4010, 4011, 4012, 4013, 4014] {
            assert_eq!(up().ended(Some(code)), End::Refused(code));
        }
    }
}
