//! Where a map is cut to become a mask.

use std::str::FromStr;

use g2d_core::{
    config::{GroundingConfig, MapSource},
    grounding::to_mask,
    metrics::{PixelCounts, counts_above},
    pseudo_mask::{histogram::otsu, threshold::quantile},
    raster::{Mask, Raster},
};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ThresholdMode {
    /// One level for all maps.
    Fixed(f32),
    /// The level with the best mean Dice on the validation rows.
    Val,
    /// The level with the best mean Dice on the very rows that are scored.
    Oracle,
    /// A quantile of each map.
    Quantile(f64),
    /// Otsu's level of each map.
    Otsu,
    /// The rule that the model's own configuration has.
    Model,
}

impl FromStr for ThresholdMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, number) = match text.split_once(':') {
            Some((word, number)) => (word, Some(number)),
            None => (text, None),
        };
        let number = number.map(|n| n.parse::<f64>().ok().filter(|n| n.is_finite()));
        match (word, number) {
            ("fixed", Some(Some(level))) => Ok(Self::Fixed(level as f32)),
            ("quantile", Some(Some(q))) if (0.0..1.0).contains(&q) => Ok(Self::Quantile(q)),
            ("val", None) => Ok(Self::Val),
            ("oracle", None) => Ok(Self::Oracle),
            ("otsu", None) => Ok(Self::Otsu),
            ("model", None) => Ok(Self::Model),
            _ => Err("write fixed:LEVEL, val, quantile:SHARE, otsu, oracle or model".into()),
        }
    }
}

/// A way to cut: a list of common levels, or one of each map's own.
#[derive(Debug, Clone, PartialEq)]
pub enum Cut {
    /// Strictly above each of these, ascending.
    Levels(Vec<f32>),
    /// Strictly above a quantile of the whole map, numpy's default.
    Quantile(f64),
    /// Strictly above Otsu's level.
    Otsu,
    /// As a user of the model sees it.
    Model(GroundingConfig),
}

impl Cut {
    /// The levels among which `val` and `oracle` choose: cosines from -1 to 1 in steps of 0.005;
    /// for attention, whose values are shares, 0 to 0.1 in steps of 0.0001 (the range that MAVL
    /// sweeps), then to 1 in steps of 0.005.
    pub fn grid(source: MapSource) -> Vec<f32> {
        match source {
            MapSource::Attention => {
                let fine = (0..1000).map(|i| i as f32 * 1e-4);
                fine.chain((20..200).map(|i| i as f32 * 0.005)).collect()
            }
            _ => (-200..200).map(|i| i as f32 * 0.005).collect(),
        }
    }

    /// Counts of the map, one for each level.
    pub fn counts(&self, map: &Raster, truth: &Mask) -> Vec<PixelCounts> {
        match self {
            Self::Levels(levels) => counts_above(map, truth, levels),
            Self::Quantile(q) => counts_above(map, truth, &[quantile(&mut map.data.clone(), *q)]),
            Self::Otsu => counts_above(map, truth, &[otsu_level(map)]),
            Self::Model(config) => {
                let empty = Mask::filled(map.width, map.height, 0);
                let mask = to_mask(map, config).unwrap_or(empty);
                PixelCounts::of(&mask, truth).into_iter().collect()
            }
        }
    }
}

/// Otsu's level of a map, found on 256 bins between its smallest and its largest value; strictly
/// above it lies the foreground. A map of one value has nothing above.
fn otsu_level(map: &Raster) -> f32 {
    let (low, high) = map.range();
    if low >= high {
        return high;
    }
    let (origin, width) = (f64::from(low), (f64::from(high) - f64::from(low)) / 256.0);
    let mut histogram = [0_u64; 256];
    for &value in map.data.iter().filter(|v| v.is_finite()) {
        histogram[(((f64::from(value) - origin) / width) as usize).min(255)] += 1;
    }
    let threshold = f64::from(otsu(&histogram).threshold);
    (origin + (threshold + 1.0) * width) as f32
}

/// Place of the level with the best mean Dice; the lowest among equals, none without cases.
pub fn best_level(cases: &[Vec<PixelCounts>]) -> Option<usize> {
    let levels = cases.first()?.len();
    let sum = |level: usize| cases.iter().map(|counts| counts[level].dice()).sum::<f64>();
    let mut best: Option<(usize, f64)> = None;
    for level in 0..levels {
        let value = sum(level);
        if best.is_none_or(|(_, before)| value > before) {
            best = Some((level, value));
        }
    }
    best.map(|(level, _)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> Raster {
        Raster { width: values.len(), height: 1, data: values.to_vec() }
    }

    #[test]
    fn words_are_understood() {
        assert_eq!("fixed:-0.5".parse(), Ok(ThresholdMode::Fixed(-0.5)));
        assert_eq!("quantile:0.85".parse(), Ok(ThresholdMode::Quantile(0.85)));
        assert_eq!("oracle".parse(), Ok(ThresholdMode::Oracle));
        for wrong in ["", "fixed", "fixed:x", "fixed:nan", "quantile:1", "val:3", "best"] {
            assert!(wrong.parse::<ThresholdMode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn otsu_parts_two_heaps() {
        let mut values = vec![0.10; 50];
        values.extend([0.12; 50]);
        values.extend([0.80; 20]);
        let map = map(&values);
        let mut truth = Mask::filled(120, 1, 0);
        truth.data[100..].fill(1);
        let counts = Cut::Otsu.counts(&map, &truth);
        assert_eq!(counts, [PixelCounts { truth: 20, predicted: 20, both: 20 }]);
        let flat = Raster::filled(120, 1, 0.4);
        assert_eq!(Cut::Otsu.counts(&flat, &truth)[0].predicted, 0);
    }

    #[test]
    fn a_quantile_keeps_its_share() {
        let values: Vec<f32> = (0..100).map(|i| i as f32).collect();
        let truth = Mask::filled(100, 1, 1);
        let counts = Cut::Quantile(0.85).counts(&map(&values), &truth);
        assert_eq!(counts[0].predicted, 15);
    }

    #[test]
    fn the_best_level_is_the_lowest_of_equals() {
        let of = |both| PixelCounts { truth: 4, predicted: 4, both };
        assert_eq!(best_level(&[vec![of(1), of(3), of(3)], vec![of(2), of(1), of(1)]]), Some(1));
        assert_eq!(best_level(&[]), None);
    }

    #[test]
    fn grids_ascend() {
        for source in MapSource::ALL {
            let grid = Cut::grid(source);
            assert!(grid.windows(2).all(|w| w[0] < w[1]), "{source:?}");
        }
    }
}
