//! One layer at a time: where a training step's time goes, and what a device is bad at.

use std::time::Instant;

use anyhow::{Context, Result};
use burn::{
    nn::BatchNormConfig,
    tensor::{
        Device, Tensor,
        activation::relu,
        module::{conv_transpose2d, conv2d, conv2d_weight_backward},
        ops::{ConvOptions, ConvTransposeOptions},
    },
};
use g2d_core::config::G2dConfig;

use super::{
    Plan,
    clock::{Clock, Spread, milliseconds},
    report::Row,
    step::wait,
};

/// Channels in and out, side of the input, kernel, stride.
type Shape = [usize; 5];

/// The different convolutions of a model's encoder and decoder, without the pointwise ones.
fn shapes(model: &G2dConfig) -> Vec<Shape> {
    let size = model.image.input_size;
    let channels = model.encoder.channels();
    let e = model.encoder.expansion();
    let mut all = vec![[3, channels[1], size, 7, 2]];
    all.extend((2..6).map(|k| [channels[k] / e, channels[k] / e, size >> k, 3, 1]));
    let mut from = channels[5];
    for (i, &to) in model.decoder_channels.iter().enumerate() {
        let skip = if i < 4 { channels[4 - i] } else { 0 };
        all.push([from + skip, to, size >> (4 - i), 3, 1]);
        all.push([to, to, size >> (4 - i), 3, 1]);
        from = to;
    }
    all.dedup();
    all
}

/// Measures.
///
/// # Errors
/// When the configuration cannot run or the device fails.
pub fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let model = plan.config.model_config(1)?;
    let batch = plan.config.batch_size;
    let device = plan.device.clone().autodiff();
    let mut rows = Vec::new();
    for shape in shapes(&model) {
        rows.extend(convolution(&plan.clock, batch, &shape, &device)?);
    }
    let (width, side) = (model.decoder_channels[4], model.image.input_size);
    let norm = BatchNormConfig::new(width).init(&device);
    rows.extend(layer(&plan.clock, "batch norm", [batch, width, side, side], &device, |x| {
        norm.forward(x)
    })?);
    rows.extend(layer(&plan.clock, "relu", [batch, width, side, side], &device, relu)?);
    Ok(rows)
}

/// Random numbers; a gradient is asked for where `trained`.
fn random(shape: [usize; 4], device: &Device, trained: bool) -> Tensor<4> {
    let x = Tensor::random(shape, burn::tensor::Distribution::Normal(0.0, 1.0), device);
    if trained { x.require_grad() } else { x }
}

fn convolution(
    clock: &Clock,
    batch: usize,
    &[from, to, side, kernel, stride]: &Shape,
    device: &Device,
) -> Result<Vec<Row>> {
    // The operations that the backward pass of a convolution calls, without the graph around them.
    let device = &device.clone().inner();
    let (pad, out) = (kernel / 2, side / stride);
    let options = || ConvOptions::new([stride; 2], [pad; 2], [1; 2], 1);
    let x = random([batch, from, side, side], device, false);
    let weight = random([to, from, kernel, kernel], device, false);
    let gradient = random([batch, to, out, out], device, false);

    let forward = clock
        .time_and_work(|_| finish(&conv2d(x.clone(), weight.clone(), None, options()), device))?;
    let to_input = clock.time_and_work(|_| {
        // An even side leaves one row that a stride of 2 did not reach.
        let rest = [stride - 1; 2];
        let options = ConvTransposeOptions::new([stride; 2], [pad; 2], rest, [1; 2], 1);
        finish(&conv_transpose2d(gradient.clone(), weight.clone(), None, options), device)
    })?;
    let to_weights = clock.time_and_work(|_| {
        let gradient = gradient.clone();
        finish(&conv2d_weight_backward(x.clone(), weight.clone(), gradient, options()), device)
    })?;
    let products = (2 * batch * out * out * from * to * kernel * kernel) as f64;
    let row = |what: &str, (spread, worked): (Spread, Option<f64>)| {
        let rate = products / spread.median.max(1e-6) / 1e6;
        let name = format!("layer/{from}->{to} k{kernel} s{stride} at {side} {what}");
        Row::new(name, batch, spread).with("gflops", rate).worked(worked)
    };
    Ok(vec![row("forward", forward), row("to input", to_input), row("to weights", to_weights)])
}

fn layer(
    clock: &Clock,
    what: &str,
    shape: [usize; 4],
    device: &Device,
    run: impl Fn(Tensor<4>) -> Tensor<4>,
) -> Result<Vec<Row>> {
    let still = random(shape, device, false);
    let forward = clock.time(|_| finish(&run(still.clone()), device))?;
    let gradient = backward(clock, device, || run(random(shape, device, true)))?;
    let name = format!("layer/{what} {} at {}", shape[1], shape[2]);
    Ok(vec![
        Row::new(format!("{name} forward"), shape[0], forward),
        Row::new(format!("{name} to input"), shape[0], gradient),
    ])
}

/// Times the backward pass alone.
fn backward(clock: &Clock, device: &Device, run: impl Fn() -> Tensor<4>) -> Result<Spread> {
    let times = clock.collect(|_| {
        let y = run();
        // Not a plain sum: its gradient would be one number repeated without memory of its own.
        let loss = (y * random_like(device)).sum();
        finish(&loss.clone().unsqueeze::<4>(), device)?;
        let began = Instant::now();
        let grads = loss.backward();
        wait(device)?;
        let passed = milliseconds(began);
        drop(grads);
        Ok(passed)
    })?;
    Ok(Spread::of(times))
}

/// One number that a compiler or a fusing back end cannot know.
fn random_like(device: &Device) -> Tensor<4> {
    random([1, 1, 1, 1], device, false)
}

/// Waits for a result: reads one number of it, since some back ends only queue their work.
fn finish(x: &Tensor<4>, device: &Device) -> Result<()> {
    let first = x.clone().inner().slice([0..1, 0..1, 0..1, 0..1]);
    first.try_into_scalar::<f32>().context("The device failed")?;
    wait(device)
}
