//! The training configuration: a TOML file, every value of which the command line can override.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use g2d_core::config::{G2dConfig, MapSource};
use g2d_core::phantom::PhantomConfig;
use serde::{Deserialize, Serialize};

/// One training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Architecture: `base`, `small` or `tiny`.
    pub preset: String,
    /// Everything random follows from it.
    pub seed: u64,
    /// Optimiser steps.
    pub steps: usize,
    /// Studies in a step.
    pub batch_size: usize,
    /// A checkpoint folder whose weights, where they fit, are the start; none starts fresh.
    pub init: Option<PathBuf>,
    /// What is learnt from.
    pub data: DataConfig,
    /// The losses and their weights.
    pub loss: LossConfig,
    /// The optimiser and its schedule.
    pub optim: OptimConfig,
    /// Changes to the images while training.
    pub augment: AugmentConfig,
    /// What is written, and how often.
    pub log: LogConfig,
    /// Single values of the model's configuration that differ from the preset, as a table of the
    /// same shape as the bundle's `config.json`.
    pub model: toml::Table,
}

/// What is learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A pairs manifest (JSONL or CSV); none draws phantoms.
    pub manifest: Option<PathBuf>,
    /// Split of the manifest to train on; rows without a split count as `train`.
    pub split: String,
    /// Number of different phantoms.
    pub phantoms: usize,
    /// How phantoms are drawn.
    pub phantom: PhantomConfig,
    /// A tokenizer.json; none makes a WordPiece vocabulary from the phantoms' grammar or from the
    /// manifest's texts.
    pub tokenizer: Option<PathBuf>,
    /// Batches made ahead while the device computes.
    pub prefetch: usize,
}

/// What the decoder learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecoderTask {
    /// No decoder: alignment only.
    None,
    /// The pixels of the image.
    Reconstruction,
    /// The pseudo mask: G2D.
    PseudoMask,
}

/// The losses and their weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// Weight of the global image–report contrast. Paper: 1.
    pub alignment: f64,
    /// Weight of the decoder's loss. Paper: 1.
    pub pixel: f64,
    /// Weight of the sentence-level contrast on the local head; 0 in `paper` and `reference`.
    pub local: f64,
    /// What the decoder learns.
    pub decoder_task: DecoderTask,
    /// Steps before the decoder's loss joins. Paper: 0; reference code: 200.
    pub pixel_warmup_steps: usize,
    /// Leave studies with the same report out of each other's negatives.
    pub mask_duplicates: bool,
    /// Keep padding out of the text projector's statistics.
    pub masked_text_norm: bool,
}

/// AdamW and its schedule: linear warm-up, then one cosine down to `min_lr`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimConfig {
    /// Highest learning rate. Paper: 2e-4 at a batch of 2,048.
    pub lr: f64,
    /// Learning rate at the end.
    pub min_lr: f64,
    /// Share of the steps that warm up.
    pub warmup: f64,
    /// Decoupled weight decay on matrices and kernels, not on norms and biases. Paper: 1e-8.
    pub weight_decay: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Largest norm of all gradients together; 0 turns clipping off.
    pub clip_norm: f64,
}

/// Random changes to a training image; no flip, since left and right are words of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Largest rotation either way, in degrees.
    pub rotate: f64,
    /// Largest change of scale either way, as a share.
    pub scale: f64,
    /// Largest shift either way, as a share of the side.
    pub shift: f64,
    /// Largest change of brightness either way, on the scale of [0, 1].
    pub brightness: f64,
    /// Largest change of contrast either way, as a share.
    pub contrast: f64,
}

/// What is written, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Steps between checkpoints; the last step always makes one.
    pub checkpoint_every: usize,
    /// Checkpoints kept.
    pub keep: usize,
    /// Steps between measurements on held-out phantoms; 0 measures at the end only.
    pub validate_every: usize,
    /// Held-out phantoms measured on; 0 measures nothing.
    pub validation_studies: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            preset: "tiny".into(),
            seed: 0,
            steps: 400,
            batch_size: 32,
            init: None,
            data: DataConfig::default(),
            loss: LossConfig::default(),
            optim: OptimConfig::default(),
            augment: AugmentConfig::default(),
            log: LogConfig::default(),
            model: toml::Table::new(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            manifest: None,
            split: "train".into(),
            phantoms: 4096,
            phantom: PhantomConfig::default(),
            tokenizer: None,
            prefetch: 2,
        }
    }
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            alignment: 1.0,
            pixel: 1.0,
            local: 1.0,
            decoder_task: DecoderTask::PseudoMask,
            pixel_warmup_steps: 200,
            mask_duplicates: true,
            masked_text_norm: true,
        }
    }
}

impl Default for OptimConfig {
    fn default() -> Self {
        Self {
            lr: 2e-4,
            min_lr: 1e-8,
            warmup: 0.05,
            weight_decay: 1e-8,
            beta1: 0.9,
            beta2: 0.999,
            clip_norm: 1.0,
        }
    }
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self { rotate: 8.0, scale: 0.08, shift: 0.04, brightness: 0.1, contrast: 0.2 }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { checkpoint_every: 100, keep: 2, validate_every: 0, validation_studies: 100 }
    }
}

impl TrainConfig {
    /// A configuration that ships with the program, by name.
    pub fn shipped(name: &str) -> Option<&'static str> {
        match name {
            "recommended" => Some(include_str!("../configs/recommended.toml")),
            "paper" => Some(include_str!("../configs/paper.toml")),
            "reference" => Some(include_str!("../configs/reference.toml")),
            "tiny" => Some(include_str!("../configs/tiny.toml")),
            "smoke" => Some(include_str!("../configs/smoke.toml")),
            _ => None,
        }
    }

    /// Reads a shipped configuration or a file, then applies `key=value` overrides in order.
    ///
    /// # Errors
    /// When there is no such file, a key is unknown, or a value cannot be read.
    pub fn resolve(name_or_path: &str, overrides: &[String]) -> Result<Self> {
        let text = match Self::shipped(name_or_path) {
            Some(text) => text.to_owned(),
            None => std::fs::read_to_string(name_or_path).with_context(|| {
                format!(
                    "There is no configuration {name_or_path:?}; use smoke, tiny, recommended, \
                     paper, reference or the path of a TOML file"
                )
            })?,
        };
        let mut table: toml::Table =
            text.parse().with_context(|| format!("{name_or_path} is not TOML"))?;
        for item in overrides {
            apply_override(&mut table, item)?;
        }
        let config: Self = table.try_into().context("The configuration has a wrong value")?;
        config.validate()?;
        Ok(config)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// Names the value and what it may be.
    pub fn validate(&self) -> Result<()> {
        if self.batch_size < 2 {
            bail!("batch_size is {}; a contrast needs at least 2 studies", self.batch_size);
        }
        if self.steps == 0 {
            bail!("steps is 0; train at least one step");
        }
        if self.data.manifest.is_none() && self.data.phantoms < self.batch_size {
            bail!("data.phantoms is below batch_size; draw at least one batch");
        }
        if !(0.0..=1.0).contains(&self.optim.warmup) {
            bail!("optim.warmup is a share of the steps, between 0 and 1");
        }
        let optim = &self.optim;
        if !(optim.lr > 0.0 && optim.lr.is_finite() && optim.min_lr <= optim.lr) {
            bail!("optim.lr must be positive and not below optim.min_lr");
        }
        self.model_config(1).map(drop)
    }

    /// The model's configuration: the preset, the changes of `[model]`, and the size of the
    /// vocabulary.
    ///
    /// # Errors
    /// When a change does not fit, or the whole cannot run.
    pub fn model_config(&self, vocab_size: usize) -> Result<G2dConfig> {
        let preset = G2dConfig::preset(&self.preset)?;
        let mut value = serde_json::to_value(&preset)?;
        merge(&mut value, &serde_json::to_value(&self.model)?);
        let mut config: G2dConfig =
            serde_json::from_value(value).context("A value under [model] does not fit")?;
        config.text.vocab_size = vocab_size;
        if self.loss.local == 0.0 {
            config.local = None;
            if config.grounding.source == MapSource::Local {
                config.grounding.source = MapSource::Value;
            }
        }
        config.validate()?;
        Ok(config)
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// Never for a value that was read from TOML.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Reads the resolved configuration of a run.
    ///
    /// # Errors
    /// When the file is absent or not of this version.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("The run has no configuration at {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
    }
}

/// Sets `a.b.c=value`; the value is TOML, and a bare word counts as a string.
fn apply_override(table: &mut toml::Table, item: &str) -> Result<()> {
    let Some((key, text)) = item.split_once('=') else {
        bail!("--set {item:?} is not KEY=VALUE, for example --set optim.lr=1e-3");
    };
    let value = match format!("v = {}", text.trim()).parse::<toml::Table>() {
        Ok(mut parsed) => parsed.remove("v"),
        Err(_) => None,
    };
    let value = value.unwrap_or_else(|| toml::Value::String(text.trim().to_owned()));
    let mut here = table;
    let mut parts = key.trim().split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            here.insert(part.to_owned(), value);
            return Ok(());
        }
        let next = here.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        here = match next {
            toml::Value::Table(table) => table,
            _ => bail!("--set {key}: {part} is a value, not a table"),
        };
    }
    Ok(())
}

/// Lays `change` over `base`, tables into tables.
fn merge(base: &mut serde_json::Value, change: &serde_json::Value) {
    match (base, change) {
        (serde_json::Value::Object(base), serde_json::Value::Object(change)) => {
            for (key, value) in change {
                merge(base.entry(key.clone()).or_insert(serde_json::Value::Null), value);
            }
        }
        (base, change) => *base = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_configuration_resolves() {
        for name in ["smoke", "tiny", "recommended", "paper", "reference"] {
            TrainConfig::resolve(name, &[]).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        }
    }

    #[test]
    fn overrides_reach_every_level() {
        let set = |items: &[&str]| {
            let items: Vec<String> = items.iter().map(|s| (*s).to_owned()).collect();
            TrainConfig::resolve("smoke", &items)
        };
        let config = set(&[
            "steps=7",
            "optim.lr=0.5",
            "loss.decoder_task=reconstruction",
            "model.encoder.width=8",
        ])
        .unwrap();
        assert_eq!((config.steps, config.optim.lr), (7, 0.5));
        assert_eq!(config.loss.decoder_task, DecoderTask::Reconstruction);
        assert_eq!(config.model_config(10).unwrap().encoder.width, 8);
        assert!(set(&["optim.speed=1"]).is_err());
        assert!(set(&["steps"]).is_err());
        assert!(set(&["model.encoder.depth=19"]).is_err());
    }

    #[test]
    fn a_resolved_configuration_reads_back() {
        let config = TrainConfig::resolve("paper", &[]).unwrap();
        let again: TrainConfig = toml::from_str(&config.to_toml().unwrap()).unwrap();
        assert_eq!(config, again);
    }
}
