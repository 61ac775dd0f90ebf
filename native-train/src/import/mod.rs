//! Starting weights from the files of other libraries.

use std::path::Path;

/// Weights to start from.
#[derive(Debug, Clone)]
pub struct StartBundle {
    /// Configuration.
    pub config: serde_json::Value,
    /// Tokenizer.
    pub tokenizer: Option<Vec<u8>>,
    /// Weights.
    pub weights: Vec<u8>,
}

impl StartBundle {
    /// Reads.
    ///
    /// # Errors
    /// When.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            config: serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?,
            tokenizer: std::fs::read(folder.join("tokenizer.json")).ok(),
            weights: std::fs::read(folder.join("model.safetensors"))?,
        })
    }
}
