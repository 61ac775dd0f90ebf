//! Random numbers of one case: ChaCha8, keyed by seed and index, one stream for each purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What the numbers are for, so that one stage's draws do not move another's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Which findings, where, how large.
    Findings = 1,
    /// Angle, distance, framing.
    Beam = 2,
    /// Scatter, tone, marker.
    Film = 3,
    /// Quanta.
    Noise = 4,
}

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of case (`seed`, `index`) for `purpose`.
    pub(crate) fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&index.to_le_bytes());
        key[16..24].copy_from_slice(b"ct-films");
        let mut inner = ChaCha8Rng::from_seed(key);
        inner.set_stream(purpose as u64);
        Self(inner)
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in [`low`, `high`).
    pub(crate) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (((self.bits() >> 32) * n as u64) >> 32) as usize
    }

    /// About normal, mean 0 and variance 1: the sum of twelve uniforms.
    pub(crate) fn gaussian(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..3 {
            let bits = self.bits();
            sum += (0..4).map(|k| ((bits >> (16 * k)) & 0xffff) as f64).sum::<f64>() / 65_535.0;
        }
        sum - 6.0
    }
}
