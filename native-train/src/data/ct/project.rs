//! Cone-beam projection: line integrals through voxels along the rays of a film.
//!
//! Rays run mostly along y (front to back), so each is sampled once in every coronal plane, by
//! bilinear interpolation within it, times the way between two planes (Joseph, IEEE TMI 1982).
//! Outside the grid there is nothing.

use super::grid::Grid;

/// Where source and detector stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Beam {
    /// The focal spot, mm.
    source: [f64; 3],
    /// The centre of the first pixel, mm.
    corner: [f64; 3],
    /// From pixel to pixel along a row, and from row to row, mm.
    steps: [[f64; 3]; 2],
    /// Pixels of a side.
    pub size: usize,
}

/// How a film is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    /// What is in the middle of the picture, mm in the patient's space.
    pub centre: [f64; 3],
    /// From the back to the front (PA) instead of front to back.
    pub from_behind: bool,
    /// Turns about the head-foot, the left-right and the front-back axis, degrees.
    pub turns: [f64; 3],
    /// Source to detector, mm.
    pub source_mm: f64,
    /// Centre to detector, mm.
    pub detector_mm: f64,
    /// Side of the field at the centre's depth, mm.
    pub field_mm: f64,
    /// Pixels of a side.
    pub size: usize,
}

fn add(a: [f64; 3], b: [f64; 3], scale: f64) -> [f64; 3] {
    [0, 1, 2].map(|i| a[i] + scale * b[i])
}

impl Beam {
    /// Sets source and detector. The patient's right is on the left of the picture, whichever way
    /// the beam runs.
    pub fn new(pose: &Pose) -> Self {
        let [yaw, tilt, roll] = pose.turns.map(f64::to_radians);
        let turned = |v: [f64; 3]| {
            let [x, y, z] = v;
            let [x, z] = [x * roll.cos() - z * roll.sin(), x * roll.sin() + z * roll.cos()];
            let [y, z] = [y * tilt.cos() - z * tilt.sin(), y * tilt.sin() + z * tilt.cos()];
            [x * yaw.cos() - y * yaw.sin(), x * yaw.sin() + y * yaw.cos(), z]
        };
        let along = turned([0.0, if pose.from_behind { -1.0 } else { 1.0 }, 0.0]);
        let source = add(pose.centre, along, pose.detector_mm - pose.source_mm);
        let magnified = pose.source_mm / (pose.source_mm - pose.detector_mm);
        let pixel = pose.field_mm * magnified / pose.size as f64;
        let steps = [turned([pixel, 0.0, 0.0]), turned([0.0, 0.0, -pixel])];
        let half = -((pose.size - 1) as f64) / 2.0;
        let middle = add(pose.centre, along, pose.detector_mm);
        let corner = add(add(middle, steps[0], half), steps[1], half);
        Self { source, corner, steps, size: pose.size }
    }

    /// The focal spot, and the way from it to a place on the detector in pixels.
    pub fn ray(&self, x: f64, y: f64) -> ([f64; 3], [f64; 3]) {
        let end = add(add(self.corner, self.steps[0], x), self.steps[1], y);
        (self.source, [0, 1, 2].map(|i| end[i] - self.source[i]))
    }

    /// Where a point's shadow falls, in pixels.
    pub fn shadow(&self, p: [f64; 3]) -> [f64; 2] {
        let [u, v] = self.steps;
        let cross = |a: [f64; 3], b: [f64; 3]| {
            [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
        };
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let normal = cross(u, v);
        let way = add(p, self.source, -1.0);
        let t = dot(add(self.corner, self.source, -1.0), normal) / dot(way, normal);
        let hit = add(add(self.source, way, t), self.corner, -1.0);
        [dot(hit, u) / dot(u, u), dot(hit, v) / dot(v, v)]
    }

    /// Adds the line integral of `field` over the planes `rows` of y to every pixel of `sum`.
    ///
    /// The field's values are per mm; `rows` limits the work to where a finding is.
    pub fn integrate(
        &self,
        grid: &Grid,
        field: &[f32],
        rows: std::ops::Range<usize>,
        sum: &mut [f32],
    ) {
        let [nx, _, nz] = grid.n;
        let rays: Vec<[f32; 5]> = (0..self.size * self.size)
            .map(|i| {
                let (from, way) = self.ray((i % self.size) as f64, (i / self.size) as f64);
                let length = way.iter().map(|w| w * w).sum::<f64>().sqrt();
                let [ax, az] = [way[0] / way[1], way[2] / way[1]];
                let x0 = (from[0] - grid.origin[0] - from[1] * ax) / grid.step[0];
                let z0 = (from[2] - grid.origin[2] - from[1] * az) / grid.step[2];
                let weight = grid.step[1] * length / way[1].abs();
                [x0, ax / grid.step[0], z0, az / grid.step[2], weight].map(|v| v as f32)
            })
            .collect();
        for y in rows {
            let depth = (grid.origin[1] + grid.step[1] * y as f64) as f32;
            let plane = &field[y * nx * nz..][..nx * nz];
            for (sum, [x0, ax, z0, az, weight]) in sum.iter_mut().zip(&rays) {
                let (x, z) = (x0 + ax * depth, z0 + az * depth);
                if !(x >= 0.0 && z >= 0.0) {
                    continue;
                }
                let (i, k) = (x as usize, z as usize);
                if i + 1 >= nx || k + 1 >= nz {
                    continue;
                }
                let (fx, fz) = (x - i as f32, z - k as f32);
                let at = k * nx + i;
                let low = plane[at] + fx * (plane[at + 1] - plane[at]);
                let high = plane[at + nx] + fx * (plane[at + nx + 1] - plane[at + nx]);
                *sum += weight * (low + fz * (high - low));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pose(from_behind: bool) -> Pose {
        Pose {
            centre: [0.0; 3],
            from_behind,
            turns: [0.0; 3],
            source_mm: 1800.0,
            detector_mm: 200.0,
            field_mm: 200.0,
            size: 100,
        }
    }

    const GRID: Grid =
        Grid { n: [120, 60, 80], step: [1.5, 3.0, 2.25], origin: [-89.25, -88.5, -88.875] };

    /// A ball of radius 30 mm around `centre` with soft edges of a voxel.
    fn ball(centre: [f64; 3]) -> Vec<f32> {
        let value = |i: usize| {
            let p = GRID.centre(GRID.voxel(i));
            let r = (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f64>().sqrt();
            ((30.0 - r) / 2.0 + 0.5).clamp(0.0, 1.0) as f32
        };
        (0..GRID.len()).map(value).collect()
    }

    fn film(pose: &Pose, field: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0; pose.size * pose.size];
        Beam::new(pose).integrate(&GRID, field, 0..GRID.n[1], &mut sum);
        sum
    }

    #[test]
    fn a_ball_becomes_a_disc_of_its_size_and_depth() {
        let sum = film(&pose(true), &ball([0.0; 3]));
        assert!((sum[50 * 100 + 50] - 60.0).abs() < 1.5, "{}", sum[50 * 100 + 50]);
        let area = sum.iter().filter(|&&v| v >= 2.0).count() as f64 * 4.0;
        let expected = std::f64::consts::PI * (900.0 - 1.0);
        // The soft edge adds half a millimetre where rays graze it.
        assert!((area / expected - 1.0).abs() < 0.06, "{area} {expected}");
    }

    #[test]
    fn line_integrals_keep_the_mass() {
        let field = ball([0.0; 3]);
        let mass = field.iter().map(|&v| f64::from(v)).sum::<f64>() * GRID.voxel_mm3();
        // Far away the rays are parallel, and a pixel stands for its area at the centre.
        let far = Pose { source_mm: 2.0e5, detector_mm: 100.0, ..pose(false) };
        let got = film(&far, &field).iter().map(|&v| f64::from(v)).sum::<f64>() * 4.0;
        assert!((got / mass - 1.0).abs() < 0.01, "{got} {mass}");
    }

    #[test]
    fn the_patients_left_is_on_the_right_and_the_head_is_up() {
        for from_behind in [false, true] {
            let sum = film(&pose(from_behind), &ball([40.0, 0.0, 30.0]));
            let best = (0..sum.len()).max_by(|&a, &b| sum[a].total_cmp(&sum[b])).unwrap();
            assert!(best % 100 > 65 && best / 100 < 40, "{best}");
        }
    }

    #[test]
    fn a_shadow_falls_where_the_ray_says() {
        let turned = Pose { turns: [10.0, -6.0, 3.0], ..pose(true) };
        let beam = Beam::new(&turned);
        let (from, way) = beam.ray(12.0, 71.0);
        let [x, y] = beam.shadow(add(from, way, 0.8));
        assert!((x - 12.0).abs() < 1e-6 && (y - 71.0).abs() < 1e-6);
    }
}
