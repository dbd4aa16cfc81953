//! A folder of content over the content built in.

use std::fs;

use nape::content::Files;

use super::base::{CARD, PLAIN, files, load_tree, shown};

#[test]
fn the_same_path_wins_and_other_files_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("knowledge/en");
    fs::create_dir_all(&inner).unwrap();
    let text = files().get(PLAIN).unwrap().to_owned();
    fs::write(folder.path().join(PLAIN), text.replace("What migraine is", "Migraine, said anew")).unwrap();
    let more = text
        .replace("migraine.what", "migraine.more")
        .replace("topic = \"migraine.more\"", "topic = \"migraine.what\"");
    let more =
        more.replace("what is", "more on").replace("is migraine", "again migraine").replace("what does", "again");
    fs::write(inner.join("migraine.more.md"), format!("\u{feff}{}", more.replace('\n', "\r\n"))).unwrap();
    fs::write(inner.join("README.md"), "for writers").unwrap();
    fs::write(inner.join(".hidden"), "x").unwrap();
    let library = load_tree(&files().overlaid(folder.path()).unwrap()).unwrap();
    let titles: Vec<&str> = library.entries.iter().map(|entry| entry.title.as_str()).collect();
    assert_eq!(titles, ["What migraine is", "Migraine, said anew", "Pressing with flat fingers"]);
}

#[test]
fn a_missing_folder_is_a_clear_error() {
    let error = Files::embedded().overlaid("/there/is/nothing".as_ref()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the content folder /there/is/nothing is not there: make it, or leave the setting out to use the content built in"
    );
}

#[test]
fn files_that_cannot_be_used_are_problems() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.toml"), "x = 1").unwrap();
    let put = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    put(CARD, b"+++\n\xff\xfe");
    put("sources.toml", &vec![b'#'; 256 * 1024 + 1]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path().join("secret.toml"), folder.path().join("out.toml")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("scope")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("dangling.toml")).unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("loop")).unwrap();
        put("..kept/routine.toml", b"# inside");
        put("routines/en/x", b"");
        fs::remove_file(folder.path().join("routines/en/x")).unwrap();
        std::os::unix::fs::symlink(
            folder.path().join("..kept/routine.toml"),
            folder.path().join("routines/en/in.toml"),
        )
        .unwrap();
    }
    let files = files().overlaid(folder.path()).unwrap();
    assert_eq!(files.get("routines/en/in.toml"), cfg!(unix).then_some("# inside"));
    let found = shown(&files);
    for start in [
        "knowledge/en/technique.press.md:1: the file is not UTF-8 text",
        "sources.toml:1: the file is larger than 256 KiB",
        "out.toml:1: this is a link that leads out of the content folder",
        "scope:1: this is a link that leads out of the content folder",
        "dangling.toml:1: the file can't be read",
        "loop:1: folders are nested too deep here",
    ] {
        assert!(found.iter().any(|problem| problem.starts_with(start)), "{start}: {found:#?}");
    }
}
