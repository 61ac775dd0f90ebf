//! Things that do not belong in or on a chest.

use super::devices::HALO_MM;
use super::{Cut, Form, Pen, Place, spot};
use crate::phantom::ray::Vec3;
use crate::phantom::solid::Ellipsoid;
use crate::phantom::volume::Shape;

/// A coin, a button, surgical clips, fragments, or a pin, in front of or in the chest.
pub(super) fn foreign_object(pen: &mut Pen) {
    let side = pen.side();
    let [top, bottom] = pen.heights(side, pen.plan.zone);
    let y = top + (bottom - top) * pen.rng.range(0.25, 0.75);
    let mut at = spot(pen.patient, side, pen.rng.range(0.25, 0.75), y, 0.0);
    at[2] = pen.patient.lung_radii[2] * pen.rng.range(0.6, 1.0);
    match pen.rng.below(5) {
        0 => {
            let r = pen.rng.range(9.0, 13.5);
            pen.add(disc(at, r, None), Place::Over, 0.9);
        }
        1 => button(pen, at),
        2 => clips(pen, at),
        3 => fragments(pen, at),
        _ => pin(pen, at),
    }
}

/// A flat cylinder seen from its face, as an ellipsoid between two planes.
fn disc(at: Vec3, r: f64, hole: Option<f64>) -> Form {
    let hull = Shape::Ellipsoid(Ellipsoid::new(at, [r, r, 6.0]));
    let cuts = [
        Cut::at([at[0], at[1], at[2] + 1.2], [0.0, 0.0, 1.0]),
        Cut::at([at[0], at[1], at[2] - 1.2], [0.0, 0.0, -1.0]),
    ];
    let hollow = hole.map(|hole| Ellipsoid::new(at, [hole, hole, 40.0]));
    Form::carved(hull, &cuts, hollow)
}

/// A ring with a plate in it.
fn button(pen: &mut Pen, at: Vec3) {
    let r = pen.rng.range(6.5, 9.0);
    pen.add(disc(at, r, None), Place::Over, 0.14);
    pen.shade(disc(at, r, Some(r - 2.6)), Place::Over, 0.30);
    for off in [-1.0, 1.0] {
        let hole = Form::ellipsoid([at[0] + 2.4 * off, at[1], at[2]], [1.3, 1.3, 1.2], 0.0);
        pen.shade(hole, Place::Over, -0.14);
    }
}

/// A row of short wires.
fn clips(pen: &mut Pen, at: Vec3) {
    let count = 3 + pen.rng.below(3);
    for k in 0..count {
        let spread = 9.0 * (k as f64 - 0.5 * count as f64);
        let from =
            [at[0] + pen.rng.range(-7.0, 7.0), at[1] + spread + pen.rng.range(-2.0, 2.0), at[2]];
        let turn = pen.rng.range(-0.9, 0.9);
        let long = pen.rng.range(5.0, 8.0);
        let to = [from[0] + long * libm::cos(turn), from[1] + long * libm::sin(turn), from[2]];
        pen.add(Form::wire(from, to, 1.3, HALO_MM), Place::Over, 0.7);
    }
}

/// Metal in splinters.
fn fragments(pen: &mut Pen, at: Vec3) {
    for k in 0..4 + pen.rng.below(3) {
        let r = if k == 0 { pen.rng.range(3.5, 5.5) } else { pen.rng.range(1.6, 2.6) };
        let reach = if k == 0 { 0.0 } else { 18.0 };
        let center = [
            at[0] + reach * pen.rng.range(-1.0, 1.0),
            at[1] + reach * pen.rng.range(-1.0, 1.0),
            at[2] + reach * pen.rng.range(-1.0, 1.0),
        ];
        let stretch = pen.rng.range(1.0, 1.6);
        let angle = pen.rng.range(-1.5, 1.5);
        pen.shade(Form::ellipsoid(center, [r * stretch, r, r], angle), Place::Over, 0.6);
        let halo = (r * stretch + 0.6).max(HALO_MM);
        pen.add(
            Form::ellipsoid(center, [halo, (r + 0.6).max(HALO_MM), halo], angle),
            Place::Over,
            0.0,
        );
    }
}

/// A long thin pin or needle with a head.
fn pin(pen: &mut Pen, at: Vec3) {
    let turn = pen.rng.range(-1.2, 1.2);
    let long = pen.rng.range(24.0, 40.0);
    let half = [0.5 * long * libm::cos(turn), 0.5 * long * libm::sin(turn)];
    let (from, to) =
        ([at[0] - half[0], at[1] - half[1], at[2]], [at[0] + half[0], at[1] + half[1], at[2]]);
    pen.add(Form::wire(from, to, 1.3, HALO_MM), Place::Over, 0.6);
    pen.add(Form::wire(from, from, 3.0, HALO_MM + 1.0), Place::Over, 0.5);
}
