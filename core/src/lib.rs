//! G2D: from an image–report pair to where each sentence points.
//!
//! ```text
//! bytes -> image::decode -> image::Geometry -> model::G2d::encode_image (once)
//!                                                |            |            |
//!                                            pyramid       pooled      attention
//!                                                |                        |
//!                                          decoder mask         pseudo_mask (stages)
//! report -> text::parse_report -> tokenizer -> model::G2d::encode_text
//!                                                |
//!                       grounding map per sentence -> mask, regions -> outcome::Outcome
//! ```
//!
//! The crate knows tensors, bytes and text. It names no back end, no file, no page: a program
//! hands it a [`burn::tensor::Device`] and bytes. Everything builds for `wasm32`, and tensors are
//! read back with asynchronous calls only.
//!
//! Method: "G2D: From Global to Dense Radiography Representation Learning via Vision-Language
//! Pre-training", NeurIPS 2024, arXiv 2312.01522 — "the paper" in these docs.
//!
//! Not for clinical use.

// Burn's deeply nested types need more than the default of 128.
#![recursion_limit = "256"]

pub mod components;
pub mod config;
pub mod error;
pub mod gate;
pub mod grounding;
pub mod image;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod outcome;
pub mod phantom;
pub mod pseudo_mask;
pub mod raster;
pub mod render;
pub mod session;
pub mod text;
pub mod weights;

pub use error::{Error, Result};
