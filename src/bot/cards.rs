//! What a routine looks like: opening, step, pause, end. In attack mode a card has one action and at most 25 words.

use crate::command::table::Command;
use crate::message::model::{Block, Choice, Message, Text};
use crate::routine::model::{Routine, Step};
use crate::routine::plan::Planned;
use crate::routine::session::{End, Phase, Session};

use super::Bot;
use super::guide::{choice, end_name};

/// What a step's card offers, in this order.
const OFFERS: &[Command] = &[
    Command::Next,
    Command::Pause,
    Command::Hurts,
    Command::Stop,
    Command::Easier,
    Command::More,
    Command::Repeat,
    Command::Back,
];
/// The same in attack mode.
const QUIET_OFFERS: &[Command] = &[Command::Next, Command::Hurts, Command::Stop];

/// What a routine is, before its first step.
pub(super) fn opening(bot: &Bot, routine: &Routine, session: &Session) -> Message {
    let phrases = &bot.phrases;
    if session.quiet {
        return Message::say(phrases.opening_quiet());
    }
    // To the nearest minute: three and a bit is about three.
    let minutes = ((session.steps.iter().map(|step| step.seconds).sum::<u32>() + 30) / 60).max(1);
    Message::new()
        .heading(phrases.opening_title(&routine.title, minutes))
        .paragraph(routine.goal.as_str())
        .paragraph(routine.position.as_str())
        .paragraph(phrases.opening_stop_rule())
        .fine(phrases.opening_evidence(&routine.evidence))
}

/// A step's card.
pub(super) fn step(bot: &Bot, routine: &Routine, session: &Session) -> Message {
    let phrases = &bot.phrases;
    let Some((planned, step)) = current(routine, session) else { return Message::new() };
    let (number, of) = session.position();
    if session.quiet {
        return Message::say(phrases.step_quiet(number, of, &step.brief, planned.seconds))
            .choices(QUIET_OFFERS.iter().map(|command| choice(bot, session, *command)));
    }
    let mut message = Message::new()
        .heading(heading(bot, session, planned, step))
        .paragraph(details(bot, planned, step))
        .paragraph(step.say.as_str())
        .paragraph(easier(bot, planned, step))
        .paragraph(phrases.step_breath(&step.breath))
        .paragraph(phrases.step_stop_if(&step.stop_if));
    if let Phase::Running { until, .. } = session.phase {
        message = message.block(Block::Countdown { until, seconds: planned.seconds });
    }
    message.fine(next(bot, routine, session)).choices(OFFERS.iter().map(|command| choice(bot, session, *command)))
}

/// A few words about the running step, with these offers.
pub(super) fn short(bot: &Bot, session: &Session, text: String, offers: &[Command]) -> Message {
    let message = Message::say(text).choices(offers.iter().map(|command| choice(bot, session, *command)));
    match session.phase {
        Phase::Running { from, until } if !session.quiet => {
            let seconds = u32::try_from(until.since(from).as_secs()).unwrap_or(0);
            message.block(Block::Countdown { until, seconds })
        }
        Phase::Running { .. } | Phase::Waiting { .. } | Phase::Paused { .. } => message,
    }
}

/// The easier form of the step, and the pressure from here on.
pub(super) fn eased(bot: &Bot, routine: &Routine, session: &Session) -> Message {
    let Some((planned, step)) = current(routine, session) else { return Message::new() };
    let text = bot.phrases.eased(&step.easier, &bot.phrases.pressure(&planned.pressure.to_string()));
    short(bot, session, text, &[Command::Pause, Command::Hurts, Command::Next, Command::Stop])
}

/// It hurt once: the stop rule, and the choice to go on with the next step or not.
pub(super) fn hurt(bot: &Bot, routine: &Routine, session: &Session) -> Message {
    let phrases = &bot.phrases;
    let upcoming = current(routine, session).map_or("", |(_, step)| step.name.as_str());
    let text = if session.quiet { phrases.hurt_quiet() } else { phrases.hurt(upcoming) };
    short(bot, session, text, &[Command::Resume, Command::Stop]).choice(Choice::new(phrases.choice_safety(), "safety"))
}

/// Away, and back: paused at the same step and side.
pub(super) fn away(bot: &Bot, routine: &Routine, session: &Session) -> Message {
    let phrases = &bot.phrases;
    let (number, of) = session.position();
    let text = match current(routine, session) {
        Some((planned, step)) if !session.quiet => {
            let side = phrases.side(side_name(planned));
            phrases.away(number, of, &with_side(bot, &step.name, &side))
        }
        _ => phrases.away_quiet(number, of),
    };
    short(bot, session, text, &[Command::Resume, Command::Next, Command::Stop])
}

/// The end.
pub(super) fn ending(bot: &Bot, routine: &Routine, session: &Session, end: End) -> Message {
    let phrases = &bot.phrases;
    let (number, of) = session.position();
    match end {
        End::Finished => Message::say(phrases.end(end_name(end)))
            .paragraph(phrases.end_question())
            .choice(Choice::new(phrases.choice_better(), "felt better").words("better, b"))
            .choice(Choice::new(phrases.choice_same(), "felt same").words("same, s"))
            .choice(Choice::new(phrases.choice_worse(), "felt worse").words("worse, w")),
        End::Stopped => Message::say(phrases.end_stopped(number, of)),
        End::Expired => Message::say(phrases.end_expired(number, of))
            .choice(Choice::new(phrases.choice_start_again(), format!("routine start {}", routine.name))),
        End::Hurt => Message::say(phrases.end(end_name(end)))
            .paragraph(phrases.stop_rule())
            .choice(Choice::new(phrases.choice_safety(), "safety").main()),
    }
}

fn heading(bot: &Bot, session: &Session, planned: &Planned, step: &Step) -> String {
    let (number, of) = session.position();
    let side = bot.phrases.side(side_name(planned));
    bot.phrases.step_title(number, of, &with_side(bot, &step.name, &side))
}

fn with_side(bot: &Bot, name: &str, side: &str) -> String {
    if side.trim().is_empty() || side == "-" { name.to_owned() } else { bot.phrases.step_side(side, name) }
}

/// Technique, area, seconds, pressure, and the time to get ready.
fn details(bot: &Bot, planned: &Planned, step: &Step) -> Text {
    let pressure = bot.phrases.pressure(&planned.pressure.to_string());
    let technique = capital(&step.technique);
    Text::from(bot.phrases.step_details(&technique, &step.area, planned.seconds, planned.pressure, &pressure))
}

/// The easier form beside the instruction: when it was asked for, and when the words ask for more than the person's limit allows.
fn easier(bot: &Bot, planned: &Planned, step: &Step) -> String {
    if planned.easier || planned.pressure < step.pressure[0] {
        format!("{}: {}", bot.phrases.verb(Command::Easier.spec().words), step.easier)
    } else {
        String::new()
    }
}

/// With a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    first + chars.as_str()
}

fn next(bot: &Bot, routine: &Routine, session: &Session) -> String {
    let upcoming = session.upcoming().and_then(|planned| {
        let step = routine.steps.get(usize::from(planned.step))?;
        Some(with_side(bot, &step.name, &bot.phrases.side(side_name(planned))))
    });
    match upcoming {
        Some(name) => bot.phrases.step_next(&name),
        None => bot.phrases.step_last(),
    }
}

fn current<'a>(routine: &'a Routine, session: &'a Session) -> Option<(&'a Planned, &'a Step)> {
    let planned = session.current()?;
    routine.steps.get(usize::from(planned.step)).map(|step| (planned, step))
}

fn side_name(planned: &Planned) -> &'static str {
    use crate::routine::model::Side;
    match planned.side {
        Side::Left => "left",
        Side::Right => "right",
        Side::Both => "both",
        Side::Choice => "choice",
    }
}
