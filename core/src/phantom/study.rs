//! A film with its truth and its report.

use serde::{Deserialize, Serialize};

use crate::outcome::Assertion;
use crate::raster::{Mask, Raster};

/// What can be wrong with a phantom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Airspace opacity with soft borders.
    Opacity,
    /// Pleural effusion.
    Effusion,
    /// Pneumothorax.
    Pneumothorax,
    /// A solid nodule, 6 to 30 mm.
    Nodule,
    /// An enlarged heart.
    Cardiomegaly,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Opacity, Self::Effusion, Self::Pneumothorax, Self::Nodule, Self::Cardiomegaly];

    /// The name used in files and tables, for example `pneumothorax`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opacity => "opacity",
            Self::Effusion => "effusion",
            Self::Pneumothorax => "pneumothorax",
            Self::Nodule => "nodule",
            Self::Cardiomegaly => "cardiomegaly",
        }
    }
}

/// The patient's side; the patient's right is on the left of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The patient's right.
    Right,
    /// The patient's left.
    Left,
    /// Neither: the heart.
    Midline,
}

/// Where in height a finding lies. A third is a third of the lung above the diaphragm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// Upper third.
    Upper,
    /// Middle third.
    Mid,
    /// Lower third.
    Lower,
    /// Upper and middle thirds.
    UpperMid,
    /// Middle and lower thirds.
    MidLower,
    /// The whole lung.
    Diffuse,
    /// The top of the lung (pneumothorax).
    Apex,
    /// The top and the side of the lung (pneumothorax).
    ApexLateral,
    /// The bottom of the pleural space (effusion).
    Base,
    /// The heart.
    Cardiac,
}

impl Zone {
    /// Which thirds of the lung it takes part in, from the top.
    pub(crate) fn thirds(self) -> [bool; 3] {
        match self {
            Self::Upper | Self::Apex | Self::ApexLateral => [true, false, false],
            Self::Mid => [false, true, false],
            Self::Lower | Self::Base => [false, false, true],
            Self::UpperMid => [true, true, false],
            Self::MidLower => [false, true, true],
            Self::Diffuse => [true; 3],
            Self::Cardiac => [false; 3],
        }
    }
}

/// One finding with its exact shadow.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The patient's side.
    pub side: Side,
    /// The height.
    pub zone: Zone,
    /// From 0 (slight) to 1 (severe).
    pub severity: f32,
    /// Diameter of a nodule in millimetres; none for other kinds.
    pub size_mm: Option<u32>,
    /// Pixels whose central ray runs through at least [`MIN_PATH_MM`](super::MIN_PATH_MM) of the finding.
    pub mask: Mask,
    /// `[x, y, width, height]` of the mask in pixels.
    pub bbox: [u32; 4],
}

/// One sentence of the report and the findings it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSentence {
    /// First byte in the report.
    pub start: usize,
    /// One past its final stop.
    pub end: usize,
    /// Whether it says that something is there. Sentences that name no finding, such as a
    /// technical remark, are `Absent`: nothing can be pointed at.
    pub assertion: Assertion,
    /// Indices into [`Study::findings`]; empty when it points at nothing.
    pub findings: Vec<usize>,
}

/// A film, its truth and its report.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// First argument of [`generate`](super::generate).
    pub seed: u64,
    /// Second argument of [`generate`](super::generate).
    pub index: u64,
    /// Grey values in [0, 1]; white = dense; the patient's right is on the left.
    pub image: Raster,
    /// None to three findings.
    pub findings: Vec<Finding>,
    /// The report.
    pub report: String,
    /// Its sentences in order.
    pub sentences: Vec<ReportSentence>,
}
