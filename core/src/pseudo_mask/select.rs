//! The value at a rank without sorting.

/// Buckets of one count; four counts of 4 KiB stay in the first-level cache.
const BUCKETS: usize = 1024;
/// Below this many values a plain selection is as fast.
const FEW: usize = 4096;

/// The value at `rank` in ascending order and the one after it (itself, when it is the last);
/// `rank` is below the number of values. Reorders the values.
///
/// Scores of one image are counted in buckets first, so that only the bucket with the rank has to
/// be put in order: two passes without a branch in place of several with one.
pub(super) fn at_rank(values: &mut [f32], rank: usize) -> (f32, f32) {
    if values.len() < FEW {
        return select(values, rank);
    }
    let (mut first, mut last) = (u32::MAX, 0);
    for v in &*values {
        let key = key(*v);
        (first, last) = (first.min(key), last.max(key));
    }
    // Buckets of a power of two of neighbouring floats.
    let used = u32::BITS - (last - first).leading_zeros();
    let shift = used.saturating_sub(BUCKETS.ilog2());
    let bucket = |v: f32| ((key(v) - first) >> shift) as usize % BUCKETS;

    // Neighbouring pixels fall into the same bucket, and one counter would wait for itself: so
    // four counts run side by side, each on its quarter of the values.
    let mut counts = [[0u32; BUCKETS]; 4];
    let quarter = values.len() / 4;
    let (parts, rest) = values.split_at(4 * quarter);
    for i in 0..quarter {
        for (count, part) in counts.iter_mut().zip(parts.chunks_exact(quarter)) {
            count[bucket(part[i])] += 1;
        }
    }
    for &v in rest {
        counts[0][bucket(v)] += 1;
    }
    let total = |b: usize| counts.iter().map(|count| count[b] as usize).sum::<usize>();

    let (mut below, mut chosen) = (0, 0);
    while chosen + 1 < BUCKETS && below + total(chosen) <= rank {
        below += total(chosen);
        chosen += 1;
    }
    // The neighbour above may be the smallest of the next bucket that holds anything.
    let mut top = chosen;
    if below + total(chosen) == rank + 1 {
        top = (chosen + 1..BUCKETS).find(|&b| total(b) > 0).unwrap_or(chosen);
    }
    let wanted = |v: &&f32| (chosen..=top).contains(&bucket(**v));
    let mut candidates: Vec<f32> = values.iter().filter(wanted).copied().collect();
    select(&mut candidates, rank - below)
}

fn select(values: &mut [f32], rank: usize) -> (f32, f32) {
    let (_, &mut a, above) = values.select_nth_unstable_by(rank, f32::total_cmp);
    (a, above.iter().copied().min_by(f32::total_cmp).unwrap_or(a))
}

/// A number whose order is that of [`f32::total_cmp`].
fn key(value: f32) -> u32 {
    let bits = value.to_bits();
    // Negative numbers turn round, positive ones move above them.
    bits ^ (((bits as i32 >> 31) as u32) | 1 << 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_a_sort() {
        let mut state = 5u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let mut sets: Vec<Vec<f32>> = vec![
            (0..5003).map(|_| uniform()).collect(),
            // Many ties, as nearest upsampling leaves them, and both zeros.
            (0..8192).map(|i| [0.0, -0.0, 0.25, 1e-30, -3.5][i * 7 % 5]).collect(),
            vec![0.125; 4096],
            // One far value makes the buckets wide.
            (0..6000).map(|i| if i == 17 { 3e38 } else { uniform() * 1e-3 }).collect(),
            (0..4500).map(|i| if i % 9 == 0 { f32::NAN } else { uniform() - 0.5 }).collect(),
            (0..30).map(|_| uniform()).collect(),
        ];
        for set in &mut sets {
            let mut sorted = set.clone();
            sorted.sort_by(f32::total_cmp);
            let n = set.len();
            for rank in [0, 1, n / 3, n / 2, n * 85 / 100, n - 2, n - 1] {
                let (a, b) = at_rank(set, rank);
                let want = (sorted[rank], sorted[(rank + 1).min(n - 1)]);
                assert_eq!(
                    (a.to_bits(), b.to_bits()),
                    (want.0.to_bits(), want.1.to_bits()),
                    "rank {rank} of {n}"
                );
            }
        }
    }
}
