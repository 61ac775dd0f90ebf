//! Films into folders of cases.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::{
    Error,
    image::{Limits, decode, stretch},
    outcome::NOTICE,
    raster::Raster,
    render,
};
use image::{
    ImageBuffer, Luma,
    imageops::{FilterType, resize},
};
use serde::Serialize;

use super::{FilmRow, Funnel, Library};
use crate::{
    data::manifest::{PairBox, PairSentence},
    files,
};

/// Where the sets go, and at what size.
#[derive(Debug, Clone)]
pub struct Target {
    /// The folder; each set gets one in it.
    pub folder: PathBuf,
    /// Longest side of the written films; as they are when not given. Films are never enlarged.
    pub side: Option<usize>,
    /// Replace older sets.
    pub force: bool,
}

/// One line of a case folder's manifest.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) image: String,
    pub(super) text: String,
    pub(super) group: String,
    pub(super) split: String,
    pub(super) mask: Vec<String>,
    pub(super) boxes: Vec<PairBox>,
    pub(super) sentences: Vec<PairSentence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) labels: Option<BTreeMap<&'static str, u8>>,
    /// Name in the collection.
    pub(super) id: String,
}

/// A set that is being written.
pub(super) struct Set<'a> {
    library: &'a Library,
    staged: tempfile::TempDir,
    target: PathBuf,
    side: Option<usize>,
    manifest: Vec<u8>,
    count: usize,
    credits: BTreeSet<(String, String, String)>,
}

impl<'a> Set<'a> {
    pub(super) fn begin(library: &'a Library, target: &Target, name: &str) -> anyhow::Result<Self> {
        let folder = target.folder.join(name);
        if !files::is_empty_folder(&folder)? {
            let ours = folder.join("dataset.json").is_file();
            if !(ours && target.force) {
                return Err(Error::input(
                    "G2D-F60",
                    "There is something in this folder already",
                    if ours {
                        "Choose another folder for --out, or replace it with --force"
                    } else {
                        "Choose a new or empty folder for --out"
                    },
                ))
                .with_context(|| folder.display().to_string());
            }
        }
        let staged = files::staging(&folder)?;
        fs::create_dir_all(staged.path().join("images"))
            .with_context(|| folder.display().to_string())?;
        Ok(Self {
            library,
            staged,
            target: folder,
            side: target.side,
            manifest: Vec::new(),
            count: 0,
            credits: BTreeSet::new(),
        })
    }

    /// Writes a film's picture; gives its name below the folder and its size `[width, height]`.
    pub(super) fn picture(&mut self, film: &FilmRow) -> anyhow::Result<(String, [usize; 2])> {
        let bytes = self.library.bytes(film)?;
        let decoded = decode(&bytes, &Limits::default()).with_context(|| film.id.clone())?;
        let pixels = if decoded.bits > 8 { stretch(&decoded.pixels) } else { decoded.pixels };
        let small = self.side.and_then(|side| shrink(&pixels, side));
        let pixels = small.unwrap_or(pixels);
        let name = format!("images/{:06}.png", self.count);
        self.count += 1;
        let path = self.staged.path().join(&name);
        fs::write(&path, render::grey_png8(&pixels)?)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        self.credits.insert((film.origin.clone(), film.license.clone(), film.attribution.clone()));
        Ok((name, [pixels.width, pixels.height]))
    }

    pub(super) fn line(&mut self, line: &Line) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.manifest, line)?;
        self.manifest.push(b'\n');
        Ok(())
    }

    /// Writes manifest, credits and description, and puts the folder into place.
    pub(super) fn finish(self, funnel: &Funnel) -> anyhow::Result<PathBuf> {
        let put =
            |name: &str, bytes: &[u8]| files::write_atomic(&self.staged.path().join(name), bytes);
        let description = serde_json::json!({
            "kind": "g2d public films",
            "program": concat!("g2d ", env!("CARGO_PKG_VERSION")),
            "count": self.count,
            "side": self.side,
            "funnel": funnel,
            "notice": NOTICE,
        });
        let mut json = serde_json::to_vec_pretty(&description)?;
        json.push(b'\n');
        put("dataset.json", &json)?;
        put("ATTRIBUTION.md", self.attribution().as_bytes())?;
        put("manifest.jsonl", &self.manifest)?;
        files::move_into_place(self.staged, &self.target)?;
        Ok(self.target)
    }

    fn attribution(&self) -> String {
        let mut text = format!(
            "# Whom these films are from\n\n{NOTICE}\n\n| collection | licence | credit |\n|---|---|---|\n"
        );
        for (origin, license, credit) in &self.credits {
            let cell = |text: &str| text.replace('|', "/").replace(['\n', '\r'], " ");
            text += &format!("| {} | {} | {} |\n", cell(origin), cell(license), cell(credit));
        }
        text
    }
}

/// The picture with `side` as its longest side; none when it is smaller.
fn shrink(film: &Raster, side: usize) -> Option<Raster> {
    let long = film.width.max(film.height);
    if side == 0 || long <= side {
        return None;
    }
    let scaled = |v: usize| ((v * side + long / 2) / long).max(1);
    let (width, height) = (scaled(film.width), scaled(film.height));
    let grey: ImageBuffer<Luma<f32>, Vec<f32>> =
        ImageBuffer::from_raw(film.width as u32, film.height as u32, film.data.clone())?;
    let small = resize(&grey, width as u32, height as u32, FilterType::Triangle);
    Some(Raster { width, height, data: small.into_raw() })
}

/// The path of a set's manifest.
pub(super) fn manifest(folder: &Path) -> PathBuf {
    folder.join("manifest.jsonl")
}
