//! The whole model.

use burn::{
    module::Module,
    nn::conv::{Conv2d, Conv2dConfig},
    nn::{Initializer, PaddingConfig2d},
    tensor::{Device, Int, Tensor},
};

use super::unet::double;
use super::{
    AttentionPool, Bert, Projector, ResNet, TextHidden, TextProjector, UnetDecoder, l2_normalise,
};
use crate::{
    config::{G2dConfig, LocalHeadConfig, MapSource, ScaleFusion},
    error::Result,
};

/// Both encoders, the decoder, the pool and the projectors.
#[derive(Module, Debug)]
pub struct G2d {
    /// F_e.
    pub image_encoder: ResNet,
    /// F_d.
    pub decoder: UnetDecoder,
    /// 3x3 convolution to one logit, or to one for each head where heads are not aggregated.
    pub segmentation_head: Conv2d,
    /// P_v, on the /32 map.
    pub image_projector: Projector,
    /// Pools the projected map; gives the attention.
    pub attention_pool: AttentionPool,
    /// F_l.
    pub text_encoder: Bert,
    /// P_l.
    pub text_projector: TextProjector,
    /// Ties sentences to places; only where the configuration asks for it.
    pub local_head: Option<Projector>,
    /// Heads of the coarser maps, where each has its own.
    pub local_coarse: Vec<Projector>,
    local_stages: Vec<usize>,
    local_decoder: Vec<usize>,
}

/// What one pass over a batch of images gives.
#[derive(Debug, Clone)]
pub struct ImageFeatures {
    /// The input and the maps /2 … /32.
    pub pyramid: [Tensor<4>; 6],
    /// The /32 map in the joint width, `[batch, d, h, w]`.
    pub projected: Tensor<4>,
    /// The image embedding before normalisation, `[batch, d]`.
    pub pooled: Tensor<2>,
    /// Where the pool looked, `[batch, heads, h, w]`.
    pub attention: Tensor<4>,
}

impl G2d {
    /// A model with fresh weights.
    ///
    /// # Errors
    /// When the configuration cannot run; see [`G2dConfig::validate`].
    pub fn new(config: &G2dConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let channels = config.encoder.channels();
        let d = config.projection_dim;
        let head = Conv2dConfig::new([config.decoder_channels[4], config.decoder_maps()], [3, 3])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            // smp's heads start small; a logit near zero is the honest beginning.
            .with_initializer(Initializer::XavierUniform { gain: 1.0 })
            .init(device);
        let local = config.local.clone().unwrap_or_default();
        let widths = local_widths(&local, &channels, &config.decoder_channels);
        Ok(Self {
            image_encoder: ResNet::new(&config.encoder, device)?,
            decoder: UnetDecoder::new(channels, config.decoder_channels, device),
            segmentation_head: head,
            image_projector: Projector::new(channels[5], d, device),
            attention_pool: AttentionPool::new(
                d,
                config.attention.heads,
                config.head_dim()?,
                config.grid(),
                device,
            ),
            text_encoder: Bert::new(&config.text, device),
            text_projector: TextProjector::new(
                config.text.hidden_size,
                d,
                config.text.pooling,
                device,
            ),
            local_head: (!widths.is_empty()).then(|| Projector::new(widths[0], d, device)),
            local_coarse: widths.iter().skip(1).map(|&w| Projector::new(w, d, device)).collect(),
            local_stages: local.stages,
            local_decoder: local.decoder,
        })
    }

    /// One pass over a batch of images.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, size, size]`, normalised, `size` a multiple of 32
    pub fn encode_image(&self, images: Tensor<4>) -> ImageFeatures {
        let pyramid = self.image_encoder.forward(images);
        let projected = self.image_projector.forward(pyramid[5].clone());
        let (pooled, attention) = self.attention_pool.forward(projected.clone());
        ImageFeatures { pyramid, projected, pooled, attention }
    }

    /// The decoder's logits.
    ///
    /// # Shapes
    /// - output: `[batch, maps, size, size]`, see [`G2dConfig::decoder_maps`]
    pub fn decode(&self, features: &ImageFeatures) -> Tensor<4> {
        self.segmentation_head.forward(self.decoder.forward(&features.pyramid))
    }

    /// Embeddings of texts, not normalised.
    ///
    /// `masked_norm` keeps padding out of the projector's statistics while training.
    ///
    /// # Shapes
    /// - `ids`, `mask`: `[batch, tokens]`; output: `[batch, d]`
    pub fn encode_text(
        &self,
        ids: Tensor<2, Int>,
        mask: Tensor<2>,
        masked_norm: bool,
    ) -> Tensor<2> {
        let hidden = self.text_encoder.forward(ids, mask.clone());
        let weights = masked_norm.then(|| mask.clone());
        self.text_projector.forward(TextHidden { hidden, mask, weights })
    }

    /// Embeddings of reports and of sentences in one go: the projector's statistics run over both.
    ///
    /// # Shapes
    /// - each pair as in [`Self::encode_text`], with the tokens (1, others 0) that the projector's
    ///   statistics run over; either all groups name them or none
    pub fn encode_texts(
        &self,
        groups: Vec<(Tensor<2, Int>, Tensor<2>, Option<Tensor<2>>)>,
    ) -> Vec<Tensor<2>> {
        let hidden = groups.into_iter().map(|(ids, mask, weights)| {
            let hidden = self.text_encoder.forward(ids, mask.clone());
            TextHidden { hidden, mask, weights }
        });
        self.project_texts(hidden.collect())
    }

    /// The second half of [`Self::encode_texts`], from hidden states that are known already.
    ///
    /// # Shapes
    /// - each group as in [`TextHidden`]
    pub fn project_texts(&self, groups: Vec<TextHidden>) -> Vec<Tensor<2>> {
        self.text_projector.forward_many(groups)
    }

    /// An embedding at every place, to be compared with texts; none for a source that has no
    /// embeddings (`attention`) or that this model lacks (`local`).
    ///
    /// # Shapes
    /// - output: `[batch, d, h, w]`, each place of length 1
    pub fn dense(&self, features: &ImageFeatures, source: MapSource) -> Option<Tensor<4>> {
        let dense = match source {
            MapSource::Local => self.local(features)?,
            MapSource::Value => self.attention_pool.values(features.projected.clone()),
            MapSource::Proj => features.projected.clone(),
            MapSource::Attention => return None,
        };
        Some(l2_normalise(dense, 1))
    }

    /// The local head's embedding at every place of its finest map.
    fn local(&self, features: &ImageFeatures) -> Option<Tensor<4>> {
        let head = self.local_head.as_ref()?;
        if self.local_coarse.is_empty() {
            return Some(head.forward(self.local_input(features)));
        }
        let maps = self.local_maps(features);
        let (finest, first) = maps.first()?;
        let mut sum = l2_normalise(head.forward(first.clone()), 1);
        for (head, (stage, map)) in self.local_coarse.iter().zip(&maps[1..]) {
            let dense = l2_normalise(head.forward(map.clone()), 1);
            sum = sum + (*finest..*stage).fold(dense, |map, _| double(map));
        }
        Some(sum)
    }

    /// The maps that the local head reads, with their stages, the finest first.
    fn local_maps(&self, features: &ImageFeatures) -> Vec<(usize, Tensor<4>)> {
        let mut maps: Vec<(usize, Tensor<4>)> =
            self.local_stages.iter().map(|&s| (s, features.pyramid[s].clone())).collect();
        if let Some(finest) = self.local_decoder.first() {
            let levels = self.decoder.levels(&features.pyramid, 5 - finest);
            maps.extend(self.local_decoder.iter().map(|&s| (s, levels[4 - s].clone())));
        }
        maps.sort_by_key(|(stage, _)| *stage);
        maps
    }

    /// The maps that the local head reads, side by side on the grid of the finest.
    ///
    /// # Shapes
    /// - output: `[batch, sum of the maps' channels, h, w]`
    pub fn local_input(&self, features: &ImageFeatures) -> Tensor<4> {
        let maps = self.local_maps(features);
        let finest = maps.first().map_or(0, |(stage, _)| *stage);
        let maps =
            maps.into_iter().map(|(stage, map)| (finest..stage).fold(map, |map, _| double(map)));
        Tensor::cat(maps.collect(), 1)
    }

    /// The dense embedding's cosine with each sentence, for one image.
    ///
    /// # Shapes
    /// - `dense`: `[1, d, h, w]` of unit vectors; `sentences`: `[n, d]`, any length
    /// - output: `[n, h * w]` in [-1, 1]
    pub fn similarity(dense: Tensor<4>, sentences: Tensor<2>) -> Tensor<2> {
        let [_, d, h, w] = dense.dims();
        l2_normalise(sentences, 1).matmul(dense.reshape([d, h * w]))
    }
}

/// Channels that each of the local head's projections reads, that of the finest map first; empty
/// without a head.
fn local_widths(local: &LocalHeadConfig, encoder: &[usize; 6], decoder: &[usize; 5]) -> Vec<usize> {
    let own = local.stages.iter().map(|&stage| (stage, encoder[stage]));
    let mut maps: Vec<(usize, usize)> =
        own.chain(local.decoder.iter().map(|&stage| (stage, decoder[4 - stage]))).collect();
    maps.sort_by_key(|(stage, _)| *stage);
    let widths: Vec<usize> = maps.into_iter().map(|(_, width)| width).collect();
    match local.fusion {
        ScaleFusion::Concat if !widths.is_empty() => vec![widths.iter().sum()],
        _ => widths,
    }
}
