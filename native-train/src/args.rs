//! What can be said on the command line. Parsing does no work; [`crate::cmd`] does.

use std::fmt;

use clap::{Parser, Subcommand};

use crate::cmd;

/// Finds where each sentence of a report points on a chest X-ray.
#[derive(Debug, Parser)]
#[command(
    name = "g2d",
    version,
    about,
    after_help = "Research software. Not for clinical use.\n\nResults go to standard output, talk \
                  to standard error. Exit codes: 0 done, 1 something failed, 2 wrong usage, 101 a \
                  fault of the program, 130 a training ended on request, with a checkpoint."
)]
pub struct Cli {
    /// Say nothing but errors and warnings
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make data sets
    #[command(subcommand)]
    Data(cmd::data::DataCommand),
    /// Turn public collections of real films into sets for training and evaluation
    Films(cmd::films::FilmsArgs),
    /// Train a model on pairs of images and reports
    Train(cmd::train::TrainArgs),
    /// Measure a model
    Eval(cmd::eval::EvalArgs),
    /// Write the vectors and maps of images and texts
    Embed(cmd::embed::EmbedArgs),
    /// Train sets of runs that differ in one switch, and compare them
    Ablate(cmd::ablate::AblateArgs),
    /// Measure speed and memory
    Bench(cmd::bench::BenchArgs),
    /// Ground reports on images
    Predict(cmd::predict::PredictArgs),
    /// Fit and measure what refuses pictures that are no frontal chest films
    #[command(subcommand)]
    Gate(cmd::gate::GateCommand),
    /// Turn the weights of other libraries into a start for training
    Import(cmd::import::ImportArgs),
    /// Turn a training checkpoint into a bundle for `predict` and the page
    Export(cmd::export::ExportArgs),
    /// Tell about this program, its devices and a model
    Info(cmd::info::InfoArgs),
    /// Offer this machine's devices to trainings on other machines
    Serve(cmd::serve::ServeArgs),
    /// Print the JSON schema of the results
    Schema,
}

/// A wrong use that clap cannot see, since it takes more than one option to be wrong.
///
/// Ends the process with the same code as clap's own refusals.
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_says_what_this_is_not() {
        let mut command = Cli::command();
        let help = command.render_long_help().to_string();
        assert!(help.contains("Not for clinical use."), "{help}");
    }
}
