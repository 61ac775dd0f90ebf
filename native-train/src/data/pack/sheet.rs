//! A contact sheet: films of a pack side by side with the outline of the body, for the eye.

use g2d_core::{
    outcome::NOTICE,
    raster::{Mask, Raster},
    render::{
        self, PALETTE,
        font::{CELL_HEIGHT, CELL_WIDTH, ink},
    },
};

use super::Pack;

/// Films are shown at most this large, pixels a side.
const MAX_SHOWN: usize = 256;
/// Space around a film, pixels.
const MARGIN: usize = 4;
/// Grey of the sheet and of the letters on it.
const PAPER: f32 = 0.12;
const LETTERS: f32 = 0.95;

/// Draws `count` films, evenly spread over all packs, as a PNG with the notice below.
///
/// Below each film stand its name and its split, never anything of its report.
///
/// # Errors
/// When there is no film, or the picture cannot be encoded.
pub fn contact_sheet(packs: &[&Pack], count: usize) -> anyhow::Result<Vec<u8>> {
    let total: usize = packs.iter().map(|pack| pack.len()).sum();
    let count = count.min(total).max(1);
    let columns = count.isqrt() + usize::from(count.isqrt().pow(2) < count);
    let shown = packs.iter().map(|pack| pack.side()).max().unwrap_or(MAX_SHOWN).min(MAX_SHOWN);
    let (width, height) = (shown + 2 * MARGIN, shown + 2 * MARGIN + 2 * CELL_HEIGHT);
    let rows = count.div_ceil(columns);
    let mut sheet = Raster::filled(columns * width, rows * height, PAPER);
    let mut outline = Mask::filled(sheet.width, sheet.height, 0);
    for place in 0..count {
        let Some((pack, index)) = nth(packs, place * total / count) else { continue };
        let (left, top) = (place % columns * width + MARGIN, place / columns * height + MARGIN);
        let (pixels, body, side) = (pack.pixels(index), pack.body(index), pack.side());
        // The nearest pixel is good enough for a thumbnail, and keeps film and mask together.
        let size = side.min(shown);
        for y in 0..size {
            let from = y * side / size * side;
            let to = (top + y) * sheet.width + left;
            for x in 0..size {
                sheet.data[to + x] = f32::from(pixels[from + x * side / size]) / 255.0;
                outline.data[to + x] = body.data[from + x * side / size];
            }
        }
        let row = pack.row(index);
        write_line(&mut sheet, left, top + shown + 1, shown, &row.id);
        let below = format!("{} #{index}", row.split);
        write_line(&mut sheet, left, top + shown + 1 + CELL_HEIGHT, shown, &below);
    }
    Ok(render::overlay_png(&sheet, &[(&outline, PALETTE[1])], 0.0, NOTICE)?)
}

/// The film with a number that runs over all packs.
fn nth<'a>(packs: &[&'a Pack], mut number: usize) -> Option<(&'a Pack, usize)> {
    for pack in packs {
        if number < pack.len() {
            return Some((pack, number));
        }
        number -= pack.len();
    }
    None
}

/// Writes the end of a text that is too long: the start of names is often the same for all.
fn write_line(sheet: &mut Raster, left: usize, top: usize, width: usize, text: &str) {
    let letters: Vec<char> = text.chars().collect();
    let fits = width / CELL_WIDTH;
    let shown = &letters[letters.len().saturating_sub(fits)..];
    for (position, &character) in shown.iter().enumerate() {
        for y in 0..CELL_HEIGHT {
            for x in (0..CELL_WIDTH).filter(|&x| ink(character, x, y)) {
                let column = left + position * CELL_WIDTH + x;
                sheet.data[(top + y) * sheet.width + column] = LETTERS;
            }
        }
    }
}
