//! The projectors into the joint space: pointwise, BatchNorm without affine, ReLU, pointwise.

use burn::{
    module::Module,
    nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig},
    tensor::{Device, Tensor, activation::relu},
};

use super::PlainNorm;

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

/// Projects every token and keeps the first ([CLS]).
#[derive(Module, Debug)]
pub struct TextProjector {
    /// Pointwise, no bias.
    pub conv1: Conv1d,
    /// Statistics over batch and tokens.
    pub norm: PlainNorm,
    /// Pointwise, no bias.
    pub conv2: Conv1d,
}

impl TextProjector {
    /// A projector with fresh weights.
    pub fn new(from: usize, to: usize, device: &Device) -> Self {
        let conv = |from| Conv1dConfig::new(from, to, 1).with_bias(false).init(device);
        Self { conv1: conv(from), norm: PlainNorm::new(to, device), conv2: conv(to) }
    }

    /// The embedding of each text.
    ///
    /// With a `mask` the statistics of a training batch leave the padding out; without, they run
    /// over it, as in the reference code.
    ///
    /// # Shapes
    /// - `x`: `[batch, tokens, from]`, `mask`: `[batch, tokens]` of 0 and 1
    /// - output: `[batch, to]`
    pub fn forward(&self, x: Tensor<3>, mask: Option<Tensor<2>>) -> Tensor<2> {
        let mut all = self.forward_many(vec![(x, mask)]);
        all.remove(0)
    }

    /// The same for several groups of texts (reports, sentences) that share one set of statistics,
    /// without padding one group to the length of the other.
    ///
    /// # Shapes
    /// - each group as in [`Self::forward`]; either all groups have a mask or none
    pub fn forward_many(&self, groups: Vec<(Tensor<3>, Option<Tensor<2>>)>) -> Vec<Tensor<2>> {
        let mut shapes = Vec::with_capacity(groups.len());
        let (mut rows, mut weights) = (Vec::new(), Vec::new());
        for (x, mask) in groups {
            let [b, t, _] = x.dims();
            let x = self.conv1.forward(x.swap_dims(1, 2)).swap_dims(1, 2);
            let d = x.dims()[2];
            shapes.push([b, t, d]);
            rows.push(x.reshape([b * t, d]));
            weights.extend(mask.map(|m| m.reshape([b * t, 1])));
        }
        let weights = (weights.len() == rows.len()).then(|| Tensor::cat(weights, 0));
        let rows = relu(self.norm.forward(Tensor::cat(rows, 0), weights));
        let mut start = 0;
        let group = |[b, t, d]: [usize; 3]| {
            let group = rows.clone().narrow(0, start, b * t).reshape([b, t, d]);
            start += b * t;
            // Only the class token is used, so only it goes through the second convolution.
            let first = group.narrow(1, 0, 1).swap_dims(1, 2);
            self.conv2.forward(first).reshape([b as i32, -1])
        };
        shapes.into_iter().map(group).collect()
    }
}
