//! The two branches of a model: what a film needs, and what a text needs besides.

use serde::{Deserialize, Serialize};

/// Half of a model. A page shows a film and its pseudo mask with the image branch alone, while the
/// text branch is still on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    /// Image encoder, decoder, pool, image projector and local head.
    Image,
    /// Text encoder and text projector.
    Text,
}

impl Branch {
    /// Both, in the order in which they are loaded.
    pub const ALL: [Self; 2] = [Self::Image, Self::Text];

    /// The word in manifests and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Text => "text",
        }
    }

    /// The branch that a tensor of the model belongs to, by its name.
    pub fn of_tensor(name: &str) -> Self {
        let text = ["text_encoder.", "text_projector."].iter().any(|p| name.starts_with(p));
        if text { Self::Text } else { Self::Image }
    }
}
