//! The losses of one step.

use burn::tensor::{Device, Int, Tensor, TensorData};
use g2d_core::{
    config::{G2dConfig, MapSource},
    loss::{contrastive, local_alignment, pixel_alignment, reconstruction},
    model::{G2d, ImageFeatures},
    pseudo_mask::{Attention, pseudo_mask_with_body},
    raster::Raster,
    session::token_tensors,
};
use rayon::prelude::*;

use crate::{
    config::{DecoderTask, LossConfig},
    data::batch::Batch,
};

/// The losses of one step, each of shape `[1]`.
pub struct Losses {
    /// The weighted sum, which is minimised.
    pub total: Tensor<1>,
    /// Each part with its name in `metrics.jsonl`.
    pub parts: Vec<(&'static str, Tensor<1>)>,
}

/// Runs both encoders once and takes every loss from that pass.
pub fn forward(
    model: &G2d,
    batch: &Batch,
    config: &G2dConfig,
    loss: &LossConfig,
    step: usize,
    device: &Device,
) -> Losses {
    let side = config.image.input_size;
    let images = TensorData::new(batch.images.clone(), [batch.size, 3, side, side]);
    let features = model.encode_image(Tensor::from_data(images, device));

    let mut groups = vec![token_tensors(&batch.reports, device)];
    if let Some(sentences) = batch.sentences.as_ref().filter(|_| loss.local > 0.0) {
        groups.push(token_tensors(sentences, device));
    }
    let mut texts = model.encode_texts(groups, loss.masked_text_norm).into_iter();
    let mut parts: Vec<(&'static str, Tensor<1>)> = Vec::new();
    let mut total = Tensor::<1>::zeros([1], device);
    let mut add = |name, weight: f64, value: Tensor<1>| {
        parts.push((name, value.clone()));
        total = total.clone() + value.mul_scalar(weight);
    };

    if let Some(reports) = texts.next() {
        let rows: Vec<i32> = batch.report_of.iter().map(|&r| r as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [batch.size]), device);
        let groups = loss.mask_duplicates.then_some(batch.report_of.as_slice());
        let value = contrastive(
            features.pooled.clone(),
            reports.select(0, rows),
            config.temperature,
            groups,
        );
        add("alignment", loss.alignment, value);
    }
    if let (Some(sentences), Some(dense)) = (texts.next(), model.dense(&features, MapSource::Local))
    {
        add(
            "local",
            loss.local,
            local_alignment(dense, sentences, &batch.pairs, config.temperature),
        );
    }
    if step >= loss.pixel_warmup_steps {
        match loss.decoder_task {
            DecoderTask::None => {}
            DecoderTask::Reconstruction => {
                let target = rasters(batch.grey.iter(), side, device);
                let value = reconstruction(model.decode(&features), target);
                add("reconstruction", loss.pixel, value);
            }
            DecoderTask::PseudoMask => {
                let target = pseudo_targets(&features, batch, config, device);
                let value = pixel_alignment(model.decode(&features), target);
                let (dice, bce) = (value.dice.clone(), value.bce.clone());
                add("pixel", loss.pixel, value.total());
                parts.push(("dice", dice));
                parts.push(("bce", bce));
            }
        }
    }
    Losses { total, parts }
}

/// The pseudo masks of a batch, built from this very pass; no gradient flows through them.
fn pseudo_targets(
    features: &ImageFeatures,
    batch: &Batch,
    config: &G2dConfig,
    device: &Device,
) -> Tensor<4> {
    let [_, heads, side_h, side_w] = features.attention.dims();
    let values: Vec<f32> = features.attention.clone().detach().into_data().iter::<f32>().collect();
    let targets: Vec<Raster> = values
        .par_chunks_exact(heads * side_h * side_w)
        .zip(&batch.bodies)
        .map(|(data, body)| {
            let attention = Attention { heads, side_h, side_w, data };
            pseudo_mask_with_body(&attention, body, &config.pseudo_mask).target
        })
        .collect();
    rasters(targets.iter(), config.image.input_size, device)
}

fn rasters<'a>(
    pictures: impl ExactSizeIterator<Item = &'a Raster>,
    side: usize,
    device: &Device,
) -> Tensor<4> {
    let count = pictures.len();
    let data: Vec<f32> = pictures.flat_map(|p| p.data.iter().copied()).collect();
    Tensor::from_data(TensorData::new(data, [count, 1, side, side]), device)
}
