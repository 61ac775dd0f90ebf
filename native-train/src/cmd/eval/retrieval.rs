//! `g2d eval retrieval`.

use anyhow::Result;
use clap::Args;

use super::OnManifest;
use crate::evaluate::manifest::pairs::{Plan, retrieval};

/// Options of `g2d eval retrieval`.
#[derive(Debug, Args)]
#[command(after_help = "Rows: `image`; `text`, or `findings` and `impression`; optional `labels` \
    for precision by class, `group`, `split`. Texts that say the same are merged before ranking, \
    and so are rows of one image.")]
pub struct RetrievalArgs {
    /// What every measurement needs.
    #[command(flatten)]
    pub on: OnManifest,
}

/// Measures and prints a Markdown table.
///
/// # Errors
/// When the bundle or the data cannot be used, or any row failed.
pub fn run(args: &RetrievalArgs) -> Result<()> {
    let plan = Plan {
        manifest: args.on.manifest.clone(),
        split: args.on.split.clone(),
        batch: usize::from(args.on.batch),
    };
    args.on.measure(|session, tally| retrieval(session, &plan, tally))
}
