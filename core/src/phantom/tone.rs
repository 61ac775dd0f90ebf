//! The film's response: from density to grey.

use super::config::PhantomConfig;
use super::glare::Glare;
use super::rng::Rng;
use super::technique::Technique;

/// The kind of curve.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Curve {
    /// The film's own S.
    Sigmoid,
    /// A line with soft ends.
    Linear,
    /// A power of the density.
    Power(f32),
}

/// How densities become grey values.
#[derive(Debug, Clone)]
pub(crate) struct Tone {
    curve: Curve,
    /// Grey of lung and of mediastinum.
    anchors: [f32; 2],
    /// Share of the slow changes that is taken away (local contrast).
    flatten: f32,
    /// Factor on the fast ones.
    detail: f32,
    /// How far the histogram is made even, 0 to 1.
    equalise: f32,
    /// Grey where the beam does not reach the film.
    rim: f32,
    inverted: bool,
}

/// Quantiles of the density over the patient that stand for lung and for mediastinum.
const ANCHORS: [f64; 2] = [0.12, 0.72];
/// Cells of the table that stands for the curve, and the density it ends at.
const TABLE: usize = 512;
const DENSEST: f32 = 9.5;

impl Tone {
    /// Draws a film's response.
    pub(crate) fn draw(rng: &mut Rng, config: &PhantomConfig, technique: &Technique) -> Self {
        let second = technique.second;
        let kind = rng.unit();
        let gamma = rng.range(0.75, 1.35) as f32;
        let curve = match kind {
            u if u < if second { 0.15 } else { 0.55 } => Curve::Sigmoid,
            u if u < if second { 0.40 } else { 0.80 } => Curve::Linear,
            _ => Curve::Power(gamma),
        };
        let dark = rng.range(0.13, 0.44);
        let bright = rng.range(0.70, 0.90);
        let stretch = f64::from(config.contrast);
        let middle = 0.5 * (dark + bright);
        let anchor = |v: f64| (middle + (v - middle) * stretch).clamp(0.03, 0.985) as f32;
        let local = rng.chance(if second { 0.8 } else { 0.35 });
        let strong = if local { rng.range(0.15, 0.55) } else { 0.0 };
        let even = rng.chance(if second { 0.08 } else { 0.18 });
        Self {
            curve,
            anchors: [anchor(dark), anchor(bright)],
            flatten: strong as f32,
            detail: (1.0 + if second { rng.range(0.2, 0.9) } else { rng.range(0.0, 0.6) }) as f32,
            equalise: if even { rng.range(0.4, 1.0) as f32 } else { 0.0 },
            rim: if rng.chance(0.2) { rng.range(0.02, 0.12) as f32 } else { 0.01 },
            inverted: config.inverted,
        }
    }

    /// Turns densities into grey values in place. `lit` is 0 off the film, 1 on it and 2 where
    /// the beam reaches it; `patient` says which pixels anchor the scale, as automatic exposure
    /// does.
    pub(crate) fn apply(
        &self,
        density: &mut [f32],
        size: usize,
        lit: &[u8],
        patient: impl Fn(usize) -> bool,
    ) {
        let [thin, thick] = quantiles(density, &patient, ANCHORS);
        if self.flatten > 0.0 || self.detail > 1.0 {
            let middle = 0.5 * (thin + thick);
            let (low, high) = (thin - 1.0, thick + 1.0);
            let slow = Glare::of(density, size, |d| d.clamp(low, high));
            for (y, row) in density.chunks_exact_mut(size).enumerate() {
                for (x, d) in row.iter_mut().enumerate() {
                    let base = slow.at(x, y);
                    let kept = base + self.flatten * (middle - base);
                    *d = kept + self.detail * (*d - base);
                }
            }
        }
        let [thin, thick] = quantiles(density, &patient, ANCHORS);
        let table = self.table(thin, thick);
        for d in density.iter_mut() {
            let p = (*d * (TABLE as f32 / DENSEST)).clamp(0.0, TABLE as f32 - 0.01);
            let (k, part) = (p as usize, p - (p as usize) as f32);
            *d = table[k] + part * (table[k + 1] - table[k]);
        }
        if self.equalise > 0.0 {
            self.even(density, lit);
        }
        for (v, &lit) in density.iter_mut().zip(lit) {
            *v = match lit {
                0 => 0.0,
                1 => self.rim,
                _ if self.inverted => 1.0 - *v,
                _ => *v,
            };
        }
    }

    /// The curve at evenly spaced densities, through both anchors.
    fn table(&self, thin: f32, thick: f32) -> Vec<f32> {
        let range = (thick - thin).max(0.4);
        let [dark, bright] = self.anchors;
        let logit = |v: f32| libm::logf(v / (1.0 - v));
        let (from, to) = (logit(dark), logit(bright));
        (0..=TABLE)
            .map(|k| {
                let t = (k as f32 * DENSEST / TABLE as f32 - thin) / range;
                let line = dark + t * (bright - dark);
                match self.curve {
                    Curve::Sigmoid => 1.0 / (1.0 + libm::expf(-(from + t * (to - from)))),
                    Curve::Linear => soft(line),
                    Curve::Power(gamma) => {
                        // Through the anchors as well, and 0 where nothing lies in the beam.
                        let unit = |v: f32| libm::powf(v.max(0.0), gamma);
                        let (low, high) = (unit(0.6), unit(1.6));
                        soft(dark + (bright - dark) * (unit(t + 0.6) - low) / (high - low))
                    }
                }
            })
            .collect()
    }

    /// Histogram equalisation over the lit film; ranks within a bin follow the grey value.
    fn even(&self, grey: &mut [f32], lit: &[u8]) {
        const BINS: usize = 1024;
        let mut count = vec![0u32; BINS + 1];
        let place = |v: f32| {
            let p = v.clamp(0.0, 1.0) * (BINS as f32 - 0.01);
            (p as usize, p - (p as usize) as f32)
        };
        for (v, _) in grey.iter().zip(lit).filter(|(_, lit)| **lit == 2) {
            count[place(*v).0 + 1] += 1;
        }
        for k in 0..BINS {
            count[k + 1] += count[k];
        }
        let all = count[BINS].max(1) as f32;
        for v in grey.iter_mut() {
            let (k, part) = place(*v);
            let rank = count[k] as f32 + part * (count[k + 1] - count[k]) as f32;
            *v += self.equalise * (rank / all - *v);
        }
    }
}

/// Bends a line so that it stays within (0, 1): straight in the middle, with a long shoulder, so
/// that the mediastinum is nearly white.
fn soft(v: f32) -> f32 {
    let low = |v: f32, knee: f32| {
        if v >= knee { v } else { knee * libm::expf((v - knee) / knee) }
    };
    1.0 - low(1.0 - low(v, 0.08), 0.22)
}

/// Two quantiles of the values whose index is `within`; `[0, 1]` when there is none.
fn quantiles(values: &[f32], within: impl Fn(usize) -> bool, shares: [f64; 2]) -> [f32; 2] {
    // Every third pixel is enough; the step shares no factor with usual widths.
    let mut sample: Vec<f32> =
        values.iter().enumerate().step_by(3).filter(|(i, _)| within(*i)).map(|(_, v)| *v).collect();
    if sample.is_empty() {
        return [0.0, 1.0];
    }
    shares.map(|q| {
        let k = (q * (sample.len() - 1) as f64) as usize;
        *sample.select_nth_unstable_by(k, f32::total_cmp).1
    })
}
