//! `g2d eval`: what a bundle scores, on phantoms or on anyone's data.

pub mod grounding;
pub mod phantoms;
pub mod quality;
pub mod retrieval;
pub mod zero_shot;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use g2d_core::session::Session;

use crate::{
    bundle_dir, device,
    evaluate::manifest::report::{Report, Tally},
    output,
};

/// Options of `g2d eval`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct EvalArgs {
    /// What to measure; held-out phantoms when nothing is named.
    #[command(subcommand)]
    pub command: Option<EvalCommand>,

    /// Options of `g2d eval phantoms`.
    #[command(flatten)]
    pub phantoms: phantoms::PhantomArgs,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// Pointing and overlap on held-out phantoms; the same as without a name
    Phantoms(phantoms::PhantomArgs),
    /// Where is it? Maps of sentences against boxes or masks
    Grounding(grounding::GroundingArgs),
    /// Is it there? Images against prompts, without training
    ZeroShot(zero_shot::ZeroShotArgs),
    /// Which text belongs to which image?
    Retrieval(retrieval::RetrievalArgs),
    /// Everything at once, on seeded sets: the scores of a model card
    Quality(quality::QualityArgs),
}

/// What all measurements on a manifest need.
#[derive(Debug, Clone, Args)]
pub struct OnManifest {
    /// Folder of the bundle
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// The rows: JSONL, CSV or TSV, paths in it relative to it; or the folder of a pack, which has
    /// images and texts
    #[arg(long, value_name = "FILE|PACK")]
    pub manifest: PathBuf,

    /// Score the rows whose `split` is this; all of them where no row names a split
    /// [default: test]
    #[arg(long, value_name = "NAME")]
    pub split: Option<String>,

    /// Write the scores as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Images that go through the network together
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub batch: u16,

    /// auto, cpu, wgpu or cuda[:i]
    #[arg(long, default_value = "auto")]
    pub device: String,
}

impl OnManifest {
    /// Loads the model, measures, and hands out the result; fails at the end when any row failed.
    fn measure(
        &self,
        measure: impl FnOnce(&Session, &mut Tally) -> Result<(Report, usize)>,
    ) -> Result<()> {
        let session = load(&self.model, &self.device)?;
        let mut tally = Tally::default();
        let measured = measure(&session, &mut tally);
        let (report, rows) = measured.with_context(|| self.manifest.display().to_string())?;
        report.hand_out(self.json.as_deref())?;
        tally.finish(rows)
    }
}

/// Loads a bundle onto a device and says which.
///
/// # Errors
/// When the bundle cannot be used or there is no such device.
pub fn load(model: &std::path::Path, choice: &str) -> Result<Session> {
    let bundle = bundle_dir::read(model)?;
    let (device, info) = device::open(choice)?;
    output::say(format_args!("computing on {} {} ({})", info.backend, info.name, info.reason));
    Session::load(&bundle, device, info).with_context(|| model.display().to_string())
}

/// Measures what the command line asked for.
///
/// # Errors
/// When the bundle or the data cannot be used, or any row failed.
pub fn run(args: &EvalArgs) -> Result<()> {
    match &args.command {
        None => phantoms::run(&args.phantoms),
        Some(EvalCommand::Phantoms(args)) => phantoms::run(args),
        Some(EvalCommand::Grounding(args)) => grounding::run(args),
        Some(EvalCommand::ZeroShot(args)) => zero_shot::run(args),
        Some(EvalCommand::Retrieval(args)) => retrieval::run(args),
        Some(EvalCommand::Quality(args)) => quality::run(args),
    }
}
