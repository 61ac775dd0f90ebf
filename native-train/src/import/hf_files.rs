//! The files of a Hugging Face model: from a folder, or named one by one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use g2d_core::Error;

use crate::files;

/// Settings and vocabularies are small; anything larger is another file.
const TEXT_LIMIT: u64 = 64 << 20;

/// Where each part of the model lies.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct HfFiles {
    /// `config.json`.
    pub config: PathBuf,
    /// `vocab.txt`.
    pub vocab: Option<PathBuf>,
    /// `tokenizer.json`.
    pub tokenizer: Option<PathBuf>,
    /// `tokenizer_config.json`.
    pub tokenizer_config: Option<PathBuf>,
    /// One file of weights, or all shards.
    pub weights: Vec<PathBuf>,
}

impl HfFiles {
    /// Sorts what was given: one folder, or files by their usual names.
    ///
    /// # Errors
    /// `G2D-F01` for what is not there, `G2D-W40` without `config.json` or weights, `G2D-W42`
    /// without a vocabulary.
    pub fn find(given: &[PathBuf]) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for path in given {
            if path.is_dir() {
                let listed = std::fs::read_dir(path).map_err(|e| files::reason(&e));
                for entry in listed.with_context(|| path.display().to_string())? {
                    all.push(entry.with_context(|| path.display().to_string())?.path());
                }
            } else {
                std::fs::metadata(path)
                    .map_err(|e| files::reason(&e))
                    .with_context(|| path.display().to_string())?;
                all.push(path.clone());
            }
        }
        all.retain(|path| path.is_file());
        all.sort();
        let shown = given.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        Self::sort(&all).with_context(|| shown)
    }

    fn sort(all: &[PathBuf]) -> Result<Self, Error> {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().to_string();
        let called = |wanted: &str| all.iter().find(|path| name(path) == wanted).cloned();
        let config = called("config.json").ok_or_else(|| {
            Error::weights(
                "G2D-W40",
                "There is no config.json among the files",
                "Give the model's folder, or its config.json too: the number of attention heads \
                 stands nowhere else",
            )
        })?;
        let (vocab, tokenizer) = (called("vocab.txt"), called("tokenizer.json"));
        if vocab.is_none() && tokenizer.is_none() {
            return Err(Error::weights(
                "G2D-W42",
                "There is neither a vocab.txt nor a tokenizer.json among the files",
                "Give the vocabulary that the model was trained with; another one gives words \
                 other meanings",
            ));
        }
        let weights = weight_files(all, &name);
        if weights.is_empty() {
            return Err(Error::weights(
                "G2D-W40",
                "There are no weights among the files",
                "Give model.safetensors or pytorch_model.bin (or all of its shards); TensorFlow \
                 and Flax files cannot be read",
            ));
        }
        let tokenizer_config = called("tokenizer_config.json");
        Ok(Self { config, vocab, tokenizer, tokenizer_config, weights })
    }
}

/// The weights among the files: in a folder that has them twice, the safetensors.
fn weight_files(all: &[PathBuf], name: &impl Fn(&Path) -> String) -> Vec<PathBuf> {
    let pick = |accept: &dyn Fn(&str) -> bool| -> Vec<PathBuf> {
        all.iter().filter(|path| accept(&name(path))).cloned().collect()
    };
    let shard = |n: &str, stem: &str, end: &str| {
        n.strip_prefix(stem).is_some_and(|n| n.starts_with('-') && n.contains("-of-"))
            && n.ends_with(end)
    };
    let ways: [&dyn Fn(&str) -> bool; 5] = [
        &|n| n == "model.safetensors",
        &|n| shard(n, "model", ".safetensors"),
        &|n| n == "pytorch_model.bin",
        &|n| shard(n, "pytorch_model", ".bin"),
        // Any other name, as long as there is no doubt which file is meant.
        &|n| [".safetensors", ".bin", ".pt", ".pth"].iter().any(|end| n.ends_with(end)),
    ];
    ways.into_iter().map(pick).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Reads a file of text or JSON.
///
/// # Errors
/// `G2D-F01` when it cannot be read, `G2D-W40` when it is too large to be one.
pub fn read_small(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = || -> Result<Vec<u8>, Error> {
        let bytes = files::read_at_most(path, TEXT_LIMIT)?;
        if bytes.len() as u64 > TEXT_LIMIT {
            return Err(Error::weights(
                "G2D-W40",
                "This file is too large to be a model's settings or vocabulary",
                "Give the files under the names that Hugging Face gave them",
            ));
        }
        Ok(bytes)
    };
    read().with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&str]) -> Result<HfFiles, Error> {
        HfFiles::sort(&names.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn safetensors_come_before_pickles_and_shards_stay_together() {
        let both = sorted(&["config.json", "vocab.txt", "pytorch_model.bin", "model.safetensors"])
            .unwrap();
        assert_eq!(both.weights, [PathBuf::from("model.safetensors")]);
        let shards = [
            "config.json",
            "tokenizer.json",
            "pytorch_model-00001-of-00002.bin",
            "pytorch_model-00002-of-00002.bin",
            "training_args.bin",
        ];
        assert_eq!(sorted(&shards).unwrap().weights.len(), 2);
        let named = sorted(&["config.json", "vocab.txt", "weights.pth"]).unwrap();
        assert_eq!(named.weights, [PathBuf::from("weights.pth")]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let code = |names: &[&str]| sorted(names).unwrap_err().code();
        assert_eq!(code(&["vocab.txt", "model.safetensors"]), "G2D-W40");
        assert_eq!(code(&["config.json", "vocab.txt", "tf_model.h5"]), "G2D-W40");
        assert_eq!(code(&["config.json", "model.safetensors"]), "G2D-W42");
    }
}
