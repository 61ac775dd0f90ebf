//! What a file is and how large it says its picture is, read from its first bytes alone.
//!
//! The file's name is not asked: names lie more often than magic numbers. Walking the parts of a
//! file also tells a whole file from one that was cut short, which the JPEG decoder would fill up
//! with grey without a word.

use super::limits::Limits;
use crate::error::{Error, Result};

/// The two formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
}

impl Format {
    /// The name in messages and results.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
        }
    }
}

/// What the header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bits of one sample.
    pub(super) bits: u8,
}

/// Reads the header, checks it against the limits and checks that the file is there to its end.
///
/// # Errors
/// `G2D-I01` to `G2D-I06` and `G2D-L02`, see [`super::decode`].
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Header> {
    match sniff(bytes)? {
        Format::Png => png(bytes, limits),
        Format::Jpeg => jpeg(bytes, limits),
    }
}

fn sniff(bytes: &[u8]) -> Result<Format> {
    if bytes.starts_with(b"\x89PNG") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if bytes.get(128..132) == Some(b"DICM".as_slice()) {
        return Err(Error::input(
            "G2D-I03",
            "This is a DICOM file, which is not read here",
            "Export the film as PNG (16 bit where possible) or JPEG, without the patient's name",
        ));
    }
    if let Some(name) = other_format(bytes) {
        return Err(Error::input(
            "G2D-I04",
            format!("This is a {name} file, which is not read here"),
            "Export the film as PNG or JPEG",
        ));
    }
    Err(Error::input(
        "G2D-I01",
        "The file is not a PNG or JPEG image",
        "Choose a chest radiograph saved as PNG or JPEG",
    ))
}

/// Names the formats that people try, so that the message can.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
    if starts(b"GIF8") {
        return Some("GIF");
    }
    if starts(b"RIFF") && at(8, b"WEBP") {
        return Some("WebP");
    }
    // Two letters alone would take many a text for a bitmap; the reserved field must be zero too.
    if starts(b"BM") && at(6, &[0, 0, 0, 0]) {
        return Some("BMP");
    }
    if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].into_iter().any(starts) {
        return Some("TIFF");
    }
    if starts(b"%PDF") {
        return Some("PDF");
    }
    if at(4, b"ftypavif") || at(4, b"ftypavis") {
        return Some("AVIF");
    }
    if at(4, b"ftyp") {
        return Some("HEIC");
    }
    if at(4, b"jP  \r\n\x87\n") || starts(b"\xff\x4f\xff\x51") {
        return Some("JPEG 2000");
    }
    if starts(b"\xff\x0a") || at(4, b"JXL ") {
        return Some("JPEG XL");
    }
    if starts(b"PK\x03\x04") {
        return Some("ZIP");
    }
    None
}

/// The error for a file that ends too early or contradicts itself.
pub(super) fn damaged(format: Format) -> Error {
    Error::input(
        "G2D-I02",
        format!("The {} file is cut short or damaged", format.name()),
        "Copy or download the file again, or export the film once more",
    )
}

fn unsupported(what: &str) -> Error {
    Error::input("G2D-I06", what, "Export the film as PNG or as a plain 8-bit JPEG")
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// PNG specification, sections 5.3 and 11.2.1: chunks of length, type, data and checksum; IHDR
/// comes first, IEND last.
fn png(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let broken = || damaged(Format::Png);
    if bytes.get(..8) != Some(b"\x89PNG\r\n\x1a\n".as_slice())
        || bytes.get(12..16) != Some(b"IHDR".as_slice())
    {
        return Err(broken());
    }
    let width = be32(bytes, 16).ok_or_else(broken)?;
    let height = be32(bytes, 20).ok_or_else(broken)?;
    let (&depth, &colour) = bytes.get(24).zip(bytes.get(25)).ok_or_else(broken)?;
    limits.check_pixels(width, height)?;
    let mut at = 8_usize;
    loop {
        let length = be32(bytes, at).ok_or_else(broken)? as usize;
        let kind = bytes.get(at + 4..at + 8).ok_or_else(broken)?;
        let next = length.checked_add(12).and_then(|n| at.checked_add(n)).ok_or_else(broken)?;
        if next > bytes.len() {
            return Err(broken());
        }
        if kind == b"IEND" {
            break;
        }
        at = next;
    }
    // The entries of a palette always have 8 bits, however few bits the index has.
    let bits = if colour == 3 { 8 } else { depth };
    Ok(Header { format: Format::Png, width, height, bits })
}

/// ITU-T T.81, annex B: segments that start with FF and a marker; after SOS the coded data, in
/// which FF is followed by 00 or a restart marker; EOI ends the file.
fn jpeg(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let broken = || damaged(Format::Jpeg);
    let mut header = None;
    let mut scans = 0;
    let mut at = 2_usize;
    loop {
        // Skips fill bytes, and stray bytes between segments as decoders do.
        let rest = bytes.get(at..).ok_or_else(broken)?;
        at += rest.windows(2).position(is_marker).ok_or_else(broken)?;
        let marker = *bytes.get(at + 1).ok_or_else(broken)?;
        at += 2;
        match marker {
            0xd9 => break,
            0x01 | 0xd0..=0xd8 => continue,
            0xda => scans += 1,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) && header.is_none() => {
                header = Some(frame_header(bytes, at, marker, limits)?);
            }
            _ => {}
        }
        at += usize::from(be16(bytes, at).ok_or_else(broken)?).max(2);
    }
    if scans == 0 {
        return Err(broken());
    }
    header.ok_or_else(broken)
}

/// Two bytes that start a segment or end the file; inside coded data restart markers do neither.
fn is_marker(pair: &[u8]) -> bool {
    matches!(pair, [0xff, marker] if !matches!(marker, 0x00 | 0xff | 0xd0..=0xd7))
}

fn frame_header(bytes: &[u8], at: usize, marker: u8, limits: &Limits) -> Result<Header> {
    let broken = || damaged(Format::Jpeg);
    let bits = *bytes.get(at + 2).ok_or_else(broken)?;
    let height = u32::from(be16(bytes, at + 3).ok_or_else(broken)?);
    let width = u32::from(be16(bytes, at + 5).ok_or_else(broken)?);
    limits.check_pixels(width, height)?;
    if bits != 8 {
        return Err(unsupported(&format!(
            "The JPEG file has {bits} bits a sample, only 8 are read"
        )));
    }
    if !matches!(marker, 0xc0..=0xc2) {
        return Err(unsupported("The JPEG file is lossless, hierarchical or arithmetically coded"));
    }
    Ok(Header { format: Format::Jpeg, width, height, bits })
}
