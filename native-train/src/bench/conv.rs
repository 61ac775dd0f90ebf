//! Are a device's convolution gradients right?
//!
//! The backward pass of convolutions on large maps is where GPU kernels have failed before, so the
//! first thing to do with a new device is to hold it against the CPU, on maps of 256 x 256.

use anyhow::{Context, Result};
use burn::{
    nn::{PaddingConfig2d, conv::Conv2dConfig},
    tensor::{Device, Tensor, TensorData},
};

use super::{Plan, clock::Clock, report::Row, step::wait};

/// Images, channels in, channels out, side of the map, kernel, stride.
type Case = [usize; 6];

/// The network's first layer, its first stage, the U-Net's last block, and a strided one.
const CASES: [Case; 4] =
    [[2, 3, 32, 256, 7, 2], [2, 16, 16, 256, 3, 1], [2, 32, 16, 256, 3, 1], [2, 16, 32, 256, 3, 2]];

/// The largest difference of a right result, as a share of the largest number: sums of 131,072
/// products in f32, in another order.
const TOLERANCE: f64 = 1e-4;
/// The same for bf16, which has 8 bits.
const COARSE: f64 = 3e-2;

/// Runs each case on the device and on the CPU.
///
/// # Errors
/// When a device fails, or there is no CPU back end in this build to compare with.
pub fn measure(plan: &Plan, coarse: bool) -> Result<Vec<Row>> {
    let (cpu, _) =
        crate::device::open("cpu").context("The gradients are compared with the CPU's")?;
    let tolerance = if coarse { COARSE } else { TOLERANCE };
    let few = Clock { warmup: 1, repeats: 3, ..plan.clock };
    CASES
        .iter()
        .map(|case| {
            let want = gradients(case, &cpu)?;
            let got = gradients(case, &plan.device)?;
            let worst = got.iter().zip(&want).map(|(a, b)| difference(a, b)).fold(0.0, f64::max);
            let time = few.time(|_| gradients(case, &plan.device).map(drop))?;
            let [n, from, to, side, kernel, stride] = case;
            let name = format!("conv/{from}->{to} k{kernel} s{stride} at {side}");
            Ok(Row::new(name, *n, time)
                .with("difference_from_cpu", worst)
                .with("right", worst <= tolerance))
        })
        .collect()
}

/// Gradients of a convolution's input and of its weights.
fn gradients(case: &Case, device: &Device) -> Result<[Vec<f32>; 2]> {
    let [n, from, to, side, kernel, stride] = *case;
    let device = device.clone().autodiff();
    let wave = |count: usize, step: f32| -> Vec<f32> {
        (0..count).map(|i| (i as f32 * step).sin()).collect()
    };
    let tensor = |shape: [usize; 4], step: f32| {
        let values = wave(shape.iter().product(), step);
        Tensor::<4>::from_data(TensorData::new(values, shape), &device)
    };
    let pad = kernel / 2;
    let conv = Conv2dConfig::new([from, to], [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
        .with_bias(false)
        .init(&device);
    let x = tensor([n, from, side, side], 0.37).require_grad();
    let weight = tensor([to, from, kernel, kernel], 0.73).require_grad();
    let mut conv = conv;
    conv.weight = burn::module::Param::from_tensor(weight);
    let weight = conv.weight.val();
    let y = conv.forward(x.clone());
    let [a, b, c, d] = y.dims();
    let loss = (y * tensor([a, b, c, d], 0.11)).sum();
    let grads = loss.backward();
    let read = |gradient: Option<Tensor<4>>| -> Result<Vec<f32>> {
        let gradient = gradient.context("A convolution gave no gradient")?;
        gradient.try_to_vec_as::<f32>().map_err(|e| anyhow::anyhow!("The device failed: {e:?}"))
    };
    let result = [read(x.grad(&grads))?, read(weight.grad(&grads))?];
    wait(&device)?;
    Ok(result)
}

/// The largest difference as a share of the largest number.
fn difference(got: &[f32], want: &[f32]) -> f64 {
    let largest = want.iter().fold(0.0f32, |m, v| m.max(v.abs())).max(f32::MIN_POSITIVE);
    let pairs = got.iter().zip(want);
    // What is not a number is wrong, and `max` would drop it.
    let worst = pairs.fold(0.0f64, |worst, (a, b)| {
        let apart = f64::from((a - b).abs());
        if apart.is_nan() { f64::INFINITY } else { worst.max(apart) }
    });
    if got.len() == want.len() { worst / f64::from(largest) } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_gradient_is_seen() {
        assert_eq!(difference(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(difference(&[1.0, 1.0], &[1.0, 2.0]), 0.5);
        assert_eq!(difference(&[f32::NAN, 2.0], &[1.0, 2.0]), f64::INFINITY);
        assert_eq!(difference(&[1.0], &[1.0, 2.0]), f64::INFINITY);
    }
}
