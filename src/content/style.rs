//! What no text of Nape may say: promises, doses, shouting, and hands on the front of the neck.
//!
//! Looks at words only. It can't tell whether a text is true or kind; people must still read it.

use std::sync::LazyLock;

use regex::Regex;

/// A breach of style in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: &'static str,
}

/// Every breach in a text that people read: in its tone, and where it tells people to put their hands.
pub(crate) fn breaches(text: &str) -> Vec<Breach> {
    let mut breaches = tone(text);
    breaches.extend(front_of_neck(text));
    breaches
}

/// Exclamation marks, promises and doses.
pub(crate) fn tone(text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if let Some(at) = text.find('!') {
        breaches.push(Breach {
            at,
            what: "an exclamation mark".to_owned(),
            remedy: "end the sentence with a full stop",
        });
    }
    breaches.extend(PROMISE.find_iter(text).map(|found| Breach {
        at: found.start(),
        what: format!("\"{}\" promises too much", found.as_str()),
        remedy: "say what may help some people",
    }));
    breaches.extend(DOSE.find_iter(text).map(|found| Breach {
        at: found.start(),
        what: format!("\"{}\" is a medicine dose", found.as_str()),
        remedy: "take it out and name a pharmacist or doctor instead",
    }));
    breaches
}

static PROMISE: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"(?i)\b(?:cure[sd]?|guarantee\w*|natural\s+and\s+safe|safe\s+for\s+everyone)\b"));

static DOSE: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?i)\b\d+(?:[.,]\d+)?\s?-?(?:mg|mcg|µg|μg|milligram(?:me)?s?|microgram(?:me)?s?|tablets?|pills?|capsules?)\b",
    )
});

static SENTENCE: LazyLock<Regex> = LazyLock::new(|| fixed(r"[^.?;\n]+[.?;\n]*"));

/// Telling somebody to do it. "Massage" and "stroke" are nouns too, so they count before a word that makes them verbs.
static HANDS: LazyLock<Regex> = LazyLock::new(|| {
    fixed(concat!(
        r"(?i)\b(?:press|squeeze|rub|knead|push|pinch|grip|apply\s+pressure",
        r"|(?:massage|stroke)\s+(?:the|your|both|it|on|over|along|down|up|gently|lightly|slowly)",
        r"|(?:try|start|begin|keep|practise|by)\s+(?:\w+ly\s+)?(?:press|squeez|rubb|knead|push|pinch|massag|strok)ing)\b",
    ))
});

static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    fixed(concat!(
        r"(?i)\b(?:(?:front|sides?)(?:\s+(?:and|or)\s+sides?)?\s+of\s+(?:(?:the|your|their|his|her|my)\s+)?neck",
        r"|throat|carotids?|windpipe|trachea|adam.?s\s+apple|voice\s+box|larynx)\b",
    ))
});

/// Force on the whole neck; no zone needs to be named besides.
static FORCE: LazyLock<Regex> = LazyLock::new(|| {
    fixed(r"(?i)\b(?:crack|twist|jerk|yank|pull)\s+(?:on\s+|at\s+)?(?:the|your|their|his|her)\s+(?:neck|head)\b")
});

static NEGATION: LazyLock<Regex> = LazyLock::new(|| {
    fixed(concat!(
        r"(?i)\b(?:no|not|never|nor|neither|nothing|nobody|without|avoid|avoids|stop|cannot|can.?t|don.?t|doesn.?t",
        r"|isn.?t|aren.?t|won.?t|shouldn.?t|mustn.?t|rather\s+than|instead\s+of|away\s+from|(?:hands|keep|stay)\s+off|off\s+limits)\b",
    ))
});

/// A condition in front ("if it does not hurt, ..."): its negation says nothing about the instruction.
static CONDITION: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"(?i)^\W*(?:if|when|while|unless|once|where|as\s+long\s+as)\b[^,]*,"));

/// Hands told to the front or side of the neck, or force told on all of it, without a "never" before that in the same
/// sentence (hard rules HR01 to HR03).
fn front_of_neck(text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if !ZONE.is_match(text) && !FORCE.is_match(text) {
        return breaches;
    }
    for found in SENTENCE.find_iter(text).filter(|found| !found.as_str().ends_with('?')) {
        let condition = CONDITION.find(found.as_str()).map_or(0, |condition| condition.end());
        let (start, sentence) = (found.start() + condition, found.as_str().get(condition..).unwrap_or(""));
        let negation = NEGATION.find(sentence).map_or(usize::MAX, |negation| negation.start());
        let pressed = ZONE.find(sentence).and_then(|zone| {
            let hands = HANDS.find_iter(sentence).find(|hands| negation > hands.start().max(zone.start()))?;
            Some((hands.start(), format!("\"{}\" and \"{}\" in one sentence", hands.as_str(), zone.as_str())))
        });
        let forced = FORCE.find_iter(sentence).find(|force| negation > force.start());
        let forced = forced.map(|force| (force.start(), format!("\"{}\" in a sentence", force.as_str())));
        for (at, what) in pressed.into_iter().chain(forced) {
            breaches.push(Breach {
                at: start + at,
                what: format!("{what} without a \"never\""),
                remedy: "say never to, or take it out",
            });
        }
    }
    breaches
}

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns here are fixed and every one is compiled by a test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_doses_and_shouting_are_found() {
        for bad in [
            "It works!",
            "This cures migraine.",
            "It was cured.",
            "Results are guaranteed.",
            "Natural and safe.",
            "It is safe for everyone.",
            "Take 400 mg now.",
            "Take 400mg now.",
            "Take 2 tablets.",
        ] {
            assert_eq!(tone(bad).len(), 1, "{bad}");
        }
        for good in ["A secure seat.", "An obscure cause.", "On 10 days a month.", "Natural does not mean safe."] {
            assert_eq!(breaches(good), [], "{good}");
        }
    }

    #[test]
    fn hands_on_the_front_of_the_neck_are_found() {
        for bad in [
            "Press the front of your neck.",
            "Massage the throat gently.",
            "On the windpipe, press lightly.",
            "If it does not hurt, squeeze the carotid.",
            "Try gently pressing the throat.",
            "No rush. Rub along your throat.",
            "Take off the scarf and knead the side of your neck.",
            "Twist your neck until it clicks.",
        ] {
            assert_eq!(breaches(bad).len(), 1, "{bad}");
        }
        for good in [
            "Never press the front of the neck.",
            "The neck pulse (carotid artery): never press it",
            "Press the ridge, never the throat.",
            "Can I press my throat?",
            "Carotid massage is a test by a doctor.",
            "A torn carotid artery can cause a stroke.",
            "Press the shoulder. The throat stays open.",
            "Pressing the throat can make you faint.",
            "Never crack, twist or pull your neck.",
            "Keep off the throat when you rub the shoulder.",
        ] {
            assert_eq!(breaches(good), [], "{good}");
        }
    }
}
