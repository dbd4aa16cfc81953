//! Routines, from the first question to the last step, led by words and by reactions.

use std::borrow::Borrow;

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::nape::{Nape, Shared};
use crate::person::{Event, Kind, Person};
use crate::talking::{Scene, hears};
use crate::tools::LONG;

/// A routine in a thread of a room with others, or in a direct room, which waits for its person's word before each step.
pub struct Routine<N = Shared> {
    scene: Scene<N>,
    /// Where personal things are said.
    direct: String,
    /// The thread's first event; nothing in the direct room.
    thread: Option<String>,
}

impl<N: Borrow<Nape>> Routine<N> {
    /// Begun; its first card is there.
    fn begun(scene: Scene<N>) -> (Self, Event) {
        let (kind, nape) = (scene.kind, scene.nape.borrow());
        let direct = match kind {
            Kind::Plain | Kind::Encrypted => {
                let direct = scene.anna.room(Kind::Direct, &[&nape.id]);
                hears(nape, &scene.anna, &direct, "hello, I am Nape");
                direct
            }
            Kind::Direct | Kind::DirectPlain => scene.room.clone(),
        };
        let thread = (direct != scene.room).then(|| scene.anna.say(&scene.room, "time for my neck"));
        let routine = Self { scene, direct, thread };
        routine.say_directly("my settings pace wait", "auto → wait");
        routine.say("routine start desk reset");
        prepare(routine.scene.nape.borrow(), &routine.scene.anna, &routine.direct);
        routine.says("about 3 min");
        let card = routine.card(1);
        (routine, card)
    }

    /// Says something where the routine is.
    fn say(&self, text: &str) {
        let Scene { anna, room, .. } = &self.scene;
        match &self.thread {
            // Commands want the prefix; what belongs to a step doesn't.
            Some(thread) if text.contains("start") => anna.say_in(room, thread, &format!("!nape {text}")),
            Some(thread) => anna.say_in(room, thread, text),
            None => anna.say(room, text),
        };
    }

    fn say_directly(&self, text: &str, words: &str) {
        self.scene.anna.say(&self.direct, text);
        hears(self.scene.nape.borrow(), &self.scene.anna, &self.direct, words);
    }

    /// The next that it says where the routine is.
    fn says(&self, words: &str) -> Event {
        let said = self.scene.hears(words);
        assert_eq!(said.thread, self.thread, "{said:?}");
        said
    }

    /// The card of a step.
    fn card(&self, number: usize) -> Event {
        let card = self.says(&format!("{number} of 8 · "));
        assert!(card.text().contains("Next"), "{card:?}");
        card
    }

    /// What follows on "resume": the first step once more when its time had not begun yet, else what is left of that.
    fn goes_on(&self) -> Event {
        let said = self.says("");
        assert!(said.says("1 of 8 · ") || said.says("Going on"), "{said:?}");
        said
    }

    /// Goes on and on, to the end. A first side that is left at once takes the other along: numbers may jump.
    fn to_the_end(&self, mut card: Event, next: impl Fn(&Self, &Event)) {
        let mut seen = vec![card.id.clone()];
        loop {
            next(self, &card);
            card = self.says("");
            assert!(!seen.contains(&card.id), "{card:?} came twice");
            if card.says("That was the last step") {
                break;
            }
            assert!(card.says(" of 8 · "), "{card:?}");
            seen.push(card.id.clone());
        }
        assert!(seen.len() > 5, "{} steps", seen.len());
    }

    /// Waits until the bot has put up the symbol of a choice, and presses it.
    fn press(&self, card: &Event, choice: &str) {
        let Scene { anna, room, nape, .. } = &self.scene;
        let symbol = symbol(card, choice);
        anna.wait(LONG, &format!("{symbol} for {choice}"), |events| {
            symbols_of(events, nape.borrow(), card).contains(&symbol).then_some(())
        });
        anna.react(room, &card.id, &symbol);
    }
}

/// Passes the list of reasons and the check, where they are asked.
pub fn prepare(nape: &Nape, who: &Person, direct: &str) {
    hears(nape, who, direct, "does any of these apply to you?");
    who.say(direct, "None of these");
    hears(nape, who, direct, "right now: any new");
    who.say(direct, "no");
}

/// What stands for the number of a choice.
fn symbol(card: &Event, choice: &str) -> String {
    let is_line = |number: &usize| card.text().lines().any(|line| line == format!("{number}. {choice}"));
    let number = (1..=8).find(is_line).unwrap_or_else(|| panic!("no {choice} in {}", card.text()));
    format!("{number}\u{fe0f}\u{20e3}")
}

/// The symbols that it has put up under a message.
fn symbols_of(events: &[Event], nape: &Nape, card: &Event) -> Vec<String> {
    let put_up = events.iter().filter(|event| event.kind == "m.reaction" && event.sender == nape.id);
    put_up.filter(|event| event.target.as_ref() == Some(&card.id)).filter_map(|event| event.key.clone()).collect()
}

#[test]
fn words_lead_through_a_routine_in_a_thread_of_a_plain_room() {
    by_words(Kind::Plain);
}

#[test]
fn words_lead_through_a_routine_in_a_thread_of_an_encrypted_room() {
    by_words(Kind::Encrypted);
}

#[test]
fn words_lead_through_a_routine_in_a_direct_room() {
    by_words(Kind::Direct);
}

/// Every verb, then on to the end.
fn by_words(kind: Kind) {
    let (routine, first) = Routine::begun(Scene::new(kind));
    assert_eq!(first.encrypted, kind != Kind::Plain);
    routine.say("pause");
    routine.says("paused");
    routine.say("resume");
    routine.goes_on();
    routine.say("more");
    routine.says("15 seconds more");
    routine.say("next");
    routine.card(2);
    routine.say("back");
    let first = routine.card(1);
    routine.to_the_end(first, |routine, _| routine.say("next"));
}

#[test]
fn reactions_lead_through_a_routine_in_a_thread_of_a_plain_room() {
    by_reactions(Kind::Plain);
}

#[test]
fn reactions_lead_through_a_routine_in_a_thread_of_an_encrypted_room() {
    by_reactions(Kind::Encrypted);
}

#[test]
fn reactions_lead_through_a_routine_in_a_direct_room() {
    by_reactions(Kind::Direct);
}

fn by_reactions(kind: Kind) {
    let (routine, card) = Routine::begun(Scene::new(kind));
    routine.press(&card, "Pause");
    let paused = routine.says("paused");
    // How somebody feels is said in words: reactions are never encrypted.
    let symbols = symbols_of(&routine.scene.anna.events(), &routine.scene.nape, &card);
    assert!(!symbols.contains(&symbol(&card, "It hurts")), "{symbols:?}");
    routine.press(&paused, "Resume");
    let card = routine.goes_on();
    routine.to_the_end(card, |routine, card| routine.press(card, "Next"));
}

#[test]
fn a_strangers_reaction_and_word_change_nothing() {
    // Whoever takes long to come finds it paused.
    let ben = Person::new(Homeserver::shared(), "ben");
    let (routine, card) = Routine::begun(Scene::new(Kind::Encrypted));
    let Scene { anna, room, nape, .. } = &routine.scene;
    anna.order(json!({ "do": "invite", "room": room, "user": ben.id }));
    ben.wait_for_join(room, &ben.id);
    ben.react(room, &card.id, &symbol(&card, "Stop"));
    let thread = routine.thread.as_deref().expect("it runs in a thread");
    ben.say_in(room, thread, "stop");
    // What comes next is the answer to her own word.
    routine.say("next");
    routine.card(2);
    let stopped = anna.events().iter().any(|event| event.sender == nape.id && event.says("Stopped at"));
    assert!(!stopped);
    routine.say("stop");
    routine.says("stopped at step 2 of 8");
}

#[test]
fn a_routine_that_was_killed_in_the_middle_comes_back_paused() {
    let (mut routine, _) = Routine::begun(Scene::alone(Kind::Encrypted));
    routine.say("next");
    routine.card(2);
    routine.scene.nape.kill();
    routine.scene.nape.again();
    routine.says("paused at 2 of 8");
    routine.say("resume");
    routine.says("");
    routine.say("next");
    routine.card(3);
}
