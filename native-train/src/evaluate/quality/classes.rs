//! Is it there? Films against prompts, without training.

use std::collections::BTreeMap;

use anyhow::Result;
use g2d_core::{
    config::MapSource,
    metrics::{Groups, Ranking},
    phantom::{self, FindingKind},
    session::{EncodedImage, Session},
};

use super::{
    card::{Metric, Subject},
    cases::{Case, Labels},
    encoded::Words,
};
use crate::{
    evaluate::manifest::films::{dot, unit},
    wait::block_on,
};

/// Films with and films without a finding that an area under its curve needs at least.
const LEAST: usize = 5;

/// Prompts of the findings as vectors.
pub struct Prompts(Vec<(FindingKind, Vec<f32>, Vec<f32>)>);

impl Prompts {
    /// Encodes the prompts of all findings.
    ///
    /// # Errors
    /// When the device fails.
    pub fn new(session: &Session, words: &mut Words) -> Result<Self> {
        let mut all = Vec::new();
        for kind in FindingKind::ALL {
            let (present, absent) = phantom::prompts(kind);
            let mut mean = |texts: &[&str]| -> Result<Vec<f32>> {
                let vectors = words.vectors(session, texts)?;
                let width = vectors.first().map_or(0, Vec::len);
                let sum = |i: usize| vectors.iter().map(|v| v[i]).sum::<f32>();
                Ok((0..width).map(|i| sum(i) / vectors.len() as f32).collect())
            };
            all.push((kind, mean(present)?, mean(absent)?));
        }
        Ok(Self(all))
    }
}

/// Films that were held against the prompts.
#[derive(Default)]
pub struct Films {
    studies: Vec<usize>,
    truths: Vec<Labels>,
    grey: Vec<f32>,
    pooled: BTreeMap<&'static str, Vec<f32>>,
    local: BTreeMap<&'static str, Vec<f32>>,
}

impl Films {
    /// Scores one film; one whose findings are not known takes no part.
    ///
    /// # Errors
    /// When the device fails.
    pub fn add(
        &mut self,
        session: &Session,
        prompts: &Prompts,
        image: &EncodedImage,
        case: &Case,
        study: usize,
    ) -> Result<()> {
        if case.labels == Labels::default() {
            return Ok(());
        }
        let vectors = block_on(session.image_vectors(image.features()))?;
        let vector = vectors.first().map(|v| unit(v)).unwrap_or_default();
        let source = session.config().grounding.source;
        let best = if source == MapSource::Attention {
            None
        } else {
            Some(block_on(session.dense_maps(image.features(), source))?)
        };
        for (kind, present, absent) in &prompts.0 {
            let score = dot(&vector, present) - dot(&vector, absent);
            self.pooled.entry(kind.name()).or_default().push(score as f32);
            if let Some(maps) = &best {
                let best = |v: &[f32]| best_place(&maps.images[0], v);
                self.local.entry(kind.name()).or_default().push(best(present) - best(absent));
            }
        }
        let sum: f64 = image.input.data.iter().map(|v| f64::from(*v)).sum();
        self.grey.push((sum / image.input.data.len() as f64) as f32);
        self.studies.push(study);
        self.truths.push(case.labels.clone());
        Ok(())
    }

    /// The areas under the curves, by finding and on the mean.
    pub fn metrics(&self, set: &str, baseline: Option<&str>) -> Vec<Metric> {
        let groups = Groups::new(self.studies.iter().copied());
        let mut metrics = Vec::new();
        let scorers =
            [("auc", "auc_macro", &self.pooled), ("auc_local", "auc_local_macro", &self.local)];
        for (name, mean, scores) in scorers {
            let curves: Vec<Curve> =
                scores.iter().filter_map(|(kind, scores)| self.curve(kind, scores)).collect();
            for curve in curves.iter().filter(|_| baseline.is_none()) {
                let subject = Subject::model(set, name).group(format!("kind={}", curve.kind));
                metrics.extend(subject.score(curve.rows.len(), &groups, |w| curve.auc(w)));
            }
            let subject = Subject::model(set, mean).by(baseline);
            metrics.extend(subject.score(self.studies.len(), &groups, |w| macro_mean(&curves, w)));
        }
        let kinds = self.pooled.keys();
        let grey: Vec<Curve> = kinds.filter_map(|kind| self.curve(kind, &self.grey)).collect();
        if baseline.is_none() && !grey.is_empty() {
            let n = self.studies.len();
            let subject = |by| Subject::model(set, "auc_macro").by(Some(by));
            metrics.extend(subject("mean grey").score(n, &groups, |w| macro_mean(&grey, w)));
            metrics.push(subject("chance").exact(n, 0.5));
        }
        metrics
    }

    /// The curve of a finding over the films of which it is known; none where there are too few.
    fn curve(&self, kind: &'static str, scores: &[f32]) -> Option<Curve> {
        let known = |i: &usize| self.truths[*i].get(kind).is_some();
        let rows: Vec<usize> = (0..self.truths.len()).filter(known).collect();
        let labels: Vec<bool> =
            rows.iter().map(|i| self.truths[*i].get(kind) == Some(true)).collect();
        let there = labels.iter().filter(|l| **l).count();
        let scores: Vec<f32> = rows.iter().map(|i| scores[*i]).collect();
        let enough = there >= LEAST && labels.len() - there >= LEAST;
        enough.then(|| Curve { kind, ranking: Ranking::new(&scores, &labels), rows })
    }
}

/// One finding's scores.
struct Curve {
    kind: &'static str,
    ranking: Ranking,
    /// Which films they are of.
    rows: Vec<usize>,
}

impl Curve {
    fn auc(&self, weights: Option<&[u32]>) -> Option<f64> {
        let own = weights.map(|w| self.rows.iter().map(|i| w[*i]).collect::<Vec<_>>());
        self.ranking.auc(own.as_deref())
    }
}

fn macro_mean(curves: &[Curve], weights: Option<&[u32]>) -> Option<f64> {
    // A draw may lack a rare finding's films; the others still have a mean.
    let areas: Vec<f64> = curves.iter().filter_map(|curve| curve.auc(weights)).collect();
    (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
}

/// Largest product of a vector with the vectors of all places, which lie as `[width, places]`.
fn best_place(dense: &[f32], vector: &[f32]) -> f32 {
    let places = dense.len() / vector.len().max(1);
    let mut products = vec![0.0_f32; places];
    for (row, v) in dense.chunks_exact(places.max(1)).zip(vector) {
        products.iter_mut().zip(row).for_each(|(p, d)| *p += v * d);
    }
    products.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_place_is_found_across_channels() {
        // Two channels, three places: (1, 0), (0, 1), (0.6, 0.8).
        let dense = [1.0, 0.0, 0.6, 0.0, 1.0, 0.8];
        assert!((best_place(&dense, &[0.6, 0.8]) - 1.0).abs() < 1e-6);
        assert!((best_place(&dense, &[1.0, 0.0]) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn rare_findings_have_no_curve_and_separable_ones_a_full_one() {
        let mut films = Films::default();
        for i in 0..20 {
            films.studies.push(i);
            films.grey.push(0.5);
            let there = i < 6;
            let known = [("mass".to_owned(), there)].into_iter().collect();
            films.truths.push(Labels { known, complete: i < 12 });
            films.pooled.entry("mass").or_default().push(if there { 1.0 } else { 0.0 });
            films.pooled.entry("nodule").or_default().push(0.0);
        }
        let metrics = films.metrics("s", None);
        let get = |name: &str, by: Option<&str>| {
            let found = metrics.iter().find(|m| m.name == name && m.baseline.as_deref() == by);
            found.map(|m| m.value)
        };
        assert_eq!(get("auc", None), Some(1.0));
        assert_eq!(
            (get("auc_macro", None), get("auc_macro", Some("mean grey"))),
            (Some(1.0), Some(0.5))
        );
        assert!(!metrics.iter().any(|m| m.group.as_deref() == Some("kind=nodule")));
    }
}
