//! The last look at every line of the log: what has the shape of a secret is taken out, and what has that of a platform's id
//! gets its name ([`names`]). Secrets never get that far by their type; this is for what others write, as a library that shows a
//! whole request, and an error that quotes an address.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

use super::names;

/// What stands instead.
const INSTEAD: &[u8] = b"[taken out]";

/// Shapes of secrets, of every platform and of our own tools.
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        // A bot's token: an id in base64, a time, a signature.
        r"[A-Za-z0-9_-]{23,30}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}",
        // An interaction's token starts with "interaction:" in base64; in an address it stands behind the id.
        r"aW50ZXJhY3Rpb24[A-Za-z0-9+/=_-]+",
        r"(?:interactions|webhooks)/[0-9]+/[A-Za-z0-9_-]{20,}",
        // Access and refresh tokens of homeservers.
        r"\b(?:syt|syr|mat|mcr|mct|mxat)_[A-Za-z0-9_-]{8,}",
        r"(?i:access_token|refresh_token)[=:][^\s&]+",
        r"(?i:authorization: *)?\b(?:Bearer|Bot) [A-Za-z0-9._~+/=-]{16,}",
        // A recovery key: 48 characters in groups of four.
        r"\bEs[A-Za-z0-9]{2}(?: [1-9A-HJ-NP-Za-km-z]{4}){11}",
        r"AGE-SECRET-KEY-1[0-9A-Z]+",
    ];
    Regex::new(&shapes.join("|")).expect("the shapes are fixed and tested")
});

/// Shapes of ids: in the first group what stands before, in the second the id.
static IDS: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        // Rooms and events of Matrix, with and without the server; accounts. Also as they stand in an address.
        r"(?:!|\$|%21|%24)[A-Za-z0-9_+-]{16,}(?:(?::|%3A)[A-Za-z0-9.-]+(?:(?::|%3A)[0-9]+)?)?",
        r"(?:@|%40)[a-z0-9._=+-]+(?::|%3A)[A-Za-z0-9.-]+(?:(?::|%3A)[0-9]+)?",
        // Discord's numbers.
        r"[0-9]{17,20}\b",
    ];
    // Behind a point stands a fraction, whatever its length.
    Regex::new(&format!("(^|[^.0-9A-Za-z_])({})", shapes.join("|"))).expect("the shapes are fixed and tested")
});

/// A writer that takes secrets out of each line. The log hands over whole lines.
pub struct Redacted<W>(W);

impl<W: Write> Redacted<W> {
    /// In front of this writer.
    pub fn new(to: W) -> Self {
        Self(to)
    }
}

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(&redact(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn redact(line: &[u8]) -> Cow<'_, [u8]> {
    let without = SECRETS.replace_all(line, INSTEAD);
    let named = IDS.replace_all(&without, |found: &Captures<'_>| {
        let id = String::from_utf8_lossy(&found[2]);
        let id = ESCAPED.iter().fold(id.into_owned(), |id, (escaped, plain)| id.replace(escaped, plain));
        [&found[1], names::name(&id).as_bytes()].concat()
    });
    match named {
        Cow::Borrowed(_) => without,
        Cow::Owned(named) => Cow::Owned(named),
    }
}

/// What is written otherwise in an address.
const ESCAPED: [(&str, &str); 4] = [("%21", "!"), ("%24", "$"), ("%40", "@"), ("%3A", ":")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        for secret in [
            "MTA0MjQyNDI0MjQyNDI0MjQyNA.GfakeG.nobody-is-behind-this-token-of-a-test",
            "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OmFiY2RlZg==",
            "/interactions/123/nobodyisbehindthistokenofatest/callback",
            "syt_bmFwZQ_nobodyisbehindthis_1a2b3c",
            "mct_nobodyisbehindthistoken",
            "https://example.org/_matrix/client/v3/sync?access_token=nobody&since=1",
            "Authorization: Bearer nobody.is.behind.this",
            "EsTc aaaa bbbb cccc dddd eeee ffff gggg hhhh jjjj kkkk mmmm",
            "AGE-SECRET-KEY-1QQQQQQQQQQQQ",
        ] {
            let mut out = Vec::new();
            Redacted::new(&mut out).write_all(format!("before {secret} after\n").as_bytes()).unwrap();
            let line = String::from_utf8(out).unwrap();
            assert!(line.contains("[taken out]"), "{line}");
            assert!(line.starts_with("before ") && line.ends_with(" after\n"), "{line}");
            assert!(!["nobody", "gggg", "QQQQ", "MTIzNDU2"].iter().any(|part| line.contains(part)), "{line}");
        }
    }

    fn redacted(line: &str) -> String {
        String::from_utf8(redact(line.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn ids_get_the_names_that_they_have_everywhere() {
        for id in [
            "!OGEhHVWSdvArJzumhm:example.org",
            "!OGEhHVWSdvArJzumhm:127.0.0.1:8008",
            "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
            "$4Sb32CgZw2fIoDdmvEXWnHQ2eAFCjPeuKVqXGNMbZTQ",
            "@anna:example.org",
            "1042424242424242420",
        ] {
            let name = names::name(id);
            assert_eq!(redacted(&format!("room={id} why\n")), format!("room={name} why\n"));
            let escaped = ESCAPED.iter().fold(id.to_owned(), |id, (escaped, plain)| id.replace(plain, escaped));
            let at = format!("http://example.org/v3/rooms/{escaped}/send/m.room.message/7");
            assert_eq!(redacted(&at), format!("http://example.org/v3/rooms/{name}/send/m.room.message/7"));
        }
    }

    #[test]
    fn what_is_neither_stays() {
        for line in [
            "INFO event{kind=\"said\" person=1f00aa21}: the store's disk has 3.14159.26535 GiB; see docs.rs/tokio-tungstenite/0.21.0\n",
            "rate=0.16666666666666666 burst=10 at 1795000000000 ms\n",
            "\u{1b}[31mERROR\u{1b}[0m can't be read! Try $HOME/nape.toml:12: there is no table [stor]\n",
            "listening on 127.0.0.1:9464; user@host\n",
        ] {
            assert_eq!(redacted(line), line);
        }
    }
}
