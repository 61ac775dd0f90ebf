//! A random perspective: the four corners move inwards, as in torchvision's `RandomPerspective`.

/// The projective map from places of the changed image to places of the image, both in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Perspective([f64; 8]);

impl Perspective {
    /// The map that takes the corners of a `w` x `h` picture, moved inwards by these shares of half
    /// the sides (top left, top right, bottom right, bottom left; x and y of each), back to where
    /// they were. None when the four do not span a picture any more.
    pub(super) fn new(w: f64, h: f64, moves: [[f64; 2]; 4]) -> Option<Self> {
        let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
        let inwards = [[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]];
        // u (g x + h y + 1) = a x + b y + c and the same for v: two rows a corner.
        let mut rows = [[0f64; 9]; 8];
        for (i, &[u, v]) in corners.iter().enumerate() {
            let x = u + inwards[i][0] * moves[i][0] * w / 2.0;
            let y = v + inwards[i][1] * moves[i][1] * h / 2.0;
            rows[2 * i] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            rows[2 * i + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        solve(rows).map(Self)
    }

    /// Where a place of the changed image comes from.
    pub(super) fn source(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f, g, h] = self.0;
        let depth = g * x + h * y + 1.0;
        ((a * x + b * y + c) / depth, (d * x + e * y + f) / depth)
    }
}

/// Gauss's elimination with the largest pivot of each column.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot =
            (column..8).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        let lead = rows[column];
        if lead[column].abs() < 1e-12 {
            return None;
        }
        for row in (0..8).filter(|&row| row != column) {
            let factor = rows[row][column] / lead[column];
            for (value, lead) in rows[row].iter_mut().zip(lead) {
                *value -= factor * lead;
            }
        }
    }
    let mut solution = [0.0; 8];
    for (i, value) in solution.iter_mut().enumerate() {
        *value = rows[i][8] / rows[i][i];
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_corners_come_from_the_corners() {
        let moves = [[0.2, 0.1], [0.0, 0.3], [0.4, 0.4], [0.1, 0.0]];
        let map = Perspective::new(100.0, 60.0, moves).unwrap();
        for (at, expected) in [
            ((10.0, 3.0), (0.0, 0.0)),
            ((100.0, 9.0), (100.0, 0.0)),
            ((80.0, 48.0), (100.0, 60.0)),
            ((5.0, 60.0), (0.0, 60.0)),
        ] {
            let (x, y) = map.source(at.0, at.1);
            assert!((x - expected.0).abs() < 1e-9 && (y - expected.1).abs() < 1e-9, "{x} {y}");
        }
        let still = Perspective::new(100.0, 60.0, [[0.0; 2]; 4]).unwrap();
        let (x, y) = still.source(33.0, 44.0);
        assert!((x - 33.0).abs() < 1e-9 && (y - 44.0).abs() < 1e-9);
    }
}
