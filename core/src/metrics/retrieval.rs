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
}
