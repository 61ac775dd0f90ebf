//! What a model scores between epochs, on studies it is not trained on.

use anyhow::Result;
use burn::{module::Module as _, tensor::Device};
use g2d_core::{
    config::G2dConfig,
    metrics::recall_at_k,
    model::{G2d, l2_normalise},
    outcome::{DeviceInfo, ModelInfo},
    session::Session,
    text::ReportTokenizer,
};

use super::{setup::Setup, step::Engine};
use crate::{
    config::TrainConfig,
    data::{batch::plain_batch, source::HELD_OUT},
    evaluate::{PhantomSet, evaluate},
};

/// Whether more of a value is better; losses are better when less.
pub(super) fn higher_is_better(name: &str) -> bool {
    name.starts_with("recall_") || name.starts_with("pointing_")
}

/// Mean losses, retrieval among the studies of the split (a report that several studies share is
/// right for each) and, on phantoms, how often each map's best place lies in the truth.
pub(super) fn validate(
    model: &G2d,
    setup: &Setup,
    config: &TrainConfig,
    device: &Device,
) -> Result<Vec<(String, f64)>> {
    let Some(source) = &setup.validation else {
        return Ok(Vec::new());
    };
    let model = model.valid();
    let device = device.clone().inner();
    let mut sums: Vec<(String, f64)> = Vec::new();
    let mut seen = 0.0;
    let (mut images, mut texts, mut report_of) = (Vec::new(), Vec::new(), Vec::new());
    let indices: Vec<usize> = (0..source.len()).collect();
    for chosen in indices.chunks(config.batch_size / config.accumulate) {
        if chosen.len() < 2 {
            // A contrast needs two; the last study of an odd count is measured by nothing else.
            continue;
        }
        let batch = plain_batch(source, &setup.tokenizer, &setup.model, chosen)?;
        let (losses, pooled, reports) =
            Engine::losses(&model, &batch, &setup.model, &config.loss, &device)?;
        for (name, value) in losses {
            let value = f64::from(value) * chosen.len() as f64;
            match sums.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += value,
                None => sums.push((name.to_owned(), value)),
            }
        }
        seen += chosen.len() as f64;
        if let Some(reports) = reports {
            images.extend(rows(l2_normalise(pooled, 1))?);
            let reports = rows(l2_normalise(reports, 1))?;
            for &row in &batch.report_of {
                texts.push(reports[row].clone());
                report_of.push(batch.reports.ids[row].clone());
            }
        }
    }
    let mut values: Vec<(String, f64)> =
        sums.into_iter().map(|(name, sum)| (name, sum / f64::max(seen, 1.0))).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let n = images.len();
    let similarity = |from: &[Vec<f32>], to: &[Vec<f32>]| -> Vec<f32> {
        from.iter().flat_map(|a| to.iter().map(move |b| dot(a, b))).collect()
    };
    let same = |i: usize, j: usize| report_of[i] == report_of[j];
    for (way, all) in [
        ("image_to_text", similarity(&images, &texts)),
        ("text_to_image", similarity(&texts, &images)),
    ] {
        for k in [1, 5] {
            values.push((format!("recall_{k}_{way}"), recall_at_k(&all, n, k, same)));
        }
    }
    if config.on_phantoms() {
        values.extend(pointing(&model, setup, config, &device)?);
    }
    values.retain(|(_, value)| value.is_finite());
    Ok(values)
}

fn rows(tensor: burn::tensor::Tensor<2>) -> Result<Vec<Vec<f32>>> {
    let width = tensor.dims()[1];
    let values = tensor
        .try_to_vec_as::<f32>()
        .map_err(|e| anyhow::anyhow!("The embeddings cannot be read from the device: {e:?}"))?;
    Ok(values.chunks_exact(width).map(<[f32]>::to_vec).collect())
}

/// Share of the sentences whose best place lies in the truth, by map.
fn pointing(
    model: &G2d,
    setup: &Setup,
    config: &TrainConfig,
    device: &Device,
) -> Result<Vec<(String, f64)>> {
    let session = session(model, &setup.model, &setup.tokenizer_bytes, device)?;
    let set = PhantomSet {
        seed: config.seed.wrapping_add(HELD_OUT),
        studies: config.log.validation_studies,
        config: config.data.phantom.clone(),
    };
    let scores = evaluate(&session, &set, |_| ())?.scores;
    // The whole image points nowhere.
    let all = scores
        .into_iter()
        .filter(|(way, _)| way != "whole image")
        .filter_map(|(way, kinds)| Some((way.replace(' ', "_"), kinds.get("all")?.pointing)));
    Ok(all.map(|(way, score)| (format!("pointing_{way}"), score)).collect())
}

/// A model in memory as predictions use it.
pub(super) fn session(
    model: &G2d,
    config: &G2dConfig,
    tokenizer: &[u8],
    device: &Device,
) -> Result<Session> {
    let info = DeviceInfo { backend: String::new(), name: String::new(), reason: String::new() };
    let own = ModelInfo {
        name: "checkpoint".into(),
        preset: config.preset.clone(),
        sha256: String::new(),
    };
    Ok(Session::from_parts(
        model.clone(),
        config.clone(),
        ReportTokenizer::from_bytes(tokenizer)?,
        device.clone(),
        info,
        own,
    )?)
}
