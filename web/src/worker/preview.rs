//! Pictures for the screen: films, masks and maps on one grid whose size suits a screen, whatever
//! the size of the film. What is exported and tested is never taken from here.

use g2d_core::raster::{Mask, Raster};

/// Films are shrunk to this side, so that a 100-megapixel film does not fill the page's memory.
const LONGEST: usize = 1400;
/// Films below this side are enlarged, so that outlines are finer than the film's pixels.
const SMALLEST: usize = 900;

/// The grid on which one film is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Pixels in a row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    source: (usize, usize),
}

impl Grid {
    /// The grid for a film of the given size.
    pub(crate) fn for_film(width: usize, height: usize) -> Self {
        let side = width.max(height).max(1);
        let scale = if side > LONGEST {
            LONGEST as f64 / side as f64
        } else {
            SMALLEST.div_ceil(side).min(8) as f64
        };
        let fit = |n: usize| ((n as f64 * scale).round() as usize).max(1);
        Self { width: fit(width), height: fit(height), source: (width, height) }
    }

    /// A film as grey levels, its darkest value black and its brightest white.
    pub(crate) fn film(&self, film: &Raster) -> Vec<u8> {
        let (low, high) = film.range();
        let gain = if high > low { 255.0 / (high - low) } else { 0.0 };
        self.resample(|x, y| film.at(x, y))
            .into_iter()
            .map(|v| ((v - low) * gain).round().clamp(0.0, 255.0) as u8)
            .collect()
    }

    /// A mask of the film's size, as zeros and ones.
    pub(crate) fn mask(&self, mask: &Mask) -> Vec<u8> {
        self.resample(|x, y| f32::from(mask.at(x, y).min(1)))
            .into_iter()
            .map(|v| u8::from(v >= 0.5))
            .collect()
    }

    /// A map of the network's input: 0 where the film was cropped away, else 1 to 255 from the
    /// map's lowest to its highest value. `to_input` takes positions on the film to those on the
    /// map; positions are continuous, the centre of pixel `i` is `i + 0.5`.
    pub(crate) fn heat(&self, map: &Raster, to_input: impl Fn(f64, f64) -> (f64, f64)) -> Vec<u8> {
        let (low, high) = map.range();
        let gain = if high > low { 254.0 / (high - low) } else { 0.0 };
        let (right, bottom) = (map.width as f64, map.height as f64);
        let mut out = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                let (fx, fy) = self.to_film(x, y);
                let (u, v) = to_input(fx, fy);
                let inside = u >= 0.0 && v >= 0.0 && u < right && v < bottom;
                out.push(if inside {
                    let value = bilinear((map.width, map.height), u, v, |x, y| map.at(x, y));
                    (1.0 + (value - low) * gain).round().clamp(1.0, 255.0) as u8
                } else {
                    0
                });
            }
        }
        out
    }

    /// Centre of a pixel of this grid as a position on the film.
    fn to_film(self, x: usize, y: usize) -> (f64, f64) {
        let centre = |i: usize, n: usize, m: usize| (i as f64 + 0.5) * m as f64 / n as f64;
        (centre(x, self.width, self.source.0), centre(y, self.height, self.source.1))
    }

    /// Box averages when shrinking, bilinear interpolation when enlarging.
    fn resample(&self, at: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        let shrink = self.source.0 > self.width || self.source.1 > self.height;
        let span = |i: usize, n: usize, m: usize| {
            let first = i * m / n;
            first..((i + 1) * m / n).max(first + 1).min(m)
        };
        let mut out = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            let rows = span(y, self.height, self.source.1);
            for x in 0..self.width {
                out.push(if shrink {
                    let columns = span(x, self.width, self.source.0);
                    let count = (rows.len() * columns.len()).max(1);
                    let sum: f32 = rows
                        .clone()
                        .flat_map(|v| columns.clone().map(move |u| (u, v)))
                        .map(|(u, v)| at(u, v))
                        .sum();
                    sum / count as f32
                } else {
                    let (u, v) = self.to_film(x, y);
                    bilinear(self.source, u, v, &at)
                });
            }
        }
        out
    }
}

/// Any map as grey levels from its lowest to its highest value, without resampling.
pub(crate) fn levels(map: &Raster) -> (Vec<u8>, [f32; 2]) {
    let (low, high) = map.range();
    let gain = if high > low { 255.0 / (high - low) } else { 0.0 };
    let grey = map.data.iter().map(|v| ((v - low) * gain).round().clamp(0.0, 255.0) as u8);
    (grey.collect(), [low, high])
}

/// Interpolates between pixel centres; the border is repeated outwards.
fn bilinear(size: (usize, usize), x: f64, y: f64, at: impl Fn(usize, usize) -> f32) -> f32 {
    let clamp = |v: f64, n: usize| (v - 0.5).clamp(0.0, n.saturating_sub(1) as f64);
    let (x, y) = (clamp(x, size.0), clamp(y, size.1));
    let (x0, y0) = (x.floor() as usize, y.floor() as usize);
    let (x1, y1) = ((x0 + 1).min(size.0 - 1), (y0 + 1).min(size.1 - 1));
    let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
    let top = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
    let bottom = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
    top * (1.0 - fy) + bottom * fy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_suit_a_screen_and_keep_the_shape() {
        let small = Grid::for_film(256, 256);
        assert_eq!((small.width, small.height), (1024, 1024));
        let large = Grid::for_film(4000, 2000);
        assert_eq!((large.width, large.height), (1400, 700));
        let same = Grid::for_film(1024, 900);
        assert_eq!((same.width, same.height), (1024, 900));
        assert_eq!(Grid::for_film(1, 20_000).width, 1);
    }

    #[test]
    fn masks_keep_their_share_of_the_picture() {
        for (width, height) in [(100, 80), (1000, 900), (3000, 2000)] {
            let mut mask = Mask::filled(width, height, 0);
            for y in 0..height / 2 {
                mask.data[y * width..y * width + width / 4].fill(1);
            }
            let grid = Grid::for_film(width, height);
            let drawn = grid.mask(&mask);
            let share = drawn.iter().filter(|&&v| v == 1).count() as f64 / drawn.len() as f64;
            assert!((share - 0.125).abs() < 0.004, "{width} x {height}: {share}");
        }
    }

    #[test]
    fn films_are_stretched_to_black_and_white() {
        let film = Raster { width: 2, height: 1, data: vec![0.25, 0.5] };
        let grey = Grid::for_film(2, 1).film(&film);
        assert_eq!((grey[0], grey[grey.len() - 1]), (0, 255));
        let flat = Grid::for_film(2, 1).film(&Raster::filled(2, 1, 0.5));
        assert!(flat.iter().all(|&v| v == 0));
    }

    #[test]
    fn heat_is_zero_only_outside_the_input() {
        let map = Raster { width: 4, height: 4, data: (0..16).map(|i| i as f32 / 15.0).collect() };
        let grid = Grid::for_film(1000, 1000);
        // The network saw the left half of the film.
        let heat = grid.heat(&map, |x, y| (x * 4.0 / 500.0, y * 4.0 / 1000.0));
        assert_eq!(heat[999], 0);
        assert_eq!(heat[0], 1);
        assert_eq!(heat[999 * 1000 + 499], 255);
    }
}
