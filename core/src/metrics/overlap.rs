//! How well two masks agree.
//!
//! Two empty masks agree fully: the score is 1. An empty prediction therefore scores on every
//! image without a finding, so a mean over such images must be read beside the all-empty
//! prediction's. Masks of different sizes have no score (NaN): that is a mistake of the caller's,
//! and it must not look like a bad model.

use crate::raster::{Mask, Raster};

/// Pixels in the first, in the second and in both; none for different sizes.
fn counts(a: &Mask, b: &Mask) -> Option<(f64, f64, f64)> {
    if (a.width, a.height) != (b.width, b.height) {
        return None;
    }
    let both = a.data.iter().zip(&b.data).filter(|(a, b)| **a != 0 && **b != 0).count();
    Some((a.area() as f64, b.area() as f64, both as f64))
}

/// Dice's coefficient, `2 |A and B| / (|A| + |B|)`.
pub fn dice(a: &Mask, b: &Mask) -> f64 {
    match counts(a, b) {
        None => f64::NAN,
        Some((a, b, _)) if a + b == 0.0 => 1.0,
        Some((a, b, both)) => 2.0 * both / (a + b),
    }
}

/// Intersection over union, `|A and B| / |A or B|`.
pub fn iou(a: &Mask, b: &Mask) -> f64 {
    match counts(a, b) {
        None => f64::NAN,
        Some((a, b, _)) if a + b == 0.0 => 1.0,
        Some((a, b, both)) => both / (a + b - both),
    }
}

/// Dice of a map that is cut so that it covers as many pixels as the truth.
///
/// The cut is an oracle's, the same for every kind of map: it compares where maps are high
/// without a threshold chosen for one of them. Of equal values the first pixels count; what is
/// not a number counts last.
pub fn dice_at_area(map: &Raster, truth: &Mask) -> f64 {
    if (map.width, map.height) != (truth.width, truth.height) {
        return f64::NAN;
    }
    let area = truth.area();
    if area == 0 || area == truth.data.len() {
        return 1.0;
    }
    let rank = |i: &usize| {
        if map.data[*i].is_nan() { f32::NEG_INFINITY } else { map.data[*i] }
    };
    let mut order: Vec<usize> = (0..map.data.len()).collect();
    order.select_nth_unstable_by(area, |a, b| rank(b).total_cmp(&rank(a)).then(a.cmp(b)));
    let both = order[..area].iter().filter(|i| truth.data[**i] != 0).count();
    both as f64 / area as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(bits: &[u8]) -> Mask {
        Mask { width: bits.len(), height: 1, data: bits.to_vec() }
    }

    #[test]
    fn overlap_of_halves() {
        let (a, b) = (mask(&[1, 1, 0, 0, 0]), mask(&[0, 1, 1, 1, 0]));
        assert_eq!(dice(&a, &b), 0.4);
        assert_eq!(iou(&a, &b), 0.25);
        assert_eq!((dice(&a, &a), iou(&a, &a)), (1.0, 1.0));
    }

    #[test]
    fn empty_masks_follow_the_written_convention() {
        let (empty, one) = (mask(&[0, 0]), mask(&[1, 0]));
        assert_eq!((dice(&empty, &empty), iou(&empty, &empty)), (1.0, 1.0));
        assert_eq!((dice(&empty, &one), iou(&one, &empty)), (0.0, 0.0));
        assert!(dice(&empty, &mask(&[0])).is_nan());
    }

    #[test]
    fn the_area_cut_takes_the_highest_values_and_the_first_of_equals() {
        let map = |v: &[f32]| Raster { width: v.len(), height: 1, data: v.to_vec() };
        let truth = mask(&[0, 1, 1, 0]);
        assert_eq!(dice_at_area(&map(&[0.1, 0.9, 0.8, 0.2]), &truth), 1.0);
        assert_eq!(dice_at_area(&map(&[0.95, 0.9, 0.8, 0.2]), &truth), 0.5);
        assert_eq!(dice_at_area(&map(&[0.5; 4]), &truth), 0.5);
        assert_eq!(dice_at_area(&map(&[f32::NAN, 0.2, 0.1, 0.0]), &truth), 1.0);
        assert_eq!(dice_at_area(&map(&[0.1; 4]), &mask(&[0; 4])), 1.0);
    }
}
