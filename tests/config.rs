//! Boot configurations as operators break them: `nape check` names file, line and key, whatever is wrong, and everything at once. And the
//! layers over the file.
//!
//! Each file of `tests/config` is broken in its own way: behind `#!` on a line stands what is to be said of that line.

#![expect(clippy::unwrap_used, reason = "a test that can't read its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn check(config: &Path, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nape"));
    command.args(["check", "--config"]).arg(config).args(more).envs(variables.iter().copied());
    command.output().expect("the program starts")
}

fn errors(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
}

fn broken() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    files
}

#[test]
fn every_broken_configuration_is_said_with_file_line_and_key() {
    let files = broken();
    assert!(files.len() >= 40, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let expected: Vec<(usize, &str)> =
            (1..).zip(text.lines()).filter_map(|(line, text)| Some((line, text.split_once("#! ")?.1))).collect();
        assert!(!expected.is_empty(), "{}: nothing is expected of it", file.display());
        let output = check(file, &[], &[]);
        let said = errors(&output);
        let missing = expected.iter().filter(|(line, what)| {
            let start = format!("nape: {}:{line}: ", file.display());
            !said.iter().any(|said| said.starts_with(&start) && said.contains(what))
        });
        if output.status.code() != Some(78) || said.len() != expected.len() || missing.count() > 0 {
            wrong.push(format!(
                "{}: {:?}\nexpected {expected:#?}\ngot {said:#?}",
                file.display(),
                output.status.code()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_file_that_is_not_there_is_said() {
    let said = errors(&check(Path::new("/nonexistent/nape.toml"), &[], &[]));
    assert!(said[0].contains("/nonexistent/nape.toml:1: can't be read"), "{said:?}");
}

#[test]
fn a_later_layer_wins_and_the_effective_values_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nape.toml");
    fs::write(
        &file,
        "[store]\nroom = 64\npath = \"here\"\n\n[discord]\napi_url = \"https://user:hunter2@example.org\"\n",
    )
    .unwrap();
    let variables =
        [("NAPE_STORE_ROOM", "96"), ("NAPE_LIMITS_PERSON", "30"), ("NAPE_OPERATORS_PEOPLE", "discord:1, discord:2")];
    let output = check(&file, &["--show", "--set", "limits.person=40"], &variables);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{:?}", errors(&output));
    for line in [
        format!("path = \"here\" # {}:3", file.display()),
        "room = 96 # NAPE_STORE_ROOM".to_owned(),
        "person = 40 # --set limits.person".to_owned(),
        "people = [\"discord:1\", \"discord:2\"] # NAPE_OPERATORS_PEOPLE".to_owned(),
        "channel = 240 # default".to_owned(),
        "# key is not set".to_owned(),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\nis not in\n{shown}");
    }
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_is_wrong_in_the_other_layers_is_named_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nape.toml");
    fs::write(&file, "[store]\nroom = 0\n").unwrap();
    let output = check(&file, &["--set", "limits.total=lots"], &[("NAPE_STORE_PAHT", "x")]);
    let said = errors(&output).join("\n");
    assert_eq!(output.status.code(), Some(78));
    for part in [
        "nape.toml:2: store.room",
        "NAPE_STORE_PAHT: there is no such key; did you mean `NAPE_STORE_PATH`?",
        "--set limits.total: limits.total takes",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
}
