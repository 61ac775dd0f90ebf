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

/// The map convolved with a Gaussian whose standard deviation is `sigma` times its width; edges are
/// repeated. The map itself for a sigma of less than a tenth of a pixel.
pub fn smoothed(map: &Raster, sigma: f32) -> Raster {
    let sigma = f64::from(sigma) * map.width as f64;
    if sigma.is_nan() || sigma < 0.1 || map.data.is_empty() {
        return map.clone();
    }
    // Three standard deviations hold all but 0.3% of the weight.
    let reach = ((3.0 * sigma) as usize + 1).min(map.width.max(map.height));
    let weight = |d: usize| libm::exp(-((d * d) as f64) / (2.0 * sigma * sigma)) as f32;
    let half: Vec<f32> = (0..=reach).map(weight).collect();
    let sum: f32 = half[0] + 2.0 * half[1..].iter().sum::<f32>();
    // One line of `n` values with `step` between them.
    let along = |data: &[f32], out: &mut [f32], start: usize, n: usize, step: usize| {
        for i in 0..n {
            let at = |j: usize| data[start + j * step];
            let mut total = half[0] * at(i);
            for (d, w) in half.iter().enumerate().skip(1) {
                total += w * (at(i.saturating_sub(d)) + at((i + d).min(n - 1)));
            }
            out[start + i * step] = total / sum;
        }
    };
    let (mut rows, mut all) = (map.data.clone(), map.data.clone());
    (0..map.height).for_each(|y| along(&map.data, &mut rows, y * map.width, map.width, 1));
    (0..map.width).for_each(|x| along(&rows, &mut all, x, map.height, map.width));
    Raster { width: map.width, height: map.height, data: all }
}

/// Lowers a map to its minimum outside a mask.
pub fn within(mut map: Raster, mask: &Mask) -> Raster {
    let lowest = map.range().0;
    for (value, _) in map.data.iter_mut().zip(&mask.data).filter(|(_, inside)| **inside == 0) {
        *value = lowest;
    }
    map
}

/// What is done to a map of the model's own source before it is read: smoothed, moved, and lowered
/// to its minimum outside the body.
pub fn finished(map: &Raster, config: &GroundingConfig, body: &Mask) -> Raster {
    within(shifted(&smoothed(map, config.smooth), config.shift), body)
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

    #[test]
    fn smoothing_keeps_the_sum_and_quiets_a_lone_peak() {
        let mut map = Raster::filled(32, 24, 0.0);
        map.data[5 * 32 + 6] = 1.0;
        for (x, y) in [(20, 14), (21, 14), (20, 15), (21, 15)] {
            map.data[y * 32 + x] = 0.9;
        }
        let smooth = smoothed(&map, 1.0 / 32.0);
        let sum = |map: &Raster| map.data.iter().sum::<f32>();
        assert!((sum(&smooth) - sum(&map)).abs() < 1e-3);
        assert_eq!(map.argmax(), Some((6, 5)));
        assert!(smooth.argmax().is_some_and(|(x, y)| (20..=21).contains(&x) && y >= 14));
        // A Gaussian of one pixel: 1 / (2 pi) at its centre.
        assert!((smooth.at(6, 5) - 0.159_2).abs() < 1e-3, "{}", smooth.at(6, 5));
        assert_eq!(smoothed(&map, 0.0), map);
        let flat = Raster::filled(9, 7, 0.25);
        assert!(smoothed(&flat, 0.3).data.iter().all(|v| (v - 0.25).abs() < 1e-6));
    }

    #[test]
    fn nothing_is_found_outside_the_body() {
        let mut map = Raster::filled(4, 1, 0.5);
        map.data = vec![0.9, 0.1, 0.4, 0.3];
        let body = Mask { width: 4, height: 1, data: vec![0, 1, 1, 1] };
        assert_eq!(finished(&map, &GroundingConfig::default(), &body).data, [0.1, 0.1, 0.4, 0.3]);
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
