//! A map of scores becomes a mask.

use crate::components::Components;
use crate::config::{GroundingConfig, MaskRule};
use crate::pseudo_mask::threshold::quantile;
use crate::raster::{Mask, Raster};

/// The map moved right and down by shares of its sides, in whole pixels; what comes in over an edge
/// repeats the edge.
pub fn shifted(map: &Raster, shift: [f32; 2]) -> Raster {
    let pixels = |share: f32, side: usize| (share * side as f32).round() as isize;
    let (dx, dy) = (pixels(shift[0], map.width), pixels(shift[1], map.height));
    let from =
        |at: usize, by: isize, side: usize| (at as isize - by).clamp(0, side as isize - 1) as usize;
    let mut moved = map.clone();
    for y in 0..map.height {
        for x in 0..map.width {
            let (u, v) = (from(x, dx, map.width), from(y, dy, map.height));
            moved.data[y * map.width + x] = map.at(u, v);
        }
    }
    moved
}

/// The mask of one sentence, or none when the sentence points nowhere: its best value is below
/// `min_score`, or no part is at least `min_region_fraction` of the image.
///
/// Values that are not finite take no part: they may stand where the film was cropped away.
pub fn to_mask(map: &Raster, config: &GroundingConfig) -> Option<Mask> {
    let (x, y) = map.argmax()?;
    if map.at(x, y) < config.min_score {
        return None;
    }
    let level = mask_level(map, config)?;
    let mut mask = map.above(level);
    for (inside, value) in mask.data.iter_mut().zip(&map.data) {
        *inside &= u8::from(value.is_finite());
    }
    let least = config.min_region_fraction * mask.data.len() as f64;
    let parts = Components::of_mask(&mask);
    let mask = parts.select(|_, part| part.area as f64 >= least);
    (mask.area() > 0).then_some(mask)
}

/// The value strictly above which a pixel belongs to the mask; none for a map without values.
///
/// [`MaskRule::Absolute`] is the level itself; [`MaskRule::Peak`] lies that share of the way from
/// the map's median up to its largest value, which follows the sentence's own contrast.
pub fn mask_level(map: &Raster, config: &GroundingConfig) -> Option<f32> {
    match config.rule {
        MaskRule::Absolute => Some(config.level),
        MaskRule::Peak => {
            let mut values: Vec<f32> = map.data.iter().copied().filter(|v| v.is_finite()).collect();
            let peak = values.iter().copied().max_by(f32::total_cmp)?;
            let median = quantile(&mut values, 0.5);
            Some(median + config.level * (peak - median))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_moves_the_best_place() {
        let mut map = Raster::filled(20, 10, 0.0);
        map.data[4 * 20 + 7] = 1.0;
        assert_eq!(shifted(&map, [-0.1, 0.2]).argmax(), Some((5, 6)));
        assert_eq!(shifted(&map, [0.0, 0.0]), map);
        assert_eq!(shifted(&map, [9.0, -9.0]), Raster::filled(20, 10, 0.0));
    }

    /// 0.1 everywhere, a 6 x 5 block up to 0.5 and a lone pixel of 0.45.
    fn map() -> Raster {
        let mut map = Raster::filled(20, 20, 0.1);
        for y in 4..9 {
            for x in 3..9 {
                map.data[y * 20 + x] = if (x, y) == (5, 6) { 0.5 } else { 0.4 };
            }
        }
        map.data[15 * 20 + 15] = 0.45;
        map
    }

    fn config(rule: MaskRule, level: f32) -> GroundingConfig {
        GroundingConfig { rule, level, min_region_fraction: 0.01, ..GroundingConfig::default() }
    }

    #[test]
    fn both_rules_cut_strictly_above_their_level() {
        let area = |rule, level| to_mask(&map(), &config(rule, level)).map(|m| m.area());
        assert_eq!(area(MaskRule::Absolute, 0.3), Some(30));
        assert_eq!(area(MaskRule::Absolute, 0.4), None, "one pixel is too small a part");
        // Median 0.1, peak 0.5: 0.7 of the way is 0.38, 0.8 is 0.42.
        assert_eq!(area(MaskRule::Peak, 0.7), Some(30));
        assert_eq!(area(MaskRule::Peak, 0.8), None);
    }

    #[test]
    fn small_parts_go_and_weak_maps_point_nowhere() {
        let keep_all =
            GroundingConfig { min_region_fraction: 0.0, ..config(MaskRule::Absolute, 0.3) };
        assert_eq!(to_mask(&map(), &keep_all).unwrap().area(), 31);
        let strict = GroundingConfig { min_score: 0.51, ..keep_all.clone() };
        assert_eq!(to_mask(&map(), &strict), None);
        let just = GroundingConfig { min_score: 0.5, ..keep_all };
        assert!(to_mask(&map(), &just).is_some());
    }

    #[test]
    fn flat_empty_and_broken_maps_point_nowhere() {
        let peak = config(MaskRule::Peak, 0.5);
        assert_eq!(to_mask(&Raster::filled(8, 8, 0.3), &peak), None);
        assert_eq!(to_mask(&Raster::filled(8, 8, f32::NAN), &peak), None);
        assert_eq!(to_mask(&Raster::filled(0, 0, 0.0), &peak), None);
        let mut cropped = map();
        cropped.data[..40].fill(f32::INFINITY);
        let mask = to_mask(&cropped, &config(MaskRule::Peak, 0.7)).unwrap();
        assert_eq!(mask.area(), 30, "what is not finite is in no mask");
    }
}
