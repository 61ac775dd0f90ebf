//! One run from its first step, or from a checkpoint, to its last.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use g2d_core::config::G2dConfig;
use serde_json::{Value, json};

use super::{
    Checkpoint, Interrupted, RunDir, interrupt, learning_rate,
    log::{Journal, Progress, Watch},
    pictures,
    setup::Setup,
    step::{Engine, Losses},
    validate::{higher_is_better, validate},
};
use crate::{
    config::TrainConfig,
    data::batch::{Batch, make_batch, own_share},
    files,
};

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The last checkpoint.
    pub checkpoint: PathBuf,
    /// The last row of `metrics.jsonl`.
    pub last: Value,
    /// The last row of `validation.jsonl`.
    pub validation: Vec<(String, f64)>,
    /// Seconds spent on steps.
    pub seconds: f64,
    /// Steps made in this call.
    pub steps: usize,
}

/// Everything that a step may touch.
struct Run<'a> {
    config: &'a TrainConfig,
    dir: &'a RunDir,
    setup: &'a Setup,
    main: Device,
    at: Progress,
    journal: Journal,
    watch: Watch,
    checkpoint: Checkpoint,
    saved: Option<(PathBuf, usize)>,
    saved_at: Instant,
    validated: Option<usize>,
    validation: Vec<(String, f64)>,
}

/// Trains until the configured number of steps is reached.
///
/// `resume` names a checkpoint folder to go on from.
///
/// # Errors
/// When data, checkpoint or run folder cannot be used, or a loss is not a number. [`Interrupted`]
/// when the run was asked to end; it has then written a checkpoint.
pub fn train(
    config: &TrainConfig,
    dir: &RunDir,
    resume: Option<&PathBuf>,
    devices: &[Device],
    quiet: bool,
) -> Result<Report> {
    let devices: Vec<Device> = devices.iter().map(|device| device.clone().autodiff()).collect();
    if config.batch_size / (devices.len().max(1) * config.accumulate) < 2 {
        bail!(
            "A batch of {} on {} devices in {} parts each leaves fewer than 2 studies a part; set \
             batch_size higher",
            config.batch_size,
            devices.len(),
            config.accumulate
        );
    }
    let engine = Engine::new(config, devices);
    let main = engine.main()?.clone();
    let setup = Setup::new(config, resume.map(PathBuf::as_path))?;
    let checkpoint = match resume {
        Some(folder) => Checkpoint::load(folder, &config.optim, &main)?,
        None => setup.fresh(config, &main)?,
    };
    let epoch_steps = (setup.source.len() / own_share(&setup.source, config)).max(1);
    let steps = if config.epochs > 0 { config.epochs * epoch_steps } else { config.steps };
    let from = checkpoint.state.step;
    if from >= steps {
        bail!("The checkpoint is at step {from} of {steps}; set more --steps");
    }
    if checkpoint.state.seed != config.seed {
        bail!("The checkpoint was made with the seed {}; use that one", checkpoint.state.seed);
    }

    interrupt::listen()?;
    let at = Progress { step: from, steps, epoch_steps };
    let mut journal = Journal::open(dir, from, config.log.tensorboard)?;
    journal.log(format_args!("from step {from} of {steps}, {epoch_steps} an epoch"))?;
    let watch = Watch::start(at, config.log.line_every, quiet);
    let mut run = Run {
        config,
        dir,
        setup: &setup,
        main,
        at,
        journal,
        watch,
        checkpoint,
        saved: None,
        saved_at: Instant::now(),
        validated: None,
        validation: Vec::new(),
    };
    let started = Instant::now();
    let mut last = json!({});
    std::thread::scope(|scope| -> Result<()> {
        let (sender, batches) = sync_channel::<Result<Batch>>(config.data.prefetch.max(1));
        let setup = &setup;
        scope.spawn(move || {
            for step in from..steps {
                let batch = make_batch(&setup.source, &setup.tokenizer, config, &setup.model, step);
                // The receiver is gone when the run stopped on an error; nothing is left to do.
                if sender.send(batch).is_err() {
                    return;
                }
            }
        });
        for step in from..steps {
            let began = Instant::now();
            let batch = batches.recv().context("The data thread stopped")??;
            let waited = began.elapsed();
            last = run.step(&engine, &batch, step, (began, waited))?;
            run.after(step + 1)?;
        }
        Ok(())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let (checkpoint, _) = run.saved.context("No step was made")?;
    Ok(Report { checkpoint, last, validation: run.validation, seconds, steps: steps - from })
}

impl Run<'_> {
    /// One optimiser step and its row.
    fn step(
        &mut self,
        engine: &Engine,
        batch: &Batch,
        step: usize,
        (began, waited): (Instant, Duration),
    ) -> Result<Value> {
        let model = &self.checkpoint.model;
        let stepped = engine.step(model, batch, &self.setup.model, self.config, step)?;
        self.check(&stepped.losses, batch, step)?;
        let lr = learning_rate(&self.config.optim, step, self.at.steps);
        let (model, norm) =
            self.checkpoint.optimizer.step(lr, self.checkpoint.model.clone(), stepped.grads);
        self.checkpoint.model = model;
        self.checkpoint.state.step = step + 1;
        self.at.step = step + 1;
        let mut row = json!({ "step": step });
        for (name, value) in stepped.losses {
            row[name] = json!(value);
        }
        row["lr"] = json!(lr);
        row["grad_norm"] = json!(norm);
        row["seconds"] = json!(began.elapsed().as_secs_f64());
        row["data_seconds"] = json!(waited.as_secs_f64());
        self.journal.step(step, &row)?;
        self.watch.step(self.at, &row)?;
        Ok(row)
    }

    /// Stops on a loss that is not a number, and leaves behind which studies it came from.
    fn check(&mut self, losses: &Losses, batch: &Batch, step: usize) -> Result<()> {
        let total = losses[0].1;
        if total.is_finite() {
            return Ok(());
        }
        // `null` stands for what JSON has no number for.
        let row = json!({ "step": step, "losses": losses, "studies": batch.ids });
        let path = self.dir.root().join("not-finite.json");
        files::write_atomic(&path, &serde_json::to_vec_pretty(&row)?)?;
        self.journal.log(format_args!("the loss is {total} at step {step}"))?;
        self.journal.sync()?;
        bail!(
            "The loss is {total} at step {step}; {} names the studies of the batch. Lower optim.lr \
             and go on from the last checkpoint with --resume latest",
            path.display()
        )
    }

    /// Validates and writes a checkpoint where it is time for it.
    fn after(&mut self, done: usize) -> Result<()> {
        let (log, last) = (&self.config.log, done == self.at.steps);
        let every = match log.validate_every {
            0 => self.at.epoch_steps,
            steps => steps,
        };
        let improved =
            if last || done.is_multiple_of(every) { self.validate(done)? } else { false };
        let minutes = self.saved_at.elapsed().as_secs_f64() / 60.0;
        let stop = interrupt::requested() || self.watch.wants_stop();
        let save = last
            || stop
            || improved
            || done.is_multiple_of(log.checkpoint_every.max(1))
            || (log.checkpoint_minutes > 0.0 && minutes >= log.checkpoint_minutes);
        if save {
            let folder = self.save()?;
            if improved {
                Checkpoint::mark_best(self.dir, &folder)?;
            }
        }
        if stop && !last {
            self.journal.log(format_args!("asked to end after step {done}"))?;
            self.journal.sync()?;
            return Err(Interrupted { step: done }.into());
        }
        Ok(())
    }

    fn save(&mut self) -> Result<PathBuf> {
        self.journal.sync()?;
        let folder = self.checkpoint.save(
            self.dir,
            &self.setup.model,
            &self.setup.tokenizer_bytes,
            self.config.log.keep,
        )?;
        self.journal.log(format_args!("checkpoint after step {}", self.at.step))?;
        self.saved = Some((folder.clone(), self.at.step));
        self.saved_at = Instant::now();
        Ok(folder)
    }

    /// Measures and draws; whether the value that `log.best` names is better than ever.
    fn validate(&mut self, done: usize) -> Result<bool> {
        let log = &self.config.log;
        if log.validation_studies == 0 || self.validated == Some(done) {
            return Ok(false);
        }
        self.validated = Some(done);
        let model = &self.checkpoint.model;
        let values = validate(model, self.setup, self.config, &self.main)?;
        if let Some(picture) = pictures::draw(model, self.setup, log.pictures, &self.main)? {
            let path = self.dir.root().join("pictures").join(format!("step-{done:06}.png"));
            files::write_atomic(&path, &picture.png)?;
            self.journal.picture(done, "pseudo masks", picture.size, &picture.png)?;
        }
        if values.is_empty() {
            return Ok(false);
        }
        let shown: Vec<_> =
            values.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        self.journal.log(format_args!("validation after step {done}: {}", shown.join(", ")))?;
        self.journal.validation(done, &values)?;
        self.watch.validation(self.at, &values)?;
        let value = values.iter().find(|(name, _)| *name == log.best).map(|(_, value)| *value);
        self.validation = values;
        let Some(value) = value else {
            bail!(
                "log.best is {:?}, which the validation does not have; it has {}",
                log.best,
                self.validation.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ")
            );
        };
        let better = self.checkpoint.state.best.is_none_or(|best| {
            if higher_is_better(&log.best) { value > best } else { value < best }
        });
        if better {
            self.checkpoint.state.best = Some(value);
        }
        Ok(better)
    }
}

/// The configuration of the model in a checkpoint folder.
///
/// # Errors
/// When it is absent or unreadable.
pub fn checkpoint_config(folder: &Path) -> Result<G2dConfig> {
    let bytes = std::fs::read(folder.join("config.json"))
        .with_context(|| format!("{} lacks config.json", folder.display()))?;
    serde_json::from_slice(&bytes).context("The checkpoint's config.json cannot be read")
}
