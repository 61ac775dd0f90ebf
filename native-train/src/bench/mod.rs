//! Speed and memory, measured.
//!
//! | module | measures |
//! |---|---|
//! | [`data`] | phantoms or a manifest to batches, and where the time goes on the way |
//! | [`pseudo_mask`] | the decoder's targets of a batch, whole and stage by stage |
//! | [`forward`] | image encoder, decoder and text encoder, without gradients |
//! | [`step`] | whole training steps, with the share of time spent waiting for data |
//! | [`layers`] | each convolution of the model alone, forward and both gradients |
//! | [`conv`] | whether a device's convolution gradients are right, on maps of 256 x 256 |
//!
//! [`describe`] tells the shapes of a step, so that another program can do the same one;
//! [`clock`], [`machine`] and [`report`] are what all of them share.

pub mod clock;
pub mod conv;
pub mod data;
pub mod describe;
pub mod forward;
pub mod layers;
pub mod machine;
pub mod pseudo_mask;
pub mod report;
pub mod step;

use anyhow::{Context, Result};
use burn::tensor::{Device, FloatDType};
use clap::ValueEnum;

use crate::config::TrainConfig;
use clock::Clock;

/// Number formats of weights, activations and the optimiser's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Float {
    /// 32 bits.
    F32,
    /// bfloat16 everywhere, also in the weights: the fastest a device can be, not a way to train.
    Bf16,
}

impl Float {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// Makes it the device's default; only before the first tensor there.
    ///
    /// # Errors
    /// When the device cannot compute with it, or has tensors already.
    pub fn configure(self, device: &mut Device) -> Result<()> {
        if self == Self::Bf16 {
            let refusal = "This device cannot compute in bf16. Use --float f32";
            device.configure(FloatDType::BF16).context(refusal)?;
        }
        Ok(())
    }
}

/// What is measured, on what, for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Model, batch size, losses, optimiser, data.
    pub config: TrainConfig,
    /// Different batches; they are taken in turn.
    pub batches: usize,
    /// Warm-up and repeats.
    pub clock: Clock,
    /// Where the network computes.
    pub device: Device,
}

/// Reads a shipped configuration, a TOML file or, where there is neither, a preset by its name.
///
/// # Errors
/// When there is none of them, or a value does not fit.
pub fn config(name: &str, batch: Option<usize>, overrides: &[String]) -> Result<TrainConfig> {
    let known = TrainConfig::shipped(name).is_some() || std::path::Path::new(name).exists();
    let preset = !known && g2d_core::config::G2dConfig::preset(name).is_ok();
    let mut all = Vec::new();
    if preset {
        all.push(format!("preset={name}"));
        all.push("batch_size=16".to_owned());
    }
    all.extend(batch.map(|batch| format!("batch_size={batch}")));
    all.extend(overrides.iter().cloned());
    TrainConfig::resolve(if preset { "recommended" } else { name }, &all)
}
