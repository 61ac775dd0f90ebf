//! How one film lies in `films.bin`.

use g2d_core::raster::Mask;

/// Bytes of the checksum at the end of a record.
const CHECKSUM: usize = 4;

/// Bits of a byte as bytes, lowest bit first: one look-up expands eight pixels of a mask.
const EXPANDED: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte][bit] = (byte >> bit & 1) as u8;
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// Lengths of a record's parts, all from the side of the square films.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    side: usize,
}

impl Layout {
    /// The layout for square films of `side` pixels.
    pub const fn new(side: usize) -> Self {
        Self { side }
    }

    /// Pixels of a film, one byte each.
    pub fn pixels(self) -> usize {
        self.side * self.side
    }

    /// Bytes of a body mask.
    pub fn mask_bytes(self) -> usize {
        self.pixels().div_ceil(8)
    }

    /// Bytes of a record.
    pub fn stride(self) -> usize {
        self.pixels() + self.mask_bytes() + CHECKSUM
    }

    /// Bytes of a file of `films` records.
    pub fn bytes(self, films: usize) -> u64 {
        self.stride() as u64 * films as u64
    }

    /// A record without its checksum, which needs the record's number; see [`seal`].
    pub fn encode(self, pixels: &[u8], body: &Mask) -> Vec<u8> {
        let mut record = Vec::with_capacity(self.stride());
        record.extend_from_slice(pixels);
        record.extend(body.data.chunks(8).map(|eight| {
            eight.iter().enumerate().fold(0, |byte, (bit, &v)| byte | u8::from(v != 0) << bit)
        }));
        record
    }
}

/// Appends the checksum of record `number`. The number goes into it, so that a record in the
/// wrong place is noticed too.
pub fn seal(record: &mut Vec<u8>, number: usize) {
    let sum = checksum(number, record);
    record.extend_from_slice(&sum.to_le_bytes());
}

/// Whether a whole record fits its checksum and its place.
pub fn is_sound(record: &[u8], number: usize) -> bool {
    let Some((body, sum)) = record.split_last_chunk::<CHECKSUM>() else {
        return false;
    };
    checksum(number, body) == u32::from_le_bytes(*sum)
}

fn checksum(number: usize, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&(number as u64).to_le_bytes()), body)
}

/// The first `pixels` bits as zeros and ones.
pub fn expand_bits(bits: &[u8], pixels: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bits.len() * 8);
    for &byte in bits {
        out.extend_from_slice(&EXPANDED[usize::from(byte)]);
    }
    out.truncate(pixels);
    out
}

/// Writes bits as zeros and ones; as many as `out` has room for.
pub fn expand_bits_into(bits: &[u8], out: &mut [f32]) {
    for (eight, &byte) in out.chunks_mut(8).zip(bits) {
        for (value, &bit) in eight.iter_mut().zip(&EXPANDED[usize::from(byte)]) {
            *value = f32::from(bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was() {
        // 25 pixels need 4 bytes of mask; the last 7 bits are spare.
        let layout = Layout::new(5);
        assert_eq!((layout.mask_bytes(), layout.stride()), (4, 33));
        let pixels: Vec<u8> = (0..25).map(|v| v * 10).collect();
        let data = (0..25).map(|i| u8::from(i % 3 == 0)).collect();
        let body = Mask { width: 5, height: 5, data };
        let mut record = layout.encode(&pixels, &body);
        // Pixels 0, 3 and 6 are the first byte's ones.
        assert_eq!(record[25], 0b0100_1001);
        seal(&mut record, 7);
        assert_eq!(record.len(), layout.stride());
        assert_eq!(record[..25], pixels);
        assert_eq!(expand_bits(&record[25..29], 25), body.data);
        let mut values = [7.0; 25];
        expand_bits_into(&record[25..29], &mut values);
        assert!(values.iter().zip(&body.data).all(|(v, &b)| *v == f32::from(b)));
    }

    #[test]
    fn a_flipped_bit_and_a_wrong_place_are_noticed() {
        let mut record = Layout::new(4).encode(&[9; 16], &Mask::filled(4, 4, 1));
        seal(&mut record, 3);
        assert!(is_sound(&record, 3) && !is_sound(&record, 4) && !is_sound(&[], 0));
        for byte in 0..record.len() {
            let mut damaged = record.clone();
            damaged[byte] ^= 0x10;
            assert!(!is_sound(&damaged, 3), "byte {byte}");
        }
    }
}
