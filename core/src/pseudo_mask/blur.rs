//! Separable convolution of a mask of zeros and ones.
//!
//! It runs for every image of every training batch, so it leaves out what is known beforehand (far
//! from an edge of the mask nothing changes) and keeps sums in registers: sixteen neighbours at a
//! time, all taps before the result is stored.

use crate::raster::Mask;

/// Values summed side by side: four registers of four, on the plainest x86-64 and on wasm.
const BLOCK: usize = 16;

/// Index of position `i` in a row of `n` that is reflected about its end pixels: 2 1 0 1 2.
pub(super) fn reflect(i: isize, n: usize) -> usize {
    if n <= 1 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let inside = i.rem_euclid(period);
    inside.min(period - inside) as usize
}

/// What the values of a block are; the bits of several blocks together say the same of them all.
const ZEROS: u8 = 1;
const ONES: u8 = 2;
const MIXED: u8 = ZEROS | ONES;

/// Convolves a mask with a symmetric kernel, along the rows and then along the columns; the
/// result lies in [0, 1].
///
/// `kernel` is one side with its centre first; all of it together sums to 1. Borders are reflected
/// about the edge pixel. `scratch` may hold anything.
pub(super) fn blur(mask: &Mask, kernel: &[f64], scratch: &mut Vec<f32>, out: &mut [f32]) {
    let (width, height) = (mask.width, mask.height);
    let reach = kernel.len().saturating_sub(1) as isize;
    let weights: Vec<f32> = kernel.iter().map(|&w| w as f32).collect();
    along_rows(mask, kernel, scratch);
    let wide = scratch.as_slice();
    let blocks = width.div_ceil(BLOCK);
    let kinds: Vec<u8> =
        wide.chunks(width.max(1)).flat_map(|r| r.chunks(BLOCK).map(kind)).collect();

    let mut lines: Vec<&[f32]> = Vec::with_capacity(2 * weights.len());
    let mut all = vec![0u8; blocks];
    for (y, out) in out.chunks_exact_mut(width.max(1)).enumerate() {
        // Row y, then those one above and one below, two above and two below …
        lines.clear();
        all.fill(0);
        for shift in std::iter::once(0).chain((1..=reach).flat_map(|i| [-i, i])) {
            let row = reflect(y as isize + shift, height);
            lines.push(&wide[row * width..][..width]);
            all.iter_mut().zip(&kinds[row * blocks..]).for_each(|(all, kind)| *all |= kind);
        }
        for ((block, out), all) in out.chunks_mut(BLOCK).enumerate().zip(&all) {
            match *all {
                ZEROS => out.fill(0.0),
                ONES => out.fill(1.0),
                _ => sum(out, &weights, &lines, block * BLOCK),
            }
        }
    }
}

fn kind(block: &[f32]) -> u8 {
    let all = |value: f32| block.iter().fold(true, |all, v| all & (*v == value));
    if all(0.0) {
        ZEROS
    } else if all(1.0) {
        ONES
    } else {
        MIXED
    }
}

/// The blur along the rows.
///
/// A row of a mask is a few runs of ones, and the blur of a run is the kernel's running sum at its
/// start less that at its end: no window has to be summed.
fn along_rows(mask: &Mask, kernel: &[f64], wide: &mut Vec<f32>) {
    let (width, reach) = (mask.width, kernel.len().saturating_sub(1));
    // Running sums as far as any pixel of a row can be from an edge: 0, the bell, 1.
    let far = width + 2 * reach;
    let mut sums = vec![0.0f32; far];
    let mut total = 0.0;
    sums.extend((0..=2 * reach).map(|i| {
        total += kernel[i.abs_diff(reach)];
        total as f32
    }));
    sums.resize(sums.len() + far, 1.0);

    wide.clear();
    wide.resize(width * mask.height, 0.0);
    let mut padded = vec![0u8; far];
    let rows = mask.data.chunks_exact(width.max(1));
    for (out, row) in wide.chunks_exact_mut(width.max(1)).zip(rows) {
        padded[reach..reach + width].copy_from_slice(row);
        for i in 0..reach {
            padded[i] = row[reflect(i as isize - reach as isize, width)];
            padded[reach + width + i] = row[reflect((width + i) as isize, width)];
        }
        for (start, end) in runs(&padded) {
            // Pixels that see the run; pixel x of the row is at x + reach of the padded one.
            let (from, to) = (start.saturating_sub(2 * reach), end.min(width));
            // How much of the kernel lies at or right of an edge, seen from each of them.
            let past = |edge: usize| &sums[far + from + 2 * reach - edge..][..to - from];
            for ((o, a), b) in out[from..to].iter_mut().zip(past(start)).zip(past(end)) {
                *o += a - b;
            }
        }
    }
}

/// First column and one past the last column of each run of ones.
fn runs(row: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + lead(&row[at..], false);
        at = start + lead(&row[start..], true);
        (start < at).then_some((start, at))
    })
}

/// How many pixels in front are all inside, or all outside; whole blocks are looked at as one.
fn lead(row: &[u8], inside: bool) -> usize {
    let (blocks, _) = row.as_chunks::<BLOCK>();
    let same = |v: &u8| (*v != 0) == inside;
    let whole = blocks.iter().take_while(|b| b.iter().fold(true, |all, v| all & same(v))).count();
    let start = whole * BLOCK;
    start + row[start..].iter().take_while(|v| same(v)).count()
}

/// One block of the sum over lines of weight times line: the centre, then mirrored pairs.
fn sum(out: &mut [f32], weights: &[f32], lines: &[&[f32]], start: usize) {
    let (Some((first, rest)), Some((centre, pairs))) = (weights.split_first(), lines.split_first())
    else {
        return;
    };
    let pairs = || rest.iter().zip(pairs.chunks_exact(2));
    if let Some(out) = out.first_chunk_mut::<BLOCK>() {
        // Lengths that are known here make this a few vector instructions without a store.
        let block = |line: &[f32]| line[start..].first_chunk::<BLOCK>().copied();
        let mut total = block(centre).unwrap_or_default().map(|v| first * v);
        for (weight, pair) in pairs() {
            let (a, b) = (block(pair[0]).unwrap_or_default(), block(pair[1]).unwrap_or_default());
            for (t, (a, b)) in total.iter_mut().zip(a.into_iter().zip(b)) {
                *t += weight * (a + b);
            }
        }
        *out = total.map(|t| t.clamp(0.0, 1.0));
        return;
    }
    for (i, out) in (start..).zip(out) {
        let total = pairs().fold(first * centre[i], |t, (w, p)| t + w * (p[0][i] + p[1][i]));
        *out = total.clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflection_does_not_repeat_the_edge() {
        let at: Vec<usize> = (-3..7).map(|i| reflect(i, 4)).collect();
        assert_eq!(at, [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
        assert_eq!(reflect(-5, 1), 0);
    }

    /// The blur by its definition, in f64, over the whole picture.
    fn by_definition(mask: &Mask, kernel: &[f64]) -> Vec<f64> {
        let (w, h, reach) = (mask.width, mask.height, kernel.len() as isize - 1);
        let mut out = vec![0.0; w * h];
        for (i, o) in out.iter_mut().enumerate() {
            for (dx, dy) in (-reach..=reach).flat_map(|a| (-reach..=reach).map(move |b| (a, b))) {
                let x = reflect((i % w) as isize + dx, w);
                let y = reflect((i / w) as isize + dy, h);
                let weight = |d: isize| kernel[d.unsigned_abs()];
                *o += weight(dx) * weight(dy) * f64::from(mask.at(x, y));
            }
        }
        out
    }

    #[test]
    fn windows_blocks_and_reflections_change_nothing() {
        let kernel = [0.2f64, 0.15, 0.12, 0.08, 0.05];
        let mut state = 3u64;
        // Sides below the reach, odd ones and ones of whole blocks; blobs at edges and inside.
        for (w, h) in [(1, 1), (3, 2), (7, 40), (33, 21), (64, 48)] {
            for _ in 0..8 {
                let mut next = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 33) as usize
                };
                let (x0, y0, dx, dy) = (next() % w, next() % h, next() % 9, next() % 9);
                let mut mask = Mask::filled(w, h, 0);
                for y in y0..(y0 + dy + 1).min(h) {
                    for x in x0..(x0 + dx + 1).min(w) {
                        mask.data[y * w + x] = 1;
                    }
                }
                let mut got = vec![f32::NAN; w * h];
                blur(&mask, &kernel, &mut vec![7.0; 5], &mut got);
                for (g, want) in got.iter().zip(by_definition(&mask, &kernel)) {
                    assert!((f64::from(*g) - want).abs() < 1e-6, "{w} x {h}: {g} {want}");
                }
            }
        }
    }
}
