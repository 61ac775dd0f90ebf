//! From data sets as they lie on a disk to a packed file.
//!
//! Each data set has a reader that lists its films and reports as [`Candidate`]s and applies the
//! rules of its own: [`mimic`], [`openi`], [`pairs`]. The rest is common: one report a film, whole
//! patients in a split, films cut and scaled as training does it, and a funnel that says what
//! every rule left.

pub mod film;
pub mod funnel;
pub mod mimic;
pub mod openi;
pub mod pairs;
pub mod rules;
pub mod splits;
pub mod text;

mod assemble;

use std::{path::PathBuf, sync::Arc};

use serde::Serialize;

use crate::data::synth::Splits;

pub use assemble::{Summary, into_pack, may_begin};
pub use film::FilmRules;
pub use funnel::Funnel;
pub use text::{Order, Sections, TextRules};

/// A film that may be packed.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// Name of the film in its data set; of the report where that names no film.
    pub id: String,
    /// The study, which has one report.
    pub study: String,
    /// The patient.
    pub group: Option<String>,
    /// The split, where the data set gives one.
    pub split: Option<String>,
    /// The image file.
    pub image: Option<PathBuf>,
    /// Where to look for it: the file relative to its tree, or a line.
    pub place: Option<String>,
    /// The report's text; empty until it is read.
    pub text: Arc<str>,
}

/// Which films of a study are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PerStudy {
    /// All of them.
    All,
    /// The first, in the order of the films' names (of the report, in Open-I).
    First,
}

/// What is common to all data sets.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder to write.
    pub out: PathBuf,
    /// How films are made.
    pub film: FilmRules,
    /// How reports are read.
    pub text: TextRules,
    /// Which films of a study are taken.
    pub per_study: PerStudy,
    /// Shares of the splits, for patients whose data set gives none.
    pub splits: Splits,
    /// Seed of that draw.
    pub seed: u64,
    /// Stop at the first row with a fault.
    pub strict: bool,
    /// Replace a pack that is in the folder already.
    pub force: bool,
    /// Threads; none takes all cores.
    pub threads: Option<usize>,
    /// Rows between two entries of the journal.
    pub chunk: usize,
}

/// A data set after its own rules.
#[derive(Debug)]
pub struct Listing {
    /// Its name, for example `MIMIC-CXR-JPG 2.1.0`.
    pub dataset: String,
    /// The reader's own switches, as they go into `pack.json`.
    pub switches: serde_json::Value,
    /// What is left.
    pub candidates: Vec<Candidate>,
    /// How it came to that.
    pub funnel: Funnel,
}
