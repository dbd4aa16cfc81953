//! Custom ids: command lines that only their person can press, in any message, after any restart.
//!
//! `n1`, a check over person and line, the line. Nothing is kept: what the key has signed, the bot has offered.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The form of an id; another form gets another name, so that old buttons are told apart and not misread.
const FORM: &str = "n1";
/// Bytes of the check: 80 bits, as many characters as the length of an id leaves.
const CHECK: usize = 10;
/// The longest custom id that the platform takes, in characters.
const LONGEST: usize = 100;

/// Signs command lines and knows its own signature again.
pub(super) struct Signer(Hmac<Sha256>);

impl Signer {
    /// A key made from the bot's token: it outlives the process, and a new token makes old buttons stale.
    pub fn new(token: &SecretString) -> Self {
        let mut key = Hmac::<Sha256>::new_from_slice(token.expose_secret().as_bytes())
            .expect("a key of this kind can have any length");
        key.update(b"nape custom ids 1");
        let derived = key.finalize().into_bytes();
        Self(Hmac::new_from_slice(&derived).expect("a key of this kind can have any length"))
    }

    /// The custom id of a line that is offered to a person; `None` when it would be too long.
    pub fn id(&self, who: &str, line: &str) -> Option<String> {
        let id = format!("{FORM}{}.{line}", URL_SAFE_NO_PAD.encode(self.check(who, line)));
        (id.chars().count() <= LONGEST).then_some(id)
    }

    /// The line of an id that was offered to this person.
    pub fn line<'a>(&self, who: &str, id: &'a str) -> Option<&'a str> {
        let (check, line) = id.strip_prefix(FORM)?.split_once('.')?;
        let check = URL_SAFE_NO_PAD.decode(check).ok().filter(|check| check.len() == CHECK)?;
        self.over(who, line).verify_truncated_left(&check).ok()?;
        Some(line)
    }

    fn check(&self, who: &str, line: &str) -> Vec<u8> {
        let whole = self.over(who, line).finalize().into_bytes();
        whole.iter().copied().take(CHECK).collect()
    }

    fn over(&self, who: &str, line: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(who.as_bytes());
        // Neither an id nor a line holds a zero byte: the border can't be moved.
        mac.update(&[0]);
        mac.update(line.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer(token: &str) -> Signer {
        Signer::new(&SecretString::from(token))
    }

    #[test]
    fn the_longest_line_fits() {
        let line = "x".repeat(80);
        let id = signer("t").id("12345678901234567890", &line).unwrap();
        assert_eq!(id.len(), 97);
        assert_eq!(signer("t").id("1", &"x".repeat(84)), None);
    }

    #[test]
    fn only_its_person_can_press_it_and_only_as_it_was_written() {
        let id = signer("t").id("1", "next 2bcdefgh step=3").unwrap();
        assert_eq!(signer("t").line("1", &id), Some("next 2bcdefgh step=3"));
        assert_eq!(signer("t").line("2", &id), None);
        assert_eq!(signer("another token").line("1", &id), None);
        assert_eq!(signer("t").line("1", &id.replace("step=3", "step=4")), None);
        assert_eq!(signer("t").line("1", &id.replace("n1", "n2")), None);
        assert_eq!(signer("t").line("1", "n1.next"), None);
    }

    proptest! {
        #[test]
        fn no_other_id_is_taken(id in "\\PC{0,100}", flip in 0..97_usize, with in "[ -~]") {
            let signer = signer("t");
            prop_assert_eq!(signer.line("1", &id), None);
            let mut good: Vec<char> = signer.id("1", &"x".repeat(80)).unwrap().chars().collect();
            let with = with.chars().next().unwrap();
            // The last character of the check has bits that stand for nothing; a decoder that minds them refuses.
            if good[flip] != with {
                good[flip] = with;
                let bent: String = good.into_iter().collect();
                prop_assert_eq!(signer.line("1", &bent), None);
            }
        }
    }
}
