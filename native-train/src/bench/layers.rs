//! One layer at a time: where a training step's time goes, and what a device is bad at.

use std::time::Instant;

use anyhow::{Context, Result};
use burn::{
    module::Module as _,
    nn::{
        BatchNormConfig, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
    },
    tensor::{Device, Tensor, activation::relu},
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
    let pad = kernel / 2;
    let conv = Conv2dConfig::new([from, to], [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
        .with_bias(false)
        .init(device);
    let out = side / stride;
    let products = (2 * batch * out * out * from * to * kernel * kernel) as f64;
    let name = format!("{from}->{to} k{kernel} s{stride} at {side}");
    let frozen: Conv2d = conv.clone().no_grad();
    let still = random([batch, from, side, side], device, false);
    let forward = clock.time(|_| finish(&frozen.forward(still.clone()), device))?;
    let inputs = backward(clock, device, || {
        frozen.forward(random([batch, from, side, side], device, true))
    })?;
    let weights = backward(clock, device, || conv.forward(still.clone()))?;
    let row = |what: &str, spread: Spread| {
        let rate = products / spread.median.max(1e-6) / 1e6;
        Row::new(format!("layer/{name} {what}"), batch, spread).with("gflops", rate)
    };
    let forward = row("forward", forward);
    Ok(vec![forward, row("to input", inputs), row("to weights", weights)])
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
