//! Format and lints, for this machine and for the page. All of them run, so that one run shows everything.

use crate::page::PROFILE;
use crate::process::{command, run as run_command, say, step};
use crate::project::{Project, cargo};
use crate::tools;
use crate::versions::WASM_TARGET;
use anyhow::{Result, bail};
use std::process::ExitCode;
use std::time::Instant;

const DENY: &[&str] = &["--", "-D", "warnings"];

pub(crate) fn run(project: &Project) -> Result<ExitCode> {
    // The same packages, profile and targets as in `test`: one set of features is compiled, once.
    let host =
        ["clippy", "--locked", "--release", "--workspace", "--exclude", "xtask", "--all-targets"];
    let page =
        ["clippy", "--locked", "-p", "g2d-web", "--target", WASM_TARGET, "--profile", PROFILE];
    let steps: [(&str, Vec<&str>); 4] = [
        ("Format", vec!["fmt", "--all", "--check"]),
        ("Clippy: xtask", [&["clippy", "--locked", "-p", "xtask", "--all-targets"], DENY].concat()),
        ("Clippy: everything native", [&host[..], DENY].concat()),
        ("Clippy: the page, for wasm32", [&page[..], &["--lib", "--bins"], DENY].concat()),
    ];
    tools::wasm_target(project)?;
    tools::linters(project)?;
    let mut failed = Vec::new();
    for (name, arguments) in &steps {
        step(name);
        let start = Instant::now();
        let mut cargo = command(cargo());
        cargo.args(arguments).current_dir(&project.root);
        if name.contains("wasm32") {
            cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        if let Err(error) = run_command(&mut cargo, "see above") {
            say(&format!("{error:#}"));
            failed.push(*name);
        }
        say(&format!("    {name}: {} s", start.elapsed().as_secs()));
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    bail!(
        "failed: {}; `cargo fmt --all` mends the format, the rest is said above",
        failed.join(", ")
    )
}
