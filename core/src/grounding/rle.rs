//! COCO's compressed run-length encoding, byte for byte as `pycocotools` writes it.
//!
//! Run lengths of zeros and ones in turn, zeros first, down the columns. From the fourth run on
//! the difference to the run two before is stored; each number is a string of characters of five
//! bits, lowest first, bit 6 set when more follow, offset by 48, with the sign in the last one.

use crate::error::{Error, Result};
use crate::outcome::Rle;
use crate::raster::Mask;

/// Largest mask that is decoded; a short string can ask for a picture of any size.
pub const MAX_RLE_PIXELS: u64 = 100_000_000;

/// Encodes a mask.
pub fn encode_rle(mask: &Mask) -> Rle {
    let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Rle { size: [side(mask.height), side(mask.width)], counts: pack(&runs(mask)) }
}

fn runs(mask: &Mask) -> Vec<i64> {
    let mut runs = Vec::new();
    let (mut value, mut length) = (false, 0);
    for x in 0..mask.width {
        for y in 0..mask.height {
            if (mask.data[y * mask.width + x] != 0) != value {
                runs.push(length);
                (value, length) = (!value, 0);
            }
            length += 1;
        }
    }
    runs.push(length);
    runs
}

fn pack(runs: &[i64]) -> String {
    let mut text = String::new();
    for (i, &run) in runs.iter().enumerate() {
        let mut rest = if i > 2 { run - runs[i - 2] } else { run };
        loop {
            let bits = (rest & 0x1f) as u8;
            rest >>= 5;
            let done = rest == if bits & 0x10 != 0 { -1 } else { 0 };
            text.push(char::from(48 + bits + if done { 0 } else { 0x20 }));
            if done {
                break;
            }
        }
    }
    text
}

/// Decodes a mask.
///
/// # Errors
/// When the picture has more than [`MAX_RLE_PIXELS`] pixels, or the counts are no such string or
/// do not fill the picture. Nothing of the picture's size is allocated before that is known.
pub fn decode_rle(rle: &Rle) -> Result<Mask> {
    let [height, width] = rle.size;
    let pixels = u64::from(height) * u64::from(width);
    if pixels > MAX_RLE_PIXELS {
        return Err(Error::limits(
            "G2D-L60",
            format!("A run-length mask asks for {width} x {height} pixels"),
            format!("Use masks of at most {MAX_RLE_PIXELS} pixels"),
        ));
    }
    let runs = unpack(&rle.counts, pixels as i64).ok_or_else(|| {
        Error::input(
            "G2D-I60",
            format!("The counts of a run-length mask do not fill its {width} x {height} pixels"),
            "Give the compressed counts as pycocotools writes them, with [height, width] as size",
        )
    })?;
    let (width, height) = (width as usize, height as usize);
    let mut mask = Mask::filled(width, height, 0);
    let mut position = 0;
    for (i, &run) in runs.iter().enumerate() {
        let end = position + run as usize;
        if i % 2 == 1 {
            for p in position..end {
                mask.data[p % height * width + p / height] = 1;
            }
        }
        position = end;
    }
    Ok(mask)
}

/// The runs, if they are well formed and fill the picture exactly.
fn unpack(text: &str, pixels: i64) -> Option<Vec<i64>> {
    let mut runs: Vec<i64> = Vec::new();
    let (mut number, mut shift, mut total) = (0i64, 0u32, 0i64);
    for byte in text.bytes() {
        let bits = byte.checked_sub(48).filter(|bits| *bits < 64)?;
        // Seven characters hold 35 bits, more than any run that passed the size check needs.
        if shift > 30 {
            return None;
        }
        number |= i64::from(bits & 0x1f) << shift;
        shift += 5;
        if bits & 0x20 != 0 {
            continue;
        }
        if bits & 0x10 != 0 {
            number |= -1 << shift;
        }
        if runs.len() > 2 {
            number += runs[runs.len() - 2];
        }
        total += number;
        if number < 0 || total > pixels {
            return None;
        }
        runs.push(number);
        (number, shift) = (0, 0);
    }
    (shift == 0 && total == pixels).then_some(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Mask {
        let data = rows.concat().bytes().map(|b| u8::from(b == b'#')).collect();
        Mask { width: rows[0].len(), height: rows.len(), data }
    }

    /// A ring with a gap, drawn by arithmetic so that Python can draw it too:
    /// `1600 <= (x-61)^2 + (2*y-70)^2 < 3600 and (x + y) % 17 != 0`.
    fn ring() -> Mask {
        let mut mask = Mask::filled(130, 71, 0);
        for (i, v) in mask.data.iter_mut().enumerate() {
            let (x, y) = ((i % 130) as i64, (i / 130) as i64);
            let d = (x - 61).pow(2) + (2 * y - 70).pow(2);
            *v = u8::from((1600..3600).contains(&d) && (x + y) % 17 != 0);
        }
        mask
    }

    /// What `pycocotools` 2.0.11 gives for the ring.
    const RING: &str = "\\5216i1KWN8e1I[N:b1F^N<`1D`N<0A]14cN;0DZ11fN;0FY1NgN<0GX1MhN<0IV1KjN<0KT1IlN<0MS1FmN=0NR\
         1EnN=00P1CPO=000Ao01QO>000Bn00RO>000Dm0MSO?000El0LTO?000Gl09TO00Hk08UO00Ji06WOA85H5h05EC\
         C:g02HBA=g00J15OM03OOO[OEd0<3MYOIc09]OEf08ZOKc07]OFh06XONc05]OGj04VO1b04^OHj02VO4a01_OIl\
         00TO7a0O_OKl0NTO9`0N@Kn09AKAMn08AJAOn07AIA0P16_OIA2P15^OIB2R13nNH=2C4R11nNJ=0C6R1OnNL=NC\
         8R1MnNN>5f0KlN1=5g0IlN3<5h0GlN6;3i0FlN8;2j0OVO0k00UO0k00UO0k00UO0k00UOOl01TONEIV19UOMEKV\
         17VOMDMV15jNI;4EOV13jNK;2E1V11jNM;0E3V1OjNO;NE5V1MjN1;LE7V1KjN3<3j0IjN5;3k0GjN7;2l0OTO1k\
         00UO0k00UO0k00UO0k00UO0k00UOOl01TONEIV19UOMEKV17VOMDMV15jNI;4E0T13lNJ;2E2T11lNL;0E4T1OlN\
         N<MD7T1MlNO>5f0KlN1=6e0InN2=5e0HnN4=4e0GnN6=3e0FnN8>2b0FPO8?1c00]OOAIo09@MAKn09AKAMn08BI\
         @1l06EH_O3l05EG_O6j04HD^O9j02J041K13ON12NZOEd0<1O[OEe0;[OFb0:^OFf08ZOJ`08@Fg07YOM>6BGg05\
         YO0<4DHh02XO582HGi01WO;000Ej0NVO=000Ek0MUO>000Fm0:SO00Fm0:SO00Gn07RO20Go06QO30HP13PO50HR\
         11nN70HS10mN80IT1MlN:0IV1KjN<0IX1IhN>0IY1HgN?0JZ16fNJ]13cNL`12`NNb10^N0e1M[N2i1KWN4ld0";

    #[test]
    fn strings_are_pycocotools_own() {
        let small = mask(&["..##.", "..##.", "#...."]);
        let text = |m: &Mask| encode_rle(m).counts;
        assert_eq!(text(&small), "2131N03");
        assert_eq!(encode_rle(&small).size, [3, 5]);
        assert_eq!(text(&Mask::filled(3, 5, 0)), "?");
        assert_eq!(text(&Mask::filled(300, 200, 1)), "0Pcj1");
        assert_eq!(text(&mask(&["#"])), "01");
        assert_eq!(ring().area(), 2941);
        assert_eq!(text(&ring()), RING);
        assert_eq!(decode_rle(&Rle { size: [71, 130], counts: RING.into() }).unwrap(), ring());
    }

    #[test]
    fn every_mask_survives_the_round_trip() {
        for m in [
            ring(),
            Mask::filled(300, 200, 1),
            Mask::filled(3, 5, 0),
            Mask::filled(0, 0, 0),
            mask(&["#"]),
        ] {
            assert_eq!(decode_rle(&encode_rle(&m)).unwrap(), m);
        }
    }

    #[test]
    fn hostile_strings_are_refused() {
        let decode = |size, counts: &str| decode_rle(&Rle { size, counts: counts.into() });
        let code = |size, counts| decode(size, counts).unwrap_err().code();
        assert_eq!(code([u32::MAX, u32::MAX], "0"), "G2D-L60");
        let broken =
            ["", "=", "l0", "o", "oooooooooooooooo0", "O1", "\u{7f}", "é", "09Z", "/", "<<"];
        for counts in broken {
            assert_eq!(code([3, 4], counts), "G2D-I60", "{counts:?}");
        }
        assert_eq!(decode([3, 4], "<").unwrap().area(), 0);
        assert_eq!(decode([2, 6], "0<").unwrap().area(), 12);
    }
}
