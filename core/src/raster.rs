//! The two plain pictures that everything outside the network works on.

use crate::error::{Error, Result};

/// A grey picture or a map of scores: row-major, `data[y * width + x]`, any range.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Raster {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` values, row by row.
    pub data: Vec<f32>,
}

/// A binary picture: row-major, each value 0 or 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mask {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` values, 0 or 1, row by row.
    pub data: Vec<u8>,
}

impl Raster {
    /// A picture of one value.
    pub fn filled(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, data: vec![value; width * height] }
    }

    /// Takes over a buffer.
    ///
    /// # Errors
    /// When the buffer does not have `width * height` values.
    pub fn from_vec(width: usize, height: usize, data: Vec<f32>) -> Result<Self> {
        if data.len() != width * height {
            return Err(Error::bug(
                "G2D-B01",
                format!("A {width} x {height} picture was given {} values", data.len()),
            ));
        }
        Ok(Self { width, height, data })
    }

    /// The value at column `x`, row `y`.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    /// Smallest and largest finite value; `(0, 0)` when there is none.
    pub fn range(&self) -> (f32, f32) {
        let mut range = (f32::INFINITY, f32::NEG_INFINITY);
        for &v in self.data.iter().filter(|v| v.is_finite()) {
            range = (range.0.min(v), range.1.max(v));
        }
        if range.0 > range.1 { (0.0, 0.0) } else { range }
    }

    /// Column and row of the largest value (the first of equals), none for an empty picture.
    pub fn argmax(&self) -> Option<(usize, usize)> {
        let mut best: Option<usize> = None;
        for (i, v) in self.data.iter().enumerate() {
            if v.is_finite() && best.is_none_or(|b| *v > self.data[b]) {
                best = Some(i);
            }
        }
        best.map(|i| (i % self.width, i / self.width))
    }

    /// One where the value is strictly above `threshold`.
    pub fn above(&self, threshold: f32) -> Mask {
        let data = self.data.iter().map(|&v| u8::from(v > threshold)).collect();
        Mask { width: self.width, height: self.height, data }
    }
}

impl Mask {
    /// A mask of one value, 0 or 1.
    pub fn filled(width: usize, height: usize, value: u8) -> Self {
        Self { width, height, data: vec![value; width * height] }
    }

    /// The value at column `x`, row `y`.
    pub fn at(&self, x: usize, y: usize) -> u8 {
        self.data[y * self.width + x]
    }

    /// Number of ones.
    pub fn area(&self) -> usize {
        self.data.iter().filter(|&&v| v != 0).count()
    }

    /// Share of ones, 0 for an empty picture.
    pub fn fraction(&self) -> f64 {
        if self.data.is_empty() { 0.0 } else { self.area() as f64 / self.data.len() as f64 }
    }

    /// The same mask as a picture of zeros and ones.
    pub fn to_raster(&self) -> Raster {
        let data = self.data.iter().map(|&v| f32::from(v)).collect();
        Raster { width: self.width, height: self.height, data }
    }

    /// `[x, y, width, height]` of the smallest box that holds every one; none when empty.
    pub fn bounding_box(&self) -> Option<[usize; 4]> {
        let (mut x0, mut y0, mut x1, mut y1) = (usize::MAX, usize::MAX, 0, 0);
        for (i, _) in self.data.iter().enumerate().filter(|(_, v)| **v != 0) {
            let (x, y) = (i % self.width, i / self.width);
            (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
        }
        (x0 != usize::MAX).then(|| [x0, y0, x1 - x0 + 1, y1 - y0 + 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounding_box_holds_all_ones() {
        let mut mask = Mask::filled(5, 4, 0);
        assert_eq!(mask.bounding_box(), None);
        mask.data[5 + 2] = 1;
        mask.data[3 * 5 + 4] = 1;
        assert_eq!(mask.bounding_box(), Some([2, 1, 3, 3]));
    }

    #[test]
    fn argmax_ignores_nan_and_keeps_the_first() {
        let raster = Raster { width: 2, height: 2, data: vec![f32::NAN, 3.0, 3.0, 1.0] };
        assert_eq!(raster.argmax(), Some((1, 0)));
        assert_eq!(raster.range(), (1.0, 3.0));
    }
}
