//! Weights in and out: names, bundles, bytes.
//!
//! A bundle is a folder, or the same files served by a web server:
//!
//! | file | holds |
//! |---|---|
//! | `manifest.json` | [`Manifest`]: every file with its size and SHA-256 |
//! | `config.json` | [`G2dConfig`](crate::config::G2dConfig) |
//! | `tokenizer.json` | a Hugging Face tokenizer |
//! | `image*.safetensors`, `text*.safetensors` | the weights of each [`Branch`], f32, f16 or int8 |
//! | `model*.safetensors` | in older bundles, both branches |
//! | `model-card.md` | what the weights saw and what they score |
//!
//! Tensors in a bundle have PyTorch's layout (a linear layer is `[out, in]`) and the names of
//! [`keymap`].

mod branch;
mod bundle;
mod int8;
pub mod keymap;
mod tensors;

pub use branch::Branch;
pub use bundle::{
    Bundle, BundleFile, FileRole, MANIFEST_VERSION, Manifest, file_entry, hex_sha256,
    weights_digest,
};
pub use tensors::{
    Dtype, join_shards, load_branch, load_tensors, load_what_fits, save_branches, save_tensors,
};
