//! Which value holds, and which layer it comes from.

use super::table::{Layer, Setting};
use super::value::{Value, Values};

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The value that holds.
    pub value: Value,
    /// The layer that set it.
    pub layer: Layer,
}

/// The layers of one person in one place.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// What the server has set.
    pub server: &'a Values,
    /// What the person has set.
    pub person: &'a Values,
}

impl Layers<'_> {
    /// The value of a setting: the person's own, else the server's, else the default. A layer that may not set it is not asked.
    pub fn resolve(&self, setting: &Setting) -> Resolved {
        let layers = [(Layer::Person, Some(self.person)), (Layer::Server, Some(self.server))];
        for (layer, values) in layers {
            let set = values.filter(|_| setting.may_be_set_by(layer)).and_then(|values| values.get(setting.key));
            // A stored value of an older table that is no longer one is passed over, not obeyed.
            if let Some(value) = set.filter(|value| setting.read(&value.to_string()).as_ref() == Ok(value)) {
                return Resolved { value: value.clone(), layer };
            }
        }
        Resolved { value: setting.default_value(), layer: Layer::Default }
    }

    /// A number; `None` where the setting stands on its word for "as it comes".
    pub fn number(&self, setting: &Setting) -> Option<u32> {
        match self.resolve(setting).value {
            Value::Number(number) => Some(number),
            Value::Switch(_) | Value::Word(_) | Value::Words(_) => None,
        }
    }

    /// Whether a switch is on.
    pub fn is_on(&self, setting: &Setting) -> bool {
        self.resolve(setting).value == Value::Switch(true)
    }

    /// A word or text.
    pub fn word(&self, setting: &Setting) -> String {
        match self.resolve(setting).value {
            Value::Word(word) => word,
            other => other.to_string(),
        }
    }

    /// A list of words.
    pub fn words(&self, setting: &Setting) -> Vec<String> {
        match self.resolve(setting).value {
            Value::Words(words) => words,
            Value::Switch(_) | Value::Number(_) | Value::Word(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::table::{ANSWERS, LANGUAGE, PRESSURE};

    #[test]
    fn the_nearest_layer_that_may_set_it_wins() {
        let (mut server, mut person) = (Values::default(), Values::default());
        let layer = |server: &Values, person: &Values, setting| Layers { server, person }.resolve(setting).layer;
        assert_eq!(layer(&server, &person, &LANGUAGE), Layer::Default);
        server.set("language", Value::Word("en".into()));
        assert_eq!(layer(&server, &person, &LANGUAGE), Layer::Server);
        person.set("language", Value::Word("en".into()));
        assert_eq!(layer(&server, &person, &LANGUAGE), Layer::Person);
        // A person can't set what belongs to the server.
        person.set("answers", Value::Word("public".into()));
        assert_eq!(layer(&server, &person, &ANSWERS), Layer::Default);
    }

    #[test]
    fn a_stored_value_out_of_range_is_passed_over() {
        let (server, mut person) = (Values::default(), Values::default());
        person.set("pressure", Value::Number(9));
        let layers = Layers { server: &server, person: &person };
        assert_eq!(layers.number(&PRESSURE), Some(3));
    }
}
