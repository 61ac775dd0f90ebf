//! A bundle as a folder on disk.

use std::{fs, path::Path};

use anyhow::Context as _;
use g2d_core::{
    Error,
    weights::{Branch, Bundle, BundleFile, Dtype, FileRole, Manifest, file_entry},
};

use crate::files;

/// Larger manifests than this are not manifests.
const MANIFEST_LIMIT: u64 = 4 << 20;

/// Everything a bundle is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The bundle's name.
    pub name: String,
    /// Preset of the architecture.
    pub preset: String,
    /// Number format of the weights.
    pub dtype: Dtype,
    /// The bytes of `config.json`.
    pub config: Vec<u8>,
    /// The bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// The safetensors files in order.
    pub weights: Vec<Shard>,
    /// The model card, Markdown.
    pub card: String,
}

/// One file of weights.
#[derive(Debug, Clone)]
pub struct Shard {
    /// The branch that it belongs to; none for both.
    pub branch: Option<Branch>,
    /// The safetensors file.
    pub bytes: Vec<u8>,
}

/// Reads a bundle's folder and checks every file against its manifest.
///
/// # Errors
/// When there is no manifest, or a file is missing or damaged.
pub fn read(folder: &Path) -> anyhow::Result<Bundle> {
    let shown = || folder.display().to_string();
    let manifest = folder.join("manifest.json");
    if !manifest.is_file() {
        return Err(Error::weights(
            "G2D-F02",
            "There is no manifest.json in this folder",
            "Give --model the folder that `g2d export` wrote",
        ))
        .with_context(shown);
    }
    let manifest = files::read_at_most(&manifest, MANIFEST_LIMIT).with_context(shown)?;
    if is_start(&manifest) {
        return Err(Error::weights(
            "G2D-W45",
            "This folder holds starting weights for training, one encoder and no runnable model",
            "Name it under init in a training's configuration; what `g2d export` makes of that \
             run is a model",
        ))
        .with_context(shown);
    }
    let listed = Manifest::from_bytes(&manifest).with_context(shown)?;
    let mut given = Vec::with_capacity(listed.files.len());
    for entry in &listed.files {
        let path = folder.join(&entry.path);
        // A missing file is left out: the bundle's own check names it and says what to do.
        if path.is_file() {
            let bytes = files::read_at_most(&path, entry.bytes).with_context(shown)?;
            given.push((entry.path.clone(), bytes));
        }
    }
    Bundle::from_files(&manifest, given).with_context(shown)
}

/// Whether a manifest is that of starting weights, as `g2d import` writes it.
pub fn is_start(manifest: &[u8]) -> bool {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(manifest).ok();
    parsed.is_some_and(|m| m.get("kind").and_then(serde_json::Value::as_str) == Some("start"))
}

/// The name of each weight file: of the files of one branch (or of both) one stands alone, more
/// are numbered.
fn weight_names(shards: &[Shard]) -> Vec<String> {
    let name = |at: usize| {
        let branch = shards[at].branch;
        let word = branch.map_or("model", Branch::name);
        let alike = |shards: &[Shard]| shards.iter().filter(|s| s.branch == branch).count();
        match alike(shards) {
            1 => format!("{word}.safetensors"),
            count => format!("{word}-{:05}-of-{count:05}.safetensors", alike(&shards[..=at])),
        }
    };
    (0..shards.len()).map(name).collect()
}

/// Writes a bundle's files into a folder that is there already, the manifest last.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, parts: &Parts) -> anyhow::Result<Manifest> {
    let mut entries = Vec::new();
    let mut put = |name: &str, role, branch, bytes: &[u8]| {
        entries.push(BundleFile { branch, ..file_entry(name, role, bytes) });
        files::write_atomic(&folder.join(name), bytes)
    };
    put("config.json", FileRole::Config, None, &parts.config)?;
    put("tokenizer.json", FileRole::Tokenizer, None, &parts.tokenizer)?;
    put("model-card.md", FileRole::Card, None, parts.card.as_bytes())?;
    for (name, shard) in weight_names(&parts.weights).iter().zip(&parts.weights) {
        put(name, FileRole::Weights, shard.branch, &shard.bytes)?;
    }
    let manifest = Manifest::new(&parts.name, &parts.preset, parts.dtype, entries);
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    files::write_atomic(&folder.join("manifest.json"), &json)?;
    Ok(manifest)
}

/// Puts a `gate.json` into a bundle's folder, replacing an older one; the manifest comes last.
///
/// # Errors
/// When the folder holds no bundle or cannot be written.
pub fn put_gate(folder: &Path, gate: &[u8]) -> anyhow::Result<()> {
    let path = folder.join("manifest.json");
    let bytes =
        files::read_at_most(&path, MANIFEST_LIMIT).with_context(|| folder.display().to_string())?;
    let mut manifest =
        Manifest::from_bytes(&bytes).with_context(|| folder.display().to_string())?;
    manifest.files.retain(|file| file.role != FileRole::Gate);
    manifest.files.push(file_entry("gate.json", FileRole::Gate, gate));
    files::write_atomic(&folder.join("gate.json"), gate)?;
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    files::write_atomic(&path, &json)
}

/// Checks that a bundle may be written to a path.
///
/// Even with `force` only an older bundle is replaced: the folder is removed as a whole, and a
/// slip of the finger must not take anything else with it.
///
/// # Errors
/// When the path holds something that must stay.
pub fn check_target(folder: &Path, force: bool) -> anyhow::Result<()> {
    if files::is_empty_folder(folder)? {
        return Ok(());
    }
    let error = if !folder.join("manifest.json").is_file() {
        Error::input(
            "G2D-F03",
            "This folder holds something else than a bundle",
            "Choose a new or empty folder for --out",
        )
    } else if !force {
        Error::input(
            "G2D-F04",
            "There is a bundle in this folder already",
            "Choose another folder for --out, or replace it with --force",
        )
    } else {
        return Ok(());
    };
    Err(error).with_context(|| folder.display().to_string())
}

/// Writes a bundle as a folder that appears whole or not at all.
///
/// # Errors
/// When the path is taken (see [`check_target`]) or cannot be written.
pub fn save(folder: &Path, parts: &Parts, force: bool) -> anyhow::Result<Manifest> {
    check_target(folder, force)?;
    let staged = files::staging(folder)?;
    let manifest = write(staged.path(), parts)?;
    files::move_into_place(staged, folder)?;
    Ok(manifest)
}

/// Bytes of a bundle's files on disk, the manifest included.
///
/// # Errors
/// When a file is gone.
pub fn size_on_disk(folder: &Path, manifest: &Manifest) -> anyhow::Result<u64> {
    Ok(manifest.total_bytes() + fs::metadata(folder.join("manifest.json"))?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(shards: usize) -> Parts {
        Parts {
            name: "test".into(),
            preset: "tiny".into(),
            dtype: Dtype::F32,
            config: b"{}".to_vec(),
            tokenizer: b"{\"t\":1}".to_vec(),
            weights: (0..shards).map(|i| Shard { branch: None, bytes: vec![i as u8; 8] }).collect(),
            card: "# Card\n".into(),
        }
    }

    #[test]
    fn what_is_saved_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("bundle");
        save(&target, &parts(2), false).unwrap();
        let bundle = read(&target).unwrap();
        assert_eq!(bundle.tokenizer().unwrap(), b"{\"t\":1}");
        assert_eq!(bundle.weights(), vec![&[0u8; 8][..], &[1u8; 8][..]]);
        assert!(target.join("model-00002-of-00002.safetensors").is_file());
        let on_disk: u64 =
            fs::read_dir(&target).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert_eq!(size_on_disk(&target, &bundle.manifest).unwrap(), on_disk);
    }

    #[test]
    fn each_branch_has_files_of_its_own() {
        let shard = |branch| Shard { branch: Some(branch), bytes: vec![0] };
        let shards = [shard(Branch::Image), shard(Branch::Text), shard(Branch::Text)];
        let texts = ["text-00001-of-00002.safetensors", "text-00002-of-00002.safetensors"];
        assert_eq!(weight_names(&shards), ["image.safetensors", texts[0], texts[1]]);
    }

    #[test]
    fn an_older_bundle_stays_without_force_and_other_folders_always() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("bundle");
        save(&target, &parts(2), false).unwrap();
        assert!(format!("{:#}", save(&target, &parts(1), false).unwrap_err()).contains("G2D-F04"));
        save(&target, &parts(1), true).unwrap();
        assert!(!target.join("model-00002-of-00002.safetensors").exists());

        let other = folder.path().join("photos");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("cat.png"), b"x").unwrap();
        assert!(format!("{:#}", save(&other, &parts(1), true).unwrap_err()).contains("G2D-F03"));
        assert!(other.join("cat.png").is_file());
    }

    #[test]
    fn a_missing_shard_and_a_longer_file_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("bundle");
        save(&target, &parts(2), false).unwrap();
        let shard = target.join("model-00001-of-00002.safetensors");
        fs::write(&shard, [0; 9]).unwrap();
        assert!(format!("{:#}", read(&target).unwrap_err()).contains("G2D-W05"));
        fs::remove_file(&shard).unwrap();
        assert!(format!("{:#}", read(&target).unwrap_err()).contains("G2D-W04"));
        assert!(format!("{:#}", read(folder.path()).unwrap_err()).contains("G2D-F02"));
    }
}
