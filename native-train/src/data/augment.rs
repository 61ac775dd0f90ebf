//! Random changes to a training image, its body mask with it.

use g2d_core::raster::{Mask, Raster};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use super::perspective::Perspective;
use crate::config::AugmentConfig;

/// A number in [-1, 1) from 53 random bits.
fn signed(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Turns, shears, scales, shifts, tilts and re-exposes an image; outside of it is black and not
/// body.
///
/// The same seed gives the same change. With every range at 0 the image comes back unchanged.
pub fn augment(image: &Raster, body: &Mask, config: &AugmentConfig, seed: u64) -> (Raster, Mask) {
    if config.is_still() {
        return (image.clone(), body.clone());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let angle = (config.rotate * signed(&mut rng)).to_radians();
    let scale = 1.0 + config.scale * signed(&mut rng);
    let (w, h) = (image.width, image.height);
    let shift_x = config.shift * w as f64 * signed(&mut rng);
    let shift_y = config.shift * h as f64 * signed(&mut rng);
    let brightness = (config.brightness * signed(&mut rng)) as f32;
    let contrast = (1.0 + config.contrast * signed(&mut rng)) as f32;
    let shear = (config.shear * signed(&mut rng)).to_radians().tan();
    let mut inwards = || config.perspective * (signed(&mut rng) + 1.0) / 2.0;
    let moves = [(); 4].map(|()| [inwards(), inwards()]);
    let tilt =
        (config.perspective > 0.0).then(|| Perspective::new(w as f64, h as f64, moves)).flatten();
    let stretch = (signed(&mut rng) + 1.0) / 2.0 < config.auto_contrast;

    let (sin, cos) = (angle.sin() / scale, angle.cos() / scale);
    let (cx, cy) = (w as f64 / 2.0, h as f64 / 2.0);
    let (last_x, last_y) = (w as f64 - 1.0, h as f64 - 1.0);
    let mut out = Raster::filled(w, h, 0.0);
    let mut out_body = Mask::filled(w, h, 0);
    let rows = out.data.chunks_exact_mut(w.max(1)).zip(out_body.data.chunks_exact_mut(w.max(1)));
    for (y, (row, body_row)) in rows.enumerate() {
        for (x, (value, inside)) in row.iter_mut().zip(body_row).enumerate() {
            let (mut px, mut py) = (x as f64 + 0.5, y as f64 + 0.5);
            if let Some(tilt) = &tilt {
                (px, py) = tilt.source(px, py);
            }
            let dy = py - cy - shift_y;
            let dx = px - cx - shift_x + shear * dy;
            let sx = cos * dx + sin * dy + cx - 0.5;
            let sy = cos * dy - sin * dx + cy - 0.5;
            let grey = if sx >= 0.0 && sy >= 0.0 && sx < last_x && sy < last_y {
                // All four neighbours exist: nearly every pixel comes this way, and it needs
                // neither tests of the border nor calls of the maths library.
                let (left, top) = (sx as usize, sy as usize);
                let (fx, fy) = (sx - left as f64, sy - top as f64);
                let nearest = (top + usize::from(fy >= 0.5)) * w + left + usize::from(fx >= 0.5);
                *inside = body.data[nearest];
                let (fx, fy) = (fx as f32, fy as f32);
                let upper = &image.data[top * w + left..][..2];
                let lower = &image.data[(top + 1) * w + left..][..2];
                let above = upper[0] * (1.0 - fx) + upper[1] * fx;
                let below = lower[0] * (1.0 - fx) + lower[1] * fx;
                above * (1.0 - fy) + below * fy
            } else {
                let (nx, ny) = (sx.round(), sy.round());
                if nx >= 0.0 && ny >= 0.0 && nx < w as f64 && ny < h as f64 {
                    *inside = body.at(nx as usize, ny as usize);
                }
                bilinear(image, sx, sy)
            };
            *value = ((grey - 0.5) * contrast + 0.5 + brightness).clamp(0.0, 1.0);
        }
    }
    if stretch {
        let (low, high) = out.range();
        if high > low {
            out.data.iter_mut().for_each(|value| *value = (*value - low) / (high - low));
        }
    }
    (out, out_body)
}

/// The value between the four nearest pixels, black outside.
fn bilinear(image: &Raster, x: f64, y: f64) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = ((x - x0) as f32, (y - y0) as f32);
    let at = |x: f64, y: f64| {
        let inside = x >= 0.0 && y >= 0.0 && x < image.width as f64 && y < image.height as f64;
        if inside { image.at(x as usize, y as usize) } else { 0.0 }
    };
    let top = at(x0, y0) * (1.0 - fx) + at(x0 + 1.0, y0) * fx;
    let bottom = at(x0, y0 + 1.0) * (1.0 - fx) + at(x0 + 1.0, y0 + 1.0) * fx;
    top * (1.0 - fy) + bottom * fy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> (Raster, Mask) {
        let data: Vec<f32> = (0..64).map(|i| i as f32 / 64.0).collect();
        let mask = Mask { width: 8, height: 8, data: (0..64).map(|i| u8::from(i > 20)).collect() };
        (Raster { width: 8, height: 8, data }, mask)
    }

    #[test]
    fn no_range_changes_nothing() {
        let (image, body) = picture();
        let still = AugmentConfig::still();
        let (same, same_body) = augment(&image, &body, &still, 5);
        assert_eq!(same, image);
        assert_eq!(same_body, body);
    }

    /// Every pixel by the general formulas, borders tested each time.
    fn by_definition(
        image: &Raster,
        body: &Mask,
        config: &AugmentConfig,
        seed: u64,
    ) -> (Raster, Mask) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || signed(&mut rng);
        let (w, h) = (image.width as f64, image.height as f64);
        let angle = (config.rotate * draw()).to_radians();
        let scale = 1.0 + config.scale * draw();
        let (shift_x, shift_y) = (config.shift * w * draw(), config.shift * h * draw());
        let brightness = (config.brightness * draw()) as f32;
        let contrast = (1.0 + config.contrast * draw()) as f32;
        let (sin, cos) = (angle.sin() / scale, angle.cos() / scale);
        let mut out = (image.clone(), body.clone());
        for i in 0..image.data.len() {
            let (x, y) = ((i % image.width) as f64, (i / image.width) as f64);
            let (dx, dy) = (x + 0.5 - w / 2.0 - shift_x, y + 0.5 - h / 2.0 - shift_y);
            let sx = cos * dx + sin * dy + w / 2.0 - 0.5;
            let sy = cos * dy - sin * dx + h / 2.0 - 0.5;
            let value = bilinear(image, sx, sy);
            out.0.data[i] = ((value - 0.5) * contrast + 0.5 + brightness).clamp(0.0, 1.0);
            let (nx, ny) = (sx.round(), sy.round());
            let inside = nx >= 0.0 && ny >= 0.0 && nx < w && ny < h;
            out.1.data[i] = if inside { body.at(nx as usize, ny as usize) } else { 0 };
        }
        out
    }

    #[test]
    fn the_short_way_inside_is_the_general_one() {
        let data: Vec<f32> = (0..45 * 37).map(|i| (i * 29 % 251) as f32 / 251.0).collect();
        let image = Raster { width: 45, height: 37, data };
        let data = (0..45 * 37).map(|i| u8::from(i * 13 % 7 > 2)).collect();
        let body = Mask { width: 45, height: 37, data };
        for seed in 0..40 {
            let wild = AugmentConfig { rotate: 40.0, scale: 0.3, shift: 0.3, ..Default::default() };
            for config in [AugmentConfig::default(), wild] {
                let got = augment(&image, &body, &config, seed);
                assert_eq!(got, by_definition(&image, &body, &config, seed), "{seed}");
            }
        }
    }

    #[test]
    fn image_and_body_move_together_in_every_change() {
        // The body is exactly where the image is bright, so the two must stay so.
        let side = 64;
        let bright = |i: usize| ((i % side).abs_diff(30) < 16) && ((i / side).abs_diff(34) < 14);
        let data = (0..side * side).map(|i| f32::from(u8::from(bright(i)))).collect();
        let image = Raster { width: side, height: side, data };
        let data = (0..side * side).map(|i| u8::from(bright(i))).collect();
        let body = Mask { width: side, height: side, data };
        let still = AugmentConfig::still;
        for config in [
            AugmentConfig { shear: 15.0, ..still() },
            AugmentConfig { perspective: 0.5, ..still() },
            AugmentConfig { rotate: 15.0, shear: 15.0, perspective: 0.3, ..still() },
        ] {
            let mut changed = 0;
            for seed in 0..20 {
                let (moved, inside) = augment(&image, &body, &config, seed);
                let off = moved.data.iter().zip(&inside.data);
                let off = off.filter(|(v, b)| (**v - f32::from(**b)).abs() > 0.76).count();
                assert_eq!(off, 0, "{config:?} {seed}");
                changed += usize::from(inside.data != body.data);
            }
            assert!(changed > 15, "{config:?} changes little: {changed} of 20");
        }
    }

    #[test]
    fn auto_contrast_reaches_black_and_white() {
        let (mut image, body) = picture();
        image.data.iter_mut().for_each(|v| *v = 0.2 + *v / 4.0);
        let config = AugmentConfig { auto_contrast: 1.0, ..AugmentConfig::still() };
        let (stretched, _) = augment(&image, &body, &config, 3);
        assert_eq!(stretched.range(), (0.0, 1.0));
    }

    #[test]
    fn a_seed_gives_one_change() {
        let (image, body) = picture();
        let config = AugmentConfig::default();
        assert_eq!(augment(&image, &body, &config, 1), augment(&image, &body, &config, 1));
        assert_ne!(augment(&image, &body, &config, 1).0, augment(&image, &body, &config, 2).0);
    }
}
