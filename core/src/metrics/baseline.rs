//! What answers without any knowledge score; printed beside every result.

use crate::raster::Mask;

use super::pointing::near;

/// Chance that a pixel drawn at random points right, with the pointing game's tolerance; at
/// tolerance 0 the share of the truth in the image.
pub fn random_pointing(truth: &Mask, tolerance: f64) -> f64 {
    if truth.data.is_empty() {
        return 0.0;
    }
    let hit = |i: &usize| near(truth, i % truth.width, i / truth.width, tolerance);
    (0..truth.data.len()).filter(hit).count() as f64 / truth.data.len() as f64
}

/// Dice of the whole image as the answer: `2a / (1 + a)` for a truth that covers the share `a`.
pub fn whole_image_dice(truth: &Mask) -> f64 {
    let a = truth.fraction();
    2.0 * a / (1.0 + a)
}

/// Intersection over union of the whole image as the answer: the truth's share.
pub fn whole_image_iou(truth: &Mask) -> f64 {
    truth.fraction()
}

#[cfg(test)]
mod tests {
    use super::super::overlap::{dice, iou};
    use super::*;

    #[test]
    fn baselines_are_what_the_scores_give() {
        let mut truth = Mask::filled(10, 10, 0);
        truth.data[42..59].fill(1);
        let whole = Mask::filled(10, 10, 1);
        assert!((whole_image_dice(&truth) - dice(&whole, &truth)).abs() < 1e-12);
        assert!((whole_image_iou(&truth) - iou(&whole, &truth)).abs() < 1e-12);
        assert_eq!(random_pointing(&truth, 0.0), 0.17);
        let mut dot = Mask::filled(10, 10, 0);
        dot.data[55] = 1;
        assert_eq!(random_pointing(&dot, 1.0), 0.05, "the pixel and its four neighbours");
    }
}
