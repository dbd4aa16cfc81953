//! Interactions that wait for their answer. Discord gives three seconds for a first sign and fifteen minutes for the rest.
//!
//! A private answer goes this way or not at all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use serenity::builder::CreateAttachment;
use serenity::http::Http;
use serenity::model::id::{InteractionId, MessageId};
use tokio::sync::Mutex as Turn;

use crate::base::time::Timestamp;
use crate::port::event::ReplyToken;

use super::refused::Refused;

/// After this time without an answer, Discord is told that one will come.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);
/// How long a token is good, with a minute to spare.
const GOOD_FOR: Duration = Duration::from_secs(14 * 60);

/// After so many interactions, what the library keeps of them goes.
const TIDY: usize = 1_000;

/// Kinds of first answers, as Discord numbers them.
mod callback {
    pub const MESSAGE: u8 = 4;
    pub const MESSAGE_LATER: u8 = 5;
    pub const UPDATE_LATER: u8 = 6;
    pub const UPDATE: u8 = 7;
}

/// Only its person sees it.
const EPHEMERAL: u64 = 1 << 6;

/// What was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A command, or a form that was sent in.
    Command,
    /// A button or list under this message.
    Press(MessageId),
    /// The same under a message that only its person sees, or a form that was opened from there.
    Whisper,
}

/// How far an interaction was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not at all.
    Open,
    /// Discord shows that an answer is on its way, to its person alone.
    MessageLater,
    /// It was taken notice of, and nothing said.
    Noticed,
    /// It was answered, and more may follow.
    Answered,
}

/// An interaction.
pub(super) struct Interaction {
    id: InteractionId,
    token: String,
    /// What was used.
    pub kind: Kind,
    state: Turn<State>,
}

/// The interactions of the last minutes.
#[derive(Default)]
pub(super) struct Interactions {
    open: Mutex<HashMap<InteractionId, (Timestamp, Arc<Interaction>)>>,
    count: AtomicUsize,
}

impl Interactions {
    /// Takes one in, and forgets those whose time is over.
    pub fn open(&self, id: InteractionId, token: &str, kind: Kind, now: Timestamp) -> Arc<Interaction> {
        let interaction = Arc::new(Interaction { id, token: token.to_owned(), kind, state: Turn::new(State::Open) });
        let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (at, _)| now.since(*at) < GOOD_FOR);
        all.insert(id, (now, interaction.clone()));
        interaction
    }

    /// Whether so many have come that what the library keeps of them should go.
    pub fn is_time_to_tidy(&self) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed) % TIDY == TIDY - 1
    }

    /// The one that a token stands for; after a restart, one of which nothing is known but its token. `None` when its time is
    /// over.
    pub fn find(&self, reply: &ReplyToken, now: Timestamp) -> Option<Arc<Interaction>> {
        let mut fields = reply.0.splitn(3, ':');
        let id = InteractionId::new(fields.next()?.parse().ok().filter(|id| *id > 0)?);
        let at = Timestamp::from_millis(fields.next()?.parse().ok()?);
        if now.since(at) >= GOOD_FOR {
            return None;
        }
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(|(_, known)| known.clone());
        let token = fields.next()?.to_owned();
        Some(
            known.unwrap_or_else(|| {
                Arc::new(Interaction { id, token, kind: Kind::Command, state: Turn::new(State::Open) })
            }),
        )
    }
}

impl Interaction {
    /// What the bot carries around to answer with.
    pub fn reply_token(&self, now: Timestamp) -> ReplyToken {
        ReplyToken(format!("{}:{}:{}", self.id, now.millis(), self.token))
    }

    /// Tells Discord that an answer will come, unless one has come.
    ///
    /// # Errors
    /// Those of the request, but for one that says that it is known already.
    pub async fn hold(&self, http: &Http) -> serenity::Result<()> {
        let mut state = self.state.lock().await;
        if *state != State::Open {
            return Ok(());
        }
        let (later, next) = match self.kind {
            // Shown to its person alone: what follows may be private, and is known only then.
            Kind::Command => {
                (json!({"type": callback::MESSAGE_LATER, "data": {"flags": EPHEMERAL}}), State::MessageLater)
            }
            Kind::Press(_) | Kind::Whisper => (json!({"type": callback::UPDATE_LATER}), State::Noticed),
        };
        settle(&mut state, self.call(http, &later, Vec::new()).await, next)
    }

    /// Everything that follows was done; when nothing was said, nothing is left hanging either.
    ///
    /// # Errors
    /// As for [`Interaction::hold`].
    pub async fn done(&self, http: &Http) -> serenity::Result<()> {
        self.hold(http).await?;
        let mut state = self.state.lock().await;
        if *state == State::MessageLater {
            let taken = http.delete_original_interaction_response(&self.token).await;
            settle(&mut state, taken, State::Answered)?;
        }
        Ok(())
    }

    /// Says something, to its person alone or to everyone in the place.
    ///
    /// # Errors
    /// Those of the request. [`Refused::Interaction`] when it is too late.
    pub async fn say(
        &self,
        http: &Http,
        mut body: Value,
        files: Vec<CreateAttachment>,
        whisper: bool,
    ) -> serenity::Result<()> {
        if whisper {
            let flags = body["flags"].as_u64().unwrap_or(0);
            body["flags"] = json!(flags | EPHEMERAL);
        }
        let mut state = self.state.lock().await;
        if *state == State::Open {
            let answer = json!({"type": callback::MESSAGE, "data": body});
            match self.call(http, &answer, files.clone()).await {
                Ok(()) => {
                    *state = State::Answered;
                    return Ok(());
                }
                // By the process before this one, or by a call whose answer was lost.
                Err(error) if Refused::of(&error) == Refused::Acknowledged => *state = State::Answered,
                Err(error) => return Err(error),
            }
        }
        if *state == State::MessageLater {
            // The first answer takes the place of the one that was held, and is as private as that: flags can't be changed.
            if let Some(body) = body.as_object_mut() {
                body.remove("flags");
            }
            http.edit_original_interaction_response(&self.token, &body, files).await?;
        } else {
            http.create_followup_message(&self.token, &body, files).await?;
        }
        *state = State::Answered;
        Ok(())
    }

    /// Answers a press by changing the message under which it was made; `false` when it was answered before, or is no press.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn change(&self, http: &Http, body: &Value) -> serenity::Result<bool> {
        let mut state = self.state.lock().await;
        if *state != State::Open || !matches!(self.kind, Kind::Press(_)) {
            return Ok(false);
        }
        self.call(http, &json!({"type": callback::UPDATE, "data": body}), Vec::new()).await?;
        *state = State::Answered;
        Ok(true)
    }

    /// Says something in the place of the message under which it was pressed; `false` where others see that one, or something was
    /// said already.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn say_instead(&self, http: &Http, body: &Value) -> serenity::Result<bool> {
        let mut state = self.state.lock().await;
        match *state {
            State::Open if self.kind == Kind::Whisper => {
                self.call(http, &json!({"type": callback::UPDATE, "data": body}), Vec::new()).await?;
            }
            State::Noticed if self.kind == Kind::Whisper => {
                http.edit_original_interaction_response(&self.token, body, Vec::new()).await?;
            }
            State::Open | State::Noticed | State::MessageLater | State::Answered => return Ok(false),
        }
        *state = State::Answered;
        Ok(true)
    }

    /// Answers with a form, or with names to complete: at once, and nothing follows.
    ///
    /// # Errors
    /// As for [`Interaction::hold`].
    pub async fn answer_at_once(&self, http: &Http, body: &Value) -> serenity::Result<()> {
        let mut state = self.state.lock().await;
        settle(&mut state, self.call(http, body, Vec::new()).await, State::Answered)
    }

    async fn call(&self, http: &Http, body: &Value, files: Vec<CreateAttachment>) -> serenity::Result<()> {
        http.create_interaction_response(self.id, &self.token, body, files).await
    }
}

/// What a call leads to. One that Discord has heard before is as good as heard now.
#[expect(clippy::result_large_err, reason = "it is serenity's, and passed on to whoever awaits the call")]
fn settle(state: &mut State, called: serenity::Result<()>, next: State) -> serenity::Result<()> {
    match called {
        Ok(()) => *state = next,
        Err(error) if Refused::of(&error) == Refused::Acknowledged => *state = State::Answered,
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_fourteen_minutes_even_after_a_restart() {
        let now = Timestamp::from_millis(1_795_000_000_000);
        let (before, after) = (Interactions::default(), Interactions::default());
        let token = before.open(InteractionId::new(5), "a:b", Kind::Command, now).reply_token(now);
        assert!(before.find(&token, now).is_some());
        let found = after.find(&token, now + Duration::from_secs(60)).unwrap();
        assert_eq!((found.id, found.token.as_str()), (InteractionId::new(5), "a:b"));
        assert!(after.find(&token, now + GOOD_FOR).is_none());
        assert!(after.find(&ReplyToken("nonsense".to_owned()), now).is_none());
    }
}
