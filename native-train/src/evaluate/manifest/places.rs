//! `g2d eval grounding`: how well maps of sentences agree with boxes or masks.

use std::path::{Path, PathBuf};

use anyhow::Result;
use g2d_core::{
    Error,
    config::{GroundingConfig, MapSource},
    metrics::{
        Groups, PixelCounts, Ranking, contrast_to_noise, dice_bounds, pointing_hit, weighted_mean,
    },
    raster::{Mask, Raster},
    session::Session,
};
use rayon::prelude::*;

use super::{
    cut::{Cut, ThresholdMode, best_level},
    films::{self, Texts},
    group_of, nothing_usable,
    report::{Named, Report, SEED, Score, Tally, ThresholdReport},
    rows::Row,
    truth::{BoxUnit, Query, TruthKind, queries},
};
use crate::{data::batch::mix, wait::block_on};

/// The IoU from which a mask counts as a hit.
const HIT_IOU: f64 = 0.1;
/// Share of the image that the random and the central mask cover: what the paper's 85th percentile
/// leaves.
const PRIOR_SHARE: f64 = 0.15;

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The manifest.
    pub manifest: PathBuf,
    /// The split to score.
    pub split: Option<String>,
    /// Where maps come from.
    pub source: MapSource,
    /// How maps are cut; chosen by what the manifest has when none.
    pub threshold: Option<ThresholdMode>,
    /// In what boxes are told.
    pub unit: BoxUnit,
    /// What the truth is taken from.
    pub truth: TruthKind,
    /// Images that go through the network together.
    pub batch: usize,
}

/// What one way of pointing scored on one case.
#[derive(Debug, Clone, Default)]
struct CaseScore {
    /// One for each level of the cut.
    counts: Vec<PixelCounts>,
    pointing: Option<f64>,
    auroc: Option<f64>,
    average_precision: Option<f64>,
    contrast: Option<f64>,
}

/// One case with everything that was scored on it: the model, then the baselines.
struct Case {
    group: String,
    line: u64,
    model: CaseScore,
    baselines: [CaseScore; BASELINES.len()],
}

const BASELINES: [&str; 5] = ["whole_image", "random", "centre", "body", "empty"];

/// Ranking scores, contrast and pointing of a map; the counts are the caller's.
fn score_map(map: &Raster, truth: &Mask, counts: Vec<PixelCounts>) -> CaseScore {
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
fn baselines(truth: &Mask, body: &Mask, seed: u64) -> [CaseScore; 5] {
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

/// The rows that can be used, by image.
struct ImageCases {
    image: PathBuf,
    queries: Vec<(u64, String, Query)>,
}

fn collect(rows: &[Row], plan: &Plan, tally: &mut Tally) -> Vec<ImageCases> {
    let mut images: Vec<ImageCases> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in rows {
        let read = || -> Result<_, Error> {
            Ok((row.image()?, group_of(row)?, queries(row, plan.truth, plan.unit)?))
        };
        match read() {
            Err(error) => tally.fail(row.line, &error.into()),
            Ok((.., queries)) if queries.is_empty() => {
                tally.leave_out("nothing to find: no mask, no box", row.line);
            }
            Ok((image, group, queries)) => {
                let place = *places.entry(image.clone()).or_insert_with(|| {
                    images.push(ImageCases { image, queries: Vec::new() });
                    images.len() - 1
                });
                let own = queries.into_iter().map(|q| (row.line, group.clone(), q));
                images[place].queries.extend(own);
            }
        }
    }
    images
}

/// Sends the images through the model and scores every case.
fn measure(
    session: &Session,
    rows: &[Row],
    plan: &Plan,
    cut: &Cut,
    tally: &mut Tally,
) -> Result<Vec<Case>> {
    let images = collect(rows, plan, tally);
    let mut texts = Texts::default();
    for (.., query) in images.iter().flat_map(|image| &image.queries) {
        texts.place(&query.text);
    }
    let vectors = texts.vectors(session)?;
    let paths: Vec<&Path> = images.iter().map(|image| image.image.as_path()).collect();
    let mut cases = Vec::new();
    let mut failures: Vec<(usize, String)> = Vec::new();
    let mut faults: Vec<(u64, anyhow::Error)> = Vec::new();
    let mut cut_away: Vec<u64> = Vec::new();
    let mut failed = |image: usize, error: &anyhow::Error| {
        failures.push((image, format!("{error:#}")));
    };
    films::in_batches(session, &paths, plan.batch, &mut failed, |indices, prepared| {
        let bodies = films::bodies(session, prepared);
        let inputs: Vec<&Raster> = prepared.iter().map(|p| &p.input).collect();
        let features = session.encode_inputs(&inputs);
        let place = |query: &Query| vectors[texts.find(&query.text)].as_slice();
        let sentences: Vec<Vec<&[f32]>> = indices
            .iter()
            .map(|&i| images[i].queries.iter().map(|(.., query)| place(query)).collect())
            .collect();
        let maps = session.maps_of_vectors(&features, &bodies, &sentences, plan.source);
        let maps = block_on(maps)?;
        let work: Vec<_> =
            (0..indices.len()).flat_map(|i| (0..maps[i].len()).map(move |q| (i, q))).collect();
        let scored: Vec<(u64, Result<Option<Case>>)> = work
            .par_iter()
            .map(|&(i, q)| {
                let (line, group, query) = &images[indices[i]].queries[q];
                let one = || -> Result<Option<Case>> {
                    let truth = query.truth.on_input(&prepared[i].geometry, plan.unit)?;
                    if truth.area() == 0 {
                        return Ok(None);
                    }
                    let map = &maps[i][q];
                    Ok(Some(Case {
                        group: group.clone(),
                        line: *line,
                        model: score_map(map, &truth, cut.counts(map, &truth)),
                        baselines: baselines(&truth, &bodies[i], mix(&[SEED, *line, q as u64])),
                    }))
                };
                (*line, one())
            })
            .collect();
        for (line, result) in scored {
            match result {
                Ok(Some(case)) => cases.push(case),
                Ok(None) => cut_away.push(line),
                Err(error) => faults.push((line, error)),
            }
        }
        Ok(())
    })?;
    for (image, message) in failures {
        for line in lines(&images[image]) {
            tally.fail(line, &anyhow::anyhow!("Line {line}: {message}"));
        }
    }
    for (line, error) in faults {
        tally.fail(line, &error.context(format!("Line {line}")));
    }
    for line in cut_away {
        tally.leave_out("cases whose truth the crop cut away, or is empty", line);
    }
    Ok(cases)
}

fn lines(image: &ImageCases) -> Vec<u64> {
    let mut lines: Vec<u64> = image.queries.iter().map(|(line, ..)| *line).collect();
    lines.dedup();
    lines
}

/// Measures the model on a manifest.
///
/// # Errors
/// When the manifest has no row to use, the threshold cannot be chosen, or the device fails.
pub fn grounding(session: &Session, plan: &Plan, tally: &mut Tally) -> Result<(Report, usize)> {
    let (chosen, all) = super::open(&plan.manifest, plan.split.as_deref(), tally)?;
    let mode = match plan.threshold {
        Some(mode) => mode,
        None if chosen.val.is_empty() => ThresholdMode::Model,
        None => ThresholdMode::Val,
    };
    let grid = Cut::grid(plan.source);
    let mut told = ThresholdReport::default();
    let mut validation = 0;
    let cut = match mode {
        ThresholdMode::Fixed(level) => Cut::Levels(vec![level]),
        ThresholdMode::Oracle => Cut::Levels(grid.clone()),
        ThresholdMode::Quantile(q) => Cut::Quantile(q),
        ThresholdMode::Otsu => Cut::Otsu,
        ThresholdMode::Model => Cut::Model(own_rule(session, plan.source)),
        ThresholdMode::Val => {
            let cases = measure(session, &chosen.val, plan, &Cut::Levels(grid.clone()), tally)?;
            let counts: Vec<_> = cases.iter().map(|case| case.model.counts.clone()).collect();
            let Some(best) = best_level(&counts) else {
                return Err(Error::input(
                    "G2D-M44",
                    "There is no usable row of split val to choose the threshold on",
                    "Add validation rows, or choose another --threshold",
                )
                .into());
            };
            validation = distinct_lines(&cases);
            told.chosen_on = format!("best mean Dice on {} cases of split val", cases.len());
            Cut::Levels(vec![grid[best]])
        }
    };
    let mut cases = measure(session, &chosen.test, plan, &cut, tally)?;
    if cases.is_empty() {
        return Err(nothing_usable(all));
    }
    let mut level = match &cut {
        Cut::Levels(levels) if levels.len() == 1 => Some(levels[0]),
        _ => None,
    };
    if mode == ThresholdMode::Oracle {
        let counts: Vec<_> = cases.iter().map(|case| case.model.counts.clone()).collect();
        let best = best_level(&counts).unwrap_or_default();
        level = Some(grid[best]);
        for case in &mut cases {
            case.model.counts = vec![case.model.counts[best]];
        }
    }
    let (name, on) = words(mode);
    told.mode = name;
    if told.chosen_on.is_empty() {
        told.chosen_on = on.into();
    }
    told.value = level.map(f64::from);

    let mut report = Report::new("grounding", session.model_info());
    let groups = Groups::new(cases.iter().map(|case| case.group.as_str()));
    report.data.split = chosen.name;
    report.data.rows = all;
    report.data.used = distinct_lines(&cases);
    report.data.validation = validation;
    report.data.cases = cases.len();
    report.data.groups = groups.count();
    report.data.excluded = tally.excluded();
    let own: Vec<&CaseScore> = cases.iter().map(|case| &case.model).collect();
    report.metrics = scores(&own, &groups)?;
    for (i, name) in BASELINES.iter().enumerate() {
        let of: Vec<&CaseScore> = cases.iter().map(|case| &case.baselines[i]).collect();
        report.baselines.push(*name, scores(&of, &groups)?);
    }
    report.threshold = Some(told);
    report.settings.insert("source".into(), plan.source.name().into());
    report.settings.insert(
        "scored on".into(),
        "the network's square, truth brought there by nearest neighbour; maps are lowest outside \
         the body"
            .into(),
    );
    report.settings.insert("baselines".into(), BASELINES_TOLD.into());
    Ok((report, all))
}

const BASELINES_TOLD: &str = "whole_image: every pixel; random: seeded noise, its top 15% as the \
    mask; centre: nearness to the middle, its top 15% as the mask; body: the body mask; empty: no \
    pixel; a mask points at a random one of its pixels";

/// The model's own rule was calibrated for its own source; other maps are cut by their peak.
fn own_rule(session: &Session, source: MapSource) -> GroundingConfig {
    let own = session.config().grounding.clone();
    if own.source == source {
        return own;
    }
    GroundingConfig { source, min_score: -1.0, ..GroundingConfig::default() }
}

/// A mode's name, and what its level was chosen on; `val` tells that itself.
fn words(mode: ThresholdMode) -> (String, &'static str) {
    match mode {
        ThresholdMode::Fixed(_) => ("fixed".into(), "given on the command line"),
        ThresholdMode::Val => ("val".into(), "split val"),
        ThresholdMode::Oracle => {
            ("oracle".into(), "best mean Dice on the scored rows themselves: optimistic")
        }
        ThresholdMode::Quantile(q) => (format!("quantile:{q}"), "each map's own, all pixels"),
        ThresholdMode::Otsu => ("otsu".into(), "each map's own level"),
        ThresholdMode::Model => ("model".into(), "the rule in the bundle's configuration"),
    }
}

fn distinct_lines(cases: &[Case]) -> usize {
    cases.iter().map(|case| case.line).collect::<std::collections::BTreeSet<_>>().len()
}

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
fn scores(cases: &[&CaseScore], groups: &Groups) -> Result<Named<Score>> {
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
