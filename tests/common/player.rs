//! Plays a script on one profile: from lines to events, from orders to what people see.

use std::collections::BTreeMap;
use std::time::Duration;

use nape::app::limits::{Beyond, Limits};
use nape::base::id::{ChannelId, EventId, Place, PlaceKind, UserId};
use nape::base::time::Timestamp;
use nape::bot::Bot;
use nape::command::parse::parse;
use nape::command::table::Command;
use nape::message::degrade::{Surroundings, degrade};
use nape::message::model::Message;
use nape::message::part::{Mark, Part, ShownChoice};
use nape::port::action::{Order, Venue};
use nape::port::event::{Event, FromPerson, Ground, Input, ReplyToken, Venues};
use nape::port::record::{Key, Record};
use nape::settings::table::LOG_CHANNEL;

use super::profile::Profile;
use super::script::{Action, ME, Script};
use super::world::World;

/// A text longer than this, in characters, is no value that a record could hold by chance.
const SAYS_SOMETHING: usize = 8;

/// A message as somebody sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Whom it is for.
    pub who: String,
    /// Where it stands.
    pub place: Place,
    /// As the bot wrote it.
    pub message: Message,
    /// As it was fitted to the profile.
    pub parts: Vec<Part>,
    /// Whether it answers an event of its own person through a reply token.
    pub is_reply: bool,
    /// Whether it is a card of a running routine.
    pub is_card: bool,
    /// Whether a routine is led in this place, before or after it.
    pub is_led_here: bool,
    /// Whether it answers nobody and stands where the server wants its changes announced.
    pub is_announced: bool,
}

/// A script as it went.
pub struct Play {
    /// What was seen after each step.
    pub seen: Vec<Vec<Shown>>,
    /// What each step's person did.
    pub inputs: Vec<Option<Input>>,
    /// What did not hold, by line.
    pub failures: Vec<(usize, String)>,
    /// What is stored at the end.
    pub world: World,
}

/// Everything that goes on around the bot.
pub struct Player {
    pub bot: &'static Bot,
    pub profile: Profile,
    pub world: World,
    pub home: Place,
    pub venues: Venues,
    /// Whether a place that was asked for can be made.
    pub opens: bool,
    /// Whether the transcript's person may configure the server.
    pub is_admin: bool,
    /// The roles of the transcript's person.
    pub roles: Vec<String>,
    /// What the platform says of rights.
    pub grounds: Vec<Ground>,
    /// How much may be asked; without it, everything.
    pub limits: Option<Limits>,
    places: BTreeMap<String, Place>,
    offers: BTreeMap<String, Vec<Vec<ShownChoice>>>,
    last: BTreeMap<String, Input>,
    events: u64,
    shown: Vec<Shown>,
}

impl Player {
    pub fn new(bot: &'static Bot, profile: Profile, server: bool, shared: bool) -> Self {
        let begin: jiff::Timestamp = "2026-11-23T09:00:00Z".parse().expect("this is a moment");
        let world = World::new(bot, Timestamp::from_millis(begin.as_millisecond()));
        let (places, offers, last) = Default::default();
        let home = profile.home(server, shared);
        Self {
            bot,
            profile,
            world,
            home,
            venues: profile.venues(),
            opens: true,
            is_admin: false,
            roles: Vec::new(),
            grounds: Vec::new(),
            limits: None,
            places,
            offers,
            last,
            events: 0,
            shown: Vec::new(),
        }
    }

    /// Plays all steps; on a profile that withholds, only as far as a person there could go. `before` is how it went on the
    /// profile that the script was written for.
    pub fn play(mut self, script: &Script, before: Option<&Play>) -> Play {
        let (mut seen, mut inputs, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for (at, step) in script.steps.iter().enumerate() {
            let mut input = None;
            match &step.action {
                Action::Says { who, text } => {
                    let meant = self.input(who, text);
                    let pressed = before.and_then(|play| play.inputs[at].as_ref());
                    let could =
                        matches!(meant, Ok(Input::Pressed { .. })) || !matches!(pressed, Some(Input::Pressed { .. }));
                    match meant {
                        Ok(_) if !could && self.profile == Profile::ReactionsAloud => break,
                        Ok(did) => {
                            input = Some(did.clone());
                            self.person(who, did);
                        }
                        Err(_) if self.profile == Profile::ReactionsAloud => break,
                        Err(error) => failures.push((step.line, error)),
                    }
                }
                Action::Passes(span) => self.pass(*span),
                Action::Dead(span) => self.die(*span),
                Action::Stored(kinds) => {
                    let stored = self.kinds();
                    if stored != *kinds {
                        failures.push((step.line, format!("expected stored: {kinds}\n     got stored: {stored}")));
                    }
                }
                Action::Holds { tree, json } => {
                    let held: Vec<String> = self
                        .world
                        .records()
                        .filter(|(key, _)| key.tree() == tree)
                        .map(|(_, record)| json_of(&record))
                        .collect();
                    if held.iter().all(|held| !held.contains(json)) {
                        failures.push((
                            step.line,
                            format!("no {tree} holds {json}\n     got {}", held.join("\n         ")),
                        ));
                    }
                }
            }
            failures.extend(std::mem::take(&mut self.world.broken).into_iter().map(|law| (step.line, law)));
            seen.push(std::mem::take(&mut self.shown));
            inputs.push(input);
        }
        Play { seen, inputs, failures, world: self.world }
    }

    /// What a line means: a choice by its number, label or word, else what is typed.
    fn input(&self, who: &str, text: &str) -> Result<Input, String> {
        let own = self.offers.get(who).or_else(|| self.offers.get(ME));
        let offered = own.map(Vec::as_slice).unwrap_or_default();
        if text == "(again)" {
            return self.last.get(who).cloned().ok_or_else(|| "nothing was done before".to_owned());
        }
        if text == "(not theirs)" {
            return Ok(Input::NotTheirs);
        }
        if let Some(text) = text.strip_prefix("(edited) ") {
            return Ok(Input::Unasked { text: text.to_owned(), addressed: true });
        }
        if let Some(label) = text.strip_prefix("(old) ") {
            let old = offered.iter().rev().skip(1).flatten().find(|shown| shown.choice.is_meant_by(label));
            let press = old.map(|shown| Input::Pressed { line: shown.choice.line.clone() });
            return press.ok_or_else(|| format!("no earlier message offers {label}"));
        }
        let number = text.trim().parse::<usize>().ok();
        let chosen = offered
            .last()
            .into_iter()
            .flatten()
            .find(|shown| Some(shown.number) == number || shown.choice.is_meant_by(text));
        let has_session = self.world.record(&Key::Session(self.user(who))).is_some();
        Ok(match chosen {
            Some(shown) => Input::Pressed { line: shown.choice.line.clone() },
            None => self.profile.typed(text, has_session),
        })
    }

    fn person(&mut self, who: &str, input: Input) {
        self.events += 1;
        self.last.insert(who.to_owned(), input.clone());
        let place = self.place_of(who);
        let token = format!("token-{}", self.events);
        let event = FromPerson {
            id: EventId::new(&self.home.platform, self.events),
            who: self.user(who),
            grounds: self.grounds.clone(),
            venues: if place.kind == PlaceKind::Shared { self.venues } else { Venues::default() },
            place,
            may_configure: self.is_admin && who == ME,
            roles: self.roles.clone(),
            reply: self.profile.has_reply_tokens().then_some(ReplyToken(token)),
            input,
        };
        let reply = event.reply.clone();
        let written: Vec<String> = match &event.input {
            Input::Said { text, .. } | Input::Unasked { text, .. } if parse(text).is_err() => vec![text.clone()],
            Input::Invoked(invocation) if invocation.command == Command::Ask => {
                invocation.free_text().map(str::to_owned).collect()
            }
            Input::Said { .. }
            | Input::Invoked(_)
            | Input::Pressed { .. }
            | Input::Completed { .. }
            | Input::NotTheirs
            | Input::Unasked { .. } => Vec::new(),
        };
        let beyond = self.limits.as_ref().and_then(|limits| limits.count(self.world.now, &event));
        let event = match beyond {
            Some(Beyond { limit, tell }) => Event::Beyond { person: event, limit, tell },
            None => Event::Person(event),
        };
        self.happen(&event, reply.as_ref());
        let keeps = |text: &String| {
            let said = text.chars().count() > SAYS_SOMETHING;
            said && self.world.records().any(|(_, record)| json_of(&record).contains(text.as_str()))
        };
        if let Some(text) = written.iter().find(|text| keeps(text)) {
            self.world.broken.push(format!("a record keeps what a person wrote: {text}"));
        }
    }

    /// Time passes; whatever is due comes to pass at its own moment.
    fn pass(&mut self, span: Duration) {
        let end = self.world.now + span;
        while let Some((at, key)) = self.world.next_due().filter(|(at, _)| *at <= end) {
            self.world.now = self.world.now.max(at);
            self.happen(&Event::Due { key, at }, None);
            if !self.world.broken.is_empty() {
                break;
            }
        }
        self.world.now = end;
    }

    /// The process is away for this time, and then finds what runs.
    fn die(&mut self, span: Duration) {
        self.world.now = self.world.now + span;
        self.world.forget();
        let running: Vec<Key> =
            self.world.records().map(|(key, _)| key.clone()).filter(|key| key.tree() == "session").collect();
        for key in running {
            self.happen(&Event::Returned { key }, None);
        }
        if let Some((at, key)) = self.world.next_due().filter(|(at, _)| *at <= self.world.now) {
            self.world.broken.push(format!("{key:?} was due at {at}, before the process came back, and still is"));
        }
    }

    fn happen(&mut self, event: &Event, token: Option<&ReplyToken>) {
        let mut opened = Vec::new();
        let led_before = self.led_in();
        for order in self.world.handle(event) {
            match order {
                Order::Say(post) => {
                    let around = Surroundings {
                        place_is_private: post.place.kind.is_private(),
                        has_reply_token: post.reply.is_some(),
                    };
                    let parts = degrade(&post.message, &self.profile.capabilities(), around, &self.bot.withheld());
                    let who = post.person.local().to_owned();
                    let choices: Vec<ShownChoice> = parts.iter().flat_map(|part| part.choices.clone()).collect();
                    if !choices.is_empty() {
                        self.offers.entry(who.clone()).or_default().push(choices);
                    }
                    if post.reply.is_some() && post.reply.as_ref() != token {
                        self.world.broken.push("a message answers an event that is over".to_owned());
                    }
                    let is_led_here = led_before.iter().chain(&self.led_in()).any(|place| *place == post.place);
                    let is_announced =
                        post.reply.is_none() && self.announced_in().as_ref() == Some(&post.place.channel);
                    self.shown.push(Shown {
                        is_led_here,
                        is_announced,
                        who,
                        place: post.place,
                        message: post.message,
                        parts,
                        is_reply: post.reply.is_some(),
                        is_card: post.step.is_some(),
                    });
                }
                Order::Open { owner, venue, .. } => {
                    let kind = match venue {
                        Venue::PrivateThread => PlaceKind::PrivateThread,
                        Venue::PublicThread => PlaceKind::PublicThread,
                        Venue::Direct => PlaceKind::Direct,
                    };
                    let place = self.opens.then(|| self.profile.thread(&self.home, owner.local(), kind));
                    if let Some(place) = &place {
                        self.places.insert(owner.local().to_owned(), place.clone());
                    }
                    opened.push(Event::Opened { key: Key::Session(owner), place });
                }
                Order::Close { place, .. } => self.places.retain(|_, own| *own != place),
            }
        }
        for event in opened {
            self.happen(&event, None);
        }
    }

    /// Where somebody speaks: their routine's thread while there is one; others come by where the transcript's person is.
    fn place_of(&self, who: &str) -> Place {
        self.places.get(who).or_else(|| self.places.get(ME)).unwrap_or(&self.home).clone()
    }

    /// Where routines are led just now.
    fn led_in(&self) -> Vec<Place> {
        let running = self.world.records().filter_map(|(_, record)| match record {
            Record::Session(running) => Some(running.place),
            _ => None,
        });
        running.collect()
    }

    /// The channel in which the server wants its changes announced.
    fn announced_in(&self) -> Option<ChannelId> {
        let record = self.world.record(&Key::Server(self.home.server.clone()?))?;
        let Record::Server(server) = record else { return None };
        Some(ChannelId::new(&self.home.platform, server.settings.get(LOG_CHANNEL.key)?.to_string()))
    }

    pub fn user(&self, who: &str) -> UserId {
        UserId::new(&self.home.platform, who)
    }

    fn kinds(&self) -> String {
        let mut kinds: Vec<&str> =
            self.world.records().map(|(key, _)| key.tree()).filter(|tree| *tree != "server").collect();
        kinds.dedup();
        kinds.sort_unstable();
        if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") }
    }
}

/// A record as it is stored, without its version.
pub fn json_of(record: &Record) -> String {
    String::from_utf8_lossy(&record.encode()[1..]).into_owned()
}

/// What the transcript's person sees after a step, line by line.
pub fn lines(seen: &[Shown], profile: Profile) -> Vec<String> {
    let mut lines = Vec::new();
    for shown in seen {
        for part in &shown.parts {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            let name = if shown.who == ME { String::new() } else { format!("({}) ", shown.who) };
            let text = name + part.write(&profile.capabilities()).as_str();
            lines.extend(text.lines().map(|line| format!("< {line}").trim_end().to_owned()));
            let buttons = part.choices.iter().filter(|shown| shown.mark == Mark::Button);
            let buttons: Vec<String> = buttons.map(|shown| format!("[{}]", shown.choice.label)).collect();
            if !buttons.is_empty() {
                lines.extend(["<".to_owned(), format!("< {}", buttons.join(" "))]);
            }
        }
    }
    lines
}
