//! From deliveries to events in rooms.
//!
//! The same delivery is the same events, whatever happens in between: their transaction ids are made from its number. Nothing
//! private is sent where somebody else has come in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use matrix_sdk::Room;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::adapter::{Delivery, Incoming, SendError, Settled, Work};
use crate::base::id::{Place, UserId};
use crate::message::html::html;
use crate::message::model::Audience;
use crate::message::part::{Delivery as How, Mark, Part};
use crate::message::plain::plain;
use crate::port::action::{Priority, Venue};
use crate::port::event::{Event, ReplyToken};
use crate::port::record::Key;

use super::budget::Class;
use super::common::Core;
use super::offers::{FIELD, Offer};
use super::place::{self, Spot};
use super::send::send;

/// Deliveries being carried out.
pub(super) struct Outbound {
    core: Arc<Core>,
    /// How many parts of a delivery were sent before the rest had to wait.
    sent: Mutex<HashMap<String, usize>>,
}

impl Outbound {
    /// With nothing sent yet.
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self { core, sent: Mutex::default() })
    }

    /// Carries out a delivery and says what came of it.
    pub async fn carry_out(self: Arc<Self>, delivery: Delivery) {
        let Delivery { nonce, work, priority, done } = delivery;
        let nonce = self.name(nonce);
        let nonce = nonce.as_str();
        let result = match work {
            Work::Say { place, person, reply, step, instead: _, parts } => {
                let said = self.say(nonce, priority, &place, &person, reply.as_ref(), &parts).await;
                if let (Err(SendError::Never { .. }), Some(_)) = (&said, step) {
                    self.is_gone(place, person);
                }
                said
            }
            Work::Open { home, owner, session: _, venue, title } => self.open(nonce, &home, owner, venue, &title).await,
            // A thread is done with when nobody writes in it any more.
            Work::Close { place: _, session: _ } => Ok(()),
        };
        // The runtime may have stopped waiting, which is its right.
        let _ = done.send(result);
    }

    /// What its transactions are named by. What could not be stored has no number, and is told from everything else all the
    /// same: said twice is better than taken for something that was said before.
    fn name(&self, nonce: u64) -> String {
        match nonce {
            0 => self.core.outside.secret()[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "u",
            number => number.to_string(),
        }
    }

    async fn say(
        &self,
        nonce: &str,
        priority: Priority,
        place: &Place,
        person: &UserId,
        reply: Option<&ReplyToken>,
        parts: &[Part],
    ) -> Result<(), SendError> {
        let before = self.sent().get(nonce).copied().unwrap_or(0);
        for (index, part) in parts.iter().enumerate().skip(before) {
            let sent = self.part(nonce, index, priority, place, person, reply, part).await;
            match sent {
                Ok(()) => {
                    self.sent().insert(nonce.to_owned(), index + 1);
                }
                Err(error @ SendError::Later { .. }) => return Err(error),
                Err(error) => {
                    self.sent().remove(nonce);
                    return Err(error);
                }
            }
        }
        self.sent().remove(nonce);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "all of a delivery, and which part of it")]
    async fn part(
        &self,
        nonce: &str,
        index: usize,
        priority: Priority,
        place: &Place,
        person: &UserId,
        reply: Option<&ReplyToken>,
        part: &Part,
    ) -> Result<(), SendError> {
        let Part { blocks: _, choices, audience, quiet: _, delivery } = part;
        let (room, spot, about, is_new) = match delivery {
            How::Here => {
                let spot = spot_of(place)?;
                let room = self.core.joined(&spot.room).ok_or_else(|| never("the bot is not in the room"))?;
                (room, spot, None, false)
            }
            How::Whisper => {
                let user = place::account(person).ok_or_else(|| never("that is no account"))?;
                let (room, is_new) = self.core.own_room(&user).await?;
                let spot = Spot::room(room.room_id());
                (room, spot, Some(place), is_new)
            }
        };
        // What was private when it was ordered stays so, even where somebody has come in since.
        let is_private = *audience == Audience::Private || (place.kind.is_private() && priority != Priority::Urgent);
        if is_private && !self.core.is_direct(&room) {
            return Err(never("somebody else reads the room now"));
        }
        let offer = Offer::of(part, person, about);
        let mut content = notice(&plain(part), Some(&html(part)));
        self.put_in_thread(&spot, &mut content);
        if let Some(offer) = &offer {
            content[FIELD] = json!(offer);
        }
        let transaction = format!("{nonce}-{index}");
        let event = send(&self.core, &room, "m.room.message", content, &transaction, Class::Ordered(priority)).await?;
        self.core.saw(&spot, &event);
        if let Some(offer) = offer {
            let shows_symbols = choices.iter().any(|shown| matches!(shown.mark, Mark::Symbol(_)));
            let symbols = if shows_symbols { offer.symbols(super::SYMBOLS) } else { Vec::new() };
            self.core.offers.add(&spot, &event, offer);
            if !symbols.is_empty() {
                let putting_up =
                    super::reactions::put_up(self.core.clone(), room, spot, event, person.clone(), symbols);
                self.core.spawn(putting_up);
            }
        }
        if is_new && reply.is_some_and(|token| !token.0.is_empty()) {
            self.say_where(nonce, place).await;
        }
        Ok(())
    }

    /// Tells whoever asked among others that their answer is in a room that they don't know yet.
    async fn say_where(&self, nonce: &str, place: &Place) {
        let Some((spot, room)) = Spot::of(place).and_then(|spot| Some((spot.clone(), self.core.joined(&spot.room)?)))
        else {
            return;
        };
        let mut content = notice(&self.core.words.elsewhere, None);
        self.put_in_thread(&spot, &mut content);
        let class = Class::Ordered(Priority::Answer);
        let transaction = format!("{nonce}-where");
        match send(&self.core, &room, "m.room.message", content, &transaction, class).await {
            Ok(event) => self.core.saw(&spot, &event),
            // The answer itself is there; this line is not worth its being sent again.
            Err(why) => tracing::debug!(%why, "where an answer is can't be said"),
        }
    }

    fn put_in_thread(&self, spot: &Spot, content: &mut Value) {
        if let Some(root) = &spot.thread {
            let newest = self.core.newest(spot);
            content["m.relates_to"] = in_thread(root.as_str(), newest.as_deref().unwrap_or(root).as_str());
        }
    }

    /// Nothing can be said any more where a routine runs: it ends there.
    fn is_gone(&self, place: Place, owner: UserId) {
        let (handled, _) = oneshot::channel();
        let event = Event::Gone { key: Key::Session(owner), place };
        let events = self.core.events.clone();
        // At the end of the program nobody takes it; then the next step finds the same.
        self.core.spawn(async move { drop(events.send(Incoming { event, handled, settled: None }).await) });
    }

    /// Makes the place for a routine, and reports it before it is done: after a crash it is made again, by the same number.
    async fn open(&self, nonce: &str, home: &Place, owner: UserId, venue: Venue, title: &str) -> Result<(), SendError> {
        let made = match venue {
            Venue::PublicThread => self.thread(nonce, home, title).await.map(Some),
            Venue::Direct => self.direct(&owner).await,
            Venue::PrivateThread => Ok(None),
        };
        let place = match made {
            Ok(place) => place,
            Err(error @ SendError::Later { .. }) => return Err(error),
            Err(SendError::Never { why }) => {
                tracing::info!(why, "a routine's place can't be made");
                None
            }
        };
        let (handled, _) = oneshot::channel();
        let (settled, stored) = oneshot::channel();
        let event = Event::Opened { key: Key::Session(owner), place };
        let passed = self.core.events.send(Incoming { event, handled, settled: Some(settled) }).await.is_ok();
        match passed.then_some(stored.await) {
            Some(Ok(Settled::Stored | Settled::Unsaved)) => Ok(()),
            _ => Err(SendError::Later { after: super::send::SOON, why: "the bot is about to end".to_owned() }),
        }
    }

    /// A thread in the room, under a message that says what it is.
    async fn thread(&self, nonce: &str, home: &Place, title: &str) -> Result<Place, SendError> {
        let spot = spot_of(home)?;
        let room = self.core.joined(&spot.room).ok_or_else(|| never("the bot is not in the room"))?;
        let content = json!({ "msgtype": "m.notice", "body": title, "m.mentions": {} });
        let transaction = format!("{nonce}-0");
        let class = Class::Ordered(Priority::Step);
        let root = send(&self.core, &room, "m.room.message", content, &transaction, class).await?;
        let thread = Spot::thread(&spot.room, &root);
        self.core.saw(&thread, &root);
        Ok(thread.place(self.core.is_direct(&room)))
    }

    /// The person's direct room. It was asked for; where there is none it is made.
    async fn direct(&self, owner: &UserId) -> Result<Option<Place>, SendError> {
        let user = place::account(owner).ok_or_else(|| never("that is no account"))?;
        let (room, _) = self.core.own_room(&user).await?;
        Ok(Some(Spot::room(room.room_id()).place(true)))
    }

    fn sent(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spot_of(place: &Place) -> Result<Spot, SendError> {
    Spot::of(place).ok_or_else(|| never("the place is none of this platform"))
}

fn never(why: &str) -> SendError {
    SendError::Never { why: why.to_owned() }
}

/// A notice: what bots say, and what bots don't answer. It names nobody, so that nobody is pinged.
pub(super) fn notice(body: &str, html: Option<&str>) -> Value {
    let mut content = json!({ "msgtype": "m.notice", "body": body, "m.mentions": {} });
    if let Some(html) = html {
        content["format"] = json!("org.matrix.custom.html");
        content["formatted_body"] = json!(html);
    }
    content
}

/// What puts an event into a thread. Programs without threads show it as an answer to the newest event there.
fn in_thread(root: &str, newest: &str) -> Value {
    json!({
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": true,
        "m.in_reply_to": { "event_id": newest },
    })
}

/// Tells a room something in the adapter's own words.
pub(super) async fn tell(core: &Core, room: &Room, words: &str, transaction: &str) -> Result<(), SendError> {
    let class = Class::Ordered(Priority::Answer);
    send(core, room, "m.room.message", notice(words, None), transaction, class).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_pings_nobody_and_reads_without_markup() {
        let content = notice("a < b", Some("<p>a &lt; b</p>"));
        assert_eq!(content["msgtype"], "m.notice");
        assert_eq!(content["m.mentions"], json!({}));
        assert_eq!(content["body"], "a < b");
    }

    #[test]
    fn a_thread_falls_back_to_its_newest_event() {
        let relation = in_thread("$root", "$newest");
        assert_eq!(relation["event_id"], "$root");
        assert_eq!(relation["m.in_reply_to"]["event_id"], "$newest");
        assert_eq!(relation["is_falling_back"], true);
    }
}
