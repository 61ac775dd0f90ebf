//! The model card of a run.

use std::{fmt::Write as _, path::Path};

use g2d_core::{config::G2dConfig, outcome::NOTICE};

use super::{Evaluation, markdown, quality::MARKERS};
use crate::{config::TrainConfig, import::bundle::StartBundle, training::Report};

/// Whom to credit for real films: what lies beside their manifest.
fn credits(data: &Path) -> String {
    let folder = if data.is_dir() { data } else { data.parent().unwrap_or(data) };
    std::fs::read_to_string(folder.join("ATTRIBUTION.md")).unwrap_or_else(|_| {
        "Name the collection and its licence here before you pass the weights on.\n".into()
    })
}

/// What the weights saw, how they were made, what they score, and what they are not for.
pub fn model_card(
    train: &TrainConfig,
    model: &G2dConfig,
    parameters: usize,
    report: &Report,
    evaluation: Option<&Evaluation>,
) -> String {
    let mut out = String::from("# Model card\n\n");
    let _ = writeln!(out, "**{NOTICE}**\n");
    out.push_str("## What the weights saw\n\n");
    let phantoms = format!(
        "synthetic chest phantoms and their reports: {} different studies of {} px, seed {}",
        train.data.phantoms, train.data.phantom.size, train.seed
    );
    let _ = match (train.on_phantoms(), &train.data.beside) {
        (true, None) => writeln!(out, "Only {phantoms}. No patient's film, no patient's report.\n"),
        (true, Some(beside)) => writeln!(
            out,
            "{} of 100 studies were {phantoms}. The others were films and texts of a collection of \
             real ones.\n\n{}",
            (100.0 * (1.0 - train.data.beside_share)).round(),
            credits(beside)
        ),
        (false, _) => writeln!(
            out,
            "The pairs of a data set that is not part of this card; name the data and its licence \
             here before you pass the weights on.\n"
        ),
    };
    out.push_str("## How they were made\n\n");
    let _ = writeln!(
        out,
        "- Architecture: preset `{}`, {:.2} million parameters, input {} px, {} tokens in the \
         vocabulary.",
        model.preset,
        parameters as f64 / 1e6,
        model.image.input_size,
        model.text.vocab_size
    );
    if !train.init.is_empty() {
        out.push_str(
            "- Started from these weights, whose licences and data count for these, too:\n",
        );
        for folder in &train.init {
            let origin = StartBundle::read(folder).map(|start| start.origin);
            let origin = origin.unwrap_or_else(|_| "a folder that is gone by now".into());
            let _ = writeln!(out, "  - {origin}");
        }
    }
    let loss = &train.loss;
    let _ = writeln!(
        out,
        "- Losses: {} x image–report contrast, {} x decoder ({}, from step {}), {} x sentence–place \
         contrast. No mask and no box was used.",
        loss.alignment,
        loss.pixel,
        serde_json::to_value(loss.decoder_task)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default(),
        loss.pixel_warmup_steps,
        loss.local
    );
    let _ = writeln!(
        out,
        "- {} steps of {} studies, AdamW, learning rate {}, seed {}; {:.0} s for the last {} steps.",
        train.steps, train.batch_size, train.optim.lr, train.seed, report.seconds, report.steps
    );
    if evaluation.is_some() {
        let grounding = &model.grounding;
        let _ = writeln!(
            out,
            "- Calibrated afterwards on validation phantoms, with their true masks, without a change \
             of the weights: maps smoothed by {:.1} px and moved by {:.1} px right and {:.1} px \
             down, the level of the mask, and the lowest score. The scores below are of other \
             phantoms.",
            grounding.smooth * model.image.input_size as f32,
            grounding.shift[0] * model.image.input_size as f32,
            grounding.shift[1] * model.image.input_size as f32
        );
    }
    // The quality bench puts its tables in the place of these.
    let [begin, end] = MARKERS;
    let _ = writeln!(out, "\n## What they score\n\n{begin}\n");
    match evaluation {
        Some(evaluation) => {
            let _ = writeln!(
                out,
                "{} held-out phantoms (seed {}, {} px). The best place of a sentence's map should lie \
                 inside the true mask, or near it; two distances are given. Every sentence that \
                 says a finding is present counts, the slightest findings too.\n",
                evaluation.studies, evaluation.seed, evaluation.size
            );
            out.push_str(&markdown(evaluation));
        }
        None => out.push_str("Not measured.\n"),
    }
    let _ = writeln!(out, "\n{end}");
    out.push_str(
        "\nThese numbers say that the code works and how its maps compare on synthetic films. They \
         are no evidence about radiographs of patients.\n\n\
         ## What they are not for\n\n\
         Any decision about a person. The phantoms show a few kinds of findings, drawn by one \
         program; real films show thousands of things that these weights have never seen, and the \
         maps on them may point anywhere.\n",
    );
    out
}
