//! Names, shapes and numbers of a file of weights, read as late as possible.

use std::{collections::BTreeMap, fs, io::Read as _, path::Path, sync::Arc};

use anyhow::Context as _;
use burn::{
    store::pytorch_reader::{self, PickleError, PytorchError, PytorchReader},
    tensor::{DType, TensorData},
};
use g2d_core::{Error, Result};
use safetensors::SafeTensors;

use crate::files;

/// The tensors of one or more files by their names there.
#[derive(Debug, Default)]
pub struct StateDict {
    tensors: BTreeMap<String, Entry>,
}

/// One tensor whose numbers have not been read.
#[derive(Debug)]
struct Entry {
    shape: Vec<usize>,
    /// Of the file; none for one that no weight has (booleans, 8-bit floats …).
    dtype: Option<DType>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Pytorch(Box<pytorch_reader::Tensor>),
    /// From byte to byte of a file in memory.
    Safetensors(Arc<Vec<u8>>, usize, usize),
}

impl StateDict {
    /// Opens a file of PyTorch (zip, the older stream, tar) or of safetensors; which it is stands
    /// in its first bytes, whatever its name.
    ///
    /// # Errors
    /// `G2D-F01` when the file cannot be read, `G2D-W30` when it is neither or is cut off,
    /// `G2D-W31` when it holds no tensors by name.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> Result<Self> {
            let mut head = Vec::new();
            let file = fs::File::open(path).map_err(|e| files::reason(&e))?;
            file.take(64).read_to_end(&mut head).map_err(|e| files::reason(&e))?;
            if head.starts_with(b"version https://git-lfs") {
                return Err(Error::weights(
                    "G2D-W30",
                    "This is a pointer of Git LFS, not the file it points to",
                    "Fetch the file itself, for example with `git lfs pull`",
                ));
            }
            // A safetensors file is the length of its header in eight bytes, then JSON.
            let dict = if head.get(8) == Some(&b'{') && head.get(6..8) == Some(&[0, 0]) {
                Self::from_safetensors(fs::read(path).map_err(|e| files::reason(&e))?)?
            } else {
                Self::from_pytorch(path)?
            };
            if dict.tensors.is_empty() {
                return Err(no_state_dict("no tensor in it has a name"));
            }
            Ok(dict)
        };
        read().with_context(|| path.display().to_string())
    }

    fn from_safetensors(bytes: Vec<u8>) -> Result<Self> {
        // The whole file is looked at, so that one which is cut off is told now and not later.
        let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(unreadable)?;
        let first = 8 + header;
        let bytes = Arc::new(bytes);
        let tensors = metadata.tensors().into_iter().map(|(name, info)| {
            let (from, to) = info.data_offsets;
            let place = Place::Safetensors(bytes.clone(), first + from, first + to);
            let dtype = match info.dtype {
                safetensors::Dtype::F64 => Some(DType::F64),
                safetensors::Dtype::F32 => Some(DType::F32),
                safetensors::Dtype::F16 => Some(DType::F16),
                safetensors::Dtype::BF16 => Some(DType::BF16),
                _ => None,
            };
            (name, Entry { shape: info.shape.clone(), dtype, place })
        });
        Ok(Self { tensors: tensors.collect() })
    }

    fn from_pytorch(path: &Path) -> Result<Self> {
        let reader = PytorchReader::new(path).map_err(|error| match error {
            // What is not there or may not be read is a matter of the file, not of its format.
            PytorchError::Io(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                files::reason(&e)
            }
            PytorchError::Pickle(PickleError::UnsupportedType(kind)) => no_state_dict(format!(
                "it holds an object of the Python class {kind}, which cannot be read without \
                 its code"
            )),
            PytorchError::InvalidFormat(what) if what.starts_with("Expected a dictionary") => {
                no_state_dict(what)
            }
            other => unreadable(other),
        })?;
        let tensors = reader.into_tensors().into_iter().map(|(name, tensor)| {
            let dtype = match tensor.dtype() {
                pytorch_reader::DType::F64 => Some(DType::F64),
                pytorch_reader::DType::F32 => Some(DType::F32),
                pytorch_reader::DType::F16 => Some(DType::F16),
                pytorch_reader::DType::BF16 => Some(DType::BF16),
                _ => None,
            };
            let shape = tensor.shape().to_vec();
            (name, Entry { shape, dtype, place: Place::Pytorch(Box::new(tensor)) })
        });
        Ok(Self { tensors: tensors.collect() })
    }

    /// Adds the tensors of another file of the same network.
    ///
    /// # Errors
    /// `G2D-W30` when both hold a tensor of one name.
    pub fn add(&mut self, other: Self) -> Result<()> {
        for (name, entry) in other.tensors {
            if self.tensors.contains_key(&name) {
                return Err(Error::weights(
                    "G2D-W30",
                    format!("Two of the files hold a tensor {name}"),
                    "Give the files of one set of weights, and each once",
                ));
            }
            self.tensors.insert(name, entry);
        }
        Ok(())
    }

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// The numbers of a tensor as little-endian f32.
    ///
    /// # Errors
    /// `G2D-W34` when there is no such tensor, `G2D-W37` when it does not hold floating-point
    /// numbers, `G2D-W38` when one of them is not finite, `G2D-W30` when the file is damaged.
    pub fn floats(&self, name: &str) -> Result<Vec<u8>> {
        let Some(entry) = self.tensors.get(name) else {
            return Err(Error::weights(
                "G2D-W34",
                format!("The weights lack the tensor {name}"),
                "Give the whole file that the other library wrote",
            ));
        };
        let Some(dtype) = entry.dtype else {
            return Err(Error::weights(
                "G2D-W37",
                format!("The tensor {name} does not hold floating-point numbers"),
                "Use weights that are not quantised, as f32, f16, bf16 or f64",
            ));
        };
        let bytes = match &entry.place {
            Place::Pytorch(tensor) => tensor.read().map_err(unreadable)?,
            Place::Safetensors(file, from, to) => file[*from..*to].to_vec(),
        };
        let floats = if dtype == DType::F32 {
            bytes
        } else {
            let data = TensorData::try_from_bytes_vec(bytes, entry.shape.clone(), dtype)
                .map_err(|e| unreadable(format!("{name}: {e}")))?;
            data.iter::<f32>().flat_map(f32::to_le_bytes).collect()
        };
        let finite = floats
            .chunks_exact(4)
            .all(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).is_finite());
        if finite {
            return Ok(floats);
        }
        Err(Error::weights(
            "G2D-W38",
            format!("The tensor {name} holds a number that is not finite"),
            "Use weights of a training that did not diverge",
        ))
    }
}

fn unreadable(detail: impl std::fmt::Display) -> Error {
    Error::weights(
        "G2D-W30",
        format!("This cannot be read as weights of PyTorch or safetensors ({detail})"),
        "Compare the file's size and hash with those of its source: it may be cut off, or be of \
         another library",
    )
}

fn no_state_dict(detail: impl std::fmt::Display) -> Error {
    Error::weights(
        "G2D-W31",
        format!("This file is not a state dict: {detail}"),
        "Save the weights in Python with `torch.save(model.state_dict(), path)`",
    )
}

#[cfg(test)]
pub(super) mod tests {
    use safetensors::tensor::TensorView;

    use super::*;

    /// A state dict of zeros with these names and shapes.
    pub(crate) fn zeros(list: &[(&str, &[usize])]) -> StateDict {
        let data =
            vec![0; list.iter().map(|(_, s)| s.iter().product::<usize>()).max().unwrap() * 4];
        let views = list.iter().map(|(name, shape)| {
            let bytes = &data[..shape.iter().product::<usize>() * 4];
            (*name, TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap())
        });
        StateDict::from_safetensors(safetensors::serialize(views, None).unwrap()).unwrap()
    }

    fn one(dtype: safetensors::Dtype, shape: Vec<usize>, bytes: &[u8]) -> StateDict {
        let view = TensorView::new(dtype, shape, bytes).unwrap();
        let file = safetensors::serialize([("x", view)], None).unwrap();
        StateDict::from_safetensors(file).unwrap()
    }

    #[test]
    fn every_float_becomes_f32_and_nothing_else_does() {
        let wide = one(safetensors::Dtype::F64, vec![1], &2.5f64.to_le_bytes());
        assert_eq!(wide.floats("x").unwrap(), 2.5f32.to_le_bytes());
        // The upper half of an f32 is a bf16; 0x3E00 is 1.5 in f16.
        let brain = one(safetensors::Dtype::BF16, vec![1], &(-3.0f32).to_le_bytes()[2..]);
        assert_eq!(brain.floats("x").unwrap(), (-3.0f32).to_le_bytes());
        let half = one(safetensors::Dtype::F16, vec![1], &[0x00, 0x3E]);
        assert_eq!(half.floats("x").unwrap(), 1.5f32.to_le_bytes());
        let whole = one(safetensors::Dtype::I64, vec![1], &[0; 8]);
        assert_eq!(whole.floats("x").unwrap_err().code(), "G2D-W37");
        let odd = one(safetensors::Dtype::F32, vec![1], &f32::NAN.to_le_bytes());
        assert_eq!(odd.floats("x").unwrap_err().code(), "G2D-W38");
        assert_eq!(odd.floats("y").unwrap_err().code(), "G2D-W34");
    }

    #[test]
    fn files_of_one_network_come_together_once() {
        let mut dict = zeros(&[("a", &[2])]);
        dict.add(zeros(&[("b", &[3, 1])])).unwrap();
        assert_eq!(dict.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(dict.shape("b"), Some(&[3, 1][..]));
        assert_eq!(dict.add(zeros(&[("a", &[2])])).unwrap_err().code(), "G2D-W30");
    }
}
