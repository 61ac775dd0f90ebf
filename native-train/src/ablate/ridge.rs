//! Ridge regression from sums over rows, so that rows need not be kept.
//!
//! Hoerl and Kennard, "Ridge Regression" (1970), on standardised features: the penalty then means
//! the same for every network, whatever the scale of its maps.

/// Sums over rows of features `x` and a target `y`, in f64.
#[derive(Debug, Clone)]
pub struct Moments {
    rows: f64,
    x: Vec<f64>,
    y: f64,
    /// Lower triangle of the sum of x xᵀ, as a full square.
    xx: Vec<f64>,
    xy: Vec<f64>,
    yy: f64,
}

/// A linear function of the features.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// One weight a feature.
    pub weights: Vec<f64>,
    /// Its value where all features are 0.
    pub bias: f64,
}

impl Moments {
    /// No rows yet.
    pub fn new(features: usize) -> Self {
        let zeros = |n| vec![0.0; n];
        Self {
            rows: 0.0,
            x: zeros(features),
            y: 0.0,
            xx: zeros(features * features),
            xy: zeros(features),
            yy: 0.0,
        }
    }

    /// Takes in a row.
    pub fn add(&mut self, row: &[f64], y: f64) {
        let n = self.x.len();
        self.rows += 1.0;
        self.y += y;
        self.yy += y * y;
        for (i, &value) in row.iter().enumerate() {
            self.x[i] += value;
            self.xy[i] += value * y;
            let sums = &mut self.xx[i * n..=i * n + i];
            sums.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other);
        }
    }

    /// Takes in the rows of another.
    pub fn merge(&mut self, other: &Self) {
        let add = |a: &mut [f64], b: &[f64]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        self.rows += other.rows;
        self.y += other.y;
        self.yy += other.yy;
        add(&mut self.x, &other.x);
        add(&mut self.xy, &other.xy);
        add(&mut self.xx, &other.xx);
    }

    /// The weights that minimise the mean squared error plus `penalty` times the sum of squares of
    /// the standardised features' weights; none when the sums are not numbers.
    ///
    /// A feature that never changes gets no weight.
    pub fn solve(&self, penalty: f64) -> Option<Linear> {
        let n = self.x.len();
        if !self.x.iter().chain(&self.xy).all(|v| v.is_finite()) {
            return None;
        }
        let mean: Vec<f64> = self.x.iter().map(|x| x / self.rows).collect();
        let y = self.y / self.rows;
        let cov = |i: usize, j: usize| self.xx[i * n + j] / self.rows - mean[i] * mean[j];
        let sd: Vec<f64> = (0..n).map(|i| cov(i, i).max(0.0).sqrt()).collect();
        // Below this the variance is what rounding leaves of a constant.
        let still = |i: usize| sd[i] <= 1e-6 * mean[i].abs() || sd[i] == 0.0;
        let mut matrix = vec![0.0; n * n];
        let mut right = vec![0.0; n];
        for (i, right) in right.iter_mut().enumerate() {
            matrix[i * n + i] = 1.0 + penalty;
            if still(i) {
                continue;
            }
            *right = (self.xy[i] / self.rows - mean[i] * y) / sd[i];
            for j in (0..i).filter(|j| !still(*j)) {
                matrix[i * n + j] = cov(i, j) / (sd[i] * sd[j]);
            }
        }
        let mut weights = cholesky_solve(&mut matrix, right)?;
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight = if still(i) { 0.0 } else { *weight / sd[i] };
        }
        let bias = y - weights.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>();
        Some(Linear { weights, bias })
    }

    /// Sum of the squared errors that a function makes on these rows.
    pub fn error(&self, f: &Linear) -> f64 {
        let n = self.x.len();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut squares = 0.0;
        for i in 0..n {
            let row = &self.xx[i * n..=i * n + i];
            squares += f.weights[i] * (2.0 * dot(row, &f.weights) - row[i] * f.weights[i]);
        }
        self.yy - 2.0 * (dot(&self.xy, &f.weights) + f.bias * self.y)
            + squares
            + 2.0 * f.bias * dot(&self.x, &f.weights)
            + f.bias * f.bias * self.rows
    }
}

/// Solves `A x = b` for a symmetric positive A of which the lower triangle is given; none when A
/// is not positive. A becomes its Cholesky factor (Golub and Van Loan, "Matrix Computations",
/// algorithm 4.2.1).
fn cholesky_solve(a: &mut [f64], mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for i in 0..n {
        let (above, below) = a.split_at_mut(i * n);
        let row = &mut below[..n];
        for j in 0..i {
            let other = &above[j * n..j * n + n];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let square = row[i] - dot(&row[..i], &row[..i]);
        // Also false for what is not a number.
        if !(square > 0.0 && square.is_finite()) {
            return None;
        }
        row[i] = square.sqrt();
        b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
    }
    for i in (0..n).rev() {
        let above: f64 = (i + 1..n).map(|j| a[j * n + i] * b[j]).sum();
        b[i] = (b[i] - above) / a[i * n + i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, in [0, 1).
    fn noise(i: usize) -> f64 {
        crate::data::batch::mix(&[i as u64]) as f64 / u64::MAX as f64
    }

    fn rows() -> Vec<([f64; 4], f64)> {
        (0..60)
            .map(|i| {
                let x = [noise(i) * 100.0, noise(i + 500), 7.0, noise(i + 900) - 40.0];
                (x, 0.02 * x[0] - 3.0 * x[1] + 0.5 * x[3] + 2.0)
            })
            .collect()
    }

    fn moments() -> Moments {
        let mut moments = Moments::new(4);
        rows().iter().for_each(|(x, y)| moments.add(x, *y));
        moments
    }

    #[test]
    fn a_small_penalty_finds_the_true_function() {
        let found = moments().solve(1e-9).unwrap();
        for (got, want) in found.weights.iter().zip([0.02, -3.0, 0.0, 0.5]) {
            assert!((got - want).abs() < 1e-5, "{found:?}");
        }
        assert!((found.bias - 2.0).abs() < 1e-3, "{found:?}");
        assert!(moments().error(&found).abs() < 1e-6);
    }

    #[test]
    fn the_error_is_that_of_the_rows() {
        let f = Linear { weights: vec![0.01, -2.0, 0.3, 0.1], bias: -1.0 };
        let by_row: f64 = rows()
            .iter()
            .map(|(x, y)| {
                let value = x.iter().zip(&f.weights).map(|(x, w)| x * w).sum::<f64>() + f.bias;
                (value - y) * (value - y)
            })
            .sum();
        assert!((moments().error(&f) - by_row).abs() < 1e-8 * by_row);
    }

    #[test]
    fn the_penalty_is_ridges() {
        // One feature: weight = cov / (var + penalty var), here 2 / (1 + penalty).
        let mut one = Moments::new(1);
        [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)].iter().for_each(|(x, y)| one.add(&[*x], *y));
        let found = one.solve(1.0).unwrap();
        assert!((found.weights[0] - 1.0).abs() < 1e-12 && (found.bias - 2.0).abs() < 1e-12);
        // Equal features share their weight.
        let mut two = Moments::new(2);
        [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)].iter().for_each(|(x, y)| two.add(&[*x, *x], *y));
        let found = two.solve(1e-6).unwrap();
        assert!((found.weights[0] - 1.0).abs() < 1e-5, "{found:?}");
        assert!((found.weights[0] - found.weights[1]).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn parts_add_up_and_nonsense_has_no_answer() {
        let mut parts = [Moments::new(4), Moments::new(4)];
        for (i, (x, y)) in rows().iter().enumerate() {
            parts[i % 2].add(x, *y);
        }
        let [mut first, second] = parts;
        first.merge(&second);
        let (a, b) = (first.solve(0.1).unwrap(), moments().solve(0.1).unwrap());
        assert!(a.weights.iter().zip(&b.weights).all(|(a, b)| (a - b).abs() < 1e-10));
        let mut broken = moments();
        broken.add(&[f64::NAN, 0.0, 0.0, 0.0], 1.0);
        assert_eq!(broken.solve(0.1), None);
    }
}
