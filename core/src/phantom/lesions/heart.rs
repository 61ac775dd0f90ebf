//! Behind the heart.

use super::{Cut, Form, Pen, Place};
use crate::phantom::solid::Ellipsoid;
use crate::phantom::tissue::Tissue;
use crate::phantom::volume::Shape;

/// Stomach above the diaphragm: a round shadow behind the heart, mostly with air over a level.
pub(super) fn hernia(pen: &mut Pen) {
    let patient = pen.patient;
    let severity = pen.plan.severity;
    let r = 32.0 + 20.0 * severity;
    let floor = 0.5 * (patient.dome_y[0] + patient.dome_y[1]);
    let center = [pen.rng.range(-4.0, 22.0), floor - 0.55 * r + 10.0, -22.0];
    let radii = [r * pen.rng.range(1.05, 1.3), r * pen.rng.range(0.85, 1.0), 26.0];
    let against_lung = Tissue::Soft.per_mm() - Tissue::Lung.per_mm();
    if pen.rng.chance(0.85) {
        // The wall, then the gas above the fluid.
        let inner = Ellipsoid::new(center, radii.map(|v| v - 3.0));
        let level = Cut::at([0.0, center[1] + r * pen.rng.range(-0.25, 0.2), 0.0], [0.0, 1.0, 0.0]);
        let gas = Form::carved(Shape::Ellipsoid(inner), &[level], None);
        // As an amount: the gas must not weigh the wall up.
        pen.add(gas, Place::Instead(Tissue::Air), Tissue::Soft.per_mm());
    }
    let wall = Form::ellipsoid(center, radii, 0.0);
    pen.add(wall, Place::Instead(Tissue::Soft), against_lung);
}
