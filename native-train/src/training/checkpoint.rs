//! A checkpoint: everything a run needs to go on as if it had not stopped.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::{module::Module, tensor::Device};
use g2d_core::{
    config::G2dConfig,
    model::G2d,
    weights::{Dtype, load_tensors, save_tensors},
};
use serde::{Deserialize, Serialize};

use super::{AdamW, RunDir};
use crate::{config::OptimConfig, files};

/// Where a run stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointState {
    /// Steps made: the next step to make. The sampler, the schedule and every counter follow from
    /// it.
    pub step: usize,
    /// Seed of the run; with the step it gives every random number that follows.
    pub seed: u64,
    /// The best value of the validation so far, of the one that `log.best` names.
    #[serde(default)]
    pub best: Option<f64>,
}

impl CheckpointState {
    /// Before the first step.
    pub fn start(seed: u64) -> Self {
        Self { step: 0, seed, best: None }
    }
}

/// A checkpoint in memory.
pub struct Checkpoint {
    /// The model with its running statistics.
    pub model: G2d,
    /// The optimiser with its moments.
    pub optimizer: AdamW,
    /// Where the run stood.
    pub state: CheckpointState,
}

impl Checkpoint {
    /// Writes the checkpoint into the run, then points `latest` to it and removes old ones.
    ///
    /// It is written under another name first, so that a kill at any moment leaves a whole one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(
        &self,
        run: &RunDir,
        config: &G2dConfig,
        tokenizer: &[u8],
        keep: usize,
    ) -> Result<PathBuf> {
        let name = format!("step-{:06}", self.state.step);
        let root = run.checkpoints();
        let folder = root.join(&name);
        let unfinished = files::staging(&folder)?;
        let put = |file: &str, bytes: &[u8]| {
            let path = unfinished.path().join(file);
            std::fs::write(&path, bytes).with_context(|| format!("{file} cannot be written"))
        };
        // `valid` also takes in the newest running statistics; without it they lag by one step.
        let weights = save_tensors(&self.model.valid(), Dtype::F32, usize::MAX)?;
        put("model.safetensors", weights.first().map_or(&[][..], Vec::as_slice))?;
        put("optimizer.safetensors", &self.optimizer.to_bytes()?)?;
        put("config.json", &serde_json::to_vec_pretty(config)?)?;
        put("tokenizer.json", tokenizer)?;
        put("state.json", &serde_json::to_vec_pretty(&self.state)?)?;
        files::move_into_place(unfinished, &folder)?;
        files::write_atomic(&root.join("latest"), name.as_bytes())?;
        prune(&root, keep, &name)?;
        Ok(folder)
    }

    /// Points `best` to a checkpoint, which is then kept.
    ///
    /// # Errors
    /// When the pointer cannot be written.
    pub fn mark_best(run: &RunDir, folder: &Path) -> Result<()> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.context("A checkpoint folder has a name")?;
        files::write_atomic(&run.checkpoints().join("best"), name.as_bytes())
    }

    /// Reads a checkpoint onto a device.
    ///
    /// # Errors
    /// When a file is absent or does not fit.
    pub fn load(folder: &Path, optim: &OptimConfig, device: &Device) -> Result<Self> {
        let read = |file: &str| {
            std::fs::read(folder.join(file))
                .with_context(|| format!("The checkpoint {} lacks {file}", folder.display()))
        };
        let state: CheckpointState = serde_json::from_slice(&read("state.json")?)?;
        let config: G2dConfig = serde_json::from_slice(&read("config.json")?)?;
        let mut model = G2d::new(&config, device)?;
        load_tensors(&mut model, &[&read("model.safetensors")?])?;
        let moments = read("optimizer.safetensors")?;
        let optimizer = AdamW::from_bytes(optim, &moments, state.step, device)?;
        Ok(Self { model, optimizer, state })
    }
}

/// Removes all but the newest checkpoints, never the one just written nor the best.
fn prune(root: &Path, keep: usize, newest: &str) -> Result<()> {
    let best = std::fs::read_to_string(root.join("best")).unwrap_or_default();
    let mut names: Vec<String> = std::fs::read_dir(root)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("step-") && name != newest && *name != best)
        .collect();
    names.sort();
    let extra = (names.len() + 1).saturating_sub(keep.max(1));
    for name in names.iter().take(extra) {
        std::fs::remove_dir_all(root.join(name))?;
    }
    Ok(())
}
