//! Takes the tricks out of text: what a terminal would obey, what turns the reading direction, what piles up or hides.
//!
//! Every writer calls this on every text; escaping for a markup is the writer's own work and comes after it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How many combining marks one base character keeps.
const MARKS: usize = 2;

/// The text composed (NFC) and without control characters (a tab becomes a space, a newline stays), direction marks,
/// invisible characters, joiners that join nothing, marks that stand on nothing, and more than two marks on one character.
///
/// Tidying twice is the same as tidying once.
pub fn tidy(text: &str) -> String {
    if text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    let mut marks = 0;
    without_tricks(text)
        .nfc()
        .filter(|c| {
            marks = if is_combining_mark(*c) { marks + 1 } else { 0 };
            marks <= MARKS
        })
        .collect()
}

/// [`tidy`], with a space for every newline.
pub fn one_line(text: &str) -> String {
    tidy(text).replace('\n', " ")
}

/// The text without the sequences that a terminal obeys (colours, movements), each as a whole: [`tidy`] alone leaves their letters. Not for
/// anything that must lose no word: a sequence that never ends takes along what follows.
pub fn without_escapes(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The address in a form that no markup can be broken with, if it is one that may be linked: http or https, a plain
/// host without a user's name before it, no blank and no invisible character.
pub fn safe_url(url: &str) -> Option<String> {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host_is_plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b));
    let is_clean = tidy(url) == url && !url.contains(char::is_whitespace);
    if !matches!(scheme.as_str(), "http" | "https") || !host_is_plain || !is_clean {
        return None;
    }
    let mut safe = format!("{scheme}://{host}");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#&=+%,;!$".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(safe)
}

/// Whether a text may not be cut before this character: it belongs to the one before.
pub(super) fn hangs_on(c: char) -> bool {
    is_combining_mark(c) || is_joiner(c)
}

/// Whether this character holds the one before and the one behind it together.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn without_tricks(text: &str) -> String {
    // Composed first, as some characters turn into ASCII by it and a joiner beside those joins nothing.
    let seen: Vec<char> = text.nfc().filter_map(shown).collect();
    let mut kept: Vec<char> = Vec::with_capacity(seen.len());
    for (at, c) in seen.iter().copied().enumerate() {
        let before = kept.last().copied();
        let stays = if is_joiner(c) {
            let after = seen.get(at + 1).copied();
            before.is_some_and(can_be_joined) && after.is_some_and(|c| can_be_joined(c) && !is_combining_mark(c))
        } else {
            !is_combining_mark(c) || before.is_some_and(|c| !c.is_whitespace())
        };
        if stays {
            kept.push(c);
        }
    }
    kept.into_iter().collect()
}

/// Joiners shape scripts and pictures; between anything else they only hide.
fn can_be_joined(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !is_joiner(c)
}

/// What is left of a character by itself.
fn shown(c: char) -> Option<char> {
    match c {
        '\n' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' => Some(' '),
        c if c.is_control() => None,
        // Direction marks, embeddings, overrides and isolates.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        // Invisible: soft hyphen, grapheme joiner, zero-width space, word joiner, fillers, shaping and annotation marks.
        '\u{00ad}' | '\u{034f}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{2060}'..='\u{2065}' => None,
        '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => None,
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' => None,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' => None,
        // Tags and supplementary variation selectors: they smuggle whole texts.
        '\u{e0000}'..='\u{e0fff}' => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tricks_are_taken_out_and_the_words_stay() {
        for (text, tidied) in [
            ("plain, as it stands", "plain, as it stands"),
            ("two\nlines\tand a tab\r\n", "two\nlines and a tab\n"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "[31mred[0m"),
            ("\u{9b}2J", "2J"),
            ("a\u{202e}gnp.exe\u{2066}\u{200f}\u{61c}", "agnp.exe"),
            ("pass\u{200b}word\u{feff}\u{ad}", "password"),
            ("a\u{200d}b", "ab"),
            ("字\u{200d}b字\u{200d}", "字b字"),
            ("字\u{200d}\u{301}", "字\u{301}"),
            ("e\u{301}", "é"),
            ("e\u{200d}\u{301}", "é"),
            ("z\u{336}\u{337}\u{338}\u{335}!", "z\u{336}\u{337}!"),
            ("\u{301}x\n\u{301}y", "x\ny"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}👩\u{200d}👧", "👩\u{200d}👩\u{200d}👧"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("\u{e0041}\u{e0042}x", "x"),
            ("a\u{2028}b", "a\nb"),
        ] {
            assert_eq!(tidy(text), tidied, "{text:?}");
        }
    }

    #[test]
    fn sequences_of_a_terminal_go_as_a_whole() {
        for (text, left) in [
            ("plain, as it stands", "plain, as it stands"),
            ("\u{1b}[31mneck massage\u{1b}[0m", "neck massage"),
            ("\u{1b}[Aup and é 👩\u{200d}👩", "up and é 👩\u{200d}👩"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("[31m is written", "[31m is written"),
        ] {
            assert_eq!(without_escapes(text), left, "{text:?}");
        }
    }

    #[test]
    fn only_plain_web_addresses_are_linked() {
        for (url, safe) in [
            ("https://example.org/a_b?q=1#x", Some("https://example.org/a_b?q=1#x")),
            ("HTTP://example.org", Some("http://example.org")),
            ("https://example.org/a(b)>\"'<@1>", Some("https://example.org/a%28b%29%3E%22%27%3C%401%3E")),
            ("https://example.org/é", Some("https://example.org/%C3%A9")),
            ("javascript:alert(1)", None),
            ("javascript://example.org/%0aalert(1)", None),
            ("data:text/html,x", None),
            ("https://good.example@evil.example/", None),
            ("https://", None),
            ("https://exam ple.org", None),
            ("https://example.org/\u{202e}x", None),
            ("https://еxample.org", None),
            ("/relative", None),
        ] {
            assert_eq!(safe_url(url).as_deref(), safe, "{url}");
        }
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing(text in nasty()) {
            let once = tidy(&text);
            prop_assert_eq!(tidy(&once), once);
        }

        #[test]
        fn nothing_that_acts_is_left(text in nasty()) {
            let mut marks = 0;
            for c in tidy(&text).chars() {
                prop_assert!(c == '\n' || !c.is_control());
                let hides = "\u{61c}\u{200b}\u{200e}\u{200f}\u{feff}".contains(c);
                let turns = ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
                prop_assert!(!hides && !turns);
                marks = if is_combining_mark(c) { marks + 1 } else { 0 };
                prop_assert!(marks <= MARKS);
            }
        }

        #[test]
        fn a_safe_address_stays_as_it_is(url in "https?://[a-z.]{1,9}/\\PC{0,12}") {
            if let Some(safe) = safe_url(&url) {
                prop_assert_eq!(safe_url(&safe), Some(safe));
            }
        }
    }

    fn nasty() -> impl Strategy<Value = String> {
        let picked = proptest::sample::select(vec![
            'e', '\u{301}', '\u{338}', '\u{344}', '\u{200d}', '\u{200c}', '\u{200b}', '\u{212a}', '\u{37e}', '字',
            '\n', ' ', '\u{202e}', '\u{1b}', '\u{1100}', '\u{1161}', '\u{11a8}', '\u{fe0f}', '<', '\u{9c7}', '\u{9be}',
            '\u{958}',
        ]);
        let some = prop_oneof![3 => picked, 1 => any::<char>()];
        proptest::collection::vec(some, 0..24).prop_map(|chars| chars.into_iter().collect())
    }
}
