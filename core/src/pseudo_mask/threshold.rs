//! Where the attention inside the body is cut (section 3.2 and table 5b of the G2D paper).

use super::select::at_rank;
use crate::config::ThresholdKind;

/// The level of the cut; pixels strictly above it belong to the mask.
///
/// Values that are not finite are left out; with no value left the level is infinite, so that
/// nothing lies above it.
pub fn threshold(mut scores: Vec<f32>, kind: ThresholdKind, q: f64) -> f32 {
    level(&mut scores, kind, q)
}

/// [`threshold`] of values that may be reordered and left out in place.
pub(super) fn level(scores: &mut Vec<f32>, kind: ThresholdKind, q: f64) -> f32 {
    // Nearly always all of them are finite, which takes less time to see than to keep them.
    if !scores.iter().fold(true, |all, v| all & v.is_finite()) {
        scores.retain(|v| v.is_finite());
    }
    if scores.is_empty() {
        return f32::INFINITY;
    }
    match kind {
        ThresholdKind::Quantile => quantile(scores, q),
        ThresholdKind::Median => quantile(scores, 0.5),
        ThresholdKind::Mean => {
            let sum: f64 = scores.iter().map(|&v| f64::from(v)).sum();
            (sum / scores.len() as f64) as f32
        }
        ThresholdKind::Gmm => mixture_threshold(scores),
    }
}

/// The `q`-quantile with linear interpolation between neighbours, numpy's default (method 7 of
/// Hyndman and Fan, 1996). Reorders the values; 0 for none.
pub fn quantile(values: &mut [f32], q: f64) -> f32 {
    let Some(last) = values.len().checked_sub(1) else {
        return 0.0;
    };
    let position = last as f64 * q.clamp(0.0, 1.0);
    let low = position as usize;
    let (a, b) = at_rank(values, low);
    let (a, b, t) = (f64::from(a), f64::from(b), position - low as f64);
    // numpy interpolates from the nearer end, so that the result never leaves [a, b].
    let value = if t < 0.5 { a + (b - a) * t } else { b - (b - a) * (1.0 - t) };
    value as f32
}

const BINS: usize = 256;
const MAX_ROUNDS: usize = 100;

/// One Gaussian of the mixture.
#[derive(Debug, Clone, Copy)]
struct Normal {
    weight: f64,
    mean: f64,
    variance: f64,
}

impl Normal {
    /// The weighted density's logarithm, without the constant that both components share, as
    /// coefficients of 1 and of the squared distance from the mean.
    fn log_density(&self) -> impl Fn(f64) -> f64 + use<> {
        let top = libm::log(self.weight) - 0.5 * libm::log(self.variance);
        let (mean, factor) = (self.mean, -0.5 / self.variance);
        move |x| top + factor * (x - mean) * (x - mean)
    }
}

/// The crossing of a two-component Gaussian mixture.
///
/// Expectation-maximisation on a histogram of 256 bins between the smallest and the largest
/// value: it runs for every training image, and one pass over bins costs what 256 pixels do.
/// It starts from the quantiles 0.425 and 0.925 with weights 0.85 and 0.15, the middles of the
/// two parts that the paper's 85% cut makes; it stops when both means move less than a thousandth
/// of a bin, or after 100 rounds. No variance falls below that of one bin's width.
///
/// The level is where the weighted densities are equal between the two means; when they do not
/// cross there (one component is everywhere heavier) it is the middle of the means.
fn mixture_threshold(scores: &mut [f32]) -> f32 {
    let (low, high) =
        scores.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    if low >= high {
        return high;
    }
    // Work on [0, 1]: attention is of the order of 1/49 and its square would be tiny.
    let (origin, range) = (f64::from(low), f64::from(high) - f64::from(low));
    let mut counts = [0u32; BINS];
    for &v in scores.iter() {
        let bin = ((f64::from(v) - origin) / range * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    let histogram = counts.map(|n| f64::from(n) / scores.len() as f64);
    let mut start = |q: f64| (f64::from(quantile(scores, q)) - origin) / range;
    let (first, second) = (start(0.425), start(0.925));
    let (a, b) = fit(&histogram, first, second);
    let (lower, upper) = if a.mean <= b.mean { (a, b) } else { (b, a) };
    (origin + range * crossing(&lower, &upper)) as f32
}

/// Weight, mean and variance of masses at the bins' centres.
fn moments(masses: impl Iterator<Item = f64>) -> Normal {
    let floor = 1.0 / (BINS * BINS) as f64;
    let (mut weight, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (bin, mass) in masses.enumerate() {
        let x = (bin as f64 + 0.5) / BINS as f64;
        weight += mass;
        sum += mass * x;
        squares += mass * x * x;
    }
    if weight <= 0.0 {
        return Normal { weight: 0.0, mean: 0.5, variance: floor };
    }
    let mean = sum / weight;
    Normal { weight, mean, variance: (squares / weight - mean * mean).max(floor) }
}

fn fit(histogram: &[f64; BINS], first: f64, second: f64) -> (Normal, Normal) {
    let variance = moments(histogram.iter().copied()).variance / 4.0;
    let mut a = Normal { weight: 0.85, mean: first, variance };
    let mut b = Normal { weight: 0.15, mean: second, variance };
    for _ in 0..MAX_ROUNDS {
        let (log_a, log_b) = (a.log_density(), b.log_density());
        let mut share = [0.0f64; BINS];
        for (bin, share) in share.iter_mut().enumerate().filter(|(i, _)| histogram[*i] > 0.0) {
            let x = (bin as f64 + 0.5) / BINS as f64;
            *share = 1.0 / (1.0 + libm::exp(log_b(x) - log_a(x)));
        }
        let before = (a.mean, b.mean);
        let pairs = || histogram.iter().zip(&share);
        a = moments(pairs().map(|(mass, share)| mass * share));
        b = moments(pairs().map(|(mass, share)| mass * (1.0 - share)));
        let moved = (a.mean - before.0).abs().max((b.mean - before.1).abs());
        if a.weight <= 0.0 || b.weight <= 0.0 || moved < 1e-3 / BINS as f64 {
            break;
        }
    }
    (a, b)
}

fn crossing(lower: &Normal, upper: &Normal) -> f64 {
    let (log_upper, log_lower) = (upper.log_density(), lower.log_density());
    let lead = |x: f64| log_upper(x) - log_lower(x);
    let (mut left, mut right) = (lower.mean, upper.mean);
    if lead(left) < 0.0 && lead(right) > 0.0 {
        for _ in 0..50 {
            let middle = 0.5 * (left + right);
            if lead(middle) < 0.0 {
                left = middle;
            } else {
                right = middle;
            }
        }
    }
    0.5 * (left + right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_and_include_the_ends() {
        let values = [4.0f32, 1.0, 3.0, 2.0];
        let at = |q| quantile(&mut values.clone(), q);
        assert_eq!([at(0.0), at(0.5), at(1.0), at(0.85)], [1.0, 2.5, 4.0, 3.55]);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn mean_and_median_differ_on_skewed_values() {
        let values = vec![0.0f32, 0.0, 1.0, 11.0, f32::NAN];
        assert_eq!(threshold(values.clone(), ThresholdKind::Mean, 0.9), 3.0);
        assert_eq!(threshold(values, ThresholdKind::Median, 0.9), 0.5);
    }

    /// Normal draws as a sum of twelve uniform ones.
    fn draws(n: usize, mean: f64, deviation: f64, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..n)
            .map(|_| {
                let z: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
                (mean + deviation * z) as f32
            })
            .collect()
    }

    #[test]
    fn the_mixture_cuts_where_the_densities_cross() {
        let mut values = draws(8000, 0.010, 0.002, 1);
        values.extend(draws(2000, 0.025, 0.003, 2));
        let level = f64::from(threshold(values, ThresholdKind::Gmm, 0.0));
        // Exact: 0.8/0.002 exp(-(x-0.010)^2/(2*0.002^2)) = 0.2/0.003 exp(-(x-0.025)^2/(2*0.003^2)).
        let (mut a, mut b) = (0.010f64, 0.025);
        for _ in 0..60 {
            let x = 0.5 * (a + b);
            let low = (400.0f64).ln() - ((x - 0.010) / 0.002).powi(2) / 2.0;
            let high = (200.0f64 / 3.0).ln() - ((x - 0.025) / 0.003).powi(2) / 2.0;
            if high < low { a = x } else { b = x }
        }
        assert!((level - a).abs() < 2.5e-4, "{level} {a}");
    }
}
