//! Arbitrary messages, places and profiles for the property tests.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use crate::base::time::Timestamp;
use crate::message::capabilities::{Capabilities, Choices, profiles};
use crate::message::degrade::Surroundings;
use crate::message::model::{Audience, Block, Choice, Listed, Message, Pick, Span, Text, Weight};

/// The example profiles, most of them with limits small enough to hurt.
pub fn capabilities() -> impl Strategy<Value = Capabilities> {
    let small = (80usize..400, 1usize..4, 12usize..30);
    (select(profiles::all().to_vec()), weighted(0.7, small)).prop_map(|((_, caps), small)| {
        let Some((max_chars, max, label_chars)) = small else { return caps };
        let choices = match caps.choices {
            Choices::Buttons { .. } => Choices::Buttons { max, label_chars },
            Choices::Reactions { .. } => Choices::Reactions { max },
            Choices::Numbers => Choices::Numbers,
        };
        Capabilities { choices, max_chars, ..caps }
    })
}

/// Any place.
pub fn surroundings() -> impl Strategy<Value = Surroundings> {
    any::<(bool, bool)>()
        .prop_map(|(place_is_private, has_reply_token)| Surroundings { place_is_private, has_reply_token })
}

/// Any message.
pub fn messages() -> impl Strategy<Value = Message> {
    (vec(blocks(), 0..5), vec(choices(), 0..5), any::<bool>(), any::<bool>()).prop_map(
        |(blocks, choices, private, quiet)| {
            let audience = if private { Audience::Private } else { Audience::Everyone };
            Message { blocks, choices, audience, quiet }
        },
    )
}

fn blocks() -> impl Strategy<Value = Block> {
    prop_oneof![
        1 => runs().prop_map(Block::Heading),
        4 => runs().prop_map(Block::Paragraph),
        2 => vec(runs(), 0..4).prop_map(Block::Items),
        1 => runs().prop_map(Block::Fine),
        1 => (any::<i32>(), 0..200u32).prop_map(|(at, seconds)| Block::Countdown {
            until: Timestamp::from_millis(i64::from(at) * 1000),
            seconds,
        }),
        1 => (0..200u32).prop_map(Block::Seconds),
        1 => (texts(), texts()).prop_map(|(name, content)| Block::File { name, content }),
    ]
}

fn runs() -> impl Strategy<Value = Text> {
    let urls = select(vec![
        "https://example.org/a_b?c=d&e",
        "http://example.org",
        "javascript:alert(1)",
        "https://example.org/a-long-address-that-takes-most-of-a-small-message-and-goes-on-and-on-until-nothing-else-fits",
        "",
    ]);
    let span = prop_oneof![
        4 => texts().prop_map(Span::Plain),
        1 => texts().prop_map(Span::Strong),
        1 => texts().prop_map(Span::Code),
        1 => (prop_oneof![3 => texts(), 1 => Just(String::new())], urls).prop_map(|(label, url)| Span::Link { label, url: url.to_owned() }),
    ];
    vec(span, 0..4).prop_map(Text)
}

fn choices() -> impl Strategy<Value = Choice> {
    let weight = select(vec![Weight::Main, Weight::Plain, Weight::Grave, Weight::Held]);
    let pick = (select(vec![Listed::Channels, Listed::Roles]), 1..25_usize, vec("[0-9]{1,4}", 0..3));
    let pick = prop::option::of(pick.prop_map(|(of, max, picked)| Pick { of, max, picked }));
    let words = vec("[a-z]{1,4}", 0..2);
    (texts(), "[a-z]{1,8}", words, weight, pick).prop_map(|(label, line, words, weight, pick)| Choice {
        label,
        line,
        words,
        weight,
        pick,
    })
}

/// Ordinary words among all that markup, terminals and writing systems could act on.
pub fn texts() -> impl Strategy<Value = String> {
    let words = select(vec![
        "press",
        "softly.",
        "then",
        "rest!",
        "\n",
        "@everyone",
        "<@1>",
        "*a*",
        "_b_",
        "`c`",
        "~~d~~",
        "||e||",
        "> f",
        "# g",
        "- h",
        "+ i",
        "1.",
        "22)",
        "[j](https://k.example)",
        "<b>",
        "</p>",
        "&lt;",
        "\"'",
        ":x:",
        "\\",
        "\u{1b}[2J",
        "\u{202e}",
        "e\u{301}\u{302}\u{303}\u{304}",
        "\u{200d}",
        "字\u{200d}字",
        "\t",
        "===",
        "---",
        "\u{301}",
        "👩\u{200d}👧",
        "\u{200b}",
        "quiteanextraordinarilylongwordthatdoesnotfitanywhereanddoesnotstopforanyoneatall",
    ]);
    let word = prop_oneof![12 => words.prop_map(str::to_owned), 1 => any::<String>()];
    let gap = select(vec![" ", " ", " ", "", "\n"]);
    vec((word, gap), 0..14).prop_map(|pairs| pairs.into_iter().map(|(word, gap)| word + gap).collect())
}
