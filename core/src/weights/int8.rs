//! Weights in one byte a number: symmetric, with one scale for each output channel.
//!
//! A matrix or kernel `NAME` of shape `[out, ...]` is stored as i8 in the same shape, and beside it
//! `NAME.scale`, f32, `[out]`: `w[o, ...] = q[o, ...] * scale[o]`, where `scale[o]` is the largest
//! magnitude of the channel divided by 127. An embedding table is the same with a scale for each
//! row. Vectors (biases, norms, running statistics) stay f32: they are few, and errors there shift
//! whole channels. Computation is in f32; the bytes are widened when they are loaded.

/// What a tensor's name ends with to name its scales.
pub(super) const SCALE: &str = ".scale";

/// Rows shorter than this stay f32: a scale each would take what the bytes save.
const SHORTEST_ROW: usize = 16;

/// The length of a row of a tensor that is worth quantising.
pub(super) fn row_length(shape: &[usize]) -> Option<usize> {
    let (_, rest) = shape.split_first()?;
    let length: usize = rest.iter().product();
    (!rest.is_empty() && length >= SHORTEST_ROW).then_some(length)
}

/// Bytes and little-endian f32 scales of rows of finite numbers.
pub(super) fn quantise(values: &[f32], row: usize) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / row.max(1) * 4);
    for row in values.chunks(row.max(1)) {
        let largest = row.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let scale = largest / 127.0;
        // Channels of zeros, and of numbers too small for a scale: all of them become zero.
        let inverse = if scale.is_normal() { 1.0 / scale } else { 0.0 };
        bytes.extend(row.iter().map(|v| (v * inverse).round().clamp(-127.0, 127.0) as i8 as u8));
        scales.extend_from_slice(&scale.to_le_bytes());
    }
    (bytes, scales)
}

/// Little-endian f32 from bytes and scales; none when their numbers do not fit each other.
pub(super) fn widen(bytes: &[u8], scales: &[u8]) -> Option<Vec<u8>> {
    let rows = scales.len() / 4;
    if rows == 0 || !scales.len().is_multiple_of(4) || !bytes.len().is_multiple_of(rows) {
        return bytes.is_empty().then(Vec::new);
    }
    let row = (bytes.len() / rows).max(1);
    let mut floats = Vec::with_capacity(bytes.len() * 4);
    for (row, scale) in bytes.chunks(row).zip(scales.chunks_exact(4)) {
        let scale = f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]);
        if !scale.is_finite() {
            return None;
        }
        floats.extend(row.iter().flat_map(|&b| (f32::from(b as i8) * scale).to_le_bytes()));
    }
    Some(floats)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(values: &[f32], row: usize) -> Vec<f32> {
        let (bytes, scales) = quantise(values, row);
        let wide = widen(&bytes, &scales).unwrap();
        wide.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    #[test]
    fn every_channel_has_its_own_step() {
        // The largest of a channel is exact, the others are within half a step of 1/127 of it.
        let values = [1.0, -0.5, 0.1, 0.0, 254.0, -100.0, 3.0, 1.0];
        let got = back(&values, 4);
        for (row, got) in values.chunks(4).zip(got.chunks(4)) {
            let step = row.iter().fold(0.0f32, |m, v| m.max(v.abs())) / 127.0;
            assert!(row.iter().zip(got).all(|(a, b)| (a - b).abs() <= 0.5001 * step), "{got:?}");
        }
        assert_eq!((got[4], got[6]), (254.0, 4.0));
        assert_eq!(quantise(&[-2.0, 1.0], 2).0, [(-127i8) as u8, 64]);
    }

    #[test]
    fn zeros_and_tiny_numbers_stay_finite() {
        assert_eq!(back(&[0.0; 4], 2), [0.0; 4]);
        let tiny = f32::from_bits(3);
        assert!(back(&[tiny, 0.0], 2).iter().all(|v| v.abs() <= tiny));
    }

    #[test]
    fn only_long_rows_are_taken() {
        assert_eq!(row_length(&[64, 3, 7, 7]), Some(147));
        assert_eq!(row_length(&[300, 128]), Some(128));
        for shape in [&[][..], &[512], &[8, 3], &[4, 1, 3, 3]] {
            assert_eq!(row_length(shape), None, "{shape:?}");
        }
    }

    #[test]
    fn scales_must_fit() {
        assert!(widen(&[1, 2, 3], &[0; 8]).is_none());
        assert!(widen(&[1, 2], &[0; 3]).is_none());
        assert!(widen(&[1, 2], &[]).is_none());
        assert!(widen(&[], &[]).is_some_and(|floats| floats.is_empty()));
    }
}
