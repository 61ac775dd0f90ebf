//! The decoder's targets of a batch, one after another in the same memory.

use super::{
    Attention, aggregate, aggregate::upsample_into, smooth::smooth_into, threshold::level,
};
use crate::config::PseudoMaskConfig;
use crate::raster::Mask;

/// Memory for the steps on the way to a target.
///
/// A batch of 64 at 256 pixels would otherwise ask the system for 70 MiB a step and give it back,
/// which takes longer than to compute in it. One a thread.
#[derive(Debug, Default)]
pub struct TargetMaker {
    upsampled: Vec<f32>,
    scores: Vec<f32>,
    scratch: Vec<f32>,
    binary: Mask,
}

impl TargetMaker {
    /// Writes what [`pseudo_mask_with_body`](super::pseudo_mask_with_body) calls `target`.
    ///
    /// # Shapes
    /// - `out`: as many values as the body mask has pixels, row by row
    pub fn write(
        &mut self,
        attention: &Attention<'_>,
        body: &Mask,
        config: &PseudoMaskConfig,
        out: &mut [f32],
    ) {
        let (width, height) = (body.width, body.height);
        upsample_into(&aggregate(attention), width, height, config.upsample, &mut self.upsampled);
        gather(&self.upsampled, &body.data, &mut self.scores);
        let level = level(&mut self.scores, config.threshold, config.quantile);
        let binary = &mut self.binary;
        (binary.width, binary.height) = (width, height);
        binary.data.clear();
        binary.data.extend(cut(&self.upsampled, &body.data, level));
        smooth_into(binary, config, &mut self.scratch, out);
    }
}

/// The scores inside the body.
pub(super) fn gather(scores: &[f32], body: &[u8], out: &mut Vec<f32>) {
    const WIDE: usize = 8;
    out.clear();
    out.reserve(scores.len());
    // Bodies are wide: most groups of eight lie inside or outside as a whole.
    let (groups, rest) = body.as_chunks::<WIDE>();
    for (scores, body) in scores.chunks_exact(WIDE).zip(groups) {
        match *body {
            [0, 0, 0, 0, 0, 0, 0, 0] => {}
            [1, 1, 1, 1, 1, 1, 1, 1] => out.extend_from_slice(scores),
            _ => out.extend(inside(scores, body)),
        }
    }
    out.extend(inside(&scores[scores.len().min(groups.len() * WIDE)..], rest));
}

fn inside<'a>(scores: &'a [f32], body: &'a [u8]) -> impl Iterator<Item = f32> + 'a {
    scores.iter().zip(body).filter(|(_, body)| **body != 0).map(|(score, _)| *score)
}

/// One strictly above the level and inside the body.
pub(super) fn cut(scores: &[f32], body: &[u8], level: f32) -> impl Iterator<Item = u8> {
    scores.iter().zip(body).map(move |(&v, &body)| u8::from(v > level) & u8::from(body != 0))
}

#[cfg(test)]
mod tests {
    use super::super::pseudo_mask_with_body;
    use super::*;
    use crate::config::{SmoothingKind, ThresholdKind, UpsampleKind};

    #[test]
    fn targets_are_those_of_the_stages_whatever_came_before() {
        let mut maker = TargetMaker::default();
        let mut configs = vec![PseudoMaskConfig::default()];
        configs.push(PseudoMaskConfig { upsample: UpsampleKind::Nearest, ..configs[0].clone() });
        configs.push(PseudoMaskConfig { smoothing: SmoothingKind::None, ..configs[0].clone() });
        configs.push(PseudoMaskConfig {
            smoothing: SmoothingKind::Gaussian,
            threshold: ThresholdKind::Gmm,
            rebinarise: true,
            ..configs[0].clone()
        });
        for (i, config) in configs.iter().cycle().take(9).enumerate() {
            // Sizes change, and the ragged edge falls on and off groups of eight.
            let (width, height) = [(96, 96), (50, 71), (33, 20)][i % 3];
            let data: Vec<f32> = (0..2 * 49).map(|j| ((j * 31 + i * 7) % 97) as f32).collect();
            let attention = Attention { heads: 2, side_h: 7, side_w: 7, data: &data };
            let mut body = Mask::filled(width, height, 0);
            for (y, row) in body.data.chunks_mut(width).enumerate() {
                row[y % 9..width - y % 5].fill(1);
            }
            let stages = pseudo_mask_with_body(&attention, &body, config);
            let mut out = vec![f32::NAN; width * height];
            maker.write(&attention, &body, config, &mut out);
            assert_eq!(out, stages.target.data, "{i}");
            assert!(stages.binary.area() > 0);
        }
    }

    #[test]
    fn a_body_of_other_values_than_one_is_a_body() {
        let mut out = Vec::new();
        gather(
            &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            &[255, 0, 1, 1, 1, 1, 1, 1, 2],
            &mut out,
        );
        assert_eq!(out, [1.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    }
}
