//! Chooses the two numbers that turn a map into a mask, on validation phantoms.

use anyhow::Result;
use g2d_core::{
    config::{GroundingConfig, MaskRule},
    grounding::to_mask,
    metrics::dice,
    raster::{Mask, Raster},
    session::Session,
};

use super::PhantomSet;
use crate::wait::block_on;

/// Levels tried, as shares of the way from the map's median to its peak.
const PEAK_LEVELS: [f32; 8] = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];
/// Cosines tried.
const COSINE_LEVELS: [f32; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Share of true sentences that must keep their mask.
const KEPT: f64 = 0.95;

/// The rule and level with the best mean Dice, and the score below which a sentence points
/// nowhere: the one that 95% of true sentences reach.
///
/// # Errors
/// When the model fails.
pub fn calibrate(session: &Session, set: &PhantomSet) -> Result<GroundingConfig> {
    let mut found: Vec<(Raster, Mask)> = Vec::new();
    let source = session.config().grounding.source;
    set.for_each(session, |_, image, cases| {
        let texts: Vec<&str> = cases.iter().map(|c| c.text.as_str()).collect();
        let maps = block_on(session.maps(image, &texts, source))?;
        found.extend(maps.into_iter().zip(cases.iter().map(|c| c.truth.clone())));
        Ok(())
    })?;
    let open = GroundingConfig { min_score: -1.0, ..session.config().grounding.clone() };
    let rules = PEAK_LEVELS
        .map(|level| (MaskRule::Peak, level))
        .into_iter()
        .chain(COSINE_LEVELS.map(|level| (MaskRule::Absolute, level)));
    let mut best = (f64::NEG_INFINITY, open.clone());
    for (rule, level) in rules {
        let config = GroundingConfig { rule, level, ..open.clone() };
        let sum: f64 = found
            .iter()
            .map(|(map, truth)| to_mask(map, &config).map_or(0.0, |mask| dice(&mask, truth)))
            .sum();
        if sum > best.0 {
            best = (sum, config);
        }
    }
    let mut scores: Vec<f32> = found.iter().map(|(map, _)| map.range().1).collect();
    scores.sort_by(f32::total_cmp);
    let at = ((1.0 - KEPT) * scores.len() as f64) as usize;
    let min_score = scores.get(at).copied().unwrap_or(0.0);
    Ok(GroundingConfig { min_score, ..best.1 })
}
