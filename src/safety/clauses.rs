//! A message cut into its clauses. A sign of danger that somebody mentions on the way to a harmless question is clear when it is read by itself, and
//! drowns when the encoder reads the whole.

/// Words of a clause at least: fewer say too little to be read alone.
const LEAST: usize = 3;
/// Clauses at most: of a longer text the encoder reads windows, and the rules every word.
const MOST: usize = 24;

/// The words that begin a clause.
#[derive(Clone, Debug)]
pub(super) struct Clauses(Vec<Vec<String>>);

impl Clauses {
    /// From words and phrases in lower case, separated by commas.
    pub fn new(list: &str) -> Clauses {
        let phrases = list.split(',').map(|phrase| phrase.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        Clauses(phrases.filter(|phrase| !phrase.is_empty()).collect())
    }

    /// The clauses of a text, without the words that begin them; none if the text is all one.
    pub fn of(&self, text: &str) -> Vec<String> {
        let whole = text.split_whitespace().count();
        let mut clauses = Vec::new();
        for sentence in text.split(['.', '!', '?', ';', ',', ':', '\n']) {
            let words: Vec<&str> = sentence.split_whitespace().collect();
            let (mut from, mut at) = (0, 0);
            while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
                let skipped = self.begins(rest);
                if skipped > 0 {
                    clauses.extend(words.get(from..at).map(<[&str]>::to_vec));
                    from = at + skipped;
                }
                at += skipped.max(1);
            }
            clauses.extend(words.get(from..).map(<[&str]>::to_vec));
        }
        let kept = clauses.into_iter().filter(|words| (LEAST..whole).contains(&words.len()));
        kept.take(MOST).map(|words| words.join(" ")).collect()
    }

    /// How many words at the beginning of these begin a clause.
    fn begins(&self, words: &[&str]) -> usize {
        let same = |phrase: &&Vec<String>| {
            phrase.len() <= words.len() && phrase.iter().zip(words).all(|(wanted, word)| word.to_lowercase() == *wanted)
        };
        self.0.iter().filter(same).map(Vec::len).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_on_the_way_to_a_question_stands_alone() {
        let clauses = Clauses::new("but, and, can i, since");
        let cut = |text| clauses.of(text);
        assert_eq!(
            cut("lovely weather, my words come out wrong since noon and can I knead the ridge?"),
            ["my words come out wrong", "knead the ridge"]
        );
        assert_eq!(cut("Can i knead the ridge"), ["knead the ridge"]);
    }

    #[test]
    fn a_text_of_one_clause_is_not_cut() {
        let clauses = Clauses::new("but, and, can i, since");
        for whole in ["", "knots", "my shoulders are hard", "my shoulders are hard!!", " ,,, and and but "] {
            assert_eq!(clauses.of(whole), [] as [&str; 0], "{whole}");
        }
    }
}
