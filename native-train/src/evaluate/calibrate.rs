//! Chooses the few numbers that turn a map into a mask, on validation phantoms.

use std::rc::Rc;

use anyhow::Result;
use g2d_core::{
    config::{GroundingConfig, MaskRule},
    grounding::{finished, to_mask},
    metrics::{dice, pointing_hit},
    raster::{Mask, Raster},
    session::Session,
};

use super::{Case, PhantomSet};
use crate::wait::block_on;

/// Levels tried, as shares of the way from the map's median to its peak.
const PEAK_LEVELS: [f32; 8] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];
/// Cosines tried.
const COSINE_LEVELS: [f32; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Standard deviations of the smoothing that are tried, as shares of the side.
const SMOOTHINGS: [f32; 6] = [0.0, 0.005, 0.01, 0.015, 0.02, 0.03];
/// Farthest shift tried either way, as a share of the side.
const FARTHEST: f32 = 1.0 / 16.0;
/// Share of true sentences that must keep their mask.
const KEPT: f64 = 0.95;

/// The smoothing and the shift that bring most best places inside the truth, then the rule and level
/// with the best mean Dice, and the score below which a sentence points nowhere: the one that 95% of
/// true sentences reach. The model's weights stay as they are.
///
/// # Errors
/// When the model fails.
pub fn calibrate(session: &Session, set: &PhantomSet) -> Result<GroundingConfig> {
    let mut plain: Vec<Plain> = Vec::new();
    let own = &session.config().grounding;
    set.for_each(session, |_, image, cases| {
        let texts: Vec<&str> = cases.iter().map(|c| c.text.as_str()).collect();
        let maps = block_on(session.plain_maps(image.features(), &texts, own.source))?;
        let body = Rc::new(image.pseudo.body.clone());
        let plain_of = |(map, case): (Raster, &Case)| Plain {
            map,
            body: body.clone(),
            truth: case.truth.clone(),
        };
        plain.extend(maps.into_iter().zip(cases).map(plain_of));
        Ok(())
    })?;
    let (placing, found) = best_placing(&plain, own, session.config().image.input_size);
    let open = GroundingConfig { min_score: -1.0, ..placing };
    let rules = PEAK_LEVELS
        .map(|level| (MaskRule::Peak, level))
        .into_iter()
        .chain(COSINE_LEVELS.map(|level| (MaskRule::Absolute, level)));
    let mut best = (f64::NEG_INFINITY, open.clone());
    for (rule, level) in rules {
        let config = GroundingConfig { rule, level, ..open.clone() };
        let overlap = |(map, plain): (&Raster, &Plain)| {
            to_mask(map, &config).map_or(0.0, |mask| dice(&mask, &plain.truth))
        };
        let sum: f64 = found.iter().zip(&plain).map(overlap).sum();
        if sum > best.0 {
            best = (sum, config);
        }
    }
    let mut scores: Vec<f32> = found.iter().map(|map| map.range().1).collect();
    scores.sort_by(f32::total_cmp);
    let at = ((1.0 - KEPT) * scores.len() as f64) as usize;
    let min_score = scores.get(at).copied().unwrap_or(0.0);
    Ok(GroundingConfig { min_score, ..best.1 })
}

/// A sentence's map as it left the network, with its image's body and its truth.
struct Plain {
    map: Raster,
    body: Rc<Mask>,
    truth: Mask,
}

/// The smoothing and shift with most best places inside the truth, the least smoothing among equals,
/// and the maps that they give.
fn best_placing(
    plain: &[Plain],
    own: &GroundingConfig,
    side: usize,
) -> (GroundingConfig, Vec<Raster>) {
    let mut best: Option<(usize, GroundingConfig, Vec<Raster>)> = None;
    for smooth in SMOOTHINGS {
        let still = GroundingConfig { smooth, shift: [0.0; 2], ..own.clone() };
        let finish = |config: &GroundingConfig| -> Vec<Raster> {
            plain.iter().map(|p| finished(&p.map, config, &p.body)).collect()
        };
        let maps: Vec<(Raster, Mask)> =
            finish(&still).into_iter().zip(plain.iter().map(|p| p.truth.clone())).collect();
        let config = GroundingConfig { shift: best_shift(&maps, side), ..still };
        let maps = finish(&config);
        let inside = |(map, plain): &(&Raster, &Plain)| pointing_hit(map, &plain.truth);
        let hits = maps.iter().zip(plain).filter(inside).count();
        if best.as_ref().is_none_or(|(most, ..)| hits > *most) {
            best = Some((hits, config, maps));
        }
    }
    best.map_or_else(|| (own.clone(), Vec::new()), |(_, config, maps)| (config, maps))
}

/// The shift, in whole pixels of the input, after which most best places lie inside the truth; the
/// smallest among equals.
fn best_shift(found: &[(Raster, Mask)], side: usize) -> [f32; 2] {
    let points: Vec<_> =
        found.iter().filter_map(|(map, truth)| Some((map.argmax()?, truth))).collect();
    let reach = (FARTHEST * side as f32).round() as isize;
    let inside = |x: usize, y: usize, truth: &Mask, dx: isize, dy: isize| {
        let u = (x as isize + dx).clamp(0, truth.width as isize - 1) as usize;
        let v = (y as isize + dy).clamp(0, truth.height as isize - 1) as usize;
        truth.at(u, v) != 0
    };
    let shifts = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)));
    let best = shifts.max_by_key(|&(dx, dy)| {
        let hits = points.iter().filter(|((x, y), truth)| inside(*x, *y, truth, dx, dy)).count();
        (hits, -(dx * dx + dy * dy))
    });
    best.map_or([0.0; 2], |(dx, dy)| [dx as f32 / side as f32, dy as f32 / side as f32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_noise_is_smoothed_away() {
        let plain: Vec<Plain> = (0..4)
            .map(|i| {
                let (mut map, mut truth) = (Raster::filled(64, 64, 0.0), Mask::filled(64, 64, 0));
                for y in 20..32 {
                    truth.data[y * 64 + 10..y * 64 + 22].fill(1);
                    map.data[y * 64 + 10..y * 64 + 22].fill(0.8);
                }
                map.data[(40 + 5 * i) * 64 + 50 - 3 * i] = 1.0;
                Plain { map, body: Rc::new(Mask::filled(64, 64, 1)), truth }
            })
            .collect();
        let (config, maps) = best_placing(&plain, &GroundingConfig::default(), 64);
        assert!(config.smooth > 0.0);
        assert!(maps.iter().zip(&plain).all(|(map, p)| pointing_hit(map, &p.truth)));
    }

    #[test]
    fn a_common_drift_is_found() {
        let found: Vec<_> = [(20, 30), (40, 12), (33, 50)]
            .into_iter()
            .map(|(x, y)| {
                let (mut map, mut truth) = (Raster::filled(64, 64, 0.0), Mask::filled(64, 64, 0));
                truth.data[y * 64 + x] = 1;
                map.data[(y + 3) * 64 + x + 2] = 1.0;
                (map, truth)
            })
            .collect();
        assert_eq!(best_shift(&found, 64), [-2.0 / 64.0, -3.0 / 64.0]);
        assert_eq!(best_shift(&[], 64), [0.0; 2]);
    }
}
