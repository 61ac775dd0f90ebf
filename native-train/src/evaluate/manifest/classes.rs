//! `g2d eval zero-shot`: is a class there, by the image's cosines with prompts?

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::Result;
use g2d_core::{
    Error,
    metrics::{Goal, Groups, Ranking, weighted_mean},
    session::Session,
};
use rayon::prelude::*;

use super::{
    films::{self, dot, unit},
    group_of, nothing_usable,
    prompts::{ClassPrompts, Combine, PromptSet, is_no_finding},
    report::{Named, Report, Score, Tally, ThresholdReport},
    rows::{Labels, Row},
};
use crate::wait::block_on;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The manifest.
    pub manifest: PathBuf,
    /// The split to score.
    pub split: Option<String>,
    /// The prompts.
    pub prompts: PromptSet,
    /// The two cosines are divided by it before the softmax.
    pub temperature: f64,
    /// Images that go through the network together.
    pub batch: usize,
}

/// One row that was scored.
struct Scored {
    group: String,
    labels: Vec<Option<bool>>,
    scores: Vec<f32>,
    grey: f32,
}

/// One row before its image is read.
struct Wanted {
    line: u64,
    image: PathBuf,
    group: String,
    labels: Vec<Option<bool>>,
}

/// The vectors of a class's prompts, of unit length.
struct ClassVectors {
    positive: Vec<Vec<f32>>,
    negative: Vec<Vec<f32>>,
}

/// The prompts' vectors; with [`Combine::Mean`] one a side.
fn class_vectors(session: &Session, set: &PromptSet) -> Result<Vec<ClassVectors>> {
    let side = |prompts: &[String]| -> Result<Vec<Vec<f32>>> {
        let texts: Vec<&str> = prompts.iter().map(String::as_str).collect();
        let vectors = block_on(session.text_vectors(&texts))?;
        let vectors: Vec<Vec<f32>> = vectors.iter().map(|v| unit(v)).collect();
        Ok(match (set.combine, vectors.first()) {
            (Combine::Mean, Some(first)) => {
                let mut sum = vec![0.0; first.len()];
                for vector in &vectors {
                    sum.iter_mut().zip(vector).for_each(|(s, v)| *s += v);
                }
                vec![unit(&sum)]
            }
            _ => vectors,
        })
    };
    let class = |class: &ClassPrompts| {
        Ok(ClassVectors { positive: side(&class.positive)?, negative: side(&class.negative)? })
    };
    set.classes.iter().map(class).collect()
}

/// Softmax of the two cosines, or the cosine alone where there is no negation.
fn class_score(image: &[f32], class: &ClassVectors, temperature: f64) -> f32 {
    let best =
        |side: &[Vec<f32>]| side.iter().map(|v| dot(image, v)).fold(f64::NEG_INFINITY, f64::max);
    let positive = best(&class.positive);
    if class.negative.is_empty() {
        return positive as f32;
    }
    (1.0 / (1.0 + ((best(&class.negative) - positive) / temperature).exp())) as f32
}

/// The labels of a row by class of the set; names without prompts go to `others`.
fn labels_of(
    row: &Row,
    set: &PromptSet,
    others: &mut BTreeSet<String>,
) -> Result<Option<Vec<Option<bool>>>, Error> {
    let class = |name: &str| set.find(name).is_some() || is_no_finding(name);
    let mut labels = vec![None; set.classes.len()];
    match row.labels(class)? {
        None => return Ok(None),
        Some(Labels::Each(each)) => {
            for (name, label) in each {
                match set.find(&name) {
                    Some(i) => labels[i] = label,
                    None => _ = others.insert(name),
                }
            }
        }
        Some(Labels::Positive(names)) => {
            labels.fill(Some(false));
            for name in names {
                match set.find(&name) {
                    Some(i) => labels[i] = Some(true),
                    None => _ = others.insert(name),
                }
            }
        }
    }
    Ok(labels.iter().any(Option::is_some).then_some(labels))
}

fn measure(
    session: &Session,
    rows: &[Row],
    plan: &Plan,
    vectors: &[ClassVectors],
    others: &mut BTreeSet<String>,
    tally: &mut Tally,
) -> Result<Vec<Scored>> {
    let mut wanted = Vec::new();
    for row in rows {
        let read = |others: &mut BTreeSet<String>| -> Result<_, Error> {
            Ok((row.image()?, group_of(row)?, labels_of(row, &plan.prompts, others)?))
        };
        match read(others) {
            Ok((image, group, Some(labels))) => {
                wanted.push(Wanted { line: row.line, image, group, labels });
            }
            Ok(_) => tally.leave_out("no label of a class that has prompts", row.line),
            Err(error) => tally.fail(row.line, &error.into()),
        }
    }
    let paths: Vec<&Path> = wanted.iter().map(|w| w.image.as_path()).collect();
    let failed = |i: usize, error: &anyhow::Error| {
        let line = wanted[i].line;
        tally.fail(line, &anyhow::anyhow!("Line {line}: {error:#}"));
    };
    let embedded = films::image_vectors(session, &paths, plan.batch, failed)?;
    Ok(embedded
        .into_iter()
        .map(|image| {
            let vector = unit(&image.vector);
            let score = |class| class_score(&vector, class, plan.temperature);
            Scored {
                group: wanted[image.index].group.clone(),
                labels: wanted[image.index].labels.clone(),
                scores: vectors.iter().map(score).collect(),
                grey: image.grey as f32,
            }
        })
        .collect())
}

/// The rows of one class whose label is known.
struct ClassRows {
    rows: Vec<usize>,
    ranking: Ranking,
    grey: Ranking,
    positives: usize,
}

fn class_rows(scored: &[Scored], class: usize) -> ClassRows {
    let known = |(row, s): (usize, &Scored)| s.labels[class].map(|label| (row, label));
    let (rows, labels): (Vec<usize>, Vec<bool>) =
        scored.iter().enumerate().filter_map(known).unzip();
    let ranking = |value: &dyn Fn(&Scored) -> f32| {
        let values: Vec<f32> = rows.iter().map(|&row| value(&scored[row])).collect();
        Ranking::new(&values, &labels)
    };
    let positives = labels.iter().filter(|l| **l).count();
    let (by_score, grey) = (ranking(&|s| s.scores[class]), ranking(&|s| s.grey));
    ClassRows { ranking: by_score, grey, positives, rows }
}

impl ClassRows {
    fn weights(&self, all: Option<&[u32]>) -> Option<Vec<u32>> {
        all.map(|all| self.rows.iter().map(|&row| all[row]).collect())
    }

    /// Share of positives.
    fn share(&self) -> f64 {
        self.positives as f64 / self.rows.len() as f64
    }

    fn both(&self) -> bool {
        self.positives > 0 && self.positives < self.rows.len()
    }
}

const MODES: [(&str, &str); 4] = [
    ("fixed", "called positive where the positive prompts' cosine is at least the negative's"),
    ("val", "threshold of best F1 on split val, class by class"),
    ("oracle_f1", "threshold of best F1 on the scored rows themselves, class by class: optimistic"),
    (
        "oracle_mcc",
        "threshold of best MCC on the scored rows themselves, class by class: optimistic",
    ),
];

/// What a threshold gives; named as in the result.
const CUT_SCORES: [(&str, &str); 3] =
    [("f1", "F1"), ("accuracy", "accuracy"), ("mcc", "correlation coefficient of Matthews")];

/// Something that is scored class by class, then averaged.
struct Wish {
    name: String,
    definition: String,
    kind: WishKind,
}

enum WishKind {
    Auc,
    AveragePrecision,
    Cut { score: usize, mode: usize },
}

fn wishes() -> Vec<Wish> {
    let mut wishes = vec![
        Wish {
            name: "auc".into(),
            definition: "area under the ROC curve, equal scores count half; needs no threshold"
                .into(),
            kind: WishKind::Auc,
        },
        Wish {
            name: "ap".into(),
            definition: "average precision without interpolation; needs no threshold".into(),
            kind: WishKind::AveragePrecision,
        },
    ];
    for (mode, (mode_name, rule)) in MODES.iter().enumerate() {
        for (score, (name, words)) in CUT_SCORES.iter().enumerate() {
            wishes.push(Wish {
                name: format!("{name}_{mode_name}"),
                definition: format!("{words}, {rule}; the threshold stays in every bootstrap draw"),
                kind: WishKind::Cut { score, mode },
            });
        }
    }
    wishes
}

/// One class with its thresholds by mode.
struct ClassResult<'a> {
    name: &'a str,
    data: ClassRows,
    thresholds: [Option<f32>; 4],
}

impl ClassResult<'_> {
    fn value(&self, kind: &WishKind, weights: Option<&[u32]>) -> Option<f64> {
        let own = self.data.weights(weights);
        let own = own.as_deref();
        match *kind {
            WishKind::Auc => self.data.ranking.auc(own),
            WishKind::AveragePrecision => self.data.ranking.average_precision(own),
            WishKind::Cut { score, mode } => {
                let counts = self.data.ranking.confusion(self.thresholds[mode]?, own);
                match score {
                    0 => Some(counts.f1()),
                    1 => counts.accuracy(),
                    _ => Some(counts.mcc()),
                }
            }
        }
    }

    /// The same score of the answers that need no knowledge.
    fn baseline(&self, name: &str, kind: &WishKind, weights: Option<&[u32]>) -> Option<f64> {
        let own = self.data.weights(weights);
        let p = self.data.share();
        match (name, kind) {
            ("random", WishKind::Auc) => Some(0.5),
            ("random", WishKind::AveragePrecision) => Some(p),
            ("majority", WishKind::Cut { score: 0, .. }) => {
                Some(if p > 0.5 { 2.0 * p / (1.0 + p) } else { 0.0 })
            }
            ("majority", WishKind::Cut { score: 1, .. }) => Some(p.max(1.0 - p)),
            ("all_positive", WishKind::Cut { score: 0, .. }) => Some(2.0 * p / (1.0 + p)),
            ("all_positive", WishKind::Cut { score: 1, .. }) => Some(p),
            ("majority" | "all_positive", WishKind::Cut { .. }) => Some(0.0),
            ("mean_grey", WishKind::Auc) => self.data.grey.auc(own.as_deref()),
            ("mean_grey", WishKind::AveragePrecision) => {
                self.data.grey.average_precision(own.as_deref())
            }
            _ => None,
        }
    }
}

const BASELINES: [&str; 4] = ["random", "mean_grey", "majority", "all_positive"];
const BASELINES_TOLD: &str = "random: any order; mean_grey: the mean grey level of the image as the \
    score, brighter is positive; majority: the more frequent answer for every row; all_positive: \
    always there";

/// Measures the model on a manifest.
///
/// # Errors
/// When the manifest has no row to use, no class has both positives and negatives, or the device
/// fails.
pub fn zero_shot(session: &Session, plan: &Plan, tally: &mut Tally) -> Result<(Report, usize)> {
    let (chosen, all) = super::open(&plan.manifest, plan.split.as_deref(), tally)?;
    let vectors = class_vectors(session, &plan.prompts)?;
    let mut others = BTreeSet::new();
    let test = measure(session, &chosen.test, plan, &vectors, &mut others, tally)?;
    if test.is_empty() {
        return Err(nothing_usable(all));
    }
    let val = measure(session, &chosen.val, plan, &vectors, &mut others, tally)?;

    let mut left_out: BTreeMap<String, String> = BTreeMap::new();
    for name in others {
        let reason = match is_no_finding(&name) {
            true => {
                "the templates' \"no\" would turn it into its opposite; give it prompts of its own"
            }
            false => "no prompts",
        };
        left_out.insert(name, reason.into());
    }
    let mut classes = Vec::new();
    for (i, prompts) in plan.prompts.classes.iter().enumerate() {
        let data = class_rows(&test, i);
        if !data.both() {
            let reason = if data.positives == 0 { "no positive row" } else { "no negative row" };
            // A class that no label speaks of was never asked for.
            if !data.rows.is_empty() {
                left_out.insert(prompts.name.clone(), reason.into());
            }
            continue;
        }
        let best = |goal| data.ranking.best_threshold(goal).map(|(threshold, _)| threshold);
        let chosen = class_rows(&val, i);
        let chosen = chosen.both().then(|| chosen.ranking.best_threshold(Goal::F1)).flatten();
        let fixed = (!prompts.negative.is_empty()).then_some(0.5);
        let thresholds = [fixed, chosen.map(|(t, _)| t), best(Goal::F1), best(Goal::Mcc)];
        classes.push(ClassResult { name: &prompts.name, data, thresholds });
    }
    if classes.is_empty() {
        let told: Vec<String> = left_out.iter().map(|(c, why)| format!("{c}: {why}")).collect();
        return Err(Error::input(
            "G2D-M45",
            format!("No class has both positive and negative rows ({})", told.join("; ")),
            "Give rows of both kinds, and labels that the prompts know",
        )
        .into());
    }

    let groups = Groups::new(test.iter().map(|s| s.group.as_str()));
    let mut report = Report::new("zero-shot", session.model_info());
    report.data.split = chosen.name;
    report.data.rows = all;
    report.data.used = test.len();
    report.data.validation = val.len();
    report.data.cases = classes.iter().map(|c| c.data.rows.len()).sum();
    report.data.groups = groups.count();
    report.data.excluded = tally.excluded();
    fill(&mut report, &classes, &groups, test.len());
    let mut values: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (mode, (name, _)) in MODES.iter().enumerate() {
        for class in &classes {
            if let Some(threshold) = class.thresholds[mode] {
                let of = values.entry((*name).to_owned()).or_default();
                of.insert(class.name.to_owned(), f64::from(threshold));
            }
        }
    }
    report.threshold = Some(ThresholdReport {
        mode: "fixed, val, oracle_f1 and oracle_mcc, each named in its score".into(),
        value: None,
        chosen_on: format!("val: {} rows; oracle: the scored rows, optimistic", val.len()),
        values,
    });
    let counts = classes.iter().map(|c| {
        let negatives = c.data.rows.len() - c.data.positives;
        (c.name.to_owned(), serde_json::json!([c.data.positives, negatives]))
    });
    let settings = &mut report.settings;
    settings.insert("positives and negatives".into(), counts.collect());
    settings.insert("excluded classes".into(), serde_json::to_value(left_out)?);
    settings.insert("prompts".into(), plan.prompts.name.clone().into());
    settings.insert("about the prompts".into(), plan.prompts.about.clone().into());
    settings.insert("temperature".into(), plan.temperature.into());
    settings.insert("baselines".into(), BASELINES_TOLD.into());
    Ok((report, all))
}

/// Every score, averaged over classes and class by class, for the model and the baselines.
fn fill(report: &mut Report, classes: &[ClassResult<'_>], groups: &Groups, rows: usize) {
    let wishes = wishes();
    // Class by class after the averages; the bootstrap is the work, so all scores at once.
    let wanted: Vec<(&Wish, Option<&ClassResult<'_>>)> = wishes
        .iter()
        .map(|w| (w, None))
        .chain(classes.iter().flat_map(|c| wishes.iter().map(move |w| (w, Some(c)))))
        .collect();
    let name = |wish: &Wish, class: Option<&ClassResult<'_>>| match class {
        None => format!("{}_macro", wish.name),
        Some(class) => format!("{}/{}", wish.name, class.name),
    };
    let missing = |wish: &Wish| match wish.kind {
        WishKind::Cut { mode: 0, .. } => "prompts without negations have no fixed threshold",
        WishKind::Cut { mode: 1, .. } => "split val has not both kinds of rows for every class",
        _ => "one class only",
    };
    let score = |&(wish, class): &(&Wish, Option<&ClassResult<'_>>)| {
        let value = |weights: Option<&[u32]>| match class {
            Some(class) => class.value(&wish.kind, weights),
            None => mean(classes.iter().map(|c| c.value(&wish.kind, weights))),
        };
        let (n, definition) = match class {
            Some(class) => (class.data.rows.len(), wish.definition.clone()),
            None => (rows, format!("mean over {} classes: {}", classes.len(), wish.definition)),
        };
        Score::of(definition, n, groups, missing(wish), value)
    };
    let scores: Vec<Score> = wanted.par_iter().map(score).collect();
    for (&(wish, class), score) in wanted.iter().zip(scores) {
        let name = name(wish, class);
        let shown = class.is_none() || ["auc", "ap", "f1_oracle_f1"].contains(&wish.name.as_str());
        if !shown {
            report.details.insert(name.clone());
        }
        report.metrics.push(name, score);
    }
    for baseline in BASELINES {
        let mut scores = Named::default();
        for &(wish, class) in &wanted {
            let value = |weights: Option<&[u32]>| match class {
                Some(class) => class.baseline(baseline, &wish.kind, weights),
                None => mean(classes.iter().map(|c| c.baseline(baseline, &wish.kind, weights))),
            };
            if value(None).is_none() {
                continue;
            }
            let definition = format!("{baseline}: {}", wish.definition);
            let n = class.map_or(rows, |c| c.data.rows.len());
            let score = if baseline == "mean_grey" {
                Score::of(definition, n, groups, "one class only", value)
            } else {
                Score::exact(definition, n, value(None))
            };
            scores.push(name(wish, class), score);
        }
        report.baselines.push(baseline, scores);
    }
}

/// The mean of values that are all there; a mean over fewer classes would be another score.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<Option<f64>> = values.collect();
    if values.iter().all(Option::is_some) { weighted_mean(&values, None) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_softmax_of_two_cosines() {
        let class = ClassVectors {
            positive: vec![vec![1.0, 0.0]],
            negative: vec![vec![0.0, 1.0], vec![-1.0, 0.0]],
        };
        let image = unit(&[3.0, 4.0]);
        let expected = 0.6_f64.exp() / (0.6_f64.exp() + 0.8_f64.exp());
        assert!((f64::from(class_score(&image, &class, 1.0)) - expected).abs() < 1e-6);
        let sharp = f64::from(class_score(&image, &class, 0.1));
        assert!((sharp - 6_f64.exp() / (6_f64.exp() + 8_f64.exp())).abs() < 1e-6);
        let alone = ClassVectors { negative: Vec::new(), ..class };
        assert!((class_score(&image, &alone, 0.1) - 0.6).abs() < 1e-6);
    }

    #[test]
    fn a_mean_needs_every_class() {
        assert_eq!(mean([Some(1.0), Some(0.0)].into_iter()), Some(0.5));
        assert_eq!(mean([Some(1.0), None].into_iter()), None);
        assert_eq!(mean(std::iter::empty()), None);
    }

    #[test]
    fn baselines_by_hand() {
        let scored: Vec<Scored> = (0..10)
            .map(|i| Scored {
                group: i.to_string(),
                labels: vec![Some(i < 2)],
                scores: vec![i as f32],
                grey: if i == 0 || i == 5 { 1.0 } else { 0.0 },
            })
            .collect();
        let data = class_rows(&scored, 0);
        let class = ClassResult { name: "x", data, thresholds: [Some(0.5); 4] };
        let cut = |score| WishKind::Cut { score, mode: 0 };
        assert_eq!(class.baseline("majority", &cut(1), None), Some(0.8));
        assert_eq!(class.baseline("majority", &cut(0), None), Some(0.0));
        assert_eq!(class.baseline("all_positive", &cut(0), None), Some(0.4 / 1.2));
        assert_eq!(class.baseline("random", &WishKind::AveragePrecision, None), Some(0.2));
        // One positive of two is bright, one negative of eight: (7 + 1 / 2) / 16 + (7 / 2) / 16.
        let grey = class.baseline("mean_grey", &WishKind::Auc, None).unwrap();
        assert!((grey - 11.0 / 16.0).abs() < 1e-12, "{grey}");
        assert_eq!(class.value(&WishKind::Auc, None), Some(0.0));
    }
}
