//! What is stored of changes to a server's settings: the log that admins can read, and the way back.
//!
//! No name and no id of anybody is in it.

use serde::{Deserialize, Serialize};

use crate::base::id::ServerId;
use crate::base::time::Timestamp;
use crate::port::record::{Key, Record, Records};
use crate::settings::value::Values;

/// How many changes of a server's settings are remembered.
pub const AUDITED: usize = 500;

/// What admins have changed in a server's settings. Apart from these, as every event there needs them and few need this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The changes, oldest first; at most [`AUDITED`].
    pub entries: Vec<Audited>,
    /// The settings as they were before the last change; nothing once that was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Values>,
}

/// One change of one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// When.
    pub at: Timestamp,
    /// Who, by a mark that tells the admins of one server apart: no name, no id.
    pub who: String,
    /// Which setting.
    pub key: String,
    /// What it was, as it would be typed; nothing where it wasn't set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl Records {
    /// What was changed in a server's settings.
    pub fn audit(&self, id: &ServerId) -> Audit {
        match self.get(&Key::Audit(id.clone())) {
            Some(Record::Audit(audit)) => audit.clone(),
            _ => Audit::default(),
        }
    }
}
