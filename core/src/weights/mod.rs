//! Weights in and out: names, bundles, bytes.
//!
//! A bundle is a folder, or the same files served by a web server:
//!
//! | file | holds |
//! |---|---|
//! | `manifest.json` | [`Manifest`]: every file with its size and SHA-256 |
//! | `config.json` | [`G2dConfig`](crate::config::G2dConfig) |
//! | `tokenizer.json` | a Hugging Face tokenizer |
//! | `model*.safetensors` | the weights, f32 or f16, in one or more shards |
//! | `model-card.md` | what the weights saw and what they score |
//!
//! Tensors in a bundle have PyTorch's layout (a linear layer is `[out, in]`) and the names of
//! [`keymap`].

mod bundle;
pub mod keymap;
mod tensors;

pub use bundle::{
    Bundle, BundleFile, FileRole, MANIFEST_VERSION, Manifest, file_entry, hex_sha256,
    weights_digest,
};
pub use tensors::{Dtype, join_shards, load_tensors, load_what_fits, save_tensors};
