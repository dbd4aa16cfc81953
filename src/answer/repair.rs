//! Repairing misspelt words against the words that entries and scope use.
//!
//! It serves search alone: a repaired text must never be what is checked for red flags. It leaves every word alone that the content
//! knows or that is listed as a real word, because a wrong repair turns one question into another.

use std::collections::{HashMap, HashSet};

use super::words::{Words, tokenise};

/// Shorter words are never repaired: too many real words lie one letter apart.
const SHORTEST: usize = 4;
/// From this length on, two slips are repaired, else one.
const TWO_SLIPS_FROM: usize = 8;
/// Words repaired in one message at most; one with more is not English, and each costs time.
const MOST: usize = 12;

/// The words that a slip can be repaired to, by first letter and length.
pub(super) struct Repair {
    targets: HashMap<(char, usize), Vec<Target>>,
    leave_alone: HashSet<String>,
}

struct Target {
    word: String,
    letters: u32,
    /// How often the content uses it: the more frequent of two equally near words wins.
    uses: u32,
}

impl Repair {
    /// Takes the words that repair may produce, with repetitions, and real words it must not touch.
    pub fn new(targets: impl IntoIterator<Item = String>, leave_alone: &[String]) -> Self {
        let mut uses: HashMap<String, u32> = HashMap::new();
        for word in targets {
            *uses.entry(word).or_default() += 1;
        }
        let mut sorted: Vec<(String, u32)> = uses.into_iter().collect();
        sorted.sort();
        let mut targets: HashMap<(char, usize), Vec<Target>> = HashMap::new();
        for (word, uses) in sorted.into_iter().filter(|(word, _)| repairable(word)) {
            let key = (word.chars().next().unwrap_or_default(), word.len());
            targets.entry(key).or_default().push(Target { letters: letters(&word), word, uses });
        }
        Self { targets, leave_alone: leave_alone.iter().flat_map(|text| tokenise(text)).collect() }
    }

    /// Repairs the words of a message in place.
    pub fn repair(&self, message: &mut [String], words: &Words) {
        let unknown = message.iter_mut().filter(|word| repairable(word) && words.token(word).term.is_none());
        for word in unknown.take(MOST) {
            if let Some(target) = self.nearest(word) {
                target.clone_into(word);
            }
        }
    }

    fn nearest(&self, word: &str) -> Option<&str> {
        if self.leave_alone.contains(word) {
            return None;
        }
        let slips = if word.len() >= TWO_SLIPS_FROM { 2 } else { 1 };
        let mask = letters(word);
        // People rarely get the first letter wrong, except by swapping the first two.
        let firsts: Vec<char> = word.chars().take(2).collect();
        let mut best: Option<(usize, u32, &str)> = None;
        for (place, first) in firsts.iter().enumerate() {
            for length in word.len() - slips..=word.len() + slips {
                for target in self.targets.get(&(*first, length)).map_or(&[][..], Vec::as_slice) {
                    let second = target.word.as_bytes().get(1).copied().map(char::from);
                    let swapped = place == 0 || second == firsts.first().copied();
                    if !swapped || (mask ^ target.letters).count_ones() as usize > 2 * slips {
                        continue;
                    }
                    let distance = strsim::osa_distance(word, &target.word);
                    let better =
                        best.is_none_or(|(d, uses, _)| (distance, u32::MAX - target.uses) < (d, u32::MAX - uses));
                    if distance <= slips && better {
                        best = Some((distance, target.uses, &target.word));
                    }
                }
            }
        }
        best.map(|(_, _, word)| word)
    }
}

/// Plain letters only, and enough of them.
fn repairable(word: &str) -> bool {
    word.len() >= SHORTEST && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The letters of a word as a set of bits.
fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |set, byte| set | 1 << (byte.wrapping_sub(b'a') & 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> String {
        let content = "massage migraine petrissage effleurage pressure shoulder crack attack place pregnant tension headache \
                       ibuprofen warfarin neck pain sleep stretch stretch";
        let mut words = Words::new(&[]);
        words.learn(content);
        let leave_alone = ["crick", "placebo", "attaches", "plain"].map(String::from);
        let repair = Repair::new(tokenise(content), &leave_alone);
        let mut message = tokenise(text);
        repair.repair(&mut message, &words);
        message.join(" ")
    }

    #[test]
    fn slips_are_repaired() {
        for (slip, want) in [
            ("masage", "massage"),
            ("massge", "massage"),
            ("migrane", "migraine"),
            ("mirgaine", "migraine"),
            ("petrisage", "petrissage"),
            ("effluerage", "effleurage"),
            ("efleurage", "effleurage"),
            ("presure", "pressure"),
            ("sholder", "shoulder"),
            ("shouldre", "shoulder"),
            ("pregnent", "pregnant"),
            ("tensoin headahce", "tension headache"),
            ("tenshon", "tension"),
            ("ibuprofin", "ibuprofen"),
            ("wafarin", "warfarin"),
            ("enck", "neck"),
            ("strech", "stretch"),
        ] {
            assert_eq!(repaired(slip), want);
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for word in [
            "crick", "placebo", "attaches", "plain", "pai", "nec", "sleeping", "400", "weather", "python", "schulter",
            "head",
        ] {
            assert_eq!(repaired(word), word);
        }
    }
}
