//! Weights and inputs made from names alone, and the stored results that belong to them.
//!
//! `fixtures/make_parity.py` runs PyTorch's own modules on the same numbers, bit for bit, so a
//! model of 140 million parameters needs no more than the list of their names, shapes and kinds.

use std::{collections::BTreeMap, path::PathBuf};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value;

/// Name, shape and values of one tensor.
pub type Named = (String, Vec<usize>, Vec<f32>);

/// FNV-1a, 64 bits, over the UTF-8 bytes.
fn fnv1a64(name: &str) -> u64 {
    let step = |h: u64, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    name.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The values of one tensor: SplitMix64 seeded with the name's hash, top 24 bits as u in [0, 1),
/// then at most two roundings to f32 as `kind` says, in the order of the Python script.
///
/// # Panics
/// For a kind that the script does not know.
pub fn tensor(name: &str, shape: &[usize], kind: &str) -> Vec<f32> {
    let fan_in: usize = shape.iter().skip(1).product();
    let bound = |gain: f64| (gain / fan_in as f64).sqrt() as f32;
    type Rule = fn(f32, f32) -> f32;
    let centred: Rule = |u, a| (2.0 * u - 1.0) * a;
    let (rule, a): (Rule, f32) = match kind {
        "weight" => (centred, bound(3.0)),
        "weight_relu" => (centred, bound(6.0)),
        "embedding" | "bias" => (centred, 0.05),
        "norm_bias" | "running_mean" | "position" => (centred, 0.1),
        "image" => (centred, 2.0),
        "norm_weight" | "running_var" => (|u, _| 0.75 + 0.5 * u, 1.0),
        "norm_weight_branch" => (|u, a| a * (0.75 + 0.5 * u), 0.3),
        "norm_weight_open" => (|u, _| 0.5 + 0.25 * u, 1.0),
        "norm_bias_open" => (|u, _| if u < 0.25 { -(2.0 + u) } else { 2.0 + u }, 1.0),
        "norm_bias_branch" => (|u, a| a * (2.0 + u), 0.3),
        "unit" => (|u, _| u, 1.0),
        other => panic!("{name} has the unknown kind {other:?}"),
    };
    let seed = fnv1a64(name);
    (1..=shape.iter().product::<usize>() as u64)
        .map(|i| mix(seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15))))
        .map(|z| rule((z >> 40) as f32 / 16_777_216.0, a))
        .collect()
}

/// Every tensor of a list `[[name, shape, kind], …]`, as `shapes_*.json` holds it.
///
/// # Panics
/// When the text is not such a list.
pub fn state_dict(json: &str) -> Vec<Named> {
    state_dict_of(json, &[""])
}

/// The tensors whose names begin with one of `prefixes`: a part of the model.
///
/// # Panics
/// When the text is not such a list.
pub fn state_dict_of(json: &str, prefixes: &[&str]) -> Vec<Named> {
    let list: Vec<(String, Vec<usize>, String)> =
        serde_json::from_str(json).unwrap_or_else(|e| panic!("not a list of shapes: {e}"));
    list.into_iter()
        .filter(|(name, ..)| prefixes.iter().any(|p| name.starts_with(p)))
        .map(|(name, shape, kind)| {
            let values = tensor(&name, &shape, &kind);
            (name, shape, values)
        })
        .collect()
}

/// The tensors as a safetensors file in memory, f32, under PyTorch's names.
///
/// # Panics
/// When a shape does not fit its values.
pub fn safetensors_bytes(tensors: &[Named]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(.., v)| v.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), data)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).unwrap_or_else(|e| panic!("safetensors: {e}"))
}

/// The text of a file in `fixtures/parity`.
///
/// # Panics
/// When there is no such file.
pub fn parity_text(file: &str) -> String {
    String::from_utf8_lossy(&parity_bytes(file)).into_owned()
}

fn parity_bytes(file: &str) -> Vec<u8> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/parity")).join(file);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What PyTorch made of the named inputs: one file of `fixtures/parity` with its entry in the index.
#[derive(Debug)]
pub struct Fixture {
    inputs: Vec<(String, Vec<usize>, String)>,
    tensors: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Stored {
    /// Of the whole tensor; only every `stride`-th number of it is stored.
    shape: Vec<usize>,
    stride: usize,
    /// Largest absolute value of the whole tensor: the scale that errors are relative to.
    max_abs: f32,
    /// The rows of the first dimension that count, where not all do.
    rows: Option<Vec<usize>>,
    values: Numbers,
}

#[derive(Debug)]
enum Numbers {
    F32(Vec<f32>),
    I32(Vec<i32>),
}

impl Fixture {
    /// Reads a fixture by its name in the index.
    ///
    /// # Panics
    /// When the files are missing or do not fit each other.
    pub fn open(name: &str) -> Self {
        let index: Value = serde_json::from_str(&parity_text("index.json"))
            .unwrap_or_else(|e| panic!("index.json: {e}"));
        let entry = &index["fixtures"][name];
        let bytes =
            parity_bytes(entry["file"].as_str().unwrap_or_else(|| panic!("no fixture {name}")));
        let file = SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        let tensors = file.tensors().into_iter().map(|(key, view)| {
            let meta = &entry["tensors"][&key];
            let sizes =
                |v: &Value| -> Option<Vec<usize>> { serde_json::from_value(v.clone()).ok() };
            let words = view.data().chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
            let values = match view.dtype() {
                Dtype::I32 => Numbers::I32(words.map(i32::from_le_bytes).collect()),
                _ => Numbers::F32(words.map(f32::from_le_bytes).collect()),
            };
            let stored = Stored {
                shape: sizes(&meta["shape"]).unwrap_or_else(|| panic!("{name}/{key} has no shape")),
                stride: meta["stride"].as_u64().unwrap_or(1) as usize,
                max_abs: meta["max_abs"].as_f64().unwrap_or(0.0) as f32,
                rows: sizes(&meta["rows"]),
                values,
            };
            (key, stored)
        });
        let tensors = tensors.collect();
        Self {
            inputs: serde_json::from_value(entry["inputs"].clone()).unwrap_or_default(),
            tensors,
        }
    }

    /// The keys that begin with `prefix`, in order.
    pub fn keys<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.tensors.keys().map(String::as_str).filter(move |key| key.starts_with(prefix))
    }

    /// Shape and values of the input whose name ends with `suffix`.
    ///
    /// # Panics
    /// When there is none.
    pub fn input(&self, suffix: &str) -> (Vec<usize>, Vec<f32>) {
        let found = self.inputs.iter().find(|(name, ..)| name.ends_with(suffix));
        let (name, shape, kind) = found.unwrap_or_else(|| panic!("no input {suffix}"));
        (shape.clone(), tensor(name, shape, kind))
    }

    /// Shape and values of a stored list of whole numbers (token ids, masks, owners).
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn ints(&self, key: &str) -> (Vec<usize>, Vec<i32>) {
        match &self.stored(key).values {
            Numbers::I32(values) => (self.stored(key).shape.clone(), values.clone()),
            Numbers::F32(_) => panic!("{key} holds no whole numbers"),
        }
    }

    /// Largest absolute difference to what PyTorch computed, relative to the tensor's largest
    /// absolute value. A value that is not a number counts as infinitely far.
    ///
    /// # Panics
    /// When the shape is not PyTorch's (a scalar may come as `[1]`), or there is no such result.
    pub fn error(&self, key: &str, shape: &[usize], values: &[f32]) -> f32 {
        let stored = self.stored(key);
        let Numbers::F32(expected) = &stored.values else { panic!("{key} holds whole numbers") };
        let width: usize = shape.iter().skip(1).product();
        let (mut seen, mut values) = (shape.to_vec(), values.to_vec());
        if let Some(rows) = &stored.rows {
            seen[0] = rows.len();
            values = rows.iter().flat_map(|&r| &values[r * width..][..width]).copied().collect();
        }
        if stored.shape.is_empty() && seen == [1] {
            seen.clear();
        }
        assert_eq!(seen, stored.shape, "the shape of {key}");
        let picked: Vec<f32> = values.into_iter().step_by(stored.stride).collect();
        assert_eq!(picked.len(), expected.len(), "the length of {key}");
        let far = |(a, b): (&f32, &f32)| {
            let d = (a - b).abs();
            if d.is_nan() { f32::INFINITY } else { d }
        };
        picked.iter().zip(expected).map(far).fold(0.0, f32::max) / stored.max_abs
    }

    fn stored(&self, key: &str) -> &Stored {
        self.tensors.get(key).unwrap_or_else(|| panic!("no stored result {key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First, second and last value, printed by numpy with all digits.
    type Known = (&'static str, &'static [usize], &'static str, [f32; 3]);
    const KNOWN: [Known; 6] = [
        (
            "image_encoder.conv1.weight",
            &[64, 3, 7, 7],
            "weight",
            [0.041_948_78, 0.078_188_93, 0.002_328_327_9],
        ),
        (
            "decoder.blocks.0.conv1.0.weight",
            &[256, 768, 3, 3],
            "weight_relu",
            [0.014_431_057, -0.025_532_588, 0.029_339_405],
        ),
        (
            "image_encoder.bn1.weight",
            &[64],
            "norm_weight_branch",
            [0.371_500_37, 0.256_254_17, 0.298_647_46],
        ),
        (
            "image_encoder.bn1.bias",
            &[64],
            "norm_bias_open",
            [-2.143_258_3, -2.115_632, -2.085_435_4],
        ),
        (
            "attention_pool.q_proj.bias",
            &[128],
            "bias",
            [0.002_352_601_4, 0.021_715_254, -0.016_319_765],
        ),
        ("input.image64", &[2, 3, 64, 64], "image", [-1.297_385_9, 1.707_948_7, 1.637_732]),
    ];

    fn ends(values: &[f32]) -> [f32; 3] {
        [values[0], values[1], values[values.len() - 1]]
    }

    #[test]
    fn values_are_numpys_to_the_last_bit() {
        for (name, shape, kind, known) in KNOWN {
            assert_eq!(ends(&tensor(name, shape, kind)), known, "{name} as {kind}");
        }
    }

    #[test]
    fn every_kind_agrees_with_the_index() {
        let index: Value = serde_json::from_str(&parity_text("index.json")).unwrap();
        let check: Vec<(String, Vec<usize>, String, [f32; 3])> =
            serde_json::from_value(index["check"].clone()).unwrap();
        assert!(check.len() >= 15);
        for (name, shape, kind, known) in check {
            assert_eq!(ends(&tensor(&name, &shape, &kind)), known, "{name} as {kind}");
        }
    }

    #[test]
    fn a_part_of_a_model_goes_through_safetensors() {
        let json = parity_text("shapes_small_train.json");
        let part = state_dict_of(&json, &["image_projector.", "local_head."]);
        assert_eq!(part.len(), 8);
        let bytes = safetensors_bytes(&part);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let view = file.tensor("local_head.3.weight").unwrap();
        assert_eq!(view.shape(), [128, 128, 1, 1]);
        let first = tensor("local_head.3.weight", &[128, 128, 1, 1], "weight")[0];
        assert_eq!(view.data()[..4], first.to_le_bytes());
    }

    #[test]
    fn errors_are_relative_and_strided() {
        let fixture = Fixture::open("positions");
        let (shape, values) = fixture.input("positional_embedding");
        assert_eq!(shape, [50, 128]);
        let class = &values[..128];
        // Every place set to zero: the error is the largest stored value over the tensor's largest.
        let mut guess = vec![0.0; 82 * 128];
        guess[..128].copy_from_slice(class);
        let error = fixture.error("9x9", &[82, 128], &guess);
        assert!(error > 0.9 && error <= 1.0, "{error}");
        guess[128 * 40] = f32::NAN; // 5120 is a multiple of the stride
        assert!(fixture.error("9x9", &[82, 128], &guess).is_infinite());
    }

    #[test]
    fn listed_rows_are_picked_before_the_stride() {
        let fixture = Fixture::open("base_train");
        let key = "plain/grad/text_encoder.embeddings.word_embeddings.weight";
        let stored = fixture.stored(key);
        let (Some(rows), Numbers::F32(expected)) = (&stored.rows, &stored.values) else { panic!() };
        let mut table = vec![9.0; 28_996 * 768]; // what is not listed must not matter
        for (i, &row) in rows.iter().enumerate() {
            for (j, value) in table[row * 768..][..768].iter_mut().enumerate() {
                let at = i * 768 + j;
                *value = if at % stored.stride == 0 { expected[at / stored.stride] } else { 7.0 };
            }
        }
        assert_eq!(fixture.error(key, &[28_996, 768], &table), 0.0);
    }
}
