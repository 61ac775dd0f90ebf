//! How well a finding stands out.

use crate::raster::Mask;

/// What a reader would still call: a finding below is neither kept nor reported. Rose's criterion
/// asks for 5 where noise is the only clutter. Chosen by looking at drawn films in the order of this
/// number: at 5 a broken rib could not be told from its neighbours, at 8 a small nodule could be
/// found by who knew where to look.
pub(crate) const VISIBLE: f64 = 6.0;

/// Quanta in a pixel of a 256-pixel film without a patient, a usual exposure.
const QUANTA: f64 = 2.4e4;
/// Scattered radiation, as a share of what arrives without a patient.
const SCATTER: f64 = 0.02;
/// Clutter is what differs over this distance, pixels of a 256-pixel film.
const REACH: f64 = 5.0;

/// Rose's signal-to-noise ratio: the mean change of attenuation under the mask, over noise and
/// clutter there, times the root of the area. Pixels are counted as on a film of 256 a side, so
/// that the number says the same at every size.
///
/// `change` is the mean over the mask's pixels; `clean` the film's attenuation without findings.
pub(crate) fn conspicuity(mask: &Mask, change: f64, clean: &[f64]) -> f64 {
    let size = mask.width;
    let scale = size as f64 / 256.0;
    let reach = ((REACH * scale + 0.5) as usize).max(1);
    let (mut clutter, mut noise, mut seen, mut area) = (0.0, 0.0, 0.0, 0.0f64);
    for (i, _) in mask.data.iter().enumerate().filter(|(_, v)| **v == 1) {
        area += 1.0;
        let (x, y) = (i % size, i / size);
        // Every other pixel of every other row says enough about a large mask.
        let thin = (x + y) % 2 == 1 && area > 64.0;
        if thin || x < reach || y < reach || x + reach >= size || y + reach >= size {
            continue;
        }
        let around = [i - reach, i + reach, i - reach * size, i + reach * size];
        let mean: f64 = around.iter().map(|&j| clean[j]).sum::<f64>() / 4.0;
        clutter += (clean[i] - mean) * (clean[i] - mean);
        noise += 1.0 / (QUANTA * (libm::exp(-clean[i]) + SCATTER));
        seen += 1.0;
    }
    if seen == 0.0 || area == 0.0 {
        return 0.0;
    }
    let spread = ((clutter + noise) / seen).sqrt().max(1e-3);
    change.abs() / spread * area.sqrt() / scale
}
