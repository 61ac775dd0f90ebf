//! Means over seeds, and differences to the reference taken seed by seed.

use std::collections::BTreeMap;

use g2d_core::metrics::{Paired, Verdict, mean_and_sd, paired};
use serde::Serialize;

use super::{
    names,
    runs::Results,
    set::{Direction, Set},
};

/// Stands wherever numbers of a set that ran on phantoms stand.
pub const NO_EVIDENCE: &str = "Measured on synthetic phantoms: it says that the code works and \
                               which way a switch points there. It is not evidence about \
                               radiographs.";

/// What came of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The interval lies where it was expected.
    AsExpected,
    /// The interval lies on the other side, or a difference was seen where none was expected.
    Otherwise,
    /// The interval holds no difference.
    NotDistinguishable,
    /// One seed says nothing about chance.
    NoInterval,
}

/// One variant by one measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Name of the variant.
    pub variant: String,
    /// Value by seed.
    pub by_seed: BTreeMap<u64, f64>,
    /// Mean over seeds.
    pub mean: f64,
    /// Standard deviation over seeds (n - 1); none for one seed.
    pub sd: Option<f64>,
    /// The difference to the reference over the seeds that both have; none for the reference.
    pub difference: Option<Paired>,
    /// What its interval says.
    pub verdict: Option<Verdict>,
    /// What was expected before running.
    pub expected: Option<Direction>,
    /// What came of that.
    pub seen: Option<Seen>,
}

/// All variants by one measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// What it is.
    pub definition: String,
    /// The variants that have it, in the set's order.
    pub rows: Vec<Row>,
}

/// The comparison of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Version of this form.
    pub schema_version: u32,
    /// What this is no evidence of; empty where it was not phantoms.
    pub notice: String,
    /// Seeds that were asked for.
    pub seeds: Vec<u64>,
    /// Name of the variant that the others are compared with.
    pub reference: String,
    /// What was compared.
    pub measures: Vec<Measured>,
    /// Means and standard deviations over seeds of what the same measures give untrained.
    pub baselines: BTreeMap<String, (f64, Option<f64>)>,
    /// Runs whose loss stopped being a number: variant, seed and why.
    pub diverged: Vec<(String, u64, String)>,
    /// The resolved set.
    pub set: Set,
}

/// Compares every variant with the reference.
pub fn compare(set: &Set, seeds: &[u64], results: &Results) -> Comparison {
    let known = names::known(&set.probe.labels);
    let definition = |name: &str| known.iter().find(|(n, _)| n == name).map(|(_, d)| d.clone());
    let reference = &set.variants[set.reference];
    let by_seed = |variant: &str, metric: &str| -> BTreeMap<u64, f64> {
        let own = results.outcomes.iter().filter(|o| o.variant == variant);
        own.filter_map(|o| Some((o.seed, *o.values.get(metric)?))).collect()
    };
    let measures = set.metrics.iter().map(|metric| {
        let base = by_seed(&reference.name, metric);
        let row = |(i, variant): (usize, &super::set::Variant)| {
            let values = by_seed(&variant.name, metric);
            if values.is_empty() {
                return None;
            }
            let list: Vec<f64> = values.values().copied().collect();
            let (mean, sd) = mean_and_sd(&list);
            let shared = values.iter().filter_map(|(seed, v)| Some((*v, *base.get(seed)?)));
            let difference = (i != set.reference).then(|| paired(&shared.collect::<Vec<_>>()));
            let verdict = difference.map(|difference| difference.verdict());
            let expected = variant.expect.get(metric).copied();
            let seen = verdict.zip(expected).map(|(verdict, expected)| seen(verdict, expected));
            let variant = variant.name.clone();
            Some(Row { variant, by_seed: values, mean, sd, difference, verdict, expected, seen })
        };
        Measured {
            name: metric.clone(),
            definition: definition(metric).unwrap_or_default(),
            rows: set.variants.iter().enumerate().filter_map(row).collect(),
        }
    });
    let mut baselines: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, value) in results.baselines.values().flatten() {
        baselines.entry(name.clone()).or_default().push(*value);
    }
    let baselines = baselines.into_iter().map(|(name, v)| (name, mean_and_sd(&v)));
    let diverged = results.outcomes.iter().filter_map(|o| {
        let why = o.diverged.clone()?;
        Some((o.variant.clone(), o.seed, why))
    });
    Comparison {
        schema_version: 1,
        notice: if set.on_phantoms() { NO_EVIDENCE.into() } else { String::new() },
        seeds: seeds.to_vec(),
        reference: reference.name.clone(),
        measures: measures.filter(|measure| !measure.rows.is_empty()).collect(),
        baselines: baselines.collect(),
        diverged: diverged.collect(),
        set: set.clone(),
    }
}

/// What an interval means for an expectation. That no difference is seen does not prove that there
/// is none, so `same` can be contradicted but not confirmed.
fn seen(verdict: Verdict, expected: Direction) -> Seen {
    match (verdict, expected) {
        (Verdict::NoInterval, _) => Seen::NoInterval,
        (Verdict::NotDistinguishable, _) => Seen::NotDistinguishable,
        (Verdict::Above, Direction::Above) | (Verdict::Below, Direction::Below) => Seen::AsExpected,
        (Verdict::Above | Verdict::Below, _) => Seen::Otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ablate::runs::Outcome;

    #[test]
    fn pairs_are_made_by_seed_and_a_diverged_run_leaves_its_pair() {
        let text = r#"
            base = "smoke"
            reference = "a"
            metrics = ["pseudo_dice"]
            [[variant]]
            name = "a"
            [[variant]]
            name = "b"
            expect = "below"
        "#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ab.toml");
        std::fs::write(&path, text).unwrap();
        let set = Set::read(path.to_str().unwrap(), &[]).unwrap();
        let outcome = |variant: &str, seed: u64, value: Option<f64>| Outcome {
            variant: variant.into(),
            seed,
            values: value.map(|v| ("pseudo_dice".to_owned(), v)).into_iter().collect(),
            diverged: value.is_none().then(|| "The loss is NaN".into()),
        };
        let outcomes = vec![
            outcome("a", 0, Some(0.50)),
            outcome("b", 0, Some(0.41)),
            outcome("a", 1, Some(0.70)),
            outcome("b", 1, None),
            outcome("a", 2, Some(0.30)),
            outcome("b", 2, Some(0.19)),
        ];
        let baselines = [(0, 0.1), (1, 0.3)]
            .map(|(seed, value)| (seed, [("whole".to_owned(), value)].into_iter().collect()));
        let results = Results { outcomes, baselines: baselines.into_iter().collect() };
        let found = compare(&set, &[0, 1, 2], &results);
        let [a, b] = &found.measures[0].rows[..] else { panic!("{found:?}") };
        assert!((a.mean - 0.5).abs() < 1e-12 && (a.sd.unwrap() - 0.2).abs() < 1e-12);
        assert_eq!((&a.difference, a.verdict, a.seen), (&None, None, None));
        // Seeds 0 and 2: differences -0.09 and -0.11, deviation 0.0141421; 12.7062 times 0.01.
        let difference = b.difference.unwrap();
        assert_eq!(difference.pairs, 2);
        assert!((difference.mean + 0.10).abs() < 1e-12);
        let interval = difference.interval.unwrap();
        assert!((interval.high - (-0.10 + 0.127_062)).abs() < 1e-6, "{interval:?}");
        assert_eq!(b.seen, Some(Seen::NotDistinguishable));
        assert_eq!(found.diverged[0].1, 1);
        assert_eq!(found.baselines["whole"].0, 0.2);
        assert!(found.notice.contains("not evidence about radiographs"));
    }

    #[test]
    fn expectations_are_met_or_not() {
        assert_eq!(seen(Verdict::Below, Direction::Below), Seen::AsExpected);
        assert_eq!(seen(Verdict::Above, Direction::Below), Seen::Otherwise);
        assert_eq!(seen(Verdict::Above, Direction::Same), Seen::Otherwise);
        assert_eq!(seen(Verdict::NotDistinguishable, Direction::Same), Seen::NotDistinguishable);
        assert_eq!(seen(Verdict::NoInterval, Direction::Above), Seen::NoInterval);
    }
}
