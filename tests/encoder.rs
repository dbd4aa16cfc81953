//! The encoder computes what the network computes that was trained: `config/model/train/examples.py` wrote down what PyTorch makes of some texts with
//! the weights that are carried here.

use std::path::Path;

use nape::encoder::{Encoder, Head, ModelFiles};
use serde::Deserialize;

/// Two ways of adding up the same numbers differ by less.
const ROUNDING: f32 = 2e-4;

#[derive(Deserialize)]
struct Example {
    text: String,
    /// The first numbers of the unit vector.
    vector: Vec<f32>,
    intents: Vec<f32>,
    topics: Vec<f32>,
    topics_by_words: Vec<f32>,
}

#[test]
fn the_encoder_computes_what_was_trained() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/encoder/examples.jsonl");
    let encoder = Encoder::new(&ModelFiles::built_in().unwrap()).unwrap();
    let examples = std::fs::read_to_string(file).unwrap();
    assert!(examples.lines().count() >= 8, "the examples are gone");
    for line in examples.lines() {
        let example: Example = serde_json::from_str(line).unwrap();
        let reading = encoder.read(&example.text).unwrap();
        for (what, wanted, found) in [
            ("vector", &example.vector, &reading.vector[..example.vector.len()]),
            ("intents", &example.intents, reading.shares(Head::Intents)),
            ("topics", &example.topics, reading.shares(Head::Topics)),
            ("topics by words", &example.topics_by_words, reading.by_words(Head::Topics)),
        ] {
            let apart = wanted.iter().zip(found).map(|(wanted, found)| (wanted - found).abs()).fold(0.0, f32::max);
            assert!(wanted.len() == found.len() && apart < ROUNDING, "{what} of `{}` is {apart} apart", example.text);
        }
    }
}
