//! The gate against the phrases of the content, tables of its own, and any text at all.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::gate::Gate;
use super::model::{SafetyContent, Urgency, Verdict};
use super::rules::Rules;

const RULES: &str = include_str!("../../config/content/safety/rules-en.toml");
const CONTENT: &str = include_str!("../../config/content/safety/en.toml");
/// Phrases written apart from the content: `flag` and `urgency` are null where nothing may be raised.
const INDEPENDENT: &str = include_str!("independent.jsonl");

static GATE: LazyLock<Gate> = LazyLock::new(|| match Rules::parse(RULES) {
    Ok(rules) => Gate::new(rules),
    Err(problems) => {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("rules-en.toml:\n{}", lines.join("\n"));
    }
});

fn content() -> SafetyContent {
    toml::from_str(CONTENT).unwrap()
}

/// Every example of the content, with the least urgency it must be raised with.
fn examples() -> Vec<(String, Urgency)> {
    let of = |flag: super::model::RedFlag| {
        let own = flag.urgency;
        flag.examples.into_iter().map(move |example| (example.text, example.urgency.unwrap_or(own)))
    };
    content().red_flags.into_iter().flat_map(of).collect()
}

fn emergencies() -> Vec<String> {
    examples().into_iter().filter(|(_, least)| *least == Urgency::Emergency).map(|(text, _)| text).collect()
}

fn urgency(text: &str) -> Option<Urgency> {
    GATE.by_rules(text).0.urgency()
}

#[derive(serde::Deserialize)]
struct Phrase {
    text: String,
    flag: Option<String>,
    urgency: Option<Urgency>,
}

fn independent() -> Vec<Phrase> {
    INDEPENDENT.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_content_is_whole() {
    let content = content();
    assert_eq!(content.red_flags.len(), 29);
    assert_eq!(content.screening.len(), 25);
    assert_eq!(content.hard_rules.len(), 28);
    for flag in &content.red_flags {
        let long = flag.id == "RF23";
        let words = |text: &str| text.split_whitespace().count();
        assert!(long || flag.urgency != Urgency::Emergency || words(&flag.advice) < 60, "{}: advice too long", flag.id);
        assert!(words(&flag.emergency_advice) < 60, "{}: emergency advice too long", flag.id);
        let needs = flag.urgency != Urgency::Emergency;
        assert_eq!(needs, !flag.emergency_advice.is_empty(), "{}: emergency advice", flag.id);
        assert!(!flag.ask.is_empty() && !flag.sources.is_empty(), "{}", flag.id);
    }
    assert!(content.screening.iter().all(|item| item.line.split_whitespace().count() <= 20));
    let each: Vec<&str> = content.screening.iter().filter(|item| item.each_time).map(|item| item.id.as_str()).collect();
    assert_eq!(each, ["Q01", "Q02", "Q07", "Q12", "Q20", "Q21"]);
}

#[test]
fn rules_and_content_agree_on_the_urgency_of_every_flag() {
    let rules = Rules::parse(RULES).unwrap();
    for flag in content().red_flags {
        let found = rules.flags.iter().find(|rules| rules.id == flag.id).map(|rules| rules.urgency);
        assert_eq!(found, Some(flag.urgency), "{}", flag.id);
    }
}

#[test]
fn every_example_is_raised_with_its_urgency() {
    let all = examples();
    let missed: Vec<&(String, Urgency)> = all.iter().filter(|(text, least)| urgency(text) < Some(*least)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn no_counter_example_is_raised() {
    let texts: Vec<String> = content().red_flags.into_iter().flat_map(|flag| flag.not_examples).collect();
    let raised: Vec<&String> = texts.iter().filter(|text| urgency(text).is_some()).collect();
    assert!(raised.is_empty(), "{raised:#?}");
}

/// The list has guided the rules, so this holds what was reached; it doesn't tell how the gate does on new phrases.
#[test]
fn independent_phrases_stay_recognised() {
    let phrases = independent();
    let (flagged, ordinary): (Vec<Phrase>, Vec<Phrase>) = phrases.into_iter().partition(|phrase| phrase.flag.is_some());
    let missed: Vec<&str> = flagged.iter().filter(|p| urgency(&p.text) < p.urgency).map(|p| p.text.as_str()).collect();
    let alarms: Vec<&str> = ordinary.iter().filter(|p| urgency(&p.text).is_some()).map(|p| p.text.as_str()).collect();
    assert!(missed.len() * 100 <= flagged.len() * 3, "{missed:#?}");
    assert!(alarms.len() * 100 <= ordinary.len(), "{alarms:#?}");
}

#[test]
fn a_denied_symptom_is_no_symptom_and_denies_nothing_else() {
    for text in [
        "no fever",
        "no fever, rash or stiff neck",
        "without any weakness or numbness",
        "i dont have slurred speech",
        "never had a seizure",
        "double vision? no",
        "my face isnt drooping",
    ] {
        assert_eq!(urgency(text), None, "{text}");
    }
    for text in [
        "No fever but my neck is so stiff and im confused",
        "cant not see double",
        "no longer able to move my arm",
        "no idea whats going on, half my face is numb",
        "not my usual migraine, my speech is slurred",
        "no warning, sudden terrible headache",
        "im not drunk but i cant walk straight",
        "double vision? yes",
    ] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn what_is_long_over_is_history() {
    for text in [
        "in 2015 i had a concussion, fully checked",
        "i had a thunderclap headache years ago",
        "whiplash 8 years ago, discharged",
        "as a child i had seizures",
    ] {
        assert_eq!(urgency(text), None, "{text}");
    }
    for text in [
        "it went after 10 minutes but i couldnt speak",
        "i had a stroke years ago and now my arm is weak again",
        "hit my head last week, headache getting worse",
        "arm went numb and limp yesterday, fine now",
    ] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn other_people_count_and_stories_do_not() {
    for text in ["my mum cant talk properly", "my friend passed out", "he is slurring his words", "wife has chest pain"]
    {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
    for text in [
        "in the film he gets a sudden terrible headache",
        "i read about a man who went blind",
        "in my novel she has a seizure",
        "my grandma had a stroke years ago",
        "crime show: suspect strangled with a phone cable",
        "in minecraft my villager had a seizure",
        "in this series the queen has a seizure in every season",
        "the butler strangled the colonel in last night's film, and my wife liked it",
    ] {
        assert_eq!(urgency(text), None, "{text}");
    }
}

#[test]
fn what_befell_the_one_who_watches_is_no_story() {
    for text in [
        "watching a film when my head exploded out of nowhere",
        "i was reading a novel and suddenly the worst headache of my life",
        "in the middle of a movie, then my face went numb on one side",
        "during a thriller my face went numb on one side",
        "watching a movie, can't feel my left arm",
        "this series is great but my left hand is weak and numb",
        "we watched a cartoon and my husband collapsed",
        "playing minecraft, cant see out of my left eye",
    ] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn a_dark_time_that_is_told_as_over_gets_a_check_in_and_nothing_less() {
    for text in ["i was suicidal in my twenties, i'm well now", "had suicidal thoughts as a student, long behind me"] {
        assert_eq!(GATE.by_rules(text), (Verdict::CheckIn, false), "{text}");
    }
    for text in [
        "suicidal",
        "i was suicidal last night",
        "was suicidal as a teen",
        "was suicidal as a teen, well now, but suicidal again today",
        "i was suicidal years ago, i'm fine now, i just want to die",
        "had suicidal thoughts last night, i'm fine now",
        "was suicidal as a teen, i'm not well now",
        "my friend died by suicide and now i feel suicidal",
    ] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
        assert!(GATE.by_rules(text).1, "{text}: it stays raised whatever the encoder thinks");
    }
}

#[test]
fn an_attack_from_one_weekday_to_another_is_past_three_days() {
    for text in [
        "my migraine started thursday, today is tuesday and there was no break",
        "same migraine since sun, its thurs now",
        "headache began on monday evening, now it's friday",
    ] {
        assert_eq!(urgency(text), Some(Urgency::SameDay), "{text}");
    }
    for text in [
        "migraine started monday, today is tuesday",
        "had a migraine on monday, it's gone, today is friday and all is well",
        "since monday i do the routine, today is friday, do i need a rest day",
    ] {
        assert_eq!(urgency(text), None, "{text}");
    }
}

#[test]
fn who_asks_how_many_would_kill_is_heard() {
    for text in
        ["how many paracetamol would kill me", "how many ibuprofen to die", "what is the lethal dose of paracetamol"]
    {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
        assert!(GATE.by_rules(text).1, "{text}: it stays raised whatever the encoder thinks");
    }
    for text in ["how much pressure to kill the pain", "how many days a month are too many for painkillers"] {
        assert_eq!(GATE.by_rules(text).0, Verdict::Clear, "{text}");
    }
}

#[test]
fn figures_of_speech_are_not_symptoms() {
    for text in [
        "my job is killing me",
        "mind blown",
        "i could die laughing",
        "dead tired",
        "my boss is a pain in the neck",
        "i hit the gym",
        "love is blind",
        "stroke down the neck slowly",
        "strangled by deadlines till friday",
        "i would strangle my printer if i could",
        "parking with this neck is a suicide mission",
        "i might overdose on shoulder rubs",
        "crashed on the sofa at nine",
        "discord crashed on step 5",
        "our wifi had a seizure in the last round",
        "begging to be strangled, that knot",
        "i strangle this gearbox tomorrow",
        "reading the boston strangler book on the train",
        "tax season has me by the throat",
        "cannot go on with this diet one more day",
        "lost the will to live at slide 30",
        "headshot after headshot",
        "end it please, the routine i mean",
    ] {
        assert!(matches!(GATE.by_rules(text).0, Verdict::Clear), "{text}: {:?}", GATE.by_rules(text).0);
    }
}

#[test]
fn what_is_done_to_people_is_no_figure_of_speech() {
    for text in [
        "my ex strangled me",
        "a guy at work is strangling me",
        "i was strangled by a work colleague",
        "i overdosed on massage oil and pills",
        "i was run over by a car, feeling dizzy, neck hurts",
        "i was hit by a truck, feeling sick, neck hurts",
        "a van crash straight into us, neck hurts",
        "i feel suicidal driving home",
        "this will be the end of me, kill me now, i cant take it any more",
        "the doctor explained nothing, sudden worst headache",
        "he wanted to strangle me",
        "he had me by the throat, i still want to throttle him",
        "i lost the will to live after that",
        "this migraine is killing my will to live",
        "i want to kill myself, the routine i mean helps nothing",
        "my username is lena and i took an overdose",
        "i lost the will to live at christmas and it is not back",
        "strangulation two days ago, headache",
        "work was fine, he still is choking me at night",
        "my mum on the phone having a stroke",
        "found him at his laptop passed out",
        "sat in the chair collapsed and wont wake up",
    ] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn a_cry_of_pain_gets_a_check_in() {
    for text in [
        "this migraine is killing me",
        "this headache will be the end of me",
        "my head is killing me",
        "just shoot me",
        "shoot me now please lol",
    ] {
        assert_eq!(GATE.by_rules(text).0, Verdict::CheckIn, "{text}");
    }
    for text in
        ["this migraine is killing me, i want to die", "kill me now, i cant take it any more", "please just kill me"]
    {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn the_usual_pattern_is_ordinary_and_a_different_one_is_not() {
    for text in [
        "my usual migraine, light hurts and i feel sick",
        "usual zigzag lines like every migraine",
        "tingling hand like in every attack",
    ] {
        assert_eq!(urgency(text), None, "{text}");
    }
    for text in ["this is not my usual aura, my arm is weak", "usual aura but now i cant speak"] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn a_general_question_is_about_the_flag() {
    for (text, flag) in [
        ("what is a thunderclap headache?", "RF01"),
        ("how do i know if its a stroke?", "RF02"),
        ("can massage cause artery dissection?", "RF03"),
        ("what is whiplash?", "RF07"),
        ("how does carbon monoxide cause headache?", "RF11"),
        ("what is medication overuse headache?", "RF25"),
        ("should i stop if i feel dizzy during the routine", "RF24"),
        ("what are the signs of meningitis", "RF05"),
        ("thunderclap meaning", "RF01"),
        ("why do leaflets list a sudden severe headache", "RF01"),
    ] {
        assert_eq!(GATE.by_rules(text).0, Verdict::About { flag: flag.to_owned() }, "{text}");
    }
    for text in [
        "can i massage my neck if i take blood thinners",
        "is massage ok when pregnant",
        "my neck is stiff from my desk",
        "how long do i hold a trigger point",
    ] {
        assert_eq!(GATE.by_rules(text).0, Verdict::Clear, "{text}");
    }
}

#[test]
fn a_question_with_an_own_symptom_is_no_general_one() {
    for text in ["what is wrong with me, my face is drooping", "is it normal that my arm just went limp"] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn doubt_asks_first() {
    for (text, flag) in [
        ("why do i feel dizzy after massage", "RF24"),
        ("what if my arm goes numb", "RF02"),
        ("my headache is new", "RF13"),
        ("i feel feverish", "RF19"),
        ("neck sore after the osteopath moved it", "RF03"),
    ] {
        let Verdict::Doubtful { flag: found, .. } = GATE.by_rules(text).0 else {
            panic!("{text}: {:?}", GATE.by_rules(text).0)
        };
        assert_eq!(found, flag, "{text}");
    }
}

#[test]
fn an_emergency_feature_raises_the_others() {
    for text in ["im 68, my temples are tender and my sight went dim", "on chemo, headache and stiff neck"] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
    assert_eq!(urgency("took 16 paracetamol today"), Some(Urgency::Emergency));
    assert_eq!(urgency("i take painkillers every single day"), Some(Urgency::SeeDoctor));
}

#[test]
fn typing_badly_hides_nothing() {
    for text in [
        "diziness and double vison",
        "slured speech",
        "SUDDEN SEVERE HEADACHE!!!",
        "suden seveer headach",
        "car accidnet today, neck hurts",
        "cantbreathe",
        "my face is droooooping",
        "my ｆａｃｅ is drooping 😱",
        "i can’t  feel half   my face",
        "wanna kms",
    ] {
        assert_eq!(urgency(text), Some(Urgency::Emergency), "{text}");
    }
}

#[test]
fn nothing_added_lowers_an_emergency() {
    for text in emergencies() {
        for added in
            [" lol jk", ". lol jk", ". how do i massage my trapezius?", " can i start the routine", "\nits fine, next"]
        {
            let more = format!("{text}{added}");
            assert_eq!(urgency(&more), Some(Urgency::Emergency), "{more}");
        }
    }
}

#[test]
fn politeness_before_an_emergency_hides_nothing() {
    for text in emergencies() {
        for before in [
            "Hello, thank you for your help yesterday. ",
            "Hi there! I hope you are well.\n",
            "Thanks for the routine. ",
        ] {
            let more = format!("{before}{text}");
            assert_eq!(urgency(&more), Some(Urgency::Emergency), "{more}");
        }
    }
}

#[test]
fn case_and_space_change_nothing() {
    for (text, _) in examples() {
        let verdict = GATE.by_rules(&text).0;
        assert_eq!(GATE.by_rules(&text.to_uppercase()).0, verdict, "{text}");
        assert_eq!(GATE.by_rules(&text.replace(' ', "   ")).0, verdict, "{text}");
        assert_eq!(GATE.by_rules(&format!("  {text} ")).0, verdict, "{text}");
    }
}

proptest! {
    #[test]
    fn any_string_has_a_verdict(text in any::<String>()) {
        GATE.by_rules(&text);
    }

    #[test]
    fn any_mixture_of_its_words_has_a_verdict(
        words in prop::collection::vec("(no|not|headache|sudden|never had|my|if|,|\\?|\\.|210/120|20\\.|years ago|numb|what is|w/|'|o|\u{301})", 0..60)
    ) {
        GATE.by_rules(&words.join(" "));
        GATE.by_rules(&words.concat());
    }
}

#[test]
fn every_problem_of_the_rules_is_reported_with_its_line() {
    let broken = RULES
        .replace("priority = \"RF23", "priority = \"RF77 RF23")
        .replace("[[flag]]\nid = \"RF01\"", "[[flag]]\nid = \"RF99\"")
        .replace(
            "rules = \"\"\"\nface_droop",
            "rules = \"\"\"\nno_such_concept & face_droop\nface_droop -> panic\nface_droop",
        );
    let problems = Rules::parse(&broken).unwrap_err();
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for part in ["RF77", "RF99", "no_such_concept", "panic"] {
        assert!(text.iter().any(|line| line.contains(part)), "{part}: {text:#?}");
    }
    let line = broken.lines().position(|line| line.contains("no_such_concept")).unwrap() + 1;
    assert!(problems.iter().any(|problem| problem.line == line && problem.message.contains("no_such_concept")));
    assert_eq!(Rules::parse("cue = 3\n[").unwrap_err().len(), 1);
}
