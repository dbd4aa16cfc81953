//! The terminal: one person at one screen, by line editor, or by pipe for scripts.
//!
//! It talks as a direct room does: no prefix, slashes accepted, choices by number or word. Nothing that is shown can carry
//! control sequences, and free text is never written to the history.

mod keyboard;
mod paste;
mod show;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::adapter::choose;
use crate::adapter::{Delivery, Incoming, Link, Names, Profile, SendError, Time, Work};
use crate::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, ServerId, UserId};
use crate::base::time::{Timestamp, parse_span};
use crate::command::parse::Invocation;
use crate::command::table::Command;
use crate::message::capabilities::{Capabilities, Choices, Countdown, Markup, PrivateMeans};
use crate::message::model::{Block, Choice};
use crate::message::part::Part;
use crate::port::event::{Event, FromPerson, Input, Venues};
use crate::port::record::Key;

pub use keyboard::Line;
use paste::Pasted;
use show::Screen;

/// The platform's name.
pub const PLATFORM: &str = "terminal";

/// What a terminal can show.
const CAPABILITIES: Capabilities = Capabilities {
    choices: Choices::Numbers,
    private: PrivateMeans::Always,
    markup: Markup::None,
    max_chars: 20_000,
    countdown: Countdown::Live,
    files: false,
    links: false,
    edits: false,
};

/// How the terminal is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By a person, with a line editor.
    Screen {
        /// Whether time that runs down is drawn.
        live: bool,
    },
    /// By a script: lines are played one after the other.
    Pipe,
}

/// Time where lines may be played from a script.
pub trait ScriptTime: Time {
    /// No line will come any more: nothing holds time back.
    fn no_more_input(&self);
}

/// The adapter.
pub struct Terminal {
    /// Who sits there.
    pub user: String,
    /// What can be completed.
    pub names: Names,
    /// Time.
    pub time: Arc<dyn ScriptTime>,
    /// How it is spoken to.
    pub mode: Mode,
    /// Where commands are remembered for the arrow keys.
    pub history: Option<std::path::PathBuf>,
}

/// Why the terminal ended.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The line editor.
    #[error("the line editor failed: {0}; try a pipe, or another terminal")]
    Editor(String),
    /// Writing.
    #[error("nothing can be shown: {0}")]
    Output(String),
}

/// What the runtime has to know.
pub fn profile() -> Profile {
    Profile { platform: Platform::new(PLATFORM), capabilities: CAPABILITIES }
}

/// The person with this name.
pub fn user(name: &str) -> UserId {
    UserId::new(&Platform::new(PLATFORM), name)
}

/// Their conversation.
pub fn place(name: &str) -> Place {
    let platform = Platform::new(PLATFORM);
    // Whoever sits there may configure it: the terminal is a server of its own.
    let server = Some(ServerId::new(&platform, PLATFORM));
    Place { server, channel: ChannelId::new(&platform, name), parent: None, kind: PlaceKind::Direct, platform }
}

impl Terminal {
    /// Runs until the input ends, somebody leaves, or it is told to stop.
    ///
    /// # Errors
    /// When lines can't be read or shown. A reader that has gone away is no error.
    pub async fn run(self, link: Link) -> Result<(), TerminalError> {
        let offered = Arc::new(Mutex::new(Vec::new()));
        let (lines, screen) = match self.mode {
            Mode::Screen { .. } => keyboard::edit(self.names.clone(), self.history.clone(), offered.clone())
                .map_err(|error| TerminalError::Editor(error.to_string()))?,
            Mode::Pipe => keyboard::pipe(std::io::stdin()),
        };
        self.converse(link, lines, screen, offered).await
    }

    async fn converse(
        self,
        link: Link,
        mut lines: mpsc::Receiver<Line>,
        screen: Screen,
        offered: Arc<Mutex<Vec<Choice>>>,
    ) -> Result<(), TerminalError> {
        // There is no connection that could be lost, and no server.
        let Link { events, mut deliveries, mut stop, prefixes: _, servers: _, pulse: _ } = link;
        let is_screen = self.mode != Mode::Pipe;
        let started = self.time.now();
        let pasted = Pasted::default();
        let mut talk = Talk { started, count: 0, screen, offered, pasted, until: None, terminal: self };
        let mut events = Some(events);
        let mut waiting: Option<Waiting> = None;
        if is_screen {
            let hello = Input::Invoked(Invocation::new(Command::Hello));
            waiting = talk.send(events.as_ref(), hello).await;
        }
        loop {
            tokio::select! {
                biased;
                delivery = deliveries.recv() => match delivery {
                    Some(delivery) => talk.carry_out(delivery, events.as_ref())?,
                    None => return Ok(()),
                },
                () = stopped(&mut stop) => return Ok(()),
                () = ready(&mut waiting) => waiting = None,
                line = lines.recv(), if waiting.is_none() && events.is_some() => match line {
                    Some(Line::Text(text)) => match talk.line(&text, events.as_ref()).await? {
                        Next::Wait(next) => waiting = next,
                        Next::Leave => events = None,
                    },
                    Some(Line::Interrupted) => talk.screen.show("Type stop to end a routine, Ctrl-D to leave.\n", false)?,
                    Some(Line::Failed(error)) => return Err(TerminalError::Editor(error)),
                    None => match talk.pasted.rest() {
                        // The fence was never closed: what there is, is meant.
                        Some(text) => waiting = talk.send(events.as_ref(), Input::Said { text, addressed: true }).await,
                        None => events = None,
                    },
                },
                () = talk.tick(), if talk.until.is_some() => talk.draw_time()?,
            }
            if events.is_none() {
                talk.terminal.time.no_more_input();
                if is_screen {
                    return Ok(());
                }
            }
        }
    }
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a line leads to.
enum Next {
    /// Something to wait for before the next line, or nothing.
    Wait(Option<Waiting>),
    /// The end.
    Leave,
}

/// A conversation.
struct Talk {
    terminal: Terminal,
    started: Timestamp,
    count: u64,
    screen: Screen,
    /// The choices of the last message that had any.
    offered: Arc<Mutex<Vec<Choice>>>,
    /// Lines of a file of which more are to come.
    pasted: Pasted,
    /// What the time that is drawn runs down to.
    until: Option<Timestamp>,
}

impl Talk {
    async fn line(&mut self, line: &str, events: Option<&mpsc::Sender<Incoming>>) -> Result<Next, TerminalError> {
        self.screen.interrupted();
        let Some(text) = self.pasted.line(line) else { return Ok(Next::Wait(None)) };
        let trimmed = text.trim();
        Ok(match trimmed.split_once(' ').unwrap_or((trimmed, "")) {
            ("", _) => Next::Wait(None),
            ("/quit" | "/exit", "") => Next::Leave,
            ("/wait", span) if parse_span(span).is_some() => {
                let span = parse_span(span).unwrap_or_default();
                let time = self.terminal.time.clone();
                Next::Wait(Some(Box::pin(async move { time.wait(span).await })))
            }
            _ => {
                let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let input = match (choose::chosen(&offered, trimmed), paste::from_path(trimmed)) {
                    (Some(choice), _) => Input::Pressed { line: choice.line.clone() },
                    (None, Some(Ok(invocation))) => Input::Invoked(invocation),
                    (None, Some(Err(why))) => {
                        let remedy = "Give its path, or the lines themselves between two lines of ```.";
                        self.screen.show(&format!("That file can't be read ({why}). {remedy}"), false)?;
                        return Ok(Next::Wait(None));
                    }
                    (None, None) => Input::Said { text, addressed: true },
                };
                Next::Wait(self.send(events, input).await)
            }
        })
    }

    /// Sends an event; what comes back is done when everything that follows from it has been shown.
    async fn send(&mut self, events: Option<&mpsc::Sender<Incoming>>, input: Input) -> Option<Waiting> {
        self.count += 1;
        let platform = Platform::new(PLATFORM);
        let name = &self.terminal.user;
        let event = Event::Person(FromPerson {
            // The start makes it another one in every run.
            id: EventId::new(&platform, format!("{name}-{}-{}", self.started.millis(), self.count)),
            who: user(name),
            place: place(name),
            may_configure: true,
            roles: Vec::new(),
            venues: Venues::default(),
            grounds: Vec::new(),
            reply: None,
            input,
        });
        pass_on(events, event).await
    }

    fn carry_out(&mut self, delivery: Delivery, events: Option<&mpsc::Sender<Incoming>>) -> Result<(), TerminalError> {
        let Delivery { nonce: _, work, priority: _, done } = delivery;
        let result = match work {
            Work::Say { place: there, person, reply: _, step: _, instead: _, parts } => {
                if there == place(&self.terminal.user) && person == user(&self.terminal.user) {
                    self.say(&parts)?;
                    Ok(())
                } else {
                    Err(SendError::Never { why: "it is for somebody who doesn't sit here".to_owned() })
                }
            }
            Work::Open { home: _, owner, session: _, venue: _, title: _ } => {
                let (handled, _) = oneshot::channel();
                let event = Event::Opened { key: Key::Session(owner), place: None };
                let passed = events.map(|events| events.try_send(Incoming { event, handled, settled: None }).is_ok());
                match passed {
                    Some(true) => Ok(()),
                    Some(false) | None => Err(SendError::Never { why: "a terminal has no threads".to_owned() }),
                }
            }
            Work::Close { place: _, session: _ } => Ok(()),
        };
        // The runtime may have stopped waiting, which is its right.
        let _ = done.send(result);
        Ok(())
    }

    fn say(&mut self, parts: &[Part]) -> Result<(), TerminalError> {
        for part in parts {
            let Part { blocks, choices, audience: _, quiet, delivery: _ } = part;
            self.screen.show(&show::text(part, self.screen.width()), !quiet)?;
            if !choices.is_empty() {
                let choices = choices.iter().map(|shown| shown.choice.clone()).collect();
                *self.offered.lock().unwrap_or_else(PoisonError::into_inner) = choices;
            }
            let live = self.terminal.mode == Mode::Screen { live: true } && !quiet;
            let until = blocks.iter().find_map(|block| match block {
                Block::Countdown { until, seconds: _ } => Some(*until),
                Block::Heading(_)
                | Block::Paragraph(_)
                | Block::Items(_)
                | Block::Fine(_)
                | Block::File { .. }
                | Block::Seconds(_) => None,
            });
            self.until = until.filter(|_| live);
        }
        Ok(())
    }

    /// A second goes by.
    fn tick(&self) -> impl Future<Output = ()> + use<> {
        let time = self.terminal.time.clone();
        async move { time.wait(Duration::from_secs(1)).await }
    }

    fn draw_time(&mut self) -> Result<(), TerminalError> {
        let Some(until) = self.until else { return Ok(()) };
        let left = until.since(self.terminal.time.now());
        self.screen.draw_time(left)?;
        if left.is_zero() {
            self.until = None;
        }
        Ok(())
    }
}

/// Sends an event; what comes back is done when all that follows from it is delivered.
async fn pass_on(events: Option<&mpsc::Sender<Incoming>>, event: Event) -> Option<Waiting> {
    let (handled, done) = oneshot::channel();
    events?.send(Incoming { event, handled, settled: None }).await.ok()?;
    Some(Box::pin(async move {
        // Dropped without an answer, it could not be handled; the log says why.
        let _ = done.await;
    }))
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone has nothing more to say than stop.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn ready(waiting: &mut Option<Waiting>) {
    match waiting {
        Some(waiting) => waiting.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
