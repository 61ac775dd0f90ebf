//! From line integrals to the grey picture: beam, scatter, blur, quanta, film response.

use super::config::PhantomConfig;
use super::rng::Rng;

/// How one film was taken.
#[derive(Debug, Clone)]
pub(crate) struct Exposure {
    /// `[x0, y0, x1, y1]` in pixels, ends excluded: what the collimator lets through.
    pub(crate) window: [usize; 4],
    /// Quanta that reach a pixel without a patient.
    quanta: f64,
    /// Scattered radiation over the mean primary.
    scatter: f64,
    /// Steepness of the response.
    contrast: f64,
    /// Shift of the response, in units of attenuation.
    brightness: f64,
    /// Share of a pixel's signal that goes to each neighbour.
    blur: f64,
    marker: Marker,
}

/// The lead letter that tells the sides apart.
#[derive(Debug, Clone)]
struct Marker {
    left: bool,
    /// Share of the picture's side, letter height.
    height: f64,
    /// Distance from the corner, same unit.
    inset: [f64; 2],
}

impl Exposure {
    /// Draws how the film is taken.
    pub(crate) fn draw(rng: &mut Rng, config: &PhantomConfig, size: usize) -> Self {
        let side = size as f64;
        let mut margin = || {
            let wide = rng.range(-0.035, 0.035);
            (wide.max(0.0) * side) as usize
        };
        let window = [margin(), margin(), size - margin(), size - margin()];
        Self {
            window,
            // A pixel of a coarser picture gathers more quanta.
            quanta: rng.range(1.2e4, 4.0e4) * (256.0 / side) * (256.0 / side),
            scatter: rng.range(0.10, 0.25),
            contrast: rng.range(0.8, 1.2) * f64::from(config.contrast),
            brightness: rng.range(-0.22, 0.22),
            blur: rng.range(0.04, 0.12),
            marker: Marker {
                left: rng.chance(0.6),
                height: rng.range(0.055, 0.08),
                inset: [rng.range(0.05, 0.11), rng.range(0.05, 0.14)],
            },
        }
    }

    /// The film's grey values in [0, 1], white where little radiation arrives.
    pub(crate) fn develop(
        &self,
        attenuation: &[f64],
        size: usize,
        noise: f64,
        rng: &mut Rng,
    ) -> Vec<f32> {
        let [x0, y0, x1, y1] = self.window;
        let inside = |i: usize| (x0..x1).contains(&(i % size)) && (y0..y1).contains(&(i / size));
        // Beer-Lambert: what arrives without being scattered.
        let mut signal: Vec<f64> = attenuation.iter().map(|&a| libm::exp(-a)).collect();
        let (mut sum, mut count) = (0.0, 0.0);
        for (_, &s) in signal.iter().enumerate().filter(|(i, s)| inside(*i) && **s < 0.9) {
            sum += s;
            count += 1.0;
        }
        let scatter = if count > 0.0 { self.scatter * sum / count } else { 0.0 };
        for (i, s) in signal.iter_mut().enumerate() {
            *s = if self.marker.covers(i, size) { 0.25 * scatter } else { *s + scatter };
        }
        self.smear(&mut signal, size);
        let spread = noise / self.quanta.sqrt();
        let mut density: Vec<f64> = signal
            .iter()
            .map(|&s| {
                // Poisson counts, as a normal distribution of the same variance.
                let s = s + spread * s.sqrt() * rng.gaussian();
                -libm::log(s.max(1e-4))
            })
            .collect();
        let [dark, bright] = reference(&density, |i| inside(i) && attenuation[i] > 0.3);
        let middle = 0.40 * bright + 0.60 * dark + self.brightness;
        let steep = 2.75 * self.contrast / (bright - dark).max(0.5);
        for (i, d) in density.iter_mut().enumerate() {
            let grey = 1.0 / (1.0 + libm::exp(-steep * (*d - middle)));
            *d = if inside(i) { grey } else { 0.0 };
        }
        density.into_iter().map(|d| d as f32).collect()
    }

    /// Focal spot and detector: a small separable blur.
    fn smear(&self, signal: &mut [f64], size: usize) {
        let k = self.blur;
        let mut line = vec![0.0; size];
        for (stride, across) in [(1, size), (size, 1)] {
            for row in 0..size {
                let at = |i: usize| row * across + i * stride;
                for (i, v) in line.iter_mut().enumerate() {
                    let (before, after) = (i.saturating_sub(1), (i + 1).min(size - 1));
                    *v = (1.0 - 2.0 * k) * signal[at(i)]
                        + k * (signal[at(before)] + signal[at(after)]);
                }
                for (i, v) in line.iter().enumerate() {
                    signal[at(i)] = *v;
                }
            }
        }
    }
}

/// Quantiles of the density over the patient that anchor the grey scale, as automatic exposure
/// does: one for lung, one for mediastinum and abdomen.
fn reference(density: &[f64], within: impl Fn(usize) -> bool) -> [f64; 2] {
    let mut sample: Vec<f64> =
        density.iter().enumerate().filter(|(i, _)| within(*i)).map(|(_, d)| *d).collect();
    if sample.is_empty() {
        return [0.0, 1.0];
    }
    [0.12, 0.9].map(|q| {
        let k = (q * (sample.len() - 1) as f64) as usize;
        *sample.select_nth_unstable_by(k, f64::total_cmp).1
    })
}

impl Marker {
    /// Whether the letter covers the pixel. `L` hangs in the picture's upper right corner, at the
    /// patient's left; `R` in the upper left.
    fn covers(&self, pixel: usize, size: usize) -> bool {
        // Five columns and seven rows, the highest bit at the left.
        const L: [u8; 7] = [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111];
        const R: [u8; 7] = [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001];
        let side = size as f64;
        let dot = (self.height * side / 7.0).max(1.0);
        let top = self.inset[1] * side;
        let start =
            if self.left { side * (1.0 - self.inset[0]) - 5.0 * dot } else { self.inset[0] * side };
        let column = ((pixel % size) as f64 + 0.5 - start) / dot;
        let row = ((pixel / size) as f64 + 0.5 - top) / dot;
        if !(0.0..5.0).contains(&column) || !(0.0..7.0).contains(&row) {
            return false;
        }
        let letter = if self.left { L } else { R };
        letter[row as usize] >> (4 - column as usize) & 1 == 1
    }
}
