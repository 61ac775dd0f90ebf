//! From numbers to a gate.

use std::collections::BTreeMap;

use g2d_core::{
    gate::{FilmKind, FittedOn, FittedSet, GATE_VERSION, Gate, Layout, margin},
    outcome::NOTICE,
    session::Session,
};
use rayon::prelude::*;

use super::change::Dice;
use super::describe::{Described, describe};
use super::samples::{Sample, SamplePlan, plan_samples};
use super::solve::{Problem, Solution};
use crate::{output, public_films::Library};

/// Layouts that stand for the frontal films.
const TEMPLATES: usize = 16;
/// Rounds of the clustering that finds them.
const ROUNDS: usize = 12;
/// Penalties that are tried.
const PENALTIES: [f32; 4] = [0.003, 0.01, 0.03, 0.1];
/// Bias of a kind that no example was given for.
const NEVER: f32 = -1e4;
/// A standard deviation below this is taken for this.
const LEAST_STD: f32 = 1e-4;

/// How a gate is fitted.
#[derive(Debug, Clone)]
pub struct FitPlan {
    /// The pictures.
    pub samples: SamplePlan,
    /// Strength of the penalty on squared weights; the best of some on what is held out when none.
    pub penalty: Option<f32>,
    /// Share of the held-out frontal films, real ones and phantoms each, that may be refused.
    pub refused: f64,
}

/// Fits a gate to a model's encoder; `library` brings real films, of which those for training are
/// used.
///
/// # Errors
/// When a picture cannot be made or the device fails.
pub fn fit(session: &Session, plan: &FitPlan, library: Option<&Library>) -> anyhow::Result<Gate> {
    let samples = plan_samples(&plan.samples, library);
    if samples.iter().all(|s| s.kind != FilmKind::Lateral) {
        output::warn("these phantoms have no lateral view: the gate is fitted without laterals");
    }
    let bar = output::progress(samples.len() as u64, "pictures");
    let make = |i: usize| samples[i].make(&plan.samples, library);
    let found = describe(session, samples.len(), make, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let found = found.into_iter().collect::<anyhow::Result<Vec<Described>>>()?;
    let mut gate = fit_to(&samples, &found, plan);
    gate.weights_sha256 = session.model_info().sha256.clone();
    Ok(gate)
}

/// Numbers of all pictures, standardised, and what they are fitted by.
struct Table<'a> {
    samples: &'a [Sample],
    rows: Vec<Vec<f32>>,
    fitted: Vec<usize>,
    shares: Vec<f32>,
}

fn fit_to(samples: &[Sample], found: &[Described], plan: &FitPlan) -> Gate {
    let layout = layout(samples, found, plan.samples.seed);
    let rows: Vec<Vec<f32>> = found.iter().map(|d| layout.row(&d.raw().0)).collect();
    let fitted: Vec<usize> = (0..samples.len()).filter(|&i| !samples[i].held_out).collect();
    let (mean, std) = moments(fitted.iter().map(|&i| &rows[i][..]));
    let rows: Vec<Vec<f32>> = rows.iter().map(|row| Gate::scores(&mean, &std, row)).collect();
    let shares = shares(samples, &fitted);
    let table = Table { samples, rows, fitted, shares };
    let blank = Gate {
        schema_version: GATE_VERSION,
        weights_sha256: String::new(),
        notice: NOTICE.into(),
        kinds: FilmKind::ALL.to_vec(),
        layout,
        mean,
        std,
        weights: Vec::new(),
        bias: Vec::new(),
        threshold: 0.0,
        fitted_on: FittedOn { sets: Vec::new(), seed: plan.samples.seed },
    };
    let penalties = plan.penalty.map_or(PENALTIES.to_vec(), |penalty| vec![penalty]);
    let tried: Vec<(f64, Gate)> = penalties
        .par_iter()
        .map(|&penalty| {
            let gate = table.solve(blank.clone(), penalty, plan.refused);
            (refused(&gate.fitted_on.sets), gate)
        })
        .collect();
    for (penalty, (share, gate)) in penalties.iter().zip(&tried) {
        output::say(format_args!(
            "penalty {penalty}: {:.1}% of what is held out and not frontal is refused at a margin \
             of {:.2}",
            share * 100.0,
            gate.threshold
        ));
    }
    let best = tried.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map_or(blank, |(_, gate)| gate)
}

/// The mean over sources and kinds of the held-out share that is refused, frontal films aside.
fn refused(sets: &[FittedSet]) -> f64 {
    let others = sets.iter().filter(|s| s.kind != FilmKind::Frontal.name() && s.held_out > 0);
    let shares: Vec<f64> = others.map(|s| 1.0 - s.passed as f64 / s.held_out as f64).collect();
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}

impl Table<'_> {
    fn solve(&self, mut gate: Gate, penalty: f32, refused: f64) -> Gate {
        let samples = self.samples;
        let class =
            |i: usize| FilmKind::ALL.iter().position(|k| *k == samples[i].kind).unwrap_or(0);
        let chosen: Vec<&[f32]> = self.fitted.iter().map(|&i| &self.rows[i][..]).collect();
        let classes: Vec<usize> = self.fitted.iter().map(|&i| class(i)).collect();
        let problem = Problem {
            rows: &chosen,
            classes: &classes,
            shares: &self.shares,
            kinds: FilmKind::ALL.len(),
            penalty,
        };
        let Solution { weights, mut bias } = problem.solve();
        // A kind without an example cannot be told from nothing; it is never the reason.
        for (k, bias) in bias.iter_mut().enumerate() {
            if !classes.contains(&k) {
                *bias = NEVER;
            }
        }
        (gate.weights, gate.bias) = (weights, bias);
        let logits = self.rows.iter().map(|row| {
            let dot = |w: &[f32]| w.iter().zip(row).map(|(a, b)| a * b).sum::<f32>();
            gate.weights.iter().zip(&gate.bias).map(|(w, b)| b + dot(w)).collect()
        });
        let logits: Vec<Vec<f32>> = logits.collect();
        gate.threshold = threshold(samples, &logits, refused);
        gate.fitted_on.sets = sets(&gate, samples, &logits);
        gate
    }
}

/// The level that held-out frontal films, real ones and phantoms each, pass but for the share
/// that may be refused. It is never above 0: what is likelier frontal than all else together
/// passes.
fn threshold(samples: &[Sample], logits: &[Vec<f32>], refused: f64) -> f32 {
    let level = |real: bool| {
        let films = samples.iter().zip(logits).filter(|(sample, _)| {
            sample.held_out && sample.kind == FilmKind::Frontal && sample.is_real() == real
        });
        let mut margins: Vec<f32> = films.map(|(_, logits)| margin(logits)).collect();
        margins.sort_by(f32::total_cmp);
        // The share rounded down, so that no more are refused.
        margins.get((margins.len() as f64 * refused) as usize).copied()
    };
    [level(true), level(false)].into_iter().flatten().fold(0.0, f32::min)
}

fn sets(gate: &Gate, samples: &[Sample], logits: &[Vec<f32>]) -> Vec<FittedSet> {
    let mut sets: BTreeMap<(String, FilmKind), FittedSet> = BTreeMap::new();
    for (sample, logits) in samples.iter().zip(logits) {
        let set = sets.entry((sample.source.clone(), sample.kind)).or_insert_with(|| FittedSet {
            source: sample.source.clone(),
            kind: sample.kind.name().into(),
            ..FittedSet::default()
        });
        if !sample.held_out {
            set.fitted += 1;
            continue;
        }
        let verdict = gate.verdict(logits);
        set.held_out += 1;
        set.passed += usize::from(!verdict.refused);
        set.right_kind += usize::from(verdict.kind == sample.kind);
    }
    sets.into_values().collect()
}

/// Kinds count the same, and within a kind its sources.
fn shares(samples: &[Sample], fitted: &[usize]) -> Vec<f32> {
    let mut sources: BTreeMap<FilmKind, BTreeMap<&str, usize>> = BTreeMap::new();
    for &i in fitted {
        let kind = sources.entry(samples[i].kind).or_default();
        *kind.entry(&samples[i].source).or_default() += 1;
    }
    let share = |&i: &usize| {
        let of_kind = &sources[&samples[i].kind];
        let count = of_kind[samples[i].source.as_str()] * of_kind.len() * sources.len();
        1.0 / count as f32
    };
    fitted.iter().map(share).collect()
}

/// Means and standard deviations of columns.
fn moments<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone) -> (Vec<f32>, Vec<f32>) {
    let width = rows.clone().next().map_or(0, <[f32]>::len);
    let (mut sum, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
    let mut count = 0.0_f64;
    for row in rows {
        count += 1.0;
        for ((s, q), v) in sum.iter_mut().zip(&mut squares).zip(row) {
            *s += f64::from(*v);
            *q += f64::from(*v) * f64::from(*v);
        }
    }
    let count = count.max(1.0);
    let mean: Vec<f64> = sum.iter().map(|s| s / count).collect();
    let std = squares.iter().zip(&mean).map(|(q, m)| {
        let variance = (q / count - m * m).max(0.0);
        (variance.sqrt() as f32).max(LEAST_STD)
    });
    (mean.iter().map(|m| *m as f32).collect(), std.collect())
}

fn layout(samples: &[Sample], found: &[Described], seed: u64) -> Layout {
    let frontal: Vec<&Described> = samples
        .iter()
        .zip(found)
        .filter(|(s, _)| s.kind == FilmKind::Frontal && !s.held_out)
        .map(|(_, d)| d)
        .collect();
    let raws: Vec<(Vec<f32>, Vec<usize>)> = frontal.iter().map(|d| d.raw()).collect();
    let (frontal_mean, frontal_std) = moments(raws.iter().map(|(raw, _)| &raw[..]));
    let greys: Vec<&[f32]> = frontal.iter().map(|d| &d.likeness.layout[..]).collect();
    let ends = raws.first().map(|(_, ends)| ends.clone()).unwrap_or_default();
    Layout { frontal_mean, frontal_std, ends, templates: templates(&greys, seed) }
}

/// Clusters by cosine; each centre has length 1.
fn templates(greys: &[&[f32]], seed: u64) -> Vec<Vec<f32>> {
    let mut dice = Dice::new(seed, 2, 0);
    let count = TEMPLATES.min(greys.len());
    let mut centres: Vec<Vec<f32>> =
        (0..count).map(|_| greys[dice.below(greys.len())].to_vec()).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    for _ in 0..ROUNDS {
        let mut sums = vec![vec![0.0_f32; greys.first().map_or(0, |g| g.len())]; count];
        for grey in greys {
            let nearest = (0..count).fold((0, f32::NEG_INFINITY), |best, k| {
                let cosine = dot(grey, &centres[k]);
                if cosine > best.1 { (k, cosine) } else { best }
            });
            sums[nearest.0].iter_mut().zip(*grey).for_each(|(s, v)| *s += v);
        }
        for (centre, sum) in centres.iter_mut().zip(sums) {
            let length = dot(&sum, &sum).sqrt();
            // A centre that lost all its films stays where it was.
            if length > 1e-6 {
                *centre = sum.iter().map(|v| v / length).collect();
            }
        }
    }
    centres
}
