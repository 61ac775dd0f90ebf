//! The training configuration: a TOML file, every value of which the command line can override.

mod sections;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use g2d_core::config::{G2dConfig, MapSource};
use serde::{Deserialize, Deserializer, Serialize};

pub use sections::{
    AugmentConfig, CropKind, DataConfig, DecoderTask, LogConfig, LossConfig, MaskControl,
    OptimConfig, ParameterGroup, ScheduleKind,
};

/// Number format of the passes; weights, optimiser and losses are f32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Four bytes a number.
    F32,
    /// Two bytes a number with f32's range, norms excepted.
    Bf16,
}

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
    /// Passes over the data instead of `steps`, when not 0.
    pub epochs: usize,
    /// Studies in an optimiser step, over all devices: all of them are each other's negatives.
    pub batch_size: usize,
    /// Parts that a device makes of its share of the batch, to fit its memory. The contrast still
    /// runs over the whole batch; statistics of norms run over a part.
    pub accumulate: usize,
    /// Let norms take their statistics over all devices.
    pub sync_norm: bool,
    /// Number format of the passes.
    pub precision: Precision,
    /// Folders whose weights, where they fit, are the start: checkpoints, bundles, or what
    /// `g2d import` made. One path or a list.
    #[serde(deserialize_with = "one_or_many")]
    pub init: Vec<PathBuf>,
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

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            preset: "tiny".into(),
            seed: 0,
            steps: 400,
            epochs: 0,
            batch_size: 32,
            accumulate: 1,
            sync_norm: true,
            precision: Precision::F32,
            init: Vec::new(),
            data: DataConfig::default(),
            loss: LossConfig::default(),
            optim: OptimConfig::default(),
            augment: AugmentConfig::default(),
            log: LogConfig::default(),
            model: toml::Table::new(),
        }
    }
}

impl TrainConfig {
    /// A configuration that ships with the program, by name.
    pub fn shipped(name: &str) -> Option<&'static str> {
        match name {
            "recommended" => Some(include_str!("../configs/recommended.toml")),
            "paper" => Some(include_str!("../configs/paper.toml")),
            "reference" => Some(include_str!("../configs/reference.toml")),
            "small" => Some(include_str!("../configs/small.toml")),
            "tiny" => Some(include_str!("../configs/tiny.toml")),
            "demo" => Some(include_str!("../configs/demo.toml")),
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
                    "There is no configuration {name_or_path:?}; use smoke, tiny, demo, small, recommended, \
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
        if self.accumulate == 0 || self.batch_size / self.accumulate < 2 {
            bail!(
                "accumulate is {}; it cuts a batch of {} into parts of at least 2 studies",
                self.accumulate,
                self.batch_size
            );
        }
        let data = &self.data;
        if data.manifest.is_some() && data.pack.is_some() {
            bail!("data.manifest and data.pack exclude each other; set one to train on");
        }
        if !(data.beside_share > 0.0 && data.beside_share < 1.0) {
            bail!("data.beside_share is a share of the batch, above 0 and below 1");
        }
        self.loss.local_contrast.validate()?;
        if self.on_phantoms() && data.phantoms < self.batch_size {
            bail!("data.phantoms is below batch_size; draw at least one batch");
        }
        if !(0.0..=1.0).contains(&self.optim.warmup) {
            bail!("optim.warmup is a share of the steps, between 0 and 1");
        }
        let optim = &self.optim;
        if !(optim.lr > 0.0 && optim.lr.is_finite() && optim.min_lr <= optim.lr) {
            bail!("optim.lr must be positive and not below optim.min_lr");
        }
        if optim.schedule == ScheduleKind::CosineRestarts && optim.restart_every == 0 {
            bail!("optim.restart_every is 0; give the steps of one cosine, for example 200");
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

    /// Whether it is phantoms that are trained on.
    pub fn on_phantoms(&self) -> bool {
        self.data.pack.is_none() && self.data.manifest.is_none()
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

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        One(PathBuf),
        Many(Vec<PathBuf>),
    }
    Ok(match Either::deserialize(from)? {
        Either::One(path) => vec![path],
        Either::Many(paths) => paths,
    })
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
        for name in ["smoke", "tiny", "demo", "small", "recommended", "paper", "reference"] {
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
