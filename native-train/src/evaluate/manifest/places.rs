//! `g2d eval grounding`: how well maps of sentences agree with boxes or masks.

use std::path::{Path, PathBuf};

use anyhow::Result;
use g2d_core::{
    Error,
    config::{GroundingConfig, MapSource},
    metrics::Groups,
    raster::Raster,
    session::Session,
};
use rayon::prelude::*;

use super::{
    cut::{Cut, ThresholdMode, best_level},
    films::{self, Texts},
    group_of, nothing_usable,
    place_scores::{BASELINES, BASELINES_TOLD, CaseScore, baselines, score_map, scores},
    report::{Report, SEED, Tally, ThresholdReport},
    rows::Row,
    truth::{BoxUnit, Query, TruthKind, queries},
};
use crate::{data::batch::mix, panics, wait::block_on};

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

/// One case with everything that was scored on it: the model, then the baselines.
struct Case {
    group: String,
    line: u64,
    model: CaseScore,
    baselines: [CaseScore; BASELINES.len()],
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
                tally.leave_out(
                    "nothing to find: no mask, no box, or no sentence that names one",
                    row.line,
                );
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
                (*line, panics::contained(one))
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
