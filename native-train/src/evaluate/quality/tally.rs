//! Collects values sentence by sentence and turns them into means with intervals over studies.

use std::collections::BTreeMap;

use g2d_core::metrics::{Groups, wilson};

use super::card::{Metric, Subject, rounded};

/// Values by what they are about, each with the number of its study's group.
#[derive(Debug, Default)]
pub struct Tally {
    series: BTreeMap<Subject, Vec<(usize, f64)>>,
    /// Names of the groups (patients) in order of appearance.
    groups: BTreeMap<String, usize>,
}

impl Tally {
    /// The number of a study's group: films of one patient are one.
    pub fn study(&mut self, group: &str) -> usize {
        let next = self.groups.len();
        *self.groups.entry(group.to_owned()).or_insert(next)
    }

    /// Counts one value.
    pub fn add(&mut self, subject: Subject, study: usize, value: f64) {
        if value.is_finite() {
            self.series.entry(subject).or_default().push((study, value));
        }
    }

    /// Counts a share's case.
    pub fn hit(&mut self, subject: Subject, study: usize, hit: bool) {
        self.add(subject, study, f64::from(u8::from(hit)));
    }

    /// The means.
    pub fn metrics(self) -> Vec<Metric> {
        let mean = |(subject, values): (Subject, Vec<(usize, f64)>)| {
            // Sums by study first: the bootstrap draws studies, not sentences.
            let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
            for (study, value) in &values {
                let sum = sums.entry(*study).or_default();
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
            let sums: Vec<(f64, f64)> = sums.into_values().collect();
            let groups = Groups::new(0..sums.len());
            let score = subject.score(values.len(), &groups, |weights| {
                let weight = |i: usize| weights.map_or(1.0, |w| f64::from(w[i]));
                let (mut sum, mut n) = (0.0, 0.0);
                for (i, (value, count)) in sums.iter().enumerate() {
                    sum += weight(i) * value;
                    n += weight(i) * count;
                }
                (n > 0.0).then(|| sum / n)
            })?;
            // Drawn again, nothing but zeros or nothing but ones gives no width: Wilson's interval of
            // that many studies does.
            let all = |v: f64| values.iter().all(|(_, value)| *value == v);
            if all(0.0) || all(1.0) {
                let hits = if all(1.0) { sums.len() } else { 0 };
                let interval = wilson(hits, sums.len());
                let (low, high) = (Some(rounded(interval.low)), Some(rounded(interval.high)));
                return Some(Metric { low, high, ..score });
            }
            Some(score)
        };
        self.series.into_iter().filter_map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hits_still_have_an_interval() {
        let mut tally = Tally::default();
        for study in 0..20 {
            let number = tally.study(&study.to_string());
            tally.hit(Subject::model("s", "pointing"), number, true);
        }
        // Wilson's interval of 20 of 20.
        let metrics = tally.metrics();
        assert_eq!((metrics[0].low, metrics[0].high), (Some(0.8389), Some(1.0)));
    }

    #[test]
    fn studies_are_drawn_whole() {
        let mut tally = Tally::default();
        // Ten studies, each with ten equal values: as uncertain as ten values.
        for study in 0..10 {
            let number = tally.study(&format!("p{study}"));
            for _ in 0..10 {
                tally.hit(Subject::model("s", "pointing"), number, study % 2 == 0);
            }
        }
        assert_eq!(tally.study("p3"), 3);
        let metrics = tally.metrics();
        assert_eq!((metrics.len(), metrics[0].n, metrics[0].value), (1, 100, 0.5));
        let width = metrics[0].high.unwrap() - metrics[0].low.unwrap();
        assert!(width > 0.5, "{width}");
    }
}
