//! What the bot would make of a question asked alone: for figures, and for whoever wants to see why.

use crate::answer::Outcome;
use crate::base::id::{ChannelId, EventId, Place, PlaceKind, Platform, UserId};
use crate::base::time::Timestamp;
use crate::command::parse::Invocation;
use crate::command::table::Command;
use crate::message::model::{Block, Message};
use crate::port::action::Order;
use crate::port::event::{Event, FromPerson, Input, Venues};
use crate::port::record::Records;
use crate::safety::model::{Urgency, Verdict};

use super::Bot;

/// What the bot would make of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// `answer`, `did_you_mean`, `unknown`, `out_of_scope`, `smalltalk` or `red_flag`.
    pub intent: &'static str,
    /// Topics of the best entries, best first, each once: also where the message was refused or raised an alarm, so that a figure of the ranking is one
    /// of the ranking alone.
    pub topics: Vec<String>,
    /// How urgent a raised flag is.
    pub urgency: Option<Urgency>,
    /// How sure the answer is, 0 to 1.
    pub confidence: f32,
    /// What the person would be told.
    pub text: String,
}

impl Bot {
    /// What this question gets, asked by somebody new in a direct conversation.
    pub fn review(&self, question: &str) -> Review {
        let whole = self.readings(question);
        // One window is all of it.
        let reading = if let [only] = &whole.windows[..] { Some(only.clone()) } else { self.read(question) };
        let finding = self.answerer.find(question, reading.as_ref());
        let (intent, urgency) = match self.gate.check(question, &whole) {
            Verdict::Raised { urgency, .. } | Verdict::Doubtful { urgency, .. } => ("red_flag", Some(urgency)),
            Verdict::Clear | Verdict::CheckIn | Verdict::About { .. } => (finding.outcome.name(), None),
        };
        Review {
            intent,
            topics: finding.topics().into_iter().map(str::to_owned).collect(),
            urgency,
            confidence: finding.confidence,
            text: self.told(question, finding.outcome == Outcome::DidYouMean),
        }
    }

    fn told(&self, question: &str, asks_which: bool) -> String {
        let platform = Platform::new("review");
        let place = Place {
            server: None,
            channel: ChannelId::new(&platform, "alone"),
            parent: None,
            kind: PlaceKind::Direct,
            platform: platform.clone(),
        };
        let event = Event::Person(FromPerson {
            id: EventId::new(&platform, "1"),
            who: UserId::new(&platform, "somebody"),
            place,
            may_configure: false,
            roles: Vec::new(),
            venues: Venues::default(),
            grounds: Vec::new(),
            reply: None,
            input: Input::Invoked(Invocation::new(Command::Ask).with("question", question)),
        });
        let outcome = self.handle(Timestamp::from_millis(0), &event, &Records::default());
        let messages = outcome.orders.iter().filter_map(|order| match order {
            // The titles that "did you mean" offers are what it says; elsewhere choices only lead on.
            Order::Say(post) if asks_which => Some(words(&post.message) + "\n" + labels(&post.message).as_str()),
            Order::Say(post) => Some(words(&post.message)),
            Order::Open { .. } | Order::Close { .. } => None,
        });
        messages.collect::<Vec<_>>().join("\n\n")
    }
}

fn labels(message: &Message) -> String {
    message.choices.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>().join("\n")
}

/// The words of a message, a block on each line.
fn words(message: &Message) -> String {
    let mut lines: Vec<String> = Vec::new();
    for block in &message.blocks {
        match block {
            Block::Heading(text) | Block::Paragraph(text) | Block::Fine(text) => lines.push(text.words()),
            Block::Items(items) => lines.extend(items.iter().map(|item| format!("- {}", item.words()))),
            Block::Countdown { seconds, .. } | Block::Seconds(seconds) => lines.push(format!("{seconds} s")),
            Block::File { name, content } => lines.push(format!("{name}\n{content}")),
        }
    }
    lines.join("\n")
}
