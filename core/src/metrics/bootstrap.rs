//! Intervals for any score, by drawing whole patients again (Efron, 1979).

use std::collections::HashMap;
use std::hash::Hash;

use super::Interval;
use super::interval::{draw, percentile};

/// Which rows belong together: a patient's films are not independent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    of: Vec<u32>,
    count: usize,
}

impl Groups {
    /// Rows with equal keys are one group.
    pub fn new<K: Eq + Hash>(keys: impl IntoIterator<Item = K>) -> Self {
        let mut known: HashMap<K, u32> = HashMap::new();
        let of: Vec<u32> = keys
            .into_iter()
            .map(|key| {
                let next = known.len() as u32;
                *known.entry(key).or_insert(next)
            })
            .collect();
        Self { of, count: known.len() }
    }

    /// Number of groups.
    pub fn count(&self) -> usize {
        self.count
    }
}

/// The 95% percentile interval of a statistic when groups are drawn with replacement, as many as
/// there are.
///
/// `statistic` is given how often each row was drawn. Draws in which it has no value (one class
/// only, say) are left out; the interval is none when more than half of them have none, and for
/// fewer than two groups. The same seed gives the same interval on every platform.
pub fn bootstrap(
    groups: &Groups,
    resamples: usize,
    seed: u64,
    statistic: impl Fn(&[u32]) -> Option<f64>,
) -> Option<Interval> {
    if groups.count < 2 {
        return None;
    }
    let mut state = seed;
    let mut drawn = vec![0_u32; groups.count];
    let mut weights = vec![0_u32; groups.of.len()];
    let mut values = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.fill(0);
        for _ in 0..groups.count {
            drawn[draw(&mut state, groups.count as u64) as usize] += 1;
        }
        for (weight, &group) in weights.iter_mut().zip(&groups.of) {
            *weight = drawn[group as usize];
        }
        values.extend(statistic(&weights).filter(|v| v.is_finite()));
    }
    if values.is_empty() || values.len() * 2 < resamples {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some(Interval { low: percentile(&values, 0.025), high: percentile(&values, 0.975) })
}

/// Mean of the values that are there, each as often as its weight says; none without one.
pub fn weighted_mean(values: &[Option<f64>], weights: Option<&[u32]>) -> Option<f64> {
    let (mut sum, mut all) = (0.0, 0.0);
    for (i, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let weight = weights.map_or(1.0, |w| f64::from(w[i]));
            sum += weight * value;
            all += weight;
        }
    }
    (all > 0.0).then(|| sum / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(values: &[f64]) -> impl Fn(&[u32]) -> Option<f64> {
        let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
        move |weights| weighted_mean(&values, Some(weights))
    }

    #[test]
    fn single_rows_give_the_usual_interval() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
        let groups = Groups::new(0..400);
        let interval = bootstrap(&groups, 2000, 7, mean_of(&values)).unwrap();
        // Standard error: sqrt((20^2 - 1) / 12 / 400) = 0.288.
        assert!((interval.low - (9.5 - 1.96 * 0.288)).abs() < 0.06, "{interval:?}");
        assert!((interval.high - (9.5 + 1.96 * 0.288)).abs() < 0.06, "{interval:?}");
        assert_eq!(bootstrap(&groups, 2000, 7, mean_of(&values)), Some(interval));
    }

    #[test]
    fn patients_with_several_films_widen_it() {
        // Each value ten times over: ten times fewer facts, so a width sqrt(10) as large.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i / 10 % 20)).collect();
        let width = |groups: &Groups| {
            let interval = bootstrap(groups, 2000, 7, mean_of(&values)).unwrap();
            interval.high - interval.low
        };
        let (rows, patients) = (Groups::new(0..400), Groups::new((0..400).map(|i| i / 10)));
        assert_eq!((rows.count(), patients.count()), (400, 40));
        let ratio = width(&patients) / width(&rows);
        assert!((ratio - 10_f64.sqrt()).abs() < 0.4, "{ratio}");
    }

    #[test]
    fn a_score_that_mostly_has_no_value_has_no_interval() {
        let groups = Groups::new(["a", "b", "c"]);
        assert_eq!(bootstrap(&groups, 100, 1, |_| None), None);
        assert_eq!(bootstrap(&Groups::new(["a", "a"]), 100, 1, |_| Some(1.0)), None);
        assert_eq!(weighted_mean(&[None, Some(2.0), Some(4.0)], Some(&[5, 3, 1])), Some(2.5));
        assert_eq!(weighted_mean(&[None], None), None);
    }
}
