//! A part of a batch: what one device sees in one pass.

use std::{ops::Range, sync::Arc};

use anyhow::Result;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use g2d_core::{
    config::{G2dConfig, MapSource},
    loss::{pixel_alignment, reconstruction},
    model::{G2d, TextHidden},
    session::token_tensors,
    text::TokenBatch,
};

use super::{frozen_text::FrozenText, replica::Turn, targets::pseudo_targets};
use crate::{
    config::{DecoderTask, LossConfig},
    data::batch::Batch,
};

/// Rows of a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextRows {
    pub(super) rows: Range<usize>,
    /// A part that has no text of its own runs one that is not its own, without letting it count:
    /// all parts must pass the same norms to exchange their statistics.
    pub(super) counts: bool,
}

/// Which images, reports and sentences of a batch belong to a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) images: Range<usize>,
    pub(super) reports: TextRows,
    pub(super) sentences: Option<TextRows>,
}

/// Neighbouring ranges that cover `total`, none more than one longer than another.
fn shares(total: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).map(move |i| i * total / count..(i + 1) * total / count)
}

fn text_shares(total: usize, count: usize) -> Vec<TextRows> {
    if total >= count {
        return shares(total, count).map(|rows| TextRows { rows, counts: true }).collect();
    }
    let own = |i| if i < total { i..i + 1 } else { 0..1 };
    (0..count).map(|i| TextRows { rows: own(i), counts: i < total }).collect()
}

/// Cuts a batch into parts of nearly the same size, in order.
pub(super) fn cut(batch: &Batch, count: usize) -> Vec<Part> {
    let mut reports = text_shares(batch.reports.ids.len(), count).into_iter();
    let mut sentences =
        batch.sentences.as_ref().map(|s| text_shares(s.ids.len(), count).into_iter());
    shares(batch.size, count)
        .filter_map(|images| {
            let sentences = sentences.as_mut().and_then(Iterator::next);
            Some(Part { images, reports: reports.next()?, sentences })
        })
        .collect()
}

/// What the losses over the whole batch need of a part, in f32 on the part's own device.
pub(super) struct Embedded {
    /// `[images, d]`.
    pub(super) pooled: Tensor<2>,
    /// `[images, d, h, w]` of unit vectors, where there is a local head and a sentence.
    pub(super) dense: Option<Tensor<4>>,
    /// `[reports, d]`; none where the part has no text of its own.
    pub(super) reports: Option<Tensor<2>>,
    /// `[sentences, d]`.
    pub(super) sentences: Option<Tensor<2>>,
    /// The decoder's losses over the part's images, by name.
    pub(super) pixel: Vec<(&'static str, Tensor<1>)>,
}

/// What a pass computes.
pub(super) struct Pass<'a> {
    pub(super) batch: &'a Batch,
    pub(super) config: &'a G2dConfig,
    pub(super) loss: &'a LossConfig,
    /// Number of the optimiser step; what is random in the targets follows from it.
    pub(super) step: usize,
    /// Whether the decoder runs.
    pub(super) pixel: bool,
    /// Number format inside the network.
    pub(super) dtype: FloatDType,
    /// What a text encoder that is not trained says of the texts.
    pub(super) frozen: Option<Arc<FrozenText>>,
    /// Whose turn it is to record operations.
    pub(super) turn: Arc<Turn>,
}

impl Pass<'_> {
    /// Whether the sentences are needed.
    fn local(&self) -> bool {
        self.loss.local > 0.0 && self.batch.sentences.is_some()
    }

    /// Runs both encoders, and the decoder where asked, once over a part.
    pub(super) fn run(&self, model: &G2d, part: &Part, device: &Device) -> Result<Embedded> {
        let f32 = |t: Tensor<2>| t.cast(FloatDType::F32);
        let features = model.encode_image(self.images(part, device));
        let mut texts = self.texts(model, part, device)?.into_iter();
        let reports = texts.next().filter(|_| part.reports.counts).map(f32);
        let sentences =
            texts.next().filter(|_| part.sentences.as_ref().is_some_and(|s| s.counts)).map(f32);
        let dense = self.local().then(|| model.dense(&features, MapSource::Local)).flatten();
        let mut pixel = Vec::new();
        if self.pixel {
            match self.loss.decoder_task {
                DecoderTask::None => {}
                DecoderTask::Reconstruction => {
                    let target = self.grey(part, device);
                    let output = model.decode(&features).cast(FloatDType::F32);
                    let value = reconstruction(output, target, self.loss.reconstruction);
                    pixel.push(("reconstruction", value));
                }
                DecoderTask::PseudoMask => {
                    let bodies = &self.batch.bodies[part.images.clone()];
                    let target = pseudo_targets(
                        features.attention.clone(),
                        bodies,
                        self.config,
                        self.loss.mask_control,
                        self.step,
                        device,
                        &self.turn,
                    )?;
                    let logits = model.decode(&features).cast(FloatDType::F32);
                    let value = pixel_alignment(logits, target, self.loss.dice_from);
                    pixel.push(("dice", value.dice));
                    pixel.push(("bce", value.bce));
                }
            }
        }
        Ok(Embedded {
            pooled: f32(features.pooled),
            dense: dense.map(|map| map.cast(FloatDType::F32)),
            reports,
            sentences,
            pixel,
        })
    }

    /// `[images, 1, side, side]` in [0, 1].
    fn grey(&self, part: &Part, device: &Device) -> Tensor<4> {
        let side = self.config.image.input_size;
        let pixels = side * side;
        let range = part.images.start * pixels..part.images.end * pixels;
        let data =
            TensorData::new(self.batch.grey[range].to_vec(), [part.images.len(), 1, side, side]);
        Tensor::from_data(data, device)
    }

    /// The three channels that the network reads: the same grey, each with its own mean and
    /// deviation. Made on the device, since a third of the bytes has to travel there.
    fn images(&self, part: &Part, device: &Device) -> Tensor<4> {
        let image = &self.config.image;
        let row = |values: [f32; 3]| Tensor::<1>::from_floats(values, device).reshape([1, 3, 1, 1]);
        let side = image.input_size;
        let grey = self.grey(part, device).expand([part.images.len(), 3, side, side]);
        ((grey - row(image.mean)) / row(image.std)).cast(self.dtype)
    }

    /// Vectors of the reports and, where they are needed, the sentences.
    fn texts(&self, model: &G2d, part: &Part, device: &Device) -> Result<Vec<Tensor<2>>> {
        let hidden = self.groups(part).into_iter().map(|(batch, weights)| {
            let (ids, mask) = token_tensors(&batch, device);
            let weights = weights.map(|weights| match weights {
                Counts::None => mask.zeros_like(),
                Counts::Read => mask.clone(),
                Counts::All => mask.ones_like(),
            });
            let hidden = match &self.frozen {
                Some(memory) => memory.states(model, &batch, device)?.cast(self.dtype),
                None => model.text_encoder.forward(ids, mask.clone()),
            };
            Ok(TextHidden { hidden, mask, weights })
        });
        Ok(model.project_texts(hidden.collect::<Result<_>>()?))
    }

    /// The reports and, where they are needed, the sentences, each with the tokens that count for
    /// the projector's statistics; none counts all, padding too.
    fn groups(&self, part: &Part) -> Vec<(TokenBatch, Option<Counts>)> {
        let mut groups = vec![(&self.batch.reports, &part.reports)];
        if let (Some(batch), Some(rows), true) =
            (&self.batch.sentences, &part.sentences, self.local())
        {
            groups.push((batch, rows));
        }
        // Either every group says which tokens count or none does.
        let weighted = self.loss.masked_text_norm || groups.iter().any(|(_, rows)| !rows.counts);
        groups
            .into_iter()
            .map(|(batch, rows)| {
                let counts = match (rows.counts, self.loss.masked_text_norm) {
                    (false, _) => Counts::None,
                    (true, true) => Counts::Read,
                    (true, false) => Counts::All,
                };
                (slice(batch, &rows.rows), weighted.then_some(counts))
            })
            .collect()
    }
}

/// Which tokens of a group count for the projector's statistics.
enum Counts {
    None,
    Read,
    All,
}

fn slice(batch: &TokenBatch, rows: &Range<usize>) -> TokenBatch {
    TokenBatch { ids: batch.ids[rows.clone()].to_vec(), mask: batch.mask[rows.clone()].to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_everything_once() {
        let ranges: Vec<_> = shares(10, 4).collect();
        assert_eq!(ranges, [0..2, 2..5, 5..7, 7..10]);
        let texts = text_shares(2, 4);
        let counting: Vec<_> = texts.iter().filter(|t| t.counts).map(|t| t.rows.clone()).collect();
        assert_eq!(counting, [0..1, 1..2]);
        assert_eq!(texts.len(), 4, "a part without a text of its own runs one all the same");
    }
}
