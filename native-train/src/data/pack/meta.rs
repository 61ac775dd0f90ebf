//! `pack.json`: what a pack holds, and the digests that tell whether it still does.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use anyhow::Context as _;
use g2d_core::{Error, outcome::NOTICE};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::files;

/// The file that makes a folder a pack; it is written last.
pub const META: &str = "pack.json";
/// The records.
pub const FILMS: &str = "films.bin";
/// The rows.
pub const INDEX: &str = "index.jsonl";

/// The version of the format; another one is not read.
const SCHEMA: u32 = 1;
/// Far above any `pack.json`.
const MAX_META_BYTES: u64 = 16 << 20;
/// Sides beyond this are no films, and their squares might not fit.
const MAX_SIDE: usize = 1 << 15;

/// What a pack holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackInfo {
    /// Version of the format.
    pub schema: u32,
    /// What this is not for.
    pub notice: String,
    /// The program that wrote it.
    pub program: String,
    /// Where the films come from, for example `MIMIC-CXR-JPG 2.1.0`.
    pub dataset: String,
    /// Films.
    pub films: usize,
    /// Different patients; a film without a group counts as one.
    pub patients: usize,
    /// Films in each split.
    pub splits: BTreeMap<String, usize>,
    /// Films without a believable body, whose mask is the whole image.
    pub whole_bodies: usize,
    /// Side of the square films in pixels.
    pub side: usize,
    /// Bytes of a record in `films.bin`.
    pub stride: usize,
    /// The switches that decide what the pack holds.
    pub options: Value,
    /// Digest of the options and of every row that was to be packed.
    pub plan: String,
    /// The other files.
    pub files: BTreeMap<String, FileInfo>,
    /// SHA-256 of this file with an empty seal.
    pub seal: String,
}

/// Size and digest of a file of the pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileInfo {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl FileInfo {
    /// Reads a file and tells its length and digest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => {
                    hash.update(&buffer[..n]);
                    bytes += n as u64;
                }
            }
        }
        Ok(Self { bytes, sha256: hex(hash.finalize()) })
    }
}

impl PackInfo {
    /// The parts that follow from the format alone; the caller fills in the rest.
    pub fn new(dataset: &str, side: usize, options: Value) -> Self {
        Self {
            schema: SCHEMA,
            notice: NOTICE.to_owned(),
            program: concat!("g2d ", env!("CARGO_PKG_VERSION")).to_owned(),
            dataset: dataset.to_owned(),
            films: 0,
            patients: 0,
            splits: BTreeMap::new(),
            whole_bodies: 0,
            side,
            stride: super::Layout::new(side).stride(),
            options,
            plan: String::new(),
            files: BTreeMap::new(),
            seal: String::new(),
        }
    }

    /// The file's bytes, sealed.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        let pretty = |info: &Self| -> anyhow::Result<Vec<u8>> {
            let mut bytes = serde_json::to_vec_pretty(info)?;
            bytes.push(b'\n');
            Ok(bytes)
        };
        let open = Self { seal: String::new(), ..self.clone() };
        let seal = hex(Sha256::digest(pretty(&open)?));
        pretty(&Self { seal, ..open })
    }

    /// Reads the `pack.json` of a folder; its seal is not checked.
    ///
    /// # Errors
    /// `G2D-F20` when there is none or it is of another version.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self::parse(&Self::read_bytes(folder)?)?)
    }

    pub(super) fn read_bytes(folder: &Path) -> anyhow::Result<Vec<u8>> {
        let path = folder.join(META);
        if !path.is_file() {
            return Err(no_pack("This is not a packed data set").into());
        }
        files::read_at_most(&path, MAX_META_BYTES).with_context(|| META)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        // The version first: a later one may have other fields.
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let version: Version =
            serde_json::from_slice(bytes).map_err(|_| no_pack("The pack.json cannot be read"))?;
        if version.schema != SCHEMA {
            let what = format!(
                "This pack is of version {}, and this program reads version {SCHEMA}",
                version.schema
            );
            return Err(no_pack(&what));
        }
        let info: Self =
            serde_json::from_slice(bytes).map_err(|_| no_pack("The pack.json cannot be read"))?;
        let sound = (1..=MAX_SIDE).contains(&info.side)
            && info.stride == super::Layout::new(info.side).stride();
        if sound { Ok(info) } else { Err(no_pack("The pack.json contradicts itself")) }
    }

    /// Whether these bytes carry the seal that belongs to them.
    pub(super) fn is_sealed(bytes: &[u8], seal: &str) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return false;
        };
        let open = text.replacen(&format!("\"seal\": \"{seal}\""), "\"seal\": \"\"", 1);
        hex(Sha256::digest(open.as_bytes())) == seal
    }
}

fn no_pack(what: &str) -> Error {
    Error::input(
        "G2D-F20",
        what,
        "Give a folder that `g2d data prepare` of this version has written",
    )
}

/// Hexadecimal digits of a digest.
pub(crate) fn hex(digest: impl AsRef<[u8]>) -> String {
    use std::fmt::Write as _;
    digest.as_ref().iter().fold(String::new(), |mut out, byte| {
        // Writing into a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seal_holds_every_byte() {
        let info = PackInfo::new("test", 64, serde_json::json!({"views": ["AP"]}));
        let bytes = info.to_bytes().unwrap();
        let read = PackInfo::parse(&bytes).unwrap();
        assert_eq!(read.stride, 64 * 64 * 9 / 8 + 4);
        assert!(PackInfo::is_sealed(&bytes, &read.seal));
        let other = String::from_utf8(bytes).unwrap().replace("\"AP\"", "\"PA\"");
        assert!(!PackInfo::is_sealed(other.as_bytes(), &read.seal));
    }

    #[test]
    fn other_versions_and_other_files_are_told() {
        let code = |text: &str| PackInfo::parse(text.as_bytes()).unwrap_err();
        assert_eq!(code("{}").code(), "G2D-F20");
        assert!(code(r#"{"schema": 2, "new": 1}"#).to_string().contains("version 2"));
        let bytes = PackInfo::new("test", 64, Value::Null).to_bytes().unwrap();
        let lie = String::from_utf8(bytes).unwrap().replace("\"side\": 64", "\"side\": 65");
        assert!(code(&lie).to_string().contains("contradicts"));
    }

    #[test]
    fn a_file_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let info = FileInfo::of(&path).unwrap();
        assert_eq!(info.bytes, 3);
        // The example of FIPS 180-2, appendix B.1.
        assert!(info.sha256.starts_with("ba7816bf8f01cfea414140de5dae2223"));
    }
}
