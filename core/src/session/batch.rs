//! Many images and texts at once: vectors and maps without the pseudo mask and the decoder.
//!
//! A map made here is the one that [`Session::maps`] makes; only the way there is shorter.

use burn::tensor::{Tensor, TensorData};

use super::{Session, read, token_tensors};
use crate::{
    config::{ImageConfig, MapSource},
    error::{Error, Result},
    grounding,
    image::{Film, Geometry, normalise},
    model::{G2d, ImageFeatures},
    pseudo_mask::{self, body::body_mask},
    raster::{Mask, Raster},
};

/// Texts that go through the text encoder together; longer lists are cut into such pieces, so that
/// memory does not grow with them.
const TEXTS_AT_ONCE: usize = 32;

/// A film as the network sees it.
#[derive(Debug, Clone)]
pub struct PreparedImage {
    /// From original pixels to the network's and back.
    pub geometry: Geometry,
    /// In [0, 1], input-sized.
    pub input: Raster,
}

/// Embeddings at every place of a batch of images.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMaps {
    /// `[d, h, w]` of one image: width of the joint space (heads for `attention`), rows, columns.
    pub shape: [usize; 3],
    /// One `d * h * w` block an image, row-major.
    pub images: Vec<Vec<f32>>,
}

fn prepare(levels: &Raster, config: &ImageConfig) -> Result<PreparedImage> {
    let geometry = Geometry::plan(levels, config)?;
    Ok(PreparedImage { input: geometry.apply(levels), geometry })
}

impl Session {
    /// Brings a film to the network's size.
    ///
    /// # Errors
    /// When the film has no pixels or the configuration cannot run.
    pub fn prepare(&self, film: &Film) -> Result<PreparedImage> {
        prepare(&film.levels(), &self.config.image)
    }

    /// The same for a film whose empty borders were cut before, as those of a pack were: what it
    /// was filled up with to be square would be cut off otherwise.
    ///
    /// # Errors
    /// When the film has no pixels or the configuration cannot run.
    pub fn prepare_cropped(&self, film: &Raster) -> Result<PreparedImage> {
        prepare(film, &ImageConfig { crop_tolerance: None, ..self.config.image.clone() })
    }

    /// Where the body is on a prepared image, by the model's own rule.
    pub fn body(&self, input: &Raster) -> Mask {
        body_mask(input, self.config.pseudo_mask.body)
    }

    /// One pass of the image encoder over prepared images, at least one.
    pub fn encode_inputs(&self, inputs: &[&Raster]) -> ImageFeatures {
        let size = self.config.image.input_size;
        let values = inputs.iter().flat_map(|input| normalise(input, &self.config.image));
        let shape = [inputs.len(), 3, size, size];
        let images = TensorData::new(values.collect::<Vec<f32>>(), shape);
        self.model.encode_image(Tensor::from_data(images, &self.device))
    }

    /// The vector of each image, not normalised.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn image_vectors(&self, features: &ImageFeatures) -> Result<Vec<Vec<f32>>> {
        let width = features.pooled.dims()[1];
        Ok(rows(&read(features.pooled.clone()).await?, width))
    }

    /// The vector of each text, not normalised.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn text_vectors(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TEXTS_AT_ONCE) {
            let tokens = self.tokenizer.encode_batch(texts, self.config.text.max_tokens)?;
            let (ids, mask) = token_tensors(&tokens, &self.device);
            let embeddings = self.model.encode_text(ids, mask, true);
            let width = embeddings.dims()[1];
            vectors.extend(rows(&read(embeddings).await?, width));
        }
        Ok(vectors)
    }

    /// The unit vector at every place of each image, or the attention of each head.
    ///
    /// # Errors
    /// When this model does not have the source, or the device fails.
    pub async fn dense_maps(
        &self,
        features: &ImageFeatures,
        source: MapSource,
    ) -> Result<DenseMaps> {
        let dense = match source {
            MapSource::Attention => features.attention.clone(),
            source => self.dense(features, source)?,
        };
        let [_, d, h, w] = dense.dims();
        Ok(DenseMaps { shape: [d, h, w], images: rows(&read(dense).await?, d * h * w) })
    }

    /// The input-sized maps of each image's own sentences, given as vectors of any length, as
    /// [`Self::maps`] gives them. `bodies` holds [`Self::body`] of each image.
    ///
    /// # Errors
    /// When this model does not have the source, or the device fails.
    pub async fn maps_of_vectors(
        &self,
        features: &ImageFeatures,
        bodies: &[Mask],
        sentences: &[Vec<&[f32]>],
        source: MapSource,
    ) -> Result<Vec<Vec<Raster>>> {
        let dense = match source {
            MapSource::Attention => features.attention.clone().mean_dim(1),
            source => self.dense(features, source)?,
        };
        let [_, _, h, w] = dense.dims();
        let mut all = Vec::with_capacity(sentences.len());
        for (image, (sentences, body)) in sentences.iter().zip(bodies).enumerate() {
            if sentences.is_empty() {
                all.push(Vec::new());
                continue;
            }
            let dense = dense.clone().narrow(0, image, 1);
            let values = if source == MapSource::Attention {
                read(dense).await?.repeat(sentences.len())
            } else {
                let shape = [sentences.len(), sentences[0].len()];
                let vectors = TensorData::new(sentences.concat(), shape);
                let vectors = Tensor::from_data(vectors, &self.device);
                read(G2d::similarity(dense, vectors)).await?
            };
            let maps = values.chunks_exact(h * w);
            let maps = maps.map(|map| self.full_map(map.to_vec(), [h, w], source, body));
            all.push(maps.collect::<Result<_>>()?);
        }
        Ok(all)
    }

    /// Unit vectors at every place; refuses a source that this model does not have.
    pub(super) fn dense(&self, features: &ImageFeatures, source: MapSource) -> Result<Tensor<4>> {
        self.model.dense(features, source).ok_or_else(|| {
            Error::config(
                "G2D-C10",
                format!("This model has no {} map", source.name()),
                "Use value, proj or attention",
            )
        })
    }

    /// The maps of texts of one image as they leave the network, input-sized: neither smoothed nor
    /// moved nor lowered outside the body. What [`Self::maps`] gives is [`grounding::finished`] of
    /// these for the model's own source.
    ///
    /// # Errors
    /// When this model does not have the source, or the device fails.
    pub async fn plain_maps(
        &self,
        features: &ImageFeatures,
        texts: &[&str],
        source: MapSource,
    ) -> Result<Vec<Raster>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let dense = match source {
            MapSource::Attention => features.attention.clone().mean_dim(1),
            source => self.dense(features, source)?,
        };
        let [_, _, h, w] = dense.dims();
        let values = if source == MapSource::Attention {
            read(dense).await?.repeat(texts.len())
        } else {
            let tokens = self.tokenizer.encode_batch(texts, self.config.text.max_tokens)?;
            let (ids, mask) = token_tensors(&tokens, &self.device);
            read(G2d::similarity(dense, self.model.encode_text(ids, mask, true))).await?
        };
        values.chunks_exact(h * w).map(|map| self.upsampled(map.to_vec(), [h, w])).collect()
    }

    /// A small map at the network's size.
    fn upsampled(&self, values: Vec<f32>, [h, w]: [usize; 2]) -> Result<Raster> {
        let size = self.config.image.input_size;
        let map = Raster::from_vec(w, h, values)?;
        Ok(pseudo_mask::upsample(&map, size, size, crate::config::UpsampleKind::Bilinear))
    }

    /// A small map at the network's size: upsampled, smoothed and moved as calibrated where it is
    /// the model's own source, and lowered to its minimum outside the body.
    pub(super) fn full_map(
        &self,
        values: Vec<f32>,
        shape: [usize; 2],
        source: MapSource,
        body: &Mask,
    ) -> Result<Raster> {
        let map = self.upsampled(values, shape)?;
        Ok(if source == self.config.grounding.source {
            grounding::finished(&map, &self.config.grounding, body)
        } else {
            grounding::within(map, body)
        })
    }
}

fn rows(values: &[f32], width: usize) -> Vec<Vec<f32>> {
    values.chunks_exact(width.max(1)).map(<[f32]>::to_vec).collect()
}
