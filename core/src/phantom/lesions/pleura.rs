//! Air, fluid and scars between lung and chest wall.

use super::{Cut, Form, Pen, Place};
use crate::phantom::scene::{Collapse, Effusion, MEDIAL_MM};
use crate::phantom::solid::Ellipsoid;
use crate::phantom::study::{FindingKind, Zone};
use crate::phantom::tissue::Tissue;
use crate::phantom::volume::Shape;

/// Whether the finding takes room from the lung.
pub(super) fn is_space(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::Effusion | FindingKind::Pneumothorax)
}

/// Fluid fills the recess, then the base; it climbs along the wall (the meniscus).
pub(super) fn effusion(pen: &mut Pen) {
    let (side, patient, severity) = (pen.side(), pen.patient, pen.plan.severity);
    let [rx, ry, rz] = patient.lung_radii;
    let level = patient.dome_y[side] + 24.0 - 62.0 * severity;
    let climb = 16.0 + 34.0 * severity;
    let top = level - climb;
    // Half the width of the lung space at the top, where the fluid ends at the wall.
    let up = (top - patient.lung_y) / ry;
    let wall = patient.lung_x + rx * (1.0 - up * up).max(0.0).sqrt();
    let low = 16.0;
    let air = Ellipsoid::new([pen.sign() * low, top, 0.0], [wall - low, climb, 2.2 * rz]);
    // A little fluid stays in the lateral recess; more reaches the mediastinum.
    let reach = (1.0 - 2.5 * severity).max(0.0);
    let medial = MEDIAL_MM + reach * 0.6 * (patient.lung_x - MEDIAL_MM);
    pen.scene.lungs[side].effusion = Some(Effusion { air, top, medial, finding: pen.index });
}

/// The lung falls away from the top and the side; front and back stay in touch, which keeps the
/// film's picture of it a crescent: hence the surface that is drawn out along the beam.
pub(super) fn pneumothorax(pen: &mut Pen) {
    let (side, patient, severity) = (pen.side(), pen.patient, pen.plan.severity);
    let [rx, ry, rz] = patient.lung_radii;
    let lateral = match pen.plan.zone {
        Zone::Apex => pen.rng.range(1.2, 2.6),
        _ => 2.4 + 11.0 * (severity - 0.4),
    };
    let apical = 8.0 + 17.0 * severity;
    let center =
        [pen.sign() * (patient.lung_x - 0.5 * lateral), patient.lung_y + 0.5 * apical, 0.0];
    let radii = [rx - 0.5 * lateral, ry - 0.5 * apical, 3.0 * rz];
    let inside = Ellipsoid::new(center, radii.map(|r| r - 1.6));
    // The same tissue in less room, and less air in it.
    let extra = Tissue::Lung.per_mm() * (0.12 + 0.4 * severity);
    let surface = Ellipsoid::new(center, radii);
    pen.scene.lungs[side].collapse = Some(Collapse { surface, inside, extra, finding: pen.index });
}

/// A cap on the apex, or a band along the wall; seen where the beam runs along it.
pub(super) fn thickening(pen: &mut Pen) {
    let (side, sign, patient) = (pen.side(), pen.sign(), pen.patient);
    let [rx, ry, rz] = patient.lung_radii;
    let thick = 5.0 + 9.0 * pen.plan.severity;
    let (apex, dome) = (patient.apex_y(), patient.dome_y[side]);
    let lung = Shape::Ellipsoid(patient.lung(side));
    let x = sign * patient.lung_x;
    // Drawn out along the beam.
    let long = 3.0 * rz;
    let (cuts, hollow) = match pen.plan.zone {
        Zone::Apex => {
            let low = apex + 26.0 + 2.2 * thick + pen.rng.range(0.0, 8.0);
            // Uneven from side to side.
            let lean = pen.rng.range(-0.25, 0.25);
            let cut = Cut::at([x, low, 0.0], [lean, 1.0, 0.0]);
            let center = [x, patient.lung_y + 1.5 * thick, 0.0];
            (vec![cut], Ellipsoid::new(center, [rx - 0.35 * thick, ry, long]))
        }
        zone => {
            let height = dome - apex;
            let (from, to) = match zone {
                Zone::Base => (dome - 0.42 * height, dome + 34.0),
                _ => (apex + 0.12 * height, apex + 0.62 * height),
            };
            let outward = Cut::at([x + sign * 0.35 * rx, 0.0, 0.0], [-sign, 0.0, 0.0]);
            let middle = 0.5 * (from + to);
            let at = |y: f64| {
                let up = (y - patient.lung_y) / ry;
                rx * (1.0 - up * up).max(0.0).sqrt()
            };
            // Aslant, so that the band tapers to both ends.
            let upper = Cut::at([x + sign * at(from), from, 0.0], [-1.6 * sign, -1.0, 0.0]);
            let lower = Cut::at([x + sign * at(to), to, 0.0], [-1.6 * sign, 1.0, 0.0]);
            let hollow =
                Ellipsoid::new([x, middle, 0.0], [at(middle) - thick, 1.7 * (to - from), long]);
            (vec![outward, upper, lower], hollow)
        }
    };
    let extra = Tissue::Soft.per_mm() - Tissue::Lung.per_mm();
    pen.add(Form::carved(lung, &cuts, Some(hollow)), Place::Lung(side), extra);
}
