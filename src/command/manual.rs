//! Commands as menus, for platforms on which people pick them instead of typing: names, descriptions and fields, all from
//! `COMMANDS`. The sentences come in from outside.

use super::table::{COMMANDS, Command, CommandSpec, Complete, Param, Shown, Takes};

/// A name that people pick first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// The name: lower case, no blanks.
    pub name: &'static str,
    /// What it does.
    pub about: String,
    /// Whether it is only for those who may configure the server.
    pub for_admins: bool,
    /// What stands under it.
    pub leads_to: LeadsTo,
}

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeadsTo {
    /// The command itself.
    Command(Entry),
    /// Commands to pick from, by name.
    Group(Vec<(&'static str, Entry)>),
}

/// A command with its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is meant.
    pub command: Command,
    /// What it does.
    pub about: String,
    /// What it takes.
    pub fields: Vec<Field>,
}

/// A field to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The parameter's name.
    pub name: &'static str,
    /// What to put there.
    pub about: String,
    /// What it takes.
    pub takes: Takes,
    /// Whether it must be filled in.
    pub required: bool,
    /// What can be offered.
    pub complete: Complete,
}

/// The sentences of a manual.
pub trait Sentences {
    /// What a command does, by its words.
    fn command(&self, words: &str) -> String;

    /// What a group of commands is for, by its name.
    fn group(&self, name: &str) -> String;

    /// What to put into a parameter, by its name.
    fn param(&self, name: &str) -> String;
}

/// The group in which the words of a running session stand.
const VERBS: &str = "routine";

/// All menus, in the order of the table.
pub fn menus(sentences: &impl Sentences) -> Vec<Menu> {
    let mut menus: Vec<Menu> = Vec::new();
    for spec in COMMANDS.iter().filter(|spec| spec.shown != Shown::Never) {
        let about = sentences.command(spec.words);
        let fields = fields(spec).map(|param| field(param, sentences)).collect();
        let entry = Entry { command: spec.command, about: about.clone(), fields };
        let Some((name, under)) = path(spec) else {
            let leads_to = LeadsTo::Command(entry);
            menus.push(Menu { name: spec.words, about, for_admins: false, leads_to });
            continue;
        };
        let there = menus.iter_mut().find(|menu| menu.name == name);
        if let Some(Menu { leads_to: LeadsTo::Group(entries), .. }) = there {
            entries.push((under, entry));
            continue;
        }
        menus.push(Menu {
            name,
            about: sentences.group(name),
            for_admins: spec.shown == Shown::Admin,
            leads_to: LeadsTo::Group(vec![(under, entry)]),
        });
    }
    menus
}

/// The command that a picked name, and the one under it, stand for.
pub fn picked(name: &str, under: Option<&str>) -> Option<Command> {
    let spec = COMMANDS.iter().filter(|spec| spec.shown != Shown::Never).find(|spec| match (path(spec), under) {
        (Some(path), Some(under)) => path == (name, under),
        (None, None) => spec.words == name,
        (Some(_), None) | (None, Some(_)) => false,
    });
    spec.map(|spec| spec.command)
}

/// The group and the name under it; `None` for a command that stands by itself.
fn path(spec: &CommandSpec) -> Option<(&'static str, &'static str)> {
    match spec.shown {
        Shown::Verb => Some((VERBS, spec.words)),
        Shown::Command | Shown::Admin | Shown::Never => spec.words.split_once(' '),
    }
}

/// The parameters that people fill in. Those of a session's words, and a word that only confirms, stand behind choices.
fn fields(spec: &CommandSpec) -> impl Iterator<Item = &'static Param> + use<> {
    let is_verb = spec.shown == Shown::Verb;
    spec.params.iter().filter(move |param| !is_verb && !matches!(param.takes, Takes::Session | Takes::OneOf([_])))
}

fn field(param: &Param, sentences: &impl Sentences) -> Field {
    let Param { name, takes, required, complete } = *param;
    Field { name, about: sentences.param(name), takes, required, complete }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names;

    impl Sentences for Names {
        fn command(&self, words: &str) -> String {
            words.to_owned()
        }

        fn group(&self, name: &str) -> String {
            name.to_owned()
        }

        fn param(&self, name: &str) -> String {
            name.to_owned()
        }
    }

    #[test]
    fn every_shown_command_can_be_picked_and_is_itself() {
        let mut picked_commands = Vec::new();
        for menu in menus(&Names) {
            match &menu.leads_to {
                LeadsTo::Command(entry) => {
                    assert_eq!(picked(menu.name, None), Some(entry.command));
                    picked_commands.push(entry.command);
                }
                LeadsTo::Group(entries) => {
                    for (under, entry) in entries {
                        assert_eq!(picked(menu.name, Some(under)), Some(entry.command));
                        picked_commands.push(entry.command);
                    }
                }
            }
        }
        picked_commands.sort_unstable();
        let mut shown: Vec<_> =
            COMMANDS.iter().filter(|spec| spec.shown != Shown::Never).map(|spec| spec.command).collect();
        shown.sort_unstable();
        assert_eq!(picked_commands, shown);
        assert_eq!((picked("screen", None), picked("my", None), picked("ask", Some("x"))), (None, None, None));
    }

    #[test]
    fn what_stands_behind_choices_is_no_field() {
        let menus = menus(&Names);
        let group = |name: &str| match &menus.iter().find(|menu| menu.name == name).unwrap().leads_to {
            LeadsTo::Group(entries) => entries.clone(),
            LeadsTo::Command(_) => panic!("{name} is a group"),
        };
        let fields = |name: &str, under: &str| -> Vec<&str> {
            let group = group(name);
            let (_, entry) = group.iter().find(|(own, _)| *own == under).unwrap();
            entry.fields.iter().map(|field| field.name).collect()
        };
        assert_eq!(fields("routine", "next"), [""; 0]);
        assert_eq!(fields("my", "delete"), [""; 0]);
        assert_eq!(fields("routine", "start"), ["name", "minutes", "pressure", "where"]);
        assert!(menus.iter().filter(|menu| menu.for_admins).map(|menu| menu.name).eq(["nape-admin"]));
    }
}
