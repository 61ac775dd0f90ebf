//! Multinomial logistic regression: convex, so it has one solution, found by accelerated gradient
//! descent with a fixed step and number of steps.

/// Steps; the loss no longer changes in its third digit long before.
const STEPS: usize = 300;
/// Steps of the power iteration that finds the largest curvature.
const POWER_STEPS: usize = 30;

/// Rows of numbers with a class and a weight each.
pub(super) struct Problem<'a> {
    /// One row a picture, all of one length.
    pub(super) rows: &'a [&'a [f32]],
    /// Its class.
    pub(super) classes: &'a [usize],
    /// How much it counts; they add up to 1.
    pub(super) shares: &'a [f32],
    /// Number of classes.
    pub(super) kinds: usize,
    /// Strength of the penalty on squared weights; the bias is free.
    pub(super) penalty: f32,
}

/// Weights, one row a class, and biases.
pub(super) struct Solution {
    pub(super) weights: Vec<Vec<f32>>,
    pub(super) bias: Vec<f32>,
}

impl Problem<'_> {
    /// The largest eigenvalue of the weighted second moment of the rows and their constant 1.
    fn curvature(&self, width: usize) -> f32 {
        let mut vector = vec![1.0_f32; width + 1];
        let mut length = 0.0;
        for _ in 0..POWER_STEPS {
            let mut next = vec![0.0_f32; width + 1];
            for (row, share) in self.rows.iter().zip(self.shares) {
                let along = share * (dot(row, &vector) + vector[width]);
                add(&mut next, row, along);
                next[width] += along;
            }
            length = next.iter().map(|v| v * v).sum::<f32>().sqrt();
            if length <= 0.0 {
                return 1.0;
            }
            vector = next.iter().map(|v| v / length).collect();
        }
        length
    }

    /// Solves it.
    pub(super) fn solve(&self) -> Solution {
        let width = self.rows.first().map_or(0, |row| row.len());
        // Softmax curves by at most a half of the rows' second moment; the power iteration may
        // stop a little short of it.
        let step = 1.0 / (0.55 * self.curvature(width) + self.penalty);
        let blank = || vec![vec![0.0_f32; width + 1]; self.kinds];
        let (mut now, mut ahead) = (blank(), blank());
        let mut momentum = 1.0_f32;
        for _ in 0..STEPS {
            let mut slope = blank();
            for ((row, class), share) in self.rows.iter().zip(self.classes).zip(self.shares) {
                let logits: Vec<f32> = ahead.iter().map(|w| dot(row, w) + w[width]).collect();
                let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = logits.iter().map(|z| (z - top).exp()).sum();
                for (k, z) in logits.iter().enumerate() {
                    let error = (z - top).exp() / sum - f32::from(u8::from(k == *class));
                    add(&mut slope[k], row, share * error);
                    slope[k][width] += share * error;
                }
            }
            let next_momentum = (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0;
            let carry = (momentum - 1.0) / next_momentum;
            momentum = next_momentum;
            for ((ahead, now), slope) in ahead.iter_mut().zip(&mut now).zip(&slope) {
                let places = ahead.iter_mut().zip(now).zip(slope).enumerate();
                for (j, ((ahead, now), slope)) in places {
                    let decay = if j < width { self.penalty * *ahead } else { 0.0 };
                    let moved = *ahead - step * (slope + decay);
                    *ahead = moved + carry * (moved - *now);
                    *now = moved;
                }
            }
        }
        let bias = now.iter().map(|w| w[width]).collect();
        now.iter_mut().for_each(|w| w.truncate(width));
        Solution { weights: now, bias }
    }
}

/// Over the length of the shorter.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let mut sums = [0.0_f32; 8];
    let (a8, a1) = a[..n].as_chunks::<8>();
    let (b8, b1) = b[..n].as_chunks::<8>();
    for (x, y) in a8.iter().zip(b8) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + a1.iter().zip(b1).map(|(x, y)| x * y).sum::<f32>()
}

fn add(to: &mut [f32], row: &[f32], factor: f32) {
    for (t, v) in to.iter_mut().zip(row) {
        *t += factor * v;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_clouds_are_told_apart() {
        let centres = [[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]];
        let rows: Vec<Vec<f32>> = (0..90)
            .map(|i| {
                let wobble = [(i as f32 * 0.7).sin() * 0.5, (i as f32 * 1.3).cos() * 0.5];
                (0..2).map(|j| centres[i % 3][j] + wobble[j]).collect()
            })
            .collect();
        let borrowed: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let classes: Vec<usize> = (0..90).map(|i| i % 3).collect();
        let shares = vec![1.0 / 90.0; 90];
        let problem = Problem {
            rows: &borrowed,
            classes: &classes,
            shares: &shares,
            kinds: 3,
            penalty: 1e-3,
        };
        let Solution { weights, bias } = problem.solve();
        for (row, class) in rows.iter().zip(&classes) {
            let logit = |k: usize| dot(row, &weights[k]) + bias[k];
            assert!((0..3).all(|k| k == *class || logit(k) < logit(*class)));
        }
        // At the minimum the slope is zero: the penalty's pull equals the data's.
        let pull: f32 = weights.iter().map(|w| w[0]).sum();
        assert!(pull.abs() < 1e-2, "softmax weights add up to zero");
    }
}
