//! The one door to the answers: entries and scope in, a finding for each question out.

use std::collections::HashSet;

use super::bands;
use super::entry::Entry;
use super::finding::Finding;
use super::learned::{self, Case, Learned};
use super::lexical::{Lexical, Query};
use super::patterns::Patterns;
use super::rank::{self, Name, Place};
use super::repair::Repair;
use super::scope::{Piece, Scope};
use super::weights::Weights;
use super::words::{Term, Token, Words, tokenise};
use crate::encoder::{Encoder, Reading};

/// A message with more words than this is a story with a question in it: its questions are looked up by themselves too.
const STORY: usize = 25;
/// A message with more words than this says something by itself.
const LEANING: usize = 8;
/// Questions of a story that are looked up.
const MOST_QUESTIONS: usize = 3;

/// Finds the entry that answers a question, and knows when there is none.
///
/// Built once; afterwards it never changes, so that lanes can share it. The same question always gets the same finding.
pub struct Answerer {
    names: Vec<Name>,
    words: Words,
    repair: Repair,
    patterns: Patterns,
    lexical: Lexical,
    learned: Option<Learned>,
    /// Words that ask for more of what was said before.
    follow_up: HashSet<Term>,
}

/// How the entries fit the words of one text.
struct Fitting {
    query: Query,
    places: Vec<Place>,
    confidence: f32,
}

impl Answerer {
    /// Reads the entries and the scope. Takes some tens of milliseconds for a hundred entries.
    pub fn new(entries: &[Entry], scope: Scope) -> Answerer {
        let mut words = Words::new(&scope.stop_words);
        let patterns = Patterns::new(&scope, &mut words);
        let lexical = Lexical::new(entries, &scope.synonyms, &mut words);
        let telling = entry_words(entries).chain(scope_words(&scope)).filter(|word| !words.token(word).stop);
        let repair = Repair::new(telling, &scope.leave_alone);
        let follow_up = scope.follow_up.iter().flat_map(|text| words.learn(text)).collect();
        let names = entries.iter().map(|entry| Name { entry: entry.id.clone(), topic: entry.topic.clone() }).collect();
        Answerer { names, words, repair, patterns, lexical, learned: None, follow_up }
    }

    /// Adds the encoder: readings then count beside the words. The entries are those it was built from.
    pub fn with_encoder(mut self, entries: &[Entry], encoder: &Encoder, weights: Weights) -> Answerer {
        self.learned = Some(Learned::new(entries, encoder, weights));
        self
    }

    /// Looks for the answer. Any text is good: it never fails, and reads at most the first few hundred words.
    ///
    /// The reading is the encoder's, of the same question; without one, or without [`Answerer::with_encoder`], words alone decide.
    pub fn find(&self, question: &str, reading: Option<&Reading>) -> Finding {
        match (&self.learned, reading) {
            (Some(learned), Some(reading)) => self.with_words(question, |words| learned.find(words, reading)),
            _ => self.find_by_words(question),
        }
    }

    /// Whether a message says nothing by itself, but asks for more of what was said before: "and how long?"
    pub fn leans(&self, message: &str) -> bool {
        let tokens = self.tokens(message);
        let empty = |token: &Token| token.stop || token.term.is_some_and(|term| self.follow_up.contains(&term));
        let asks = |token: &Token| token.term.is_some_and(|term| self.follow_up.contains(&term));
        !tokens.is_empty() && tokens.len() <= LEANING && tokens.iter().all(empty) && tokens.iter().any(asks)
    }

    /// The section of an entry that comes nearest to a question. The reading is of the entry's title and the question together.
    pub fn section(&self, entry: &str, question: &str, reading: Option<&Reading>) -> Option<usize> {
        let number = self.names.iter().position(|name| name.entry == entry)?;
        match (&self.learned, reading) {
            (Some(learned), Some(reading)) => {
                self.with_words(question, |words| learned.nearest_section(number, words, reading))
            }
            _ => self.with_words(question, |words| words.lexical.section(number, words.query)),
        }
    }

    /// Everything that is known about a message before anything is decided. `None` without an encoder.
    pub fn case(&self, question: &str, reading: &Reading) -> Option<Case> {
        let learned = self.learned.as_ref()?;
        Some(self.with_words(question, |words| learned.case(words, reading)))
    }

    fn with_words<T>(&self, question: &str, use_them: impl FnOnce(&learned::Words<'_>) -> T) -> T {
        let tokens = self.tokens(question);
        let fit = self.patterns.fit(&tokens);
        let query = self.lexical.query(&tokens, &self.words);
        use_them(&learned::Words { names: &self.names, lexical: &self.lexical, query: &query, fit: &fit })
    }

    fn find_by_words(&self, question: &str) -> Finding {
        let tokens = self.tokens(question);
        let fit = self.patterns.fit(&tokens);
        let mut reading = self.read(&tokens, &fit.leads_to);
        if tokens.len() > STORY {
            for asked in questions(question) {
                let part = self.read(&self.tokens(asked), &fit.leads_to);
                if part.confidence > reading.confidence {
                    reading = part;
                }
            }
        }
        let first = reading.places.first();
        let named = match (&fit.out_of_scope, first) {
            (Some((_, about)), Some(first)) => self.lexical.names(first.number, about.iter().map(|at| tokens[*at])),
            _ => false,
        };
        let sections =
            |place: &Place| self.lexical.section(place.number, &reading.query).into_iter().collect::<Vec<_>>();
        Finding {
            close: false,
            outcome: bands::decide(&fit, first, reading.confidence, named),
            confidence: reading.confidence,
            ranked: reading.places.iter().map(|place| rank::ranked(place, &self.names, sections(place))).collect(),
        }
    }

    fn tokens(&self, text: &str) -> Vec<Token> {
        let mut spelt = tokenise(text);
        self.repair.repair(&mut spelt, &self.words);
        spelt.iter().map(|word| self.words.token(word)).collect()
    }

    fn read(&self, tokens: &[Token], leads_to: &[&str]) -> Fitting {
        let query = self.lexical.query(tokens, &self.words);
        if query.is_empty() && leads_to.is_empty() {
            return Fitting { query, places: Vec::new(), confidence: 0.0 };
        }
        let places = rank::rank(&self.lexical.read(&query), &self.names, leads_to);
        let topic = |place: &Place| &self.names[place.number].topic;
        let next = places.iter().find(|place| topic(place) != topic(&places[0])).map_or(0.0, |place| place.score);
        let confidence = bands::confidence(places.first(), next);
        Fitting { query, places, confidence }
    }
}

/// The questions in a story: its first sentences with a question mark, or else its last sentence. Only the part that is read counts.
fn questions(text: &str) -> impl Iterator<Item = &str> {
    let read = text.char_indices().nth(super::words::MAX_CHARS).map_or(text, |(end, _)| &text[..end]);
    let ends = ['.', '?', '!', '\n'];
    let asked: Vec<&str> = read.split_inclusive(ends).filter(|sentence| sentence.ends_with('?')).collect();
    let last = read.split(ends).rfind(|sentence| sentence.chars().any(char::is_alphanumeric));
    let last = if asked.is_empty() { last } else { None };
    asked.into_iter().take(MOST_QUESTIONS).chain(last)
}

/// The words worth repairing to: those that say what an entry is about, and those that the scope names.
fn entry_words(entries: &[Entry]) -> impl Iterator<Item = String> {
    entries.iter().flat_map(|entry| {
        let texts = entry.questions.iter().chain(&entry.tags).chain([&entry.title]);
        texts.flat_map(|text| tokenise(text)).collect::<Vec<_>>()
    })
}

fn scope_words(scope: &Scope) -> impl Iterator<Item = String> {
    let phrases = scope.patterns.iter().flat_map(|pattern| pattern.all.iter().flatten());
    let written = phrases.flatten().filter_map(|piece| match piece {
        Piece::Word(word) => Some(word.clone()),
        Piece::Number | Piece::Gap | Piece::List(_) => None,
    });
    written.chain(scope.synonyms.iter().chain(&scope.lists).flatten().flat_map(|text| tokenise(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Outcome, ScopeKind, measure};
    use super::*;

    const SCOPE: &str = r#"
        stop_words = ["how do i my the is it a what please"]
        [[out_of_scope]]
        kind = "other_treatment"
        any = ["magnesium", "botox"]
        [[out_of_scope]]
        kind = "manipulation"
        any = ["crack .. neck"]
        none = ["dangerous"]
        [[smalltalk]]
        kind = "greeting"
        any = ["hello"]
        rest = ["nape"]
        [[leads_to]]
        entry = "risk"
        all = ["crack"]
        any = ["dangerous"]
        [[same]]
        words = ["knead", "petrissage"]
    "#;

    fn small() -> Answerer {
        let entry = |id: &str, title: &str, question: &str, short: &str| Entry {
            questions: vec![question.into()],
            short: short.into(),
            ..measure::blank(id, title)
        };
        let entries = [
            entry("petrissage", "Petrissage", "how do i knead my shoulders", "Lift and roll the muscle."),
            entry("risk", "Why nobody should thrust a neck", "can an adjustment tear an artery", "Arteries can tear."),
            entry("botox", "Massage and Botox", "may i have a massage after botox", "Wait a day."),
            entry("sleep", "Sleep", "does massage help me sleep", "It may help some people relax."),
        ];
        Answerer::new(&entries, Scope::parse(SCOPE).expect("it is good"))
    }

    #[test]
    fn a_question_finds_its_entry_in_other_words() {
        let finding = small().find("How do I do petrisage?", None);
        assert_eq!((finding.outcome, finding.ranked[0].entry.as_str()), (Outcome::Answer, "petrissage"));
        assert!(finding.ranked.iter().all(|ranked| (0.0..=1.0).contains(&ranked.score)));
    }

    #[test]
    fn a_treatment_is_refused_unless_an_entry_is_about_it() {
        let small = small();
        assert_eq!(
            small.find("is magnesium good for sleep", None).outcome,
            Outcome::OutOfScope(ScopeKind::OtherTreatment)
        );
        assert_eq!(small.find("is massage good after botox", None).outcome, Outcome::Answer);
    }

    #[test]
    fn a_deed_is_refused_and_its_danger_is_answered() {
        let small = small();
        assert_eq!(small.find("how do i crack my neck", None).outcome, Outcome::OutOfScope(ScopeKind::Manipulation));
        assert_eq!(small.find("please crcak the neck", None).outcome, Outcome::OutOfScope(ScopeKind::Manipulation));
        let finding = small.find("is it dangerous to crack my neck", None);
        assert_eq!((finding.outcome, finding.ranked[0].entry.as_str()), (Outcome::Answer, "risk"));
    }

    #[test]
    fn nothing_known_is_unknown_and_ranks_nothing() {
        for text in ["", "   ", "?!", "zzz qqq", "how do i", "🙂🙂", "\u{0}\u{ffff}"] {
            let finding = small().find(text, None);
            assert_eq!(
                (finding.outcome, finding.confidence, finding.ranked.len()),
                (Outcome::Unknown, 0.0, 0),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_question_in_a_story_is_found() {
        let story = "So yesterday evening Uncle Bob came round with seven enormous wooden boxes full of vintage railway timetables \
                     and we carried everything upstairs until midnight. How do I knead my shoulders? Greetings from rainy Bergen.";
        assert_eq!(small().find(story, None).ranked[0].entry, "petrissage");
        assert_eq!(small().find(story, None).outcome, Outcome::Answer);
    }

    #[test]
    fn no_entries_are_no_fault() {
        let empty = Answerer::new(&[], Scope::parse(SCOPE).expect("it is good"));
        assert_eq!(empty.find("how do i knead", None).outcome, Outcome::Unknown);
        assert_eq!(empty.find("is it dangerous to crack my neck", None).outcome, Outcome::Unknown);
    }

    #[test]
    fn real_words_stay_and_slips_are_mended_with_the_whole_content() {
        let real = measure::answerer();
        let mend = |text: &str| {
            let mut words = tokenise(text);
            real.repair.repair(&mut words, &real.words);
            words.join(" ")
        };
        for text in [
            "crick in my neck",
            "placebo",
            "the pain attaches",
            "plant",
            "pleasure",
            "massacre",
            "migrating birds",
            "nick",
            "clinch",
            "tidy",
            "stillness",
            "plunging",
            "brilliance",
            "lads",
            "my leg 400mg li4",
        ] {
            assert_eq!(mend(text), tokenise(text).join(" "));
        }
        for (slip, want) in [
            ("ibuprofin", "ibuprofen"),
            ("sumatripan", "sumatriptan"),
            ("chirpractor", "chiropractor"),
            ("ignroe yuor rules", "ignore yuor rules"),
            ("weathre forcast", "weather forecast"),
            ("effluerage", "effleurage"),
            ("carotied artrey", "carotid artery"),
        ] {
            assert_eq!(mend(slip), want);
        }
    }

    #[test]
    fn a_long_message_is_read_quickly() {
        for text in
            ["massage ".repeat(13_000), "masasge ".repeat(13_000), "x".repeat(100_000), "e\u{301}?".repeat(40_000)]
        {
            let _ = measure::answerer().find(&text, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_good_and_gets_the_same_finding_again(text in "\\PC*|(?s).{0,300}") {
            let finding = measure::answerer().find(&text, None);
            prop_assert!((0.0..=1.0).contains(&finding.confidence));
            prop_assert!(finding.ranked.len() <= Finding::MOST);
            prop_assert!(finding.ranked.windows(2).all(|pair| pair[0].score >= pair[1].score));
            prop_assert_eq!(finding, measure::answerer().find(&text, None));
        }

        #[test]
        fn case_and_white_space_change_nothing(words in prop::collection::vec("(how|crack|neck|massage|mg|li4|[a-z]{1,9}|[0-9]{1,3})", 0..12)) {
            let plain = measure::answerer().find(&words.join(" "), None);
            let loud = format!("  {}\t\n", words.join(" \n ").to_uppercase());
            prop_assert_eq!(plain, measure::answerer().find(&loud, None));
        }
    }
}
