//! The losses over the whole batch, wherever its parts were computed.

use burn::tensor::{Device, Int, Tensor, TensorData};
use g2d_core::{
    config::G2dConfig,
    loss::{contrastive, local_contrast},
};

use super::part::Embedded;
use crate::{config::LossConfig, data::batch::Batch};

/// The embeddings of all parts on one device, in the order of the batch.
#[derive(Clone)]
pub(super) struct Joint {
    pub(super) pooled: Tensor<2>,
    pub(super) reports: Option<Tensor<2>>,
    pub(super) dense: Option<Tensor<4>>,
    pub(super) sentences: Option<Tensor<2>>,
}

fn join<const D: usize>(
    parts: &[Embedded],
    device: &Device,
    of: impl Fn(&Embedded) -> Option<Tensor<D>>,
) -> Option<Tensor<D>> {
    let mut all: Vec<_> =
        parts.iter().filter_map(of).map(|tensor| tensor.to_device(device)).collect();
    match all.len() {
        0 => None,
        1 => all.pop(),
        _ => Some(Tensor::cat(all, 0)),
    }
}

impl Joint {
    pub(super) fn of(parts: &[Embedded], device: &Device) -> Option<Self> {
        Some(Self {
            pooled: join(parts, device, |p| Some(p.pooled.clone()))?,
            reports: join(parts, device, |p| p.reports.clone()),
            dense: join(parts, device, |p| p.dense.clone()),
            sentences: join(parts, device, |p| p.sentences.clone()),
        })
    }

    /// The contrasts, by name, with their weights.
    pub(super) fn losses(
        &self,
        batch: &Batch,
        config: &G2dConfig,
        loss: &LossConfig,
    ) -> Vec<(&'static str, f64, Tensor<1>)> {
        let mut losses = Vec::new();
        if let Some(reports) = &self.reports {
            let rows: Vec<i32> = batch.report_of.iter().map(|&r| r as i32).collect();
            let rows = TensorData::new(rows, [batch.size]);
            let rows = Tensor::<1, Int>::from_data(rows, &reports.device());
            let groups = loss.mask_duplicates.then_some(batch.report_of.as_slice());
            let reports = reports.clone().select(0, rows);
            let value = contrastive(
                self.pooled.clone(),
                reports,
                config.temperature,
                groups,
                loss.directions,
            );
            losses.push(("alignment", loss.alignment, value));
        }
        if let (Some(dense), Some(sentences)) = (&self.dense, &self.sentences) {
            let parts = local_contrast(
                dense.clone(),
                sentences.clone(),
                &batch.pairs,
                &loss.local_contrast,
                config.temperature,
            );
            losses.extend(parts.into_iter().map(|(name, w, value)| (name, w * loss.local, value)));
        }
        losses
    }

    /// The same values without what led to them, as new leaves.
    pub(super) fn leaves(&self) -> Self {
        Self {
            pooled: self.pooled.clone().detach().require_grad(),
            reports: self.reports.clone().map(|t| t.detach().require_grad()),
            dense: self.dense.clone().map(|t| t.detach().require_grad()),
            sentences: self.sentences.clone().map(|t| t.detach().require_grad()),
        }
    }

    /// Without what led to them.
    pub(super) fn detached(self) -> Self {
        Self {
            pooled: self.pooled.detach(),
            reports: self.reports.map(Tensor::detach),
            dense: self.dense.map(Tensor::detach),
            sentences: self.sentences.map(Tensor::detach),
        }
    }

    /// Several, one after the other.
    pub(super) fn cat(all: Vec<Self>) -> Option<Self> {
        fn cat<const D: usize>(parts: Vec<Option<Tensor<D>>>) -> Option<Tensor<D>> {
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            (!parts.is_empty()).then(|| Tensor::cat(parts, 0))
        }
        let (mut pooled, mut reports) = (Vec::new(), Vec::new());
        let (mut dense, mut sentences) = (Vec::new(), Vec::new());
        for one in all {
            pooled.push(Some(one.pooled));
            reports.push(one.reports);
            dense.push(one.dense);
            sentences.push(one.sentences);
        }
        Some(Self {
            pooled: cat(pooled)?,
            reports: cat(reports),
            dense: cat(dense),
            sentences: cat(sentences),
        })
    }
}
