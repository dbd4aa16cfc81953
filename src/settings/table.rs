//! `SETTINGS`: every setting once, as one row. A new setting is a row here and its phrase (`setting-<key>` in the locale).

use crate::base::time::zone_name;
use crate::settings::value::Value;

/// Whose values a layer holds. A later layer wins over an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Built in.
    Default,
    /// Set by an admin for a server or room.
    Server,
    /// Set by a person for themselves.
    Person,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Switch,
    /// A whole number from `min` to `max`, or the word that stands for "as it comes".
    Number {
        /// Lowest.
        min: u32,
        /// Highest.
        max: u32,
        /// The word for "none set", where there is one.
        or: Option<&'static str>,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these words; `nothing` empties the list.
    Words(&'static [&'static str]),
    /// Free text of at most so many characters. Never for anything about health.
    Text {
        /// Longest, in characters.
        max: usize,
    },
    /// Up to so many ids of the platform; `nothing` empties the list.
    Ids {
        /// Of what.
        of: Ids,
        /// How many at most.
        max: usize,
    },
    /// What stands before a command: at most so many characters without a blank, of which the first is a sign.
    Prefix {
        /// Longest, in characters.
        max: usize,
    },
    /// A time zone, by its name in the IANA database.
    Zone,
    /// A channel: the one in which it is set (`here`), or none (`nothing`). The value is the platform's own id.
    Place,
}

/// What a list of ids names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Channels; `here` is the one in which it is typed.
    Channels,
    /// Roles.
    Roles,
}

/// The word for the channel in which a setting is set.
pub const HERE: &str = "here";
/// The word that empties a setting.
pub const NOTHING: &str = "nothing";
/// The longest id of a platform, in characters.
const LONGEST_ID: usize = 255;

/// Signs with which programs for chatting begin something of their own.
const TAKEN: [char; 3] = ['/', '@', '#'];

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// What people type.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value nobody has set, as it would be typed.
    pub default: &'static str,
    /// Which layers may set it.
    pub layers: &'static [Layer],
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $kind:expr, $default:literal, $layers:expr;)*) => {
        $($(#[$doc])* pub const $name: Setting =
            Setting { key: $key, kind: $kind, default: $default, layers: $layers };)*

        /// Every setting, in the order in which they are shown.
        pub const SETTINGS: &[Setting] = &[$($name),*];
    };
}

const MINE: &[Layer] = &[Layer::Person];
const THEIRS: &[Layer] = &[Layer::Server];
const BOTH: &[Layer] = &[Layer::Server, Layer::Person];

settings! {
    /// How long a routine should take, in minutes.
    LENGTH = "length", Kind::Number { min: 3, max: 15, or: Some("own") }, "own", MINE;
    /// The highest pressure, 0 to 5. Never raised by itself.
    PRESSURE = "pressure", Kind::Number { min: 0, max: 5, or: None }, "3", MINE;
    /// Areas, movements, positions and things to leave out.
    LEAVE_OUT = "leave_out", Kind::Words(LEAVE_OUT_WORDS), "nothing", MINE;
    /// The side that comes first.
    FIRST_SIDE = "first_side", Kind::Word(&["left", "right"]), "left", MINE;
    /// Whether steps follow by themselves or wait for `next`.
    PACE = "pace", Kind::Word(&["auto", "wait"]), "auto", MINE;
    /// Few words, nothing bright, nothing that moves.
    ATTACK_MODE = "attack_mode", Kind::Switch, "off", MINE;
    /// The language of what Nape says.
    LANGUAGE = "language", Kind::Word(&["en"]), "en", BOTH;
    /// The time zone in which times are told.
    TIME_ZONE = "time_zone", Kind::Zone, "UTC", THEIRS;
    /// Whether answers in a shared place are for everyone or for the asker.
    ANSWERS = "answers", Kind::Word(&["private", "public"]), "private", THEIRS;
    /// Whether routines may be started here.
    ROUTINES = "routines", Kind::Switch, "on", THEIRS;
    /// Where a routine runs when the place can't be private by itself.
    ROUTINE_PLACE = "routine_place", Kind::Word(&["private_thread", "public_thread", "here", "direct"]), "private_thread", THEIRS;
    /// How many routines may run in one channel at the same time.
    AT_ONCE = "at_once", Kind::Number { min: 1, max: 50, or: None }, "5", THEIRS;
    /// The local emergency number or line, shown in emergency answers.
    EMERGENCY_TEXT = "emergency_text", Kind::Text { max: 120 }, "", THEIRS;
    /// After how many days without use it is deleted what is kept of somebody who used the bot here last; never after more than a year.
    RETENTION = "retention", Kind::Number { min: 7, max: 365, or: None }, "365", THEIRS;
    /// The only channels in which it is used, their threads included.
    CHANNELS = "channels", Kind::Ids { of: Ids::Channels, max: 25 }, "nothing", THEIRS;
    /// Channels in which it is not used.
    CHANNELS_DENIED = "channels_denied", Kind::Ids { of: Ids::Channels, max: 25 }, "nothing", THEIRS;
    /// The only roles that may start routines.
    ROUTINE_ROLES = "routine_roles", Kind::Ids { of: Ids::Roles, max: 10 }, "nothing", THEIRS;
    /// Roles that may configure, beside those whom the platform lets. They can't change this.
    ADMIN_ROLES = "admin_roles", Kind::Ids { of: Ids::Roles, max: 10 }, "nothing", THEIRS;
    /// How much one person may ask in a minute; never more than the operator allows.
    PERSON_LIMIT = "person_limit", Kind::Number { min: 1, max: 600, or: Some("most") }, "most", THEIRS;
    /// How much may be asked in one channel in a minute; never more than the operator allows.
    CHANNEL_LIMIT = "channel_limit", Kind::Number { min: 1, max: 6000, or: Some("most") }, "most", THEIRS;
    /// What goes before a command that is typed where others read along.
    PREFIX = "prefix", Kind::Prefix { max: 16 }, "!nape", THEIRS;
    /// The channel in which changes of settings are announced.
    LOG_CHANNEL = "log_channel", Kind::Place, "", THEIRS;
}

/// What people may leave out: the area, movement, position and other tags of `config/content/README.md` that a person can choose.
/// Nothing that would tell why (there is no "pregnant" here).
pub const LEAVE_OUT_WORDS: &[&str] = &[
    "back_of_neck",
    "skull_base",
    "shoulder",
    "shoulder_blade",
    "upper_back",
    "scalp",
    "face",
    "jaw",
    "hand",
    "arm",
    "glide",
    "knead",
    "press",
    "hold",
    "circle",
    "squeeze",
    "shrug",
    "roll",
    "turn",
    "nod",
    "stretch",
    "lying",
    "standing",
    "touch",
    "heat_cold",
    "ball",
    "towel",
    "partner",
    "two_hands",
];

/// What is wrong with a value that somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadValue {
    /// Not one of the words.
    NotOneOf {
        /// What was typed, at most 40 characters of it.
        got: String,
        /// What may be typed.
        allowed: Vec<String>,
    },
    /// Not a number in the range.
    OutOfRange {
        /// Lowest.
        min: u32,
        /// Highest.
        max: u32,
        /// The word that is allowed beside numbers.
        or: Option<&'static str>,
    },
    /// Longer than it may be.
    TooLong {
        /// Longest, in characters.
        max: usize,
    },
    /// Longer than that, or it doesn't begin with a sign, or has blanks in it.
    NoPrefix {
        /// Longest, in characters.
        max: usize,
    },
    /// No time zone.
    NoZone,
    /// Not a list of so many ids.
    NoIds {
        /// Of what.
        of: Ids,
        /// How many at most.
        max: usize,
    },
}

/// The row with this key; `-`, blanks and case don't matter.
pub fn find(key: &str) -> Option<&'static Setting> {
    let key = key.trim().to_lowercase().replace(['-', ' '], "_");
    SETTINGS.iter().find(|setting| setting.key == key)
}

impl Setting {
    /// Whether this layer may set it.
    pub fn may_be_set_by(&self, layer: Layer) -> bool {
        self.layers.contains(&layer)
    }

    /// Reads a value as somebody typed it.
    pub fn read(&self, typed: &str) -> Result<Value, BadValue> {
        let typed = typed.trim();
        let word = typed.to_lowercase().replace('-', "_");
        match self.kind {
            Kind::Switch => match word.as_str() {
                "on" | "yes" | "true" => Ok(Value::Switch(true)),
                "off" | "no" | "false" => Ok(Value::Switch(false)),
                _ => Err(not_one_of(typed, &["on", "off"])),
            },
            Kind::Number { min, max, or } => {
                if or == Some(word.as_str()) {
                    return Ok(Value::Word(word));
                }
                // "5 min" means 5: the unit is the setting's own.
                let digits = word.split_whitespace().next().unwrap_or_default();
                match digits.parse::<u32>() {
                    Ok(number) if (min..=max).contains(&number) => Ok(Value::Number(number)),
                    _ => Err(BadValue::OutOfRange { min, max, or }),
                }
            }
            Kind::Word(words) if words.contains(&word.as_str()) => Ok(Value::Word(word)),
            Kind::Word(words) => Err(not_one_of(typed, words)),
            Kind::Words(words) => read_words(typed, words),
            Kind::Text { max } if typed.chars().count() <= max => Ok(Value::Word(typed.to_owned())),
            Kind::Text { max } => Err(BadValue::TooLong { max }),
            Kind::Prefix { max } if is_prefix(typed, max) => Ok(Value::Word(typed.to_owned())),
            Kind::Prefix { max } => Err(BadValue::NoPrefix { max }),
            Kind::Ids { of, max } => {
                read_ids(typed).filter(|ids| ids.len() <= max).map(Value::Words).ok_or(BadValue::NoIds { of, max })
            }
            Kind::Zone => zone_name(typed).map(Value::Word).ok_or(BadValue::NoZone),
            Kind::Place if word == NOTHING || typed.is_empty() => Ok(Value::Word(String::new())),
            Kind::Place if is_id(typed) => Ok(Value::Word(typed.to_owned())),
            Kind::Place => Err(not_one_of(typed, &[HERE, NOTHING])),
        }
    }

    /// The value nobody has set.
    pub fn default_value(&self) -> Value {
        self.read(self.default).expect("the table's defaults are values of their own kind: a test reads them all")
    }
}

/// Whether a text can stand before commands: nothing that people say begins so by chance.
fn is_prefix(text: &str, max: usize) -> bool {
    text.starts_with(|first: char| first.is_ascii_punctuation() && !TAKEN.contains(&first))
        && text.chars().count() <= max
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether a text could be an id of some platform.
fn is_id(text: &str) -> bool {
    text.chars().count() <= LONGEST_ID
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || ",;".contains(c))
}

/// Ids as people paste them: parted by commas or blanks, perhaps in the marks with which a platform writes a channel or role. Each once.
fn read_ids(typed: &str) -> Option<Vec<String>> {
    if matches!(typed.to_lowercase().as_str(), NOTHING | "none" | "") {
        return Some(Vec::new());
    }
    let mut ids: Vec<String> = Vec::new();
    for part in typed.split([',', ';']).flat_map(str::split_whitespace) {
        let marked = part.strip_prefix("<#").or_else(|| part.strip_prefix("<@&")).and_then(|id| id.strip_suffix('>'));
        let id = marked.unwrap_or(part);
        if id.is_empty() || !is_id(id) {
            return None;
        }
        if !ids.iter().any(|other| other == id) {
            ids.push(id.to_owned());
        }
    }
    Some(ids)
}

fn read_words(typed: &str, words: &[&str]) -> Result<Value, BadValue> {
    if matches!(typed.to_lowercase().as_str(), "nothing" | "none" | "") {
        return Ok(Value::Words(Vec::new()));
    }
    let mut chosen = Vec::new();
    for part in typed.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let part = part.to_lowercase().replace([' ', '-'], "_");
        match words.iter().find(|word| **word == part) {
            Some(word) => chosen.push(*word),
            None => return Err(not_one_of(&part, words)),
        }
    }
    // The list's own order, each word once: the same choice is the same value.
    Ok(Value::Words(words.iter().filter(|word| chosen.contains(word)).map(|word| (*word).to_owned()).collect()))
}

fn not_one_of(typed: &str, allowed: &[&str]) -> BadValue {
    BadValue::NotOneOf {
        got: typed.chars().take(40).collect(),
        allowed: allowed.iter().map(|word| (*word).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_and_is_typed_as_it_is_shown() {
        for setting in SETTINGS {
            let value = setting.default_value();
            assert_eq!(setting.read(&value.to_string()).as_ref(), Ok(&value), "{}", setting.key);
        }
    }

    #[test]
    fn keys_are_found_as_people_type_them() {
        assert_eq!(find("First-Side").map(|row| row.key), Some("first_side"));
        assert_eq!(find(" attack mode ").map(|row| row.key), Some("attack_mode"));
        assert_eq!(find("colour"), None);
    }

    #[test]
    fn bad_values_say_what_would_be_good() {
        assert_eq!(PRESSURE.read("6"), Err(BadValue::OutOfRange { min: 0, max: 5, or: None }));
        assert_eq!(LENGTH.read("own"), Ok(Value::Word("own".into())));
        assert_eq!(LENGTH.read("5 min"), Ok(Value::Number(5)));
        assert!(matches!(PACE.read("fast"), Err(BadValue::NotOneOf { .. })));
        assert!(matches!(EMERGENCY_TEXT.read(&"x".repeat(121)), Err(BadValue::TooLong { max: 120 })));
    }

    #[test]
    fn a_prefix_begins_with_a_sign_and_has_no_blanks() {
        for good in ["!nape", "!", ".n", "!Nacken", "?"] {
            assert_eq!(PREFIX.read(good), Ok(Value::Word(good.to_owned())), "{good}");
        }
        for bad in ["", "nape", "/nape", "@nape", "#nape", "! nape", "!nape\u{7}", "!1234567890123456"] {
            assert_eq!(PREFIX.read(bad), Err(BadValue::NoPrefix { max: 16 }), "{bad}");
        }
    }

    #[test]
    fn time_zones_have_the_names_of_the_database() {
        assert_eq!(TIME_ZONE.read(" europe/berlin "), Ok(Value::Word("Europe/Berlin".into())));
        assert_eq!(TIME_ZONE.read("utc"), Ok(Value::Word("UTC".into())));
        assert_eq!(TIME_ZONE.read("Berlin"), Err(BadValue::NoZone));
    }

    #[test]
    fn ids_are_read_as_platforms_write_them() {
        let ids = |typed: &str| CHANNELS.read(typed);
        assert_eq!(ids("<#12>, 34 <#12>"), Ok(Value::Words(vec!["12".into(), "34".into()])));
        assert_eq!(ids("!room:example.org"), Ok(Value::Words(vec!["!room:example.org".into()])));
        assert_eq!(ids("nothing"), Ok(Value::Words(vec![])));
        let many: String = (0..26).map(|id| format!("{id},")).collect();
        assert_eq!(ids(&many), Err(BadValue::NoIds { of: Ids::Channels, max: 25 }));
    }

    #[test]
    fn a_list_is_kept_in_one_order_and_without_doubles() {
        let value = LEAVE_OUT.read("jaw, Shoulder, jaw");
        assert_eq!(value, Ok(Value::Words(vec!["shoulder".into(), "jaw".into()])));
        assert_eq!(LEAVE_OUT.read("nothing"), Ok(Value::Words(vec![])));
    }
}
