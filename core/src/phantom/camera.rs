//! The divergent beam: a point source, a flat detector, and the patient as placed between them.

use super::anatomy::Patient;
use super::ray::{Aabb, Ray, Vec3, along, dot, sub, unit};
use super::rng::Rng;

/// Focal spot to detector; 180 cm is the usual distance of a standing chest film.
const SOURCE_TO_DETECTOR_MM: f64 = 1800.0;
/// Middle of the patient to detector.
const PATIENT_TO_DETECTOR_MM: f64 = 190.0;

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
    pitch: f64,
    size: usize,
}

impl Camera {
    /// A film of `size` x `size` pixels that holds the patient's lungs.
    pub(crate) fn draw(rng: &mut Rng, patient: &Patient, size: usize) -> Self {
        let magnification =
            SOURCE_TO_DETECTOR_MM / (SOURCE_TO_DETECTOR_MM - PATIENT_TO_DETECTOR_MM);
        let low = patient.recess_y(0).max(patient.recess_y(1));
        let wide = 2.0 * patient.half_width() + 16.0;
        let tall = low - patient.apex_y() + 26.0;
        let field = magnification * wide.max(tall) * rng.range(1.06, 1.24);
        // Turned about the body's axis, and tilted on the detector.
        let (turn, tilt) = (rng.range(-0.05, 0.05), rng.range(-0.045, 0.045));
        let (sa, ca) = (libm::sin(turn), libm::cos(turn));
        let (sb, cb) = (libm::sin(tilt), libm::cos(tilt));
        let spin = |v: Vec3| -> Vec3 {
            let v = [cb * v[0] - sb * v[1], sb * v[0] + cb * v[1], v[2]];
            [ca * v[0] + sa * v[2], v[1], -sa * v[0] + ca * v[2]]
        };
        let axes = [spin([1.0, 0.0, 0.0]), spin([0.0, 1.0, 0.0]), spin([0.0, 0.0, 1.0])];
        let slack = 0.5 * (field / magnification - tall);
        let middle = [
            rng.range(-8.0, 8.0),
            0.5 * (patient.apex_y() + low) + slack.min(12.0) * rng.range(-0.9, 0.4),
            0.0,
        ];
        let source = along(middle, PATIENT_TO_DETECTOR_MM - SOURCE_TO_DETECTOR_MM, axes[2]);
        let center = along(middle, PATIENT_TO_DETECTOR_MM, axes[2]);
        let corner = along(along(center, -0.5 * field, axes[0]), -0.5 * field, axes[1]);
        let pitch = field / size as f64;
        let step = [axes[0].map(|v| v * pitch), axes[1].map(|v| v * pitch)];
        Self { source, corner, step, axes, pitch, size }
    }

    /// Pixels in a row, and rows.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The ray from the focal spot to the middle of pixel (`x`, `y`).
    pub(crate) fn ray(&self, x: usize, y: usize) -> Ray {
        let p = along(self.corner, x as f64 + 0.5, self.step[0]);
        let p = along(p, y as f64 + 0.5, self.step[1]);
        Ray { origin: self.source, direction: unit(sub(p, self.source)) }
    }

    /// Where a point falls on the film, in pixels; (0, 0) is the outer corner of the first pixel.
    pub(crate) fn project(&self, p: Vec3) -> [f64; 2] {
        let from_source = sub(p, self.source);
        let depth = dot(self.axes[2], from_source);
        let scale = SOURCE_TO_DETECTOR_MM / depth;
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
