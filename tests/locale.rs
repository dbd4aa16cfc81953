//! The sentences and the program hold to each other: no row of a table is without its sentence, and no sentence is unused.

#![expect(clippy::unwrap_used, reason = "a test that can't read the sources has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use nape::answer::{ScopeKind, SmalltalkKind};
use nape::base::evidence::Grade;
use nape::command::manual::{self, LeadsTo};
use nape::command::table::{COMMANDS, Shown};
use nape::locale::Phrases;
use nape::locale::phrases::FAMILIES;
use nape::routine::model::FORBIDDEN_TAGS;
use nape::settings::table::{LEAVE_OUT_WORDS, SETTINGS};

const LOCALE: &str = "config/content/locales/en.ftl";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn locale() -> String {
    fs::read_to_string(root().join(LOCALE)).unwrap()
}

/// The key of each sentence of its own, with its function and the function's arguments, as `src/locale/phrases.rs` has them.
fn sentences() -> Vec<(String, String, Vec<String>)> {
    let text = fs::read_to_string(root().join("src/locale/phrases.rs")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let (key, rest) = line.trim().strip_prefix('"')?.split_once("\" ")?;
        let (name, arguments) = rest.strip_suffix(");")?.split_once('(')?;
        let names = arguments.split(',').filter_map(|argument| Some(argument.split_once(':')?.0.trim().to_owned()));
        Some((key.to_owned(), name.to_owned(), names.collect()))
    });
    rows.collect()
}

/// The code of everything but the sentences themselves.
fn program() -> String {
    fn walk(folder: &Path, found: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("src/locale") {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = String::new();
    walk(&root().join("src"), &mut found);
    // A call may stand on a line of its own.
    found.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reasons that `nape why` can be asked about, as the bot names them.
fn reasons() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let refusals = fs::read_to_string(root().join("src/bot/refusal.rs")).unwrap();
    for part in refusals.split("Refusal::").filter(|part| part.contains("=> (\"") || part.contains("(\"")) {
        let code = part.split_once("(\"").and_then(|(_, rest)| rest.split_once("\", vec!["));
        found.extend(code.map(|(code, _)| code.to_owned()).filter(|code| !code.contains(char::is_whitespace)));
    }
    for part in program().split(".reason = Some((").skip(1) {
        let code = part.strip_prefix('"').and_then(|part| part.split_once("\".to_owned()"));
        found.extend(code.map(|(code, _)| code.to_owned()));
    }
    assert!(found.len() > 20, "only these reasons were found, the code looks different now: {found:?}");
    found.extend(ScopeKind::ALL.map(|kind| format!("scope-{}", kind.name().replace('_', "-"))));
    found
}

/// A manual without sentences, for its names.
struct Bare;

impl manual::Sentences for Bare {
    fn command(&self, _: &str) -> String {
        String::new()
    }

    fn group(&self, _: &str) -> String {
        String::new()
    }

    fn param(&self, _: &str) -> String {
        String::new()
    }
}

/// Every family with the rows that it must have, each no more and no less.
fn rows() -> BTreeMap<&'static str, BTreeSet<String>> {
    let slug = |text: &str| text.replace([' ', '_'], "-");
    let all = |rows: &[&str]| rows.iter().map(|row| slug(row)).collect::<BTreeSet<_>>();
    let commands = |shown: &dyn Fn(Shown) -> bool| {
        COMMANDS.iter().filter(|spec| shown(spec.shown)).map(|spec| spec.slug()).collect::<BTreeSet<_>>()
    };
    let menus = manual::menus(&Bare);
    let entries = menus.iter().flat_map(|menu| match &menu.leads_to {
        LeadsTo::Command(entry) => vec![entry],
        LeadsTo::Group(entries) => entries.iter().map(|(_, entry)| entry).collect(),
    });
    BTreeMap::from([
        ("command", commands(&|shown| shown != Shown::Never)),
        ("verb", commands(&|shown| shown == Shown::Verb)),
        ("setting", SETTINGS.iter().map(|setting| slug(setting.key)).collect()),
        ("grade", Grade::ALL.iter().map(|grade| slug(grade.name())).collect()),
        ("scope", ScopeKind::ALL.iter().map(|kind| slug(kind.name())).collect()),
        ("smalltalk", SmalltalkKind::ALL.iter().map(|kind| slug(kind.name())).collect()),
        ("pressure", (0..=5).map(|pressure| pressure.to_string()).collect()),
        ("side", all(&["left", "right", "both", "choice"])),
        ("layer", all(&["mine", "server", "default"])),
        ("tag", LEAVE_OUT_WORDS.iter().chain(FORBIDDEN_TAGS).map(|tag| slug(tag)).collect()),
        ("end", all(&["finished", "hurt"])),
        ("venue", all(&["private-thread", "public-thread", "direct"])),
        ("urgency", all(&["emergency", "same-day", "see-doctor"])),
        ("why", reasons()),
        (
            "group",
            menus
                .iter()
                .filter(|menu| matches!(menu.leads_to, LeadsTo::Group(_)))
                .map(|menu| slug(menu.name))
                .collect(),
        ),
        ("param", entries.flat_map(|entry| &entry.fields).map(|field| slug(field.name)).collect()),
        ("place", all(&["here", "private-thread", "public-thread", "direct"])),
    ])
}

/// What is wrong between a locale and the rows.
fn family_problems(keys: &BTreeSet<String>, own: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (family, rows) in rows() {
        let needed: BTreeSet<String> = rows.iter().map(|row| format!("{family}-{row}")).collect();
        let there: BTreeSet<String> = keys
            .iter()
            .filter(|key| !own.contains(*key) && key.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')))
            .cloned()
            .collect();
        problems.extend(needed.difference(keys).map(|key| format!("{LOCALE}: `{key}` is missing; write `{key} = …`")));
        problems
            .extend(there.difference(&needed).map(|key| format!("{LOCALE}: `{key}` belongs to no row; take it away")));
    }
    problems
}

/// The names in braces of each sentence.
fn placeables(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase())) {
            key = name.to_owned();
        }
        let names =
            line.split('$').skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        found.entry(key.clone()).or_default().extend(names);
    }
    found
}

#[test]
fn every_row_of_every_table_has_its_sentence_and_no_sentence_is_without_a_row() {
    let text = locale();
    let phrases = Phrases::parse("en", &text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let keys: BTreeSet<String> = phrases.keys().map(str::to_owned).collect();
    let own: BTreeSet<String> = sentences().into_iter().map(|(key, ..)| key).collect();
    let problems = family_problems(&keys, &own);
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn every_family_is_looked_at() {
    assert_eq!(FAMILIES.iter().copied().collect::<BTreeSet<_>>(), rows().into_keys().collect::<BTreeSet<_>>());
}

#[test]
fn every_sentence_is_said_somewhere() {
    let program = program();
    let sentences = sentences();
    assert!(sentences.len() > 100, "only {} sentences were found, phrases.rs looks different now", sentences.len());
    let is_said = |name: &str| {
        ["phrases", "phrases()", "phrases ", "phrases() "].iter().any(|who| program.contains(&format!("{who}.{name}(")))
    };
    let unused: Vec<&str> =
        sentences.iter().filter(|(_, name, _)| !is_said(name)).map(|(key, ..)| key.as_str()).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}: take them out of phrases.rs and {LOCALE}");
    let families: Vec<&&str> = FAMILIES.iter().filter(|family| **family != "why" && !is_said(family)).collect();
    assert!(families.is_empty(), "nobody says a sentence of {families:?}");
}

#[test]
fn sentences_name_only_what_they_are_given() {
    let text = locale();
    let given: BTreeMap<String, Vec<String>> = sentences().into_iter().map(|(key, _, names)| (key, names)).collect();
    // What refusals give to the sentences of `why`.
    let of_why = ["usage", "limit", "title", "key", "allowed", "what", "rights"].map(str::to_owned).to_vec();
    for (key, names) in placeables(&text) {
        let given = given
            .get(&key)
            .cloned()
            .unwrap_or_else(|| if key.starts_with("why-") { of_why.clone() } else { Vec::new() });
        let stray: Vec<&String> = names.iter().filter(|name| !given.contains(name)).collect();
        assert!(stray.is_empty(), "{LOCALE}: `{key}` names {stray:?}, but is given {given:?}");
        let unsaid: Vec<&String> =
            given.iter().filter(|name| !names.contains(*name) && !key.starts_with("why-")).collect();
        assert!(unsaid.is_empty(), "{LOCALE}: `{key}` is given {unsaid:?} and leaves it out");
    }
}

#[test]
fn a_missing_and_a_stray_row_are_found() {
    let text = locale();
    let phrases = Phrases::parse("en", &text).unwrap();
    let own: BTreeSet<String> = sentences().into_iter().map(|(key, ..)| key).collect();
    for family in rows().keys() {
        let mut keys: BTreeSet<String> = phrases.keys().map(str::to_owned).collect();
        let row =
            keys.iter().find(|key| key.starts_with(&format!("{family}-")) && !own.contains(*key)).cloned().unwrap();
        keys.remove(&row);
        keys.insert(format!("{family}-of-nothing"));
        let problems = family_problems(&keys, &own);
        assert_eq!(problems.len(), 2, "{family}: {problems:?}");
    }
    let named = placeables("a = { $x ->\n    [one] one\n   *[other] { $y }\n}\n# b = { $z }\n");
    assert_eq!(named["a"], BTreeSet::from(["x".to_owned(), "y".to_owned()]));
}
