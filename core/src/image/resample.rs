//! Resampling along one axis: area averaging when shrinking, bilinear when enlarging.
//!
//! Pixel `i` covers the interval `[i, i + 1]`. When shrinking, every output pixel is the mean of
//! the interval that it covers, parts of pixels counted as parts (OpenCV's `INTER_AREA`); when
//! enlarging, its centre is interpolated between the two nearest centres. Sums are kept in f64 and
//! in a fixed order, so that the result is the same on every platform.

use std::ops::Range;

use crate::raster::Raster;

/// The source pixels that one output pixel takes from, and their shares, which add up to 1.
struct Taps {
    start: usize,
    shares: Vec<f64>,
}

/// Taps of the output pixels `wanted` when `from` pixels become `to`.
fn taps(from: usize, to: usize, wanted: Range<usize>) -> Vec<Taps> {
    wanted.map(|j| if to < from { area(from, to, j) } else { bilinear(from, to, j) }).collect()
}

/// In units of `1 / to` source pixels every border is a whole number, so the overlaps are exact.
fn area(from: usize, to: usize, j: usize) -> Taps {
    // 64 bits: the products can pass 32 bits, which is what the browser's usize has.
    let (from, to, j) = (from as u64, to as u64, j as u64);
    let (low, high) = (j * from, (j + 1) * from);
    let start = low / to;
    let shares = (start..high.div_ceil(to))
        .map(|k| (high.min((k + 1) * to) - low.max(k * to)) as f64 / from as f64)
        .collect();
    Taps { start: start as usize, shares }
}

fn bilinear(from: usize, to: usize, j: usize) -> Taps {
    let centre = (j as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let (start, fraction) = split(centre, from);
    let shares = if fraction > 0.0 { vec![1.0 - fraction, fraction] } else { vec![1.0] };
    Taps { start, shares }
}

/// Left neighbour and the share of the right one for a position counted in pixel centres, clamped
/// to the edges.
pub(super) fn split(position: f64, length: usize) -> (usize, f64) {
    let last = length.saturating_sub(1);
    let clamped = position.clamp(0.0, last as f64);
    let left = (clamped.floor() as usize).min(last);
    if left == last { (left, 0.0) } else { (left, clamped - left as f64) }
}

/// One axis of a resampling: the source interval and where it goes.
pub(super) struct Axis {
    /// First source pixel.
    pub(super) offset: usize,
    /// Source pixels.
    pub(super) from: usize,
    /// Output pixels of the whole interval.
    pub(super) to: usize,
    /// The output pixels that are wanted.
    pub(super) wanted: Range<usize>,
}

/// Resamples both axes; the result has the wanted pixels only.
pub(super) fn resample(source: &Raster, x: &Axis, y: &Axis) -> Raster {
    let columns = taps(x.from, x.to, x.wanted.clone());
    let rows = taps(y.from, y.to, y.wanted.clone());
    let mut data = Vec::with_capacity(columns.len() * rows.len());
    // One row of sums at a time: the film is read once, and no second film is held.
    let mut sums = vec![0.0_f64; x.from];
    for row in &rows {
        sums.fill(0.0);
        for (k, share) in row.shares.iter().enumerate() {
            let first = (y.offset + row.start + k) * source.width + x.offset;
            for (sum, &v) in sums.iter_mut().zip(source.data.iter().skip(first)) {
                *sum += share * f64::from(v);
            }
        }
        data.extend(columns.iter().map(|column| {
            let values = sums.iter().skip(column.start);
            column.shares.iter().zip(values).map(|(share, v)| share * v).sum::<f64>() as f32
        }));
    }
    Raster { width: columns.len(), height: rows.len(), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(from: usize, to: usize) -> Axis {
        Axis { offset: 0, from, to, wanted: 0..to }
    }

    fn resize(source: &Raster, width: usize, height: usize) -> Raster {
        resample(source, &whole(source.width, width), &whole(source.height, height))
    }

    #[test]
    fn shares_add_up_to_one() {
        for (from, to) in [(7, 3), (10, 7), (1000, 224), (3, 7), (5, 5), (1, 4), (2, 1), (999, 998)]
        {
            for tap in taps(from, to, 0..to) {
                assert!((tap.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(tap.shares.iter().all(|s| *s > 0.0));
                assert!(tap.start + tap.shares.len() <= from);
            }
        }
    }

    #[test]
    fn fractions_of_pixels_count_as_fractions() {
        // 3 pixels to 2: each output pixel covers one and a half.
        let source = Raster { width: 3, height: 1, data: vec![0.0, 0.3, 0.9] };
        let half = resize(&source, 2, 1);
        assert!((half.data[0] - 0.1).abs() < 1e-6);
        assert!((half.data[1] - 0.7).abs() < 1e-6);
    }

    #[test]
    fn an_integer_factor_is_the_mean_of_blocks_as_in_opencv() {
        let source = Raster { width: 4, height: 4, data: (0..16).map(|v| v as f32).collect() };
        assert_eq!(resize(&source, 2, 2).data, [2.5, 4.5, 10.5, 12.5]);
    }

    #[test]
    fn enlarging_interpolates_between_centres_and_holds_the_edge() {
        let source = Raster { width: 2, height: 1, data: vec![0.0, 1.0] };
        assert_eq!(resize(&source, 4, 1).data, [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(resize(&source, 2, 3).data, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let source = Raster { width: 3, height: 2, data: vec![0.1, 0.7, 0.3, 0.9, 0.2, 0.4] };
        assert_eq!(resize(&source, 3, 2), source);
    }

    #[test]
    fn a_part_is_cut_from_the_whole() {
        let source = Raster { width: 6, height: 6, data: (0..36).map(|v| v as f32).collect() };
        let axis = || Axis { offset: 2, from: 4, to: 2, wanted: 1..2 };
        // Columns and rows 4 and 5.
        assert_eq!(resample(&source, &axis(), &axis()).data, [31.5]);
    }
}
