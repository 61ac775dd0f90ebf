//! `g2d data synth`: writes phantoms as a data set.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use g2d_core::phantom::{MAX_SIZE, MIN_SIZE, PhantomConfig};

use crate::{
    args::Usage,
    data::synth::{self, FilmFormat, Plan, Splits},
    output,
};

/// Options of `g2d data synth`.
#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Number of cases
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub count: u32,

    /// Seed; the same seed gives the same cases on every machine
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,

    /// Side of the square films in pixels
    #[arg(
        long,
        value_name = "PX",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(MIN_SIZE as i64..=MAX_SIZE as i64)
    )]
    pub size: u32,

    /// File format of the films
    #[arg(long, value_enum, default_value_t = FormatArg::Png)]
    pub format: FormatArg,

    /// Bits of a grey value in PNG files
    #[arg(long, value_enum, default_value_t = BitsArg::Eight)]
    pub bits: BitsArg,

    /// Names of the splits and their shares
    #[arg(long, value_name = "SPLITS", default_value = "train=0.8,val=0.1,test=0.1")]
    pub split: Splits,

    /// Replace the data set that is in the folder already
    #[arg(long)]
    pub force: bool,
}

/// The words for `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Lossless
    Png,
    /// Smaller
    Jpeg,
}

/// The words for `--bits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BitsArg {
    /// 256 grey values
    #[value(name = "8")]
    Eight,
    /// 65,536 grey values
    #[value(name = "16")]
    Sixteen,
}

/// Does it.
///
/// # Errors
/// When the options contradict each other or the folder cannot be written.
pub fn run(args: &SynthArgs) -> anyhow::Result<()> {
    let format = match (args.format, args.bits) {
        (FormatArg::Png, BitsArg::Eight) => FilmFormat::Png8,
        (FormatArg::Png, BitsArg::Sixteen) => FilmFormat::Png16,
        (FormatArg::Jpeg, BitsArg::Eight) => FilmFormat::Jpeg,
        (FormatArg::Jpeg, BitsArg::Sixteen) => {
            return Err(Usage("JPEG holds 8 bits; use --format png with --bits 16".into()).into());
        }
    };
    let plan = Plan {
        folder: args.out.clone(),
        count: args.count as usize,
        seed: args.seed,
        phantom: PhantomConfig { size: args.size as usize, ..PhantomConfig::default() },
        format,
        splits: args.split.clone(),
        force: args.force,
    };
    let summary = synth::write(&plan)?;
    output::say(format_args!("{} synthetic cases written", summary.count));
    output::json_line(&summary)
}
