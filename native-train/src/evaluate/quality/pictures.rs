//! Examples as pictures: the film, the truth, what the model shows, and the sentences.

use std::collections::BTreeMap;

use anyhow::Result;
use g2d_core::{
    config::UpsampleKind,
    metrics::dice,
    outcome::NOTICE,
    pseudo_mask::{morphology::erode, upsample},
    raster::{Mask, Raster},
    render::{
        PALETTE,
        font::{CELL_HEIGHT, CELL_WIDTH, ink, wrap},
    },
    session::EncodedImage,
};
use image::{
    ExtendedColorType, ImageEncoder as _,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use super::grounding::Pointed;

/// Pictures made at most.
const MOST: usize = 6;
/// Bytes of one picture at most.
const LIMIT: usize = 150 * 1024;
/// Sides of a tile that are tried until the picture is small enough.
const TILES: [usize; 4] = [288, 256, 208, 160];
/// Sentences shown at most.
const SENTENCES: usize = 5;
/// What is shown first: the sets, the best case or the worst one of each.
const WANTED: [(&str, bool); 8] = [
    ("phantoms", true),
    ("phantoms", false),
    // Not those with lung boxes: most of them may not be passed on.
    ("films/findings", true),
    ("films/findings", false),
    ("ct", true),
    ("second", true),
    ("second", false),
    ("ct", false),
];

/// A picture with its name.
pub struct Picture {
    /// File name.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// The PNG.
    pub png: Vec<u8>,
}

/// A case as it is drawn, in the network's pixels.
struct Example {
    merit: f64,
    film: Raster,
    sentences: Vec<(String, Mask, Option<Mask>, bool)>,
}

/// Keeps the best and the worst case of each set.
#[derive(Default)]
pub struct Picker(BTreeMap<(String, bool), Example>);

impl Picker {
    /// Looks at a case: the best has the largest mean Dice, two sentences before one; the worst
    /// has the sentence that is farthest off with the highest score.
    ///
    /// # Errors
    /// Never today; the signature leaves room for drawing at once.
    pub fn consider(
        &mut self,
        set: &str,
        image: &EncodedImage,
        pointed: &[Pointed<'_>],
    ) -> Result<()> {
        if pointed.is_empty() {
            return Ok(());
        }
        let overlap = |p: &Pointed<'_>| p.mask.as_ref().map_or(0.0, |m| dice(m, &p.truth));
        let hits = |p: &Pointed<'_>| p.map.argmax().map_or([false; 3], |at| p.near.hits(at));
        let mean = pointed.iter().map(overlap).sum::<f64>() / pointed.len() as f64;
        let good = pointed.iter().all(|p| hits(p)[0]);
        let several = pointed.iter().any(|p| p.told.kind != pointed[0].told.kind);
        let best = good.then(|| mean + f64::from(u8::from(several)));
        let missed = pointed.iter().filter(|p| !hits(p)[2]).map(|p| f64::from(p.map.range().1));
        for (merit, is_best) in [(best, true), (missed.max_by(f64::total_cmp), false)] {
            let key = (set.to_owned(), is_best);
            let Some(merit) = merit.filter(|m| self.0.get(&key).is_none_or(|e| *m > e.merit))
            else {
                continue;
            };
            let mut shown: Vec<&Pointed<'_>> = pointed.iter().collect();
            // The failure is what the picture is about.
            shown.sort_by_key(|p| !is_best && hits(p)[2]);
            let sentence =
                |p: &&Pointed<'_>| (p.text.clone(), p.truth.clone(), p.mask.clone(), hits(p)[0]);
            let sentences = shown.iter().take(SENTENCES).map(sentence).collect();
            self.0.insert(key, Example { merit, film: image.input.clone(), sentences });
        }
        Ok(())
    }

    /// Draws what was kept.
    ///
    /// # Errors
    /// When a picture cannot be encoded.
    pub fn finish(self) -> Result<Vec<Picture>> {
        let mut pictures = Vec::new();
        for (set, best) in WANTED {
            let Some(example) = self.0.get(&(set.to_owned(), best)) else { continue };
            if pictures.len() == MOST {
                break;
            }
            let word = if best { "best" } else { "worst" };
            let caption = if best {
                format!("{set}: the case with the best masks")
            } else {
                format!("{set}: the most certain wrong place")
            };
            let name = format!("{}-{word}.png", set.replace('/', "-"));
            pictures.push(Picture { name, png: panel(example, &caption)?, caption });
        }
        Ok(pictures)
    }
}

/// The largest panel that is small enough.
fn panel(example: &Example, caption: &str) -> Result<Vec<u8>> {
    let mut png = Vec::new();
    for tile in TILES {
        png = draw(example, caption, tile)?;
        if png.len() <= LIMIT {
            break;
        }
    }
    Ok(png)
}

/// Pixels, row by row.
struct Canvas {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

const PAPER: [u8; 3] = [0x1c, 0x1c, 0x1c];
const WHITE: [u8; 3] = [0xf2, 0xf2, 0xf2];

impl Canvas {
    /// Adds lines of text below.
    fn text(&mut self, text: &str, colour: [u8; 3]) {
        let margin = CELL_WIDTH;
        for line in wrap(text, (self.width - 2 * margin) / CELL_WIDTH) {
            let top = self.pixels.len();
            self.pixels.resize(top + (CELL_HEIGHT + 2) * self.width, PAPER);
            for y in 0..CELL_HEIGHT {
                for (i, character) in line.chars().enumerate() {
                    for x in 0..CELL_WIDTH {
                        if ink(character, x, y) {
                            let column = margin + i * CELL_WIDTH + x;
                            self.pixels[top + (y + 1) * self.width + column] = colour;
                        }
                    }
                }
            }
        }
    }
}

fn scaled(mask: &Mask, side: usize) -> Mask {
    upsample(&mask.to_raster(), side, side, UpsampleKind::Bilinear).above(0.5)
}

fn draw(example: &Example, caption: &str, tile: usize) -> Result<Vec<u8>> {
    let film = upsample(&example.film, tile, tile, UpsampleKind::Bilinear);
    // Six bits of grey: noise is what makes such files large.
    let grey = |v: f32| ((v.clamp(0.0, 1.0) * 63.0).round() * 255.0 / 63.0) as u8;
    let plain: Vec<[u8; 3]> = film.data.iter().map(|v| [grey(*v); 3]).collect();
    let mut tiles = [plain.clone(), plain.clone(), plain];
    for (i, (_, truth, mask, _)) in example.sentences.iter().enumerate() {
        let colour = PALETTE[i % PALETTE.len()];
        paint(&mut tiles[1], &scaled(truth, tile), colour);
        if let Some(mask) = mask {
            paint(&mut tiles[2], &scaled(mask, tile), colour);
        }
    }
    let mut canvas = Canvas { width: 3 * tile, pixels: Vec::new() };
    canvas.text(&format!("{caption}. Film | truth | model"), WHITE);
    for row in 0..tile {
        for tile_pixels in &tiles {
            canvas.pixels.extend_from_slice(&tile_pixels[row * tile..(row + 1) * tile]);
        }
    }
    for (i, (text, _, mask, hit)) in example.sentences.iter().enumerate() {
        let verdict = match (mask, hit) {
            (_, true) => "points inside the truth",
            (None, _) => "no mask",
            (Some(_), false) => "points elsewhere",
        };
        canvas.text(&format!("{text} [{verdict}]"), PALETTE[i % PALETTE.len()]);
    }
    canvas.text(NOTICE, WHITE);
    let rows = canvas.pixels.len() / canvas.width;
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive)
        .write_image(
            canvas.pixels.as_flattened(),
            canvas.width as u32,
            rows as u32,
            ExtendedColorType::Rgb8,
        )?;
    Ok(bytes)
}

/// A light fill and an outline of two pixels.
fn paint(pixels: &mut [[u8; 3]], mask: &Mask, colour: [u8; 3]) {
    let core = erode(mask, 2);
    for ((pixel, inside), core) in pixels.iter_mut().zip(&mask.data).zip(&core.data) {
        if *inside == 0 {
            continue;
        }
        let share = if *core == 0 { 1.0 } else { 0.25 };
        for (p, c) in pixel.iter_mut().zip(colour) {
            *p = (f32::from(*p) * (1.0 - share) + f32::from(c) * share + 0.5) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_has_three_tiles_and_stays_small() {
        let mut truth = Mask::filled(64, 64, 0);
        truth.data[20 * 64..24 * 64].fill(1);
        let noise = |i: usize| (i * 2_654_435_761 % 1024) as f32 / 1024.0;
        let film = Raster { width: 64, height: 64, data: (0..64 * 64).map(noise).collect() };
        let text = String::from("Right pleural effusion.");
        let sentences = vec![
            (text.clone(), truth.clone(), Some(truth.clone()), true),
            (text, truth, None, false),
        ];
        let png = panel(&Example { merit: 0.0, film, sentences }, "phantoms").unwrap();
        assert!(png.len() <= LIMIT, "{}", png.len());
        let picture = image::load_from_memory(&png).unwrap();
        assert!(TILES.iter().any(|t| picture.width() as usize == 3 * t));
        assert!(picture.height() > picture.width() / 3 + 30);
    }
}
