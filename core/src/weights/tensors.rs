//! A model's tensors from safetensors bytes and back.

use burn::store::{
    BurnToPyTorchAdapter, KeyRemapper, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore,
};
use half::{bf16, f16};
use safetensors::{SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{
    Branch, int8,
    keymap::{FROM_HUGGING_FACE, FROM_PYTORCH},
};
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
    /// One byte a number of a matrix, kernel or table, with an f32 scale for each of its output
    /// channels or rows (`NAME.scale`); vectors are f32.
    Int8,
}

/// One tensor, little-endian.
#[derive(Debug)]
struct Stored {
    name: String,
    dtype: safetensors::Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl Stored {
    fn f32(name: String, shape: Vec<usize>, data: Vec<u8>) -> Self {
        Self { name, dtype: safetensors::Dtype::F32, shape, data }
    }
}

fn unreadable(detail: impl std::fmt::Display) -> Error {
    Error::weights(
        "G2D-W10",
        format!("The weights cannot be read: {detail}"),
        "Get the bundle again, or export it again",
    )
}

/// Widens every f16, bf16 or int8 tensor, since a device may not hold such parameters.
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
    let bytes_of =
        |name: &str| file.tensor(name).is_ok_and(|v| v.dtype() == safetensors::Dtype::I8);
    for (name, view) in file.tensors() {
        if name.strip_suffix(int8::SCALE).is_some_and(bytes_of) {
            continue;
        }
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
            safetensors::Dtype::I8 => {
                let scale = file.tensor(&format!("{name}{}", int8::SCALE));
                let scale = scale.ok().filter(|s| s.dtype() == safetensors::Dtype::F32);
                let wide = scale
                    .filter(|s| s.shape() == &view.shape()[..view.shape().len().min(1)])
                    .and_then(|s| int8::widen(view.data(), s.data()));
                wide.ok_or_else(|| unreadable(format!("{name} has no scales that fit it")))?
            }
            // Counters of batches and the like; the model has no place for them.
            safetensors::Dtype::I64 => continue,
            other => {
                return Err(Error::weights(
                    "G2D-W11",
                    format!("A tensor is stored as {other:?}"),
                    "Export the weights as f32, f16, bf16 or int8",
                ));
            }
        };
        widened.push(Stored::f32(name, view.shape().to_vec(), data));
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
            if all.iter().any(|other| other.name == tensor.name) {
                return Err(unreadable(format!("{} is in two of the shards", tensor.name)));
            }
            all.push(tensor);
        }
    }
    serialise(&all)
}

/// A safetensors file.
fn serialise(tensors: &[Stored]) -> Result<Vec<u8>> {
    let views = tensors
        .iter()
        .map(|t| {
            let view = TensorView::new(t.dtype, t.shape.clone(), &t.data);
            view.map(|view| (t.name.as_str(), view)).map_err(unreadable)
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
    load_all_but(model, shards, |_| false)
}

/// The same for one branch of a model, whose other branch keeps its weights: a film can be
/// encoded before the text branch has arrived.
///
/// # Errors
/// As [`load_tensors`], where only parameters of this branch have to be there.
pub fn load_branch(model: &mut G2d, branch: Branch, shards: &[&[u8]]) -> Result<()> {
    load_all_but(model, shards, |name| Branch::of_tensor(name) != branch)
}

fn load_all_but<M: ModuleSnapshot>(
    model: &mut M,
    shards: &[&[u8]],
    may_miss: impl Fn(&str) -> bool,
) -> Result<()> {
    let (mut missing, misfit) = apply(model, shards)?;
    missing.retain(|name| !may_miss(name));
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
    collect(model, dtype, shard_bytes, |_| true)
}

/// The same, each branch in files of its own, the image branch first.
///
/// # Errors
/// As [`save_tensors`].
pub fn save_branches(
    model: &G2d,
    dtype: Dtype,
    shard_bytes: usize,
) -> Result<Vec<(Branch, Vec<u8>)>> {
    let mut files = Vec::new();
    for branch in Branch::ALL {
        let shards = collect(model, dtype, shard_bytes, |name| Branch::of_tensor(name) == branch)?;
        files.extend(shards.into_iter().map(|bytes| (branch, bytes)));
    }
    Ok(files)
}

fn collect(
    model: &G2d,
    dtype: Dtype,
    shard_bytes: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Vec<u8>>> {
    let mut store = SafetensorsStore::from_bytes(None).with_to_adapter(BurnToPyTorchAdapter);
    model.save_into(&mut store).map_err(unreadable)?;
    let all = store.get_bytes().map_err(unreadable)?;
    let file = SafeTensors::deserialize(&all).map_err(unreadable)?;
    let mut tensors = file.tensors();
    tensors.retain(|(name, _)| wanted(name));
    tensors.sort_by(|a, b| a.0.cmp(&b.0));

    let mut shards: Vec<Vec<Stored>> = vec![Vec::new()];
    let mut filled = 0;
    for (name, view) in tensors {
        // A tensor and its scales stay together.
        let stored = encode(name, view.shape(), view.data(), dtype)?;
        let bytes: usize = stored.iter().map(|t| t.data.len()).sum();
        if filled > 0 && filled + bytes > shard_bytes {
            shards.push(Vec::new());
            filled = 0;
        }
        filled += bytes;
        if let Some(shard) = shards.last_mut() {
            shard.extend(stored);
        }
    }
    shards.iter().map(|shard| serialise(shard)).collect()
}

/// One tensor of f32 as it is stored: itself, or bytes and scales.
fn encode(name: String, shape: &[usize], bytes: &[u8], dtype: Dtype) -> Result<Vec<Stored>> {
    let values: Vec<f32> =
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let largest = if dtype == Dtype::F16 { f16::MAX.to_f32() } else { f32::MAX };
    // Not `any(above)`: a NaN is above nothing.
    if !values.iter().all(|v| v.abs() <= largest) {
        return Err(Error::weights(
            "G2D-W14",
            format!("{name} holds a number that is not finite or does not fit"),
            "Export an earlier checkpoint, or use f32",
        ));
    }
    let shape = shape.to_vec();
    Ok(match (dtype, int8::row_length(&shape)) {
        (Dtype::F16, _) => {
            let data = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
            vec![Stored { name, dtype: safetensors::Dtype::F16, shape, data }]
        }
        (Dtype::Int8, Some(row)) => {
            let (data, scales) = int8::quantise(&values, row);
            let scale =
                Stored::f32(format!("{name}{}", int8::SCALE), vec![scales.len() / 4], scales);
            vec![Stored { name, dtype: safetensors::Dtype::I8, shape, data }, scale]
        }
        (Dtype::F32 | Dtype::Int8, _) => vec![Stored::f32(name, shape, bytes.to_vec())],
    })
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

    #[test]
    fn bytes_and_scales_become_f32_and_scales_alone_stay() {
        let rows: Vec<f32> = (0..32).map(|i| i as f32 - 8.0).collect();
        let bytes: Vec<u8> = rows.iter().flat_map(|v| v.to_le_bytes()).collect();
        let stored = encode("a.weight".into(), &[2, 16], &bytes, Dtype::Int8).unwrap();
        let names: Vec<&str> = stored.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["a.weight", "a.weight.scale"]);
        let one = file(safetensors::Dtype::F32, "b.scale", &1.5f32.to_le_bytes());
        let joined = join_shards(&[&serialise(&stored).unwrap(), &one]).unwrap();
        let wide = values(&joined, "a.weight");
        assert!(wide.iter().zip(&rows).all(|(a, b)| (a - b).abs() <= 0.1), "{wide:?}");
        assert_eq!(SafeTensors::deserialize(&joined).unwrap().len(), 2);
        assert_eq!(values(&joined, "b.scale"), [1.5]);
        let lonely = join_shards(&[&serialise(&stored[..1]).unwrap()]).unwrap_err();
        assert!(lonely.to_string().contains("a.weight has no scales"), "{lonely}");
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused_in_every_format() {
        let bytes = |v: f32| v.to_le_bytes().repeat(32);
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
            let code = |v| encode("a".into(), &[2, 16], &bytes(v), dtype).map_err(|e| e.code());
            assert_eq!(code(f32::NAN).unwrap_err(), "G2D-W14", "{dtype:?}");
            assert_eq!(code(f32::INFINITY).unwrap_err(), "G2D-W14", "{dtype:?}");
            assert_eq!(code(1e6).is_err(), dtype == Dtype::F16, "{dtype:?}");
        }
    }
}
