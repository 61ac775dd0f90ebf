//! Pointing and overlap of every map on held-out phantoms, beside what no model would score.

use std::collections::BTreeMap;

use anyhow::Result;
use g2d_core::{
    config::MapSource,
    grounding::to_mask,
    metrics::{dice, dice_at_area, pointing_hit_within, random_pointing, whole_image_dice, wilson},
    raster::{Mask, Raster},
    session::Session,
};
use serde::{Deserialize, Serialize};

use super::PhantomSet;
use crate::wait::block_on;

/// What one way of pointing scored on one kind of finding, or on all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Sentences.
    pub cases: usize,
    /// Share whose best place lies in the truth.
    pub pointing: f64,
    /// 95% interval of that share (Wilson).
    pub pointing_interval: [f64; 2],
    /// Share whose best place is at most 1/32 of the side away from the truth.
    pub pointing_within_32nd: f64,
    /// Share whose best place is at most 1/16 of the side away: about the pointing game's usual
    /// tolerance of 15 pixels (Zhang and others, 2018) on an image of 224.
    pub pointing_within_16th: f64,
    /// Mean Dice where the map is cut to the area of the truth.
    pub dice_at_area: Option<f64>,
    /// Mean Dice of the mask that a user would see (the calibrated cut).
    pub dice: Option<f64>,
}

/// Scores by way of pointing, then by kind of finding (`all` first among them).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Seed of the phantoms.
    pub seed: u64,
    /// Studies.
    pub studies: usize,
    /// Side of the phantoms in pixels.
    pub size: usize,
    /// The scores.
    pub scores: BTreeMap<String, BTreeMap<String, Score>>,
}

#[derive(Default)]
struct Sum {
    cases: usize,
    /// Inside the truth, within 1/32 and within 1/16 of the side.
    hits: [f64; 3],
    at_area: Vec<f64>,
    masks: Vec<f64>,
}

impl Sum {
    fn score(&self) -> Score {
        let mean = |v: &[f64]| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64);
        let interval = wilson(self.hits[0].round() as usize, self.cases);
        let share = |hits: f64| hits / self.cases.max(1) as f64;
        Score {
            cases: self.cases,
            pointing: share(self.hits[0]),
            pointing_interval: [interval.low, interval.high],
            pointing_within_32nd: share(self.hits[1]),
            pointing_within_16th: share(self.hits[2]),
            dice_at_area: mean(&self.at_area),
            dice: mean(&self.masks),
        }
    }
}

#[derive(Default)]
struct Sums(BTreeMap<String, BTreeMap<String, Sum>>);

impl Sums {
    /// Counts one case for its kind and for all.
    fn add(
        &mut self,
        way: &str,
        kind: &str,
        hits: [f64; 3],
        at_area: Option<f64>,
        mask: Option<f64>,
    ) {
        for kind in ["all", kind] {
            let kinds = self.0.entry(way.to_owned()).or_default();
            let sum = kinds.entry(kind.to_owned()).or_default();
            sum.cases += 1;
            sum.hits.iter_mut().zip(hits).for_each(|(sum, hit)| *sum += hit);
            sum.at_area.extend(at_area);
            sum.masks.extend(mask);
        }
    }

    fn map(&mut self, way: &str, kind: &str, map: &Raster, truth: &Mask, mask: Option<&Mask>) {
        let hits = tolerances(truth)
            .map(|reach| f64::from(u8::from(pointing_hit_within(map, truth, reach))));
        let overlap = mask.map_or(0.0, |mask| dice(mask, truth));
        self.add(way, kind, hits, Some(dice_at_area(map, truth)), Some(overlap));
    }
}

/// None, 1/32 and 1/16 of the side, in pixels.
fn tolerances(truth: &Mask) -> [f64; 3] {
    let side = truth.width as f64;
    [0.0, side / 32.0, side / 16.0]
}

/// Measures every source the model has, its decoder and pseudo mask, and the trivial baselines.
///
/// # Errors
/// When the model fails.
pub fn evaluate(
    session: &Session,
    set: &PhantomSet,
    mut progress: impl FnMut(usize),
) -> Result<Evaluation> {
    let mut sums = Sums::default();
    let sources: Vec<MapSource> = MapSource::ALL
        .into_iter()
        .filter(|s| *s != MapSource::Local || session.config().local.is_some())
        .collect();
    set.for_each(session, |index, image, cases| {
        let texts: Vec<&str> = cases.iter().map(|c| c.text.as_str()).collect();
        for &source in &sources {
            let maps = block_on(session.maps(image, &texts, source))?;
            // The cut was calibrated for the model's own source; others are cut by their peak.
            let mut cut = session.config().grounding.clone();
            if source != cut.source {
                cut = g2d_core::config::GroundingConfig { min_score: -1.0, ..Default::default() };
            }
            for (case, map) in cases.iter().zip(&maps) {
                let mask = to_mask(map, &cut);
                sums.map(source.name(), case.kind.name(), map, &case.truth, mask.as_ref());
            }
        }
        let decoder = image.decoder.above(0.5);
        let pseudo = image.pseudo.target.above(0.5);
        for case in cases {
            let (kind, truth) = (case.kind.name(), &case.truth);
            sums.map("decoder mask", kind, &image.decoder, truth, Some(&decoder));
            sums.map("pseudo mask", kind, &image.pseudo.target, truth, Some(&pseudo));
            let whole = whole_image_dice(truth);
            sums.add("whole image", kind, [1.0; 3], None, Some(whole));
            let random = tolerances(truth).map(|reach| random_pointing(truth, reach));
            sums.add("random point", kind, random, None, None);
        }
        progress(index + 1);
        Ok(())
    })?;
    // "Whole image" points nowhere in particular: only its overlap means something.
    let scores = sums.0.into_iter().map(|(way, kinds)| {
        let kinds = kinds.into_iter().map(|(kind, sum)| (kind, sum.score())).collect();
        (way, kinds)
    });
    Ok(Evaluation {
        seed: set.seed,
        studies: set.studies,
        size: set.config.size,
        scores: scores.collect(),
    })
}
