//! Messages while the program is killed again and again: each is answered, and none twice.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::person::{Event, Kind};
use crate::talking::{Scene, well_said};
use crate::tools::{LONG, is_whole};

#[test]
fn each_message_is_answered_once_in_a_plain_room_however_often_it_is_killed() {
    killed_again_and_again(Kind::Plain);
}

#[test]
fn each_message_is_answered_once_in_an_encrypted_room_however_often_it_is_killed() {
    killed_again_and_again(Kind::Encrypted);
}

/// Every message is asked in a thread of its own, which tells what an answer belongs to.
fn killed_again_and_again(kind: Kind) {
    let (messages, kills) = if is_whole() { (200, 10) } else { (24, 3) };
    let mut scene = Scene::alone(kind);
    let number = |number: &usize| scene.anna.say(&scene.room, &format!("number {number}"));
    let threads: Vec<String> = (1..=messages).collect::<Vec<_>>().iter().map(number).collect();
    for (killed, part) in threads.chunks(messages / kills).enumerate() {
        for thread in part {
            scene.anna.say_in(&scene.room, thread, "!nape what effleurage");
        }
        // Some of them are answered, some are being worked on, some have not been read: each time others.
        let enough = killed * part.len() + (killed * 3) % part.len();
        scene.anna.wait(LONG, &format!("{enough} answers"), |events| {
            (answers(events, &scene.nape.id).values().sum::<usize>() >= enough).then_some(())
        });
        scene.nape.kill();
        scene.nape.again();
    }
    scene.anna.wait(LONG, "an answer to each message", |events| {
        let answers = answers(events, &scene.nape.id);
        threads.iter().all(|thread| answers.contains_key(thread)).then_some(())
    });
    // After one more start nothing comes again either.
    scene.nape.kill();
    scene.nape.again();
    scene.say("technique effleurage");
    // In the room itself: what is said in the threads is not read yet, and older.
    scene.anna.expect(&scene.room, "its answer", |event| event.thread.is_none() && event.says("gliding strokes"));
    scene.anna.hears_nothing(Duration::from_secs(3), &scene.room, "another answer", |event| event.says(""));
    let answers = answers(&scene.anna.events(), &scene.nape.id);
    let doubled: Vec<_> = answers.iter().filter(|(_, count)| **count != 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    assert_eq!(answers.len(), messages);
}

/// How many answers each thread has.
fn answers(events: &[Event], nape: &str) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    let said = events.iter().filter(|event| event.sender == nape && event.says(""));
    for (thread, event) in said.filter_map(|event| Some((event.thread.clone()?, event))) {
        well_said(event);
        *answers.entry(thread).or_default() += 1;
    }
    answers
}
