//! How the words of a text are meant: denied, long over, asked in general, told as a story.
//!
//! Recall first: whatever is unclear counts as meant.

use super::pattern::Span;
use super::rules::Cues;
use super::text::Text;

/// How far a "no" reaches, in words of its clause.
const NEGATION_REACH: usize = 8;
/// No pattern of words reaches further.
const LONGEST_HIT: usize = 40;
/// Longest item of a list that a "no" before the list still covers.
const LIST_ITEM: usize = 4;

/// For each word: how it is meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Scopes {
    /// Denied: "no fever".
    pub denied: Vec<bool>,
    /// Long over, by years.
    pub past: Vec<bool>,
    /// Over for weeks or months.
    pub months: Vec<bool>,
    /// Only asked about or supposed.
    pub supposed: Vec<bool>,
    /// Told of a film, a book, the news.
    pub fiction: Vec<bool>,
    /// Supposed, but about the writer's own body: "what if my face droops".
    pub personal: Vec<bool>,
}

impl Scopes {
    /// From the cues found in the text.
    pub(super) fn of(text: &Text, found: &[Vec<Span>], cues: &Cues) -> Scopes {
        let marks = Marks { text, found };
        let past = marks.over(cues.past, cues.now);
        let months = marks.over(cues.months, cues.now);
        let (supposed, personal) = marks.supposed(cues);
        // Who watches a film may be struck meanwhile.
        let told =
            |sentence| marks.sentence_has(sentence, cues.fiction) && !marks.sentence_has(sentence, cues.meanwhile);
        let fiction = marks.sentences(told);
        Scopes { denied: marks.denied(cues), past, months, supposed, fiction, personal }
    }
}

/// The negation cues that really negate.
pub(super) fn negations(found: &[Vec<Span>], cues: &Cues) -> Vec<Span> {
    let mut exempt = [found[cues.not_negation].as_slice(), &found[cues.not_usual]].concat();
    exempt.sort_unstable();
    found[cues.negation]
        .iter()
        .filter(|cue| {
            // Hits are sorted by where they begin, and none is longer than this.
            let from = exempt.partition_point(|other| other.start + LONGEST_HIT < cue.start);
            let near = exempt[from..].iter().take_while(|other| other.start <= cue.start);
            !near.into_iter().any(|other| cue.end <= other.end)
        })
        .copied()
        .collect()
}

struct Marks<'a> {
    text: &'a Text,
    found: &'a [Vec<Span>],
}

impl Marks<'_> {
    fn blank(&self) -> Vec<bool> {
        vec![false; self.text.tokens.len()]
    }

    fn starts(&self, cue: usize) -> Vec<bool> {
        let mut marked = self.blank();
        for span in &self.found[cue] {
            marked[span.start] = true;
        }
        marked
    }

    /// Words `start..end` of each stretch with the same number.
    fn stretches(&self, number: impl Fn(usize) -> usize) -> Vec<Span> {
        let mut out: Vec<Span> = Vec::new();
        for at in 0..self.text.tokens.len() {
            match out.last_mut() {
                Some(last) if number(last.start) == number(at) => last.end = at + 1,
                _ => out.push(Span { start: at, end: at + 1 }),
            }
        }
        out
    }

    fn sentence_stretches(&self) -> Vec<Span> {
        self.stretches(|at| self.text.tokens[at].sentence)
    }

    fn clause_end(&self, at: usize) -> usize {
        let clause = self.text.tokens[at].clause;
        let rest = self.text.tokens[at..].iter().take_while(|token| token.clause == clause);
        at + rest.count()
    }

    fn sentence_has(&self, stretch: Span, cue: usize) -> bool {
        let hits = &self.found[cue];
        let from = hits.partition_point(|hit| hit.start < stretch.start);
        hits.get(from).is_some_and(|hit| hit.start < stretch.end)
    }

    fn sentences(&self, holds: impl Fn(Span) -> bool) -> Vec<bool> {
        let mut marked = self.blank();
        for stretch in self.sentence_stretches() {
            if holds(stretch) {
                marked[stretch.start..stretch.end].fill(true);
            }
        }
        marked
    }

    fn denied(&self, cues: &Cues) -> Vec<bool> {
        let ends = self.starts(cues.negation_ends);
        let goes_on = self.starts(cues.list_goes_on);
        let mut denied = self.blank();
        for cue in negations(self.found, cues) {
            let Some(first) = self.text.tokens.get(cue.end) else { continue };
            if first.clause != self.text.tokens[cue.start].clause {
                continue;
            }
            let clause_end = self.clause_end(cue.end);
            let mut end = clause_end.min(cue.end + NEGATION_REACH);
            if let Some(stop) = (cue.end..end).find(|at| ends[*at]) {
                end = stop;
            } else if end == clause_end {
                end = self.list_end(end, &goes_on);
            }
            denied[cue.end..end].fill(true);
        }
        for not_usual in &self.found[cues.not_usual] {
            denied[not_usual.start + 1..not_usual.end].fill(true);
        }
        self.answered_no(cues, &mut denied);
        denied
    }

    /// Where a list that began with "no" ends: only an "or" within it shows that it was one.
    fn list_end(&self, end: usize, goes_on: &[bool]) -> usize {
        let mut at = end;
        let sentence = self.text.tokens[end - 1].sentence;
        while self.text.tokens.get(at).is_some_and(|token| token.sentence == sentence) {
            let next = self.clause_end(at);
            if next - at > LIST_ITEM {
                break;
            }
            if goes_on[at..next].contains(&true) {
                return next;
            }
            at = next;
        }
        end
    }

    /// "hands numb? no": the answer denies the question before it.
    fn answered_no(&self, cues: &Cues, denied: &mut [bool]) {
        for pair in self.sentence_stretches().windows(2) {
            let [question, answer] = pair else { continue };
            let asked = self.text.asked.get(self.text.tokens[question.start].sentence).copied().unwrap_or(false);
            if asked && self.found[cues.answer_no].binary_search_by_key(&answer.start, |hit| hit.start).is_ok() {
                denied[question.start..question.end].fill(true);
            }
        }
    }

    /// Clauses with the cue, and those beside them in the sentence that say nothing of now.
    fn over(&self, cue: usize, now: usize) -> Vec<bool> {
        let mut marked = self.blank();
        let clauses = self.stretches(|at| self.text.tokens[at].clause);
        let mut from = 0;
        while let Some(first) = clauses.get(from) {
            let sentence = self.text.tokens[first.start].sentence;
            let count = clauses[from..].iter().take_while(|c| self.text.tokens[c.start].sentence == sentence).count();
            let together = &clauses[from..from + count];
            if together.iter().any(|clause| self.sentence_has(*clause, cue) && !self.sentence_has(*clause, now)) {
                for clause in together.iter().filter(|clause| !self.sentence_has(**clause, now)) {
                    marked[clause.start..clause.end].fill(true);
                }
            }
            from += count;
        }
        marked
    }

    fn supposed(&self, cues: &Cues) -> (Vec<bool>, Vec<bool>) {
        let general =
            |sentence| self.sentence_has(sentence, cues.question) && !self.sentence_has(sentence, cues.personal);
        let mut supposed = self.sentences(general);
        for cue in &self.found[cues.supposed] {
            supposed[cue.start..self.clause_end(cue.start)].fill(true);
        }
        let personal = self.sentences(|s| self.sentence_has(s, cues.possessive) || self.sentence_has(s, cues.personal));
        (supposed, personal)
    }
}
