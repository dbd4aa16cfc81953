//! A small content tree without any problem; the tests break it in one place at a time.

use std::fmt::Write as _;

use nape::content::{Files, Library, Problem, load};

pub const CARD: &str = "knowledge/en/technique.press.md";
pub const PLAIN: &str = "knowledge/en/migraine.what.md";
pub const TOPICS: &str = "knowledge/topics.toml";
pub const CALM: &str = "routines/en/calm.toml";
pub const DESK: &str = "routines/en/desk.toml";
pub const GLOSSARY: &str = "glossary/en.toml";
pub const SOURCES: &str = "sources.toml";
pub const SAFETY: &str = "safety/en.toml";

const CARD_TEXT: &str = r#"+++
id = "technique.press"
topic = "technique.press"
title = "Pressing with flat fingers"
questions = [
  "how do i press a sore spot",
  "how long should i press",
  "what is pressing good for",
]
tags = ["card", "press"]
sources = ["OWN", "SHOE"]
grade = "expert"
checked = 2026-01-10
review_by = 2027-01-10
related = ["migraine.what"]
reviewed_by = ""
+++
Press slowly with flat fingers, and stop when it hurts.

## What it is
Slow, still weight.

## Why
It may help some people.

## How on yourself
- Sit down.
- Press the ridge of the shoulder.

## How it should feel
Pleasant.

## Common mistakes
- Too fast.
- Never press the front of the neck.

## When not
Not with a fever.
"#;

const PLAIN_TEXT: &str = r#"+++
id = "migraine.what"
topic = "migraine.what"
title = "What migraine is"
questions = ["what is migraine", "is migraine just a headache", "what does migraine mean"]
tags = ["migraine"]
sources = ["OWN"]
grade = "design"
evidence = "a careful choice"
checked = 2026-01-10
review_by = 2027-01-10
related = []
reviewed_by = ""
+++
Migraine is more than a headache.

## More
It comes in attacks.
"#;

const CALM_TEXT: &str = r#"id = "R0"
name = "calm"
title = "Touch-free calm"
aliases = ["breathing", "no touch"]
good_for = ["stress"]
goal = "Settle the breath."
when = "Any time."
position = "Sit or lie."
not_for = "Anyone with an emergency sign."
total_seconds = 60
pressure_cap = 0
touch = false
attack = true
evidence = "Not tested."
grade = "design"
sources = ["OWN"]
checked = 2026-01-10
review_by = 2027-01-10
reviewed_by = ""

[[step]]
id = "breathe"
name = "Slow breath"
technique = "breathing"
area = "belly"
side = "both"
seconds = 60
pressure = [0, 0]
optional = false
tags = ["belly", "breathe", "sitting", "touch_free"]
say = "Let the breath go out slowly."
brief = "Breathe out slowly."
breath = "In 3, out 5."
stop_if = "Light-headed."
easier = "Only notice it."
"#;

const DESK_HEAD: &str = r#"id = "R1"
name = "desk"
title = "Desk reset"
aliases = ["office", "quick break"]
good_for = ["desk work", "tight shoulders"]
goal = "Loosen the shoulders."
when = "Between attacks."
position = "Sit tall."
not_for = "Anyone whose screening said no touch."
total_seconds = 80
pressure_cap = 3
touch = true
attack = false
evidence = "Not tested."
grade = "design"
sources = ["OWN"]
checked = 2026-01-10
review_by = 2027-01-10
reviewed_by = ""
"#;

const DESK_STEP: &str = r#"
[[step]]
id = "glide-SIDE"
name = "Warm glide"
technique = "effleurage"
area = "back of neck to SIDE shoulder"
side = "SIDE"
seconds = 40
pressure = [1, 2]
optional = false
tags = ["back_of_neck", "shoulder", "glide", "sitting", "light", "touch"]
say = "Glide from the hairline to the SIDE shoulder."
brief = "Glide to the SIDE shoulder."
breath = "Out as you glide."
stop_if = "It hurts."
easier = "Lighter."
"#;

const GLOSSARY_TEXT: &str = r#"[[term]]
id = "effleurage"
term = "Effleurage"
aliases = ["gliding stroke", "long strokes"]
text = "Long gliding strokes."
see = "technique.press"
sources = ["OWN"]

[[term]]
id = "petrissage"
term = "Petrissage"
aliases = ["kneading"]
text = "Kneading a muscle."
sources = ["OWN"]
"#;

const SOURCES_TEXT: &str = r#"[[source]]
id = "OWN"
title = "Our own choice"
publisher = "Nape"
year = "2026"
url = ""
read = "whole"

[[source]]
id = "SHOE"
title = "A study"
publisher = "A journal"
year = "n.d."
url = "https://example.org/"
read = "abstract"
"#;

/// The first flag begins on line 1; each flag has 19 lines.
fn safety() -> String {
    let mut text = String::new();
    let mut add = |block: String| text.push_str(&block);
    for number in 1..=29 {
        let examples = (1..=8).fold(String::new(), |mut lines, example| {
            let _ = writeln!(lines, "  {{ text = \"sign {number} of kind {example}\" }},");
            lines
        });
        add(format!(
            "[[red_flag]]\nid = \"RF{number:02}\"\ntitle = \"Sign {number}\"\nurgency = \"emergency\"\n\
             advice = \"Call now.\"\nask = \"Is it so?\"\nsources = [\"OWN\"]\nexamples = [\n{examples}]\n\
             not_examples = [\"no sign\"]\n\n"
        ));
    }
    for number in 1..=25 {
        add(format!(
            "[[screening]]\nid = \"Q{number:02}\"\nline = \"Item {number}\"\nquestion = \"Is it so?\"\n\
             then = \"No touch.\"\nsources = [\"OWN\"]\n\n"
        ));
    }
    for number in 1..=28 {
        add(format!("[[hard_rule]]\nid = \"HR{number:02}\"\ntext = \"Rule {number}.\"\nsources = [\"OWN\"]\n\n"));
    }
    text
}

/// All files of the tree.
pub fn files() -> Files {
    let desk = [DESK_HEAD, &DESK_STEP.replace("SIDE", "left"), &DESK_STEP.replace("SIDE", "right")].concat();
    let texts = [
        (CARD, CARD_TEXT.to_owned()),
        (PLAIN, PLAIN_TEXT.to_owned()),
        (TOPICS, "migraine = [\n  \"what\",\n]\ntechnique = [\n  \"press\",\n]\n".to_owned()),
        (CALM, CALM_TEXT.to_owned()),
        (DESK, desk),
        (GLOSSARY, GLOSSARY_TEXT.to_owned()),
        (SOURCES, SOURCES_TEXT.to_owned()),
        (SAFETY, safety()),
        ("safety/rules-en.toml", "# rules\n".to_owned()),
        ("scope/en.toml", "# scope\n".to_owned()),
        ("locales/en.ftl", "# sentences\n".to_owned()),
    ];
    Files::from_texts(texts.map(|(path, text)| (path.to_owned(), text)))
}

/// The tree with `old` replaced by `new`, once, in one file.
pub fn edited(path: &str, old: &str, new: &str) -> Files {
    let mut files = files();
    let text = files.get(path).expect("the file is in the tree").to_owned();
    assert!(text.contains(old), "{path} has no {old:?}");
    files.set(path, text.replacen(old, new, 1));
    files
}

/// Loads as of a day within the tree's dates.
pub fn load_tree(files: &Files) -> Result<Library, Vec<Problem>> {
    load(files, jiff::civil::date(2026, 6, 1))
}

/// Every problem as it is shown.
pub fn shown(files: &Files) -> Vec<String> {
    load_tree(files).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// File, what stands there, what is put in its place, and how the message starts after the file's name.
pub type Case = (&'static str, &'static str, &'static str, &'static str);

/// Each edit makes exactly one problem, and it is the expected one.
pub fn all_found(cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(path, old, new, expected)| {
            let found = shown(&edited(path, old, new));
            let right = found.len() == 1 && found[0].starts_with(&format!("{path}:{expected}"));
            (!right).then(|| format!("{old:?} -> {new:?}\n  wanted {path}:{expected}\n  found {found:#?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
