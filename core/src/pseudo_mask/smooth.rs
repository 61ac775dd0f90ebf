//! Softening the square edges that upsampling leaves (section 3.2 of the G2D paper).
//!
//! A bilateral filter on a mask of zeros and ones has a closed form. Each neighbour has the
//! centre's value, or the other one at range distance 1, so that with the window-normalised
//! Gaussian blur G of the mask and w = exp(-1 / (2 r^2))
//!
//! - a one becomes `G / (G + w (1 - G))`,
//! - a zero becomes `w G / ((1 - G) + w G)`.
//!
//! With a square window G is separable: two short passes instead of a window for every pixel.
//! Note what it says about r: below about 0.7 the weight w is so small that no corner of a block
//! rounds, and the filter is a costly way to do nothing.

use crate::config::{PseudoMaskConfig, SmoothingKind};
use crate::raster::{Mask, Raster};

/// Smooths a mask by the configured filter; the result lies in [0, 1].
///
/// A mask of one value comes back unchanged.
pub fn smooth(mask: &Mask, config: &PseudoMaskConfig) -> Raster {
    let mut out = Raster::filled(mask.width, mask.height, 0.0);
    smooth_into(mask, config, &mut Vec::new(), &mut out.data);
    out
}

/// [`smooth`] into memory that is there already; `scratch` may hold anything.
pub(super) fn smooth_into(
    mask: &Mask,
    config: &PseudoMaskConfig,
    scratch: &mut Vec<f32>,
    out: &mut [f32],
) {
    let side = mask.width.max(mask.height) as f64;
    // 4 pixels at 256: small beside the 32-pixel cells that it rounds.
    let sigma = config.sigma_space.unwrap_or(side / 64.0);
    let filtered = config.smoothing != SmoothingKind::None && blurred(mask, sigma, scratch, out);
    if !filtered {
        out.iter_mut().zip(&mask.data).for_each(|(o, &v)| *o = f32::from(v));
    } else if config.smoothing == SmoothingKind::Bilateral {
        closed_form(mask, range_weight(config.sigma_range), out);
    }
    if config.rebinarise {
        out.iter_mut().for_each(|v| *v = f32::from(u8::from(*v > 0.5)));
    }
}

/// The window-normalised Gaussian blur G: radius three sigmas, border reflected about the edge
/// pixel. False, and nothing is written, where there is nothing to soften.
fn blurred(mask: &Mask, sigma: f64, scratch: &mut Vec<f32>, out: &mut [f32]) -> bool {
    let constant = mask.data.iter().all(|v| Some(v) == mask.data.first());
    if constant || sigma.is_nan() || sigma <= 0.0 {
        return false;
    }
    super::blur::blur(mask, &kernel(sigma), scratch, out);
    true
}

/// From G to the bilateral filter's result; `w` is the weight of the other value.
fn closed_form(mask: &Mask, w: f32, blurred: &mut [f32]) {
    // Selections instead of branches: the loop then becomes vector instructions.
    for (g, &inside) in blurred.iter_mut().zip(&mask.data) {
        let inside = inside != 0;
        let (same, other) = if inside { (*g, 1.0 - *g) } else { (1.0 - *g, *g) };
        // The pixel itself is in its window, so that `same` is positive.
        let kept = if same > 0.0 { same / (same + w * other) } else { 1.0 };
        *g = if inside { kept } else { 1.0 - kept };
    }
}

fn range_weight(sigma: f64) -> f32 {
    if sigma > 0.0 { libm::exp(-0.5 / (sigma * sigma)) as f32 } else { 0.0 }
}

/// Window radius for a sigma; the rest of the bell holds 0.3%.
fn radius(sigma: f64) -> usize {
    libm::ceil(3.0 * sigma) as usize
}

/// One side of the normalised kernel, its centre first.
fn kernel(sigma: f64) -> Vec<f64> {
    let bell = |i: usize| libm::exp(-0.5 * (i * i) as f64 / (sigma * sigma));
    let weights: Vec<f64> = (0..=radius(sigma)).map(bell).collect();
    let total = 2.0 * weights.iter().sum::<f64>() - weights[0];
    weights.iter().map(|w| w / total).collect()
}

#[cfg(test)]
pub(crate) mod direct {
    use super::super::blur::reflect;
    use super::*;

    /// The filter with its window of three sigmas, as the chain calls it.
    pub(crate) fn bilateral(mask: &Mask, sigma_space: f64, sigma_range: f64) -> Raster {
        let config = PseudoMaskConfig {
            smoothing: SmoothingKind::Bilateral,
            sigma_space: Some(sigma_space),
            sigma_range,
            ..PseudoMaskConfig::default()
        };
        smooth(mask, &config)
    }

    /// Shape of the window.
    #[derive(Clone, Copy, PartialEq)]
    pub(crate) enum Window {
        Square,
        /// OpenCV's.
        Circular,
    }

    /// The bilateral filter by its definition, for comparison only.
    pub(crate) fn bilateral_direct(
        picture: &Raster,
        radius: usize,
        sigma_space: f64,
        sigma_range: f64,
        window: Window,
    ) -> Raster {
        let (w, h, r) = (picture.width, picture.height, radius as isize);
        let mut out = Raster::filled(w, h, 0.0);
        for (i, o) in out.data.iter_mut().enumerate() {
            let (x, y) = ((i % w) as isize, (i / w) as isize);
            let centre = f64::from(picture.data[i]);
            let (mut sum, mut norm) = (0.0, 0.0);
            for (dx, dy) in (-r..=r).flat_map(|a| (-r..=r).map(move |b| (a, b))) {
                let d2 = (dx * dx + dy * dy) as f64;
                if window == Window::Circular && d2 > (r * r) as f64 {
                    continue;
                }
                let value = f64::from(picture.at(reflect(x + dx, w), reflect(y + dy, h)));
                let range = (value - centre) / sigma_range;
                let weight = (-0.5 * (d2 / (sigma_space * sigma_space) + range * range)).exp();
                sum += weight * value;
                norm += weight;
            }
            *o = (sum / norm) as f32;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::direct::{Window, bilateral, bilateral_direct};
    use super::*;

    /// Blocks, one of them at the edge, and a lone pixel.
    fn blocks() -> Mask {
        let mut mask = Mask::filled(40, 33, 0);
        for (i, v) in mask.data.iter_mut().enumerate() {
            let (x, y) = (i % 40, i / 40);
            let block = (8..24).contains(&x) && (8..16).contains(&y) || x >= 32 && y >= 24;
            *v = u8::from(block || (x, y) == (3, 30));
        }
        mask
    }

    #[test]
    fn the_closed_form_is_the_filter() {
        let mask = blocks();
        for (s, r) in [(1.0, 1.0), (2.0, 0.5), (2.0, 1.0), (4.0, 2.0), (15.0, 1.0)] {
            let want = bilateral_direct(&mask.to_raster(), radius(s), s, r, Window::Square);
            let got = bilateral(&mask, s, r);
            let worst = got.data.iter().zip(&want.data).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) < 1e-6, "s {s} r {r}");
        }
    }

    #[test]
    fn a_small_range_sigma_changes_nothing_and_a_large_one_rounds_corners() {
        let mask = blocks();
        let tiny = bilateral(&mask, 2.0, 0.1);
        assert_eq!(tiny, mask.to_raster());
        let corner = |r: f64| bilateral(&mask, 2.0, r).at(8, 8);
        assert!(corner(0.8) > 0.5 && corner(1.1) < 0.5, "{} {}", corner(0.8), corner(1.1));
    }

    #[test]
    fn constant_masks_come_back_unchanged() {
        for value in [0, 1] {
            let mask = Mask::filled(20, 10, value);
            for smoothing in
                [SmoothingKind::None, SmoothingKind::Bilateral, SmoothingKind::Gaussian]
            {
                let config = PseudoMaskConfig { smoothing, ..PseudoMaskConfig::default() };
                assert_eq!(smooth(&mask, &config), mask.to_raster());
            }
        }
    }

    #[test]
    fn rebinarising_leaves_zeros_and_ones() {
        let config = PseudoMaskConfig {
            smoothing: SmoothingKind::Gaussian,
            sigma_space: Some(2.0),
            rebinarise: true,
            ..PseudoMaskConfig::default()
        };
        let out = smooth(&blocks(), &config);
        assert!(out.data.iter().all(|v| *v == 0.0 || *v == 1.0));
        assert_eq!(out.at(3, 30), 0.0, "a lone pixel is blurred away");
        assert_eq!(out.at(16, 12), 1.0);
    }
}
