//! A transcript as a customer reads it, and as the harness does.
//!
//! ```text
//! # What this shows
//! settings: screened                      (how things stand before it begins; one line each; `reduced`: without its model)
//! > routine start desk reset              (what the person writes, or the choice they take: number, label or word)
//! < Before touch: reasons not to          (what they see; an empty line begins another message)
//! < …                                     (any number of lines)
//! ~ 30 s                                  (time passes; what is due comes to pass)
//! ! restart                               (the process dies and comes back at once)
//! ! dead 5 min                            (it comes back later; nothing happened in between)
//! @ anna > stop                           (another person, in the same place)
//! = stored: person, session               (what is stored now)
//! ```
//!
//! `> (again)` sends the last input once more; `> (old) Next` takes a choice of an earlier message, `> (not theirs)` one
//! that was offered to somebody else. `> (edited) text` is a correction of what was said before. A `#` line is a remark.

use std::time::Duration;

use nape::base::time::parse_span;

/// One transcript.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its path under `tests/`.
    pub path: String,
    /// Its lines as they stand in the file.
    pub lines: Vec<String>,
    /// `settings:` lines, with their numbers from 1.
    pub settings: Vec<(usize, String)>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The line it stands on, from 1.
    pub line: usize,
    /// What happens.
    pub action: Action,
    /// The lines after it, without blank ones at the end; what a person sees.
    pub expected: Vec<String>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A person writes, or takes a choice.
    Says { who: String, text: String },
    /// Time passes.
    Passes(Duration),
    /// The process dies and is back after this time.
    Dead(Duration),
    /// The kinds of records that must be stored.
    Stored(String),
    /// What a record of this kind must hold.
    Holds { tree: String, json: String },
}

/// The person whose transcript it is.
pub const ME: &str = "me";

/// Reads a transcript.
///
/// # Errors
/// The line and what is wrong with it.
pub fn read(path: &str, text: &str) -> Result<Script, String> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut script = Script { path: path.to_owned(), lines, settings: Vec::new(), steps: Vec::new() };
    if !text.starts_with("# ") {
        return Err(format!("{path}:1: the first line is not `# What this shows`"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let said = line.strip_prefix('<');
        if let Some(setting) = line.strip_prefix("settings:") {
            script.settings.push((number, setting.trim().to_owned()));
        } else if said.is_some() || line.is_empty() {
            match script.steps.last_mut() {
                Some(step) => step.expected.push(line.trim_end().to_owned()),
                None if said.is_some() => return Err(format!("{path}:{number}: nobody has said anything yet")),
                None => {}
            }
        } else if !line.starts_with('#') {
            let action = action(line).ok_or_else(|| format!("{path}:{number}: not understood: {line}"))?;
            script.steps.push(Step { line: number, action, expected: Vec::new() });
        }
    }
    for step in &mut script.steps {
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    Ok(script)
}

fn action(line: &str) -> Option<Action> {
    let (mark, rest) = (line.chars().next()?, line.get(1..)?.strip_prefix(' ').unwrap_or(line.get(1..)?));
    let says = |who: &str, text: &str| Action::Says { who: who.to_owned(), text: unescaped(text) };
    match mark {
        '>' => Some(says(ME, rest)),
        '@' => rest.split_once(" > ").map(|(who, text)| says(who.trim(), text)),
        '~' => span(rest).map(Action::Passes),
        '!' if rest == "restart" => Some(Action::Dead(Duration::ZERO)),
        '!' => rest.strip_prefix("dead ").and_then(span).map(Action::Dead),
        '=' => match rest.strip_prefix("stored:") {
            Some(kinds) => Some(Action::Stored(kinds.trim().to_owned())),
            None => {
                let (tree, json) = rest.split_once(": ")?;
                Some(Action::Holds { tree: tree.to_owned(), json: json.to_owned() })
            }
        },
        _ => None,
    }
}

/// `30 days` beside what the bot itself reads as a length of time.
pub fn span(text: &str) -> Option<Duration> {
    let days = text.trim().strip_suffix(" days").or_else(|| text.trim().strip_suffix(" day"));
    match days {
        Some(days) => days.parse::<u64>().ok().map(|days| Duration::from_secs(days * 24 * 60 * 60)),
        None => parse_span(text),
    }
}

/// Invisible characters are written as `\u{…}`, so that a reader sees them; `\n` is a line end; `{x*3000}` is long.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '{']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let code = rest.strip_prefix("\\u{").and_then(|code| code.split_once('}'));
        let many = rest.strip_prefix('{').and_then(|many| many.split_once('}'));
        let many = many.and_then(|(inside, after)| Some((inside.rsplit_once('*')?, after)));
        if let Some((code, after)) = code {
            out.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\n") {
            out.push('\n');
            rest = after;
        } else if let Some(((what, times), after)) = many {
            out.push_str(&what.repeat(times.parse().unwrap_or(1)));
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out + rest
}

/// Whether what was seen is what was expected. `< …` stands for any number of lines.
pub fn matches(expected: &[String], seen: &[String]) -> bool {
    match expected.split_first() {
        None => seen.is_empty(),
        Some((line, rest)) if line == "< …" => (0..=seen.len()).any(|skip| matches(rest, &seen[skip..])),
        Some((line, rest)) => seen.split_first().is_some_and(|(first, seen)| first == line && matches(rest, seen)),
    }
}
