//! The pseudo masks of a batch: all threads together, then each stage on one thread.

use anyhow::Result;
use g2d_core::{
    config::PseudoMaskConfig,
    pseudo_mask::{
        Attention, Stages, TargetMaker, aggregate, pseudo_mask_with_body, smooth, threshold,
        upsample,
    },
    raster::Mask,
};
use rayon::prelude::*;

use super::{clock::Clock, report::Row};

/// Sizes of the measurement.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Images.
    pub batch: usize,
    /// Attention heads.
    pub heads: usize,
    /// Places along a side of the attention map.
    pub grid: usize,
    /// Pixels along a side of the image.
    pub side: usize,
}

/// Attention as a trained pool gives it: a few places far above the others.
pub fn attention(sizes: &Sizes) -> Vec<f32> {
    let places = sizes.grid * sizes.grid;
    let mut state = 1u64;
    (0..sizes.batch * sizes.heads * places)
        .map(|_| {
            // Knuth's multiplier; the upper bits are random enough for scores.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let uniform = (state >> 40) as f32 / (1u64 << 24) as f32;
            uniform.powi(3) / places as f32
        })
        .collect()
}

/// An ellipse that covers two thirds of the film, as a body does;
/// `tests/reference/pseudo_mask.py` has the same one.
pub fn body(side: usize) -> Mask {
    let inside = |i: usize| {
        let (x, y) = ((i % side) as f32 / side as f32, (i / side) as f32 / side as f32);
        ((x - 0.5) / 0.41).powi(2) + ((y - 0.55) / 0.53).powi(2) < 1.0
    };
    let data = (0..side * side).map(|i| u8::from(inside(i))).collect();
    Mask { width: side, height: side, data }
}

/// Measures.
///
/// # Errors
/// Never; the signature is that of the other measurements.
pub fn measure(clock: &Clock, sizes: &Sizes, config: &PseudoMaskConfig) -> Result<Vec<Row>> {
    let Sizes { batch, heads, grid, side } = *sizes;
    let (scores, body) = (attention(sizes), body(side));
    let of = |i: usize| {
        let size = heads * grid * grid;
        Attention { heads, side_h: grid, side_w: grid, data: &scores[i * size..][..size] }
    };
    let pixels = side * side;
    let mut targets = vec![0.0f32; batch * pixels];
    let (whole, worked) = clock.time_and_work(|_| {
        let write = |maker: &mut TargetMaker, (i, out): (usize, &mut [f32])| {
            maker.write(&of(i), &body, config, out);
        };
        targets.par_chunks_mut(pixels).enumerate().for_each_init(TargetMaker::default, write);
        Ok(())
    })?;
    let mut maker = TargetMaker::default();
    let single = clock.time(|_| {
        for (i, out) in targets.chunks_mut(pixels).enumerate() {
            maker.write(&of(i), &body, config, out);
        }
        Ok(())
    })?;
    let stages: Vec<Stages> =
        (0..batch).map(|i| pseudo_mask_with_body(&of(i), &body, config)).collect();
    let each = |run: &dyn Fn(&Stages)| {
        clock.time(|_| {
            stages.iter().for_each(run);
            Ok(())
        })
    };
    let kept = clock.time(|_| {
        for i in 0..batch {
            std::hint::black_box(pseudo_mask_with_body(&of(i), &body, config));
        }
        Ok(())
    })?;
    let upsampled = each(&|s| {
        std::hint::black_box(upsample(&s.aggregated, side, side, config.upsample));
    })?;
    let cut = each(&|s| {
        let inside = s.upsampled.data.iter().zip(&body.data).filter(|(_, b)| **b != 0);
        let scores = inside.map(|(v, _)| *v).collect();
        std::hint::black_box(threshold(scores, config.threshold, config.quantile));
    })?;
    let smoothed = each(&|s| {
        std::hint::black_box(smooth(&s.binary, config));
    })?;
    let aggregated = clock.time(|_| {
        for i in 0..batch {
            std::hint::black_box(aggregate(&of(i)));
        }
        Ok(())
    })?;
    let share = body.fraction();
    Ok(vec![
        Row::new("pseudo-mask/batch", batch, whole).worked(worked).with("body_share", share),
        Row::new("pseudo-mask/one thread", batch, single),
        Row::new("pseudo-mask/all stages kept", batch, kept),
        Row::new("pseudo-mask/stage mean of heads", batch, aggregated),
        Row::new("pseudo-mask/stage upsample", batch, upsampled),
        Row::new("pseudo-mask/stage threshold", batch, cut),
        Row::new("pseudo-mask/stage smooth", batch, smoothed),
    ])
}
