//! What the scores of a class are worth, beside what needs no knowledge.

use g2d_core::metrics::{Groups, Ranking, weighted_mean};
use rayon::prelude::*;

use super::report::{Named, Report, Score};

/// One row that was scored.
pub struct Scored {
    /// Whose image it is.
    pub group: String,
    /// By class; none is unknown.
    pub labels: Vec<Option<bool>>,
    /// By class.
    pub scores: Vec<f32>,
    /// Mean grey of the network's input.
    pub grey: f32,
}

/// The rows of one class whose label is known.
pub struct ClassRows {
    /// Their places among the scored rows.
    pub rows: Vec<usize>,
    /// By the model's score.
    pub ranking: Ranking,
    grey: Ranking,
    /// How many are positive.
    pub positives: usize,
}

/// The rows whose label of a class is known.
pub fn class_rows(scored: &[Scored], class: usize) -> ClassRows {
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

    /// Whether there are positives and negatives.
    pub fn both(&self) -> bool {
        self.positives > 0 && self.positives < self.rows.len()
    }
}

/// How a score is cut, in words.
pub const MODES: [(&str, &str); 4] = [
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
pub struct ClassResult<'a> {
    /// The class.
    pub name: &'a str,
    /// Its rows.
    pub data: ClassRows,
    /// Whether it has prompts of both sides.
    pub paired: bool,
    /// By mode; none where a mode has none.
    pub thresholds: [Option<f32>; 4],
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
/// What the baselines are.
pub const BASELINES_TOLD: &str = "random: any order; mean_grey: the mean grey level of the image as the \
    score, brighter is positive; majority: the more frequent answer for every row; all_positive: \
    always there";

/// Every score, averaged over classes and class by class, for the model and the baselines.
pub fn fill(report: &mut Report, classes: &[ClassResult<'_>], groups: &Groups, rows: usize) {
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
        let class = ClassResult { name: "x", data, thresholds: [Some(0.5); 4], paired: true };
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
