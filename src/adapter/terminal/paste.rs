//! The text of a file, where a command takes one: the file of a path, or lines between two fences, as in chats.
//!
//! Only such a command opens a file, and only to read it.

use std::io::Read;
use std::path::Path;

use crate::command::parse::{Invocation, parse};
use crate::command::table::{COMMANDS, CommandSpec};

/// What stands before and after lines that belong together.
const FENCE: &str = "```";
/// The most that is read of a file, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Lines of which more are to come.
#[derive(Debug, Default)]
pub(super) struct Pasted(Option<String>);

impl Pasted {
    /// Takes a line; what is complete comes back.
    pub fn line(&mut self, line: &str) -> Option<String> {
        match &mut self.0 {
            Some(lines) => {
                lines.push('\n');
                lines.push_str(line);
                if line.trim_end().ends_with(FENCE) { self.0.take() } else { None }
            }
            None if spec(line).is_some() && line.matches(FENCE).count() == 1 => {
                self.0 = Some(line.to_owned());
                None
            }
            None => Some(line.to_owned()),
        }
    }

    /// No more lines come: what there is.
    pub fn rest(&mut self) -> Option<String> {
        self.0.take()
    }
}

/// The command of a line that names the path of a file, with the file's text. Nothing when it is no such line.
///
/// # Errors
/// Why the file can't be read.
pub(super) fn from_path(line: &str) -> Option<Result<Invocation, String>> {
    spec(line)?;
    let named = parse(line).ok()?;
    let param = named.command.spec().params.first()?.name;
    let is_path = |text: &&str| !text.contains(['\n', '=', '#', '[']) && !line.contains(FENCE);
    let path = named.arg(param).filter(is_path)?;
    let text = match read(Path::new(path)) {
        Ok(text) => text,
        Err(error) => return Some(Err(error.to_string())),
    };
    // An empty file sets nothing, which is a remark's meaning, too.
    let text = if text.trim().is_empty() { "#".to_owned() } else { text };
    Some(Ok(Invocation::new(named.command).with(param, text)))
}

/// The command that a line begins with, when it takes the text of a file.
fn spec(line: &str) -> Option<&'static CommandSpec> {
    let line = line.trim_start().trim_start_matches(['/', '!']).trim_start();
    let begins = |spec: &&CommandSpec| {
        let start = line.get(..spec.words.len()).is_some_and(|start| start.eq_ignore_ascii_case(spec.words));
        start && line[spec.words.len()..].starts_with(char::is_whitespace)
    };
    COMMANDS.iter().filter(|spec| spec.takes_file()).find(begins)
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::Command;

    #[test]
    fn lines_between_fences_are_one() {
        let mut pasted = Pasted::default();
        assert_eq!(pasted.line("hello"), Some("hello".to_owned()));
        assert_eq!(pasted.line("what is ``` for"), Some("what is ``` for".to_owned()));
        assert_eq!(pasted.line("/nape-admin plan ```toml"), None);
        assert_eq!(pasted.line("at_once = 7"), None);
        assert_eq!(pasted.line("```").as_deref(), Some("/nape-admin plan ```toml\nat_once = 7\n```"));
        assert_eq!(
            pasted.line("nape-admin apply ```at_once = 7```"),
            Some("nape-admin apply ```at_once = 7```".to_owned())
        );
    }

    #[test]
    fn a_path_is_read_and_nothing_else_opens_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        std::fs::write(&path, "at_once = 7\n").unwrap();
        let read = from_path(&format!("/nape-admin apply {}", path.display())).unwrap().unwrap();
        assert_eq!((read.command, read.arg("file")), (Command::AdminApply, Some("at_once = 7")));
        assert!(from_path("nape-admin plan /nonexistent/file").unwrap().is_err());
        for line in
            ["nape-admin plan at_once = 7", "nape-admin plan ```\na\n```", "ask /etc/passwd", "nape-admin export"]
        {
            assert!(from_path(line).is_none(), "{line}");
        }
        std::fs::write(&path, "").unwrap();
        let empty = from_path(&format!("nape-admin plan {}", path.display())).unwrap().unwrap();
        assert_eq!(empty.arg("file"), Some("#"));
    }
}
