//! Broken bones. Where a bone runs is found by asking the scene, so this knows no anatomy.

use super::{Form, Pen, Place, spot};
use crate::phantom::ray::{Vec3, along, dot, sub, unit};
use crate::phantom::scene::Scene;
use crate::phantom::study::Zone;
use crate::phantom::tissue::Tissue;
use crate::phantom::volume::Role;

/// Radius of the ball whose shadow is the mask.
const MARK_MM: f64 = 13.0;

/// A step, a gap or a callus in a rib or in the clavicle.
pub(super) fn fracture(pen: &mut Pen) {
    let clavicle = pen.plan.zone == Zone::Upper && pen.rng.chance(0.75);
    let Some((at, axis)) = find(pen, clavicle) else {
        return;
    };
    // Down on the film and across the bone.
    let down = [0.0, 1.0, 0.0];
    let across = unit(along(down, -dot(down, axis), axis));
    let thick = if clavicle { 5.6 } else { 5.0 };
    // How much is changed, whether bone went or came; half, because the one dims the other.
    let contrast = 0.5 * (Tissue::Bone.per_mm() - Tissue::Muscle.per_mm());
    match pen.rng.unit() {
        u if u < 0.6 => {
            // One end has slipped; its far end is where it was.
            let long = pen.rng.range(20.0, 30.0);
            let step = pen.rng.range(8.0, 12.0) * if pen.rng.chance(0.75) { 1.0 } else { -1.0 };
            let near = along(along(at, 2.5, axis), step, across);
            let far = along(at, long, axis);
            // Seen from its end and over its neighbour, so without a pale middle.
            pen.add(Form::rod(near, far, thick), Place::Instead(Tissue::Bone), contrast);
            let gone = Form::rod(along(at, 4.0, axis), along(at, long - 5.0, axis), thick + 2.4);
            pen.shade(gone, Place::Instead(Tissue::Muscle), contrast);
        }
        u if u < 0.68 => {
            let (a, b) = (along(at, -thick - 3.0, across), along(at, thick + 3.0, across));
            pen.shade(Form::rod(a, b, 2.4), Place::Instead(Tissue::Muscle), contrast);
        }
        _ => {
            // Healed: a knot of bone around the break.
            let lump = Form::rod(along(at, -6.0, axis), along(at, 6.0, axis), 7.5);
            pen.shade(lump, Place::Instead(Tissue::Bone), contrast);
        }
    }
    pen.add(Form::ellipsoid(at, [MARK_MM; 3], 0.0), Place::Over, 0.0);
}

fn is_bone(scene: &Scene, p: Vec3) -> bool {
    scene.parts.iter().any(|part| {
        matches!(part.role, Role::Organ(Tissue::Bone | Tissue::Marrow)) && part.shape.contains(p)
    })
}

/// A point in the middle of a bone of the zone and the bone's direction there.
fn find(pen: &mut Pen, clavicle: bool) -> Option<(Vec3, Vec3)> {
    let (side, sign) = (pen.side(), pen.sign());
    let wide = pen.patient.half_width();
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let apex = pen.patient.apex_y();
    let rz = pen.patient.lung_radii[2];
    for _ in 0..400 {
        let start = if clavicle {
            [
                sign * wide * pen.rng.range(0.36, 0.62),
                apex + pen.rng.range(0.0, 50.0),
                rz * pen.rng.range(0.4, 0.66),
            ]
        } else {
            let y = pen.rng.range(top + 10.0, bottom - 4.0);
            // In the shell outside the lung and behind it: there the film shows ribs best.
            let on = spot(pen.patient, side, pen.rng.range(0.5, 0.97), y, -1.0);
            let offset = [on[0] - sign * pen.patient.lung_x, on[1] - pen.patient.lung_y, on[2]];
            let radii = pen.patient.lung_radii;
            let out = unit([0, 1, 2].map(|k| offset[k] / (radii[k] * radii[k])));
            // The shell is thin; its depth is not known here.
            along(on, pen.rng.range(2.0, 11.0), out)
        };
        if !is_bone(pen.scene, start) {
            continue;
        }
        if let Some(found) = settle(pen.scene, start)
            && found.1[2].abs() < 0.7
            && (!clavicle || found.1[0].abs() > 0.8)
        {
            return Some(found);
        }
    }
    None
}

/// Middle and main direction of the bone in a ball around a point; none where it is no rod.
fn settle(scene: &Scene, start: Vec3) -> Option<(Vec3, Vec3)> {
    let mut points = Vec::new();
    for i in -5..=5 {
        for j in -5..=5 {
            for k in -5..=5 {
                let step = [i, j, k].map(|v| 2.4 * f64::from(v));
                let p = along(start, 1.0, step);
                if dot(step, step) <= 150.0 && is_bone(scene, p) {
                    points.push(p);
                }
            }
        }
    }
    let count = points.len() as f64;
    if count < 20.0 {
        return None;
    }
    let mut middle = [0.0; 3];
    for p in &points {
        middle = along(middle, 1.0 / count, *p);
    }
    // Power iteration on the covariance.
    let mut axis = unit([1.0, 0.3, 0.2]);
    for _ in 0..12 {
        let mut next = [0.0; 3];
        for p in &points {
            let d = sub(*p, middle);
            next = along(next, dot(d, axis), d);
        }
        axis = unit(next);
    }
    let (mut length, mut width) = (0.0, 0.0);
    for p in &points {
        let d = sub(*p, middle);
        let t = dot(d, axis);
        length += t * t;
        width += dot(d, d) - t * t;
    }
    (length > 1.4 * width).then_some((middle, axis))
}
