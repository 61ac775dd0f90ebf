//! The body without findings: one patient's sizes, and the places that follow from them.
//!
//! Proportions are those of an adult as anatomy books give them; the random ranges are chosen so
//! that the drawn films look like films. They are not measured from patients.

use super::config::View;
use super::rng::Rng;
use super::solid::Ellipsoid;
use super::technique::Technique;
use super::tissue::Tissue;
use super::volume::Part;

/// The sizes of one patient, millimetres.
#[derive(Debug, Clone)]
pub(crate) struct Patient {
    /// x of the middle of each lung's ellipsoid, as a distance from the midline.
    pub(crate) lung_x: f64,
    /// Radii of the lungs' ellipsoids.
    pub(crate) lung_radii: [f64; 3],
    /// y of their widest level.
    pub(crate) lung_y: f64,
    /// y of the top of the right and left diaphragm.
    pub(crate) dome_y: [f64; 2],
    /// Size of the heart, 1 = usual.
    pub(crate) heart: f64,
    /// Attenuation per millimetre that the lung has above the usual: a shallow breath or a deep one.
    pub(crate) lung_extra: f64,
    /// From 0 to 1: arteries harden, the aorta lengthens.
    pub(super) age: f64,
    /// How far the costophrenic recess lies below the dome.
    pub(super) recess: f64,
    /// Fat at the side of the trunk.
    pub(super) fat: f64,
    /// Muscle over the ribs.
    pub(super) muscle: f64,
    /// Breast size, 0 = none.
    pub(super) breast: f64,
    /// How far the breasts hang.
    pub(super) sag: f64,
    /// Tilt of the ribs' planes, radians.
    pub(super) rib_tilt: f64,
    /// Drop of a rib for each millimetre to the side.
    pub(super) rib_drop: f64,
    /// From one rib to the next.
    pub(super) rib_spacing: f64,
    /// Height of a rib.
    pub(super) rib_height: f64,
    /// How much steeper the lower ribs run.
    pub(super) rib_fan: f64,
    /// How far a rib lies from its even place, for eight ribs.
    pub(super) wobble: [f64; 8],
    /// How high the shoulders are held.
    pub(super) lift: f64,
    /// How far the shoulder blades are turned out of the lungs: 0 over them, 1 beside.
    pub(super) blades_out: f64,
    /// How far the arms stand off, 0 to 1.
    pub(super) arms_out: f64,
    /// Arms above the head, for a lateral film.
    pub(super) arms_up: bool,
    /// Size of the stomach's bubble, 0 = none.
    pub(super) bubble: f64,
    /// Loops of bowel that hold gas.
    pub(super) bowel: usize,
    /// Random numbers for the small parts.
    pub(super) jitter: [f64; 16],
}

impl Patient {
    /// Draws a patient whose heart has the given size. `emphysema` runs from 0 (none) to 1: deep
    /// flat diaphragms, a barrel chest, dark lungs and a narrow heart.
    pub(crate) fn draw(rng: &mut Rng, heart: f64, emphysema: f64, technique: &Technique) -> Self {
        let female = rng.chance(0.48);
        let frame = if female { 0.95 } else { 1.03 };
        let width = frame * rng.range(0.9, 1.09);
        let height = frame * rng.range(0.92, 1.08);
        let depth = rng.range(0.90, 1.08) + 0.1 * emphysema;
        let age = rng.unit();
        let obese = rng.unit() * rng.unit();
        let e = emphysema.clamp(0.0, 1.0);
        // A deeper breath pushes the diaphragm down; a lying or heavy patient has no room for it.
        let shallow = if technique.ap {
            rng.range(0.0, 34.0) + 18.0 * technique.supine
        } else {
            rng.range(-12.0, 14.0)
        };
        let breath = (1.0 - 0.7 * e) * (shallow + 16.0 * obese) - 20.0 * e;
        let right = 82.0 * height - breath;
        let left = right + rng.range(3.0, 19.0);
        Self {
            lung_x: 48.0 * width,
            lung_radii: [87.0 * width, 188.0 * height, 92.0 * depth],
            lung_y: 56.0 * height,
            dome_y: [right, left],
            // A bedside film enlarges the heart; what is usual stays below half of the chest.
            heart: if technique.ap { 0.97 } else { 1.01 }
                * (1.0 + 1.2 * (heart - 1.0))
                * width
                * (1.0 - 0.12 * e),
            lung_extra: (0.00004 * breath).clamp(-0.0006, 0.0016) - 0.0012 * e,
            age,
            recess: rng.range(40.0, 56.0) - 0.35 * breath.max(0.0) - 12.0 * e,
            fat: 8.0 + 46.0 * obese + if female { 4.0 } else { 0.0 },
            muscle: rng.range(11.0, 19.0) * if female { 0.85 } else { 1.15 },
            breast: if female {
                rng.range(0.55, 1.2) + 0.4 * obese
            } else {
                (obese - 0.45).max(0.0)
            },
            sag: rng.range(0.1, 0.6) + 0.5 * age,
            rib_tilt: rng.range(0.34, 0.62) - 0.12 * e,
            rib_drop: rng.range(0.08, 0.32) - 0.1 * e,
            rib_spacing: rng.range(20.5, 24.5) * height,
            rib_height: rng.range(11.2, 14.5),
            rib_fan: rng.range(0.0, 0.0016),
            wobble: std::array::from_fn(|_| rng.range(-2.2, 2.2)),
            lift: rng.range(-10.0, 10.0) + if technique.ap { 12.0 } else { -2.0 },
            blades_out: if technique.ap { rng.range(0.0, 0.4) } else { rng.range(0.45, 1.0) },
            arms_out: if technique.ap { rng.range(0.0, 0.6) } else { rng.range(0.2, 1.0) },
            arms_up: technique.view == View::Lateral,
            bubble: if rng.chance(0.72) { rng.range(0.35, 1.4) } else { 0.0 },
            bowel: if rng.chance(0.34) { 2 + rng.below(5) } else { 0 },
            jitter: std::array::from_fn(|_| rng.range(-1.0, 1.0)),
        }
    }

    /// y of the top of the lungs.
    pub(crate) fn apex_y(&self) -> f64 {
        self.lung_y - self.lung_radii[1]
    }

    /// y of the deepest point of the costophrenic recess.
    pub(crate) fn recess_y(&self, side: usize) -> f64 {
        self.dome_y[side] + self.recess
    }

    /// The solid that a lung would fill if nothing else were in the chest.
    pub(crate) fn lung(&self, side: usize) -> Ellipsoid {
        Ellipsoid::new([sign(side) * self.lung_x, self.lung_y, 0.0], self.lung_radii)
    }

    /// x of the outside of the ribs at their widest.
    pub(crate) fn half_width(&self) -> f64 {
        self.lung_x + self.lung_radii[0] + 10.0
    }

    /// All parts of the body; those of one role may overlap, and earlier organs win.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::with_capacity(112);
        self.outline(&mut parts);
        self.bones(&mut parts);
        self.airways(&mut parts);
        self.heart_and_vessels(&mut parts);
        self.soft(&mut parts);
        parts
    }

    /// Left chambers with the apex down and to the left, right atrium, outflow tract.
    pub(crate) fn heart_shapes(&self) -> [Ellipsoid; 3] {
        let f = self.heart;
        // The heart lies on the diaphragm, so a larger one grows up and to the sides, and one that
        // a high diaphragm pushes up lies flatter.
        let floor = 0.5 * (self.dome_y[0] + self.dome_y[1]) + 13.0;
        let lying = ((74.0 - floor) / 60.0).clamp(-0.3, 0.6);
        let tilt = 0.56 + 0.09 * self.jitter[7] - 0.16 * lying;
        let y = floor - 41.0 * f;
        let depth = 36.0 + 4.0 * f;
        [
            Ellipsoid::turned([20.0 + 10.0 * f, y, 28.0], [58.0 * f, 40.0 * f, depth], tilt),
            Ellipsoid::new(
                [-8.0 - (3.0 + 2.0 * self.jitter[8]) * f, y - 4.0, 14.0],
                [27.0 * f, 46.0 * f, 34.0],
            ),
            Ellipsoid::turned(
                [10.0 + 7.0 * f, y - 24.0 * f, 20.0],
                [(35.0 + 3.0 * self.jitter[9]) * f, 50.0 * f, 30.0],
                -0.42,
            ),
        ]
    }

    /// The tissue of calcium deposits in this patient's soft parts.
    pub(super) fn chalk(&self) -> Option<Tissue> {
        (self.age > 0.68).then_some(Tissue::Marrow)
    }
}

/// -1 for side 0 (the patient's right, the image's left), +1 for side 1.
pub(crate) fn sign(side: usize) -> f64 {
    if side == 0 { -1.0 } else { 1.0 }
}
