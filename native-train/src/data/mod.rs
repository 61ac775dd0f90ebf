//! Pairs of images and reports: where they come from and how they become batches.

pub mod augment;
pub mod batch;
pub mod ct;
pub mod manifest;
pub mod pack;
mod perspective;
pub mod prepare;
pub mod source;
pub mod synth;
