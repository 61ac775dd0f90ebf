//! PNG and JPEG files to grey pictures.

use std::{borrow::Cow, io::Cursor};

use image::ImageDecoder;
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::metadata::Orientation;

use super::header::{self, Format, Header, damaged};
use super::limits::Limits;
use crate::error::{Error, Result};
use crate::raster::Raster;

/// A film as read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// Grey values in [0, 1] at the original size; 0 is the sample value 0 and 1 the largest that
    /// the file's bit depth can hold, so 16-bit films keep their depth.
    pub pixels: Raster,
    /// Bits of one sample in the file: 1, 2, 4, 8 or 16.
    pub bits: u8,
    /// `PNG` or `JPEG`.
    pub format: &'static str,
}

impl Film {
    /// The grey values as the network is to see them.
    ///
    /// A 16-bit file holds 10 to 16 bits of signal and does not say how many, so its own range is
    /// stretched to [0, 1]; 8-bit films are taken as they are.
    pub fn levels(&self) -> Cow<'_, Raster> {
        if self.bits == 16 {
            Cow::Owned(stretch(&self.pixels))
        } else {
            Cow::Borrowed(&self.pixels)
        }
    }
}

/// Reads a PNG (1 to 16 bit; grey, colour, palette) or a JPEG (8 bit) from memory.
///
/// The format is told from the content, never from a name. Colour becomes grey by the luma of
/// ITU-R BT.601; equal channels are copied. Transparency is ignored: the grey below is what the
/// film shows, and blending would depend on a background nobody chose. An animated PNG gives its
/// first picture. A JPEG's EXIF orientation is applied. Colour profiles and gamma are not.
///
/// # Errors
/// | code | when |
/// |---|---|
/// | `G2D-I01` | neither PNG nor JPEG, nor anything known |
/// | `G2D-I02` | cut short or damaged |
/// | `G2D-I03` | DICOM |
/// | `G2D-I04` | another known format, which the message names |
/// | `G2D-I05` | no pixels |
/// | `G2D-I06` | a JPEG of 12 bits, lossless or arithmetically coded |
/// | `G2D-L01`, `G2D-L02` | larger than `limits`; nothing of that size has been allocated |
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Film> {
    limits.check_bytes(bytes.len())?;
    let header = header::read(bytes, limits)?;
    let failed = |_| damaged(header.format);
    let pixels = match header.format {
        Format::Png => {
            let inner = decoder_limits(&header, limits);
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), inner).map_err(failed)?;
            read_grey(decoder, &header, limits)?
        }
        Format::Jpeg => {
            let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(failed)?;
            decoder.set_limits(decoder_limits(&header, limits)).map_err(failed)?;
            // A broken EXIF block says nothing about the picture.
            let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
            orient(read_grey(decoder, &header, limits)?, orientation)
        }
    };
    Ok(Film { pixels, bits: header.bits, format: header.format.name() })
}

/// The decoders' own limits, as a second line: at most four 16-bit samples a pixel, and some room
/// for tables.
fn decoder_limits(header: &Header, limits: &Limits) -> image::Limits {
    let mut inner = image::Limits::no_limits();
    inner.max_image_width = Some(limits.max_side);
    inner.max_image_height = Some(limits.max_side);
    inner.max_alloc = Some(u64::from(header.width) * u64::from(header.height) * 8 + (16 << 20));
    inner
}

fn read_grey(decoder: impl ImageDecoder, header: &Header, limits: &Limits) -> Result<Raster> {
    let (width, height) = decoder.dimensions();
    // A file with two headers could show us one and the decoder the other.
    limits.check_pixels(width, height)?;
    let colour = decoder.color_type();
    let size = usize::try_from(decoder.total_bytes()).map_err(|_| damaged(header.format))?;
    let mut buffer = vec![0; size];
    decoder.read_image(&mut buffer).map_err(|_| damaged(header.format))?;
    let channels = usize::from(colour.channel_count());
    let data = match colour {
        image::ColorType::L8
        | image::ColorType::La8
        | image::ColorType::Rgb8
        | image::ColorType::Rgba8 => {
            buffer.chunks_exact(channels).map(|p| grey(p, |&v| f32::from(v)) / 255.0).collect()
        }
        image::ColorType::L16
        | image::ColorType::La16
        | image::ColorType::Rgb16
        | image::ColorType::Rgba16 => buffer
            .as_chunks::<2>()
            .0
            .chunks_exact(channels)
            .map(|p| grey(p, |&v| f32::from(u16::from_ne_bytes(v))) / 65535.0)
            .collect(),
        _ => {
            return Err(Error::bug("G2D-B02", "A decoder gave a kind of colour it never gives"));
        }
    };
    Raster::from_vec(width as usize, height as usize, data)
}

/// Luma of ITU-R BT.601, on the scale of the samples; one or two channels are grey (and alpha).
fn grey<T: PartialEq>(pixel: &[T], value: impl Fn(&T) -> f32) -> f32 {
    match pixel {
        [r, g, b, ..] if r == g && g == b => value(r),
        [r, g, b, ..] => 0.299 * value(r) + 0.587 * value(g) + 0.114 * value(b),
        [v, ..] => value(v),
        [] => 0.0,
    }
}

/// Turns the picture as EXIF's orientation asks (Exif 2.32, tag 274).
fn orient(film: Raster, orientation: Orientation) -> Raster {
    let (w, h) = (film.width, film.height);
    let swap = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if swap { (h, w) } else { (w, h) };
    let source = |x: usize, y: usize| match orientation {
        Orientation::NoTransforms => (x, y),
        Orientation::FlipHorizontal => (w - 1 - x, y),
        Orientation::FlipVertical => (x, h - 1 - y),
        Orientation::Rotate180 => (w - 1 - x, h - 1 - y),
        Orientation::Rotate90 => (y, h - 1 - x),
        Orientation::Rotate270 => (w - 1 - y, x),
        Orientation::Rotate90FlipH => (y, x),
        Orientation::Rotate270FlipH => (w - 1 - y, h - 1 - x),
    };
    if orientation == Orientation::NoTransforms {
        return film;
    }
    let mut data = Vec::with_capacity(film.data.len());
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = source(x, y);
            data.push(film.at(sx, sy));
        }
    }
    Raster { width, height, data }
}

/// Stretches the grey values linearly so that the darkest becomes 0 and the brightest 1, as the
/// reference code of the paper does. A film of one grey comes back unchanged.
///
/// Films of 10 to 14 bits stored in 16 bit would otherwise be almost black.
pub fn stretch(film: &Raster) -> Raster {
    let (low, high) = film.range();
    if high <= low {
        return film.clone();
    }
    let (low, width) = (f64::from(low), f64::from(high) - f64::from(low));
    let data = film.data.iter().map(|&v| ((f64::from(v) - low) / width) as f32).collect();
    Raster { width: film.width, height: film.height, data }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
