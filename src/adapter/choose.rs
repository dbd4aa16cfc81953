//! Which choice a typed line means.

use crate::message::model::Choice;

/// The choice that a line means: its number, its label, or one of its words; nothing longer.
pub(super) fn chosen<'a>(offered: &'a [Choice], line: &str) -> Option<&'a Choice> {
    let line = line.trim();
    match line.parse::<usize>() {
        Ok(number) => number.checked_sub(1).and_then(|index| offered.get(index)),
        Err(_) => offered.iter().find(|choice| choice.is_meant_by(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_meant_by_number_label_or_word() {
        let offered = [Choice::new("No, start", "check go").words("no, go"), Choice::new("Yes", "check no").words("y")];
        let line = |typed: &str| chosen(&offered, typed).map(|choice| choice.line.as_str());
        for (typed, meant) in [
            ("1", Some("check go")),
            ("no, start", Some("check go")),
            ("NO", Some("check go")),
            ("2", Some("check no")),
            ("y", Some("check no")),
            ("0", None),
            ("3", None),
            ("no fever but my arm is numb", None),
            ("", None),
        ] {
            assert_eq!(line(typed), meant, "{typed}");
        }
        assert!(chosen(&[], "1").is_none());
    }
}
