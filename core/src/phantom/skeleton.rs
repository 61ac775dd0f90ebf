//! Bones: ribs, spine, breastbone, and the shoulder girdle.

use super::anatomy::{Patient, sign};
use super::solid::{Capsule, Column, Ellipsoid};
use super::stack::{Ribs, Slabs, Vertebrae};
use super::tissue::Tissue;
use super::volume::{Part, Role, Shape};

/// Bone is drawn as a cortex of this thickness around marrow.
const CORTEX_MM: f64 = 1.5;

impl Patient {
    pub(super) fn bones(&self, parts: &mut Vec<Part>) {
        for side in 0..2 {
            self.shoulder_bones(sign(side), parts);
            self.ribs(sign(side), parts);
            self.cartilage(sign(side), parts);
        }
        self.spine(parts);
        let front = self.lung_radii[2] + 2.0;
        let sternum = Ellipsoid::new([0.0, -25.0, front], [17.0, 78.0, 6.0]);
        parts.push(Part::new(Shape::Ellipsoid(sternum), Role::Organ(Tissue::Marrow)));
        let jaw = Ellipsoid::new([20.0 * self.jitter[11], -292.0, 62.0], [44.0, 13.0, 34.0]);
        parts.push(Part::new(Shape::Ellipsoid(jaw), Role::Organ(Tissue::Bone)));
    }

    fn spine(&self, parts: &mut Vec<Part>) {
        let height = 23.5 * self.rib_spacing / 22.0;
        let mut stack = |radii: [f64; 2], z: f64, first: f64, thickness: f64, tissue| {
            let column = Column { axis: [0.0, z], radii, ends: [-330.0, 460.0] };
            let slabs = Slabs {
                normal: [0.0, 1.0, 0.0],
                fan: [0.0; 3],
                first: -330.0 + self.jitter[1] * 8.0 + first,
                spacing: height,
                height: thickness,
                count: 40,
                wobble: [0.0; 8],
            };
            let shape = Shape::Vertebrae(Vertebrae { column, slabs });
            parts.push(Part::new(shape, Role::Organ(tissue)));
        };
        let z = -self.lung_radii[2] * 0.72;
        let wide = 15.0 + self.jitter[2];
        let body = height - 3.8;
        let inner = wide - 0.8;
        stack([inner, 14.0], z, 0.8, body - 1.6, Tissue::Marrow);
        stack([wide, 14.5], z, 0.0, body, Tissue::Bone);
        // Transverse and spinous processes.
        stack([28.0, 5.0], z - 20.0, 5.0, 7.0, Tissue::Marrow);
        stack([2.2, 10.0], z - 30.0, 8.0, 13.0, Tissue::Marrow);
    }

    fn ribs(&self, side: f64, parts: &mut Vec<Part>) {
        let (s, c) = (libm::sin(self.rib_tilt), libm::cos(self.rib_tilt));
        let center = [side * self.lung_x, self.lung_y, 0.0];
        let [rx, ry, rz] = self.lung_radii;
        // A crooked or turned patient has no two equal sides.
        let drop = self.rib_drop + 0.03 * side * self.jitter[14];
        // A rib is drawn as all its bone pressed flat: what the beam meets of it from front to
        // back. Seen from the edge it is as thin as the walls of a tube, or the ribs' ends would
        // join to a bright line around the lungs.
        let ribs = Ribs {
            outer: Ellipsoid::new(center, [rx + 5.8, ry + 5.6, rz + 6.8]),
            inner: Ellipsoid::new(center, [rx + 4.4, ry + 4.2, rz + 2.3]),
            slabs: Slabs {
                normal: [-side * drop, c, -s],
                fan: [side * self.rib_fan, 0.0, 0.4 * self.rib_fan],
                first: self.apex_y() * c - 4.0 - drop * self.lung_x + 2.0 * side * self.jitter[15],
                spacing: self.rib_spacing,
                height: self.rib_height,
                count: 12,
                wobble: self.wobble,
            },
            side,
            medial: 14.0,
            front: rz * (0.62 + 0.08 * self.jitter[2]),
        };
        parts.push(Part::new(Shape::Ribs(Box::new(ribs)), Role::Organ(Tissue::Bone)));
    }

    /// Calcium in the ribs' cartilage, in the old.
    fn cartilage(&self, side: f64, parts: &mut Vec<Part>) {
        let Some(tissue) = self.chalk().filter(|_| self.jitter[3] > 0.2) else {
            return;
        };
        let front = self.lung_radii[2] * 0.84;
        for k in 0..4 {
            let step = f64::from(k);
            let center = [
                side * (44.0 + 9.0 * step + 3.0 * self.jitter[k as usize]),
                -22.0 + 29.0 * step + 3.0 * self.jitter[k as usize + 4],
                front - 8.0 * step,
            ];
            let radii = [13.0, 4.0, 3.5];
            let shape = Shape::Ellipsoid(Ellipsoid::turned(center, radii, side * -0.5));
            parts.push(Part::new(shape, Role::Organ(tissue)));
        }
    }

    /// Clavicle, shoulder blade and upper arm.
    fn shoulder_bones(&self, side: f64, parts: &mut Vec<Part>) {
        let mut bone = |shape, tissue| parts.push(Part::new(shape, Role::Organ(tissue)));
        let wide = self.half_width();
        let lift = self.lift + 3.0 * side * self.jitter[4];
        let front = self.lung_radii[2];
        let [head, elbow] = self.arm(side);
        // The S of the collar bone: out and forward, then back to the shoulder.
        let joints = [
            [side * 14.0, -90.0 - 0.35 * lift, front * 0.80],
            [side * 0.36 * wide, -97.0 - 0.7 * lift, front * 0.72],
            [side * 0.68 * wide, -116.0 - lift, front * 0.28],
            [side * 1.03 * wide, -126.0 - lift, -6.0],
        ];
        let radii = [8.0, 6.6, 6.2];
        for (tissue, inset) in [(Tissue::Marrow, CORTEX_MM + 0.8), (Tissue::Bone, 0.0)] {
            for (pair, radius) in joints.windows(2).zip(radii) {
                bone(Shape::Capsule(Capsule::new(pair[0], pair[1], radius - inset)), tissue);
            }
            let ball = Ellipsoid::new(head, [22.5 - inset, 24.0 - inset, 22.5 - inset]);
            bone(Shape::Ellipsoid(ball), tissue);
            bone(Shape::Capsule(Capsule::new(head, elbow, 11.5 - inset * 2.2)), tissue);
        }
        // The blade: thin in the middle, thick at its outer edge, its spine and the socket.
        let out = self.blades_out;
        let back = -front - 11.0;
        let socket = [side * (1.03 * wide), -98.0 - lift, -20.0];
        let tip = [side * (0.70 + 0.26 * out) * wide, 28.0 - 0.6 * lift, back];
        let medial = [side * (0.50 + 0.26 * out) * wide, -92.0 - lift, back];
        let middle: [f64; 3] =
            std::array::from_fn(|k| 0.38 * socket[k] + 0.30 * tip[k] + 0.32 * medial[k]);
        let lean = side * (0.08 + 0.24 * out);
        let blade = Ellipsoid::turned([middle[0], middle[1], back], [27.0, 62.0, 1.3], lean);
        bone(Shape::Ellipsoid(blade), Tissue::Bone);
        bone(Shape::Capsule(Capsule::new(socket, tip, 2.8)), Tissue::Bone);
        bone(Shape::Capsule(Capsule::new(medial, tip, 1.4)), Tissue::Bone);
        let top = [side * 1.10 * wide, -132.0 - lift, -24.0];
        let root = [medial[0], medial[1] + 14.0, back];
        bone(Shape::Capsule(Capsule::new(root, top, 3.0)), Tissue::Bone);
        let hook = [side * 0.90 * wide, -112.0 - lift, 8.0];
        bone(Shape::Capsule(Capsule::new(socket, hook, 4.0)), Tissue::Bone);
        bone(Shape::Ellipsoid(Ellipsoid::new(socket, [7.0, 17.0, 12.0])), Tissue::Marrow);
    }
}
