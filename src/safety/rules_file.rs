//! Reading `safety/rules-en.toml`: from its lines to rules, or to every problem with its line.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use toml::Spanned;

use super::clauses::Clauses;
use super::model::Urgency;
use super::pattern::{ConceptId, Pattern, Piece, Step, Vocabulary};
use super::rules::{Concept, Cues, FlagRules, Outcome, Problem, Reach, Rule, Rules, Term};
use super::text::Spelling;
use super::typo::Typos;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    spelling: Spanned<String>,
    fillers: Spanned<String>,
    clauses: Spanned<String>,
    targets: Spanned<String>,
    joined: Spanned<String>,
    history: Spanned<String>,
    priority: Spanned<String>,
    features: Spanned<String>,
    check_in: Spanned<String>,
    cue: BTreeMap<String, Spanned<String>>,
    concept: BTreeMap<String, Spanned<String>>,
    flag: Vec<FlagFile>,
    ordinary: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagFile {
    id: Spanned<String>,
    urgency: Urgency,
    #[serde(default)]
    firm: bool,
    #[serde(default)]
    months: bool,
    #[serde(default)]
    about: Option<Spanned<String>>,
    rules: Spanned<String>,
}

/// Reads and proves the whole file.
pub(super) fn read(text: &str) -> Result<Rules, Vec<Problem>> {
    let file: RulesFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        vec![Problem { line, message: error.message().to_owned() }]
    })?;
    let mut reader = Reader::new(text);
    let rules = reader.read(&file);
    reader.problems.sort_by_key(|problem| problem.line);
    match rules {
        Some(rules) if reader.problems.is_empty() => Ok(rules),
        _ => Err(reader.problems),
    }
}

/// The line, from 1, of a byte of the text.
fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
    vocabulary: Vocabulary,
    names: HashMap<String, ConceptId>,
    spelling: Spelling,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            problems: Vec::new(),
            vocabulary: Vocabulary::default(),
            names: HashMap::new(),
            spelling: Spelling::default(),
        }
    }

    fn problem(&mut self, line: usize, message: String) {
        self.problems.push(Problem { line, message });
    }

    /// The lines of a value with their numbers, without comments and empty ones.
    fn lines(&self, value: &'a Spanned<String>) -> Vec<(usize, &'a str)> {
        let start = value.span().start;
        let quoted = self.text.get(start..).unwrap_or_default();
        let first = line_at(self.text, start) + usize::from(quoted.starts_with("\"\"\"\n"));
        value
            .get_ref()
            .lines()
            .enumerate()
            .map(|(at, line)| (first + at, line.split(';').next().unwrap_or_default().trim()))
            .filter(|(_, line)| !line.is_empty())
            .collect()
    }

    fn words(&self, value: &'a Spanned<String>) -> Vec<(usize, &'a str)> {
        self.lines(value)
            .into_iter()
            .flat_map(|(at, line)| line.split_whitespace().map(move |word| (at, word)))
            .collect()
    }

    fn read(&mut self, file: &'a RulesFile) -> Option<Rules> {
        self.spelling = self.spelling(&file.spelling);
        let named: Vec<(&String, &Spanned<String>)> = file.cue.iter().chain(&file.concept).collect();
        for (id, (name, value)) in named.iter().enumerate() {
            if self.names.insert((*name).clone(), id).is_some() {
                let line = line_at(self.text, value.span().start);
                self.problem(line, format!("`{name}` is both a cue and a concept: rename one"));
            }
        }
        let history = self.concept_list(&file.history);
        let mut concepts = Vec::new();
        let mut first_lines = Vec::new();
        for (id, (name, value)) in named.iter().enumerate() {
            let patterns = self.patterns(name, value);
            first_lines.push(line_at(self.text, value.span().start));
            concepts.push(Concept { patterns, history: history.contains(&id) });
        }
        let order = self.order(&concepts, &first_lines);
        let cues = self.cues();
        let priority = self.words(&file.priority);
        let mut flags: Vec<FlagRules> = file.flag.iter().map(|flag| self.flag(flag)).collect();
        self.sort_flags(&mut flags, &priority);
        let features = self.rules(&file.features, Urgency::Emergency);
        let check_in = self.rules(&file.check_in, Urgency::SeeDoctor);
        let set =
            |words: Vec<(usize, &str)>| words.into_iter().map(|(_, word)| word.to_owned()).collect::<HashSet<_>>();
        let targets: Vec<String> = self
            .words(&file.targets)
            .into_iter()
            .map(|(_, word)| word.to_owned())
            .chain(self.vocabulary.words().map(str::to_owned))
            .collect();
        let typos = Typos::new(
            targets.iter().map(String::as_str),
            set(self.words(&file.ordinary)),
            set(self.words(&file.joined)),
        );
        Some(Rules {
            spelling: std::mem::take(&mut self.spelling),
            typos,
            vocabulary: std::mem::take(&mut self.vocabulary),
            concepts,
            order,
            fillers: set(self.words(&file.fillers)),
            clauses: Clauses::new(file.clauses.get_ref()),
            cues: cues?,
            flags,
            features,
            check_in,
        })
    }

    fn concept_list(&mut self, value: &'a Spanned<String>) -> Vec<ConceptId> {
        let words = self.words(value);
        words.into_iter().filter_map(|(line, name)| self.concept_id(line, name)).collect()
    }

    fn concept_id(&mut self, line: usize, name: &str) -> Option<ConceptId> {
        let id = self.names.get(name).copied();
        if id.is_none() {
            self.problem(line, format!("there is no concept `{name}`: define it under [concept], or correct the name"));
        }
        id
    }

    fn patterns(&mut self, name: &str, value: &'a Spanned<String>) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for (line, words) in self.lines(value) {
            for written in words.split(',').map(str::trim).filter(|written| !written.is_empty()) {
                match self.pattern(line, written) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(message) => self.problem(line, format!("`{written}`: {message}")),
                }
            }
        }
        if patterns.is_empty() {
            let line = line_at(self.text, value.span().start);
            self.problem(line, format!("`{name}` has no words"));
        }
        patterns
    }

    fn pattern(&mut self, line: usize, written: &str) -> Result<Pattern, String> {
        let mut steps = Vec::new();
        for part in written.split_whitespace() {
            let (body, optional) = part.strip_suffix('?').map_or((part, false), |body| (body, true));
            steps.push(Step { piece: self.piece(line, body)?, optional });
        }
        let ends = [steps.first(), steps.last()];
        if ends.iter().flatten().any(|step| step.piece == Piece::Gap) || steps.first().is_none_or(|step| step.optional)
        {
            return Err("begin with a word that must be there, and neither begin nor end with a gap".to_owned());
        }
        Ok(Pattern(steps))
    }

    fn piece(&mut self, line: usize, part: &str) -> Result<Piece, String> {
        if part == ".." {
            return Ok(Piece::Gap);
        }
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            // An unknown name is reported by its own message, with the same line.
            return Ok(self.concept_id(line, name).map_or(Piece::Words(Vec::new()), Piece::Concept));
        }
        if let Some(range) = part.strip_prefix('#') {
            if range.is_empty() {
                return Ok(Piece::Number(0.0, f64::MAX));
            }
            let parsed = range.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
            return match parsed {
                Some((low, high)) if low <= high => Ok(Piece::Number(low, high)),
                _ => Err("a range of numbers is written like #50-120".to_owned()),
            };
        }
        let mut atoms = Vec::new();
        for word in part.split('/') {
            let stem = word.strip_suffix('*').unwrap_or(word);
            if stem.len() < 2 && word != stem || stem.is_empty() {
                return Err("a star needs at least two letters before it".to_owned());
            }
            if !stem.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                return Err(format!(
                    "`{word}` can never match: texts are read in lower case, without apostrophes or hyphens"
                ));
            }
            // Texts are read with the spelling that is meant, so the patterns must be too.
            atoms.push(self.vocabulary.atom(self.spelling.single(word).unwrap_or(word)));
        }
        Ok(Piece::Words(atoms))
    }

    /// Each concept after those that it names; a circle is a problem.
    fn order(&mut self, concepts: &[Concept], lines: &[usize]) -> Vec<ConceptId> {
        let needs = |id: ConceptId| {
            concepts.get(id).into_iter().flat_map(|c| &c.patterns).flat_map(|p| &p.0).filter_map(|step| {
                match step.piece {
                    Piece::Concept(id) => Some(id),
                    Piece::Words(_) | Piece::Gap | Piece::Number(..) => None,
                }
            })
        };
        let mut order = Vec::new();
        let mut done = vec![false; concepts.len()];
        while order.len() < concepts.len() {
            let before = order.len();
            for id in 0..concepts.len() {
                if !done[id] && needs(id).all(|need| done[need]) {
                    done[id] = true;
                    order.push(id);
                }
            }
            if order.len() == before {
                let stuck = done.iter().position(|d| !d).unwrap_or_default();
                self.problem(lines.get(stuck).copied().unwrap_or(1), "concepts name each other in a circle".to_owned());
                return order;
            }
        }
        order
    }

    fn cues(&mut self) -> Option<Cues> {
        let mut cue = |name: &str| {
            let id = self.names.get(name).copied();
            if id.is_none() {
                self.problem(1, format!("the cue `{name}` is missing under [cue]"));
            }
            id
        };
        // All are looked up before the first missing one ends it, so that all are reported.
        let (figure, negation, not_negation, negation_ends) =
            (cue("figure"), cue("negation"), cue("not_negation"), cue("negation_ends"));
        let not_usual = cue("not_usual");
        let (clause_break, answer_no, list_goes_on) = (cue("clause_break"), cue("answer_no"), cue("list_goes_on"));
        let (past, months, now, question) = (cue("past"), cue("months"), cue("now"), cue("question"));
        let (supposed, personal, possessive) = (cue("supposed"), cue("personal"), cue("possessive"));
        let (fiction, meanwhile) = (cue("fiction"), cue("meanwhile"));
        Some(Cues {
            figure: figure?,
            negation: negation?,
            not_negation: not_negation?,
            not_usual: not_usual?,
            negation_ends: negation_ends?,
            clause_break: clause_break?,
            answer_no: answer_no?,
            list_goes_on: list_goes_on?,
            past: past?,
            months: months?,
            now: now?,
            question: question?,
            supposed: supposed?,
            personal: personal?,
            possessive: possessive?,
            fiction: fiction?,
            meanwhile: meanwhile?,
        })
    }

    fn flag(&mut self, flag: &'a FlagFile) -> FlagRules {
        let id = flag.id.get_ref();
        let number = id.strip_prefix("RF").filter(|n| n.len() == 2).and_then(|n| n.parse::<u8>().ok());
        if !number.is_some_and(|n| (1..=29).contains(&n)) {
            let line = line_at(self.text, flag.id.span().start);
            self.problem(line, format!("there is no flag `{id}`: they go from RF01 to RF29"));
        }
        FlagRules {
            id: id.clone(),
            urgency: flag.urgency,
            firm: flag.firm,
            months: flag.months,
            rules: self.rules(&flag.rules, flag.urgency),
            about: flag.about.as_ref().map(|about| self.concept_list(about)).unwrap_or_default(),
        }
    }

    fn sort_flags(&mut self, flags: &mut [FlagRules], priority: &[(usize, &str)]) {
        for (line, id) in priority {
            if !flags.iter().any(|flag| flag.id == *id) {
                self.problem(*line, format!("there is no flag `{id}` to give a priority"));
            }
        }
        let rank = |flag: &FlagRules| priority.iter().position(|(_, id)| *id == flag.id);
        if let Some(flag) = flags.iter().find(|flag| rank(flag).is_none()) {
            let line = priority.first().map_or(1, |(line, _)| *line);
            self.problem(line, format!("`{}` has no place in `priority`", flag.id));
        }
        flags.sort_by_key(rank);
        for pair in flags.windows(2) {
            if let [a, b] = pair
                && a.id == b.id
            {
                self.problem(1, format!("the flag `{}` is there twice", a.id));
            }
        }
    }

    fn rules(&mut self, value: &'a Spanned<String>, urgency: Urgency) -> Vec<Rule> {
        let lines = self.lines(value);
        if lines.is_empty() {
            let line = line_at(self.text, value.span().start);
            self.problem(line, "no rules: write at least one".to_owned());
        }
        lines.into_iter().filter_map(|(line, rule)| self.rule(line, rule, urgency)).collect()
    }

    fn rule(&mut self, line: usize, written: &str, urgency: Urgency) -> Option<Rule> {
        let (rest, always) = written.strip_prefix('*').map_or((written, false), |rest| (rest.trim_start(), true));
        let (body, outcome) = match rest.split_once("->") {
            None => (rest, Outcome::Raise(urgency)),
            Some((body, outcome)) => (body, self.outcome(line, outcome.trim())?),
        };
        let (reach, body) = match body.split_once(':') {
            None => (Reach::Near, body),
            Some((reach, body)) => (self.reach(line, reach.trim())?, body),
        };
        let mut terms = Vec::new();
        for part in body.split('&').map(str::trim) {
            let (part, forbidden) = part.strip_prefix('!').map_or((part, false), |part| (part, true));
            let any: Vec<ConceptId> = part.split('|').filter_map(|name| self.concept_id(line, name.trim())).collect();
            terms.push(Term { forbidden, any });
        }
        if terms.iter().all(|term| term.forbidden) {
            self.problem(line, format!("`{written}` only says what must not be there: name what must"));
            return None;
        }
        Some(Rule { reach, terms, outcome, always })
    }

    fn outcome(&mut self, line: usize, word: &str) -> Option<Outcome> {
        match word {
            "emergency" => Some(Outcome::Raise(Urgency::Emergency)),
            "same_day" => Some(Outcome::Raise(Urgency::SameDay)),
            "see_doctor" => Some(Outcome::Raise(Urgency::SeeDoctor)),
            "doubt" => Some(Outcome::Doubt),
            _ => {
                self.problem(line, format!("`-> {word}`: write emergency, same_day, see_doctor or doubt"));
                None
            }
        }
    }

    fn reach(&mut self, line: usize, word: &str) -> Option<Reach> {
        match word {
            "clause" => Some(Reach::Clause),
            "sentence" => Some(Reach::Sentence),
            "near" => Some(Reach::Near),
            "message" => Some(Reach::Message),
            _ => {
                self.problem(line, format!("`{word}:` is no reach: write clause, sentence, near or message"));
                None
            }
        }
    }

    fn spelling(&mut self, value: &'a Spanned<String>) -> Spelling {
        let mut pairs = Vec::new();
        for (line, written) in self.lines(value) {
            let Some((meant, ways)) = written.split_once('=') else {
                self.problem(line, format!("`{written}`: write `what is meant = one way, another way`"));
                continue;
            };
            pairs.extend(ways.split(',').map(|way| (way.trim(), meant.trim())));
        }
        Spelling::new(pairs.into_iter())
    }
}
