//! Writes phantoms as a data set of files, the way a hospital's would lie there.
//!
//! ```text
//! DIR/dataset.json        what was asked for; marks the folder as one that may be replaced
//! DIR/README.md           what this is, its licence, what it is not
//! DIR/images/000000.png   the film
//! DIR/masks/000000-0.png  exact mask of the film's first finding
//! DIR/reports/000000.txt  the report
//! DIR/manifest.jsonl      one line a case, written last: its presence says "complete"
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::Context as _;
use g2d_core::{
    Error,
    outcome::NOTICE,
    phantom::{self, PhantomConfig, Study},
    raster::Raster,
    render,
};
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::manifest::{PairBox, PairSentence};
use crate::{files, output};

/// Quality of the JPEGs: hospitals' public JPEG exports (MIMIC-CXR-JPG) use 95.
const JPEG_QUALITY: u8 = 95;

/// What to write.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where.
    pub folder: PathBuf,
    /// How many cases.
    pub count: usize,
    /// Seed of the whole set; case `i` depends on the seed and `i` alone.
    pub seed: u64,
    /// What a phantom is like.
    pub phantom: PhantomConfig,
    /// File format of the films.
    pub format: FilmFormat,
    /// How the cases are divided.
    pub splits: Splits,
    /// Replace an older data set.
    pub force: bool,
}

/// File format of the films.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmFormat {
    /// PNG with 8 bits.
    Png8,
    /// PNG with 16 bits.
    Png16,
    /// JPEG.
    Jpeg,
}

impl FilmFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Png8 | Self::Png16 => "png",
            Self::Jpeg => "jpg",
        }
    }

    fn encode(self, film: &Raster) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Png8 => render::grey_png8(film)?,
            Self::Png16 => render::grey_png16(film)?,
            Self::Jpeg => jpeg(film)?,
        })
    }
}

fn jpeg(film: &Raster) -> anyhow::Result<Vec<u8>> {
    let grey: Vec<u8> =
        film.data.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(
        &grey,
        film.width as u32,
        film.height as u32,
        ExtendedColorType::L8,
    )?;
    Ok(bytes)
}

/// Names of splits and their shares, for example `train=0.8,val=0.1,test=0.1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Splits(Vec<(String, f64)>);

impl FromStr for Splits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| -> Option<(String, f64)> {
            let (name, share) = part.split_once('=')?;
            let (name, share) = (name.trim(), share.trim().parse::<f64>().ok()?);
            let word = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            (word && !name.is_empty() && share > 0.0).then(|| (name.to_owned(), share))
        };
        let parts = text.split(',').map(part).collect::<Option<Vec<_>>>();
        let parts = parts.ok_or("write it like train=0.8,val=0.1,test=0.1")?;
        let names: std::collections::BTreeSet<_> = parts.iter().map(|(name, _)| name).collect();
        if names.len() != parts.len() {
            return Err("each split may be named once".into());
        }
        let sum: f64 = parts.iter().map(|(_, share)| share).sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(format!("the shares add up to {sum}, not to 1"));
        }
        Ok(Self(parts))
    }
}

impl Splits {
    /// Names and shares, which add up to 1.
    pub fn shares(&self) -> &[(String, f64)] {
        &self.0
    }

    /// The split of case `index` of `count`.
    ///
    /// Cases are drawn independently, so a run of neighbours is as good as a random choice, and
    /// it keeps the shares exact to one case.
    fn of(&self, index: usize, count: usize) -> &str {
        let mut sum = 0.0;
        for (name, share) in &self.0 {
            sum += share;
            if (index as f64) < (sum * count as f64).round() {
                return name;
            }
        }
        self.0.last().map_or("train", |(name, _)| name)
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The manifest.
    pub manifest: PathBuf,
    /// Cases.
    pub count: usize,
    /// Findings in all of them.
    pub findings: usize,
    /// Cases in each split.
    pub splits: BTreeMap<String, usize>,
}

/// One line of the manifest; [`super::manifest`] reads it.
#[derive(Serialize)]
struct Line {
    image: String,
    text: String,
    group: String,
    split: String,
    mask: Vec<String>,
    boxes: Vec<PairBox>,
    sentences: Vec<PairSentence>,
}

/// Writes the data set.
///
/// # Errors
/// When the folder holds something else, or cannot be written.
pub fn write(plan: &Plan) -> anyhow::Result<Summary> {
    prepare(plan)?;
    let bar = output::progress(plan.count as u64, "phantoms");
    let lines = (0..plan.count)
        .into_par_iter()
        .map(|index| {
            let line = case(plan, index);
            bar.inc(1);
            line
        })
        .collect::<anyhow::Result<Vec<Line>>>();
    bar.finish_and_clear();
    let lines = lines?;

    let mut manifest = Vec::new();
    let mut splits = BTreeMap::new();
    for line in &lines {
        serde_json::to_writer(&mut manifest, line)?;
        manifest.push(b'\n');
        *splits.entry(line.split.clone()).or_insert(0) += 1;
    }
    let path = plan.folder.join("manifest.jsonl");
    files::write_atomic(&path, &manifest)?;
    let findings = lines.iter().map(|line| line.mask.len()).sum();
    Ok(Summary { manifest: path, count: plan.count, findings, splits })
}

/// Makes the folders, and removes an older data set where that was asked for.
fn prepare(plan: &Plan) -> anyhow::Result<()> {
    let folder = &plan.folder;
    if !files::is_empty_folder(folder)? {
        let error = if !folder.join("dataset.json").is_file() {
            Error::input(
                "G2D-F05",
                "This folder holds something else than a synthetic data set",
                "Choose a new or empty folder for --out",
            )
        } else if !plan.force {
            Error::input(
                "G2D-F06",
                "There is a data set in this folder already",
                "Choose another folder for --out, or replace it with --force",
            )
        } else {
            return remove(folder).and_then(|()| begin(plan));
        };
        return Err(error).with_context(|| folder.display().to_string());
    }
    begin(plan)
}

/// Removes what [`write`] wrote and nothing else; the manifest goes first.
fn remove(folder: &Path) -> anyhow::Result<()> {
    let gone = |result: io::Result<()>, name: &str| match result {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("{}: cannot be removed", folder.join(name).display()))
        }
        _ => Ok(()),
    };
    gone(fs::remove_file(folder.join("manifest.jsonl")), "manifest.jsonl")?;
    for name in ["images", "masks", "reports"] {
        gone(fs::remove_dir_all(folder.join(name)), name)?;
    }
    Ok(())
}

fn begin(plan: &Plan) -> anyhow::Result<()> {
    for name in ["images", "masks", "reports"] {
        let path = plan.folder.join(name);
        fs::create_dir_all(&path).with_context(|| format!("{}: cannot be made", path.display()))?;
    }
    let description = serde_json::json!({
        "kind": "g2d phantoms",
        "program": concat!("g2d ", env!("CARGO_PKG_VERSION")),
        "seed": plan.seed,
        "count": plan.count,
        "format": plan.format,
        "splits": plan.splits.0.iter().cloned().collect::<BTreeMap<_, _>>(),
        "phantom": plan.phantom,
    });
    let mut json = serde_json::to_vec_pretty(&description)?;
    json.push(b'\n');
    files::write_atomic(&plan.folder.join("dataset.json"), &json)?;
    files::write_atomic(&plan.folder.join("README.md"), readme(plan).as_bytes())
}

fn readme(plan: &Plan) -> String {
    format!(
        "# Synthetic chest X-rays\n\n\
         {} computer-made films with reports and exact masks, {} px, seed {}.\n\
         No patient is behind any of them; names, dates and findings are invented.\n\n\
         `manifest.jsonl` holds one line a case, paths relative to this folder. Boxes are\n\
         `[x, y, width, height]` in pixels. `findings` of a sentence are indices into `mask` and\n\
         `boxes`; `start` and `end` are bytes of `text`.\n\n\
         Licence: CC0-1.0 (public domain dedication).\n\n\
         {NOTICE}\n",
        plan.count, plan.phantom.size, plan.seed
    )
}

/// Makes one case and writes its files.
fn case(plan: &Plan, index: usize) -> anyhow::Result<Line> {
    let study = phantom::generate(plan.seed, index as u64, &plan.phantom);
    let put = |name: &str, bytes: &[u8]| {
        let path = plan.folder.join(name);
        // Not one by one through a temporary file: the manifest at the end says "complete".
        fs::write(&path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
    };
    let image = format!("images/{index:06}.{}", plan.format.extension());
    put(&image, &plan.format.encode(&study.image)?)?;
    put(&format!("reports/{index:06}.txt"), study.report.as_bytes())?;
    let mut mask = Vec::with_capacity(study.findings.len());
    for (i, finding) in study.findings.iter().enumerate() {
        let name = format!("masks/{index:06}-{i}.png");
        put(&name, &render::mask_png(&finding.mask)?)?;
        mask.push(name);
    }
    Ok(Line {
        image,
        group: format!("phantom-{}-{index:06}", plan.seed),
        split: plan.splits.of(index, plan.count).to_owned(),
        mask,
        boxes: boxes(&study)?,
        sentences: sentences(&study),
        text: study.report,
    })
}

fn boxes(study: &Study) -> anyhow::Result<Vec<PairBox>> {
    let name = |value: serde_json::Result<serde_json::Value>| -> anyhow::Result<Option<String>> {
        Ok(value?.as_str().map(str::to_owned))
    };
    let one = |finding: &phantom::Finding| {
        Ok(PairBox {
            kind: Some(finding.kind.name().to_owned()),
            side: name(serde_json::to_value(finding.side))?,
            zone: name(serde_json::to_value(finding.zone))?,
            text: None,
            bbox: finding.bbox.map(f64::from),
        })
    };
    study.findings.iter().map(one).collect()
}

fn sentences(study: &Study) -> Vec<PairSentence> {
    let one = |s: &phantom::ReportSentence| PairSentence {
        start: s.start,
        end: s.end,
        assertion: s.assertion,
        findings: s.findings.clone(),
    };
    study.sentences.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_exact_to_one_case() {
        let splits: Splits = "train=0.8,val=0.1,test=0.1".parse().unwrap();
        let count = |n: usize, name: &str| (0..n).filter(|&i| splits.of(i, n) == name).count();
        assert_eq!([count(10, "train"), count(10, "val"), count(10, "test")], [8, 1, 1]);
        assert_eq!(count(1000, "val"), 100);
        let all: usize = ["train", "val", "test"].iter().map(|n| count(7, n)).sum();
        assert_eq!(all, 7);
        assert_eq!("train=1".parse::<Splits>().unwrap().of(4, 5), "train");
    }

    #[test]
    fn nonsense_splits_are_refused() {
        for text in ["", "train", "train=x", "train=0.5", "a=0.5,a=0.5", "a b=1", "a=-1,b=2"] {
            assert!(text.parse::<Splits>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_jpeg_keeps_the_picture() {
        let data = (0..64 * 64).map(|i| (i % 64) as f32 / 63.0).collect();
        let film = Raster { width: 64, height: 64, data };
        let bytes = FilmFormat::Jpeg.encode(&film).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().to_luma8();
        let worst = read.iter().zip(&film.data).map(|(&a, b)| (f32::from(a) / 255.0 - b).abs());
        assert!(worst.fold(0.0, f32::max) < 0.03);
    }
}
