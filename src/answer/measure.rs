//! Measures answering on questions of our own. The questions were written before anything was tuned; every other one was then used for
//! tuning, and the rest only for looking.

use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

use super::entry::{Entry, Part, Section};
use super::{Answerer, Finding, Outcome, Scope};
use crate::base::evidence::Grade;

#[derive(Deserialize)]
struct Question {
    text: String,
    topics: Vec<String>,
}

#[derive(Deserialize)]
struct OutOfScope {
    text: String,
    kind: String,
}

#[derive(Deserialize)]
struct Front {
    id: String,
    topic: String,
    title: String,
    questions: Vec<String>,
    tags: Vec<String>,
    grade: Grade,
}

/// What was counted in one half of the questions.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    first: usize,
    three: usize,
    answered: usize,
    answered_right: usize,
    offered: usize,
    offered_right: usize,
    unknown: usize,
    refused: usize,
}

pub(super) fn scope() -> Scope {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/content/scope/en.toml");
    let text = std::fs::read_to_string(path).expect("the scope file is there");
    Scope::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The entries that are there: none before the first is written.
pub(super) fn entries() -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/content/knowledge/en");
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = files.map(|file| file.expect("the folder can be read").path()).collect();
    paths.sort();
    paths.iter().map(|path| entry(&std::fs::read_to_string(path).expect("an entry can be read"))).collect()
}

pub(super) fn answerer() -> &'static Answerer {
    static ANSWERER: OnceLock<Answerer> = OnceLock::new();
    ANSWERER.get_or_init(|| Answerer::new(&entries(), scope()))
}

/// Enough of the entry format for measuring; the real reader is content's.
fn entry(text: &str) -> Entry {
    let mut parts = text.splitn(3, "+++");
    let (_, front, body) = (parts.next(), parts.next().expect("front matter"), parts.next().expect("a body"));
    let front: Front = toml::from_str(front).expect("front matter is good");
    let mut sections: Vec<Section> = Vec::new();
    let mut short = String::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match (line.strip_prefix("## "), sections.last_mut()) {
            (Some(heading), _) => sections.push(Section { heading: heading.into(), parts: Vec::new() }),
            (None, Some(section)) => section.parts.push(match line.strip_prefix("- ") {
                Some(item) => Part::Item(item.into()),
                None => Part::Paragraph(line.into()),
            }),
            (None, None) => short = format!("{short} {line}"),
        }
    }
    Entry {
        topic: front.topic,
        questions: front.questions,
        tags: front.tags,
        grade: front.grade,
        short,
        sections,
        ..blank(&front.id, &front.title)
    }
}

/// An entry with nothing but a name, its own topic, to be filled in.
pub(super) fn blank(id: &str, title: &str) -> Entry {
    let day = jiff::civil::date(2026, 11, 23);
    Entry {
        id: id.into(),
        topic: id.into(),
        title: title.into(),
        questions: Vec::new(),
        tags: Vec::new(),
        sources: Vec::new(),
        grade: Grade::Design,
        evidence: String::new(),
        checked: day,
        review_by: day,
        related: Vec::new(),
        reviewed_by: String::new(),
        short: String::new(),
        sections: Vec::new(),
    }
}

fn rows<T: for<'a> Deserialize<'a>>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

fn questions() -> Vec<Question> {
    rows(include_str!("own_questions.jsonl"))
}

fn count(count: &mut Count, question: &Question, finding: &Finding, show: bool) {
    let topics = finding.topics();
    let right = |most: usize| topics.iter().take(most).any(|topic| question.topics.iter().any(|want| want == topic));
    count.all += 1;
    count.first += usize::from(right(1));
    count.three += usize::from(right(3));
    match finding.outcome {
        Outcome::Answer => {
            count.answered += 1;
            count.answered_right += usize::from(right(1));
        }
        Outcome::DidYouMean => {
            count.offered += 1;
            count.offered_right += usize::from(right(3));
        }
        Outcome::Unknown => count.unknown += 1,
        Outcome::OutOfScope(_) | Outcome::Smalltalk(_) => count.refused += 1,
    }
    if show && (!right(1) || !matches!(finding.outcome, Outcome::Answer)) {
        let best: Vec<String> =
            finding.ranked.iter().take(3).map(|ranked| format!("{} {:.2}", ranked.entry, ranked.score)).collect();
        let mark = if right(1) { "ok " } else { "BAD" };
        println!(
            "{mark} {:?} {:.2} {} -> {}\n      {}",
            finding.outcome,
            finding.confidence,
            question.text,
            question.topics[0],
            best.join(", ")
        );
    }
}

#[test]
fn own_questions_are_answered() {
    let answerer = answerer();
    if entries().is_empty() {
        return;
    }
    let mut halves = [Count::default(), Count::default()];
    for (number, question) in questions().iter().enumerate() {
        count(&mut halves[number % 2], question, &answerer.find(&question.text, None), number % 2 == 0);
    }
    println!("tuned on {:?}\nheld     {:?}", halves[0], halves[1]);
    let all = halves[0].all + halves[1].all;
    assert!((halves[0].first + halves[1].first) * 100 >= all * 60, "the first topic is right too seldom");
    assert!((halves[0].refused + halves[1].refused) * 100 <= all * 3, "too many questions are refused");
}

#[test]
fn own_out_of_scope_is_not_answered() {
    let answerer = answerer();
    let (mut named, mut wrong, mut all) = (0, 0, 0);
    for row in rows::<OutOfScope>(include_str!("own_out_of_scope.jsonl")) {
        let finding = answerer.find(&row.text, None);
        let kind = match finding.outcome {
            Outcome::OutOfScope(kind) => kind.name(),
            Outcome::Smalltalk(kind) => kind.name(),
            Outcome::Unknown => "unknown",
            Outcome::Answer | Outcome::DidYouMean => "answered",
        };
        all += 1;
        named += usize::from(kind == row.kind);
        wrong += usize::from(kind == "answered");
        if kind != row.kind {
            println!("{kind}, not {}: {} ({:?})", row.kind, row.text, finding.ranked.first());
        }
    }
    println!("out of scope: {named} of {all} named, {wrong} answered");
    assert!(named * 100 >= all * 85 && wrong * 100 <= all * 8, "{named} named and {wrong} answered of {all}");
}

/// The nearest we have to questions by somebody else: each entry's writer asked them, and they are taken out of the entry first.
#[test]
fn questions_left_out_of_an_entry_find_its_topic() {
    let mut total = Count::default();
    for fold in 0..3 {
        let mut all = entries();
        let mut asked = Vec::new();
        for entry in all.iter_mut().filter(|entry| entry.questions.len() > 1) {
            let text = entry.questions.remove(fold % entry.questions.len());
            asked.push(Question { text, topics: vec![entry.topic.clone()] });
        }
        let answerer = Answerer::new(&all, scope());
        for question in &asked {
            count(&mut total, question, &answerer.find(&question.text, None), false);
        }
    }
    println!("left out {total:?}");
    assert!(total.first * 100 >= total.all * 60, "the first topic is right too seldom: {total:?}");
    assert!(total.answered_right * 100 >= total.answered * 78, "answers are wrong too often: {total:?}");
    assert!(total.refused * 100 <= total.all * 2, "too many questions are refused: {total:?}");
}

#[test]
fn every_entry_answers_its_own_questions() {
    for entry in entries() {
        for question in &entry.questions {
            let finding = answerer().find(question, None);
            let found = finding.ranked.iter().take(3).any(|ranked| ranked.entry == entry.id);
            let refused = matches!(finding.outcome, Outcome::OutOfScope(_) | Outcome::Smalltalk(_) | Outcome::Unknown);
            assert!(found && !refused, "{}: `{question}` got {:?}", entry.id, finding.outcome);
        }
    }
}
