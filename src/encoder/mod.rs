//! Floor 1: the question encoder. A text goes in, a [`Reading`] comes out: a vector of what it means, and scores of topic, entry, intent, urgency,
//! red flag and kind of out of scope.
//!
//! A small BERT runs inside the process, on one processor, with weights that the program carries (`config/model`, where the model card says how they
//! were made). Without it everything works, by words alone and less well: it is optional at run time.

mod bag;
mod files;
mod network;
mod passages;
mod reading;

use std::path::PathBuf;
use std::sync::Arc;

use tokenizers::{Encoding, Tokenizer};

use bag::Bag;
pub use bag::softmax;
pub use files::{ModelError, ModelFiles};
use network::Network;
use passages::Passages;
pub use reading::{Head, Labels, Reading};

/// Tokens of a window, and how far the next one lies: a sign of an emergency in the midst of a story is not thinned out, and none is cut in two.
const WINDOW: usize = 64;
const STRIDE: usize = 40;
/// Windows read at most: about 500 words. Rules read every word of a longer text.
const WINDOWS: usize = 16;
/// Characters looked at, more than that many windows can hold.
const MOST: usize = 12_000;

/// The encoder, loaded once and shared.
pub struct Encoder {
    tokenizer: Tokenizer,
    network: Network,
    bag: Bag,
    labels: Arc<Labels>,
    passages: Passages,
}

impl Encoder {
    /// Loads the model; tens of milliseconds.
    ///
    /// # Errors
    /// The first file that is not of the form that belongs to this program.
    pub fn new(files: &ModelFiles) -> Result<Encoder, ModelError> {
        let form = |file: &str, message: String| ModelError::Form { path: PathBuf::from(file), message };
        let tokenizer =
            Tokenizer::from_bytes(files.tokenizer).map_err(|error| form("tokenizer.json", error.to_string()))?;
        let network = Network::new(files.weights).map_err(|error| form("weights.safetensors", error.to_string()))?;
        let labels: Labels =
            serde_json::from_slice(files.labels).map_err(|error| form("labels.json", error.to_string()))?;
        if network.widths() != Head::ALL.map(|head| labels.of(head).len()) {
            return Err(form("labels.json", "its labels are not those of the weights".to_owned()));
        }
        let bag = Bag::new(files.bag).map_err(|message| form("bag.safetensors", message))?;
        if bag.widths() != bag::HEADS.map(|head| labels.of(head).len()) {
            return Err(form("labels.json", "its labels are not those of the bag".to_owned()));
        }
        let passages = Passages::new(files.passages).map_err(|message| form("passages.safetensors", message))?;
        let encoder = Encoder { tokenizer, network, bag, labels: Arc::new(labels), passages };
        if encoder.network.longest() < WINDOW || encoder.read("neck").is_none() {
            return Err(form("weights.safetensors", "the network can't read a word".to_owned()));
        }
        Ok(encoder)
    }

    /// What the heads tell apart.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Reads a text, or the beginning of a long one. `None` only if the computation itself fails, which no text is known to cause.
    pub fn read(&self, text: &str) -> Option<Reading> {
        self.compute(self.encode(text)?.get_ids(), text)
    }
}

impl Encoder {
    /// Reads a text whole: one reading, or for a long text one for each of its overlapping windows; and whether that was all of it.
    pub fn read_whole(&self, text: &str) -> (Vec<Reading>, bool) {
        let Some(encoding) = self.encode(text) else { return (Vec::new(), false) };
        let (ids, places) = (encoding.get_ids(), encoding.get_offsets());
        if ids.len() <= WINDOW {
            let reading = self.compute(ids, text);
            let all = reading.is_some();
            return (reading.into_iter().collect(), all);
        }
        // The marks at the beginning and the end belong to each window.
        let ([first, inner @ .., last], at_once) = (ids, WINDOW - 2) else { return (Vec::new(), false) };
        let all = inner.len() <= STRIDE * WINDOWS && text.len() <= MOST;
        let starts = (0..inner.len()).step_by(STRIDE).take(WINDOWS);
        let windows = starts.map(|start| {
            let end = inner.len().min(start + at_once);
            // A token's place is one further on than among the inner ones.
            let part = text.get(places[start + 1].0..places[end].1).unwrap_or(text);
            ([&[*first], &inner[start..end], &[*last]].concat(), part)
        });
        (windows.filter_map(|(window, part)| self.compute(&window, part)).collect(), all)
    }

    /// The unit vector of a text of the knowledge: kept since the model was made, or computed now.
    pub fn vector(&self, text: &str) -> Option<Vec<f32>> {
        self.passages.get(text).or_else(|| self.read(text).map(|reading| reading.vector))
    }

    /// Whether the vector of this text is kept.
    pub fn knows(&self, text: &str) -> bool {
        self.passages.get(text).is_some()
    }

    /// The file `passages.safetensors` for these texts.
    ///
    /// # Errors
    /// A text that can't be read.
    pub fn passages(&self, texts: &[&str]) -> Result<Vec<u8>, String> {
        let mut read = Vec::with_capacity(texts.len());
        for text in texts {
            let reading = self.read(text).ok_or_else(|| format!("`{text}` can't be read"))?;
            read.push((*text, reading.vector));
        }
        Passages::file(&read)
    }

    /// The tokens of a text, the marks at its beginning and end included.
    fn encode(&self, text: &str) -> Option<Encoding> {
        self.tokenizer.encode(beginning(text), true).ok()
    }

    /// The tokens, and the text that they are of.
    fn compute(&self, ids: &[u32], text: &str) -> Option<Reading> {
        let (last, ids) = (ids.last()?, &ids[..ids.len().min(self.network.longest())]);
        let mut ids = ids.to_vec();
        // A text that was cut still ends with the mark of the end.
        *ids.last_mut()? = *last;
        let (vector, shares) = self.network.read(&ids).ok()?;
        let by_words = self.bag.read(beginning(text)).try_into().ok()?;
        Some(Reading::new(vector, self.labels.clone(), shares.try_into().ok()?, by_words))
    }
}

/// The part of a text that is looked at.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(MOST).map_or(text, |(end, _)| &text[..end])
}
