//! Where a finding truly is, in the network's pixels.
//!
//! Grounding is scored on the square that the network saw, as the published evaluations do: the
//! truth goes through the film's crop, scaling and centre crop, nearest neighbour, and the map
//! stays as it is. What the crop cut away counts for nobody.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use g2d_core::{
    Error,
    image::{Geometry, Limits, decode},
    raster::Mask,
};

use super::rows::{Row, RowBox};
use crate::files;

/// In what boxes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BoxUnit {
    /// Shares of the image's width and height, 0 to 1
    Fraction,
    /// Pixels of the image
    Pixel,
}

/// What the truth is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TruthKind {
    /// Masks where a row has one, else boxes
    Auto,
    /// Masks only
    Mask,
    /// Boxes only
    Boxes,
}

/// The truth of one case: the union of its parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// `[x, y, width, height]`.
    Boxes(Vec<[f64; 4]>),
    /// Files; what is not black is inside.
    Masks(Vec<PathBuf>),
}

/// A box may leave the image by this share of it: annotations are rounded.
const SLACK: f64 = 0.01;

/// One query on an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is looked for.
    pub text: String,
    /// Where it is.
    pub truth: Truth,
}

/// The queries of a row: its sentences that name findings, else the phrases of its boxes, else its
/// text with all of its masks or boxes. None when the row has nothing to find.
///
/// # Errors
/// When a column cannot be used.
pub fn queries(row: &Row, kind: TruthKind, unit: BoxUnit) -> Result<Vec<Query>, Error> {
    let masks = row.masks()?;
    let boxes = row.boxes()?.unwrap_or_default();
    if unit == BoxUnit::Fraction {
        check_fractions(row, kind, &masks, &boxes)?;
    }
    let use_masks = match kind {
        TruthKind::Auto => !masks.is_empty(),
        TruthKind::Mask => true,
        TruthKind::Boxes => false,
    };
    let parts = if use_masks { masks.len() } else { boxes.len() };
    let truth = |chosen: &[usize]| {
        if use_masks {
            Truth::Masks(chosen.iter().map(|&i| masks[i].clone()).collect())
        } else {
            Truth::Boxes(chosen.iter().map(|&i| boxes[i].bbox).collect())
        }
    };
    let mut queries: Vec<Query> = Vec::new();
    if let Some(sentences) = row.sentences()? {
        for (text, findings) in sentences {
            if findings.iter().any(|&f| f >= parts) {
                let what = "`sentences` names findings that have no mask or box";
                return Err(row.error(what, "Give one mask or box for each finding"));
            }
            // A wording that a report repeats counts once.
            if !queries.iter().any(|q| q.text == text) {
                queries.push(Query { text, truth: truth(&findings) });
            }
        }
        // A finding that no sentence speaks of is no query: the report does not point there.
        return Ok(queries);
    }
    if !use_masks {
        let mut phrases: Vec<&str> = boxes.iter().filter_map(|b| b.text.as_deref()).collect();
        phrases.dedup();
        for phrase in phrases {
            let chosen: Vec<usize> =
                (0..parts).filter(|&i| boxes[i].text.as_deref() == Some(phrase)).collect();
            if !queries.iter().any(|q| q.text == phrase) {
                queries.push(Query { text: phrase.to_owned(), truth: truth(&chosen) });
            }
        }
        if !queries.is_empty() {
            return Ok(queries);
        }
    }
    if parts == 0 {
        return Ok(Vec::new());
    }
    let all: Vec<usize> = (0..parts).collect();
    Ok(vec![Query { text: row.text()?, truth: truth(&all) }])
}

/// Pixels that are taken for shares would give nonsense, so they are refused.
fn check_fractions(
    row: &Row,
    kind: TruthKind,
    masks: &[PathBuf],
    boxes: &[RowBox],
) -> Result<(), Error> {
    if kind == TruthKind::Mask || (kind == TruthKind::Auto && !masks.is_empty()) {
        return Ok(());
    }
    let fits = |b: &RowBox| {
        let [x, y, width, height] = b.bbox;
        let range = -SLACK..=1.0 + SLACK;
        [x, y, x + width, y + height].iter().all(|v| range.contains(v))
    };
    if boxes.iter().all(fits) {
        return Ok(());
    }
    Err(row.error(
        "`boxes` leaves the image, whose sides are 1",
        "Write boxes as shares of the image, or say --boxes-unit pixel",
    ))
}

impl Truth {
    /// The truth on the network's square; empty when all of it was cut away.
    ///
    /// # Errors
    /// When a mask cannot be read or does not have the film's size.
    pub fn on_input(&self, geometry: &Geometry, unit: BoxUnit) -> Result<Mask> {
        match self {
            Self::Boxes(boxes) => Ok(boxes_on_input(boxes, geometry, unit)),
            Self::Masks(paths) => masks_on_input(paths, geometry),
        }
    }
}

/// One where the centre of an input pixel lies in a box, and on the part of the film that was kept.
fn boxes_on_input(boxes: &[[f64; 4]], geometry: &Geometry, unit: BoxUnit) -> Mask {
    let side = geometry.input_size();
    let [width, height] = geometry.film_size().map(|v| v as f64);
    let scale = match unit {
        BoxUnit::Fraction => [width, height],
        BoxUnit::Pixel => [1.0, 1.0],
    };
    let [left, top, crop_width, crop_height] = geometry.crop().map(|v| v as f64);
    // Both axes are independent, so a box is a run of columns times a run of rows.
    let inside = |start: f64, length: f64, low: f64, kept: f64, at: &dyn Fn(f64) -> f64| {
        let (first, last) = (start.max(low), (start + length).min(low + kept));
        (0..side).map(|i| (first..last).contains(&at(i as f64 + 0.5))).collect::<Vec<bool>>()
    };
    let mut mask = Mask::filled(side, side, 0);
    for &[x, y, w, h] in boxes {
        let columns = inside(x * scale[0], w * scale[0], left, crop_width, &|v| {
            geometry.to_original(v, 0.0).0
        });
        let rows = inside(y * scale[1], h * scale[1], top, crop_height, &|v| {
            geometry.to_original(0.0, v).1
        });
        for (row, line) in rows.iter().zip(mask.data.chunks_exact_mut(side)) {
            for (column, pixel) in columns.iter().zip(line) {
                *pixel |= u8::from(*row && *column);
            }
        }
    }
    mask
}

fn masks_on_input(paths: &[PathBuf], geometry: &Geometry) -> Result<Mask> {
    let limits = Limits::default();
    let side = geometry.input_size();
    let mut union = Mask::filled(side, side, 0);
    for path in paths {
        let read = || -> Result<Mask> {
            let film = decode(&files::read_at_most(path, limits.max_bytes as u64)?, &limits)?;
            let mask = film.pixels.above(0.0);
            if [mask.width, mask.height] != geometry.film_size() {
                return Err(Error::input(
                    "G2D-M43",
                    "The mask does not have the size of its image",
                    "Give a mask in the image's own pixels",
                )
                .into());
            }
            Ok(geometry.mask_forward(&mask))
        };
        let mask = read().with_context(|| path.display().to_string())?;
        union.data.iter_mut().zip(&mask.data).for_each(|(u, m)| *u |= m);
    }
    Ok(union)
}

#[cfg(test)]
mod tests {
    use super::*;
    use g2d_core::{
        config::{ImageConfig, ResizeKind},
        raster::Raster,
    };

    fn geometry(width: usize, height: usize, resize: ResizeKind, to: usize) -> Geometry {
        let config = ImageConfig {
            crop_tolerance: Some(5),
            resize,
            resize_to: to,
            input_size: 64,
            ..ImageConfig::default()
        };
        // A bright film with an empty border of 10 columns on its left.
        let mut film = Raster::filled(width, height, 0.6);
        for row in film.data.chunks_exact_mut(width) {
            row[..10].fill(0.0);
        }
        Geometry::plan(&film, &config).unwrap()
    }

    #[test]
    fn a_box_is_where_its_mask_is() {
        for (resize, to) in [(ResizeKind::Squash, 64), (ResizeKind::Pad, 72)] {
            let geometry = geometry(200, 150, resize, to);
            let mut drawn = Mask::filled(200, 150, 0);
            for row in drawn.data.chunks_exact_mut(200).skip(30).take(60) {
                row[4..120].fill(1);
            }
            let pixels = Truth::Boxes(vec![[4.0, 30.0, 116.0, 60.0]]);
            let shares = Truth::Boxes(vec![[0.02, 0.2, 0.58, 0.4]]);
            let expected = geometry.mask_forward(&drawn);
            assert!(expected.area() > 100);
            assert_eq!(pixels.on_input(&geometry, BoxUnit::Pixel).unwrap(), expected);
            assert_eq!(shares.on_input(&geometry, BoxUnit::Fraction).unwrap(), expected);
        }
    }

    #[test]
    fn what_was_cut_away_is_no_truth() {
        let geometry = geometry(200, 150, ResizeKind::Squash, 64);
        let truth = Truth::Boxes(vec![[0.0, 0.0, 0.04, 1.0]]);
        assert_eq!(truth.on_input(&geometry, BoxUnit::Fraction).unwrap().area(), 0);
        let union = Truth::Boxes(vec![[0.1, 0.1, 0.2, 0.2], [0.15, 0.15, 0.2, 0.2]]);
        let one = Truth::Boxes(vec![[0.1, 0.1, 0.2, 0.2]]);
        let area = |t: &Truth| t.on_input(&geometry, BoxUnit::Fraction).unwrap().area();
        assert!(area(&union) > area(&one) && area(&union) < 2 * area(&one));
    }
}
