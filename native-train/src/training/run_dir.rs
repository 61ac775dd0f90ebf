//! The folder of a run.
//!
//! ```text
//! config.toml         the resolved configuration
//! metrics.jsonl       a row a step
//! checkpoints/
//!   step-000100/      model.safetensors, optimizer.safetensors, config.json, tokenizer.json,
//!                     state.json
//!   latest            the name of the newest
//! model-card.md       what the weights saw and what they score
//! ```

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{config::TrainConfig, files};

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunDir {
    root: PathBuf,
}

impl RunDir {
    /// Starts a run in a folder that does not hold one.
    ///
    /// # Errors
    /// When the folder holds a run already, or cannot be written.
    pub fn create(root: &Path, config: &TrainConfig) -> Result<Self> {
        let run = Self { root: root.to_owned() };
        if run.config_path().exists() {
            bail!(
                "{} holds a run already; continue it with --resume latest, or choose another --out",
                root.display()
            );
        }
        std::fs::create_dir_all(run.checkpoints())
            .with_context(|| format!("{} cannot be made", root.display()))?;
        files::write_atomic(&run.config_path(), config.to_toml()?.as_bytes())?;
        Ok(run)
    }

    /// Opens the folder of an earlier run.
    ///
    /// # Errors
    /// When it holds none.
    pub fn open(root: &Path) -> Result<Self> {
        let run = Self { root: root.to_owned() };
        if !run.config_path().exists() {
            bail!("{} holds no run: there is no config.toml", root.display());
        }
        Ok(run)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The resolved configuration.
    pub fn config_path(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// One JSON object a step.
    pub fn metrics_path(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// The folder of the checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// Opens `metrics.jsonl` for appending, without the rows of `step` and later.
    ///
    /// A run that was killed after its last checkpoint has written rows that the resumed run will
    /// write again; a row that was cut off in the middle goes too.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open_metrics(&self, step: usize) -> Result<File> {
        let path = self.metrics_path();
        if path.exists() {
            let mut kept = Vec::new();
            for line in BufReader::new(File::open(&path)?).lines() {
                let line = line?;
                let row: Option<serde_json::Value> = serde_json::from_str(&line).ok();
                let at = row.and_then(|r| r.get("step").and_then(serde_json::Value::as_u64));
                if at.is_some_and(|at| (at as usize) < step) {
                    writeln!(kept, "{line}")?;
                }
            }
            files::write_atomic(&path, &kept)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The folder that `latest` or a path names.
    ///
    /// # Errors
    /// When there is no such checkpoint.
    pub fn find_checkpoint(&self, which: &str) -> Result<PathBuf> {
        let path = if which == "latest" {
            let file = self.checkpoints().join("latest");
            let name = std::fs::read_to_string(&file).with_context(|| {
                format!("{} has no checkpoint yet; start it without --resume", self.root.display())
            })?;
            self.checkpoints().join(name.trim())
        } else {
            PathBuf::from(which)
        };
        if !path.join("state.json").exists() {
            bail!("{} is not a checkpoint: there is no state.json", path.display());
        }
        Ok(path)
    }
}
