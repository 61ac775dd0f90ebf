//! `g2d train`: from pairs, or phantoms, to a checkpoint.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::module::Module;
use clap::Args;
use g2d_core::{
    model::G2d,
    outcome::{DeviceInfo, ModelInfo},
    session::Session,
    text::ReportTokenizer,
    weights::{hex_sha256, load_tensors},
};
use serde_json::json;

use crate::{
    config::TrainConfig,
    device,
    evaluate::{Evaluation, PhantomSet, calibrate, evaluate, model_card},
    files, output,
    training::{Report, RunDir, checkpoint_config, train},
};

/// Validation phantoms have the run's seed plus this, test phantoms plus twice this: series that
/// training never draws from.
const HELD_OUT: u64 = 1_000_003;

/// Options of `g2d train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// A shipped configuration (smoke, tiny, demo, small, recommended, paper, reference) or a TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "tiny")]
    pub config: String,

    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Override one value of the configuration, for example --set optim.lr=1e-3; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,

    /// Pairs manifest (JSONL or CSV) instead of phantoms
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// Packed data set (see `g2d data prepare`) instead of phantoms
    #[arg(long, value_name = "DIR", conflicts_with = "manifest")]
    pub pack: Option<PathBuf>,

    /// Optimiser steps
    #[arg(long)]
    pub steps: Option<usize>,

    /// Studies in a step
    #[arg(long)]
    pub batch_size: Option<usize>,

    /// Highest learning rate
    #[arg(long)]
    pub lr: Option<f64>,

    /// Everything random follows from it
    #[arg(long)]
    pub seed: Option<u64>,

    /// Continue the run in --out from its latest or best checkpoint, or from the one in a folder
    #[arg(long, value_name = "latest|best|DIR")]
    pub resume: Option<String>,

    /// auto, cpu, wgpu, cuda[:i] or remote:ws://HOST:PORT; several with commas share each batch
    #[arg(long, value_name = "DEVICE[,DEVICE…]", default_value = "auto")]
    pub device: String,
}

impl TrainArgs {
    /// The configuration with every override; a resumed run takes its own.
    fn config(&self) -> Result<TrainConfig> {
        let mut overrides = self.overrides.clone();
        let mut set = |key: &str, value: Option<String>| {
            overrides.extend(value.map(|value| format!("{key}={value}")));
        };
        set("steps", self.steps.map(|v| v.to_string()));
        set("batch_size", self.batch_size.map(|v| v.to_string()));
        set("optim.lr", self.lr.map(|v| format!("{v:e}")));
        set("seed", self.seed.map(|v| v.to_string()));
        let path = |p: &PathBuf| std::path::absolute(p).map(|p| format!("{:?}", p.display()));
        set("data.manifest", self.manifest.as_ref().map(path).transpose()?);
        set("data.pack", self.pack.as_ref().map(path).transpose()?);
        let stored = self.out.join("config.toml");
        match &self.resume {
            Some(_) => TrainConfig::resolve(&stored.display().to_string(), &overrides)
                .with_context(|| format!("{} holds no run to resume", self.out.display())),
            None => TrainConfig::resolve(&self.config, &overrides),
        }
    }
}

/// Trains, measures, writes the model card, and prints one JSON line about the run.
///
/// # Errors
/// When the configuration, the data or the device cannot be used, or training diverges.
pub fn run(args: &TrainArgs) -> Result<()> {
    let config = args.config()?;
    let opened = device::open_all(&args.device)?;
    let devices: Vec<_> = opened.iter().map(|(device, _)| device.clone()).collect();
    let (device, info) = opened.first().cloned().context("--device names no device")?;
    let (run, resume) = match &args.resume {
        Some(which) => {
            let run = RunDir::open(&args.out)?;
            let folder = run.find_checkpoint(which)?;
            (run, Some(folder))
        }
        None => (RunDir::create(&args.out, &config)?, None),
    };
    for (_, info) in &opened {
        output::say(format_args!("training on {} ({}; {})", info.backend, info.name, info.reason));
    }
    let infos: Vec<_> = opened.iter().map(|(_, info)| info).collect();
    environment(&run, &infos)?;
    let report = train(&config, &run, resume.as_ref(), &devices, output::is_quiet());
    if report.is_err() && !run.metrics_path().exists() {
        // Nothing was begun: the folder must not stand in the way of the next try.
        std::fs::remove_dir_all(run.root()).context("The empty run cannot be removed")?;
    }
    let report = report?;

    let mut model_config = checkpoint_config(&report.checkpoint)?;
    let mut model = G2d::new(&model_config, &device)?;
    let weights = std::fs::read(report.checkpoint.join("model.safetensors"))?;
    load_tensors(&mut model, &[&weights])?;
    let parameters = model.num_params();
    let mut evaluation: Option<Evaluation> = None;
    // A map is calibrated and measured where the truth is known.
    if config.log.validation_studies > 0 && config.on_phantoms() {
        let tokenizer = std::fs::read(report.checkpoint.join("tokenizer.json"))?;
        let set = |times: u64| PhantomSet {
            seed: config.seed.wrapping_add(times * HELD_OUT),
            studies: config.log.validation_studies,
            config: config.data.phantom.clone(),
        };
        let session = |model: &G2d, model_config: &g2d_core::config::G2dConfig| {
            let info_model = ModelInfo {
                name: "checkpoint".into(),
                preset: model_config.preset.clone(),
                sha256: hex_sha256(&weights),
            };
            Session::from_parts(
                model.clone(),
                model_config.clone(),
                ReportTokenizer::from_bytes(&tokenizer)?,
                device.clone(),
                info.clone(),
                info_model,
            )
        };
        output::say("calibrating on validation phantoms");
        model_config.grounding = calibrate(&session(&model, &model_config)?, &set(1))?;
        let bytes = serde_json::to_vec_pretty(&model_config)?;
        files::write_atomic(&report.checkpoint.join("config.json"), &bytes)?;
        output::say("measuring on test phantoms");
        let measured = evaluate(&session(&model, &model_config)?, &set(2), |_| ())?;
        let bytes = serde_json::to_vec_pretty(&measured)?;
        files::write_atomic(&run.root().join("evaluation.json"), &bytes)?;
        evaluation = Some(measured);
    }
    let card = model_card(&config, &model_config, parameters, &report, evaluation.as_ref());
    files::write_atomic(&run.root().join("model-card.md"), card.as_bytes())?;
    output::json_line(&summary(&report, run.root(), evaluation.as_ref()))
}

/// What a run was computed by; with `config.toml` it says how to repeat it.
fn environment(run: &RunDir, devices: &[&DeviceInfo]) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    let environment = json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "built_with": device::BUILT_WITH,
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "threads": threads,
        "rayon_num_threads": std::env::var("RAYON_NUM_THREADS").ok(),
        "devices": devices,
    });
    let bytes = serde_json::to_vec_pretty(&environment)?;
    files::write_atomic(&run.root().join("environment.json"), &bytes)
}

fn summary(report: &Report, run: &Path, evaluation: Option<&Evaluation>) -> serde_json::Value {
    let pointing = |way: &str| {
        evaluation.and_then(|e| e.scores.get(way)?.get("all")).map(|score| {
            json!([score.pointing, score.pointing_within_32nd, score.pointing_within_16th])
        })
    };
    json!({
        "run": run,
        "checkpoint": report.checkpoint,
        "steps": report.steps,
        "seconds": report.seconds,
        "last": report.last,
        "validation": report.validation.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "pointing_local": pointing("local"),
        "pointing_value": pointing("value"),
    })
}
