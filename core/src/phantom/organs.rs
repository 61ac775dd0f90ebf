//! Airways, heart, vessels, mediastinum and what lies under the diaphragm.

use super::anatomy::{Patient, sign};
use super::solid::{Capsule, Column, Ellipsoid};
use super::tissue::Tissue;
use super::volume::{Part, Role, Shape};

impl Patient {
    pub(super) fn airways(&self, parts: &mut Vec<Part>) {
        let mut air = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Air)));
        let bend = 3.0 * self.jitter[5];
        let (carina, throat) = ([3.0, -46.0, -14.0], [bend, -120.0, -10.0]);
        air(Shape::Capsule(Capsule::new([0.5 * bend, -300.0, 2.0], throat, 8.6)));
        air(Shape::Capsule(Capsule::new(throat, carina, 8.4)));
        air(Shape::Capsule(Capsule::new(carina, [-34.0, -10.0, -14.0], 6.4)));
        air(Shape::Capsule(Capsule::new(carina, [40.0, -14.0, -12.0], 5.8)));
        self.gas(parts);
    }

    /// Air under the left dome, and loops of bowel.
    fn gas(&self, parts: &mut Vec<Part>) {
        let mut air = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Air)));
        let under = self.dome_y[1];
        if self.bubble > 0.0 {
            let (wide, tall) = (22.0 + 14.0 * self.bubble, 8.0 + 9.0 * self.bubble);
            let center = [self.lung_x + 8.0 * self.jitter[5], under + 7.0 + tall, 15.0];
            let dome = Ellipsoid::turned(center, [wide, tall, 17.0], 0.12 + 0.1 * self.jitter[6]);
            air(Shape::Ellipsoid(dome));
            let side = [center[0] + 0.55 * wide, center[1] + 0.4 * tall, 6.0];
            air(Shape::Ellipsoid(Ellipsoid::new(side, [0.6 * wide, 0.9 * tall, 13.0])));
        }
        for k in 0..self.bowel {
            let [a, b, c] = [0, 5, 10].map(|o| self.jitter[(k + o) % 16]);
            let center = [70.0 - 30.0 * k as f64 + 24.0 * a, under + 84.0 + 42.0 * b, 40.0];
            let radii = [19.0 + 9.0 * c, 12.0 + 4.0 * a, 6.0];
            air(Shape::Ellipsoid(Ellipsoid::turned(center, radii, 0.7 * c)));
        }
    }

    pub(super) fn heart_and_vessels(&self, parts: &mut Vec<Part>) {
        let knob = 1.0 + 0.14 * self.jitter[6] + 0.25 * self.age * self.age;
        // A long aorta swings out to both sides.
        let swing = 16.0 * (self.age - 0.55).max(0.0);
        if let Some(tissue) = self.chalk() {
            // A shell of calcium at the arch: before the blood, so that it wins.
            let shell = Capsule::new(
                [24.0 + 13.0 * knob, -70.0, -24.0],
                [23.0 + 15.0 * knob, -56.0, -6.0],
                1.6,
            );
            parts.push(Part::new(Shape::Capsule(shell), Role::Organ(tissue)));
        }
        for shape in self.heart_shapes() {
            parts.push(Part::new(Shape::Ellipsoid(shape), Role::Heart));
        }
        let mut blood = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Blood)));
        let arch = [23.0, -62.0, -14.0];
        blood(Shape::Ellipsoid(Ellipsoid::new(arch, [17.0 * knob, 18.0 * knob, 24.0])));
        let bow = [22.0 + 1.6 * swing, 20.0, -50.0];
        blood(Shape::Capsule(Capsule::new([22.0, -58.0, -42.0], bow, 12.5 * knob)));
        blood(Shape::Capsule(Capsule::new(bow, [10.0, 150.0, -54.0], 12.0 * knob)));
        blood(Shape::Ellipsoid(Ellipsoid::turned([29.0, -22.0, 14.0], [17.0, 27.0, 18.0], -0.25)));
        let ascending = [-14.0 - swing, -38.0, 16.0];
        blood(Shape::Ellipsoid(Ellipsoid::turned(ascending, [17.0, 36.0, 18.0], 0.1)));
        blood(Shape::Capsule(Capsule::new([-20.0, -104.0, 6.0], [-21.0, 15.0, 10.0], 10.5)));
        let [a, b] = [1.0 + 0.2 * self.jitter[2], 1.0 + 0.2 * self.jitter[3]];
        blood(Shape::Ellipsoid(Ellipsoid::turned(
            [-36.0, -4.0, -6.0],
            [9.0 * a, 21.0 * a, 12.0],
            0.2,
        )));
        blood(Shape::Ellipsoid(Ellipsoid::turned(
            [44.0, -16.0, -6.0],
            [11.0 * b, 16.0 * b, 12.0],
            -0.3,
        )));
    }

    /// What the lungs do not fill: the mediastinum and the abdomen under the domes.
    pub(super) fn soft(&self, parts: &mut Vec<Part>) {
        let mut soft = |shape| parts.push(Part::new(shape, Role::Organ(Tissue::Soft)));
        let [rx, _, rz] = self.lung_radii;
        let wide = 25.0 + 3.0 * self.jitter[4] + 0.12 * self.fat;
        soft(Shape::Ellipsoid(Ellipsoid::new([1.0, -80.0, -6.0], [wide, 100.0, 47.0])));
        // Gullet, lymph nodes and fat between the lungs, down to the diaphragm.
        let low =
            Ellipsoid::new([6.0 + 3.0 * self.jitter[5], 30.0, -10.0], [wide - 7.0, 160.0, 36.0]);
        soft(Shape::Ellipsoid(low));
        // Tissue along the spine keeps the lungs out of the vertebrae.
        let spine = Column { axis: [0.0, -rz * 0.72], radii: [17.5, 24.0], ends: [-330.0, 460.0] };
        soft(Shape::Column(spine));
        // Drawn out along the beam, so that the film's edge of the dome is sharp. Highest towards
        // the midline, falling off to the recess at the wall.
        for side in 0..2 {
            let inwards = 10.0 + 5.0 * self.jitter[side + 8];
            let reach = rx + inwards + 6.0;
            let along_wall = (rx + inwards) / reach;
            let fall = 1.0 - (1.0 - along_wall * along_wall).sqrt();
            let deep = (self.recess + 4.0) / fall.max(0.2);
            let x = sign(side) * (self.lung_x - inwards);
            let center = [x, self.dome_y[side] + deep, 4.0];
            soft(Shape::Ellipsoid(Ellipsoid::new(center, [reach, deep, 1.9 * rz])));
            // A muscle's slip lifts a part of the dome.
            let bump =
                [x + sign(side) * 26.0 * self.jitter[side + 10], self.dome_y[side] + 36.0, 20.0];
            let lift = 38.0 + 3.0 * self.jitter[side + 12];
            soft(Shape::Ellipsoid(Ellipsoid::new(bump, [58.0, lift, 60.0])));
        }
        let belly = Column {
            axis: [0.0, 0.0],
            radii: [self.lung_x + rx, rz],
            ends: [self.recess_y(1) + 6.0, 460.0],
        };
        soft(Shape::Column(belly));
    }
}
