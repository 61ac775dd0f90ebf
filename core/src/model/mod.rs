//! The network. B = batch, d = width of the joint space, shapes are NCHW.
//!
//! | part | in | out |
//! |---|---|---|
//! | [`ResNet`] | (B, 3, S, S) | six maps: the input, /2, /4, /8, /16, /32 |
//! | [`UnetDecoder`] | the six maps | (B, 1, S, S) logits |
//! | [`Projector`] | (B, C, h, w) | (B, d, h, w) |
//! | [`AttentionPool`] | (B, d, h, w) | pooled (B, d), attention (B, heads, h, w) |
//! | [`Bert`] | (B, T) ids and mask | (B, T, hidden) |
//! | [`TextProjector`] | (B, T, hidden) | (B, d) |
//!
//! Fields carry the names that torchvision, segmentation_models_pytorch and Hugging Face give
//! their parameters, so that weights move both ways by the short list in [`crate::weights`].

mod attention_pool;
mod bert;
mod g2d;
mod norm;
mod projection;
mod resnet;
mod unet;

pub use attention_pool::AttentionPool;
pub use bert::Bert;
pub use g2d::{G2d, ImageFeatures};
pub use norm::{BatchNorm, NormMode, PlainNorm, StatisticsExchange, with_norm_mode};
pub use projection::{Projector, TextHidden, TextProjector};
pub use resnet::ResNet;
pub use unet::UnetDecoder;

use burn::tensor::Tensor;

/// Divides each vector along `dim` by its length.
///
/// The length is kept away from zero (1e-12, as torch's `normalize`) inside the root, so that the
/// gradient of a zero vector is finite.
pub fn l2_normalise<const D: usize>(x: Tensor<D>, dim: usize) -> Tensor<D> {
    let length = x.clone().square().sum_dim(dim).add_scalar(1e-24).sqrt();
    x / length
}
