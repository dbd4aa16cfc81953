//! The laws that hold for every single event, whatever came before it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nape::base::id::UserId;
use nape::base::time::Timestamp;
use nape::command::parse::{Invocation, parse};
use nape::command::table::{Command, Shown};
use nape::message::model::Message;
use nape::port::action::{Order, Outcome, Post};
use nape::port::event::{Event, FromPerson, Input, With};
use nape::port::record::{Key, Record, Records, Running};
use nape::routine::fairness::is_fair;
use nape::routine::model::{FORBIDDEN_TAGS, Routine};
use nape::routine::plan::{SESSION_CAP, TOUCH_CAP};
use nape::safety::model::{Urgency, Verdict};
use nape::settings::resolve::Layers;
use nape::settings::table::{LEAVE_OUT, PRESSURE};

use crate::messages::{self, word_count, words};
use crate::world::{BOT, GATE, LIBRARY};

/// One event with all that was before it and came of it.
pub struct Seen<'a> {
    /// When.
    pub now: Timestamp,
    /// What happened.
    pub event: &'a Event,
    /// What the bot was given.
    pub records: &'a Records,
    /// What it made of it.
    pub outcome: &'a Outcome,
    /// What was stored before.
    pub before: &'a BTreeMap<Key, Record>,
    /// What is stored now.
    pub after: &'a BTreeMap<Key, Record>,
    /// What nobody may keep.
    pub canaries: &'a [String],
}

/// A routine is locked for so long after an emergency.
const LOCKED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the check before a routine may stay open.
const CHECK_OPEN: Duration = Duration::from_secs(15 * 60);
/// How long a passed screening holds.
const SCREENED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Words of a card in attack mode.
const QUIET_WORDS: usize = 25;

/// Holds an event against the laws.
pub fn judge(seen: &Seen<'_>) {
    the_same_again_is_the_same(seen);
    only_loaded_records_change_each_once(seen);
    records_read_back(seen);
    nothing_written_is_kept(seen);
    people_change_only_their_own(seen);
    channels_count_what_runs(seen);
    a_lock_and_a_routine_never_meet(seen);
    sessions_are_lawful(seen);
    stale_presses_change_nothing(seen);
    emergencies_come_first(seen);
    delete_deletes(seen);
    talk_is_not_overheard(seen);
    quiet_cards_are_short(seen);
    posts(seen.outcome).for_each(messages::judge);
}

/// The posts of an outcome.
pub fn posts(outcome: &Outcome) -> impl Iterator<Item = &Post> {
    outcome.orders.iter().filter_map(|order| match order {
        Order::Say(post) => Some(post),
        Order::Open { .. } | Order::Close { .. } => None,
    })
}

fn the_same_again_is_the_same(seen: &Seen<'_>) {
    // Texts take long to read: presses and due times show well enough that nothing is remembered inside.
    let is_text = matches!(seen.event, Event::Person(FromPerson { input: Input::Said { .. }, .. }));
    if !is_text || seen.now.millis() % 8 == 0 {
        assert_eq!(&BOT.handle(seen.now, seen.event, seen.records), seen.outcome, "the same event twice");
    }
}

fn only_loaded_records_change_each_once(seen: &Seen<'_>) {
    let mut keys = BTreeSet::new();
    for change in &seen.outcome.changes {
        assert!(seen.records.holds(&change.key), "{:?} was changed without being looked at", change.key);
        assert!(keys.insert(&change.key), "{:?} is changed twice in one outcome", change.key);
    }
}

fn records_read_back(seen: &Seen<'_>) {
    for change in seen.outcome.changes.iter().filter(|change| !change.key.is_volatile()) {
        if let Some(record) = &change.record {
            assert_eq!(Record::decode(change.key.tree(), &record.encode()).as_ref(), Ok(record));
            assert_eq!(Key::from_stored(change.key.tree(), &change.key.name()).as_ref(), Some(&change.key));
        }
    }
}

fn nothing_written_is_kept(seen: &Seen<'_>) {
    for change in &seen.outcome.changes {
        // What lives in memory only is held to the same.
        let stored = change.record.as_ref().map_or_else(String::new, |record| format!("{record:?}"));
        let bytes = change.record.as_ref().map_or_else(Vec::new, Record::encode);
        let bytes = String::from_utf8_lossy(&bytes).to_lowercase();
        let debug = format!("{:?} {stored}", change.key).to_lowercase();
        let found = seen.canaries.iter().find(|canary| bytes.contains(*canary) || debug.contains(*canary));
        assert!(found.is_none(), "what somebody wrote ({found:?}) is kept: {debug}");
    }
    // Orders lie in the store until they are sent.
    for order in &seen.outcome.orders {
        let debug = format!("{order:?}").to_lowercase();
        let found = seen.canaries.iter().find(|canary| debug.contains(*canary));
        assert!(found.is_none(), "what somebody wrote ({found:?}) waits in the outbox: {debug}");
    }
}

/// Who acts: the person, or the owner of the record whose time has come.
fn actor(event: &Event) -> &UserId {
    match event {
        Event::Person(person) | Event::Beyond { person, .. } => &person.who,
        Event::Membership { server, .. } | Event::Moved { from: server, .. } => panic!("nobody left {server}"),
        Event::Due { key, .. }
        | Event::Returned { key }
        | Event::Opened { key, .. }
        | Event::Late { key, .. }
        | Event::Gone { key, .. } => match key {
            Key::Session(owner) | Key::Person(owner) | Key::Lock(owner) => owner,
            other => panic!("{other:?} never comes due"),
        },
    }
}

fn people_change_only_their_own(seen: &Seen<'_>) {
    let actor = actor(seen.event);
    for change in &seen.outcome.changes {
        match &change.key {
            Key::Person(who) | Key::Session(who) | Key::Lock(who) | Key::Recent(who, _) => {
                assert_eq!(who, actor, "{actor} changed {:?}", change.key);
            }
            Key::Channel(_) => {
                let runs = |records: &BTreeMap<Key, Record>| match records.get(&change.key) {
                    Some(Record::Channel(channel)) => {
                        channel.running.iter().filter(|who| *who != actor).cloned().collect::<Vec<_>>()
                    }
                    _ => Vec::new(),
                };
                assert_eq!(runs(seen.before), runs(seen.after), "{actor} changed who else is counted");
            }
            Key::Votes(entry) => assert!(LIBRARY.entry(entry).is_some(), "a vote for {entry:?}"),
            Key::Server(_) | Key::Audit(_) => panic!("{actor} changed a server's settings"),
        }
    }
    for post in posts(seen.outcome) {
        assert_eq!(&post.person, actor, "somebody else is spoken to");
    }
}

fn channels_count_what_runs(seen: &Seen<'_>) {
    let mut counted = BTreeSet::new();
    for (key, record) in seen.after {
        if let (Key::Channel(channel), Record::Channel(running)) = (key, record) {
            assert!(!running.running.is_empty(), "an empty list is kept for {channel}");
            counted.extend(running.running.iter().map(|who| (who.clone(), channel.clone())));
        }
    }
    let running = seen.after.iter().filter_map(|(key, record)| match (key, record) {
        (Key::Session(owner), Record::Session(running)) => Some((owner.clone(), running.counted_in.clone())),
        _ => None,
    });
    assert_eq!(counted, running.collect(), "what is counted is not what runs");
}

fn a_lock_and_a_routine_never_meet(seen: &Seen<'_>) {
    for key in seen.after.keys() {
        if let Key::Lock(who) = key {
            assert!(!seen.after.contains_key(&Key::Session(who.clone())), "{who} is locked and has a routine");
        }
    }
    // Nothing but the person's own word, after its time, lifts a lock.
    for (key, record) in seen.before {
        let Record::Lock(lock) = record else { continue };
        match seen.after.get(key) {
            Some(Record::Lock(still)) => assert!(still.until >= lock.until, "a lock got shorter"),
            _ => assert!(seen.now >= lock.until, "a lock was lifted {:?} too early", lock.until.since(seen.now)),
        }
    }
}

/// The invocation that an event is, when it is one without doubt.
fn invoked(event: &Event) -> Option<(&FromPerson, Invocation)> {
    let Event::Person(person) = event else { return None };
    match &person.input {
        Input::Invoked(invocation) => Some((person, invocation.clone())),
        Input::Pressed { line } => parse(line).ok().map(|invocation| (person, invocation)),
        Input::Said { text, .. } => parse(text.trim()).ok().map(|invocation| (person, invocation)),
        Input::Completed { line, with: With::Text(text) } => {
            Invocation::completed(line, text).map(|invocation| (person, invocation))
        }
        Input::Completed { line, with: With::Ids(ids) } => {
            Invocation::completed(line, &ids.join(" ")).map(|invocation| (person, invocation))
        }
        Input::NotTheirs | Input::Unasked { .. } => None,
    }
}

fn session<'a>(records: &'a BTreeMap<Key, Record>, who: &UserId) -> Option<&'a Running> {
    match records.get(&Key::Session(who.clone())) {
        Some(Record::Session(running)) => Some(running),
        _ => None,
    }
}

fn routine(running: &Running) -> &'static Routine {
    LIBRARY.routine(&running.session.routine).expect("its routine is in the content")
}

fn sessions_are_lawful(seen: &Seen<'_>) {
    let who = actor(seen.event);
    let Some(after) = session(seen.after, who) else { return };
    let routine = routine(after);
    let own = &after.session;
    assert!(is_fair(&own.steps), "left and right differ: {:?}", own.steps);
    assert!(own.current().is_some_and(|step| !step.dropped), "on a step that is left out: {own:?}");
    assert!(own.current().is_some_and(|step| step.pressure <= own.cap), "pressure above the cap: {own:?}");
    for step in &own.steps {
        let written = &routine.steps[usize::from(step.step)];
        let limit = written.pressure[1].min(routine.pressure_cap);
        assert!(step.pressure <= limit, "{} presses with {}, not {limit}", written.id, step.pressure);
    }
    let (number, of) = own.position();
    assert!(1 <= number && number <= of, "step {number} of {of}");
    match session(seen.before, who).filter(|before| before.session.id == own.id) {
        Some(before) => {
            let before = &before.session;
            assert!(own.cap <= before.cap, "the cap rose");
            for step in &own.steps {
                let same = before.steps.iter().filter(|old| (old.step, old.side) == (step.step, step.side));
                let most = same.map(|old| old.pressure).max();
                assert!(most.is_some_and(|most| step.pressure <= most), "the pressure of {step:?} rose from {most:?}");
            }
        }
        None => begun(seen, who, after, routine),
    }
}

/// What must hold when a routine begins.
fn begun(seen: &Seen<'_>, who: &UserId, running: &Running, routine: &Routine) {
    let Some((person, invocation)) = invoked(seen.event) else { panic!("a routine began by itself") };
    assert_eq!(invocation.command, Command::Check, "a routine began without the check");
    assert!(matches!(invocation.arg("answer"), Some("go" | "sore")), "a routine began on {:?}", invocation.line());
    let asked = Timestamp::from_millis(i64::from(invocation.number("asked").unwrap_or(0)) * 1000);
    assert!(seen.now.since(asked) <= CHECK_OPEN + Duration::from_secs(1), "the check is old: {:?}", invocation.line());
    assert!(!seen.before.keys().any(|key| *key == Key::Session(who.clone())), "a second routine began");
    assert!(!seen.before.contains_key(&Key::Lock(who.clone())), "a routine began under a lock");
    let me = match seen.after.get(&Key::Person(who.clone())) {
        Some(Record::Person(me)) => me.clone(),
        _ => Default::default(),
    };
    let screened = me.screened.is_some_and(|at| seen.now.since(at) <= SCREENED_FOR);
    assert!(!routine.touch || screened, "touch without a passed screening");
    let server = seen.records.server(person.place.server.as_ref());
    let layers = Layers { server: &server.settings, person: &me.settings };
    let cap = layers.number(&PRESSURE).expect("pressure is a number");
    assert!(u32::from(running.session.cap) <= cap, "the routine presses up to {}, not {cap}", running.session.cap);
    let left_out = layers.words(&LEAVE_OUT);
    let (mut all, mut touched) = (0, 0);
    for planned in &running.session.steps {
        let step = &routine.steps[usize::from(planned.step)];
        let bad = step.tags.iter().find(|tag| FORBIDDEN_TAGS.contains(&tag.as_str()) || left_out.contains(tag));
        assert!(bad.is_none(), "{} has the tag {bad:?}", step.id);
        assert!(invocation.arg("answer") != Some("sore") || !step.touches(), "{} touches where touch hurts", step.id);
        all += planned.seconds;
        touched += if step.touches() { planned.seconds } else { 0 };
    }
    assert!(all <= SESSION_CAP && touched <= TOUCH_CAP, "{all} seconds, {touched} of touch");
}

/// Whether nothing of what is stored changed, but for the day of last use.
fn unchanged(seen: &Seen<'_>) -> bool {
    let without_day = |records: &BTreeMap<Key, Record>| {
        let mut records = records.clone();
        for record in records.values_mut() {
            if let Record::Person(person) = record {
                person.last_used = Timestamp::default();
            }
        }
        records
    };
    without_day(seen.before) == without_day(seen.after)
}

fn stale_presses_change_nothing(seen: &Seen<'_>) {
    let Event::Person(FromPerson { who, input: Input::Pressed { line }, .. }) = seen.event else { return };
    let Ok(invocation) = parse(line) else {
        assert!(unchanged(seen), "`{line}` is no command and changed something");
        return;
    };
    let (Shown::Verb, Some(named)) = (invocation.command.spec().shown, invocation.arg("session")) else { return };
    match session(seen.before, who).filter(|running| running.session.id.as_str() == named) {
        None => assert!(unchanged(seen), "`{line}` belongs to no routine of theirs and changed something"),
        Some(running) => {
            let step = invocation.number("step").and_then(|step| usize::try_from(step).ok());
            let is_old = step.is_some_and(|step| step != running.session.at);
            // What ends or halts is never too late.
            let always = matches!(invocation.command, Command::Stop | Command::Hurts | Command::Pause);
            assert!(always || !is_old || unchanged(seen), "`{line}` is of an earlier step and changed something");
        }
    }
}

fn emergencies_come_first(seen: &Seen<'_>) {
    let Event::Person(person) = seen.event else { return };
    let texts: Vec<&str> = match &person.input {
        Input::Said { text, .. } | Input::Unasked { text, .. } => vec![text],
        Input::Invoked(invocation) => invocation.free_text().collect(),
        Input::Completed { with: With::Text(text), .. } => vec![text],
        Input::Completed { with: With::Ids(_), .. } | Input::Pressed { .. } | Input::NotTheirs => Vec::new(),
    };
    let raised = texts.iter().find_map(|text| match GATE.by_rules(text).0 {
        Verdict::Raised { flag, urgency: Urgency::Emergency } => Some(flag),
        _ => None,
    });
    let locked = match (seen.before.get(&Key::Lock(person.who.clone())), seen.after.get(&Key::Lock(person.who.clone())))
    {
        (before, Some(Record::Lock(lock))) => {
            before != Some(&Record::Lock(*lock)) && lock.until >= seen.now + LOCKED_FOR
        }
        _ => false,
    };
    // A correction that changes nothing about the sign is passed over.
    let is_known = matches!(person.input, Input::Unasked { .. }) && seen.outcome == &Outcome::default();
    if raised.is_some() && is_meant(seen, person) && !is_known {
        match seen.after.get(&Key::Lock(person.who.clone())) {
            Some(Record::Lock(lock)) => assert!(lock.until >= seen.now + LOCKED_FOR, "the lock is too short"),
            _ => panic!("{raised:?} was raised and nothing is locked"),
        }
        assert!(posts(seen.outcome).next().is_some(), "{raised:?} was raised and nothing is said");
    } else if !locked {
        return;
    }
    assert!(session(seen.after, &person.who).is_none(), "the routine goes on after {raised:?}");
    let first = seen.outcome.orders.iter().find_map(|order| match order {
        Order::Say(post) => Some(&post.message),
        _ => None,
    });
    action_only(first.expect("something is said"));
}

/// Under 60 words (90 where somebody may harm themselves), and not a word on how to massage.
fn action_only(message: &Message) {
    let text = words(message);
    let of_self_harm = LIBRARY.safety.red_flag("RF23").is_some_and(|flag| text.contains(&flag.advice));
    let count = word_count(message);
    assert!(count < if of_self_harm { 90 } else { 60 }, "{count} words: {text}");
    const HOW_TO: [&str; 14] = [
        "massage", "press", "rub", "knead", "stroke", "glide", "circle", "squeeze", "stretch", "place", "put", "roll",
        "start", "try",
    ];
    for sentence in text.split(['.', ':', ';']) {
        let first = sentence.split_whitespace().next().unwrap_or_default().to_lowercase();
        assert!(!HOW_TO.contains(&first.as_str()), "an instruction: {sentence}");
    }
    for step in LIBRARY.routines.iter().flat_map(|routine| &routine.steps) {
        assert!(![&step.say, &step.brief, &step.easier].iter().any(|how| text.contains(how.as_str())), "{text}");
    }
    let away = message.choices.iter().find(|choice| {
        ["routine", "technique", "read", "check", "screen"].iter().any(|word| choice.line.starts_with(word))
    });
    assert!(away.is_none(), "an emergency answer leads to {away:?}");
}

fn delete_deletes(seen: &Seen<'_>) {
    let Event::Person(FromPerson { who, input: Input::Pressed { line }, .. }) = seen.event else { return };
    if line != "my delete sure=yes" {
        return;
    }
    for (key, record) in seen.after {
        let json = String::from_utf8_lossy(&record.encode()).into_owned();
        let is_theirs = key.name().contains(who.as_str()) || json.contains(who.as_str());
        let stays = matches!(record, Record::Lock(lock) if seen.now < lock.until);
        assert!(!is_theirs || stays, "{key:?} is left after everything was deleted");
    }
    assert!(posts(seen.outcome).next().is_some(), "deleted without a word");
}

/// Whether what somebody said is for the bot.
fn is_meant(seen: &Seen<'_>, person: &FromPerson) -> bool {
    match &person.input {
        Input::Said { addressed, .. } | Input::Unasked { addressed, .. } => {
            let own = session(seen.before, &person.who);
            *addressed || own.is_some_and(|running| running.own_place && running.place == person.place)
        }
        Input::Invoked(_) | Input::Pressed { .. } | Input::Completed { .. } | Input::NotTheirs => true,
    }
}

fn talk_is_not_overheard(seen: &Seen<'_>) {
    let Event::Person(person) = seen.event else { return };
    if let (Input::Unasked { .. }, true) = (&person.input, is_meant(seen, person)) {
        // Whoever is told something is told of a sign, at once; and nothing else follows.
        assert!(posts(seen.outcome).all(|post| post.urgent), "{:?} was answered", person.input);
    } else if is_meant(seen, person) {
        assert!(!seen.outcome.orders.is_empty(), "no answer to {:?}", person.input);
    } else {
        assert_eq!(seen.outcome, &Outcome::default(), "talk among people was overheard");
    }
}

fn quiet_cards_are_short(seen: &Seen<'_>) {
    let Some(running) = session(seen.after, actor(seen.event)).filter(|running| running.session.quiet) else { return };
    for post in posts(seen.outcome) {
        if post.step.as_ref().is_some_and(|mark| mark.session == running.session.id) {
            let count = word_count(&post.message);
            assert!(count <= QUIET_WORDS, "{count} words in attack mode: {}", words(&post.message));
            assert!(post.message.quiet, "a loud card in attack mode");
        }
    }
}
