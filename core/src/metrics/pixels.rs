//! Scores of one map against one truth, pixel by pixel.

use super::interval::Interval;
use crate::raster::{Mask, Raster};

/// Pixels in the truth, in the prediction and in both: what recall, precision, IoU and Dice are
/// made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PixelCounts {
    /// Pixels of the truth.
    pub truth: u32,
    /// Pixels of the prediction.
    pub predicted: u32,
    /// Pixels of both.
    pub both: u32,
}

/// `a / b`, or what stands for it when there is nothing to divide by.
fn share(a: u32, b: u32, otherwise: f64) -> f64 {
    if b == 0 { otherwise } else { f64::from(a) / f64::from(b) }
}

impl PixelCounts {
    /// Counts two masks of one size; none for different sizes.
    pub fn of(prediction: &Mask, truth: &Mask) -> Option<Self> {
        if (prediction.width, prediction.height) != (truth.width, truth.height) {
            return None;
        }
        let both = prediction.data.iter().zip(&truth.data).filter(|(p, t)| **p != 0 && **t != 0);
        Some(Self {
            truth: truth.area() as u32,
            predicted: prediction.area() as u32,
            both: both.count() as u32,
        })
    }

    /// Share of the truth that was found; 1 when there is nothing to find.
    pub fn recall(&self) -> f64 {
        share(self.both, self.truth, 1.0)
    }

    /// Share of the prediction that is right; 0 for an empty prediction, unless the truth is empty
    /// as well.
    pub fn precision(&self) -> f64 {
        share(self.both, self.predicted, if self.truth == 0 { 1.0 } else { 0.0 })
    }

    /// Intersection over union; 1 for two empty masks.
    pub fn iou(&self) -> f64 {
        share(self.both, self.truth + self.predicted - self.both, 1.0)
    }

    /// Dice's coefficient; 1 for two empty masks.
    pub fn dice(&self) -> f64 {
        share(2 * self.both, self.truth + self.predicted, 1.0)
    }
}

/// The counts of a map that is cut strictly above each of the levels, which must be ascending.
///
/// One pass over the pixels serves all levels. What is not a number lies above none.
///
/// # Panics
/// When map and truth have different sizes.
pub fn counts_above(map: &Raster, truth: &Mask, levels: &[f32]) -> Vec<PixelCounts> {
    assert_eq!((map.width, map.height), (truth.width, truth.height), "one size");
    // passed[k]: pixels that lie above exactly the first k levels, and those in the truth.
    let mut passed = vec![(0_u32, 0_u32); levels.len() + 1];
    for (&value, &inside) in map.data.iter().zip(&truth.data) {
        let above = levels.partition_point(|&level| level < value);
        passed[above].0 += 1;
        passed[above].1 += u32::from(inside != 0);
    }
    let area = truth.area() as u32;
    let mut counts = vec![PixelCounts { truth: area, ..PixelCounts::default() }; levels.len()];
    let (mut predicted, mut both) = (0, 0);
    for (k, count) in counts.iter_mut().enumerate().rev() {
        predicted += passed[k + 1].0;
        both += passed[k + 1].1;
        (count.predicted, count.both) = (predicted, both);
    }
    counts
}

/// Contrast-to-noise ratio, `(mean inside - mean outside) / sqrt(variance inside + variance
/// outside)`, with population variances.
///
/// BioViL (Boecking and others, 2022) takes the difference without its sign; here it is kept, so
/// that a map that avoids the truth does not score. None when one side is empty or both are
/// constant.
pub fn contrast_to_noise(map: &Raster, truth: &Mask) -> Option<f64> {
    let side = |wanted: bool| {
        let values = || {
            let pixels = map.data.iter().zip(&truth.data);
            pixels.filter(move |(_, t)| (**t != 0) == wanted).map(|(v, _)| f64::from(*v))
        };
        let n = values().count() as f64;
        let mean = values().sum::<f64>() / n;
        (n > 0.0).then(|| (mean, values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n))
    };
    let ((inside, a), (outside, b)) = (side(true)?, side(false)?);
    let noise = (a + b).sqrt();
    let ratio = (inside - outside) / noise;
    (noise > 0.0 && ratio.is_finite()).then_some(ratio)
}

/// Where a mean Dice can lie for a mean IoU of the same cases: Dice is `2 J / (1 + J)` of the IoU
/// `J` in each of them, a concave function above `J`, so `J <= D <= 2 J / (1 + J)` holds for the
/// means too (Jensen).
pub fn dice_bounds(mean_iou: f64) -> Interval {
    Interval { low: mean_iou, high: 2.0 * mean_iou / (1.0 + mean_iou) }
}

#[cfg(test)]
mod tests {
    use super::super::overlap::{dice, iou};
    use super::*;

    fn map(values: &[f32]) -> Raster {
        Raster { width: values.len(), height: 1, data: values.to_vec() }
    }

    fn mask(bits: &[u8]) -> Mask {
        Mask { width: bits.len(), height: 1, data: bits.to_vec() }
    }

    #[test]
    fn counts_by_hand() {
        let (prediction, truth) = (mask(&[1, 1, 1, 0, 0, 0]), mask(&[0, 1, 1, 1, 1, 0]));
        let counts = PixelCounts::of(&prediction, &truth).unwrap();
        assert_eq!(counts, PixelCounts { truth: 4, predicted: 3, both: 2 });
        assert_eq!((counts.recall(), counts.precision()), (0.5, 2.0 / 3.0));
        assert_eq!((counts.iou(), counts.dice()), (0.4, 4.0 / 7.0));
        assert_eq!(counts.iou(), iou(&prediction, &truth));
        assert_eq!(counts.dice(), dice(&prediction, &truth));
        assert_eq!(PixelCounts::of(&prediction, &mask(&[1])), None);
        let bounds = dice_bounds(counts.iou());
        assert!(bounds.low <= counts.dice() && (bounds.high - counts.dice()).abs() < 1e-12);
    }

    #[test]
    fn empty_masks_follow_the_written_convention() {
        let nothing = PixelCounts::default();
        assert_eq!(
            [nothing.recall(), nothing.precision(), nothing.iou(), nothing.dice()],
            [1.0; 4]
        );
        let missed = PixelCounts { truth: 5, ..nothing };
        assert_eq!([missed.recall(), missed.precision(), missed.iou(), missed.dice()], [0.0; 4]);
        let invented = PixelCounts { predicted: 5, ..nothing };
        assert_eq!((invented.recall(), invented.precision(), invented.dice()), (1.0, 0.0, 0.0));
    }

    #[test]
    fn one_pass_gives_what_each_cut_gives() {
        let map = map(&[0.1, 0.5, 0.5, 0.9, f32::NAN, -1.0, 0.3]);
        let truth = mask(&[0, 1, 0, 1, 1, 0, 0]);
        let levels = [-2.0, 0.0, 0.3, 0.5, 0.9];
        let counts = counts_above(&map, &truth, &levels);
        for (level, count) in levels.iter().zip(&counts) {
            assert_eq!(Some(*count), PixelCounts::of(&map.above(*level), &truth), "{level}");
        }
        assert_eq!(counts[3], PixelCounts { truth: 3, predicted: 1, both: 1 });
        assert_eq!(counts[4].predicted, 0, "strictly above");
    }

    #[test]
    fn contrast_by_hand_keeps_its_sign() {
        // Inside 3 and 5 (mean 4, variance 1), outside 0, 0, 2, 2 (mean 1, variance 1).
        let (values, truth) = (map(&[3.0, 5.0, 0.0, 0.0, 2.0, 2.0]), mask(&[1, 1, 0, 0, 0, 0]));
        assert!((contrast_to_noise(&values, &truth).unwrap() - 3.0 / 2_f64.sqrt()).abs() < 1e-12);
        let turned = map(&[-3.0, -5.0, 0.0, 0.0, -2.0, -2.0]);
        assert!(contrast_to_noise(&turned, &truth).unwrap() < 0.0);
        assert_eq!(contrast_to_noise(&map(&[1.0; 6]), &truth), None);
        assert_eq!(contrast_to_noise(&values, &mask(&[0; 6])), None);
        assert_eq!(contrast_to_noise(&values, &mask(&[1; 6])), None);
    }
}
