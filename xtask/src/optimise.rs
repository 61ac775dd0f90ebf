//! The wasm optimiser, an option: it is slow (JavaScript), and what it takes off the wasm, gzip mostly
//! takes off anyway.

use crate::process::{command, run, say, step};
use crate::project::Project;
use crate::{node, system, versions};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What current browsers have and rustc uses; anything else the optimiser must not introduce.
const FEATURES: &[&str] = &[
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
];

/// Makes sure that `wasm-opt` is there; gives its script.
pub(crate) fn ensure(project: &Project) -> Result<PathBuf> {
    system::node(versions::NODE_MAJOR)?;
    let prefix = project.tools().join("node");
    let package = prefix.join("node_modules").join("binaryen");
    if !node::installed(&package, versions::BINARYEN) {
        step(&format!(
            "Installing the wasm optimiser (binaryen {}) into .tools/",
            versions::BINARYEN
        ));
        std::fs::create_dir_all(&prefix).context("the folder .tools/node could not be made")?;
        run(
            command("npm")
                .args([
                    "install",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--loglevel=error",
                ])
                .arg("--prefix")
                .arg(&prefix)
                .arg(format!("binaryen@{}", versions::BINARYEN)),
            "check that the npm registry can be reached, or leave --optimise out",
        )?;
    }
    Ok(package.join("bin").join("wasm-opt"))
}

/// Optimises every wasm file of a built page for size.
pub(crate) fn page(wasm_opt: &Path, folder: &Path) -> Result<()> {
    for file in wasm_files(folder)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let before = file.metadata().context("a wasm file is gone")?.len();
        step(&format!("Optimising {name} (some minutes)"));
        let smaller = file.with_extension("wasm.tmp");
        run(
            command("node")
                .arg(wasm_opt)
                .args(FEATURES)
                .args(["-Os"])
                .arg(&file)
                .arg("-o")
                .arg(&smaller),
            "leave --optimise out; the page works without",
        )?;
        std::fs::rename(&smaller, &file).context("the optimised file could not take its place")?;
        let after = file.metadata().context("a wasm file is gone")?.len();
        say(&format!("    {name}: {before} -> {after} bytes"));
    }
    Ok(())
}

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).context("the built page could not be read")?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|ending| ending == "wasm")).collect())
}
