//! L_PA, the pixel alignment: the decoder learns to predict the pseudo mask (the paper's Eq. 4);
//! and the reconstruction loss of its first ablation.

use burn::tensor::{
    Tensor,
    activation::{relu, sigmoid},
};

/// Keeps Dice defined where both masks are empty (the reference code's value).
const SMOOTH: f64 = 1e-5;

/// The two parts of L_PA.
#[derive(Debug, Clone)]
pub struct PixelLoss {
    /// One minus soft Dice, for each image over all its pixels, then the mean.
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

/// Dice on probabilities and binary cross entropy on logits, against a target in [0, 1].
///
/// The paper's formula implies probabilities; its code puts raw logits into Dice, which is then
/// not bounded (it has a pole), so that is not followed.
///
/// # Shapes
/// - `logits`, `target`: `[batch, 1, h, w]`
pub fn pixel_alignment(logits: Tensor<4>, target: Tensor<4>) -> PixelLoss {
    let b = logits.dims()[0] as i32;
    let logits: Tensor<2> = logits.reshape([b, -1]);
    let target: Tensor<2> = target.reshape([b, -1]);
    let p = sigmoid(logits.clone());
    let both = (p.clone() * target.clone()).sum_dim(1);
    let each = p.sum_dim(1) + target.clone().sum_dim(1);
    let dice = (both * 2.0 + SMOOTH) / (each + SMOOTH);
    // max(x, 0) - x t + ln(1 + exp(-|x|)): never overflows.
    let bce = relu(logits.clone()) - logits.clone() * target + (-logits.abs()).exp().log1p();
    PixelLoss { dice: dice.mean().neg() + 1.0, bce: bce.mean() }
}

/// Mean absolute difference of the decoder's output and the image.
///
/// # Shapes
/// - `output`, `image`: `[batch, 1, h, w]`, the image in [0, 1]
pub fn reconstruction(output: Tensor<4>, image: Tensor<4>) -> Tensor<1> {
    (output - image).abs().mean()
}
