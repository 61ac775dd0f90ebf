//! The page as a folder to put on a static host.

use crate::page;
use crate::process::{result, say};
use crate::project::Project;
use anyhow::{Context, Result};
use std::path::Path;

#[derive(clap::Args)]
pub(crate) struct DistArgs {
    /// Run the wasm optimiser over the page (installs npm's binaryen; takes minutes)
    #[arg(long)]
    optimise: bool,
}

pub(crate) fn run(project: &Project, args: &DistArgs) -> Result<()> {
    let folder = project.root.join("dist");
    page::build(project, &folder, args.optimise)?;
    let mut sizes = Vec::new();
    list(&folder, &folder, &mut sizes)?;
    sizes.sort();
    for (name, bytes) in &sizes {
        say(&format!("{bytes:>12}  {name}"));
    }
    let total: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
    result(&format!("dist/: {} files, {total} bytes", sizes.len()))
}

fn list(root: &Path, folder: &Path, sizes: &mut Vec<(String, u64)>) -> Result<()> {
    for entry in std::fs::read_dir(folder).context("dist/ could not be read")? {
        let path = entry.context("dist/ could not be read")?.path();
        if path.is_dir() {
            list(root, &path, sizes)?;
        } else {
            let bytes = path.metadata().context("a file of dist/ is gone")?.len();
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            sizes.push((name, bytes));
        }
    }
    Ok(())
}
