//! The U-Net decoder of segmentation_models_pytorch on the encoder's pyramid.
//!
//! Five blocks: nearest x2, the skip of that size where there is one, two times (3x3 convolution,
//! BatchNorm, ReLU); then a 3x3 convolution to one logit. The last block has no skip.

use burn::{
    module::Module,
    nn::{
        Initializer, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor, activation::relu},
};

use super::BatchNorm;

/// The image decoder, without its head.
#[derive(Module, Debug)]
pub struct UnetDecoder {
    /// Coarse to fine.
    pub blocks: Vec<DecoderBlock>,
}

/// One doubling of the size.
#[derive(Module, Debug)]
pub struct DecoderBlock {
    /// On the upsampled map with its skip.
    pub conv1: ConvBnRelu,
    /// Follows.
    pub conv2: ConvBnRelu,
}

/// 3x3 convolution without bias, BatchNorm, ReLU.
#[derive(Module, Debug)]
pub struct ConvBnRelu {
    /// 3x3.
    pub conv: Conv2d,
    /// Follows `conv`.
    pub bn: BatchNorm,
}

impl ConvBnRelu {
    fn new(from: usize, to: usize, device: &Device) -> Self {
        // He's uniform rule over the inputs: smp's choice for its decoders.
        let conv = Conv2dConfig::new([from, to], [3, 3])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .with_bias(false)
            .with_initializer(Initializer::KaimingUniform {
                gain: std::f64::consts::SQRT_2,
                fan_out_only: false,
            })
            .init(device);
        Self { conv, bn: BatchNorm::new(to, device) }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(self.bn.forward(self.conv.forward(x)))
    }
}

/// Repeats every pixel in a 2x2 square.
///
/// Written as a broadcast rather than an interpolation: its gradient is then a plain sum on every
/// back end.
pub(super) fn double(x: Tensor<4>) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    x.reshape([b, c, h, 1, w, 1]).expand([b, c, h, 2, w, 2]).reshape([b, c, 2 * h, 2 * w])
}

impl UnetDecoder {
    /// A decoder with fresh weights for an encoder's channels (input, /2 … /32).
    pub fn new(encoder: [usize; 6], decoder: [usize; 5], device: &Device) -> Self {
        let mut from = encoder[5];
        let blocks = (0..5)
            .map(|i| {
                // Skips: /16, /8, /4, /2, none.
                let skip = if i < 4 { encoder[4 - i] } else { 0 };
                let to = decoder[i];
                let block = DecoderBlock {
                    conv1: ConvBnRelu::new(from + skip, to, device),
                    conv2: ConvBnRelu::new(to, to, device),
                };
                from = to;
                block
            })
            .collect();
        Self { blocks }
    }

    /// The maps of the pyramid's sizes, coarse to fine: /16, /8, /4, /2, as many as asked for.
    ///
    /// # Shapes
    /// - output: map `i` is `[batch, decoder[i], size / 2^(4 - i), …]`
    pub fn levels(&self, pyramid: &[Tensor<4>; 6], count: usize) -> Vec<Tensor<4>> {
        let mut x = pyramid[5].clone();
        let blocks = self.blocks.iter().take(count.min(4)).enumerate();
        let levels = blocks.map(|(i, block)| {
            let joined = Tensor::cat(vec![double(x.clone()), pyramid[4 - i].clone()], 1);
            x = block.conv2.forward(block.conv1.forward(joined));
            x.clone()
        });
        levels.collect()
    }

    /// The last feature map, at the size of the input.
    ///
    /// # Shapes
    /// - `pyramid`: as [`ResNet::forward`](super::ResNet::forward) gives it
    /// - output: `[batch, decoder[4], size, size]`
    pub fn forward(&self, pyramid: &[Tensor<4>; 6]) -> Tensor<4> {
        let mut x = pyramid[5].clone();
        for (i, block) in self.blocks.iter().enumerate() {
            x = double(x);
            if i < 4 {
                x = Tensor::cat(vec![x, pyramid[4 - i].clone()], 1);
            }
            x = block.conv2.forward(block.conv1.forward(x));
        }
        x
    }
}
