//! Installs what is missing, and only that.

use crate::process::{say, step};
use crate::project::Project;
use crate::{node, optimise, system, tools};
use anyhow::Result;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct SetupArgs {
    /// Also what the tests need: Chromium, Node.js, npm packages, a software Vulkan driver
    #[arg(long)]
    tests: bool,
    /// Also the wasm optimiser that `--optimise` uses
    #[arg(long)]
    optimiser: bool,
}

pub(crate) fn run(project: &Project, args: &SetupArgs) -> Result<()> {
    step("Looking for the page's tools");
    let page = tools::ensure(project)?;
    say(&format!("    {}\n    {}", page.trunk.display(), page.wasm_bindgen.display()));
    if args.optimiser {
        say(&format!("    {}", optimise::ensure(project)?.display()));
    }
    if args.tests {
        let chromium = for_browser(project)?;
        system::vulkan()?;
        say(&format!("    {}", chromium.display()));
    }
    say("everything is there");
    Ok(())
}

/// What the browser tests need beside the page; gives the browser's program.
pub(crate) fn for_browser(project: &Project) -> Result<PathBuf> {
    let chromium = system::chromium()?;
    node::ensure(project)?;
    Ok(chromium)
}
