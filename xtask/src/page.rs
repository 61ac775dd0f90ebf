//! Building the page: Trunk on `web/`, with the `web` profile, without a network.

use crate::headers::Rules;
use crate::process::{command, run, step};
use crate::project::{Project, cargo};
use crate::tools::{self, PageTools};
use crate::{optimise, server};
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// The cargo profile of the page.
pub(crate) const PROFILE: &str = "web";

/// Installs the tools if need be and builds the page into `folder`.
pub(crate) fn build(project: &Project, folder: &Path, optimised: bool) -> Result<()> {
    // Trunk would say so too, but not what to do.
    if !project.root.join("static").join("model").join("manifest.json").is_file() {
        bail!("static/model holds no model; make one with `g2d train` and `g2d export`");
    }
    let page_tools = tools::ensure(project)?;
    let wasm_opt = if optimised { Some(optimise::ensure(project)?) } else { None };
    fetch(project)?;
    step("Building the page (wasm; some minutes the first time)");
    run(&mut trunk(project, &page_tools, folder, optimised)?, "the compiler's words are above")?;
    if let Some(wasm_opt) = wasm_opt {
        optimise::page(&wasm_opt, folder)?;
    }
    complete(project, folder)
}

/// Crate sources first: the build itself then needs no network, and Trunk, told so, does not try to
/// download tools of its own.
fn fetch(project: &Project) -> Result<()> {
    step("Fetching crate sources");
    run(
        command(cargo()).args(["fetch", "--locked"]).current_dir(&project.root),
        "check that crates.io can be reached; if Cargo.lock is out of date, run `cargo update --workspace`",
    )
}

fn trunk(
    project: &Project,
    tools: &PageTools,
    folder: &Path,
    optimised: bool,
) -> Result<std::process::Command> {
    let mut trunk = command(&tools.trunk);
    trunk
        .args(["build", "--release", "true", "--cargo-profile", PROFILE, "--locked", "true"])
        .args(["--offline", "true", "--dist"])
        .arg(folder)
        .current_dir(project.root.join("web"))
        .env("PATH", tools.path()?)
        // Flags for this machine's processor would replace the wasm ones of .cargo/config.toml.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // Trunk reads this variable as a flag and refuses the `1` that many environments set.
        .env_remove("NO_COLOR");
    if optimised {
        // Trunk would write down the hash of the wasm before it is optimised.
        trunk.args(["--no-sri", "true"]);
    }
    Ok(trunk)
}

/// Puts what is served but not compiled beside the page, where `web/index.html` has not done it.
fn complete(project: &Project, folder: &Path) -> Result<()> {
    let source = project.root.join("static");
    for name in ["_headers", "model"] {
        let (from, to) = (source.join(name), folder.join(name));
        if from.exists() && !to.exists() {
            copy(&from, &to).with_context(|| format!("static/{name} could not be copied"))?;
        }
    }
    if !folder.join("index.html").is_file() {
        bail!("Trunk wrote no index.html; see web/index.html and web/Trunk.toml");
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return std::fs::copy(from, to).map(|_| ());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Where `demo` and `test` build the page; `dist` has a folder of its own.
pub(crate) fn folder(project: &Project) -> PathBuf {
    project.target.join("page")
}

/// Serves a built page with its own `_headers`.
pub(crate) fn serve(folder: &Path, listener: TcpListener) -> Result<server::Serving> {
    let rules = Rules::read(&folder.join("_headers"))?;
    server::serve(listener, folder, rules)
}
