//! The divergent beam: a point source, a flat detector, and the patient as placed between them.

use super::anatomy::Patient;
use super::config::View;
use super::framing::Framing;
use super::ray::{Aabb, Ray, Vec3, along, dot, sub, unit};
use super::rng::Rng;
use super::technique::Technique;

/// The rays of a film, in the patient's frame. A turned patient is a turned camera.
#[derive(Debug, Clone)]
pub(crate) struct Camera {
    source: Vec3,
    /// Outer corner of the first pixel.
    corner: Vec3,
    /// One pixel to the right and one down.
    step: [Vec3; 2],
    /// Directions of rows, columns and beam.
    axes: [Vec3; 3],
    /// Focal spot to detector.
    distance: f64,
    /// Middle of the patient to detector.
    gap: f64,
    pitch: f64,
    size: usize,
}

impl Camera {
    /// A film of `size` x `size` pixels with this framing.
    pub(crate) fn draw(
        rng: &mut Rng,
        patient: &Patient,
        technique: &Technique,
        framing: &Framing,
        size: usize,
    ) -> Self {
        // 180 cm is the usual distance of a standing chest film; a mobile unit stands nearer, and
        // the patient lies on the detector with the back, so that the heart is magnified.
        let (distance, gap) = match (technique.view, technique.ap) {
            (View::Lateral, _) => (1800.0, patient.half_width() + 80.0),
            (View::Frontal, false) => (1800.0, 160.0 + 0.5 * patient.lung_radii[2]),
            (View::Frontal, true) => (rng.range(1000.0, 1350.0), 75.0 + patient.lung_radii[2]),
        };
        let loose = if technique.ap { 1.0 } else { 0.5 };
        // Turned about the body's axis, tilted on the detector, and a beam from above or below.
        let turn = loose * rng.range(-0.09, 0.09);
        let tilt = rng.range(-0.05, 0.05);
        let nod = loose * rng.range(-0.10, 0.08);
        let base: [Vec3; 3] = match (technique.view, technique.ap) {
            // The picture's right is the patient's left whichever way the beam runs.
            (View::Frontal, false) => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            (View::Frontal, true) => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]],
            // The left side lies on the detector; the patient looks to the picture's left.
            (View::Lateral, _) => [[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
        };
        let [(st, ct), (sr, cr), (sn, cn)] =
            [tilt, turn, nod].map(|angle| (libm::sin(angle), libm::cos(angle)));
        // Each axis is a mixture of the untilted ones.
        let axes = [0, 1, 2].map(|k| {
            let mut v: Vec3 = [0.0; 3];
            v[k] = 1.0;
            let v = [ct * v[0] - st * v[1], st * v[0] + ct * v[1], v[2]];
            let v = [v[0], cn * v[1] - sn * v[2], sn * v[1] + cn * v[2]];
            let v = [cr * v[0] + sr * v[2], v[1], -sr * v[0] + cr * v[2]];
            let sum = |i: usize| v[0] * base[0][i] + v[1] * base[1][i] + v[2] * base[2][i];
            [sum(0), sum(1), sum(2)]
        });
        let middle = framing.middle;
        let magnification = distance / (distance - gap);
        let field = framing.side * magnification;
        let source = along(middle, gap - distance, axes[2]);
        let center = along(middle, gap, axes[2]);
        let corner = along(along(center, -0.5 * field, axes[0]), -0.5 * field, axes[1]);
        let pitch = field / size as f64;
        let step = [axes[0].map(|v| v * pitch), axes[1].map(|v| v * pitch)];
        Self { source, corner, step, axes, distance, gap, pitch, size }
    }

    /// Pixels in a row, and rows.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// First and last `t` of any ray between which the patient lies, arms and all.
    #[cfg(test)]
    pub(crate) fn reach(&self) -> (f64, f64) {
        let middle = self.distance - self.gap;
        (middle - 330.0, middle + 400.0)
    }

    /// Length of a pixel in the middle of the patient, millimetres.
    pub(crate) fn pixel_mm(&self) -> f64 {
        self.pitch * (self.distance - self.gap) / self.distance
    }

    /// The ray from the focal spot to the middle of pixel (`x`, `y`).
    pub(crate) fn ray(&self, x: usize, y: usize) -> Ray {
        let p = along(self.corner, x as f64 + 0.5, self.step[0]);
        let p = along(p, y as f64 + 0.5, self.step[1]);
        Ray { origin: self.source, direction: unit(sub(p, self.source)) }
    }

    /// Rays of row `y`: the focal spot, the way to the middle of its first pixel, and from one
    /// pixel to the next.
    pub(crate) fn row(&self, y: usize) -> [Vec3; 3] {
        let p = along(along(self.corner, 0.5, self.step[0]), y as f64 + 0.5, self.step[1]);
        [self.source, sub(p, self.source), self.step[0]]
    }

    /// Largest radius in pixels of the shadow of a ball of radius 1 mm around `p`.
    pub(crate) fn enlarged(&self, p: Vec3) -> f64 {
        let from_source = sub(p, self.source);
        let (depth, length) =
            (dot(self.axes[2], from_source), dot(from_source, from_source).sqrt());
        // An oblique ray draws a ball's shadow out by the inverse cosine, once more for its way.
        1.01 * self.distance / depth / self.pitch * (length / depth)
    }

    /// Where a point falls on the film, in pixels; (0, 0) is the outer corner of the first pixel.
    pub(crate) fn project(&self, p: Vec3) -> [f64; 2] {
        let from_source = sub(p, self.source);
        let depth = dot(self.axes[2], from_source);
        let scale = self.distance / depth;
        let hit = sub(along(self.source, scale, from_source), self.corner);
        [dot(hit, self.axes[0]) / self.pitch, dot(hit, self.axes[1]) / self.pitch]
    }

    /// `[x0, y0, x1, y1]` in pixels that holds the shadow of everything in the box, all of which
    /// must be in front of the source.
    pub(crate) fn shadow(&self, bounds: &Aabb) -> [f64; 4] {
        let mut shadow = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for corner in bounds.corners() {
            let [x, y] = self.project(corner);
            shadow = [shadow[0].min(x), shadow[1].min(y), shadow[2].max(x), shadow[3].max(y)];
        }
        shadow
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PhantomConfig, Setup};
    use super::*;

    /// Whatever lies on a pixel's ray falls on the pixel, from near and from afar.
    #[test]
    fn rays_and_shadows_are_the_same_geometry() {
        for (index, view) in [(0, View::Frontal), (1, View::Frontal), (2, View::Lateral)] {
            let config = PhantomConfig { size: 64, view, ..Default::default() };
            let camera = Setup::new(2, index, &config, &[]).camera;
            let (near, far) = camera.reach();
            for (x, y) in [(0, 0), (63, 5), (31, 40)] {
                for t in [near, 0.5 * (near + far), far] {
                    let [u, v] = camera.project(camera.ray(x, y).at(t));
                    assert!((u - x as f64 - 0.5).abs() < 1e-6, "{u} {x}");
                    assert!((v - y as f64 - 0.5).abs() < 1e-6, "{v} {y}");
                }
            }
        }
    }
}
