//! `cargo xtask`: everything that is not the program itself. Two commands matter, `demo` and `test`;
//! the others are their parts. Results go to stdout, talk goes to stderr.

mod demo;
mod dist;
mod headers;
mod lint;
mod mime;
mod node;
mod optimise;
mod page;
mod process;
mod project;
mod quality;
mod server;
mod setup;
mod site;
mod summary;
mod system;
mod test;
mod tools;
mod versions;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, show and test G2D", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, build the page and serve it on 127.0.0.1
    Demo(demo::DemoArgs),
    /// Install what is missing and run every test, those in the browser included
    Test(test::TestArgs),
    /// rustfmt and clippy, for this machine and for wasm32
    Lint,
    /// Measure the shipped model on every set that can be had here; compare with its card
    Quality(quality::QualityArgs),
    /// Only install what is missing
    Setup(setup::SetupArgs),
    /// Build the page, with its model and headers, into dist/
    Dist(dist::DistArgs),
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            process::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let project = project::Project::find()?;
    match command {
        Command::Demo(args) => demo::run(&project, &args),
        Command::Test(args) => test::run(&project, &args),
        Command::Quality(args) => quality::run(&project, &args),
        Command::Lint => lint::run(&project),
        Command::Setup(args) => setup::run(&project, &args).map(|()| ExitCode::SUCCESS),
        Command::Dist(args) => dist::run(&project, &args).map(|()| ExitCode::SUCCESS),
    }
}
