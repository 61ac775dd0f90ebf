//! Finding the report of an image among many, or the other way round.

/// For every query the best rank (1 is first) of a right answer.
///
/// `similarity` is `[queries, candidates]`, row-major; `right(query, candidate)` says what is a
/// right answer. Several may be right: many reports are word for word the same, and whoever
/// retrieves one of those has not failed. Ties go against the query, so that equal similarities
/// everywhere do not look like knowledge; so does what is not a number. A query without a right
/// answer has none.
pub fn best_ranks(
    similarity: &[f32],
    candidates: usize,
    right: impl Fn(usize, usize) -> bool,
) -> Vec<Option<usize>> {
    let rank = |(query, row): (usize, &[f32])| {
        let best = (0..row.len())
            .filter(|&c| right(query, c))
            .map(|c| if row[c].is_nan() { f32::NEG_INFINITY } else { row[c] })
            .max_by(f32::total_cmp)?;
        let ahead = (0..row.len())
            .filter(|&c| !right(query, c) && (row[c] >= best || row[c].is_nan()))
            .count();
        Some(ahead + 1)
    };
    similarity.chunks_exact(candidates.max(1)).enumerate().map(rank).collect()
}

/// Share of the queries with a right answer among the first `k`, for `n` images and `n` reports
/// in the same order.
///
/// `same(i, j)` says that the reports i and j are identical, so that either is right for the
/// other's image; `|i, j| i == j` when no two are. NaN without queries.
pub fn recall_at_k(
    similarity: &[f32],
    n: usize,
    k: usize,
    same: impl Fn(usize, usize) -> bool,
) -> f64 {
    let ranks =
        best_ranks(similarity, n, |query, candidate| query == candidate || same(query, candidate));
    let hits = ranks.iter().flatten().filter(|rank| **rank <= k).count();
    hits as f64 / ranks.len() as f64
}

/// Share of right answers among the `k` most similar candidates; none when there are fewer than
/// `k`.
///
/// Among equal similarities the wrong ones come first, and what is not a number comes before
/// everything as a wrong answer, so that neither looks like knowledge.
pub fn precision_at_k(similarity: &[f32], k: usize, right: impl Fn(usize) -> bool) -> Option<f64> {
    if k == 0 || similarity.len() < k {
        return None;
    }
    let mut order: Vec<(f32, bool)> = similarity
        .iter()
        .enumerate()
        .map(|(c, &s)| if s.is_nan() { (f32::INFINITY, false) } else { (s, right(c)) })
        .collect();
    let falling = |a: &(f32, bool), b: &(f32, bool)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    order.select_nth_unstable_by(k - 1, falling);
    let hits = order[..k].iter().filter(|(_, right)| *right).count();
    Some(hits as f64 / k as f64)
}

/// Chance that at least one of `right` answers lies among the first `k` of `candidates` in random
/// order: `1 - C(candidates - right, k) / C(candidates, k)`.
pub fn chance_recall(candidates: usize, right: usize, k: usize) -> f64 {
    if right == 0 {
        return 0.0;
    }
    let wrong = candidates.saturating_sub(right);
    let k = k.min(candidates);
    if k > wrong {
        return 1.0;
    }
    // The smaller of both products is the same number.
    let (steps, from) = if right < k { (right, candidates - k) } else { (k, wrong) };
    let none: f64 = (0..steps).map(|i| (from - i) as f64 / (candidates - i) as f64).product();
    1.0 - none
}

/// Expected rank of the first of `right` answers among `candidates` in random order.
pub fn chance_rank(candidates: usize, right: usize) -> f64 {
    (candidates as f64 + 1.0) / (right as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMILARITY: [f32; 9] = [0.9, 0.1, 0.2, 0.8, 0.7, 0.1, 0.5, 0.6, 0.4];

    #[test]
    fn ranks_count_what_is_ahead() {
        let ranks = best_ranks(&SIMILARITY, 3, |q, c| q == c);
        assert_eq!(ranks, [Some(1), Some(2), Some(3)]);
        let recall = |k| recall_at_k(&SIMILARITY, 3, k, |a, b| a == b);
        assert_eq!([recall(1), recall(2), recall(3)], [1.0 / 3.0, 2.0 / 3.0, 1.0]);
    }

    #[test]
    fn identical_reports_are_right_for_each_other() {
        let same = |a: usize, b: usize| a == b || a + b == 3;
        assert_eq!(recall_at_k(&SIMILARITY, 3, 1, same), 2.0 / 3.0);
    }

    #[test]
    fn ties_and_nan_are_no_knowledge() {
        assert_eq!(recall_at_k(&[0.5; 16], 4, 3, |a, b| a == b), 0.0);
        assert_eq!(recall_at_k(&[f32::NAN; 16], 4, 3, |a, b| a == b), 0.0);
        assert_eq!(best_ranks(&[1.0, 2.0], 2, |_, _| false), [None]);
    }

    #[test]
    fn precision_counts_ties_against_the_query() {
        let right = |c: usize| c.is_multiple_of(2);
        let row = [0.9, 0.8, 0.7, 0.1];
        assert_eq!(precision_at_k(&row, 1, right), Some(1.0));
        assert_eq!(precision_at_k(&row, 3, right), Some(2.0 / 3.0));
        assert_eq!(precision_at_k(&[0.5; 4], 2, right), Some(0.0));
        assert_eq!(precision_at_k(&[f32::NAN, 0.5, 0.4], 1, right), Some(0.0));
        assert_eq!(precision_at_k(&row, 5, right), None);
    }

    #[test]
    fn chance_by_hand_and_by_counting() {
        assert!((chance_recall(10, 1, 3) - 0.3).abs() < 1e-12);
        // Two of four: the pairs that hold neither are 1 of 6.
        assert!((chance_recall(4, 2, 2) - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!((chance_recall(4, 0, 2), chance_recall(4, 3, 2)), (0.0, 1.0));
        // Both ways round the binomial are the same number.
        let slow = |n: usize, m: usize, k: usize| {
            1.0 - (0..k).map(|i| (n - m - i) as f64 / (n - i) as f64).product::<f64>()
        };
        assert!((chance_recall(40, 5, 20) - slow(40, 5, 20)).abs() < 1e-12);
        // The expected rank is the sum of the chances to be missed.
        for (n, m) in [(10, 1), (12, 3)] {
            let sum: f64 = (0..n).map(|k| 1.0 - chance_recall(n, m, k)).sum();
            assert!((chance_rank(n, m) - sum).abs() < 1e-9);
        }
    }
}
