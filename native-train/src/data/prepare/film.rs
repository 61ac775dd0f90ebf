//! From an image file to the packed film, by the same steps that training takes for a file.

use std::path::Path;

use g2d_core::{
    Error,
    config::{BodyRule, ImageConfig, ResizeKind},
    image::{Geometry, Limits, decode},
    pseudo_mask::body_mask,
};
use serde::Serialize;

use crate::{data::pack::write::PackFilm, files};

/// How a film is cut, scaled and searched for the body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilmRules {
    /// Grey level (of 255) up to which a border counts as empty; none keeps the whole film.
    pub crop_tolerance: Option<u8>,
    /// How the film becomes a square.
    pub resize: ResizeKind,
    /// Side of the square in pixels.
    pub resize_to: usize,
    /// How the body is told from the background.
    pub body: BodyRule,
}

impl FilmRules {
    /// The geometry's configuration: the whole square, since crops are training's business.
    fn image(&self) -> ImageConfig {
        ImageConfig {
            crop_tolerance: self.crop_tolerance,
            resize: self.resize,
            resize_to: self.resize_to,
            input_size: self.resize_to,
            ..ImageConfig::default()
        }
    }

    /// Reads a file and makes its film.
    ///
    /// # Errors
    /// When the file cannot be read or is no film.
    pub fn make(&self, path: &Path) -> Result<PackFilm, Error> {
        let limits = Limits::default();
        let bytes = files::read_at_most(path, limits.max_bytes as u64)?;
        let film = decode(&bytes, &limits)?;
        let levels = film.levels();
        let square = Geometry::plan(&levels, &self.image())?.apply(&levels);
        Ok(PackFilm {
            body: body_mask(&square, self.body),
            pixels: square
                .data
                .iter()
                .map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use g2d_core::{
        phantom::{self, PhantomConfig},
        render,
    };

    use super::*;

    #[test]
    fn a_film_is_cut_scaled_and_searched_as_the_core_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let mut image =
            phantom::generate(3, 1, &PhantomConfig { size: 90, ..Default::default() }).image;
        // A black border of a quarter at the top, which only a crop removes.
        image.data[..90 * 22].fill(0.0);
        std::fs::write(&path, render::grey_png8(&image).unwrap()).unwrap();
        let film = decode(&std::fs::read(&path).unwrap(), &Limits::default()).unwrap().pixels;
        for (resize, crop_tolerance) in
            [(ResizeKind::Pad, Some(5)), (ResizeKind::Squash, Some(5)), (ResizeKind::Squash, None)]
        {
            let rules = FilmRules { crop_tolerance, resize, resize_to: 64, body: BodyRule::Auto };
            let made = rules.make(&path).unwrap();
            let config = ImageConfig {
                crop_tolerance,
                resize,
                resize_to: 64,
                input_size: 64,
                ..ImageConfig::default()
            };
            let geometry = Geometry::plan(&film, &config).unwrap();
            assert_eq!(geometry.crop()[1] > 0, crop_tolerance.is_some());
            let square = geometry.apply(&film);
            assert_eq!(made.body, body_mask(&square, BodyRule::Auto));
            for (a, b) in made.pixels.iter().zip(&square.data) {
                assert!((f32::from(*a) - b * 255.0).abs() <= 0.5);
            }
        }
    }

    #[test]
    fn what_is_no_film_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        let rules = FilmRules {
            crop_tolerance: None,
            resize: ResizeKind::Pad,
            resize_to: 64,
            body: BodyRule::None,
        };
        assert_eq!(rules.make(&path).unwrap_err().code(), "G2D-F01");
        std::fs::write(&path, "Dear colleague").unwrap();
        assert_eq!(rules.make(&path).unwrap_err().code(), "G2D-I01");
    }
}
