//! The verbs, one a file: its options, then what it does with them.

pub mod ablate;
pub mod bench;
pub mod data;
pub mod embed;
pub mod eval;
pub mod export;
pub mod films;
pub mod gate;
pub mod import;
pub mod info;
pub mod predict;
pub mod schema;
pub mod serve;
pub mod train;

use crate::args::Command;

/// Does what the command line asked for.
///
/// # Errors
/// The verb's own; `main` prints it and chooses the exit code.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Data(command) => data::run(command),
        Command::Train(args) => train::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Embed(args) => embed::run(args),
        Command::Ablate(args) => ablate::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Import(args) => import::run(args),
        Command::Films(args) => films::run(args),
        Command::Gate(command) => gate::run(command),
        Command::Predict(args) => predict::run(args),
        Command::Export(args) => export::run(args),
        Command::Info(args) => info::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Schema => schema::run(),
    }
}
