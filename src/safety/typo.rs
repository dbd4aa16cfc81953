//! Words with a typo: the nearest word of the rules, if it is near enough and the word isn't an ordinary one.
//!
//! A repaired word stands beside the written one and never replaces it.

use std::collections::{HashMap, HashSet};

use strsim::osa_distance;

use super::text::Token;

/// Shorter words have too many honest neighbours.
const SHORTEST: usize = 5;
/// Longer words may have two slips.
const TWO_SLIPS: usize = 8;
/// No word that the rules know is longer.
const LONGEST: usize = 20;
/// Different unknown words looked at in one text: bounds the time on garbage.
const LOOKED_AT: usize = 800;

/// What typos are repaired to, and what is left alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Typos {
    by_beginning: HashMap<(char, usize), Vec<String>>,
    ordinary: HashSet<String>,
    joined: HashSet<String>,
}

impl Typos {
    /// `targets`: the words a typo may mean. `ordinary`: real words that are near a target and mean something else.
    /// `joined`: words that people write together by accident.
    pub(super) fn new<'a>(
        targets: impl Iterator<Item = &'a str>,
        ordinary: HashSet<String>,
        joined: HashSet<String>,
    ) -> Typos {
        let mut by_beginning: HashMap<(char, usize), Vec<String>> = HashMap::new();
        let mut sorted: Vec<&str> = targets.filter(|word| word.len() >= SHORTEST).collect();
        sorted.sort_unstable();
        sorted.dedup();
        for word in sorted {
            if let Some(first) = word.chars().next() {
                by_beginning.entry((first, word.chars().count())).or_default().push(word.to_owned());
            }
        }
        Typos { by_beginning, ordinary, joined }
    }

    /// Fills in what the words mean. `known` tells which words need no help.
    pub(super) fn repair(&self, tokens: &mut Vec<Token>, known: impl Fn(&str) -> bool) {
        let mut seen: HashMap<String, Option<Vec<String>>> = HashMap::new();
        let mut out = Vec::with_capacity(tokens.len());
        for mut token in tokens.drain(..) {
            if token.number.is_some() || known(&token.word) {
                out.push(token);
                continue;
            }
            if !seen.contains_key(&token.word) {
                let found = if seen.len() < LOOKED_AT { self.meant(&token.word, &known) } else { None };
                seen.insert(token.word.clone(), found);
            }
            match seen.get(&token.word).and_then(Option::as_deref) {
                Some([one]) => {
                    token.meant = Some(one.clone());
                    out.push(token);
                }
                Some(several) => out.extend(several.iter().map(|word| Token { word: word.clone(), ..token.clone() })),
                None => out.push(token),
            }
        }
        *tokens = out;
    }

    fn meant(&self, word: &str, known: &impl Fn(&str) -> bool) -> Option<Vec<String>> {
        if self.ordinary.contains(word) {
            return None;
        }
        if let Some(shorter) = unstretched(word, |w| known(w) || self.ordinary.contains(w)) {
            return Some(vec![shorter]);
        }
        self.nearest(word).map(|near| vec![near]).or_else(|| self.split(word))
    }

    fn nearest(&self, word: &str) -> Option<String> {
        let mut letters = word.chars();
        let first = letters.next()?;
        let second = letters.next()?;
        let count = word.chars().count();
        if !(SHORTEST - 1..=LONGEST).contains(&count) {
            return None;
        }
        let mut best: Option<(usize, &str)> = None;
        for length in count.saturating_sub(2)..=count + 2 {
            // The second letter too: "ehadache" begins with two letters swapped.
            for begin in if first == second { vec![first] } else { vec![first, second] } {
                for target in self.by_beginning.get(&(begin, length)).into_iter().flatten() {
                    let slips = osa_distance(word, target);
                    let allowed = if length >= TWO_SLIPS { 2 } else { 1 };
                    let allowed = if begin == first { allowed } else { 1 };
                    if slips <= allowed && best.is_none_or(|(least, _)| slips < least) {
                        best = Some((slips, target));
                    }
                }
            }
        }
        best.map(|(_, target)| target.to_owned())
    }

    /// `cantmove` is `cant move`: only if all of it is made of words that people do write together.
    fn split(&self, word: &str) -> Option<Vec<String>> {
        if !word.is_ascii() || !(5..=LONGEST + 6).contains(&word.len()) {
            return None;
        }
        let mut reached: Vec<Option<usize>> = vec![None; word.len() + 1];
        reached[0] = Some(0);
        for end in 1..=word.len() {
            let from = (0..end).find(|&from| reached[from].is_some() && self.joined.contains(&word[from..end]));
            reached[end] = from;
        }
        let mut parts = Vec::new();
        let mut end = word.len();
        while end > 0 {
            let from = reached[end]?;
            parts.push(word[from..end].to_owned());
            end = from;
        }
        parts.reverse();
        Some(parts).filter(|parts| parts.len() > 1)
    }
}

/// "worrrst" is "worst", "killlling" is "killing": letters three times or more stand for two or one.
fn unstretched(word: &str, known: impl Fn(&str) -> bool) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    let runs: Vec<&[char]> = letters.chunk_by(|a, b| a == b).collect();
    if runs.iter().all(|run| run.len() < 3) {
        return None;
    }
    let squeeze = |most: usize| {
        let kept = |run: &&[char]| if run.len() < 3 { run.len() } else { most };
        runs.iter().flat_map(|run| run.iter().take(kept(run))).collect::<String>()
    };
    let double = squeeze(2);
    if known(&double) { Some(double) } else { Some(squeeze(1)) }
}
