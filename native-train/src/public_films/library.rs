//! The folder as it lies on the disk, and which patient is on which side.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use g2d_core::Error;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::files;

/// Share of the patients whose films train.
const TRAIN_SHARE: f64 = 0.80;
/// Share of the patients up to which films belong to training's own validation; the rest is
/// evaluation only.
const VAL_END: f64 = 0.85;

/// One film's line. Lines have more columns; these are used.
#[derive(Debug, Clone, Deserialize)]
pub struct FilmRow {
    /// Its name, unique.
    pub id: String,
    /// Path of the image below the folder.
    pub file: String,
    /// `PA`, `AP`, `lateral`, `unknown`.
    pub view: String,
    /// Report, statements or labels.
    #[serde(default)]
    pub text: String,
    /// `report`, `notes`, `qa` or `label`.
    pub text_kind: String,
    /// Labels, `|` or `,` between them.
    #[serde(default)]
    pub finding: String,
    /// The patient.
    pub group: String,
    /// `free`, or what may not train weights that are given on.
    pub license_class: String,
    /// Its licence by name.
    pub license: String,
    /// Whom to name.
    #[serde(default)]
    pub attribution: String,
    /// The collection.
    pub origin: String,
}

impl FilmRow {
    /// Whether it is known to be frontal. VQA-RAD names no view; its chest films are all frontal.
    pub fn is_frontal(&self) -> bool {
        matches!(self.view.as_str(), "PA" | "AP")
            || (self.view == "unknown" && self.origin == "VQA-RAD")
    }

    /// Whether weights that are given on may be trained on it.
    pub fn is_free(&self) -> bool {
        self.license_class == "free"
    }
}

/// A box in fractions of the image's sides.
#[derive(Debug, Clone, Deserialize)]
pub struct FractionBox {
    /// What is in it.
    pub label: String,
    x0: f64,
    y0: f64,
    x1: f64,
    y1: f64,
}

impl FractionBox {
    /// `[x, y, width, height]` in pixels of an image of this size; none for an empty box.
    pub fn pixels(&self, width: usize, height: usize) -> Option<[f64; 4]> {
        let (w, h) = (width as f64, height as f64);
        let [x0, x1] = [self.x0, self.x1].map(|v| v.clamp(0.0, 1.0) * w);
        let [y0, y1] = [self.y0, self.y1].map(|v| v.clamp(0.0, 1.0) * h);
        (x1 > x0 && y1 > y0).then_some([x0, y0, x1 - x0, y1 - y0])
    }

    /// Middle from left to right, a fraction.
    pub fn middle(&self) -> f64 {
        (self.x0 + self.x1) / 2.0
    }
}

#[derive(Deserialize)]
struct BoxLine {
    id: String,
    boxes: Vec<FractionBox>,
}

/// What a patient's films are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Training.
    Train,
    /// Validation within training.
    Val,
    /// Evaluation only.
    Eval,
}

/// The folder.
#[derive(Debug)]
pub struct Library {
    /// Where it is.
    pub root: PathBuf,
    /// Every film.
    pub films: Vec<FilmRow>,
    /// Lung boxes by film.
    pub lungs: BTreeMap<String, Vec<FractionBox>>,
    /// Finding boxes by film.
    pub findings: BTreeMap<String, Vec<FractionBox>>,
    /// Patients with a finding box.
    boxed: BTreeSet<String>,
}

fn jsonl<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let read = || -> anyhow::Result<Vec<T>> {
        let text = fs::read_to_string(path).map_err(|e| files::reason(&e))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let one = |(i, line)| {
            // serde_json's own message may quote the line; its number may be told.
            serde_json::from_str(line).map_err(|_| {
                Error::input(
                    "G2D-M60",
                    format!("Line {} does not have the expected columns", i + 1),
                    "Use the folder as it was published",
                )
            })
        };
        Ok(lines.map(one).collect::<Result<_, _>>()?)
    };
    read().with_context(|| path.display().to_string())
}

impl Library {
    /// Reads the folder; none when there is no such folder.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn open(root: &Path) -> anyhow::Result<Option<Self>> {
        let manifest = root.join("manifest.jsonl");
        if !manifest.is_file() {
            return Ok(None);
        }
        let films: Vec<FilmRow> = jsonl(&manifest)?;
        let boxes = |name: &str| -> anyhow::Result<BTreeMap<String, Vec<FractionBox>>> {
            let path = root.join(name);
            let lines: Vec<BoxLine> = if path.is_file() { jsonl(&path)? } else { Vec::new() };
            Ok(lines.into_iter().map(|line| (line.id, line.boxes)).collect())
        };
        let (lungs, findings) = (boxes("boxes_lung.jsonl")?, boxes("boxes_finding_nih.jsonl")?);
        let boxed = films.iter().filter(|film| findings.contains_key(&film.id));
        let boxed = boxed.map(|film| film.group.clone()).collect();
        Ok(Some(Self { root: root.to_owned(), films, lungs, findings, boxed }))
    }

    /// What a film is for: by its patient, never by the film. A patient with a finding box, or a
    /// licence that forbids training, is evaluation only.
    pub fn part(&self, film: &FilmRow) -> Part {
        if !film.is_free() || self.boxed.contains(&film.group) {
            return Part::Eval;
        }
        match draw(&film.group) {
            share if share < TRAIN_SHARE => Part::Train,
            share if share < VAL_END => Part::Val,
            _ => Part::Eval,
        }
    }

    /// Whether the film may train.
    pub fn may_train(&self, film: &FilmRow) -> bool {
        film.is_free() && film.is_frontal() && self.part(film) != Part::Eval
    }

    /// Whether the film may be evaluated on: no film of its patient trains.
    pub fn may_evaluate(&self, film: &FilmRow, trained: &BTreeSet<&str>) -> bool {
        self.part(film) == Part::Eval && !trained.contains(film.group.as_str())
    }

    /// The patients that train.
    pub fn trained(&self) -> BTreeSet<&str> {
        let films = self.films.iter().filter(|film| self.may_train(film));
        films.map(|film| film.group.as_str()).collect()
    }

    /// Refuses a set of films for training of which a patient is evaluated on, has a finding box
    /// or may not be trained on.
    ///
    /// # Errors
    /// `G2D-M61` with the number of such films.
    pub fn check_leak(&self, train: &[&FilmRow], eval: &[&FilmRow]) -> anyhow::Result<()> {
        let kept: BTreeSet<&str> = eval.iter().map(|film| film.group.as_str()).collect();
        let bad = |film: &&&FilmRow| {
            kept.contains(film.group.as_str())
                || self.boxed.contains(&film.group)
                || !film.is_free()
        };
        let leaks = train.iter().filter(bad).count();
        if leaks == 0 {
            return Ok(());
        }
        Err(Error::input(
            "G2D-M61",
            format!("{leaks} films for training belong to patients kept for evaluation"),
            "Nothing was written; correct `group` and `license_class` in manifest.jsonl",
        )
        .into())
    }

    /// A patient's place in [0, 1) within its part, to divide it further.
    pub fn place_within(group: &str) -> f64 {
        draw(&format!("within\n{group}"))
    }

    /// The bytes of a film's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn bytes(&self, film: &FilmRow) -> anyhow::Result<Vec<u8>> {
        let path = self.root.join(&film.file);
        fs::read(&path).map_err(|e| files::reason(&e)).with_context(|| path.display().to_string())
    }
}

/// A patient's place in [0, 1), the same on every machine.
fn draw(group: &str) -> f64 {
    let digest = Sha256::digest(format!("g2d public films\n{group}").as_bytes());
    let head = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    // 53 bits: every f64 below one is exact.
    (head >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn film(id: &str, group: &str, class: &str) -> FilmRow {
        FilmRow {
            id: id.into(),
            file: format!("images/{id}.jpg"),
            view: "PA".into(),
            text: String::new(),
            text_kind: "label".into(),
            finding: "normal".into(),
            group: group.into(),
            license_class: class.into(),
            license: "CC0-1.0".into(),
            attribution: String::new(),
            origin: "test".into(),
        }
    }

    pub(crate) fn library(films: Vec<FilmRow>, boxed: &[&str]) -> Library {
        Library {
            root: PathBuf::new(),
            films,
            lungs: BTreeMap::new(),
            findings: BTreeMap::new(),
            boxed: boxed.iter().map(|&g| g.to_owned()).collect(),
        }
    }

    #[test]
    fn patients_are_drawn_in_the_stated_shares() {
        let places: Vec<f64> = (0..2000).map(|i| draw(&format!("p{i}"))).collect();
        let share = |end: f64| places.iter().filter(|p| **p < end).count() as f64 / 2000.0;
        assert!((share(TRAIN_SHARE) - TRAIN_SHARE).abs() < 0.03);
        assert!((share(VAL_END) - VAL_END).abs() < 0.03);
    }

    #[test]
    fn what_may_not_train_does_not() {
        let films: Vec<FilmRow> = (0..200)
            .map(|i| {
                film(&format!("f{i}"), &format!("p{i}"), if i % 2 == 0 { "free" } else { "NC" })
            })
            .collect();
        let boxed: Vec<String> = (0..100).map(|i| format!("p{i}")).collect();
        let boxed: Vec<&str> = boxed.iter().map(String::as_str).collect();
        let library = library(films, &boxed);
        let train: Vec<&FilmRow> = library.films.iter().filter(|f| library.may_train(f)).collect();
        assert!((30..50).contains(&train.len()), "{}", train.len());
        let trained = library.trained();
        let eval: Vec<&FilmRow> =
            library.films.iter().filter(|f| library.may_evaluate(f, &trained)).collect();
        assert_eq!(train.len() + eval.len(), 200);
        library.check_leak(&train, &eval).unwrap();
        let message = format!("{:#}", library.check_leak(&train, &train).unwrap_err());
        assert!(message.contains("G2D-M61"), "{message}");
        assert!(library.check_leak(&eval, &[]).is_err());
    }

    #[test]
    fn an_absent_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Library::open(folder.path()).unwrap().is_none());
        fs::write(folder.path().join("manifest.jsonl"), "{\"id\": \"secret\"}\n").unwrap();
        let error = format!("{:#}", Library::open(folder.path()).unwrap_err());
        assert!(error.contains("Line 1") && !error.contains("secret"), "{error}");
    }
}
