//! One edit each, and the problem that must come of it, with its exact line.

use super::base::{CALM, CARD, DESK, PLAIN, all_found, edited, files, shown};

#[test]
fn the_tree_itself_is_whole() {
    assert_eq!(shown(&files()), Vec::<String>::new());
}

#[test]
fn problems_of_entries_are_found() {
    all_found(&[
        (CARD, "+++\n", "", "1: there is no front matter"),
        (CARD, "grade = \"expert\"\n", "", "2: the field `grade` is missing"),
        (CARD, "grade = \"expert\"", "grade = \"sure\"", "12: `grade` can't be \"sure\""),
        (
            CARD,
            "grade = \"expert\"",
            "grad = \"x\"\ngrade = \"expert\"",
            "12: there is no field `grad` here, write `grade`",
        ),
        (CARD, "grade = \"expert\"", "grade = expert", "12: this can't be read as TOML"),
        (
            CARD,
            "id = \"technique.press\"",
            "id = \"technique.presses\"",
            "2: the id \"technique.presses\" is not the file's",
        ),
        (
            CARD,
            "topic = \"technique.press\"",
            "topic = \"technique.pres\"",
            "3: there is no topic \"technique.pres\", write \"technique.press\"",
        ),
        (CARD, "title = \"Pressing with flat fingers\"", "title = \"Press!\"", "4: `title` has an exclamation mark"),
        (CARD, "title = \"Pressing with flat fingers\"", "title = 5", "4: `title` must be a text"),
        (CARD, "  \"how long should i press\",\n", "", "5: there are 2 questions"),
        (
            CARD,
            "how long should i press",
            "What is migraine?",
            "7: the question \"What is migraine?\" stands in knowledge/en/migraine.what.md:5 too",
        ),
        (CARD, "how long should i press", " ", "7: `questions` has an empty item"),
        (
            CARD,
            "what is pressing good for",
            "how do I press a sore spot?",
            "8: the question \"how do I press a sore spot?\" stands in",
        ),
        (CARD, "\"press\"]", "\"Press\"]", "10: the tag \"Press\" has capitals"),
        (CARD, "\"SHOE\"]", "\"SHOES\"]", "11: there is no source \"SHOES\", write \"SHOE\""),
        (CARD, "\"SHOE\"]", "\"OWN\"]", "11: `sources` names \"OWN\" twice"),
        (CARD, "checked = 2026-01-10", "checked = 2026-06-02", "13: `checked` lies in the future"),
        (CARD, "checked = 2026-01-10", "checked = \"2026-01-10\"", "13: `checked` must be a day"),
        (CARD, "checked = 2026-01-10", "checked = 2026-02-30", "13: this can't be read as TOML"),
        (CARD, "review_by = 2027-01-10", "review_by = 2026-05-31", "14: the day to review this has passed"),
        (CARD, "review_by = 2027-01-10", "review_by = 2026-01-09", "14: `review_by` lies before `checked`"),
        (
            CARD,
            "[\"migraine.what\"]",
            "[\n  \"migraine.what\",\n  \"migraine.when\",\n]",
            "17: `related` names \"migraine.when\", and there is no",
        ),
        (CARD, "[\"migraine.what\"]", "[\"technique.press\"]", "15: `related` names the entry itself"),
        (
            PLAIN,
            "evidence = \"a careful choice\"",
            "evidence = \"guaranteed\"",
            "9: `evidence` has \"guaranteed\" promises",
        ),
    ]);
}

#[test]
fn problems_of_an_entry_s_text_are_found() {
    let long = format!("Migraine {}headache.", "is ".repeat(60));
    let found = shown(&edited(PLAIN, "Migraine is more than a headache.", &long));
    assert_eq!(found, [format!("{PLAIN}:15: the short answer has 62 words, keep it to 60")]);
    all_found(&[
        (CARD, "## Why", "## Why so", "23: the section \"Why so\" stands where \"Why\" belongs"),
        (CARD, "\n## When not\nNot with a fever.\n", "", "35: the section \"When not\" is missing"),
        (CARD, "with a fever.\n", "with a fever.\n\n## More\nMore.\n", "40: the section \"More\" is one too many"),
        (CARD, "Slow, still weight.", "Slow, still weight!", "21: the text has an exclamation mark"),
        (CARD, "Slow, still weight.", "It cures.", "21: the text has \"cures\" promises too much"),
        (CARD, "Slow, still weight.", "Slow,\nnatural and safe.", "22: the text has \"natural and safe\" promises"),
        (CARD, "Not with a fever.", "Take 400 mg.", "38: the text has \"400 mg\" is a medicine dose"),
        (CARD, "- Never press the front", "- Press the front", "35: the text has \"Press\" and \"front of the neck\""),
        (CARD, "- Sit down.", "- See [this](x).", "27: `](` is markup"),
        (CARD, "- Sit down.", "1. Sit down.", "27: `1.` is markup"),
        (PLAIN, "Migraine is more than a headache.\n", "", "15: the short answer is missing"),
        (PLAIN, "a headache.\n", "a headache.\n\nAnd more.\n", "17: the short answer is more than one paragraph"),
    ]);
}

#[test]
fn problems_of_routines_are_found() {
    all_found(&[
        (DESK, "goal = \"Loosen the shoulders.\"\n", "", "1: the field `goal` is missing"),
        (DESK, "goal = \"Loosen the shoulders.\"", "goal = \"\"", "6: `goal` is empty"),
        (DESK, "name = \"desk\"", "name = \"desks\"", "2: the name \"desks\" is not the file's name"),
        (DESK, "id = \"R1\"", "id = \"one\"", "1: \"one\" is no id of a routine"),
        (DESK, "id = \"R1\"", "id = \"R0\"", "1: \"R0\" is a name of routines/en/calm.toml too"),
        (DESK, "\"office\"", "\"No touch\"", "4: \"No touch\" is a name of routines/en/calm.toml too"),
        (DESK, "total_seconds = 80", "total_seconds = 90", "10: the steps take 80 seconds, not 90"),
    ]);
    all_found(&[
        (DESK, "pressure_cap = 3", "pressure_cap = 6", "11: the cap of 6 is too high"),
        (DESK, "pressure_cap = 3", "pressure_cap = -1", "11: `pressure_cap` must be a whole number"),
        (DESK, "touch = true", "touch = \"yes\"", "12: `touch` must be true or false"),
    ]);
    let none = shown(&edited(CALM, "id = \"R0\"", "id = \"R2\""));
    assert!(none.len() == 1 && none[0].starts_with("routines/en:1: there is no routine R0"), "{none:?}");
    let touching = shown(&edited(CALM, "touch = false", "touch = true"));
    assert!(touching[1].starts_with("routines/en/calm.toml:12: no step has the tag `touch`"), "{touching:?}");
    assert!(touching[0].starts_with("routines/en/calm.toml:12: R0 is the routine without touch"), "{touching:?}");
}

#[test]
fn problems_of_steps_are_found() {
    all_found(&[
        (DESK, "name = \"Warm glide\"", "names = \"x\"\nname = \"Warm glide\"", "23: there is no field `names` here"),
        (DESK, "brief = \"Glide to the left shoulder.\"\n", "", "21: the field `brief` is missing"),
        (DESK, "id = \"glide-right\"", "id = \"glide-left\"", "38: the step id \"glide-left\" stands here twice"),
        (DESK, "name = \"Warm glide\"", "name = \"Cool glide\"", "39: `name` differs from the left twin's"),
        (DESK, "technique = \"effleurage\"", "technique = \"gliding\"", "40: `technique` differs from the left twin's"),
        (DESK, "pressure = [1, 2]", "pressure = [2, 2]", "44: `pressure` differs from the left twin's"),
        (DESK, "pressure = [1, 2]", "pressure = [1]", "28: `pressure` must be two whole numbers"),
        (DESK, "side = \"left\"", "side = \"up\"", "26: `side` can't be \"up\""),
        (DESK, "\"sitting\", \"light\"", "\"floating\", \"light\"", "30: there is no tag `floating`"),
        (DESK, "\"sitting\", \"light\"", "\"thrust\", \"light\"", "30: the tag `thrust` is never allowed"),
        (DESK, "\"glide\", \"sitting\"", "\"sitting\"", "30: no tag names a movement"),
        (CALM, "\"belly\", ", "", "30: no tag names an area"),
        (DESK, "\"light\", \"touch\"", "\"touch\"", "30: the pressure tag is none, though the highest pressure is 2"),
        (DESK, "\"light\"", "\"light\", \"firm\"", "30: the pressure tag is `light`, `firm`"),
        (DESK, "\"light\", \"touch\"", "\"light\"", "30: a step with pressure touches something"),
        (
            DESK,
            "\"light\", \"touch\"",
            "\"light\", \"touch\", \"hand_only\"",
            "30: `touch` and `hand_only` exclude each other",
        ),
        (DESK, "\"back_of_neck\", ", "", "30: the area is \"back of neck to left shoulder\" without the tag"),
        (DESK, "back of neck to left shoulder", "throat", "25: the area names the throat"),
        (DESK, "say = \"Glide", "say = \"Stroke your throat. Glide", "31: `say` has \"Stroke your\" and \"throat\""),
        (
            DESK,
            "brief = \"Glide to",
            "brief = \"One two three four five six seven eight nine ten, glide to",
            "32: `brief` has 15 words",
        ),
    ]);
    let zero = shown(&edited(CALM, "seconds = 60\npressure =", "seconds = 0\npressure ="));
    assert!(zero[1].starts_with("routines/en/calm.toml:27: the step takes no time"), "{zero:?}");
}

/// The edited values of both twins, so that nothing but the cap is broken.
fn both(edits: &[(&str, &str)]) -> Vec<String> {
    let mut files = files();
    let text = files.get(DESK).unwrap().to_owned();
    files.set(DESK, edits.iter().fold(text, |text, (old, new)| text.replace(old, new)));
    shown(&files)
}

#[test]
fn the_caps_on_pressure_and_time_hold() {
    let shoulder = ("back of neck to", "the ridge of the");
    let shoulder_tag = ("\"back_of_neck\", ", "");
    let raised = ("pressure_cap = 3", "pressure_cap = 5");
    let firm = ("\"light\"", "\"firm\"");
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[raised, firm, ("[1, 2]", "[4, 4]")], "28: the pressure 4 is too high for the neck, press at most 3 (HR05)"),
        (
            &[raised, ("\"light\"", "\"medium\", \"skull_base\""), ("[1, 2]", "[3, 3]")],
            "28: the pressure 3 is too high for the skull base",
        ),
        (
            &[raised, firm, shoulder, shoulder_tag, ("[1, 2]", "[5, 5]")],
            "28: the pressure 5 is too high for shoulder and back",
        ),
        (&[raised, firm, ("[1, 2]", "[6, 6]")], "28: [6, 6] is no range of pressure"),
        (&[("[1, 2]", "[2, 1]")], "28: [2, 1] is no range of pressure"),
        (&[("effleurage", "trigger point pressure")], "24: trigger points are never pressed on neck or skull base"),
        (&[("pressure_cap = 3", "pressure_cap = 1")], "28: the pressure 2 is over the routine's cap of 1"),
        (
            &[("attack = false", "attack = true"), ("pressure_cap = 3", "pressure_cap = 1")],
            "28: the pressure 2 is over the routine's cap of 1",
        ),
        (
            &[
                ("seconds = 40", "seconds = 91"),
                ("total_seconds = 80", "total_seconds = 182"),
                ("\"glide\"", "\"hold\""),
            ],
            "27: \"back of neck to left shoulder\" is held for 91 seconds, stay within 90 (HR06)",
        ),
        (
            &[("seconds = 40", "seconds = 301"), ("total_seconds = 80", "total_seconds = 602")],
            "12: the touch takes 602 seconds, stay within 600 (HR06)",
        ),
    ];
    for (edits, expected) in cases {
        let found = both(edits);
        let start = format!("{DESK}:{expected}");
        assert!(found.iter().any(|problem| problem.starts_with(&start)), "wanted {start}, found {found:#?}");
    }
    let long = both(&[("seconds = 40", "seconds = 451"), ("total_seconds = 80", "total_seconds = 902")]);
    assert!(long[0].starts_with("routines/en/desk.toml:10: the steps take 902 seconds, stay within 900"), "{long:?}");
    let trigger =
        [raised, firm, shoulder, shoulder_tag, ("effleurage", "trigger point pressure"), ("[1, 2]", "[4, 5]")];
    assert_eq!(both(&trigger), Vec::<String>::new());
    let attack = both(&[("attack = false", "attack = true")]);
    assert!(attack[0].starts_with("routines/en/desk.toml:11: the cap of 3 is too high in a routine for an attack"));
    assert!(attack[1].starts_with("routines/en/desk.toml:28: the pressure 2 is too high in an attack"), "{attack:?}");
}

#[test]
fn a_touching_step_in_a_routine_without_touch_is_found() {
    let found = both(&[("touch = true", "touch = false")]);
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("routines/en/desk.toml:30: the step touches, though the routine says"), "{found:?}");
}

#[test]
fn a_lonely_twin_is_found() {
    let mut files = files();
    let text = files.get(DESK).unwrap().replace("total_seconds = 80", "total_seconds = 40");
    let end = text.rfind("[[step]]").unwrap();
    files.set(DESK, &text[..end]);
    assert_eq!(shown(&files), [format!("{DESK}:26: no right step follows this left one, put its twin right after it")]);
    let start = text.find("[[step]]").unwrap();
    files.set(DESK, format!("{}{}", &text[..start], &text[end..]));
    assert_eq!(
        shown(&files),
        [format!("{DESK}:26: no left step stands before this right one, put its twin right before it")]
    );
}
