//! The losses, each a scalar tensor of shape `[1]`.

mod contrastive;
mod local;
mod pixel;

pub use contrastive::{Directions, contrastive};
pub use local::{LocalContrast, PlacePooling, SentencePairs, local_alignment, local_contrast};
pub use pixel::{DiceFrom, PixelLoss, ReconstructionKind, pixel_alignment, reconstruction};

/// Stands for minus infinity in masked logits; large enough to vanish after the exponential,
/// finite so that gradients are.
const MASKED: f64 = -1e9;
