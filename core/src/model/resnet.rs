//! ResNet-18, -34 and -50 as in torchvision, without the classifier.
//!
//! He et al., "Deep Residual Learning for Image Recognition" (2016); like torchvision, the stride
//! of a bottleneck sits on its 3x3 convolution (version 1.5).

use burn::{
    module::Module,
    nn::{
        Initializer, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor, activation::relu, module::max_pool2d, ops::MaxPoolOptions},
};

use super::BatchNorm;
use crate::{config::ResNetConfig, error::Result};

/// The image encoder.
#[derive(Module, Debug)]
pub struct ResNet {
    /// 7x7, stride 2.
    pub conv1: Conv2d,
    /// Follows `conv1`.
    pub bn1: BatchNorm,
    /// /4.
    pub layer1: Vec<Block>,
    /// /8.
    pub layer2: Vec<Block>,
    /// /16.
    pub layer3: Vec<Block>,
    /// /32.
    pub layer4: Vec<Block>,
}

/// A basic block (two 3x3) or a bottleneck (1x1, 3x3, 1x1) with its short cut.
#[derive(Module, Debug)]
pub struct Block {
    /// First convolution: 3x3 in a basic block, 1x1 in a bottleneck.
    pub conv1: Conv2d,
    /// Follows `conv1`.
    pub bn1: BatchNorm,
    /// Second convolution, 3x3.
    pub conv2: Conv2d,
    /// Follows `conv2`.
    pub bn2: BatchNorm,
    /// Third convolution, 1x1; bottlenecks only.
    pub conv3: Option<Conv2d>,
    /// Follows `conv3`.
    pub bn3: Option<BatchNorm>,
    /// Brings the input to the output's shape where they differ.
    pub downsample: Option<Downsample>,
}

/// 1x1 convolution and norm on the short cut.
#[derive(Module, Debug)]
pub struct Downsample {
    /// 1x1, carries the stride.
    pub conv: Conv2d,
    /// Follows `conv`.
    pub bn: BatchNorm,
}

/// A convolution without bias, padded to keep its size, initialised as torchvision does.
pub(super) fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    let p = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(p, p, p, p))
        .with_bias(false)
        .with_initializer(Initializer::KaimingNormal {
            gain: std::f64::consts::SQRT_2,
            fan_out_only: true,
        })
        .init(device)
}

impl Block {
    fn new(bottleneck: bool, [from, width]: [usize; 2], stride: usize, device: &Device) -> Self {
        let to = if bottleneck { width * 4 } else { width };
        let downsample = (stride != 1 || from != to).then(|| Downsample {
            conv: conv([from, to], 1, stride, device),
            bn: BatchNorm::new(to, device),
        });
        let (kernel1, stride1, stride2) = if bottleneck { (1, 1, stride) } else { (3, stride, 1) };
        Self {
            conv1: conv([from, width], kernel1, stride1, device),
            bn1: BatchNorm::new(width, device),
            conv2: conv([width, width], 3, stride2, device),
            bn2: BatchNorm::new(width, device),
            conv3: bottleneck.then(|| conv([width, to], 1, 1, device)),
            bn3: bottleneck.then(|| BatchNorm::new(to, device)),
            downsample,
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mut y = relu(self.bn1.forward(self.conv1.forward(x.clone())));
        y = self.bn2.forward(self.conv2.forward(y));
        if let (Some(conv3), Some(bn3)) = (&self.conv3, &self.bn3) {
            y = bn3.forward(conv3.forward(relu(y)));
        }
        let short = match &self.downsample {
            Some(down) => down.bn.forward(down.conv.forward(x)),
            None => x,
        };
        relu(y + short)
    }
}

impl ResNet {
    /// A network with fresh weights.
    ///
    /// # Errors
    /// For a depth that is not 18, 34 or 50.
    pub fn new(config: &ResNetConfig, device: &Device) -> Result<Self> {
        let (w, bottleneck) = (config.width, config.expansion() == 4);
        let blocks = config.blocks()?;
        let mut from = w;
        let mut stages = blocks.iter().enumerate().map(|(i, &count)| {
            let width = w << i;
            let stage: Vec<Block> = (0..count)
                .map(|b| {
                    let stride = if i > 0 && b == 0 { 2 } else { 1 };
                    let block = Block::new(bottleneck, [from, width], stride, device);
                    from = width * config.expansion();
                    block
                })
                .collect();
            stage
        });
        let mut next = || stages.next().unwrap_or_default();
        let (layer1, layer2, layer3, layer4) = (next(), next(), next(), next());
        Ok(Self {
            conv1: conv([3, w], 7, 2, device),
            bn1: BatchNorm::new(w, device),
            layer1,
            layer2,
            layer3,
            layer4,
        })
    }

    /// The pyramid: the input and the maps /2, /4, /8, /16, /32.
    ///
    /// # Shapes
    /// - `x`: `[batch, 3, size, size]`, `size` a multiple of 32
    /// - output `k`: `[batch, channels[k], size / 2^k, size / 2^k]`
    pub fn forward(&self, x: Tensor<4>) -> [Tensor<4>; 6] {
        let run = |stage: &[Block], x: Tensor<4>| stage.iter().fold(x, |x, b| b.forward(x));
        let half = relu(self.bn1.forward(self.conv1.forward(x.clone())));
        let pool = MaxPoolOptions {
            kernel_size: [3, 3],
            stride: [2, 2],
            padding: [(1, 1); 2],
            dilation: [1, 1],
            ceil_mode: false,
        };
        let quarter = run(&self.layer1, max_pool2d(half.clone(), pool));
        let eighth = run(&self.layer2, quarter.clone());
        let sixteenth = run(&self.layer3, eighth.clone());
        let last = run(&self.layer4, sixteenth.clone());
        [x, half, quarter, eighth, sixteenth, last]
    }
}
