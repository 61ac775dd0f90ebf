//! What lies beyond the CT: tissue goes on outside the scanner's circle, above and below.

use super::{chest::SOFT_HU, grid::Grid};

/// Millimetres that are added: on either side, below, above.
const MARGIN: [f64; 3] = [42.0, 60.0, 70.0];

/// A grid with margins around another one.
pub(crate) fn padded(grid: &Grid) -> Grid {
    let [side, below, above] =
        [MARGIN[0] / grid.step[0], MARGIN[1] / grid.step[2], MARGIN[2] / grid.step[2]]
            .map(|v| v.ceil() as usize);
    let [x, y, z] = grid.origin;
    Grid {
        n: [grid.n[0] + 2 * side, grid.n[1], grid.n[2] + below + above],
        step: grid.step,
        origin: [x - grid.step[0] * side as f64, y, z - grid.step[2] * below as f64],
    }
}

/// The place in the smaller grid that is nearest to a place of the larger one, and millimetres
/// that it lies outside on x.
fn source(grid: &Grid, wide: &Grid, i: usize) -> ([usize; 3], bool) {
    let voxel = wide.voxel(i);
    let shift = |a: usize| ((grid.origin[a] - wide.origin[a]) / wide.step[a]).round() as isize;
    let mut exact = true;
    let near = [0, 1, 2].map(|a| {
        let v = voxel[a] as isize - shift(a);
        let held = v.clamp(0, grid.n[a] as isize - 1);
        exact &= v == held;
        held as usize
    });
    (near, exact)
}

/// A mask in the wide grid; the margins are empty.
pub(crate) fn moved(grid: &Grid, wide: &Grid, mask: &[bool]) -> Vec<bool> {
    (0..wide.len())
        .map(|i| {
            let ([x, y, z], exact) = source(grid, wide, i);
            exact && mask[grid.at(x, y, z)]
        })
        .collect()
}

/// The wide volume; tissue goes on outside the scanner's circle, slices above and below.
pub(crate) fn grown(grid: &Grid, wide: &Grid, hu: &[f32]) -> Vec<f32> {
    let [nx, ny, nz] = grid.n;
    let radius = grid.step[0] * nx as f64 / 2.0 - 2.0 * grid.step[0];
    let middle = [0, 1].map(|a| grid.origin[a] + grid.step[a] * (grid.n[a] - 1) as f64 / 2.0);
    // For every row of a slice, the columns that the circle holds.
    let held: Vec<[usize; 2]> = (0..ny)
        .map(|y| {
            let dy = grid.origin[1] + grid.step[1] * y as f64 - middle[1];
            let half = (radius * radius - dy * dy).max(0.0).sqrt();
            let range = grid.within(0, middle[0] - half, middle[0] + half);
            [range.start.min(nx - 1), range.end.saturating_sub(1)]
        })
        .collect();
    // The end slices, without bone and smoothed along x: going on for centimetres, every vessel
    // and bone of them would become a stripe.
    let smooth = |z: usize, y: usize, x: usize| {
        let reach = (11.0 / grid.step[0]) as usize;
        let span = x.saturating_sub(reach)..(x + reach + 1).min(nx);
        let count = span.len() as f32;
        span.map(|x| hu[grid.at(x, y, z)].min(2.0 * SOFT_HU)).sum::<f32>() / count
    };
    let ends: Vec<Vec<f32>> = [0, nz - 1]
        .iter()
        .map(|&z| (0..nx * ny).map(|i| smooth(z, i / nx, i % nx)).collect())
        .collect();
    let lowest = ((grid.origin[2] - wide.origin[2]) / grid.step[2]).round() as usize;
    (0..wide.len())
        .map(|i| {
            let ([x, y, z], _) = source(grid, wide, i);
            let [low, high] = held[y];
            let inner = x.clamp(low, high.max(low));
            let row = wide.voxel(i)[2];
            let v = hu[grid.at(inner, y, z)];
            let v = if row < lowest || row >= lowest + nz {
                // From the slice to its smooth copy within 10 mm.
                let away = if row < lowest { lowest - row } else { row + 1 - lowest - nz };
                let share = (away as f64 * grid.step[2] / 10.0).min(1.0) as f32;
                v + share * (ends[usize::from(z > 0)][y * nx + inner] - v)
            } else {
                v
            };
            // Beyond the circle only tissue is believed, not a rib's end.
            if inner == x { v } else { v.min(SOFT_HU) }
        })
        .collect()
}
