//! The program as a newcomer meets it: conversations through a pipe, exit codes, and what it says when something is wrong.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[test]
fn a_whole_routine_is_played_in_virtual_time() {
    let folder = folder();
    let said =
        chat(folder.path(), "ask can i massage my neck if i take blood thinners\nroutine start desk reset\nnone\nno\n");
    let text = text(&said);
    assert!(text.contains("Source: "), "{text}");
    for number in 1..=8 {
        assert_eq!(text.matches(&format!("{number} of 8 · ")).count(), 1, "step {number} of\n{text}");
    }
    assert!(text.contains("That was the last step."), "{text}");
    assert!(said.status.success());
}

#[test]
fn a_term_is_explained_with_its_source() {
    let said = text(&chat(folder().path(), "what is effleurage\n"));
    assert!(said.to_lowercase().contains("glid") && said.contains("Source: "), "{said}");
}

#[test]
fn preferences_outlive_the_program() {
    let folder = folder();
    chat(folder.path(), "my settings pressure 2\n");
    let said = text(&chat(folder.path(), "my settings pressure\n"));
    assert!(said.contains("Now: 2 (yours)."), "{said}");
}

#[test]
fn whoever_deletes_everything_is_not_brought_back_by_yesterdays_backup() {
    let folder = folder();
    let (data, yesterday) = (folder.path().join("data"), folder.path().join("yesterday"));
    let store = |arguments: &[&str]| {
        let said = run_with(&[&["store"], arguments, &["--data"]].concat(), Some(&data), "");
        assert!(said.status.success(), "{arguments:?}: {}", errors(&said));
        text(&said)
    };
    chat(&data, "my settings pressure 2\n");
    run_with(&["chat", "--fast", "--user", "anna", "--data"], Some(&data), "my settings pressure 1\n");
    let file = yesterday.to_str().expect("a name of ours");
    assert!(store(&["backup", file]).contains(": 2 records, sealed for "));
    let said = text(&chat(&data, "my delete\n1\nmy data\n"));
    assert!(said.contains("I keep nothing about you."), "{said}");
    assert!(store(&["check"]).contains("person: 1\n"));
    let restored = store(&["restore", file]);
    assert!(restored.starts_with("Restored in ") && restored.contains(": 1 record.\n"), "{restored}");
    assert!(restored.contains("have been deleted since: 1 record.\n"), "{restored}");
    assert!(text(&chat(&data, "my data\n")).contains("I keep nothing about you."));
    let anna = run_with(&["chat", "--fast", "--user", "anna", "--data"], Some(&data), "my settings pressure\n");
    assert!(text(&anna).contains("Now: 1 (yours)."), "nobody else is gone: {}", text(&anna));
    let stats: serde_json::Value = serde_json::from_str(&store(&["stats"])).expect("it is JSON");
    assert_eq!((&stats["counts"]["trees"]["person"], &stats["counts"]["forgotten"]), (&1.into(), &1.into()));
}

#[test]
fn a_store_is_looked_after_while_somebody_talks() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut talk = command(&["chat", "--data"], Some(&data)).spawn().expect("the program starts");
    let mut input = talk.stdin.take().expect("it was given a pipe");
    let mut output = std::io::BufReader::new(talk.stdout.take().expect("it was given a pipe"));
    input.write_all(b"my settings pressure 2\nnape about\n").expect("it listens");
    let mut line = String::new();
    while std::io::BufRead::read_line(&mut output, &mut line).expect("it answers") > 0
        && !line.contains("Apache License")
    {
        line.clear();
    }
    let file = |name: &str| folder.path().join(name).to_str().expect("a name of ours").to_owned();
    for arguments in [
        &["check"][..],
        &["backup", &file("backup")],
        &["rotate"],
        &["rotate", "--master"],
        &["export", &file("export")],
        &["stats"],
    ] {
        let said = run_with(&[&["store"], arguments, &["--data"]].concat(), Some(&data), "");
        assert!(said.status.success(), "{arguments:?}: {}", errors(&said));
    }
    let refused = run_with(&["store", "restore", &file("backup"), "--data"], Some(&data), "");
    assert_eq!(refused.status.code(), Some(75), "not while it runs: {}", errors(&refused));
    drop(input);
    talk.wait().expect("it ends");
    let moved = folder.path().join("moved");
    let imported = run_with(&["store", "import", &file("export"), "--data"], Some(&moved), "");
    assert!(imported.status.success(), "{}", errors(&imported));
    let said = text(&chat(&moved, "my settings pressure\n"));
    assert!(said.contains("Now: 2 (yours)."), "{said}");
}

#[test]
fn a_store_that_has_lost_its_manifest_or_engine_is_never_taken_for_a_new_one() {
    let folder = folder();
    for lost in ["MANIFEST.json", "engine-1/db", "master.key"] {
        let data = folder.path().join(lost.replace('/', "-"));
        chat(&data, "my settings pressure 2\n");
        std::fs::remove_file(data.join(lost)).expect("it was there");
        let refused = chat(&data, "my settings pressure\n");
        assert_eq!(refused.status.code(), Some(78), "{lost}: {}", text(&refused));
        assert!(errors(&refused).contains("backup"), "{lost}: {}", errors(&refused));
        assert!(text(&refused).is_empty(), "{lost}: nobody is talked to");
    }
}

#[test]
fn people_on_one_machine_have_preferences_of_their_own() {
    let folder = folder();
    run_with(&["chat", "--fast", "--user", "anna", "--data"], Some(folder.path()), "my settings pressure 1\n");
    let said = text(&chat(folder.path(), "my data\n"));
    assert!(said.contains("I keep nothing about you."), "{said}");
}

#[test]
fn nonsense_gets_polite_answers_and_nothing_breaks() {
    let long = "x ".repeat(50_000);
    let lines = [
        "asdfghjkl",
        "🎉🎉🎉",
        "\u{202e}txet desrever\u{202c}",
        "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}",
        "\u{0}\u{1}\u{2}\u{8}",
        &long,
        "/",
        "!",
        "/nosuchcommand",
        "routine start",
        "routine start \u{1b}[2J",
        "my settings pressure 99",
        "my settings nosuch 1",
        "vote",
        "read nothing.at.all",
        "next",
        "99999999999999999999",
        "؟ما هذا",
        "Z\u{0335}\u{0321}\u{035c}a\u{0334}\u{0358}l\u{0335}\u{0345}g\u{0336}\u{0319}o",
        "'; drop table users; --",
    ];
    let said = chat(folder().path(), &(lines.join("\n") + "\n"));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = text(&said);
    assert!(!text.contains("panicked"), "{text}");
    let controls: Vec<char> = text.chars().filter(|c| c.is_control() && *c != '\n').collect();
    assert!(controls.is_empty(), "control characters reached the screen: {controls:?}");
    assert!(!text.contains(['\u{202e}', '\u{202c}']), "{text}");
}

#[test]
fn a_warning_sign_ends_everything_else() {
    let said = text(&chat(
        folder().path(),
        "routine start desk reset\nnone\nno\nsudden worst headache of my life, came on in seconds\nroutine start desk reset\n",
    ));
    assert!(said.contains("emergency number"), "{said}");
    assert!(!said.contains("2 of 8"), "the routine went on:\n{said}");
}

#[test]
fn questions_are_answered_line_by_line() {
    let input =
        "{\"id\":\"1\",\"text\":\"what is effleurage\"}\n\n{\"id\":\"2\",\"text\":\"write me a poem about trains\"}\n";
    let said = run_with(&["answer", "--jsonl", "-"], None, input);
    let rows: Vec<serde_json::Value> =
        text(&said).lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["id"], &rows[0]["intent"]), (&"1".into(), &"answer".into()));
    assert_eq!(rows[0]["topics"][0], "technique.effleurage");
    assert_ne!(rows[1]["intent"], "answer");
    let broken = run_with(&["answer", "--jsonl", "-"], None, "{\"id\":1}\n");
    assert_eq!(broken.status.code(), Some(65));
    assert!(errors(&broken).contains("-:1: "), "{}", errors(&broken));
}

#[test]
fn without_its_model_the_rules_stand_and_answers_say_so() {
    let folder = folder();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/model");
    for file in std::fs::read_dir(model).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    }
    let weights = folder.path().join("weights.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let rows = [
        r#"{"id":"1","text":"what is effleurage"}"#,
        r#"{"id":"2","text":"my face droops on one side and i cant speak"}"#,
    ];
    let said = run_with(&["answer", "--jsonl", "-", "--model"], Some(folder.path()), &rows.join("\n"));
    let (text, errors) = (text(&said), errors(&said));
    assert!(text.lines().next().unwrap().contains("I am in reduced mode"), "{text}");
    assert!(text.lines().nth(1).unwrap().contains(r#""intent":"red_flag""#), "{text}");
    assert!(errors.contains("weights.safetensors: its SHA-256 is"), "{errors}");
    assert!(said.status.success());
}

#[test]
fn a_store_in_use_is_left_alone() {
    let folder = folder();
    let mut first = command(&["chat", "--data"], Some(folder.path())).spawn().expect("the program starts");
    let input = first.stdin.as_mut().expect("it was given a pipe");
    input.write_all(b"nape about\n").expect("it listens");
    let mut byte = [0];
    std::io::Read::read_exact(first.stdout.as_mut().expect("it was given a pipe"), &mut byte).expect("it answers");
    let second = chat(folder.path(), "help\n");
    assert_eq!(second.status.code(), Some(75), "{}", errors(&second));
    assert!(errors(&second).contains("another nape is using"), "{}", errors(&second));
    first.kill().expect("it can be killed");
    first.wait().expect("it can be waited for");
}

#[test]
fn wrong_configuration_is_said_with_file_and_line() {
    let folder = folder();
    let path = folder.path().join("nape.toml");
    std::fs::write(&path, "[store]\npth = \"x\"\n\n[terminal]\nenabled = \"yes\"\n").expect("a file");
    let checked = run_with(&["check", "--config"], Some(&path), "");
    assert_eq!(checked.status.code(), Some(78));
    let errors = errors(&checked);
    assert!(errors.contains("nape.toml:2: ") && errors.contains("nape.toml:5: "), "{errors}");
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/nape.toml");
    assert!(run_with(&["check", "--config"], Some(&reference), "").status.success());
}

#[test]
fn settings_are_applied_from_a_file_and_from_lines_between_fences() {
    let folder = folder();
    let (data, file) = (folder.path().join("data"), folder.path().join("settings.toml"));
    std::fs::write(&file, "at_once = 7\n").expect("a file");
    let lines = format!(
        "nape-admin apply {}\nnape-admin apply ```toml\nat_once = 7\nanswers = \"public\"\n```\nnape-admin rollback\n\
         nape-admin plan /nonexistent/file\nnape-admin log\n",
        file.display()
    );
    let said = text(&chat(&data, &lines));
    for part in [
        "at_once: 5 (default) → 7",
        "answers: private (default) → public",
        "Undone:",
        "answers: public → private (default)",
        "That file can't be read",
        "answers: public → default",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    // What is set outlives the program.
    assert!(text(&chat(&data, "nape-admin show at_once\n")).contains("Now: 7 (set here)."));
}

#[test]
fn broken_content_is_said_with_file_and_line() {
    let folder = folder();
    let place = folder.path().join("knowledge/en");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("technique.effleurage.md"), "+++\nid = \"technique.petrissage\"\n+++\nx\n")
        .expect("a file");
    let checked = run_with(&["content", "check", "--content"], Some(folder.path()), "");
    assert_eq!(checked.status.code(), Some(65));
    assert!(errors(&checked).contains("knowledge/en/technique.effleurage.md:2: "), "{}", errors(&checked));
}

#[test]
fn wrong_arguments_and_missing_files_have_codes_of_their_own() {
    assert_eq!(run_with(&["chat", "--nosuch"], None, "").status.code(), Some(64));
    assert_eq!(run_with(&["answer", "--jsonl", "/nonexistent/file"], None, "").status.code(), Some(66));
    assert_eq!(run_with(&["content", "check", "--content", "/nonexistent"], None, "").status.code(), Some(66));
    assert_eq!(run_with(&["--version"], None, "").status.code(), Some(0));
}

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let mine = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(mine).tempdir().expect("a folder for the test")
}

/// A conversation in virtual time.
fn chat(data: &Path, input: &str) -> Output {
    run_with(&["chat", "--fast", "--data"], Some(data), input)
}

fn run_with(arguments: &[&str], last: Option<&Path>, input: &str) -> Output {
    let mut child = command(arguments, last).spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("it was given a pipe");
    let input = input.to_owned();
    // It may end before it has read everything, as with wrong arguments.
    let writer = std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

fn command(arguments: &[&str], last: Option<&Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nape"));
    command.args(arguments).args(last).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("what it says is UTF-8")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
