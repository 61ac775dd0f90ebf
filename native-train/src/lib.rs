//! The command-line tool `g2d`: makes data, trains, evaluates, predicts and exports.
//!
//! | module | does |
//! |---|---|
//! | [`args`] | what can be said on the command line |
//! | [`cmd`] | one verb a file |
//! | [`config`], [`training`] | the training run |
//! | [`evaluate`], [`ablate`], [`bench`] | what is measured: scores, switches, speed |
//! | [`data`] | data sets to packs, the pairs manifest, synthetic cases, batches |
//! | [`import`] | starting weights from torchvision and Hugging Face |
//! | [`device`] | from `auto`, `cpu`, `wgpu`, `cuda:0` to something that computes |
//! | [`bundle_dir`], [`result_dir`], [`files`] | folders and files that are never seen half written |
//! | [`export_check`], [`parameters`] | what an export is compared by, what a model's size is |
//! | [`output`], [`panics`], [`wait`] | results and talk, faults of the program, waiting for a future |
//!
//! What the model is stands in [`g2d_core`]; nothing here computes it.
//!
//! Research software. Not for clinical use.

// Burn's deeply nested types need more than the default of 128.
#![recursion_limit = "256"]

pub mod ablate;
pub mod args;
pub mod bench;
pub mod bundle_dir;
pub mod cmd;
pub mod config;
pub mod data;
pub mod device;
pub mod evaluate;
pub mod export_check;
pub mod files;
pub mod gate;
pub mod import;
pub mod output;
pub mod panics;
pub mod parameters;
pub mod public_films;
pub mod result_dir;
pub mod training;
pub mod wait;
