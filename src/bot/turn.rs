//! One person's event being handled: what was loaded for it, and the outcome as it grows.

use crate::answer::Finding;
use crate::base::id::Place;
use crate::base::time::Timestamp;
use crate::encoder::Reading;
use crate::locale::Phrases;
use crate::message::clean::without_escapes;
use crate::message::model::{Audience, Message};
use crate::port::action::{Mark, Order, Outcome, Post};
use crate::port::audit::Audit;
use crate::port::event::{FromPerson, Input};
use crate::port::record::{Key, Person, Recent, Record, Records, Running, Server};
use crate::settings::resolve::{Layers, Resolved};
use crate::settings::table::{ANSWERS, ATTACK_MODE, Layer, RETENTION, Setting};
use crate::settings::value::{Value, Values};

use super::Bot;
use super::refusal::Refusal;

/// The person's event, the records and the outcome.
pub(super) struct Turn<'a> {
    pub bot: &'a Bot,
    pub now: Timestamp,
    pub person: &'a FromPerson,
    pub records: &'a Records,
    pub outcome: Outcome,
    server: Server,
    audit: Audit,
    me: Person,
    me_changed: bool,
    server_changed: bool,
    audit_changed: bool,
    /// What was said last; written back at the end.
    pub recent: Recent,
    /// The flag that what was written is a general question about.
    pub about: Option<String>,
    /// What was read whole by the encoder in one piece: it needn't be read again to be answered.
    understood: Vec<(String, Reading)>,
}

/// What was said is remembered, in memory, for so long.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(60 * 60);
/// The days that everything is kept without use, unless it is wanted otherwise.
pub(super) const YEAR: u32 = 365;
/// A doubtful sign's open question is remembered for as long as a lock would hold: silence is no answer.
const ASKED: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

impl<'a> Turn<'a> {
    pub fn new(bot: &'a Bot, now: Timestamp, person: &'a FromPerson, records: &'a Records) -> Self {
        let server = records.server(person.place.server.as_ref());
        let audit = person.place.server.as_ref().map(|server| records.audit(server)).unwrap_or_default();
        let me = records.person(&person.who);
        let recent = records.recent(&person.who, &person.place.channel);
        let recent = match now.since(recent.at) {
            long if long > ASKED => Recent::default(),
            long if long > REMEMBERED => Recent { at: recent.at, asked_about: recent.asked_about, ..Recent::default() },
            _ => recent,
        };
        Self {
            bot,
            now,
            person,
            records,
            outcome: Outcome::default(),
            server,
            audit,
            me,
            me_changed: false,
            server_changed: false,
            audit_changed: false,
            recent,
            about: None,
            understood: Vec::new(),
        }
    }

    /// The sentences. They live as long as the bot, so that the turn can be changed while one is made.
    pub fn phrases(&self) -> &'a Phrases {
        &self.bot.phrases
    }

    /// Talk among people is none of the bot's business, but for words of a session's owner in its own thread.
    pub fn is_meant_for_us(&self) -> bool {
        match &self.person.input {
            Input::Said { addressed, .. } | Input::Unasked { addressed, .. } => {
                *addressed
                    || self.session().is_some_and(|running| running.own_place && running.place == self.person.place)
            }
            Input::Invoked(_) | Input::Pressed { .. } | Input::Completed { .. } | Input::NotTheirs => true,
        }
    }

    /// Keeps the reading of a text that was read whole in one piece.
    pub fn understood(&mut self, text: &str, readings: Vec<Reading>) {
        if let Ok([reading]) = <[Reading; 1]>::try_from(readings) {
            self.understood.push((text.to_owned(), reading));
        }
    }

    /// What answers a question. What only a terminal obeys is no part of it; the gate has read it with all that was written.
    pub fn find(&self, question: &str) -> Finding {
        let question = without_escapes(question);
        let known = self.understood.iter().find(|(text, _)| *text == question);
        match known {
            Some((_, reading)) => self.bot.answerer.find(&question, Some(reading)),
            None => self.bot.answerer.find(&question, self.bot.read(&question).as_ref()),
        }
    }

    /// How long ago something was said here last.
    pub fn since_recent(&self) -> std::time::Duration {
        self.now.since(self.recent.at)
    }

    /// The layers of settings that hold here.
    pub fn layers(&self) -> Layers<'_> {
        Layers { server: &self.server.settings, person: &self.me.settings }
    }

    /// Attack mode.
    pub fn is_quiet(&self) -> bool {
        self.layers().is_on(&ATTACK_MODE) || self.session().is_some_and(|running| running.session.quiet)
    }

    /// The person's running routine.
    pub fn session(&self) -> Option<&'a Running> {
        self.records.session(&self.person.who)
    }

    /// The person's preferences.
    pub fn me(&self) -> &Person {
        &self.me
    }

    /// Changes the person's preferences; they are written at the end.
    pub fn change_me(&mut self, change: impl FnOnce(&mut Person)) {
        change(&mut self.me);
        self.me_changed = true;
    }

    /// What the server has set.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What was changed in the server's settings; loaded for commands of those who may configure it.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Changes that; it is written at the end.
    pub fn change_audit(&mut self, change: impl FnOnce(&mut Audit)) {
        change(&mut self.audit);
        self.audit_changed = true;
    }

    /// Changes the server's record; it is written at the end. Where there is no server, nothing is written.
    pub fn change_server(&mut self, change: impl FnOnce(&mut Server)) {
        change(&mut self.server);
        self.server_changed = true;
    }

    /// A setting's value and where it comes from, as a layer sees it: a server's settings don't show a person's own.
    pub fn resolve(&self, setting: &Setting, layer: Layer) -> Resolved {
        let none = Values::default();
        match layer {
            Layer::Person => self.layers().resolve(setting),
            Layer::Server | Layer::Default => Layers { server: &self.server.settings, person: &none }.resolve(setting),
        }
    }

    /// The value that a server's setting has by itself.
    pub fn server_value(&self, setting: &Setting) -> Value {
        self.resolve(setting, Layer::Server).value
    }

    /// Answers, to those who may read what this person reads here: what was said aloud is answered aloud, a command as the server set.
    pub fn answer(&mut self, message: Message) {
        let aloud = match self.person.input {
            Input::Said { .. } | Input::Unasked { .. } => true,
            Input::Invoked(_) | Input::Pressed { .. } | Input::Completed { .. } | Input::NotTheirs => {
                self.layers().word(&ANSWERS) == "public"
            }
        };
        let audience = if aloud { Audience::Everyone } else { Audience::Private };
        let quiet = self.is_quiet();
        self.post(Message { audience, quiet, ..message }, false);
    }

    /// Tells the person alone.
    pub fn tell(&mut self, message: Message) {
        let quiet = self.is_quiet();
        self.post(Message { audience: Audience::Private, quiet, ..message }, false);
    }

    /// Tells the person alone, in the place of what they pressed, so that it stays one message.
    pub fn tell_instead(&mut self, message: Message) {
        let quiet = self.is_quiet();
        self.post(Message { audience: Audience::Private, quiet, ..message }, true);
    }

    /// Says what may wait behind nothing.
    pub fn say_at_once(&mut self, place: &Place, message: Message) {
        let post = Post {
            place: place.clone(),
            person: self.person.who.clone(),
            reply: (place == &self.person.place).then(|| self.person.reply.clone()).flatten(),
            step: None,
            begins: false,
            urgent: true,
            instead: false,
            message,
        };
        self.outcome.orders.push(Order::Say(post));
    }

    /// Answers with a refusal, and remembers it for `nape why`.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.pass_over(&refusal);
        let message = refusal.message(self.phrases());
        self.tell(message);
    }

    /// Declines in silence; `nape why` knows the reason all the same.
    pub fn pass_over(&mut self, refusal: &Refusal) {
        let (code, words) = refusal.reason();
        self.outcome.marks.push(Mark::Refused(code));
        self.recent.reason = Some((code.to_owned(), words));
    }

    /// The outcome, with the records that changed on the way.
    pub fn finish(mut self) -> Outcome {
        let today = self.now.day();
        let is_known = self.records.get(&Key::Person(self.person.who.clone())).is_some();
        let keep = self.keep();
        let is_old = self.me.last_used != today || self.me.keep != keep;
        if self.me_changed || (is_known && is_old && !self.deletes_me()) {
            (self.me.last_used, self.me.keep) = (today, keep);
            let record = Record::Person(self.me.clone());
            self.outcome.set(Key::Person(self.person.who.clone()), record);
        }
        if let Some(server) = self.person.place.server.clone().filter(|_| self.server_changed) {
            self.outcome.set(Key::Server(server), Record::Server(self.server));
        }
        if let Some(server) = self.person.place.server.clone().filter(|_| self.audit_changed) {
            self.outcome.set(Key::Audit(server), Record::Audit(self.audit));
        }
        self.recent.at = self.now;
        let key = Key::Recent(self.person.who.clone(), self.person.place.channel.clone());
        self.outcome.set(key, Record::Recent(self.recent));
        self.outcome
    }

    /// After how many days without use the person's record is deleted, as it is wanted here; where nobody could want anything, as before.
    pub fn keep(&self) -> Option<u32> {
        match &self.person.place.server {
            Some(_) => self.layers().number(&RETENTION).filter(|days| *days < YEAR),
            None => self.me.keep,
        }
    }

    fn deletes_me(&self) -> bool {
        let mine = Key::Person(self.person.who.clone());
        self.outcome.changes.iter().any(|change| change.key == mine && change.record.is_none())
    }

    fn post(&mut self, message: Message, instead: bool) {
        let post = Post {
            place: self.person.place.clone(),
            person: self.person.who.clone(),
            reply: self.person.reply.clone(),
            step: None,
            begins: false,
            urgent: false,
            instead,
            message,
        };
        self.outcome.orders.push(Order::Say(post));
    }
}
