//! Growing and shrinking of masks by a square.
//!
//! What lies outside the picture never decides (as in OpenCV's default border), so a mask that
//! touches the edge is not eaten from there.

use crate::raster::Mask;

/// One where any pixel of the square with `2 * radius + 1` pixels a side is one.
pub fn dilate(mask: &Mask, radius: usize) -> Mask {
    let (width, height) = (mask.width, mask.height);
    // Separable: along the rows, then along the columns; whole rows at a time, which vectorises.
    let mut wide = mask.clone();
    for (out, row) in
        wide.data.chunks_exact_mut(width.max(1)).zip(mask.data.chunks_exact(width.max(1)))
    {
        for shift in 1..=radius.min(width.saturating_sub(1)) {
            or_into(&mut out[shift..], &row[..width - shift]);
            or_into(&mut out[..width - shift], &row[shift..]);
        }
    }
    let mut tall = wide.clone();
    for shift in 1..=radius.min(height.saturating_sub(1)) {
        let offset = shift * width;
        let rest = wide.data.len() - offset;
        or_into(&mut tall.data[offset..], &wide.data[..rest]);
        or_into(&mut tall.data[..rest], &wide.data[offset..]);
    }
    tall
}

/// One where every pixel of the square inside the picture is one.
pub fn erode(mask: &Mask, radius: usize) -> Mask {
    invert(&dilate(&invert(mask), radius))
}

/// Growing, then shrinking: closes gaps narrower than the square.
pub fn close(mask: &Mask, radius: usize) -> Mask {
    erode(&dilate(mask, radius), radius)
}

fn invert(mask: &Mask) -> Mask {
    let data = mask.data.iter().map(|&v| u8::from(v == 0)).collect();
    Mask { width: mask.width, height: mask.height, data }
}

fn or_into(out: &mut [u8], other: &[u8]) {
    for (a, b) in out.iter_mut().zip(other) {
        *a |= *b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pixels: &[(usize, usize)]) -> Mask {
        let mut mask = Mask::filled(9, 7, 0);
        for &(x, y) in pixels {
            mask.data[y * 9 + x] = 1;
        }
        mask
    }

    #[test]
    fn a_pixel_grows_to_a_square_and_back() {
        let dot = with(&[(4, 3)]);
        let square = dilate(&dot, 2);
        assert_eq!((square.area(), square.bounding_box()), (25, Some([2, 1, 5, 5])));
        assert_eq!(erode(&square, 2), dot);
        assert_eq!(dilate(&dot, 100).area(), 63);
    }

    #[test]
    fn closing_bridges_small_gaps_and_keeps_the_edge() {
        let pair = with(&[(0, 0), (4, 0)]);
        assert_eq!(close(&pair, 2).area(), 5);
        assert_eq!(close(&pair, 1), pair);
        let full = Mask::filled(9, 7, 1);
        assert_eq!(erode(&full, 3), full);
    }
}
