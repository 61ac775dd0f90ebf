//! A model's tensors from safetensors bytes and back.

use burn::store::{
    BurnToPyTorchAdapter, KeyRemapper, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore,
};
use half::{bf16, f16};
use safetensors::{SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::keymap::{FROM_HUGGING_FACE, FROM_PYTORCH};
use crate::{
    error::{Error, Result},
    model::G2d,
};

/// Number format of stored weights; computation is in f32 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dtype {
    /// Four bytes a number.
    F32,
    /// Two bytes a number, rounded to nearest.
    F16,
}

/// Name, shape and little-endian bytes of one tensor.
type Stored = (String, Vec<usize>, Vec<u8>);

fn unreadable(detail: impl std::fmt::Display) -> Error {
    Error::weights(
        "G2D-W10",
        format!("The weights cannot be read: {detail}"),
        "Get the bundle again, or export it again",
    )
}

/// Widens every f16 or bf16 tensor, since a device may not hold such parameters.
fn widen(bytes: &[u8]) -> Result<Vec<u8>> {
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    if file.iter().all(|(_, view)| view.dtype() == safetensors::Dtype::F32) {
        return Ok(bytes.to_vec());
    }
    serialise(&widened(&file)?)
}

/// Every tensor of numbers in f32.
fn widened(file: &SafeTensors) -> Result<Vec<Stored>> {
    let mut widened = Vec::new();
    for (name, view) in file.tensors() {
        let data: Vec<u8> = match view.dtype() {
            safetensors::Dtype::F32 => view.data().to_vec(),
            safetensors::Dtype::F16 => view
                .data()
                .chunks_exact(2)
                .flat_map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32().to_le_bytes())
                .collect(),
            safetensors::Dtype::BF16 => view
                .data()
                .chunks_exact(2)
                .flat_map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32().to_le_bytes())
                .collect(),
            // Counters of batches and the like; the model has no place for them.
            safetensors::Dtype::I64 => continue,
            other => {
                return Err(Error::weights(
                    "G2D-W11",
                    format!("A tensor is stored as {other:?}"),
                    "Export the weights as f32, f16 or bf16",
                ));
            }
        };
        widened.push((name, view.shape().to_vec(), data));
    }
    Ok(widened)
}

/// One safetensors file of f32 from several of any format: the shards of a bundle as a start for
/// training.
///
/// # Errors
/// When bytes are not safetensors, or a tensor is in two of them.
pub fn join_shards(shards: &[&[u8]]) -> Result<Vec<u8>> {
    if let [only] = shards {
        return widen(only);
    }
    let mut all: Vec<Stored> = Vec::new();
    for shard in shards {
        for tensor in widened(&SafeTensors::deserialize(shard).map_err(unreadable)?)? {
            if all.iter().any(|(name, ..)| *name == tensor.0) {
                return Err(unreadable(format!("{} is in two of the shards", tensor.0)));
            }
            all.push(tensor);
        }
    }
    serialise(&all)
}

/// Names, shapes and little-endian f32 bytes as a safetensors file.
fn serialise(tensors: &[Stored]) -> Result<Vec<u8>> {
    let views = tensors
        .iter()
        .map(|(name, shape, data)| {
            let view = TensorView::new(safetensors::Dtype::F32, shape.clone(), data);
            view.map(|view| (name.as_str(), view)).map_err(unreadable)
        })
        .collect::<Result<Vec<_>>>()?;
    safetensors::serialize(views, None).map_err(unreadable)
}

/// Puts the weights of one or more safetensors files into a model, or into one of its parts.
///
/// Shards are loaded one after the other, so no more than one is held twice.
///
/// # Errors
/// When bytes are not safetensors, a shape differs, or a parameter of the model is in none of the
/// files (the first few are named).
pub fn load_tensors<M: ModuleSnapshot>(model: &mut M, shards: &[&[u8]]) -> Result<()> {
    let (missing, misfit) = apply(model, shards)?;
    if let Some(misfit) = misfit.first() {
        return Err(Error::weights(
            "G2D-W12",
            format!("The weights do not fit the configuration: {misfit}"),
            "Use the config.json that belongs to these weights",
        ));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let named = missing.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    Err(Error::weights(
        "G2D-W13",
        format!("{} parameters are in none of the weight files: {named}", missing.len()),
        "Add the missing shards, or use the config.json that belongs to these weights",
    ))
}

/// The same as a start for training: parameters that are in none of the files, or have another
/// shape there, keep their values. Gives back how many did.
///
/// # Errors
/// When bytes are not safetensors.
pub fn load_what_fits<M: ModuleSnapshot>(model: &mut M, shards: &[&[u8]]) -> Result<usize> {
    let (missing, misfit) = apply(model, shards)?;
    Ok(missing.len() + misfit.len())
}

/// Names that no file had, and descriptions of what did not fit.
fn apply<M: ModuleSnapshot>(model: &mut M, shards: &[&[u8]]) -> Result<(Vec<String>, Vec<String>)> {
    let mut missing: Option<Vec<String>> = None;
    let mut misfit = Vec::new();
    for shard in shards {
        let mut remap = KeyRemapper::new();
        for (pattern, replacement) in FROM_PYTORCH.iter().chain(&FROM_HUGGING_FACE) {
            remap = remap
                .add_pattern(*pattern, *replacement)
                .map_err(|e| Error::bug("G2D-B10", format!("A name rule is broken: {e}")))?;
        }
        let mut store = SafetensorsStore::from_bytes(Some(widen(shard)?))
            .with_from_adapter(PyTorchToBurnAdapter)
            .remap(remap)
            .validate(false)
            .allow_partial(true);
        let result = model.load_from(&mut store).map_err(unreadable)?;
        misfit.extend(result.errors.iter().map(ToString::to_string));
        let still: Vec<String> = result.missing.iter().map(|(name, _)| name.clone()).collect();
        missing = Some(match missing {
            Some(before) => before.into_iter().filter(|n| still.contains(n)).collect(),
            None => still,
        });
    }
    Ok((missing.unwrap_or_default(), misfit))
}

/// A model's tensors as safetensors files of at most `shard_bytes` each, in name order.
///
/// # Errors
/// When the device cannot be read, a number is not finite, or does not fit f16.
pub fn save_tensors(model: &G2d, dtype: Dtype, shard_bytes: usize) -> Result<Vec<Vec<u8>>> {
    let mut store = SafetensorsStore::from_bytes(None).with_to_adapter(BurnToPyTorchAdapter);
    model.save_into(&mut store).map_err(unreadable)?;
    let all = store.get_bytes().map_err(unreadable)?;
    let file = SafeTensors::deserialize(&all).map_err(unreadable)?;
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));

    let mut shards: Vec<Vec<Stored>> = vec![Vec::new()];
    let mut filled = 0;
    for (name, view) in tensors {
        let data = encode(&name, view.data(), dtype)?;
        if filled > 0 && filled + data.len() > shard_bytes {
            shards.push(Vec::new());
            filled = 0;
        }
        filled += data.len();
        if let Some(shard) = shards.last_mut() {
            shard.push((name, view.shape().to_vec(), data));
        }
    }
    let stored = match dtype {
        Dtype::F32 => safetensors::Dtype::F32,
        Dtype::F16 => safetensors::Dtype::F16,
    };
    shards
        .iter()
        .map(|shard| {
            let views = shard
                .iter()
                .map(|(name, shape, data)| {
                    let view = TensorView::new(stored, shape.clone(), data).map_err(unreadable)?;
                    Ok((name.as_str(), view))
                })
                .collect::<Result<Vec<_>>>()?;
            safetensors::serialize(views, None).map_err(unreadable)
        })
        .collect()
}

fn encode(name: &str, f32_bytes: &[u8], dtype: Dtype) -> Result<Vec<u8>> {
    let mut data = Vec::with_capacity(f32_bytes.len());
    for b in f32_bytes.chunks_exact(4) {
        let value = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let finite = match dtype {
            Dtype::F32 => {
                data.extend_from_slice(b);
                value.is_finite()
            }
            Dtype::F16 => {
                let half = f16::from_f32(value);
                data.extend_from_slice(&half.to_le_bytes());
                half.is_finite()
            }
        };
        if !finite {
            return Err(Error::weights(
                "G2D-W14",
                format!("{name} holds a number that is not finite or does not fit"),
                "Export an earlier checkpoint, or use f32",
            ));
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dtype: safetensors::Dtype, name: &str, data: &[u8]) -> Vec<u8> {
        let shape = vec![data.len() * 8 / dtype.bitsize()];
        let view = TensorView::new(dtype, shape, data).unwrap();
        safetensors::serialize([(name, view)], None).unwrap()
    }

    fn values(bytes: &[u8], name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(bytes).unwrap();
        let words = file.tensor(name).unwrap().data().chunks_exact(4);
        words.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    #[test]
    fn shards_of_any_format_become_one_file_of_f32() {
        let whole = file(safetensors::Dtype::F32, "a", &1.5f32.to_le_bytes());
        let half = file(safetensors::Dtype::F16, "b", &f16::from_f32(-2.0).to_le_bytes());
        let brain = file(safetensors::Dtype::BF16, "c", &bf16::from_f32(3.0).to_le_bytes());
        let joined = join_shards(&[&whole, &half, &brain]).unwrap();
        assert_eq!(values(&joined, "a"), [1.5]);
        assert_eq!(values(&joined, "b"), [-2.0]);
        assert_eq!(values(&joined, "c"), [3.0]);
        assert_eq!(join_shards(&[&whole]).unwrap(), whole);
        assert_eq!(values(&join_shards(&[&half]).unwrap(), "b"), [-2.0]);
        assert_eq!(join_shards(&[&whole, &whole]).unwrap_err().code(), "G2D-W10");
        let bytes = file(safetensors::Dtype::U8, "d", &[1]);
        assert_eq!(join_shards(&[&bytes]).unwrap_err().code(), "G2D-W11");
    }
}
