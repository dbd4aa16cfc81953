//! The house keeps its shape: who may import whom, what is named where, and what never stands in the code. Tests beside the
//! code may name what they need.
//!
//! Each finding says where, what, and what to do. The last module proves that every check can fail.

#![expect(clippy::unwrap_used, reason = "a test that can't read the house has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/source.rs"]
mod source;

use source::Source;

/// Who may import whom: a room, its floor, and the rooms of ours that it may name.
const ROOMS: &[(&str, u8, &[&str])] = &[
    ("base", 0, &[]),
    ("message", 1, &["base"]),
    ("encoder", 1, &["base"]),
    ("locale", 1, &["base"]),
    ("command", 2, &["base"]),
    // An encoder's reading is an input of both, like the text.
    ("answer", 2, &["base", "encoder"]),
    ("safety", 2, &["base", "encoder"]),
    ("routine", 2, &["base"]),
    ("settings", 2, &["base"]),
    ("content", 3, &["base", "locale", "answer", "safety", "routine"]),
    // `safety` for the urgency in a record that lives in memory only.
    ("port", 3, &["base", "message", "command", "routine", "safety", "settings"]),
    (
        "bot",
        4,
        &[
            "base", "message", "encoder", "locale", "command", "answer", "safety", "routine", "settings", "content",
            "port",
        ],
    ),
    ("store", 4, &["base", "port", "routine", "settings"]),
    ("adapter", 4, &["base", "message", "command", "port"]),
    (
        "app",
        5,
        &[
            "base", "message", "encoder", "locale", "command", "answer", "safety", "routine", "settings", "content",
            "port", "bot", "store", "adapter",
        ],
    ),
];

/// Imports that break the table: file, room, and why. Stays empty; a need is a change of the table.
const IMPORT_EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Crates that are named in one place alone.
const CRATES: &[(&str, &str)] = &[
    ("candle_core", "src/encoder/"),
    ("candle_nn", "src/encoder/"),
    ("nape_matmul", "src/encoder/"),
    ("pulp", "src/encoder/matmul/"),
    ("tokenizers", "src/encoder/"),
    ("sled", "src/store/"),
    ("serenity", "src/adapter/discord/"),
    ("matrix_sdk", "src/adapter/matrix/"),
    ("rustyline", "src/adapter/terminal/"),
];

/// Platforms, whose names only adapters and the wiring know.
const PLATFORMS: &[&str] = &["discord", "matrix", "terminal"];

/// What never stands in the program, and what to do instead. Tests may unwrap.
const BANNED: &[(&str, &str)] = &[
    (".unwrap()", "give the error back, or `expect` with the invariant that makes it impossible"),
    ("todo!", "write it, or leave it out"),
    ("unimplemented!", "write it, or leave it out"),
    ("#[allow", "use #[expect(…, reason = …)], or mend what is complained about"),
    ("#![allow", "use #[expect(…, reason = …)], or mend what is complained about"),
    ("println!", "write to the output that was handed in, or log with tracing"),
    ("eprintln!", "log with tracing; main alone speaks on the error output"),
    ("print!", "write to the output that was handed in"),
    ("dbg!", "take it away"),
];

/// The one place that speaks on the error output: file and what it says there.
const SPEAKS: &[(&str, &str)] = &[("src/main.rs", "eprintln!")];

/// Lines of a file, tests beside the code not counted.
const LONGEST: usize = 400;

/// Longer files, each with its reason.
const LONGER: &[(&str, &str)] =
    &[("src/safety/rules_file.rs", "one reader of one file format; its parts are of no use apart")];

/// What may lie at the top, beside what git ignores.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "config",
    "tests",
    "deploy",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    ".ci",
    ".gitignore",
    ".git",
];

#[test]
fn rooms_import_only_what_the_table_allows() {
    let exceptions: BTreeSet<(&str, &str)> = IMPORT_EXCEPTIONS.iter().map(|(file, room, _)| (*file, *room)).collect();
    let found: Vec<String> = sources().iter().flat_map(|source| imports(source, &exceptions)).collect();
    report(&found);
}

#[test]
fn the_table_is_a_house_without_circles() {
    let floor = |name: &str| ROOMS.iter().find(|(room, ..)| *room == name).map(|(_, floor, _)| *floor);
    for (room, own, may) in ROOMS {
        for other in *may {
            assert!(floor(other).is_some_and(|below| below < *own), "{room} (floor {own}) may not stand on {other}");
        }
    }
    let folders: BTreeSet<String> = entries("src").into_iter().filter(|name| !name.ends_with(".rs")).collect();
    let rooms: BTreeSet<String> = ROOMS.iter().map(|(room, ..)| (*room).to_owned()).collect();
    assert_eq!(
        folders, rooms,
        "src and the table of rooms differ: add the new room to ROOMS and to the page of src/lib.rs"
    );
}

#[test]
fn the_page_of_the_library_shows_the_same_table() {
    let page = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for (room, floor, may) in ROOMS {
        let start = format!("//! | {floor} | [`{room}`] |");
        let row = page.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("src/lib.rs: no row `{start} …`; write one"));
        let said = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let said: BTreeSet<&str> = said.split(", ").collect();
        let short = ["nothing of ours", "everything below", "everything"];
        let may: BTreeSet<&str> = may.iter().copied().collect();
        assert!(
            short.iter().any(|words| said.contains(words)) || said == may,
            "src/lib.rs: the row of {room} says {said:?}, not {may:?}"
        );
    }
}

#[test]
fn foreign_crates_stay_in_their_folders() {
    report(&sources().iter().flat_map(crates).collect::<Vec<_>>());
}

#[test]
fn platforms_are_named_by_adapters_and_wiring_alone() {
    report(&sources().iter().flat_map(platforms).collect::<Vec<_>>());
}

#[test]
fn nothing_banned_stands_in_the_program() {
    report(&sources().iter().flat_map(banned).collect::<Vec<_>>());
}

#[test]
fn files_hold_one_thing() {
    let known: Vec<&str> = LONGER.iter().map(|(file, _)| *file).collect();
    report(&sources().iter().flat_map(|source| length(source, &known)).collect::<Vec<_>>());
    for (file, reason) in LONGER {
        let source = Source::read(file, &fs::read_to_string(root().join(file)).unwrap_or_default());
        assert!(
            !reason.is_empty() && source.lines_without_tests() > LONGEST,
            "{file} is short again: take it out of LONGER"
        );
    }
}

#[test]
fn every_room_says_its_floor() {
    for (room, floor, _) in ROOMS {
        let file = format!("src/{room}/mod.rs");
        let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
        report(&says_floor(&file, &text, *floor));
    }
}

#[test]
fn the_top_is_clean() {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    report(&top(&entries("."), &ignored));
}

fn imports(source: &Source, exceptions: &BTreeSet<(&str, &str)>) -> Vec<String> {
    let Some((room, _, may)) = ROOMS.iter().find(|(room, ..)| source.is_in(room)) else { return Vec::new() };
    let bad = source.rooms_named().into_iter().filter(|(_, named)| {
        named != room && !may.contains(&named.as_str()) && !exceptions.contains(&(source.path.as_str(), named.as_str()))
    });
    bad.map(|(line, named)| {
        let may = if may.is_empty() { "nothing of ours".to_owned() } else { may.join(", ") };
        format!(
            "{}:{line}: {room} imports {named}, but may import only: {may}. Move what is shared down, or hand it in from above",
            source.path
        )
    })
    .collect()
}

fn crates(source: &Source) -> Vec<String> {
    let foreign = CRATES.iter().filter(|(_, home)| !source.path.starts_with(home));
    let found = foreign.flat_map(|(name, home)| {
        let uses = source.lines_with_path(name).into_iter();
        uses.map(move |line| {
            format!("{}:{line}: {name} is named outside {home}; go through that folder's door", source.path)
        })
    });
    found.collect()
}

fn platforms(source: &Source) -> Vec<String> {
    if ["src/adapter/", "src/app/"].iter().any(|home| source.path.starts_with(home)) {
        return Vec::new();
    }
    let found = PLATFORMS.iter().flat_map(|name| {
        let named = source.words_with(name).into_iter();
        named.map(move |(line, word)| {
            format!("{}:{line}: `{word}` names a platform; name the property that matters instead", source.path)
        })
    });
    found.collect()
}

fn banned(source: &Source) -> Vec<String> {
    let found = BANNED.iter().flat_map(|(what, instead)| {
        let allowed = SPEAKS.contains(&(source.path.as_str(), what));
        let lines = if allowed { Vec::new() } else { source.lines_with(what) };
        lines.into_iter().map(move |line| format!("{}:{line}: {what} stands here; {instead}", source.path))
    });
    found.collect()
}

fn length(source: &Source, known: &[&str]) -> Vec<String> {
    let lines = source.lines_without_tests();
    if lines <= LONGEST || known.contains(&source.path.as_str()) {
        return Vec::new();
    }
    vec![format!(
        "{}:{lines}: {lines} lines without tests, more than {LONGEST}; it holds two things: part them",
        source.path
    )]
}

fn says_floor(file: &str, text: &str, floor: u8) -> Vec<String> {
    let start = format!("//! Floor {floor}: ");
    if text.starts_with(&start) {
        Vec::new()
    } else {
        vec![format!("{file}:1: begin with `{start}` and what the room is for")]
    }
}

fn top(names: &[String], ignored: &str) -> Vec<String> {
    let ignored: Vec<&str> = ignored.lines().map(|line| line.trim().trim_matches('/')).collect();
    let stray = names.iter().filter(|name| !TOP.contains(&name.as_str()) && !ignored.contains(&name.as_str()));
    stray.map(|name| format!("{name}:1: does not belong at the top; move it into one of {}", TOP.join(", "))).collect()
}

fn report(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn entries(folder: &str) -> Vec<String> {
    let read = fs::read_dir(root().join(folder)).unwrap();
    let mut names: Vec<String> = read.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file of the program.
fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<Source>) {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source::read(&name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    assert!(found.len() > 50, "the walk found only {} files", found.len());
    let tests: BTreeSet<String> = found.iter().flat_map(Source::test_files).collect();
    found.into_iter().map(|source| if tests.contains(&source.path) { source.all_test() } else { source }).collect()
}

/// Small samples that each check must find, and their harmless twins.
mod samples {
    use super::*;

    fn at(path: &str, text: &str) -> Source {
        Source::read(path, text)
    }

    fn import_findings(path: &str, text: &str) -> usize {
        imports(&at(path, text), &BTreeSet::new()).len()
    }

    #[test]
    fn a_wrong_import_is_found_however_it_is_written() {
        for text in [
            "use crate::bot::Bot;",
            "use crate::{base::id::UserId, bot::Bot};",
            "use crate::{\n    base::id::UserId,\n    bot::{self, Bot},\n};",
            "use crate :: bot;",
            "fn f() { crate::bot::f(); }",
            "pub(in crate::bot) fn f() {}",
            "mod tests { use super::super::super::bot::Bot; }",
            "use super::super::bot::Bot;",
            "use super::super::{base::id, bot::Bot};",
        ] {
            assert_eq!(import_findings("src/message/model.rs", text), 1, "{text}");
        }
        assert_eq!(import_findings("src/message/mod.rs", "use super::bot::Bot;"), 1);
        assert_eq!(import_findings("src/store/sled/read.rs", "use super::super::super::bot::Bot;"), 1);
    }

    #[test]
    fn a_right_import_or_a_word_in_a_text_is_passed_over() {
        for text in [
            "use crate::base::id::UserId; use super::part; use crate::message::clean;",
            "//! [`crate::bot::Bot`]\n/* use crate::bot; /* nested */ crate::bot */",
            "const A: &str = \"crate::bot\"; const B: &str = r#\"crate::bot \"#; const C: char = '\"'; fn f<'a>(x: &'a str) {}",
            "mod tests { use super::super::part; }",
            "#[cfg(test)]\nmod tests {\n    use crate::bot::Bot;\n}",
            "let crater = my_crate::bot;",
        ] {
            assert_eq!(import_findings("src/message/model.rs", text), 0, "{text}");
        }
        assert_eq!(import_findings("src/app/runtime.rs", "use crate::bot::Bot;"), 0);
    }

    #[test]
    fn an_exception_excepts_one_room_of_one_file() {
        let exceptions = BTreeSet::from([("src/message/model.rs", "bot")]);
        let source = at("src/message/model.rs", "use crate::{bot, port};");
        assert_eq!(imports(&source, &exceptions).len(), 1);
    }

    #[test]
    fn findings_say_where_and_what_to_do() {
        let found = imports(&at("src/base/id.rs", "\n\nuse crate::port::event;"), &BTreeSet::new());
        assert!(found[0].starts_with("src/base/id.rs:3: base imports port") && found[0].contains("Move"), "{found:?}");
    }

    #[test]
    fn a_foreign_crate_is_found_outside_its_folder() {
        assert_eq!(crates(&at("src/app/x.rs", "use sled::Db;")).len(), 1);
        assert_eq!(crates(&at("src/app/x.rs", "fn f(d: ::sled::Db) {}")).len(), 1);
        assert_eq!(crates(&at("src/adapter/matrix/x.rs", "use serenity::all::*; use matrix_sdk::Client;")).len(), 1);
        assert_eq!(crates(&at("src/app/x.rs", "use rustyline::Editor;")).len(), 1);
        assert_eq!(crates(&at("src/store/sled/x.rs", "use sled::Db;")).len(), 0);
        // The room of that name is no crate.
        assert_eq!(crates(&at("src/app/x.rs", "use crate::store::sled::SledStore;")).len(), 0);
    }

    #[test]
    fn a_platform_is_found_in_strings_and_names_and_not_in_comments() {
        for text in [
            "fn to_discord() {}",
            "const A: &str = \"Matrix\";",
            "struct TerminalThing;",
            "#[cfg(test)] const X: u8 = 0; fn terminal() {}",
        ] {
            assert_eq!(platforms(&at("src/bot/x.rs", text)).len(), 1, "{text}");
        }
        for text in [
            "// discord",
            "/// matrix\nfn f() {}",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    const A: &str = \"terminal\";\n}",
        ] {
            assert_eq!(platforms(&at("src/bot/x.rs", text)).len(), 0, "{text}");
        }
        assert_eq!(platforms(&at("src/adapter/terminal/mod.rs", "const A: &str = \"terminal\";")).len(), 0);
    }

    #[test]
    fn what_is_banned_is_found_outside_tests() {
        for text in [
            "f().unwrap();",
            "todo!()",
            "unimplemented!()",
            "#[allow(dead_code)]",
            "println!(\"x\")",
            "std::eprintln!(\"x\")",
            "f()\n    .unwrap()",
        ] {
            let found = banned(&at("src/bot/x.rs", text));
            assert_eq!(found.len(), 1, "{text}: {found:?}");
        }
        for text in [
            "f().unwrap_or(1);",
            "// x.unwrap()",
            "const A: &str = \".unwrap()\";",
            "#[cfg(test)]\nmod tests { fn f() { g().unwrap(); } }",
            "my_println!(1)",
        ] {
            assert_eq!(banned(&at("src/bot/x.rs", text)).len(), 0, "{text}");
        }
        assert_eq!(banned(&at("src/bot/x.rs", "#[cfg(test)]\nmod tests { }\nfn f() { g().unwrap(); }")).len(), 1);
        assert_eq!(banned(&at("src/main.rs", "anstream::eprintln!(\"x\")")).len(), 0);
        assert_eq!(banned(&at("src/bot/x.rs", "f().unwrap()").all_test()).len(), 0);
    }

    #[test]
    fn files_of_tests_are_known_by_who_takes_them_in() {
        let text = "#[cfg(test)]\nmod laws;\npub mod model;\n#[cfg(test)]\npub mod arbitrary;\n";
        let files = at("src/message/mod.rs", text).test_files();
        assert_eq!(
            files.iter().filter(|file| !file.ends_with("/mod.rs")).collect::<Vec<_>>(),
            ["src/message/laws.rs", "src/message/arbitrary.rs"]
        );
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "fn f() {}\n".repeat(LONGEST + 1);
        assert_eq!(length(&at("src/bot/x.rs", &long), &[]).len(), 1);
        assert_eq!(length(&at("src/bot/x.rs", &long), &["src/bot/x.rs"]).len(), 0);
        let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(length(&at("src/bot/x.rs", &tested), &[]).len(), 0);
    }

    #[test]
    fn a_missing_floor_and_a_stray_file_are_found() {
        assert_eq!(says_floor("src/bot/mod.rs", "//! The bot.", 4).len(), 1);
        assert_eq!(says_floor("src/bot/mod.rs", "//! Floor 3: the bot.", 4).len(), 1);
        assert_eq!(says_floor("src/bot/mod.rs", "//! Floor 4: the bot.", 4).len(), 0);
        assert_eq!(top(&["src".to_owned(), "notes.txt".to_owned(), "target".to_owned()], "/target\n").len(), 1);
    }
}
