//! Blurs: a small one for focus and detector, a wide one for scatter and local contrast.

/// A picture's coarse version, read off with linear interpolation.
#[derive(Debug, Clone)]
pub(crate) struct Glare {
    /// Cells in a row.
    cells: usize,
    /// Pixels in a cell.
    cell: usize,
    data: Vec<f32>,
}

/// Cells across a picture, about.
const CELLS: usize = 28;
/// Passes of the three-point mean: each adds 1.2 cells squared of variance over both axes.
const PASSES: usize = 6;

impl Glare {
    /// The wide blur of `picture` (`size` x `size`), every value taken through `cap` first.
    pub(crate) fn of(picture: &[f32], size: usize, cap: impl Fn(f32) -> f32) -> Self {
        let cell = size.div_ceil(CELLS).max(1);
        let cells = size.div_ceil(cell);
        let mut data = vec![0.0; cells * cells];
        let mut count = vec![0.0f32; cells * cells];
        for (y, row) in picture.chunks_exact(size).enumerate() {
            for (x, v) in row.iter().enumerate() {
                let k = y / cell * cells + x / cell;
                data[k] += cap(*v);
                count[k] += 1.0;
            }
        }
        for (v, n) in data.iter_mut().zip(&count) {
            *v /= n.max(1.0);
        }
        for _ in 0..PASSES {
            blur(&mut data, cells, 0.3);
        }
        Self { cells, cell, data }
    }

    /// The value at the middle of a pixel.
    pub(crate) fn at(&self, x: usize, y: usize) -> f32 {
        let last = (self.cells - 1) as f32;
        let place = |k: usize| {
            let p = ((k as f32 + 0.5) / self.cell as f32 - 0.5).clamp(0.0, last);
            (p as usize, p - (p as usize) as f32)
        };
        let ((i, u), (j, v)) = (place(x), place(y));
        let (i1, j1) = ((i + 1).min(self.cells - 1), (j + 1).min(self.cells - 1));
        let at = |i: usize, j: usize| self.data[j * self.cells + i];
        (1.0 - v) * ((1.0 - u) * at(i, j) + u * at(i1, j))
            + v * ((1.0 - u) * at(i, j1) + u * at(i1, j1))
    }
}

/// Focal spot, detector, software: a small separable blur that gives the share `k` to each
/// neighbour.
pub(crate) fn blur(signal: &mut [f32], size: usize, k: f32) {
    if k <= 0.0 || size < 2 {
        return;
    }
    for row in signal.chunks_exact_mut(size) {
        let mut before = row[0];
        for i in 0..size {
            let (here, after) = (row[i], row[(i + 1).min(size - 1)]);
            row[i] = (1.0 - 2.0 * k) * here + k * (before + after);
            before = here;
        }
    }
    let mut before = signal[..size].to_vec();
    for y in 0..size {
        let next = (y + 1).min(size - 1) * size;
        for (x, above) in before.iter_mut().enumerate() {
            let (here, after) = (signal[y * size + x], signal[next + x]);
            signal[y * size + x] = (1.0 - 2.0 * k) * here + k * (*above + after);
            *above = here;
        }
    }
}
