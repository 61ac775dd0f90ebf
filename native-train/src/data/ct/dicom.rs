//! Reads one CT slice from DICOM bytes.
//!
//! Only what this data set needs: Part 10 files in explicit VR little endian without compression
//! (PS3.5 chapter 7). A general DICOM library would bring 17 crates and other features of crates
//! that Burn is built from, for slices whose bytes are known to the last one by their hash.

use g2d_core::Error;

/// One axial slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Rows and columns.
    pub size: [usize; 2],
    /// Millimetres between rows and between columns.
    pub spacing: [f64; 2],
    /// Millimetres, centre of the first pixel: to the patient's left, to the back, to the head.
    pub position: [f64; 3],
    /// Direction of a row, then of a column, in the same axes.
    pub orientation: [f64; 6],
    /// Hounsfield units, row by row.
    pub hu: Vec<f32>,
}

const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";

fn refuse(what: impl Into<String>) -> Error {
    Error::input("G2D-F70", what, "Use the wheel that the help text names, unchanged")
}

/// An element: its tag and its bytes.
struct Element<'a> {
    tag: (u16, u16),
    value: &'a [u8],
}

impl Element<'_> {
    fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(self.value).ok()?;
        Some(text.trim_matches(|c| c == ' ' || c == '\0'))
    }

    fn short(&self) -> Option<u16> {
        Some(u16::from_le_bytes(self.value.get(..2)?.try_into().ok()?))
    }

    fn numbers<const N: usize>(&self) -> Option<[f64; N]> {
        let values: Option<Vec<f64>> =
            self.text()?.split('\\').map(|v| v.trim().parse().ok()).collect();
        values?.try_into().ok()
    }
}

/// Walks over the elements of the outermost data set.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn long(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn element(&mut self) -> Option<Element<'a>> {
        let tag = (self.short()?, self.short()?);
        let kind = self.take(2)?;
        // These have two reserved bytes and a length of four.
        let long: [&[u8]; 11] =
            [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"];
        let length = if long.contains(&kind) {
            self.take(2)?;
            self.long()?
        } else {
            u32::from(self.short()?)
        };
        // An undefined length (sequences) does not occur in this data set.
        Some(Element { tag, value: self.take(length as usize)? })
    }
}

/// Reads a slice.
///
/// # Errors
/// When the bytes are no DICOM file of the kind described above, or something needed is missing.
pub fn read(bytes: &[u8]) -> Result<Slice, Error> {
    let body = bytes.get(132..).filter(|_| bytes[128..132] == *b"DICM");
    let mut reader = Reader(body.ok_or_else(|| refuse("A slice is no DICOM file"))?);
    let (mut rows, mut columns, mut bits, mut signed) = (None, None, None, None);
    let (mut slope, mut intercept) = (1.0, 0.0);
    let (mut spacing, mut position, mut orientation, mut pixels) = (None, None, None, None);
    while !reader.0.is_empty() {
        let element = reader.element().ok_or_else(|| refuse("A slice is cut off or nested"))?;
        match element.tag {
            (0x0002, 0x0010) if element.text() != Some(EXPLICIT_LITTLE_ENDIAN) => {
                return Err(refuse("A slice has another transfer syntax"));
            }
            (0x0020, 0x0032) => position = element.numbers::<3>(),
            (0x0020, 0x0037) => orientation = element.numbers::<6>(),
            (0x0028, 0x0010) => rows = element.short(),
            (0x0028, 0x0011) => columns = element.short(),
            (0x0028, 0x0030) => spacing = element.numbers::<2>(),
            (0x0028, 0x0100) => bits = element.short(),
            (0x0028, 0x0103) => signed = element.short(),
            (0x0028, 0x1052) => intercept = element.numbers::<1>().map_or(f64::NAN, |v| v[0]),
            (0x0028, 0x1053) => slope = element.numbers::<1>().map_or(f64::NAN, |v| v[0]),
            (0x7fe0, 0x0010) => pixels = Some(element.value),
            _ => {}
        }
    }
    let missing = || refuse("A slice lacks its size, place or pixels");
    let size = [rows.ok_or_else(missing)?, columns.ok_or_else(missing)?].map(usize::from);
    let pixels = pixels.ok_or_else(missing)?;
    if bits != Some(16) || pixels.len() < size[0] * size[1] * 2 || !(slope + intercept).is_finite()
    {
        return Err(refuse("A slice does not hold 16-bit pixels in the size it names"));
    }
    let value = |pair: &[u8]| {
        let raw = [pair[0], pair[1]];
        let stored = if signed == Some(1) {
            f64::from(i16::from_le_bytes(raw))
        } else {
            f64::from(u16::from_le_bytes(raw))
        };
        (stored * slope + intercept) as f32
    };
    Ok(Slice {
        size,
        spacing: spacing.ok_or_else(missing)?,
        position: position.ok_or_else(missing)?,
        orientation: orientation.ok_or_else(missing)?,
        hu: pixels.chunks_exact(2).take(size[0] * size[1]).map(value).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(bytes: &mut Vec<u8>, tag: (u16, u16), kind: &[u8; 2], value: &[u8]) {
        bytes.extend(tag.0.to_le_bytes());
        bytes.extend(tag.1.to_le_bytes());
        bytes.extend(kind);
        if kind == b"OW" {
            bytes.extend([0, 0]);
            bytes.extend((value.len() as u32).to_le_bytes());
        } else {
            bytes.extend((value.len() as u16).to_le_bytes());
        }
        bytes.extend(value);
    }

    fn file(syntax: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        put(&mut bytes, (2, 0x10), b"UI", syntax);
        put(&mut bytes, (0x20, 0x32), b"DS", b"-1\\2.5\\-3 ");
        put(&mut bytes, (0x20, 0x37), b"DS", b"1\\0\\0\\0\\1\\0 ");
        put(&mut bytes, (0x28, 0x10), b"US", &[1, 0]);
        put(&mut bytes, (0x28, 0x11), b"US", &[2, 0]);
        put(&mut bytes, (0x28, 0x30), b"DS", b"0.5\\0.75");
        put(&mut bytes, (0x28, 0x100), b"US", &[16, 0]);
        put(&mut bytes, (0x28, 0x103), b"US", &[1, 0]);
        put(&mut bytes, (0x28, 0x1052), b"DS", b"-1024 ");
        put(&mut bytes, (0x28, 0x1053), b"DS", b"1 ");
        put(&mut bytes, (0x7fe0, 0x10), b"OW", &[24, 0, 0xff, 0xff]);
        bytes
    }

    #[test]
    fn a_slice_is_read_with_its_place_and_rescaled() {
        let slice = read(&file(b"1.2.840.10008.1.2.1\0")).unwrap();
        assert_eq!((slice.size, slice.spacing), ([1, 2], [0.5, 0.75]));
        assert_eq!(slice.position, [-1.0, 2.5, -3.0]);
        assert_eq!(slice.hu, [-1000.0, -1025.0]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let good = file(b"1.2.840.10008.1.2.1\0");
        let code = |bytes: &[u8]| read(bytes).unwrap_err().code();
        assert_eq!(code(b"nothing"), "G2D-F70");
        assert_eq!(code(&good[..good.len() - 1]), "G2D-F70");
        assert_eq!(code(&file(b"1.2.840.10008.1.2.4.70")), "G2D-F70");
    }
}
