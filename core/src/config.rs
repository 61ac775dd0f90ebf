//! Every choice that shapes a model or its reading of an image, in plain serde structures.
//!
//! The numbers of the `base` preset are the paper's (section 4.1 and table 5); where the paper and
//! its published code disagree the field's comment says which one is followed.

mod presets;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A whole model: what `config.json` of a bundle holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct G2dConfig {
    /// `base`, `small`, `tiny`, or a name of one's own.
    pub preset: String,
    /// How a film becomes the network's input.
    pub image: ImageConfig,
    /// The image encoder.
    pub encoder: ResNetConfig,
    /// Output channels of the decoder's five blocks, coarse to fine.
    pub decoder_channels: [usize; 5],
    /// Width of the joint space of image and text. Paper: 128.
    pub projection_dim: usize,
    /// The attention pool.
    pub attention: AttentionConfig,
    /// The text encoder.
    pub text: BertConfig,
    /// The head that ties sentences to places; `paper` and `reference` have none.
    pub local: Option<LocalHeadConfig>,
    /// Softmax temperature of the contrastive losses. Paper: 0.07.
    pub temperature: f64,
    /// How attention becomes the decoder's target.
    pub pseudo_mask: PseudoMaskConfig,
    /// How a sentence's map becomes a mask.
    pub grounding: GroundingConfig,
}

/// How a film becomes the network's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageConfig {
    /// Grey level (of 255) up to which a border row or column counts as empty and is cut off;
    /// none keeps the whole film.
    pub crop_tolerance: Option<u8>,
    /// How the film becomes a square.
    pub resize: ResizeKind,
    /// Side of that square.
    pub resize_to: usize,
    /// Side of the centre crop that enters the network; a multiple of 32.
    pub input_size: usize,
    /// Means of the three channels, after scaling to [0, 1] (ImageNet's).
    pub mean: [f32; 3],
    /// Standard deviations of the three channels (ImageNet's).
    pub std: [f32; 3],
}

impl Default for ImageConfig {
    fn default() -> Self {
        Self {
            crop_tolerance: Some(5),
            resize: ResizeKind::Squash,
            resize_to: 256,
            input_size: 224,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
        }
    }
}

/// How a film becomes a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeKind {
    /// Both sides scaled on their own, the aspect ratio is lost (the reference code).
    Squash,
    /// The long side scaled, the rest filled with black (MGCA).
    Pad,
}

/// A ResNet as in torchvision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// 18, 34 or 50.
    pub depth: usize,
    /// Channels of the stem; torchvision's is 64, the later stages are multiples of it.
    pub width: usize,
}

impl ResNetConfig {
    /// Channels of the input and of the five maps /2, /4, /8, /16, /32.
    pub fn channels(&self) -> [usize; 6] {
        let (w, e) = (self.width, self.expansion());
        [3, w, w * e, 2 * w * e, 4 * w * e, 8 * w * e]
    }

    /// Channels out per channel of a block: 4 for bottlenecks, 1 for basic blocks.
    pub fn expansion(&self) -> usize {
        if self.depth >= 50 { 4 } else { 1 }
    }

    /// Blocks in each of the four stages.
    ///
    /// # Errors
    /// For a depth that is not 18, 34 or 50.
    pub fn blocks(&self) -> Result<[usize; 4]> {
        match self.depth {
            18 => Ok([2, 2, 2, 2]),
            34 | 50 => Ok([3, 4, 6, 3]),
            other => Err(Error::config(
                "G2D-C01",
                format!("There is no ResNet-{other} here"),
                "Set encoder.depth to 18, 34 or 50",
            )),
        }
    }
}

/// The pool that turns the /32 map into one vector and gives the attention maps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionConfig {
    /// Attention heads. Paper: 3 (which cannot run at its width of 128); reference code: 4.
    pub heads: usize,
    /// Width of one head; none means `projection_dim / heads`, which must divide evenly.
    pub head_dim: Option<usize>,
}

/// A BERT encoder, named as in Hugging Face's `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BertConfig {
    /// Rows of the word table.
    pub vocab_size: usize,
    /// Width.
    pub hidden_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads in each layer.
    pub num_attention_heads: usize,
    /// Width of the feed-forward part.
    pub intermediate_size: usize,
    /// Rows of the position table.
    pub max_position_embeddings: usize,
    /// Rows of the segment table.
    pub type_vocab_size: usize,
    /// Added to the variance in layer norms.
    pub layer_norm_eps: f64,
    /// Dropout while training.
    pub dropout: f64,
    /// First layers whose weights are not trained. Paper: 9 of 12.
    pub frozen_layers: usize,
    /// Whether the word, position and segment tables are not trained either. The reference code
    /// trains them below its nine frozen layers; our default for a pre-trained encoder does not.
    #[serde(default)]
    pub freeze_embeddings: bool,
    /// Tokens read at most, special tokens counted. Paper: 256.
    pub max_tokens: usize,
    /// How the tokens of a text become one vector. Paper and reference code: the class token;
    /// sentence encoders such as MiniLM were trained with the mean.
    #[serde(default)]
    pub pooling: Pooling,
}

/// How the projected tokens of a text become one vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The first token, `[CLS]`.
    #[default]
    Cls,
    /// The mean over every token but padding, `[CLS]` and `[SEP]` among them.
    Mean,
}

/// The local alignment head: a 1x1 projection of encoder stages that cannot see far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalHeadConfig {
    /// Indices into the pyramid, fine to coarse: 2 is /4, 3 is /8, 4 is /16. The finest gives the
    /// grid of the map; coarser ones are brought to it.
    pub stages: Vec<usize>,
    /// How several maps become one.
    pub fusion: ScaleFusion,
    /// Maps of the decoder that the head reads too, fine to coarse, named as the pyramid's: 1 is
    /// /2, 4 is /16. They know the whole film.
    pub decoder: Vec<usize>,
}

impl LocalHeadConfig {
    /// A head on encoder stages alone.
    pub fn on(stages: &[usize]) -> Self {
        Self { stages: stages.to_vec(), ..Self::default() }
    }
}

/// How the maps of several scales become one embedding a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleFusion {
    /// Channels side by side, then one projection.
    #[default]
    Concat,
    /// A projection for each, and the sum of their unit vectors.
    Sum,
}

/// How attention becomes the decoder's target (section 3.2 of the paper).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PseudoMaskConfig {
    /// Take the mean over heads first (Eq. 2). Without, every head makes a mask of its own and the
    /// decoder has a channel for each: the paper's ablation (Table 5d).
    pub aggregate: bool,
    /// How the small attention map is brought to the size of the image.
    pub upsample: UpsampleKind,
    /// How the body is told from the background.
    pub body: BodyRule,
    /// Where the attention is cut.
    pub threshold: ThresholdKind,
    /// The quantile, when that is the threshold. Paper: 0.85.
    pub quantile: f64,
    /// How the square edges are softened.
    pub smoothing: SmoothingKind,
    /// Spatial sigma in pixels; none means side / 64.
    pub sigma_space: Option<f64>,
    /// Range sigma, for masks of 0 and 1. Below about 0.7 the filter does nothing to such masks.
    pub sigma_range: f64,
    /// Cut the smoothed mask at 0.5 again.
    pub rebinarise: bool,
}

impl Default for PseudoMaskConfig {
    fn default() -> Self {
        Self {
            aggregate: true,
            upsample: UpsampleKind::Bilinear,
            body: BodyRule::Auto,
            threshold: ThresholdKind::Quantile,
            quantile: 0.85,
            smoothing: SmoothingKind::Bilateral,
            sigma_space: None,
            sigma_range: 1.0,
            rebinarise: false,
        }
    }
}

/// How the small attention map is brought to the size of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpsampleKind {
    /// Blocks, as the reference code.
    Nearest,
    /// Bilinear with half-pixel centres.
    Bilinear,
}

/// How the body is told from the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyRule {
    /// The whole image counts (ablation).
    None,
    /// Otsu's threshold.
    Otsu,
    /// A fixed cut at 10 of 255.
    Fixed,
    /// The triangle rule.
    Triangle,
    /// The fixed cut when at least 2% of the pixels are black and touch the border, else Otsu.
    Auto,
}

/// Where the attention is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdKind {
    /// A quantile of the scores inside the body, linear interpolation as numpy.
    Quantile,
    /// Their median.
    Median,
    /// Their mean.
    Mean,
    /// The crossing of a two-component Gaussian mixture.
    Gmm,
}

/// How the square edges are softened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmoothingKind {
    /// Not at all.
    None,
    /// Bilateral filter on the mask.
    Bilateral,
    /// Gaussian blur.
    Gaussian,
}

/// How a sentence's map becomes a mask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroundingConfig {
    /// Which dense embedding is compared with the sentence.
    pub source: MapSource,
    /// Where the source's maps are moved, right and down, as shares of the side; calibrated on
    /// validation cases. A contrast does not care where in its receptive field a place finds its
    /// evidence, and strided convolutions look up and left of their cell, so maps drift as one.
    pub shift: [f32; 2],
    /// Standard deviation of the Gaussian that smooths the source's maps, as a share of the side;
    /// calibrated on validation cases. Single cells of a fine grid are noisy.
    pub smooth: f32,
    /// How the level is meant.
    pub rule: MaskRule,
    /// The level above which a pixel belongs to the mask; calibrated on validation cases.
    pub level: f32,
    /// Best cosine below which the sentence is said to point nowhere.
    pub min_score: f32,
    /// Parts smaller than this share of the image are dropped.
    pub min_region_fraction: f64,
    /// Parts listed at most, largest first.
    pub max_regions: usize,
}

impl Default for GroundingConfig {
    fn default() -> Self {
        Self {
            source: MapSource::Value,
            shift: [0.0; 2],
            smooth: 0.0,
            rule: MaskRule::Peak,
            level: 0.6,
            min_score: 0.0,
            min_region_fraction: 0.001,
            max_regions: 8,
        }
    }
}

/// Which dense embedding is compared with the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapSource {
    /// The local alignment head (when the model has one).
    Local,
    /// Each place through the pool's value and output projections (MaskCLIP's way).
    Value,
    /// The projected patch itself, as the reference code returns it.
    Proj,
    /// The attention map; the same for every sentence.
    Attention,
}

impl MapSource {
    /// Every source, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Local, Self::Value, Self::Proj, Self::Attention];

    /// The name in configurations and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Value => "value",
            Self::Proj => "proj",
            Self::Attention => "attention",
        }
    }
}

/// How the level of a mask is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskRule {
    /// A cosine.
    Absolute,
    /// A share of the way from the map's median to its peak.
    Peak,
}
