//! Leading somebody through a running routine: verbs, due times, coming back, the end.

use std::time::Duration;

use crate::base::id::{Place, UserId};
use crate::base::time::Timestamp;
use crate::command::parse::Invocation;
use crate::command::table::{COMMANDS, Command, Shown};
use crate::message::model::{Choice, Message};
use crate::port::action::{Order, Outcome, Post, StepMark};
use crate::port::record::{Key, Record, Records, Running};
use crate::routine::model::Routine;
use crate::routine::session::{End, Happening, Phase, Verb};

use super::refusal::Refusal;
use super::turn::Turn;
use super::{Bot, cards};

/// A word to the running routine, by hand or by choice.
pub(super) fn verb(turn: &mut Turn<'_>, invocation: &Invocation) {
    let Some(verb) = verb_of(invocation.command) else { return };
    let named = invocation.arg("session");
    // One whose place is still being made can only be stopped.
    let running = turn.session().filter(|running| !running.opening || verb == Verb::Stop);
    let Some(running) = running.filter(|running| named.is_none_or(|named| named == running.session.id.as_str())) else {
        return turn.refuse(Refusal::NoSession);
    };
    // What ends or halts is never too late; everything else belongs to its step.
    let always = matches!(verb, Verb::Stop | Verb::Hurts | Verb::Pause);
    let step = invocation.number("step").and_then(|step| usize::try_from(step).ok());
    let is_stale = step.is_some_and(|step| step != running.session.at);
    // The same "it hurts" pressed twice is one: the first has paused the routine before its next step.
    let is_doubled = verb == Verb::Hurts && is_stale && matches!(running.session.phase, Phase::Paused { .. });
    if is_doubled || (is_stale && !always) {
        return turn.refuse(Refusal::Stale);
    }
    let Some(routine) = turn.bot.library.routine(&running.session.routine) else {
        close(&mut turn.outcome, turn.records, &turn.person.who, running);
        return turn.refuse(Refusal::NoSession);
    };
    let mut changed = running.clone();
    let happening = changed.session.apply(verb, routine, turn.now);
    match happening {
        Happening::NotPaused | Happening::PausedAlready | Happening::Nothing => {
            let verb = turn.phrases().verb(invocation.command.spec().words).to_lowercase();
            turn.tell(Message::say(turn.phrases().nothing_to_do(&verb)));
        }
        Happening::LongEnough => turn.tell(Message::say(turn.phrases().long_enough())),
        _ => {
            let from = turn.outcome.orders.len();
            tell(turn.bot, &mut turn.outcome, turn.records, &turn.person.who, routine, changed, happening);
            // The first answer goes the way the press came.
            if let Some(Order::Say(post)) = turn.outcome.orders.get_mut(from)
                && post.place == turn.person.place
            {
                post.reply.clone_from(&turn.person.reply);
            }
        }
    }
}

/// Says again that a routine is paused here, unless that was said just now.
pub(super) fn remind(turn: &mut Turn<'_>) {
    const JUST_NOW: std::time::Duration = std::time::Duration::from_secs(5);
    let Some(running) = turn.session().filter(|running| !running.opening) else { return };
    if let Phase::Paused { since, .. } = running.session.phase
        && turn.now.since(since) > JUST_NOW
    {
        let (number, of) = running.session.position();
        let text = turn.phrases().away_quiet(number, of);
        let message = cards::short(turn.bot, &running.session, text, &[Command::Resume, Command::Next, Command::Stop]);
        let mark = StepMark { session: running.session.id.clone(), at: running.session.at };
        turn.outcome.orders.push(in_session(running, &turn.person.who, message, Some(mark)));
    }
}

/// The verb that a few words mean inside a session: "please stop", "ok next".
pub(super) fn meant_verb(text: &str) -> Option<Command> {
    const LONGEST: usize = 3;
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if words.len() > LONGEST
        || words.iter().any(|word| matches!(word.as_str(), "not" | "dont" | "don" | "why" | "what" | "how"))
    {
        return None;
    }
    let verbs = COMMANDS.iter().filter(|spec| spec.shown == Shown::Verb);
    let means = |names: &str| names.split(' ').all(|name| words.iter().any(|word| word == name));
    // Stop is looked for first: "stop, next time" is a stop.
    let mut found: Vec<Command> = verbs
        .filter(|spec| std::iter::once(&spec.words).chain(spec.aliases).any(|names| names.len() > 1 && means(names)))
        .map(|spec| spec.command)
        .collect();
    found.sort_by_key(|command| !matches!(command, Command::Stop | Command::Hurts));
    found.first().copied()
}

/// A session's time has come.
pub(super) fn due(bot: &Bot, now: Timestamp, key: &Key, records: &Records) -> Outcome {
    look(bot, key, records, |running| running.session.look(now))
}

/// The process was away while the session was running.
pub(super) fn returned(bot: &Bot, now: Timestamp, key: &Key, records: &Records) -> Outcome {
    look(bot, key, records, |running| running.session.returned(now))
}

fn look(bot: &Bot, key: &Key, records: &Records, what: impl FnOnce(&mut Running) -> Happening) -> Outcome {
    let mut outcome = Outcome::default();
    let Key::Session(owner) = key else { return outcome };
    let Some(running) = records.session(owner).filter(|running| !running.opening) else { return outcome };
    let Some(routine) = bot.library.routine(&running.session.routine) else {
        close(&mut outcome, records, owner, running);
        return outcome;
    };
    let mut changed = running.clone();
    match what(&mut changed) {
        Happening::Nothing => {}
        happening => tell(bot, &mut outcome, records, owner, routine, changed, happening),
    }
    outcome
}

/// The card with which a step's time begins is shown late: that time goes along, so that nobody has less of it, and no step goes by unseen.
pub(super) fn late(key: &Key, step: &StepMark, by: Duration, records: &Records) -> Outcome {
    let mut outcome = Outcome::default();
    let Key::Session(owner) = key else { return outcome };
    let is_on = |running: &&Running| running.session.id == step.session && running.session.at == step.at;
    let Some(running) = records.session(owner).filter(is_on) else { return outcome };
    let mut changed = running.clone();
    if changed.session.put_off(by) {
        outcome.set(key.clone(), Record::Session(Box::new(changed)));
    }
    outcome
}

/// The place of a routine is gone: it ends without a word, as nobody could read it there.
pub(super) fn gone(key: &Key, place: &Place, records: &Records) -> Outcome {
    let mut outcome = Outcome::default();
    let Key::Session(owner) = key else { return outcome };
    let running = records.session(owner).filter(|running| running.place == *place);
    if let Some(running) = running {
        close(&mut outcome, records, owner, running);
        outcome.orders.clear();
    }
    outcome
}

/// Stores what a session has become and says what there is to say.
fn tell(
    bot: &Bot,
    outcome: &mut Outcome,
    records: &Records,
    owner: &UserId,
    routine: &Routine,
    running: Running,
    happening: Happening,
) {
    let phrases = &bot.phrases;
    if let Happening::Ended(end) = happening {
        close(outcome, records, owner, &running);
        let message = cards::ending(bot, routine, &running.session, end);
        // Straight after the record's change, before the thread is closed.
        outcome.orders.insert(0, in_session(&running, owner, message, None).at_once());
        return;
    }
    let mark = StepMark { session: running.session.id.clone(), at: running.session.at };
    // A step that has not begun was perhaps never shown, or long ago: its card says what to do.
    let is_whole = happening == Happening::Resumed && is_whole(&running);
    let begins = happening == Happening::Step || is_whole;
    let message = match happening {
        Happening::Step => {
            let dropped = |running: &Running| running.session.steps.iter().filter(|step| step.dropped).count();
            let before = records.session(owner).map_or(0, dropped);
            let told = if dropped(&running) > before && !running.session.quiet {
                phrases.other_side_left_out()
            } else {
                String::new()
            };
            // Said above the card: it is about the step that was left.
            let card = cards::step(bot, routine, &running.session);
            Message { blocks: Message::new().fine(told).blocks.into_iter().chain(card.blocks).collect(), ..card }
        }
        Happening::TimeUp => {
            cards::short(bot, &running.session, phrases.time_up(), &[Command::Next, Command::More, Command::Stop])
        }
        Happening::Paused => {
            cards::short(bot, &running.session, phrases.paused(), &[Command::Resume, Command::Next, Command::Stop])
        }
        Happening::Resumed if is_whole => cards::step(bot, routine, &running.session),
        Happening::Resumed => cards::short(
            bot,
            &running.session,
            phrases.resumed(seconds_left(&running)),
            &[Command::Pause, Command::Next, Command::Stop],
        ),
        Happening::More { made_up } => {
            let text = if made_up { phrases.more_made_up() } else { phrases.more_time() };
            cards::short(bot, &running.session, text, &[Command::Pause, Command::Next, Command::Stop])
        }
        Happening::Eased => cards::eased(bot, routine, &running.session),
        Happening::Hurt => cards::hurt(bot, routine, &running.session),
        Happening::Away => cards::away(bot, routine, &running.session),
        Happening::Ended(_)
        | Happening::PausedAlready
        | Happening::NotPaused
        | Happening::LongEnough
        | Happening::Nothing => Message::new(),
    };
    let order = in_session(&running, owner, message, Some(mark));
    outcome.orders.push(if begins { order.beginning() } else { order });
    outcome.set(Key::Session(owner.clone()), Record::Session(Box::new(running)));
}

/// An urgent sign ends the routine at once; its cards fall silent.
pub(super) fn end_for_safety(turn: &mut Turn<'_>) {
    if let Some(running) = turn.session() {
        close(&mut turn.outcome, turn.records, &turn.person.who, running);
    }
}

/// A doubtful sign halts the routine until the question is answered.
pub(super) fn pause_for_safety(turn: &mut Turn<'_>) {
    let Some(running) = turn.session().filter(|running| !running.opening) else { return };
    let Some(routine) = turn.bot.library.routine(&running.session.routine) else { return };
    let mut running = running.clone();
    if running.session.apply(Verb::Pause, routine, turn.now) == Happening::Paused {
        turn.outcome.set(Key::Session(turn.person.who.clone()), Record::Session(Box::new(running)));
    }
}

/// Takes a session away: its record, its count in the channel, its own place.
pub(super) fn close(outcome: &mut Outcome, records: &Records, owner: &UserId, running: &Running) {
    outcome.delete(Key::Session(owner.clone()));
    let key = Key::Channel(running.counted_in.clone());
    let mut channel = records.channel(&running.counted_in);
    channel.running.retain(|other| other != owner);
    if channel.running.is_empty() {
        outcome.delete(key);
    } else {
        outcome.set(key, Record::Channel(channel));
    }
    if running.own_place {
        outcome.orders.push(Order::Close { place: running.place.clone(), session: running.session.id.clone() });
    }
}

/// A message in the session's place.
pub(super) fn in_session(running: &Running, owner: &UserId, message: Message, step: Option<StepMark>) -> Order {
    let message = message.quiet(running.session.quiet);
    let (place, person) = (running.place.clone(), owner.clone());
    Order::Say(Post { place, person, reply: None, step, begins: false, urgent: false, instead: false, message })
}

/// The card of the step that is on.
pub(super) fn step_card(bot: &Bot, routine: &Routine, running: &Running, owner: &UserId) -> Order {
    let mark = StepMark { session: running.session.id.clone(), at: running.session.at };
    in_session(running, owner, cards::step(bot, routine, &running.session), Some(mark)).beginning()
}

/// A choice of the running step.
pub(super) fn choice(bot: &Bot, session: &crate::routine::session::Session, command: Command) -> Choice {
    let spec = command.spec();
    let line = Invocation::new(command).with("session", &session.id).with("step", session.at).line();
    let choice = Choice::new(bot.phrases.verb(spec.words), line).words(spec.words).words(&spec.aliases.join(","));
    match command {
        Command::Next | Command::Resume => choice.main(),
        Command::Stop | Command::Hurts => choice.grave(),
        _ => choice,
    }
}

fn is_whole(running: &Running) -> bool {
    running.session.current().is_some_and(|step| step.seconds == seconds_left(running))
}

fn seconds_left(running: &Running) -> u32 {
    match running.session.phase {
        Phase::Running { from, until } => u32::try_from(until.since(from).as_secs()).unwrap_or(0),
        Phase::Waiting { .. } => 0,
        Phase::Paused { remaining, .. } => remaining,
    }
}

fn verb_of(command: Command) -> Option<Verb> {
    Some(match command {
        Command::Next => Verb::Next,
        Command::Back => Verb::Back,
        Command::Repeat => Verb::Repeat,
        Command::Pause => Verb::Pause,
        Command::Resume => Verb::Resume,
        Command::More => Verb::More,
        Command::Easier => Verb::Easier,
        Command::Hurts => Verb::Hurts,
        Command::Stop => Verb::Stop,
        _ => return None,
    })
}

/// How an end is called in the locale.
pub(super) fn end_name(end: End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::Stopped => "stopped",
        End::Hurt => "hurt",
        End::Expired => "expired",
    }
}
