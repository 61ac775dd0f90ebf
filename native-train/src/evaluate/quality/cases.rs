//! Films with their reports and truths, from the phantom generator or from case folders.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use g2d_core::{
    image::{Film, Limits, decode},
    outcome::Assertion,
    phantom::{self, PhantomConfig, Side, Zone},
    raster::Mask,
};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    data::manifest::{self, Pair},
    evaluate::PhantomSet,
    files, output, panics,
};

/// Studies that are drawn or read together, in parallel.
const AT_ONCE: usize = 16;
/// Splits that models may have seen.
const SEEN: [&str; 3] = ["train", "val", "validation"];
/// Grey value from which a pixel of a mask file is inside.
const INSIDE: f32 = 0.5;

/// A film with what is known of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The patient.
    pub group: String,
    /// The film.
    pub film: Film,
    /// The report.
    pub report: String,
    /// Its sentences.
    pub sentences: Vec<Told>,
    /// What is known to be on the film.
    pub labels: Labels,
}

/// What is known to be on a film.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Findings by name, there or not.
    pub known: BTreeMap<String, bool>,
    /// Whether findings that are not named are known not to be there.
    pub complete: bool,
}

impl Labels {
    /// Exactly these findings are there.
    fn exactly(names: impl IntoIterator<Item = String>) -> Self {
        Self { known: names.into_iter().map(|name| (name, true)).collect(), complete: true }
    }

    /// Whether a finding is there; none where that is not known.
    pub fn get(&self, name: &str) -> Option<bool> {
        self.known.get(name).copied().or(self.complete.then_some(false))
    }
}

/// A sentence of a report with its truth.
#[derive(Debug, Clone)]
pub struct Told {
    /// Bytes of the report.
    pub range: std::ops::Range<usize>,
    /// Whether it says that something is there.
    pub assertion: Assertion,
    /// Name of what it speaks of, where all its findings are of one kind.
    pub kind: Option<String>,
    /// Their side, where they share one that is not the midline.
    pub side: Option<Side>,
    /// Their zone, where they share one.
    pub zone: Option<Zone>,
    /// Union of its findings in the film's pixels; none when it points at nothing.
    pub truth: Option<Mask>,
}

/// Where cases come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The generator.
    Phantoms(PhantomSet),
    /// A case folder's rows.
    Folder(Vec<Pair>, Vec<Option<Labels>>),
}

impl Source {
    /// Phantoms of a seed.
    pub fn phantoms(seed: u64, studies: usize, config: PhantomConfig) -> Self {
        Self::Phantoms(PhantomSet { seed, studies, config })
    }

    /// The rows of a case folder that no model was trained on, at most `limit`, evenly spread.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn folder(folder: &Path, limit: usize) -> Result<Self> {
        let path = folder.join("manifest.jsonl");
        if !path.is_file() {
            return Self::pictures(folder, limit);
        }
        let rows = manifest::read(&path)?;
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let labels: Vec<_> = lines.map(labels).collect();
        let unseen = |row: &Pair| !row.split.as_deref().is_some_and(|s| SEEN.contains(&s));
        let kept: Vec<_> = rows.into_iter().zip(labels).filter(|(row, _)| unseen(row)).collect();
        let (rows, labels) = spread(kept, limit).into_iter().unzip();
        Ok(Self::Folder(rows, labels))
    }

    /// The pictures of a set that `g2d gate set` wrote, at most `limit` of each kind, evenly spread;
    /// none for a folder that is no such set.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub fn gate_set(folder: &Path, limit: usize) -> Result<Option<Vec<(String, Self)>>> {
        let path = folder.join("manifest.jsonl");
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut kinds: BTreeMap<String, Vec<Pair>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let row: Value = serde_json::from_str(line).unwrap_or_default();
            let word = |field: &str| row.get(field).and_then(Value::as_str).map(str::to_owned);
            let (Some(image), Some(kind), Some(_)) = (word("image"), word("kind"), word("expect"))
            else {
                return Ok(None);
            };
            let group = word("group");
            // Real pictures and drawn ones are told apart: a gate is fitted on more drawn ones.
            let source = word("source").unwrap_or_default();
            let made = match &group {
                Some(group) if group.starts_with("drawn-") => "drawn",
                _ if source.starts_with("phantom") => "phantoms",
                _ => "real",
            };
            kinds
                .entry(format!("{kind}, {made}"))
                .or_default()
                .push(Pair { group, ..unknown(folder.join(image)) });
        }
        let source = |(kind, rows): (String, Vec<Pair>)| {
            let rows = spread(rows, limit);
            let labels = vec![None; rows.len()];
            (kind, Self::Folder(rows, labels))
        };
        Ok(Some(kinds.into_iter().map(source).collect()))
    }

    /// The pictures of a folder, of which nothing is known.
    fn pictures(folder: &Path, limit: usize) -> Result<Self> {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        let picture = |path: &PathBuf| {
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            ending.is_some_and(|e| ["png", "jpg", "jpeg"].contains(&e.as_str()))
        };
        paths.retain(picture);
        paths.sort();
        let rows: Vec<Pair> = spread(paths, limit).into_iter().map(unknown).collect();
        let labels = vec![None; rows.len()];
        Ok(Self::Folder(rows, labels))
    }

    /// Number of cases.
    pub fn len(&self) -> usize {
        match self {
            Self::Phantoms(set) => set.studies,
            Self::Folder(rows, _) => rows.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The seed of drawn cases.
    pub fn seed(&self) -> Option<u64> {
        match self {
            Self::Phantoms(set) => Some(set.seed),
            Self::Folder(..) => None,
        }
    }

    fn case(&self, index: usize) -> Result<Case> {
        match self {
            Self::Phantoms(set) => Ok(drawn(set, index)),
            Self::Folder(rows, labels) => {
                let (row, labels) = (&rows[index], labels[index].clone());
                panics::contained(|| read(row, labels))
                    .with_context(|| row.image.display().to_string())
            }
        }
    }

    /// Hands over every case in order; a file that cannot be used is said and left out. Returns how
    /// many were handed over.
    ///
    /// # Errors
    /// Those of `use_case`.
    pub fn for_each(&self, mut use_case: impl FnMut(usize, Case) -> Result<()>) -> Result<usize> {
        let indices: Vec<usize> = (0..self.len()).collect();
        let mut used = 0;
        for chunk in indices.chunks(AT_ONCE) {
            let cases: Vec<Result<Case>> = chunk.par_iter().map(|&i| self.case(i)).collect();
            for (&index, case) in chunk.iter().zip(cases) {
                match case {
                    Ok(case) => {
                        use_case(index, case)?;
                        used += 1;
                    }
                    Err(error) => output::warn(format_args!("left out: {error:#}")),
                }
            }
        }
        Ok(used)
    }
}

/// A picture of which nothing is known.
fn unknown(image: PathBuf) -> Pair {
    Pair {
        image,
        text: String::new(),
        group: None,
        split: None,
        mask: Vec::new(),
        boxes: Vec::new(),
        sentences: Vec::new(),
    }
}

/// The only value, when all are equal and there is one.
fn shared<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values = values.into_iter();
    let first = values.next()?;
    values.all(|v| v == first).then_some(first)
}

fn union<'a>(masks: impl IntoIterator<Item = &'a Mask>) -> Option<Mask> {
    let mut masks = masks.into_iter();
    let mut all = masks.next()?.clone();
    for mask in masks {
        all.data.iter_mut().zip(&mask.data).for_each(|(a, m)| *a |= m);
    }
    (all.area() > 0).then_some(all)
}

fn drawn(set: &PhantomSet, index: usize) -> Case {
    let study = phantom::generate(set.seed, index as u64, &set.config);
    let told = |s: &phantom::ReportSentence| {
        let findings = || s.findings.iter().map(|&i| &study.findings[i]);
        Told {
            range: s.start..s.end,
            assertion: s.assertion,
            kind: shared(findings().map(|f| f.kind.name().to_owned())),
            side: shared(findings().map(|f| f.side)).filter(|s| *s != Side::Midline),
            zone: shared(findings().map(|f| f.zone)),
            truth: union(findings().map(|f| &f.mask)),
        }
    };
    Case {
        group: index.to_string(),
        sentences: study.sentences.iter().map(told).collect(),
        labels: Labels::exactly(study.findings.iter().map(|f| f.kind.name().to_owned())),
        film: Film { pixels: study.image, bits: 8, format: "phantom" },
        report: study.report,
    }
}

/// The `labels` of a row: names of all findings, or an object of names and 1 or 0.
fn labels(line: &str) -> Option<Labels> {
    let row: Value = serde_json::from_str(line).ok()?;
    match row.get("labels")? {
        Value::Array(names) => {
            Some(Labels::exactly(names.iter().filter_map(|n| n.as_str().map(str::to_owned))))
        }
        Value::Object(each) => {
            let known = each.iter().filter_map(|(name, v)| match v.as_f64()? {
                1.0 => Some((name.clone(), true)),
                0.0 => Some((name.clone(), false)),
                _ => None,
            });
            Some(Labels { known: known.collect(), complete: false })
        }
        _ => None,
    }
}

fn open(path: &Path) -> Result<Film> {
    let limits = Limits::default();
    let bytes = files::read_at_most(path, limits.max_bytes as u64)?;
    Ok(decode(&bytes, &limits)?)
}

/// A word of the generator's, such as `right` or `upper_mid`.
fn word<T: DeserializeOwned>(text: Option<&String>) -> Option<T> {
    serde_json::from_value(Value::String(text?.clone())).ok()
}

fn read(row: &Pair, labels: Option<Labels>) -> Result<Case> {
    let film = open(&row.image)?;
    let (width, height) = (film.pixels.width, film.pixels.height);
    let masks: Vec<Mask> = if row.mask.is_empty() {
        row.boxes.iter().map(|b| filled(width, height, b.bbox)).collect()
    } else {
        row.mask.iter().map(|path| mask(path, width, height)).collect::<Result<_>>()?
    };
    let told = |s: &manifest::PairSentence| {
        let boxes = || s.findings.iter().filter_map(|&i| row.boxes.get(i));
        Told {
            range: s.start..s.end,
            assertion: s.assertion,
            kind: shared(boxes().map(|b| b.kind.clone())).flatten(),
            side: shared(boxes().map(|b| word(b.side.as_ref())))
                .flatten()
                .filter(|s| *s != Side::Midline),
            zone: shared(boxes().map(|b| word(b.zone.as_ref()))).flatten(),
            truth: union(s.findings.iter().filter_map(|&i| masks.get(i))),
        }
    };
    // Masks and boxes of findings tell everything only where every finding has one.
    let complete = !row.mask.is_empty();
    let kinds = || Labels::exactly(row.boxes.iter().filter_map(|b| b.kind.clone()));
    let name = row.image.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Case {
        group: row.group.clone().unwrap_or(name),
        sentences: row.sentences.iter().map(told).collect(),
        labels: labels.or_else(|| complete.then(kinds)).unwrap_or_default(),
        report: row.text.clone(),
        film,
    })
}

/// At most `limit` of a list, evenly spread.
fn spread<T>(all: Vec<T>, limit: usize) -> Vec<T> {
    let (len, kept) = (all.len(), all.len().min(limit));
    let chosen = |i: &usize| i * kept / len != (i + 1) * kept / len;
    all.into_iter().enumerate().filter(|(i, _)| chosen(i)).map(|(_, one)| one).collect()
}

fn mask(path: &Path, width: usize, height: usize) -> Result<Mask> {
    let mask = open(path).with_context(|| path.display().to_string())?.pixels.above(INSIDE);
    if (mask.width, mask.height) != (width, height) {
        anyhow::bail!("{}: the mask has another size than its film", path.display());
    }
    Ok(mask)
}

/// The pixels whose centre lies in the box `[x, y, width, height]`.
fn filled(width: usize, height: usize, [x, y, w, h]: [f64; 4]) -> Mask {
    let mut mask = Mask::filled(width, height, 0);
    let inside = |at: usize, from: f64, extent: f64| {
        let centre = at as f64 + 0.5;
        centre >= from && centre < from + extent
    };
    for row in (0..height).filter(|r| inside(*r, y, h)) {
        for column in (0..width).filter(|c| inside(*c, x, w)) {
            mask.data[row * width + column] = 1;
        }
    }
    mask
}

#[cfg(test)]
#[path = "cases_tests.rs"]
mod tests;
