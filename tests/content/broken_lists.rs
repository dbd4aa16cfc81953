//! As `broken`, for topics, sources, glossary and safety.

use super::base::{GLOSSARY, SAFETY, SOURCES, TOPICS, all_found, edited, files, shown};

#[test]
fn problems_of_lists_are_found() {
    all_found(&[
        (TOPICS, "\"press\",\n", "\"press\",\n  \"pull\",\n", "6: no entry has the id of the topic \"technique.pull\""),
        (TOPICS, "\"press\",\n", "\"press\",\n  \"press\",\n", "6: the topic \"technique.press\" stands here twice"),
        (TOPICS, "\"press\",\n", "\"press\",\n  \"Pull\",\n", "6: \"technique.Pull\" is no topic"),
        (SOURCES, "id = \"SHOE\"", "id = \"SHOE\"\nisbn = \"1\"", "11: there is no field `isbn` here"),
        (SOURCES, "https://example.org/", "example.org", "14: `url` is no web address"),
        (
            SOURCES,
            "read = \"abstract\"",
            "read = \"half\"",
            "15: `read` can't be \"half\", choose one of whole, excerpt",
        ),
        (SOURCES, "title = \"A study\"\n", "", "9: the field `title` is missing"),
    ]);
    all_found(&[
        (GLOSSARY, "id = \"petrissage\"", "id = \"effleurage\"", "10: the id \"effleurage\" stands in line 2 already"),
        (GLOSSARY, "\"kneading\"", "\"Long strokes\"", "12: \"Long strokes\" is a name of \"Effleurage\" too"),
        (
            GLOSSARY,
            "term = \"Petrissage\"",
            "term = \"effleurage\"",
            "11: \"effleurage\" is a name of \"Effleurage\" too",
        ),
        (GLOSSARY, "see = \"technique.press\"", "see = \"technique.pull\"", "6: `see` names \"technique.pull\""),
        (GLOSSARY, "sources = [\"OWN\"]", "sources = []", "7: `sources` is empty"),
    ]);
    let long = "word ".repeat(41);
    let found = shown(&edited(GLOSSARY, "Kneading a muscle.", &long));
    assert_eq!(found, [format!("{GLOSSARY}:13: the text has 41 words, keep it to 40")]);
    let twice = shown(&edited(SOURCES, "id = \"SHOE\"", "id = \"OWN\""));
    assert!(
        twice.iter().any(|problem| problem.starts_with("sources.toml:10: the id \"OWN\" stands in line 2 already"))
    );
}

#[test]
fn problems_of_the_safety_content_are_found() {
    let long = |count: usize| format!("advice = \"{}\"", "now ".repeat(count));
    let flag = |number: usize, line: usize| (number - 1) * 19 + line;
    let first = shown(&edited(SAFETY, "advice = \"Call now.\"", &long(60)));
    assert_eq!(first, [format!("{SAFETY}:5: the advice in an emergency has 60 words, keep it to 59")]);
    let mut longer = files();
    let text = longer.get(SAFETY).unwrap().to_owned();
    let [before, after] = text.split("id = \"RF23\"").collect::<Vec<_>>()[..] else { panic!("one RF23") };
    let with = |words| format!("{before}id = \"RF23\"{}", after.replacen("advice = \"Call now.\"", &long(words), 1));
    longer.set(SAFETY, with(90));
    assert_eq!(shown(&longer), Vec::<String>::new());
    longer.set(SAFETY, with(91));
    assert_eq!(
        shown(&longer),
        [format!("{SAFETY}:{}: the advice in an emergency has 91 words, keep it to 90", flag(23, 5))]
    );
    all_found(&[
        (SAFETY, "ask = \"Is it so?\"", "ask = \"Tell me.\"", "6: `ask` is no question"),
        (SAFETY, "sources = [\"OWN\"]", "sources = [\"WON\"]", "7: there is no source \"WON\""),
        (SAFETY, "  { text = \"sign 1 of kind 8\" },\n", "", "8: there are 7 examples, write at least 8"),
        (SAFETY, "text = \"sign 1 of kind 2\"", "txt = 1, text = \"sign\"", "10: there is no field `txt` here"),
        (SAFETY, "urgency = \"emergency\"", "urgency = \"later\"", "4: `urgency` can't be \"later\""),
        (SAFETY, "ask = \"Is it so?\"", "ask = \"Is it so?\"\nabout = \"no.entry\"", "7: `about` names \"no.entry\""),
        (SAFETY, "[\"no sign\"]", "[]", "18: `not_examples` is empty"),
        (SAFETY, "text = \"Rule 1.\"", "text = \"Rule!\"", "729: `text` has an exclamation mark"),
    ]);
    let lost = shown(&edited(SAFETY, "id = \"RF01\"", "id = \"RF30\""));
    assert!(lost[0].starts_with("safety/en.toml:1: the red flag RF01 is missing"), "{lost:?}");
    assert!(lost[1].starts_with("safety/en.toml:2: \"RF30\" is no id of a red flag"), "{lost:?}");
    let twice = shown(&edited(SAFETY, "id = \"Q02\"", "id = \"Q01\""));
    assert!(twice[1].contains("the id \"Q01\" stands in line 553 already"), "{twice:?}");
    let many = shown(&edited(SAFETY, "line = \"Item 1\"", &format!("line = \"{}\"", "a ".repeat(21))));
    assert_eq!(many, [format!("{SAFETY}:554: the line has 21 words, keep it to 20")]);
}
