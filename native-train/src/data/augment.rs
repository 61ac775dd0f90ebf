//! Random changes to a training image, its body mask with it.

use g2d_core::raster::{Mask, Raster};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use crate::config::AugmentConfig;

/// A number in [-1, 1) from 53 random bits.
fn signed(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Turns, scales, shifts and re-exposes an image; outside of it is black and not body.
///
/// The same seed gives the same change. With every range at 0 the image comes back unchanged.
pub fn augment(image: &Raster, body: &Mask, config: &AugmentConfig, seed: u64) -> (Raster, Mask) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let angle = (config.rotate * signed(&mut rng)).to_radians();
    let scale = 1.0 + config.scale * signed(&mut rng);
    let (w, h) = (image.width, image.height);
    let shift_x = config.shift * w as f64 * signed(&mut rng);
    let shift_y = config.shift * h as f64 * signed(&mut rng);
    let brightness = (config.brightness * signed(&mut rng)) as f32;
    let contrast = (1.0 + config.contrast * signed(&mut rng)) as f32;

    let (sin, cos) = (angle.sin() / scale, angle.cos() / scale);
    let (cx, cy) = (w as f64 / 2.0, h as f64 / 2.0);
    let mut out = Raster::filled(w, h, 0.0);
    let mut out_body = Mask::filled(w, h, 0);
    for y in 0..h {
        for x in 0..w {
            let (dx, dy) = (x as f64 + 0.5 - cx - shift_x, y as f64 + 0.5 - cy - shift_y);
            let sx = cos * dx + sin * dy + cx - 0.5;
            let sy = cos * dy - sin * dx + cy - 0.5;
            let value = bilinear(image, sx, sy);
            out.data[y * w + x] = ((value - 0.5) * contrast + 0.5 + brightness).clamp(0.0, 1.0);
            let (nx, ny) = (sx.round(), sy.round());
            if nx >= 0.0 && ny >= 0.0 && nx < w as f64 && ny < h as f64 {
                out_body.data[y * w + x] = body.at(nx as usize, ny as usize);
            }
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
        for (a, b) in same.data.iter().zip(&image.data) {
            assert!((a - b).abs() < 1e-6);
        }
        assert_eq!(same_body, body);
    }

    #[test]
    fn a_seed_gives_one_change() {
        let (image, body) = picture();
        let config = AugmentConfig::default();
        assert_eq!(augment(&image, &body, &config, 1), augment(&image, &body, &config, 1));
        assert_ne!(augment(&image, &body, &config, 1).0, augment(&image, &body, &config, 2).0);
    }
}
