//! Arrays of f32 as one safetensors file, or as NumPy files in a folder.

use std::{collections::HashMap, path::Path};

use anyhow::Result;
use g2d_core::{Error, outcome::NOTICE};
use safetensors::{Dtype, tensor::TensorView};

use crate::files;

/// A named array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its name.
    pub name: String,
    /// The length of each axis, the first one counts rows.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f32>,
    /// What each row is of.
    pub ids: Vec<String>,
}

impl Array {
    /// The values, little-endian.
    fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// The bytes of a NumPy file, format 1.0, C order, little-endian f32.
    ///
    /// The header is a Python dictionary, padded so that the values start at a multiple of 64
    /// (numpy.lib.format).
    pub fn npy(&self) -> Vec<u8> {
        let axes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        // A tuple of one keeps its comma.
        let tuple = if axes.len() == 1 { format!("{},", axes[0]) } else { axes.join(", ") };
        let mut header =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({tuple}), }}");
        // Magic, version and the header's length take 10 bytes, the line break at the end one.
        let padding = (64 - (10 + header.len() + 1) % 64) % 64;
        header.push_str(&" ".repeat(padding));
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(self.bytes());
        bytes
    }
}

/// Writes arrays: into one file where the path ends in `.safetensors` (what the rows are stands in
/// its metadata, `NAME_ids`, as a JSON list), else as `NAME.npy` and `NAME.ids.json` into a folder.
///
/// # Errors
/// When it cannot be written, or the folder holds something else.
pub fn write(path: &Path, arrays: &[Array], about: &HashMap<String, String>) -> Result<()> {
    if is_safetensors(path) {
        return files::write_atomic(path, &one_file(arrays, about)?);
    }
    check_folder(path)?;
    for array in arrays {
        files::write_atomic(&path.join(format!("{}.npy", array.name)), &array.npy())?;
        let mut ids = serde_json::to_vec_pretty(&array.ids)?;
        ids.push(b'\n');
        files::write_atomic(&path.join(format!("{}.ids.json", array.name)), &ids)?;
    }
    let mut about: HashMap<&str, &str> =
        about.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    about.insert("notice", NOTICE);
    let sorted: std::collections::BTreeMap<_, _> = about.into_iter().collect();
    let mut json = serde_json::to_vec_pretty(&sorted)?;
    json.push(b'\n');
    // Last: its presence says that the others are whole.
    files::write_atomic(&path.join(ABOUT), &json)
}

/// Marks a folder as one that may be written again.
const ABOUT: &str = "embed.json";

fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("safetensors"))
}

/// Checks, before anything is computed, that a path can take the arrays.
///
/// # Errors
/// When a folder holds something else, or the path cannot be either.
pub fn check(path: &Path) -> Result<()> {
    if is_safetensors(path) { Ok(()) } else { check_folder(path) }
}

fn check_folder(path: &Path) -> Result<()> {
    if files::is_empty_folder(path)? || path.join(ABOUT).is_file() {
        return Ok(());
    }
    let error = Error::input(
        "G2D-F40",
        "This folder holds something else than vectors of `g2d embed`",
        "Choose a new or empty folder for --out, or a name that ends in .safetensors",
    );
    Err(anyhow::Error::from(error).context(path.display().to_string()))
}

fn one_file(arrays: &[Array], about: &HashMap<String, String>) -> Result<Vec<u8>> {
    let mut metadata = about.clone();
    metadata.insert("notice".into(), NOTICE.into());
    for array in arrays {
        metadata.insert(format!("{}_ids", array.name), serde_json::to_string(&array.ids)?);
    }
    let bytes: Vec<Vec<u8>> = arrays.iter().map(Array::bytes).collect();
    let views = arrays
        .iter()
        .zip(&bytes)
        .map(|(array, bytes)| {
            let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes)?;
            Ok((array.name.as_str(), view))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(safetensors::serialize(views, Some(metadata))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[usize]) -> Array {
        let n: usize = shape.iter().product();
        Array {
            name: "x".into(),
            shape: shape.to_vec(),
            values: (0..n).map(|i| i as f32 - 1.5).collect(),
            ids: (0..shape[0]).map(|i| format!("row \"{i}\"")).collect(),
        }
    }

    #[test]
    fn npy_is_byte_for_byte_numpys() {
        // NumPy 2.4.6: np.save(f, np.arange(6, dtype="<f4").reshape(2, 3) - 1.5); hex of the file.
        let expected = concat!(
            "934e554d50590100",
            "7600",
            "7b276465736372273a20273c6634272c20",
            "27666f727472616e5f6f72646572273a2046616c73652c20",
            "277368617065273a2028322c2033292c207d",
        );
        let bytes = array(&[2, 3]).npy();
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        assert!(hex.starts_with(expected), "{hex}");
        let values = "0000c0bf000000bf0000003f0000c03f0000204000006040";
        assert_eq!(&hex[128 * 2..], values);
        assert_eq!(&hex[127 * 2..128 * 2], "0a");
        assert!(hex.as_bytes()[expected.len()..127 * 2].chunks(2).all(|c| c == b"20"));
        let one = String::from_utf8_lossy(&array(&[4]).npy()[10..70]).into_owned();
        assert!(one.contains("'shape': (4,), }"), "{one}");
        assert_eq!(array(&[4]).npy().len() % 64, 16);
    }

    #[test]
    fn safetensors_keeps_values_and_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.safetensors");
        let about = HashMap::from([("model".to_owned(), "m".to_owned())]);
        write(&path, &[array(&[2, 3])], &about).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let tensor = file.tensor("x").unwrap();
        assert_eq!((tensor.shape(), tensor.data()), (&[2, 3][..], &array(&[2, 3]).bytes()[..]));
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().clone().unwrap();
        assert_eq!(metadata["x_ids"], r#"["row \"0\"","row \"1\""]"#);
        assert!(metadata["notice"].contains("Not for clinical use"));
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        write(&out, &[array(&[2, 3])], &HashMap::new()).unwrap();
        write(&out, &[array(&[1, 3])], &HashMap::new()).unwrap();
        assert_eq!(std::fs::read(out.join("x.npy")).unwrap(), array(&[1, 3]).npy());
        std::fs::write(folder.path().join("note.txt"), "mine").unwrap();
        let error = check(folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("G2D-F40"), "{error:#}");
        assert!(check(&folder.path().join("new.safetensors")).is_ok());
    }
}
