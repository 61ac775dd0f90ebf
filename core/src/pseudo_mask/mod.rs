//! The pseudo mask: how an attention map becomes the decoder's target without any label
//! (section 3.2 of the G2D paper).
//!
//! Mean over heads, upsampling, body mask, threshold, edge smoothing. Every stage is kept, so
//! that a reader can see what each of them did. Nothing here has a gradient, as in the paper.

pub mod aggregate;
mod blur;
pub mod body;
pub mod histogram;
pub mod morphology;
mod select;
pub mod smooth;
mod targets;
pub mod threshold;

#[cfg(test)]
mod parity;

use crate::config::PseudoMaskConfig;
use crate::raster::{Mask, Raster};

pub use aggregate::{Attention, aggregate, upsample};
pub use body::{Body, body_mask, find_body};
pub use smooth::smooth;
pub use targets::TargetMaker;
pub use threshold::threshold;

/// What each step gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Stages {
    /// Mean over heads, on the attention's own grid (Eq. 2).
    pub aggregated: Raster,
    /// The same at the size of the image.
    pub upsampled: Raster,
    /// Where the patient is.
    pub body: Mask,
    /// The level of the cut, in units of attention.
    pub threshold: f32,
    /// Strictly above the level and inside the body (Eq. 3).
    pub binary: Mask,
    /// After smoothing the edges: the decoder's target, in [0, 1].
    pub target: Raster,
}

/// The whole chain for one image with values in [0, 1].
pub fn pseudo_mask(attention: &Attention<'_>, image: &Raster, config: &PseudoMaskConfig) -> Stages {
    pseudo_mask_with_body(attention, &body_mask(image, config.body), config)
}

/// The chain with a body mask found earlier.
///
/// Training finds the body before augmentation and moves it with the image: the black corners
/// that a rotation leaves would otherwise enter the histogram.
pub fn pseudo_mask_with_body(
    attention: &Attention<'_>,
    body: &Mask,
    config: &PseudoMaskConfig,
) -> Stages {
    let aggregated = aggregate(attention);
    let upsampled = upsample(&aggregated, body.width, body.height, config.upsample);
    let mut scores = Vec::new();
    targets::gather(&upsampled.data, &body.data, &mut scores);
    let level = threshold::level(&mut scores, config.threshold, config.quantile);
    let data = targets::cut(&upsampled.data, &body.data, level).collect();
    let binary = Mask { width: body.width, height: body.height, data };
    let target = smooth(&binary, config);
    Stages { aggregated, upsampled, body: body.clone(), threshold: level, binary, target }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{BodyRule, SmoothingKind, ThresholdKind, UpsampleKind};

    fn wave(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 % 101) as f32 / 101.0).sqrt() / n as f32).collect()
    }

    #[test]
    fn the_mask_stays_inside_the_body_and_has_the_quantiles_share() {
        let data = wave(4 * 64);
        let attention = Attention { heads: 4, side_h: 8, side_w: 8, data: &data };
        let mut body = Mask::filled(128, 128, 0);
        for row in body.data.chunks_mut(128).skip(10) {
            row[20..110].fill(1);
        }
        let config = PseudoMaskConfig::default();
        let stages = pseudo_mask_with_body(&attention, &body, &config);
        let outside = stages.binary.data.iter().zip(&body.data).filter(|(m, b)| **m > **b).count();
        assert_eq!(outside, 0);
        // Bilinear scores are nearly all different, so the share is exact to a few ties.
        let share = stages.binary.area() as f64 / body.area() as f64;
        assert!((share - 0.15).abs() < 0.002, "{share}");
        assert!(stages.target.data.iter().all(|v| (0.0..=1.0).contains(v)));
        assert!(stages.target.data.iter().any(|v| *v > 0.0 && *v < 1.0));
    }

    #[test]
    fn nearest_blocks_are_cut_within_one_block_of_the_quantile() {
        let data = wave(49);
        let attention = Attention { heads: 1, side_h: 7, side_w: 7, data: &data };
        let image = Raster::filled(224, 224, 0.5);
        let config = PseudoMaskConfig {
            upsample: UpsampleKind::Nearest,
            body: BodyRule::None,
            smoothing: SmoothingKind::None,
            ..PseudoMaskConfig::default()
        };
        let stages = pseudo_mask(&attention, &image, &config);
        let blocks = stages.binary.area() / (32 * 32);
        assert_eq!(stages.binary.area() % (32 * 32), 0);
        assert!((6..=8).contains(&blocks), "{blocks}");
        assert_eq!(stages.target, stages.binary.to_raster());
    }

    #[test]
    fn useless_attention_gives_an_empty_mask_and_no_panic() {
        let image = Raster::filled(64, 64, 0.2);
        let flat = [0.25f32; 16];
        let broken = [f32::NAN; 16];
        for data in [flat.as_slice(), broken.as_slice(), &[]] {
            let attention = Attention { heads: 1, side_h: 4, side_w: 4, data };
            for threshold in [
                ThresholdKind::Quantile,
                ThresholdKind::Median,
                ThresholdKind::Mean,
                ThresholdKind::Gmm,
            ] {
                let config = PseudoMaskConfig { threshold, ..PseudoMaskConfig::default() };
                let stages = pseudo_mask(&attention, &image, &config);
                assert_eq!(stages.binary.area(), 0);
                assert!(stages.target.data.iter().all(|v| *v == 0.0));
            }
        }
    }
}
