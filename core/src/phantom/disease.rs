//! Which findings a study has, and the solids they are.

use super::anatomy::{Patient, sign};
use super::ray::Vec3;
use super::rng::Rng;
use super::scene::{Additive, Collapse, Effusion, MAX_FINDINGS, MEDIAL_MM, Scene};
use super::solid::Ellipsoid;
use super::study::{FindingKind, Side, Zone};
use super::tissue::Tissue;
use super::volume::Shape;

/// A finding before it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// What it is.
    pub(crate) kind: FindingKind,
    /// Where, in the patient's sides.
    pub(crate) side: Side,
    /// Where, in height.
    pub(crate) zone: Zone,
    /// From 0 (just visible) to 1.
    pub(crate) severity: f64,
    /// Diameter of a nodule.
    pub(crate) size_mm: u32,
}

/// Largest and smallest nodule, whole millimetres; above 30 mm it would be called a mass
/// (Fleischner Society glossary, 2008).
pub(crate) const NODULE_MM: [u32; 2] = [6, 30];

/// Share of studies with 0, 1, 2 and 3 findings.
const COUNTS: [f64; MAX_FINDINGS + 1] = [0.40, 0.28, 0.20, 0.12];

/// Draws the findings of a study. Two that would hide each other are not drawn together.
pub(crate) fn plan(rng: &mut Rng) -> Vec<Planned> {
    let mut left = rng.unit();
    let count = COUNTS
        .iter()
        .take_while(|p| {
            left -= **p;
            left >= 0.0
        })
        .count()
        .min(MAX_FINDINGS);
    let mut findings: Vec<Planned> = Vec::new();
    // A draw that does not fit is drawn again; three findings always fit somewhere.
    for _ in 0..64 {
        if findings.len() >= count {
            break;
        }
        let room = count - findings.len();
        let kind = match rng.unit() {
            u if u < 0.30 => FindingKind::Consolidation,
            u if u < 0.54 => FindingKind::Effusion,
            u if u < 0.70 => FindingKind::Pneumothorax,
            u if u < 0.87 => FindingKind::Nodule,
            _ => FindingKind::Cardiomegaly,
        };
        let both = match kind {
            FindingKind::Effusion => 0.45,
            FindingKind::Consolidation => 0.25,
            _ => 0.0,
        };
        let first = rng.below(2);
        let sides = 1 + usize::from(room > 1 && rng.chance(both));
        for side in [first, 1 - first].into_iter().take(sides) {
            let finding = draw(rng, kind, side);
            if !findings.iter().any(|other| clashes(other, &finding)) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn draw(rng: &mut Rng, kind: FindingKind, side: usize) -> Planned {
    let mut severity = rng.unit();
    let steps = NODULE_MM[1] - NODULE_MM[0];
    let step = rng.below(steps as usize + 1) as u32;
    if kind == FindingKind::Nodule {
        severity = f64::from(step) / f64::from(steps);
    }
    let third = [Zone::Upper, Zone::Mid, Zone::Lower][rng.below(3)];
    let zone = match kind {
        FindingKind::Consolidation => match rng.unit() {
            u if u < 0.55 => third,
            u if u < 0.70 => Zone::UpperMid,
            u if u < 0.88 => Zone::MidLower,
            _ => Zone::Diffuse,
        },
        FindingKind::Nodule => third,
        FindingKind::Effusion => Zone::Base,
        FindingKind::Pneumothorax if severity < 0.4 => Zone::Apex,
        FindingKind::Pneumothorax => Zone::ApexLateral,
        _ => Zone::Cardiac,
    };
    let side = match (kind, side) {
        (FindingKind::Cardiomegaly, _) => Side::Midline,
        (_, 0) => Side::Right,
        _ => Side::Left,
    };
    Planned { kind, side, zone, severity, size_mm: NODULE_MM[0] + step }
}

/// Whether two findings would hide each other or could not be told apart in words.
fn clashes(a: &Planned, b: &Planned) -> bool {
    use FindingKind::{Cardiomegaly, Consolidation, Effusion, Nodule, Pneumothorax};
    if a.side != b.side {
        // One lung collapses at a time.
        return a.kind == Pneumothorax && b.kind == Pneumothorax;
    }
    let overlap = a.zone.thirds().iter().zip(b.zone.thirds()).any(|(x, y)| *x && y);
    match (a.kind, b.kind) {
        (Cardiomegaly, _) | (_, Cardiomegaly) => a.kind == b.kind,
        (Effusion, Pneumothorax) | (Pneumothorax, Effusion) => true,
        (Consolidation | Nodule, _) | (_, Consolidation | Nodule) if a.kind != b.kind => overlap,
        (Nodule, Nodule) => overlap,
        _ => true,
    }
}

/// How large the heart is drawn, 1 = usual.
pub(crate) fn heart_size(rng: &mut Rng, findings: &[Planned]) -> f64 {
    let usual = rng.range(0.92, 1.08);
    findings
        .iter()
        .find(|f| f.kind == FindingKind::Cardiomegaly)
        .map_or(usual, |f| 1.37 + 0.25 * f.severity)
}

/// Puts the findings into the scene.
pub(crate) fn place(rng: &mut Rng, patient: &Patient, findings: &[Planned], scene: &mut Scene) {
    // Air and fluid first: what lies in the lung must know how much lung is left.
    for (index, finding) in findings.iter().enumerate() {
        let side = usize::from(finding.side == Side::Left);
        match finding.kind {
            FindingKind::Cardiomegaly => scene.heart_finding = Some(index),
            FindingKind::Effusion => {
                scene.lungs[side].effusion = Some(effusion(patient, side, finding.severity, index));
            }
            FindingKind::Pneumothorax => {
                scene.lungs[side].collapse = Some(collapse(rng, patient, side, finding, index));
            }
            _ => {}
        }
    }
    for (index, finding) in findings.iter().enumerate() {
        let side = usize::from(finding.side == Side::Left);
        match finding.kind {
            FindingKind::Consolidation => opacity(rng, patient, side, finding, index, scene),
            FindingKind::Nodule => nodule(rng, patient, side, finding, index, scene),
            _ => {}
        }
    }
}

/// Fluid fills the recess, then the base; it climbs along the wall (the meniscus).
fn effusion(patient: &Patient, side: usize, severity: f64, finding: usize) -> Effusion {
    let [rx, ry, rz] = patient.lung_radii;
    let level = patient.dome_y[side] + 24.0 - 68.0 * severity;
    let climb = 16.0 + 34.0 * severity;
    let top = level - climb;
    // Half the width of the lung space at the top, where the fluid ends at the wall.
    let up = (top - patient.lung_y) / ry;
    let wall = patient.lung_x + rx * (1.0 - up * up).max(0.0).sqrt();
    let low = 16.0;
    let air = Ellipsoid::new([sign(side) * low, top, 0.0], [wall - low, climb, 2.2 * rz]);
    // A little fluid stays in the lateral recess; more reaches the mediastinum.
    let reach = (1.0 - 2.5 * severity).max(0.0);
    let medial = MEDIAL_MM + reach * 0.6 * (patient.lung_x - MEDIAL_MM);
    Effusion { air, top, medial, finding }
}

/// The lung falls away from the top and the side; front and back stay in touch, which keeps the
/// film's picture of it a crescent: hence the surface that is drawn out along the beam.
fn collapse(
    rng: &mut Rng,
    patient: &Patient,
    side: usize,
    finding: &Planned,
    index: usize,
) -> Collapse {
    let [rx, ry, rz] = patient.lung_radii;
    let lateral = match finding.zone {
        Zone::Apex => rng.range(1.2, 2.6),
        _ => 2.4 + 11.0 * (finding.severity - 0.4),
    };
    let apical = 8.0 + 17.0 * finding.severity;
    let center =
        [sign(side) * (patient.lung_x - 0.5 * lateral), patient.lung_y + 0.5 * apical, 0.0];
    let radii = [rx - 0.5 * lateral, ry - 0.5 * apical, 3.0 * rz];
    let inside = Ellipsoid::new(center, radii.map(|r| r - 1.6));
    // The same tissue in less room, and less air in it.
    let extra = Tissue::Lung.per_mm() * (0.12 + 0.4 * finding.severity);
    Collapse { surface: Ellipsoid::new(center, radii), inside, extra, finding: index }
}

/// Upper and lower end of a zone, as y.
fn heights(patient: &Patient, side: usize, zone: Zone) -> [f64; 2] {
    let (top, bottom) = (patient.apex_y() + 8.0, patient.dome_y[side] + 2.0);
    let third = (bottom - top) / 3.0;
    let thirds = zone.thirds();
    let first = thirds.iter().position(|&t| t).unwrap_or(0) as f64;
    let count = thirds.iter().filter(|&&t| t).count() as f64;
    [top + first * third, top + (first + count) * third]
}

/// A cloud of soft blobs: their borders fade because their chords do.
fn opacity(
    rng: &mut Rng,
    patient: &Patient,
    side: usize,
    finding: &Planned,
    index: usize,
    scene: &mut Scene,
) {
    let [top, bottom] = heights(patient, side, finding.zone);
    let (middle, half) = (0.5 * (top + bottom), 0.5 * (bottom - top));
    let count = ((0.30 + 0.08 * finding.severity) * 2.0 * half) as usize;
    // Partly filled airspaces; several blobs lie behind each other.
    let filled = 0.16 + 0.15 * finding.severity;
    for _ in 0..count {
        let center = [
            sign(side) * (patient.lung_x + rng.range(-34.0, 54.0)),
            middle + (half - 6.0) * rng.range(-1.0, 1.0),
            rng.range(-50.0, 50.0),
        ];
        let radii: Vec3 = [rng.range(11.0, 32.0), rng.range(10.0, 26.0), rng.range(14.0, 40.0)];
        scene.additives.push(Additive {
            shape: Shape::Ellipsoid(Ellipsoid::turned(center, radii, rng.range(-0.8, 0.8))),
            side,
            extra: filled * (Tissue::Fluid.per_mm() - Tissue::Lung.per_mm()),
            finding: Some(index),
        });
    }
}

/// A ball where there is lung in front and behind, so that nothing hides it.
fn nodule(
    rng: &mut Rng,
    patient: &Patient,
    side: usize,
    finding: &Planned,
    index: usize,
    scene: &mut Scene,
) {
    let [top, bottom] = heights(patient, side, finding.zone);
    let radius = 0.5 * f64::from(finding.size_mm);
    let margin = 5.0;
    let mut best = ([sign(side) * patient.lung_x, 0.5 * (top + bottom), 0.0], 0);
    for _ in 0..100 {
        let center = [
            sign(side) * (patient.lung_x + rng.range(-20.0, 60.0)),
            rng.range(top + margin + 0.5 * radius, bottom - margin - 0.5 * radius),
            rng.range(-40.0, 40.0),
        ];
        let room = room_around(scene, side, center, radius);
        if room > best.1 {
            best = (center, room);
        }
        if room == ROOM {
            break;
        }
    }
    // Small nodules that a film shows at all are dense ones (granulomas with calcium).
    let small = (10.0 / f64::from(finding.size_mm)).min(1.0);
    let dense = 1.3 + 0.9 * small * small;
    scene.additives.push(Additive {
        shape: Shape::Ellipsoid(Ellipsoid::new(best.0, [radius; 3])),
        side,
        extra: dense * (Tissue::Soft.per_mm() - Tissue::Lung.per_mm()),
        finding: Some(index),
    });
}

/// Probes of [`room_around`].
const ROOM: usize = 11;

/// How many probes around a ball of this radius lie in lung: six on its surface, five in front
/// and behind.
fn room_around(scene: &Scene, side: usize, center: Vec3, radius: f64) -> usize {
    let mut probes = [center; ROOM];
    for axis in 0..3 {
        probes[2 * axis][axis] += radius + 2.0;
        probes[2 * axis + 1][axis] -= radius + 2.0;
    }
    for (probe, z) in probes[6..].iter_mut().zip([-52.0, -26.0, 0.0, 26.0, 52.0]) {
        probe[2] = z;
    }
    probes.iter().filter(|p| scene.is_lung(side, **p)).count()
}
