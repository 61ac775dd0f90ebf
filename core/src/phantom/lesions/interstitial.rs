//! The lung between its airspaces: fluid, scars, and too little of it.

use super::{Form, Pen, Place, filled, spot};
use crate::phantom::anatomy::sign;
use crate::phantom::solid::Ellipsoid;
use crate::phantom::study::Zone;
use crate::phantom::tissue::Tissue;
use crate::phantom::volume::Shape;

/// Haze around both hila that spares the edges, and short level lines at the lower edges
/// (Kerley's B lines: septa with fluid).
pub(super) fn edema(pen: &mut Pen) {
    let severity = pen.plan.severity;
    for side in 0..2 {
        let hilum = pen.hilum(side);
        let dense = (0.46 + 0.40 * severity) * pen.rng.range(0.9, 1.1) * filled();
        for k in 0..4 {
            let y = hilum[1] + 46.0 * (f64::from(k) - 1.3) * 0.8 + pen.rng.range(-8.0, 8.0);
            let center =
                spot(pen.patient, side, pen.rng.range(0.18, 0.36), y, pen.rng.range(-0.3, 0.3));
            let radii =
                [pen.rng.range(44.0, 58.0) + 8.0 * severity, pen.rng.range(42.0, 54.0), 58.0];
            let angle = sign(side) * pen.rng.range(-0.3, 0.5);
            pen.add(Form::cloud(center, radii, angle), Place::Lung(side), dense);
        }
        // Thick upper vessels and cuffs.
        for _ in 0..6 {
            let y = hilum[1] + pen.rng.range(-70.0, 40.0);
            let to = spot(pen.patient, side, pen.rng.range(0.35, 0.6), y, pen.rng.range(-0.3, 0.3));
            let radius = pen.rng.range(1.6, 2.6);
            pen.shade(Form::rod(hilum, to, radius), Place::Lung(side), filled());
        }
        let dome = pen.patient.dome_y[side];
        for k in 0..7 {
            let y = dome - 4.0 - 9.0 * f64::from(k) + pen.rng.range(-2.0, 2.0);
            let wall = spot(pen.patient, side, 0.985, y, 0.0);
            let long = pen.rng.range(12.0, 20.0);
            let inner = [wall[0] - sign(side) * long, y + pen.rng.range(-1.5, 1.5), wall[2]];
            pen.shade(Form::rod(wall, inner, 1.1), Place::Lung(side), 3.2 * filled());
        }
    }
}

/// A net of lines with small rings in it, under a thin haze.
pub(super) fn fibrosis(pen: &mut Pen) {
    let (side, severity) = (pen.side(), pen.plan.severity);
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let half = 0.5 * (bottom - top);
    let dense = (0.20 + 0.18 * severity) * filled();
    let count = 2 + (half / 36.0) as usize;
    for k in 0..count {
        let y = top + 2.0 * half * (k as f64 + 0.5) / count as f64;
        let center = spot(pen.patient, side, pen.rng.range(0.58, 0.72), y, 0.0);
        let radii = [pen.rng.range(46.0, 58.0), 1.25 * half / count as f64 + 20.0, 60.0];
        pen.add(Form::cloud(center, radii, 0.0), Place::Lung(side), dense);
    }
    let knots = (half * (1.3 + 0.6 * severity)) as usize;
    let line = 5.0 * filled();
    for _ in 0..knots {
        let y = top + 4.0 + (2.0 * half - 8.0) * pen.rng.unit();
        // Denser towards the edge.
        let out = pen.rng.unit();
        let at =
            spot(pen.patient, side, 0.32 + 0.64 * (1.0 - out * out), y, pen.rng.range(-0.6, 0.6));
        if pen.rng.chance(0.35) {
            let r = pen.rng.range(3.4, 5.4);
            let hull = Shape::Ellipsoid(Ellipsoid::new(at, [r; 3]));
            let hollow = Ellipsoid::new(at, [r - 1.5; 3]);
            pen.shade(Form::carved(hull, &[], Some(hollow)), Place::Lung(side), 3.4 * filled());
            continue;
        }
        let turn = pen.rng.range(0.0, std::f64::consts::PI);
        let long = pen.rng.range(6.0, 15.0);
        let to = [at[0] + long * libm::cos(turn), at[1] + long * libm::sin(turn), at[2]];
        let radius = pen.rng.range(1.0, 1.5);
        pen.shade(Form::rod(at, to, radius), Place::Lung(side), line);
    }
}

/// Lung that is lost: dark upper parts of both lungs, with bullae that have hair-thin walls.
pub(super) fn emphysema(pen: &mut Pen) {
    let severity = pen.plan.severity;
    let lost = -(0.55 + 0.20 * severity) * Tissue::Lung.per_mm();
    for side in 0..2 {
        let [top, bottom] = pen.heights(side, Zone::UpperMid);
        let (middle, half) = (0.5 * (top + bottom), 0.5 * (bottom - top));
        let center = spot(pen.patient, side, 0.55, middle - 4.0, 0.0);
        let [rx, _, rz] = pen.patient.lung_radii;
        // Fades below, so that no edge is drawn where there is none.
        let radii = [1.7 * rx, 1.75 * half, 1.8 * rz];
        pen.add(Form::cloud(center, radii, 0.0), Place::Lung(side), lost);
        let bullae = 3 + pen.rng.below(4);
        for _ in 0..bullae {
            let y = top + pen.rng.range(4.0, 1.5 * half);
            let r = pen.rng.range(10.0, 20.0) + 8.0 * severity;
            let at = spot(pen.patient, side, pen.rng.range(0.35, 0.8), y, pen.rng.range(-0.5, 0.5));
            let radii = [r, r * pen.rng.range(0.8, 1.1), r];
            let hull = Shape::Ellipsoid(Ellipsoid::new(at, radii));
            let inside = radii.map(|v| v - 1.3);
            let hollow = Ellipsoid::new(at, inside);
            pen.shade(Form::carved(hull, &[], Some(hollow)), Place::Lung(side), 1.3 * filled());
            let air = -0.3 * Tissue::Lung.per_mm();
            pen.shade(Form::ellipsoid(at, inside, 0.0), Place::Lung(side), air);
        }
    }
}
