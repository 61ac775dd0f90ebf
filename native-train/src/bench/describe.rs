//! The shapes of a training step, so that another program can make the same one.

use anyhow::Result;
use g2d_core::{model::G2d, text::TokenBatch};
use serde_json::{Value, json};

use super::{Plan, report::Report, step::Feed};
use crate::parameters::Parameters;

/// Everything that decides the work of a step: model, losses, optimiser, and of each batch the
/// number and lengths of its texts. No text and no pixel.
///
/// # Errors
/// When the data or the configuration cannot be used.
pub fn describe(plan: &Plan, feed: &Feed) -> Result<Value> {
    let model = G2d::new(&feed.model, &plan.device)?;
    let lengths = |texts: &TokenBatch| -> Vec<usize> {
        let real = |row: &Vec<u32>| row.iter().filter(|&&m| m != 0).count();
        texts.mask.iter().map(real).collect()
    };
    let batches = (0..feed.batches)
        .map(|number| {
            let batch = feed.batch(number)?;
            Ok(json!({
                "report_lengths": lengths(&batch.reports),
                "report_of": batch.report_of,
                "sentence_lengths": batch.sentences.as_ref().map(lengths),
                "pairs": { "sentence": batch.pairs.sentence, "image": batch.pairs.image },
            }))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(json!({
        "schema": Report::SCHEMA,
        "model": feed.model,
        "parameters": Parameters::of(&model),
        "loss": feed.config.loss,
        "optim": feed.config.optim,
        "batch": feed.config.batch_size,
        "batches": batches,
    }))
}
