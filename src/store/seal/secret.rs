//! One secret of 32 bytes, and all that is ever done with one.

use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::{Aead, AeadInPlace, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Broken;

/// Bytes of a nonce. So many that drawing them at random never meets.
const NONCE: usize = 24;

/// The name of something in the store: the first 16 bytes of its HMAC-SHA-256.
pub(in crate::store) type Mac = [u8; 16];

/// 32 bytes that are wiped when dropped and never shown.
#[derive(Debug)]
pub(in crate::store) struct Secret(SecretBox<[u8; 32]>);

impl Secret {
    pub fn random() -> Self {
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; 32]| OsRng.fill_bytes(bytes)))
    }

    /// Takes 32 bytes; `None` for another number.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.try_into().ok()?);
        Some(Self(SecretBox::init_with_mut(|own: &mut [u8; 32]| own.copy_from_slice(&*bytes))))
    }

    pub fn bytes(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// The secret for one purpose, from which this one can't be told.
    pub fn derive(&self, purpose: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, self.bytes());
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
            hkdf.expand(purpose.as_bytes(), bytes).expect("32 bytes are one block of SHA-256");
        }))
    }

    /// The name that stands for a text.
    pub fn mac(&self, text: &[u8]) -> Mac {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.bytes()).expect("HMAC takes keys of any length");
        mac.update(text);
        let mut short = Mac::default();
        short.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        short
    }

    /// `head`, nonce, then what was sealed. `about` is not in it, but has to be the same for opening.
    pub fn seal(&self, head: &[u8], about: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = random();
        // In its place from the beginning, and with all the room it needs: nothing that can be read is left anywhere.
        let mut bytes = Vec::with_capacity(head.len() + OVERHEAD + plain.len());
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(&nonce);
        let start = bytes.len();
        bytes.extend_from_slice(plain);
        let tag = self.cipher().encrypt_in_place_detached(XNonce::from_slice(&nonce), about, &mut bytes[start..]);
        bytes.extend_from_slice(&tag.expect("only texts of more than 256 GiB can't be sealed"));
        bytes
    }

    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Broken> {
        let (nonce, msg) = sealed.split_at_checked(NONCE).ok_or(Broken)?;
        let plain = self.cipher().decrypt(XNonce::from_slice(nonce), Payload { msg, aad: about });
        plain.map(Zeroizing::new).map_err(|_| Broken)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes().into())
    }
}

/// How many bytes sealing adds: the nonce and the tag.
pub(in crate::store) const OVERHEAD: usize = NONCE + 16;

/// Bytes drawn at random by the system.
pub(in crate::store) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

pub(in crate::store) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

pub(in crate::store) fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    let digits =
        (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok()));
    digits.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_in_its_place_and_unchanged() {
        let secret = Secret::random();
        let sealed = secret.seal(b"", b"here", b"pressure 2");
        assert_eq!(sealed.len(), 10 + OVERHEAD);
        assert_eq!(secret.open(b"here", &sealed).unwrap().as_slice(), b"pressure 2");
        assert!(secret.open(b"there", &sealed).is_err() && Secret::random().open(b"here", &sealed).is_err());
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                assert!(secret.open(b"here", &changed).is_err(), "byte {at}, bit {bit}");
            }
        }
        assert!((0..sealed.len()).all(|length| secret.open(b"here", &sealed[..length]).is_err()));
        assert_ne!(secret.seal(b"", b"here", b"pressure 2"), sealed, "the same is never sealed the same way twice");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::read(&[0xab; 32]).unwrap();
        assert!(!format!("{secret:?}").contains("171") && format!("{secret:?}").contains("REDACTED"));
    }

    #[test]
    fn purposes_and_names_keep_apart() {
        let secret = Secret::random();
        assert_ne!(secret.derive("a").bytes(), secret.derive("b").bytes());
        assert_ne!(secret.mac(b"a"), secret.mac(b"b"));
        assert_eq!(secret.mac(b"a"), secret.mac(b"a"));
    }

    #[test]
    fn hex_comes_back() {
        assert_eq!(unhex(&hex(&[0, 9, 255])).unwrap().as_slice(), [0, 9, 255]);
        for wrong in ["0", "0g", "ü0", "+1"] {
            assert!(unhex(wrong).is_none(), "{wrong}");
        }
    }
}
