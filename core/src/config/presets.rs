//! The presets, and whether a configuration can run.

use super::{
    AttentionConfig, BertConfig, G2dConfig, GroundingConfig, ImageConfig, LocalHeadConfig,
    MapSource, Pooling, PseudoMaskConfig, ResNetConfig, ResizeKind,
};
use crate::error::{Error, Result};

/// Largest side of an image, pixels, and most layers of a text encoder: a damaged or hostile
/// configuration must not exhaust the memory.
const MAX_SIDE: usize = 4096;
const MAX_LAYERS: usize = 64;

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
                freeze_embeddings: false,
                max_tokens: 256,
                pooling: Pooling::Cls,
            },
            local: Some(LocalHeadConfig::on(&[3])),
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
            local: Some(LocalHeadConfig::on(&[2])),
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

    /// Channels of the decoder's output: one pseudo mask, or one for each head.
    pub fn decoder_maps(&self) -> usize {
        if self.pseudo_mask.aggregate { 1 } else { self.attention.heads }
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
        let text = &self.text;
        if size > MAX_SIDE || self.image.resize_to > MAX_SIDE || text.num_hidden_layers > MAX_LAYERS
        {
            return fail(
                "The images or the text encoder are larger than any model of this kind".into(),
                "Use sides of at most 4096 pixels and at most 64 layers",
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
            let rising = |maps: &[usize], last| {
                maps.iter().all(|map| (1..=last).contains(map)) && maps.is_sorted_by(|a, b| a < b)
            };
            let empty = local.stages.is_empty() && local.decoder.is_empty();
            if empty || !rising(&local.stages, 5) || !rising(&local.decoder, 4) {
                return fail(
                    format!("local reads the stages {:?} and {:?}", local.stages, local.decoder),
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
