//! `g2d eval grounding`.

use anyhow::Result;
use clap::Args;
use g2d_core::config::MapSource;

use super::OnManifest;
use crate::{
    cmd::predict::MapArg,
    evaluate::manifest::{
        cut::ThresholdMode,
        places::{Plan, grounding},
        truth::{BoxUnit, TruthKind},
    },
};

/// Options of `g2d eval grounding`.
#[derive(Debug, Args)]
#[command(
    after_help = "Rows: `image`; `text` with `boxes` and/or `mask` (several are one union), \
    or `boxes` with a `text` each, or `sentences` that name the masks or boxes they speak of; \
    optional `group`, `split`. Rows with nothing to find take no part. Scored on the network's \
    square."
)]
pub struct GroundingArgs {
    /// What every measurement needs.
    #[command(flatten)]
    pub on: OnManifest,

    /// Which map a sentence is read from; the model's own choice when not given
    #[arg(long, value_enum)]
    pub source: Option<MapArg>,

    /// How a map becomes a mask: fixed:LEVEL, val (best mean Dice on the rows of split val),
    /// quantile:SHARE or otsu (each map's own), model (the bundle's rule), oracle (best on the
    /// scored rows: optimistic) [default: val where there are such rows, else model]
    #[arg(long, value_name = "MODE")]
    pub threshold: Option<ThresholdMode>,

    /// In what `boxes` are told
    #[arg(long, value_enum, default_value = "fraction")]
    pub boxes_unit: BoxUnit,

    /// What the truth is taken from
    #[arg(long, value_enum, default_value = "auto")]
    pub truth: TruthKind,
}

/// Measures and prints a Markdown table.
///
/// # Errors
/// When the bundle or the data cannot be used, or any row failed.
pub fn run(args: &GroundingArgs) -> Result<()> {
    args.on.measure(|session, tally| {
        let own = session.config().grounding.source;
        let plan = Plan {
            manifest: args.on.manifest.clone(),
            split: args.on.split.clone(),
            source: args.source.map_or(own, MapSource::from),
            threshold: args.threshold,
            unit: args.boxes_unit,
            truth: args.truth,
            batch: usize::from(args.on.batch),
        };
        grounding(session, &plan, tally)
    })
}
