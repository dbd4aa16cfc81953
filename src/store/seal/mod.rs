//! Sealing: what lies on the disk can be read, and can be changed unnoticed, by nobody without the master key.
//!
//! | key | made | lies | protects |
//! |---|---|---|---|
//! | master | once, or by the operator, and when one is asked for | in a file of its own, mode 0600 | the ring; backups without a recipient |
//! | generation | at every rotation | in the ring, sealed | persons' keys; records and orders that belong to no one person |
//! | a person's | with their first record | in the store, sealed by the generation's | that person's records |
//! | index | once | in the ring, sealed | names: the store knows people by HMAC only |
//!
//! When a person is deleted, their key goes, and what the engine's log or a copy of the disk still holds of them can't be
//! read any more once the generation that sealed that key is dropped, which is what a rotation ends with.
//!
//! Nonces and keys are the one thing in the program that is drawn at random outside `app`: whoever could hand them in
//! could hand in the same one twice. This module must never write a key anywhere unsealed, nor show one in `Debug`.

mod master;
mod ring;
mod secret;

pub(super) use master::open_with_any;
pub use master::{KEY_FILE, MasterKey};
pub(super) use ring::{Generation, Ring};
pub(super) use secret::{Mac, OVERHEAD, Secret, hex, unhex};

/// What was sealed by another key, for another place, or has been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was changed, or sealed with another key")]
pub(super) struct Broken;
