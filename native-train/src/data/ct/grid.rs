//! Voxels in the patient's space.

/// A regular grid; axes run to the patient's left (x), back (y) and head (z), in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Voxels along x, y and z.
    pub n: [usize; 3],
    /// Millimetres between centres.
    pub step: [f64; 3],
    /// Millimetres, centre of voxel (0, 0, 0).
    pub origin: [f64; 3],
}

impl Grid {
    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.n.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Place of a voxel in a buffer: x runs fastest, then z, so that a coronal plane, which a ray
    /// crosses, lies together.
    pub fn at(&self, x: usize, y: usize, z: usize) -> usize {
        (y * self.n[2] + z) * self.n[0] + x
    }

    /// The voxel of a place in a buffer.
    pub fn voxel(&self, i: usize) -> [usize; 3] {
        let [nx, _, nz] = self.n;
        [i % nx, i / (nx * nz), i / nx % nz]
    }

    /// Centre of a voxel in millimetres.
    pub fn centre(&self, voxel: [usize; 3]) -> [f64; 3] {
        [0, 1, 2].map(|a| self.origin[a] + self.step[a] * voxel[a] as f64)
    }

    /// The voxel that holds a point, if there is one.
    pub fn nearest(&self, p: [f64; 3]) -> Option<usize> {
        let [x, y, z] = [0, 1, 2].map(|a| ((p[a] - self.origin[a]) / self.step[a]).round());
        let inside = |v: f64, n: usize| v >= 0.0 && v < n as f64;
        (inside(x, self.n[0]) && inside(y, self.n[1]) && inside(z, self.n[2]))
            .then(|| self.at(x as usize, y as usize, z as usize))
    }

    /// The value of a field at a point, linear between centres; ends are repeated.
    pub fn sample(&self, field: &[f32], p: [f64; 3]) -> f32 {
        let mut low = [0; 3];
        let mut share = [0.0; 3];
        for a in 0..3 {
            let v = ((p[a] - self.origin[a]) / self.step[a]).clamp(0.0, (self.n[a] - 1) as f64);
            low[a] = (v as usize).min(self.n[a].saturating_sub(2));
            share[a] = (v - low[a] as f64) as f32;
        }
        let mut sum = 0.0;
        for corner in 0..8_usize {
            let up = [corner & 1, corner >> 1 & 1, corner >> 2];
            let weight: f32 =
                (0..3).map(|a| if up[a] == 1 { share[a] } else { 1.0 - share[a] }).product();
            let [x, y, z] = [0, 1, 2].map(|a| (low[a] + up[a]).min(self.n[a] - 1));
            sum += weight * field[self.at(x, y, z)];
        }
        sum
    }

    /// The indices of an axis whose centres lie within `low..=high` mm.
    pub fn within(&self, axis: usize, low: f64, high: f64) -> std::ops::Range<usize> {
        let n = self.n[axis] as f64;
        let index = |v: f64| (v - self.origin[axis]) / self.step[axis];
        let start = index(low).ceil().clamp(0.0, n) as usize;
        start..((index(high).floor() + 1.0).clamp(0.0, n) as usize).max(start)
    }

    /// Cubic millimetres of a voxel.
    pub fn voxel_mm3(&self) -> f64 {
        self.step.iter().product()
    }

    /// The places of the six neighbours.
    pub fn neighbours(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let [x, y, z] = self.voxel(i);
        let [nx, ny, nz] = self.n;
        let plane = nx * nz;
        [
            (x > 0).then(|| i - 1),
            (x + 1 < nx).then(|| i + 1),
            (z > 0).then(|| i - nx),
            (z + 1 < nz).then(|| i + nx),
            (y > 0).then(|| i - plane),
            (y + 1 < ny).then(|| i + plane),
        ]
        .into_iter()
        .flatten()
    }

    /// Connected components of a mask, largest first, each as places in ascending discovery.
    pub fn components(&self, mask: &[bool]) -> Vec<Vec<usize>> {
        let mut seen = vec![false; mask.len()];
        let mut found = Vec::new();
        for start in 0..mask.len() {
            if !mask[start] || seen[start] {
                continue;
            }
            seen[start] = true;
            let mut members = vec![start];
            let mut next = 0;
            while let Some(&i) = members.get(next) {
                next += 1;
                for j in self.neighbours(i) {
                    if mask[j] && !seen[j] {
                        seen[j] = true;
                        members.push(j);
                    }
                }
            }
            found.push(members);
        }
        // The order of discovery decides between equals.
        found.sort_by_key(|members| std::cmp::Reverse(members.len()));
        found
    }

    /// What lies within `radius` mm of the mask along each axis in turn: a box, not a ball.
    pub fn dilated(&self, mask: &[bool], radius: f64) -> Vec<bool> {
        self.spread(mask, radius, true)
    }

    /// What lies deeper than `radius` mm in the mask; the grid's ends count as inside.
    pub fn eroded(&self, mask: &[bool], radius: f64) -> Vec<bool> {
        self.spread(mask, radius, false)
    }

    fn spread(&self, mask: &[bool], radius: f64, value: bool) -> Vec<bool> {
        let mut current = mask.to_vec();
        let strides = [1, self.n[0] * self.n[2], self.n[0]];
        for axis in 0..3 {
            let reach = (radius / self.step[axis]).round() as usize;
            let n = self.n[axis];
            if reach == 0 {
                continue;
            }
            let before = current.clone();
            for (i, _) in before.iter().enumerate().filter(|(_, v)| **v == value) {
                let place = self.voxel(i)[axis];
                let base = i - place * strides[axis];
                for k in place.saturating_sub(reach)..(place + reach + 1).min(n) {
                    current[base + k * strides[axis]] = value;
                }
            }
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { n: [7, 5, 8], step: [1.0, 2.0, 1.0], origin: [0.0; 3] };

    #[test]
    fn places_and_voxels_agree() {
        for i in 0..GRID.len() {
            let voxel = GRID.voxel(i);
            assert_eq!(GRID.at(voxel[0], voxel[1], voxel[2]), i);
            assert_eq!(GRID.nearest(GRID.centre(voxel)), Some(i));
        }
        assert_eq!(GRID.nearest([-1.0, 0.0, 0.0]), None);
        assert_eq!(GRID.within(1, 1.0, 4.0), 1..3);
        assert!(GRID.within(0, 90.0, 95.0).is_empty());
    }

    #[test]
    fn components_are_sorted_and_complete() {
        let mut mask = vec![false; GRID.len()];
        for x in 0..3 {
            mask[GRID.at(x, 2, 3)] = true;
        }
        mask[GRID.at(6, 4, 5)] = true;
        let sizes: Vec<usize> = GRID.components(&mask).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1]);
    }

    #[test]
    fn erosion_undoes_dilation_of_a_point() {
        let mut mask = vec![false; GRID.len()];
        mask[GRID.at(3, 2, 3)] = true;
        let wide = GRID.dilated(&mask, 2.0);
        assert_eq!(wide.iter().filter(|v| **v).count(), 5 * 3 * 5);
        assert_eq!(GRID.eroded(&wide, 2.0), mask);
    }
}
