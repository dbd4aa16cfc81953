//! From a press to its callback over loopback: the real program beside a bare echo on serenity, in the same run, a hundred presses
//! a second, each for a minute in turns; and the memory of both.
//! By hand: `NAPE_LOG_LEVEL=info cargo bench --bench discord`; the tests' own configuration logs everything that ever is.

#![expect(clippy::print_stdout, reason = "a benchmark run by hand prints its figures")]

#[path = "../discord/fake/mod.rs"]
#[expect(dead_code, reason = "tests act in more ways than a benchmark")]
mod fake;
#[path = "../discord/nape.rs"]
#[expect(dead_code, reason = "tests start and stop it in more ways than a benchmark")]
mod nape;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use serenity::all::{
    ClientBuilder, Context, CreateActionRow, CreateAllowedMentions, CreateButton, CreateInteractionResponse,
    CreateInteractionResponseMessage, EventHandler, GatewayIntents, Interaction,
};
use serenity::http::HttpBuilder;

use fake::{Actor, Fake, Handle, Id, Seen, TOKEN};

/// Presses a second.
const RATE: u64 = 100;
/// Turns of each of the two, and how long each is, in seconds.
const TURNS: u64 = 6;
const TURN: u64 = 10;
/// People who press.
const PEOPLE: usize = 50;

/// A program under load.
struct Side {
    name: &'static str,
    fake: Fake,
    /// Its number, for the memory.
    process: u32,
    /// Who presses, and what.
    cards: Vec<(Actor, Seen, String)>,
    /// Milliseconds.
    took: Vec<f64>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, url] = arguments.as_slice()
        && role == "echo"
    {
        return echo(url).await;
    }
    let load = || fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load().trim());
    let (ours, _nape) = ours().await;
    let (bare, mut echo) = bare().await;
    let mut sides = [bare, ours];
    for turn in 0..TURNS {
        for side in &mut sides {
            side.turn(turn == 0).await;
        }
    }
    println!("{} presses each, {RATE} a second; load after: {}", TURNS * TURN * RATE, load().trim());
    println!("{:<24} {:>9} {:>9} {:>9} {:>12} {:>12}", "", "p50 ms", "p99 ms", "max ms", "memory MiB", "most MiB");
    for side in &mut sides {
        side.took.sort_by(f64::total_cmp);
        let at = |part: f64| side.took[((side.took.len() - 1) as f64 * part) as usize];
        let (now, most) = (memory(side.process, "VmRSS:"), memory(side.process, "VmHWM:"));
        println!("{:<24} {:>9.2} {:>9.2} {:>9.2} {now:>12.1} {most:>12.1}", side.name, at(0.5), at(0.99), at(1.0));
    }
    let ratio = |part: f64| {
        let at = |side: &Side| side.took[((side.took.len() - 1) as f64 * part) as usize];
        at(&sides[1]) / at(&sides[0])
    };
    println!("{:<24} {:>9.2} {:>9.2}", "ratio", ratio(0.5), ratio(0.99));
    // The echo knows no other end.
    echo.kill().expect("it runs");
    echo.wait().expect("it was killed");
}

/// The real program; what is pressed is the "More" under an answer.
async fn ours() -> (Side, nape::Nape) {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let nape = nape::Nape::start(&fake).await;
    let mut cards = Vec::new();
    for person in 0..PEOPLE {
        let who = fake.member(guild, fake.user(&format!("person {person}")));
        let card = who.slash("ask").option("question", "what is effleurage").send().reply().await;
        cards.push((who, card.clone(), id(&card, "More")));
    }
    let process = nape.id();
    (Side { name: "nape", fake, process, cards, took: Vec::new() }, nape)
}

/// A bot that does nothing but answer.
async fn bare() -> (Side, Child) {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["echo", &fake.url()]).stdin(Stdio::null());
    let child = command.spawn().expect("this program can be started");
    fake.until(|state| state.gateway.connected().next().map(|_| ())).await;
    fake.change(|state| state.commands.insert(None, vec![json!({"id": "1", "name": "echo", "type": 1})]));
    let mut cards = Vec::new();
    for person in 0..PEOPLE {
        let who = fake.member(guild, fake.user(&format!("person {person}")));
        let card = who.slash("echo").send().reply().await;
        cards.push((who, card.clone(), id(&card, "More")));
    }
    let process = child.id();
    (Side { name: "bare echo on serenity", fake, process, cards, took: Vec::new() }, child)
}

impl Side {
    /// Presses for a while, waits for the last answer, and notes how long each took. The first second of all is to get warm.
    async fn turn(&mut self, is_first: bool) {
        let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
        let mut pressed: Vec<Id> = Vec::new();
        for number in 0..TURN * RATE {
            ticks.tick().await;
            let (who, card, id) = &self.cards[number as usize % self.cards.len()];
            let handle: Handle = who.press_id(card, id);
            pressed.push(handle.id);
        }
        let warm = if is_first { RATE as usize } else { 0 };
        self.fake.until(|state| pressed.iter().all(|id| state.interactions[id].answered.is_some()).then_some(())).await;
        let took = |state: &fake::state::State| -> Vec<f64> {
            let answers = pressed.iter().filter_map(|id| state.interactions[id].answered);
            answers.skip(warm).map(|answer| answer.took as f64 / 1_000.0).collect()
        };
        self.took.extend(self.fake.look(took));
    }
}

fn id(card: &Seen, label: &str) -> String {
    let button = card.buttons.iter().find(|button| button.label == label);
    button.unwrap_or_else(|| panic!("no button `{label}` in {card:?}")).custom_id.clone()
}

/// MiB, as the kernel counts them.
fn memory(process: u32, what: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Serenity as its guide shows it, without anything around it.
async fn echo(url: &str) {
    let http = HttpBuilder::new(TOKEN).proxy(url).ratelimiter_disabled(true).build();
    let builder = ClientBuilder::new_with_http(http, GatewayIntents::GUILDS).event_handler(Echo);
    builder.await.expect("there is a client").start().await.expect("it goes on until it is killed");
}

struct Echo;

#[async_trait::async_trait]
impl EventHandler for Echo {
    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let row = CreateActionRow::Buttons(vec![CreateButton::new("more").label("More")]);
        let message = CreateInteractionResponseMessage::new()
            .content("echo")
            .components(vec![row])
            .ephemeral(true)
            // The loopback refuses a bot that could ping somebody.
            .allowed_mentions(CreateAllowedMentions::new());
        let answer = CreateInteractionResponse::Message(message);
        let answered = match interaction {
            Interaction::Command(command) => command.create_response(&context.http, answer).await,
            Interaction::Component(press) => press.create_response(&context.http, answer).await,
            _ => Ok(()),
        };
        answered.expect("the loopback takes it");
    }
}
