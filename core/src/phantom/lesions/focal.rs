//! Nodules and masses.

use super::{Form, Pen, Place};
use crate::phantom::anatomy::sign;
use crate::phantom::ray::Vec3;
use crate::phantom::scene::Scene;
use crate::phantom::tissue::Tissue;

/// A ball where there is lung in front and behind, so that nothing hides it.
pub(super) fn nodule(pen: &mut Pen) {
    let radius = 0.5 * f64::from(pen.plan.size_mm);
    let center = free_spot(pen, radius);
    // Small nodules that a film shows at all are dense ones (granulomas with calcium).
    let small = (10.0 / f64::from(pen.plan.size_mm)).min(1.0);
    let dense = 1.3 + 0.9 * small * small;
    let extra = dense * (Tissue::Soft.per_mm() - Tissue::Lung.per_mm());
    let side = pen.side();
    pen.add(Form::ellipsoid(center, [radius; 3], 0.0), Place::Lung(side), extra);
}

/// A lobulated lump; some have a cavity, a few a beard of spicules.
pub(super) fn mass(pen: &mut Pen) {
    let side = pen.side();
    let radius = 0.5 * f64::from(pen.plan.size_mm);
    let center = free_spot(pen, radius);
    let extra = 0.8 * (Tissue::Soft.per_mm() - Tissue::Lung.per_mm());
    let squeeze = pen.rng.range(0.84, 1.0);
    let radii = [radius, radius * squeeze, radius * 0.9];
    let angle = pen.rng.range(-0.9, 0.9);
    pen.add(Form::ellipsoid(center, radii, angle), Place::Lung(side), extra);
    for _ in 0..2 {
        let turn = pen.rng.range(0.0, std::f64::consts::TAU);
        let off = 0.42 * radius;
        let lump =
            [center[0] + off * libm::cos(turn), center[1] + off * libm::sin(turn), center[2]];
        pen.add(Form::ellipsoid(lump, [0.62 * radius; 3], 0.0), Place::Lung(side), 0.25 * extra);
    }
    match pen.rng.unit() {
        u if u < 0.28 => {
            let hole = [center[0] + 0.1 * radius, center[1] - 0.12 * radius, center[2]];
            let radii = [0.55 * radius, 0.5 * radius, 0.6 * radius];
            // Neither mass nor lung is left in it.
            let air = -1.2 * extra - 0.8 * Tissue::Lung.per_mm();
            pen.shade(Form::ellipsoid(hole, radii, angle), Place::Lung(side), air);
        }
        u if u < 0.55 => {
            for k in 0..9 {
                let turn = (f64::from(k) + pen.rng.range(-0.3, 0.3)) * 0.698;
                let long = radius * pen.rng.range(1.15, 1.5);
                let tip = [
                    center[0] + long * libm::cos(turn),
                    center[1] + long * libm::sin(turn),
                    center[2],
                ];
                pen.shade(Form::rod(center, tip, 1.2), Place::Lung(side), 2.0 * extra);
            }
        }
        _ => {}
    }
}

/// The place in the zone with most lung around a ball of this radius.
fn free_spot(pen: &mut Pen, radius: f64) -> Vec3 {
    let (side, patient) = (pen.side(), pen.patient);
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let margin = 5.0;
    // The middle of a large one stays in its zone.
    let inset = (margin + 0.5 * radius).min(0.3 * (bottom - top));
    let mut best = ([sign(side) * patient.lung_x, 0.5 * (top + bottom), 0.0], 0);
    for _ in 0..100 {
        let center = [
            sign(side) * (patient.lung_x + pen.rng.range(-20.0, 60.0)),
            pen.rng.range(top + inset, bottom - inset),
            pen.rng.range(-40.0, 40.0),
        ];
        let room = room_around(pen.scene, side, center, radius);
        if room > best.1 {
            best = (center, room);
        }
        if room == ROOM {
            break;
        }
    }
    best.0
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
