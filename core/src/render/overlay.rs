//! The film with its masks in colour and the notice below.

use image::ExtendedColorType;

use crate::error::{Error, Result};
use crate::pseudo_mask::morphology::erode;
use crate::raster::{Mask, Raster};

use super::font::{CELL_HEIGHT, CELL_WIDTH, ink, wrap};
use super::png::{encode, to_byte};

/// Colours that colour-blind readers can tell apart: Okabe and Ito's (2008) without black, those
/// that stand out best on grey first, and the magenta of Paul Tol's vibrant scheme.
pub const PALETTE: [[u8; 3]; 8] = [
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x00, 0x9e, 0x73],
    [0xf0, 0xe4, 0x42],
    [0xcc, 0x79, 0xa7],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x72, 0xb2],
    [0xee, 0x33, 0x77],
];

const STRIP: [u8; 3] = [0x1c, 0x1c, 0x1c];
const TEXT: [u8; 3] = [0xf2, 0xf2, 0xf2];

/// Draws masks over a film with values in [0, 1] and writes the notice into a strip below.
///
/// Each mask is filled with its colour at `opacity` (0 to 1, later masks over earlier ones) and
/// outlined in full colour, so that it can be seen at any opacity. The film keeps its pixels: the
/// upper `height` rows of the result are the film's, for whoever wants to cut the strip off.
///
/// # Errors
/// For a film without pixels and a mask of another size than the film's: mistakes of the caller's.
pub fn overlay_png(
    film: &Raster,
    masks: &[(&Mask, [u8; 3])],
    opacity: f32,
    notice: &str,
) -> Result<Vec<u8>> {
    let (width, height) = (film.width, film.height);
    if masks.iter().any(|(mask, _)| (mask.width, mask.height) != (width, height)) {
        return Err(Error::bug("G2D-B60", "A mask to be drawn has another size than its film"));
    }
    let mut pixels: Vec<[u8; 3]> = film.data.iter().map(|&v| [to_byte(v); 3]).collect();
    let opacity = if opacity.is_nan() { 0.0 } else { opacity.clamp(0.0, 1.0) };
    for (mask, colour) in masks {
        for (pixel, _) in pixels.iter_mut().zip(&mask.data).filter(|(_, inside)| **inside != 0) {
            *pixel = blend(*pixel, *colour, opacity);
        }
    }
    // Outlines last: the next mask's fill must not hide them.
    let thickness = (width.min(height) / 512).max(1);
    for (mask, colour) in masks {
        let core = erode(mask, thickness);
        for ((pixel, inside), core) in pixels.iter_mut().zip(&mask.data).zip(&core.data) {
            if *inside != 0 && *core == 0 {
                *pixel = *colour;
            }
        }
    }
    append_notice(&mut pixels, width, notice);
    let rows = pixels.len() / width.max(1);
    encode(pixels.as_flattened(), width, rows, ExtendedColorType::Rgb8)
}

fn blend(under: [u8; 3], over: [u8; 3], opacity: f32) -> [u8; 3] {
    let mut out = under;
    for (o, c) in out.iter_mut().zip(over) {
        *o = (f32::from(*o) * (1.0 - opacity) + f32::from(c) * opacity + 0.5) as u8;
    }
    out
}

/// Adds rows with the text, wrapped to the width and scaled with it.
fn append_notice(pixels: &mut Vec<[u8; 3]>, width: usize, notice: &str) {
    let scale = (width / 480).max(1);
    let margin = 4 * scale;
    let columns = width.saturating_sub(2 * margin) / (CELL_WIDTH * scale);
    let lines = wrap(notice, columns);
    if lines.is_empty() {
        return;
    }
    let top = pixels.len() / width.max(1) + margin;
    let rows = lines.len() * CELL_HEIGHT * scale + 2 * margin;
    pixels.resize(pixels.len() + rows * width, STRIP);
    for (number, line) in lines.iter().enumerate() {
        for y in 0..CELL_HEIGHT * scale {
            let row = (top + number * CELL_HEIGHT * scale + y) * width;
            for (position, character) in line.chars().enumerate() {
                for x in 0..CELL_WIDTH * scale {
                    let column = margin + position * CELL_WIDTH * scale + x;
                    if column < width && ink(character, x / scale, y / scale) {
                        pixels[row + column] = TEXT;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Mask {
        let mut mask = Mask::filled(40, 30, 0);
        for y in 10..20 {
            mask.data[y * 40 + 5..y * 40 + 15].fill(1);
        }
        mask
    }

    #[test]
    fn the_film_stays_and_masks_get_fill_and_outline() {
        let film = Raster::filled(40, 30, 0.5);
        let png = overlay_png(&film, &[(&square(), PALETTE[0])], 0.5, "Not for clinical use.");
        let png = image::load_from_memory(&png.unwrap()).unwrap().to_rgb8();
        assert_eq!(png.width(), 40);
        assert!(png.height() > 30 + 40, "a narrow film makes a tall strip");
        assert_eq!(png.get_pixel(2, 2).0, [128; 3]);
        assert_eq!(png.get_pixel(5, 12).0, PALETTE[0], "outline");
        assert_eq!(png.get_pixel(10, 15).0, [179, 144, 64], "half of 128 and the colour");
        let text = png.rows().skip(30).flatten().filter(|p| p.0 == TEXT).count();
        assert!(text > 100, "{text}");
    }

    #[test]
    fn outlines_are_not_covered_by_later_masks() {
        let film = Raster::filled(40, 30, 0.0);
        let whole = Mask::filled(40, 30, 1);
        let masks = [(&square(), PALETTE[1]), (&whole, PALETTE[2])];
        let png = overlay_png(&film, &masks, 1.0, "").unwrap();
        let png = image::load_from_memory(&png).unwrap().to_rgb8();
        assert_eq!(png.height(), 30, "no notice, no strip");
        assert_eq!(png.get_pixel(5, 12).0, PALETTE[1]);
        assert_eq!(png.get_pixel(10, 15).0, PALETTE[2]);
    }

    #[test]
    fn wrong_sizes_are_refused() {
        let film = Raster::filled(40, 31, 0.0);
        let error = overlay_png(&film, &[(&square(), PALETTE[0])], 0.5, "x").unwrap_err();
        assert_eq!(error.code(), "G2D-B60");
        assert!(overlay_png(&Raster::default(), &[], 0.5, "").is_err());
    }
}
