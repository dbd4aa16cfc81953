//! A routine, as the content holds it.

use serde::{Deserialize, Serialize};

use crate::base::evidence::Grade;

/// Which side of the body a step works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The left side.
    Left,
    /// The right side.
    Right,
    /// Both at once, or neither.
    Both,
    /// One side, which the person picks.
    Choice,
}

impl Side {
    /// Left for right and right for left.
    pub fn mirrored(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
            Side::Both | Side::Choice => self,
        }
    }
}

/// One routine: `routines/en/<name>.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routine {
    /// `R0` … `R8`.
    pub id: String,
    /// Its name in commands, also the file's name.
    pub name: String,
    /// Plain title.
    pub title: String,
    /// Other names people use.
    pub aliases: Vec<String>,
    /// What people look for when this is the right one.
    pub good_for: Vec<String>,
    /// What it is for.
    pub goal: String,
    /// When to do it.
    pub when: String,
    /// How to sit or lie.
    pub position: String,
    /// Who should not do it.
    pub not_for: String,
    /// The sum of its steps' seconds.
    pub total_seconds: u32,
    /// The highest pressure of any step, 0 to 5.
    pub pressure_cap: u8,
    /// Whether any step touches head, neck, shoulders or back.
    pub touch: bool,
    /// Whether it may be used during an attack.
    pub attack: bool,
    /// What the evidence is worth, in a sentence.
    pub evidence: String,
    /// The same on the scale.
    pub grade: Grade,
    /// Ids of `sources.toml`.
    pub sources: Vec<String>,
    /// The day somebody last compared it with its sources.
    pub checked: toml::value::Datetime,
    /// The day by which it must be looked at again.
    pub review_by: toml::value::Datetime,
    /// The clinician who read it; empty until one has.
    pub reviewed_by: String,
    /// The steps, in order.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// One step of a routine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its id inside the routine.
    pub id: String,
    /// Plain name, without the side.
    pub name: String,
    /// The technique's name.
    pub technique: String,
    /// Where on the body, in words.
    pub area: String,
    /// Which side.
    pub side: Side,
    /// How long, in seconds.
    pub seconds: u32,
    /// Lowest and highest pressure, 0 to 5.
    pub pressure: [u8; 2],
    /// Whether it may be left out without asking.
    pub optional: bool,
    /// Tags from the lists in `config/content/README.md`: area, movement, position, pressure, touch, other.
    pub tags: Vec<String>,
    /// The instruction, at most 60 words.
    pub say: String,
    /// The same as one action in at most 14 words: the card of attack mode.
    pub brief: String,
    /// How to breathe.
    pub breath: String,
    /// When to stop.
    pub stop_if: String,
    /// The easier form.
    pub easier: String,
}

impl Step {
    /// Whether the step carries this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// Whether hands or a thing touch head, neck, shoulders or back.
    pub fn touches(&self) -> bool {
        self.has_tag("touch")
    }
}

/// Tags that name an area; what people may leave out.
pub const AREA_TAGS: &[&str] = &[
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
    "belly",
    "whole_body",
];

/// Tags that name a movement; what people may leave out.
pub const MOVEMENT_TAGS: &[&str] = &[
    "glide", "knead", "press", "hold", "circle", "squeeze", "shrug", "roll", "turn", "nod", "stretch", "breathe",
    "rest", "relax", "check",
];

/// Tags that name a position; what people may leave out.
pub const POSITION_TAGS: &[&str] = &["sitting", "lying", "standing"];

/// Tags that name a pressure class: 0; up to 2; 3; 4 and 5.
pub const PRESSURE_TAGS: &[&str] = &["touch_free", "light", "medium", "firm"];

/// The other tags.
pub const OTHER_TAGS: &[&str] =
    &["touch", "hand_only", "pregnancy_avoid", "heat_cold", "ball", "towel", "partner", "two_hands"];

/// Tags that no step may ever carry: zones and movements that are out for everyone (hard rules HR01 to HR04).
pub const FORBIDDEN_TAGS: &[&str] = &[
    "front_of_neck",
    "side_of_neck",
    "throat",
    "collarbone",
    "thrust",
    "crack",
    "traction",
    "twist",
    "tip_back",
    "device",
    "hard_ball",
];
