//! Vectors of the knowledge's texts, computed once and kept beside the weights: a start would take seconds without them.
//!
//! A text is found by its hash, so an edited text is simply not there and is read by the network again.

use std::collections::HashMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

const KEYS: &str = "keys";
const VECTORS: &str = "vectors";
/// A unit vector's parts, -1 to 1, as bytes.
const STEPS: f32 = 127.0;
const ZERO: i16 = 128;

/// Texts' vectors by the hash of the text.
#[derive(Debug, Default)]
pub(super) struct Passages {
    places: HashMap<u64, usize>,
    bytes: Vec<u8>,
    width: usize,
}

impl Passages {
    /// Reads the file.
    pub fn new(file: &[u8]) -> Result<Passages, String> {
        let file = SafeTensors::deserialize(file).map_err(|error| error.to_string())?;
        let tensor = |name: &str| file.tensor(name).map_err(|error| format!("{name}: {error}"));
        let (keys, vectors) = (tensor(KEYS)?, tensor(VECTORS)?);
        let [count, width] = *vectors.shape() else { return Err(format!("{VECTORS} are no rows")) };
        if keys.dtype() != Dtype::U8 || vectors.dtype() != Dtype::U8 || keys.shape() != [count, 8] {
            return Err(format!("{KEYS} and {VECTORS} don't belong together"));
        }
        let keys =
            keys.data().chunks_exact(8).map(|bytes| bytes.iter().fold(0, |key, byte| key << 8 | u64::from(*byte)));
        Ok(Passages { places: keys.zip(0..).collect(), bytes: vectors.data().to_vec(), width })
    }

    /// The file for these texts and their unit vectors.
    pub fn file(texts: &[(&str, Vec<f32>)]) -> Result<Vec<u8>, String> {
        let width = texts.first().map_or(0, |(_, vector)| vector.len());
        let keys: Vec<u8> = texts.iter().flat_map(|(text, _)| key(text).to_be_bytes()).collect();
        let vectors: Vec<u8> = texts.iter().flat_map(|(_, vector)| vector.iter().map(|part| to_byte(*part))).collect();
        let view = |shape, data| TensorView::new(Dtype::U8, shape, data).map_err(|error| error.to_string());
        let tensors =
            [(KEYS, view(vec![texts.len(), 8], &keys)?), (VECTORS, view(vec![texts.len(), width], &vectors)?)];
        safetensors::serialize(tensors, None).map_err(|error| error.to_string())
    }

    /// The unit vector of a text, if it was computed.
    pub fn get(&self, text: &str) -> Option<Vec<f32>> {
        let start = self.places.get(&key(text))? * self.width;
        let bytes = self.bytes.get(start..start + self.width)?;
        Some(bytes.iter().map(|byte| f32::from(i16::from(*byte) - ZERO) / STEPS).collect())
    }
}

fn key(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// A part of a unit vector lies between -1 and 1.
fn to_byte(part: f32) -> u8 {
    let stepped = (part.clamp(-1.0, 1.0) * STEPS).round() + f32::from(ZERO);
    // Between 1 and 255 by now.
    stepped as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_by_its_text() {
        let file = Passages::file(&[("one", vec![1.0, -1.0, 0.5]), ("two", vec![0.0, 0.25, -0.5])]).unwrap();
        let passages = Passages::new(&file).unwrap();
        let two = passages.get("two").unwrap();
        assert!(two.iter().zip([0.0, 0.25, -0.5]).all(|(got, want)| (got - want).abs() < 0.005), "{two:?}");
        assert_eq!(passages.get("one").unwrap()[..2], [1.0, -1.0]);
        assert_eq!(passages.get("three"), None);
    }

    #[test]
    fn another_file_is_refused() {
        assert!(Passages::new(b"not a file of tensors").is_err());
    }
}
