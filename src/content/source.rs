//! Where content comes from: the copy compiled in, and a folder that replaces it file by file.
//!
//! The only place of this module that touches the disk. A new file in `config/content` is compiled in only when this
//! file is newer than the last build: touch it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::problem::Problem;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/config/content");

/// Every content file as text, by its path relative to the content folder (`/` between its parts).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    texts: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

/// Why a content folder could not be used at all.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Nothing stands there, or not a folder.
    #[error("the content folder {0} is not there: make it, or leave the setting out to use the content built in")]
    Missing(PathBuf),
    /// It could not be read.
    #[error("the content folder {folder} can't be read: {reason}")]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

impl Files {
    /// The largest file that is read, in bytes.
    pub const MAX_BYTES: u64 = 256 * 1024;

    /// The deepest nesting of folders that is looked into.
    const MAX_DEPTH: usize = 8;

    /// The copy compiled in.
    pub fn embedded() -> Self {
        let mut files = Self::default();
        files.add_embedded(&EMBEDDED);
        files
    }

    /// Takes texts as they are, by relative path.
    pub fn from_texts(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { texts: texts.into_iter().collect(), problems: Vec::new() }
    }

    /// These files, overlaid by those of a folder: the same relative path wins, others are added.
    ///
    /// A file in it that can't be used is reported by `content::load`, with everything else.
    ///
    /// # Errors
    /// When the folder itself is missing or can't be read.
    pub fn overlaid(mut self, folder: &Path) -> Result<Self, FolderError> {
        if !folder.is_dir() {
            return Err(FolderError::Missing(folder.to_owned()));
        }
        let unreadable = |reason| FolderError::Unreadable { folder: folder.to_owned(), reason };
        let (texts, problems) = read_folder(folder).map_err(unreadable)?;
        self.texts.extend(texts);
        self.problems.extend(problems);
        Ok(self)
    }

    /// Puts one file in, or in place of the one with the same path.
    pub fn set(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(path.into(), text.into());
    }

    /// Takes one file out.
    pub fn remove(&mut self, path: &str) -> Option<String> {
        self.texts.remove(path)
    }

    /// The text of one file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Every file as (path, text), sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// What was wrong with files of an overlaid folder.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The files directly in `folder` that end in `.extension`, as (path, stem, text).
    pub(crate) fn inside<'a>(
        &'a self,
        folder: &'a str,
        extension: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.iter().filter_map(move |(path, text)| Some((path, stem(path, folder, extension)?, text)))
    }

    fn add_embedded(&mut self, dir: &Dir<'_>) {
        for file in dir.files() {
            let path = slashed(file.path());
            if is_ignored(&path) {
                continue;
            }
            match file.contents_utf8() {
                Some(text) => self.set(path, without_mark(text)),
                None => self.problems.push(not_utf8(&path)),
            }
        }
        for inner in dir.dirs() {
            self.add_embedded(inner);
        }
    }
}

/// What stands in `path` between `folder/` and `.extension`, when it lies directly there.
pub(crate) fn stem<'a>(path: &'a str, folder: &str, extension: &str) -> Option<&'a str> {
    let name = path.strip_prefix(folder)?.strip_prefix('/')?;
    name.strip_suffix(extension)?.strip_suffix('.').filter(|stem| !stem.contains('/'))
}

/// Reads all of a folder: what could be read, and what is wrong with the rest.
fn read_folder(folder: &Path) -> io::Result<(BTreeMap<String, String>, Vec<Problem>)> {
    let root = folder.canonicalize()?;
    let (mut texts, mut problems) = (BTreeMap::new(), Vec::new());
    // Folders still to look into, each with the real folders above it, so that a link to one of them is no endless way.
    let mut waiting = vec![(folder.to_owned(), String::new(), BTreeSet::from([root.clone()]))];
    while let Some((dir, prefix, above)) = waiting.pop() {
        for item in fs::read_dir(&dir)? {
            let item = item?;
            let (full, name) = (item.path(), item.file_name());
            let Some(name) = name.to_str() else {
                let path = format!("{prefix}{}", name.to_string_lossy());
                problems.push(Problem::new(path, 1, "the file's name is not UTF-8", "rename it"));
                continue;
            };
            let path = format!("{prefix}{name}");
            if is_ignored(&path) {
                continue;
            }
            let real = match full.canonicalize() {
                Ok(real) => real,
                Err(reason) => {
                    problems.push(unreadable(&path, &reason));
                    continue;
                }
            };
            if !real.starts_with(&root) {
                problems.push(Problem::new(
                    path,
                    1,
                    "this is a link that leads out of the content folder",
                    "put the file itself here",
                ));
            } else if real.is_dir() {
                if above.len() >= Files::MAX_DEPTH || above.contains(&real) {
                    problems.push(Problem::new(path, 1, "folders are nested too deep here", "take this one out"));
                } else {
                    let mut above = above.clone();
                    above.insert(real);
                    waiting.push((full, format!("{path}/"), above));
                }
            } else {
                match read_file(&full, &path) {
                    Ok(text) => drop(texts.insert(path, text)),
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    Ok((texts, problems))
}

fn read_file(full: &Path, path: &str) -> Result<String, Problem> {
    let about = fs::metadata(full).map_err(|reason| unreadable(path, &reason))?;
    if !about.is_file() {
        return Err(Problem::new(path, 1, "this is not a file", "take it out"));
    }
    if about.len() > Files::MAX_BYTES {
        return Err(Problem::new(path, 1, "the file is larger than 256 KiB", "make it shorter"));
    }
    let bytes = fs::read(full).map_err(|reason| unreadable(path, &reason))?;
    let text = String::from_utf8(bytes).map_err(|_| not_utf8(path))?;
    Ok(without_mark(&text).to_owned())
}

/// A guide for writers, hidden files and editors' backups are no content.
fn is_ignored(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "README.md" || name.starts_with('.') || name.ends_with('~')
}

fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Some editors put a byte order mark in front.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn not_utf8(path: &str) -> Problem {
    Problem::new(path, 1, "the file is not UTF-8 text", "save it as UTF-8")
}

fn unreadable(path: &str, reason: &io::Error) -> Problem {
    Problem::new(
        path,
        1,
        format!("the file can't be read ({reason})"),
        "check that it is there and that Nape may read it",
    )
}
