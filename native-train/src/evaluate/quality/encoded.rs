//! A case after it went through the model.

use std::collections::HashMap;

use anyhow::Result;
use g2d_core::{
    config::MapSource,
    raster::{Mask, Raster},
    session::{EncodedImage, Session},
};

use crate::{evaluate::manifest::films::unit, wait::block_on};

/// Vectors of the texts seen so far: reports repeat themselves, text encoders are slow.
#[derive(Debug, Default)]
pub struct Words(HashMap<String, Vec<f32>>);

impl Words {
    /// Unit vectors of texts; new ones go through the encoder together.
    ///
    /// # Errors
    /// When the device fails.
    pub fn vectors(&mut self, session: &Session, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut fresh: Vec<&str> =
            texts.iter().copied().filter(|t| !self.0.contains_key(*t)).collect();
        fresh.sort_unstable();
        fresh.dedup();
        let vectors = block_on(session.text_vectors(&fresh))?;
        for (text, vector) in fresh.into_iter().zip(vectors) {
            self.0.insert(text.to_owned(), unit(&vector));
        }
        Ok(texts.iter().filter_map(|t| self.0.get(*t).cloned()).collect())
    }
}

/// Maps of texts on an image, in the network's pixels, as [`Session::maps`] gives them.
///
/// # Errors
/// When the model has no such source, or the device fails.
pub fn maps(
    session: &Session,
    image: &EncodedImage,
    vectors: &[Vec<f32>],
    source: MapSource,
) -> Result<Vec<Raster>> {
    let sentences = vec![vectors.iter().map(Vec::as_slice).collect::<Vec<_>>()];
    let body: Mask = image.pseudo.body.clone();
    let mut found =
        block_on(session.maps_of_vectors(image.features(), &[body], &sentences, source))?;
    Ok(found.pop().unwrap_or_default())
}
