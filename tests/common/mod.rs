//! What the transcripts are played with: the script as text, a world in memory, three profiles, and a player.

#[cfg(all(feature = "discord", feature = "matrix"))]
mod acts;
pub mod compare;
pub mod laws;
pub mod player;
pub mod profile;
pub mod report;
pub mod script;
pub mod world;

use std::sync::{Arc, OnceLock};

use nape::answer::{Answerer, Scope};
use nape::app::assembly::{self, Model};
use nape::bot::Bot;
use nape::content::{self, Files, Library};
use nape::locale::Phrases;
use nape::safety::gate::Gate;
use nape::safety::rules::Rules;

/// The bot as it is shipped: its own content, nothing made up for tests. Built once, as that takes most of the time.
pub fn bot() -> &'static Bot {
    static BOT: OnceLock<Bot> = OnceLock::new();
    BOT.get_or_init(|| {
        let (library, gate, answerer, phrases) = parts();
        let Model { encoder, decision } = assembly::model(None).expect("the built-in model is good");
        let answerer = answerer.with_encoder(&library.entries, &encoder, decision.answer);
        let gate = gate.with_encoder(decision.gate);
        Bot::new(Arc::new(library), gate, answerer, phrases).with_encoder(encoder)
    })
}

/// The same when its model can't be used.
pub fn reduced_bot() -> &'static Bot {
    static BOT: OnceLock<Bot> = OnceLock::new();
    BOT.get_or_init(|| {
        let (library, gate, answerer, phrases) = parts();
        Bot::new(Arc::new(library), gate, answerer, phrases)
    })
}

fn parts() -> (Library, Gate, Answerer, Phrases) {
    let today = jiff::civil::date(2026, 11, 23);
    let library = content::load_to_run(&Files::embedded(), today, &[]).unwrap_or_else(|problems| {
        panic!("the content has problems: {}", problems.iter().map(|p| format!("\n{p}")).collect::<String>())
    });
    let scope = library.raw.scope.values().map(String::as_str).collect::<Vec<_>>().join("\n");
    let answerer = Answerer::new(&library.entries, Scope::parse(&scope).expect("the content was checked"));
    let gate = Gate::new(Rules::parse(&library.raw.rules).expect("the content was checked"));
    let phrases = Phrases::parse("en", &library.raw.locale).expect("the content was checked");
    (library, gate, answerer, phrases)
}
