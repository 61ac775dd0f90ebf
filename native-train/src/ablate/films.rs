//! Labelled phantoms as the network sees them.

use anyhow::{Result, bail};
use g2d_core::{
    config::ImageConfig,
    image::Geometry,
    phantom::{self, PhantomConfig},
    raster::{Mask, Raster},
};
use rayon::prelude::*;

/// A phantom with a finding.
#[derive(Debug, Clone)]
pub struct Film {
    /// The network's input before normalisation, in [0, 1].
    pub input: Raster,
    /// Union of its findings, in the same pixels.
    pub truth: Mask,
}

/// Studies drawn at a time, and at most for each that is wanted: more than half have a finding.
const AT_ONCE: usize = 64;
const PATIENCE: usize = 100;

/// The first `count` phantoms of a series that have a finding.
///
/// Normal ones are left out: on them Dice would only tell whether the threshold leaves the image
/// empty, and 8 labelled studies shall be 8 of the same use.
///
/// # Errors
/// When the series has none at this size.
pub fn draw(
    seed: u64,
    count: usize,
    phantoms: &PhantomConfig,
    image: &ImageConfig,
) -> Result<Vec<Film>> {
    let mut films = Vec::with_capacity(count + AT_ONCE);
    let mut from = 0;
    while films.len() < count {
        if from > PATIENCE * count.max(AT_ONCE) {
            bail!("Phantoms of {} pixels hardly show a finding; use larger ones", phantoms.size);
        }
        let drawn: Vec<Option<Film>> = (from..from + AT_ONCE)
            .into_par_iter()
            .map(|index| film(seed, index as u64, phantoms, image))
            .collect::<Result<_>>()?;
        films.extend(drawn.into_iter().flatten());
        from += AT_ONCE;
    }
    films.truncate(count);
    Ok(films)
}

fn film(
    seed: u64,
    index: u64,
    phantoms: &PhantomConfig,
    image: &ImageConfig,
) -> Result<Option<Film>> {
    let study = phantom::generate(seed, index, phantoms);
    let mut truth = Mask::filled(study.image.width, study.image.height, 0);
    for finding in &study.findings {
        truth.data.iter_mut().zip(&finding.mask.data).for_each(|(t, m)| *t |= m);
    }
    let geometry = Geometry::plan(&study.image, image)?;
    let truth = geometry.mask_forward(&truth);
    // A finding may be wholly cut away with the border.
    Ok((truth.area() > 0).then(|| Film { input: geometry.apply(&study.image), truth }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_film_has_a_finding_and_fewer_are_the_first_of_more() {
        let phantoms = PhantomConfig { size: 64, ..PhantomConfig::default() };
        let image = ImageConfig { resize_to: 64, input_size: 64, ..ImageConfig::default() };
        let (few, many) =
            (draw(3, 4, &phantoms, &image).unwrap(), draw(3, 70, &phantoms, &image).unwrap());
        assert_eq!((few.len(), many.len()), (4, 70));
        for film in &many {
            assert!(film.truth.area() > 0 && film.input.width == 64);
        }
        assert!(few.iter().zip(&many).all(|(a, b)| a.input == b.input && a.truth == b.truth));
    }
}
