//! What a map, a mask or a guess scores against the truth of a case, and the means over cases.

use anyhow::Result;
use g2d_core::{
    Error,
    metrics::{
        Groups, PixelCounts, Ranking, contrast_to_noise, dice_bounds, pointing_hit, weighted_mean,
    },
    raster::{Mask, Raster},
};

use super::{
    cut::Cut,
    report::{Named, Score},
};
use crate::data::batch::mix;

/// The IoU from which a mask counts as a hit.
const HIT_IOU: f64 = 0.1;
/// Share of the image that the random and the central mask cover: what the paper's 85th percentile
/// leaves.
const PRIOR_SHARE: f64 = 0.15;

/// What one way of pointing scored on one case.
#[derive(Debug, Clone, Default)]
pub struct CaseScore {
    /// One for each level of the cut.
    pub counts: Vec<PixelCounts>,
    /// Whether the best place lies in the truth, 0 or 1; a chance for a mask.
    pub pointing: Option<f64>,
    /// Area under the ROC curve over pixels.
    pub auroc: Option<f64>,
    /// Average precision over pixels.
    pub average_precision: Option<f64>,
    /// Contrast to noise.
    pub contrast: Option<f64>,
}

/// The answers that need no knowledge.
pub const BASELINES: [&str; 5] = ["whole_image", "random", "centre", "body", "empty"];

/// Ranking scores, contrast and pointing of a map; the counts are the caller's.
pub fn score_map(map: &Raster, truth: &Mask, counts: Vec<PixelCounts>) -> CaseScore {
    let labels: Vec<bool> = truth.data.iter().map(|&t| t != 0).collect();
    let ranking = Ranking::new(&map.data, &labels);
    CaseScore {
        counts,
        pointing: Some(f64::from(u8::from(pointing_hit(map, truth)))),
        auroc: ranking.auc(None),
        average_precision: ranking.average_precision(None),
        contrast: contrast_to_noise(map, truth),
    }
}

/// The answers that need no knowledge, in the order of [`BASELINES`].
pub fn baselines(truth: &Mask, body: &Mask, seed: u64) -> [CaseScore; 5] {
    let (width, height) = (truth.width, truth.height);
    let masked = |mask: &Mask| {
        let counts = PixelCounts::of(mask, truth);
        // A mask has no best place; a random one of its pixels is right so often.
        let pointing = counts.filter(|c| c.predicted > 0).map(|c| c.precision());
        CaseScore { counts: counts.into_iter().collect(), pointing, ..CaseScore::default() }
    };
    let top = Cut::Quantile(1.0 - PRIOR_SHARE);
    let mut random = Raster::filled(width, height, 0.0);
    for (i, value) in random.data.iter_mut().enumerate() {
        *value = (mix(&[seed, i as u64]) >> 40) as f32 / (1 << 24) as f32;
    }
    let mut centre = Raster::filled(width, height, 0.0);
    for (i, value) in centre.data.iter_mut().enumerate() {
        let (x, y) = ((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
        *value = -(x - width as f32 / 2.0).hypot(y - height as f32 / 2.0);
    }
    let counts = |map: &Raster| top.counts(map, truth);
    let inside = masked(body);
    [
        masked(&Mask::filled(width, height, 1)),
        score_map(&random, truth, counts(&random)),
        score_map(&centre, truth, counts(&centre)),
        CaseScore {
            pointing: inside.pointing,
            ..score_map(&body.to_raster(), truth, inside.counts)
        },
        masked(&Mask::filled(width, height, 0)),
    ]
}

/// What [`BASELINES`] are.
pub const BASELINES_TOLD: &str = "whole_image: every pixel; random: seeded noise, its top 15% as the \
    mask; centre: nearness to the middle, its top 15% as the mask; body: the body mask; empty: no \
    pixel; a mask points at a random one of its pixels";

type Extract = fn(&CaseScore) -> Option<f64>;

/// Names, definitions and where to find them, in the order of the table.
const METRICS: [(&str, &str, Extract); 9] = [
    ("pixel_recall", "share of the truth's pixels in the mask, mean over cases", |c| {
        c.counts.first().map(PixelCounts::recall)
    }),
    (
        "pixel_precision",
        "share of the mask's pixels in the truth, 0 for an empty mask, mean over cases",
        |c| c.counts.first().map(PixelCounts::precision),
    ),
    ("iou", "intersection over union, mean over cases", |c| c.counts.first().map(PixelCounts::iou)),
    ("dice", "Dice's coefficient, mean over cases", |c| c.counts.first().map(PixelCounts::dice)),
    ("hit_rate_iou_10", "share of cases with an IoU of at least 0.1", |c| {
        c.counts.first().map(|counts| f64::from(u8::from(counts.iou() >= HIT_IOU)))
    }),
    (
        "pointing",
        "pointing game: share of cases whose largest value, the first of equals, lies in the truth; no tolerance",
        |c| c.pointing,
    ),
    (
        "pixel_auroc",
        "area under the ROC curve over the pixels of a case, mean over cases; needs no threshold",
        |c| c.auroc,
    ),
    (
        "pixel_ap",
        "average precision over the pixels of a case, mean over cases; needs no threshold",
        |c| c.average_precision,
    ),
    (
        "cnr",
        "contrast to noise, (mean inside - mean outside) / sqrt(sum of the variances), sign kept, mean over cases",
        |c| c.contrast,
    ),
];

/// The scores of one way of pointing.
///
/// # Errors
/// When mean Dice and mean IoU contradict each other, which would be a fault of this program.
pub fn scores(cases: &[&CaseScore], groups: &Groups) -> Result<Named<Score>> {
    let mut scores = Named::default();
    for (name, definition, extract) in METRICS {
        let values: Vec<Option<f64>> = cases.iter().map(|case| extract(case)).collect();
        let n = values.iter().flatten().count();
        let missing = "a mask without an order of its pixels, or a flat map, has none";
        let score = Score::of(definition, n, groups, missing, |w| weighted_mean(&values, w));
        scores.push(name, score);
    }
    let counts: Vec<PixelCounts> =
        cases.iter().filter_map(|case| case.counts.first().copied()).collect();
    let definition = "share of all truths' pixels together that lie in the masks";
    let micro = |weights: Option<&[u32]>| {
        let (mut both, mut truth) = (0.0, 0.0);
        for (i, counts) in counts.iter().enumerate() {
            let weight = weights.map_or(1.0, |w| f64::from(w[i]));
            both += weight * f64::from(counts.both);
            truth += weight * f64::from(counts.truth);
        }
        (truth > 0.0).then(|| both / truth)
    };
    scores.push("micro_recall", Score::of(definition, counts.len(), groups, "no truth", micro));
    if let (Some(iou), Some(dice)) =
        (scores.get("iou").and_then(|s| s.value), scores.get("dice").and_then(|s| s.value))
    {
        // Cheap, and it would notice a mean over other cases or a mixed-up column.
        let bounds = dice_bounds(iou);
        if dice < bounds.low - 1e-9 || dice > bounds.high + 1e-9 {
            return Err(Error::bug("G2D-B70", "A mean Dice lies where its IoU forbids it").into());
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth() -> Mask {
        let mut truth = Mask::filled(20, 20, 0);
        for row in truth.data.chunks_exact_mut(20).skip(2).take(5) {
            row[3..11].fill(1);
        }
        truth
    }

    #[test]
    fn baselines_are_what_they_say() {
        let truth = truth();
        let mut body = Mask::filled(20, 20, 0);
        body.data[..200].fill(1);
        let [whole, random, centre, inside, empty] = baselines(&truth, &body, 1);
        let share = 40.0 / 400.0;
        assert_eq!(whole.counts[0].recall(), 1.0);
        assert!((whole.counts[0].iou() - share).abs() < 1e-12);
        assert!((whole.counts[0].dice() - 2.0 * share / (1.0 + share)).abs() < 1e-12);
        assert_eq!((empty.counts[0].recall(), empty.counts[0].dice()), (0.0, 0.0));
        assert_eq!(random.counts[0].predicted, 60, "15% of 400");
        assert!(centre.counts[0].predicted.abs_diff(60) <= 8, "the middle has ties");
        assert!((random.auroc.unwrap() - 0.5).abs() < 0.15, "{:?}", random.auroc);
        assert_eq!(inside.counts[0], PixelCounts { truth: 40, predicted: 200, both: 40 });
        // All 40 inside, 160 of 360 others inside: (160 / 2 + 200) / 360.
        assert!((inside.auroc.unwrap() - 280.0 / 360.0).abs() < 1e-12);
        assert!(whole.auroc.is_none() && empty.pointing.is_none());
        assert_eq!((whole.pointing, inside.pointing), (Some(0.1), Some(0.2)));
    }

    #[test]
    fn means_and_intervals_over_cases() {
        let case = |both| CaseScore {
            counts: vec![PixelCounts { truth: 10, predicted: 10, both }],
            pointing: Some(f64::from(u8::from(both > 2))),
            ..CaseScore::default()
        };
        let cases = [case(10), case(0), case(5), case(5)];
        let of: Vec<&CaseScore> = cases.iter().collect();
        let scores = scores(&of, &Groups::new(0..4)).unwrap();
        let value = |name: &str| scores.get(name).unwrap().value.unwrap();
        assert_eq!(value("pixel_recall"), 0.5);
        assert_eq!(value("dice"), 0.5);
        assert!((value("iou") - (1.0 + 0.0 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
        assert_eq!((value("hit_rate_iou_10"), value("pointing")), (0.75, 0.75));
        assert_eq!(value("micro_recall"), 0.5);
        let dice = scores.get("dice").unwrap();
        assert!(dice.low.unwrap() < 0.5 && dice.high.unwrap() > 0.5 && dice.n == 4);
        let cnr = scores.get("cnr").unwrap();
        assert!(cnr.value.is_none() && cnr.reason.is_some() && cnr.n == 0);
    }
}
