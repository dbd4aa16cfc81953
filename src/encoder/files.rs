//! The files of a model: where they come from, and whether they are the ones that were measured.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The file that names the others with their hashes.
pub const MANIFEST: &str = "manifest.toml";

/// A model's files, found whole and unchanged.
#[derive(Debug)]
pub struct ModelFiles {
    /// How a text is cut into tokens.
    pub tokenizer: &'static [u8],
    /// Weights of the network.
    pub weights: &'static [u8],
    /// What the heads tell apart.
    pub labels: &'static [u8],
    /// Weights and thresholds of what is decided with the readings.
    pub decision: &'static [u8],
    /// Weights of words, pairs and pieces of words.
    pub bag: &'static [u8],
    /// Vectors of the knowledge's texts, so that they needn't be computed at each start.
    pub passages: &'static [u8],
}

/// Why a model can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file can't be read.
    #[error("{path}: {error}; put the folder config/model of the release there")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is not the one that was measured.
    #[error("{path}: its SHA-256 is {found}, not {wanted}; copy it again from the release")]
    Changed {
        /// The file.
        path: PathBuf,
        /// The hash that the manifest gives.
        wanted: String,
        /// The hash that it has.
        found: String,
    },
    /// A file holds something else than a model of this form.
    #[error("{path}: {message}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    sha256: std::collections::BTreeMap<String, String>,
}

/// The files of `config/model`, as they were when the program was built.
macro_rules! built_in {
    ($($name:literal),*) => {
        &[$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/model/", $name)))),*]
    };
}

const BUILT_IN: &[(&str, &[u8])] = built_in![
    "manifest.toml",
    "tokenizer.json",
    "weights.safetensors",
    "labels.json",
    "decision.toml",
    "bag.safetensors",
    "passages.safetensors"
];

impl ModelFiles {
    /// The model that the program carries, held against its manifest.
    ///
    /// # Errors
    /// The first file that is not the one that the manifest names.
    pub fn built_in() -> Result<ModelFiles, ModelError> {
        Self::checked(Path::new("config/model"), |path| {
            let name = path.file_name().unwrap_or_default();
            let found = BUILT_IN.iter().find(|(known, _)| name == *known);
            found.map(|(_, bytes)| *bytes).ok_or_else(|| std::io::ErrorKind::NotFound.into())
        })
    }

    /// The model in a folder, held against its manifest.
    ///
    /// # Errors
    /// The first file that is missing or not the one that the manifest names.
    pub fn read(folder: &Path) -> Result<ModelFiles, ModelError> {
        // Loaded once, it lives as long as the program, like the built-in one.
        Self::checked(folder, |path| std::fs::read(path).map(|bytes| &*bytes.leak()))
    }

    fn checked(
        folder: &Path,
        open: impl Fn(&Path) -> std::io::Result<&'static [u8]>,
    ) -> Result<ModelFiles, ModelError> {
        let path = folder.join(MANIFEST);
        let bytes = open(&path).map_err(|error| ModelError::Missing { path: path.clone(), error })?;
        let manifest: Manifest = toml::from_slice(bytes)
            .map_err(|error| ModelError::Form { path: path.clone(), message: error.message().to_owned() })?;
        let file = |name: &str| {
            let path = folder.join(name);
            let bytes = open(&path).map_err(|error| ModelError::Missing { path: path.clone(), error })?;
            let wanted = manifest.sha256.get(name).cloned().unwrap_or_default();
            let found = hex(&Sha256::digest(bytes));
            if found == wanted { Ok(bytes) } else { Err(ModelError::Changed { path, wanted, found }) }
        };
        Ok(ModelFiles {
            tokenizer: file("tokenizer.json")?,
            weights: file("weights.safetensors")?,
            labels: file("labels.json")?,
            decision: file("decision.toml")?,
            bag: file("bag.safetensors")?,
            passages: file("passages.safetensors")?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
