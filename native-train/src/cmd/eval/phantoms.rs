//! `g2d eval phantoms`, also `g2d eval` alone: what a bundle scores on held-out phantoms.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use g2d_core::{phantom::PhantomConfig, session::Session};

use crate::{
    args::Usage,
    bundle_dir, device,
    evaluate::{PhantomSet, evaluate, markdown},
    files, output,
};

/// Options of `g2d eval phantoms`.
#[derive(Debug, Args)]
pub struct PhantomArgs {
    /// Folder of the bundle
    // Optional to the parser only: `g2d eval grounding` must not ask for it.
    #[arg(long, value_name = "DIR", required = true)]
    pub model: Option<PathBuf>,

    /// Studies to measure on
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub phantoms: usize,

    /// Seed of the phantoms; must not be one that was trained on
    #[arg(long, default_value_t = 7_000_000)]
    pub seed: u64,

    /// Side of the phantoms in pixels; the model's own input size when not given
    #[arg(long, value_name = "PX")]
    pub size: Option<usize>,

    /// Write the scores as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// Measures and prints a Markdown table.
///
/// # Errors
/// When the bundle cannot be used or the device fails.
pub fn run(args: &PhantomArgs) -> Result<()> {
    let model = args.model.as_ref().ok_or_else(|| Usage("--model is missing".into()))?;
    let bundle = bundle_dir::read(model)?;
    let (device, info) = device::open(&args.device)?;
    let session = Session::load(&bundle, device, info)?;
    let size = args.size.unwrap_or(session.config().image.resize_to);
    let config = PhantomConfig { size, ..PhantomConfig::default() };
    config.validate()?;
    let set = PhantomSet { seed: args.seed, studies: args.phantoms, config };
    let evaluation = evaluate(&session, &set, |done| {
        if done % 50 == 0 {
            output::say(format_args!("{done} of {} studies", args.phantoms));
        }
    })?;
    if let Some(path) = &args.json {
        files::write_atomic(path, &serde_json::to_vec_pretty(&evaluation)?)?;
    }
    Ok(output::line(markdown(&evaluation))?)
}
