//! The pointing game (Zhang and others, 2018): does the best place lie in the truth?

use crate::raster::{Mask, Raster};

/// Is the map's largest value (the first of equals) inside the truth?
pub fn pointing_hit(map: &Raster, truth: &Mask) -> bool {
    pointing_hit_within(map, truth, 0.0)
}

/// The same, with a pixel of the truth at most `tolerance` pixels away from the point.
///
/// False for a map without a finite value, an empty truth and different sizes.
pub fn pointing_hit_within(map: &Raster, truth: &Mask, tolerance: f64) -> bool {
    let Some((x, y)) = map.argmax() else {
        return false;
    };
    if (map.width, map.height) != (truth.width, truth.height) {
        return false;
    }
    near(truth, x, y, tolerance)
}

/// Is a one of the mask at most `tolerance` pixels (Euclidean) from a pixel?
pub(super) fn near(mask: &Mask, x: usize, y: usize, tolerance: f64) -> bool {
    let reach = tolerance.max(0.0) as usize;
    let (left, right) = (x.saturating_sub(reach), (x + reach).min(mask.width - 1));
    let (top, bottom) = (y.saturating_sub(reach), (y + reach).min(mask.height - 1));
    (top..=bottom).any(|v| {
        (left..=right).any(|u| {
            let (dx, dy) = (u.abs_diff(x) as f64, v.abs_diff(y) as f64);
            mask.at(u, v) != 0 && dx * dx + dy * dy <= tolerance * tolerance
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_misses_and_ties() {
        let mut truth = Mask::filled(8, 6, 0);
        truth.data[2 * 8 + 3] = 1;
        let mut map = Raster::filled(8, 6, 0.0);
        assert!(!pointing_hit(&map, &truth), "a flat map points at the first pixel");
        map.data[2 * 8 + 3] = 1.0;
        assert!(pointing_hit(&map, &truth));
        map.data[8 + 7] = 1.0;
        assert!(!pointing_hit(&map, &truth), "the first of equals decides");
        assert!(!pointing_hit(&map, &Mask::filled(8, 6, 0)));
        assert!(!pointing_hit(&map, &Mask::filled(6, 8, 1)));
        assert!(!pointing_hit(&Raster::filled(8, 6, f32::NAN), &Mask::filled(8, 6, 1)));
    }

    #[test]
    fn tolerance_is_a_euclidean_distance() {
        let mut truth = Mask::filled(20, 20, 0);
        truth.data[10 * 20 + 10] = 1;
        let mut map = Raster::filled(20, 20, 0.0);
        map.data[13 * 20 + 14] = 1.0;
        assert!(pointing_hit_within(&map, &truth, 5.0));
        assert!(!pointing_hit_within(&map, &truth, 4.99));
    }
}
