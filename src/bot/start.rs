//! The way into a routine: choose, screen, check, find a place, begin. No reply, no routine.
//!
//! Every choice on the way carries what was wished for in its own line, so that nothing has to be remembered and a
//! restart in between changes nothing. What applies to a person is neither asked nor kept.

use std::time::Duration;

use crate::base::id::{Place, PlaceKind, SessionId};
use crate::base::time::Timestamp;
use crate::command::parse::Invocation;
use crate::command::table::Command;
use crate::content::Found;
use crate::message::model::{Choice, Message, Text};
use crate::port::action::{Order, Outcome, Venue};
use crate::port::record::{Key, Record, Records, Running};
use crate::routine::model::{Routine, Side};
use crate::routine::plan::{self, Fit, Plan, Why, Wishes};
use crate::routine::session::Session;
use crate::settings::table::{
    AT_ONCE, ATTACK_MODE, FIRST_SIDE, LEAVE_OUT, LENGTH, PACE, PRESSURE, ROUTINE_PLACE, ROUTINES,
};

use super::refusal::Refusal;
use super::turn::Turn;
use super::{Bot, access, administer, alarm, cards, guide, profile};

/// How long a passed screening holds.
const SCREENED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long the check before a routine may stay open.
const CHECK_OPEN: Duration = Duration::from_secs(15 * 60);

/// Shows the routines.
pub(super) fn list(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let quiet = turn.is_quiet();
    let routines = turn.bot.library.routines.iter().filter(|routine| !quiet || routine.attack);
    let lines: Vec<(Text, Choice)> = routines
        .map(|routine| {
            let what = phrases.routine_line(&routine.title, routine.total_seconds / 60, &routine.goal);
            let line = Text::default().code(routine.name.as_str()).plain(format!(": {what}"));
            (line, Choice::new(routine.title.as_str(), format!("routine start {}", routine.name)).words(&routine.name))
        })
        .collect();
    let (lines, choices): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    turn.answer(Message::say(phrases.routine_list()).items(lines).fine(phrases.routine_list_how()).choices(choices));
}

/// Somebody wants to start.
pub(super) fn start(turn: &mut Turn<'_>, wished: &Invocation) {
    let Some(routine) = admitted(turn, wished) else { return };
    if routine.touch && !is_screened(turn) {
        return screen(turn, wished, routine);
    }
    check(turn, wished, routine);
}

/// The answer to the screening list. Only that it was passed is kept, and when.
pub(super) fn screened(turn: &mut Turn<'_>, wished: &Invocation) {
    let Some(routine) = admitted(turn, wished) else { return };
    if wished.arg("answer") != Some("none") {
        return turn.refuse(Refusal::ScreenedOut);
    }
    let now = turn.now;
    turn.change_me(|me| me.screened = Some(now));
    check(turn, wished, routine);
}

/// The answer to the check before each routine.
pub(super) fn checked(turn: &mut Turn<'_>, wished: &Invocation) {
    let Some(routine) = admitted(turn, wished) else { return };
    let answer = wished.arg("answer").unwrap_or_default();
    if answer == "no" {
        let phrases = turn.phrases();
        turn.recent.reason = Some(("something-new".to_owned(), Default::default()));
        return turn.tell(
            Message::say(phrases.check_something_new()).choice(Choice::new(phrases.choice_safety(), "safety").main()),
        );
    }
    if routine.touch && !is_screened(turn) {
        return screen(turn, wished, routine);
    }
    let asked = Timestamp::from_millis(i64::from(wished.number("asked").unwrap_or(0)) * 1000);
    if turn.now.since(asked) > CHECK_OPEN || asked > turn.now + CHECK_OPEN {
        return check(turn, wished, routine);
    }
    begin(turn, wished, routine, answer == "sore");
}

/// The place that was asked for is there, or can't be had: now the routine begins.
pub(super) fn opened(bot: &Bot, now: Timestamp, key: &Key, place: Option<&Place>, records: &Records) -> Outcome {
    let mut outcome = Outcome::default();
    let Key::Session(owner) = key else { return outcome };
    let Some(running) = records.session(owner).filter(|running| running.opening) else { return outcome };
    let Some(routine) = bot.library.routine(&running.session.routine) else {
        guide::close(&mut outcome, records, owner, running);
        return outcome;
    };
    let mut running = running.clone();
    running.opening = false;
    if let Some(place) = place {
        running.place = place.clone();
        running.own_place = true;
    }
    let session = &running.session;
    running.session = Session::begin(
        session.id.clone(),
        routine,
        session.steps.clone(),
        session.cap,
        session.waits,
        session.quiet,
        now,
    );
    let mut welcome = cards::opening(bot, routine, &running.session);
    if place.is_none() {
        welcome = welcome.fine(bot.phrases.venue_missing());
    }
    outcome.orders.push(guide::in_session(&running, owner, welcome, None));
    outcome.orders.push(guide::step_card(bot, routine, &running, owner));
    outcome.set(key.clone(), Record::Session(Box::new(running)));
    outcome
}

/// Everything that stands before a routine but the questions: on here, not locked, none running, room, the routine itself.
fn admitted<'a>(turn: &mut Turn<'a>, wished: &Invocation) -> Option<&'a Routine> {
    if alarm::is_locked(turn) {
        return None;
    }
    let refusal = if turn.session().is_some() {
        Refusal::AlreadyRunning
    } else if !turn.layers().is_on(&ROUTINES) {
        Refusal::RoutinesOff
    } else if !access::may_start(turn) {
        Refusal::NotYourRole
    } else {
        let limit = turn.layers().number(&AT_ONCE).unwrap_or(u32::MAX);
        let running = turn.records.channel(home(turn)).running.len();
        let is_shared = !turn.person.place.kind.is_private();
        if is_shared && running >= usize::try_from(limit).unwrap_or(usize::MAX) {
            Refusal::TooManyHere { limit }
        } else {
            match choose(turn, wished) {
                Ok(routine) => return Some(routine),
                Err(refusal) => refusal,
            }
        }
    };
    turn.refuse(refusal);
    None
}

fn choose<'a>(turn: &mut Turn<'a>, wished: &Invocation) -> Result<&'a Routine, Refusal> {
    let library = &turn.bot.library;
    let attack = turn.layers().is_on(&ATTACK_MODE);
    let routine = match wished.arg("name") {
        Some(name) => match library.find_routine(name) {
            Found::One(routine) => routine,
            Found::Several(several) => {
                let line = |routine| carry(Command::RoutineStart, wished, routine).line();
                let near = several.into_iter().map(|routine| (routine.title.clone(), line(routine))).collect();
                return Err(Refusal::NoSuchRoutine { near });
            }
            Found::None => return Err(Refusal::NoSuchRoutine { near: Vec::new() }),
        },
        None => pick(turn, wished).ok_or_else(|| Refusal::NoSuchRoutine { near: Vec::new() })?,
    };
    if attack && !routine.attack {
        return Err(Refusal::NotInAttack { title: routine.title.clone() });
    }
    Ok(routine)
}

/// `routine start` alone picks well: the one for attacks in attack mode, else the gentle everyday one nearest to the wished length.
fn pick<'a>(turn: &Turn<'a>, wished: &Invocation) -> Option<&'a Routine> {
    let library = &turn.bot.library;
    if turn.layers().is_on(&ATTACK_MODE) {
        return library.routines.iter().filter(|routine| routine.attack).max_by_key(|routine| routine.touch);
    }
    let seconds = 60 * wished.number("minutes").or_else(|| turn.layers().number(&LENGTH)).unwrap_or(3);
    let gentle = |routine: &&Routine| {
        routine.touch
            && !routine.attack
            && routine.pressure_cap <= 4
            && !routine.steps.iter().any(|step| step.has_tag("partner"))
    };
    library.routines.iter().filter(gentle).min_by_key(|routine| routine.total_seconds.abs_diff(seconds))
}

fn is_screened(turn: &Turn<'_>) -> bool {
    turn.me().screened.is_some_and(|at| turn.now.since(at) <= SCREENED_FOR && at <= turn.now)
}

fn screen(turn: &mut Turn<'_>, wished: &Invocation, routine: &Routine) {
    let phrases = turn.phrases();
    let line = |answer: &str| carry(Command::Screen, wished, routine).with("answer", answer).line();
    let message = Message::new()
        .heading(phrases.screen_title())
        .paragraph(phrases.screen_intro())
        .items(turn.bot.library.safety.screening.iter().map(|item| item.line.as_str()))
        .paragraph(phrases.screen_question())
        .fine(phrases.screen_privacy())
        .choice(Choice::new(phrases.choice_none_of_these(), line("none")).words(&phrases.words_none_of_these()))
        .choice(Choice::new(phrases.choice_one_applies(), line("some")).words(&phrases.words_one_applies()))
        .choice(Choice::new(phrases.choice_not_sure(), line("unsure")).words(&phrases.words_not_sure()));
    turn.tell(message);
}

fn check(turn: &mut Turn<'_>, wished: &Invocation, routine: &Routine) {
    let phrases = turn.phrases();
    let asked = u32::try_from(turn.now.millis() / 1000).unwrap_or(0);
    // The touch-free routine is for every day, too: it asks about an attack only in one.
    let in_attack = routine.attack && (routine.touch || turn.layers().is_on(&ATTACK_MODE));
    let line = |answer: &str| carry(Command::Check, wished, routine).with("asked", asked).with("answer", answer).line();
    let mut message = Message::new()
        .heading(routine.title.as_str())
        .paragraph(if in_attack { phrases.check_attack() } else { phrases.check_question() })
        .choice(Choice::new(phrases.choice_no_start(), line("go")).main().words(&phrases.words_no_start()));
    if in_attack {
        message =
            message.choice(Choice::new(phrases.choice_touch_hurts(), line("sore")).words(&phrases.words_touch_hurts()));
    }
    message =
        message.choice(Choice::new(phrases.choice_something_new(), line("no")).words(&phrases.words_something_new()));
    turn.tell(message);
}

/// The same wishes under another command. The routine's id, as its name would make the line too long for a button.
fn carry(command: Command, wished: &Invocation, routine: &Routine) -> Invocation {
    Invocation::new(command)
        .with("name", &routine.id)
        .with_some("minutes", wished.number("minutes"))
        .with_some("pressure", wished.number("pressure"))
        .with_some("where", wished.arg("where"))
}

fn begin(turn: &mut Turn<'_>, wished: &Invocation, routine: &Routine, touch_hurts: bool) {
    let wishes = wishes(turn, wished, touch_hurts);
    let Some(plan) = plan::fit(routine, &wishes) else {
        return turn.refuse(Refusal::NothingLeft { title: routine.title.clone() });
    };
    let quiet = turn.layers().is_on(&ATTACK_MODE) || routine.name == "attack" || !routine.touch && touch_hurts;
    let waits = quiet || turn.layers().word(&PACE) == "wait";
    let (venue, missing) = venue(turn, wished);
    if venue.is_none() && turn.person.place.kind == PlaceKind::Shared {
        let rights = administer::missing(turn, "here");
        if !rights.is_empty() {
            return turn.refuse(Refusal::CannotSpeakHere { rights: rights.join(", ") });
        }
    }
    let id = SessionId::derive(&turn.person.who, turn.now.millis());
    let session = Session::begin(id, routine, plan.steps.clone(), wishes.pressure, waits, quiet, turn.now);
    let mut running = Running {
        session,
        place: turn.person.place.clone(),
        counted_in: home(turn).clone(),
        own_place: false,
        opening: false,
    };
    let told = left_out(turn, routine, &plan);
    if !told.is_empty() {
        let what = told.iter().map(Text::words).collect::<Vec<_>>().join("; ");
        turn.recent.reason = Some(("left-out".to_owned(), [("what".to_owned(), what)].into()));
    }
    // A new routine asks anew how it was.
    turn.recent.voted.take_if(|voted| voted == profile::FELT);
    let key = Key::Session(turn.person.who.clone());
    count_in(turn);
    let fit = match plan.fit {
        Fit::Kept => String::new(),
        Fit::AtMost(seconds) => turn.phrases().plan_at_most(seconds.div_ceil(60)),
        Fit::AtLeast(seconds) => turn.phrases().plan_at_least(seconds.div_ceil(60)),
    };
    if let Some(venue) = venue {
        running.opening = true;
        turn.outcome.orders.push(Order::Open {
            home: turn.person.place.clone(),
            owner: turn.person.who.clone(),
            session: running.session.id.clone(),
            venue,
            title: routine.title.clone(),
        });
        turn.tell(Message::say(turn.phrases().venue(venue_name(venue))).items(told).fine(fit));
    } else {
        let mut welcome = cards::opening(turn.bot, routine, &running.session).items(told).fine(fit);
        if missing {
            let wanted = wished.arg("where").map_or_else(|| turn.layers().word(&ROUTINE_PLACE), str::to_owned);
            let rights = administer::missing(turn, &wanted);
            welcome = welcome.fine(turn.phrases().venue_missing());
            if !rights.is_empty() {
                welcome = welcome.fine(turn.phrases().venue_lacks(&rights.join(", ")));
            }
        }
        let owner = turn.person.who.clone();
        let mut order = guide::in_session(&running, &owner, welcome, None);
        if let Order::Say(post) = &mut order {
            post.reply.clone_from(&turn.person.reply);
        }
        turn.outcome.orders.push(order);
        turn.outcome.orders.push(guide::step_card(turn.bot, routine, &running, &owner));
    }
    turn.outcome.set(key, Record::Session(Box::new(running)));
}

fn wishes(turn: &Turn<'_>, wished: &Invocation, touch_hurts: bool) -> Wishes {
    let layers = turn.layers();
    let mine = layers.number(&PRESSURE).unwrap_or(0);
    // A wish for this once may lower the person's own limit, never raise it.
    let pressure = wished.number("pressure").map_or(mine, |once| once.min(mine));
    Wishes {
        seconds: wished.number("minutes").or_else(|| layers.number(&LENGTH)).map(|minutes| minutes * 60),
        pressure: u8::try_from(pressure).unwrap_or(0),
        leave_out: layers.words(&LEAVE_OUT),
        first_side: if layers.word(&FIRST_SIDE) == "right" { Side::Right } else { Side::Left },
        touch_hurts,
    }
}

/// What was left out and why, each step once.
fn left_out(turn: &Turn<'_>, routine: &Routine, plan: &Plan) -> Vec<Text> {
    let phrases = turn.phrases();
    let mut lines: Vec<String> = Vec::new();
    for left in &plan.left_out {
        let name = routine.steps.get(usize::from(left.step)).map_or("", |step| step.name.as_str());
        let line = match &left.why {
            Why::Asked(tag) => phrases.left_out_asked(name, &phrases.tag(tag)),
            Why::TouchHurts => phrases.left_out_touch_hurts(name),
            Why::NoPressure => phrases.left_out_no_pressure(name),
            Why::ForTime => phrases.left_out_for_time(name),
            Why::Forbidden(tag) => phrases.left_out_forbidden(name, &phrases.tag(tag)),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.into_iter().map(Text::from).collect()
}

/// Where it is led: here when here is private or a thread already, else as wished, else as the server set. The flag tells that the wished
/// kind of place can't be had.
fn venue(turn: &Turn<'_>, wished: &Invocation) -> (Option<Venue>, bool) {
    if turn.person.place.kind != PlaceKind::Shared {
        return (None, false);
    }
    let set = turn.layers().word(&ROUTINE_PLACE);
    let venues = turn.person.venues;
    let wanted = wished.arg("where").unwrap_or(&set);
    match wanted {
        "private_thread" if venues.private_thread => (Some(Venue::PrivateThread), false),
        "public_thread" if venues.public_thread => (Some(Venue::PublicThread), false),
        "private_thread" | "direct" if venues.direct => (Some(Venue::Direct), wanted != "direct"),
        "here" => (None, false),
        _ => (None, true),
    }
}

fn venue_name(venue: Venue) -> &'static str {
    match venue {
        Venue::PrivateThread => "private-thread",
        Venue::PublicThread => "public-thread",
        Venue::Direct => "direct",
    }
}

/// The channel that a routine counts in: a thread's parent, else the place itself.
fn home<'a>(turn: &Turn<'a>) -> &'a crate::base::id::ChannelId {
    let place = &turn.person.place;
    place.parent.as_ref().unwrap_or(&place.channel)
}

fn count_in(turn: &mut Turn<'_>) {
    let home = home(turn).clone();
    let mut channel = turn.records.channel(&home);
    if !channel.running.contains(&turn.person.who) {
        channel.running.push(turn.person.who.clone());
    }
    turn.outcome.set(Key::Channel(home), Record::Channel(channel));
}
