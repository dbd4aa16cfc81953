//! That nothing is lost on the way from one profile to another: every word, every choice, and what is stored.

use std::collections::BTreeMap;

use nape::message::model::Block;
use nape::message::part::Part;
use nape::port::record::Record;

use super::laws::words;
use super::player::{Shown, json_of};
use super::profile::Profile;
use super::world::World;

/// What `other` lacks of what `written` shows after the same step.
pub fn lost(written: &[Shown], other: &[Shown], profile: Profile) -> Vec<String> {
    let mut lost = Vec::new();
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    for word in other.iter().flat_map(|shown| &shown.parts).flat_map(|part| words_of(part, profile)) {
        *there.entry(word).or_default() += 1;
    }
    for part in written.iter().flat_map(|shown| &shown.parts) {
        let missing: Vec<String> = words_of(part, Profile::Numbers)
            .into_iter()
            .filter(|word| match there.get_mut(word) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            })
            .collect();
        if !missing.is_empty() {
            lost.push(format!("words are lost: {}", missing.join(" ")));
        }
    }
    let lines = |seen: &[Shown]| -> Vec<String> {
        seen.iter()
            .flat_map(|shown| &shown.parts)
            .flat_map(|part| &part.choices)
            .map(|shown| shown.choice.line.clone())
            .collect()
    };
    let choices = lines(other);
    lost.extend(
        lines(written)
            .into_iter()
            .filter(|line| !choices.contains(line))
            .map(|line| format!("a choice is lost: {line}")),
    );
    lost
}

/// The words that a part shows in its written form, its files and its buttons; the numbers of choices are no words.
pub fn words_of(part: &Part, profile: Profile) -> Vec<String> {
    let caps = profile.capabilities();
    let bare = Part { choices: Vec::new(), ..part.clone() };
    let mut text = bare.write(&caps);
    for block in &part.blocks {
        if let Block::Countdown { until, seconds } = block {
            let drawn = format!("<t:{}:R>", until.millis() / 1000);
            text = text.replacen(&drawn, &format!("{seconds} seconds"), 1);
        }
    }
    if profile == Profile::Reactions || profile == Profile::ReactionsAloud {
        text = without_elements(&text);
    }
    // An escape and the mark behind an at sign show nothing.
    let text = text.replace(['\\', '\u{200b}'], "");
    let files = part.files().flat_map(|(name, content)| [name, content]);
    let labels = part.choices.iter().map(|shown| shown.choice.label.as_str());
    files.chain(labels).flat_map(words).chain(words(&text)).collect()
}

/// HTML as its reader sees it, with the addresses of links.
fn without_elements(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let (element, after) = after.split_once('>').unwrap_or((after, ""));
        match element.strip_prefix("a href=\"") {
            Some(address) => out.push_str(&format!(" {} ", address.trim_end_matches('"'))),
            None if matches!(element, "strong" | "/strong" | "code" | "/code" | "/a") => {}
            None => out.push(' '),
        }
        rest = after;
    }
    out.push_str(rest);
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    names.into_iter().fold(out, |text, (name, c)| text.replace(name, c))
}

/// What is stored, without where it happened: that differs from profile to profile.
pub fn stored(world: &World) -> Vec<String> {
    let told = |record: &Record| match record {
        Record::Session(running) => serde_json::to_string(&running.session).unwrap_or_default(),
        other => json_of(other),
    };
    let mut stored: Vec<String> =
        world.records().map(|(key, record)| format!("{}: {}", key.tree(), told(&record))).collect();
    stored.sort_unstable();
    stored
}
