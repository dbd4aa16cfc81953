//! A server's settings as one TOML file, the same on every platform: a line for each setting that is set.
//!
//! What the file doesn't name isn't set. Whatever is wrong with it is found at once, each with its line. It must never take
//! half of a file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{BadValue, Kind, Layer, SETTINGS, Setting};
use super::value::{Value, Values};

/// The longest file that is read, in characters. Every setting with its longest value takes less.
pub const LONGEST: usize = 32_000;

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The text is no TOML here, or the key stands there a second time.
    NotToml,
    /// No setting of a server has this key.
    NoSuchKey {
        /// The one that is meant, most likely.
        near: Option<&'static str>,
    },
    /// A value of another kind than the setting takes.
    OtherKind {
        /// The setting.
        setting: &'static Setting,
    },
    /// A value that the setting doesn't take.
    Bad {
        /// The setting.
        setting: &'static Setting,
        /// What it would take.
        bad: BadValue,
    },
}

/// A setting that two servers, or a server before and after, have set to different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting.
    pub setting: &'static Setting,
    /// The first value; nothing where it isn't set.
    pub from: Option<Value>,
    /// The second.
    pub to: Option<Value>,
}

/// The settings that a server may set, in the order of the table.
pub fn rows() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.may_be_set_by(Layer::Server))
}

/// The file of what a server has set; what it hasn't set stands there as a remark with its default. `head` is its first line, `about`
/// says what a setting means.
pub fn write(values: &Values, head: &str, about: impl Fn(&Setting) -> String) -> String {
    let mut text = format!("# {head}\n");
    for setting in rows() {
        let (mark, value) = match values.get(setting.key) {
            Some(value) => ("", value.clone()),
            None => ("# ", setting.default_value()),
        };
        text.push_str(&format!("\n# {}\n{mark}{} = {}\n", about(setting), setting.key, written(&value)));
    }
    text
}

/// Reads a file.
///
/// # Errors
/// Everything that is wrong, by line.
pub fn read(text: &str) -> Result<Values, Vec<Fault>> {
    let line_of = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
    let root = DeTable::parse(text).map_err(|error| {
        let line = line_of(error.span().map_or(0, |span| span.start));
        vec![Fault { line, wrong: Wrong::NotToml }]
    })?;
    let (mut values, mut faults) = (Values::default(), Vec::new());
    for (key, value) in root.get_ref() {
        match take(key.get_ref(), value) {
            Ok((setting, value)) => drop(values.set(setting.key, value)),
            Err(wrong) => faults.push(Fault { line: line_of(key.span().start), wrong }),
        }
    }
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// What differs, in the order of the table.
pub fn differences(before: &Values, after: &Values) -> Vec<Difference> {
    let pairs = rows().map(|setting| (setting, before.get(setting.key), after.get(setting.key)));
    let differing = pairs.filter(|(_, from, to)| from != to);
    differing.map(|(setting, from, to)| Difference { setting, from: from.cloned(), to: to.cloned() }).collect()
}

fn take(key: &str, value: &Spanned<DeValue<'_>>) -> Result<(&'static Setting, Value), Wrong> {
    let Some(setting) = rows().find(|setting| setting.key == key) else {
        let near = rows().map(|setting| (strsim::osa_distance(setting.key, key), setting.key));
        let near = near.filter(|(distance, _)| *distance <= 2).min().map(|(_, key)| key);
        return Err(Wrong::NoSuchKey { near });
    };
    let typed = match (setting.kind, value.get_ref()) {
        (Kind::Switch, DeValue::Boolean(on)) => return Ok((setting, Value::Switch(*on))),
        (Kind::Number { .. }, DeValue::Integer(number)) => number.to_string().replace('_', ""),
        (
            Kind::Number { or: Some(_), .. }
            | Kind::Word(_)
            | Kind::Text { .. }
            | Kind::Prefix { .. }
            | Kind::Zone
            | Kind::Place,
            DeValue::String(text),
        ) => text.to_string(),
        (Kind::Words(_) | Kind::Ids { .. }, DeValue::Array(items)) => {
            let words = items.iter().map(|item| match item.get_ref() {
                // A comma parts words where they are typed.
                DeValue::String(word) if !word.contains([',', ';']) => Some(word.to_string()),
                _ => None,
            });
            words.collect::<Option<Vec<_>>>().ok_or(Wrong::OtherKind { setting })?.join(", ")
        }
        _ => return Err(Wrong::OtherKind { setting }),
    };
    setting.read(&typed).map(|value| (setting, value)).map_err(|bad| Wrong::Bad { setting, bad })
}

/// A value as it stands in a file.
fn written(value: &Value) -> String {
    match value {
        Value::Switch(on) => toml::Value::from(*on),
        Value::Number(number) => toml::Value::from(i64::from(*number)),
        Value::Word(word) => toml::Value::from(word.as_str()),
        Value::Words(words) => toml::Value::from(words.clone()),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn about(setting: &Setting) -> String {
        format!("What {} means.", setting.key)
    }

    /// What a server could have set.
    fn values() -> impl Strategy<Value = Values> {
        let value = |setting: &'static Setting| {
            let typed = match setting.kind {
                Kind::Switch => prop_oneof![Just("on".to_owned()), Just("off".to_owned())].boxed(),
                Kind::Number { min, max, .. } => (min..=max).prop_map(|number| number.to_string()).boxed(),
                Kind::Word(words) => prop::sample::select(words).prop_map(str::to_owned).boxed(),
                Kind::Words(words) => {
                    prop::sample::subsequence(words, 0..=words.len()).prop_map(|words| words.join(", ")).boxed()
                }
                Kind::Text { max } => proptest::string::string_regex(&format!("(?s).{{0,{max}}}")).unwrap().boxed(),
                Kind::Prefix { .. } => "[!.?$][!-~äß]{0,15}".boxed(),
                Kind::Ids { max, .. } => prop::collection::vec("[0-9]{1,20}|![a-z]{1,30}:[a-z.]{1,30}", 0..=max)
                    .prop_map(|ids| ids.join(", "))
                    .boxed(),
                Kind::Zone => prop::sample::select(vec!["UTC", "Europe/Berlin", "america/new_york"])
                    .prop_map(str::to_owned)
                    .boxed(),
                Kind::Place => "[!-+\\--:<-~äß✓]{0,20}".boxed(),
            };
            prop::option::of(typed).prop_map(move |typed| Some((setting, setting.read(&typed?).ok()?)))
        };
        let all: Vec<_> = rows().map(value).collect();
        all.prop_map(|set| {
            let mut values = Values::default();
            for (setting, value) in set.into_iter().flatten() {
                values.set(setting.key, value);
            }
            values
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_is_written_the_same(values in values()) {
            let text = write(&values, "Settings", about);
            let read = read(&text);
            prop_assert_eq!(read.as_ref(), Ok(&values), "{}", text);
            prop_assert!(text.chars().count() < LONGEST);
            prop_assert_eq!(write(&read.unwrap(), "Settings", about), text);
        }

        #[test]
        fn any_text_is_read_without_panic_and_faults_have_lines_of_it(text in "(?s).{0,80}") {
            for fault in read(&text).err().unwrap_or_default() {
                prop_assert!((1..=text.matches('\n').count() + 1).contains(&fault.line));
            }
        }

        #[test]
        fn differences_are_what_makes_one_the_other(before in values(), after in values()) {
            let mut made = before.clone();
            for Difference { setting, from, to } in differences(&before, &after) {
                prop_assert_eq!(from.as_ref(), before.get(setting.key));
                match to {
                    Some(value) => drop(made.set(setting.key, value)),
                    None => drop(made.reset(setting.key)),
                }
            }
            prop_assert_eq!(made, after);
        }
    }

    #[test]
    fn everything_wrong_is_found_at_once_with_its_line() {
        let text =
            "answer = \"public\"\nat_once = 0\nroutines = \"on\"\n\npressure = 3\nanswers = \"loud\"\ncolour = 1\n";
        let faults = read(text).unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 2, 3, 5, 6, 7]);
        assert_eq!(faults[0].wrong, Wrong::NoSuchKey { near: Some("answers") });
        assert!(matches!(faults[1].wrong, Wrong::Bad { bad: BadValue::OutOfRange { min: 1, .. }, .. }));
        assert!(matches!(faults[2].wrong, Wrong::OtherKind { setting } if setting.key == "routines"));
        // A person's own setting is none of a server.
        assert_eq!(faults[3].wrong, Wrong::NoSuchKey { near: None });
        assert!(matches!(faults[4].wrong, Wrong::Bad { bad: BadValue::NotOneOf { .. }, .. }));
        assert_eq!(read("at_once = 1\nat_once = 2\n"), Err(vec![Fault { line: 2, wrong: Wrong::NotToml }]));
        assert_eq!(read("routines = off"), Err(vec![Fault { line: 1, wrong: Wrong::NotToml }]));
    }
}
