//! A small routine for tests: two pairs of twins between a beginning and an end.

use super::model::{Routine, Side, Step};

/// `arrive` 30 s, `glide` 40 s on each side, `press` 60 s on each side (may be left out), `rest` 30 s: 260 s.
pub(super) fn routine() -> Routine {
    let steps = vec![
        step("arrive", Side::Both, 30, [0, 0], &["whole_body", "breathe", "touch_free", "check"]),
        step("glide_left", Side::Left, 40, [1, 2], &["shoulder", "glide", "light", "touch"]),
        step("glide_right", Side::Right, 40, [1, 2], &["shoulder", "glide", "light", "touch"]),
        Step {
            optional: true,
            ..step("press_left", Side::Left, 60, [2, 3], &["skull_base", "press", "medium", "touch"])
        },
        Step {
            optional: true,
            ..step("press_right", Side::Right, 60, [2, 3], &["skull_base", "press", "medium", "touch"])
        },
        step("rest", Side::Both, 30, [0, 0], &["whole_body", "rest", "touch_free"]),
    ];
    let text = r#"
        id = "R9"
        name = "sample"
        title = "A sample"
        aliases = []
        good_for = []
        goal = ""
        when = ""
        position = ""
        not_for = ""
        total_seconds = 260
        pressure_cap = 3
        touch = true
        attack = false
        evidence = ""
        grade = "design"
        sources = []
        checked = 2026-01-01
        review_by = 2027-01-01
        reviewed_by = ""
        step = []
    "#;
    let routine: Routine = toml::from_str(text).unwrap();
    Routine { steps, ..routine }
}

fn step(id: &str, side: Side, seconds: u32, pressure: [u8; 2], tags: &[&str]) -> Step {
    Step {
        id: id.to_owned(),
        name: id.replace('_', " "),
        technique: String::new(),
        area: String::new(),
        side,
        seconds,
        pressure,
        optional: false,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        say: String::new(),
        brief: String::new(),
        breath: String::new(),
        stop_if: String::new(),
        easier: String::new(),
    }
}
