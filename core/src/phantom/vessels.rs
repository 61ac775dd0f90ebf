//! Vessels of the lungs: trees of thinning rods that leave the hila.

use super::anatomy::Patient;
use super::ray::{Vec3, along, unit};
use super::rng::Rng;
use super::scene::{Additive, Scene};
use super::solid::Capsule;
use super::tissue::Tissue;
use super::volume::Shape;

/// A branch's radius over its parent's: 2^(-1/3), Murray's law for two equal branches.
const THINNING: f64 = 0.794;
/// Branches thinner than this are not drawn; a film does not show them.
const THINNEST_MM: f64 = 0.85;

/// Adds the vessels of both lungs to the scene.
pub(crate) fn grow(rng: &mut Rng, patient: &Patient, scene: &mut Scene) {
    for side in 0..2 {
        let sign = scene.lungs[side].sign;
        let hilum = if side == 0 { [-36.0, -6.0, -6.0] } else { [43.0, -17.0, -6.0] };
        let trunks = 9;
        for k in 0..trunks {
            // From steeply up to steeply down, the wider ones below, as gravity has it.
            let turn = (f64::from(k) + 0.5) / f64::from(trunks) + rng.range(-0.04, 0.04);
            let angle = -1.35 + 2.75 * turn;
            let direction =
                unit([sign * libm::cos(angle), libm::sin(angle), rng.range(-0.55, 0.55)]);
            let length = rng.range(20.0, 30.0) * patient.lung_radii[1] / 196.0;
            let radius = rng.range(3.0, 3.9) + 1.2 * turn;
            branch(rng, scene, side, hilum, direction, length, radius);
        }
    }
}

fn branch(
    rng: &mut Rng,
    scene: &mut Scene,
    side: usize,
    from: Vec3,
    direction: Vec3,
    length: f64,
    radius: f64,
) {
    if radius < THINNEST_MM || !scene.lungs[side].whole.contains(from) {
        return;
    }
    let to = along(from, length, direction);
    scene.additives.push(Additive {
        shape: Shape::Capsule(Capsule::new(from, to, radius)),
        side,
        extra: Tissue::Blood.per_mm() - Tissue::Lung.per_mm(),
    });
    // One branch carries on, the other turns away.
    let bend = if rng.chance(0.5) { 1.0 } else { -1.0 };
    for turn in [bend * rng.range(0.05, 0.35), -bend * rng.range(0.45, 0.95)] {
        let (s, c) = (libm::sin(turn), libm::cos(turn));
        let child = unit([
            direction[0] * c - direction[1] * s,
            direction[0] * s + direction[1] * c,
            direction[2] + rng.range(-0.35, 0.35),
        ]);
        let stretch = rng.range(0.72, 1.0);
        let thin = THINNING * rng.range(0.86, 1.0);
        branch(rng, scene, side, to, child, length * stretch, radius * thin);
    }
}
