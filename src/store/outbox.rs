//! What waits to be sent: orders with a number of their own, which an adapter uses as nonce or transaction id.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::port::action::Order;
use crate::port::record::DecodeError;

/// The number of an order that waits to be sent. Counted up from 1 and never given twice in the life of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutboxId(pub u64);

impl fmt::Display for OutboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An order that waits to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// When it was committed.
    pub at: Timestamp,
    /// The order.
    pub order: Order,
}

/// The version that is written. A change of an order's shape raises it and adds an upgrade to `decode`.
const VERSION: u8 = 1;

impl OutboxItem {
    /// The bytes to store: a version byte, then JSON.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        serde_json::to_writer(&mut bytes, self).expect("orders are maps with text keys, which JSON can always hold");
        bytes
    }

    /// Reads what [`OutboxItem::encode`] wrote, now or in an older program.
    pub fn decode(bytes: &[u8]) -> Result<OutboxItem, DecodeError> {
        match bytes.split_first() {
            None => Err(DecodeError::Empty),
            Some((&VERSION, json)) => {
                serde_json::from_slice(json).map_err(|error| DecodeError::Unreadable("outbox", error.to_string()))
            }
            Some((version, _)) if *version > VERSION => Err(DecodeError::Newer(*version, "outbox")),
            Some((version, _)) => Err(DecodeError::Unreadable("outbox", format!("there is no version {version}"))),
        }
    }
}
