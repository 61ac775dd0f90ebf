//! One run from its first step, or from a checkpoint, to its last.

use std::{io::Write, path::PathBuf, sync::mpsc::sync_channel, time::Instant};

use anyhow::{Context, Result, bail};
use burn::{optim::GradientsParams, tensor::Device};
use g2d_core::{config::G2dConfig, model::G2d, text::ReportTokenizer, weights::load_what_fits};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{AdamW, Checkpoint, CheckpointState, RunDir, forward, learning_rate};
use crate::{
    config::TrainConfig,
    data::{
        batch::{Batch, make_batch, mix},
        source::Source,
    },
    output,
};

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The last checkpoint.
    pub checkpoint: PathBuf,
    /// The last row of `metrics.jsonl`.
    pub last: serde_json::Value,
    /// Seconds spent on steps.
    pub seconds: f64,
    /// Steps made in this call.
    pub steps: usize,
}

/// Trains until the configured number of steps is reached.
///
/// `resume` names a checkpoint folder to go on from.
///
/// # Errors
/// When data, checkpoint or run folder cannot be used, or a loss is not a number.
pub fn train(
    config: &TrainConfig,
    run: &RunDir,
    resume: Option<&PathBuf>,
    device: &Device,
    quiet: bool,
) -> Result<Report> {
    let device = device.clone().autodiff();
    let source_config = config.model_config(1)?;
    let body = source_config.pseudo_mask.body;
    let source = Source::new(&config.data, config.seed, &source_config.image, body)?;
    let tokenizer_path = match (resume, &config.data.tokenizer, &config.init) {
        (Some(folder), _, _) | (None, None, Some(folder)) => Some(folder.join("tokenizer.json")),
        (None, Some(path), _) => Some(path.clone()),
        (None, None, None) => None,
    };
    let tokenizer_bytes = match tokenizer_path {
        Some(path) => std::fs::read(&path)
            .with_context(|| format!("There is no tokenizer at {}", path.display()))?,
        None => source.tokenizer()?,
    };
    let tokenizer = ReportTokenizer::from_bytes(&tokenizer_bytes)?;
    let model_config = config.model_config(tokenizer.vocab_size())?;

    let Checkpoint { mut model, mut optimizer, state } = match resume {
        Some(folder) => Checkpoint::load(folder, &config.optim, &device)?,
        None => {
            device.seed(mix(&[config.seed, 3]));
            let mut model = G2d::new(&model_config, &device)?;
            if let Some(init) = &config.init {
                let path = init.join("model.safetensors");
                let weights = std::fs::read(&path)
                    .with_context(|| format!("There are no weights at {}", path.display()))?;
                let fresh = load_what_fits(&mut model, &[&weights])?;
                output::say(format_args!("started from other weights; {fresh} tensors are fresh"));
            }
            Checkpoint {
                model,
                optimizer: AdamW::new(&config.optim),
                state: CheckpointState { step: 0, seed: config.seed },
            }
        }
    };
    if state.step >= config.steps {
        bail!("The checkpoint is at step {} of {}; set more --steps", state.step, config.steps);
    }
    if state.seed != config.seed {
        bail!("The checkpoint was made with the seed {}; use that one", state.seed);
    }

    let mut metrics = run.open_metrics(state.step)?;
    let progress = bar(config.steps, state.step, quiet);
    let started = Instant::now();
    let mut last = json!({});
    let mut folder = None;
    std::thread::scope(|scope| -> Result<()> {
        let (sender, batches) = sync_channel::<Result<Batch>>(config.data.prefetch.max(1));
        let (source, tokenizer, model_config) = (&source, &tokenizer, &model_config);
        scope.spawn(move || {
            for step in state.step..config.steps {
                let batch = make_batch(source, tokenizer, config, model_config, step);
                // The receiver is gone when the run stopped on an error; nothing is left to do.
                if sender.send(batch).is_err() {
                    return;
                }
            }
        });
        for step in state.step..config.steps {
            let began = Instant::now();
            let batch = batches.recv().context("The data thread stopped")??;
            let waited = began.elapsed().as_secs_f64();
            // Dropout depends on the step alone, so a resumed run drops the same units.
            device.seed(mix(&[config.seed, step as u64, 4]));
            let losses = forward(&model, &batch, model_config, &config.loss, step, &device);
            let mut row = json!({ "step": step });
            let total = losses.total.clone().into_scalar::<f32>();
            row["total"] = json!(total);
            for (name, value) in &losses.parts {
                row[*name] = json!(value.clone().into_scalar::<f32>());
            }
            if !total.is_finite() {
                bail!(
                    "The loss is {total} at step {step} (see metrics.jsonl); lower optim.lr and go \
                     on from the last checkpoint with --resume latest"
                );
            }
            let grads = GradientsParams::from_grads(losses.total.backward(), &model);
            let lr = learning_rate(&config.optim, step, config.steps);
            let norm;
            (model, norm) = optimizer.step(lr, model, grads);
            row["lr"] = json!(lr);
            row["grad_norm"] = json!(norm);
            row["seconds"] = json!(began.elapsed().as_secs_f64());
            row["data_seconds"] = json!(waited);
            writeln!(metrics, "{row}")?;
            progress.set_position(step as u64 + 1);
            progress.set_message(summary(&row));
            if progress.is_hidden() && !quiet && (step % 10 == 0 || step + 1 == config.steps) {
                output::say(format_args!("step {}/{}  {}", step + 1, config.steps, summary(&row)));
            }
            last = row;

            let done = step + 1 == config.steps;
            if done || (step + 1).is_multiple_of(config.log.checkpoint_every.max(1)) {
                metrics.sync_data()?;
                let state = CheckpointState { step: step + 1, seed: config.seed };
                let checkpoint =
                    Checkpoint { model: model.clone(), optimizer: optimizer.clone(), state };
                let keep = config.log.keep;
                folder = Some(checkpoint.save(run, model_config, &tokenizer_bytes, keep)?);
            }
        }
        Ok(())
    })?;
    progress.finish_and_clear();
    let checkpoint = folder.context("No step was made")?;
    let steps = config.steps - state.step;
    Ok(Report { checkpoint, last, seconds: started.elapsed().as_secs_f64(), steps })
}

fn bar(steps: usize, from: usize, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} [{elapsed}<{eta}] {msg}");
    let bar = ProgressBar::new(steps as u64).with_position(from as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn summary(row: &serde_json::Value) -> String {
    let show = |name: &str| {
        row.get(name).and_then(serde_json::Value::as_f64).map(|v| format!("{name} {v:.4}"))
    };
    ["total", "alignment", "local", "pixel", "reconstruction", "grad_norm", "seconds"]
        .into_iter()
        .filter_map(show)
        .collect::<Vec<_>>()
        .join("  ")
}

/// The configuration of the model in a checkpoint folder.
///
/// # Errors
/// When it is absent or unreadable.
pub fn checkpoint_config(folder: &std::path::Path) -> Result<G2dConfig> {
    let bytes = std::fs::read(folder.join("config.json"))
        .with_context(|| format!("{} lacks config.json", folder.display()))?;
    serde_json::from_slice(&bytes).context("The checkpoint's config.json cannot be read")
}
