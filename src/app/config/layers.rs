//! Where the values of the boot configuration come from: the file, over it the environment (`NAPE_TABLE_KEY`), over that the arguments
//! (`--set table.key=value`). What is wrong in any of them is said beside the rest.

use std::path::Path;

use super::keys::{Fault, KEYS, Section, Sections, spelt};

/// Begins the names of variables that are the program's.
const PREFIX: &str = "NAPE_";

/// A value that stands outside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Where it comes from, as its person would name it: `NAPE_STORE_PATH`, `--set store.path`.
    pub from: String,
    /// The table and key; nothing when the name has none.
    pub key: Option<(String, String)>,
    /// The value as it was given, without quotes.
    pub text: String,
}

/// The program's variables in the environment.
pub fn environment() -> Vec<Given> {
    #[expect(clippy::disallowed_methods, reason = "a layer of the configuration")]
    let all = std::env::vars_os();
    let own = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    own.filter_map(|(name, text)| {
        let rest = name.strip_prefix(PREFIX)?.to_lowercase();
        let key = KEYS.iter().find(|(table, key, _)| rest == format!("{table}_{key}"));
        let key = key.map(|(table, key, _)| ((*table).to_owned(), (*key).to_owned()));
        Some(Given { from: name, key, text })
    })
    .collect()
}

/// The values of `--set`.
pub fn arguments(set: &[String]) -> Vec<Given> {
    let read = |argument: &String| {
        let (name, text) = argument.split_once('=').unwrap_or((argument, ""));
        let key = name.split_once('.').map(|(table, key)| (table.to_owned(), key.to_owned()));
        Given { from: format!("--set {name}"), key, text: text.to_owned() }
    };
    set.iter().map(read).collect()
}

/// Puts values over what is there.
///
/// # Errors
/// Every one that can't be put there. They stand in no line.
pub fn overlay(sections: &mut Sections, given: &[Given]) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    for Given { from, key, text } in given {
        let row = key.as_ref().and_then(|(table, key)| KEYS.iter().find(|(own, name, _)| own == table && name == key));
        let Some((table, name, kind)) = row else {
            faults.push((0, format!("{from}: {}", no_such(from))));
            continue;
        };
        match sections.put(table, name, &spelt(*kind, text), from) {
            Ok(()) => {}
            Err(message) => faults.push((0, format!("{from}: {message}"))),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Every value that holds, as a file, each with where it comes from. What a key would be without being set, the reference says.
pub fn show(sections: &Sections, reference: &Sections, path: &Path) -> String {
    let mut text = String::new();
    let mut last = "";
    for (table, key, kind) in KEYS {
        if *table != last {
            text.push_str(&format!("{}[{table}]\n", if last.is_empty() { "" } else { "\n" }));
            last = table;
        }
        let (own, usual): (Section, Section) = (sections.section(table), reference.section(table));
        let line = match (own.shown(key, *kind), usual.shown(key, *kind)) {
            (Some((value, Some(line))), _) => format!("{key} = {value} # {}:{line}", path.display()),
            (Some((value, None)), _) => format!("{key} = {value} # {}", own.origin(key)),
            (None, Some((value, _))) => format!("{key} = {value} # default"),
            (None, None) => format!("# {key} is not set"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// What is said of a name that no key has.
fn no_such(from: &str) -> String {
    let is_variable = from.starts_with(PREFIX);
    let names = KEYS.iter().map(|(table, key, _)| match is_variable {
        true => format!("{PREFIX}{}_{}", table.to_uppercase(), key.to_uppercase()),
        false => format!("--set {table}.{key}"),
    });
    let near = names.map(|name| (strsim::osa_distance(&name, from), name)).filter(|(distance, _)| *distance <= 3).min();
    match near {
        Some((_, name)) => format!("there is no such key; did you mean `{name}`?"),
        None => "there is no such key; config/nape.toml has them all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(from: &str, table: &str, key: &str, text: &str) -> Given {
        Given { from: from.to_owned(), key: Some((table.to_owned(), key.to_owned())), text: text.to_owned() }
    }

    #[test]
    fn a_later_layer_wins_and_says_where_it_came_from() {
        let mut sections = Sections::parse("[store]\nroom = 64\npath = \"here\"\n").unwrap();
        overlay(&mut sections, &[given("NAPE_STORE_ROOM", "store", "room", "128")]).unwrap();
        overlay(&mut sections, &arguments(&["store.room=256".to_owned(), "terminal.enabled=false".to_owned()]))
            .unwrap();
        let store = sections.section("store");
        assert_eq!((store.number("room"), store.text("path").as_deref()), (Some(256), Some("here")));
        assert_eq!(sections.section("terminal").switch("enabled"), Some(false));
        let shown = show(&sections, &Sections::default(), Path::new("nape.toml"));
        assert!(shown.contains("room = 256 # --set store.room\n"), "{shown}");
        assert!(shown.contains("path = \"here\" # nape.toml:3\n"), "{shown}");
        assert!(shown.contains("# key is not set\n"), "{shown}");
    }

    #[test]
    fn what_is_wrong_outside_the_file_is_named() {
        let mut sections = Sections::default();
        let wrong = [
            given("NAPE_STORE_ROOM", "store", "room", "much"),
            Given { from: "NAPE_STORE_RUM".to_owned(), key: None, text: "1".to_owned() },
        ];
        let faults: Vec<String> =
            overlay(&mut sections, &wrong).unwrap_err().into_iter().map(|(_, said)| said).collect();
        assert_eq!(faults[0], "NAPE_STORE_ROOM: store.room takes a number of MiB, without quotes");
        assert_eq!(faults[1], "NAPE_STORE_RUM: there is no such key; did you mean `NAPE_STORE_ROOM`?");
        let faults = overlay(&mut sections, &arguments(&["room".to_owned()])).unwrap_err();
        assert!(faults[0].1.starts_with("--set room: there is no such key"), "{faults:?}");
    }

    #[test]
    fn credentials_in_an_address_are_not_shown() {
        let text = "[discord]\napi_url = \"https://user:hunter2@proxy.example.org/x\"\n";
        let shown = show(&Sections::parse(text).unwrap(), &Sections::default(), Path::new("nape.toml"));
        assert!(!shown.contains("hunter2") && shown.contains("https://…@proxy.example.org/x"), "{shown}");
    }
}
