//! The decoder's targets: pseudo masks made from this very pass, and the controls of Table 8.

use anyhow::{Context as _, Result};
use burn::tensor::{Device, Tensor, TensorData};
use g2d_core::{
    config::G2dConfig,
    pseudo_mask::{Attention, TargetMaker},
    raster::Mask,
};
use rayon::prelude::*;

use super::replica::Turn;
use crate::{config::MaskControl, data::batch::mix};

/// The pseudo masks of a part; no gradient flows through them.
///
/// # Shapes
/// - `attention`: `[batch, heads, h, w]`; output: `[batch, maps, side, side]` in [0, 1]
pub(super) fn pseudo_targets(
    attention: Tensor<4>,
    bodies: &[Mask],
    config: &G2dConfig,
    control: MaskControl,
    step: usize,
    device: &Device,
    turn: &Turn,
) -> Result<Tensor<4>> {
    let [batch, heads, side_h, side_w] = attention.dims();
    let (maps, side) = (config.decoder_maps(), config.image.input_size);
    let pixels = side * side;
    let mut data = vec![0f32; batch * maps * pixels];
    if control == MaskControl::FixedBlob {
        data = blob(side, 1.0 - config.pseudo_mask.quantile).repeat(batch * maps);
    } else {
        let attention = attention.detach().without_autodiff();
        // One mask of all heads, or one of each.
        let heads_each = heads / maps;
        turn.pause(|| {
            let values = attention.try_to_vec_as::<f32>().ok()?;
            data.par_chunks_mut(pixels)
                .zip(values.par_chunks_exact(heads_each * side_h * side_w))
                .enumerate()
                .for_each_init(TargetMaker::default, |maker, (row, (place, data))| {
                    let attention = Attention { heads: heads_each, side_h, side_w, data };
                    maker.write(&attention, &bodies[row / maps], &config.pseudo_mask, place);
                });
            Some(())
        })
        .context("The attention cannot be read from the device")?;
        exchange(&mut data, maps * pixels, control, step);
    }
    Ok(Tensor::from_data(TensorData::new(data, [batch, maps, side, side]), device))
}

/// Gives studies the masks of others.
fn exchange(data: &mut [f32], study: usize, control: MaskControl, step: usize) {
    let batch = data.len() / study.max(1);
    match control {
        // A rotation by less than the whole has no fixed point.
        MaskControl::Shuffled if batch > 1 => {
            let by = 1 + (mix(&[step as u64, 6]) % (batch as u64 - 1)) as usize;
            data.rotate_left(by * study);
        }
        MaskControl::SameForAll if batch > 1 => {
            let (first, others) = data.split_at_mut(study);
            others.chunks_exact_mut(study).for_each(|other| other.copy_from_slice(first));
        }
        _ => {}
    }
}

/// A disc in the middle that covers a share of the square.
fn blob(side: usize, share: f64) -> Vec<f32> {
    let middle = (side as f64 - 1.0) / 2.0;
    let radius2 = share * (side * side) as f64 / std::f64::consts::PI;
    (0..side * side)
        .map(|i| {
            let (dx, dy) = ((i % side) as f64 - middle, (i / side) as f64 - middle);
            f32::from(dx * dx + dy * dy <= radius2)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_masks_never_come_back_to_their_own_study() {
        for step in 0..50 {
            let mut data: Vec<f32> = (0..12).map(|i| (i / 2) as f32).collect();
            exchange(&mut data, 2, MaskControl::Shuffled, step);
            let mut seen: Vec<f32> = data.chunks(2).map(|c| c[0]).collect();
            assert!(seen.iter().enumerate().all(|(i, v)| *v != i as f32), "{seen:?}");
            seen.sort_by(f32::total_cmp);
            assert_eq!(seen, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        }
        let mut same = vec![1.0, 2.0, 3.0, 4.0];
        exchange(&mut same, 2, MaskControl::SameForAll, 0);
        assert_eq!(same, [1.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn the_blob_covers_its_share() {
        let share = blob(64, 0.15).iter().sum::<f32>() / (64.0 * 64.0);
        assert!((share - 0.15).abs() < 0.005, "{share}");
    }
}
