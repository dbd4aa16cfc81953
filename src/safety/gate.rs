//! The red-flag gate: rules, and the encoder's score beside them when there is one.
//!
//! It reads one text and says whether it holds a red flag. A missed emergency is worse than a false alarm: every doubt is decided
//! that way. Still it is no guarantee: of phrases that its author had not seen it raised 7 to 8 of 10. It never fails, whatever it is given, and its time grows only with the length of the text.

use super::learned::{Readings, Thresholds};
use super::model::{Urgency, Verdict};
use super::pattern::{ConceptId, Field, Piece, Span};
use super::rules::{FlagRules, Outcome, Reach, Rule, Rules, Term};
use super::scope::{Scopes, negations};
use super::text::{Text, Token};

/// How many words apart the parts of a rule may stand where it says nothing else.
const NEAR: usize = 40;

/// The gate, built once from the content.
#[derive(Debug)]
pub struct Gate {
    rules: Rules,
    /// For each atom: the patterns that begin with it.
    by_atom: Vec<Vec<(ConceptId, usize)>>,
    /// The patterns that begin with a number.
    by_number: Vec<(ConceptId, usize)>,
    /// For each concept: the patterns that begin with it.
    by_concept: Vec<Vec<(ConceptId, usize)>>,
    learned: Option<Thresholds>,
}

impl Gate {
    /// A gate that goes by these rules.
    pub fn new(rules: Rules) -> Gate {
        let mut by_atom = vec![Vec::new(); rules.vocabulary.len()];
        let mut by_concept = vec![Vec::new(); rules.concepts.len()];
        let mut by_number = Vec::new();
        for (id, concept) in rules.concepts.iter().enumerate() {
            for (at, pattern) in concept.patterns.iter().enumerate() {
                match pattern.0.first().map(|step| &step.piece) {
                    Some(Piece::Words(atoms)) => atoms.iter().for_each(|atom| by_atom[*atom as usize].push((id, at))),
                    Some(Piece::Number(..)) => by_number.push((id, at)),
                    Some(Piece::Concept(first)) => by_concept[*first].push((id, at)),
                    Some(Piece::Gap) | None => {}
                }
            }
        }
        Gate { rules, by_atom, by_number, by_concept, learned: None }
    }

    /// Adds the learned half: readings then count beside the rules.
    pub fn with_encoder(mut self, thresholds: Thresholds) -> Gate {
        self.learned = Some(thresholds);
        self
    }

    /// What this text says about urgency. The readings are the encoder's, of the same text; without any the rules decide alone.
    pub fn check(&self, text: &str, readings: &Readings) -> Verdict {
        let (rules, always) = self.by_rules(text);
        match &self.learned {
            Some(learned) => learned.join(rules, always, readings),
            None => rules,
        }
    }

    /// The clauses of a text, for the encoder to read each by itself.
    pub fn clauses(&self, text: &str) -> Vec<String> {
        self.rules.clauses.of(text)
    }

    /// What the rules alone say, and whether one of the fixed list raised a flag.
    pub fn by_rules(&self, text: &str) -> (Verdict, bool) {
        let reading = self.read(text);
        let meant = |flag: &FlagRules| self.outcome(&reading, flag, false);
        let mut best: Option<(Urgency, &FlagRules)> = None;
        let mut doubt: Option<&FlagRules> = None;
        let mut always = false;
        let feature = self.rules.features.iter().any(|rule| reading.holds(rule, &Strictness::plain()));
        for flag in &self.rules.flags {
            match meant(flag) {
                Some(Outcome::Raise(urgency)) => {
                    always |= self.is_always(&reading, flag);
                    let urgency = if feature { Urgency::Emergency } else { urgency };
                    // Flags come in the order of their priority: a later one must be more urgent to win.
                    if best.is_none_or(|(most, _)| urgency > most) {
                        best = Some((urgency, flag));
                    }
                }
                Some(Outcome::Doubt) if doubt.is_none_or(|other| flag.urgency > other.urgency) => doubt = Some(flag),
                Some(Outcome::Doubt) | None => {}
            }
        }
        if let Some((urgency, flag)) = best {
            return (Verdict::Raised { flag: flag.id.clone(), urgency }, always);
        }
        if let Some(flag) = doubt {
            return (Verdict::Doubtful { flag: flag.id.clone(), urgency: flag.urgency }, false);
        }
        if self.rules.check_in.iter().any(|rule| reading.holds(rule, &Strictness::plain())) {
            return (Verdict::CheckIn, false);
        }
        (self.supposed(&reading), false)
    }

    /// What is only asked about, or supposed.
    fn supposed(&self, reading: &Reading<'_>) -> Verdict {
        let asked = reading.scopes.supposed.contains(&true);
        if !asked {
            return Verdict::Clear;
        }
        for flag in &self.rules.flags {
            if matches!(self.outcome(reading, flag, true), Some(Outcome::Raise(_))) {
                let own =
                    (0..reading.text.tokens.len()).any(|at| reading.scopes.supposed[at] && reading.scopes.personal[at]);
                return if own {
                    Verdict::Doubtful { flag: flag.id.clone(), urgency: flag.urgency }
                } else {
                    Verdict::About { flag: flag.id.clone() }
                };
            }
        }
        let named = |flag: &&FlagRules| {
            flag.about.iter().any(|id| reading.found[*id].iter().any(|hit| reading.scopes.supposed[hit.start]))
        };
        self.rules.flags.iter().find(named).map_or(Verdict::Clear, |flag| Verdict::About { flag: flag.id.clone() })
    }

    /// Whether a rule of the fixed list is among those that raise a flag.
    fn is_always(&self, reading: &Reading<'_>, flag: &FlagRules) -> bool {
        let strictness = Strictness { firm: flag.firm, months: flag.months, supposed: false };
        flag.rules.iter().any(|rule| rule.always && reading.holds(rule, &strictness))
    }

    /// The strongest thing that the rules of a flag say.
    fn outcome(&self, reading: &Reading<'_>, flag: &FlagRules, supposed: bool) -> Option<Outcome> {
        let strictness = Strictness { firm: flag.firm, months: flag.months, supposed };
        let mut best = None;
        for rule in &flag.rules {
            let better = match (best, rule.outcome) {
                (None, _) | (Some(Outcome::Doubt), Outcome::Raise(_)) => true,
                (Some(Outcome::Raise(old)), Outcome::Raise(new)) => new > old,
                (Some(_), Outcome::Doubt) => false,
            };
            if better && reading.holds(rule, &strictness) {
                best = Some(rule.outcome);
            }
        }
        best
    }

    fn read(&self, raw: &str) -> Reading<'_> {
        let rules = &self.rules;
        let mut text = Text::read(raw, &rules.spelling);
        let known =
            |word: &str| rules.vocabulary.knows(word) || rules.fillers.contains(word) || rules.spelling.knows(word);
        rules.typos.repair(&mut text.tokens, known);
        for token in &mut text.tokens {
            rules.vocabulary.add(&token.word, &mut token.atoms);
            if let Some(meant) = &token.meant {
                rules.vocabulary.add(meant, &mut token.atoms);
            }
        }
        let mut found = vec![Vec::new(); rules.concepts.len()];
        let cues = &rules.cues;
        let nothing = vec![false; text.tokens.len()];
        // A figure of speech goes first and takes its words with it: no rule may see them.
        self.find(&text, &nothing, &mut found, |id| id == cues.figure);
        for span in std::mem::take(&mut found[cues.figure]) {
            text.tokens[span.start..span.end].iter_mut().for_each(|token| token.atoms.clear());
        }
        let early = [cues.negation, cues.not_negation, cues.not_usual, cues.clause_break];
        self.find(&text, &nothing, &mut found, |id| early.contains(&id));
        let mut barriers = nothing;
        for span in negations(&found, cues) {
            barriers[span.start] = true;
        }
        let breaks: Vec<usize> = found[cues.clause_break].iter().map(|span| span.start).collect();
        text.break_clauses(&breaks);
        self.find(&text, &barriers, &mut found, |id| id != cues.figure && !early.contains(&id));
        let scopes = Scopes::of(&text, &found, cues);
        Reading { rules, text, found, scopes }
    }

    /// Finds the chosen concepts, in an order in which each finds those it names.
    fn find(&self, text: &Text, barriers: &[bool], found: &mut [Vec<Span>], chosen: impl Fn(ConceptId) -> bool) {
        let fillers: Vec<bool> = text.tokens.iter().map(|t| self.rules.fillers.contains(&t.word)).collect();
        let mut starts: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.rules.concepts.len()];
        for (at, token) in text.tokens.iter().enumerate() {
            let by_word = token.atoms.iter().flat_map(|atom| &self.by_atom[*atom as usize]);
            let by_number = token.number.iter().flat_map(|_| &self.by_number);
            for (id, pattern) in by_word.chain(by_number).filter(|(id, _)| chosen(*id)) {
                starts[*id].push((at, *pattern));
            }
        }
        for &id in self.rules.order.iter().filter(|id| chosen(**id)) {
            let mut hits = Vec::new();
            let field = Field { tokens: &text.tokens, fillers: &fillers, barriers, found };
            let concept = &self.rules.concepts[id];
            for (at, pattern) in &starts[id] {
                hits.extend(field.from(&concept.patterns[*pattern], *at).map(|end| Span { start: *at, end }));
            }
            hits.sort_unstable();
            hits.dedup();
            // What begins with this concept can be looked for as soon as its hits are known.
            for (later, pattern) in self.by_concept[id].iter().filter(|(later, _)| chosen(*later)) {
                let mut last = None;
                for hit in &hits {
                    if last != Some(hit.start) {
                        starts[*later].push((hit.start, *pattern));
                    }
                    last = Some(hit.start);
                }
            }
            found[id] = hits;
        }
    }
}

/// Which hits count.
struct Strictness {
    firm: bool,
    months: bool,
    supposed: bool,
}

impl Strictness {
    fn plain() -> Strictness {
        Strictness { firm: false, months: false, supposed: false }
    }
}

/// A text with all that was found in it.
struct Reading<'a> {
    rules: &'a Rules,
    text: Text,
    found: Vec<Vec<Span>>,
    scopes: Scopes,
}

impl Reading<'_> {
    fn counts(&self, id: ConceptId, hit: Span, strictness: &Strictness) -> bool {
        let (at, scopes) = (hit.start, &self.scopes);
        if scopes.denied[at] {
            return false;
        }
        if strictness.firm {
            return true;
        }
        let over = scopes.past[at] || scopes.months[at] && !strictness.months;
        !(scopes.fiction[at] || scopes.supposed[at] && !strictness.supposed || over && !self.rules.concepts[id].history)
    }

    /// Where the hits of a term begin that count, sorted.
    fn starts(&self, term: &Term, strictness: &Strictness) -> Vec<usize> {
        let mut starts = Vec::new();
        for &id in &term.any {
            for hit in &self.found[id] {
                let counts =
                    if term.forbidden { !self.scopes.denied[hit.start] } else { self.counts(id, *hit, strictness) };
                if counts {
                    starts.push(hit.start);
                }
            }
        }
        starts.sort_unstable();
        starts
    }

    fn holds(&self, rule: &Rule, strictness: &Strictness) -> bool {
        let mut needed: Vec<Vec<usize>> = Vec::new();
        let mut barred: Vec<Vec<usize>> = Vec::new();
        for term in &rule.terms {
            let starts = self.starts(term, strictness);
            if term.forbidden {
                barred.push(starts);
            } else if starts.is_empty() {
                return false;
            } else {
                needed.push(starts);
            }
        }
        needed.sort_by_key(Vec::len);
        let Some((rarest, others)) = needed.split_first() else { return false };
        rarest.iter().any(|at| {
            let (from, to) = self.around(*at, rule.reach);
            let within = |starts: &Vec<usize>| {
                let first = starts.partition_point(|start| *start < from);
                starts.get(first).is_some_and(|start| *start < to)
            };
            others.iter().all(within) && !barred.iter().any(within)
        })
    }

    /// The words `from..to` in which the other parts of a rule must stand.
    fn around(&self, at: usize, reach: Reach) -> (usize, usize) {
        let tokens = &self.text.tokens;
        // Sentences and clauses are numbered in the order of the words.
        let stretch = |number: &dyn Fn(&Token) -> usize| {
            let here = number(&tokens[at]);
            (tokens.partition_point(|t| number(t) < here), tokens.partition_point(|t| number(t) <= here))
        };
        match reach {
            Reach::Clause => stretch(&|token| token.clause),
            Reach::Sentence => stretch(&|token| token.sentence),
            Reach::Near => (at.saturating_sub(NEAR), at + NEAR),
            Reach::Message => (0, tokens.len()),
        }
    }
}
