//! Smooth random fields: values on a lattice, interpolated.

/// A field in space with values from 0 to 1, smooth over `scale` mm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) seed: u64,
    pub(crate) scale: f64,
}

impl Field {
    /// The value at a point in mm.
    pub(crate) fn at(&self, p: [f64; 3]) -> f64 {
        let cell = p.map(|v| (v / self.scale).floor());
        // A smooth step avoids creases on the lattice.
        let share = [0, 1, 2].map(|a| {
            let t = p[a] / self.scale - cell[a];
            t * t * (3.0 - 2.0 * t)
        });
        let mut sum = 0.0;
        for corner in 0..8_u32 {
            let bit = |a: usize| f64::from(corner >> a & 1);
            let weight: f64 =
                (0..3).map(|a| if bit(a) > 0.0 { share[a] } else { 1.0 - share[a] }).product();
            sum += weight * self.corner([0, 1, 2].map(|a| (cell[a] + bit(a)) as i64));
        }
        sum
    }

    /// Splitmix64 of the lattice point.
    fn corner(&self, cell: [i64; 3]) -> f64 {
        let mut h = self.seed;
        for v in cell {
            h = (h ^ v as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
            h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            h ^= h >> 31;
        }
        (h >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_smooth_and_fills_its_range() {
        let field = Field { seed: 4, scale: 10.0 };
        let values: Vec<f64> = (0..2000).map(|i| field.at([f64::from(i), 3.0, -7.0])).collect();
        assert!(values.windows(2).all(|w| (w[0] - w[1]).abs() < 0.25));
        let mean = values.iter().sum::<f64>() / 2000.0;
        assert!((mean - 0.5).abs() < 0.06, "{mean}");
        assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
    }
}
