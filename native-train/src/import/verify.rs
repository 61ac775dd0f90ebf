//! Is what was written what was read? The folder is loaded again as a training loads it.

use std::path::Path;

use burn::{
    module::Module as _,
    tensor::{Device, Int, Tensor},
};
use g2d_core::{Error, Result, weights::load_tensors};

use super::{StartBundle, network::Plan, state_dict::StateDict};

/// Side of the film of the forward pass: the smallest that five halvings allow with two places.
const SIDE: usize = 64;

/// Loads the folder into the core's modules, compares every tensor with the source bit by bit,
/// and lets the network compute once.
///
/// # Errors
/// `G2D-B40` when a tensor differs, `G2D-W38` when the network's output is not finite, else when
/// the folder cannot be loaded.
pub fn check(
    folder: &Path,
    mut plan: Plan,
    dict: &StateDict,
    device: &Device,
) -> anyhow::Result<()> {
    let start = StartBundle::read(folder)?;
    load_tensors(&mut plan.encoder, &[&start.weights])?;
    drop(start.weights);
    let mut seen = 0;
    for (ours, bytes) in plan.encoder.tensors() {
        if !plan.copies.contains_key(&ours) || bytes? != plan.floats(dict, &ours)?.1 {
            return Err(differs(&ours).into());
        }
        seen += 1;
    }
    if seen != plan.copies.len() {
        return Err(differs("the number of tensors").into());
    }
    Ok(computes(plan, device)?)
}

fn differs(what: &str) -> Error {
    Error::bug("G2D-B40", format!("The weights that were written are not those read: {what}"))
}

/// One forward pass in evaluation mode.
fn computes(plan: Plan, device: &Device) -> Result<()> {
    let encoder = plan.encoder.valid();
    let mut largest: Vec<f32> = Vec::new();
    if let Some(net) = encoder.as_image() {
        // A ramp: every place another value, all within the range of a normalised film.
        let count = 3 * SIDE * SIDE;
        let film = Tensor::<1, Int>::arange(0..count as i64, device).float() / count as f64;
        let maps = net.forward(film.reshape([1, 3, SIDE, SIDE]));
        largest.extend(maps.into_iter().map(|map| map.abs().max().into_scalar::<f32>()));
    }
    if let Some(net) = encoder.as_text() {
        let words = plan.config.pointer("/text/vocab_size").and_then(serde_json::Value::as_i64);
        let positions = plan
            .config
            .pointer("/text/max_position_embeddings")
            .and_then(serde_json::Value::as_i64);
        let tokens = words.unwrap_or(1).min(positions.unwrap_or(1)).clamp(1, 8);
        let ids = Tensor::<1, Int>::arange(0..tokens, device).unsqueeze::<2>();
        let mask = Tensor::ones([1, tokens as usize], device);
        largest.push(net.forward(ids, mask).abs().max().into_scalar::<f32>());
    }
    if largest.is_empty() || !largest.iter().all(|v| v.is_finite()) {
        return Err(Error::weights(
            "G2D-W38",
            "The network computes numbers that are not finite",
            "Use weights of a training that did not diverge",
        ));
    }
    Ok(())
}
