//! The body's surface: skin, and under the fat the muscle.

use super::anatomy::Patient;
use super::solid::{Capsule, Column, Ellipsoid};
use super::volume::{Part, Role, Shape};

impl Patient {
    /// Skin, and the muscle under the fat. Fat does not move the parts' axes, so that the muscle's
    /// outline stays within the skin's.
    pub(super) fn outline(&self, parts: &mut Vec<Part>) {
        for (role, skin) in [(Role::Skin, 1.0), (Role::Muscle, 0.0)] {
            self.trunk(role, skin, parts);
            self.head(role, skin, parts);
            for side in [-1.0, 1.0] {
                self.shoulder(role, skin, side, parts);
            }
        }
        if self.breast > 0.0 {
            self.breasts(parts);
        }
    }

    fn trunk(&self, role: Role, skin: f64, parts: &mut Vec<Part>) {
        let [rx, _, rz] = self.lung_radii;
        let fat = self.fat * skin;
        let x = self.lung_x + rx + 10.0 + self.muscle + fat;
        let z = rz + 14.0 + self.muscle + fat * 0.8;
        // A heavy patient is widest at the belly.
        let belly = 0.35 * fat + 4.0 * self.jitter[10];
        let column = Column { axis: [0.0, 6.0], radii: [x - 2.0, z], ends: [30.0, 640.0] };
        parts.push(Part::new(Shape::Column(column), role));
        let low = Ellipsoid::new([0.0, 250.0, 12.0], [x + belly, 230.0, z + belly]);
        if role == Role::Skin {
            parts.push(Part::new(Shape::Ellipsoid(low), role));
        }
        let chest = Ellipsoid::new([0.0, 34.0, 0.0], [x, 222.0 + fat * 0.6, z]);
        parts.push(Part::new(Shape::Ellipsoid(chest), role));
        // The broad muscle of the back and the fat over it fill the flanks.
        for side in [-1.0, 1.0] {
            let flank = Ellipsoid::new(
                [side * (self.lung_x + rx - 2.0), 60.0, -12.0],
                [18.0 + self.muscle + fat, 190.0 + fat, 56.0 + 0.8 * fat],
            );
            parts.push(Part::new(Shape::Ellipsoid(flank), role));
        }
    }

    fn head(&self, role: Role, skin: f64, parts: &mut Vec<Part>) {
        let fat = 0.4 * self.fat * skin;
        let lean = 20.0 * self.jitter[11];
        let neck = Capsule::new([0.5 * lean, -330.0, 6.0], [0.0, -120.0, -14.0], 50.0 + fat);
        parts.push(Part::new(Shape::Capsule(neck), role));
        let head = Ellipsoid::new([lean, -345.0, 26.0], [68.0 + fat, 88.0 + fat, 88.0 + fat]);
        if role == Role::Skin {
            parts.push(Part::new(Shape::Ellipsoid(head), role));
        }
    }

    fn shoulder(&self, role: Role, skin: f64, side: f64, parts: &mut Vec<Part>) {
        let wide = self.half_width();
        let fat = 0.55 * self.fat * skin;
        let [joint, elbow] = self.arm(side);
        let mut add = |shape| parts.push(Part::new(shape, role));
        // From the neck down to the shoulder.
        let slope = Capsule::new(
            [side * 34.0, -168.0 - 0.5 * self.lift, -22.0],
            [side * 0.98 * wide, -108.0 - self.lift, -14.0],
            44.0 + 0.5 * fat,
        );
        add(Shape::Capsule(slope));
        let girdle = 49.0 + 0.4 * self.muscle;
        add(Shape::Capsule(Capsule::new(joint, elbow, girdle + fat)));
        if self.arms_up {
            return;
        }
        // Chest muscle and the fold in front of and behind the armpit.
        let pectoral = Ellipsoid::turned(
            [side * 0.86 * wide, -42.0 - self.lift, 4.0],
            [46.0 + 0.5 * self.muscle + fat, 92.0 + fat, 72.0 + fat],
            side * 0.22,
        );
        add(Shape::Ellipsoid(pectoral));
    }

    /// Shoulder joint and elbow.
    pub(super) fn arm(&self, side: f64) -> [[f64; 3]; 2] {
        let wide = self.half_width();
        let joint = [side * 1.17 * wide, -104.0 - self.lift, -10.0];
        let elbow = if self.arms_up {
            [side * 0.9 * wide, -360.0, 60.0]
        } else {
            [side * (1.24 * wide + 10.0 + 0.6 * self.fat + 80.0 * self.arms_out), 190.0, -20.0]
        };
        [joint, elbow]
    }

    /// Tissue in front of the chest: thin above, hanging below.
    fn breasts(&self, parts: &mut Vec<Part>) {
        let b = self.breast.sqrt();
        let front = self.lung_radii[2] + 14.0 + self.muscle + 0.6 * self.fat;
        for side in [-1.0, 1.0] {
            let center = [
                side * (64.0 + 12.0 * b + 5.0 * self.jitter[12]),
                28.0 + 44.0 * b * self.sag + 4.0 * side * self.jitter[13],
                front - 30.0,
            ];
            let radii = [52.0 * b + 10.0, 66.0 * b + 10.0, 24.0 + 24.0 * b * b];
            let breast = Ellipsoid::leaning(center, radii, side * -0.2, 0.3 + 0.45 * self.sag);
            parts.push(Part::new(Shape::Ellipsoid(breast), Role::Skin));
            // Glands are denser than fat.
            let gland = Ellipsoid::leaning(
                [center[0], center[1] + 6.0, center[2] + 4.0],
                radii.map(|r| 0.5 * r),
                side * -0.12,
                0.35 * self.sag,
            );
            parts.push(Part::new(Shape::Ellipsoid(gland), Role::Muscle));
        }
    }
}
