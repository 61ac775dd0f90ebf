//! Random numbers that are the same on every platform.
//!
//! ChaCha8 gives the bits; the conversions to numbers are written out here, because those of the
//! `rand` crate may change between its versions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What a stream of numbers is for. One stream each, so that a longer report does not change the
/// noise and another image size does not change the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Size and shape of the patient.
    Anatomy = 0,
    /// Number, kind and zone of the findings.
    Disease = 1,
    /// Exact place and shape of the findings.
    Placing = 6,
    /// Branching of the lung vessels.
    Vessels = 2,
    /// Beam, exposure, collimation, marker.
    Film = 3,
    /// Quantum noise.
    Noise = 4,
    /// Words of the report.
    Report = 5,
    /// Where, from which side and in which posture the film is taken.
    Technique = 7,
    /// Leads and wires.
    Clutter = 8,
}

/// A stream of random numbers that belongs to one study and one purpose.
#[derive(Debug, Clone)]
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of study (`seed`, `index`) for `purpose`.
    pub(crate) fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..24].copy_from_slice(b"phantom1");
        let mut inner = ChaCha8Rng::from_seed(key);
        inner.set_stream(purpose as u64);
        Self(inner)
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), on the grid of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        (self.bits() >> 11) as f64 * STEP
    }

    /// Uniform in [`low`, `high`).
    pub(crate) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in `0..n`; 0 when `n` is 0. The bias of the multiply-shift is below n / 2^32.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (((self.bits() >> 32) * n as u64) >> 32) as usize
    }

    /// One element; the caller's tables are never empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, table: &[&'a T]) -> &'a T {
        table[self.below(table.len())]
    }

    /// About normal, mean 0 and variance 1, within ±3.46: the sum of four uniforms (Irwin–Hall)
    /// needs no logarithm, and four 16-bit numbers come from one draw.
    pub(crate) fn gaussian(&mut self) -> f64 {
        let bits = self.bits();
        let sum = (0..4).map(|k| (bits >> (16 * k)) & 0xffff).sum::<u64>() as f64;
        // The sum of four uniforms on 0..=65535 has mean 131070 and variance 4 (2^32 - 1) / 12.
        const SCALE: f64 = 1.0 / 37_837.226_8;
        (sum - 131_070.0) * SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_two_distributions() {
        let mut rng = Rng::new(1, 2, Purpose::Noise);
        let n = 40_000;
        let (mut mean, mut square, mut uniform) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let g = rng.gaussian();
            mean += g;
            square += g * g;
            uniform += rng.unit();
        }
        let n = f64::from(n);
        assert!((mean / n).abs() < 0.02, "{}", mean / n);
        assert!((square / n - 1.0).abs() < 0.02, "{}", square / n);
        assert!((uniform / n - 0.5).abs() < 0.01);
    }

    #[test]
    fn purposes_and_studies_differ() {
        let first = |s, i, p| Rng::new(s, i, p).bits();
        let base = first(7, 3, Purpose::Anatomy);
        assert_eq!(base, first(7, 3, Purpose::Anatomy));
        assert_ne!(base, first(7, 4, Purpose::Anatomy));
        assert_ne!(base, first(8, 3, Purpose::Anatomy));
        assert_ne!(base, first(7, 3, Purpose::Report));
    }

    #[test]
    fn below_reaches_every_number_and_no_other() {
        let mut rng = Rng::new(0, 0, Purpose::Report);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[rng.below(5)] += 1;
        }
        assert!(seen.iter().all(|&n| n > 120), "{seen:?}");
        assert_eq!(rng.below(0), 0);
    }
}
