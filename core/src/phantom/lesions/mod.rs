//! The solids of the findings, one file for each family.
//!
//! A finding's mask is the shadow of its solids under the film's own rays, and its change of
//! attenuation is known for every ray, so a finding can be asked how well it shows
//! ([`conspicuity`]). Thin things (wires, tubes) have a mask that is wider than they are: at 256
//! pixels a side it is at least three pixels wide, so that pointing at them is fair at the
//! resolution of the networks.

mod airspace;
mod bones;
mod conspicuity;
mod devices;
mod focal;
mod form;
mod heart;
mod interstitial;
mod objects;
mod pleura;

pub(crate) use conspicuity::{VISIBLE, conspicuity};
pub(crate) use form::{Cut, Form};

use super::anatomy::{Patient, sign};
use super::disease::Planned;
use super::ray::Vec3;
use super::rng::Rng;
use super::scene::Scene;
use super::study::{FindingKind, Side, Zone};
use super::tissue::Tissue;

/// Where a solid of a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the air-filled part of one lung, on top of the lung's own attenuation.
    Lung(usize),
    /// Wherever it is, on top of what is there: metal and plastic.
    Over,
    /// In place of every organ; it must lie inside the skin.
    Instead(Tissue),
}

/// One solid of a finding.
#[derive(Debug, Clone)]
pub(crate) struct Lesion {
    /// Its geometry.
    pub(crate) form: Form,
    /// Where it counts.
    pub(crate) place: Place,
    /// Change of attenuation per millimetre. For [`Place::Instead`] how much it differs from what is
    /// usually there, for the conspicuity alone: the tracer knows the tissue.
    pub(crate) extra: f64,
    /// Index of the finding.
    pub(crate) finding: usize,
    /// Whether the mask is its shadow.
    pub(crate) masked: bool,
}

/// What the families draw with.
pub(crate) struct Pen<'a> {
    /// Stream of the places.
    pub(crate) rng: &'a mut Rng,
    /// The body.
    pub(crate) patient: &'a Patient,
    /// Where solids go.
    pub(crate) scene: &'a mut Scene,
    /// The finding that is drawn.
    pub(crate) plan: &'a Planned,
    /// Its index.
    pub(crate) index: usize,
}

/// Soft tissue in place of lung, per millimetre.
pub(crate) fn filled() -> f64 {
    Tissue::Fluid.per_mm() - Tissue::Lung.per_mm()
}

impl Pen<'_> {
    /// 0 for the patient's right, 1 for the left.
    pub(crate) fn side(&self) -> usize {
        usize::from(self.plan.side == Side::Left)
    }

    /// -1 for the patient's right, +1 for the left.
    pub(crate) fn sign(&self) -> f64 {
        sign(self.side())
    }

    /// Adds a solid that makes part of the mask.
    pub(crate) fn add(&mut self, form: Form, place: Place, extra: f64) {
        self.push(form, place, extra, true);
    }

    /// Adds a solid that changes the film but not the mask.
    pub(crate) fn shade(&mut self, form: Form, place: Place, extra: f64) {
        self.push(form, place, extra, false);
    }

    fn push(&mut self, form: Form, place: Place, extra: f64, masked: bool) {
        self.scene.lesions.push(Lesion { form, place, extra, finding: self.index, masked });
    }

    /// Upper and lower end of the finding's zone on a side, as y.
    pub(crate) fn heights(&self, side: usize, zone: Zone) -> [f64; 2] {
        let (top, bottom) = (self.patient.apex_y() + 8.0, self.patient.dome_y[side] + 2.0);
        let third = (bottom - top) / 3.0;
        let thirds = zone.thirds();
        let first = thirds.iter().position(|&t| t).unwrap_or(0) as f64;
        let count = thirds.iter().filter(|&&t| t).count() as f64;
        [top + first * third, top + (first + count) * third]
    }

    /// Where the vessels of a lung come from.
    pub(crate) fn hilum(&self, side: usize) -> Vec3 {
        if side == 0 { [-36.0, -6.0, -6.0] } else { [43.0, -17.0, -6.0] }
    }
}

/// A point of a lung: `across` 0 at the mediastinum to 1 at the wall at that height, `y`, and `z`
/// from -1 (back) to 1 (front) of the depth there.
pub(crate) fn spot(patient: &Patient, side: usize, across: f64, y: f64, z: f64) -> Vec3 {
    let [rx, ry, rz] = patient.lung_radii;
    let up = ((y - patient.lung_y) / ry).clamp(-0.98, 0.98);
    let wide = (1.0 - up * up).sqrt();
    let (inner, outer) = (24.0, patient.lung_x + rx * wide);
    let x = inner + across * (outer - inner);
    let off = ((x - patient.lung_x) / rx).clamp(-0.95, 0.95);
    let deep = rz * (1.0 - off * off - up * up).max(0.02).sqrt();
    [sign(side) * x, y, z * deep]
}

/// Puts the findings into the scene.
pub(crate) fn place(rng: &mut Rng, patient: &Patient, findings: &[Planned], scene: &mut Scene) {
    // Air and fluid first: what lies in the lung must know how much lung is left.
    for space in [true, false] {
        for (index, plan) in findings.iter().enumerate() {
            if pleura::is_space(plan.kind) == space {
                draw(&mut Pen { rng, patient, scene, plan, index });
            }
        }
    }
}

fn draw(pen: &mut Pen) {
    match pen.plan.kind {
        FindingKind::Cardiomegaly => pen.scene.heart_finding = Some(pen.index),
        FindingKind::Hernia => heart::hernia(pen),
        FindingKind::Effusion => pleura::effusion(pen),
        FindingKind::Pneumothorax => pleura::pneumothorax(pen),
        FindingKind::PleuralThickening => pleura::thickening(pen),
        FindingKind::Consolidation => airspace::consolidation(pen),
        FindingKind::Pneumonia => airspace::pneumonia(pen),
        FindingKind::Infiltration => airspace::infiltration(pen),
        FindingKind::Atelectasis => airspace::atelectasis(pen),
        FindingKind::Edema => interstitial::edema(pen),
        FindingKind::Fibrosis => interstitial::fibrosis(pen),
        FindingKind::Emphysema => interstitial::emphysema(pen),
        FindingKind::Nodule => focal::nodule(pen),
        FindingKind::Mass => focal::mass(pen),
        FindingKind::EndotrachealTube => devices::endotracheal_tube(pen),
        FindingKind::GastricTube => devices::gastric_tube(pen),
        FindingKind::CentralLine => devices::central_line(pen),
        FindingKind::Pacemaker => devices::pacemaker(pen),
        FindingKind::Fracture => bones::fracture(pen),
        FindingKind::ForeignObject => objects::foreign_object(pen),
    }
}
