//! PNG files in memory.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::error::{Error, Result};
use crate::raster::{Mask, Raster};

/// A mask as an 8-bit grey PNG: 0 outside, 255 inside.
///
/// # Errors
/// For a picture without pixels.
pub fn mask_png(mask: &Mask) -> Result<Vec<u8>> {
    let bytes: Vec<u8> = mask.data.iter().map(|&v| if v != 0 { 255 } else { 0 }).collect();
    encode(&bytes, mask.width, mask.height, ExtendedColorType::L8)
}

/// A picture in [0, 1] as an 8-bit grey PNG; values outside are clipped.
///
/// # Errors
/// For a picture without pixels.
pub fn grey_png8(picture: &Raster) -> Result<Vec<u8>> {
    let bytes: Vec<u8> = picture.data.iter().map(|&v| to_byte(v)).collect();
    encode(&bytes, picture.width, picture.height, ExtendedColorType::L8)
}

/// A picture in [0, 1] as a 16-bit grey PNG; values outside are clipped.
///
/// # Errors
/// For a picture without pixels.
pub fn grey_png16(picture: &Raster) -> Result<Vec<u8>> {
    let level = |v: f32| (v.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16;
    // The encoder takes samples in the machine's order and writes them as PNG wants them.
    let bytes: Vec<u8> = picture.data.iter().flat_map(|&v| level(v).to_ne_bytes()).collect();
    encode(&bytes, picture.width, picture.height, ExtendedColorType::L16)
}

/// Grey level of 255, rounded and clipped; what is not a number is black.
pub(super) fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// Encodes samples of any layout that PNG has.
pub(super) fn encode(
    bytes: &[u8],
    width: usize,
    height: usize,
    layout: ExtendedColorType,
) -> Result<Vec<u8>> {
    let samples = width.saturating_mul(height).saturating_mul(usize::from(layout.bits_per_pixel()));
    let (Ok(w), Ok(h)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(Error::bug("G2D-B61", "A picture is too large for PNG"));
    };
    // The encoder panics, rather than fails, when the buffer does not fit.
    if samples == 0 || samples != bytes.len().saturating_mul(8) {
        return Err(Error::bug("G2D-B62", format!("A {w} x {h} picture has no matching pixels")));
    }
    let mut out = Vec::new();
    PngEncoder::new(&mut out)
        .write_image(bytes, w, h, layout)
        .map_err(|_| Error::bug("G2D-B63", "A picture could not be written as PNG"))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_pictures_survive_the_round_trip() {
        let picture = Raster { width: 3, height: 2, data: vec![0.0, 0.25, 1.0, -3.0, 7.0, 0.5] };
        let eight = image::load_from_memory(&grey_png8(&picture).unwrap()).unwrap();
        assert_eq!(eight.as_luma8().unwrap().as_raw(), &[0, 64, 255, 0, 255, 128]);
        let sixteen = image::load_from_memory(&grey_png16(&picture).unwrap()).unwrap();
        let want = [0u16, 16384, 65535, 0, 65535, 32768];
        assert_eq!(sixteen.as_luma16().unwrap().as_raw(), &want);
        let mask = Mask { width: 2, height: 1, data: vec![0, 1] };
        let read = image::load_from_memory(&mask_png(&mask).unwrap()).unwrap();
        assert_eq!(read.as_luma8().unwrap().as_raw(), &[0, 255]);
    }

    #[test]
    fn pictures_without_matching_pixels_are_refused() {
        assert_eq!(mask_png(&Mask::default()).unwrap_err().code(), "G2D-B62");
        let short = Raster { width: 9, height: 9, data: vec![0.0; 3] };
        assert_eq!(grey_png16(&short).unwrap_err().code(), "G2D-B62");
    }
}
