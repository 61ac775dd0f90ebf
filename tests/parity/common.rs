//! Devices, inputs and comparison.

use std::sync::OnceLock;

use burn::tensor::{Device, Int, Tensor, TensorData};
use g2d_core::{
    config::{BertConfig, G2dConfig, LocalHeadConfig, ResNetConfig},
    model::G2d,
    weights::load_tensors,
};
use g2d_tests::weights::{Fixture, Named, parity_text, safetensors_bytes, state_dict};

/// Relative to the largest value of the tensor, f32 on the CPU.
pub const CPU: f32 = 1e-4;
/// The same on wgpu, whose adapters round differently.
pub const GPU: f32 = 1e-3;
/// Gradients pass every layer twice.
pub const GRADIENT: f32 = 1e-3;

/// A device and the tolerance of a forward pass on it.
pub struct Bench {
    pub device: Device,
    pub tolerance: f32,
}

pub fn cpu() -> Bench {
    Bench { device: Device::flex(), tolerance: CPU }
}

/// The wgpu device; none, with a line that says so, where no adapter answers.
///
/// `G2D_REQUIRE_WGPU=1` turns the skip into a failure.
pub fn wgpu() -> Option<Bench> {
    static DEVICE: OnceLock<Option<Device>> = OnceLock::new();
    let device = DEVICE.get_or_init(|| match Device::wgpu_options().init() {
        Ok(device) => Some(device),
        Err(error) => {
            assert!(std::env::var_os("G2D_REQUIRE_WGPU").is_none(), "no wgpu adapter: {error}");
            eprintln!("SKIPPED on wgpu: no adapter answers ({error})");
            None
        }
    });
    device.clone().map(|device| Bench { device, tolerance: GPU })
}

pub fn floats<const D: usize>(
    (shape, values): (Vec<usize>, Vec<f32>),
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

pub fn ints<const D: usize>(
    (shape, values): (Vec<usize>, Vec<i32>),
    device: &Device,
) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A stored token mask as numbers.
pub fn mask(fixture: &Fixture, key: &str, device: &Device) -> Tensor<2> {
    let (shape, values) = fixture.ints(key);
    floats((shape, values.into_iter().map(|v| v as f32).collect()), device)
}

/// Fails when a tensor is farther from PyTorch's than `tolerance`.
pub fn check<const D: usize>(fixture: &Fixture, key: &str, tensor: Tensor<D>, tolerance: f32) {
    let shape = tensor.dims();
    let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
    let error = fixture.error(key, &shape, &values);
    println!("{key}: {error:.2e}");
    assert!(error <= tolerance, "{key}: off by {error:.2e} of its scale, allowed {tolerance:.0e}");
}

/// The paper's model at 96 px (3 x 3 places), so that its pool is not trivial.
pub fn base() -> G2dConfig {
    let mut config = G2dConfig::base();
    config.image.input_size = 96;
    config.text.dropout = 0.0;
    config.text.frozen_layers = 0;
    config
}

/// Every part, small enough to differentiate quickly.
pub fn small() -> G2dConfig {
    let mut config = G2dConfig::base();
    config.image.input_size = 64;
    config.encoder = ResNetConfig { depth: 18, width: 64 };
    config.local = Some(LocalHeadConfig::on(&[3]));
    config.text = BertConfig {
        vocab_size: 200,
        hidden_size: 128,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 512,
        max_position_embeddings: 64,
        frozen_layers: 0,
        dropout: 0.0,
        max_tokens: 64,
        ..config.text
    };
    config
}

/// A model with the weights of a list of names.
pub fn model(config: &G2dConfig, shapes: &str, device: &Device) -> G2d {
    let mut model = G2d::new(config, device).unwrap();
    let bytes = safetensors_bytes(&state_dict(&parity_text(shapes)));
    load_tensors(&mut model, &[&bytes]).unwrap();
    model
}

/// The tensors of one part, with the part's own name taken off.
pub fn part(shapes: &str, prefix: &str) -> Vec<u8> {
    let mut tensors: Vec<Named> =
        g2d_tests::weights::state_dict_of(&parity_text(shapes), &[prefix]);
    for tensor in &mut tensors {
        tensor.0 = tensor.0[prefix.len()..].to_owned();
    }
    safetensors_bytes(&tensors)
}
