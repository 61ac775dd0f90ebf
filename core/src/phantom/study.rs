//! A film with its truth and its report.

use serde::{Deserialize, Serialize};

use crate::outcome::Assertion;
use crate::raster::{Mask, Raster};

/// What a phantom's film can show: the fourteen labels of ChestX-ray14 (Wang et al., 2017) in their
/// order, then devices and what else catches the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Collapsed lung: a band, or a lobe that lost its air and its volume.
    Atelectasis,
    /// An enlarged heart.
    Cardiomegaly,
    /// Pleural effusion.
    Effusion,
    /// Patchy, faint, badly bordered shadows.
    Infiltration,
    /// A solid lesion above 30 mm.
    Mass,
    /// A solid nodule, 6 to 30 mm.
    Nodule,
    /// Patchy airspace shadows of a segment or more, as an infection leaves them.
    Pneumonia,
    /// Air between lung and chest wall.
    Pneumothorax,
    /// Dense airspace shadow that follows a lobe or segment.
    Consolidation,
    /// Fluid in the lungs: both sides, around the hila and in the septa.
    Edema,
    /// Too much air: dark lungs, flat diaphragms, bullae.
    Emphysema,
    /// Scars: a net of lines, mostly at the edges.
    Fibrosis,
    /// Thick pleura: a cap on the apex or a band along the wall.
    PleuralThickening,
    /// Stomach behind the heart, often with a level of fluid.
    Hernia,
    /// A breathing tube in the trachea.
    EndotrachealTube,
    /// A feeding tube down to the stomach.
    GastricTube,
    /// A catheter in a central vein.
    CentralLine,
    /// A pacemaker or defibrillator with its leads.
    Pacemaker,
    /// A broken rib or clavicle.
    Fracture,
    /// Something that does not belong there: a coin, a button, a clip, a piece of metal.
    ForeignObject,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Atelectasis,
        Self::Cardiomegaly,
        Self::Effusion,
        Self::Infiltration,
        Self::Mass,
        Self::Nodule,
        Self::Pneumonia,
        Self::Pneumothorax,
        Self::Consolidation,
        Self::Edema,
        Self::Emphysema,
        Self::Fibrosis,
        Self::PleuralThickening,
        Self::Hernia,
        Self::EndotrachealTube,
        Self::GastricTube,
        Self::CentralLine,
        Self::Pacemaker,
        Self::Fracture,
        Self::ForeignObject,
    ];

    /// The name used in files and tables, for example `pneumothorax`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Atelectasis => "atelectasis",
            Self::Cardiomegaly => "cardiomegaly",
            Self::Effusion => "effusion",
            Self::Infiltration => "infiltration",
            Self::Mass => "mass",
            Self::Nodule => "nodule",
            Self::Pneumonia => "pneumonia",
            Self::Pneumothorax => "pneumothorax",
            Self::Consolidation => "consolidation",
            Self::Edema => "edema",
            Self::Emphysema => "emphysema",
            Self::Fibrosis => "fibrosis",
            Self::PleuralThickening => "pleural_thickening",
            Self::Hernia => "hernia",
            Self::EndotrachealTube => "endotracheal_tube",
            Self::GastricTube => "gastric_tube",
            Self::CentralLine => "central_line",
            Self::Pacemaker => "pacemaker",
            Self::Fracture => "fracture",
            Self::ForeignObject => "foreign_object",
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
    /// Neither or both: the heart, tubes, oedema.
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
    /// The top of the pleural space (air, thick pleura).
    Apex,
    /// The top and the side of the pleural space.
    ApexLateral,
    /// The bottom of the pleural space.
    Base,
    /// The heart and the middle of the chest.
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
    /// Diameter of a nodule or mass in millimetres; none for other kinds.
    pub size_mm: Option<u32>,
    /// How well it stands out of what surrounds it: the mean change of attenuation under the mask
    /// over the local noise and clutter, times the root of the area in pixels of a 256-pixel film
    /// (Rose's criterion). What is below 6 is drawn but neither kept nor reported.
    pub conspicuity: f32,
    /// Pixels whose central ray runs through at least [`MIN_PATH_MM`](super::MIN_PATH_MM) of the
    /// finding. Wires, tubes and other thin things count as rods of 6 mm, three pixels at 256 a side.
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
    /// The findings that the film shows; a normal study has none.
    pub findings: Vec<Finding>,
    /// The report.
    pub report: String,
    /// Its sentences in order.
    pub sentences: Vec<ReportSentence>,
}
