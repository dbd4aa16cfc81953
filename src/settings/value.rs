//! The value of a setting, and the values that one layer holds.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Number(u32),
    /// A word out of a list, or free text.
    Word(String),
    /// Several words out of a list, in the list's order.
    Words(Vec<String>),
}

impl fmt::Display for Value {
    /// As a person would type it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Value::Number(number) => write!(f, "{number}"),
            Value::Word(word) => f.write_str(word),
            Value::Words(words) if words.is_empty() => f.write_str("nothing"),
            Value::Words(words) => f.write_str(&words.join(", ")),
        }
    }
}

/// What one layer (a server, a person) has set: setting key to value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(pub BTreeMap<String, Value>);

impl Values {
    /// The value of this key, when the layer has set it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets a value and gives back the one that stood there.
    pub fn set(&mut self, key: &str, value: Value) -> Option<Value> {
        self.0.insert(key.to_owned(), value)
    }

    /// Takes a value away, so that the layer below shows through.
    pub fn reset(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }
}
