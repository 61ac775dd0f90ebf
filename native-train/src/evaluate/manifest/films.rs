//! Images and texts on their way into the network, several at once.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use g2d_core::{
    image::{Limits, decode},
    raster::{Mask, Raster},
    session::{PreparedImage, Session},
};
use rayon::prelude::*;

use crate::{
    data::pack::{FILMS, Pack},
    files, output, panics,
    wait::block_on,
};

/// Reads one image and brings it to the network's size.
///
/// # Errors
/// When the file is no usable image; the path is named.
pub fn load(session: &Session, path: &Path) -> Result<PreparedImage> {
    let limits = Limits::default();
    let load = || {
        if let Some((pack, index)) = packed(path)? {
            return Ok(session.prepare_cropped(&pack.film(index))?);
        }
        let film = decode(&files::read_at_most(path, limits.max_bytes as u64)?, &limits)?;
        Ok(session.prepare(&film)?)
    };
    panics::contained(load).with_context(|| path.display().to_string())
}

/// Between the file of a pack's films and the number of one.
const IN_PACK: char = '#';

/// A path that means a film of a pack; [`load`] understands it.
pub(super) fn in_pack(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{FILMS}{IN_PACK}{index}"))
}

/// The pack and the number that such a path means. A pack is opened once and kept: its index may
/// have hundreds of thousands of rows.
fn packed(path: &Path) -> Result<Option<(Arc<Pack>, usize)>> {
    static OPEN: Mutex<BTreeMap<PathBuf, Arc<Pack>>> = Mutex::new(BTreeMap::new());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let index = name.as_deref().and_then(|n| n.strip_prefix(FILMS)?.strip_prefix(IN_PACK));
    let (Some(index), Some(folder)) = (index.and_then(|i| i.parse().ok()), path.parent()) else {
        return Ok(None);
    };
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let pack = match open.get(folder) {
        Some(pack) => pack.clone(),
        None => {
            let pack = Arc::new(Pack::open(folder)?);
            open.insert(folder.to_owned(), pack.clone());
            pack
        }
    };
    Ok((index < pack.len()).then_some((pack, index)))
}

/// One image after it went through the encoder.
pub struct Embedded {
    /// Its place in the list that was asked for.
    pub index: usize,
    /// The vector, not normalised.
    pub vector: Vec<f32>,
    /// Mean grey of the network's input, in [0, 1].
    pub grey: f64,
}

/// Sends images through the encoder in batches. Images that cannot be used are handed to `failed`
/// with their place in the list.
///
/// # Errors
/// When the device fails.
pub fn image_vectors(
    session: &Session,
    paths: &[&Path],
    batch: usize,
    mut failed: impl FnMut(usize, &anyhow::Error),
) -> Result<Vec<Embedded>> {
    let mut found = Vec::with_capacity(paths.len());
    in_batches(session, paths, batch, &mut failed, |indices, prepared| {
        let inputs: Vec<&Raster> = prepared.iter().map(|p| &p.input).collect();
        let features = session.encode_inputs(&inputs);
        let vectors = block_on(session.image_vectors(&features))?;
        for ((&index, vector), input) in indices.iter().zip(vectors).zip(inputs) {
            let sum: f64 = input.data.iter().map(|&v| f64::from(v)).sum();
            found.push(Embedded { index, vector, grey: sum / input.data.len() as f64 });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Loads images in parallel, `batch` at a time, and hands over those that could be read with their
/// places in the list; the last, smaller batch too.
///
/// # Errors
/// Those of `use_batch`.
pub fn in_batches(
    session: &Session,
    paths: &[&Path],
    batch: usize,
    failed: &mut dyn FnMut(usize, &anyhow::Error),
    mut use_batch: impl FnMut(&[usize], &[PreparedImage]) -> Result<()>,
) -> Result<()> {
    let bar = output::progress(paths.len() as u64, "images");
    let indices: Vec<usize> = (0..paths.len()).collect();
    for chunk in indices.chunks(batch.max(1)) {
        let loaded: Vec<Result<PreparedImage>> =
            chunk.par_iter().map(|&i| load(session, paths[i])).collect();
        let (mut kept, mut prepared) = (Vec::new(), Vec::new());
        for (&index, loaded) in chunk.iter().zip(loaded) {
            match loaded {
                Ok(image) => {
                    kept.push(index);
                    prepared.push(image);
                }
                Err(error) => failed(index, &error),
            }
        }
        if !kept.is_empty() {
            use_batch(&kept, &prepared)?;
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Bodies of prepared images, in parallel.
pub fn bodies(session: &Session, prepared: &[PreparedImage]) -> Vec<Mask> {
    prepared.par_iter().map(|p| session.body(&p.input)).collect()
}

/// The vector of each different text, not normalised, and its place.
#[derive(Debug, Default)]
pub struct Texts {
    list: Vec<String>,
    known: HashMap<String, usize>,
}

impl Texts {
    /// The place of a text; the same for equal ones.
    pub fn place(&mut self, text: &str) -> usize {
        if let Some(&place) = self.known.get(text) {
            return place;
        }
        self.list.push(text.to_owned());
        self.known.insert(text.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    /// The place of a text that was placed before; 0 for another.
    pub fn find(&self, text: &str) -> usize {
        self.known.get(text).copied().unwrap_or_default()
    }

    /// Number of different texts.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The vectors, by place.
    ///
    /// # Errors
    /// When the device fails.
    pub fn vectors(&self, session: &Session) -> Result<Vec<Vec<f32>>> {
        let bar = output::progress(self.list.len() as u64, "texts");
        let mut vectors = Vec::with_capacity(self.list.len());
        for texts in self.list.chunks(64) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            vectors.extend(block_on(session.text_vectors(&texts))?);
            bar.inc(texts.len() as u64);
        }
        bar.finish_and_clear();
        Ok(vectors)
    }
}

/// The vector of length 1; a zero vector stays as it is.
pub fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    if length == 0.0 {
        return vector.to_vec();
    }
    vector.iter().map(|v| (f64::from(*v) / length) as f32).collect()
}

/// The dot product, summed in f64; the cosine of unit vectors.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_vectors_have_length_one() {
        assert_eq!(unit(&[3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(unit(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(dot(&[1.0, 2.0], &[3.0, -1.0]), 1.0);
    }

    #[test]
    fn equal_texts_share_a_place() {
        let mut texts = Texts::default();
        assert_eq!(["a", "b", "a"].map(|t| texts.place(t)), [0, 1, 0]);
        assert_eq!(texts.len(), 2);
    }
}
