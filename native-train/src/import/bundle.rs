//! The folder of starting weights: written by `g2d import`, read by a training.
//!
//! | file | holds |
//! |---|---|
//! | `manifest.json` | [`StartManifest`]: where the weights came from, what was left out, every file with its hash |
//! | `config.json` | the part of a model's configuration that the weights decide |
//! | `tokenizer.json` | the vocabulary, with a text encoder |
//! | `model.safetensors` | the weights, f32, under `image_encoder.` or `text_encoder.` |

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use g2d_core::{
    Error,
    config::G2dConfig,
    outcome::NOTICE,
    weights::{Bundle, BundleFile, FileRole, file_entry, hex_sha256, join_shards},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{bundle_dir, files};

/// Version of the manifest's format.
const START_VERSION: u32 = 1;
/// Larger manifests or configurations than this are none.
const SMALL_LIMIT: u64 = 4 << 20;
/// The files of such a folder and what they are for.
const FILES: [(&str, FileRole); 3] = [
    ("config.json", FileRole::Config),
    ("tokenizer.json", FileRole::Tokenizer),
    ("model.safetensors", FileRole::Weights),
];
/// What can be said about the licence of somebody else's file.
const LICENCE: &str = "unknown: the licence of the source applies to these weights, and may apply \
                       to what is trained from them; ask there before you share them";

/// What `manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartManifest {
    /// Version of this format.
    pub schema_version: u32,
    /// `start`: a start for training, not a model that runs.
    pub kind: String,
    /// `torchvision` or `hf-bert`.
    pub from: String,
    /// The network in words.
    pub network: String,
    /// The files that were read.
    pub sources: Vec<Source>,
    /// What stood in front of the names there.
    pub prefix: String,
    /// Tensors taken over.
    pub tensors: usize,
    /// Tensors left out, counted by the beginning of their names.
    pub left_out: BTreeMap<String, usize>,
    /// What is known about the licence.
    pub licence: String,
    /// The not-for-clinical-use notice.
    pub notice: String,
    /// Every file but the manifest.
    pub files: Vec<BundleFile>,
}

/// A file that was read, by its bare name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name without folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// What is known before the files are written.
#[derive(Debug)]
pub struct Facts {
    /// `torchvision` or `hf-bert`.
    pub from: &'static str,
    /// The network in words.
    pub network: String,
    /// The files that were read.
    pub sources: Vec<Source>,
    /// What stood in front of the names there.
    pub prefix: String,
    /// Tensors taken over.
    pub tensors: usize,
    /// Tensors left out.
    pub left_out: BTreeMap<String, usize>,
}

/// Starting weights in memory.
#[derive(Debug, Clone)]
pub struct StartBundle {
    /// A model's configuration, or the part of one that the weights decide: `encoder`, `text`.
    pub config: Value,
    /// The bytes of `tokenizer.json`, with a text encoder.
    pub tokenizer: Option<Vec<u8>>,
    /// A safetensors file of f32 in PyTorch's layout.
    pub weights: Vec<u8>,
    /// One line for a run's log and card: which weights these are.
    pub origin: String,
}

/// Writes the files into a folder that is there already, the manifest last.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    folder: &Path,
    facts: Facts,
    config: &Value,
    tokenizer: Option<&[u8]>,
    weights: &[u8],
) -> anyhow::Result<StartManifest> {
    let mut config = serde_json::to_vec_pretty(config)?;
    config.push(b'\n');
    let mut entries = Vec::new();
    for ((name, role), bytes) in FILES.into_iter().zip([Some(&*config), tokenizer, Some(weights)]) {
        let Some(bytes) = bytes else { continue };
        files::write_atomic(&folder.join(name), bytes)?;
        entries.push(file_entry(name, role, bytes));
    }
    let manifest = StartManifest {
        schema_version: START_VERSION,
        kind: "start".into(),
        from: facts.from.into(),
        network: facts.network,
        sources: facts.sources,
        prefix: facts.prefix,
        tensors: facts.tensors,
        left_out: facts.left_out,
        licence: LICENCE.into(),
        notice: NOTICE.into(),
        files: entries,
    };
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    files::write_atomic(&folder.join("manifest.json"), &json)?;
    Ok(manifest)
}

impl StartBundle {
    /// Reads starting weights: what `g2d import` wrote, a bundle of `g2d export`, a checkpoint, or
    /// a run (its newest checkpoint). Hashes are checked where there are any.
    ///
    /// # Errors
    /// `G2D-W46` when the folder is none of these; else when a file is missing or damaged.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let shown = || folder.display().to_string();
        let manifest = folder.join("manifest.json");
        let latest = folder.join("checkpoints").join("latest");
        if manifest.is_file() {
            let bytes = files::read_at_most(&manifest, SMALL_LIMIT).with_context(shown)?;
            if bundle_dir::is_start(&bytes) {
                return Self::start(folder, &bytes).with_context(shown);
            }
            return Self::exported(&bundle_dir::read(folder)?).with_context(shown);
        }
        if folder.join("model.safetensors").is_file() {
            return Self::checkpoint(folder).with_context(shown);
        }
        if latest.is_file() {
            let name = files::read_at_most(&latest, SMALL_LIMIT).with_context(shown)?;
            let name = String::from_utf8_lossy(&name);
            let newest = folder.join("checkpoints").join(name.trim());
            return Self::checkpoint(&newest).with_context(|| newest.display().to_string());
        }
        Err(Error::weights(
            "G2D-W46",
            "There are no starting weights in this folder",
            "Name a folder that `g2d import` or `g2d export` wrote, a checkpoint, or a run",
        ))
        .with_context(shown)
    }

    fn start(folder: &Path, manifest: &[u8]) -> anyhow::Result<Self> {
        let manifest: StartManifest = serde_json::from_slice(manifest).map_err(|e| {
            Error::weights(
                "G2D-W01",
                format!("manifest.json is not that of starting weights ({e})"),
                "Import the weights again with this version of the program",
            )
        })?;
        if manifest.schema_version != START_VERSION {
            return Err(Error::weights(
                "G2D-W02",
                format!("The starting weights have version {}", manifest.schema_version),
                format!("This program reads version {START_VERSION}; import the weights again"),
            )
            .into());
        }
        let mut config = None;
        let mut tokenizer = None;
        let mut weights = None;
        for entry in &manifest.files {
            // Only names of our own: a manifest may come from anywhere.
            let known = FILES.contains(&(entry.path.as_str(), entry.role));
            if !known {
                return Err(Error::weights(
                    "G2D-W03",
                    "The manifest names a file that starting weights do not have",
                    "Do not use this folder; import the weights again",
                )
                .into());
            }
            let bytes = Some(checked(folder, entry)?);
            match entry.role {
                FileRole::Config => config = bytes,
                FileRole::Tokenizer => tokenizer = bytes,
                _ => weights = bytes,
            }
        }
        let missing = || {
            Error::weights(
                "G2D-W07",
                "The manifest names no config.json or no model.safetensors",
                "Import the weights again",
            )
        };
        let (config, weights) = config.zip(weights).ok_or_else(missing)?;
        let sources: Vec<String> = manifest
            .sources
            .iter()
            .map(|s| format!("{} sha256 {}", s.name, s.sha256.get(..12).unwrap_or(&s.sha256)))
            .collect();
        Ok(Self {
            config: parsed(&config)?,
            tokenizer,
            weights,
            origin: format!("{} ({}: {})", manifest.network, manifest.from, sources.join(", ")),
        })
    }

    fn exported(bundle: &Bundle) -> anyhow::Result<Self> {
        Ok(Self {
            config: serde_json::to_value(bundle.config()?)?,
            tokenizer: Some(bundle.tokenizer()?.to_vec()),
            weights: join_shards(&bundle.weights())?,
            origin: format!("bundle {} ({})", bundle.manifest.name, bundle.manifest.weights_sha256),
        })
    }

    fn checkpoint(folder: &Path) -> anyhow::Result<Self> {
        let file = |name: &str| -> anyhow::Result<Vec<u8>> {
            fs::read(folder.join(name))
                .map_err(|e| files::reason(&e))
                .with_context(|| name.to_owned())
        };
        let config: G2dConfig =
            serde_json::from_value(parsed(&file("config.json")?)?).map_err(|e| unreadable(&e))?;
        let weights = file("model.safetensors")?;
        Ok(Self {
            config: serde_json::to_value(config)?,
            tokenizer: Some(file("tokenizer.json")?),
            origin: format!("checkpoint (sha256 {})", hex_sha256(&weights)),
            weights,
        })
    }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::weights(
        "G2D-W08",
        format!("config.json cannot be read ({error})"),
        "Make the folder again with this version of the program",
    )
}

fn parsed(config: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(config).map_err(|e| unreadable(&e))
}

/// A file's bytes, held against its entry.
fn checked(folder: &Path, entry: &BundleFile) -> Result<Vec<u8>, Error> {
    let path = folder.join(&entry.path);
    if !path.is_file() {
        return Err(Error::weights(
            "G2D-W04",
            format!("The file {} is missing", entry.path),
            "Copy the whole folder that `g2d import` wrote",
        ));
    }
    let bytes = files::read_at_most(&path, entry.bytes)?;
    if bytes.len() as u64 != entry.bytes || hex_sha256(&bytes) != entry.sha256 {
        return Err(Error::weights(
            "G2D-W05",
            format!("The file {} is damaged: its hash is wrong", entry.path),
            "Import the weights again",
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(folder: &Path, tokenizer: Option<&[u8]>) {
        let source = Source { name: "x.pth".into(), bytes: 3, sha256: "ab".repeat(32) };
        let facts = Facts {
            from: "torchvision",
            network: "ResNet-18".into(),
            sources: vec![source],
            prefix: String::new(),
            tensors: 1,
            left_out: BTreeMap::from([("fc.*".into(), 2)]),
        };
        write(folder, facts, &json!({"encoder": {"depth": 18}}), tokenizer, b"weights").unwrap();
    }

    #[test]
    fn what_is_written_is_read_and_is_no_model() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), Some(b"{}"));
        let start = StartBundle::read(folder.path()).unwrap();
        assert_eq!(start.config, json!({"encoder": {"depth": 18}}));
        assert_eq!(start.tokenizer.as_deref(), Some(&b"{}"[..]));
        assert_eq!(start.weights, b"weights");
        assert_eq!(start.origin, "ResNet-18 (torchvision: x.pth sha256 abababababab)");
        let error = format!("{:#}", bundle_dir::read(folder.path()).unwrap_err());
        assert!(error.contains("G2D-W45") && error.contains("init"), "{error}");
    }

    #[test]
    fn damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), None);
        let code = || format!("{:#}", StartBundle::read(folder.path()).unwrap_err());
        fs::write(folder.path().join("model.safetensors"), b"weightz").unwrap();
        assert!(code().contains("G2D-W05"));
        fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        assert!(code().contains("G2D-W04"));
        let manifest = folder.path().join("manifest.json");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace("model.safetensors", "../secret")).unwrap();
        assert!(code().contains("G2D-W03"));
        fs::write(&manifest, text.replace("\"schema_version\": 1", "\"schema_version\": 2"))
            .unwrap();
        assert!(code().contains("G2D-W02"));
        fs::write(&manifest, r#"{"kind": "start"}"#).unwrap();
        assert!(code().contains("G2D-W01"));
        fs::remove_file(&manifest).unwrap();
        assert!(code().contains("G2D-W46"));
    }
}
