//! What is to be said and done, as requests. One to one: what a part says is decided before it comes here.
//!
//! A private part goes by the interaction that it answers, or not at all. Nothing pings: no mention is ever allowed.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use serenity::builder::CreateAttachment;
use serenity::model::id::{ChannelId, MessageId, UserId as User};
use tokio::sync::oneshot;

use crate::adapter::{Call, Delivery, Incoming, SendError, Work};
use crate::base::id::{Place, PlaceKind, UserId};
use crate::message::part::{Delivery as How, Part};
use crate::port::action::{StepMark, Venue};
use crate::port::event::{Event, ReplyToken};
use crate::port::record::Key;

use super::cards::Shown;
use super::forbidden::Deed;
use super::interactions::{Interaction, Kind};
use super::limits::Tally;
use super::place::Target;
use super::refused::{Refused, what_was_said};
use super::{CAPABILITIES, Shared, components, place};

/// Messages older than an hour can be changed only so often (code 30046): a younger one can.
const STILL_NEW: Duration = Duration::from_secs(55 * 60);
/// A thread that nobody writes in is put away by Discord itself after this time, in minutes.
const AUTO_ARCHIVE: u16 = 60;
/// The longest name of a thread, in characters.
const LONGEST_TITLE: usize = 100;
/// No push, no sound: who is led through a routine is looking, or needs quiet.
const SILENT: u64 = 1 << 12;
/// How long a request may take; then it is made again, with the same number.
const REQUEST: Duration = Duration::from_secs(120);
/// Threads, as Discord numbers channels.
const PUBLIC_THREAD: u8 = 11;
const PRIVATE_THREAD: u8 = 12;

/// A message on its way.
struct Say<'a> {
    nonce: u64,
    place: &'a Place,
    person: &'a UserId,
    reply: Option<ReplyToken>,
    step: Option<StepMark>,
    instead: bool,
}

impl Shared {
    /// Carries out a delivery, and says what came of it.
    pub(super) async fn carry_out(self: Arc<Self>, delivery: Delivery) {
        let Delivery { nonce, work, priority: _, done } = delivery;
        let pause = self.tally().pause(self.time.now());
        let result = if pause.is_zero() {
            tokio::select! {
                result = self.work(nonce, work) => result,
                () = self.time.wait(REQUEST) => {
                    Err(SendError::Later { after: Duration::ZERO, why: "there was no answer in time".to_owned() })
                }
            }
        } else {
            let why = "too many requests were refused; all wait, so that Discord doesn't ban the address".to_owned();
            Err(SendError::Later { after: pause, why })
        };
        // The runtime may have stopped waiting, which is its right.
        let _ = done.send(result);
    }

    async fn work(self: &Arc<Self>, nonce: u64, work: Work) -> Result<(), SendError> {
        match work {
            Work::Say { place, person, reply, step, instead, parts } => {
                let instead = instead && parts.len() == 1;
                let say = Say { nonce, place: &place, person: &person, reply, step, instead };
                let said = self.say_all(&say, &parts).await;
                if let (Err(SendError::Never { .. }), Some(_)) = (&said, &say.step) {
                    self.is_gone(&place, &person);
                }
                said
            }
            Work::Open { home, owner, session: _, venue, title } => {
                let opened = self.open(&home, &owner, venue, &title).await?;
                drop(self.pass_on(Event::Opened { key: Key::Session(owner), place: opened }));
                Ok(())
            }
            Work::Close { place, session: _ } => {
                if let Some(Target::Channel(thread)) = place::target(&place.channel) {
                    self.cards.forget(thread);
                    // A direct conversation stays; a thread is put away.
                    if place.kind != PlaceKind::Direct {
                        let put_away = self.http.edit_thread(thread, &json!({"archived": true}), None).await;
                        self.result(put_away)?;
                    }
                }
                Ok(())
            }
        }
    }

    async fn say_all(self: &Arc<Self>, say: &Say<'_>, parts: &[Part]) -> Result<(), SendError> {
        let interaction = say.reply.as_ref().map(|reply| self.interactions.find(reply, self.time.now()));
        for (number, part) in parts.iter().enumerate() {
            match (part.delivery, &interaction, &say.step) {
                (_, Some(Some(interaction)), Some(mark)) if part.delivery == How::Here => {
                    self.step(say, Some(interaction), mark, number, part).await?;
                }
                (How::Here, _, Some(mark)) => self.step(say, None, mark, number, part).await?,
                (How::Here | How::Whisper, Some(Some(interaction)), _) => {
                    self.answer(say, interaction, number, part).await?;
                }
                (How::Whisper, _, _) => {
                    let why = "a private answer's time is over, and it goes no other way".to_owned();
                    return Err(SendError::Never { why });
                }
                (How::Here, _, None) => drop(self.send(say, number, part).await?),
            }
        }
        Ok(())
    }

    /// An answer, by the way that the question came.
    async fn answer(
        &self,
        say: &Say<'_>,
        interaction: &Interaction,
        number: usize,
        part: &Part,
    ) -> Result<(), SendError> {
        let whisper = part.delivery == How::Whisper;
        let (body, files) = (self.body(say, part), files(part));
        if say.instead {
            match interaction.say_instead(&self.http, &body).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => self.note(&error),
            }
        }
        match interaction.say(&self.http, body, files, whisper).await {
            Ok(()) => {
                self.pulse.called(Call::Sent);
                Ok(())
            }
            // Too late for it, but nothing that others may not read, and a place that can be written in.
            Err(error) if !whisper && Refused::of(&error) == Refused::Interaction => {
                self.send(say, number, part).await.map(drop)
            }
            Err(error) => self.result(Err(error)),
        }
    }

    /// A step's card, or the note under it. What belongs to the step that is shown changes the note; a new step is a new
    /// message, so that those who have things read to them hear it.
    async fn step(
        &self,
        say: &Say<'_>,
        interaction: Option<&Arc<Interaction>>,
        mark: &StepMark,
        number: usize,
        part: &Part,
    ) -> Result<(), SendError> {
        let Some(Target::Channel(channel)) = place::target(&say.place.channel) else {
            return self.send(say, number, part).await.map(drop);
        };
        let now = self.time.now();
        let before = self.cards.get(channel).filter(|shown| shown.mark.as_ref() == Some(mark));
        if let Some(Shown { note: Some((note, at)), .. }) = before
            && now.since(at) < STILL_NEW
        {
            let body = self.body(say, part);
            if let Some(interaction) = interaction.filter(|interaction| interaction.kind == Kind::Press(note)) {
                match interaction.change(&self.http, &body).await {
                    Ok(true) => {
                        self.pulse.called(Call::Edited);
                        return Ok(());
                    }
                    Ok(false) => {}
                    Err(error) => self.note(&error),
                }
            }
            self.may(channel, Deed::Speak)?;
            match self.http.edit_message(channel, note, &body, Vec::new()).await {
                Ok(_) => {
                    self.pulse.called(Call::Edited);
                    return Ok(());
                }
                Err(error) if Refused::of(&error) == Refused::Message => self.note(&error),
                Err(error) => return self.result_in(channel, Deed::Speak, Err(error)),
            }
        }
        let bare = json!({"components": [], "allowed_mentions": {"parse": []}});
        // The card under which it was pressed has done its work: its buttons go, in the same breath as the answer.
        if let (Some(interaction), None) = (interaction, &before)
            && matches!(interaction.kind, Kind::Press(_))
            && let Err(error) = interaction.change(&self.http, &bare).await
        {
            self.note(&error);
        }
        let sent = self.send(say, number, part).await?;
        let note = before.is_some().then_some((sent, now));
        let (owner, place) = (say.person.clone(), say.place.clone());
        self.cards.set(channel, Shown { owner, place, mark: Some(mark.clone()), note });
        Ok(())
    }

    /// A message of its own.
    async fn send(&self, say: &Say<'_>, number: usize, part: &Part) -> Result<MessageId, SendError> {
        let channel = match place::target(&say.place.channel) {
            Some(Target::Channel(channel)) => channel,
            Some(Target::With(who)) => self.conversation(who).await?,
            None => return Err(SendError::Never { why: "its place is not one of Discord's".to_owned() }),
        };
        self.may(channel, Deed::Speak)?;
        let mut body = self.body(say, part);
        body["flags"] = json!(SILENT);
        // The same after a lost answer or a restart: Discord gives back the message that is there.
        if say.nonce > 0 {
            body["nonce"] = json!(format!("{}.{number}", say.nonce));
            body["enforce_nonce"] = json!(true);
        }
        let sent = self.http.send_message(channel, files(part), &body).await;
        let message = self.result_in(channel, Deed::Speak, sent)?;
        self.pulse.called(Call::Sent);
        Ok(message.id)
    }

    fn body(&self, say: &Say<'_>, part: &Part) -> Value {
        let rows = components::rows(part, |line| self.signer.id(say.person.local(), line), say.step.is_some());
        json!({
            "content": part.write(&CAPABILITIES),
            "components": rows,
            "allowed_mentions": {"parse": []},
        })
    }

    /// A place for a routine; `None` when it can't be had.
    async fn open(&self, home: &Place, owner: &UserId, venue: Venue, title: &str) -> Result<Option<Place>, SendError> {
        let (Some(who), Some(Target::Channel(channel))) = (place::user_of(owner), place::target(&home.channel)) else {
            return Ok(None);
        };
        let opened = match venue {
            Venue::Direct => self.conversation(who).await.map(place::direct),
            Venue::PrivateThread => self.thread(home, channel, who, PlaceKind::PrivateThread, title).await,
            Venue::PublicThread => self.thread(home, channel, who, PlaceKind::PublicThread, title).await,
        };
        match opened {
            Ok(place) => {
                if let Some(Target::Channel(channel)) = place::target(&place.channel) {
                    let shown = Shown { owner: owner.clone(), place: place.clone(), mark: None, note: None };
                    self.cards.set(channel, shown);
                }
                Ok(Some(place))
            }
            Err(SendError::Never { why }) => {
                tracing::info!(why, "a place for a routine can't be had");
                Ok(None)
            }
            Err(later) => Err(later),
        }
    }

    async fn thread(
        &self,
        home: &Place,
        channel: ChannelId,
        who: User,
        kind: PlaceKind,
        title: &str,
    ) -> Result<Place, SendError> {
        let name: String = title.chars().take(LONGEST_TITLE).collect();
        let mut body = json!({"name": name, "auto_archive_duration": AUTO_ARCHIVE, "type": PUBLIC_THREAD});
        if kind == PlaceKind::PrivateThread {
            body["type"] = json!(PRIVATE_THREAD);
            body["invitable"] = json!(false);
        }
        let deed = if kind == PlaceKind::PrivateThread { Deed::OpenPrivate } else { Deed::OpenPublic };
        self.may(channel, deed)?;
        let made = self.http.create_thread(channel, &body, None).await;
        let thread = self.result_in(channel, deed, made)?;
        let added = self.http.add_thread_channel_member(thread.id, who).await;
        self.result(added)?;
        Ok(place::thread(home, thread.id, kind))
    }

    async fn conversation(&self, who: User) -> Result<ChannelId, SendError> {
        let opened = self.http.create_private_channel(&json!({"recipient_id": who})).await;
        self.result(opened).map(|conversation| conversation.id)
    }

    /// Passes an event on; what comes back is done once all that follows from it is delivered.
    pub(super) fn pass_on(self: &Arc<Self>, event: Event) -> impl Future<Output = ()> + Send + use<> {
        let (handled, done) = oneshot::channel();
        let events = self.events.clone();
        let sent = tokio::spawn(async move { events.send(Incoming { event, handled, settled: None }).await.is_ok() });
        async move {
            if sent.await.unwrap_or(false) {
                // Dropped without an answer, it could not be handled; the log says why.
                let _ = done.await;
            }
        }
    }

    /// A routine's place is gone: it ends there.
    fn is_gone(self: &Arc<Self>, place: &Place, owner: &UserId) {
        if let Some(Target::Channel(channel)) = place::target(&place.channel) {
            self.cards.forget(channel);
        }
        drop(self.pass_on(Event::Gone { key: Key::Session(owner.clone()), place: place.clone() }));
    }

    /// Whether it makes sense to ask Discord for it.
    fn may(&self, channel: ChannelId, deed: Deed) -> Result<(), SendError> {
        let after = self.tally().wait_of_all(self.time.now());
        if !after.is_zero() {
            return Err(SendError::Later { after, why: "Discord wants everything to wait".to_owned() });
        }
        if self.forbidden.holds(channel, deed, self.time.now()) {
            return Err(SendError::Never { why: "Discord has refused it there a short time ago".to_owned() });
        }
        Ok(())
    }

    /// What the outbox is told of a request that a channel's permissions can forbid.
    fn result_in<T>(&self, channel: ChannelId, deed: Deed, result: serenity::Result<T>) -> Result<T, SendError> {
        if result.as_ref().is_err_and(|error| Refused::of(error) == Refused::Place) {
            self.forbidden.note(channel, deed, self.time.now());
        }
        self.result(result)
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the outbox is told of a request.
    fn result<T>(&self, result: serenity::Result<T>) -> Result<T, SendError> {
        result.map_err(|error| {
            self.note(&error);
            let refused = Refused::of(&error);
            if refused == Refused::Request {
                tracing::error!(why = what_was_said(&error), "Discord refuses a request as wrong");
            }
            refused.as_send_error(&error)
        })
    }

    /// Counts a refusal; a refused token ends the adapter.
    pub(super) fn note(&self, error: &serenity::Error) {
        self.tally().note(error, self.time.now());
        match Refused::of(error) {
            Refused::Token => self.token_refused.notify_one(),
            Refused::Rate => self.pulse.called(Call::Throttled),
            _ => {}
        }
    }
}

fn files(part: &Part) -> Vec<CreateAttachment> {
    part.files().map(|(name, content)| CreateAttachment::bytes(content.as_bytes(), name)).collect()
}
