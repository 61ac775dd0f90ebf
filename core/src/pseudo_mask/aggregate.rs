//! From one attention map a head to one map at the size of the image.

use crate::config::UpsampleKind;
use crate::raster::Raster;

/// The attention pool's maps for one image, without the class token's column.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Number of heads.
    pub heads: usize,
    /// Rows of the grid.
    pub side_h: usize,
    /// Columns of the grid.
    pub side_w: usize,
    /// `[heads, side_h, side_w]`, row-major.
    pub data: &'a [f32],
}

/// Mean over heads (Eq. 2 of the G2D paper).
///
/// For one mask a head (an ablation of the paper) call the chain with one head at a time.
pub fn aggregate(attention: &Attention<'_>) -> Raster {
    let (width, height) = (attention.side_w, attention.side_h);
    let mut mean = Raster::filled(width, height, 0.0);
    if mean.data.is_empty() {
        return mean;
    }
    for head in attention.data.chunks_exact(width * height).take(attention.heads) {
        for (sum, value) in mean.data.iter_mut().zip(head) {
            *sum += value;
        }
    }
    let heads = attention.heads.max(1) as f32;
    mean.data.iter_mut().for_each(|v| *v /= heads);
    mean
}

/// Brings a map to another size, larger or smaller, without anti-aliasing.
///
/// Source positions are computed in f32 with the formulas of PyTorch's `interpolate`
/// (`mode="nearest"`; `mode="bilinear", align_corners=False`), so that both round alike.
pub fn upsample(map: &Raster, width: usize, height: usize, kind: UpsampleKind) -> Raster {
    let mut data = Vec::new();
    upsample_into(map, width, height, kind, &mut data);
    Raster { width, height, data }
}

/// [`upsample`] into memory that is there already.
pub(super) fn upsample_into(
    map: &Raster,
    width: usize,
    height: usize,
    kind: UpsampleKind,
    out: &mut Vec<f32>,
) {
    out.clear();
    out.reserve_exact(width * height);
    if map.data.is_empty() {
        out.resize(width * height, 0.0);
        return;
    }
    match kind {
        UpsampleKind::Nearest => nearest(map, width, height, out),
        UpsampleKind::Bilinear => bilinear(map, width, height, out),
    }
}

fn nearest(map: &Raster, width: usize, height: usize, out: &mut Vec<f32>) {
    let source = |n_in: usize, n_out: usize| -> Vec<usize> {
        let scale = n_in as f32 / n_out as f32;
        (0..n_out).map(|i| ((i as f32 * scale) as usize).min(n_in - 1)).collect()
    };
    let columns = source(map.width, width);
    for y in source(map.height, height) {
        let row = &map.data[y * map.width..][..map.width];
        out.extend(columns.iter().map(|&x| row[x]));
    }
}

/// Lower neighbour, upper neighbour and the upper one's weight for every output position.
fn taps(n_in: usize, n_out: usize) -> Vec<(usize, usize, f32)> {
    let scale = n_in as f32 / n_out as f32;
    (0..n_out)
        .map(|i| {
            let position = (scale * (i as f32 + 0.5) - 0.5).max(0.0);
            let low = (position as usize).min(n_in - 1);
            (low, (low + 1).min(n_in - 1), position - low as f32)
        })
        .collect()
}

fn bilinear(map: &Raster, width: usize, height: usize, out: &mut Vec<f32>) {
    // The small side first: a 7 x 7 map has seven rows to stretch, not 224.
    let columns = taps(map.width, width);
    let mut stretched = Vec::with_capacity(width * map.height);
    for row in map.data.chunks_exact(map.width) {
        stretched.extend(columns.iter().map(|&(a, b, t)| (1.0 - t) * row[a] + t * row[b]));
    }
    for (a, b, t) in taps(map.height, height) {
        let (upper, lower) = (&stretched[a * width..][..width], &stretched[b * width..][..width]);
        out.extend(upper.iter().zip(lower).map(|(u, l)| (1.0 - t) * u + t * l));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_over_heads() {
        let data = [1.0, 2.0, 3.0, 4.0, 3.0, 6.0, 5.0, 0.0];
        let mean = aggregate(&Attention { heads: 2, side_h: 2, side_w: 2, data: &data });
        assert_eq!(mean.data, [2.0, 4.0, 4.0, 2.0]);
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let map = Raster { width: 3, height: 2, data: vec![0.5, 1.0, -2.0, 4.0, 0.0, 8.0] };
        for kind in [UpsampleKind::Nearest, UpsampleKind::Bilinear] {
            assert_eq!(upsample(&map, 3, 2, kind), map);
        }
    }
}
