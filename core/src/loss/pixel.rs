//! L_PA, the pixel alignment: the decoder learns to predict the pseudo mask (the paper's Eq. 4);
//! and the reconstruction loss of its first ablation.

use burn::tensor::{
    Tensor,
    activation::{relu, sigmoid},
};
use serde::{Deserialize, Serialize};

/// Keeps Dice defined where both masks are empty (the reference code's value).
const SMOOTH: f64 = 1e-5;

/// What Dice is computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiceFrom {
    /// Probabilities, as the paper's formula implies: bounded by 0 and 1.
    #[default]
    Probabilities,
    /// Raw logits, as the reference code does. It is not bounded and has a pole; only for
    /// comparison with that code.
    Logits,
}

/// How the decoder's output is compared with the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconstructionKind {
    /// Mean absolute difference.
    #[default]
    L1,
    /// Mean squared difference.
    L2,
}

/// The two parts of L_PA.
#[derive(Debug, Clone)]
pub struct PixelLoss {
    /// One minus soft Dice, for each mask over all its pixels, then the mean.
    pub dice: Tensor<1>,
    /// Binary cross entropy, mean over all pixels.
    pub bce: Tensor<1>,
}

impl PixelLoss {
    /// `(Dice + BCE) / 2`, Eq. 4.
    pub fn total(&self) -> Tensor<1> {
        (self.dice.clone() + self.bce.clone()).div_scalar(2.0)
    }
}

/// Dice and binary cross entropy of logits against a target in [0, 1].
///
/// # Shapes
/// - `logits`, `target`: `[batch, maps, h, w]`
pub fn pixel_alignment(logits: Tensor<4>, target: Tensor<4>, dice_from: DiceFrom) -> PixelLoss {
    let [b, maps, h, w] = logits.dims();
    let logits: Tensor<2> = logits.reshape([b * maps, h * w]);
    let target: Tensor<2> = target.reshape([b * maps, h * w]);
    let p = match dice_from {
        DiceFrom::Probabilities => sigmoid(logits.clone()),
        DiceFrom::Logits => logits.clone(),
    };
    let both = (p.clone() * target.clone()).sum_dim(1);
    let each = p.sum_dim(1) + target.clone().sum_dim(1);
    let dice = (both * 2.0 + SMOOTH) / (each + SMOOTH);
    // max(x, 0) - x t + ln(1 + exp(-|x|)): never overflows.
    let bce = relu(logits.clone()) - logits.clone() * target + (-logits.abs()).exp().log1p();
    PixelLoss { dice: dice.mean().neg() + 1.0, bce: bce.mean() }
}

/// Mean difference of the decoder's output and the image.
///
/// # Shapes
/// - `output`, `image`: `[batch, 1, h, w]`, the image in [0, 1]
pub fn reconstruction(output: Tensor<4>, image: Tensor<4>, kind: ReconstructionKind) -> Tensor<1> {
    match kind {
        ReconstructionKind::L1 => (output - image).abs().mean(),
        ReconstructionKind::L2 => (output - image).square().mean(),
    }
}
