//! Trains every variant on every seed, one after the other, and measures each once.
//!
//! A run that is measured is not run again, one that was stopped goes on, so the same command may
//! be given until the set is done. Runs follow each other in one process because back ends draw
//! their random numbers from one place: side by side they would not start as they do alone.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::{
    measure::{Bench, Measures, validation},
    set::{START, Set, Variant},
};
use crate::{
    config::TrainConfig,
    data::source::Source,
    files, output,
    training::{CheckpointState, Interrupted, RunDir, train},
};

/// What one run came to: `result.json` of its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Name of the variant.
    pub variant: String,
    /// Seed.
    pub seed: u64,
    /// Values by measure; none where training diverged.
    pub values: Measures,
    /// Why training stopped, where its loss was no number any more.
    pub diverged: Option<String>,
}

/// All runs of a set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// One for each variant and seed.
    pub outcomes: Vec<Outcome>,
    /// Baselines by seed.
    pub baselines: BTreeMap<u64, Measures>,
}

/// Trains and measures what is not yet done, seed by seed: an early look compares like with like.
///
/// # Errors
/// When a run fails for another reason than a loss that is no number; [`Interrupted`] when it was
/// asked to end.
pub fn run_all(set: &Set, seeds: &[u64], out: &Path, devices: &[Device]) -> Result<Results> {
    let total = seeds.len() * set.variants.len();
    let mut results = Results::default();
    for (s, &seed) in seeds.iter().enumerate() {
        let mut bench = None;
        let init = (Place { set, out, seed, devices, init: None }).start()?;
        let place = Place { set, out, seed, devices, init };
        for (v, variant) in set.variants.iter().enumerate() {
            let number = s * set.variants.len() + v + 1;
            let label = format!("run {number} of {total}: {}, seed {seed}", variant.name);
            let outcome = place.run(variant, &label, &mut bench).with_context(|| label.clone())?;
            results.outcomes.push(outcome);
        }
        if let Some(values) = place.baselines(&mut bench)? {
            results.baselines.insert(seed, values);
        }
    }
    Ok(results)
}

/// Where the runs of one seed go.
struct Place<'a> {
    set: &'a Set,
    out: &'a Path,
    seed: u64,
    devices: &'a [Device],
    /// What the variants start from.
    init: Option<PathBuf>,
}

impl Place<'_> {
    fn folder(&self, variant: &Variant) -> PathBuf {
        self.out.join("runs").join(&variant.folder).join(format!("seed-{}", self.seed))
    }

    fn config(&self, variant: &Variant) -> TrainConfig {
        let mut config = TrainConfig { seed: self.seed, ..variant.config.clone() };
        config.init.extend(self.init.clone());
        config
    }

    /// The weights that the variants of this seed start from, trained if they are not yet.
    fn start(&self) -> Result<Option<PathBuf>> {
        let Some(config) = &self.set.start else { return Ok(None) };
        let folder = self.out.join("runs").join(START).join(format!("seed-{}", self.seed));
        let label = format!("the start of seed {}", self.seed);
        output::say(&label);
        let config = TrainConfig { seed: self.seed, ..config.clone() };
        let checkpoint = self.train(&folder, &config).context(label)?;
        // Runs keep where they started from; that must hold from any working folder.
        Ok(Some(std::path::absolute(checkpoint)?))
    }

    fn run(&self, variant: &Variant, label: &str, bench: &mut Option<Bench>) -> Result<Outcome> {
        let folder = self.folder(variant);
        let path = folder.join("result.json");
        if path.exists() {
            output::say(format_args!("{label}: done before"));
            return read(&path);
        }
        output::say(format_args!("{label}"));
        let config = self.config(variant);
        let mut outcome = Outcome {
            variant: variant.name.clone(),
            seed: self.seed,
            values: Measures::new(),
            diverged: None,
        };
        match self.train(&folder, &config) {
            Ok(checkpoint) => {
                outcome.values = validation(&folder)?;
                if config.on_phantoms() {
                    let device = self.devices.first().context("--device names no device")?;
                    let bench = self.bench(variant, bench)?;
                    outcome.values.extend(bench.measure(&checkpoint, device)?);
                }
            }
            // A loss that stops being a number is a finding about the variant, not about the set.
            Err(error) if diverged(&folder) && !error.is::<Interrupted>() => {
                output::warn(format_args!("{label}: {error:#}"));
                outcome.diverged = Some(format!("{error:#}"));
            }
            Err(error) => return Err(error),
        }
        files::write_atomic(&path, &serde_json::to_vec_pretty(&outcome)?)?;
        Ok(outcome)
    }

    /// Trains from wherever the run stands; the last checkpoint.
    fn train(&self, folder: &Path, config: &TrainConfig) -> Result<PathBuf> {
        let run = if folder.join("config.toml").exists() {
            RunDir::open(folder)?
        } else {
            RunDir::create(folder, config)?
        };
        let resume = if run.checkpoints().join("latest").exists() {
            let checkpoint = run.find_checkpoint("latest")?;
            let state: CheckpointState = read(&checkpoint.join("state.json"))?;
            if state.step >= steps(config)? {
                return Ok(checkpoint);
            }
            Some(checkpoint)
        } else {
            None
        };
        // Quiet: no dashboard that closes and opens with every run.
        Ok(train(config, &run, resume.as_ref(), self.devices, true)?.checkpoint)
    }

    /// The films of this seed, drawn when the first run needs them. Variants of another input size
    /// get their own.
    fn bench<'a>(&self, variant: &Variant, kept: &'a mut Option<Bench>) -> Result<&'a Bench> {
        let config = self.config(variant);
        let stale = kept.as_ref().is_none_or(|bench| !bench.fits(&config));
        let drawn = if stale { Some(Bench::new(&config, &self.set.probe)?) } else { None };
        if let Some(bench) = drawn {
            *kept = Some(bench);
        }
        kept.as_ref().context("The phantoms were not drawn (please report this)")
    }

    /// What the reference's measures give without training; none where it is not phantoms that are
    /// trained on, or the reference diverged.
    fn baselines(&self, bench: &mut Option<Bench>) -> Result<Option<Measures>> {
        let path = self.out.join("baselines").join(format!("seed-{}.json", self.seed));
        if path.exists() {
            return read(&path).map(Some);
        }
        let Some(reference) = self.set.variants.get(self.set.reference) else { return Ok(None) };
        let folder = self.folder(reference);
        if !self.set.on_phantoms() || diverged(&folder) {
            return Ok(None);
        }
        let checkpoint = RunDir::open(&folder)?.find_checkpoint("latest")?;
        let device = self.devices.first().context("--device names no device")?;
        let values = self.bench(reference, bench)?.baselines(&checkpoint, device)?;
        files::write_atomic(&path, &serde_json::to_vec_pretty(&values)?)?;
        Ok(Some(values))
    }
}

fn diverged(folder: &Path) -> bool {
    folder.join("not-finite.json").exists()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} cannot be read", path.display()))
}

/// Steps that a run makes in all, counted as training counts them.
fn steps(config: &TrainConfig) -> Result<usize> {
    if config.epochs == 0 {
        return Ok(config.steps);
    }
    let shape = config.model_config(1)?;
    let body = shape.pseudo_mask.body;
    let source = Source::new(&config.data, config.seed, &shape.image, body)?;
    Ok(config.epochs * (source.len() / config.batch_size).max(1))
}
