//! Lines that people type or scripts bring. Reading blocks, so it has a thread of its own.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use tokio::sync::mpsc;

use crate::adapter::Names;
use crate::command::parse::parse;
use crate::command::table::{COMMANDS, Command, Complete, Shown};
use crate::message::model::Choice;

use super::show::Screen;

/// A line, or what came instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// What was typed.
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// The editor can't go on.
    Failed(String),
}

/// The longest line that is read from a pipe, in bytes; the rest of it is passed over.
const LONGEST: u64 = 1 << 20;

/// Lines from a pipe.
pub(super) fn pipe(input: impl Read + Send + 'static) -> (mpsc::Receiver<Line>, Screen) {
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        let mut input = BufReader::new(input);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    drop(sender.blocking_send(Line::Failed(error.to_string())));
                    return;
                }
            }
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if sender.blocking_send(Line::Text(text)).is_err() {
                return;
            }
        }
    });
    (lines, Screen::plain(Box::new(anstream::stdout())))
}

/// Lines from a person, and the screen above the line that they type.
pub(super) fn edit(
    names: Names,
    history: Option<PathBuf>,
    offered: Arc<Mutex<Vec<Choice>>>,
) -> rustyline::Result<(mpsc::Receiver<Line>, Screen)> {
    let config = Config::builder().auto_add_history(false).build();
    let mut editor: Editor<Words, FileHistory> = Editor::with_config(config)?;
    let words = Words { names, offered };
    let own = words.own_lines();
    editor.set_helper(Some(words));
    if let Some(path) = &history {
        // A history that can't be kept is no reason not to talk.
        if let Err(error) = open_history(&mut editor, path) {
            tracing::warn!(%error, "earlier commands can't be read");
        }
    }
    let printer = editor.create_external_printer()?;
    let (sender, lines) = mpsc::channel(1);
    thread::spawn(move || {
        loop {
            let line = match editor.readline("> ") {
                Ok(line) => {
                    if is_kept(&line, &own) && editor.add_history_entry(line.as_str()).is_ok() {
                        keep(&mut editor, history.as_deref());
                    }
                    Line::Text(line)
                }
                Err(ReadlineError::Interrupted) => Line::Interrupted,
                Err(ReadlineError::Eof) => return,
                Err(error) => Line::Failed(error.to_string()),
            };
            let is_last = matches!(line, Line::Failed(_));
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    Ok((lines, Screen::above(Box::new(printer))))
}

fn open_history(editor: &mut Editor<Words, FileHistory>, path: &Path) -> rustyline::Result<()> {
    drop(OpenOptions::new().create(true).append(true).mode(0o600).open(path)?);
    editor.load_history(path)
}

fn keep(editor: &mut Editor<Words, FileHistory>, path: Option<&Path>) {
    if let Some(Err(error)) = path.map(|path| editor.save_history(path)) {
        tracing::warn!(%error, "commands can't be remembered");
    }
}

/// Whether a line may be remembered: a command in which every word is the program's own (`own`, in lower case). What people
/// ask, and words of theirs behind a command, are never kept.
fn is_kept(line: &str, own: &[String]) -> bool {
    let line = line.trim().trim_start_matches('/').to_lowercase();
    parse(&line).is_ok_and(|invocation| {
        let asks = matches!(invocation.command, Command::Ask | Command::What | Command::Technique | Command::Help);
        let is_own = invocation.free_text().next().is_none() || own.contains(&line);
        !asks && is_own && invocation.command.spec().shown != Shown::Never
    })
}

/// Completion: commands, then the names that their parameter takes; and the words of what is offered.
struct Words {
    names: Names,
    offered: Arc<Mutex<Vec<Choice>>>,
}

impl Words {
    /// Commands, with each of the names that their parameter takes, in lower case.
    fn own_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for spec in COMMANDS.iter().filter(|spec| spec.shown != Shown::Never) {
            lines.push(spec.words.to_owned());
            for param in spec.params {
                let names = self.names_of(param.complete);
                lines.extend(names.iter().map(|name| format!("{} {}", spec.words, name.to_lowercase())));
            }
        }
        lines
    }

    /// Every whole line that could be meant.
    fn lines(&self) -> Vec<String> {
        let mut lines = self.own_lines();
        let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend(offered.iter().map(|choice| choice.label.clone()));
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    fn names_of(&self, what: Complete) -> Vec<String> {
        match what {
            Complete::Nothing => Vec::new(),
            Complete::Techniques => self.names.techniques.clone(),
            Complete::Terms => self.names.terms.clone(),
            Complete::Routines => self.names.routines.clone(),
            Complete::Preferences => self.names.preferences.clone(),
            Complete::ServerSettings => self.names.server_settings.clone(),
            Complete::Commands => {
                let shown = COMMANDS.iter().filter(|spec| spec.shown != Shown::Never);
                shown.map(|spec| spec.words.to_owned()).collect()
            }
            Complete::Sources => self.names.sources.clone(),
        }
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..at).unwrap_or(line);
        let slash = usize::from(typed.starts_with('/'));
        let start = typed[slash..].to_lowercase();
        let fits = self.lines().into_iter().filter(|line| line.to_lowercase().starts_with(&start));
        Ok((slash, fits.map(|line| Pair { display: line.clone(), replacement: line }).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_ask_is_never_kept() {
        let names =
            Names { routines: vec!["desk-reset".to_owned()], preferences: vec!["pace".to_owned()], ..Names::default() };
        let own = Words { names, offered: Arc::default() }.own_lines();
        for kept in ["Routine start desk-reset", "/my settings pace", "routine start minutes=5", "next", "my data"] {
            assert!(is_kept(kept, &own), "{kept}");
        }
        for free in [
            "ask why does my head hurt",
            "what is aura",
            "my neck hurts",
            "technique for my pain",
            "help me",
            "start feeling sick",
            "my settings pace since my arm is numb",
            "1",
            "no",
        ] {
            assert!(!is_kept(free, &own), "{free}");
        }
    }

    #[test]
    fn names_are_completed_after_their_command() {
        let names = Names { routines: vec!["desk-reset".to_owned()], ..Names::default() };
        let words = Words { names, offered: Arc::default() };
        let history = FileHistory::new();
        let complete = |line: &str| {
            let (start, pairs) = words.complete(line, line.len(), &Context::new(&history)).unwrap();
            (start, pairs.into_iter().map(|pair| pair.replacement).collect::<Vec<_>>())
        };
        assert_eq!(complete("routine start d"), (0, vec!["routine start desk-reset".to_owned()]));
        assert_eq!(complete("/my da"), (1, vec!["my data".to_owned()]));
    }
}
