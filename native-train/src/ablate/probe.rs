//! How much of where the findings are can be read off frozen features by a linear function.

use anyhow::{Context as _, Result};
use g2d_core::{
    metrics::dice,
    raster::{Mask, Raster},
};
use rayon::prelude::*;

use super::{
    features::{Features, apply, read_pixel, width},
    ridge::{Linear, Moments},
};
use crate::data::batch::mix;

/// Penalties tried, on standardised features.
const PENALTIES: [f64; 6] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];
/// Groups of studies for cross-validation.
const FOLDS: usize = 4;
/// Thresholds tried, evenly from 0 to 1: the function is fitted to 0 and 1.
const LEVELS: usize = 101;

/// What a probe came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// Mean Dice on the test films.
    pub dice: f64,
    /// The penalty that the labelled films chose.
    pub penalty: f64,
    /// The threshold that they chose.
    pub threshold: f64,
}

/// Fits a ridge regression from the chosen levels to the truth of labelled films, and measures it
/// on others.
///
/// The penalty is the one with the least squared error, the threshold the one with the best mean
/// Dice, both on films that the fit did not see ([`FOLDS`] groups). `pixels` of each labelled film
/// are taken, the same ones whatever the features.
///
/// # Errors
/// When a feature is not a number.
pub fn probe(
    labelled: &[(&Features, &Mask)],
    test: &[(&Features, &Mask)],
    chosen: &[usize],
    pixels: usize,
) -> Result<Probed> {
    let features = labelled.first().map_or(0, |(features, _)| width(features, chosen));
    let folds = FOLDS.min(labelled.len());
    let parts: Vec<Moments> = (0..folds)
        .into_par_iter()
        .map(|fold| {
            let mut moments = Moments::new(features);
            let mut row = Vec::with_capacity(features);
            for (i, (features, truth)) in labelled.iter().enumerate() {
                if i % folds == fold {
                    for pixel in taken(i, pixels, truth.data.len()) {
                        let at = (pixel % truth.width, pixel / truth.width);
                        read_pixel(features, chosen, at, truth.width, &mut row);
                        moments.add(&row, f64::from(truth.data[pixel]));
                    }
                }
            }
            moments
        })
        .collect();
    let sum = |leave: Option<usize>| {
        let mut sum = Moments::new(features);
        let kept = parts.iter().enumerate().filter(|(i, _)| Some(*i) != leave);
        kept.for_each(|(_, part)| sum.merge(part));
        sum
    };
    let broken = "The features are not numbers";
    // One function for each penalty and each group that it does not see.
    let without: Vec<Moments> = (0..folds).map(|fold| sum(Some(fold))).collect();
    let tried: Vec<(f64, Vec<Linear>)> = PENALTIES
        .into_par_iter()
        .map(|penalty| {
            let fits: Option<Vec<Linear>> = without.iter().map(|m| m.solve(penalty)).collect();
            let fits = fits.context(broken)?;
            Ok((parts.iter().zip(&fits).map(|(part, f)| part.error(f)).sum(), fits))
        })
        .collect::<Result<_>>()?;
    let best = tried.iter().zip(PENALTIES).min_by(|(a, _), (b, _)| a.0.total_cmp(&b.0));
    let ((_, fits), penalty) = best.context(broken)?;

    let unseen: Vec<(Raster, &Mask)> = labelled
        .par_iter()
        .enumerate()
        .map(|(i, (features, truth))| {
            (apply(&fits[i % folds], features, chosen, truth.width), *truth)
        })
        .collect();
    let threshold = best_threshold(&unseen);
    let f = sum(None).solve(penalty).context(broken)?;
    let scores: Vec<f64> = test
        .par_iter()
        .map(|(features, truth)| {
            let map = apply(&f, features, chosen, truth.width);
            dice(&map.above(threshold as f32), truth)
        })
        .collect();
    let dice = scores.iter().sum::<f64>() / scores.len() as f64;
    Ok(Probed { dice, penalty, threshold })
}

/// Pixels of a film, one from each of `count` stretches: no pixel twice, no stretch left out.
fn taken(film: usize, count: usize, pixels: usize) -> impl Iterator<Item = usize> {
    let count = count.min(pixels);
    (0..count).map(move |k| {
        let (from, to) = (k * pixels / count, (k + 1) * pixels / count);
        from + (mix(&[film as u64, k as u64, 7]) % (to - from) as u64) as usize
    })
}

/// The level whose cut has the best mean Dice; the lowest of equals.
fn best_threshold(maps: &[(Raster, &Mask)]) -> f64 {
    let mut sums = vec![0.0; LEVELS];
    for (map, truth) in maps {
        // Pixels, and true ones, by the number of levels that they are strictly above.
        let (mut all, mut hits) = (vec![0usize; LEVELS + 1], vec![0usize; LEVELS + 1]);
        for (value, truth) in map.data.iter().zip(&truth.data) {
            let above = (f64::from(*value) * (LEVELS - 1) as f64).ceil();
            let bin = above.clamp(0.0, LEVELS as f64) as usize;
            all[bin] += 1;
            hits[bin] += usize::from(*truth != 0);
        }
        let truth = truth.area() as f64;
        let (mut predicted, mut both) = (0, 0);
        for level in (0..LEVELS).rev() {
            predicted += all[level + 1];
            both += hits[level + 1];
            sums[level] += 2.0 * both as f64 / (predicted as f64 + truth).max(1.0);
        }
    }
    let best = (0..LEVELS).rev().max_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or_default();
    best as f64 / (LEVELS - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ablate::features::Level;

    /// A film whose only map tells the truth with some noise, and one that tells nothing.
    fn film(seed: usize) -> (Features, Mask) {
        let side = 16;
        let random = |k: usize| mix(&[seed as u64, k as u64]) as f64 / u64::MAX as f64;
        let (cx, cy) = ((random(1) * 16.0) as usize, (random(2) * 16.0) as usize);
        let inside = |i: usize| (i % side).abs_diff(cx) < 4 && (i / side).abs_diff(cy) < 4;
        let data = (0..side * side).map(|i| u8::from(inside(i))).collect();
        let truth = Mask { width: side, height: side, data };
        let area = side * side;
        let telling = (0..area).map(|i| (f64::from(truth.data[i]) * 5.0 + random(i) - 3.0) as f32);
        let silent = (0..area).map(|i| random(i + 1000) as f32);
        let level = |data| Level { channels: 1, side, data };
        let levels = vec![level(telling.collect()), level(silent.collect())];
        (Features { levels, attention: level(vec![0.0; area]) }, truth)
    }

    #[test]
    fn what_is_in_the_features_is_found_and_what_is_not_is_not() {
        let films: Vec<_> = (0..24).map(film).collect();
        let pairs: Vec<_> = films.iter().map(|(f, m)| (f, m)).collect();
        let (labelled, test) = pairs.split_at(8);
        let found = probe(labelled, test, &[0, 1], 128).unwrap();
        assert!(found.dice > 0.99, "{found:?}");
        assert_eq!(found, probe(labelled, test, &[0, 1], 128).unwrap(), "nothing is random");
        let blind = probe(labelled, test, &[1], 128).unwrap();
        let whole: f64 =
            test.iter().map(|(_, truth)| g2d_core::metrics::whole_image_dice(truth)).sum::<f64>()
                / test.len() as f64;
        assert!(blind.dice < whole + 0.05, "{blind:?}, whole image {whole}");
    }

    #[test]
    fn the_threshold_is_the_best_one_tried() {
        let (features, truth) = film(3);
        let map = Raster {
            width: 16,
            height: 16,
            data: features.levels[0].data.iter().map(|v| (v + 3.0) / 7.0).collect(),
        };
        let found = best_threshold(&[(map.clone(), &truth)]);
        let score = |level: f64| dice(&map.above(level as f32), &truth);
        let best = (0..LEVELS).map(|i| score(i as f64 / 100.0)).fold(0.0, f64::max);
        assert!(score(found) >= best - 1e-9, "{found}: {} {best}", score(found));
    }

    #[test]
    fn pixels_are_taken_once_each() {
        let mut pixels: Vec<usize> = taken(3, 100, 4096).collect();
        assert_eq!(pixels, taken(3, 100, 4096).collect::<Vec<_>>());
        pixels.dedup();
        assert_eq!(pixels.len(), 100);
        assert!(pixels.is_sorted() && pixels.iter().all(|p| *p < 4096));
        assert_eq!(taken(0, 50, 16).collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
    }
}
