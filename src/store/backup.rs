//! A backup's file: the store's [`lines`](super::lines), sealed as a whole.
//!
//! With a recipient it is an age file, which that recipient's identity alone opens, nothing in this program. Without one
//! it is sealed with the store's master key: `nape-backup-1`, then pieces of at most 64 KiB, each with its length u32 and sealed
//! together with its number and whether it is the last, so that none can be left out, moved or cut off.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::StoreError;
use super::seal::{MasterKey, Secret, open_with_any};

const MARK: &[u8] = b"nape-backup-1\n";
const PURPOSE: &str = "nape backup 1";
const PIECE: usize = 64 << 10;

/// For whom backups are sealed: the public part of an age key, `age1…`.
#[derive(Clone, Debug)]
pub struct Recipient(age::x25519::Recipient);

impl std::str::FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = text.trim().parse().map(Self);
        read.map_err(|why: &str| {
            format!("this is no age recipient ({why}); it starts with age1, and age-keygen makes one")
        })
    }
}

/// Who opens a backup for a recipient: the secret part of an age key.
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// Reads the file that `age-keygen` makes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it can't be read or holds no identity.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let refused = |why: String| StoreError::Refused {
            what: format!("the identity {}", path.display()),
            why,
            remedy: "give the file that age-keygen made".to_owned(),
        };
        let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
        let text = text.map_err(|error| refused(format!("can't be read: {error}")))?;
        let line = text.lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-"));
        let identity = line.and_then(|line| line.parse().ok());
        identity.map(Self).ok_or_else(|| refused("holds no secret key of age".to_owned()))
    }
}

/// Where the lines of a backup go.
pub(super) enum Sealer<W: Write> {
    Age(Box<age::stream::StreamWriter<W>>),
    Own(Own<W>),
}

/// Sealed with the store's own key.
pub(super) struct Own<W> {
    to: W,
    key: Secret,
    number: u64,
    piece: zeroize::Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    pub fn new(mut to: W, recipient: Option<&Recipient>, master: &MasterKey) -> Result<Self, StoreError> {
        let failed = |why: String| StoreError::Io { doing: "beginning the backup".to_owned(), why };
        match recipient {
            Some(recipient) => {
                let recipients = std::iter::once(&recipient.0 as &dyn age::Recipient);
                let encryptor =
                    age::Encryptor::with_recipients(recipients).map_err(|error| failed(error.to_string()))?;
                let writer = encryptor.wrap_output(to).map_err(|error| failed(error.to_string()))?;
                Ok(Self::Age(Box::new(writer)))
            }
            None => {
                to.write_all(MARK).map_err(|error| failed(error.to_string()))?;
                let piece = zeroize::Zeroizing::new(Vec::with_capacity(PIECE));
                Ok(Self::Own(Own { to, key: master.derive(PURPOSE), number: 0, piece }))
            }
        }
    }

    /// Seals the end. Gives back what was written to.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Age(writer) => writer.finish(),
            Self::Own(mut own) => {
                own.seal(true)?;
                Ok(own.to)
            }
        }
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Age(writer) => writer.write(bytes),
            Self::Own(own) => {
                if own.piece.len() == PIECE {
                    own.seal(false)?;
                }
                let length = bytes.len().min(PIECE - own.piece.len());
                own.piece.extend(bytes.iter().take(length));
                Ok(length)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Age(writer) => writer.flush(),
            Self::Own(own) => own.to.flush(),
        }
    }
}

impl<W: Write> Own<W> {
    fn seal(&mut self, last: bool) -> io::Result<()> {
        let sealed = self.key.seal(&[], &about(self.number, last), &self.piece);
        let length = u32::try_from(sealed.len()).expect("a piece is 64 KiB and a few bytes");
        self.number += 1;
        self.piece.clear();
        self.to.write_all(&length.to_be_bytes())?;
        self.to.write_all(&sealed)
    }
}

fn about(number: u64, last: bool) -> Vec<u8> {
    [MARK, &number.to_be_bytes(), &[u8::from(last)]].concat()
}

/// The lines of a backup, opened.
pub(super) fn open(
    path: &Path,
    master: &MasterKey,
    identity: Option<&Identity>,
) -> Result<Box<dyn io::BufRead>, StoreError> {
    let refused = |why: String, remedy: &str| StoreError::Refused {
        what: format!("the backup {}", path.display()),
        why,
        remedy: remedy.to_owned(),
    };
    let again = "nothing was changed; take another copy of the file, or an older one";
    let mut file = BufReader::new(File::open(path).map_err(|error| refused(format!("can't be read: {error}"), again))?);
    let start = io::BufRead::fill_buf(&mut file).map_err(|error| refused(format!("can't be read: {error}"), again))?;
    if start.starts_with(MARK) {
        let mut mark = [0; MARK.len()];
        file.read_exact(&mut mark).map_err(|error| refused(format!("can't be read: {error}"), again))?;
        let pieces = Pieces {
            from: file,
            keys: master.derive_all(PURPOSE),
            number: 0,
            plain: zeroize::Zeroizing::default(),
            at: 0,
            ended: false,
        };
        return Ok(Box::new(BufReader::new(pieces)));
    }
    if start.starts_with(b"{") {
        return Err(refused(
            "is an export".to_owned(),
            "fill an empty folder with it: nape store import FILE --data DIR",
        ));
    }
    let Some(identity) = identity else {
        return Err(refused(
            "is not sealed with the store's master key".to_owned(),
            "if it was made for a recipient, give its identity with --identity FILE",
        ));
    };
    let opened = age::Decryptor::new_buffered(file)
        .and_then(|decryptor| decryptor.decrypt(std::iter::once(&identity.0 as &dyn age::Identity)));
    let reader =
        opened.map_err(|error| refused(format!("does not open: {error}"), "give the identity that it was made for"))?;
    Ok(Box::new(BufReader::new(reader)))
}

/// The pieces of a file sealed with the store's own key, read one after the other.
struct Pieces<R> {
    from: R,
    /// Those that may have sealed it; from the first piece on, the one that has.
    keys: Vec<Secret>,
    number: u64,
    plain: zeroize::Zeroizing<Vec<u8>>,
    at: usize,
    ended: bool,
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() && !self.ended {
            self.next()?;
        }
        let rest = self.plain.get(self.at..).unwrap_or_default();
        let length = rest.len().min(to.len());
        to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += length;
        Ok(length)
    }
}

impl<R: Read> Pieces<R> {
    fn next(&mut self) -> io::Result<()> {
        let why = match self.number {
            0 => "it is sealed with another master key (give that with --key), or was changed",
            _ => "a piece of it was changed",
        };
        let broken = || io::Error::new(io::ErrorKind::InvalidData, why);
        let mut length = [0; 4];
        self.from.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > PIECE + super::seal::OVERHEAD {
            return Err(broken());
        }
        let mut sealed = vec![0; length];
        self.from.read_exact(&mut sealed)?;
        let open = |last| open_with_any(&self.keys, &about(self.number, last), &sealed).map(|opened| (opened, last));
        let ((key, plain), last) = open(false).or_else(|_| open(true)).map_err(|_| broken())?;
        self.keys.swap(0, key);
        self.keys.truncate(1);
        if last && self.from.read(&mut [0])? > 0 {
            return Err(broken());
        }
        (self.plain, self.at, self.ended) = (plain, 0, last);
        self.number += 1;
        Ok(())
    }
}
