//! How far a score on few cases can be trusted.

/// A range that holds the true value with the stated confidence.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A mean over cases with its interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Mean {
    /// The mean; NaN without cases.
    pub mean: f64,
    /// Its 95% interval.
    pub interval: Interval,
    /// Number of cases.
    pub cases: usize,
}

/// Wilson's 95% score interval for a share of hits (E. B. Wilson, 1927); `[0, 1]` for no cases.
///
/// Unlike the usual "mean plus or minus" it stays in [0, 1] and has a width at 0 and 100%.
pub fn wilson(hits: usize, cases: usize) -> Interval {
    if cases == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    // 97.5% point of the normal distribution.
    let z = 1.959_963_984_540_054_f64;
    let n = cases as f64;
    let p = hits.min(cases) as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let half = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
}

/// Mean with the 95% percentile interval of the bootstrap (Efron, 1979).
///
/// Give one value a patient: values of one patient are not independent. The same seed gives the
/// same interval on every platform. Values that are not a number make the mean one, too.
pub fn bootstrap_mean(values: &[f64], resamples: usize, seed: u64) -> Mean {
    let cases = values.len();
    let mean = |sum: f64| sum / cases as f64;
    let point = mean(values.iter().sum());
    let mut interval = Interval { low: point, high: point };
    if cases > 0 && resamples > 0 {
        let mut state = seed;
        let mut means: Vec<f64> = (0..resamples)
            .map(|_| {
                mean((0..cases).map(|_| values[draw(&mut state, cases as u64) as usize]).sum())
            })
            .collect();
        means.sort_by(f64::total_cmp);
        interval = Interval { low: percentile(&means, 0.025), high: percentile(&means, 0.975) };
    }
    Mean { mean: point, interval, cases }
}

/// The `q`-quantile of sorted values, linear between neighbours (numpy's default); at least one
/// value is needed.
pub(super) fn percentile(sorted: &[f64], q: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = q * last as f64;
    let (low, t) = (position as usize, position.fract());
    sorted[low] + (sorted[(low + 1).min(last)] - sorted[low]) * t
}

/// A number below `n`: SplitMix64 (Steele, Lea and Flood, 2014), scaled by the high half of a
/// product, whose bias for any real number of cases is below 2^-40.
pub(super) fn draw(state: &mut u64, n: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    ((u128::from(z) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_matches_published_values() {
        // Newcombe (1998), table I: 81 of 263 and 0 of 20, and by symmetry 20 of 20.
        let close = |i: Interval, low: f64, high: f64| {
            (i.low - low).abs() < 5e-5 && (i.high - high).abs() < 5e-5
        };
        assert!(close(wilson(81, 263), 0.2553, 0.3662));
        assert!(close(wilson(0, 20), 0.0, 0.1611));
        assert!(close(wilson(20, 20), 0.8389, 1.0));
        assert_eq!(wilson(0, 0), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn the_first_draws_are_splitmix64s() {
        let mut state = 1_234_567;
        // With n = 2^32 the draw is the upper half of the generator's output; the reference
        // implementation's first output for this seed is 6457827717110365317.
        let want = 6_457_827_717_110_365_317 >> 32;
        assert_eq!(draw(&mut state, 1 << 32), want);
    }

    #[test]
    fn the_bootstrap_agrees_with_the_normal_interval_and_repeats() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
        let first = bootstrap_mean(&values, 2000, 7);
        assert_eq!(first, bootstrap_mean(&values, 2000, 7));
        assert_eq!(first.mean, 9.5);
        // Standard error: sqrt((20^2 - 1) / 12 / 400) = 0.288.
        assert!((first.interval.low - (9.5 - 1.96 * 0.288)).abs() < 0.06, "{first:?}");
        assert!((first.interval.high - (9.5 + 1.96 * 0.288)).abs() < 0.06, "{first:?}");
        assert!(bootstrap_mean(&[], 100, 1).mean.is_nan());
    }
}
