//! Whole training steps, as `g2d train` makes them. All that is known here about the training
//! engine stands in this file.

use std::{sync::mpsc::sync_channel, time::Instant};

use anyhow::{Context, Result, bail};
use burn::{optim::GradientsParams, tensor::Device};
use g2d_core::{config::G2dConfig, model::G2d, text::ReportTokenizer};
use rayon::prelude::*;

use super::{
    Plan,
    clock::{Spread, milliseconds},
    machine::processor_seconds,
    report::Row,
};
use crate::{
    config::TrainConfig,
    data::{
        batch::{Batch, make_batch},
        source::Source,
    },
    training::{AdamW, Engine, learning_rate},
};

/// Steps that the schedule believes in; only the learning rate depends on it.
const HORIZON: usize = 10_000;

/// The data of a measurement, all of it in memory.
pub struct Feed {
    /// The configuration, with as many studies as are used.
    pub config: TrainConfig,
    /// The model's.
    pub model: G2dConfig,
    /// Cuts texts.
    pub tokenizer: ReportTokenizer,
    /// Studies.
    pub source: Source,
    /// Different batches.
    pub batches: usize,
    /// Milliseconds that it took to draw or read all studies.
    pub made_in: f64,
}

impl Feed {
    /// Draws phantoms, or reads the manifest's images, as many as the batches hold.
    ///
    /// # Errors
    /// When the data cannot be used.
    pub fn new(plan: &Plan) -> Result<Self> {
        let mut config = plan.config.clone();
        config.data.phantoms = plan.batches * config.batch_size;
        let first = config.model_config(1)?;
        let source = Source::new(&config.data, config.seed, &first.image, first.pseudo_mask.body)?;
        let tokenizer = match &config.data.tokenizer {
            Some(path) => std::fs::read(path)
                .with_context(|| format!("There is no tokenizer at {}", path.display()))?,
            None => source.tokenizer()?,
        };
        let tokenizer = ReportTokenizer::from_bytes(&tokenizer)?;
        let model = config.model_config(tokenizer.vocab_size())?;
        let began = Instant::now();
        let used = source.len().min(plan.batches * config.batch_size);
        (0..used).into_par_iter().try_for_each(|i| source.get(i).map(drop))?;
        let made_in = milliseconds(began);
        Ok(Self { config, model, tokenizer, source, batches: plan.batches, made_in })
    }

    /// A batch by number; they come round again.
    ///
    /// # Errors
    /// When a study cannot be used.
    pub fn batch(&self, number: usize) -> Result<Batch> {
        let number = number % self.batches;
        make_batch(&self.source, &self.tokenizer, &self.config, &self.model, number)
    }
}

/// Milliseconds of one step and of its parts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Waiting for the batch.
    pub data: f64,
    /// Both encoders, decoder, pseudo mask and losses.
    pub forward: f64,
    /// Gradients.
    pub backward: f64,
    /// AdamW.
    pub optimizer: f64,
    /// All of it, up to the device's last operation.
    pub whole: f64,
    /// Seconds that processors worked for it, data threads included; none where unknown.
    pub worked: Option<f64>,
}

/// A model in training.
pub struct Trainer<'a> {
    feed: &'a Feed,
    device: Device,
    engine: Engine,
    model: G2d,
    optimizer: AdamW,
    step: usize,
}

impl<'a> Trainer<'a> {
    /// A fresh model on a device.
    ///
    /// # Errors
    /// When the configuration cannot run.
    pub fn new(feed: &'a Feed, device: &Device) -> Result<Self> {
        let device = device.clone().autodiff();
        device.seed(feed.config.seed);
        let model = G2d::new(&feed.model, &device)?;
        let optimizer = AdamW::new(&feed.config.optim);
        let engine = Engine::new(&feed.config, vec![device.clone()]);
        Ok(Self { feed, device, engine, model, optimizer, step: 0 })
    }

    /// One step on a batch. With `parts` the device is waited for after each part, so that each
    /// has its own time; without, only at the end.
    ///
    /// # Errors
    /// When the device fails or the loss is not a number.
    pub fn step(mut self, batch: &Batch, parts: bool) -> Result<(Self, Times)> {
        let config = &self.feed.config;
        let mut times = Times::default();
        let began = Instant::now();
        let settle = |since: Instant| -> Result<f64> {
            if parts {
                wait(&self.device)?;
            }
            Ok(milliseconds(since))
        };
        // The decoder's loss takes part from the first step measured.
        let loss =
            self.engine.total(&self.model, batch, &self.feed.model, &config.loss, self.step)?;
        times.forward = settle(began)?;
        let total = loss.clone().into_scalar::<f32>();
        if !total.is_finite() {
            bail!("The loss is {total} in a measured step; use --float f32, or report this");
        }
        let since = Instant::now();
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);
        times.backward = settle(since)?;
        let since = Instant::now();
        let lr = learning_rate(&config.optim, self.step.min(HORIZON - 1), HORIZON);
        (self.model, _) = self.optimizer.step(lr, self.model, grads);
        wait(&self.device)?;
        times.optimizer = milliseconds(since);
        times.whole = milliseconds(began);
        self.step += 1;
        Ok((self, times))
    }
}

/// Waits until the device has done all that it was given.
///
/// # Errors
/// When it failed.
pub fn wait(device: &Device) -> Result<()> {
    device.sync().map_err(|error| anyhow::anyhow!("The device failed: {error:?}"))
}

/// Measures whole steps with the data thread beside them, then the parts of a step.
///
/// # Errors
/// When the data cannot be used or the device fails.
pub fn measure(plan: &Plan, feed: &Feed) -> Result<Vec<Row>> {
    let batch_size = feed.config.batch_size;
    let mut trainer = Some(Trainer::new(feed, &plan.device)?);
    let take = |trainer: &mut Option<Trainer<'_>>, batch: &Batch, parts: bool| -> Result<Times> {
        let (next, times) = trainer.take().context("A step failed before")?.step(batch, parts)?;
        *trainer = Some(next);
        Ok(times)
    };
    // Each batch has lengths of its own, and a device tunes itself for each of them.
    let clock = super::clock::Clock { warmup: plan.clock.warmup.max(feed.batches), ..plan.clock };
    let steps = std::thread::scope(|scope| {
        let (sender, batches) = sync_channel::<Result<Batch>>(feed.config.data.prefetch.max(1));
        scope.spawn(move || {
            for number in 0.. {
                // The receiver is gone when enough was measured.
                if sender.send(feed.batch(number)).is_err() {
                    return;
                }
            }
        });
        let measured = clock.collect(|_| {
            let worked = processor_seconds();
            let began = Instant::now();
            let batch = batches.recv().context("The data thread stopped")??;
            let data = milliseconds(began);
            let mut times = take(&mut trainer, &batch, false)?;
            (times.data, times.whole) = (data, milliseconds(began));
            times.worked = processor_seconds().zip(worked).map(|(after, before)| after - before);
            Ok(times)
        });
        drop(batches);
        measured
    })?;
    let few = super::clock::Clock { warmup: 1, repeats: feed.batches, ..plan.clock };
    let parts = few.collect(|i| take(&mut trainer, &feed.batch(i)?, true))?;

    let of =
        |times: &[Times], part: fn(&Times) -> f64| Spread::of(times.iter().map(part).collect());
    let all: f64 = steps.iter().map(|t| t.whole).sum();
    let waited = steps.iter().map(|t| t.data).sum::<f64>() / all.max(1e-9);
    let row = |name: &str, spread| Row::new(format!("step/{name}"), batch_size, spread);
    let whole = row("whole", of(&steps, |t| t.whole)).with("data_share", waited);
    let worked: Option<Vec<f64>> = steps.iter().map(|t| t.worked).collect();
    let whole = whole.worked(worked.map(|worked| Spread::of(worked).median));
    Ok(vec![
        whole,
        row("waiting for data", of(&steps, |t| t.data)),
        row("part forward", of(&parts, |t| t.forward)),
        row("part backward", of(&parts, |t| t.backward)),
        row("part optimizer", of(&parts, |t| t.optimizer)),
    ])
}
