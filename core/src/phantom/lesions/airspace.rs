//! Lungs whose airspaces are filled or collapsed.

use super::{Cut, Form, Pen, Place, filled, spot};
use crate::phantom::ray::along;
use crate::phantom::solid::Ellipsoid;
use crate::phantom::study::Zone;
use crate::phantom::volume::Shape;

/// Dense and of one piece; at times it ends at a fissure, and bronchi stay dark in it.
pub(super) fn consolidation(pen: &mut Pen) {
    let (side, sign, severity) = (pen.side(), pen.sign(), pen.plan.severity);
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let (middle, half) = (0.5 * (top + bottom), 0.5 * (bottom - top));
    let dense = (0.46 + 0.34 * severity) * filled();
    let across = pen.rng.range(0.46, 0.62);
    let center = spot(pen.patient, side, across, middle, pen.rng.range(-0.25, 0.25));
    let wide = pen.rng.range(60.0, 76.0) + 14.0 * severity;
    let lobar = pen.rng.chance(0.55);
    let deep = pen.rng.range(42.0, 60.0);
    if lobar {
        // The fissure shows as a straight edge where the beam runs along it.
        let tilt = sign * pen.rng.range(-0.10, 0.22);
        let (s, c) = (libm::sin(tilt), libm::cos(tilt));
        let mut cuts = Vec::new();
        if pen.plan.zone != Zone::Lower && pen.plan.zone != Zone::MidLower {
            cuts.push(Cut::at([center[0], bottom - 0.12 * half, center[2]], [s, c, 0.0]));
        }
        if matches!(pen.plan.zone, Zone::Mid | Zone::MidLower) {
            cuts.push(Cut::at([center[0], top + 0.12 * half, center[2]], [s, -c, 0.0]));
        }
        // Soft everywhere but at the fissure; the lower half of a lobe is often the denser one.
        let outer = [1.45 * wide, 1.7 * half, 1.5 * deep];
        let form = Form::cloud_within(center, outer, 0.0, &cuts);
        pen.add(form, Place::Lung(side), 1.25 * dense);
        for _ in 0..3 {
            let y = middle + half * pen.rng.range(-0.6, 0.6);
            let near = spot(pen.patient, side, across + pen.rng.range(-0.25, 0.3), y, 0.0);
            let radii = [0.7 * wide, 0.75 * half + 8.0, 0.9 * deep];
            let angle = pen.rng.range(-0.6, 0.6);
            let form = Form::cloud_within(near, radii, angle, &cuts);
            pen.add(form, Place::Lung(side), 0.6 * dense);
        }
    } else {
        // A segment or two, running together.
        let count = 3 + (half / 26.0) as usize;
        for k in 0..count {
            let y = middle + (half - 12.0) * (2.0 * (k as f64 + 0.5) / count as f64 - 1.0);
            let place = spot(pen.patient, side, across + pen.rng.range(-0.22, 0.22), y, 0.0);
            let radii = [
                0.62 * wide * pen.rng.range(0.8, 1.2),
                (0.9 * half / count as f64 + 18.0) * pen.rng.range(0.9, 1.2),
                0.8 * deep,
            ];
            let angle = pen.rng.range(-0.7, 0.7);
            pen.add(Form::cloud(place, radii.map(|r| 1.3 * r), angle), Place::Lung(side), dense);
            pen.shade(
                Form::ellipsoid(place, radii.map(|r| 0.72 * r), angle),
                Place::Lung(side),
                0.5 * dense,
            );
        }
    }
    // Air bronchograms: from the hilum into the shadow.
    let hilum = pen.hilum(side);
    for _ in 0..3 {
        let target = spot(
            pen.patient,
            side,
            across + pen.rng.range(-0.25, 0.3),
            middle + half * pen.rng.range(-0.6, 0.6),
            0.0,
        );
        let way = [0, 1, 2].map(|k| target[k] - hilum[k]);
        let (from, to) = (along(hilum, 0.45, way), along(hilum, pen.rng.range(0.85, 1.05), way));
        let radius = pen.rng.range(1.8, 2.6);
        pen.shade(Form::rod(from, to, radius), Place::Lung(side), -1.5 * dense);
    }
}

/// Patches of different density that do not quite run together.
pub(super) fn pneumonia(pen: &mut Pen) {
    let (side, severity) = (pen.side(), pen.plan.severity);
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let (middle, half) = (0.5 * (top + bottom), 0.5 * (bottom - top));
    let count = 4 + (half / 13.0) as usize;
    for k in 0..count {
        let y = middle + (half - 8.0) * (2.0 * (k as f64 + 0.5) / count as f64 - 1.0);
        let center =
            spot(pen.patient, side, pen.rng.range(0.14, 0.86), y, pen.rng.range(-0.4, 0.4));
        let r = pen.rng.range(33.0, 49.0);
        let radii = [r * pen.rng.range(0.9, 1.3), r, r * pen.rng.range(0.9, 1.4)];
        let angle = pen.rng.range(-0.8, 0.8);
        let dense = (0.50 + 0.45 * severity) * pen.rng.range(0.7, 1.2) * filled();
        pen.add(Form::cloud(center, radii, angle), Place::Lung(side), dense);
        // Small denser spots make it patchy.
        for _ in 0..2 {
            let spot = [0, 1, 2].map(|i| center[i] + 0.5 * radii[i] * pen.rng.range(-1.0, 1.0));
            let small = pen.rng.range(7.0, 13.0);
            pen.shade(Form::cloud(spot, [small; 3], 0.0), Place::Lung(side), 1.5 * dense);
        }
    }
}

/// Faint, without a border, with streaks away from the hilum.
pub(super) fn infiltration(pen: &mut Pen) {
    let (side, severity) = (pen.side(), pen.plan.severity);
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let (middle, half) = (0.5 * (top + bottom), 0.5 * (bottom - top));
    let dense = (0.29 + 0.20 * severity) * filled();
    let count = 2 + (half / 34.0) as usize;
    for k in 0..count {
        let y = middle + (half - 14.0) * (2.0 * (k as f64 + 0.5) / count as f64 - 1.0);
        let center =
            spot(pen.patient, side, pen.rng.range(0.34, 0.62), y, pen.rng.range(-0.3, 0.3));
        let radii = [pen.rng.range(62.0, 78.0), pen.rng.range(44.0, 58.0), 58.0];
        let angle = pen.rng.range(-0.5, 0.5);
        pen.add(Form::cloud(center, radii, angle), Place::Lung(side), dense);
    }
    let hilum = pen.hilum(side);
    let streaks = 7 + (half / 8.0) as usize;
    for _ in 0..streaks {
        let y = middle + (half - 6.0) * pen.rng.range(-1.0, 1.0);
        let from = spot(pen.patient, side, pen.rng.range(0.1, 0.6), y, pen.rng.range(-0.5, 0.5));
        let way = [from[0] - hilum[0], from[1] - hilum[1], 0.0];
        let far = (way[0] * way[0] + way[1] * way[1]).sqrt().max(1.0);
        let long = pen.rng.range(14.0, 30.0);
        let bend = pen.rng.range(-0.4, 0.4);
        let to = [
            from[0] + long * (way[0] - bend * way[1]) / far,
            from[1] + long * (way[1] + bend * way[0]) / far,
            from[2],
        ];
        let radius = pen.rng.range(1.1, 1.8);
        pen.shade(Form::rod(from, to, radius), Place::Lung(side), 2.2 * filled());
    }
}

/// A plate, or a lobe that became a wedge at the hilum.
pub(super) fn atelectasis(pen: &mut Pen) {
    let (side, sign, severity) = (pen.side(), pen.sign(), pen.plan.severity);
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let half = 0.5 * (bottom - top);
    if severity < 0.6 || pen.plan.zone == Zone::Mid {
        let count = if pen.rng.chance(0.4) { 2 } else { 1 };
        for k in 0..count {
            let share = if count == 1 { 0.5 } else { 0.3 + 0.4 * f64::from(k) };
            let y = top + 2.0 * half * (share + pen.rng.range(-0.1, 0.1));
            let center = spot(pen.patient, side, pen.rng.range(0.4, 0.6), y, 0.0);
            let radii =
                [pen.rng.range(26.0, 44.0), 2.4 + 2.6 * severity, pen.rng.range(24.0, 36.0)];
            let angle = pen.rng.range(-0.28, 0.28);
            let dense = (0.75 + 0.25 * severity) * filled();
            pen.add(Form::ellipsoid(center, radii, angle), Place::Lung(side), dense);
        }
        return;
    }
    // The fissure is drawn towards the hilum: a straight edge from there to the wall.
    let hilum = pen.hilum(side);
    let dense = (0.55 + 0.3 * severity) * filled();
    let upper = pen.plan.zone == Zone::Upper;
    let steep = pen.rng.range(0.5, 0.75);
    let reach = [sign * pen.rng.range(58.0, 78.0), 0.0, 0.0];
    let (edge, center, radii) = if upper {
        // Medial of and above the line from the hilum up to the wall.
        let normal = [sign * libm::sin(steep), libm::cos(steep), 0.0];
        let center = [sign * 30.0, top + 0.6 * half, -4.0];
        (Cut::at([hilum[0] + sign * 6.0, hilum[1] - 6.0, 0.0], normal), center, [70.0, 90.0, 46.0])
    } else {
        // Medial of the line from the hilum down to the diaphragm.
        let normal = [sign * libm::cos(0.6 * steep), -libm::sin(0.6 * steep), 0.0];
        let center = [sign * 34.0, bottom - 0.3 * half, -34.0];
        let point = [hilum[0] + sign * 4.0, hilum[1] + 14.0, 0.0];
        (Cut::at(point, normal), center, [reach[0].abs(), 86.0, 34.0])
    };
    let hull = Shape::Ellipsoid(Ellipsoid::new(center, radii));
    pen.add(Form::carved(hull, &[edge], None), Place::Lung(side), dense);
}
