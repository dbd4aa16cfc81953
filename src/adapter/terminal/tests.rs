//! The conversation with a runtime that is played here: what goes in, what is shown.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::*;
use crate::adapter::Prefixes;
use crate::message::model::{Audience, Text};
use crate::message::part::Delivery as How;
use crate::port::action::Priority;

#[derive(Default)]
struct Still {
    ended: AtomicBool,
}

#[async_trait]
impl Time for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    async fn wait(&self, _: Duration) {}
}

impl ScriptTime for Still {
    fn no_more_input(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sheet {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Plays a script; every event is answered with these parts, said to this person.
async fn play(script: &str, parts: Vec<Part>, to: &str) -> (Vec<Event>, String, Vec<Result<(), SendError>>) {
    let time = Arc::new(Still::default());
    let terminal =
        Terminal { user: "me".into(), names: Names::default(), time: time.clone(), mode: Mode::Pipe, history: None };
    let (events, mut incoming) = mpsc::channel(4);
    let (deliver, deliveries) = mpsc::channel(4);
    let (_tell, stop) = watch::channel(false);
    let (lines, _) = keyboard::pipe(std::io::Cursor::new(script.to_owned()));
    let sheet = Sheet::default();
    let talk = tokio::spawn(terminal.converse(
        Link {
            events,
            deliveries,
            stop,
            prefixes: Prefixes::new(|_| String::new()),
            servers: Vec::new(),
            pulse: Arc::new(()),
        },
        lines,
        Screen::plain(Box::new(sheet.clone())),
        Arc::default(),
    ));
    let (mut seen, mut results) = (Vec::new(), Vec::new());
    while let Some(Incoming { event, handled, settled: _ }) = incoming.recv().await {
        let (done, answer) = oneshot::channel();
        let work = Work::Say {
            place: place(to),
            person: user(to),
            reply: None,
            step: None,
            instead: false,
            parts: parts.clone(),
        };
        deliver.send(Delivery { nonce: 1, work, priority: Priority::Answer, done }).await.unwrap();
        results.push(answer.await.unwrap());
        seen.push(event);
        handled.send(()).unwrap();
    }
    drop(deliver);
    talk.await.unwrap().unwrap();
    assert!(time.ended.load(Ordering::Relaxed), "time was held back after the last line");
    (seen, sheet.text(), results)
}

fn part(text: &str, choices: Vec<Choice>) -> Part {
    let shown = (1..).zip(choices).map(|(number, choice)| crate::message::part::ShownChoice {
        choice,
        number,
        mark: crate::message::part::Mark::Number,
    });
    Part {
        blocks: vec![Block::Paragraph(Text::from(text))],
        choices: shown.collect(),
        audience: Audience::Private,
        quiet: false,
        delivery: How::Here,
    }
}

fn inputs(events: &[Event]) -> Vec<Input> {
    let input = |event: &Event| match event {
        Event::Person(person) => person.input.clone(),
        other => panic!("{other:?}"),
    };
    events.iter().map(input).collect()
}

#[tokio::test]
async fn lines_are_said_and_choices_are_pressed() {
    let choices = vec![Choice::new("Yes, go", "check go")];
    let (events, text, _) = play("hello\n\n1\nyes, go\n7\n", vec![part("Go?", choices)], "me").await;
    let said = |text: &str| Input::Said { text: text.into(), addressed: true };
    let pressed = Input::Pressed { line: "check go".into() };
    assert_eq!(inputs(&events), [said("hello"), pressed.clone(), pressed, said("7")]);
    assert!(text.starts_with("Go?\n\n1. Yes, go\n"), "{text}");
}

#[tokio::test]
async fn no_event_has_the_id_of_another() {
    let (events, _, _) = play("a\nb\n", vec![part("x", vec![])], "me").await;
    let id = |event: &Event| match event {
        Event::Person(person) => person.id.clone(),
        other => panic!("{other:?}"),
    };
    assert_ne!(id(&events[0]), id(&events[1]));
}

#[tokio::test]
async fn nothing_is_shown_that_is_for_somebody_else() {
    let (_, text, results) = play("a\n", vec![part("secret", vec![])], "anna").await;
    assert_eq!(text, "");
    assert!(matches!(results[..], [Err(SendError::Never { .. })]));
}

#[tokio::test]
async fn a_script_can_wait_and_leave() {
    let (events, _, _) = play("/wait 30 s\na\n/quit\nb\n", vec![part("x", vec![])], "me").await;
    assert_eq!(inputs(&events), [Input::Said { text: "a".into(), addressed: true }]);
}

#[tokio::test]
async fn no_control_sequence_reaches_the_screen() {
    let (_, text, _) = play("a\n", vec![part("a\u{1b}[31mb\u{7}\u{202e}c", vec![])], "me").await;
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}
