//! `g2d data`: makes data sets, packs them, checks packs.

pub mod check;
pub mod ct;
pub mod prepare;
pub mod synth;

use clap::Subcommand;

/// What can be done with data sets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Write synthetic films with reports and exact masks
    Synth(synth::SynthArgs),
    /// Write films projected from a chest CT, with inserted findings, reports and exact masks
    Ct(ct::CtArgs),
    /// Pack a data set as it lies on the disk
    #[command(subcommand)]
    Prepare(prepare::PrepareCommand),
    /// Verify packs, look for patients in two splits, draw a contact sheet
    Check(check::CheckArgs),
}

/// Does it.
///
/// # Errors
/// The verb's own.
pub fn run(command: &DataCommand) -> anyhow::Result<()> {
    match command {
        DataCommand::Synth(args) => synth::run(args),
        DataCommand::Ct(args) => ct::run(args),
        DataCommand::Prepare(command) => prepare::run(command),
        DataCommand::Check(args) => check::run(args),
    }
}
