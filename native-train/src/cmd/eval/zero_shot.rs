//! `g2d eval zero-shot`.

use anyhow::Result;
use clap::Args;

use super::OnManifest;
use crate::evaluate::manifest::{
    classes::{Plan, zero_shot},
    prompts,
};

/// Options of `g2d eval zero-shot`.
#[derive(Debug, Args)]
#[command(after_help = "Rows: `image`; `labels`, an object of 1, 0, -1 (uncertain) or null by \
    class, or a list of the classes that are there; in CSV also one column a class, blank where \
    unknown; optional `group`, `split`. Thresholds of `val` are chosen on the rows of split val.")]
pub struct ZeroShotArgs {
    /// What every measurement needs.
    #[command(flatten)]
    pub on: OnManifest,

    /// chexzero, biovil, cxrclip, carzero, conceptclip, or a JSON or TOML file with `positive` and
    /// `negative` templates ("no {}") and `classes`, each with `names` in the labels, a `word` for
    /// the templates, or `positive` and `negative` prompts of its own
    #[arg(long, value_name = "NAME|FILE", default_value = "chexzero")]
    pub prompts: String,

    /// Divides both cosines before the softmax; changes no order, so no AUC
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = positive)]
    pub temperature: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("it must be a number above 0".into()),
    }
}

/// Measures and prints a Markdown table.
///
/// # Errors
/// When the bundle, the prompts or the data cannot be used, or any row failed.
pub fn run(args: &ZeroShotArgs) -> Result<()> {
    let plan = Plan {
        manifest: args.on.manifest.clone(),
        split: args.on.split.clone(),
        prompts: prompts::open(&args.prompts)?,
        temperature: args.temperature,
        batch: usize::from(args.on.batch),
    };
    args.on.measure(|session, tally| zero_shot(session, &plan, tally))
}
