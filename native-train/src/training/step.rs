//! One optimiser step's losses and gradients, on one device or several, in one pass or two.
//!
//! Several devices each take a share of the batch at the same time; their embeddings meet on the
//! first device, where the contrasts run over the whole batch. A device whose memory is too small
//! for its share cuts it into parts: a first pass keeps the embeddings only, the contrasts give
//! the gradients of those, and a second pass brings them into the network part by part (Gao and
//! others, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021).

use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, anyhow};
use burn::{
    optim::{GradientsAccumulator, GradientsParams},
    tensor::{Device, FloatDType, Tensor},
};
use g2d_core::{
    config::G2dConfig,
    model::{G2d, NormMode, with_norm_mode},
};

use super::{
    frozen_text::FrozenText,
    joint::Joint,
    part::{Embedded, Part, Pass, cut},
    replica::{Turn, exchanges, replica},
};
use crate::{
    config::{DecoderTask, LossConfig, Precision, TrainConfig},
    data::batch::{Batch, mix},
};

/// Where and how steps are computed.
#[derive(Debug, Clone)]
pub struct Engine {
    devices: Vec<Device>,
    dtype: FloatDType,
    sync_norm: bool,
    accumulate: usize,
    /// Filled when the first step shows the text encoder.
    frozen: Arc<OnceLock<Option<Arc<FrozenText>>>>,
}

/// What a step came to.
pub struct Stepped {
    /// Gradients of the model's own parameters.
    pub grads: GradientsParams,
    /// The losses, the weighted sum (`total`) first.
    pub losses: Losses,
}

/// Values of losses by their names in `metrics.jsonl`, the weighted sum (`total`) first.
pub type Losses = Vec<(&'static str, f32)>;

/// A loss with its name and weight in the sum.
type Weighted = (&'static str, f64, Tensor<1>);

impl Engine {
    /// An engine on devices with autodiff; the first holds the model.
    pub fn new(train: &TrainConfig, devices: Vec<Device>) -> Self {
        let dtype = match train.precision {
            Precision::F32 => FloatDType::F32,
            Precision::Bf16 => FloatDType::BF16,
        };
        Self {
            devices,
            dtype,
            sync_norm: train.sync_norm,
            accumulate: train.accumulate,
            frozen: Arc::default(),
        }
    }

    fn frozen(&self, config: &G2dConfig) -> Option<Arc<FrozenText>> {
        self.frozen.get_or_init(|| FrozenText::of(&config.text)).clone()
    }

    /// The device that holds the model.
    ///
    /// # Errors
    /// When there is none.
    pub fn main(&self) -> Result<&Device> {
        self.devices.first().context("Training needs a device")
    }

    /// Losses and gradients of a batch.
    ///
    /// # Errors
    /// When a device fails.
    pub fn step(
        &self,
        model: &G2d,
        batch: &Batch,
        config: &G2dConfig,
        train: &TrainConfig,
        step: usize,
    ) -> Result<Stepped> {
        let loss = &train.loss;
        let parts = cut(batch, self.devices.len() * self.accumulate);
        let pixel = step >= loss.pixel_warmup_steps && loss.decoder_task != DecoderTask::None;
        let (turn, dtype) = (Arc::new(Turn::default()), self.dtype);
        let frozen = self.frozen(config);
        let pass = |pixel| Pass {
            batch,
            config,
            loss,
            step,
            pixel,
            dtype,
            frozen: frozen.clone(),
            turn: turn.clone(),
        };
        let seed = |micro: usize| mix(&[train.seed, step as u64, micro as u64, 4]);
        if self.accumulate == 1 {
            let losses = self.whole(model, &pass(pixel), &parts, seed(0))?;
            let total = sum(&losses).context("There is no loss to learn from")?;
            let values = read(&losses)?;
            let grads = GradientsParams::from_grads(total.backward(), model);
            return Ok(Stepped { grads, losses: values });
        }

        let micros: Vec<&[Part]> = parts.chunks(self.devices.len()).collect();
        let mut first = Vec::with_capacity(micros.len());
        for (micro, parts) in micros.iter().enumerate() {
            let embedded = self.forward(model, &pass(false), parts, seed(micro), false, false)?;
            first.push(self.joint(&embedded)?.detached());
        }
        let leaves = Joint::cat(first.clone()).context("The batch is empty")?.leaves();
        let losses = leaves.losses(batch, config, loss);
        let mut values = read(&losses)?;
        let total = sum(&losses).context("There is no loss to learn from")?;
        let wanted = Wanted::of(&leaves, &total.backward());

        let mut accumulator = GradientsAccumulator::new();
        let mut pixel_values: Losses = Vec::new();
        let mut at = Rows::default();
        for (micro, parts) in micros.iter().enumerate() {
            let embedded = self.forward(model, &pass(pixel), parts, seed(micro), true, true)?;
            let joint = self.joint(&embedded)?;
            let mut total = wanted.pull(&joint, &mut at);
            let pixel = self.pixel(&embedded, parts, batch, loss)?;
            for (name, value) in read(&pixel)?.into_iter().skip(1) {
                match pixel_values.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, sum)) => *sum += value,
                    None => pixel_values.push((name, value)),
                }
            }
            if let Some(pixel) = sum(&pixel) {
                total = total + pixel;
            }
            let grads = GradientsParams::from_grads(total.backward(), model);
            accumulator.accumulate(model, grads);
        }
        let weights = pixel_weights(loss);
        for (name, value) in pixel_values {
            let weight = weights.iter().find(|(known, _)| *known == name).map_or(0.0, |w| w.1);
            values[0].1 += (f64::from(value) * weight) as f32;
            values.push((name, value));
        }
        Ok(Stepped { grads: accumulator.grads(), losses: values })
    }

    /// The losses of all parts in one pass.
    fn whole(
        &self,
        model: &G2d,
        pass: &Pass<'_>,
        parts: &[Part],
        seed: u64,
    ) -> Result<Vec<Weighted>> {
        let embedded = self.forward(model, pass, parts, seed, true, true)?;
        let mut losses = self.joint(&embedded)?.losses(pass.batch, pass.config, pass.loss);
        losses.extend(self.pixel(&embedded, parts, pass.batch, pass.loss)?);
        Ok(losses)
    }

    /// The weighted sum of the losses, decoder included, with the way back to the parameters: the
    /// forward half of a step that is not cut into parts.
    ///
    /// # Errors
    /// When a device fails.
    pub fn total(
        &self,
        model: &G2d,
        batch: &Batch,
        config: &G2dConfig,
        loss: &LossConfig,
        step: usize,
    ) -> Result<Tensor<1>> {
        let parts = cut(batch, self.devices.len());
        let pixel = loss.decoder_task != DecoderTask::None;
        let turn = Arc::new(Turn::default());
        let frozen = self.frozen(config);
        let pass = Pass { batch, config, loss, step, pixel, dtype: self.dtype, frozen, turn };
        let losses = self.whole(model, &pass, &parts, step as u64)?;
        sum(&losses).context("There is no loss to learn from")
    }

    /// The losses of a batch with a model that does not train (after `Module::valid`).
    ///
    /// # Errors
    /// When the device fails.
    pub fn losses(
        model: &G2d,
        batch: &Batch,
        config: &G2dConfig,
        loss: &LossConfig,
        device: &Device,
    ) -> Result<(Losses, Tensor<2>, Option<Tensor<2>>)> {
        let engine = Self {
            devices: vec![device.clone()],
            dtype: FloatDType::F32,
            sync_norm: false,
            accumulate: 1,
            frozen: Arc::default(),
        };
        let pixel = loss.decoder_task != DecoderTask::None;
        let turn = Arc::new(Turn::default());
        let pass = Pass {
            batch,
            config,
            loss,
            step: 0,
            pixel,
            dtype: FloatDType::F32,
            frozen: engine.frozen(config),
            turn: turn.clone(),
        };
        let parts = cut(batch, 1);
        let _held = turn.hold();
        let embedded =
            parts.iter().map(|part| pass.run(model, part, device)).collect::<Result<Vec<_>>>()?;
        let joint = engine.joint(&embedded)?;
        let mut losses = joint.losses(batch, config, loss);
        losses.extend(engine.pixel(&embedded, &parts, batch, loss)?);
        Ok((read(&losses)?, joint.pooled, joint.reports))
    }

    /// Runs one part on each device at the same time.
    fn forward(
        &self,
        model: &G2d,
        pass: &Pass<'_>,
        parts: &[Part],
        seed: u64,
        track: bool,
        gradients: bool,
    ) -> Result<Vec<Embedded>> {
        let lines = if self.sync_norm && parts.len() > 1 {
            exchanges(&self.devices, &pass.turn)
        } else {
            Vec::new()
        };
        let lines = lines.into_iter().map(Some).chain(std::iter::repeat(None));
        let jobs: Vec<_> = parts.iter().zip(&self.devices).zip(lines).enumerate().collect();
        let run = |rank: usize, part: &Part, device: &Device, mode: NormMode| {
            let _held = pass.turn.hold();
            // What a device drops follows from the step alone, so a resumed run drops the same.
            device.seed(mix(&[seed, rank as u64]));
            let own = rank == 0 && gradients && self.dtype == FloatDType::F32;
            let copy = (!own).then(|| replica(model, device, self.dtype, gradients));
            with_norm_mode(mode, || pass.run(copy.as_ref().unwrap_or(model), part, device))
        };
        std::thread::scope(|scope| {
            let run = &run;
            let mut here = None;
            let mut threads = Vec::new();
            for (rank, ((part, device), exchange)) in jobs {
                // One device writes the running statistics: with an exchange all have the same.
                let mode = NormMode { track: track && rank == 0, exchange };
                if rank == 0 {
                    here = Some((part, device, mode));
                } else {
                    threads.push(scope.spawn(move || run(rank, part, device, mode)));
                }
            }
            let mut all = Vec::new();
            if let Some((part, device, mode)) = here {
                all.push(run(0, part, device, mode));
            }
            for (i, thread) in threads.into_iter().enumerate() {
                let joined = thread.join().map_err(|_| anyhow!("Device {} failed", i + 1));
                all.push(joined.and_then(|result| result));
            }
            all.into_iter().collect()
        })
    }

    fn joint(&self, embedded: &[Embedded]) -> Result<Joint> {
        Joint::of(embedded, self.main()?).context("The batch is empty")
    }

    /// The decoder's losses as means over the whole batch, of which these are some parts.
    fn pixel(
        &self,
        embedded: &[Embedded],
        parts: &[Part],
        batch: &Batch,
        loss: &LossConfig,
    ) -> Result<Vec<Weighted>> {
        let main = self.main()?;
        let weights = pixel_weights(loss);
        let mut losses: Vec<Weighted> = Vec::new();
        for (embedded, part) in embedded.iter().zip(parts) {
            let share = part.images.len() as f64 / batch.size as f64;
            for (name, value) in &embedded.pixel {
                let value = value.clone().to_device(main).mul_scalar(share);
                match losses.iter_mut().find(|(known, ..)| known == name) {
                    Some((.., sum)) => *sum = sum.clone() + value,
                    None => {
                        let weight = weights.iter().find(|(known, _)| known == name);
                        losses.push((*name, weight.map_or(0.0, |w| w.1), value));
                    }
                }
            }
        }
        Ok(losses)
    }
}

fn pixel_weights(loss: &LossConfig) -> [(&'static str, f64); 3] {
    [
        ("dice", loss.pixel * loss.dice),
        ("bce", loss.pixel * loss.bce),
        ("reconstruction", loss.pixel),
    ]
}

fn sum(losses: &[Weighted]) -> Option<Tensor<1>> {
    let mut weighted = losses.iter().map(|(_, weight, value)| value.clone().mul_scalar(*weight));
    weighted.next().map(|first| weighted.fold(first, |sum, next| sum + next))
}

/// The values with their weighted sum in front, read from the device at once.
fn read(losses: &[Weighted]) -> Result<Losses> {
    let mut values = vec![("total", 0.0)];
    if losses.is_empty() {
        return Ok(values);
    }
    let all = Tensor::cat(losses.iter().map(|(.., value)| value.clone().detach()).collect(), 0);
    let all = all
        .try_to_vec_as::<f32>()
        .map_err(|e| anyhow!("The losses cannot be read from the device: {e:?}"))?;
    for ((name, weight, _), value) in losses.iter().zip(all) {
        values[0].1 += (weight * f64::from(value)) as f32;
        values.push((*name, value));
    }
    Ok(values)
}

/// Where the next part's rows begin in each list of embeddings.
#[derive(Default)]
struct Rows {
    images: usize,
    reports: usize,
    sentences: usize,
}

/// The gradients that the contrasts want at the embeddings.
struct Wanted {
    pooled: Option<Tensor<2>>,
    reports: Option<Tensor<2>>,
    dense: Option<Tensor<4>>,
    sentences: Option<Tensor<2>>,
}

impl Wanted {
    fn of(leaves: &Joint, grads: &burn::tensor::Gradients) -> Self {
        fn grad<const D: usize>(
            leaf: Option<&Tensor<D>>,
            grads: &burn::tensor::Gradients,
        ) -> Option<Tensor<D>> {
            leaf.and_then(|leaf| leaf.grad(grads)).map(Tensor::from_inner)
        }
        Self {
            pooled: grad(Some(&leaves.pooled), grads),
            reports: grad(leaves.reports.as_ref(), grads),
            dense: grad(leaves.dense.as_ref(), grads),
            sentences: grad(leaves.sentences.as_ref(), grads),
        }
    }

    /// A sum whose gradient at a part's embeddings is the one that is wanted there.
    fn pull(&self, part: &Joint, at: &mut Rows) -> Tensor<1> {
        fn dot<const D: usize>(
            value: Option<&Tensor<D>>,
            wanted: Option<&Tensor<D>>,
            at: &mut usize,
        ) -> Option<Tensor<1>> {
            let value = value?;
            let rows = value.dims()[0];
            let start = *at;
            *at += rows;
            Some((value.clone() * wanted?.clone().narrow(0, start, rows)).sum())
        }
        let mut images = at.images;
        let parts = [
            dot(Some(&part.pooled), self.pooled.as_ref(), &mut images),
            dot(part.dense.as_ref(), self.dense.as_ref(), &mut at.images.clone()),
            dot(part.reports.as_ref(), self.reports.as_ref(), &mut at.reports),
            dot(part.sentences.as_ref(), self.sentences.as_ref(), &mut at.sentences),
        ];
        at.images = images;
        let zero = part.pooled.clone().sum().mul_scalar(0.0);
        parts.into_iter().flatten().fold(zero, |sum, next| sum + next)
    }
}
