//! The projectors into the joint space: pointwise, BatchNorm without affine, ReLU, pointwise.

use burn::{
    module::Module,
    nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig},
    tensor::{Device, Tensor, activation::relu},
};

use super::PlainNorm;
use crate::config::Pooling;

/// Projects every place of a feature map.
#[derive(Module, Debug)]
pub struct Projector {
    /// 1x1, no bias.
    pub conv1: Conv2d,
    /// Statistics over batch and places.
    pub norm: PlainNorm,
    /// 1x1, no bias.
    pub conv2: Conv2d,
}

impl Projector {
    /// A projector with fresh weights.
    pub fn new(from: usize, to: usize, device: &Device) -> Self {
        let conv = |from| Conv2dConfig::new([from, to], [1, 1]).with_bias(false).init(device);
        Self { conv1: conv(from), norm: PlainNorm::new(to, device), conv2: conv(to) }
    }

    /// # Shapes
    /// - `x`: `[batch, from, h, w]`
    /// - output: `[batch, to, h, w]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv1.forward(x);
        let [b, d, h, w] = x.dims();
        let rows = x.permute([0, 2, 3, 1]).reshape([b * h * w, d]);
        let rows = relu(self.norm.forward(rows, None));
        self.conv2.forward(rows.reshape([b, h, w, d]).permute([0, 3, 1, 2]))
    }
}

/// Projects every token and makes one vector of them: the first ([CLS]), or the mean.
#[derive(Module, Debug)]
pub struct TextProjector {
    /// Pointwise, no bias.
    pub conv1: Conv1d,
    /// Statistics over batch and tokens.
    pub norm: PlainNorm,
    /// Pointwise, no bias.
    pub conv2: Conv1d,
    mean: bool,
}

/// The text encoder's output for several texts.
#[derive(Debug, Clone)]
pub struct TextHidden {
    /// `[batch, tokens, from]`.
    pub hidden: Tensor<3>,
    /// `[batch, tokens]`: 1 for tokens that were read, 0 for padding.
    pub mask: Tensor<2>,
    /// `[batch, tokens]`: 1 for tokens that count for the statistics of a training batch. None
    /// counts all of them, padding too, as in the reference code.
    pub weights: Option<Tensor<2>>,
}

impl TextProjector {
    /// A projector with fresh weights.
    pub fn new(from: usize, to: usize, pooling: Pooling, device: &Device) -> Self {
        let conv = |from| Conv1dConfig::new(from, to, 1).with_bias(false).init(device);
        let mean = pooling == Pooling::Mean;
        Self { conv1: conv(from), norm: PlainNorm::new(to, device), conv2: conv(to), mean }
    }

    /// The embedding of each text.
    ///
    /// # Shapes
    /// - output: `[batch, to]`
    pub fn forward(&self, texts: TextHidden) -> Tensor<2> {
        let mut all = self.forward_many(vec![texts]);
        all.remove(0)
    }

    /// The same for several groups of texts (reports, sentences) that share one set of statistics,
    /// without padding one group to the length of the other.
    ///
    /// # Shapes
    /// - each group as in [`TextHidden`]; either all groups have weights or none
    pub fn forward_many(&self, groups: Vec<TextHidden>) -> Vec<Tensor<2>> {
        let mut masks = Vec::with_capacity(groups.len());
        let (mut rows, mut weights) = (Vec::new(), Vec::new());
        for group in groups {
            let [b, t, _] = group.hidden.dims();
            let x = self.conv1.forward(group.hidden.swap_dims(1, 2)).swap_dims(1, 2);
            let d = x.dims()[2];
            masks.push(([b, t, d], group.mask));
            rows.push(x.reshape([b * t, d]));
            weights.extend(group.weights.map(|m| m.reshape([b * t, 1])));
        }
        let weights = (weights.len() == rows.len()).then(|| Tensor::cat(weights, 0));
        let rows = relu(self.norm.forward(Tensor::cat(rows, 0), weights));
        let mut start = 0;
        let group = |([b, t, d], mask): ([usize; 3], Tensor<2>)| {
            let group = rows.clone().narrow(0, start, b * t).reshape([b, t, d]);
            start += b * t;
            // The second convolution is linear, so one vector a text goes through it and not every
            // token.
            let one = if self.mean { mean_of_read(group, mask) } else { group.narrow(1, 0, 1) };
            self.conv2.forward(one.swap_dims(1, 2)).reshape([b as i32, -1])
        };
        masks.into_iter().map(group).collect()
    }
}

/// The mean over the tokens that were read.
///
/// # Shapes
/// - `x`: `[batch, tokens, d]`, `mask`: `[batch, tokens]`; output: `[batch, 1, d]`
fn mean_of_read(x: Tensor<3>, mask: Tensor<2>) -> Tensor<3> {
    let [b, t, _] = x.dims();
    let mask = mask.cast(x.dtype()).reshape([b, t, 1]);
    // A row of padding alone gives zeros and not NaN.
    let count = mask.clone().sum_dim(1).clamp_min(1.0);
    (x * mask).sum_dim(1) / count
}
