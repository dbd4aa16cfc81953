//! A routine, from the command to its end, as its person and the channel see it.

use std::time::Duration;

use crate::fake::faults::Fault;
use crate::fake::permissions::*;
use crate::fake::state::{Message, State};
use crate::fake::{Actor, Fake, Handle, Id, Seen};
use crate::members::Scene;

/// A routine that waits for its person's word before each step.
struct Routine {
    scene: Scene,
    anna: Actor,
    thread: Id,
}

impl Routine {
    /// Begun in a private thread; its first card is there.
    async fn begun() -> Self {
        let scene = Scene::new().await;
        begin(&scene.anna).await;
        let channel = scene.anna.channel;
        let thread = scene
            .fake
            .until(|state| {
                state.channels.values().find(|thread| thread.parent == Some(channel)).map(|thread| thread.id)
            })
            .await;
        let anna = scene.anna.in_channel(thread);
        let routine = Self { scene, anna, thread };
        routine.card(1).await;
        routine
    }

    /// The last message that begins with this step's number.
    async fn card(&self, number: usize) -> Seen {
        card(&self.scene.fake, self.thread, number).await
    }

    /// Presses a button of a card, and waits for what its person is left to read.
    async fn press(&self, card: &Seen, label: &str) -> Handle {
        let handle = self.anna.press(card, label);
        handle.acknowledged().await;
        handle
    }

    /// Waits for a message in the thread that says this, and gives it.
    async fn says(&self, words: &str) -> Seen {
        says(&self.scene.fake, self.thread, words).await
    }

    /// The next message of the thread that can be answered.
    async fn after(&self, message: &Seen) -> Seen {
        let later = |state: &State| {
            let later = state.messages.values().filter(|next| next.channel == self.thread && next.id > message.id);
            later.filter(|next| !next.components.is_empty()).max_by_key(|next| next.id).map(Seen::of)
        };
        self.scene.fake.until(later).await
    }

    fn messages(&self) -> Vec<Message> {
        self.scene.fake.messages(self.thread)
    }
}

/// Passes the list of reasons and the check.
async fn begin(who: &Actor) {
    who.slash("my settings").option("key", "pace").option("value", "wait").send().reply().await;
    let screen = who.slash("routine start").option("name", "desk-reset").send().reply().await;
    assert!(screen.ephemeral, "{screen:?}");
    let check = who.press(&screen, "None of these").reply().await;
    who.press(&check, "No, start").reply().await;
}

async fn says(fake: &Fake, channel: Id, words: &str) -> Seen {
    fake.until(|state| {
        let found = state.messages.values().filter(|message| message.channel == channel);
        found.filter(|message| message.content.contains(words)).max_by_key(|message| message.id).map(Seen::of)
    })
    .await
}

/// Whether a thread was put away.
fn is_archived(state: &State, thread: Id) -> Option<()> {
    state.channels[&thread].thread.as_ref().is_some_and(|thread| thread.archived).then_some(())
}

async fn card(fake: &Fake, channel: Id, number: usize) -> Seen {
    says(fake, channel, &format!("{number} of 8")).await
}

#[tokio::test]
async fn a_whole_routine_with_every_button_runs_in_a_private_thread() {
    let routine = Routine::begun().await;
    let fake = &routine.scene.fake;
    let (private, invitable, members) = fake.look(|state| {
        let thread = &state.channels[&routine.thread];
        let inside = thread.thread.as_ref().expect("it is a thread");
        (thread.kind == 12, inside.invitable, inside.members.len())
    });
    assert!(private && !invitable && members == 2, "the bot and its person");
    let card = routine.card(1).await;
    assert!(!card.ephemeral && card.buttons.iter().any(|button| button.label == "Stop"), "{card:?}");
    routine.press(&card, "15 s more").await;
    let note = routine.says("15 seconds more").await;
    let before = routine.messages().len();
    // Whatever else belongs to the step changes the note: two messages a step, whatever is pressed.
    routine.press(&note, "Pause").await;
    let note = routine.says("Paused").await;
    routine.press(&note, "Resume").await;
    fake.until(|state| (!state.messages[&note.id].content.contains("Paused")).then_some(())).await;
    routine.press(&card, "Easier").await;
    fake.until(|state| (state.messages[&note.id].revision >= 3).then_some(())).await;
    assert_eq!(routine.messages().len(), before, "{:?}", routine.messages());
    // The next step is a message of its own, and the card before it has lost its buttons.
    routine.press(&card, "Next").await;
    let second = routine.card(2).await;
    assert_eq!(fake.look(|state| state.messages[&card.id].components.len()), 0);
    let stale = routine
        .anna
        .press_id(&card, &card.buttons.iter().find(|button| button.label == "Next").expect("it had one").custom_id);
    assert!(stale.reply().await.text.contains("Nothing was changed"));
    routine.press(&second, "Back").await;
    let first = routine.after(&second).await;
    assert!(first.text.contains("1 of 8"), "{first:?}");
    routine.press(&first, "Next").await;
    let mut card = routine.after(&first).await;
    // A first side that is left at once takes the other along: numbers may jump, and never go back.
    let mut seen = vec![card.text.clone()];
    while !card.text.contains("That was the last step") {
        routine.press(&card, "Next").await;
        card = routine.after(&card).await;
        assert!(!seen.contains(&card.text), "{card:?} was sent twice");
        seen.push(card.text.clone());
    }
    assert!(seen.len() > 5, "{seen:?}");
    let end = routine.says("That was the last step").await;
    fake.until(|state| {
        state.channels[&routine.thread].thread.as_ref().is_some_and(|thread| thread.archived).then_some(())
    })
    .await;
    let felt = routine.anna.press(&end, "Better").reply().await;
    assert!(felt.ephemeral, "{felt:?}");
    let edits = fake.calls("PATCH /channels/{channel_id}/messages/{message_id}");
    assert!(edits <= 4, "no edit but for a press: {edits}");
}

#[tokio::test]
async fn it_hurts_twice_ends_it_and_stop_ends_it_at_once() {
    let routine = Routine::begun().await;
    let card = routine.card(1).await;
    routine.press(&card, "It hurts").await;
    let hurt = routine.says("Take your hands away").await;
    routine.press(&hurt, "Resume").await;
    let second = routine.card(2).await;
    routine.press(&second, "It hurts").await;
    routine.scene.fake.until(|state| is_archived(state, routine.thread)).await;
    // Another one, ended from the channel by the word.
    let scene = &routine.scene;
    let check = scene.anna.slash("routine start").option("name", "desk-reset").send();
    check.press("No, start").await.reply().await;
    let second = scene
        .fake
        .until(|state| {
            state
                .channels
                .values()
                .filter(|thread| thread.parent == Some(scene.anna.channel))
                .map(|thread| thread.id)
                .find(|thread| *thread != routine.thread)
        })
        .await;
    self::card(&scene.fake, second, 1).await;
    scene.anna.slash("routine stop").send().acknowledged().await;
    scene
        .fake
        .until(|state| state.channels[&second].thread.as_ref().is_some_and(|thread| thread.archived).then_some(()))
        .await;
}

#[tokio::test]
async fn a_stranger_in_the_thread_changes_nothing() {
    let routine = Routine::begun().await;
    let card = routine.card(1).await;
    let fake = &routine.scene.fake;
    let moderator = fake.member(routine.scene.guild, fake.owner(routine.scene.guild)).in_channel(routine.thread);
    let told = moderator.press(&card, "Stop").reply().await;
    assert!(told.ephemeral && told.text.contains("somebody else"), "{told:?}");
    routine.press(&card, "Next").await;
    routine.card(2).await;
}

#[tokio::test]
async fn a_killed_program_comes_back_paused_at_the_same_step_and_its_old_buttons_still_work() {
    let mut routine = Routine::begun().await;
    for number in 1..3 {
        let card = routine.card(number).await;
        routine.press(&card, "Next").await;
    }
    let third = routine.card(3).await;
    routine.scene.nape.kill();
    routine.scene.nape.again();
    let back = routine
        .scene
        .fake
        .until(|state| {
            let found =
                state.messages.values().filter(|message| message.channel == routine.thread && message.id > third.id);
            found.max_by_key(|message| message.id).map(Seen::of)
        })
        .await;
    assert!(back.text.contains("3 of 8") && back.text.contains("paused at"), "{back:?}");
    routine.scene.nape.listens(&routine.scene.fake).await;
    routine.press(&back, "Resume").await;
    let card = routine
        .scene
        .fake
        .until(|state| {
            let found =
                state.messages.values().filter(|message| message.channel == routine.thread && message.id > third.id);
            found
                .filter(|message| message.content.contains("3 of 8") && !message.content.contains("paused at"))
                .max_by_key(|message| message.id)
                .map(Seen::of)
        })
        .await;
    routine.press(&card, "Next").await;
    let next = routine.after(&card).await;
    assert!(!next.text.contains("3 of 8") && next.text.contains(" of 8"), "{next:?}");
    let cards = routine.messages().into_iter().filter(|message| message.content.starts_with("### 3 of 8")).count();
    assert_eq!(cards, 2, "the step's card before the kill, and the one after `resume`");
}

#[tokio::test]
async fn a_note_that_is_an_hour_old_is_not_changed_but_said_anew() {
    let routine = Routine::begun().await;
    let card = routine.card(1).await;
    routine.press(&card, "15 s more").await;
    let note = routine.says("15 seconds more").await;
    let fake = &routine.scene.fake;
    fake.advance(Duration::from_secs(3600));
    fake.fault(Fault::code(30046).on("PATCH /channels/{channel_id}/messages/{message_id}"));
    routine.press(&card, "15 s more").await;
    fake.until(|state| {
        let found = state.messages.values().filter(|message| message.channel == routine.thread && message.id > note.id);
        found.max_by_key(|message| message.id).map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn without_the_permission_the_next_best_place_is_taken_and_the_missing_one_is_named() {
    let scene = Scene::new().await;
    scene.fake.deny_bot(scene.anna.channel, CREATE_PRIVATE_THREADS);
    begin(&scene.anna).await;
    let direct = scene.fake.until(|state| state.direct(scene.anna.user)).await;
    card(&scene.fake, direct, 1).await;
    scene.fake.dm(scene.anna.user).slash("routine stop").send().acknowledged().await;
    // Nor here, nor where others read: then nothing begins, and what is missing is said.
    let ben = scene.fake.member(scene.guild, scene.fake.user("ben"));
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    owner.slash("nape-admin set").option("key", "routine_place").option("value", "here").send().reply().await;
    scene.fake.deny_bot(scene.anna.channel, SEND_MESSAGES);
    ben.slash("my settings").option("key", "pace").option("value", "wait").send().reply().await;
    let screen = ben.slash("routine start").option("name", "desk-reset").send().reply().await;
    let check = ben.press(&screen, "None of these").reply().await;
    let refused = ben.press(&check, "No, start").reply().await;
    assert!(refused.ephemeral && refused.text.contains("Send Messages"), "{refused:?}");
    scene.fake.deny_bot(scene.anna.channel, 0);
    let begun = ben.press(&check, "No, start").reply().await;
    assert!(!begun.text.is_empty());
    card(&scene.fake, scene.anna.channel, 1).await;
}

#[tokio::test]
async fn a_thread_that_is_closed_ends_its_routine_without_a_word() {
    for how in ["deleted", "archived", "locked"] {
        let routine = Routine::begun().await;
        let fake = &routine.scene.fake;
        match how {
            "deleted" => fake.delete_channel(routine.thread),
            "archived" => fake.thread(routine.thread, true, false),
            _ => fake.thread(routine.thread, true, true),
        }
        let said = routine.scene.anna.slash("my data").send();
        let mut data = said.reply().await;
        // The thread's end comes by the gateway, the question by the gateway: both are there when the second is answered.
        for _ in 0..5 {
            if !data.text.contains("routine") {
                break;
            }
            data = routine.scene.anna.slash("my data").send().reply().await;
        }
        assert!(!data.text.contains("A running routine"), "{how}: {data:?}");
        let spoken =
            fake.look(|state| state.messages.values().filter(|message| message.channel == routine.thread).count());
        assert!(spoken <= 3, "{how}: nothing more was said there");
    }
}
