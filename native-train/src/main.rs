//! `g2d`: see `g2d --help`.

#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser as _;
use g2d_train::{
    args, cmd, output, panics,
    training::{EXIT_CODE, Interrupted},
};

fn main() -> ExitCode {
    panics::install();
    let cli = args::Cli::parse();
    output::set_quiet(cli.quiet);
    match cmd::run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        // `g2d ... | head` has seen enough: that is no failure.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::from(if error.is::<args::Usage>() {
                2
            } else if error.is::<Interrupted>() {
                EXIT_CODE
            } else {
                1
            })
        }
    }
}
