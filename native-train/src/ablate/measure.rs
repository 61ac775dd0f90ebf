//! Everything that is measured on one run's frozen weights, and what the same gives untrained.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, bail};
use burn::tensor::Device;
use g2d_core::{
    config::{BodyRule, G2dConfig, ImageConfig},
    metrics::{dice, iou, pointing_hit, whole_image_dice, whole_image_iou},
    phantom::PhantomConfig,
    pseudo_mask::{Attention, body_mask, pseudo_mask_with_body},
    raster::Mask,
};
use rayon::prelude::*;
use serde_json::Value;

use super::{
    features::{DECODER, ENCODER, Features, Frozen, Level, OTHER_DECODER},
    films::{self, Film},
    probe::probe,
    set::ProbeConfig,
};
use crate::{config::TrainConfig, data::source::HELD_OUT};

/// Values by measure.
pub type Measures = BTreeMap<String, f64>;

/// Levels of both the encoder and its decoder.
const BOTH: [usize; 5] = [0, 1, 2, 3, DECODER];

/// The labelled and the test films of a seed: the same for every variant. Training draws from the
/// run's seed, validation from it plus [`HELD_OUT`], the test of `g2d train` from plus twice that.
pub struct Bench {
    seed: u64,
    phantom: PhantomConfig,
    image: ImageConfig,
    labelled: Vec<Film>,
    test: Vec<Film>,
    probe: ProbeConfig,
}

impl Bench {
    /// Draws them.
    ///
    /// # Errors
    /// When phantoms of this size hardly show a finding.
    pub fn new(config: &TrainConfig, probe: &ProbeConfig) -> Result<Self> {
        let image = config.model_config(1)?.image;
        let draw = |times: u64, count: usize| {
            let seed = config.seed.wrapping_add(times * HELD_OUT);
            films::draw(seed, count, &config.data.phantom, &image)
        };
        let labelled = draw(3, probe.labels.iter().copied().max().unwrap_or_default())?;
        let test = draw(4, probe.test)?;
        let (phantom, probe) = (config.data.phantom.clone(), probe.clone());
        Ok(Self { seed: config.seed, phantom, image, labelled, test, probe })
    }

    /// Whether a run of this configuration would get the same films.
    pub fn fits(&self, config: &TrainConfig) -> bool {
        let same = |model: G2dConfig| model.image == self.image;
        config.seed == self.seed
            && config.data.phantom == self.phantom
            && config.model_config(1).is_ok_and(same)
    }

    /// Probes and pseudo mask of a checkpoint.
    ///
    /// # Errors
    /// When the checkpoint cannot be used or the device fails.
    pub fn measure(&self, checkpoint: &Path, device: &Device) -> Result<Measures> {
        let frozen = Frozen::load(checkpoint, device)?;
        let fresh = Frozen::fresh(frozen.config(), self.seed, device)?;
        let labelled = frozen.features(&self.labelled, Some(fresh.decoder()))?;
        let test = frozen.features(&self.test, Some(fresh.decoder()))?;
        let mut values = pseudo(&test, &self.test, frozen.config());
        let probes: [(&str, &[usize]); 4] = [
            ("probe_encoder", &ENCODER),
            ("probe_decoder", &[DECODER]),
            ("probe_both", &BOTH),
            ("probe_random_decoder", &[OTHER_DECODER]),
        ];
        for (name, chosen) in probes {
            self.probes(name, &labelled, &test, chosen, &mut values)?;
        }
        Ok(values)
    }

    /// What the same measures give without training, and the trivial answers.
    ///
    /// # Errors
    /// When the device fails.
    pub fn baselines(&self, checkpoint: &Path, device: &Device) -> Result<Measures> {
        let config = crate::training::checkpoint_config(checkpoint)?;
        let fresh = Frozen::fresh(&config, self.seed, device)?;
        let labelled = fresh.features(&self.labelled, None)?;
        let test = fresh.features(&self.test, None)?;
        let mut values = Measures::new();
        self.probes("random_encoder", &labelled, &test, &ENCODER, &mut values)?;
        self.probes("random_both", &labelled, &test, &BOTH, &mut values)?;
        let plain = |films: &[Film]| films.iter().map(grey_and_position).collect::<Vec<_>>();
        let (labelled, test) = (plain(&self.labelled), plain(&self.test));
        self.probes("grey_and_position", &labelled, &test, &[0], &mut values)?;
        let mut mean = |name: &str, of: fn(&Mask) -> f64| {
            let sum: f64 = self.test.iter().map(|film| of(&film.truth)).sum();
            values.insert(name.into(), sum / self.test.len() as f64);
        };
        mean("whole_image_dice", whole_image_dice);
        mean("whole_image_iou", whole_image_iou);
        mean("random_pointing", |truth| g2d_core::metrics::random_pointing(truth, 0.0));
        mean("all_empty_dice", |truth| dice(&Mask::filled(truth.width, truth.height, 0), truth));
        Ok(values)
    }

    fn probes(
        &self,
        name: &str,
        labelled: &[Features],
        test: &[Features],
        chosen: &[usize],
        values: &mut Measures,
    ) -> Result<()> {
        let test = paired(test, &self.test);
        let labelled = paired(labelled, &self.labelled);
        for &n in &self.probe.labels {
            let probed = probe(&labelled[..n], &test, chosen, self.probe.pixels)?;
            values.insert(format!("{name}_{n}"), probed.dice);
        }
        Ok(())
    }
}

fn paired<'a>(features: &'a [Features], films: &'a [Film]) -> Vec<(&'a Features, &'a Mask)> {
    features.iter().zip(films.iter().map(|film| &film.truth)).collect()
}

/// What a pixel and its place tell without a network: grey value, column, row and their squares
/// and product, so that the probe can learn where findings usually are.
fn grey_and_position(film: &Film) -> Features {
    let side = film.input.width;
    let mut data = film.input.data.clone();
    let at =
        |i: usize| ((i % side) as f32 / side as f32 - 0.5, (i / side) as f32 / side as f32 - 0.5);
    let functions: [fn(f32, f32) -> f32; 7] = [
        |x, _| x,
        |_, y| y,
        |x, _| x * x,
        |x, y| x * y,
        |_, y| y * y,
        |x, _| x * x * x * x,
        |x, y| x * x * y,
    ];
    for function in functions {
        data.extend((0..side * side).map(|i| function(at(i).0, at(i).1)));
    }
    let level = Level { channels: 1 + functions.len(), side, data };
    Features { levels: vec![level], attention: Level { channels: 0, side: 0, data: Vec::new() } }
}

/// How well the pseudo mask of the model's own rule meets the union of the findings.
fn pseudo(features: &[Features], films: &[Film], config: &G2dConfig) -> Measures {
    let scores: Vec<[f64; 4]> = features
        .par_iter()
        .zip(films)
        .map(|(features, film)| {
            let Level { channels, side, data } = &features.attention;
            let attention = Attention { heads: *channels, side_h: *side, side_w: *side, data };
            let rule = &config.pseudo_mask;
            let body = body_mask(&film.input, rule.body);
            let stages = pseudo_mask_with_body(&attention, &body, rule);
            let mask = stages.target.above(0.5);
            // The mask itself is flat: where attention is highest within it is its best place.
            let mut inside = stages.upsampled;
            for (value, _) in inside.data.iter_mut().zip(&stages.binary.data).filter(|p| *p.1 == 0)
            {
                *value = f32::NEG_INFINITY;
            }
            let body = body_mask(&film.input, BodyRule::Auto);
            let outside = mask.data.iter().zip(&body.data).filter(|(m, b)| **m > **b).count();
            [
                dice(&mask, &film.truth),
                iou(&mask, &film.truth),
                f64::from(u8::from(pointing_hit(&inside, &film.truth))),
                outside as f64 / mask.area().max(1) as f64,
            ]
        })
        .collect();
    let names = ["pseudo_dice", "pseudo_iou", "pseudo_pointing", "pseudo_outside_body"];
    let mean = |k: usize| scores.iter().map(|s| s[k]).sum::<f64>() / scores.len() as f64;
    names.into_iter().enumerate().map(|(k, name)| (name.to_owned(), mean(k))).collect()
}

/// Retrieval and pointing of the last validation of a run. Losses stay out: variants have others.
///
/// # Errors
/// When the file cannot be read.
pub fn validation(run: &Path) -> Result<Measures> {
    let path = run.join("validation.jsonl");
    if !path.exists() {
        return Ok(Measures::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let Some(last) = text.lines().last() else {
        return Ok(Measures::new());
    };
    let row: Value = serde_json::from_str(last).with_context(|| path.display().to_string())?;
    let Value::Object(row) = row else {
        bail!("{}: the last row is no object", path.display());
    };
    let scores = row.into_iter().filter(|(name, _)| {
        name.starts_with("recall_")
            || (name.starts_with("pointing_") && name != "pointing_random_point")
    });
    Ok(scores.filter_map(|(name, value)| Some((name, value.as_f64()?))).collect())
}

#[cfg(test)]
mod tests {
    use g2d_core::raster::Raster;

    use super::*;

    #[test]
    fn only_scores_of_the_last_validation_count() {
        let folder = tempfile::tempdir().unwrap();
        assert!(validation(folder.path()).unwrap().is_empty());
        let rows = "{\"step\":1,\"total\":3.0,\"recall_1_image_to_text\":0.1}\n\
                    {\"step\":2,\"total\":2.0,\"recall_1_image_to_text\":0.4,\
                    \"pointing_value\":0.2,\"pointing_random_point\":0.1}\n";
        std::fs::write(folder.path().join("validation.jsonl"), rows).unwrap();
        let values = validation(folder.path()).unwrap();
        let want = [("pointing_value", 0.2), ("recall_1_image_to_text", 0.4)];
        assert_eq!(values.into_iter().collect::<Vec<_>>(), want.map(|(n, v)| (n.to_owned(), v)));
    }

    #[test]
    fn a_pseudo_mask_on_the_finding_scores_and_one_beside_it_does_not() {
        let mut config = G2dConfig::tiny();
        config.pseudo_mask.body = BodyRule::None;
        let mut truth = Mask::filled(64, 64, 0);
        truth.data.chunks_mut(64).take(30).for_each(|row| row[..30].fill(1));
        let input = Raster::filled(64, 64, 0.5);
        let film = Film { input, truth };
        let at = |places: [f32; 4]| Features {
            levels: Vec::new(),
            attention: Level { channels: 1, side: 2, data: places.to_vec() },
        };
        let on = pseudo(&[at([0.9, 0.0, 0.0, 0.1])], std::slice::from_ref(&film), &config);
        let beside = pseudo(&[at([0.0, 0.1, 0.0, 0.9])], std::slice::from_ref(&film), &config);
        assert!(on["pseudo_dice"] > 0.5 && on["pseudo_pointing"] == 1.0, "{on:?}");
        assert!(beside["pseudo_dice"] == 0.0 && beside["pseudo_pointing"] == 0.0, "{beside:?}");
        let (dice, iou) = (on["pseudo_dice"], on["pseudo_iou"]);
        assert!((dice - 2.0 * iou / (1.0 + iou)).abs() < 1e-12, "{on:?}");
    }
}
