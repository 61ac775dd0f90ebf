//! The bundle: files, their sizes and hashes, checked before anything is read from them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Branch, Dtype};
use crate::{
    config::G2dConfig,
    error::{Error, Result},
    outcome::{ModelInfo, NOTICE},
};

/// Version of the manifest's format.
pub const MANIFEST_VERSION: u32 = 1;

/// What `manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub schema_version: u32,
    /// The bundle's name.
    pub name: String,
    /// Preset of the architecture.
    pub preset: String,
    /// Number format of the weights.
    pub dtype: Dtype,
    /// SHA-256 over the hashes of the weight files in order: the identity of the weights.
    pub weights_sha256: String,
    /// The not-for-clinical-use notice.
    pub notice: String,
    /// Every file but the manifest.
    pub files: Vec<BundleFile>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    /// Name beside the manifest; no folders.
    pub path: String,
    /// What it is for.
    pub role: FileRole,
    /// The branch of a weight file; none when it holds both, as in older bundles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// What a file of a bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// `config.json`.
    Config,
    /// `tokenizer.json`.
    Tokenizer,
    /// A safetensors file.
    Weights,
    /// The model card.
    Card,
    /// `gate.json`: what refuses pictures that are no frontal chest films; optional.
    Gate,
}

/// SHA-256 as lower-case hexadecimal.
pub fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The manifest's entry for a file.
pub fn file_entry(path: &str, role: FileRole, bytes: &[u8]) -> BundleFile {
    BundleFile {
        path: path.into(),
        role,
        branch: None,
        bytes: bytes.len() as u64,
        sha256: hex_sha256(bytes),
    }
}

impl BundleFile {
    /// Whether a branch cannot be loaded without this file: the configuration, weights of this
    /// branch or of both, and for texts the tokenizer.
    fn is_needed_for(&self, branch: Branch) -> bool {
        match self.role {
            FileRole::Config => true,
            FileRole::Tokenizer => branch == Branch::Text,
            FileRole::Weights => self.branch.is_none_or(|own| own == branch),
            FileRole::Gate => branch == Branch::Image,
            FileRole::Card => false,
        }
    }
}

/// The identity of the weights: the hash of their files' hashes, in the order of the manifest.
pub fn weights_digest(files: &[BundleFile]) -> String {
    let joined: String =
        files.iter().filter(|f| f.role == FileRole::Weights).map(|f| f.sha256.as_str()).collect();
    hex_sha256(joined.as_bytes())
}

impl Manifest {
    /// A manifest for files that were just made.
    pub fn new(name: &str, preset: &str, dtype: Dtype, files: Vec<BundleFile>) -> Self {
        Self {
            schema_version: MANIFEST_VERSION,
            name: name.into(),
            preset: preset.into(),
            dtype,
            weights_sha256: weights_digest(&files),
            notice: NOTICE.into(),
            files,
        }
    }

    /// Reads and checks `manifest.json`.
    ///
    /// # Errors
    /// When it is not the JSON of a manifest, is of another version, or names odd files.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| {
            Error::weights(
                "G2D-W01",
                format!("manifest.json is not a bundle's manifest ({e})"),
                "Point to the folder that `g2d export` wrote",
            )
        })?;
        if manifest.schema_version != MANIFEST_VERSION {
            return Err(Error::weights(
                "G2D-W02",
                format!("The bundle has version {}", manifest.schema_version),
                format!("This program reads version {MANIFEST_VERSION}; export the model again"),
            ));
        }
        // A manifest may come from anywhere: a name must not lead out of the folder.
        let odd = |p: &str| p.is_empty() || p.contains(['/', '\\', ':']) || p.starts_with('.');
        if manifest.files.iter().any(|f| odd(&f.path)) {
            return Err(Error::weights(
                "G2D-W03",
                "The manifest names a file outside of its folder",
                "Do not use this bundle; get it from its maker again",
            ));
        }
        Ok(manifest)
    }

    /// The files that one branch needs, in the order of the manifest. In bundles whose weights are
    /// not cut by branch that is all of the weights.
    pub fn branch_files(&self, branch: Branch) -> Vec<&BundleFile> {
        self.files.iter().filter(|f| f.is_needed_for(branch)).collect()
    }

    /// Bytes of all files together.
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().map(|f| f.bytes).sum()
    }
}

/// A bundle in memory, every file checked against the manifest.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The manifest.
    pub manifest: Manifest,
    files: Vec<(BundleFile, Vec<u8>)>,
}

impl Bundle {
    /// Puts a manifest and the bytes of its files together.
    ///
    /// # Errors
    /// When a file is missing, or differs in size or hash; the message names it.
    pub fn from_files(manifest: &[u8], given: Vec<(String, Vec<u8>)>) -> Result<Self> {
        let manifest = Manifest::from_bytes(manifest)?;
        Self::check(manifest, given, |_| true)
    }

    /// The same with the files of one branch only, see [`Manifest::branch_files`]; their weights
    /// go into a model by [`load_branch`](super::load_branch).
    ///
    /// # Errors
    /// As [`Self::from_files`]; files of the other branch need not be there and are not kept.
    pub fn from_branch(
        manifest: &[u8],
        given: Vec<(String, Vec<u8>)>,
        branch: Branch,
    ) -> Result<Self> {
        let manifest = Manifest::from_bytes(manifest)?;
        Self::check(manifest, given, |entry| entry.is_needed_for(branch))
    }

    fn check(
        manifest: Manifest,
        mut given: Vec<(String, Vec<u8>)>,
        needed: impl Fn(&BundleFile) -> bool,
    ) -> Result<Self> {
        let mut files = Vec::with_capacity(manifest.files.len());
        for entry in manifest.files.iter().filter(|entry| needed(entry)) {
            let Some(at) = given.iter().position(|(name, _)| *name == entry.path) else {
                return Err(Error::weights(
                    "G2D-W04",
                    format!("The bundle's file {} is missing", entry.path),
                    "Copy the whole folder that `g2d export` wrote",
                ));
            };
            let (_, bytes) = given.swap_remove(at);
            if bytes.len() as u64 != entry.bytes || hex_sha256(&bytes) != entry.sha256 {
                return Err(Error::weights(
                    "G2D-W05",
                    format!("The bundle's file {} is damaged: its hash is wrong", entry.path),
                    "Get the bundle again",
                ));
            }
            files.push((entry.clone(), bytes));
        }
        if weights_digest(&manifest.files) != manifest.weights_sha256 {
            return Err(Error::weights(
                "G2D-W06",
                "The manifest's weights hash does not fit its files",
                "Get the bundle again",
            ));
        }
        Ok(Self { manifest, files })
    }

    fn one(&self, role: FileRole) -> Result<&[u8]> {
        let found = self.files.iter().find(|(f, _)| f.role == role).map(|(_, b)| b.as_slice());
        found.ok_or_else(|| {
            Error::weights(
                "G2D-W07",
                format!("The bundle has no file for the role {role:?}"),
                "Export the model again",
            )
        })
    }

    /// The model's configuration.
    ///
    /// # Errors
    /// When it is absent, unreadable, or cannot run.
    pub fn config(&self) -> Result<G2dConfig> {
        let config: G2dConfig =
            serde_json::from_slice(self.one(FileRole::Config)?).map_err(|e| {
                Error::weights(
                    "G2D-W08",
                    format!("The bundle's config.json cannot be read ({e})"),
                    "Export the model again with this version of the program",
                )
            })?;
        config.validate()?;
        Ok(config)
    }

    /// The bytes of `tokenizer.json`.
    ///
    /// # Errors
    /// When it is absent.
    pub fn tokenizer(&self) -> Result<&[u8]> {
        self.one(FileRole::Tokenizer)
    }

    /// The bytes of `gate.json`; none when the bundle has no gate.
    pub fn gate(&self) -> Option<&[u8]> {
        let gate = self.files.iter().find(|(f, _)| f.role == FileRole::Gate);
        gate.map(|(_, bytes)| bytes.as_slice())
    }

    /// The bytes of the weight files in order.
    pub fn weights(&self) -> Vec<&[u8]> {
        let weights = self.files.iter().filter(|(f, _)| f.role == FileRole::Weights);
        weights.map(|(_, bytes)| bytes.as_slice()).collect()
    }

    /// The entries of the files that one branch needs, see [`Manifest::branch_files`].
    pub fn branch_files(&self, branch: Branch) -> Vec<&BundleFile> {
        self.manifest.branch_files(branch)
    }

    /// The bytes of the weight files that one branch needs, in order.
    pub fn branch_weights(&self, branch: Branch) -> Vec<&[u8]> {
        let needed = |f: &BundleFile| f.role == FileRole::Weights && f.is_needed_for(branch);
        self.files.iter().filter(|(f, _)| needed(f)).map(|(_, b)| b.as_slice()).collect()
    }

    /// Name, preset and hash, as results carry them.
    pub fn info(&self) -> ModelInfo {
        ModelInfo {
            name: self.manifest.name.clone(),
            preset: self.manifest.preset.clone(),
            sha256: self.manifest.weights_sha256.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(String, Vec<u8>)> {
        vec![("config.json".into(), b"{}".to_vec()), ("model.safetensors".into(), vec![1, 2, 3])]
    }

    fn manifest() -> Vec<u8> {
        let entries = vec![
            file_entry("config.json", FileRole::Config, b"{}"),
            file_entry("model.safetensors", FileRole::Weights, &[1, 2, 3]),
        ];
        serde_json::to_vec(&Manifest::new("test", "tiny", Dtype::F16, entries)).unwrap()
    }

    #[test]
    fn a_whole_bundle_is_taken() {
        let bundle = Bundle::from_files(&manifest(), files()).unwrap();
        assert_eq!(bundle.weights(), vec![&[1u8, 2, 3][..]]);
        assert_eq!(bundle.tokenizer().unwrap_err().code(), "G2D-W07");
    }

    #[test]
    fn a_branch_is_loaded_without_the_other() {
        let of = |path: &str, branch, bytes: &[u8]| BundleFile {
            branch: Some(branch),
            ..file_entry(path, FileRole::Weights, bytes)
        };
        let entries = vec![
            file_entry("config.json", FileRole::Config, b"{}"),
            of("image.safetensors", Branch::Image, &[1]),
            file_entry("tokenizer.json", FileRole::Tokenizer, b"t"),
            of("text.safetensors", Branch::Text, &[2]),
            file_entry("model-card.md", FileRole::Card, b"#"),
        ];
        let whole = manifest();
        let manifest = Manifest::new("test", "tiny", Dtype::Int8, entries);
        let names = |branch| -> Vec<String> {
            manifest.branch_files(branch).iter().map(|f| f.path.clone()).collect()
        };
        assert_eq!(names(Branch::Image), ["config.json", "image.safetensors"]);
        assert_eq!(names(Branch::Text), ["config.json", "tokenizer.json", "text.safetensors"]);
        let json = serde_json::to_vec(&manifest).unwrap();
        assert!(String::from_utf8_lossy(&json).contains(r#""dtype":"int8""#));
        let given =
            || vec![("config.json".into(), b"{}".to_vec()), ("image.safetensors".into(), vec![1])];
        let bundle = Bundle::from_branch(&json, given(), Branch::Image).unwrap();
        assert_eq!(bundle.branch_weights(Branch::Image), vec![&[1u8][..]]);
        assert_eq!(bundle.branch_files(Branch::Text).len(), 3);
        let text = Bundle::from_branch(&json, given(), Branch::Text).unwrap_err();
        assert_eq!(text.code(), "G2D-W04");
        assert_eq!(Bundle::from_files(&json, given()).unwrap_err().code(), "G2D-W04");
        // Weights that are not cut belong to both.
        let old = Bundle::from_files(&whole, files()).unwrap();
        assert_eq!(old.branch_weights(Branch::Image), old.branch_weights(Branch::Text));
    }

    #[test]
    fn missing_and_damaged_files_are_named() {
        let missing = Bundle::from_files(&manifest(), files()[..1].to_vec()).unwrap_err();
        assert_eq!(missing.code(), "G2D-W04");
        assert!(missing.to_string().contains("model.safetensors"));
        let mut damaged = files();
        damaged[1].1[0] = 9;
        assert_eq!(Bundle::from_files(&manifest(), damaged).unwrap_err().code(), "G2D-W05");
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        for path in ["../x", "/etc/x", "a\\b", "C:x", ".hidden"] {
            let entry = BundleFile { path: path.into(), ..file_entry("x", FileRole::Card, b"") };
            let manifest = Manifest::new("t", "tiny", Dtype::F32, vec![entry]);
            let bytes = serde_json::to_vec(&manifest).unwrap();
            assert_eq!(Manifest::from_bytes(&bytes).unwrap_err().code(), "G2D-W03", "{path}");
        }
    }

    #[test]
    fn other_versions_are_refused() {
        let mut manifest: Manifest = serde_json::from_slice(&manifest()).unwrap();
        manifest.schema_version = 99;
        let bytes = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(Manifest::from_bytes(&bytes).unwrap_err().code(), "G2D-W02");
        assert_eq!(Manifest::from_bytes(b"nonsense").unwrap_err().code(), "G2D-W01");
    }
}
