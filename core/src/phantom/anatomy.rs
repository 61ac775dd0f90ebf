//! The body without findings: one patient's sizes, and the solids that follow from them.
//!
//! Proportions are those of a standing adult as anatomy books give them; the random ranges are
//! chosen so that the drawn films look like films. They are not measured from patients.

use super::rng::Rng;
use super::solid::{Capsule, Column, Ellipsoid};
use super::stack::{Ribs, Slabs, Vertebrae};
use super::tissue::Tissue;
use super::volume::{Part, Role, Shape};

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
    /// Fat at the side of the trunk.
    fat: f64,
    /// Muscle over the ribs.
    muscle: f64,
    /// Breast size, 0 = none.
    breast: f64,
    /// Tilt of the ribs' planes, radians.
    rib_tilt: f64,
    /// Drop of a rib for each millimetre to the side.
    rib_drop: f64,
    rib_spacing: f64,
    /// Height of a rib.
    rib_height: f64,
    /// Random numbers for the small parts.
    jitter: [f64; 8],
}

/// Bone is drawn as a cortex of this thickness around marrow.
const CORTEX_MM: f64 = 1.6;

impl Patient {
    /// Draws a patient whose heart has the given size; `emphysema` from 0 (none) to 1.
    pub(crate) fn draw(rng: &mut Rng, heart: f64, emphysema: f64) -> Self {
        let width = rng.range(0.9, 1.08);
        let height = rng.range(0.93, 1.07);
        let depth = rng.range(0.92, 1.1);
        // A deeper breath pushes the diaphragm down.
        let breath = rng.range(-14.0, 12.0);
        let right_dome = 80.0 * height + breath + 22.0 * emphysema;
        let obese = rng.unit() * rng.unit();
        let female = rng.chance(0.5);
        Self {
            lung_x: 56.0 * width,
            lung_radii: [79.0 * width, 196.0 * height, 92.0 * depth],
            lung_y: 60.0 * height,
            dome_y: [right_dome, right_dome + rng.range(2.0, 17.0)],
            heart: heart * width,
            fat: 9.0 + 24.0 * obese + if female { 3.0 } else { 0.0 },
            muscle: rng.range(9.0, 17.0),
            breast: if female { rng.range(0.6, 1.25) } else { 0.0 },
            rib_tilt: rng.range(0.38, 0.58),
            rib_drop: rng.range(0.05, 0.2),
            rib_spacing: rng.range(20.5, 23.5) * height,
            rib_height: rng.range(10.5, 12.5),
            jitter: std::array::from_fn(|_| rng.range(-1.0, 1.0)),
        }
    }

    /// y of the top of the lungs.
    pub(crate) fn apex_y(&self) -> f64 {
        self.lung_y - self.lung_radii[1]
    }

    /// y of the deepest point of the costophrenic recess.
    pub(crate) fn recess_y(&self, side: usize) -> f64 {
        self.dome_y[side] + 62.0
    }

    /// The solid that a lung would fill if nothing else were in the chest.
    pub(crate) fn lung(&self, side: usize) -> Ellipsoid {
        Ellipsoid::new([sign(side) * self.lung_x, self.lung_y, 0.0], self.lung_radii)
    }

    /// x of the patient's widest skin.
    pub(crate) fn half_width(&self) -> f64 {
        self.lung_x + self.lung_radii[0] + 10.0
    }

    /// All parts of the body; those of one role may overlap.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::with_capacity(64);
        self.outline(&mut parts);
        self.bones(&mut parts);
        self.airways(&mut parts);
        self.heart_and_vessels(&mut parts);
        self.soft(&mut parts);
        parts
    }

    /// Skin, and the muscle under the fat.
    fn outline(&self, parts: &mut Vec<Part>) {
        let [rx, _, rz] = self.lung_radii;
        // Fat does not move the limbs' axes, so that the muscle's outline stays within the skin's.
        let wide = self.lung_x + rx + 12.0 + self.muscle + self.fat;
        for (role, skin) in [(Role::Skin, 1.0), (Role::Muscle, 0.0)] {
            let fat = self.fat * skin;
            let x = self.lung_x + rx + 12.0 + self.muscle + fat;
            let z = rz + 16.0 + self.muscle + fat * 0.8;
            let column = Column { axis: [0.0, 0.0], radii: [x, z], ends: [30.0, 600.0] };
            parts.push(Part::new(Shape::Column(column), role));
            let chest = Ellipsoid::new([0.0, 30.0, 0.0], [x, 228.0 + fat, z]);
            parts.push(Part::new(Shape::Ellipsoid(chest), role));
            let fat = fat * 0.5;
            let neck = Capsule::new([0.0, -420.0, -15.0], [0.0, -120.0, -15.0], 54.0 + fat);
            parts.push(Part::new(Shape::Capsule(neck), role));
            for side in [-1.0, 1.0] {
                let shoulder = Ellipsoid::turned(
                    [side * 0.69 * wide, -118.0 + self.jitter[0] * 8.0, -15.0],
                    [108.0 + fat, 42.0 + fat, 62.0 + fat],
                    side * 0.36,
                );
                parts.push(Part::new(Shape::Ellipsoid(shoulder), role));
                let (top, bottom) =
                    ([side * (wide + 22.0), -88.0, -10.0], [side * (wide + 74.0), 120.0, -10.0]);
                let arm = Capsule::new(top, bottom, 46.0 + fat);
                parts.push(Part::new(Shape::Capsule(arm), role));
                if self.breast > 0.0 && skin > 0.0 {
                    let b = self.breast;
                    let breast = Ellipsoid::new(
                        [side * 62.0, 66.0 + 10.0 * b, 0.8 * z],
                        [54.0 * b, 58.0 * b, 0.2 * z + 4.0 + 12.0 * b],
                    );
                    parts.push(Part::new(Shape::Ellipsoid(breast), role));
                }
            }
        }
    }

    fn bones(&self, parts: &mut Vec<Part>) {
        for side in [-1.0, 1.0] {
            self.ribs(side, parts);
            self.shoulder_bones(side, parts);
        }
        let height = 23.5 * self.rib_spacing / 22.0;
        let mut stack = |radii: [f64; 2], z: f64, first: f64, thickness: f64, tissue| {
            let column = Column { axis: [0.0, z], radii, ends: [-330.0, 420.0] };
            let slabs = Slabs {
                normal: [0.0, 1.0, 0.0],
                first: -330.0 + self.jitter[1] * 8.0 + first,
                spacing: height,
                height: thickness,
                count: 40,
            };
            parts.push(Part::new(
                Shape::Vertebrae(Vertebrae { column, slabs }),
                Role::Organ(tissue),
            ));
        };
        let z = -self.lung_radii[2] * 0.72;
        let body = height - 4.5;
        stack([15.5 - CORTEX_MM, 14.0], z, CORTEX_MM, body - 2.0 * CORTEX_MM, Tissue::Marrow);
        stack([15.5, 15.5], z, 0.0, body, Tissue::Bone);
        // Transverse and spinous processes.
        stack([29.0, 5.0], z - 20.0, 5.0, 7.0, Tissue::Marrow);
        stack([2.5, 12.0], z - 30.0, 8.0, 13.0, Tissue::Bone);
        let front = self.lung_radii[2] + 2.0;
        let sternum = Ellipsoid::new([0.0, -25.0, front], [17.0, 78.0, 6.0]);
        parts.push(Part::new(Shape::Ellipsoid(sternum), Role::Organ(Tissue::Marrow)));
    }

    fn ribs(&self, side: f64, parts: &mut Vec<Part>) {
        let (s, c) = (libm::sin(self.rib_tilt), libm::cos(self.rib_tilt));
        let center = [side * self.lung_x, self.lung_y, 0.0];
        let grown = |by: f64| Ellipsoid::new(center, self.lung_radii.map(|r| r + by));
        for (tissue, inset) in [(Tissue::Marrow, CORTEX_MM), (Tissue::Bone, 0.0)] {
            let ribs = Ribs {
                outer: grown(10.5 - inset * 0.8),
                inner: grown(3.0 + inset * 0.8),
                slabs: Slabs {
                    normal: [-side * self.rib_drop, c, -s],
                    first: self.apex_y() * c - 6.0 - self.rib_drop * self.lung_x + inset,
                    spacing: self.rib_spacing,
                    height: self.rib_height - 2.0 * inset,
                    count: 12,
                },
                side,
                medial: 14.0 + inset,
                front: self.lung_radii[2] * (0.62 + 0.06 * self.jitter[2]) - inset,
            };
            parts.push(Part::new(Shape::Ribs(ribs), Role::Organ(tissue)));
        }
    }

    /// Clavicle, scapula and upper arm.
    fn shoulder_bones(&self, side: f64, parts: &mut Vec<Part>) {
        let mut bone = |shape, tissue| parts.push(Part::new(shape, Role::Organ(tissue)));
        let wide = self.half_width();
        let lift = self.jitter[3] * 7.0;
        let front = self.lung_radii[2];
        let joints = [
            [side * 16.0, -92.0, front * 0.78],
            [side * 0.52 * wide, -112.0 - lift, front * 0.5],
            [side * 1.05 * wide, -136.0 - lift, -8.0],
        ];
        for (tissue, inset) in [(Tissue::Marrow, CORTEX_MM), (Tissue::Bone, 0.0)] {
            for pair in joints.windows(2) {
                bone(Shape::Capsule(Capsule::new(pair[0], pair[1], 6.0 - inset)), tissue);
            }
            let head = [side * 1.22 * wide, -108.0 - lift, -10.0];
            bone(Shape::Ellipsoid(Ellipsoid::new(head, [22.0 - inset; 3])), tissue);
            let elbow = [side * (1.22 * wide + 52.0), 120.0, -10.0];
            bone(Shape::Capsule(Capsule::new(head, elbow, 11.0 - inset * 2.0)), tissue);
        }
        let blade = Ellipsoid::turned(
            [side * (0.98 * wide + 6.0 * self.jitter[4]), -50.0, -front - 12.0],
            [26.0, 66.0, 3.0],
            side * 0.22,
        );
        bone(Shape::Ellipsoid(blade), Tissue::Marrow);
        let spine = Capsule::new(
            [side * 0.80 * wide, -84.0, -front - 10.0],
            [side * 1.16 * wide, -128.0 - lift, -22.0],
            4.5,
        );
        bone(Shape::Capsule(spine), Tissue::Marrow);
    }

    fn airways(&self, parts: &mut Vec<Part>) {
        let mut air = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Air)));
        let carina = [3.0, -46.0, -14.0];
        air(Shape::Capsule(Capsule::new([0.0, -330.0, -6.0], carina, 8.0)));
        air(Shape::Capsule(Capsule::new(carina, [-34.0, -10.0, -14.0], 6.2)));
        air(Shape::Capsule(Capsule::new(carina, [40.0, -14.0, -12.0], 5.6)));
        let size = 1.0 + 0.35 * self.jitter[5];
        let bubble = Ellipsoid::new(
            [self.lung_x + 8.0, self.dome_y[1] + 12.0 + 19.0 * size, 15.0],
            [27.0 * size, 18.0 * size, 22.0],
        );
        air(Shape::Ellipsoid(bubble));
    }

    fn heart_and_vessels(&self, parts: &mut Vec<Part>) {
        for shape in self.heart_shapes() {
            parts.push(Part::new(Shape::Ellipsoid(shape), Role::Heart));
        }
        let mut blood = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Blood)));
        let knob = 1.0 + 0.2 * self.jitter[6];
        blood(Shape::Ellipsoid(Ellipsoid::new([24.0, -62.0, -14.0], [17.0 * knob, 19.0, 24.0])));
        blood(Shape::Capsule(Capsule::new([22.0, -58.0, -42.0], [12.0, 130.0, -52.0], 12.5)));
        blood(Shape::Ellipsoid(Ellipsoid::turned([29.0, -22.0, 14.0], [17.0, 27.0, 18.0], -0.25)));
        blood(Shape::Capsule(Capsule::new([-20.0, -100.0, 6.0], [-21.0, 15.0, 10.0], 11.0)));
        blood(Shape::Ellipsoid(Ellipsoid::turned([-38.0, -6.0, -6.0], [10.0, 21.0, 13.0], 0.15)));
        blood(Shape::Ellipsoid(Ellipsoid::turned([45.0, -17.0, -6.0], [11.0, 17.0, 13.0], -0.2)));
    }

    /// Left chambers with the apex down and to the left, right atrium, outflow tract.
    pub(crate) fn heart_shapes(&self) -> [Ellipsoid; 3] {
        let f = self.heart;
        // The heart lies on the diaphragm, so a larger one grows up and to the sides.
        let floor = 0.5 * (self.dome_y[0] + self.dome_y[1]) + 15.0;
        let tilt = 0.5 + 0.08 * self.jitter[7];
        let y = floor - 42.0 * f;
        let depth = 36.0 + 4.0 * f;
        [
            Ellipsoid::turned([20.0 + 10.0 * f, y, 28.0], [58.0 * f, 40.0 * f, depth], tilt),
            Ellipsoid::new([-9.0 - 3.0 * f, y - 4.0, 14.0], [27.0 * f, 46.0 * f, 34.0]),
            Ellipsoid::turned(
                [10.0 + 7.0 * f, y - 24.0 * f, 20.0],
                [36.0 * f, 50.0 * f, 30.0],
                -0.42,
            ),
        ]
    }

    /// What the lungs do not fill: the mediastinum and the abdomen under the domes.
    fn soft(&self, parts: &mut Vec<Part>) {
        let mut soft = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Soft)));
        let [rx, _, rz] = self.lung_radii;
        soft(Shape::Ellipsoid(Ellipsoid::new([1.0, -80.0, -6.0], [27.0, 100.0, 58.0])));
        // Tissue along the spine keeps the lungs out of the vertebrae.
        let spine = Column { axis: [0.0, -rz * 0.72], radii: [21.0, 30.0], ends: [-330.0, 420.0] };
        soft(Shape::Column(spine));
        // Drawn out along the beam, so that the film's edge of the dome is sharp.
        for side in 0..2 {
            let center = [sign(side) * (self.lung_x + 3.0), self.dome_y[side] + 92.0, 4.0];
            soft(Shape::Ellipsoid(Ellipsoid::new(center, [rx + 0.5, 92.0, 2.2 * rz])));
        }
    }
}

/// -1 for side 0 (the patient's right, the image's left), +1 for side 1.
pub(crate) fn sign(side: usize) -> f64 {
    if side == 0 { -1.0 } else { 1.0 }
}
