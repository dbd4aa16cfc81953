//! A second opinion on topic and intent: a linear classifier of a text's words, pairs of words and pieces of words, whatever their order.
//!
//! It knows nothing of meaning, so it errs elsewhere than the network, and both weighed together are right more often than either. It is no encoder of
//! its own: nothing is decided by it alone. The same as `config/model/train/bag.py`; `tests/encoder.rs` holds the two together.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

use super::reading::Head;

/// The heads that it has an opinion on, in the order of [`Bag::read`].
pub(super) const HEADS: [Head; 2] = [Head::Topics, Head::Intents];
/// Letters of a piece of a word, a space before and after the word included.
const PIECES: std::ops::RangeInclusive<usize> = 3..=5;
/// Bytes of a feature's hash that are kept.
const KEY: usize = 8;
/// Bytes stand for -128 to 127.
const ZERO: i16 = 128;

/// The classifier, ready to run.
#[derive(Debug)]
pub(super) struct Bag {
    /// The beginning of each feature's hash, sorted.
    keys: &'static [[u8; KEY]],
    /// How telling each feature is: the logarithm of how rare it is among the rows.
    rarity: Vec<f32>,
    /// One for each of [`HEADS`].
    heads: Vec<Linear>,
}

/// A linear map from the features to the labels of a head.
#[derive(Debug)]
struct Linear {
    /// A row of labels for each feature.
    weights: &'static [u8],
    scales: Vec<f32>,
    bias: Vec<f32>,
}

impl Bag {
    /// Reads the file.
    ///
    /// # Errors
    /// What in it is not of the form that belongs to this program.
    pub fn new(file: &'static [u8]) -> Result<Bag, String> {
        let file = SafeTensors::deserialize(file).map_err(|error| error.to_string())?;
        let keys = bytes(&tensor(&file, "keys")?)?;
        let (keys, rest) = keys.as_chunks();
        let rarity = floats(&tensor(&file, "rarity")?)?;
        let heads = HEADS.iter().map(|head| Linear::new(&file, *head)).collect::<Result<Vec<_>, _>>()?;
        let fits =
            |head: &Linear| head.scales.len() == head.bias.len() && head.weights.len() == keys.len() * head.bias.len();
        if !rest.is_empty() || rarity.len() != keys.len() || !keys.is_sorted() || !heads.iter().all(fits) {
            return Err("its tensors don't belong together".to_owned());
        }
        Ok(Bag { keys, rarity, heads })
    }

    /// How many labels each of [`HEADS`] has.
    pub fn widths(&self) -> Vec<usize> {
        self.heads.iter().map(|head| head.bias.len()).collect()
    }

    /// What each of [`HEADS`] gives to its labels, 0 to 1, together 1.
    pub fn read(&self, text: &str) -> Vec<Vec<f32>> {
        let words = words(text);
        let seen = [self.weigh(wholes(&words)), self.weigh(pieces(&words))].concat();
        self.heads.iter().map(|head| softmax(head.forward(&seen))).collect()
    }

    /// The known features, each with what it counts; the squares of a block add up to 1, so that a long text weighs no more than a short one.
    fn weigh(&self, features: Vec<String>) -> Vec<(usize, f32)> {
        let mut counts: BTreeMap<usize, u16> = BTreeMap::new();
        for place in features.iter().filter_map(|feature| self.place(feature)) {
            let count = counts.entry(place).or_default();
            *count = count.saturating_add(1);
        }
        let mut weighed: Vec<(usize, f32)> = counts
            .into_iter()
            .map(|(place, count)| (place, (1.0 + f32::from(count).ln()) * self.rarity[place]))
            .collect();
        let length = weighed.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        weighed.iter_mut().for_each(|(_, weight)| *weight /= length);
        weighed
    }

    fn place(&self, feature: &str) -> Option<usize> {
        let hash = Sha256::digest(feature);
        self.keys.binary_search_by(|key| key[..].cmp(&hash[..KEY])).ok()
    }
}

impl Linear {
    fn new(file: &SafeTensors<'static>, head: Head) -> Result<Linear, String> {
        let part = |part: &str| tensor(file, &format!("{}.{part}", head.name()));
        Ok(Linear {
            weights: bytes(&part("weight")?)?,
            scales: floats(&part("scale")?)?,
            bias: floats(&part("bias")?)?,
        })
    }

    fn forward(&self, seen: &[(usize, f32)]) -> Vec<f32> {
        let width = self.bias.len();
        let mut sums = vec![0.0_f32; width];
        for (place, weight) in seen {
            let row = &self.weights[place * width..(place + 1) * width];
            for (sum, byte) in sums.iter_mut().zip(row) {
                *sum += weight * f32::from(i16::from(*byte) - ZERO);
            }
        }
        sums.iter().zip(&self.scales).zip(&self.bias).map(|((sum, scale), bias)| sum * scale + bias).collect()
    }
}

/// Runs of plain letters and digits in lower case; an apostrophe joins.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace(['\'', '’'], "");
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Words and pairs of neighbours.
fn wholes(words: &[String]) -> Vec<String> {
    let pairs = words.windows(2).map(|pair| format!("w {} {}", pair[0], pair[1]));
    words.iter().map(|word| format!("w {word}")).chain(pairs).collect()
}

/// Pieces of words: what a slip of the finger leaves whole.
fn pieces(words: &[String]) -> Vec<String> {
    let mut pieces = Vec::new();
    for word in words {
        let word = format!(" {word} ");
        for length in PIECES.filter(|length| *length <= word.len()) {
            // Words are of single bytes.
            pieces.extend((0..=word.len() - length).map(|start| format!("c {}", &word[start..start + length])));
        }
    }
    pieces
}

fn tensor(file: &SafeTensors<'static>, name: &str) -> Result<TensorView<'static>, String> {
    file.tensor(name).map_err(|error| format!("{name}: {error}"))
}

fn bytes(view: &TensorView<'static>) -> Result<&'static [u8], String> {
    if view.dtype() == Dtype::U8 { Ok(view.data()) } else { Err(format!("{:?} instead of bytes", view.dtype())) }
}

fn floats(view: &TensorView<'static>) -> Result<Vec<f32>, String> {
    if view.dtype() != Dtype::F32 {
        return Err(format!("{:?} instead of F32", view.dtype()));
    }
    let (fours, _) = view.data().as_chunks();
    Ok(fours.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

/// Scores as shares that add up to 1.
pub fn softmax(mut scores: Vec<f32>) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - most).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_words_pairs_and_pieces() {
        let words = words("Don’t PRESS it");
        assert_eq!(words, ["dont", "press", "it"]);
        assert_eq!(wholes(&words), ["w dont", "w press", "w it", "w dont press", "w press it"]);
        assert_eq!(pieces(&words[2..]), ["c  it", "c it ", "c  it "]);
        assert!(super::words("日本語 🙂").is_empty());
    }

    #[test]
    fn another_file_is_refused() {
        assert!(Bag::new(b"not a file of tensors").is_err());
    }
}
