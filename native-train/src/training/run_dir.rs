//! The folder of a run.
//!
//! ```text
//! config.toml         the resolved configuration
//! environment.json    program, devices, threads, sizes
//! metrics.jsonl       a row a step
//! validation.jsonl    a row a validation
//! train.log           what happened, with the time
//! tensorboard/        event files
//! pictures/           film, attention, pseudo mask and prediction of fixed cases
//! checkpoints/
//!   step-000100/      model.safetensors, optimizer.safetensors, config.json, tokenizer.json,
//!                     state.json
//!   latest, best      the name of the newest, of the best by the validation
//! model-card.md       what the weights saw and what they score
//! ```

use std::path::{Path, PathBuf};

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
        if !files::is_empty_folder(root)? {
            bail!("{} holds other files; choose another --out", root.display());
        }
        // Made beside and renamed: of two runs that start at once only one gets the folder.
        let staged = files::staging(root)?;
        let made = Self { root: staged.path().to_owned() };
        std::fs::create_dir_all(made.checkpoints())
            .with_context(|| format!("{} cannot be made", root.display()))?;
        files::write_atomic(&made.config_path(), config.to_toml()?.as_bytes())?;
        files::move_into_place(staged, root)?;
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

    /// The folder that `latest`, `best` or a path names.
    ///
    /// # Errors
    /// When there is no such checkpoint.
    pub fn find_checkpoint(&self, which: &str) -> Result<PathBuf> {
        let path = if which == "latest" || which == "best" {
            let file = self.checkpoints().join(which);
            let name = std::fs::read_to_string(&file).with_context(|| {
                format!(
                    "{} has no {which} checkpoint yet; start it without --resume",
                    self.root.display()
                )
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
