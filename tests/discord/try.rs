//! A Discord on this machine to try Nape by hand: commands are typed, buttons and options are numbers.
//!
//! usage: discord_try PORT FOLDER. Writes the token and a configuration into the folder; `tests/discord/try` calls it.

#![expect(clippy::print_stdout, reason = "it is a conversation with the one who tries")]

#[expect(dead_code, reason = "tests act in more ways than somebody at a prompt")]
mod fake;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::Value;
use tokio::sync::mpsc;

use fake::state::State;
use fake::{Actor, Fake, Handle, Id, Seen, TOKEN};

const HELP: &str = "\
/ask question: can I massage my neck?    a command; a lone text option needs no name: /ask can I …
1, 2, …                                  press the button or pick the option of that number
here | dm | thread                       go to the channel, to the direct messages, into the newest thread
as NAME                                  be somebody else; `as owner` may manage the server
later MINUTES                            let time pass
quit";

/// What a number stands for.
#[derive(Clone)]
enum Choice {
    Button(Seen, String),
    Option(Seen, String, String),
}

/// A modal that waits to be filled in: its interaction, its fields, the answers so far.
type Form = (Handle, Vec<(String, String)>, Vec<String>);

/// The one who tries, and what they see.
struct Prompt {
    fake: Fake,
    guild: Id,
    people: BTreeMap<String, Id>,
    actor: Actor,
    /// Messages that were shown, with their revision.
    shown: BTreeMap<Id, u32>,
    choices: Vec<Choice>,
    form: Option<Form>,
    /// Interactions whose modal was shown, or whose silence was told.
    told: Vec<Id>,
    open: Vec<Handle>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, folder] = arguments.as_slice() else { panic!("usage: discord_try PORT FOLDER") };
    let fake = Fake::start_at(&format!("127.0.0.1:{port}")).await;
    let config = write(Path::new(folder), &fake.url());
    println!("A Discord for this machine only. In another terminal:\n\n  nape run --config {config}\n\n{HELP}\n");
    let guild = fake.guild("Neck and shoulders");
    let you = fake.user("you");
    let people = BTreeMap::from([("you".to_owned(), you), ("owner".to_owned(), fake.owner(guild))]);
    let actor = fake.member(guild, you);
    let (shown, choices, told, open) = Default::default();
    let mut prompt = Prompt { fake, guild, people, actor, shown, choices, form: None, told, open };
    let mut changes = prompt.fake.inner.changes();
    // Waiting for a line would keep everything else waiting.
    let (typed, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).all(|line| typed.send(line).is_ok()));
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) if line.trim() == "quit" => break,
                Some(line) => prompt.typed(line.trim()),
                None => break,
            },
            changed = changes.changed() => if changed.is_ok() { prompt.show() },
        }
    }
    for wrong in prompt.fake.violations() {
        println!("not as Discord would have it: {wrong}");
    }
}

/// The token and a configuration that names it.
fn write(folder: &Path, url: &str) -> String {
    let (token, config) = (folder.join("discord.token"), folder.join("nape.toml"));
    fs::create_dir_all(folder).expect("the folder can be made");
    fs::remove_file(&token).ok();
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&token).expect("it is new");
    file.write_all(TOKEN.as_bytes()).expect("it can be written");
    let data = folder.join("data");
    let text = format!(
        "[store]\npath = {data:?}\n\n[terminal]\nenabled = false\n\n[discord]\nenabled = true\ntoken_file = {token:?}\napi_url = {url:?}\n"
    );
    fs::write(&config, text).expect("it can be written");
    config.display().to_string()
}

impl Prompt {
    fn typed(&mut self, line: &str) {
        if let Some((handle, fields, mut answers)) = self.form.take() {
            answers.push(line.to_owned());
            if let Some((label, _)) = fields.get(answers.len()) {
                println!("  {label}:");
                self.form = Some((handle, fields, answers));
            } else {
                let pairs: Vec<(&str, &str)> =
                    fields.iter().zip(&answers).map(|((_, id), answer)| (id.as_str(), answer.as_str())).collect();
                self.open.push(handle.submit(&pairs));
            }
            return;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => {}
            "here" => self.actor = self.fake.member(self.guild, self.actor.user),
            "dm" => self.actor = self.fake.dm(self.actor.user),
            "thread" => match self.fake.threads(self.fake.member(self.guild, self.actor.user).channel).last() {
                Some(thread) => self.actor = self.fake.member(self.guild, self.actor.user).in_channel(*thread),
                None => println!("  there is no thread"),
            },
            "as" => {
                let fake = &self.fake;
                let user = *self.people.entry(rest.to_owned()).or_insert_with(|| fake.user(rest));
                self.actor = self.fake.member(self.guild, user);
            }
            "later" => self.fake.advance(std::time::Duration::from_secs(rest.parse::<u64>().unwrap_or(1) * 60)),
            number if number.parse::<usize>().is_ok() => self.choose(number.parse::<usize>().unwrap_or(0)),
            command if command.starts_with('/') => self.command(&line[1..]),
            _ => println!("{HELP}"),
        }
    }

    fn choose(&mut self, number: usize) {
        let Some(choice) = number.checked_sub(1).and_then(|at| self.choices.get(at)).cloned() else {
            return println!("  there is no {number}");
        };
        self.open.push(match choice {
            Choice::Button(seen, label) => self.actor.in_channel(seen.channel).press(&seen, &label),
            Choice::Option(seen, select, label) => {
                self.actor.in_channel(seen.channel).select(&seen, &select, &[&label])
            }
        });
    }

    /// Finds the command by its longest path, and reads what follows as its options.
    fn command(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let listed = self.fake.look(listed);
        let found = (1..=words.len().min(3)).rev().find_map(|count| {
            let path = words[..count].join(" ");
            listed.get(&path).map(|options| (path, options, words[count..].join(" ")))
        });
        let Some((path, options, rest)) = found else {
            return println!("  there is: /{}", listed.keys().cloned().collect::<Vec<_>>().join(", /"));
        };
        if !self.actor.is_offered(words[0]) {
            return println!("  /{} is not offered to you here", words[0]);
        }
        let starts: Vec<(usize, &String)> = {
            let mut found: Vec<_> =
                options.iter().filter_map(|name| Some((rest.find(&format!("{name}:"))?, name))).collect();
            found.sort_unstable();
            found
        };
        let mut slash = self.actor.slash(&path);
        for (at, (start, name)) in starts.iter().enumerate() {
            let end = starts.get(at + 1).map_or(rest.len(), |(next, _)| *next);
            slash = slash.option(name, rest[start + name.len() + 1..end].trim());
        }
        if let (true, Some(name), false) = (starts.is_empty(), options.first(), rest.is_empty()) {
            slash = slash.option(name, rest);
        }
        self.open.push(slash.send());
    }

    /// Shows what is new.
    fn show(&mut self) {
        let (user, shown) = (self.actor.user, &self.shown);
        let new: Vec<(Seen, String)> = self.fake.look(|state| {
            let mine = state.messages.values().filter(|message| {
                message.author == state.bot.id
                    && !message.is_loading()
                    && message.only_for.is_none_or(|only| only == user)
                    && state.sees(message.channel, user)
                    && shown.get(&message.id) != Some(&message.revision)
            });
            mine.map(|message| (Seen::of(message), state.channels[&message.channel].name.clone())).collect()
        });
        for (seen, place) in new {
            let edited = if self.shown.insert(seen.id, seen.revision).is_some() { ", edited" } else { "" };
            let audience = if seen.ephemeral { ", only you see it" } else { "" };
            println!("[{}{audience}{edited}]\n{}", if place.is_empty() { "direct" } else { &place }, seen.text);
            self.choices.clear();
            let buttons = seen.buttons.iter().filter(|button| !button.disabled).map(|button| button.label.clone());
            self.choices.extend(buttons.map(|label| Choice::Button(seen.clone(), label)));
            for select in &seen.selects {
                let options = select.options.iter().map(|(label, _)| label.clone());
                self.choices.extend(options.map(|label| Choice::Option(seen.clone(), select.custom_id.clone(), label)));
            }
            for (at, choice) in self.choices.iter().enumerate() {
                let (Choice::Button(_, label) | Choice::Option(_, _, label)) = choice;
                println!("  {} {label}", at + 1);
            }
        }
        self.show_modal();
    }

    fn show_modal(&mut self) {
        let modals = self.open.iter().filter(|handle| !self.told.contains(&handle.id));
        let found = modals
            .filter_map(|handle| Some((handle.clone(), self.fake.look(|state| handle.shown_modal(state))?)))
            .next();
        if let Some((handle, modal)) = found {
            self.told.push(handle.id);
            println!("{}\n  {}:", modal.title, modal.fields.first().map_or("", |(label, _)| label));
            self.form = Some((handle, modal.fields, Vec::new()));
        }
    }
}

/// Commands with their subcommands, and the names of their options.
fn listed(state: &State) -> BTreeMap<String, Vec<String>> {
    fn walk(one: &Value, path: &str, into: &mut BTreeMap<String, Vec<String>>) {
        let options: Vec<&Value> = one["options"].as_array().into_iter().flatten().collect();
        let (inner, plain): (Vec<&Value>, Vec<&Value>) =
            options.into_iter().partition(|option| matches!(option["type"].as_u64(), Some(1 | 2)));
        let name = |option: &Value| option["name"].as_str().unwrap_or_default().to_owned();
        if inner.is_empty() {
            into.insert(path.to_owned(), plain.iter().map(|option| name(option)).collect());
        }
        inner.iter().for_each(|option| walk(option, &format!("{path} {}", name(option)), into));
    }
    let mut into = BTreeMap::new();
    for command in state.commands.values().flatten() {
        walk(command, command["name"].as_str().unwrap_or_default(), &mut into);
    }
    into
}
