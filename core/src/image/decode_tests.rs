use image::ImageEncoder;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};

use super::*;

fn code(bytes: &[u8]) -> &'static str {
    decode(bytes, &Limits::default()).map(|_| ()).unwrap_err().code()
}

fn open(bytes: &[u8]) -> Film {
    decode(bytes, &Limits::default()).unwrap()
}

fn encode_png(data: &[u8], width: u32, height: u32, colour: image::ExtendedColorType) -> Vec<u8> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(data, width, height, colour).unwrap();
    out
}

fn encode_jpeg(data: &[u8], width: u32, height: u32, colour: image::ExtendedColorType) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 100).write_image(data, width, height, colour).unwrap();
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    })
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    [&(data.len() as u32).to_be_bytes(), body.as_slice(), &crc32(&body).to_be_bytes()].concat()
}

fn ihdr(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let mut data = [width.to_be_bytes(), height.to_be_bytes()].concat();
    data.extend([depth, colour, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &data)].concat()
}

/// A PNG written by hand, for the kinds that the encoder does not write; `raw` holds each row with
/// its filter byte in front.
fn raw_png(size: [u32; 2], depth: u8, colour: u8, extra: &[Vec<u8>], raw: &[u8]) -> Vec<u8> {
    let (a, b) = raw.iter().fold((1_u32, 0_u32), |(a, b), &v| {
        let a = (a + u32::from(v)) % 65521;
        (a, (a + b) % 65521)
    });
    let length = raw.len() as u16;
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(length.to_le_bytes());
    zlib.extend((!length).to_le_bytes());
    zlib.extend(raw);
    zlib.extend(((b << 16) | a).to_be_bytes());
    [
        ihdr(size[0], size[1], depth, colour),
        extra.concat(),
        chunk(b"IDAT", &zlib),
        chunk(b"IEND", &[]),
    ]
    .concat()
}

#[test]
fn grey_of_8_and_16_bits_keeps_its_depth() {
    let film = open(&encode_png(&[0, 51, 255, 102], 2, 2, image::ExtendedColorType::L8));
    assert_eq!((film.bits, film.format), (8, "PNG"));
    assert_eq!(film.pixels.data, [0.0, 0.2, 1.0, 0.4]);
    let samples = [0_u16, 1, 32768, 65535];
    let bytes: Vec<u8> = samples.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let film = open(&encode_png(&bytes, 4, 1, image::ExtendedColorType::L16));
    assert_eq!(film.bits, 16);
    let back: Vec<_> = film.pixels.data.iter().map(|v| (v * 65535.0).round() as u16).collect();
    assert_eq!(back, samples);
}

#[test]
fn few_bits_and_palettes_are_read() {
    // 1, 2 and 4 bits: 0 is black and the largest sample is white.
    let one = raw_png([8, 1], 1, 0, &[], &[0, 0b1010_0001]);
    assert_eq!(open(&one).pixels.data, [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(open(&one).bits, 1);
    let two = raw_png([3, 1], 2, 0, &[], &[0, 0b0001_1100]);
    assert_eq!(open(&two).pixels.data, [0.0, 1.0 / 3.0, 1.0]);
    let four = raw_png([2, 2], 4, 0, &[], &[0, 0x0f, 0, 0x3c]);
    assert_eq!(open(&four).pixels.data, [0.0, 1.0, 0.2, 0.8]);
    let palette = chunk(b"PLTE", &[51, 51, 51, 255, 0, 0, 255, 255, 255]);
    let see_through = chunk(b"tRNS", &[0, 128, 255]);
    let indexed = raw_png([3, 1], 8, 3, &[palette, see_through], &[0, 0, 1, 2]);
    assert_eq!(open(&indexed).pixels.data, [0.2, 0.299, 1.0]);
}

#[test]
fn alpha_is_ignored_and_colour_becomes_luma() {
    let la = open(&encode_png(&[51, 0, 102, 255], 2, 1, image::ExtendedColorType::La8));
    assert_eq!(la.pixels.data, [0.2, 0.4]);
    let rgba = [255, 0, 0, 9, 0, 255, 0, 255, 0, 0, 255, 0, 51, 51, 51, 1];
    let film = open(&encode_png(&rgba, 2, 2, image::ExtendedColorType::Rgba8));
    for (got, want) in film.pixels.data.iter().zip([0.299, 0.587, 0.114, 0.2]) {
        assert!((got - want).abs() < 1e-6);
    }
    let white: Vec<u8> = [65535_u16; 3].iter().flat_map(|v| v.to_ne_bytes()).collect();
    let film = open(&encode_png(&white, 1, 1, image::ExtendedColorType::Rgb16));
    assert_eq!((film.bits, film.pixels.data), (16, vec![1.0]));
}

#[test]
fn jpeg_grey_and_colour_agree() {
    let grey: Vec<u8> = (0..256).map(|i| (i % 16 * 8 + i / 16 * 4) as u8).collect();
    let colour: Vec<u8> = grey.iter().flat_map(|&v| [v; 3]).collect();
    let a = open(&encode_jpeg(&grey, 16, 16, image::ExtendedColorType::L8));
    let b = open(&encode_jpeg(&colour, 16, 16, image::ExtendedColorType::Rgb8));
    assert_eq!((a.format, a.bits, a.pixels.width, a.pixels.height), ("JPEG", 8, 16, 16));
    for ((a, b), &v) in a.pixels.data.iter().zip(&b.pixels.data).zip(&grey) {
        assert!((a - f32::from(v) / 255.0).abs() < 0.015);
        assert!((a - b).abs() < 0.015);
    }
}

/// A JPEG of 24 x 16 whose left half is bright, with an EXIF block that holds the orientation.
fn turned(orientation: u8) -> Vec<u8> {
    let data: Vec<u8> = (0..24 * 16).map(|i| if i % 24 < 12 { 230 } else { 20 }).collect();
    let jpeg = encode_jpeg(&data, 24, 16, image::ExtendedColorType::L8);
    let mut exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

#[test]
fn exif_orientation_is_applied() {
    let bright = |film: &Film, x: usize, y: usize| film.pixels.at(x, y) > 0.5;
    // Value of tag 274, size, and whether the top-left and bottom-right corners are bright.
    let cases = [
        (1, [24, 16], true, false),
        (2, [24, 16], false, true),
        (3, [24, 16], false, true),
        (4, [24, 16], true, false),
        (5, [16, 24], true, false),
        (6, [16, 24], true, false),
        (7, [16, 24], false, true),
        (8, [16, 24], false, true),
    ];
    for (orientation, size, first, last) in cases {
        let film = open(&turned(orientation));
        let [w, h] = size;
        assert_eq!([film.pixels.width, film.pixels.height], size, "{orientation}");
        assert_eq!(bright(&film, 0, 0), first, "{orientation}");
        assert_eq!(bright(&film, w - 1, h - 1), last, "{orientation}");
    }
}

#[test]
fn orientations_move_each_corner_as_the_standard_says() {
    // a b / c d / e f, turned by hand after the figures of Exif 2.32.
    let film = Raster { width: 2, height: 3, data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
    let cases: [(u8, [u8; 6]); 8] = [
        (1, [1, 2, 3, 4, 5, 6]),
        (2, [2, 1, 4, 3, 6, 5]),
        (3, [6, 5, 4, 3, 2, 1]),
        (4, [5, 6, 3, 4, 1, 2]),
        (5, [1, 3, 5, 2, 4, 6]),
        (6, [5, 3, 1, 6, 4, 2]),
        (7, [6, 4, 2, 5, 3, 1]),
        (8, [2, 4, 6, 1, 3, 5]),
    ];
    for (tag, expected) in cases {
        let turned = orient(film.clone(), Orientation::from_exif(tag).unwrap());
        assert_eq!(turned.data, expected.map(f32::from), "{tag}");
    }
}

#[test]
fn a_huge_header_is_refused_before_anything_is_allocated() {
    let small = ihdr(60_000, 60_000, 8, 0);
    assert_eq!(code(&small), "G2D-L02");
    assert_eq!(code(&ihdr(u32::MAX, u32::MAX, 16, 6)), "G2D-L02");
    let mut jpeg = encode_jpeg(&[7; 64], 8, 8, image::ExtendedColorType::L8);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    assert_eq!(code(&jpeg), "G2D-L02");
    let limits = Limits { max_bytes: small.len() - 1, ..Limits::default() };
    assert_eq!(decode(&small, &limits).unwrap_err().code(), "G2D-L01");
}

#[test]
fn what_is_not_a_film_is_named() {
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM\x02\0");
    for (bytes, expected) in [
        (&b""[..], "G2D-I01"),
        (b"hello, this is text", "G2D-I01"),
        (b"BMW and other words", "G2D-I01"),
        (&[0; 200], "G2D-I01"),
        (&dicom, "G2D-I03"),
    ] {
        assert_eq!(code(bytes), expected);
    }
    for (bytes, name) in [
        (&b"GIF89a\x01\0\x01\0"[..], "GIF"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", "BMP"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"PK\x03\x04\x14\0", "ZIP"),
    ] {
        let error = decode(bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "G2D-I04");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn nothing_to_see_and_kinds_we_cannot_read() {
    assert_eq!(code(&raw_png([0, 4], 8, 0, &[], &[0])), "G2D-I05");
    let jpeg = encode_jpeg(&[7; 64], 8, 8, image::ExtendedColorType::L8);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    let mut twelve = jpeg.clone();
    twelve[frame + 4] = 12;
    assert_eq!(code(&twelve), "G2D-I06");
    let mut lossless = jpeg;
    lossless[frame + 1] = 0xc3;
    assert_eq!(code(&lossless), "G2D-I06");
}

#[test]
fn every_shortened_file_is_refused() {
    let data: Vec<u8> = (0..64 * 64).map(|i| (i * 37 % 251) as u8).collect();
    let png = encode_png(&data, 64, 64, image::ExtendedColorType::L8);
    let jpeg = encode_jpeg(&data, 64, 64, image::ExtendedColorType::L8);
    for file in [png, jpeg] {
        assert!(decode(&file, &Limits::default()).is_ok());
        for length in 4..file.len() {
            let error = decode(&file[..length], &Limits::default()).unwrap_err();
            assert_eq!(error.code(), "G2D-I02", "{length} of {}", file.len());
        }
    }
}

#[test]
fn two_thousand_damaged_files_do_no_harm() {
    let grey: Vec<u8> = (0..32 * 32).map(|i| (i * 37 % 251) as u8).collect();
    let colour: Vec<u8> = grey.iter().flat_map(|&v| [v, v / 2, 255 - v]).collect();
    let palette = chunk(b"PLTE", &[9, 9, 9, 200, 3, 4]);
    let files = [
        encode_png(&grey, 32, 32, image::ExtendedColorType::L8),
        encode_png(&colour, 32, 32, image::ExtendedColorType::Rgb8),
        encode_jpeg(&grey, 32, 32, image::ExtendedColorType::L8),
        encode_jpeg(&colour, 32, 32, image::ExtendedColorType::Rgb8),
        raw_png([4, 2], 8, 3, &[palette], &[0, 0, 1, 0, 1, 0, 1, 1, 0, 0]),
        turned(6),
    ];
    let limits = Limits { max_pixels: 1 << 20, max_side: 4096, ..Limits::default() };
    let mut state = 2026_u64;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut refused, mut read) = (0, 0);
    for round in 0..2000 {
        let mut bytes = files[round % files.len()].clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            bytes[at] = next(256) as u8;
        }
        if next(4) == 0 {
            bytes.truncate(next(bytes.len()));
        }
        match decode(&bytes, &limits) {
            Ok(film) => {
                read += 1;
                assert_eq!(film.pixels.data.len(), film.pixels.width * film.pixels.height);
                assert!(film.pixels.data.iter().all(|v| (0.0..=1.0).contains(v)));
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 500 && read > 100, "{refused} refused, {read} read");
}

#[test]
fn stretching_reaches_both_ends() {
    let film = Raster { width: 3, height: 1, data: vec![0.02, 0.03, 0.06] };
    assert_eq!(stretch(&film).data, [0.0, 0.25, 1.0]);
    let flat = Raster::filled(2, 2, 0.3);
    assert_eq!(stretch(&flat), flat);
}
