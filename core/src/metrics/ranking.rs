//! How well scores put the positives before the negatives, and where to cut them.
//!
//! Equal scores are one step of every curve, as in scikit-learn: the order of rows decides
//! nothing. A score that is not a number ranks last. Weights count how often a row is there; the
//! bootstrap hands in how often it drew each.

/// Scores sorted once, from the highest down, with their labels.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// Row numbers, by falling score.
    order: Vec<u32>,
    /// One past the last place in `order` of each run of equal scores.
    ends: Vec<u32>,
    scores: Vec<f32>,
    labels: Vec<bool>,
}

/// Counts of a cut: weights of rows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Confusion {
    /// Positives that were called positive.
    pub true_positive: f64,
    /// Negatives that were called positive.
    pub false_positive: f64,
    /// Positives that were called negative.
    pub false_negative: f64,
    /// Negatives that were called negative.
    pub true_negative: f64,
}

/// What a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The largest F1.
    F1,
    /// The largest correlation coefficient of Matthews (1975).
    Mcc,
}

fn rank_value(score: f32) -> f32 {
    if score.is_nan() { f32::NEG_INFINITY } else { score }
}

fn weight(weights: Option<&[u32]>, row: usize) -> f64 {
    weights.map_or(1.0, |w| f64::from(w[row]))
}

impl Ranking {
    /// Sorts the scores.
    ///
    /// # Panics
    /// When there are not as many labels as scores.
    pub fn new(scores: &[f32], labels: &[bool]) -> Self {
        assert_eq!(scores.len(), labels.len(), "a label for each score");
        let scores: Vec<f32> = scores.iter().copied().map(rank_value).collect();
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_unstable_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
        let value = |place: usize| scores[order[place] as usize];
        // -0 and 0 are equal scores, though they sort apart.
        let ends = (1..=order.len())
            .filter(|&end| end == order.len() || value(end - 1) != value(end))
            .map(|end| end as u32)
            .collect();
        Self { order, ends, scores, labels: labels.to_vec() }
    }

    /// Weights of the positives and the negatives.
    fn totals(&self, weights: Option<&[u32]>) -> (f64, f64) {
        let mut totals = (0.0, 0.0);
        for (row, &label) in self.labels.iter().enumerate() {
            let side = if label { &mut totals.0 } else { &mut totals.1 };
            *side += weight(weights, row);
        }
        totals
    }

    /// Calls `step` with the score, the positives and the negatives of each run of equal scores.
    fn runs(&self, weights: Option<&[u32]>, mut step: impl FnMut(f32, f64, f64)) {
        let mut start = 0;
        for &end in &self.ends {
            let (mut positives, mut negatives) = (0.0, 0.0);
            for &row in &self.order[start..end as usize] {
                let row = row as usize;
                let side = if self.labels[row] { &mut positives } else { &mut negatives };
                *side += weight(weights, row);
            }
            step(self.scores[self.order[start] as usize], positives, negatives);
            start = end as usize;
        }
    }

    /// Area under the ROC curve: the chance that a positive scores higher than a negative, equal
    /// scores counting half (Hanley and McNeil, 1982). None with one class only.
    pub fn auc(&self, weights: Option<&[u32]>) -> Option<f64> {
        let (all_positives, all_negatives) = self.totals(weights);
        if all_positives == 0.0 || all_negatives == 0.0 {
            return None;
        }
        let (mut above, mut sum) = (0.0, 0.0);
        self.runs(weights, |_, positives, negatives| {
            sum += negatives * (above + positives / 2.0);
            above += positives;
        });
        Some(sum / (all_positives * all_negatives))
    }

    /// Average precision, `sum (R_n - R_{n-1}) P_n` over the falling scores, without
    /// interpolation (scikit-learn's `average_precision_score`). None without a positive.
    pub fn average_precision(&self, weights: Option<&[u32]>) -> Option<f64> {
        let (all_positives, _) = self.totals(weights);
        if all_positives == 0.0 {
            return None;
        }
        let (mut positives_above, mut above, mut sum) = (0.0, 0.0, 0.0);
        self.runs(weights, |_, positives, negatives| {
            positives_above += positives;
            above += positives + negatives;
            // A run that no drawn row lies in leaves both as they were.
            if positives > 0.0 {
                sum += positives / all_positives * (positives_above / above);
            }
        });
        Some(sum)
    }

    /// The threshold (rows with a score of at least it are called positive) with the best value
    /// of the goal, and that value; the highest threshold among equals. None with one class only.
    pub fn best_threshold(&self, goal: Goal) -> Option<(f32, f64)> {
        let (positives, negatives) = self.totals(None);
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        let mut counts = Confusion {
            false_negative: positives,
            true_negative: negatives,
            ..Confusion::default()
        };
        let mut best: Option<(f32, f64)> = None;
        self.runs(None, |score, positives, negatives| {
            counts.true_positive += positives;
            counts.false_negative -= positives;
            counts.false_positive += negatives;
            counts.true_negative -= negatives;
            let value = match goal {
                Goal::F1 => counts.f1(),
                Goal::Mcc => counts.mcc(),
            };
            if best.is_none_or(|(_, before)| value > before) {
                best = Some((score, value));
            }
        });
        best
    }

    /// The counts of a cut: a score of at least `threshold` is called positive.
    pub fn confusion(&self, threshold: f32, weights: Option<&[u32]>) -> Confusion {
        let mut counts = Confusion::default();
        for (row, (&score, &label)) in self.scores.iter().zip(&self.labels).enumerate() {
            let side = match (score >= threshold, label) {
                (true, true) => &mut counts.true_positive,
                (true, false) => &mut counts.false_positive,
                (false, true) => &mut counts.false_negative,
                (false, false) => &mut counts.true_negative,
            };
            *side += weight(weights, row);
        }
        counts
    }
}

impl Confusion {
    /// Harmonic mean of precision and sensitivity; 0 when nothing is right, also when there was
    /// nothing to find (scikit-learn's `zero_division=0`).
    pub fn f1(&self) -> f64 {
        let both = 2.0 * self.true_positive;
        let all = both + self.false_positive + self.false_negative;
        if all > 0.0 { both / all } else { 0.0 }
    }

    /// Share of rows that were called what they are; none without rows.
    pub fn accuracy(&self) -> Option<f64> {
        let right = self.true_positive + self.true_negative;
        let all = right + self.false_positive + self.false_negative;
        (all > 0.0).then(|| right / all)
    }

    /// Correlation of the call with the truth (Matthews, 1975); 0 where either is constant.
    pub fn mcc(&self) -> f64 {
        let Self { true_positive: tp, false_positive: fp, false_negative: fnn, true_negative: tn } =
            *self;
        let below = (tp + fp) * (tp + fnn) * (tn + fp) * (tn + fnn);
        if below > 0.0 { (tp * tn - fp * fnn) / below.sqrt() } else { 0.0 }
    }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
