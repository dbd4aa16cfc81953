//! Help, safety in full, why, about.

use crate::base::id::{Place, ServerId, UserId};
use crate::command::parse::parse;
use crate::command::table::{COMMANDS, Shown};
use crate::message::model::{Choice, Message, Text};
use crate::port::action::{Order, Outcome, Post};
use crate::port::record::{Key, Record, Records, Server};
use crate::safety::model::Urgency;

use super::Bot;
use super::refusal::Refusal;
use super::turn::Turn;

/// The menu: what can be done, in a few lines.
pub(super) fn menu(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let message = Message::say(phrases.menu())
        .choice(Choice::new(phrases.choice_routines(), "routine list").words("routines"))
        .choice(Choice::new(phrases.choice_techniques(), "technique").words("techniques"))
        .choice(Choice::new(phrases.choice_safety(), "safety").words("safety"))
        .choice(Choice::new(phrases.choice_settings(), "my settings").words("settings"))
        .choice(Choice::new(phrases.choice_help(), "nape help").words(&phrases.words_help()));
    turn.answer(message);
}

/// A conversation opens: what this is, said once, and the paused routine that waits here.
pub(super) fn hello(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    if turn.is_quiet() {
        turn.answer(Message::say(phrases.hello_quiet()));
    } else {
        turn.answer(Message::say(phrases.hello()).paragraph(phrases.hello_how()));
    }
    super::guide::remind(turn);
}

/// Whoever has let the bot in is greeted, once, and told how to look whether all is well.
pub(super) fn greet(
    bot: &Bot,
    outcome: &mut Outcome,
    server: &ServerId,
    who: &UserId,
    place: &Place,
    records: &Records,
) {
    let known = records.server(Some(server));
    if known.greeted {
        return;
    }
    outcome.set(Key::Server(server.clone()), Record::Server(Server { greeted: true, removed: None, ..known }));
    let message = Message::say(bot.phrases.greeting()).paragraph(bot.phrases.greeting_check()).private();
    outcome.orders.push(Order::Say(Post {
        place: place.clone(),
        person: who.clone(),
        reply: None,
        step: None,
        begins: false,
        urgent: false,
        instead: false,
        message,
    }));
}

/// All commands, or one of them.
pub(super) fn help(turn: &mut Turn<'_>, command: Option<&str>) {
    let phrases = turn.phrases();
    if let Some(typed) = command {
        let wanted = typed.trim().trim_start_matches(['/', '!']).to_lowercase();
        let spec = COMMANDS
            .iter()
            .filter(|spec| spec.shown != Shown::Never)
            .find(|spec| std::iter::once(&spec.words).chain(spec.aliases).any(|words| *words == wanted));
        return match spec {
            Some(spec) => {
                let usage = Text::default().code(spec.usage());
                turn.tell(Message::new().paragraph(usage).paragraph(phrases.command(spec.words)));
            }
            // "help me …" is talk, not a command; the gate has seen it already.
            None if parse(&wanted).is_err() && wanted.contains(' ') => super::ask::answer(turn, typed),
            None => turn.refuse(Refusal::NoSuchCommand),
        };
    }
    let line = |spec: &crate::command::table::CommandSpec| {
        Text::default().code(spec.usage()).plain(format!(": {}", phrases.command(spec.words)))
    };
    let shown = |shown: Shown| COMMANDS.iter().filter(move |spec| spec.shown == shown).map(line).collect::<Vec<_>>();
    let for_admins = if super::administer::right(turn).is_some() { shown(Shown::Admin) } else { Vec::new() };
    turn.tell(
        Message::say(phrases.help_intro())
            .items(shown(Shown::Command).into_iter().chain(for_admins))
            .paragraph(phrases.help_verbs())
            .items(shown(Shown::Verb))
            .fine(phrases.help_outro()),
    );
}

/// Red flags and reasons not to, in full.
pub(super) fn safety(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let safety = &turn.bot.library.safety;
    let mut message = Message::new().heading(phrases.safety_title()).paragraph(phrases.safety_intro());
    for urgency in [Urgency::Emergency, Urgency::SameDay, Urgency::SeeDoctor] {
        let flags = safety.red_flags.iter().filter(|flag| flag.urgency == urgency).map(|flag| flag.title.as_str());
        message = message.paragraph(Text::default().strong(phrases.urgency(urgency_name(urgency)))).items(flags);
    }
    message = message
        .paragraph(Text::default().strong(phrases.safety_not_to()))
        .items(safety.screening.iter().map(|item| item.line.as_str()))
        .fine(phrases.safety_outro());
    turn.answer(message);
}

/// The emergency signs, a line each.
pub(super) fn urgent_signs(turn: &Turn<'_>) -> Vec<Text> {
    let flags = turn.bot.library.safety.red_flags.iter();
    flags.filter(|flag| flag.urgency == Urgency::Emergency).map(|flag| Text::from(flag.title.as_str())).collect()
}

/// Why the last thing was refused, left out or missing, and who can change it.
pub(super) fn why(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let text = match &turn.recent.reason {
        Some((code, words)) => phrases.why_with(code, words),
        None => phrases.why_nothing(),
    };
    turn.tell(Message::say(text));
}

/// What this is, and what it is not.
pub(super) fn about(turn: &mut Turn<'_>) {
    let phrases = turn.phrases();
    let reviewed = turn.bot.library.entries.iter().filter(|entry| !entry.reviewed_by.is_empty()).count();
    let total = turn.bot.library.entries.len();
    let review = if reviewed == 0 { phrases.about_not_reviewed() } else { phrases.about_reviewed(reviewed, total) };
    let message = Message::new()
        .heading(phrases.about_title(env!("CARGO_PKG_VERSION")))
        .paragraph(phrases.about_what())
        .paragraph(phrases.about_not())
        .paragraph(review)
        .paragraph(phrases.about_privacy());
    let message = if turn.bot.is_reduced() { message.paragraph(phrases.reduced_mode()) } else { message };
    turn.answer(message.fine(phrases.about_licence()));
}

fn urgency_name(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Emergency => "emergency",
        Urgency::SameDay => "same-day",
        Urgency::SeeDoctor => "see-doctor",
    }
}
