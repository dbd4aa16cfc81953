//! Questions and the knowledge: answers, cards, terms, sources, votes.

use std::time::Duration;

use crate::answer::entry::{Entry, Part, Section};
use crate::answer::{Finding, Outcome, ScopeKind};
use crate::base::evidence::Grade;
use crate::content::Source;
use crate::locale::Phrases;
use crate::message::model::{Block, Choice, Message, Text};
use crate::port::action::Mark;
use crate::port::record::{Key, Record};

use super::cards::capital;
use super::help;
use super::refusal::Refusal;
use super::turn::Turn;

/// Follow-ups at most.
const FOLLOW_UPS: usize = 2;
/// How long a question may lean on the answer before it.
const FOLLOWED_FOR: Duration = Duration::from_secs(10 * 60);
/// Titles offered when it isn't clear which was meant.
const OFFERED: usize = 3;

/// Answers a question.
pub(super) fn answer(turn: &mut Turn<'_>, question: &str) {
    if let Some(message) = more_of_it(turn, question) {
        turn.outcome.marks.push(Mark::Met(Outcome::Answer.name()));
        return turn.answer(message);
    }
    let finding = turn.find(question);
    turn.outcome.marks.push(Mark::Met(finding.outcome.name()));
    let message = match finding.outcome {
        Outcome::Answer => found(turn, &finding),
        Outcome::DidYouMean => Some(did_you_mean(turn, &finding)),
        Outcome::OutOfScope(kind) => {
            // Another subject is a miss like any other: the second time in a row the menu says more.
            let misses = if kind == ScopeKind::Unrelated { turn.recent.misses.wrapping_add(1) } else { 0 };
            turn.recent.misses = misses;
            turn.recent.reason = Some((format!("scope-{}", kind.name().replace('_', "-")), Default::default()));
            if misses > 0 && misses.is_multiple_of(2) && turn.about.is_none() {
                return help::menu(turn);
            }
            Some(Message::say(turn.phrases().scope(kind.name())).choice(help_choice(turn.phrases())))
        }
        Outcome::Smalltalk(kind) => {
            turn.recent.misses = 0;
            Some(Message::say(turn.phrases().smalltalk(kind.name())))
        }
        Outcome::Unknown => None,
    };
    let message = message
        .map(|message| if turn.bot.is_reduced() { message.fine(turn.phrases().reduced_mode()) } else { message });
    match (message, turn.about.clone()) {
        (Some(message), Some(flag)) => {
            let phrases = turn.phrases();
            let now = Choice::new(phrases.choice_happening_now(), format!("doubt {flag} yes")).main();
            let message = message.paragraph(phrases.about_flag());
            turn.answer(Message { choices: std::iter::once(now).chain(message.choices).collect(), ..message });
        }
        (Some(message), None) => turn.answer(message),
        (None, _) => missed(turn),
    }
}

/// Shows an entry: its short answer, or all of it.
pub(super) fn read(turn: &mut Turn<'_>, id: &str, whole: bool) {
    let Some(entry) = turn.bot.library.entry(id) else { return turn.refuse(Refusal::NoSuchEntry) };
    let message = if whole { longer(turn, entry) } else { short(turn, entry, &[], &[]) };
    turn.recent.entry = Some(entry.id.clone());
    turn.answer(message);
}

/// A card by its name, or the list of cards.
pub(super) fn technique(turn: &mut Turn<'_>, name: Option<&str>) {
    let library = &turn.bot.library;
    let cards = || library.entries.iter().filter(|entry| entry.is_card());
    let Some(name) = name else {
        let titles: Vec<Text> =
            cards().map(|card| Text::default().code(card_name(card)).plain(format!(": {}", card.title))).collect();
        return turn.answer(Message::say(turn.phrases().technique_list()).items(titles));
    };
    let typed = name.trim().trim_end_matches('?').to_lowercase();
    let plain = |name: &str| name.to_lowercase().replace('_', " ");
    // A card's own name comes before what others are called, too.
    let by_name = cards().find(|card| [card.id.as_str(), card_name(card)].map(plain).contains(&plain(&typed)));
    let by_title = || {
        cards().find(|card| {
            let title = plain(&card.title);
            title == plain(&typed) || title.split(':').next() == Some(typed.as_str()) || card.tags.contains(&typed)
        })
    };
    let by_meaning = || {
        let finding = turn.find(name);
        let clear = matches!(finding.outcome, Outcome::Answer | Outcome::DidYouMean);
        let cards =
            finding.ranked.iter().filter_map(|ranked| library.entry(&ranked.entry)).filter(|entry| entry.is_card());
        if clear { cards.take(1).next() } else { None }
    };
    match by_name.or_else(by_title).or_else(by_meaning) {
        Some(card) => {
            let message = longer(turn, card);
            turn.recent.entry = Some(card.id.clone());
            turn.answer(message);
        }
        None => turn.refuse(Refusal::NoSuchTechnique),
    }
}

/// A term of the glossary; anything else is a question.
pub(super) fn what(turn: &mut Turn<'_>, asked: &str) {
    let phrases = turn.phrases();
    let Some(term) = turn.bot.library.term(bare_term(asked)) else { return answer(turn, &format!("what {asked}")) };
    let mut message = Message::new()
        .heading(term.term.as_str())
        .paragraph(term.text.as_str())
        .fine(phrases.answer_source(&source_names(turn, &term.sources)));
    if let Some(entry) = turn.bot.library.entry(&term.see) {
        message = message.choice(more_choice(phrases, entry));
        turn.recent.entry = Some(entry.id.clone());
    }
    turn.outcome.marks.push(Mark::Met(Outcome::Answer.name()));
    turn.answer(message);
}

/// One source, or where the knowledge comes from.
pub(super) fn sources(turn: &mut Turn<'_>, id: Option<&str>) {
    let library = &turn.bot.library;
    let phrases = turn.phrases();
    let Some(id) = id else {
        let lines: Vec<String> = library
            .sources
            .iter()
            .map(|source| {
                format!("{}: {}. {}. {}", source.id, source.title, where_from(source), source.url).trim_end().to_owned()
            })
            .collect();
        let message = Message::say(phrases.sources_list(u32::try_from(lines.len()).unwrap_or(u32::MAX)))
            .block(Block::File { name: "sources.txt".to_owned(), content: lines.join("\n") });
        return turn.tell(message);
    };
    let Some(source) = library.source(id) else {
        return turn.refuse(Refusal::NoSuchSource);
    };
    let used: Vec<&str> = library
        .entries
        .iter()
        .filter(|entry| entry.sources.contains(&source.id))
        .map(|entry| entry.title.as_str())
        .take(5)
        .collect();
    let title = if source.url.is_empty() {
        Text::default().strong(source.title.as_str())
    } else {
        Text::default().link(source.title.as_str(), source.url.as_str())
    };
    let message = Message::new()
        .paragraph(title)
        .paragraph(phrases.source_where(&source.publisher, &source.year))
        .items(used)
        .fine(phrases.source_read());
    turn.answer(message);
}

/// Counts a thumb; of one person only the last entry's is remembered, in memory, so that a second press is not counted.
pub(super) fn vote(turn: &mut Turn<'_>, id: &str, up: bool) {
    let Some(entry) = turn.bot.library.entry(id) else { return turn.refuse(Refusal::NoSuchEntry) };
    if turn.recent.voted.as_ref() != Some(&entry.id) {
        let mut votes = turn.records.votes(&entry.id);
        let thumb = if up { &mut votes.up } else { &mut votes.down };
        *thumb = thumb.saturating_add(1);
        turn.outcome.set(Key::Votes(entry.id.clone()), Record::Votes(votes));
        turn.recent.voted = Some(entry.id.clone());
    }
    turn.tell(Message::say(turn.phrases().vote_counted()));
}

fn found(turn: &mut Turn<'_>, finding: &Finding) -> Option<Message> {
    let best = finding.ranked.first()?;
    let entry = turn.bot.library.entry(&best.entry)?;
    // The same answer twice in a row helps nobody: the second time comes the longer text.
    let again = turn.recent.entry.as_ref() == Some(&entry.id);
    let sections: Vec<&Section> = best.sections.iter().filter_map(|index| entry.sections.get(*index)).collect();
    let library = &turn.bot.library;
    let others = finding.ranked.iter().filter(|other| finding.close && other.topic != best.topic);
    let others: Vec<&Entry> = others.filter_map(|other| library.entry(&other.entry)).collect();
    let message = if again { longer(turn, entry) } else { short(turn, entry, &sections, &others) };
    turn.recent.entry = Some(entry.id.clone());
    turn.recent.misses = 0;
    Some(message)
}

/// "and how long?" after an answer: the part of that entry that comes nearest.
fn more_of_it(turn: &mut Turn<'_>, question: &str) -> Option<Message> {
    if turn.since_recent() > FOLLOWED_FOR || turn.about.is_some() || !turn.bot.answerer.leans(question) {
        return None;
    }
    let entry = turn.bot.library.entry(turn.recent.entry.as_ref()?)?;
    let section = turn.bot.section(entry, question).and_then(|index| entry.sections.get(index))?;
    turn.recent.misses = 0;
    let message = with_section(Message::new(), section).fine(evidence(turn, entry));
    Some(message.choice(more_choice(turn.phrases(), entry)))
}

fn did_you_mean(turn: &mut Turn<'_>, finding: &Finding) -> Message {
    let library = &turn.bot.library;
    let entries = finding.ranked.iter().filter_map(|ranked| library.entry(&ranked.entry)).take(OFFERED);
    let choices = entries.map(|entry| Choice::new(entry.title.as_str(), format!("read {} part=short", entry.id)));
    let message = Message::say(turn.phrases().did_you_mean()).choices(choices);
    turn.recent.entry = None;
    turn.recent.misses = 0;
    message
}

fn missed(turn: &mut Turn<'_>) {
    turn.recent.misses = turn.recent.misses.wrapping_add(1);
    turn.recent.entry = None;
    turn.recent.reason = Some(("unknown".to_owned(), Default::default()));
    // Never the same text twice in a row: every second miss shows the menu.
    if turn.recent.misses.is_multiple_of(2) {
        return help::menu(turn);
    }
    let mut message = Message::say(turn.phrases().unknown()).choice(help_choice(turn.phrases()));
    if turn.bot.is_reduced() {
        message = message.fine(turn.phrases().reduced_mode());
    }
    turn.answer(message);
}

/// The short answer, with what the evidence is worth, the source, and where it leads: to what else may have been meant, else to what is related.
fn short(turn: &Turn<'_>, entry: &Entry, sections: &[&Section], others: &[&Entry]) -> Message {
    let phrases = turn.phrases();
    let message = Message::say(entry.short.as_str());
    if turn.is_quiet() {
        return message
            .fine(phrases.answer_source(&source_names(turn, &entry.sources)))
            .choice(more_choice(phrases, entry));
    }
    let message = sections.iter().fold(message, |message, section| with_section(message, section));
    let message = message.fine(evidence(turn, entry));
    let message = if others.is_empty() { message } else { message.paragraph(phrases.or_did_you_mean()) };
    let related = entry.related.iter().filter_map(|id| turn.bot.library.entry(id));
    let leads: Vec<&Entry> = if others.is_empty() { related.collect() } else { others.to_vec() };
    message
        .choice(more_choice(phrases, entry))
        .choices(
            leads
                .into_iter()
                .take(FOLLOW_UPS)
                .map(|entry| Choice::new(entry.title.as_str(), format!("read {} part=short", entry.id))),
        )
        .choice(Choice::new(phrases.choice_vote_up(), format!("vote {} up", entry.id)))
        .choice(Choice::new(phrases.choice_vote_down(), format!("vote {} down", entry.id)))
}

/// All of an entry.
fn longer(turn: &Turn<'_>, entry: &Entry) -> Message {
    let phrases = turn.phrases();
    let message = Message::new().heading(entry.title.as_str()).paragraph(entry.short.as_str());
    let message = entry.sections.iter().fold(message, with_section);
    let related = entry.related.iter().filter_map(|id| turn.bot.library.entry(id)).take(FOLLOW_UPS);
    let sources = entry.sources.iter().filter_map(|id| turn.bot.library.source(id));
    let links = sources
        .filter(|source| !source.url.is_empty())
        .map(|source| Text::default().link(format!("{}, {}", source.title, source.publisher), source.url.as_str()));
    let review =
        if entry.reviewed_by.is_empty() { phrases.not_reviewed() } else { phrases.reviewed_by(&entry.reviewed_by) };
    message
        .fine(evidence(turn, entry))
        .items(links.take(5))
        .fine(review)
        .choices(related.map(|entry| Choice::new(entry.title.as_str(), format!("read {} part=short", entry.id))))
}

fn with_section(message: Message, section: &Section) -> Message {
    let mut message = message.paragraph(Text::default().strong(section.heading.as_str()));
    let mut items: Vec<&str> = Vec::new();
    for part in &section.parts {
        match part {
            Part::Item(text) => items.push(text),
            Part::Paragraph(text) => message = message.items(std::mem::take(&mut items)).paragraph(text.as_str()),
        }
    }
    message.items(items)
}

/// What the evidence is worth, the sources, the date.
fn evidence(turn: &Turn<'_>, entry: &Entry) -> String {
    let phrases = turn.phrases();
    let worth = if entry.evidence.is_empty() { grade(phrases, entry.grade) } else { sentence(&entry.evidence) };
    phrases.answer_evidence(&worth, &source_names(turn, &entry.sources), &entry.checked.to_string())
}

/// A clause of the content as a sentence: other sentences follow it.
fn sentence(clause: &str) -> String {
    let clause = capital(clause.trim());
    if clause.ends_with(['.', '?', '!']) { clause } else { clause + "." }
}

fn grade(phrases: &Phrases, grade: Grade) -> String {
    phrases.grade(grade.name())
}

/// The first few sources as a person would name them: publisher and year.
fn source_names(turn: &Turn<'_>, ids: &[String]) -> String {
    let names = ids.iter().filter_map(|id| turn.bot.library.source(id)).map(where_from);
    names.take(3).collect::<Vec<_>>().join("; ")
}

/// A source's publisher, and its year when it has one.
fn where_from(source: &Source) -> String {
    match source.year.as_str() {
        "" | "n.d." | "-" => source.publisher.clone(),
        year => format!("{} ({year})", source.publisher),
    }
}

fn more_choice(phrases: &Phrases, entry: &Entry) -> Choice {
    Choice::new(phrases.choice_more(), format!("read {}", entry.id)).main().words(&phrases.words_more())
}

pub(super) fn help_choice(phrases: &Phrases) -> Choice {
    Choice::new(phrases.choice_help(), "nape help").words(&phrases.words_help())
}

/// The name that `technique` takes for a card: the last part of its id.
pub(super) fn card_name(card: &Entry) -> &str {
    card.id.rsplit('.').next().unwrap_or(&card.id)
}

/// `is a trigger point?`, `does petrissage mean` → the term.
fn bare_term(asked: &str) -> &str {
    let mut term = asked.trim().trim_end_matches(['?', '.', '!']).trim();
    for start in ["is ", "are ", "does ", "s ", "'s ", "a ", "an ", "the "] {
        if term.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)) {
            term = term[start.len()..].trim_start();
        }
    }
    for end in [" mean", " means"] {
        if let Some(cut) = term.len().checked_sub(end.len())
            && term.get(cut..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        {
            term = term[..cut].trim_end();
        }
    }
    term
}
