//! Every choice that shapes a model or its reading of an image, in plain serde structures.
//!
//! The numbers of the `base` preset are the paper's (section 4.1 and table 5); where the paper and
//! its published code disagree the field's comment says which one is followed.

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
    /// Tokens read at most, special tokens counted. Paper: 256.
    pub max_tokens: usize,
}

/// The local alignment head: a 1x1 projection of encoder stages that cannot see far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalHeadConfig {
    /// Indices into the pyramid, fine to coarse: 2 is /4, 3 is /8, 4 is /16. The finest gives the
    /// grid of the map; coarser ones are brought to it and their channels put beside its own.
    pub stages: Vec<usize>,
}

/// How attention becomes the decoder's target (section 3.2 of the paper).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PseudoMaskConfig {
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

impl G2dConfig {
    /// The paper's model: ResNet-50, Bio_ClinicalBERT's shape, 224 px.
    pub fn base() -> Self {
        Self {
            preset: "base".into(),
            image: ImageConfig::default(),
            encoder: ResNetConfig { depth: 50, width: 64 },
            decoder_channels: [256, 128, 64, 32, 16],
            projection_dim: 128,
            attention: AttentionConfig { heads: 4, head_dim: None },
            text: BertConfig {
                vocab_size: 28_996,
                hidden_size: 768,
                num_hidden_layers: 12,
                num_attention_heads: 12,
                intermediate_size: 3072,
                max_position_embeddings: 512,
                type_vocab_size: 2,
                layer_norm_eps: 1e-12,
                dropout: 0.1,
                frozen_layers: 9,
                max_tokens: 256,
            },
            local: Some(LocalHeadConfig { stages: vec![3] }),
            temperature: 0.07,
            pseudo_mask: PseudoMaskConfig::default(),
            grounding: GroundingConfig { source: MapSource::Local, ..GroundingConfig::default() },
        }
    }

    /// ResNet-18 and four BERT layers at 224 px: for one GPU, or a patient CPU.
    pub fn small() -> Self {
        let base = Self::base();
        Self {
            preset: "small".into(),
            encoder: ResNetConfig { depth: 18, width: 64 },
            decoder_channels: [128, 64, 32, 16, 16],
            text: BertConfig {
                vocab_size: 0,
                hidden_size: 256,
                num_hidden_layers: 4,
                num_attention_heads: 4,
                intermediate_size: 1024,
                frozen_layers: 0,
                ..base.text.clone()
            },
            ..base
        }
    }

    /// Half-width ResNet-18 and two BERT layers at 128 px: trains on a laptop's CPU in minutes and
    /// runs in any browser. The whole film is squared by padding and nothing is cropped.
    pub fn tiny() -> Self {
        let small = Self::small();
        Self {
            preset: "tiny".into(),
            image: ImageConfig {
                resize: ResizeKind::Pad,
                resize_to: 128,
                input_size: 128,
                ..ImageConfig::default()
            },
            encoder: ResNetConfig { depth: 18, width: 32 },
            decoder_channels: [64, 32, 16, 16, 8],
            text: BertConfig {
                hidden_size: 128,
                num_hidden_layers: 2,
                num_attention_heads: 4,
                intermediate_size: 512,
                max_position_embeddings: 256,
                ..small.text.clone()
            },
            // At this size /8 sees most of the film from any place, and its best place drifts off
            // the finding; /4 points closer.
            local: Some(LocalHeadConfig { stages: vec![2] }),
            ..small
        }
    }

    /// A preset by name.
    ///
    /// # Errors
    /// For a name that is not `base`, `small` or `tiny`.
    pub fn preset(name: &str) -> Result<Self> {
        match name {
            "base" => Ok(Self::base()),
            "small" => Ok(Self::small()),
            "tiny" => Ok(Self::tiny()),
            other => Err(Error::config(
                "G2D-C02",
                format!("There is no preset {other:?}"),
                "Use base, small or tiny",
            )),
        }
    }

    /// Width of one attention head of the pool.
    ///
    /// # Errors
    /// When no width was given and the joint space does not divide by the heads.
    pub fn head_dim(&self) -> Result<usize> {
        let heads = self.attention.heads;
        match self.attention.head_dim {
            Some(width) if width > 0 => Ok(width),
            None if heads > 0 && self.projection_dim.is_multiple_of(heads) => {
                Ok(self.projection_dim / heads)
            }
            _ => Err(Error::config(
                "G2D-C03",
                format!("{heads} heads do not divide a width of {}", self.projection_dim),
                "Set attention.head_dim, for example 43, or another number of heads",
            )),
        }
    }

    /// Side of the /32 map.
    pub fn grid(&self) -> usize {
        self.image.input_size / 32
    }

    /// Checks that the parts fit each other.
    ///
    /// # Errors
    /// Names the first field that cannot run and what it may be.
    pub fn validate(&self) -> Result<()> {
        let fail = |what: String, remedy: &str| Err(Error::config("G2D-C04", what, remedy));
        self.encoder.blocks()?;
        self.head_dim()?;
        let size = self.image.input_size;
        if size == 0 || !size.is_multiple_of(32) {
            return fail(
                format!("image.input_size is {size}"),
                "Use a multiple of 32: five halvings must come out even",
            );
        }
        if self.image.resize_to < size {
            return fail(
                format!("image.resize_to is {}, below image.input_size", self.image.resize_to),
                "The crop must fit in the resized film",
            );
        }
        if self.encoder.width == 0 || self.decoder_channels.contains(&0) {
            return fail("A width is zero".into(), "Use at least one channel");
        }
        let text = &self.text;
        if text.num_attention_heads == 0
            || !text.hidden_size.is_multiple_of(text.num_attention_heads)
        {
            return fail(
                format!(
                    "text.hidden_size {} does not divide by {} heads",
                    text.hidden_size, text.num_attention_heads
                ),
                "Choose a multiple",
            );
        }
        if text.vocab_size == 0 {
            return fail("text.vocab_size is 0".into(), "Set it to the tokenizer's size");
        }
        if text.max_tokens > text.max_position_embeddings || text.max_tokens < 3 {
            return fail(
                format!("text.max_tokens is {}", text.max_tokens),
                "Use at least 3 and at most text.max_position_embeddings",
            );
        }
        if text.frozen_layers > text.num_hidden_layers {
            return fail(
                format!("text.frozen_layers is {}", text.frozen_layers),
                "There are not that many layers",
            );
        }
        if let Some(local) = &self.local {
            let known = local.stages.iter().all(|stage| (1..=5).contains(stage));
            if !known || local.stages.is_empty() || !local.stages.is_sorted_by(|a, b| a < b) {
                return fail(
                    format!("local.stages is {:?}", local.stages),
                    "Use one or more of 2 for /4, 3 for /8, 4 for /16, fine to coarse",
                );
            }
        }
        if self.local.is_none() && self.grounding.source == MapSource::Local {
            return fail(
                "grounding.source is local, but the model has no local head".into(),
                "Use value, or give the model a local head",
            );
        }
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return fail("temperature is not positive".into(), "The paper's is 0.07");
        }
        if !(0.0..1.0).contains(&self.pseudo_mask.quantile) {
            return fail("pseudo_mask.quantile is outside [0, 1)".into(), "The paper's is 0.85");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_validate_once_they_have_a_vocabulary() {
        for name in ["base", "small", "tiny"] {
            let mut config = G2dConfig::preset(name).unwrap();
            config.text.vocab_size = config.text.vocab_size.max(100);
            config.validate().unwrap();
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<G2dConfig>(&text).unwrap(), config);
        }
        assert_eq!(G2dConfig::base().encoder.channels(), [3, 64, 256, 512, 1024, 2048]);
    }

    #[test]
    fn three_heads_need_their_own_width() {
        let mut config = G2dConfig::base();
        config.attention.heads = 3;
        assert_eq!(config.head_dim().unwrap_err().code(), "G2D-C03");
        config.attention.head_dim = Some(43);
        assert_eq!(config.head_dim().unwrap(), 43);
    }

    #[test]
    fn nonsense_is_named() {
        let mut config = G2dConfig::base();
        config.image.input_size = 100;
        assert!(config.validate().unwrap_err().to_string().contains("multiple of 32"));
    }
}
