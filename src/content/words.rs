//! Small looks at words: how many there are, and when two texts are the same.

/// How many words a text has: what stands between spaces and holds a letter or digit.
pub(crate) fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// A text without case, punctuation and spare spaces, so that two ways to write the same thing are equal.
pub(crate) fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !matches!(c, '\'' | '\u{2019}')) {
        if c.is_alphanumeric() {
            normal.extend(c.to_lowercase());
        } else if !normal.is_empty() && !normal.ends_with(' ') {
            normal.push(' ');
        }
    }
    normal.truncate(normal.trim_end().len());
    normal
}

/// Whether an id holds nothing but lower-case letters, digits and the `extra` characters, and starts with a letter.
pub(crate) fn is_id(text: &str, extra: &[char]) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_is_no_word() {
        assert_eq!(count("press - gently, 1 to 2 …"), 5);
        assert_eq!(count(" \n"), 0);
    }

    #[test]
    fn case_and_punctuation_make_no_difference() {
        assert_eq!(normal("  Don’t PRESS, here? "), "dont press here");
        assert_eq!(normal("?!"), "");
    }

    #[test]
    fn an_id_is_lower_case() {
        assert!(is_id("technique.li4", &['.', '_']));
        for no in ["", "4li", "Li4", "a-b", "a b"] {
            assert!(!is_id(no, &['.', '_']), "{no}");
        }
    }
}
